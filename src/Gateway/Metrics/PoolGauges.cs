using Pharos.Grains.Metrics;
using Pharos.Grains;
using Pharos.Scheduling.Models;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Ranking;

namespace Pharos.Gateway.Metrics;

/// <summary>The state of the pool and its workers at the moment of the scrape, from the scheduler.</summary>
internal static class PoolGauges
{
    public static void Write(PrometheusText text, PoolDescription pool)
    {
        var workers = pool.Workers;
        Each("vllm:num_requests_running", "Sequences in the batch.", worker => Count(worker, SequencePhase.Running));
        text.Family("vllm:num_requests_waiting", "gauge", "Requests that wait for their turn.");
        text.Sample("vllm:num_requests_waiting", Engine(pool.Pool, "scheduler"), pool.Waiting);
        foreach (var worker in workers)
            text.Sample("vllm:num_requests_waiting", Engine(pool.Pool, worker.Worker), Count(worker, SequencePhase.Waiting));
        Each("vllm:kv_cache_usage_perc", "Share of the device's KV blocks in use, 0 to 1.", worker =>
            worker.Kv.DeviceBlocks == 0 ? 0 : (double)(worker.Kv.DeviceBlocks - worker.Kv.DeviceFree) / worker.Kv.DeviceBlocks);
        Each("vllm:num_preemptions_total", "Sequences that lost their place.", worker => worker.Counters.Preemptions, "counter");
        Each("vllm:prefix_cache_queries_total", "Tokens of prompts, found in a cache or computed.", worker => worker.Counters.SharedTokens + worker.Counters.PrefillTokens, "counter");
        Each("vllm:prefix_cache_hits_total", "Tokens that were not computed because another request had computed the same.", worker => worker.Counters.SharedTokens, "counter");
        Each("vllm:spec_decode_num_draft_tokens_total", "Guessed tokens that were computed.", worker => worker.Counters.DraftedTokens, "counter");
        Each("vllm:spec_decode_num_accepted_tokens_total", "Guessed tokens that turned out right.", worker => worker.Counters.AcceptedTokens, "counter");
        text.Family("vllm:cache_config_info", "gauge", "Shape of the KV cache.");
        foreach (var worker in workers)
        {
            var shape = PrometheusText.Labels(
                ("model_name", pool.Pool), ("engine", worker.Worker), ("block_size", $"{worker.Kv.BlockSize}"), ("num_gpu_blocks", $"{worker.Kv.DeviceBlocks}"));
            text.Sample("vllm:cache_config_info", shape, 1);
        }

        text.Family("pharos_requests", "gauge", "Requests by state.");
        text.Sample("pharos_requests", PrometheusText.Labels(("state", "queued")), pool.Waiting);
        foreach (var phase in Enum.GetValues<SequencePhase>())
            text.Sample("pharos_requests", PrometheusText.Labels(("state", Name(phase))), workers.Sum(worker => Count(worker, phase)));
        text.Family("pharos_kv_bytes", "gauge", "Bytes of the KV tiers by use.");
        foreach (var (tier, use, blocks) in Tiers)
        {
            var bytes = workers.Sum(worker => blocks(worker.Kv) * worker.Kv.BytesPerBlock);
            text.Sample("pharos_kv_bytes", PrometheusText.Labels(("tier", tier), ("use", use)), bytes);
        }
        text.Family("pharos_swap_bytes_total", "counter", "Bytes copied between the tiers.");
        text.Sample("pharos_swap_bytes_total", PrometheusText.Labels(("direction", "out")), workers.Sum(worker => worker.Counters.SwappedOutBytes));
        text.Sample("pharos_swap_bytes_total", PrometheusText.Labels(("direction", "in")), workers.Sum(worker => worker.Counters.SwappedInBytes));
        if (pool.Promise is { } promise)
            WritePromise(text, pool, promise);
        if (pool.Models is { } models)
            WriteModels(text, models);
        text.Family("pharos_worker_state", "gauge", "1 for the state a worker is in.");
        foreach (var worker in workers)
        {
            foreach (var state in Enum.GetValues<WorkerState>())
                text.Sample("pharos_worker_state", PrometheusText.Labels(("worker", worker.Worker), ("state", Name(state))), worker.State == state ? 1 : 0);
        }

        void Each(string name, string help, Func<WorkerSnapshot, double> value, string type = "gauge")
        {
            text.Family(name, type, help);
            foreach (var worker in workers)
                text.Sample(name, Engine(pool.Pool, worker.Worker), value(worker));
        }
    }

    private static void WriteModels(PrometheusText text, ModelChoice models)
    {
        Each("pharos_candidate_workers", "gauge", "Workers that run a candidate.", one => one.Workers);
        Each("pharos_candidate_may_serve", "gauge", "1 where a candidate is measured to differ from the largest by no more than is allowed.", one => one.MayServe ? 1 : 0);
        Each("pharos_candidate_disagreement_bound", "gauge", "With 95 % certainty no larger share of a candidate's tokens differs from the largest candidate's.", one => one.Bound);
        Each("pharos_candidate_audited_tokens_total", "counter", "Tokens on which a candidate was compared with the largest.", one => one.AuditedTokens);
        Each("pharos_candidate_differing_tokens_total", "counter", "Of these, those that differed.", one => one.DifferingTokens);
        Each("pharos_candidate_request_cost", "gauge", "What a request of the present mixture is expected to cost with a candidate: seconds, or joules where those are chosen for.", one => one.RequestSeconds);
        text.Family("pharos_candidate_switches_total", "counter", "Switches of a worker to another candidate.");
        text.Sample("pharos_candidate_switches_total", PrometheusText.Labels(("mode", models.Mode)), models.Switches);
        text.Family("pharos_candidate_drifts_total", "counter", "Changes of the traffic after which candidates proved themselves anew.");
        text.Sample("pharos_candidate_drifts_total", PrometheusText.Labels(("mode", models.Mode)), models.Drifts);

        void Each(string name, string type, string help, Func<CandidateState, double> value)
        {
            text.Family(name, type, help);
            foreach (var one in models.Candidates)
                text.Sample(name, PrometheusText.Labels(("candidate", one.Name)), value(one));
        }
    }

    // What is promised is the pool's to say; whether it was kept is known where requests end.
    private static void WritePromise(PrometheusText text, PoolDescription pool, PromiseState promise)
    {
        text.Family("pharos_promise", "gauge", "1 for what those that come now are told: a greatest slowdown, the order alone, or to come again later where they are large.");
        foreach (var mode in Enum.GetValues<PromiseMode>())
            text.Sample("pharos_promise", PrometheusText.Labels(("state", Name(mode))), promise.Mode == mode ? 1 : 0);
        text.Family("pharos_load", "gauge", "Work that arrives a second, in seconds of the pool's devices at full batches; beyond 1 the backlog grows.");
        text.Sample("pharos_load", PrometheusText.Labels(("bound", "mean")), promise.Load);
        text.Sample("pharos_load", PrometheusText.Labels(("bound", "upper")), promise.Load + promise.LoadDeviation);
        text.Sample("pharos_load", PrometheusText.Labels(("bound", "sustainable")), promise.SustainableLoad);
        text.Family("pharos_promised_requests_total", "counter", "Requests that were promised a greatest slowdown all their time, by how it came.");
        foreach (var worker in pool.Workers)
        {
            text.Sample("pharos_promised_requests_total", PrometheusText.Labels(("worker", worker.Worker), ("outcome", "kept")), worker.Promise?.Kept ?? 0);
            text.Sample("pharos_promised_requests_total", PrometheusText.Labels(("worker", worker.Worker), ("outcome", "violated")), worker.Promise?.Violations ?? 0);
        }
    }

    private static readonly (string Tier, string Use, Func<KvUse, long> Blocks)[] Tiers =
    [
        ("device", "running", kv => kv.DeviceBlocks - kv.DeviceFree - kv.DeviceParked),
        ("device", "parked", kv => kv.DeviceParked),
        ("device", "prefix", kv => kv.DeviceCached),
        ("device", "free", kv => kv.DeviceFree - kv.DeviceCached),
        ("host", "parked", kv => kv.HostBlocks - kv.HostFree),
        ("host", "free", kv => kv.HostFree),
    ];

    private static string Engine(string model, string engine) => PrometheusText.Labels(("model_name", model), ("engine", engine));

    private static int Count(WorkerSnapshot worker, SequencePhase phase) => worker.Sequences.Count(sequence => sequence.Phase == phase);

    private static string Name<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();
}
