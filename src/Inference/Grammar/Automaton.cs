using System.Runtime.InteropServices;

namespace Pharos.Inference.Grammar;

/// <summary>
/// One of the stacks a grammar may be at: the place reached, and what is to be returned to. Equal stacks are one object while their automaton
/// remembers them.
/// </summary>
/// <param name="Count">Rounds of the loop at <paramref name="Node"/> that were begun.</param>
internal sealed class StackFrame(int node, int count, StackFrame? parent)
{
    public int Node => node;

    public int Count => count;

    public StackFrame? Parent => parent;

    /// <summary>Frames below; about as many as values are open.</summary>
    public int Depth { get; } = parent is null ? 0 : parent.Depth + 1;
}

/// <summary>All stacks that one text may have led to. Immutable but for what was found out about it.</summary>
/// <param name="Frames">Those that go on with a byte, in the order they were found.</param>
/// <param name="MayEnd">The text is whole.</param>
internal sealed class AutomatonState(StackFrame[] frames, bool mayEnd)
{
    public StackFrame[] Frames => frames;

    public bool MayEnd => mayEnd;

    /// <summary>Nothing follows and nothing is whole.</summary>
    public bool IsDead => frames.Length == 0 && !mayEnd;

    /// <summary>[byte] where it leads, as far as that was asked.</summary>
    public AutomatonState?[]? Next { get; set; }

    /// <summary>Tokens that may follow, once that was asked.</summary>
    public TokenMask? Mask { get; set; }

    /// <summary>Classes of bytes (<see cref="ByteClass"/>) that change nothing, once that was asked.</summary>
    public ulong? Loops { get; set; }
}

/// <summary>
/// Runs a grammar as a pushdown automaton over sets of stacks and remembers what it found, so that a byte costs a look-up mostly. For one thread.
/// </summary>
internal sealed class Automaton
{
    private const int MaxFrames = 1024; // more readings of one text are given up: the rest still are valid
    private const int MaxStates = 4096;
    private const int MaxStackFrames = 100_000;
    private const int BytesOfFrame = 100, BytesOfState = 200, BytesOfLinks = 256 * 8, BytesOfNode = 400; // with their places in tables, about
    private const int DeepNesting = 48; // readers of JSON take 64 commonly
    private const int MaxDepth = 2000;

    private readonly record struct FrameKey(int Node, int Count, StackFrame? Parent);

    private sealed class ByFrames : IEqualityComparer<AutomatonState>
    {
        public bool Equals(AutomatonState? x, AutomatonState? y) => x!.MayEnd == y!.MayEnd && x.Frames.AsSpan().SequenceEqual(y.Frames);

        public int GetHashCode(AutomatonState state)
        {
            var hash = new HashCode();
            foreach (var frame in state.Frames)
                hash.Add(frame);
            return hash.ToHashCode();
        }
    }

    private readonly GrammarNet net;
    private readonly AutomatonState dead = new([], mayEnd: false);
    private readonly Dictionary<FrameKey, StackFrame> stacks = [];
    private readonly HashSet<AutomatonState> states = new(new ByFrames());
    private readonly HashSet<StackFrame> seen = [];
    private readonly Stack<StackFrame> left = [];
    private readonly List<StackFrame> reached = [];
    private readonly List<StackFrame> avoided = []; // calls that nest deeper still
    private bool mayEnd;

    public Automaton(GrammarNet net)
    {
        this.net = net;
        Reach(Frame(net.Start, 0, null));
        Start = Reached();
    }

    public AutomatonState Start { get; }

    /// <summary>About what it holds in memory now. May be asked on any thread.</summary>
    public long Bytes => (long)net.Nodes.Count * BytesOfNode + (long)stacks.Count * BytesOfFrame + (long)states.Count * (BytesOfState + BytesOfLinks);

    /// <summary>Where a byte leads.</summary>
    public AutomatonState Step(AutomatonState state, byte next) => state.Next?[next] ?? Explore(state, next);

    /// <summary>
    /// The state with its counts replaced by those of the plainest state that takes the same texts of up to <paramref name="length"/> bytes: in the
    /// middle of a bounded string it does not matter how much of it was said.
    /// </summary>
    public AutomatonState Plainest(AutomatonState state, int length)
    {
        foreach (var frame in state.Frames)
        {
            var plain = Plainest(frame, length);
            if (seen.Add(plain))
                reached.Add(plain);
        }
        mayEnd = state.MayEnd;
        return Reached();
    }

    /// <summary>
    /// How many characters more the string takes that the state is within; <see cref="int.MaxValue"/> where nothing bounds it. Null where it is
    /// within none, and where plain characters can be read in several ways.
    /// </summary>
    public int? CharactersLeft(AutomatonState state)
    {
        int? left = null;
        foreach (var frame in state.Frames)
        {
            if (left is null && frame.Node == net.Character && frame.Parent is { } rounds && net.Nodes[rounds.Node].Loop is { } loop && loop.Body == net.Character)
                left = loop.Most is { } most ? most - rounds.Count + 1 : int.MaxValue; // the round under way is counted
            else if (TakesPlain(net.Nodes[frame.Node]))
                return null;
        }
        return left;
    }

    /// <summary>Classes of bytes that lead from the state to itself.</summary>
    public ulong LoopsOf(AutomatonState state)
    {
        if (state.Loops is { } known)
            return known;
        ulong loops = ulong.MaxValue;
        for (int value = 0; value <= byte.MaxValue; value++)
        {
            if (Step(state, (byte)value) != state)
                loops &= ~ByteClass.Of((byte)value);
        }
        state.Loops = loops;
        return loops;
    }

    private static bool TakesPlain(GrammarNode node)
    {
        foreach (var edge in CollectionsMarshal.AsSpan(node.Edges))
        {
            if (edge.High >= 0x20 && !(edge.Low == edge.High && edge.Low is (byte)'"' or (byte)'\\'))
                return true;
        }
        return false;
    }

    // All bytes around it that the same edges take lead to the same place: most states have a handful of such ranges.
    private AutomatonState Explore(AutomatonState state, byte next)
    {
        int low = 0, high = byte.MaxValue;
        bool any = false;
        foreach (var frame in state.Frames)
        {
            foreach (var edge in CollectionsMarshal.AsSpan(net.Nodes[frame.Node].Edges))
            {
                if (edge.High < next)
                {
                    low = Math.Max(low, edge.High + 1);
                }
                else if (edge.Low > next)
                {
                    high = Math.Min(high, edge.Low - 1);
                }
                else
                {
                    (low, high, any) = (Math.Max(low, edge.Low), Math.Min(high, edge.High), true);
                    Reach(Frame(edge.Target, 0, frame.Parent));
                }
            }
        }
        var found = any ? Reached() : dead;
        (state.Next ??= new AutomatonState?[256]).AsSpan(low, high - low + 1).Fill(found);
        return found;
    }

    /// <summary>Follows all that costs no byte.</summary>
    private void Reach(StackFrame from)
    {
        left.Push(from);
        Reach();
    }

    private void Reach()
    {
        while (left.TryPop(out var frame))
        {
            if (!seen.Add(frame) || reached.Count == MaxFrames)
                continue;
            if (frame.Node == GrammarBuilder.End)
            {
                if (frame.Parent is { } caller)
                    left.Push(caller);
                else
                    mayEnd = true;
                continue;
            }
            var node = net.Nodes[frame.Node];
            if (node.Edges.Count > 0)
                reached.Add(frame);
            foreach (int skip in node.Skips)
                left.Push(Frame(skip, 0, frame.Parent));
            if (node.Recurs && frame.Depth >= DeepNesting)
                avoided.Add(frame);
            else
                Call(node, frame);
            if (node.Loop is { } loop)
            {
                if (frame.Count >= loop.Least)
                    left.Push(Frame(loop.Exit, 0, frame.Parent));
                if (loop.Most is null || frame.Count < loop.Most)
                    left.Push(Frame(loop.Body, 0, Frame(frame.Node, loop.Most is null ? Math.Min(frame.Count + 1, loop.Least) : frame.Count + 1, frame.Parent)));
            }
        }
    }

    private void Call(GrammarNode node, StackFrame frame)
    {
        if (node.Rule is { } rule && frame.Depth < MaxDepth)
            left.Push(Frame(rule, 0, node.Return == GrammarBuilder.End ? frame.Parent : Frame(node.Return, 0, frame.Parent)));
    }

    private AutomatonState Reached()
    {
        if (reached.Count == 0 && !mayEnd)
        {
            for (int i = 0; i < avoided.Count; i++)
            {
                Call(net.Nodes[avoided[i].Node], avoided[i]);
                Reach();
            }
        }
        avoided.Clear();
        if (reached.Count == 0 && !mayEnd)
        {
            seen.Clear();
            return dead;
        }
        var found = new AutomatonState([.. reached], mayEnd);
        reached.Clear();
        seen.Clear();
        mayEnd = false;
        if (states.TryGetValue(found, out var known))
            return known;
        if (states.Count >= MaxStates || stacks.Count >= MaxStackFrames)
            Forget();
        states.Add(found);
        return found;
    }

    /// <summary>Gives memory back. States that sequences are at stay usable; what they lead to is found anew.</summary>
    public void Forget()
    {
        foreach (var state in states)
            (state.Next, state.Mask) = (null, null);
        states.Clear();
        stacks.Clear();
    }

    private StackFrame Frame(int node, int count, StackFrame? parent)
    {
        ref var frame = ref CollectionsMarshal.GetValueRefOrAddDefault(stacks, new FrameKey(node, count, parent), out _);
        return frame ??= new StackFrame(node, count, parent);
    }

    private StackFrame Plainest(StackFrame frame, int length)
    {
        var parent = frame.Parent is null ? null : Plainest(frame.Parent, length);
        int count = frame.Count;
        if (net.Nodes[frame.Node].Loop is { } loop && count > 0)
        {
            int far = length + 2; // rounds that no token reaches: each takes a byte at least
            if (count < loop.Least)
                count = loop.Least - count > far ? 0 : count;
            else if (loop.Most is null || loop.Most - count > far)
                count = loop.Least;
        }
        return Frame(frame.Node, count, parent);
    }
}
