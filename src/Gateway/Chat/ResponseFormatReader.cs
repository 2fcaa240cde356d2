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
        if (fields.Object(Field) is not { } format)
            return null;
        return format.RequiredText("type") switch
        {
            "text" => null,
            "json_object" => AnyObject,
            "json_schema" => Schema(format.RequiredObject("json_schema")),
            var other => throw ApiException.Invalid($"{Field}.type", $"'{Field}.type' must be \"text\", \"json_object\" or \"json_schema\"; it is \"{other}\".", "invalid_value"),
        };
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
            var at = format.PathOf("schema");
            at = exception.Path.Length == 0 ? at : $"{at}.{exception.Path}";
            throw ApiException.Invalid(at, $"'{at}' {exception.Because}.", "invalid_json_schema");
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9_-]{1,64}\z")]
    private static partial Regex Name();
}
