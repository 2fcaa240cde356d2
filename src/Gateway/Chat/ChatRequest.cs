using System.Collections.Immutable;
using Pharos.Inference.Chat;

namespace Pharos.Gateway.Chat;

/// <summary>A chat request whose fields were read and found to be of the right type and range; the model's own limits are checked later.</summary>
/// <param name="MaxTokens">Null: what is left of the context.</param>
/// <param name="Temperature">Null: as the model recommends.</param>
/// <param name="Schema">What the answer must be, as a JSON schema; null: any text.</param>
/// <param name="Tools">Tools of the client; with <paramref name="RunTools"/>, those of the registry it wants to offer, or empty for all.</param>
/// <param name="OffersTools">False where <c>tool_choice</c> is <c>none</c>.</param>
internal sealed record ChatRequest(
    string Model,
    ImmutableArray<ChatMessage> Messages,
    bool Stream,
    bool IncludeUsage,
    int? MaxTokens,
    float? Temperature,
    float? TopP,
    int? TopK,
    ulong? Seed,
    ImmutableArray<string> Stop,
    string? Schema,
    ImmutableArray<ChatTool> Tools,
    bool OffersTools,
    bool RunTools,
    int Priority);
