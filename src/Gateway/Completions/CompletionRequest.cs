using System.Collections.Immutable;
using Pharos.Gateway.Requests;

namespace Pharos.Gateway.Completions;

/// <summary>A request to go on with texts.</summary>
/// <param name="Answers">To each prompt.</param>
/// <param name="Echo">The prompt stands before its answer.</param>
internal sealed record CompletionRequest(
    string Model, ImmutableArray<CompletionPrompt> Prompts, bool Stream, bool IncludeUsage, int Answers, bool Echo, SamplingRequest Sampling, string? Schema, int Priority);

/// <summary>One of the two is there.</summary>
/// <param name="Path">The field it comes from.</param>
internal sealed record CompletionPrompt(string? Text, ImmutableArray<int> Tokens, string Path);
