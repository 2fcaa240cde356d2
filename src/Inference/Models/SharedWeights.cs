using Pharos.Inference.Kernels;
using Pharos.Inference.Loading;

namespace Pharos.Inference.Models;

/// <summary>
/// The packed weights of this process: immutable, one set for all workers of the same model and type, freed when the last of them ends. Models are told
/// apart by the fingerprint of their files, so the same files opened twice are one set too.
/// </summary>
internal static class SharedWeights
{
    private static readonly Dictionary<(string Fingerprint, WeightType Type), Set> Sets = [];

    /// <summary>The first to ask packs, others wait for it.</summary>
    public static Lease Rent(LoadedModel model, WeightType type)
    {
        var key = (model.Shape.Fingerprint, type);
        Set? set;
        lock (Sets)
        {
            if (!Sets.TryGetValue(key, out set))
                Sets[key] = set = new Set(new Lazy<TransformerWeights>(() => new TransformerWeights(model.Architecture, model.Tensors, type)));
            set.Holders++;
        }
        try
        {
            return new Lease(key, set.Weights.Value);
        }
        catch
        {
            Return(key);
            throw;
        }
    }

    private static void Return((string Fingerprint, WeightType Type) key)
    {
        Set set;
        lock (Sets)
        {
            set = Sets[key];
            if (--set.Holders > 0)
                return;
            Sets.Remove(key);
        }
        if (set.Weights.IsValueCreated)
            set.Weights.Value.Dispose();
    }

    /// <summary>A worker's hold on a set.</summary>
    internal sealed class Lease((string Fingerprint, WeightType Type) key, TransformerWeights weights) : IDisposable
    {
        private bool returned;

        public TransformerWeights Weights => weights;

        public void Dispose()
        {
            if (!returned)
                Return(key);
            returned = true;
        }
    }

    private sealed class Set(Lazy<TransformerWeights> weights)
    {
        public Lazy<TransformerWeights> Weights => weights;

        public int Holders { get; set; }
    }
}
