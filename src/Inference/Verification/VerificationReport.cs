namespace Pharos.Inference.Verification;

/// <summary>What verifying a model found.</summary>
/// <param name="Family">Of the architecture, as its files name it.</param>
/// <param name="Parameters">Weights multiplied for a token.</param>
/// <param name="StoredType">The widest type of the stored matrices.</param>
/// <param name="MaxPositions">Longest context in tokens.</param>
public sealed record VerificationReport(
    string Model, string Family, long Parameters, string StoredType, int Layers, int VocabularySize, int MaxPositions, string Fingerprint,
    LoadReport Load, RoundTripReport RoundTrip, GenerationReport Generation, MemoryReport Memory);

/// <param name="OpenSeconds">Reading and validating the files, their fingerprint among it.</param>
/// <param name="PackSeconds">Packing the weights and warming the kernels up.</param>
/// <param name="WeightType">How weights are kept in memory.</param>
/// <param name="ChatFormat">The family of chat templates, or why conversations cannot be served.</param>
public sealed record LoadReport(double OpenSeconds, double PackSeconds, string WeightType, string Instructions, int Threads, string ChatFormat);

/// <param name="Exact">Texts that came back unchanged.</param>
/// <param name="Differences">The texts that did not; some tokenizers normalise, so that this alone is no fault.</param>
public sealed record RoundTripReport(int Texts, int Exact, int Tokens, double BytesPerToken, IReadOnlyList<string> Differences);

/// <param name="Text">Of the tokens up to the first that ends an answer.</param>
/// <param name="PromptTokensPerSecond">Of a prompt of <paramref name="SpeedPromptTokens"/> tokens in one step.</param>
/// <param name="TokensPerSecond">Greedy decoding, one sequence.</param>
/// <param name="PiecesAgree">The prompt in one step and in two gave the same bits.</param>
public sealed record GenerationReport(
    string Prompt, int PromptTokens, int Tokens, string Text, int SpeedPromptTokens, double PromptTokensPerSecond, double TokensPerSecond, bool PiecesAgree);

/// <param name="WeightBytes">Packed weights.</param>
/// <param name="KvBytesPerToken">Keys and values of a token of context.</param>
/// <param name="PeakProcessBytes">Most memory this process had, mapped files among it.</param>
public sealed record MemoryReport(long WeightBytes, long KvBytesPerToken, long PeakProcessBytes);
