using System.Collections.Immutable;
using Pharos.Gateway.Requests;
using Pharos.Inference.Chat;

namespace Pharos.Gateway.Chat;

/// <summary>A chat request whose fields were read and found to be of the right type and range; the model's own limits are checked later.</summary>
/// <param name="Answers">How many to give.</param>
/// <param name="Schema">What the answer must be, as a JSON schema; null: any text.</param>
/// <param name="Tools">Tools of the client; with <paramref name="RunTools"/>, those of the registry it wants to offer, or empty for all.</param>
internal sealed record ChatRequest(
    string Model,
    ImmutableArray<ChatMessage> Messages,
    bool Stream,
    bool IncludeUsage,
    int Answers,
    SamplingRequest Sampling,
    string? Schema,
    ImmutableArray<ChatTool> Tools,
    ToolChoice Choice,
    bool RunTools,
    int Priority)
{
    /// <summary>Where the conversation stood in the body.</summary>
    public string Field { get; init; } = "messages";
}
