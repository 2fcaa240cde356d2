namespace Pharos.Cli.Cluster;

internal static class Models
{
    /// <summary>The first model the server lists.</summary>
    public static async Task<string> First(Session session, CancellationToken ct) =>
        (await session.Client.Get("v1/models", ct)).Each("data").FirstOrDefault().Text("id") is { Length: > 0 } first
            ? first
            : throw new ClusterException("The server lists no model; name one by --model.");
}
