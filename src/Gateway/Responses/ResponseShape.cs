using Pharos.Gateway.Chat;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Responses;

/// <summary>The response object as it is at some time.</summary>
internal sealed class ResponseShape(string id, long createdAt, Func<string> model, ResponseRequest request)
{
    public string Id => id;

    public ResponseBody Begun() => Make("in_progress", [], null);

    public ResponseBody Ended(IReadOnlyList<OutputItem> output, ChatEvent.Ended end, ServerCallJson[] made, bool stored) =>
        Make(end.FinishReason == "length" ? "incomplete" : "completed", output, end.Usage) with
        {
            IncompleteDetails = end.FinishReason == "length" ? new IncompleteDetails("max_output_tokens") : null,
            Store = stored,
            Pharos = made.Length > 0 ? new ChatExtension(made) : null,
        };

    public ResponseBody Failed(IReadOnlyList<OutputItem> output, string because) =>
        Make("failed", output, null) with { Error = new ResponseError("server_error", because), Store = false };

    private ResponseBody Make(string status, IReadOnlyList<OutputItem> output, RequestUsage? usage)
    {
        var echo = request.Echo;
        return new ResponseBody(
            id, "response", createdAt, status, null, null, request.Instructions, echo.MaxOutputTokens, model(), [.. output], echo.ParallelToolCalls, request.Previous, echo.Reasoning,
            request.Store, echo.Temperature, echo.Text, echo.ToolChoice, echo.Tools, echo.TopLogprobs, echo.TopP, "disabled", usage is null ? null : ResponseUsage.Of(usage), echo.User,
            echo.Metadata, null);
    }
}
