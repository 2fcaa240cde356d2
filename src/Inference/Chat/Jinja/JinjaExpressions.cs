namespace Pharos.Inference.Chat.Jinja;

/// <summary>Part of a template that has a value.</summary>
internal abstract record JinjaExpression(JinjaPosition At)
{
    public object? Evaluate(JinjaFrame frame)
    {
        frame.Run.Step(At);
        return ValueIn(frame);
    }

    protected abstract object? ValueIn(JinjaFrame frame);

    /// <summary>The position again, after operands moved it.</summary>
    protected void Return(JinjaFrame frame) => frame.Run.At = At;
}

internal sealed record JinjaLiteral(JinjaPosition At, object? Value) : JinjaExpression(At)
{
    protected override object? ValueIn(JinjaFrame frame) => Value;
}

internal sealed record JinjaName(JinjaPosition At, string Name) : JinjaExpression(At)
{
    protected override object? ValueIn(JinjaFrame frame) => frame.Find(Name);
}

internal sealed record JinjaListOf(JinjaPosition At, IReadOnlyList<JinjaExpression> Items, bool IsTuple) : JinjaExpression(At)
{
    protected override object? ValueIn(JinjaFrame frame) => new JinjaList([.. Items.Select(item => item.Evaluate(frame))], IsTuple);
}

internal sealed record JinjaMapOf(JinjaPosition At, IReadOnlyList<(JinjaExpression Key, JinjaExpression Value)> Members) : JinjaExpression(At)
{
    protected override object? ValueIn(JinjaFrame frame) => new JinjaMap([.. Members.Select(member => KeyValuePair.Create(
        JinjaValues.RequireText(member.Key.Evaluate(frame), "a mapping's key"), member.Value.Evaluate(frame)))]);
}

/// <summary><c>of.name</c></summary>
internal sealed record JinjaAttribute(JinjaPosition At, JinjaExpression Of, string Name) : JinjaExpression(At)
{
    protected override object? ValueIn(JinjaFrame frame)
    {
        var owner = Of.Evaluate(frame);
        Return(frame);
        return Get(owner, Name);
    }

    public static object? Get(object? owner, string name)
    {
        switch (owner)
        {
            case JinjaUndefined undefined:
                throw undefined.Fault;
            case JinjaNamespace space when space.Attributes.TryGetValue(name, out var value):
                return value;
            case JinjaMap map when !JinjaMethods.IsOfMap(name) && map.TryGet(MarkedText.Own(name), out var member):
                return member;
            default:
                return (object?)JinjaMethods.Find(owner, name) ?? new JinjaUndefined(name);
        }
    }
}

/// <summary><c>of[key]</c></summary>
internal sealed record JinjaItem(JinjaPosition At, JinjaExpression Of, JinjaExpression Key) : JinjaExpression(At)
{
    protected override object? ValueIn(JinjaFrame frame)
    {
        var (owner, key) = (Of.Evaluate(frame), Key.Evaluate(frame));
        Return(frame);
        return Get(owner, key);
    }

    public static object? Get(object? owner, object? key)
    {
        switch (owner, key)
        {
            case (JinjaUndefined undefined, _):
                throw undefined.Fault;
            case (JinjaList { Items: var items }, long index):
                return Place(index, items.Count) is { } at ? items[at] : new JinjaUndefined($"item {index}");
            case (MarkedText text, long index):
                return Place(index, text.Length) is { } place ? text.Slice(place, 1) : new JinjaUndefined($"character {index}");
            case (JinjaMap map, MarkedText name):
                return map.TryGet(name, out var value) ? value : (object?)JinjaMethods.Find(map, name.Text) ?? new JinjaUndefined(name.Text);
            case (_, MarkedText name):
                return JinjaAttribute.Get(owner, name.Text);
            default:
                return new JinjaUndefined($"item {JinjaValues.KindOf(key)} of {JinjaValues.KindOf(owner)}");
        }
    }

    private static int? Place(long index, int count) =>
        index >= 0 ? index < count ? (int)index : null : index >= -count ? (int)(index + count) : null;
}

/// <summary><c>of[start:stop:step]</c></summary>
internal sealed record JinjaSlice(JinjaPosition At, JinjaExpression Of, JinjaExpression? Start, JinjaExpression? Stop, JinjaExpression? Stride) : JinjaExpression(At)
{
    protected override object? ValueIn(JinjaFrame frame)
    {
        var owner = Of.Evaluate(frame);
        var (start, stop, step) = (Bound(Start, frame), Bound(Stop, frame), Bound(Stride, frame) ?? 1);
        Return(frame);
        if (step == 0)
            throw new JinjaFault("a slice's step must not be 0.");
        if (owner is JinjaUndefined undefined)
            throw undefined.Fault;
        var count = owner is MarkedText said ? said.Length : owner is JinjaList all ? all.Items.Count : throw new JinjaFault($"{JinjaValues.KindOf(owner)} can't be sliced.");
        // As Python: bounds beyond the ends are the ends.
        var (least, most) = step > 0 ? (0L, (long)count) : (-1L, count - 1L);
        var from = Clamp(start, step > 0 ? least : most);
        var to = Clamp(stop, step > 0 ? most : least);
        if (step == 1 && owner is MarkedText text)
            return frame.Run.Made(text.Slice((int)from, (int)Math.Max(0, to - from)));
        var places = new List<int>();
        for (var at = from; step > 0 ? at < to : at > to; at += step)
            places.Add((int)at);
        frame.Run.Charge(places.Count);
        return owner is MarkedText letters
            ? MarkedText.Concat([.. places.Select(place => letters.Slice(place, 1))])
            : new JinjaList([.. places.Select(place => ((JinjaList)owner).Items[place])]);

        long Clamp(long? bound, long absent) => bound is { } value ? Math.Clamp(value < 0 ? value + count : value, least, most) : absent;
    }

    private static long? Bound(JinjaExpression? bound, JinjaFrame frame) =>
        bound?.Evaluate(frame) is { } value ? JinjaValues.RequireInteger(value, "a slice's bound") : null;
}

internal sealed record JinjaCall(JinjaPosition At, JinjaExpression Of, JinjaArgumentList Arguments) : JinjaExpression(At)
{
    protected override object? ValueIn(JinjaFrame frame)
    {
        var called = Of.Evaluate(frame);
        var arguments = Arguments.Evaluate(frame);
        Return(frame);
        if (called is JinjaUndefined && Of is JinjaAttribute attribute)
            throw new JinjaFault($"the method '{attribute.Name}' is not supported.");
        return called switch
        {
            JinjaFunction function => function.Call(frame, arguments),
            JinjaUndefined undefined => throw undefined.Fault,
            _ => throw new JinjaFault($"{JinjaValues.KindOf(called)} can't be called."),
        };
    }
}

internal sealed record JinjaArgumentList(IReadOnlyList<JinjaExpression> Positional, IReadOnlyList<(string Name, JinjaExpression Value)> Named)
{
    public static readonly JinjaArgumentList None = new([], []);

    public JinjaArguments Evaluate(JinjaFrame frame) => Positional.Count == 0 && Named.Count == 0 ? JinjaArguments.None : new JinjaArguments(
        [.. Positional.Select(value => value.Evaluate(frame))],
        [.. Named.Select(named => KeyValuePair.Create(named.Name, named.Value.Evaluate(frame)))]);
}

/// <summary><c>of | filter(...)</c></summary>
internal sealed record JinjaFilterCall(JinjaPosition At, JinjaExpression Of, JinjaFilter Filter, JinjaArgumentList Arguments) : JinjaExpression(At)
{
    protected override object? ValueIn(JinjaFrame frame)
    {
        var (input, arguments) = (Of.Evaluate(frame), Arguments.Evaluate(frame));
        Return(frame);
        return Filter.Apply(frame, input, arguments);
    }
}

/// <summary><c>of is test(...)</c></summary>
internal sealed record JinjaTestCall(JinjaPosition At, JinjaExpression Of, JinjaTest Test, JinjaArgumentList Arguments) : JinjaExpression(At)
{
    protected override object? ValueIn(JinjaFrame frame)
    {
        var (input, arguments) = (Of.Evaluate(frame), Arguments.Evaluate(frame));
        Return(frame);
        return Test.Holds(input, arguments);
    }
}

internal sealed record JinjaNot(JinjaPosition At, JinjaExpression Of) : JinjaExpression(At)
{
    protected override object? ValueIn(JinjaFrame frame) => !JinjaValues.IsTrue(Of.Evaluate(frame));
}

internal sealed record JinjaSign(JinjaPosition At, JinjaExpression Of, bool IsNegative) : JinjaExpression(At)
{
    protected override object? ValueIn(JinjaFrame frame)
    {
        var value = Of.Evaluate(frame);
        Return(frame);
        return IsNegative ? JinjaOperators.Subtract(0L, value) : JinjaOperators.Add(frame.Run, 0L, value);
    }
}

/// <summary><c>and</c> and <c>or</c>: the value that decides.</summary>
internal sealed record JinjaChoice(JinjaPosition At, JinjaExpression Left, JinjaExpression Right, bool IsAnd) : JinjaExpression(At)
{
    protected override object? ValueIn(JinjaFrame frame)
    {
        var left = Left.Evaluate(frame);
        return JinjaValues.IsTrue(left) == IsAnd ? Right.Evaluate(frame) : left;
    }
}

/// <summary><c>then if condition else otherwise</c></summary>
internal sealed record JinjaConditional(JinjaPosition At, JinjaExpression Condition, JinjaExpression Then, JinjaExpression? Otherwise) : JinjaExpression(At)
{
    protected override object? ValueIn(JinjaFrame frame) =>
        JinjaValues.IsTrue(Condition.Evaluate(frame)) ? Then.Evaluate(frame)
        : Otherwise is { } otherwise ? otherwise.Evaluate(frame)
        : new JinjaUndefined("the inline if without an else");
}

/// <summary><c>a &lt; b &lt;= c</c>: all neighbours compare so.</summary>
internal sealed record JinjaComparison(JinjaPosition At, JinjaExpression First, IReadOnlyList<(string Operator, JinjaExpression Operand)> Rest) : JinjaExpression(At)
{
    protected override object? ValueIn(JinjaFrame frame)
    {
        var left = First.Evaluate(frame);
        foreach (var (op, operand) in Rest)
        {
            var right = operand.Evaluate(frame);
            Return(frame);
            if (!JinjaOperators.Compares(op, left, right))
                return false;
            left = right;
        }
        return true;
    }
}

internal sealed record JinjaArithmetic(JinjaPosition At, string Operator, JinjaExpression Left, JinjaExpression Right) : JinjaExpression(At)
{
    protected override object? ValueIn(JinjaFrame frame)
    {
        var (left, right) = (Left.Evaluate(frame), Right.Evaluate(frame));
        Return(frame);
        return JinjaOperators.Apply(frame.Run, Operator, left, right);
    }
}

/// <summary><c>a ~ b ~ c</c>: their printed texts joined.</summary>
internal sealed record JinjaJoin(JinjaPosition At, IReadOnlyList<JinjaExpression> Parts) : JinjaExpression(At)
{
    protected override object? ValueIn(JinjaFrame frame)
    {
        List<MarkedText> parts = [.. Parts.Select(part => JinjaValues.Print(part.Evaluate(frame)))];
        frame.Run.CheckLength(parts.Sum(part => (long)part.Length));
        return frame.Run.Made(MarkedText.Concat(parts));
    }
}
