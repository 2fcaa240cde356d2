using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;

namespace Pharos.Silo.Kubernetes;

/// <summary>The one call that a silo makes to the API server of its cluster, with the service account of its pod.</summary>
/// <param name="address">The API server.</param>
/// <param name="account">Folder with <c>token</c> and <c>ca.crt</c>, as the kubelet mounts it.</param>
internal sealed class KubernetesApi(Uri address, string account, string @namespace, string pod) : IDisposable
{
    private readonly HttpClient http = new(Handler(account)) { BaseAddress = address, Timeout = TimeSpan.FromSeconds(5) };

    /// <summary>From what every pod finds in its environment.</summary>
    /// <exception cref="OptionsValidationException">This process is not in a pod, or the pod does not know its name.</exception>
    public static KubernetesApi OfThisPod(IConfiguration environment)
    {
        return new KubernetesApi(
            new Uri($"https://{Required("KUBERNETES_SERVICE_HOST")}:{Required("KUBERNETES_SERVICE_PORT")}"),
            "/var/run/secrets/kubernetes.io/serviceaccount", Required("POD_NAMESPACE"), Required("POD_NAME"));

        string Required(string name) => environment[name] is { Length: > 0 } value
            ? value
            : throw new OptionsValidationException(
                nameof(KubernetesOptions), typeof(KubernetesOptions),
                [$"Pharos:Kubernetes:DeletionCost is set, but {name} is not in the environment: is this a pod, with its name and namespace handed in?"]);
    }

    /// <summary>Sets one annotation of this pod.</summary>
    /// <exception cref="HttpRequestException">The API server refused or was not reached.</exception>
    public async Task AnnotateAsync(string annotation, string value, CancellationToken ct)
    {
        var patch = new System.Text.Json.Nodes.JsonObject
        {
            ["metadata"] = new System.Text.Json.Nodes.JsonObject { ["annotations"] = new System.Text.Json.Nodes.JsonObject { [annotation] = value } },
        };
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/namespaces/{@namespace}/pods/{pod}")
        {
            Content = new StringContent(patch.ToJsonString(), Encoding.UTF8, "application/merge-patch+json"),
        };
        // Read each time: the kubelet renews it.
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(Path.Combine(account, "token"), ct)).Trim());
        using var response = await http.SendAsync(request, ct);
        response.EnsureSuccessStatusCode();
    }

    public void Dispose() => http.Dispose();

    private static SocketsHttpHandler Handler(string account)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false };
        var authority = Path.Combine(account, "ca.crt");
        if (!File.Exists(authority))
            return handler;
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(authority);
        handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        return handler;
    }
}
