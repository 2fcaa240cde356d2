using Pharos.Inference.Models;
using Pharos.Inference.Models.Rotary;
using static TorchSharp.torch;

namespace Pharos.Inference.Torch.Models;

/// <summary>The rotary tables of a model on the device, one for each way in which its layers turn, and their rows for the positions of a step.</summary>
internal sealed class RotaryAngles : IDisposable
{
    private readonly int[] tableOfLayer; // -1: the layer knows no positions
    private readonly List<(Tensor Cosines, Tensor Sines, int Dims)> tables = []; // [positions, dims / 2]
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
        {
            var (cos, sin) = (cosines.index_select(0, positions), sines.index_select(0, positions));
            // Halves of a head turn against each other: the first gets minus the second's sine.
            current.Add((cat([cos, cos], -1).unsqueeze_(1), cat([sin.neg(), sin], -1).unsqueeze_(1)));
        }
    }

    /// <summary>Turns heads to their positions.</summary>
    /// <param name="heads">[tokens, heads, headDim] in fp32.</param>
    public Tensor Turn(Tensor heads, int layer)
    {
        int table = tableOfLayer[layer];
        if (table < 0)
            return heads;
        var (cosines, sines) = current[table];
        int dims = tables[table].Dims, headDim = (int)heads.shape[2];
        if (dims == headDim)
            return Turn(heads, cosines, sines, dims);
        return cat([Turn(heads.narrow(-1, 0, dims), cosines, sines, dims), heads.narrow(-1, dims, headDim - dims)], -1);
    }

    public void Dispose()
    {
        foreach (var (cosines, sines, _) in tables)
        {
            cosines.Dispose();
            sines.Dispose();
        }
    }

    private static Tensor Turn(Tensor heads, Tensor cosines, Tensor sines, int dims) =>
        heads.mul(cosines).addcmul_(heads.roll(dims / 2, -1), sines, 1);

    private static unsafe (Tensor, Tensor, int) Upload(RotarySpec spec, int positions, Device device)
    {
        using var table = new RotaryTable(positions, spec.Dims, spec.Theta, spec.Scaling);
        int half = spec.Dims / 2;
        return (Upload(table.Cosines(0), positions, half, device), Upload(table.Sines(0), positions, half, device), spec.Dims);
    }

    private static unsafe Tensor Upload(float* values, int positions, int half, Device device)
    {
        using var onHost = empty(positions, half, dtype: ScalarType.Float32);
        fixed (byte* target = onHost.bytes)
            Buffer.MemoryCopy(values, target, (long)positions * half * sizeof(float), (long)positions * half * sizeof(float));
        return onHost.to(device, copy: true);
    }
}
