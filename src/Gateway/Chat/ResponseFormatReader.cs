using System.Text.RegularExpressions;
using Pharos.Gateway.Http;
using Pharos.Inference.Grammar;

namespace Pharos.Gateway.Chat;

/// <summary>Reads <c>response_format</c>: what the answer must be, as a JSON schema.</summary>
internal static partial class ResponseFormatReader
{
    private const string Field = "response_format";
    private const string AnyObject = """{"type":"object"}""";

    /// <summary>The schema as text; null for any text. Whether <c>strict</c> or not, the answer keeps it.</summary>
    /// <exception cref="ApiException">It is malformed, or the schema uses what is not supported; the keyword is named.</exception>
    public static string? Read(RequestFields fields)
    {
        return fields.Object(Field) is { } format ? Read(format, format.Object("json_schema")) : null;
    }

    /// <summary>Reads a format whose schema, if it is one, stands in <paramref name="nested"/>.</summary>
    public static string? Read(RequestFields format, RequestFields? nested) => format.RequiredText("type") switch
    {
        "text" => null,
        "json_object" => AnyObject,
        "json_schema" => Schema(nested ?? format.RequiredObject("json_schema")),
        var other => throw ApiException.Invalid(
            format.PathOf("type"), $"'{format.PathOf("type")}' must be \"text\", \"json_object\" or \"json_schema\"; it is \"{other}\".", "invalid_value"),
    };

    /// <summary>What a client is told whose schema cannot be kept.</summary>
    /// <param name="at">Where the schema stands.</param>
    public static ApiException Refusal(string at, SchemaException exception)
    {
        at = exception.Path.Length == 0 ? at : $"{at}.{exception.Path}";
        return ApiException.Invalid(at, $"'{at}' {exception.Because}.", "invalid_json_schema");
    }

    private static string Schema(RequestFields format)
    {
        var name = format.RequiredText("name");
        if (!Name().IsMatch(name))
            throw ApiException.Invalid(format.PathOf("name"), $"'{format.PathOf("name")}' must be 1 to 64 letters, digits, underscores or hyphens; it is \"{name}\".", "invalid_value");
        _ = (format.Text("description"), format.Flag("strict"));
        format.RequiredObject("schema");
        var schema = format.Find("schema")!.Value.GetRawText();
        try
        {
            SegmentGrammar.RequireSupported(schema);
            return schema;
        }
        catch (SchemaException exception)
        {
            throw Refusal(format.PathOf("schema"), exception);
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9_-]{1,64}\z")]
    private static partial Regex Name();
}
