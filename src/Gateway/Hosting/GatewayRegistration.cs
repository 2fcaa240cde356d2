using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Pharos.Gateway.Access;
using Pharos.Gateway.Admin;
using Pharos.Gateway.Answers;
using Pharos.Gateway.Chat;
using Pharos.Gateway.Completions;
using Pharos.Gateway.Http;
using Pharos.Gateway.Metrics;
using Pharos.Gateway.Models;
using Pharos.Gateway.Responses;
using Pharos.Gateway.Tokens;
using Pharos.Gateway.ToolCalls;
using Pharos.Gateway.WebConsole;
using Pharos.Grains.Metrics;
using Pharos.Inference.Serving;

namespace Pharos.Gateway.Hosting;

/// <summary>What the gateway registers, and its routes. Expects grains, the model and the tool registry from others.</summary>
internal static class GatewayRegistration
{
    /// <summary>What the process needs to end, on top of the drain.</summary>
    private static readonly TimeSpan Leaving = TimeSpan.FromSeconds(5);

    public static WebApplicationBuilder AddPharosGateway(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<GatewayOptions>().BindConfiguration(GatewayOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<GatewayOptions>, GatewayOptionsValidator>();
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<GatewayOptions>>().Value);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(Random.Shared);
        services.TryAddSingleton(provider => PromptModel.Of(provider.GetRequiredService<ModelFamily>()));
        services.TryAddSingleton(provider => RawPrompts.Of(provider.GetRequiredService<ServedModel>()));
        services.AddSingleton<ResponseStore>();
        services.TryAddSingleton(provider => TokenTexts.Of(provider.GetRequiredService<ServedModel>()));
        services.TryAddSingleton<IClusterGrains, ClusterGrains>();
        services.AddSingleton(GatewayIdentity.New());
        services.AddSingleton(provider => new GatewayStart(provider.GetRequiredService<TimeProvider>().GetUtcNow()));
        services.AddSingleton<WorkerFeeds>();
        services.AddSingleton<GrainRetry>();
        services.AddSingleton<PoolView>();
        services.AddSingleton<WorkerActions>();
        services.AddSingleton<ClusterFeed>();
        services.AddSingleton<Counterfactual>();
        services.AddSingleton<RequestActions>();
        services.AddSingleton<MigrationActions>();
        services.AddSingleton<PoolPolicySwitch>();
        services.AddSingleton<RequestFactory>();
        services.AddSingleton(provider => new ChatIds(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ChatStarter>();
        services.TryAddSingleton<MeterReader>();
        services.AddSingleton<GatewayMetrics>();
        services.AddSingleton<OpenAiErrors>();
        builder.AddAccess();
        services.AddHostedService<StartupBanner>();
        services.AddProblemDetails(options => options.CustomizeProblemDetails = context => context.ProblemDetails.Detail ??= Problem(context.HttpContext.Request, context.ProblemDetails.Status));
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning); // the banner says it
        builder.WebHost.ConfigureKestrel((_, server) => server.AddServerHeader = false);
        services.AddOptions<Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerOptions>()
            .Configure<GatewayOptions>((server, gateway) =>
            {
                server.Limits.MaxRequestBodySize = gateway.MaxBodyBytes;
                server.Limits.MaxRequestHeadersTotalSize = gateway.MaxHeaderBytes;
                server.Limits.MaxRequestHeaderCount = gateway.MaxHeaders;
                server.Limits.RequestHeadersTimeout = gateway.HeadersTimeout;
            });
        // Told to end, it takes nothing new and finishes what it has begun.
        services.AddOptions<HostOptions>().Configure<IOptions<Grains.Configuration.PharosOptions>>((host, pharos) => host.ShutdownTimeout = pharos.Value.DrainTimeout + Leaving);
        if (string.IsNullOrEmpty(builder.Configuration[WebHostDefaults.ServerUrlsKey]))
            builder.WebHost.UseUrls("http://localhost:8080");
        return builder;
    }

    public static WebApplication MapPharosGateway(this WebApplication app)
    {
        app.Services.GetRequiredService<MeterReader>(); // from the first request on, not from the first scrape
        app.Services.GetRequiredService<GatewayMetrics>();
        app.Services.GetService<ToolMetrics>();
        app.UseExceptionHandler();
        app.Use(RequestIds.Begin);
        app.UseWhen(OpenAiPaths.Contain, models => models.UseMiddleware<OpenAiErrors>());
        app.UseWhen(context => !OpenAiPaths.Contain(context), rest => rest.UseStatusCodePages());
        app.UseRouting();
        app.UseAccess();
        app.MapChatCompletionsApi();
        app.MapCompletionsApi();
        app.MapResponsesApi();
        app.MapEmbeddingsApi();
        app.MapTokensApi();
        app.MapOpenApiApi();
        app.MapModelsApi();
        app.MapToolCallsApi();
        app.MapHealthApi();
        app.MapMetricsApi();
        app.MapAdminApi();
        foreach (var map in app.Services.GetServices<Action<IEndpointRouteBuilder>>()) // pages that the grain host brings along
            map(app);
        app.MapWorkerActionsApi();
        app.MapRequestListApi();
        app.MapEventsApi();
        app.MapCounterfactualApi();
        app.MapConsoleApi();
        app.MapRequestActionsApi();
        app.MapMigrationApi();
        app.MapPolicyApi();
        return app;
    }

    /// <summary>What is wrong, where nothing but a status says so.</summary>
    private static string? Problem(HttpRequest request, int? status) => status switch
    {
        StatusCodes.Status400BadRequest when request.QueryString.HasValue => $"A value of the query is of a wrong type: {request.QueryString}.",
        StatusCodes.Status404NotFound => $"Unknown path: {request.Method} {request.Path}.",
        StatusCodes.Status405MethodNotAllowed => $"Not allowed: {request.Method} {request.Path}.",
        _ => null,
    };
}
