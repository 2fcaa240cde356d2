using Pharos.Inference.Models;
using Pharos.Inference.Models.Rotary;

namespace Pharos.Inference.Loading.Gguf;

/// <summary>Reads rotary positions: a base and a scaling from the metadata, divisors of the pairs from tensors.</summary>
internal sealed class GgufRope
{
    private const string Llama3Divisors = "rope_freqs.weight";
    private const string LongDivisors = "rope_factors_long.weight";
    private const string ShortDivisors = "rope_factors_short.weight";
    private readonly GgufFile file;
    private readonly GgufMetadata metadata;
    private readonly string family;
    private readonly RotarySpec everywhere;

    /// <param name="positions">The file's <c>context_length</c>.</param>
    public GgufRope(GgufFile file, string family, int headDim, int positions)
    {
        (this.file, metadata, this.family, MaxPositions) = (file, file.Metadata, family, positions);
        int dims = metadata.OptionalInteger(Key("dimension_count"), 2, headDim) ?? headDim;
        if (dims % 2 != 0)
            throw metadata.Unsupported(Key("dimension_count"), "an even number, as rotary positions turn pairs");
        if (family == "llama" && dims != headDim)
            throw metadata.Unsupported(Key("dimension_count"), $"{headDim}, all dimensions of a head");
        everywhere = new RotarySpec(Theta("freq_base") ?? 10_000, dims, Scaling(dims));
    }

    /// <summary>Names of the tensors that are read here.</summary>
    public static bool IsDivisors(string tensor) => tensor is Llama3Divisors or LongDivisors or ShortDivisors;

    public int MaxPositions { get; private set; }

    /// <param name="still">A layer that knows no positions.</param>
    /// <param name="local">A layer with the angles of windowed ones: a base of their own, and no scaling.</param>
    public RotarySpec Of(bool still, bool local)
    {
        if (still)
            return everywhere with { Dims = 0, Scaling = RopeScaling.None };
        return local ? new RotarySpec(Theta("freq_base_swa") ?? 10_000, everywhere.Dims, RopeScaling.None) : everywhere;
    }

    private string Key(string name) => $"{family}.rope.{name}";

    private double? Theta(string name) => metadata.OptionalNumber(Key(name), 1, 1e12);

    private RopeScaling Scaling(int dims)
    {
        string key = Key("scaling.type");
        string type = metadata.OptionalText(key) ?? "none";
        double? factor = metadata.OptionalNumber(Key("scaling.factor"), 1e-6, 1e6);
        int trained = metadata.OptionalInteger(Key("scaling.original_context_length"), 2, 1 << 24) ?? MaxPositions;
        if (file.Tensors.ContainsKey(LongDivisors) || file.Tensors.ContainsKey(ShortDivisors))
            return Long(dims, trained);
        if (file.Tensors.ContainsKey(Llama3Divisors))
            return new LongRope(Divisors(Llama3Divisors, dims), 1, trained, Attention: 1);
        switch (type)
        {
            case "none" when factor is null or 1:
                return RopeScaling.None;
            case "none" or "linear":
                return new LinearRope(factor ?? 1);
            case "yarn":
                var yarn = new YarnRope(
                    factor ?? throw metadata.Missing(Key("scaling.factor"), "a number between 0.000001 and 1000000"), trained,
                    metadata.OptionalNumber(Key("scaling.yarn_beta_fast"), 0, 1e6) ?? 32, metadata.OptionalNumber(Key("scaling.yarn_beta_slow"), 0, 1e6) ?? 1);
                MaxPositions = (int)Math.Min(1 << 24, Math.Max(MaxPositions, yarn.Factor * trained));
                return yarn;
            case "longrope":
                throw new ModelLoadException($"{file.Name}: the tensor {LongDivisors} is missing; {key} \"longrope\" needs it.");
            default:
                throw metadata.Unsupported(key, "\"none\", \"linear\", \"yarn\" or \"longrope\"");
        }
    }

    /// <summary>The factors of contexts beyond the trained length where such are served, else the short ones; chosen once.</summary>
    private LongRope Long(int dims, int trained)
    {
        double? attention = metadata.OptionalNumber(Key("scaling.attn_factor"), 1e-6, 1e3);
        bool beyond = MaxPositions > trained;
        return new LongRope(Divisors(beyond ? LongDivisors : ShortDivisors, dims), Math.Max(1, MaxPositions / (double)trained), trained, attention);
    }

    private double[] Divisors(string name, int dims)
    {
        if (!file.Tensors.TryGetValue(name, out var tensor))
            throw new ModelLoadException($"{file.Name}: the tensor {name} is missing; the context of {MaxPositions} tokens needs it.");
        var divisors = new float[dims / 2];
        tensor.Expect(0, divisors.Length).CopyRow(0, divisors);
        return divisors.All(d => d > 0) ? [.. divisors.Select(d => (double)d)]
            : throw new ModelLoadException($"{file.Name}: {name} holds {divisors.First(d => !(d > 0))}; supported are numbers above 0.");
    }
}
