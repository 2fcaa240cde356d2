using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;

namespace Pharos.EndToEnd.Tests;

/// <summary>Who is let in, and how far.</summary>
public sealed class AccessTests
{
    private static string HashOf(string key) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Keys_open_what_their_role_may_see_and_actions_are_written_down()
    {
        var audit = Path.GetTempFileName();
        await using var gateway = await PharosGateway.StartAsync(
            "Workers=1", $"ApiKeys:app:Hash={HashOf("user-key")}", "ApiKeys:app:Tenant=acme",
            $"ApiKeys:ops:Hash={HashOf("operator-key")}", "ApiKeys:ops:Role=operator", $"Gateway:AuditFile={audit}");
        var http = gateway.Http;

        foreach (var open in (string[])["health", "alive", "version", "metrics", ""])
            Assert.Equal(HttpStatusCode.OK, (await http.FetchAsync(open)).Status);
        var refused = await http.PostAsync(Wire.Ask("Hello!"));
        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_api_key"), (refused.Status, refused.Error.GetProperty("code").GetString()));
        Assert.Equal("Bearer", refused.Headers.WwwAuthenticate.Single().Scheme);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.FetchAsync("admin/workers")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.FetchAsync("some/path")).Status);

        Use("user-key");
        var reply = await http.PostAsync(Wire.Ask("Hello!"));
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await http.FetchAsync("admin/workers")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await http.OrderAsync("admin/workers/spark/silo-0/0/drain")).Status);

        Use("operator-key");
        Assert.Equal("acme", (await gateway.RequestAsync(reply.Json.GetProperty("id").GetString()!)).GetProperty("tenant").GetString());
        var worker = (await http.FetchAsync("admin/workers")).Json[0].GetProperty("id").GetString();
        Assert.Equal(HttpStatusCode.OK, (await http.OrderAsync($"admin/workers/{worker}/cordon")).Status);
        Assert.Equal(HttpStatusCode.OK, (await http.OrderAsync($"admin/workers/{worker}/undrain")).Status);

        var entries = (await ReadAsync(audit)).Select(line => JsonSerializer.Deserialize<JsonElement>(line)).ToList();
        Assert.Equal(
            [("app", 403, "refused"), ("ops", 200, "done"), ("ops", 200, "done")],
            entries.Select(entry => (entry.GetProperty("key").GetString()!, entry.GetProperty("status").GetInt32(), entry.GetProperty("outcome").GetString()!)));
        Assert.Equal($"/admin/workers/{worker}/cordon", entries[1].GetProperty("path").GetString());
        Assert.All(entries, entry => Assert.Equal(("POST", 32), (entry.GetProperty("method").GetString(), entry.GetProperty("requestId").GetString()!.Length)));
        Assert.DoesNotContain("operator-key", string.Concat(await ReadAsync(audit)));

        void Use(string key) => http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Keys_of_a_mounted_secret_are_rotated_without_a_restart()
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        var file = Path.Combine(folder, "keys.json");
        await File.WriteAllTextAsync(file, Keys(("old", "first-key")));
        await using var gateway = await PharosGateway.StartAsync("Workers=1", $"ApiKeysPath={folder}");
        Assert.Equal(HttpStatusCode.OK, await StatusOf("first-key"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusOf("second-key"));

        await File.WriteAllTextAsync(file, Keys(("old", "first-key"), ("new", "second-key")));
        await gateway.UntilAsync("the new key is valid", async () => await StatusOf("second-key") == HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.OK, await StatusOf("first-key"));

        await File.WriteAllTextAsync(file, Keys(("new", "second-key")));
        await gateway.UntilAsync("the old key is not", async () => await StatusOf("first-key") == HttpStatusCode.Unauthorized);
        await File.WriteAllTextAsync(file, "{ half a file");
        await File.WriteAllTextAsync(Path.Combine(folder, "more.json"), Keys(("third", "third-key")));
        Assert.Equal(HttpStatusCode.OK, await StatusOf("second-key")); // what cannot be read changes nothing
        File.Delete(file);
        await gateway.UntilAsync("only the other file's key is", async () =>
            await StatusOf("second-key") == HttpStatusCode.Unauthorized && await StatusOf("third-key") == HttpStatusCode.OK);
        File.Delete(Path.Combine(folder, "more.json"));
        await gateway.UntilAsync("none is, and nobody comes in without", async () => await StatusOf("third-key") == HttpStatusCode.Unauthorized);
        Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.Http.FetchAsync("v1/models")).Status);

        async Task<HttpStatusCode> StatusOf(string key)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "v1/models") { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };
            using var response = await gateway.Http.SendAsync(request);
            return response.StatusCode;
        }

        static string Keys(params (string Name, string Key)[] keys) =>
            JsonSerializer.Serialize(keys.ToDictionary(key => key.Name, key => new { hash = HashOf(key.Key), tenant = "acme" }));
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Without_keys_it_does_not_listen_where_others_can_reach_it()
    {
        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => PharosGateway.StartAsync("Workers=1", "--urls", "http://0.0.0.0:0"));
        Assert.Contains("http://0.0.0.0:0", refusal.Message);
        Assert.Contains("ApiKeys", refusal.Message);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Without_keys_pages_of_other_sites_order_nothing()
    {
        await using var gateway = await PharosGateway.StartAsync("Workers=1", "Gateway:Cors:Origins:0=https://chat.example.com");
        Assert.Equal(HttpStatusCode.OK, (await AskAsync("Origin", "https://chat.example.com")).StatusCode);
        Assert.Equal("https://chat.example.com", (await AskAsync("Origin", "https://chat.example.com")).Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal(HttpStatusCode.OK, (await AskAsync("Origin", "http://localhost:3000")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync("Origin", "https://evil.example.com")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync("Host", "evil.example.com")).StatusCode); // a name that was made to point here

        using var asksBefore = new HttpRequestMessage(HttpMethod.Options, "v1/responses/resp_1");
        asksBefore.Headers.Add("Origin", "https://chat.example.com");
        asksBefore.Headers.Add("Access-Control-Request-Method", "DELETE");
        Assert.Contains("DELETE", (await gateway.Http.SendAsync(asksBefore)).Headers.GetValues("Access-Control-Allow-Methods").Single(), StringComparison.Ordinal);

        async Task<HttpResponseMessage> AskAsync(string header, string value)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "admin/workers");
            request.Headers.TryAddWithoutValidation(header, value);
            return await gateway.Http.SendAsync(request);
        }
    }

    private static async Task<string[]> ReadAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return (await reader.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
