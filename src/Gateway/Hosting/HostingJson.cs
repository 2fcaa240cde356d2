using System.Text.Json.Serialization;

namespace Pharos.Gateway.Hosting;

internal sealed record HealthJson(string Status, int Workers);

internal sealed record VersionJson(string Version);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(HealthJson))]
[JsonSerializable(typeof(VersionJson))]
internal sealed partial class HostingJson : JsonSerializerContext;
