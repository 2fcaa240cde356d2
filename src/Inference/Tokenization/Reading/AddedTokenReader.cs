using System.Text.Json;
using Pharos.Inference.Loading;

namespace Pharos.Inference.Tokenization.Reading;

/// <summary>Reads <c>added_tokens</c>.</summary>
internal static class AddedTokenReader
{
    public static List<AddedToken> Read(JsonFields root)
    {
        var tokens = new List<AddedToken>();
        if (root.Find("added_tokens") is not { ValueKind: JsonValueKind.Array } list)
            return tokens;
        foreach (var element in list.EnumerateArray())
        {
            var fields = new JsonFields($"{root.FileName}: added_tokens", element);
            if (fields.OptionalText("content") is not { Length: > 0 } content)
                throw fields.Missing("content", "the token's text");
            bool special = fields.Boolean("special", false);
            tokens.Add(new AddedToken(fields.Integer("id", 0, TokenizerFile.MaxId - 1), content, special)
            {
                LeftStrip = fields.Boolean("lstrip", false),
                RightStrip = fields.Boolean("rstrip", false),
                SingleWord = fields.Boolean("single_word", false),
                Normalized = fields.Boolean("normalized", !special),
            });
        }
        return tokens;
    }
}
