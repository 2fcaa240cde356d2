using System.Globalization;
using System.Text.Json;
using Pharos.Gateway.Http;

namespace Pharos.Gateway.Chat;

/// <summary>An object of a request body, read field by field; what is wrong is answered with the field's path and what it may be.</summary>
internal readonly struct RequestFields(JsonElement json, string path = "")
{
    public string PathOf(string field) => path.Length == 0 ? field : $"{path}.{field}";

    /// <exception cref="ApiException">It is no object.</exception>
    public static RequestFields OfBody(JsonElement body) => body.ValueKind == JsonValueKind.Object
        ? new RequestFields(body)
        : throw new ApiException(new ApiError(System.Net.HttpStatusCode.BadRequest, "invalid_request_error", "The body must be a JSON object."));

    /// <summary>The field's value; null where it is absent or null, which clients use alike.</summary>
    public JsonElement? Find(string field) =>
        json.TryGetProperty(field, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>The names of its fields, as often as they come.</summary>
    public IEnumerable<string> Names() => json.EnumerateObject().Select(field => NameOf(field)).ToList();

    public string? Text(string field) => Find(field) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => StringOf(value, PathOf(field)),
        { } value => throw WrongType(PathOf(field), "a string", value),
    };

    public string RequiredText(string field) => Text(field) ?? throw Missing(field, "a string");

    public bool? Flag(string field) => Find(field) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } value => throw WrongType(PathOf(field), "true or false", value),
    };

    public long? Integer(string field, long least, long most)
    {
        if (Find(field) is not { } value)
            return null;
        var expected = string.Create(CultureInfo.InvariantCulture, $"an integer from {least} to {most}");
        if (value.ValueKind != JsonValueKind.Number)
            throw WrongType(PathOf(field), expected, value);
        return value.TryGetInt64(out var number) && number >= least && number <= most ? number : throw OutOfRange(PathOf(field), expected, value);
    }

    /// <param name="leastAllowed">The lower bound itself is allowed.</param>
    public double? Number(string field, double least, double most, bool leastAllowed = true)
    {
        if (Find(field) is not { } value)
            return null;
        var expected = string.Create(CultureInfo.InvariantCulture, $"a number {(leastAllowed ? "from" : "above")} {least} {(leastAllowed ? "to" : "and at most")} {most}");
        if (value.ValueKind != JsonValueKind.Number)
            throw WrongType(PathOf(field), expected, value);
        return value.TryGetDouble(out var number) && number <= most && (leastAllowed ? number >= least : number > least)
            ? number
            : throw OutOfRange(PathOf(field), expected, value);
    }

    public RequestFields? Object(string field) => Find(field) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } value => new RequestFields(value, PathOf(field)),
        { } value => throw WrongType(PathOf(field), "an object", value),
    };

    public RequestFields RequiredObject(string field) => Object(field) ?? throw Missing(field, "an object");

    /// <summary>The elements of an array with their paths; null where there is none.</summary>
    public List<(JsonElement Value, string Path)>? Array(string field)
    {
        if (Find(field) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Array)
            throw WrongType(PathOf(field), "an array", value);
        var at = PathOf(field);
        return [.. value.EnumerateArray().Select((element, index) => (element, $"{at}[{index}]"))];
    }

    public static RequestFields Of(JsonElement element, string path) =>
        element.ValueKind == JsonValueKind.Object ? new RequestFields(element, path) : throw WrongType(path, "an object", element);

    public static string StringOf(JsonElement element, string path)
    {
        if (element.ValueKind != JsonValueKind.String)
            throw WrongType(path, "a string", element);
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw ApiException.Invalid(path, $"'{path}' holds half of a surrogate pair; expected valid Unicode.");
        }
    }

    /// <summary>Refuses a value that cannot be written again.</summary>
    public static void RequireUnicode(JsonElement element, string path)
    {
        try
        {
            using var nowhere = new Utf8JsonWriter(Stream.Null);
            element.WriteTo(nowhere);
        }
        catch (InvalidOperationException)
        {
            throw ApiException.Invalid(path, $"'{path}' holds half of a surrogate pair; expected valid Unicode.");
        }
    }

    public static ApiException WrongType(string path, string expected, JsonElement came) => ApiException.Invalid(path, $"'{path}' must be {expected}; it is {Kind(came)}.", "invalid_type");

    public static ApiException OutOfRange(string path, string expected, JsonElement came) => ApiException.Invalid(path, $"'{path}' must be {expected}; it is {came.GetRawText()}.", "invalid_value");

    private static string NameOf(JsonProperty field)
    {
        try
        {
            return field.Name;
        }
        catch (InvalidOperationException)
        {
            throw ApiException.Invalid("", "The name of a field holds half of a surrogate pair; expected valid Unicode.");
        }
    }

    private ApiException Missing(string field, string expected) => ApiException.Invalid(PathOf(field), $"'{PathOf(field)}' is required: {expected}.", "missing_required_parameter");

    private static string Kind(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "a boolean",
    };
}
