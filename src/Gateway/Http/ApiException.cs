using System.Net;

namespace Pharos.Gateway.Http;

/// <summary>What a client is told instead of an answer, in the words of OpenAI's error object.</summary>
/// <param name="Param">The field at fault, as a path: <c>messages[2].content</c>.</param>
/// <param name="RetryAfterSeconds">When it is worth trying again.</param>
internal sealed record ApiError(HttpStatusCode Status, string Type, string Message, string? Param = null, string? Code = null, int? RetryAfterSeconds = null)
{
    /// <summary>Code of a request that was shed.</summary>
    public const string Overloaded = "overloaded";

    public static ApiError Invalid(string param, string message, string? code = null) =>
        new(HttpStatusCode.BadRequest, "invalid_request_error", message, param, code);

    public static ApiError ModelNotFound(string model, string served) => new(
        HttpStatusCode.NotFound, "invalid_request_error", $"The model '{model}' does not exist here; served: '{served}'.", "model", "model_not_found");

    public static ApiError ContextExceeded(int promptTokens, int contextTokens) => Invalid(
        "messages", $"The prompt has {promptTokens} tokens; the model's context is {contextTokens}, and at least one is needed for the answer.", "context_length_exceeded");

    public static ApiError ContextExceeded(long promptCharacters, long mostCharacters, int contextTokens) => Invalid(
        "messages",
        $"The prompt has {promptCharacters} characters; the model's context of {contextTokens} tokens holds at most {mostCharacters}, however long its tokens.",
        "context_length_exceeded");

    /// <summary>A request that the cluster did not serve; what never fits is the caller's to mend, the rest may be tried again.</summary>
    public static ApiError NotServed(string because, bool tooLarge, double? retryAfterSeconds) =>
        tooLarge ? Invalid("messages", because, "context_length_exceeded")
        : retryAfterSeconds is { } seconds ? TooMany(because, Overloaded, seconds)
        : Unavailable(because);

    /// <summary>More than the tenant may, or than the cluster can.</summary>
    public static ApiError TooMany(string because, string code, double retryAfterSeconds) => new(
        HttpStatusCode.TooManyRequests, "rate_limit_error", because, Code: code, RetryAfterSeconds: (int)Math.Ceiling(retryAfterSeconds));

    public static ApiError Unavailable(string because) =>
        new(HttpStatusCode.ServiceUnavailable, "server_error", because, Code: "unavailable", RetryAfterSeconds: 1);
}

/// <summary>Ends the handling of a request with <see cref="Error"/>.</summary>
internal sealed class ApiException(ApiError error) : Exception(error.Message)
{
    public ApiError Error => error;

    public static ApiException Invalid(string param, string message, string? code = null) => new(ApiError.Invalid(param, message, code));
}
