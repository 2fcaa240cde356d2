using System.Collections.Immutable;
using Pharos.Gateway.Chat;
using Pharos.Gateway.Http;
using Pharos.Gateway.Requests;
using Pharos.Inference.Chat;
using Pharos.Inference.Chat.Jinja;
using Pharos.Inference.Serving;
using Pharos.Inference.Tokenization;

namespace Pharos.Gateway.Models;

/// <summary>What the gateway must know of the model: how to write a prompt for it and how long that may be. No weights.</summary>
/// <param name="Name">The name it is served under; also the pool's.</param>
/// <param name="ContextTokens">Longest context, prompt and answer together.</param>
internal sealed record PromptModel(
    string Name, int ContextTokens, SamplingDefaults Sampling, IChatFormat Format, Func<IEnumerable<PromptPiece>, ImmutableArray<int>> Encode)
{
    /// <summary>
    /// Characters of the longest prompt that could fit, were every token the longest; a longer one is not worth encoding. What a normalizer may
    /// take away is left out of account.
    /// </summary>
    public long MostCharacters { get; init; } = long.MaxValue;

    /// <summary>Tokens that the model knows: ids are below it.</summary>
    public int VocabularySize { get; init; } = int.MaxValue;

    /// <summary>What may answer in its name, the largest first.</summary>
    public IReadOnlyList<CandidateJson> Candidates { get; init; } = [];

    public ModelBounds Bounds => new(ContextTokens, VocabularySize);

    /// <summary>Refuses a text that cannot fit before it is encoded, which takes a second for a million of characters.</summary>
    /// <param name="param">The field it comes from.</param>
    public void RequireRoom(long characters, string param)
    {
        if (characters > MostCharacters)
            throw new ApiException(ApiError.ContextExceeded(characters, MostCharacters, ContextTokens) with { Param = param });
    }

    /// <summary>A conversation as the model reads it.</summary>
    /// <param name="param">The field it comes from.</param>
    /// <exception cref="ApiException">It is too long, or the model's template or tokenizer refuses it.</exception>
    public ImmutableArray<int> Write(IReadOnlyList<ChatMessage> messages, IReadOnlyList<ChatTool> tools, string param)
    {
        try
        {
            var prompt = Format.Render(messages, tools);
            RequireRoom(prompt.Sum(piece => (long)piece.Text.Length), param);
            return Encode(prompt);
        }
        catch (Exception refused) when (refused is JinjaException or TextRefusedException)
        {
            throw ApiException.Invalid(param, refused.Message, "invalid_value");
        }
    }

    /// <exception cref="ApiException">Another model is asked for.</exception>
    public void RequireServed(string model)
    {
        if (model != Name)
            throw new ApiException(ApiError.ModelNotFound(model, Name));
    }

    public static PromptModel Of(ModelFamily family) => Of(family.Reference) with
    {
        Candidates = [.. family.Candidates.Select(one => new CandidateJson(one.Name, one.Loaded.Shape.Layers, one.Loaded.Architecture.Parameters))],
    };

    public static PromptModel Of(ServedModel model) => new(
        model.Name,
        model.MaxPositions,
        new SamplingDefaults(model.DefaultTemperature, model.Loaded.Generation.TopP ?? 1, model.Loaded.Generation.TopK ?? 0),
        model.Format,
        model.Encode)
    {
        MostCharacters = (long)model.MaxPositions * model.Tokenizer.LongestToken,
        VocabularySize = model.Loaded.Shape.VocabularySize,
    };
}

/// <summary>What the model's <c>generation_config.json</c> recommends.</summary>
internal sealed record SamplingDefaults(float Temperature, float TopP, int TopK);
