using System.Collections.Immutable;
using System.Text.Json;
using Pharos.Gateway.Chat;
using Pharos.Gateway.Http;

namespace Pharos.Gateway.Requests;

/// <summary>Reads an array of token ids.</summary>
internal static class TokenIds
{
    /// <param name="array">A JSON array.</param>
    /// <param name="vocabularySize">Ids are below it.</param>
    public static ImmutableArray<int> Read(JsonElement array, string path, int vocabularySize)
    {
        var tokens = ImmutableArray.CreateBuilder<int>(array.GetArrayLength());
        var expected = $"a token id from 0 to {vocabularySize - 1}";
        foreach (var element in array.EnumerateArray())
        {
            var at = $"{path}[{tokens.Count}]";
            if (element.ValueKind != JsonValueKind.Number)
                throw RequestFields.WrongType(at, expected, element);
            tokens.Add(element.TryGetInt32(out var id) && id >= 0 && id < vocabularySize ? id : throw RequestFields.OutOfRange(at, expected, element));
        }
        return tokens.ToImmutable();
    }
}
