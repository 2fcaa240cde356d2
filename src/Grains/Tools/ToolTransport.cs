using System.Net;
using System.Net.Sockets;

namespace Pharos.Grains.Tools;

/// <summary>None of a tool's addresses may be called.</summary>
public sealed class AddressRefusedException(string host)
    : Exception($"'{host}' has no public address; a tool on a private network needs AllowPrivateNetwork.");

/// <summary>
/// The two HTTP clients tools are called with: one that reaches public addresses only and one that reaches all. Two, because a
/// connection is pooled by host: a shared one would let a guarded tool ride on a connection that an unguarded one opened.
/// </summary>
public sealed class ToolTransport : IDisposable
{
    private readonly HttpClient guarded = Create(allowPrivate: false);
    private readonly HttpClient open = Create(allowPrivate: true);

    public HttpClient For(bool allowPrivateNetwork) => allowPrivateNetwork ? open : guarded;

    public void Dispose()
    {
        guarded.Dispose();
        open.Dispose();
    }

    private static HttpClient Create(bool allowPrivate)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false, // behind a proxy we would check the proxy's address instead of the tool's
            PooledConnectionLifetime = TimeSpan.FromMinutes(2), // so that a changed DNS record is seen
            ConnectCallback = (context, ct) => ConnectAsync(context.DnsEndPoint, allowPrivate, ct),
        };
        return new HttpClient(handler) { Timeout = System.Threading.Timeout.InfiniteTimeSpan }; // the pipeline keeps the time
    }

    /// <summary>Resolves once and connects to what was checked, so that a name that answers differently the next time gains nothing.</summary>
    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint endpoint, bool allowPrivate, CancellationToken ct)
    {
        var addresses = await Dns.GetHostAddressesAsync(endpoint.Host, ct).ConfigureAwait(false);
        if (!allowPrivate)
            addresses = [.. addresses.Where(PublicAddresses.Contains)];
        if (addresses.Length == 0)
            throw new AddressRefusedException(endpoint.Host);

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, endpoint.Port, ct).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
