using System.Collections.Immutable;
using System.Text.Json;

namespace Pharos.Simulator.Workloads;

/// <summary>
/// Synthetic sessions from a parameter file: a class by its share, then turns, tokens and tool times from that class's published quantiles,
/// each drawn on its own (straight lines between quantiles). A session's context is kept within the longest of its class by shortening what
/// it generates, as the recorded ones were.
/// </summary>
public sealed class MixtureWorkload : IWorkload
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { RespectRequiredConstructorParameters = true };
    private readonly MixtureParameters parameters;

    public MixtureWorkload(MixtureParameters parameters)
    {
        this.parameters = parameters;
        foreach (var one in parameters.Classes)
        {
            if (one.TurnShares is null && one.Turns is null)
                throw new FormatException($"{parameters.Name}, class {one.Name}: expected turnShares or turns.");
            foreach (var table in (double[][])[one.PromptTokens, one.CallingTokens, one.AnswerTokens, .. one.Turns is { } turns ? (double[][])[turns] : [], .. one.Tools.SelectMany(tool => (double[][])[tool.Seconds, tool.ReturnedTokens])])
            {
                if (table.Length != parameters.Quantiles.Length)
                    throw new FormatException($"{parameters.Name}, class {one.Name}: {table.Length} values for {parameters.Quantiles.Length} quantiles.");
            }
        }
    }

    /// <summary>The names of the built-in mixtures.</summary>
    public static ImmutableArray<string> BuiltIn { get; } = ["multi", "single", "coding", "sharegpt"];

    public string Name => parameters.Name;

    public string? Note => null;

    public static MixtureWorkload Load(string name)
    {
        using var stream = typeof(MixtureWorkload).Assembly.GetManifestResourceStream($"{name}.json")
            ?? throw new ArgumentException($"Built-in workload '{name}' is not known; there are: {string.Join(", ", BuiltIn)}.");
        return new MixtureWorkload(JsonSerializer.Deserialize<MixtureParameters>(stream, Json)!);
    }

    public Session Draw(Random dice)
    {
        var kind = Pick(parameters.Classes, dice, static one => one.Share);
        var turns = kind.TurnShares is { } shares
            ? 1 + Pick(Enumerable.Range(0, shares.Length).ToArray(), dice, turn => shares[turn])
            : Math.Max(1, Tokens(kind.Turns!, dice));
        var prompt = Math.Max(1, Tokens(kind.PromptTokens, dice));
        var context = prompt;
        var segments = ImmutableArray.CreateBuilder<Segment>(turns);
        for (var turn = 1; turn <= turns; turn++)
        {
            var last = turn == turns;
            var wanted = Math.Max(1, Tokens(last ? kind.AnswerTokens : kind.CallingTokens, dice));
            var completion = Math.Clamp(wanted, 1, Math.Max(1, kind.MostContextTokens - context));
            context += completion;
            if (last || context >= kind.MostContextTokens)
            {
                segments.Add(new Segment(completion, null, 0, 0));
                break;
            }

            var tool = Pick(kind.Tools, dice, static tool => tool.Share);
            var seconds = Quantile(tool.Seconds, dice);
            var returned = Math.Clamp(Tokens(tool.ReturnedTokens, dice), 0, kind.MostContextTokens - context);
            segments.Add(new Segment(completion, tool.Kind, seconds, returned));
            context += returned;
        }

        return new Session(kind.Name, prompt, segments.ToImmutable());
    }

    private int Tokens(double[] table, Random dice) => (int)Math.Round(Quantile(table, dice));

    private double Quantile(double[] table, Random dice) => QuantileTable.At(parameters.Quantiles, table, dice.NextDouble());

    private static T Pick<T>(IReadOnlyList<T> from, Random dice, Func<T, double> share)
    {
        var rest = dice.NextDouble() * from.Sum(share);
        foreach (var one in from)
        {
            rest -= share(one);
            if (rest < 0)
                return one;
        }

        return from[^1];
    }
}

/// <summary>Statistics of a mixture of requests that call tools.</summary>
/// <param name="Source">Where they come from, and under which licence.</param>
/// <param name="Quantiles">The shares at which every table of values is given, from 0 to 1.</param>
public sealed record MixtureParameters(string Name, string Source, double[] Quantiles, ImmutableArray<MixtureClass> Classes);

/// <param name="Share">Share of the sessions.</param>
/// <param name="TurnShares">Share of sessions with 1, 2, ... segments; null where <paramref name="Turns"/> tells it.</param>
/// <param name="CallingTokens">Tokens of a segment that ends in a call.</param>
/// <param name="AnswerTokens">Tokens of the last segment.</param>
/// <param name="MostContextTokens">Longest context of its sessions.</param>
/// <param name="Turns">Quantiles of the number of segments.</param>
public sealed record MixtureClass(
    string Name, double Share, double[]? TurnShares, double[] PromptTokens, double[] CallingTokens, double[] AnswerTokens,
    int MostContextTokens, ImmutableArray<MixtureTool> Tools, double[]? Turns = null);

/// <param name="Share">Share of the class's calls.</param>
public sealed record MixtureTool(string Kind, double Share, double[] Seconds, double[] ReturnedTokens);
