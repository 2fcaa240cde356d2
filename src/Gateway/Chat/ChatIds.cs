namespace Pharos.Gateway.Chat;

/// <summary>Ids of new requests: sortable by time, and free of underscores, which part the ids of tool calls.</summary>
/// <param name="next">Null: one that nobody can guess.</param>
internal sealed class ChatIds(TimeProvider time, Func<string>? next = null)
{
    public string Next() => next?.Invoke() ?? Guid.CreateVersion7(time.GetUtcNow()).ToString("N");
}
