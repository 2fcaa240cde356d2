using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;

namespace Pharos.Bench.Cluster;

/// <summary>
/// Redis with an append-only file, silos <c>silo1</c> to <c>siloN</c> with a device each, and a gateway as an external client: processes of this machine on ports of
/// their own, built with <c>-p:GrainHost=Orleans</c>.
/// </summary>
internal sealed class LocalCluster : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(90);

    private readonly string bin;
    private readonly string folder;
    private readonly Dictionary<string, string> environment;
    private readonly int redisPort = FreePort();
    private readonly List<(int Silo, int Gateway, int Http)> ports = [];

    /// <param name="bin">Where the profile's programs are: <c>artifacts/Orleans/bin</c>.</param>
    /// <param name="folder">For logs and Redis' file.</param>
    /// <param name="settings">As environment variables, for silos and gateway.</param>
    public LocalCluster(string bin, string folder, int silos, IReadOnlyDictionary<string, string> settings)
    {
        (this.bin, this.folder) = (bin, folder);
        environment = new Dictionary<string, string>
        {
            ["Pharos__Redis"] = $"127.0.0.1:{redisPort},abortConnect=false",
            ["Pharos__Cluster__Id"] = $"drill-{Environment.ProcessId}",
            ["Pharos__Workers"] = "1",
            ["Pharos__DemoTools__Latency"] = "fixed:0.3",
            ["Logging__LogLevel__Pharos"] = "Debug",
            ["Logging__Console__FormatterName"] = "simple",
            ["Logging__Console__FormatterOptions__TimestampFormat"] = "HH:mm:ss.fff ",
            ["Logging__Console__FormatterOptions__SingleLine"] = "true",
        };
        foreach (var (key, value) in settings)
            environment[key] = value;
        Silos = new ServerProcess[silos];
        for (var i = 0; i < silos; i++)
            ports.Add((FreePort(), FreePort(), FreePort()));
        var http = FreePort();
        Base = new Uri($"http://127.0.0.1:{http}");
        Client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 1000 }) { BaseAddress = Base, Timeout = TimeSpan.FromMinutes(2) };
        Redis = StartRedis();
        for (var i = 0; i < silos; i++)
            Silos[i] = StartSilo(i);
        Gateway = new ServerProcess("gateway", Log("gateway"), "dotnet", [Program("Gateway"), "--urls", Base.ToString()], environment);
    }

    public Uri Base { get; }

    public HttpClient Client { get; }

    public ServerProcess Redis { get; private set; }

    public ServerProcess[] Silos { get; }

    public ServerProcess Gateway { get; }

    /// <summary>In the place of one that has ended, under its name.</summary>
    public void RestartSilo(int index)
    {
        Silos[index].Dispose();
        Silos[index] = StartSilo(index);
    }

    public void RestartRedis()
    {
        Redis.Dispose();
        Redis = StartRedis();
    }

    /// <summary>Silos that ended by themselves, having heard that the others hold them for dead, and were started again as an orchestrator does.</summary>
    public int Evicted { get; private set; }

    /// <summary>Until the pool has all workers, the latest incarnation of each.</summary>
    public Task AllActive() => Until(
        async () =>
        {
            foreach (var (silo, index) in Silos.Select((silo, index) => (silo, index)).Where(one => one.silo.HasExited).ToList())
            {
                Evicted++;
                RestartSilo(index);
            }

            return await ActiveWorkers() == Silos.Length && (await Task.WhenAll(ports.Select(Takes))).All(takes => takes);
        },
        "all workers are active");

    /// <summary>By request, the worker that it runs on.</summary>
    public async Task<Dictionary<string, string>> Placements()
    {
        using var list = JsonDocument.Parse(await Client.GetStringAsync("/admin/requests?state=running&limit=1000"));
        return list.RootElement.EnumerateArray().Where(row => row.GetProperty("worker").GetString() is not null)
            .ToDictionary(row => row.GetProperty("id").GetString()!, row => row.GetProperty("worker").GetString()!);
    }

    /// <summary>Has a request moved to <paramref name="worker"/>. False: it does not move just now.</summary>
    public async Task<bool> Move(string request, string worker)
    {
        using var answer = await Client.PostAsync($"/admin/requests/{request}/migrate?to={Uri.EscapeDataString(worker)}", null);
        return answer.StatusCode == System.Net.HttpStatusCode.Accepted;
    }

    /// <summary>Sums a figure over the silos, by their own pages.</summary>
    /// <param name="label">Only samples that have it; empty: all of them.</param>
    public async Task<double> Counted(string name, string label)
    {
        var pages = await Task.WhenAll(ports.Select(at => Client.GetStringAsync($"http://127.0.0.1:{at.Http}/metrics")));
        return pages.Sum(page => Sum(page, name, label));
    }

    /// <summary>What the gateway shows of the pool.</summary>
    public async Task<double> Shown(string name, string label) => Sum(await Client.GetStringAsync("/metrics"), name, label);

    /// <summary>Workers that are active.</summary>
    public async Task<List<string>> Workers()
    {
        var workers = await Client.GetFromJsonAsync<JsonElement>("/admin/workers");
        return [.. workers.EnumerateArray().Where(worker => worker.GetProperty("state").GetString() == "active").Select(worker => worker.GetProperty("id").GetString()!)];
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Silos.Append(Gateway).Append(Redis).Select(server => server.Kill()));
        foreach (var server in Silos.Append(Gateway).Append(Redis))
            server.Dispose();
        Client.Dispose();
    }

    private static double Sum(string page, string name, string label) => page.Split('\n')
        .Where(line => line.StartsWith(name, StringComparison.Ordinal) && line[name.Length] is '{' or ' ' && line.Contains(label, StringComparison.Ordinal))
        .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    private async Task Until(Func<Task<bool>> isSo, string what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                if (await isSo())
                    return;
            }
            catch (Exception notYet) when (notYet is HttpRequestException or JsonException or OperationCanceledException)
            {
                // It starts.
            }

            if (TimeProvider.System.GetElapsedTime(began) > StartPatience)
                throw new DrillFailedException($"Waited {StartPatience.TotalSeconds:F0} s in vain until {what}.");
            await Task.Delay(100);
        }
    }

    private async Task<int> ActiveWorkers() => (await Workers()).Count;

    // By the silo's own word: for a moment the pool still counts the worker that died.
    private async Task<bool> Takes((int Silo, int Gateway, int Http) at)
    {
        using var answer = await Client.GetAsync($"http://127.0.0.1:{at.Http}/health");
        return answer.IsSuccessStatusCode;
    }

    private ServerProcess StartRedis() => new(
        "redis", Log("redis"), "redis-server",
        ["--port", $"{redisPort}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--dir", folder],
        environment);

    private ServerProcess StartSilo(int index) => new(
        $"silo{index + 1}", Log($"silo{index + 1}"), "dotnet", [Program("Silo"), "--urls", $"http://127.0.0.1:{ports[index].Http}"],
        new Dictionary<string, string>(environment)
        {
            ["Pharos__Cluster__SiloName"] = $"silo{index + 1}",
            ["Pharos__Cluster__SiloPort"] = $"{ports[index].Silo}",
            ["Pharos__Cluster__GatewayPort"] = $"{ports[index].Gateway}",
        });

    private string Program(string project) => Path.Combine(bin, project, "release", $"Pharos.{project}.dll");

    private string Log(string server) => Path.Combine(folder, $"{server}.log");

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
