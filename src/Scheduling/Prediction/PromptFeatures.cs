namespace Pharos.Scheduling.Prediction;

/// <summary>What a predictor looks at of a prompt, as hashes that are the same on every machine.</summary>
public static class PromptFeatures
{
    private const ulong Offset = 14695981039346656037, Prime = 1099511628211;

    /// <summary>Names a set of tools by their names in order (FNV-1a); 0 for none.</summary>
    public static ulong Offer(params IReadOnlyList<string> tools)
    {
        if (tools.Count == 0)
            return 0;
        var hash = Offset;
        foreach (var tool in tools)
        {
            foreach (var letter in tool)
                hash = (hash ^ letter) * Prime;
            hash = (hash ^ 0xff) * Prime;
        }

        return hash;
    }
}
