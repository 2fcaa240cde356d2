using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Pharos.Grains.Metrics;

namespace Pharos.Grains.Tracing;

/// <summary>
/// Sends traces and figures over OTLP where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is configured; the other <c>OTEL_*</c> settings hold as OpenTelemetry defines them.
/// </summary>
public static class TelemetryExport
{
    public const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private static readonly string[] Sources = [PharosTrace.Name, "Microsoft.AspNetCore", "System.Net.Http"];

    /// <param name="service">Name of the process' kind: <c>pharos-gateway</c>.</param>
    public static IHostApplicationBuilder AddTelemetryExport(this IHostApplicationBuilder builder, string service)
    {
        if (!string.IsNullOrEmpty(builder.Configuration[Endpoint]))
            builder.Services.AddHostedService(provider => new Export(service, provider.GetRequiredService<IConfiguration>()));
        return builder;
    }

    private sealed class Export(string service, IConfiguration configuration) : IHostedService
    {
        private TracerProvider? traces;
        private MeterProvider? meters;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            traces = Sdk.CreateTracerProviderBuilder()
                .ConfigureServices(services => services.AddSingleton(configuration))
                .ConfigureResource(Describe).AddSource(Sources).AddOtlpExporter().Build();
            meters = Sdk.CreateMeterProviderBuilder()
                .ConfigureServices(services => services.AddSingleton(configuration))
                .ConfigureResource(Describe).AddMeter(PharosMeter.Name).AddOtlpExporter().Build();
            return Task.CompletedTask;
        }

        /// <summary>What was not sent yet is sent now.</summary>
        public Task StopAsync(CancellationToken cancellationToken)
        {
            traces?.Dispose();
            meters?.Dispose();
            return Task.CompletedTask;
        }

        private void Describe(ResourceBuilder resource) => resource.AddService(
            service, serviceNamespace: "pharos", serviceVersion: typeof(TelemetryExport).Assembly.GetName().Version?.ToString(3), serviceInstanceId: Environment.MachineName + "-" + Environment.ProcessId);
    }
}
