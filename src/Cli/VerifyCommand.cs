using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Pharos.Inference.Loading;
using Pharos.Inference.Verification;

namespace Pharos.Cli;

/// <summary><c>pharos verify</c>: tries a model directory or a GGUF file as a server would use it.</summary>
internal static class VerifyCommand
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static Command Create()
    {
        var defaults = new VerificationOptions();
        var path = new Argument<string>("MODEL") { Description = "a model directory, or a .gguf file" };
        var prompt = new Option<string>("--prompt") { Description = "what greedy generation goes on from", DefaultValueFactory = _ => defaults.Prompt };
        var tokens = new Option<int>("--tokens") { Description = "tokens to generate, at least 1", DefaultValueFactory = _ => defaults.Tokens };
        var threads = new Option<int?>("--threads") { Description = "compute threads; one less than the machine's cores where absent" };
        var json = new Option<bool>("--json") { Description = "one JSON object instead of lines" };
        var command = new Command("verify", "Load a model, send texts through its tokenizer, generate, and report speed and memory.") { path, prompt, tokens, threads, json };
        command.SetAction(async (parsed, ct) =>
        {
            try
            {
                if (parsed.GetValue(tokens) < 1)
                    throw new ArgumentException($"--tokens {parsed.GetValue(tokens)}: at least 1 is expected.");
                var options = new VerificationOptions(parsed.GetValue(prompt)!, parsed.GetValue(tokens), parsed.GetValue(threads));
                var report = await ModelVerification.RunAsync(parsed.GetValue(path)!, options, ct);
                await parsed.InvocationConfiguration.Output.WriteLineAsync(parsed.GetValue(json) ? JsonSerializer.Serialize(report, Json) : Lines(report));
                return report.Generation.PiecesAgree ? 0 : 1;
            }
            catch (Exception error) when (error is ModelLoadException or ArgumentException or InvalidDataException or IOException or UnauthorizedAccessException)
            {
                await parsed.InvocationConfiguration.Error.WriteLineAsync(error.Message);
                return 1;
            }
        });
        return command;
    }

    private static string Lines(VerificationReport report)
    {
        var (load, text, run, memory) = (report.Load, report.RoundTrip, report.Generation, report.Memory);
        string[] lines =
        [
            Text($"model      {report.Model}: {report.Family}, {report.Layers} layers, {report.Parameters / 1e6:F1} M weights a token, vocabulary {report.VocabularySize}, context {report.MaxPositions}"),
            Text($"files      {report.StoredType}, fingerprint {report.Fingerprint}, opened in {load.OpenSeconds:F2} s"),
            Text($"engine     {load.Instructions}, {load.Threads} thread(s), weights {load.WeightType}, packed in {load.PackSeconds:F2} s"),
            Text($"chat       {load.ChatFormat}"),
            Text($"tokenizer  {text.Exact} of {text.Texts} texts came back unchanged; {text.BytesPerToken:F2} bytes a token"),
            .. text.Differences.Select(difference => $"           {difference}"),
            Text($"generated  {run.Prompt} | {run.Text}"),
            Text($"speed      {run.TokensPerSecond:F1} tokens/s decoding, {run.PromptTokensPerSecond:F1} tokens/s of a prompt of {run.SpeedPromptTokens}"),
            Text($"pieces     a prompt in two steps gives {(run.PiecesAgree ? "the same bits" : "OTHER BITS")} as in one"),
            Text($"memory     weights {memory.WeightBytes / 1048576.0:F1} MiB, context {memory.KvBytesPerToken / 1024.0:F1} KiB a token, process at most {memory.PeakProcessBytes / 1048576.0:F1} MiB"),
        ];
        return string.Join(Environment.NewLine, lines);
    }

    private static string Text(FormattableString line) => line.ToString(CultureInfo.InvariantCulture);
}
