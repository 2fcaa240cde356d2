using System.Reflection;

namespace Pharos.InProcess;

/// <summary>A method that returns a sequence. The sequence stays with the grain; the caller fetches it in batches.</summary>
internal sealed class StreamPlan<T>(MethodInfo method) : MethodPlan(method)
{
    public override object? Send(GrainFactory caller, CallTarget target, object?[] arguments) => new GrainStream<T>(this, caller, target, arguments);
}

/// <summary>Some elements, and whether there are none after them.</summary>
internal readonly record struct StreamBatch<T>(List<T> Items, bool Completed);
