using Pharos.Bench.Faults.Mutations;

namespace Pharos.Faults.Tests;

public sealed class MutationTests
{
    [Fact]
    public void EveryMutation_StillFitsTheSources()
    {
        Assert.True(Mutation.All.Count >= 10);
        Assert.All(Mutation.All, mutation => Assert.NotEqual(Source(mutation), mutation.Apply(Source(mutation))));
    }

    private static string Source(Mutation mutation)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Cluster.sln")))
            folder = folder.Parent;
        return File.ReadAllText(Path.Combine(folder.FullName, mutation.Path));
    }
}
