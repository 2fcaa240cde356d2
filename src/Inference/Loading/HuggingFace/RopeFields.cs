using Pharos.Inference.Models;
using Pharos.Inference.Models.Rotary;

namespace Pharos.Inference.Loading.HuggingFace;

/// <summary>Reads rotary positions from <c>rope_theta</c> and <c>rope_scaling</c>, or from the newer <c>rope_parameters</c> that holds both.</summary>
internal sealed class RopeFields
{
    private const string Types = "\"default\", \"linear\", \"dynamic\", \"yarn\", \"llama3\" or \"longrope\"";
    private const double MostTheta = 1e12;
    private readonly JsonFields config;
    private readonly JsonFields? parameters;
    private readonly int headDim;

    /// <param name="maxPositions"><c>max_position_embeddings</c>.</param>
    public RopeFields(JsonFields config, int headDim, int maxPositions)
    {
        (this.config, this.headDim, ConfiguredPositions) = (config, headDim, maxPositions);
        parameters = config.Object("rope_parameters");
        // Gemma 3's newer form: an entry for each kind of layer.
        if (parameters is { } both && both.Object("full_attention") is { } full)
            (parameters, LocalParameters) = (full, both.Object("sliding_attention"));
        MaxPositions = maxPositions;
        Global = Read(parameters ?? config.Object("rope_scaling"), Theta("rope_theta", parameters) ?? 10_000);
    }

    public RotarySpec Global { get; }

    /// <summary>Longest context that the scaling allows.</summary>
    public int MaxPositions { get; private set; }

    private int ConfiguredPositions { get; }

    private JsonFields? LocalParameters { get; }

    /// <summary>Of windowed layers that have a base of their own.</summary>
    /// <param name="theta">Where the file has none.</param>
    public RotarySpec Local(double theta) => LocalParameters is { } local
        ? Read(local, local.OptionalNumber("rope_theta", 1, MostTheta) ?? theta)
        : new RotarySpec(config.OptionalNumber("rope_local_base_freq", 1, MostTheta) ?? theta, Global.Dims, RopeScaling.None);

    private double? Theta(string name, JsonFields? nested) => nested?.OptionalNumber(name, 1, MostTheta) ?? config.OptionalNumber(name, 1, MostTheta);

    private RotarySpec Read(JsonFields? fields, double theta)
    {
        double share = fields?.OptionalNumber("partial_rotary_factor", 0, 1) ?? config.OptionalNumber("partial_rotary_factor", 0, 1) ?? 1;
        int dims = (int)(headDim * share);
        if (dims % 2 != 0)
            throw config.Unsupported("partial_rotary_factor", $"a share of head_dim {headDim} that is an even number");
        return new RotarySpec(theta, dims, fields is { } some ? Scaling(some, dims) : RopeScaling.None);
    }

    private RopeScaling Scaling(JsonFields fields, int dims)
    {
        string key = fields.Find("rope_type") is null && fields.Find("type") is not null ? "type" : "rope_type";
        switch (fields.OptionalText(key))
        {
            case null when fields.Find("factor") is null:
            case "default":
                return RopeScaling.None;
            case "linear":
                return new LinearRope(Factor(fields));
            case "dynamic":
                var dynamic = new DynamicNtkRope(Factor(fields), Trained(fields) ?? ConfiguredPositions);
                Extend(dynamic.Factor, dynamic.TrainedPositions);
                return dynamic;
            case "llama3":
                return new Llama3Rope(
                    Factor(fields), fields.Number("low_freq_factor", 1e-6, 1e6), fields.Number("high_freq_factor", 1e-6, 1e6),
                    Trained(fields) ?? throw fields.Missing("original_max_position_embeddings", "the trained context in tokens"));
            case "yarn":
                return Yarn(fields);
            case "longrope" or "su":
                return Long(fields, dims);
            case null:
                throw fields.Missing("rope_type", Types);
            default:
                throw fields.Unsupported(key, Types);
        }
    }

    private YarnRope Yarn(JsonFields fields)
    {
        var scaling = new YarnRope(
            Factor(fields), Trained(fields) ?? ConfiguredPositions, fields.OptionalNumber("beta_fast", 0, 1e6) ?? 32,
            fields.OptionalNumber("beta_slow", 0, 1e6) ?? 1, fields.OptionalNumber("attention_factor", 0, 1e3), fields.OptionalNumber("mscale", 0, 1e3) ?? 0,
            fields.OptionalNumber("mscale_all_dim", 0, 1e3) ?? 0, fields.Boolean("truncate", true));
        Extend(scaling.Factor, scaling.TrainedPositions);
        return scaling;
    }

    private LongRope Long(JsonFields fields, int dims)
    {
        foreach (string unknown in (string[])["short_mscale", "long_mscale"])
        {
            if (fields.Find(unknown) is not null)
                throw fields.Unsupported(unknown, "null: the attention factor follows from the context");
        }
        int trained = Trained(fields) ?? config.OptionalInteger("original_max_position_embeddings", 2, 1 << 24) ?? ConfiguredPositions;
        double factor = fields.OptionalNumber("factor", 1, 1e6) ?? Math.Max(1, ConfiguredPositions / (double)trained);
        string name = ConfiguredPositions > trained ? "long_factor" : "short_factor";
        double[] divisors = fields.Numbers(name) ?? throw fields.Missing(name, $"a list of {dims / 2} numbers");
        if (divisors.Length != dims / 2 || divisors.Any(d => d <= 0))
            throw fields.Unsupported(name, $"a list of {dims / 2} numbers above 0");
        return new LongRope(divisors, factor, trained, fields.OptionalNumber("attention_factor", 0, 1e3));
    }

    /// <summary>Files that scale at run time keep the trained length in <c>max_position_embeddings</c>.</summary>
    private void Extend(double factor, int trained) => MaxPositions = (int)Math.Min(1 << 24, Math.Max(MaxPositions, factor * trained));

    private static double Factor(JsonFields fields) => fields.Number("factor", 1, 1e6);

    private static int? Trained(JsonFields fields) => fields.OptionalInteger("original_max_position_embeddings", 2, 1 << 24);
}
