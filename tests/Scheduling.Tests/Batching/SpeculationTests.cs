using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Tests.Batching;

public sealed class SpeculationTests
{
    // 18 ms to read the weights, 1.7 ms of arithmetic a token.
    private static readonly DeviceProfile Device = new(18e-3, 1.7e-3, 0, 512, 1e5);

    [Fact]
    public void Lone_sequence_guesses_far_and_a_large_batch_only_what_is_nearly_certain()
    {
        Assert.Equal(8, Length(sequences: 1, acceptance: 0.9));
        Assert.Equal(3, Length(sequences: 1, acceptance: 0.5)); // 1.7 / 19.7 = 0.086 < 0.125, and 0.0625 is less
        Assert.Equal(1, Length(sequences: 8, acceptance: 0.5));
        Assert.Equal(0, Length(sequences: 32, acceptance: 0.7));
        Assert.Equal(0, Length(sequences: 1, acceptance: 0.05));
    }

    [Fact]
    public void Never_more_than_is_offered() => Assert.Equal(2, Speculation.Length(Device, 1, 20e-3, 0.99, 2));

    [Fact]
    public void Wrong_guesses_end_guessing_and_after_a_while_it_is_tried_again()
    {
        var acceptance = Speculation.PriorAcceptance;
        var wrong = 0;
        while (Length(1, acceptance) > 0)
        {
            acceptance = Speculation.Learn(acceptance, Length(1, acceptance), 0);
            Assert.True(++wrong < 30, "it goes on guessing wrongly");
        }

        var quiet = 0;
        while (Length(1, acceptance) == 0)
        {
            acceptance = Speculation.Learn(acceptance, 0, 0);
            Assert.True(++quiet < 30, "it never guesses again");
        }

        for (var i = 0; i < 10; i++)
            acceptance = Speculation.Learn(acceptance, 4, 4);
        Assert.Equal(8, Length(1, acceptance));
    }

    private static int Length(int sequences, double acceptance) =>
        Speculation.Length(Device, sequences, Device.IterationSeconds(sequences, 0), acceptance, 8);
}
