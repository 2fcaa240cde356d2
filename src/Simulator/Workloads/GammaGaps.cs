namespace Pharos.Simulator.Workloads;

/// <summary>Gaps between arrivals, Gamma distributed (Marsaglia and Tsang 2000).</summary>
/// <param name="variation">Coefficient of variation: 1 is exponential.</param>
internal readonly struct GammaGaps(double rate, double variation)
{
    private readonly double shape = 1 / (variation * variation);
    private readonly double scale = variation * variation / rate;

    public double Next(Random dice)
    {
        // Below a shape of 1 the method draws one higher and scales by u^(1/shape).
        var d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3;
        var lifted = shape < 1 ? Math.Pow(1 - dice.NextDouble(), 1 / shape) : 1;
        while (true)
        {
            var normal = Math.Sqrt(-2 * Math.Log(1 - dice.NextDouble())) * Math.Cos(2 * Math.PI * dice.NextDouble());
            var v = Math.Pow(1 + normal / Math.Sqrt(9 * d), 3);
            if (v > 0 && Math.Log(1 - dice.NextDouble()) < normal * normal / 2 + d - d * v + d * Math.Log(v))
                return d * v * scale * lifted;
        }
    }
}
