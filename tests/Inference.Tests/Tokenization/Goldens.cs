using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Pharos.Inference.Tests.Support;
using Pharos.Inference.Tokenization.Normalization;

namespace Pharos.Inference.Tests.Tokenization;

/// <summary>The folder of goldens: texts, and figures of the reference implementations.</summary>
internal static class Goldens
{
    private static readonly string Folder = Path.Combine(Repository.Root, "tests", "Inference.Tests", "Tokenization", "Goldens");

    public static string[] Texts { get; } = Strings("texts");

    public static JsonObject Read(string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, file)))!.AsObject();

    public static IEnumerable<string> Names(string ending) => Directory.GetFiles(Folder, $"*{ending}").Select(f => Path.GetFileName(f)[..^ending.Length]).Order();

    public static int[] Ids(JsonNode list) => [.. list.AsArray().Select(id => id!.GetValue<int>())];

    public static bool IsComposed(string text) => UnicodeForms.Normalize(text, NormalizationForm.FormC) == text;

    /// <summary>FNV-1a of the ids of the mixtures, 50 together, as evaluate.mjs has it.</summary>
    public static IEnumerable<uint> Hashes(Func<string, List<int>> encode) => Mixtures().Chunk(50).Select(texts =>
    {
        uint hash = 0x811c9dc5;
        foreach (uint id in texts.SelectMany(text => encode(text).Select(id => (uint)id).Append(uint.MaxValue)))
        {
            for (int shift = 0; shift < 32; shift += 8)
                hash = unchecked((hash ^ (id >> shift & 255)) * 0x01000193);
        }
        return hash;
    });

    /// <summary>The same texts as in evaluate.mjs: a linear congruential generator chooses scraps.</summary>
    public static IEnumerable<string> Mixtures()
    {
        string[] scraps = Strings("scraps");
        uint state = 1;
        int Next(int below) => (int)((state = unchecked(state * 1664525 + 1013904223)) / 4294967296.0 * below);
        for (int i = 0; i < 1000; i++)
            yield return string.Concat(Enumerable.Range(0, 1 + Next(12)).Select(_ => scraps[Next(scraps.Length)]));
    }

    /// <summary>texts.json writes half a surrogate pair, which is no JSON text, as {U+D800}.</summary>
    private static string[] Strings(string name) => [.. Read("texts.json")[name]!.AsArray().Select(t =>
        Regex.Replace(t!.GetValue<string>(), @"\{U\+([0-9A-F]{4})\}", half => ((char)Convert.ToUInt16(half.Groups[1].Value, 16)).ToString()))];
}
