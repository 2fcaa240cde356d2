using System.Text;

namespace Pharos.Inference.Grammar;

/// <summary>
/// Draws grammars over bytes as recursive transition networks (Woods 1970): a rule is known by its first node, all its ways end in <see cref="End"/>.
/// </summary>
internal sealed class GrammarBuilder
{
    /// <summary>Where every rule ends.</summary>
    public const int End = 0;

    private const int MaxNodes = 400_000;
    private readonly List<GrammarNode> nodes = [new()];

    public IReadOnlyList<GrammarNode> Nodes => nodes;

    /// <summary>A new node.</summary>
    /// <exception cref="SchemaException">There are too many.</exception>
    public int Add()
    {
        if (nodes.Count == MaxNodes)
            throw new SchemaException("", $"is too large: its grammar has more than {MaxNodes} states");
        nodes.Add(new GrammarNode());
        return nodes.Count - 1;
    }

    public void Byte(int from, byte low, byte high, int to) => nodes[from].Edges.Add(new ByteEdge(low, high, to));

    public void Byte(int from, char one, int to) => Byte(from, (byte)one, (byte)one, to);

    /// <summary>Any of some ASCII characters.</summary>
    public void AnyOf(int from, string characters, int to)
    {
        foreach (char character in characters)
            Byte(from, character, to);
    }

    public void Skip(int from, int to) => nodes[from].Skips.Add(to);

    public void Call(int from, int rule, int to, bool recurs = false)
    {
        if (nodes[from].Rule is not null)
        {
            int own = Add();
            Skip(from, own);
            from = own;
        }
        (nodes[from].Rule, nodes[from].Return, nodes[from].Recurs) = (rule, to, recurs);
    }

    public void Loop(int from, int body, int least, int? most, int to)
    {
        int own = Add();
        Skip(from, own);
        nodes[own].Loop = new GrammarLoop(body, least, most, to);
    }

    public void Text(int from, string text, int to) => Texts(from, [text], to);

    /// <summary>Any of some texts, none of them empty; common beginnings are walked once.</summary>
    public void Texts(int from, IEnumerable<string> texts, int to)
    {
        var sorted = texts.Select(Encoding.UTF8.GetBytes).Order(Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b))).ToArray();
        // Not by recursion: a single text may be longer than a thread's stack is deep.
        var open = new Stack<(int Node, int First, int End, int Depth)>([(from, 0, sorted.Length, 0)]);
        while (open.TryPop(out var branch))
        {
            var (node, first, end, depth) = branch;
            for (int same; first < end; first = same)
            {
                byte next = sorted[first][depth];
                int longer = first;
                for (same = first; same < end && sorted[same][depth] == next; same++)
                    longer += sorted[same].Length == depth + 1 ? 1 : 0; // the shortest come first
                if (longer > first)
                    Byte(node, next, next, to);
                if (longer == same)
                    continue;
                int inner = Add();
                Byte(node, next, next, inner);
                open.Push((inner, longer, same, depth + 1));
            }
        }
    }
}
