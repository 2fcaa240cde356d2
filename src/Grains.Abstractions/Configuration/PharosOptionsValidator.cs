using System.Globalization;
using Microsoft.Extensions.Options;
using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Routing;

namespace Pharos.Grains.Configuration;

/// <summary>Refuses to start with values nobody can have meant; each message names the property, what came and what is allowed.</summary>
public sealed class PharosOptionsValidator : IValidateOptions<PharosOptions>
{
    public ValidateOptionsResult Validate(string? name, PharosOptions options)
    {
        var wrong = new List<string>();
        Require(options.Model.Length > 0, "Model", options.Model, "the name of an embedded model or a directory");
        Require(options.Models.All(one => one.Length > 0), "Models", string.Join(", ", options.Models), "names or paths of models, or NAME@LAYERS");
        Require(options.Models.Length == 0 || options.Backend == "cpu", "Models", string.Join(", ", options.Models), $"none with Backend {options.Backend}: candidates are for cpu");
        OneOf("Helios:Mode", options.Helios.Mode, "throughput", "latency", "energy", "accuracy");
        Range("Helios:MaxDisagreement", options.Helios.MaxDisagreement, 0.0, 1.0);
        Range("Helios:AuditShare", options.Helios.AuditShare, 0.0, 1.0);
        Range("Helios:MemoryBytes", options.Helios.MemoryBytes, 0, 1L << 50);
        Range("Helios:ProfileAnswers", options.Helios.ProfileAnswers, 1, 1_000_000);
        Range("Helios:HorizonSeconds", options.Helios.HorizonSeconds, 1, 1e6);
        Range("Helios:RestSeconds", options.Helios.RestSeconds, 0, 1e6);
        OneOf("Backend", options.Backend, "cpu", "torch", "simulated");
        OneOf("Torch:Device", options.Torch.Device, "cuda", "cpu");
        Range("Workers", options.Workers, 0, 1024);
        Range("Threads", options.Threads, 0, 1024);
        OneOf("Dtype", options.Dtype, "auto", "fp32", "bf16", options.Backend == "torch" ? "fp16" : "int8");
        Require(
            options.Chat.Template is "auto" or "chatml" or "llama3" or "mistral" or "gemma" || File.Exists(options.Chat.Template), "Chat:Template",
            options.Chat.Template, "auto, chatml, llama3, mistral, gemma, or the path of a file that holds a Jinja template");
        OneOf("Chat:Tools", options.Chat.Tools, "auto", "hermes", "llama3", "mistral", "fenced");
        OneOf("Kv:Dtype", options.Kv.Dtype, "auto", "fp32", "bf16");
        Range("Kv:BlockSize", options.Kv.BlockSize, 1, 1024);
        Range("Kv:PrefixShare", options.Kv.PrefixShare, 0.0, 1.0);
        OneOf("Kv:Compact", options.Kv.Compact, "none", "auto", "hidden", "int8");
        Range("Kv:RebuildTokens", options.Kv.RebuildTokens, 1, 1 << 24);
        Require(
            options.Kv.Compact == "none" || options.Policy.Batch != "rank", "Kv:Compact", options.Kv.Compact,
            "none where Policy:Batch is rank: batches composed by density choose the form");
        Range("Kv:DeviceBytes", options.Kv.DeviceBytes, 1, 1L << 50);
        Range("Kv:HostBytes", options.Kv.HostBytes, 0, 1L << 50);
        Range("Batch:MaxTokens", options.Batch.MaxTokens, 1, 1 << 20);
        Range("Batch:MaxDrafts", options.Batch.MaxDrafts, 0, 64);
        Range("Batch:MaxSequences", options.Batch.MaxSequences, 1, 1 << 16);
        OneOf("Policy:Rank", options.Policy.Rank, [.. RankingPolicies.Names]);
        OneOf("Policy:Pause", options.Policy.Pause, [.. PausePolicies.Names]);
        OneOf("Policy:Batch", options.Policy.Batch, "rank", BatchComposition.Density.Name, BatchComposition.Published.Name);
        Span("Slo:Ttft", options.Slo.Ttft, TimeSpan.FromHours(1));
        Span("Slo:Itl", options.Slo.Itl, TimeSpan.FromHours(1));
        Range("Policy:MaxSlowdown", options.Policy.MaxSlowdown, 1, 1e6);
        OneOf("Policy:Route", options.Policy.Route, [.. RoutingPolicies.Names]);
        Range("Helios:Exit:Threshold", options.Helios.Exit.Threshold, 0.0, 1.0);
        Range("Helios:Exit:MaxDisagreement", options.Helios.Exit.MaxDisagreement, 0.0, 1.0);
        Range("Helios:Exit:AuditShare", options.Helios.Exit.AuditShare, 0.0, 1.0);
        Require(
            options.Helios.Exit.Window is >= 2 and <= 16 && (!options.Helios.Exit.Enabled || options.Kv.BlockSize % options.Helios.Exit.Window == 0), "Helios:Exit:Window",
            options.Helios.Exit.Window, "2 to 16 and a divisor of Kv:BlockSize");
        Range("Prediction:SegmentTokens", options.Prediction.SegmentTokens, 1, 1 << 20);
        Range("Prediction:ToolSeconds", options.Prediction.ToolSeconds, 0, 1e6);
        Range("Prediction:ReturnTokens", options.Prediction.ReturnTokens, 0, 1 << 20);
        Range("Prediction:CallProbability", options.Prediction.CallProbability, 0, 1);
        Range("Simulated:TokensPerSecond", options.Simulated.TokensPerSecond, 0, 1e9);
        Range("Simulated:CallShare", options.Simulated.CallShare, 0, 1);
        Range("Simulated:MinTokens", options.Simulated.MinTokens, 1, 1 << 20);
        Range("Simulated:MaxTokens", options.Simulated.MaxTokens, options.Simulated.MinTokens, 1 << 20);
        Range("Migration:PieceBytes", options.Migration.PieceBytes, 1, 64 << 20);
        Range("MaxQueued", options.MaxQueued, 1, int.MaxValue);
        Span("ParkedRetention", options.ParkedRetention, TimeSpan.FromDays(365));
        Require(
            options.FinishedRetention >= TimeSpan.FromSeconds(1) && options.FinishedRetention <= TimeSpan.FromDays(365),
            "FinishedRetention", options.FinishedRetention, "1 second to 365 days: gateways still read the last word of a request that has ended");
        Require(
            options.ResponseRetention >= TimeSpan.FromSeconds(1) && options.ResponseRetention <= TimeSpan.FromDays(365),
            "ResponseRetention", options.ResponseRetention, "1 second to 365 days");
        Require(
            options.DrainTimeout >= TimeSpan.Zero && options.DrainTimeout <= TimeSpan.FromHours(1), "DrainTimeout", options.DrainTimeout, "0 to 1 hour");
        Require(options.Cluster.Id.Length > 0, "Cluster:Id", options.Cluster.Id, "a name");
        var tls = options.Cluster.Tls;
        Require(
            tls.IsOn == tls.Key.Length > 0 && tls.IsOn == tls.Authority.Length > 0, "Cluster:Tls", $"{tls.Certificate}|{tls.Key}|{tls.Authority}",
            "Certificate, Key and Authority, or none of them");
        Require(options.RedisTls || options.RedisAuthority.Length == 0 || options.Redis.Contains("ssl=true", StringComparison.OrdinalIgnoreCase),
            "RedisAuthority", options.RedisAuthority, "RedisTls to be set, too");
        Range("Cluster:VirtualSilos", options.Cluster.VirtualSilos, 1, 256);
        Range("Cluster:ShedAboveMemory", options.Cluster.ShedAboveMemory, 1, 100);
        Range("Cluster:SiloPort", options.Cluster.SiloPort, 1, 65535);
        Range("Cluster:GatewayPort", options.Cluster.GatewayPort, 0, 65535);
        foreach (var (tool, settings) in options.Tools)
            ValidateTool(tool, settings);
        foreach (var (key, settings) in options.ApiKeys)
            Require(settings.Problem is null, $"ApiKeys:{key}", "***", settings.Problem ?? "");
        foreach (var (tenant, settings) in options.Tenants)
            ValidateTenant(tenant, settings);
        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);

        void Require(bool holds, string property, object value, string expected)
        {
            if (!holds)
                wrong.Add(string.Create(CultureInfo.InvariantCulture, $"{PharosOptions.Section}:{property} is '{value}'; expected {expected}."));
        }

        void Range<T>(string property, T value, T least, T most) where T : IComparable<T> =>
            Require(value.CompareTo(least) >= 0 && value.CompareTo(most) <= 0, property, value, string.Create(CultureInfo.InvariantCulture, $"{least} to {most}"));

        void Span(string property, TimeSpan value, TimeSpan most) => Require(value > TimeSpan.Zero && value <= most, property, value, $"more than 0 and at most {most}");

        void OneOf(string property, string value, params string[] allowed) => Require(allowed.Contains(value), property, value, string.Join(", ", allowed));

        void ValidateTenant(string tenant, TenantOptions settings)
        {
            Range($"Tenants:{tenant}:Weight", settings.Weight, 0.001, 1e6);
            Range($"Tenants:{tenant}:RequestsPerMinute", settings.RequestsPerMinute, 0, 1e9);
            Range($"Tenants:{tenant}:TokensPerMinute", settings.TokensPerMinute, 0, 1e12);
            Range($"Tenants:{tenant}:KvTokenSecondsPerMinute", settings.KvTokenSecondsPerMinute, 0, 1e15);
            Range($"Tenants:{tenant}:Concurrency", settings.Concurrency, 0, 1_000_000);
            if (settings.Slo.Ttft is { } ttft)
                Span($"Tenants:{tenant}:Slo:Ttft", ttft, TimeSpan.FromHours(1));
            if (settings.Slo.Itl is { } itl)
                Span($"Tenants:{tenant}:Slo:Itl", itl, TimeSpan.FromHours(1));
        }

        void ValidateTool(string tool, ToolOptions settings)
        {
            var isHttp = Uri.TryCreate(settings.Url, UriKind.Absolute, out var url) && url.Scheme is ("http" or "https");
            Require(isHttp, $"Tools:{tool}:Url", settings.Url, "an absolute http or https URL");
            Span($"Tools:{tool}:Timeout", settings.Timeout, TimeSpan.FromHours(1));
            Range($"Tools:{tool}:Retries", settings.Retries, 0, 10);
            Range($"Tools:{tool}:MaxConcurrency", settings.MaxConcurrency, 1, 100_000);
        }
    }
}
