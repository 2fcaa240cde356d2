using System.Text.Json.Nodes;
using Pharos.Inference.Tokenization;
using Pharos.Inference.Tokenization.Models;

namespace Pharos.Inference.Tests.Support;

/// <summary>Writes tokenizer.json files: 256 bytes, merges on top, some added tokens.</summary>
internal static class ByteTokenizer
{
    public const int ImStart = 257;
    public const int ImEnd = 258;
    public const int ToolCall = 259;
    public const int ToolCallEnd = 260;

    public static string Json(JsonNode? preTokenizer = null, string[]? merges = null, bool ignoreMerges = false, bool mergesAsPairs = false)
    {
        var vocab = new JsonObject();
        for (int value = 0; value < 256; value++)
            vocab[ByteAlphabet.Spell((byte)value).ToString()] = value;
        int next = 264;
        foreach (string merge in merges ?? [])
            vocab[merge.Replace(" ", "")] = next++;
        return new JsonObject
        {
            ["added_tokens"] = new JsonArray(
                Added(256, "<|endoftext|>", true), Added(ImStart, "<|im_start|>", true), Added(ImEnd, "<|im_end|>", true),
                Added(ToolCall, "<tool_call>", false), Added(ToolCallEnd, "</tool_call>", false), Added(261, "<tool", false)),
            ["normalizer"] = null,
            ["pre_tokenizer"] = preTokenizer ?? ByteLevel(useRegex: false),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["ignore_merges"] = ignoreMerges,
                ["vocab"] = vocab,
                ["merges"] = new JsonArray([.. (merges ?? []).Select(m => mergesAsPairs ? new JsonArray([.. m.Split(' ').Select(p => (JsonNode)p)]) : (JsonNode)m)]),
            },
        }.ToJsonString();
    }

    public static JsonObject ByteLevel(bool useRegex, bool prefixSpace = false) =>
        new() { ["type"] = "ByteLevel", ["add_prefix_space"] = prefixSpace, ["use_regex"] = useRegex };

    public static Tokenizer Load(string json)
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "tokenizer.json");
        File.WriteAllText(path, json);
        return Tokenizer.Load(path);
    }

    private static JsonObject Added(int id, string content, bool special) =>
        new() { ["id"] = id, ["content"] = content, ["special"] = special, ["lstrip"] = false, ["rstrip"] = false, ["single_word"] = false };
}
