using Pharos.Inference.Models;

namespace Pharos.Inference.Loading;

/// <summary>What <c>generation_config.json</c> recommends; null where it says nothing.</summary>
/// <param name="EosTokens">Tokens that end a completion; where the file names none, those of <c>config.json</c>.</param>
/// <param name="DoSample">False: greedy unless a request asks otherwise.</param>
public sealed record GenerationConfig(
    int[] EosTokens, bool? DoSample, float? Temperature, float? TopP, int? TopK, float? RepetitionPenalty, int? MaxNewTokens)
{
    /// <summary>What a model without the file gets.</summary>
    internal static GenerationConfig Of(ModelArchitecture model) => new([.. model.EosTokens], null, null, null, null, null, null);

    internal static GenerationConfig Read(string path, ModelArchitecture model)
    {
        if (!File.Exists(path))
            return Of(model);
        using var document = JsonFields.Open(path);
        var fields = new JsonFields(Path.GetFileName(path), document.RootElement);
        int[] eos = fields.Integers("eos_token_id");
        if (eos.Any(id => id < 0 || id >= model.VocabularySize))
            throw fields.Unsupported("eos_token_id", fields.Find("eos_token_id")!.Value, $"ids below vocab_size {model.VocabularySize}");
        return new GenerationConfig(
            eos.Length > 0 ? eos : [.. model.EosTokens],
            fields.Find("do_sample") is null ? null : fields.Boolean("do_sample", false),
            (float?)fields.OptionalNumber("temperature", 0, 100),
            (float?)fields.OptionalNumber("top_p", 0, 1),
            fields.OptionalInteger("top_k", 0, int.MaxValue),
            (float?)fields.OptionalNumber("repetition_penalty", 0, 100),
            fields.OptionalInteger("max_new_tokens", 0, int.MaxValue));
    }
}
