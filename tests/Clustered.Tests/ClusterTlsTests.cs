using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;
using Pharos.Clustered;
using Pharos.Grains.Configuration;

namespace Pharos.Clustered.Tests;

/// <summary>Who may speak with silos.</summary>
public sealed class ClusterTlsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    [Fact]
    public void Only_what_the_clusters_authority_has_signed_is_taken()
    {
        using var authority = Authority("ours");
        using var another = Authority("ours"); // of the same name
        var tls = new ClusterTls(new ClusterTlsOptions
        {
            Certificate = Write("silo.pem", Signed(authority, "silo", out var key).ExportCertificatePem()), Key = Write("silo.key", key),
            Authority = Write("ca.pem", authority.ExportCertificatePem()),
        });

        Assert.True(tls.IsOurs(Signed(authority, "anything", out _)));
        Assert.False(tls.IsOurs(Signed(another, "anything", out _)));
        Assert.False(tls.IsOurs(Signed(authority, "late", out _, from: -10, until: -5)));
        Assert.False(tls.IsOurs(another));
    }

    [Fact]
    public void Missing_file_is_named_before_anything_starts()
    {
        var failure = Assert.Throws<OptionsValidationException>(() => new ClusterTls(new ClusterTlsOptions
        {
            Certificate = Path.Combine(folder, "nowhere.pem"), Key = Path.Combine(folder, "nowhere.key"), Authority = Path.Combine(folder, "ca.pem"),
        }));
        Assert.Contains("Cluster:Tls", failure.Message, StringComparison.Ordinal);
        Assert.Contains("nowhere", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Redis_is_reached_as_the_settings_say()
    {
        var redis = RedisConnection.Of(new PharosOptions { Redis = "cache.example.com:6380", RedisUser = "pharos", RedisPassword = "p=,w", RedisTls = true });
        Assert.Equal(("pharos", "p=,w", true), (redis.User, redis.Password, redis.Ssl));
        Assert.False(RedisConnection.Of(new PharosOptions()).Ssl);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string Write(string name, string text)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static X509Certificate2 Authority(string name)
    {
        var request = new CertificateRequest($"CN={name}", ECDsa.Create(ECCurve.NamedCurves.nistP256), HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-20), DateTimeOffset.UtcNow.AddDays(20));
    }

    private static X509Certificate2 Signed(X509Certificate2 authority, string name, out string key, int from = -1, int until = 1)
    {
        var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        key = pair.ExportPkcs8PrivateKeyPem();
        return new CertificateRequest($"CN={name}", pair, HashAlgorithmName.SHA256)
            .Create(authority, DateTimeOffset.UtcNow.AddDays(from), DateTimeOffset.UtcNow.AddDays(until), RandomNumberGenerator.GetBytes(8));
    }
}
