using System.Collections.Immutable;
using Pharos.Inference.Serving;

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

    public ImmutableArray<int> Encode(string text, bool starts = true) => encode(text, starts);

    public string Decode(IEnumerable<int> tokens) => decode(tokens);
}
