namespace Pharos.Bench.Engine;

/// <summary>An engine under measurement, ours or the peer.</summary>
internal interface IEngine : IDisposable
{
    /// <summary>Makes <paramref name="sequences"/> sequences of so much context, untimed.</summary>
    void Prepare(int sequences, int depth);

    /// <summary>One step that decodes a token of each prepared sequence. Steps of a sample may deepen the context; <see cref="Rewind"/> undoes it.</summary>
    void Decode();

    void Rewind();

    /// <summary>A prompt from an empty cache in one call, logits of its last token.</summary>
    void Prefill(int tokens);

    /// <summary>Logits of the last token of a prompt, to see that both engines compute the same.</summary>
    float[] Logits(int[] prompt);
}
