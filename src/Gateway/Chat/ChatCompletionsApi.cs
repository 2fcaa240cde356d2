using System.Text.Json;
using Pharos.Gateway.Access;
using Pharos.Gateway.Http;
using Pharos.Gateway.Metrics;
using Pharos.Gateway.Models;

namespace Pharos.Gateway.Chat;

internal static class ChatCompletionsApi
{
    public static void MapChatCompletionsApi(this IEndpointRouteBuilder routes) => routes.MapPost("/v1/chat/completions", Answer);

    private static async Task Answer(
        HttpContext context, PromptModel model, ChatStarter starter, GatewayMetrics metrics, GatewayOptions options, TimeProvider time, CancellationToken ct)
    {
        var clock = new AnswerClock(metrics, time);
        using var body = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: ct);
        var request = ChatRequestReader.Read(body.RootElement, model.ContextTokens);
        if (request.Model != model.Name)
            throw new ApiException(ApiError.ModelNotFound(request.Model, model.Name));
        var chat = await starter.Start(request, context.Caller(), ct);
        await using var answer = chat.Answer;
        RequestIds.Answer(context, answer.Request);
        var (id, created) = ($"chatcmpl-{chat.Id}", time.GetUtcNow().ToUnixTimeSeconds());
        var translator = new ChatTranslator(answer.Request, chat.Spec, model.Format, request.Stream);
        if (request.Stream)
        {
            var streamed = new StreamedChat(context, new ChatChunks(id, created, model.Name), translator, clock, time, options.PingInterval);
            await streamed.Write(chat, request.IncludeUsage || request.RunTools, ct);
        }
        else
        {
            await WriteWhole(context, chat, new CollectedChat(id, created, model.Name), translator, clock, ct);
        }
    }

    private static async Task WriteWhole(
        HttpContext context, StartedChat chat, CollectedChat collected, ChatTranslator translator, AnswerClock clock, CancellationToken ct)
    {
        await foreach (var step in chat.Answer.Read(chat.FromNotice, ct))
        {
            foreach (var shown in translator.Translate(step))
            {
                clock.Saw(shown);
                if (collected.Add(shown) is { } completion)
                    await context.Response.WriteAsJsonAsync(completion, OpenAiJson.Readable.ChatCompletion, cancellationToken: ct);
            }
        }
    }
}
