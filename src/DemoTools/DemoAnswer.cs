using System.Text.Json;

namespace Pharos.DemoTools;

/// <summary>What a demo tool says: JSON, spaced as the embedded model has seen it in training.</summary>
/// <param name="Failed">Answered with 422, so that the caller knows.</param>
public readonly record struct DemoAnswer(string Body, bool Failed)
{
    public static DemoAnswer Json(string json) => new(json, false);

    public static DemoAnswer Text(string text) => new(JsonSerializer.Serialize(text), false);

    public static DemoAnswer Error(string sentence) => new($"{{\"error\": {JsonSerializer.Serialize(sentence)}}}", true);
}
