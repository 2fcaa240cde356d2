using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pharos.Silo.Kubernetes;

namespace Pharos.Silo.Tests;

public sealed class KubernetesApiTests : IDisposable
{
    private readonly string account = Directory.CreateTempSubdirectory("pharos-account-").FullName;

    [Fact]
    public async Task An_annotation_is_a_merge_patch_of_the_pod_with_the_present_token()
    {
        var said = new List<(string Line, string? Type, string? Authorization, string Body)>();
        await using var server = await ServeAsync(async context =>
        {
            using var body = new StreamReader(context.Request.Body);
            said.Add(($"{context.Request.Method} {context.Request.Path}", context.Request.ContentType, context.Request.Headers.Authorization, await body.ReadToEndAsync()));
        });
        using var api = new KubernetesApi(new Uri(server.Urls.Single()), account, "team", "pharos-silo-7");

        await File.WriteAllTextAsync(Path.Combine(account, "token"), "first\n");
        await api.AnnotateAsync("controller.kubernetes.io/pod-deletion-cost", "42", default);
        await File.WriteAllTextAsync(Path.Combine(account, "token"), "renewed\n");
        await api.AnnotateAsync("controller.kubernetes.io/pod-deletion-cost", "0", default);

        Assert.All(said, call => Assert.Equal("PATCH /api/v1/namespaces/team/pods/pharos-silo-7", call.Line));
        Assert.All(said, call => Assert.StartsWith("application/merge-patch+json", call.Type, StringComparison.Ordinal));
        Assert.Equal(["Bearer first", "Bearer renewed"], said.Select(call => call.Authorization));
        Assert.Equal("""{"metadata":{"annotations":{"controller.kubernetes.io/pod-deletion-cost":"42"}}}""", said[0].Body);
    }

    [Fact]
    public async Task A_refusal_of_the_api_server_is_an_error()
    {
        await using var server = await ServeAsync(context =>
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        });
        await File.WriteAllTextAsync(Path.Combine(account, "token"), "t");
        using var api = new KubernetesApi(new Uri(server.Urls.Single()), account, "team", "pod");
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => api.AnnotateAsync("a", "1", default));
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Fact]
    public void Outside_of_a_pod_the_setting_is_refused_with_what_is_missing()
    {
        var nowhere = new ConfigurationBuilder().AddInMemoryCollection([new("KUBERNETES_SERVICE_HOST", "10.0.0.1"), new("KUBERNETES_SERVICE_PORT", "443")]).Build();
        Assert.Contains("POD_NAMESPACE", Assert.Throws<OptionsValidationException>(() => KubernetesApi.OfThisPod(nowhere)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(account, recursive: true);

    private static async Task<WebApplication> ServeAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = builder.Build();
        server.Run(answer);
        await server.StartAsync();
        return server;
    }
}
