using System.Collections.Immutable;
using Pharos.Inference.Models;
using Pharos.Inference.Models.Rotary;

namespace Pharos.Inference.Loading.HuggingFace;

/// <summary>Reads which layers see a sliding window, and how each turns with the position.</summary>
internal static class LayerFields
{
    private const string Windowed = "sliding_attention";
    private const string Full = "full_attention";

    public static ImmutableArray<LayerSpec> Read(JsonFields fields, ModelFamily family, int layers, RopeFields rope)
    {
        bool[] windowed = WindowedLayers(fields, family, layers);
        int window = windowed.Any(w => w) ? fields.Integer("sliding_window", 1, int.MaxValue) : 0;
        var local = family.LocalTheta > 0 ? rope.Local(family.LocalTheta) : rope.Global;
        var turning = TurningLayers(fields, family, layers);
        var still = rope.Global with { Dims = 0, Scaling = RopeScaling.None };
        return [.. Enumerable.Range(0, layers).Select(i =>
            new LayerSpec(windowed[i] ? window : 0, !turning[i] ? still : windowed[i] ? local : rope.Global))];
    }

    private static bool[] WindowedLayers(JsonFields fields, ModelFamily family, int layers)
    {
        bool none = fields.Find("sliding_window") is null || family.Windows == WindowRule.None
            || family.Windows == WindowRule.WhereSwitchedOn && !fields.Boolean("use_sliding_window", false);
        if (none || family.Windows == WindowRule.AllLayers)
            return [.. Enumerable.Repeat(!none, layers)];
        if (fields.Texts("layer_types") is { } kinds)
        {
            return kinds.Length == layers && kinds.All(k => k is Windowed or Full)
                ? [.. kinds.Select(k => k == Windowed)]
                : throw fields.Unsupported("layer_types", $"a list of {layers} times \"{Windowed}\" or \"{Full}\"");
        }
        if (family.Windows == WindowRule.Pattern)
        {
            int pattern = fields.OptionalInteger("sliding_window_pattern", 1, 10_000) ?? family.WindowPattern;
            return [.. Enumerable.Range(1, layers).Select(i => i % pattern != 0)];
        }
        int first = fields.Integer("max_window_layers", 0, int.MaxValue);
        return [.. Enumerable.Range(0, layers).Select(i => i >= first)];
    }

    private static bool[] TurningLayers(JsonFields fields, ModelFamily family, int layers)
    {
        if (!family.SkipsRotary)
            return [.. Enumerable.Repeat(true, layers)];
        int[] listed = fields.Integers("no_rope_layers"); // 1: the layer turns, whatever the name says
        if (listed.Length == 0)
        {
            int interval = fields.OptionalInteger("no_rope_layer_interval", 1, 10_000) ?? 4;
            return [.. Enumerable.Range(1, layers).Select(i => i % interval != 0)];
        }
        return listed.Length == layers && listed.All(v => v is 0 or 1)
            ? [.. listed.Select(v => v == 1)]
            : throw fields.Unsupported("no_rope_layers", $"a list of {layers} times 0 or 1");
    }
}
