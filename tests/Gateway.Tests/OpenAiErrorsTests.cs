using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Pharos.Gateway.Http;
using Pharos.Gateway.Metrics;
using Pharos.Gateway.Models;
using Pharos.Inference.Chat;

namespace Pharos.Gateway.Tests;

public sealed class OpenAiErrorsTests
{
    private readonly MemoryStream _body = new();

    [Fact]
    public async Task Invoke_Unexpected_NamesTheRequestIdOfTheResponse()
    {
        var context = await Invoke(_ => throw new NotSupportedException());

        var id = Assert.Single(context.Response.Headers["x-request-id"]);
        Assert.Equal(StatusCodes.Status500InternalServerError, context.Response.StatusCode);
        Assert.Contains($"x-request-id {id}.", Written(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Invoke_WrongRequest_AnswersWithTheClientsOwnId()
    {
        var context = await Invoke(context => throw ApiException.Invalid("model", "?"), sent: "mine-1");

        Assert.Equal((StatusCodes.Status400BadRequest, "mine-1"), (context.Response.StatusCode, context.Response.Headers["x-request-id"].ToString()));
    }

    [Fact]
    public async Task Invoke_FailureInAStream_EndsItWithAnErrorEvent()
    {
        await Invoke(async context =>
        {
            SseWriter.Prepare(context.Response);
            await context.Response.StartAsync();
            throw new NotSupportedException();
        });

        Assert.StartsWith("data: {\"error\":{\"message\":\"The gateway failed", Written(), StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", Written(), StringComparison.Ordinal);
    }

    private async Task<HttpContext> Invoke(RequestDelegate next, string? sent = null)
    {
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(new HttpRequestFeature());
        features.Set<IHttpResponseFeature>(new Response());
        features.Set<IHttpResponseBodyFeature>(new ResponseBody(_body, features));
        var context = new DefaultHttpContext(features);
        if (sent is not null)
            context.Request.Headers["x-request-id"] = sent;
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var model = new PromptModel("m", 1024, new SamplingDefaults(0, 1, 0), ChatFormats.For(null, ChatTokens.None, new ChatFormatChoice("chatml")), _ => []);
        var metrics = new GatewayMetrics(services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>(), model, Microsoft.Extensions.Options.Options.Create(new Grains.Configuration.PharosOptions()));
        var errors = new OpenAiErrors(metrics, NullLogger<OpenAiErrors>.Instance);
        await RequestIds.Begin(context, within => errors.InvokeAsync(within, next));
        await context.Response.BodyWriter.FlushAsync();
        return context;
    }

    private string Written() => Encoding.UTF8.GetString(_body.ToArray());

    /// <summary>Knows that it has begun, as a server's does.</summary>
    private sealed class Response : HttpResponseFeature
    {
        public bool Begun { get; set; }

        public override bool HasStarted => Begun;
    }

    private sealed class ResponseBody(Stream stream, FeatureCollection features) : StreamResponseBodyFeature(stream)
    {
        public override async Task StartAsync(CancellationToken cancellationToken = default)
        {
            await base.StartAsync(cancellationToken);
            ((Response)features.Get<IHttpResponseFeature>()!).Begun = true;
        }
    }
}
