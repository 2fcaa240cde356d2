using System.Text.Json;
using Pharos.Gateway.Http;

namespace Pharos.Gateway.Chat;

/// <summary>Fields that would change the output and that we can't honour: better refused by name than ignored. Their neutral values pass.</summary>
internal static class UnsupportedFields
{
    private static readonly (string Field, Func<JsonElement, bool> IsNeutral, string Allowed)[] Fields =
    [
        ("repetition_penalty", value => Is(value, 1), "1"),
        ("min_p", value => Is(value, 0), "0"),
        ("min_tokens", value => Is(value, 0), "0"),
        ("ignore_eos", IsFalse, "false"),
        ("stop_token_ids", IsEmpty, "an empty array"),
        ("functions", IsEmpty, "absent; use 'tools'"),
        ("function_call", value => Is(value, "none") || Is(value, "auto"), "absent; use 'tool_choice'"),
        ("modalities", value => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(one => Is(one, "text")), "[\"text\"]"),
        ("audio", _ => false, "absent"),
        ("web_search_options", _ => false, "absent"),
        ("prediction", _ => false, "absent"),
        ("guided_json", _ => false, "absent; use 'response_format'"),
        ("guided_regex", _ => false, "absent; use 'response_format' with a 'pattern'"),
        ("guided_choice", _ => false, "absent; use 'response_format' with an 'enum'"),
        ("guided_grammar", _ => false, "absent; use 'response_format'"),
    ];

    private static readonly (string Field, Func<JsonElement, bool> IsNeutral, string Allowed)[] OfResponses =
    [
        ("background", IsFalse, "false"),
        ("conversation", _ => false, "absent; use 'previous_response_id'"),
        ("prompt", _ => false, "absent; use 'instructions'"),
        ("truncation", value => Is(value, "disabled"), "\"disabled\""),
        ("n", value => Is(value, 1), "1"),
    ];

    /// <exception cref="ApiException">One of them has another value than its neutral one.</exception>
    public static void Refuse(RequestFields fields) => Refuse(fields, Fields);

    /// <exception cref="ApiException">One of them, or of those that the Responses API alone has, has another value than its neutral one.</exception>
    public static void RefuseInResponses(RequestFields fields) => Refuse(fields, [.. Fields, .. OfResponses]);

    private static void Refuse(RequestFields fields, IEnumerable<(string Field, Func<JsonElement, bool> IsNeutral, string Allowed)> known)
    {
        foreach (var (field, isNeutral, allowed) in known)
        {
            if (fields.Find(field) is { } value && !isNeutral(value))
                throw ApiException.Invalid(field, $"'{field}' is not supported; allowed: {allowed}.", "unsupported_value");
        }
    }

    private static bool Is(JsonElement value, double number) => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var given) && given == number;

    private static bool Is(JsonElement value, string text) => value.ValueKind == JsonValueKind.String && value.ValueEquals(text);

    private static bool IsFalse(JsonElement value) => value.ValueKind == JsonValueKind.False;

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        JsonValueKind.Array => value.GetArrayLength() == 0,
        _ => false,
    };
}
