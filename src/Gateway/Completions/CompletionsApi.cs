using Pharos.Gateway.Access;
using Pharos.Gateway.Chat;
using Pharos.Gateway.Http;
using Pharos.Gateway.Metrics;
using Pharos.Gateway.Models;
using Pharos.Gateway.Requests;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Completions;

internal static class CompletionsApi
{
    public static void MapCompletionsApi(this IEndpointRouteBuilder routes) => routes.MapPost("/v1/completions", Answer);

    private static async Task Answer(
        HttpContext context, PromptModel model, RawPrompts raw, TokenTexts tokens, RequestFactory factory, ChatStarter starter, GatewayMetrics metrics,
        GatewayOptions options, TimeProvider time, CancellationToken ct)
    {
        var arrived = time.GetTimestamp();
        using var body = await JsonBody.Read(context, ct);
        var request = CompletionRequestReader.Read(body.RootElement, model.Bounds);
        model.RequireServed(request.Model);
        var specs = request.Prompts.SelectMany(prompt => Specs(request, prompt, model, raw, factory, context.Caller().Tenant)).ToList();
        await using var answers = await starter.Start(specs, plan: null, ct);
        RequestIds.Answer(context, answers[0].Stream.Request);
        var texts = new TranslatedAnswers(answers, model, request.Stream, objective => new AnswerClock(metrics, time, arrived, objective));
        var shape = new CompletionShape(
            $"cmpl-{answers[0].Id}", time.GetUtcNow().ToUnixTimeSeconds(), () => texts.Model, tokens,
            [.. request.Prompts.SelectMany(prompt => Enumerable.Repeat(request.Echo ? prompt.Text ?? raw.Decode(prompt.Tokens) : "", request.Answers))], request.Answers);
        if (request.Stream)
            await new StreamedCompletion(context, shape, texts.Count, request.IncludeUsage, time, options.PingInterval).Write(texts, ct);
        else
            await WriteWhole(context, texts, shape, ct);
    }

    private static IEnumerable<RequestSpec> Specs(CompletionRequest request, CompletionPrompt prompt, PromptModel model, RawPrompts raw, RequestFactory factory, string tenant)
    {
        model.RequireRoom(prompt.Text?.Length ?? 0, prompt.Path);
        var tokens = prompt.Text is { } text ? raw.Encode(text, prompt.Path) : prompt.Tokens;
        if (tokens.IsEmpty)
            throw ApiException.Invalid(prompt.Path, $"'{prompt.Path}' is empty, and this model has no token that begins a text; expected at least one token.", "invalid_value");
        var spec = factory.Create(tokens, request.Sampling, prompt.Path, tenant, request.Priority);
        spec = spec with { Options = spec.Options with { Schema = request.Schema } };
        return Enumerable.Range(0, request.Answers).Select(answer => RequestFactory.Sibling(spec, answer));
    }

    private static async Task WriteWhole(HttpContext context, TranslatedAnswers texts, CompletionShape shape, CancellationToken ct)
    {
        var collected = Enumerable.Range(0, texts.Count).Select(_ => new CollectedAnswer()).ToList();
        await foreach (var (answer, step) in texts.Read(ct))
            collected[answer].Add(step);
        await context.Response.WriteAsJsonAsync(shape.Whole(collected), CompletionJson.Readable.Completion, cancellationToken: ct);
    }
}
