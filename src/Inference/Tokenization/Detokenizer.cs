using System.Text;

namespace Pharos.Inference.Tokenization;

/// <summary>
/// Turns tokens into text as they come. A character whose bytes are spread over tokens appears when it is complete, so that
/// no piece of text holds half a character: the pieces joined are what all bytes decode to at once.
/// </summary>
public sealed class Detokenizer(Tokenizer tokenizer, bool skipSpecial = true)
{
    private readonly Decoder decoder = Encoding.UTF8.GetDecoder();
    private char[] buffer = new char[64];

    /// <summary>The text that <paramref name="token"/> completes; often empty or a single character.</summary>
    public string Append(int token) =>
        skipSpecial && tokenizer.IsSpecial(token) ? "" : Decode(tokenizer.TokenBytes(token), flush: false);

    /// <summary>The text that <paramref name="tokens"/> complete together.</summary>
    public string Append(ReadOnlySpan<int> tokens)
    {
        if (tokens.Length == 1)
            return Append(tokens[0]);
        var text = new StringBuilder();
        foreach (int token in tokens)
            text.Append(Append(token));
        return text.ToString();
    }

    /// <summary>Ends the text: an incomplete character that is still held becomes U+FFFD.</summary>
    public string Flush() => Decode([], flush: true);

    /// <summary>Forgets what is held, to begin another text.</summary>
    public void Reset() => decoder.Reset();

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        int most = Encoding.UTF8.GetMaxCharCount(bytes.Length + 3);
        if (buffer.Length < most)
            buffer = new char[most];
        return new string(buffer, 0, decoder.GetChars(bytes, buffer, flush));
    }
}
