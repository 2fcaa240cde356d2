using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Fairness;
using Pharos.Scheduling.Ranking;

namespace Pharos.Grains.Configuration;

/// <summary>
/// Everything configurable, section <c>Pharos</c>: appsettings, environment (<c>Pharos__Kv__DeviceBytes</c>) and command line
/// (<c>--Pharos:Workers 4</c>). Checked at start by <see cref="PharosOptionsValidator"/>.
/// </summary>
public sealed class PharosOptions
{
    public const string Section = "Pharos";

    /// <summary>An embedded model's name (<c>spark</c>, <c>flame</c>) or the path of a Hugging Face directory.</summary>
    public string Model { get; set; } = "spark";

    /// <summary>
    /// Further candidates beside <see cref="Model"/>, which is the largest: names or paths of models of the same tokens, or <c>NAME@LAYERS</c> for the first
    /// layers of one, up to an early exit. Which of them answers is chosen while serving, see <see cref="HeliosOptions"/>.
    /// </summary>
    public string[] Models { get; set; } = [];

    /// <summary><c>cpu</c>, <c>torch</c> (in builds that have it) or <c>simulated</c>.</summary>
    public string Backend { get; set; } = "cpu";

    /// <summary>Workers of this process, one device each; 0 in a gateway that hosts none.</summary>
    public int Workers { get; set; } = 2;

    /// <summary>Compute threads of a CPU worker; 0: cores divided by workers, at least 1.</summary>
    public int Threads { get; set; }

    /// <summary>
    /// How a worker keeps weights: <c>auto</c> (16 bits where they are stored so or the model is large, else fp32), <c>fp32</c>, <c>bf16</c>, with the backend
    /// <c>cpu</c> <c>int8</c>, with <c>torch</c> <c>fp16</c>.
    /// </summary>
    public string Dtype { get; set; } = "auto";

    public TorchOptions Torch { get; set; } = new();

    public ChatOptions Chat { get; set; } = new();

    public KvOptions Kv { get; set; } = new();

    public BatchOptions Batch { get; set; } = new();

    public PolicyOptions Policy { get; set; } = new();

    public SloOptions Slo { get; set; } = new();

    public HeliosOptions Helios { get; set; } = new();

    public PredictionOptions Prediction { get; set; } = new();

    public MigrationOptions Migration { get; set; } = new();

    public SimulatedOptions Simulated { get; set; } = new();

    public DemoToolOptions DemoTools { get; set; } = new();

    /// <summary>Server-side tools by name.</summary>
    public Dictionary<string, ToolOptions> Tools { get; set; } = [];

    /// <summary>Keys that clients may use, by name; with none here and no <see cref="ApiKeysPath"/>, only this machine's own are served, without.</summary>
    public Dictionary<string, ApiKeyOptions> ApiKeys { get; set; } = [];

    /// <summary>A JSON file of further keys (by name, as in <see cref="ApiKeys"/>), or a folder of such files: a mounted secret. Read again when it changes.</summary>
    public string ApiKeysPath { get; set; } = "";

    /// <summary>Limits and shares of tenants, by name; one that is not named has none and weighs 1.</summary>
    public Dictionary<string, TenantOptions> Tenants { get; set; } = [];

    /// <summary>What a tenant is kept to.</summary>
    public TenantLimits LimitsOf(string tenant) => Tenants.GetValueOrDefault(tenant)?.Limits ?? TenantLimits.None;

    /// <summary>A tenant's weight in the shares of memory-time.</summary>
    public double WeightOf(string tenant) => Tenants.GetValueOrDefault(tenant)?.Weight ?? 1;

    /// <summary>How long a request parked on a client-side tool is remembered; its cache may be dropped much sooner.</summary>
    public TimeSpan ParkedRetention { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How long an ended request can still be looked at; at least a second, since its last words may still be on their way to a gateway.</summary>
    public TimeSpan FinishedRetention { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a response of the Responses API can be asked for or gone on from by its id.</summary>
    public TimeSpan ResponseRetention { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long a silo that is told to end waits for its running requests; 0: not at all. What is left goes on elsewhere.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Most requests waiting in one pool; beyond it new ones are refused with 503.</summary>
    public int MaxQueued { get; set; } = 10_000;

    /// <summary>StackExchange.Redis connection string; cluster profile only.</summary>
    public string Redis { get; set; } = "127.0.0.1:6379";

    /// <summary>User of Redis' access control; empty: as in <see cref="Redis"/>.</summary>
    public string RedisUser { get; set; } = "";

    /// <summary>Apart from <see cref="Redis"/>, so that it can come from a secret.</summary>
    public string RedisPassword { get; set; } = "";

    /// <summary>Redis is reached over TLS.</summary>
    public bool RedisTls { get; set; }

    /// <summary>PEM file of the authority that has signed Redis' certificate; empty: one that the machine knows.</summary>
    public string RedisAuthority { get; set; } = "";

    public ClusterOptions Cluster { get; set; } = new();

    public KubernetesOptions Kubernetes { get; set; } = new();
}

public sealed class ChatOptions
{
    /// <summary>How conversations are written: <c>auto</c> (the model's own template), a built-in family (<c>chatml</c>, <c>llama3</c>, <c>mistral</c>, <c>gemma</c>), or the path of a file that holds a Jinja template.</summary>
    public string Template { get; set; } = "auto";

    /// <summary>How the model writes tool calls: <c>auto</c> (what its template shows), <c>hermes</c>, <c>llama3</c>, <c>mistral</c> or <c>fenced</c>.</summary>
    public string Tools { get; set; } = "auto";
}

public sealed class KvOptions
{
    /// <summary>Bytes of keys and values on each device.</summary>
    public long DeviceBytes { get; set; } = 64L << 20;

    /// <summary>Bytes of the host tier of each device, for swapped caches.</summary>
    public long HostBytes { get; set; } = 64L << 20;

    /// <summary>Tokens a block.</summary>
    public int BlockSize { get; set; } = 16;

    /// <summary>
    /// How a worker keeps keys and values: <c>fp32</c>, <c>bf16</c> or <c>auto</c> (with the backend <c>cpu</c> bf16 where the model is large, else fp32; with
    /// <c>torch</c> as the weights).
    /// </summary>
    public string Dtype { get; set; } = "auto";

    /// <summary>
    /// Most of the device that keeps the beginnings of ended requests for others of the same tenant, as a share of its blocks, until somebody needs
    /// the memory; 0: requests share nothing.
    /// </summary>
    public double PrefixShare { get; set; } = 1;

    /// <summary>
    /// Compact form that batches composed by density may give newcomers: <c>none</c>, <c>hidden</c> (exact; where every query head has keys of its own),
    /// <c>int8</c> (approximate) or <c>auto</c> (the one of the two that saves memory for the model). CPU workers.
    /// </summary>
    public string Compact { get; set; } = "none";

    /// <summary>Context tokens rebuilt from a compact form at a time, and so the longest context kept in one; one layer of them is part of <see cref="DeviceBytes"/>.</summary>
    public int RebuildTokens { get; set; } = 4096;
}

public sealed class TorchOptions
{
    /// <summary>Where the backend <c>torch</c> computes: <c>cuda</c>, worker i on device i, or <c>cpu</c>, to try it.</summary>
    public string Device { get; set; } = "cuda";
}

public sealed class BatchOptions
{
    /// <summary>Most tokens of one iteration, prefill and decode together.</summary>
    public int MaxTokens { get; set; } = 512;

    /// <summary>Most sequences of one iteration.</summary>
    public int MaxSequences { get; set; } = 256;

    /// <summary>Most tokens guessed ahead for a sequence, from what its context repeats, where that pays; 0: none. Answers are the same with any value.</summary>
    public int MaxDrafts { get; set; } = 8;
}

public sealed class PolicyOptions
{
    /// <summary>Order of waiting requests: a name of <see cref="Scheduling.Ranking.RankingPolicies"/>.</summary>
    public string Rank { get; set; } = "pharos";

    /// <summary>What happens to a cache while its tool runs: a name of <see cref="Scheduling.Pausing.PausePolicies"/>.</summary>
    public string Pause { get; set; } = "pharos";

    /// <summary>
    /// What <c>pharos-bounded</c> promises while the load is sustainable: nobody takes longer, tools apart, than so many times what the request takes alone.
    /// </summary>
    public double MaxSlowdown { get; set; } = 25;

    /// <summary>With <c>pharos-bounded</c>: beyond the sustainable load, large new requests that would wait too long are refused with 503.</summary>
    public bool Shed { get; set; }

    /// <summary>Which worker a request goes to: <c>memory-time</c>, <c>cache-owner</c>, <c>least-requests</c> or <c>round-robin</c>.</summary>
    public string Route { get; set; } = "memory-time";

    /// <summary>
    /// Who is in an iteration: <c>rank</c> (whoever was admitted runs until memory is needed), <c>density</c> (what is worth most for its memory under
    /// <see cref="PharosOptions.Slo"/>, taken anew each time) or <c>apt-serve</c> (the same as published).
    /// </summary>
    public string Batch { get; set; } = "rank";

    /// <summary>What of it the policy that promises takes.</summary>
    public BoundedOptions Promise => new(MostSlowdown: MaxSlowdown, Sheds: Shed);
}

/// <summary>Service-level objectives: what batches composed by density aim at, and what counts as goodput.</summary>
public sealed class SloOptions
{
    /// <summary>Beginning of a segment to its first token.</summary>
    public TimeSpan Ttft { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The 99th percentile of the gaps between tokens of a segment.</summary>
    public TimeSpan Itl { get; set; } = TimeSpan.FromSeconds(1);

    public ServiceObjective Objective => new(Ttft.TotalSeconds, Itl.TotalSeconds);
}

public sealed class SimulatedOptions
{
    /// <summary>Decode speed of one sequence; 0: as fast as it goes.</summary>
    public double TokensPerSecond { get; set; } = 50;

    public int MinTokens { get; set; } = 20;

    public int MaxTokens { get; set; } = 200;

    /// <summary>Share of segments, 0 to 1, that end in a call of the tool <c>calculator</c>.</summary>
    public double CallShare { get; set; }
}

public sealed class DemoToolOptions
{
    /// <summary>Host the built-in tools (calculator, get_weather, get_time, convert, lookup) on loopback and register them.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How long they take: <c>none</c>, <c>fixed:0.2</c>, <c>exponential:0.5</c> or <c>lognormal:0.3,1.0</c> (median, sigma), in seconds.</summary>
    public string Latency { get; set; } = "lognormal:0.2,0.8";
}

public sealed class ToolOptions
{
    public string Description { get; set; } = "";

    /// <summary>Where it is called: POST with the arguments as JSON body. Only registered URLs are ever called.</summary>
    public string Url { get; set; } = "";

    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Further attempts after a failed one.</summary>
    public int Retries { get; set; } = 2;

    /// <summary>A call may be repeated without harm: only then is it retried.</summary>
    public bool Idempotent { get; set; } = true;

    public int MaxConcurrency { get; set; } = 64;

    /// <summary>Most attempts a minute; what comes quicker waits its turn. 0: no limit.</summary>
    public int MaxPerMinute { get; set; }

    /// <summary>Longest answer in bytes: a result goes into the model's context.</summary>
    public int MaxResponseBytes { get; set; } = 64 * 1024;

    /// <summary>How long a call may take that the tool answers with 202 and brings the result of later; 0: 202 is an answer like any other.</summary>
    public TimeSpan CallbackTimeout { get; set; }

    /// <summary>Loopback and private ranges are refused unless this is set.</summary>
    public bool AllowPrivateNetwork { get; set; }

    /// <summary>JSON schema of the arguments, as text.</summary>
    public string? Schema { get; set; }
}

public sealed class ClusterOptions
{
    /// <summary>Name that all processes of one cluster share.</summary>
    public string Id { get; set; } = "pharos";

    /// <summary>Begins every key in Redis, before <see cref="Id"/>: what an access rule of a shared Redis allows.</summary>
    public string KeyPrefix { get; set; } = "";

    /// <summary>Orleans' own dashboard at the gateways' <c>/dashboard</c>, for operators.</summary>
    public bool Dashboard { get; set; }

    /// <summary>Mutual TLS between silos and gateways.</summary>
    public ClusterTlsOptions Tls { get; set; } = new();

    /// <summary>The name that Orleans knows the cluster by.</summary>
    public string FullId => KeyPrefix + Id;

    /// <summary>This silo's name; workers carry it. Empty: host name and process id.</summary>
    public string SiloName { get; set; } = "";

    /// <summary>Virtual silos of the in-process host.</summary>
    public int VirtualSilos { get; set; } = 1;

    /// <summary>Address that other silos and gateways reach this silo at; empty: loopback only.</summary>
    public string AdvertisedAddress { get; set; } = "";

    public int SiloPort { get; set; } = 11111;

    public int GatewayPort { get; set; } = 30000;

    /// <summary>
    /// Per cent of the memory it may have above which a silo refuses calls of gateways, so that it is not ended for want of memory; 100: it refuses none. Of the
    /// processor there is no such bound: a device that computes on it keeps it busy.
    /// </summary>
    public int ShedAboveMemory { get; set; } = 100;
}

public sealed class ClusterTlsOptions
{
    /// <summary>PEM file of this process' certificate; with none, connections are not encrypted.</summary>
    public string Certificate { get; set; } = "";

    /// <summary>PEM file of its key.</summary>
    public string Key { get; set; } = "";

    /// <summary>PEM file of the authority that signs for this cluster and for nothing else.</summary>
    public string Authority { get; set; } = "";

    public bool IsOn => Certificate.Length > 0;
}

public sealed class KubernetesOptions
{
    /// <summary>A silo keeps its pod's deletion cost true, so that a shrinking pool ends the pod that has least to lose.</summary>
    public bool DeletionCost { get; set; }
}
