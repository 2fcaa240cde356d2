using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pharos.Cli.Cluster;

/// <summary>Bodies of requests.</summary>
internal static class Body
{
    public static JsonElement Of(JsonObject body) => JsonSerializer.SerializeToElement(body);
}
