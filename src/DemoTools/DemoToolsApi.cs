using System.Globalization;
using System.Text.Json;

namespace Pharos.DemoTools;

/// <summary>The demo tools over HTTP: <c>POST /tools/NAME</c> with the arguments as JSON.</summary>
public static class DemoToolsApi
{
    public static void MapDemoToolsApi(this IEndpointRouteBuilder routes, TimeProvider time, Func<CancellationToken, Task> wait)
    {
        Map("calculator", args => Calculator.Evaluate(Text(args, "expression")));
        Map("get_weather", args => DemoWeather.Of(Text(args, "city"), time.GetUtcNow()));
        Map("get_time", args => DemoClock.In(Text(args, "city"), time.GetUtcNow()));
        Map("convert", args => UnitConverter.Convert(Value(args), Text(args, "from"), Text(args, "to")));
        Map("lookup", args => Glossary.Look(Text(args, "term")));

        void Map(string name, Func<JsonElement, DemoAnswer> tool) => routes.MapPost($"/tools/{name}", async (HttpContext http) =>
        {
            await wait(http.RequestAborted);
            var answer = await AnswerAsync(http, tool);
            return Results.Text(answer.Body, "application/json", statusCode: answer.Failed ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK);
        });
    }

    private static async Task<DemoAnswer> AnswerAsync(HttpContext http, Func<JsonElement, DemoAnswer> tool)
    {
        try
        {
            using var arguments = await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
            return tool(arguments.RootElement);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return DemoAnswer.Error("bad request"); // no JSON, an argument missing, or one of the wrong type
        }
    }

    private static string Text(JsonElement arguments, string name) => arguments.GetProperty(name).GetString() ?? throw new FormatException();

    /// <summary>A number, or one that the model put in quotes.</summary>
    private static decimal Value(JsonElement arguments) => arguments.GetProperty("value") is { ValueKind: JsonValueKind.String } quoted
        ? decimal.Parse(quoted.GetString()!, NumberStyles.Number & ~NumberStyles.AllowThousands, CultureInfo.InvariantCulture)
        : arguments.GetProperty("value").GetDecimal();
}
