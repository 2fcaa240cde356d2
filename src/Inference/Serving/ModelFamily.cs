using System.Collections.Immutable;
using System.Globalization;
using Pharos.Inference.Loading;

namespace Pharos.Inference.Serving;

/// <summary>
/// The candidates that may answer the requests of a pool: models of one vocabulary, and first layers of such. The text side is the reference's, whichever
/// of them runs.
/// </summary>
public sealed class ModelFamily
{
    private const string Sample = "What is 12*7+3?\n{\"name\": \"x\", \"arguments\": {}} \u00e9\u4e2d 3.14";

    private ModelFamily(ServedModel reference, ImmutableArray<ServedModel> candidates) => (Reference, Candidates) = (reference, candidates);

    /// <summary>The largest at full depth: what the others are held against.</summary>
    public ServedModel Reference { get; }

    /// <summary>The reference first, the others as they were named.</summary>
    public ImmutableArray<ServedModel> Candidates { get; }

    /// <summary>There is a choice.</summary>
    public bool HasChoice => Candidates.Length > 1;

    /// <exception cref="KeyNotFoundException">The family has no such candidate.</exception>
    public ServedModel Find(string name) =>
        Candidates.FirstOrDefault(one => one.Name == name) ?? throw new KeyNotFoundException($"'{name}' is no candidate; there are: {string.Join(", ", Candidates.Select(one => one.Name))}.");

    /// <param name="others">Names or paths as <see cref="ServedModel.Open"/> takes them, each perhaps with <c>@LAYERS</c>.</param>
    /// <exception cref="ModelLoadException">A candidate has other tokens than the reference, or a shorter context, or is the larger one; or cannot be left there.</exception>
    public static ModelFamily Of(ServedModel reference, IEnumerable<string> others)
    {
        var opened = new Dictionary<string, LoadedModel>(StringComparer.Ordinal) { [reference.Loaded.Path] = reference.Loaded };
        var candidates = ImmutableArray.Create(reference);
        foreach (var other in others)
        {
            var (name, depth) = Parse(other);
            var path = ModelLocator.Find(name);
            if (!opened.TryGetValue(path, out var loaded))
                opened.Add(path, loaded = ModelLoader.Load(path));
            if (depth is { } layers)
                loaded = loaded.AtDepth(layers);
            RequireAlike(reference, loaded);
            if (candidates.Any(one => one.Name == loaded.Shape.Name))
                throw new ModelLoadException($"Candidate {loaded.Shape.Name} is named twice, or is the reference itself; name each once.");
            candidates = candidates.Add(reference with { Name = loaded.Shape.Name, Loaded = loaded });
        }
        return new ModelFamily(reference, candidates);
    }

    private static (string Name, int? Depth) Parse(string candidate)
    {
        var at = candidate.LastIndexOf('@');
        return at > 0 && int.TryParse(candidate.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var depth) ? (candidate[..at], depth) : (candidate, null);
    }

    // What one candidate has read another goes on with, token by token.
    private static void RequireAlike(ServedModel reference, LoadedModel other)
    {
        var (mine, its) = (reference.Tokenizer, other.Tokenizer);
        var same = other.Shape.VocabularySize == reference.Loaded.Shape.VocabularySize && its.IdLimit == mine.IdLimit
            && its.Encode(Sample, parseSpecial: true).SequenceEqual(mine.Encode(Sample, parseSpecial: true));
        for (var id = 0; same && id < mine.IdLimit; id++)
            same = mine.TokenBytes(id).SequenceEqual(its.TokenBytes(id)) && mine.IsSpecial(id) == its.IsSpecial(id);
        if (!same)
            throw new ModelLoadException($"Candidate {other.Shape.Name} has other tokens than {reference.Name}: candidates of a pool share one vocabulary.");
        if (other.Shape.MaxPositions < reference.MaxPositions)
            throw new ModelLoadException($"Candidate {other.Shape.Name} has a context of {other.Shape.MaxPositions} tokens, {reference.Name} has {reference.MaxPositions}: a candidate's is no shorter.");
        if (other.Architecture.Parameters > reference.Loaded.Architecture.Parameters)
            throw new ModelLoadException($"Candidate {other.Shape.Name} is larger than {reference.Name}: name the largest as Pharos:Model.");
    }
}
