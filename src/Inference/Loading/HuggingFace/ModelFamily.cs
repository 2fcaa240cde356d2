using Pharos.Inference.Kernels;

namespace Pharos.Inference.Loading.HuggingFace;

/// <summary>Which layers the window of <c>sliding_window</c> holds for.</summary>
internal enum WindowRule
{
    /// <summary>None: the family has no windows, whatever the field says.</summary>
    None,

    AllLayers,

    /// <summary>Those of <c>layer_types</c>, else of a repeating pattern.</summary>
    Pattern,

    /// <summary>Those of <c>layer_types</c>, else the ones past <c>max_window_layers</c>, if <c>use_sliding_window</c> is set.</summary>
    WhereSwitchedOn,
}

/// <summary>What a <c>model_type</c> of <c>config.json</c> means where the file says nothing itself.</summary>
/// <param name="ModelType">Its name in the file.</param>
/// <param name="Architecture">The class that <c>architectures</c> names.</param>
internal sealed record ModelFamily(string ModelType, string Architecture)
{
    private static readonly ModelFamily[] All =
    [
        new("llama", "LlamaForCausalLM"),
        new("mistral", "MistralForCausalLM") { Windows = WindowRule.AllLayers },
        new("qwen2", "Qwen2ForCausalLM") { QueryKeyValueBias = true, Windows = WindowRule.WhereSwitchedOn },
        new("qwen3", "Qwen3ForCausalLM") { QueryKeyNorm = true, DefaultHeadDim = 128, Windows = WindowRule.WhereSwitchedOn },
        new("phi3", "Phi3ForCausalLM") { Windows = WindowRule.AllLayers },
        new("smollm3", "SmolLM3ForCausalLM") { SkipsRotary = true, Windows = WindowRule.WhereSwitchedOn },
        new("gemma2", "Gemma2ForCausalLM") { IsGemma = true, DefaultHeadDim = 256, Windows = WindowRule.Pattern, WindowPattern = 2 },
        new("gemma3_text", "Gemma3ForCausalLM") { IsGemma = true, DefaultHeadDim = 256, Windows = WindowRule.Pattern, WindowPattern = 6, QueryKeyNorm = true, LocalTheta = 10_000 },
    ];

    public bool QueryKeyValueBias { get; init; }

    public bool QueryKeyNorm { get; init; }

    /// <summary>Norms around 1 and after each part, GeGLU, scaled and tied embeddings, softcaps.</summary>
    public bool IsGemma { get; init; }

    public WindowRule Windows { get; init; }

    /// <summary>Where a pattern rules and the file names none: every so many layers one sees everything, the others their window.</summary>
    public int WindowPattern { get; init; }

    /// <summary>Base of the rotary angles of windowed layers; 0: that of the others.</summary>
    public double LocalTheta { get; init; }

    /// <summary>Some layers know no positions.</summary>
    public bool SkipsRotary { get; init; }

    /// <summary>Where <c>head_dim</c> is absent; 0: hidden size over heads.</summary>
    public int DefaultHeadDim { get; init; }

    public Activation Activation => IsGemma ? Activation.GeGlu : Activation.SwiGlu;

    /// <summary>How the configuration spells <see cref="Activation"/>.</summary>
    public string ActivationName => IsGemma ? "gelu_pytorch_tanh" : "silu";

    private static string Names => string.Join(", ", All.Select(f => $"\"{f.ModelType}\""));

    public static ModelFamily Of(JsonFields fields)
    {
        if (fields.OptionalText("model_type") is not { } type)
            throw fields.Missing("model_type", $"one of {Names}");
        var family = All.FirstOrDefault(f => f.ModelType == type) ?? throw fields.Unsupported("model_type", $"one of {Names}");
        if (fields.Texts("architectures") is { Length: > 0 } architectures && !architectures.Contains(family.Architecture))
            throw fields.Unsupported("architectures", $"[\"{family.Architecture}\"]");
        return family;
    }
}
