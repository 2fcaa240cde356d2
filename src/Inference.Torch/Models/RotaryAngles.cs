using Pharos.Inference.Models;
using Pharos.Inference.Models.Rotary;
using static TorchSharp.torch;

namespace Pharos.Inference.Torch.Models;

/// <summary>The rotary tables of a model on the device, one for each way in which its layers turn, and their rows for the positions of a step.</summary>
internal sealed class RotaryAngles : IDisposable
{
    private readonly int[] tableOfLayer; // -1: the layer knows no positions
    private readonly List<(Tensor Cosines, Tensor Sines, int Dims)> tables = []; // [positions, 1, dims]
    private readonly List<(Tensor Cosines, Tensor Sines)> current = [];          // [tokens, 1, dims] of the present step

    public RotaryAngles(ModelArchitecture model, int positions, Device device)
    {
        var known = new Dictionary<RotarySpec, int>();
        tableOfLayer = new int[model.Layers];
        for (int layer = 0; layer < model.Layers; layer++)
        {
            var spec = model.LayerSpecs[layer].Rotary;
            if (spec.Dims == 0)
                tableOfLayer[layer] = -1;
            else if (known.TryGetValue(spec, out int table))
                tableOfLayer[layer] = table;
            else
            {
                tableOfLayer[layer] = known[spec] = tables.Count;
                tables.Add(Upload(spec, positions, device));
            }
        }
    }

    /// <summary>Looks the positions of a step up, for all layers. What it makes belongs to the caller's dispose scope.</summary>
    /// <param name="positions">[tokens]</param>
    public void Prepare(Tensor positions)
    {
        current.Clear();
        foreach (var (cosines, sines, _) in tables)
            current.Add((cosines.index_select(0, positions), sines.index_select(0, positions)));
    }

    /// <summary>Turns heads to their positions.</summary>
    /// <param name="heads">[tokens, heads, headDim] in fp32.</param>
    public Tensor Turn(Tensor heads, int layer)
    {
        int table = tableOfLayer[layer];
        return table < 0 ? heads : Turn(heads, current[table].Cosines, current[table].Sines, tables[table].Dims);
    }

    /// <summary>Turns heads of whole contexts.</summary>
    /// <param name="heads">[sequences, tokens, heads, headDim] in fp32, the first token at position 0.</param>
    public Tensor TurnContext(Tensor heads, int layer)
    {
        int table = tableOfLayer[layer];
        if (table < 0)
            return heads;
        var (cosines, sines, dims) = tables[table];
        return Turn(heads, cosines.narrow(0, 0, heads.shape[1]), sines.narrow(0, 0, heads.shape[1]), dims);
    }

    private static Tensor Turn(Tensor heads, Tensor cosines, Tensor sines, int dims)
    {
        long headDim = heads.shape[^1];
        if (dims == headDim)
            return TurnAll(heads, cosines, sines);
        return cat([TurnAll(heads.narrow(-1, 0, dims), cosines, sines), heads.narrow(-1, dims, headDim - dims)], -1);
    }

    public void Dispose()
    {
        foreach (var (cosines, sines, _) in tables)
        {
            cosines.Dispose();
            sines.Dispose();
        }
    }

    private static Tensor TurnAll(Tensor heads, Tensor cosines, Tensor sines) =>
        heads.mul(cosines).addcmul_(heads.roll(heads.shape[^1] / 2, -1), sines, Scalars.One);

    private static unsafe (Tensor, Tensor, int) Upload(RotarySpec spec, int positions, Device device)
    {
        using var table = new RotaryTable(positions, spec.Dims, spec.Theta, spec.Scaling);
        int half = spec.Dims / 2;
        using var scope = NewDisposeScope();
        var (cos, sin) = (Upload(table.Cosines(0), positions, half, device), Upload(table.Sines(0), positions, half, device));
        // Halves of a head turn against each other: the first gets minus the second's sine.
        return (cat([cos, cos], -1).unsqueeze_(1).DetachFromDisposeScope(), cat([sin.neg(), sin], -1).unsqueeze_(1).DetachFromDisposeScope(), spec.Dims);
    }

    private static unsafe Tensor Upload(float* values, int positions, int half, Device device)
    {
        using var onHost = empty(positions, half, dtype: ScalarType.Float32);
        fixed (byte* target = onHost.bytes)
            Buffer.MemoryCopy(values, target, (long)positions * half * sizeof(float), (long)positions * half * sizeof(float));
        return onHost.to(device, copy: true);
    }
}
