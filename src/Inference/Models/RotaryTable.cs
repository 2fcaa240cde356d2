using Pharos.Inference.KvCache;

namespace Pharos.Inference.Models;

/// <summary>Cosines and sines of all positions, [position][headDim / 2]; angles are formed in fp32 as the models were trained.</summary>
internal sealed unsafe class RotaryTable : IDisposable
{
    private readonly NativeBuffer cosines;
    private readonly NativeBuffer sines;
    private readonly int half;

    public RotaryTable(int positions, int headDim, double theta)
    {
        half = headDim / 2;
        cosines = NativeBuffer.OfFloats((long)positions * half);
        sines = NativeBuffer.OfFloats((long)positions * half);
        for (int j = 0; j < half; j++)
        {
            float frequency = (float)Math.Pow(theta, -2.0 * j / headDim);
            for (int position = 0; position < positions; position++)
            {
                float angle = position * frequency;
                cosines.Floats[(long)position * half + j] = (float)Math.Cos(angle);
                sines.Floats[(long)position * half + j] = (float)Math.Sin(angle);
            }
        }
    }

    public float* Cosines(int position) => cosines.Floats + (long)position * half;

    public float* Sines(int position) => sines.Floats + (long)position * half;

    public void Dispose()
    {
        cosines.Dispose();
        sines.Dispose();
    }
}
