using Pharos.Scheduling.Requests;

namespace Pharos.Grains.Tools;

/// <summary>Runs one call of a registered tool.</summary>
public interface IToolCaller
{
    /// <summary>The result, failed or not. Throws only <see cref="OperationCanceledException"/>, and only when <paramref name="ct"/> is cancelled.</summary>
    Task<ToolResult> CallAsync(ToolCall call, CancellationToken ct);
}
