using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using Pharos.Gateway.Http;
using Pharos.Grains.Configuration;
using Pharos.Grains.Metrics;
using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Metrics;

/// <summary>What the gateway itself measures: what clients experience. Names are written with a dot for vLLM's colon.</summary>
internal sealed class GatewayMetrics
{
    /// <summary>vLLM's buckets, so that existing dashboards keep their quantiles.</summary>
    private static readonly double[] FirstTokenBuckets =
        [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560];

    private static readonly double[] InterTokenBuckets =
        [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];

    private static readonly double[] RequestBuckets =
        [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680];

    private readonly Counter<long> _promptTokens;
    private readonly Counter<long> _generationTokens;
    private readonly Counter<long> _successes;
    private readonly Counter<long> _rejections;
    private readonly Counter<long> _paced;
    private readonly Histogram<double> _firstToken;
    private readonly Histogram<double> _interToken;
    private readonly Histogram<double> _endToEnd;
    private readonly Histogram<double> _queue;
    private readonly Histogram<double> _prefill;
    private readonly Histogram<double> _decode;
    private readonly Histogram<double> _promptLength;
    private readonly Histogram<double> _answerLength;
    private readonly KeyValuePair<string, object?>[] _labels;

    public GatewayMetrics(IMeterFactory meters, Models.PromptModel model, IOptions<PharosOptions> settings)
    {
        Objective = settings.Value.Slo.Objective;
        var meter = meters.Create(PharosMeter.Name);
        _labels = [new("model_name", model.Name), new("engine", "0")];
        _promptTokens = meter.CreateCounter<long>("vllm.prompt_tokens", description: "Prompt tokens of answered requests.");
        _generationTokens = meter.CreateCounter<long>("vllm.generation_tokens", description: "Generated tokens.");
        _successes = meter.CreateCounter<long>("vllm.request_success", description: "Answers by the reason they ended.");
        _rejections = meter.CreateCounter<long>("pharos.admission_rejections", description: "Requests refused or failed, by reason.");
        _paced = meter.CreateCounter<long>("pharos.slo_answers", description: "Complete answers by whether they met their objective; those that met it are goodput.");
        _firstToken = meter.CreateHistogram("vllm.time_to_first_token_seconds", "From the request's arrival to its first text, in seconds.", FirstTokenBuckets);
        _interToken = meter.CreateHistogram("vllm.inter_token_latency_seconds", "Between two texts of one answer, in seconds.", InterTokenBuckets);
        _endToEnd = meter.CreateHistogram("vllm.e2e_request_latency_seconds", "From arrival to the answer's end, in seconds.", RequestBuckets);
        _queue = meter.CreateHistogram("vllm.request_queue_time_seconds", "Waiting for a turn, in seconds.", RequestBuckets);
        _prefill = meter.CreateHistogram("vllm.request_prefill_time_seconds", "From the first iteration to the first token, over all segments, in seconds.", RequestBuckets);
        _decode = meter.CreateHistogram("vllm.request_decode_time_seconds", "From the first token to the last, over all segments, in seconds.", RequestBuckets);
        _promptLength = meter.CreateHistogram("vllm.request_prompt_tokens", "Tokens of a prompt.", TokenBuckets(model.ContextTokens));
        _answerLength = meter.CreateHistogram("vllm.request_generation_tokens", "Tokens of an answer.", TokenBuckets(model.ContextTokens));
    }

    /// <summary>Of requests that have none of their own.</summary>
    public ServiceObjective Objective { get; }

    public void FirstText(double seconds) => _firstToken.Record(seconds, _labels);

    public void NextText(double seconds) => _interToken.Record(seconds, _labels);

    public void Answered(string finishReason, RequestUsage usage, double seconds)
    {
        _promptTokens.Add(usage.PromptTokens, _labels);
        _generationTokens.Add(usage.CompletionTokens, _labels);
        _successes.Add(1, [.. _labels, new("finished_reason", finishReason)]);
        _endToEnd.Record(seconds, _labels);
        _queue.Record(usage.QueueSeconds, _labels);
        _prefill.Record(usage.PrefillSeconds, _labels);
        _decode.Record(usage.DecodeSeconds, _labels);
        _promptLength.Record(usage.PromptTokens, _labels);
        _answerLength.Record(usage.CompletionTokens, _labels);
    }

    public void Judged(Pace pace) => _paced.Add(1, [.. _labels, new("outcome", pace switch { Pace.Met => "met", Pace.LateFirst => "late_first_token", _ => "late_tokens" })]);

    public void Refused(ApiError error) => _rejections.Add(1, new KeyValuePair<string, object?>("reason", Reason(error)));

    /// <summary>A small set of words, however many errors there are.</summary>
    private static string Reason(ApiError error) => (int)error.Status switch
    {
        401 or 403 => "unauthorized",
        404 or 405 => "not_found",
        413 => "too_large",
        429 when error.Code == ApiError.Overloaded => "shed",
        429 => "limit",
        503 => "unavailable",
        504 => "timeout",
        >= 500 => "error",
        _ => "invalid",
    };

    // vLLM's: 1, 2, 5, 10, 20, 50 and so on, up to the context.
    private static double[] TokenBuckets(int most) =>
        [.. Enumerable.Range(0, 12).SelectMany(power => new double[] { 1, 2, 5 }.Select(digit => digit * Math.Pow(10, power))).TakeWhile(bound => bound <= most)];
}
