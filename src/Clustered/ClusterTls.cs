using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;
using Orleans.Connections.Security;
using Pharos.Grains.Configuration;

namespace Pharos.Clustered;

/// <summary>
/// Mutual TLS between silos, and between gateways and silos: each shows a certificate that the cluster's own authority has signed, and takes nobody who does not.
/// Names in certificates mean nothing here: pods come and go, and the authority signs for this cluster alone.
/// </summary>
public sealed class ClusterTls
{
    private const string HostName = "pharos"; // sent along, looked at by nobody

    private readonly X509Certificate2 certificate;
    private readonly X509Certificate2Collection authorities = [];

    /// <exception cref="OptionsValidationException">A file is missing, or is not what it should be.</exception>
    public ClusterTls(ClusterTlsOptions options)
    {
        try
        {
            using var pem = X509Certificate2.CreateFromPemFile(options.Certificate, options.Key);
            certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null); // a key that the TLS of every system takes
            authorities.ImportFromPemFile(options.Authority);
        }
        catch (Exception failure) when (failure is IOException or CryptographicException or UnauthorizedAccessException)
        {
            throw new OptionsValidationException("", typeof(PharosOptions), [$"{PharosOptions.Section}:Cluster:Tls can't be used: {failure.Message}"]);
        }
    }

    public void Configure(TlsOptions tls)
    {
        tls.LocalCertificate = certificate;
        tls.RemoteCertificateMode = tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.RemoteCertificateValidation = (remote, chain, _) => IsOurs(remote, chain);
        tls.OnAuthenticateAsClient = (_, client) => client.TargetHost = HostName;
    }

    /// <summary>The cluster's authority has signed it, and it is valid now.</summary>
    public bool IsOurs(X509Certificate2 remote, X509Chain? sent = null)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // short-lived certificates take its place
        if (sent is not null)
            chain.ChainPolicy.ExtraStore.AddRange(sent.ChainElements.Select(element => element.Certificate).ToArray());
        return chain.Build(remote);
    }

    /// <summary>For Redis: the same rule, for an authority that the machine does not know.</summary>
    internal static RemoteCertificateValidationCallback SignedBy(string authority)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(authority);
        return (_, remote, _, errors) =>
        {
            if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) || remote is null)
                return false;
            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            return chain.Build(remote as X509Certificate2 ?? X509CertificateLoader.LoadCertificate(remote.GetRawCertData()));
        };
    }
}
