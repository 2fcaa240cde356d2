namespace Pharos.Inference.Loading;

/// <summary>A model directory cannot be served. The message is one sentence: which file, which field, what it holds, what is supported.</summary>
public sealed class ModelLoadException : Exception
{
    public ModelLoadException(string message) : base(message) { }

    public ModelLoadException(string message, Exception inner) : base(message, inner) { }
}
