using System.IO.Compression;
using System.Text.Json;
using Pharos.Scheduling.Prediction;

namespace Pharos.Bench.Scheduling.Predict;

/// <summary>Prompts with the lengths of their answers: JSON lines with <c>prompt</c> and <c>response_tokens</c>, gzipped or not.</summary>
internal static class PromptSet
{
    /// <summary>Words stand for tokens: a predictor sees them as hashes either way.</summary>
    public static IReadOnlyList<(SegmentContext Context, int Tokens)> Read(string path)
    {
        using var file = File.OpenRead(path);
        using var text = new StreamReader(path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file);
        var rows = new List<(SegmentContext, int)>();
        while (text.ReadLine() is { } line)
        {
            using var row = JsonDocument.Parse(line);
            var prompt = row.RootElement.GetProperty("prompt").GetString()!;
            int[] tokens = [.. prompt.Split([' ', '\n', '\t', '.', ',', '?', ':', ';', '"', '(', ')'], StringSplitOptions.RemoveEmptyEntries).Select(Token)];
            rows.Add((new SegmentContext(0, 0, row.RootElement.TryGetProperty("prompt_tokens", out var count) ? count.GetInt32() : tokens.Length,
                PromptFeatures.Words(tokens), 0, null), Math.Max(1, row.RootElement.GetProperty("response_tokens").GetInt32())));
        }

        return rows;
    }

    private static int Token(string word) => (int)(PromptFeatures.Offer(word.ToLowerInvariant()) & 0x7fff_ffff);
}
