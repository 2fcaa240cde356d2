namespace Pharos.Inference.Grammar;

/// <param name="Depth">Bytes before its own.</param>
/// <param name="End">The node after its subtree.</param>
/// <param name="FirstId">Where in <see cref="TrieWalk.Ids"/> its tokens are.</param>
/// <param name="Ids">How many tokens end here; several where ids share a spelling.</param>
/// <param name="Below">Classes of the bytes in its subtree, its own left out; see <see cref="ByteClass"/>.</param>
internal readonly record struct TrieNode(byte Label, ushort Depth, int End, int FirstId, int Ids, ulong Below);

/// <summary>A prefix tree of tokens, its nodes in the order of a walk: a subtree that is of no use is skipped in one step.</summary>
internal sealed class TrieWalk
{
    private readonly TrieNode[] nodes;
    private readonly int[] ids;

    /// <param name="vocabulary">No token is empty.</param>
    public TrieWalk(IEnumerable<(byte[] Bytes, int Id)> vocabulary)
    {
        var sorted = vocabulary.OrderBy(token => token.Bytes, Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b))).ThenBy(token => token.Id).ToArray();
        Longest = sorted.Select(token => token.Bytes.Length).DefaultIfEmpty(0).Max();
        ids = [.. sorted.Select(token => token.Id)];
        var building = new List<TrieNode>();
        var path = new int[Longest]; // [depth] node of the token before
        byte[] before = [];
        for (int i = 0; i < sorted.Length; i++)
        {
            var bytes = sorted[i].Bytes;
            int shared = bytes.AsSpan().CommonPrefixLength(before);
            Close(building, path, shared, before.Length);
            for (int depth = shared; depth < bytes.Length; depth++)
            {
                path[depth] = building.Count;
                building.Add(new TrieNode(bytes[depth], checked((ushort)depth), 0, i, 0, 0));
            }
            var last = building[path[bytes.Length - 1]];
            building[path[bytes.Length - 1]] = last with { Ids = last.Ids + 1 };
            before = bytes;
        }
        Close(building, path, 0, before.Length);
        nodes = [.. building];
        TellBelow(nodes, Longest);
    }

    public ReadOnlySpan<TrieNode> Nodes => nodes;

    public ReadOnlySpan<int> Ids => ids;

    /// <summary>Bytes of the longest token.</summary>
    public int Longest { get; }

    /// <summary>All tokens in the subtree of a node.</summary>
    public ReadOnlySpan<int> IdsWithin(TrieNode node) => ids.AsSpan(node.FirstId..(node.End < nodes.Length ? nodes[node.End].FirstId : ids.Length));

    private static void TellBelow(Span<TrieNode> nodes, int longest)
    {
        var below = new ulong[longest + 1]; // [depth] of the nodes passed since their parent
        for (int i = nodes.Length - 1; i >= 0; i--)
        {
            ref var node = ref nodes[i];
            node = node with { Below = below[node.Depth + 1] };
            below[node.Depth + 1] = 0;
            below[node.Depth] |= node.Below | ByteClass.Of(node.Label);
        }
    }

    private static void Close(List<TrieNode> building, int[] path, int from, int to)
    {
        for (int depth = from; depth < to; depth++)
            building[path[depth]] = building[path[depth]] with { End = building.Count };
    }
}
