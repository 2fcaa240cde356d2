using Pharos.Inference.Models.Rotary;

namespace Pharos.Inference.Tests.Models;

/// <summary>Each scaling against its formula, written down a second time or worked out by hand.</summary>
public sealed unsafe class RopeScalingTests
{
    private const int Dims = 64;
    private const double Theta = 10_000;

    [Fact]
    public void None_IsThePlainFrequency()
    {
        for (int pair = 0; pair < Dims / 2; pair++)
            Assert.Equal(1 / Math.Pow(Theta, 2.0 * pair / Dims), RopeScaling.None.Frequency(pair, Dims, Theta, 7), 1e-15);
    }

    [Fact]
    public void Linear_MakesPositionsCloser()
    {
        // Position 40 of a model stretched fourfold is where position 10 was.
        var stretched = new LinearRope(4);
        for (int pair = 0; pair < Dims / 2; pair++)
            Assert.Equal(10 * RopeScaling.None.Frequency(pair, Dims, Theta, 0), 40 * stretched.Frequency(pair, Dims, Theta, 0), 1e-12);
    }

    [Fact]
    public void DynamicNtk_IsPlainWithinTheTrainedLength_ThenRaisesTheta()
    {
        var rope = new DynamicNtkRope(Factor: 2, TrainedPositions: 100);
        Assert.Equal(RopeScaling.None.Frequency(5, Dims, Theta, 0), rope.Frequency(5, Dims, Theta, 99));
        // A context of 150: theta * (2 * 150 / 100 - 1)^(64 / 62) = theta * 2^(64 / 62).
        double raised = Theta * Math.Pow(2, 64.0 / 62);
        Assert.Equal(Math.Pow(raised, -10.0 / Dims), rope.Frequency(5, Dims, Theta, 149), 1e-12);
    }

    [Fact]
    public void Llama3_KeepsShortWaves_StretchesLongOnes_AndJoinsThemSmoothly()
    {
        // The values of Llama 3.1's config.json.
        var rope = new Llama3Rope(Factor: 8, LowFrequencyFactor: 1, HighFrequencyFactor: 4, TrainedPositions: 8192);
        const double theta = 500_000;
        const int dims = 128;
        double previous = double.MaxValue;
        int kept = 0, stretched = 0, between = 0;
        for (int pair = 0; pair < dims / 2; pair++)
        {
            double plain = Math.Pow(theta, -2.0 * pair / dims), wavelength = 2 * Math.PI / plain, actual = rope.Frequency(pair, dims, theta, 0);
            if (wavelength < 2048)
            {
                Assert.Equal(plain, actual);
                kept++;
            }
            else if (wavelength > 8192)
            {
                Assert.Equal(plain / 8, actual, 1e-15);
                stretched++;
            }
            else
            {
                Assert.InRange(actual, plain / 8, plain);
                between++;
            }
            Assert.True(actual < previous);
            previous = actual;
        }
        Assert.True(kept > 20 && stretched > 20 && between > 2, $"{kept} kept, {between} between, {stretched} stretched");
        // Half way in 8192 / wavelength between 1 and 4 is half of each.
        double middle = 2.5 * 2 * Math.PI / 8192;
        Assert.Equal(middle * (0.5 / 8 + 0.5), rope.Frequency(1, 2, 1 / middle, 0), 1e-12);
    }

    [Fact]
    public void Yarn_KeepsFastPairs_InterpolatesSlowOnes_OnARamp()
    {
        var rope = new YarnRope(Factor: 4, TrainedPositions: 4096);
        const int dims = 128;
        double Turns(double pair) => dims * Math.Log(4096 / (pair * 2 * Math.PI)) / (2 * Math.Log(Theta));
        double low = Math.Floor(Turns(32)), high = Math.Ceiling(Turns(1));
        Assert.True(low > 0 && high < dims / 2);
        for (int pair = 0; pair < dims / 2; pair++)
        {
            double plain = Math.Pow(Theta, -2.0 * pair / dims), ramp = pair <= low ? 0 : pair >= high ? 1 : (pair - low) / (high - low);
            Assert.Equal(plain * (1 - ramp) + plain / 4 * ramp, rope.Frequency(pair, dims, Theta, 0), 1e-12);
        }
    }

    [Theory]
    [InlineData(4, 0, 0, 1.1386294361119891)]      // 0.1 ln 4 + 1
    [InlineData(0.5, 0, 0, 1)]                     // nothing is stretched
    [InlineData(40, 0.707, 0.707, 1)]              // the two scales of DeepSeek V2 cancel
    [InlineData(40, 1, 0.5, 1.1557219901962608)]   // (0.1 ln 40 + 1) / (0.05 ln 40 + 1)
    public void Yarn_WarmsScores(double factor, double scale, double scaleAllDims, double expected) =>
        Assert.Equal(expected, new YarnRope(factor, 4096, Scale: scale, ScaleAllDims: scaleAllDims).AttentionFactor, 1e-12);

    [Fact]
    public void Yarn_TakesTheModelsOwnAttentionFactor() => Assert.Equal(1.5, new YarnRope(4, 4096, Attention: 1.5).AttentionFactor);

    [Fact]
    public void LongRope_DividesEachPair_AndWarmsScores()
    {
        double[] divisors = [.. Enumerable.Range(0, Dims / 2).Select(i => 1 + i * 0.5)];
        var rope = new LongRope(divisors, Factor: 32, TrainedPositions: 4096);
        for (int pair = 0; pair < Dims / 2; pair++)
            Assert.Equal(RopeScaling.None.Frequency(pair, Dims, Theta, 0) / divisors[pair], rope.Frequency(pair, Dims, Theta, 0), 1e-15);
        Assert.Equal(Math.Sqrt(1 + 5.0 / 12), rope.AttentionFactor, 1e-12); // ln 2^5 / ln 2^12
        Assert.Equal(1, new LongRope(divisors, 1, 4096).AttentionFactor);
    }

    [Fact]
    public void Table_HoldsCosinesAndSines_TimesTheAttentionFactor()
    {
        var rope = new LongRope([.. Enumerable.Repeat(2.0, 8)], Factor: 1, TrainedPositions: 64, Attention: 1.25);
        using var table = new RotaryTable(positions: 40, dims: 16, Theta, rope);
        Assert.Equal(16, table.Dims);
        for (int position = 0; position < 40; position++)
        {
            for (int pair = 0; pair < 8; pair++)
            {
                double angle = position * Math.Pow(Theta, -2.0 * pair / 16) / 2;
                Assert.Equal(1.25 * Math.Cos(angle), table.Cosines(position)[pair], 1e-5);
                Assert.Equal(1.25 * Math.Sin(angle), table.Sines(position)[pair], 1e-5);
            }
        }
    }

    [Fact]
    public void Table_OfAScalingThatVaries_TakesEachPositionsOwn()
    {
        var rope = new DynamicNtkRope(Factor: 2, TrainedPositions: 10);
        using var table = new RotaryTable(positions: 30, dims: 16, Theta, rope);
        for (int position = 0; position < 30; position++)
            Assert.Equal(Math.Cos(position * rope.Frequency(3, 16, Theta, position)), table.Cosines(position)[3], 1e-5);
    }
}
