namespace Pharos.Inference.Chat.Jinja;

/// <summary>How a statement ended within a loop.</summary>
internal enum JinjaFlow
{
    Next,
    Break,
    Continue,
}

/// <summary>Part of a template that writes.</summary>
internal abstract record JinjaStatement(JinjaPosition At)
{
    public abstract JinjaFlow Run(JinjaFrame frame);

    public static JinjaFlow RunAll(IReadOnlyList<JinjaStatement> body, JinjaFrame frame)
    {
        foreach (var statement in body)
        {
            frame.Run.Step(statement.At);
            if (statement.Run(frame) is not JinjaFlow.Next and var flow)
                return flow;
        }
        return JinjaFlow.Next;
    }
}

internal sealed record JinjaText(JinjaPosition At, MarkedText Text) : JinjaStatement(At)
{
    public override JinjaFlow Run(JinjaFrame frame)
    {
        frame.Write(Text);
        return JinjaFlow.Next;
    }
}

/// <summary><c>{{ value }}</c></summary>
internal sealed record JinjaPrint(JinjaPosition At, JinjaExpression Value) : JinjaStatement(At)
{
    public override JinjaFlow Run(JinjaFrame frame)
    {
        frame.Write(JinjaValues.Print(Value.Evaluate(frame)));
        return JinjaFlow.Next;
    }
}

/// <param name="Cases">The first whose condition holds runs; a null condition is <c>else</c>.</param>
internal sealed record JinjaIf(JinjaPosition At, IReadOnlyList<(JinjaExpression? Condition, IReadOnlyList<JinjaStatement> Body)> Cases) : JinjaStatement(At)
{
    public override JinjaFlow Run(JinjaFrame frame)
    {
        foreach (var (condition, body) in Cases)
        {
            if (condition is null || JinjaValues.IsTrue(condition.Evaluate(frame)))
                return RunAll(body, frame);
        }
        return JinjaFlow.Next;
    }
}

/// <summary>What a value is given to: a name, an attribute of a namespace, or several to unpack a list to.</summary>
internal abstract record JinjaTarget
{
    public abstract void Set(JinjaFrame frame, object? value);

    public sealed record Name(string Of) : JinjaTarget
    {
        public override void Set(JinjaFrame frame, object? value) => frame.Set(Of, value);
    }

    public sealed record Attribute(string Namespace, string Of) : JinjaTarget
    {
        public override void Set(JinjaFrame frame, object? value)
        {
            if (frame.Find(Namespace) is not JinjaNamespace space)
                throw new JinjaFault($"'{Namespace}.{Of}' can be set on a namespace only.");
            space.Attributes[Of] = value;
        }
    }

    public sealed record Several(IReadOnlyList<JinjaTarget> Of) : JinjaTarget
    {
        public override void Set(JinjaFrame frame, object? value)
        {
            var items = JinjaValues.RequireItems(value);
            if (items.Count != Of.Count)
                throw new JinjaFault($"{items.Count} values can't be unpacked to {Of.Count} names.");
            for (var i = 0; i < Of.Count; i++)
                Of[i].Set(frame, items[i]);
        }
    }
}

internal sealed record JinjaSet(JinjaPosition At, JinjaTarget Target, JinjaExpression Value) : JinjaStatement(At)
{
    public override JinjaFlow Run(JinjaFrame frame)
    {
        var value = Value.Evaluate(frame);
        frame.Run.At = At;
        Target.Set(frame, value);
        return JinjaFlow.Next;
    }
}

/// <summary>A filter to put text through.</summary>
internal sealed record JinjaFilterStep(JinjaPosition At, JinjaFilter Filter, JinjaArgumentList Arguments);

/// <summary><c>{% set name %}...{% endset %}</c> and, without a target, <c>{% filter name %}...{% endfilter %}</c>.</summary>
internal sealed record JinjaCaptured(
    JinjaPosition At, JinjaTarget? Target, IReadOnlyList<JinjaFilterStep> Filters, IReadOnlyList<JinjaStatement> Body) : JinjaStatement(At)
{
    public override JinjaFlow Run(JinjaFrame frame)
    {
        object? value = frame.Capture(inner => RunAll(Body, inner));
        foreach (var step in Filters)
        {
            var arguments = step.Arguments.Evaluate(frame);
            frame.Run.At = step.At;
            value = step.Filter.Apply(frame, value, arguments);
        }
        if (Target is { } target)
            target.Set(frame, value);
        else
            frame.Write(JinjaValues.Print(value));
        return JinjaFlow.Next;
    }
}

/// <summary><c>{% with a = 1 %}...{% endwith %}</c>, and blocks that only mark what they hold, such as <c>{% generation %}</c>.</summary>
internal sealed record JinjaWith(JinjaPosition At, IReadOnlyList<(JinjaTarget Target, JinjaExpression Value)> Names, IReadOnlyList<JinjaStatement> Body, bool IsScope)
    : JinjaStatement(At)
{
    public override JinjaFlow Run(JinjaFrame frame)
    {
        var inner = IsScope ? frame.Inner() : frame;
        foreach (var (target, value) in Names)
            target.Set(inner, value.Evaluate(frame));
        return RunAll(Body, inner);
    }
}

internal sealed record JinjaJump(JinjaPosition At, JinjaFlow Flow) : JinjaStatement(At)
{
    public override JinjaFlow Run(JinjaFrame frame) => Flow;
}

/// <param name="Parameters">With their defaults.</param>
internal sealed record JinjaMacro(
    JinjaPosition At, string Name, IReadOnlyList<(string Name, JinjaExpression? Default)> Parameters, IReadOnlyList<JinjaStatement> Body) : JinjaStatement(At)
{
    private const int MaxDepth = 64;

    public override JinjaFlow Run(JinjaFrame frame)
    {
        frame.Set(Name, AsFunction(frame));
        return JinjaFlow.Next;
    }

    /// <param name="home">The scope it was written in: it sees that one, not its caller's.</param>
    public JinjaFunction AsFunction(JinjaFrame home) => new(Name, (_, arguments) => Call(home, arguments));

    private MarkedText Call(JinjaFrame home, JinjaArguments given) => home.Capture(inner =>
    {
        if (home.Run.Depth++ > MaxDepth)
            throw new JinjaFault($"macros call each other more than {MaxDepth} deep.");
        var signature = new JinjaSignature(Name, string.Join(' ', Parameters.Select(parameter => parameter.Name + "?")));
        // A block's body is handed in beside the parameters.
        var bound = signature.Bind(given with { Named = [.. given.Named.Where(named => named.Key != "caller")] });
        foreach (var caller in given.Named.Where(named => named.Key == "caller"))
            inner.Set("caller", caller.Value);
        for (var i = 0; i < bound.Length; i++)
        {
            var (name, fallback) = Parameters[i];
            inner.Set(name, bound[i] != JinjaArguments.Absent ? bound[i] : fallback is { } value ? value.Evaluate(inner) : new JinjaUndefined(name));
        }
        RunAll(Body, inner);
        home.Run.Depth--;
    });
}

/// <summary><c>{% call macro() %}...{% endcall %}</c>: the macro gets what the block writes as <c>caller()</c>.</summary>
internal sealed record JinjaCallBlock(JinjaPosition At, JinjaCall Call, JinjaMacro Body) : JinjaStatement(At)
{
    public override JinjaFlow Run(JinjaFrame frame)
    {
        var arguments = Call.Arguments with { Named = [.. Call.Arguments.Named, ("caller", new JinjaLiteral(At, Body.AsFunction(frame)))] };
        frame.Write(JinjaValues.Print((Call with { Arguments = arguments }).Evaluate(frame)));
        return JinjaFlow.Next;
    }
}
