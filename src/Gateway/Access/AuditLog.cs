using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pharos.Gateway.Access;

/// <summary>An operator's action, and what came of it.</summary>
/// <param name="Key">Name of the key; null where none was valid.</param>
/// <param name="Body">What was asked beyond the path; cut where it is long.</param>
/// <param name="Outcome"><c>done</c>, <c>refused</c> (below 500) or <c>failed</c>.</param>
internal sealed record AuditEntry(
    DateTimeOffset At, string RequestId, string? Key, string? Tenant, string? Remote, string Method, string Path, string? Body, int Status, string Outcome, double Seconds);

/// <summary>
/// Writes down what operators do, and who tried without being one: a line of JSON each, to the log category <c>Pharos.Audit</c> and, where
/// <see cref="GatewayOptions.AuditFile"/> is set, to the end of that file. Looking changes nothing and is not written.
/// </summary>
internal sealed partial class AuditLog : IMiddleware, IDisposable
{
    private const int LongestBody = 2048;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly StreamWriter? _file;

    public AuditLog(GatewayOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        (_time, _logger) = (time, loggers.CreateLogger("Pharos.Audit"));
        if (options.AuditFile.Length > 0)
            _file = new StreamWriter(new FileStream(options.AuditFile, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
    }

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (!context.Request.Path.StartsWithSegments("/admin") || HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
        {
            await next(context);
            return;
        }

        var (began, at) = (_time.GetTimestamp(), _time.GetUtcNow());
        var body = await BodyOf(context.Request);
        var status = StatusCodes.Status500InternalServerError; // what an exception becomes further out
        try
        {
            await next(context);
            status = context.Response.StatusCode;
        }
        finally
        {
            var caller = context.Features.Get<Caller>();
            Write(new AuditEntry(
                at, Http.RequestIds.Of(context), caller?.Key, caller?.Tenant, context.Connection.RemoteIpAddress?.ToString(), context.Request.Method,
                context.Request.Path + context.Request.QueryString, body, status, status < 400 ? "done" : status < 500 ? "refused" : "failed",
                _time.GetElapsedTime(began).TotalSeconds));
        }
    }

    public void Dispose() => _file?.Dispose();

    private void Write(AuditEntry entry)
    {
        var line = JsonSerializer.Serialize(entry, AuditJson.Readable.AuditEntry);
        LogAction(line);
        if (_file is null)
            return;
        lock (_gate)
            _file.WriteLine(line);
    }

    private static async Task<string?> BodyOf(HttpRequest request)
    {
        if (request.ContentLength is null or 0)
            return null;
        request.EnableBuffering(LongestBody);
        var buffer = new byte[LongestBody];
        var read = await request.Body.ReadAtLeastAsync(buffer, LongestBody, throwOnEndOfStream: false, request.HttpContext.RequestAborted);
        request.Body.Position = 0;
        return System.Text.Encoding.UTF8.GetString(buffer, 0, read);
    }

    [LoggerMessage(1, LogLevel.Information, "{Entry}")]
    private partial void LogAction(string entry);
}

[JsonSerializable(typeof(AuditEntry))]
internal sealed partial class AuditJson : JsonSerializerContext
{
    public static AuditJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
