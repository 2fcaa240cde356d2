using Pharos.Gateway.Access;
using Pharos.Gateway.Http;
using Pharos.Gateway.Metrics;
using Pharos.Gateway.Models;
using Pharos.Gateway.Requests;

namespace Pharos.Gateway.Chat;

internal static class ChatCompletionsApi
{
    public static void MapChatCompletionsApi(this IEndpointRouteBuilder routes) => routes.MapPost("/v1/chat/completions", Answer);

    private static async Task Answer(
        HttpContext context, PromptModel model, TokenTexts tokens, ChatStarter starter, GatewayMetrics metrics, GatewayOptions options, TimeProvider time, CancellationToken ct)
    {
        var arrived = time.GetTimestamp();
        using var body = await JsonBody.Read(context, ct);
        var request = ChatRequestReader.Read(body.RootElement, model.Bounds);
        model.RequireServed(request.Model);
        await using var answers = await starter.Start(request, context.Caller(), ct);
        RequestIds.Answer(context, answers[0].Stream.Request);
        var chat = new TranslatedAnswers(answers, model, request.Stream, objective => new AnswerClock(metrics, time, arrived, objective));
        var (id, created) = ($"chatcmpl-{answers[0].Id}", time.GetUtcNow().ToUnixTimeSeconds());
        if (request.Stream)
        {
            var chunks = new ChatChunks(id, created, () => chat.Model, tokens);
            await new StreamedChat(context, chunks, chat.Count, request.IncludeUsage || request.RunTools, time, options.PingInterval).Write(chat, ct);
        }
        else
        {
            await WriteWhole(context, chat, (choices, usage, made) => new ChatCompletion(id, "chat.completion", created, chat.Model, choices, usage, made), tokens, ct);
        }
    }

    private static async Task WriteWhole(
        HttpContext context, TranslatedAnswers chat, Func<ChatChoice[], ChatUsage, ChatExtension?, ChatCompletion> completion, TokenTexts tokens, CancellationToken ct)
    {
        var collected = Enumerable.Range(0, chat.Count).Select(_ => new CollectedAnswer()).ToList();
        await foreach (var (answer, step) in chat.Read(ct))
            collected[answer].Add(step);
        var made = collected.SelectMany(answer => answer.ServerCalls).ToArray();
        var whole = completion(
            [.. collected.Select((answer, index) => answer.ToChoice(index, tokens))],
            ChatUsage.Of(AnswerUsage.Sum(collected.Select(answer => answer.End!.Usage))),
            made.Length > 0 ? new ChatExtension(made) : null);
        await context.Response.WriteAsJsonAsync(whole, OpenAiJson.Readable.ChatCompletion, cancellationToken: ct);
    }
}
