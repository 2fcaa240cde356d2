using System.Text.Json;
using Pharos.Inference.Loading;

namespace Pharos.Inference.Tokenization.Reading;

/// <summary>Reads <c>post_processor</c>: which tokens stand before and after a raw prompt.</summary>
internal static class PostProcessorReader
{
    private const string Supported = "null, ByteLevel, TemplateProcessing of one text, RobertaProcessing, BertProcessing, or a Sequence of them";

    public static (int[] Start, int[] End) Read(JsonFields root)
    {
        List<int> start = [], end = [];
        if (root.Find("post_processor") is not { } element)
            return ([], []);
        foreach (var step in TokenizerFile.Steps(element, "processors"))
        {
            switch (TokenizerFile.TypeOf(step))
            {
                case "ByteLevel": // moves offsets, which are not kept here
                    break;
                case "TemplateProcessing":
                    ReadTemplate(root, step, start, end);
                    break;
                case "RobertaProcessing" or "BertProcessing":
                    start.Insert(0, SecondOf(root, step, "cls"));
                    end.Add(SecondOf(root, step, "sep"));
                    break;
                default:
                    throw root.Unsupported("post_processor", step, Supported);
            }
        }
        return ([.. start], [.. end]);
    }

    private static void ReadTemplate(JsonFields root, JsonElement step, List<int> start, List<int> end)
    {
        if (!step.TryGetProperty("single", out var single) || single.ValueKind != JsonValueKind.Array)
            throw root.Unsupported("post_processor", step, Supported);
        List<int> before = [], after = [];
        bool seen = false;
        foreach (var part in single.EnumerateArray())
        {
            if (part.ValueKind == JsonValueKind.Object && part.TryGetProperty("Sequence", out _) && !seen)
                seen = true;
            else if (part.ValueKind == JsonValueKind.Object && part.TryGetProperty("SpecialToken", out var token) && token.TryGetProperty("id", out var name))
                (seen ? after : before).AddRange(IdsOf(root, step, name));
            else
                throw root.Unsupported("post_processor.single", part, "special tokens around one Sequence");
        }
        if (!seen)
            throw root.Unsupported("post_processor.single", single, "special tokens around one Sequence");
        start.InsertRange(0, before);
        end.AddRange(after);
    }

    private static int[] IdsOf(JsonFields root, JsonElement step, JsonElement name)
    {
        if (step.TryGetProperty("special_tokens", out var tokens) && tokens.ValueKind == JsonValueKind.Object && name.ValueKind == JsonValueKind.String
            && tokens.TryGetProperty(name.GetString()!, out var token))
            return new JsonFields($"{root.FileName}: post_processor.special_tokens", token).Integers("ids");
        throw root.Unsupported("post_processor.single", name, "the name of an entry of special_tokens");
    }

    private static int SecondOf(JsonFields root, JsonElement step, string name) =>
        step.TryGetProperty(name, out var pair) && pair.ValueKind == JsonValueKind.Array && pair.GetArrayLength() == 2
        && pair[1].ValueKind == JsonValueKind.Number && pair[1].TryGetInt32(out int id)
            ? id : throw root.Unsupported("post_processor", step, $"{name} as a pair of a token and its id");
}
