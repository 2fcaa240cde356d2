using System.Collections.Immutable;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains;

/// <summary>A response that its client may ask for again or go on from, by its id (the key). Forgotten after <c>ResponseRetention</c>.</summary>
[Alias("pharos.response")]
public interface IResponseGrain : IGrainWithStringKey
{
    [Alias("keep")] Task Keep(StoredResponse response);

    /// <summary>Null when nobody knows it, or it is another tenant's.</summary>
    [Alias("find")] Task<StoredResponse?> Find(string tenant);

    /// <returns>False when there was none of this tenant's.</returns>
    [Alias("forget")] Task<bool> Forget(string tenant);
}

/// <param name="Body">The response as its client saw it, JSON.</param>
/// <param name="Conversation">What was said up to and with it, instructions left out.</param>
[GenerateSerializer, Alias("pharos.stored-response")]
public sealed record StoredResponse(
    [property: Id(0)] string Tenant, [property: Id(1)] string Body, [property: Id(2)] ImmutableArray<StoredMessage> Conversation);

/// <param name="Role">As in a chat: system, user, assistant or tool.</param>
/// <param name="Calls">Of an assistant's message.</param>
/// <param name="CallId">The call that a tool's message answers.</param>
[GenerateSerializer, Alias("pharos.stored-message")]
public sealed record StoredMessage(
    [property: Id(0)] string Role, [property: Id(1)] string Content, [property: Id(2)] ImmutableArray<ToolCall> Calls, [property: Id(3)] string? CallId);

/// <summary>What is durable of it.</summary>
[GenerateSerializer, Alias("pharos.response-state")]
public sealed class ResponseState
{
    [Id(0)] public StoredResponse? Response { get; set; }

    /// <summary>When it was kept, Unix seconds.</summary>
    [Id(1)] public double KeptAt { get; set; }
}
