namespace Pharos.Inference.Chat.Jinja;

/// <param name="Filter">Items it does not hold for are left out.</param>
/// <param name="Otherwise">Runs where there is no item.</param>
internal sealed record JinjaFor(
    JinjaPosition At, JinjaTarget Target, JinjaExpression Of, JinjaExpression? Filter, IReadOnlyList<JinjaStatement> Body,
    IReadOnlyList<JinjaStatement> Otherwise) : JinjaStatement(At)
{
    public override JinjaFlow Run(JinjaFrame frame)
    {
        var value = Of.Evaluate(frame);
        frame.Run.At = At;
        Loop(frame, value);
        return JinjaFlow.Next;
    }

    private void Loop(JinjaFrame frame, object? value)
    {
        var items = JinjaValues.RequireItems(value);
        if (Filter is { } filter)
            items = [.. items.Where(item => Passes(frame, filter, item))];
        if (items.Count == 0)
        {
            RunAll(Otherwise, frame.Inner());
            return;
        }
        var state = new LoopState();
        for (var i = 0; i < items.Count; i++)
        {
            frame.Run.Step(At);
            var inner = frame.Inner();
            Target.Set(inner, items[i]);
            inner.Set("loop", Describe(items, i, state));
            if (RunAll(Body, inner) == JinjaFlow.Break)
                return;
        }
    }

    private bool Passes(JinjaFrame frame, JinjaExpression filter, object? item)
    {
        var inner = frame.Inner();
        Target.Set(inner, item);
        return JinjaValues.IsTrue(filter.Evaluate(inner));
    }

    private static JinjaNamespace Describe(IReadOnlyList<object?> items, int at, LoopState state)
    {
        var loop = new JinjaNamespace();
        var all = loop.Attributes;
        (all["index"], all["index0"]) = (at + 1L, (long)at);
        (all["revindex"], all["revindex0"]) = ((long)(items.Count - at), items.Count - at - 1L);
        (all["first"], all["last"]) = (at == 0, at == items.Count - 1);
        all["length"] = (long)items.Count;
                all["previtem"] = at > 0 ? items[at - 1] : new JinjaUndefined("loop.previtem");
        all["nextitem"] = at + 1 < items.Count ? items[at + 1] : new JinjaUndefined("loop.nextitem");
        all["cycle"] = new JinjaFunction("loop.cycle", (_, given) =>
            given.Positional.Count > 0 ? given.Positional[at % given.Positional.Count] : throw new JinjaFault("'loop.cycle' needs at least one argument."));
        all["changed"] = new JinjaFunction("loop.changed", (_, given) => state.Changed(new JinjaList(given.Positional)));
        return loop;
    }

    private sealed class LoopState
    {
        private JinjaList? last;

        public bool Changed(JinjaList now)
        {
            var changed = last is null || !JinjaValues.AreEqual(last, now);
            last = now;
            return changed;
        }
    }
}
