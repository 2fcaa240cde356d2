using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Pharos.Bench.Fuzz;

/// <summary>Sends mutated bodies and looks at every answer: a status that is one of those documented, in the right envelope, within the time.</summary>
internal sealed class FuzzRun(HttpClient http, int seed)
{
    private static readonly int[] Expected = [200, 400, 404, 413, 429, 503];

    /// <summary>A body that takes longer hangs.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(60);

    /// <summary>Answers by status; 0: the client left early.</summary>
    public ConcurrentDictionary<int, int> Statuses { get; } = new();

    /// <summary>What must not be, with the body that brought it about.</summary>
    public ConcurrentQueue<string> Violations { get; } = new();

    public Task Run(int from, int count, int atOnce) => Parallel.ForAsync(
        from, from + count, new ParallelOptions { MaxDegreeOfParallelism = atOnce }, async (number, _) => await Send(number));

    private async Task Send(int number)
    {
        var mutator = new BodyMutator(seed, number);
        var body = mutator.Make();
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, mutator.Sample.Path) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
            if (response.StatusCode == HttpStatusCode.OK && number % 13 == 0)
            {
                Statuses.AddOrUpdate(0, 1, (_, known) => known + 1); // hangs up in mid-answer
                return;
            }
            var text = await response.Content.ReadAsStringAsync(patience.Token);
            Statuses.AddOrUpdate((int)response.StatusCode, 1, (_, known) => known + 1);
            if (Complaint(response, text) is { } complaint)
                Violate(number, mutator, body, $"{complaint}: {Shown(text)}");
        }
        catch (OperationCanceledException)
        {
            Violate(number, mutator, body, $"no answer in {Patience.TotalSeconds} s");
        }
        catch (HttpRequestException exception)
        {
            Violate(number, mutator, body, $"the connection broke: {exception.Message}");
        }
    }

    /// <summary>Null where all is as it should be.</summary>
    private static string? Complaint(HttpResponseMessage response, string text)
    {
        var status = (int)response.StatusCode;
        if (!Expected.Contains(status))
            return $"status {status}";
        if (response.Content.Headers.ContentType?.MediaType == "text/event-stream")
            return text.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal) || text.Contains("event: response.", StringComparison.Ordinal) ? null : "a stream without an end";
        try
        {
            using var document = JsonDocument.Parse(text);
            var hasError = document.RootElement.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object;
            return status == 200 ? null : hasError && error.GetProperty("message").GetString() is { Length: > 0 } ? null : "an error without the envelope";
        }
        catch (JsonException)
        {
            return "no JSON";
        }
    }

    private void Violate(int number, BodyMutator mutator, byte[] body, string what) =>
        Violations.Enqueue($"body {number} of seed {seed} to {mutator.Sample.Path}: {what}\n    {Shown(Encoding.UTF8.GetString(body))}");

    private static string Shown(string text) => text[..Math.Min(text.Length, 600)];
}
