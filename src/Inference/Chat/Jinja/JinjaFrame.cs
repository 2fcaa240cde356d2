using System.Runtime.CompilerServices;

namespace Pharos.Inference.Chat.Jinja;

/// <summary>Most work and text of one rendering: a template is data, and its conversation comes from strangers.</summary>
/// <param name="MaxSteps">Expressions evaluated, loop turns, and characters copied (64 count as one).</param>
/// <param name="MaxCharacters">Of the prompt, and of any one text made on the way.</param>
public sealed record JinjaLimits(long MaxSteps = 20_000_000, int MaxCharacters = 32_000_000);

/// <summary>One rendering: what is left of its limits, and where it is.</summary>
internal sealed class JinjaRun(JinjaLimits limits, DateTimeOffset now)
{
    private long steps;

    public DateTimeOffset Now => now;

    /// <summary>Macros within each other now.</summary>
    public int Depth { get; set; }

    /// <summary>The construct being evaluated, for errors.</summary>
    public JinjaPosition At { get; set; }

    public void Step(JinjaPosition at)
    {
        At = at;
        RuntimeHelpers.EnsureSufficientExecutionStack();
        Charge(1);
    }

    public void Charge(long work)
    {
        steps += work;
        if (steps > limits.MaxSteps)
            throw new JinjaFault($"rendering takes more than {limits.MaxSteps} steps.");
    }

    /// <summary>Counts a text that was made.</summary>
    public MarkedText Made(MarkedText text)
    {
        CheckLength(text.Length);
        Charge(text.Length >> 6);
        return text;
    }

    public void CheckLength(long characters)
    {
        if (characters > limits.MaxCharacters)
            throw new JinjaFault($"a text would have {characters} characters; at most {limits.MaxCharacters} are allowed.");
    }
}

/// <summary>Text as it is written.</summary>
internal sealed class JinjaOutput(JinjaRun run)
{
    private readonly List<MarkedText> parts = [];
    private long written;

    public IReadOnlyList<MarkedText> Parts => parts;

    public void Write(MarkedText text)
    {
        run.CheckLength(written += text.Length);
        parts.Add(run.Made(text));
    }
}

/// <summary>A scope: names set here, and those of the scopes around it.</summary>
internal sealed class JinjaFrame(JinjaRun run, JinjaFrame? around, JinjaOutput output)
{
    private readonly Dictionary<string, object?> names = new(StringComparer.Ordinal);

    public JinjaRun Run => run;

    private JinjaFrame? Around => around;

    public object? Find(string name)
    {
        for (var frame = this; frame is not null; frame = frame.Around)
        {
            if (frame.names.TryGetValue(name, out var value))
                return value;
        }
        return new JinjaUndefined(name);
    }

    public void Set(string name, object? value) => names[name] = value;

    public void Write(MarkedText text) => output.Write(text);

    /// <summary>A scope within this one that writes to the same text.</summary>
    public JinjaFrame Inner() => new(run, this, output);

    /// <summary>What <paramref name="write"/> writes, in a scope of its own within this one.</summary>
    public MarkedText Capture(Action<JinjaFrame> write)
    {
        var captured = new JinjaOutput(run);
        write(new JinjaFrame(run, this, captured));
        return MarkedText.Concat(captured.Parts);
    }
}
