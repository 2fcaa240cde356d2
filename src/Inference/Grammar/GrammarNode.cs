namespace Pharos.Inference.Grammar;

/// <summary>Bytes from <paramref name="Low"/> to <paramref name="High"/> lead to <paramref name="Target"/>.</summary>
internal readonly record struct ByteEdge(byte Low, byte High, int Target);

/// <param name="Body">The rule repeated.</param>
/// <param name="Most">Null: no limit.</param>
/// <param name="Exit">Where it goes on afterwards.</param>
internal sealed record GrammarLoop(int Body, int Least, int? Most, int Exit);

/// <summary>
/// A place in a grammar. What leaves it is tried together: bytes, other places for nothing, a rule that returns to <see cref="Return"/>, or one more
/// round of a loop.
/// </summary>
internal sealed class GrammarNode
{
    public List<ByteEdge> Edges { get; } = [];

    public List<int> Skips { get; } = [];

    public int? Rule { get; set; }

    public int Return { get; set; }

    /// <summary>The rule may come again within itself: deep down it is entered only where nothing else can be said.</summary>
    public bool Recurs { get; set; }

    public GrammarLoop? Loop { get; set; }
}
