namespace Pharos.Inference.Loading.Gguf;

/// <summary>What a <c>general.architecture</c> means where the file says nothing itself.</summary>
/// <param name="Name">Its name in the file, and the first part of its keys.</param>
internal sealed record GgufFamily(string Name)
{
    private static readonly GgufFamily[] All =
    [
        new("llama") { PairsAreNeighbours = true }, // Llama, Mistral, SmolLM
        new("qwen2"),
        new("qwen3") { QueryKeyNorm = true },
        new("phi3"),
        new("smollm3") { PairsAreNeighbours = true, StillInterval = 4 },
        new("gemma2") { IsGemma = true, WindowPattern = 2, DefaultWindow = 4096, LayersOfSharedWidth = 46 },
        new("gemma3") { IsGemma = true, WindowPattern = 6, QueryKeyNorm = true, HasLocalTheta = true, LayersOfSharedWidth = 62 },
    ];

    public bool QueryKeyNorm { get; init; }

    /// <summary>Norms after each part, GeGLU, scaled embeddings, softcaps. Norms are stored whole here.</summary>
    public bool IsGemma { get; init; }

    /// <summary>Every so many layers one sees everything, the others their window; 0: a window holds for all layers.</summary>
    public int WindowPattern { get; init; }

    /// <summary>Where the file names no window; 0: none.</summary>
    public int DefaultWindow { get; init; }

    /// <summary>Windowed layers have a base of the rotary angles of their own.</summary>
    public bool HasLocalTheta { get; init; }

    /// <summary>Every so many layers one knows no positions; 0: all do.</summary>
    public int StillInterval { get; init; }

    /// <summary>Layers of the one size whose queries are scaled by hidden size over heads instead of a head's dimensions.</summary>
    public int LayersOfSharedWidth { get; init; }

    /// <summary>Rows of queries and keys are stored so that the two of a rotary pair are neighbours.</summary>
    public bool PairsAreNeighbours { get; init; }

    public bool IsStill(int layer) => StillInterval > 0 && (layer + 1) % StillInterval == 0;

    public static GgufFamily Of(GgufMetadata metadata)
    {
        const string key = "general.architecture";
        string names = string.Join(", ", All.Select(f => $"\"{f.Name}\""));
        string name = metadata.Text(key, $"one of {names}");
        return All.FirstOrDefault(f => f.Name == name) ?? throw metadata.Unsupported(key, $"one of {names}");
    }
}
