using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Pharos.Gateway.Access;
using Pharos.Gateway.Chat;
using Pharos.Gateway.Http;
using Pharos.Gateway.Metrics;
using Pharos.Gateway.Models;
using Pharos.Grains;
using Pharos.Inference.Chat;

namespace Pharos.Gateway.Responses;

/// <summary>The Responses API: a chat in other words, that can be gone on from by the id of a response.</summary>
internal static class ResponsesApi
{
    public static void MapResponsesApi(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/responses", Answer);
        routes.MapGet("/v1/responses/{id}", Find);
        routes.MapDelete("/v1/responses/{id}", Forget);
    }

    private static async Task Answer(
        HttpContext context, PromptModel model, TokenTexts tokens, ChatStarter starter, ResponseStore store, GatewayMetrics metrics, GatewayOptions options, TimeProvider time,
        CancellationToken ct)
    {
        var arrived = time.GetTimestamp();
        using var body = await JsonBody.Read(context, ct);
        var request = ResponseRequestReader.Read(body.RootElement, model.Bounds);
        model.RequireServed(request.Chat.Model);
        var caller = context.Caller();
        var conversation = request.Conversation(await Earlier(request, store, caller, ct));
        MessageReader.RequireAnswerable(conversation, "input");
        await using var answers = await starter.Start(request.ChatWith(conversation), caller, ct);
        RequestIds.Answer(context, answers[0].Stream.Request);
        var steps = new TranslatedAnswers(answers, model, request.Chat.Stream, objective => new AnswerClock(metrics, time, arrived, objective));
        var shape = new ResponseShape(ResponseStore.Prefix + answers[0].Id, time.GetUtcNow().ToUnixTimeSeconds(), () => steps.Model, request);
        var items = new OutputItems(answers[0].Id, tokens);
        var answer = new CollectedAnswer();
        if (request.Chat.Stream)
        {
            await new StreamedResponse(context, shape, items, answer, Finish, time, options.PingInterval).Write(steps, ct);
            return;
        }
        await foreach (var (_, step) in steps.Read(ct))
        {
            answer.Add(step);
            items.Take(step);
        }
        await context.Response.WriteAsJsonAsync(await Finish(), ResponseJson.Readable.ResponseBody, cancellationToken: ct);

        // It is kept before its client can know its id and ask for it.
        async Task<ResponseBody> Finish()
        {
            var whole = shape.Ended(items.Done, answer.End!, answer.ServerCalls, request.Store);
            if (!request.Store)
                return whole;
            var said = ChatMessage.Assistant(items.Text, [.. answer.End!.Calls.Select(call => new ChatToolCall(call.Id, call.Name, call.Arguments))]);
            var stored = new StoredResponse(
                caller.Tenant, JsonSerializer.Serialize(whole, ResponseJson.Readable.ResponseBody), ResponseStore.Store([.. conversation, said]));
            return await store.Keep(shape.Id, stored, ct) ? whole : whole with { Store = false };
        }
    }

    private static async Task<ImmutableArray<ChatMessage>> Earlier(ResponseRequest request, ResponseStore store, Caller caller, CancellationToken ct)
    {
        if (request.Previous is not { } previous)
            return [];
        return await store.Find(previous, caller.Tenant, ct) is { } response
            ? ResponseStore.Messages(response)
            : throw ApiException.Invalid(
                "previous_response_id", $"'previous_response_id' names no response that is known here: '{previous}'. It was not stored, or its time is over.", "previous_response_not_found");
    }

    private static async Task<IResult> Find(HttpContext context, string id, ResponseStore store, CancellationToken ct) =>
        await store.Find(id, context.Caller().Tenant, ct) is { } response ? Results.Content(response.Body, "application/json; charset=utf-8") : throw Unknown(id);

    private static async Task<IResult> Forget(HttpContext context, string id, ResponseStore store, CancellationToken ct) =>
        await store.Forget(id, context.Caller().Tenant, ct)
            ? TypedResults.Json(new DeletedResponse(id, "response", true), ResponseJson.Readable.DeletedResponse)
            : throw Unknown(id);

    private static ApiException Unknown(string id) => new(new ApiError(
        HttpStatusCode.NotFound, "invalid_request_error", $"No response '{id}' is known: it never was, was not stored, or its ResponseRetention is over.", "id", "response_not_found"));
}
