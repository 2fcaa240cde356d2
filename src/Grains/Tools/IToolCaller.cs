using Pharos.Scheduling.Requests;

namespace Pharos.Grains.Tools;

/// <summary>Runs one call of a registered tool.</summary>
public interface IToolCaller
{
    /// <summary>The result, failed or not. Throws only <see cref="OperationCanceledException"/>, and only when <paramref name="ct"/> is cancelled.</summary>
    /// <param name="secret">What the tool proves itself by when it says more of this call; null: nothing.</param>
    Task<ToolResult> CallAsync(ToolCall call, string? secret, CancellationToken ct);
}
