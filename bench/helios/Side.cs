using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Pharos.Gateway.Hosting;

namespace Pharos.Bench.Helios;

/// <summary>One whole Pharos on a loopback port, with one worker of one thread, and clients that ask it.</summary>
internal sealed class Side : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly HttpClient http;
    private readonly string model;

    private Side(WebApplication app, HttpClient http, string model) => (this.app, this.http, this.model) = (app, http, model);

    /// <summary>What came of some requests.</summary>
    /// <param name="Seconds">From the first question to the last answer.</param>
    /// <param name="ResponseSeconds">Of one request, in the mean.</param>
    internal sealed record Outcome(string[] Said, string[] Models, double Seconds, double ResponseSeconds, long PromptTokens, long Tokens)
    {
        public double TokensPerSecond => Tokens / Seconds;
    }

    public static async Task<Side> StartAsync(string model, params string[] settings)
    {
        string[] args = ["--urls", "http://127.0.0.1:0", "--Logging:LogLevel:Default", "None", "--Pharos:Model", model, "--Pharos:Workers", "1", "--Pharos:Threads", "1",
            "--Pharos:DemoTools:Enabled", "false", .. settings.SelectMany(setting => setting.Split('=', 2) is [var key, var value] ? new[] { $"--Pharos:{key}", value } : [])];
        var app = GatewayProgram.Build(args);
        await app.StartAsync();
        var url = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        var side = new Side(app, new HttpClient { BaseAddress = new Uri(url), Timeout = TimeSpan.FromMinutes(2) }, model);
        for (var tries = 0; await side.BlocksAsync() == 0; tries++)
        {
            if (tries == 200)
                throw new InvalidOperationException($"No worker of {model} opened within 20 s.");
            await Task.Delay(100);
        }
        return side;
    }

    /// <summary>Asks them all, so many at a time.</summary>
    public async Task<Outcome> RunAsync(IReadOnlyList<KnownTask> tasks, int clients)
    {
        var (said, models) = (new string[tasks.Count], new string[tasks.Count]);
        var responses = new double[tasks.Count];
        var bodies = tasks.Select(task => task.Body(model)).ToArray();
        long prompts = 0, tokens = 0;
        var next = -1;
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(async _ =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) < bodies.Length;)
            {
                var asked = Stopwatch.GetTimestamp();
                using var response = await http.PostAsync("/v1/chat/completions", new StringContent(bodies[i], Encoding.UTF8, "application/json"));
                response.EnsureSuccessStatusCode();
                using var json = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync());
                responses[i] = Stopwatch.GetElapsedTime(asked).TotalSeconds;
                (said[i], models[i]) = (KnownTask.Said(json.RootElement.GetProperty("choices")[0].GetProperty("message")), json.RootElement.GetProperty("model").GetString()!);
                var usage = json.RootElement.GetProperty("usage");
                Interlocked.Add(ref prompts, usage.GetProperty("prompt_tokens").GetInt64());
                Interlocked.Add(ref tokens, usage.GetProperty("completion_tokens").GetInt64());
            }
        }));
        return new Outcome(said, models, Stopwatch.GetElapsedTime(start).TotalSeconds, responses.Average(), prompts, tokens);
    }

    /// <summary>KV blocks of the worker; 0 while there is none.</summary>
    public async Task<int> BlocksAsync() =>
        Regex.Match(await http.GetStringAsync("/metrics"), "num_gpu_blocks=\"([0-9]+)\"") is { Success: true } match ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;

    /// <summary>A candidate's figure among the metrics; NaN: there is none.</summary>
    public async Task<double> FigureAsync(string name, string candidate)
    {
        var match = Regex.Match(await http.GetStringAsync("/metrics"), $"^{name}\\{{candidate=\"{Regex.Escape(candidate)}\"\\}} (\\S+)", RegexOptions.Multiline);
        return match.Success ? double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : double.NaN;
    }

    /// <summary>Joules so far, of this whole process, and where the figure comes from.</summary>
    public async Task<(double Joules, string Source)> EnergyAsync()
    {
        var match = Regex.Match(await http.GetStringAsync("/metrics"), "^pharos_energy_joules_total\\{source=\"(\\w+)\"\\} (\\S+)", RegexOptions.Multiline);
        return match.Success ? (double.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture), match.Groups[1].Value) : (0, "none");
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
    }
}
