using System.Runtime.CompilerServices;

namespace Pharos.Inference.Backend;

/// <summary>A message that is put together only where its condition is false, so that a check that passes allocates nothing.</summary>
[InterpolatedStringHandler]
internal ref struct FailureMessage
{
    private DefaultInterpolatedStringHandler text;

    public FailureMessage(int literalLength, int formattedCount, bool condition, out bool failed)
    {
        failed = !condition;
        text = failed ? new DefaultInterpolatedStringHandler(literalLength, formattedCount) : default;
    }

    public void AppendLiteral(string value) => text.AppendLiteral(value);

    public void AppendFormatted<T>(T value) => text.AppendFormatted(value);

    public override string ToString() => text.ToStringAndClear();
}
