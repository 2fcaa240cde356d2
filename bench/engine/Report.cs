using System.Globalization;
using System.Text;

namespace Pharos.Bench.Engine;

/// <summary>Results as rows on the console and as a page.</summary>
internal static class Report
{
    public static void Row(Sample s, bool first)
    {
        if (first)
            Console.WriteLine($"{Machine.Describe()}\n{"test",-8} {"dtype",-5} {"batch",5} {"depth",5} {"threads",7} {"tokens/s",10} {"bandwidth",9} {"FMA peak",8} {"peer",10} {"ratio",6}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{s.Test,-8} {s.Dtype,-5} {s.Batch,5} {s.Depth,5} {s.Threads,7} {s.TokensPerSecond,10:F1} {s.ShareOfBandwidth,9:P0} {s.ShareOfFmaPeak,8:P0} {s.Peer?.TokensPerSecond,10:F1} {s.TokensPerSecond / s.Peer?.TokensPerSecond,6:F2}"));
    }

    /// <summary>Replaces the section of this shape in the page, or adds it.</summary>
    public static void Write(string path, Arguments arguments, IReadOnlyList<Sample> samples)
    {
        string heading = $"## {arguments.Text("model") ?? arguments.Text("shape", "768x12")}";
        string page = File.Exists(path) ? File.ReadAllText(path) : Introduction();
        int start = page.IndexOf(heading + "\n", StringComparison.Ordinal);
        int end = start < 0 ? page.Length : page.IndexOf("\n## ", start + 1, StringComparison.Ordinal) is var next and >= 0 ? next + 1 : page.Length;
        string before = start < 0 ? page.TrimEnd() + "\n\n" : page[..start];
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, before + Section(heading, arguments, samples) + (end < page.Length ? "\n" + page[end..] : ""));
    }

    private static string Introduction() => """
        # The CPU engine in figures

        Written by `bench/engine`. Weights are seeded random numbers of real shapes. Every sample stands beside a probe of the machine: *bandwidth* is the
        share of a plain memory read (weights and caches over time), *FMA peak* the share of fp32 multiply-adds from registers. The peer is llama.cpp on the
        same weights (BF16, F32 or Q8_0 for int8), its samples in turn with ours; figures are medians. On one thread time is the processor time of the
        process, as the machine may have other users. Ratios within a run say more than tokens per second, and they too depend on the processor: where it has
        instructions for products of bf16 and int8, which .NET does not offer, the fp32 peak does not bind the peer.

        """;

    private static string Section(string heading, Arguments arguments, IReadOnlyList<Sample> samples)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{heading}\n\n{Machine.Describe()}, medians of {arguments.Text("repeats", "5")}.\n\n    dotnet run -c Release --project bench/engine -- {arguments}\n\n");
        text.Append("| test | weights | batch | depth | threads | tokens/s | of bandwidth | of FMA peak | peer | ratio |\n|---|---|---|---|---|---|---|---|---|---|\n");
        foreach (var s in samples)
            text.Append(CultureInfo.InvariantCulture,
                $"| {s.Test} | {s.Dtype} | {s.Batch} | {s.Depth} | {s.Threads} | {Rate(s.TokensPerSecond)} | {s.ShareOfBandwidth * 100:F0} % | {s.ShareOfFmaPeak * 100:F0} % | {(s.Peer is { } p ? Rate(p.TokensPerSecond) : "")} | {(s.Peer is { } q ? (s.TokensPerSecond / q.TokensPerSecond).ToString("F2", CultureInfo.InvariantCulture) : "")} |\n");
        return text.ToString();
    }

    private static string Rate(double tokensPerSecond) => tokensPerSecond.ToString(tokensPerSecond < 100 ? "F1" : "F0", CultureInfo.InvariantCulture);
}
