using System.Net;
using System.Net.Sockets;

namespace Pharos.Grains.Tools;

/// <summary>Which addresses a tool without <c>AllowPrivateNetwork</c> may be called at: those routed on the open internet.</summary>
public static class PublicAddresses
{
    // IANA special-purpose registries (RFC 6890 and successors): nothing in them is a public service.
    private static readonly IPNetwork[] Special =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16",
            "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
        }.Select(network => IPNetwork.Parse(network)),
    ];

    /// <summary>
    /// False for loopback, private, link-local, multicast, unspecified and reserved addresses, and for IPv6 addresses that wrap an
    /// IPv4 address: those name another host than they seem to.
    /// </summary>
    public static bool Contains(IPAddress address) =>
        address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6
        && !address.IsIPv4MappedToIPv6
        && !Special.Any(network => network.Contains(address));
}
