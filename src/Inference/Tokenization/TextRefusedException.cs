namespace Pharos.Inference.Tokenization;

/// <summary>A text that the model's tokenizer cannot encode in bounded time; another one is expected.</summary>
public sealed class TextRefusedException(string message, Exception inner) : Exception(message, inner);
