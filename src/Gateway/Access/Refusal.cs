using System.Globalization;
using Pharos.Gateway.Http;

namespace Pharos.Gateway.Access;

/// <summary>A refusal in the words of the path that was asked: OpenAI's envelope for users, a problem for operators.</summary>
internal static class Refusal
{
    public static async Task Write(HttpContext context, ApiError error)
    {
        if (OpenAiPaths.Contain(context))
            throw new ApiException(error);
        if (error.RetryAfterSeconds is { } seconds)
            context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        await Results.Problem(error.Message, statusCode: (int)error.Status).ExecuteAsync(context);
    }
}
