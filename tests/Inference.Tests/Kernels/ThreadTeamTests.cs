using Pharos.Inference.Kernels;

namespace Pharos.Inference.Tests.Kernels;

public sealed class ThreadTeamTests
{
    [Fact]
    public void Phases_AreSeenByAll_InOrder()
    {
        const int phases = 50, runs = 40;
        var counts = new int[phases];
        bool torn = false;
        int due = 0; // arrivals at each phase by the end of the present run
        ThreadTeam team = null!;
        team = new ThreadTeam(4, _ =>
        {
            for (int phase = 0; phase < phases; phase++)
            {
                Interlocked.Increment(ref counts[phase]);
                team.Barrier();
                if (Volatile.Read(ref counts[phase]) != due)
                    torn = true;
                team.Barrier();
            }
        });
        using (team)
        {
            for (int run = 0; run < runs; run++)
            {
                bool together = run % 3 != 0;
                due += together ? 4 : 1;
                team.Run(together);
            }
        }
        Assert.False(torn);
        Assert.All(counts, c => Assert.Equal(due, c));
    }

    [Fact]
    public void FailureOfAThread_ReachesTheCaller()
    {
        using var team = new ThreadTeam(2, thread =>
        {
            if (thread == 1)
                throw new InvalidDataException("thread 1");
        });
        var failure = Assert.Throws<InvalidOperationException>(() => team.Run(together: true));
        Assert.IsType<InvalidDataException>(failure.InnerException);
    }
}
