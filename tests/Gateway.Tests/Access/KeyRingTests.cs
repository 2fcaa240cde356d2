using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Configuration;
using Pharos.Gateway.Access;
using Pharos.Grains.Configuration;

namespace Pharos.Gateway.Tests.Access;

public sealed class KeyRingTests
{
    public static string HashOf(string key) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    [Fact]
    public void Find_KeyOfATenant_TellsWhoItIs()
    {
        var ring = KeyRing.Of(new Dictionary<string, ApiKeyOptions>
        {
            ["app"] = new() { Hash = HashOf("secret-a"), Tenant = "acme" },
            ["ops"] = new() { Hash = HashOf("secret-b").ToUpperInvariant()["SHA256:".Length..], Role = "operator" },
        });

        Assert.Equal(new Caller("app", "acme", CallerRole.User), ring.Find("secret-a"));
        Assert.Equal(new Caller("ops", "default", CallerRole.Operator), ring.Find("secret-b"));
        Assert.Null(ring.Find("secret-A"));
        Assert.Null(ring.Find(""));
        Assert.Null(ring.Find(HashOf("secret-a"))); // whoever reads the configuration has no key
    }

    [Theory]
    [InlineData("sk-live-1234", "acme", "user", "Hash")]
    [InlineData(null, "", "user", "Tenant")]
    [InlineData(null, "a b", "user", "Tenant")]
    [InlineData(null, "acme", "root", "Role")]
    public void Of_EntryThatCantBeMeant_IsRefusedByNameAndWithoutTheSecret(string? hash, string tenant, string role, string field)
    {
        var failure = Assert.Throws<FormatException>(() => KeyRing.Of(
            new Dictionary<string, ApiKeyOptions> { ["app"] = new() { Hash = hash ?? HashOf("x"), Tenant = tenant, Role = role } }));

        Assert.Contains("'app'", failure.Message, StringComparison.Ordinal);
        Assert.Contains(field, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("1234", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://localhost:8080", true)]
    [InlineData("http://127.0.0.1:0", true)]
    [InlineData("https://[::1]:5000", true)]
    [InlineData("http://unix:/run/pharos.sock", true)]
    [InlineData("http://0.0.0.0:8080", false)]
    [InlineData("http://[::]:8080", false)]
    [InlineData("http://*:80", false)]
    [InlineData("http://+:80", false)]
    [InlineData("http://gateway.example.com", false)]
    [InlineData("http://10.1.2.3:80", false)]
    public void IsLoopback_OnlyWhatOthersCannotReach(string address, bool isLoopback) => Assert.Equal(isLoopback, AnonymousGuard.IsLoopback(address));

    [Fact]
    public void Addresses_AreThoseThatTheServerWillTake()
    {
        Assert.Equal(["http://a:1", "http://b:2"], Of(("urls", "http://a:1;http://b:2"), ("http_ports", "8080")));
        Assert.Equal(["http://*:8080"], Of(("http_ports", "8080")));
        Assert.Equal(["http://c:3"], Of(("urls", "http://a:1"), ("Kestrel:Endpoints:Main:Url", "http://c:3")));

        static IReadOnlyList<string> Of(params (string Key, string Value)[] settings) => AnonymousGuard.Addresses(
            new ConfigurationBuilder().AddInMemoryCollection(settings.Select(one => KeyValuePair.Create(one.Key, (string?)one.Value))).Build());
    }
}
