using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Pharos.EndToEnd.Tests;

/// <summary>One trace a request, through everything that takes part in it.</summary>
public sealed class TraceTests
{
    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task A_request_with_tools_is_one_connected_tree_from_the_client_to_the_tools_own_server()
    {
        var stopped = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = stopped.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using var gateway = await PharosGateway.StartAsync("Workers=1", "Policy:Pause=preserve");
        using var source = new ActivitySource("a client");
        ActivityTraceId trace;
        using (var client = source.StartActivity("client")!)
        {
            trace = client.TraceId;
            Assert.Equal(HttpStatusCode.OK, (await gateway.Http.PostAsync(Wire.Ask("What is 127*43+9?").RunTools())).Status);
        }

        string[] expected =
            ["chat spark", "queue", "prefill", "decode", "execute_tool calculator", "call calculator", "queue", "resume", "prefill", "decode"];
        await gateway.UntilAsync("all spans have ended", () => Task.FromResult(Of("Pharos").Count >= expected.Length && Of("Microsoft.AspNetCore").Count >= 2));

        Assert.Equal(expected.Order(), Of("Pharos").Select(span => span.DisplayName).Order());
        Assert.Equal(2, Of("Microsoft.AspNetCore").Count); // the gateway, and the tool's server
        var spans = stopped.Where(span => span.TraceId == trace).ToDictionary(span => span.SpanId);
        foreach (var span in spans.Values)
            Assert.True(span.DisplayName == "client" || spans.ContainsKey(span.ParentSpanId), $"{span.Source.Name} {span.DisplayName} hangs nowhere");
        var chat = Of("Pharos").Single(span => span.DisplayName == "chat spark");
        foreach (var span in Of("Pharos").Where(span => span != chat))
            Assert.Equal(span.DisplayName == "call calculator" ? Of("Pharos").Single(one => one.DisplayName.StartsWith("execute_tool", StringComparison.Ordinal)).SpanId : chat.SpanId, span.ParentSpanId);
        Assert.Contains(Of("Microsoft.AspNetCore"), span => Above(span).Any(one => one.DisplayName == "call calculator"));

        Assert.Equal(("chat", "spark", "default"), (chat.GetTagItem("gen_ai.operation.name"), chat.GetTagItem("gen_ai.request.model"), chat.GetTagItem("pharos.tenant")));
        Assert.True((int)chat.GetTagItem("gen_ai.usage.input_tokens")! > 0 && (int)chat.GetTagItem("gen_ai.usage.output_tokens")! > 0);
        Assert.Equal("device", Of("Pharos").Single(span => span.DisplayName == "resume").GetTagItem("pharos.path"));
        Assert.All(Of("Pharos"), span => Assert.InRange(span.StartTimeUtc, chat.StartTimeUtc.AddMilliseconds(-1), span.StartTimeUtc + span.Duration));

        List<Activity> Of(string name) => [.. stopped.Where(span => span.TraceId == trace && span.Source.Name == name)];

        IEnumerable<Activity> Above(Activity span)
        {
            for (var at = span; spans.TryGetValue(at.ParentSpanId, out var parent); at = parent)
                yield return parent;
        }
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Traces_and_figures_go_to_the_collector_that_is_configured()
    {
        using var collector = new HttpListener();
        var port = FreePort();
        collector.Prefixes.Add($"http://127.0.0.1:{port}/");
        collector.Start();
        var paths = new ConcurrentDictionary<string, long>();
        var collecting = CollectAsync(collector, paths);
        var gateway = await PharosGateway.StartAsync(
            "Workers=1", "--OTEL_EXPORTER_OTLP_ENDPOINT", $"http://127.0.0.1:{port}", "--OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        Assert.Equal(HttpStatusCode.OK, (await gateway.Http.PostAsync(Wire.Ask("Hello!"))).Status);
        await gateway.DisposeAsync(); // what was not sent yet is sent at the end
        collector.Stop();
        await collecting;
        Assert.Equal(["/v1/metrics", "/v1/traces"], paths.Keys.Order());
        Assert.All(paths.Values, bytes => Assert.True(bytes > 100));
    }

    private static async Task CollectAsync(HttpListener collector, ConcurrentDictionary<string, long> paths)
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await collector.GetContextAsync();
            }
            catch (Exception stopped) when (stopped is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body);
            paths.AddOrUpdate(context.Request.Url!.AbsolutePath, body.Length, (_, sum) => sum + body.Length);
            context.Response.Close();
        }
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
