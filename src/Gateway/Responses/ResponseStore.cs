using System.Collections.Immutable;
using Pharos.Gateway.Answers;
using Pharos.Gateway.Http;
using Pharos.Grains;
using Pharos.Inference.Chat;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Responses;

/// <summary>Responses that can be asked for and gone on from by their ids, on whatever gateway: each is a grain's.</summary>
internal sealed partial class ResponseStore(IClusterGrains grains, GrainRetry retry, ILogger<ResponseStore> logger)
{
    public const string Prefix = "resp_";
    private const int LongestId = 128;

    /// <summary>Null when nobody knows it, or it is another tenant's.</summary>
    public async Task<StoredResponse?> Find(string id, string tenant, CancellationToken ct) =>
        IsId(id) ? await Reach(() => grains.Response(id).Find(tenant), ct) : null;

    public async Task<bool> Forget(string id, string tenant, CancellationToken ct) => IsId(id) && await Reach(() => grains.Response(id).Forget(tenant), ct);

    /// <summary>False where it could not be kept: the answer is there all the same.</summary>
    public async Task<bool> Keep(string id, StoredResponse response, CancellationToken ct)
    {
        try
        {
            await retry.Call(() => grains.Response(id).Keep(response), ct);
            return true;
        }
        catch (Exception exception) when (GrainRetry.IsTransient(exception, ct))
        {
            LogNotKept(exception, id);
            return false;
        }
    }

    public static ImmutableArray<ChatMessage> Messages(StoredResponse response) => [.. response.Conversation.Select(message => new ChatMessage(
        Enum.Parse<ChatRole>(message.Role, ignoreCase: true), message.Content,
        [.. message.Calls.Select(call => new ChatToolCall(call.Id, call.Name, call.Arguments))], message.CallId))];

    public static ImmutableArray<StoredMessage> Store(IEnumerable<ChatMessage> messages) => [.. messages.Select(message => new StoredMessage(
        message.Role.ToString().ToLowerInvariant(), message.Content,
        [.. message.ToolCalls.Select(call => new ToolCall(call.Id, call.Name, call.Arguments))], message.ToolCallId))];

    private static bool IsId(string id) => id.StartsWith(Prefix, StringComparison.Ordinal) && id.Length <= LongestId;

    private async Task<T> Reach<T>(Func<Task<T>> call, CancellationToken ct)
    {
        try
        {
            return await retry.Call(call, ct);
        }
        catch (Exception exception) when (GrainRetry.IsTransient(exception, ct))
        {
            throw new ApiException(ApiError.Unavailable("The cluster is failing over; try again."));
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Response {Id} could not be kept: it can't be asked for again.")]
    private partial void LogNotKept(Exception exception, string id);
}
