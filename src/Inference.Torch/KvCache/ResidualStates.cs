using static TorchSharp.torch;

namespace Pharos.Inference.Torch.KvCache;

/// <summary>
/// Keeps the residuals of tokens that ended at an early exit where their keys and values of the upper layers will be, as
/// <see cref="Pharos.Inference.KvCache.ExitStates"/> does: it needs no memory of its own, and goes wherever its block is copied.
/// </summary>
/// <remarks>
/// TorchSharp cannot look at the bits of a float as those of two bf16. A cache in bf16 gets three of them instead, each what the ones before leave: their 24
/// bits of mantissa are those of a float, and adding them up gives it again.
/// </remarks>
internal sealed class ResidualStates(TorchKvPool pool, int hidden)
{
    private const int Bf16Words = 3;

    /// <summary>The place in the layers above an exit is large enough, and the cache holds floats exactly.</summary>
    public static bool Fits(ScalarType kv, int layersAbove, int width, int hidden) =>
        kv is ScalarType.Float32 or ScalarType.BFloat16 && 2L * layersAbove * width >= (long)hidden * WordsOf(kv);

    /// <param name="layer">The first above the exit.</param>
    /// <param name="slots">[tokens]</param>
    /// <param name="residuals">[tokens, hidden] in fp32.</param>
    public void Write(int layer, Tensor slots, Tensor residuals)
    {
        long tokens = residuals.shape[0], parts = Parts;
        var words = pool.Type == ScalarType.Float32 ? residuals : Split(residuals);
        if (parts * pool.Width > words.shape[1])
            words = cat([words, zeros(tokens, parts * pool.Width - words.shape[1], dtype: pool.Type, device: words.device)], 1);
        pool.Parts(layer, parts).index_copy_(1, slots, words.view(tokens, parts, pool.Width).transpose(0, 1));
    }

    /// <summary>[tokens, hidden] in fp32: reads what <see cref="Write"/> kept.</summary>
    public Tensor Read(int layer, Tensor slots)
    {
        long tokens = slots.shape[0];
        var words = pool.Parts(layer, Parts).index_select(1, slots).transpose(0, 1).reshape(tokens, Parts * pool.Width);
        if (pool.Type == ScalarType.Float32)
            return words.narrow(1, 0, hidden);
        Tensor Word(int index) => words.narrow(1, index * hidden, hidden).to(ScalarType.Float32);
        return Word(2).add_(Word(1), Scalars.One).add_(Word(0), Scalars.One); // the smallest first: no sum is rounded
    }

    private long Parts => ((long)hidden * WordsOf(pool.Type) + pool.Width - 1) / pool.Width;

    private static int WordsOf(ScalarType kv) => kv == ScalarType.Float32 ? 1 : Bf16Words;

    private static Tensor Split(Tensor residuals)
    {
        var words = new Tensor[Bf16Words];
        for (int i = 0; i < Bf16Words; i++)
        {
            words[i] = residuals.to(ScalarType.BFloat16);
            residuals = residuals.sub(words[i]);
        }
        return cat(words, 1);
    }
}
