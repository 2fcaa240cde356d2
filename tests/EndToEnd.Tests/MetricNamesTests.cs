namespace Pharos.EndToEnd.Tests;

/// <summary>Boards, scalers and alerts of others ask for these names: each is there from the start, under its own type and with its labels.</summary>
[Collection(Shared.Name)]
public sealed class MetricNamesTests(SharedGateway shared)
{
    private static readonly (string Name, string Type, string[] Labels)[] Expected =
    [
        ("vllm:num_requests_running", "gauge", ["engine", "model_name"]),
        ("vllm:num_requests_waiting", "gauge", ["engine", "model_name"]),
        ("vllm:kv_cache_usage_perc", "gauge", ["engine", "model_name"]),
        ("vllm:cache_config_info", "gauge", ["block_size", "engine", "model_name", "num_gpu_blocks"]),
        ("vllm:num_preemptions_total", "counter", ["engine", "model_name"]),
        ("vllm:prompt_tokens_total", "counter", ["engine", "model_name"]),
        ("vllm:generation_tokens_total", "counter", ["engine", "model_name"]),
        ("vllm:request_success_total", "counter", ["engine", "finished_reason", "model_name"]),
        ("vllm:prefix_cache_queries_total", "counter", ["engine", "model_name"]),
        ("vllm:prefix_cache_hits_total", "counter", ["engine", "model_name"]),
        ("vllm:time_to_first_token_seconds", "histogram", ["engine", "model_name"]),
        ("vllm:inter_token_latency_seconds", "histogram", ["engine", "model_name"]),
        ("vllm:e2e_request_latency_seconds", "histogram", ["engine", "model_name"]),
        ("vllm:request_queue_time_seconds", "histogram", ["engine", "model_name"]),
        ("vllm:request_prefill_time_seconds", "histogram", ["engine", "model_name"]),
        ("vllm:request_decode_time_seconds", "histogram", ["engine", "model_name"]),
        ("vllm:request_prompt_tokens", "histogram", ["engine", "model_name"]),
        ("vllm:request_generation_tokens", "histogram", ["engine", "model_name"]),
        ("vllm:iteration_tokens_total", "histogram", ["engine", "model_name"]),
        ("pharos_requests", "gauge", ["state"]),
        ("pharos_tool_decisions_total", "counter", ["decision", "tool"]),
        ("pharos_tool_duration_seconds", "histogram", ["outcome", "tool"]),
        ("pharos_tool_duration_prediction_error_seconds", "histogram", ["tool"]),
        ("pharos_tool_waste_token_seconds_total", "counter", ["decision"]),
        ("pharos_tool_regret_token_seconds_total", "counter", ["decision"]),
        ("pharos_kv_bytes", "gauge", ["tier", "use"]),
        ("pharos_swap_bytes_total", "counter", ["direction"]),
        ("pharos_swap_in_late_seconds", "histogram", []),
        ("pharos_resume_seconds", "histogram", ["path"]),
        ("pharos_migrations_total", "counter", ["outcome", "reason"]),
        ("pharos_migration_seconds", "histogram", []),
        ("pharos_token_messages_total", "counter", ["kind"]),
        ("pharos_scheduler_cycle_seconds", "histogram", []),
        ("pharos_starvation_promotions_total", "counter", []),
        ("pharos_queue_wait_seconds", "histogram", []),
        ("pharos_worker_state", "gauge", ["state", "worker"]),
        ("pharos_admission_rejections_total", "counter", ["reason"]),
        ("pharos_kv_token_seconds_total", "counter", ["tenant"]),
    ];

    // Counted only where memory is short, somebody waits too long or a sequence moves, which nothing here brings about.
    private static readonly string[] Rare = ["pharos_swap_in_late_seconds", "pharos_starvation_promotions_total", "pharos_migrations_total", "pharos_migration_seconds"];

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Every_name_is_there_from_the_start_and_counts_with_its_labels()
    {
        var atStart = await ReadAsync();
        foreach (var (name, type, _) in Expected)
            Assert.True(atStart.Types.GetValueOrDefault(name) == type, $"{name} should be a {type}, it is {atStart.Types.GetValueOrDefault(name) ?? "missing"}");

        await shared.Gateway.Http.PostAsync(Wire.Ask("What is 127*43+9?").RunTools());
        await shared.Gateway.Http.PostAsync("{");
        await shared.Gateway.UntilAsync("all have counted", async () => Missing(await ReadAsync()).Count == 0, async () => string.Join(", ", Missing(await ReadAsync())));

        var page = await ReadAsync();
        foreach (var (name, type, labels) in Expected.Where(one => !Rare.Contains(one.Name)))
        {
            var sample = page.Samples.First(sample => sample.Name == (type == "histogram" ? name + "_count" : name));
            Assert.Equal(labels, sample.Labels.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(label => label.Split('=')[0]));
        }

        Assert.Equal(
            [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
            page.Samples.Where(sample => sample.Name == "vllm:request_prompt_tokens_bucket").Select(sample => sample.Labels)
                .Select(labels => labels.Split("le=\"")[1].TrimEnd('"')).Where(bound => bound != "+Inf").Distinct().Select(double.Parse));
    }

    [Theory(Timeout = PharosGateway.GuardMilliseconds)]
    [InlineData("", "")]
    [InlineData("x 1", "x 1\n")]
    [InlineData("# TYPE x counter\nx 1\n", "# HELP x X.\n# TYPE x_total counter\nx_total 1\n")]
    [InlineData("# HELP x_total X.\n# TYPE x_total counter\nx_total{a=\"1\",} 1\n", "# HELP x_total X.\n# TYPE x_total counter\nx_total{a=\"b\"c\"} 1\n")]
    [InlineData("# HELP x X.\n# TYPE x gauge\nx 1\nx 2\n", "# HELP x X.\n# TYPE x histogram\nx_bucket{le=\"1\"} 2\nx_bucket{le=\"+Inf\"} 1\nx_sum 1\nx_count 1\n")]
    public async Task The_reader_of_these_tests_refuses_what_Prometheus_would_read_otherwise(string one, string another)
    {
        await Task.CompletedTask;
        Assert.ThrowsAny<Exception>(() => Exposition.Parse(one));
        Assert.ThrowsAny<Exception>(() => Exposition.Parse(another));
    }

    private static List<string> Missing(Exposition page) => [.. Expected
        .Where(one => !Rare.Contains(one.Name) && !page.Samples.Any(sample => sample.Name == (one.Type == "histogram" ? one.Name + "_count" : one.Name)))
        .Select(one => one.Name)];

    private async Task<Exposition> ReadAsync() => Exposition.Parse((await shared.Gateway.Http.FetchAsync("metrics")).Text);
}
