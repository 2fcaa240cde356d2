using System.Text;
using Pharos.Inference.Loading;
using Pharos.Inference.Loading.Gguf;
using Pharos.Inference.Tokenization.Normalization;
using Pharos.Inference.Tokenization.PreTokenization;

namespace Pharos.Inference.Tokenization.Reading;

/// <summary>
/// How byte-level vocabularies of GGUF files cut text, by the name under <c>tokenizer.ggml.pre</c>. The patterns, and the
/// normalization that the name does not tell, are those of the <c>tokenizer.json</c> files the vocabularies come from.
/// </summary>
internal static class GgufPatterns
{
    private const string Key = "tokenizer.ggml.pre";
    private const string Chinese = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+";

    private const string DeepSeek3 =
        @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string Words = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string Endings = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?";
    private const string Rest = @"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Gpt4o = Words + "*" + Endings + "+" + Contractions + "|" + Words + "+" + Endings + "*" + Contractions + @"|\p{N}{1,3}" + Rest;
    private const string Tekken = Words + "*" + Endings + "+|" + Words + "+" + Endings + @"*|\p{N}" + Rest;

    /// <summary>Whether vocabularies of this name begin a raw prompt with the beginning-of-text token where the file does not say.</summary>
    public static bool BeginsText(GgufMetadata metadata) => IsLlama3(metadata.OptionalText(Key));

    public static (Normalizer? Normalizer, PreTokenizer[] Steps, bool IgnoreMerges) Read(GgufMetadata metadata)
    {
        string name = metadata.Text(Key, "the name of a pattern, such as \"llama-bpe\", \"qwen2\" or \"gpt-2\",");
        PreTokenizer Digits() => new SplitPreTokenizer(new DigitFinder(individually: true), SplitBehavior.Isolated, invert: false);
        PreTokenizer Isolated(string pattern) => PreTokenizerReader.Isolating(PreTokenizerReader.FinderOf(pattern));
        return name switch
        {
            _ when IsLlama3(name) => (null, [Isolated(Cl100kFinder.Pattern(3))], true),
            "dbrx" or "smaug-bpe" => (null, [Isolated(Cl100kFinder.Pattern(3))], false),
            "qwen2" or "deepseek-r1-qwen" => (new UnicodeNormalizer(NormalizationForm.FormC), [Isolated(Cl100kFinder.Pattern(1))], false),
            "stablelm2" => (null, [Isolated(Cl100kFinder.Pattern(1))], false),
            "gpt-2" or "mpt" or "olmo" or "jais" or "phi-2" => (null, [Isolated(Gpt2Finder.Pattern)], false),
            "smollm" or "starcoder" or "refact" or "command-r" or "codeshell" or "exaone" or "minerva-7b" => (null, [Digits(), Isolated(Gpt2Finder.Pattern)], false),
            "deepseek-v3" or "hunyuan-dense" => (null, [Isolated(@"\p{N}{1,3}"), Isolated("[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"), Isolated(DeepSeek3)], false),
            "deepseek-coder" => (null, [Isolated("[\r\n]"), Isolated(@"\s?\p{L}+"), Isolated(@"\s?\p{P}+"), Isolated(Chinese), Digits()], false),
            "gpt-4o" or "llama4" => (null, [Isolated(Gpt4o)], false),
            "tekken" => (null, [Isolated(Tekken)], true),
            _ => throw metadata.Unsupported(Key,
                "llama-bpe, dbrx, smaug-bpe, qwen2, deepseek-r1-qwen, stablelm2, gpt-2, mpt, olmo, jais, phi-2, smollm, starcoder, refact, command-r, codeshell, exaone, "
                + "minerva-7b, deepseek-v3, hunyuan-dense, deepseek-coder, gpt-4o, llama4 or tekken"),
        };
    }

    private static bool IsLlama3(string? name) => name is "llama3" or "llama-v3" or "llama-bpe" or "falcon3" or "falcon-h1" or "pixtral" or "lfm2";
}
