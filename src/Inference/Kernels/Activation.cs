namespace Pharos.Inference.Kernels;

/// <summary>What the feed-forward part does to its gate before multiplying it with its other half.</summary>
public enum Activation
{
    /// <summary>x * sigmoid(x): Llama, Mistral, Qwen, Phi-3.</summary>
    SwiGlu,

    /// <summary>GELU in its tanh form: Gemma.</summary>
    GeGlu,
}
