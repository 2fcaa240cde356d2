using System.Buffers;
using System.Text;

namespace Pharos.Inference.Tokenization.Models;

/// <summary>
/// Unigram language model: of all ways to write a piece in tokens the one with the highest sum of scores (Viterbi). Kudo, "Subword
/// Regularization", 2018; ties and unknown characters are resolved as SentencePiece does.
/// </summary>
internal sealed class UnigramModel : TokenModel
{
    private const double UnknownPenalty = 10;

    private readonly Dictionary<long, int> children = []; // (node, character) to node
    private readonly List<int> tokenOf = [-1];            // [node]
    private readonly double[] scores;
    private readonly double unknownScore;
    private readonly int unknown;
    private readonly int[]? byteTokens;

    /// <param name="vocabulary">Spelling and score (log probability) by id; the empty spelling is never matched.</param>
    /// <param name="byteTokens">[256], or null where the model has no byte fallback.</param>
    public UnigramModel(IReadOnlyList<(string Spelling, double Score)> vocabulary, int unknown, int[]? byteTokens)
    {
        (this.unknown, this.byteTokens) = (unknown, byteTokens);
        scores = [.. vocabulary.Select(t => t.Score)];
        unknownScore = scores.Min() - UnknownPenalty;
        for (int id = 0; id < vocabulary.Count; id++)
        {
            int node = 0;
            foreach (char next in vocabulary[id].Spelling)
            {
                if (!children.TryGetValue(Edge(node, next), out int child))
                {
                    child = tokenOf.Count;
                    tokenOf.Add(-1);
                    children.Add(Edge(node, next), child);
                }
                node = child;
            }
            if (node > 0)
                tokenOf[node] = id; // of equal spellings the last
        }
    }

    public override void Encode(ReadOnlySpan<char> piece, List<int> tokens)
    {
        var best = ArrayPool<Step>.Shared.Rent(piece.Length + 1);
        var steps = best.AsSpan(0, piece.Length + 1);
        steps.Fill(new Step(-1, -1, 0));
        for (int at = 0, width; at < piece.Length; at += width)
        {
            width = char.IsHighSurrogate(piece[at]) && at + 1 < piece.Length ? 2 : 1;
            double before = steps[at].Score;
            bool single = false;
            for (int node = 0, end = at; end < piece.Length && children.TryGetValue(Edge(node, piece[end]), out node); )
            {
                end++;
                if (tokenOf[node] is not (>= 0 and var token))
                    continue;
                Offer(ref steps[end], at, token, before + scores[token]);
                single |= end - at == width;
            }
            if (!single)
                Offer(ref steps[at + width], at, unknown, before + unknownScore);
        }
        Emit(piece, steps, tokens);
        ArrayPool<Step>.Shared.Return(best);
    }

    private static void Offer(ref Step step, int start, int token, double score)
    {
        if (step.Start < 0 || score > step.Score)
            step = new Step(start, token, score);
    }

    /// <summary>Reads the path backwards; neighbouring unknowns are one, spelled in bytes where the model can.</summary>
    private void Emit(ReadOnlySpan<char> piece, Span<Step> steps, List<int> tokens)
    {
        int first = tokens.Count;
        for (int end = piece.Length, start; end > 0; end = start)
        {
            int token = steps[end].Token;
            start = steps[end].Start;
            while (token == unknown && start > 0 && steps[start].Token == unknown)
                start = steps[start].Start;
            if (token == unknown && byteTokens is not null)
            {
                byte[] utf8 = Encoding.UTF8.GetBytes(piece[start..end].ToArray());
                for (int i = utf8.Length - 1; i >= 0; i--)
                    tokens.Add(byteTokens[utf8[i]]);
            }
            else
            {
                tokens.Add(token);
            }
        }
        tokens.Reverse(first, tokens.Count - first);
    }

    private static long Edge(int node, char next) => ((long)node << 16) | next;

    /// <summary>How the best path to a place ends.</summary>
    private readonly record struct Step(int Start, int Token, double Score);
}
