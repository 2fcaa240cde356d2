using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Pharos.Gateway.Chat;
using Pharos.Gateway.Http;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Requests;

/// <summary>What the model is, as far as the range of a field depends on it.</summary>
/// <param name="ContextTokens">Upper bound of limits on the answer.</param>
/// <param name="VocabularySize">Token ids are below it.</param>
internal readonly record struct ModelBounds(int ContextTokens, int VocabularySize);

/// <summary>Reads the fields about the choice of tokens.</summary>
internal static class SamplingReader
{
    public const int MostAnswers = 16;
    private const int MaxStops = 4;
    private const int MaxBiases = 1024;

    /// <param name="limits">Names of the field that limits the answer, the first that is there counts.</param>
    /// <param name="logprobs">Read by the API, since each spells it in its own way.</param>
    /// <exception cref="ApiException">A field is of a wrong type or out of range.</exception>
    public static SamplingRequest Read(RequestFields fields, ModelBounds model, ReadOnlySpan<string> limits, int? logprobs)
    {
        int? limit = null;
        foreach (var name in limits)
        {
            var given = (int?)fields.Integer(name, 1, model.ContextTokens);
            limit ??= given;
        }
        return new SamplingRequest(
            limit,
            (float?)fields.Number("temperature", 0, 2),
            (float?)fields.Number("top_p", 0, 1, leastAllowed: false),
            (int?)fields.Integer("top_k", -1, int.MaxValue),
            (ulong?)fields.Integer("seed", long.MinValue, long.MaxValue),
            Controls(fields, model.VocabularySize),
            logprobs) { Stop = Stop(fields), Slo = Slo(fields) };
    }

    // An hour is as long as the configuration takes it.
    private static SloRequest Slo(RequestFields fields) => fields.Object("pharos")?.Object("slo") is { } slo
        ? new SloRequest(slo.Number("ttft_seconds", 0, 3600, leastAllowed: false), slo.Number("itl_seconds", 0, 3600, leastAllowed: false))
        : default;

    /// <summary><c>n</c>: how many answers.</summary>
    public static int Answers(RequestFields fields) => (int)(fields.Integer("n", 1, MostAnswers) ?? 1);

    private static TokenControls? Controls(RequestFields fields, int vocabularySize)
    {
        var controls = new TokenControls(
            Biases(fields, vocabularySize), (float)(fields.Number("presence_penalty", -2, 2) ?? 0), (float)(fields.Number("frequency_penalty", -2, 2) ?? 0));
        return controls is { Biases.IsEmpty: true, PresencePenalty: 0, FrequencyPenalty: 0 } ? null : controls;
    }

    private static ImmutableArray<TokenBias> Biases(RequestFields fields, int vocabularySize)
    {
        const string field = "logit_bias";
        if (fields.Object(field) is not { } given)
            return [];
        var biases = ImmutableArray.CreateBuilder<TokenBias>();
        foreach (var name in given.Names())
        {
            if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var token) || token >= vocabularySize)
                throw ApiException.Invalid(field, $"'{field}' must be an object of token ids from 0 to {vocabularySize - 1}; it holds \"{name}\".", "invalid_value");
            if (biases.Count == MaxBiases)
                throw ApiException.Invalid(field, $"'{field}' must hold at most {MaxBiases} tokens.", "invalid_value");
            biases.Add(new TokenBias(token, (float)(given.Number(name, -100, 100) ?? 0)));
        }
        return biases.ToImmutable();
    }

    private static ImmutableArray<string> Stop(RequestFields fields)
    {
        if (fields.Find("stop") is not { } stop)
            return [];
        if (stop.ValueKind is not (JsonValueKind.String or JsonValueKind.Array))
            throw RequestFields.WrongType("stop", "a string or an array of strings", stop);
        ImmutableArray<string> texts = stop.ValueKind == JsonValueKind.String
            ? [RequestFields.StringOf(stop, "stop")]
            : [.. fields.Array("stop")!.Select(element => RequestFields.StringOf(element.Value, element.Path))];
        if (texts.Length > MaxStops)
            throw ApiException.Invalid("stop", $"'stop' must have at most {MaxStops} strings; it has {texts.Length}.", "invalid_value");
        if (texts.Contains(""))
            throw ApiException.Invalid("stop", "'stop' must not hold an empty string.", "invalid_value");
        return texts;
    }
}
