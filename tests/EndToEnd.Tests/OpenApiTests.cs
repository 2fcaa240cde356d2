using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Pharos.Bench.Fuzz;

namespace Pharos.EndToEnd.Tests;

/// <summary>The page that says what the API is says what it is.</summary>
[Collection(Shared.Name)]
public sealed class OpenApiTests(SharedGateway shared)
{
    private static readonly string[] Roots = ["/v1", "/tokenize", "/detokenize"];

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Page_has_the_routes_that_there_are_and_no_others()
    {
        var told = from path in (await PageAsync()).GetProperty("paths").EnumerateObject()
                   from method in path.Value.EnumerateObject()
                   select $"{method.Name.ToUpperInvariant()} {path.Name}";
        var served = from endpoint in shared.Gateway.Endpoints.OfType<RouteEndpoint>()
                     let path = "/" + endpoint.RoutePattern.RawText!.Trim('/')
                     where Roots.Any(root => path == root || path.StartsWith(root + "/", StringComparison.Ordinal))
                     from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods
                     select $"{method} {path}";
        Assert.Equal(served.Order(), told.Order());
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Fields_of_right_requests_are_on_the_page()
    {
        var page = await PageAsync();
        foreach (var sample in Corpus.All)
        {
            var body = page.GetProperty("paths").GetProperty("/" + sample.Path).GetProperty("post").GetProperty("requestBody");
            var name = body.GetProperty("content").GetProperty("application/json").GetProperty("schema").GetProperty("$ref").GetString()!.Split('/')[^1];
            var schema = page.GetProperty("components").GetProperty("schemas").GetProperty(name);
            foreach (var field in JsonDocument.Parse(sample.Body).RootElement.EnumerateObject())
                Assert.True(schema.GetProperty("properties").TryGetProperty(field.Name, out _), $"{name} does not name {field.Name}");
        }
    }

    private async Task<JsonElement> PageAsync() => (await shared.Gateway.Http.FetchAsync("openapi/v1.json")).Json;
}
