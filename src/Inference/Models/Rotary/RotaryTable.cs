using Pharos.Inference.KvCache;

namespace Pharos.Inference.Models.Rotary;

/// <summary>Cosines and sines of all positions, [position][dims / 2], attention factor included; angles are formed in fp32 as the models were trained.</summary>
internal sealed unsafe class RotaryTable : IDisposable
{
    private readonly NativeBuffer cosines;
    private readonly NativeBuffer sines;
    private readonly int half;

    /// <param name="dims">Dimensions of a head that turn: all, or the model's partial rotary share of them.</param>
    public RotaryTable(int positions, int dims, double theta, RopeScaling scaling)
    {
        (Dims, half) = (dims, dims / 2);
        cosines = NativeBuffer.OfFloats((long)positions * half);
        sines = NativeBuffer.OfFloats((long)positions * half);
        double factor = scaling.AttentionFactor;
        for (int j = 0; j < half; j++)
        {
            float frequency = (float)scaling.Frequency(j, dims, theta, 0);
            for (int position = 0; position < positions; position++)
            {
                if (scaling.VariesWithPosition)
                    frequency = (float)scaling.Frequency(j, dims, theta, position);
                float angle = position * frequency;
                cosines.Floats[(long)position * half + j] = (float)(Math.Cos(angle) * factor);
                sines.Floats[(long)position * half + j] = (float)(Math.Sin(angle) * factor);
            }
        }
    }

    /// <summary>Dimensions of a head that turn.</summary>
    public int Dims { get; }

    public float* Cosines(int position) => cosines.Floats + (long)position * half;

    public float* Sines(int position) => sines.Floats + (long)position * half;

    public void Dispose()
    {
        cosines.Dispose();
        sines.Dispose();
    }
}
