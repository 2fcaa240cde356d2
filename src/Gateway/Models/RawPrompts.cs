using System.Collections.Immutable;
using Pharos.Gateway.Http;
using Pharos.Inference.Serving;
using Pharos.Inference.Tokenization;

namespace Pharos.Gateway.Models;

/// <summary>Text that is no conversation, to tokens and back. It is its sender's own whole context, so control tokens may be spelled in it.</summary>
/// <param name="encode">With the tokens that begin a raw prompt, or without them.</param>
internal sealed class RawPrompts(Func<string, bool, ImmutableArray<int>> encode, Func<IEnumerable<int>, string> decode)
{
    public static RawPrompts Of(ServedModel model) => new(
        (text, starts) => starts
            ? [.. model.Tokenizer.PromptStart, .. model.Tokenizer.Encode(text, parseSpecial: true), .. model.Tokenizer.PromptEnd]
            : [.. model.Tokenizer.Encode(text, parseSpecial: true)],
        tokens => model.Tokenizer.Decode(tokens));

    /// <param name="param">The field it comes from.</param>
    /// <exception cref="ApiException">The tokenizer refuses it.</exception>
    public ImmutableArray<int> Encode(string text, string param, bool starts = true)
    {
        try
        {
            return encode(text, starts);
        }
        catch (TextRefusedException refused)
        {
            throw ApiException.Invalid(param, refused.Message, "invalid_value");
        }
    }

    public string Decode(IEnumerable<int> tokens) => decode(tokens);
}
