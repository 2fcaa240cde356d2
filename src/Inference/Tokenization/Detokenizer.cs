using System.Text;

namespace Pharos.Inference.Tokenization;

/// <summary>
/// Turns tokens into text as they come. A character whose bytes are spread over tokens appears when it is complete, so that
/// no piece of text holds half a character: the pieces joined are what all tokens decode to at once.
/// </summary>
/// <param name="shown">Special tokens that are part of the text all the same.</param>
public sealed class Detokenizer(Tokenizer tokenizer, bool skipSpecial = true, IEnumerable<int>? shown = null)
{
    private readonly int[] shown = [.. shown ?? []];
    private readonly Decoder decoder = Encoding.UTF8.GetDecoder();
    private char[] buffer = new char[64];
    private bool begins = true;

    /// <summary>The text that <paramref name="token"/> completes; often empty or a single character. Valid until the next call.</summary>
    public ReadOnlySpan<char> Append(int token) =>
        skipSpecial && tokenizer.IsSpecial(token) && !shown.Contains(token) ? default : Decode(tokenizer.TextBytes(token, ref begins), flush: false);

    /// <summary>Ends the text: an incomplete character that is still held becomes U+FFFD. Valid until the next call.</summary>
    public ReadOnlySpan<char> Flush() => Decode(default, flush: true);

    private ReadOnlySpan<char> Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        int most = Encoding.UTF8.GetMaxCharCount(bytes.Length + 3);
        if (buffer.Length < most)
            buffer = new char[most];
        return buffer.AsSpan(0, decoder.GetChars(bytes, buffer, flush));
    }
}
