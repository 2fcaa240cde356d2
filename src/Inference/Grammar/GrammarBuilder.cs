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
        Texts(from, sorted, 0, to);
    }

    private void Texts(int from, ReadOnlySpan<byte[]> sorted, int depth, int to)
    {
        while (!sorted.IsEmpty)
        {
            byte next = sorted[0][depth];
            int same = 1;
            while (same < sorted.Length && sorted[same][depth] == next)
                same++;
            var group = sorted[..same];
            sorted = sorted[same..];
            while (!group.IsEmpty && group[0].Length == depth + 1)
            {
                if (group.Length == 1 || group[1].Length > depth + 1)
                    Byte(from, next, next, to);
                group = group[1..];
            }
            if (group.IsEmpty)
                continue;
            int node = Add();
            Byte(from, next, next, node);
            Texts(node, group, depth + 1, to);
        }
    }
}
