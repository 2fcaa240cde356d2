namespace Pharos.Inference.Tokenization.Models;

/// <summary>Makes tokens of one piece of normalized text. Safe to share between threads.</summary>
internal abstract class TokenModel
{
    /// <summary>Appends the tokens of <paramref name="piece"/>, which is not empty and well-formed UTF-16.</summary>
    public abstract void Encode(ReadOnlySpan<char> piece, List<int> tokens);
}
