using System.Text;
using Pharos.Inference.Serving;

namespace Pharos.Gateway.Models;

/// <summary>What tokens look like to a client that asks about them one by one.</summary>
/// <param name="bytes">Of a token; not always whole UTF-8.</param>
/// <param name="ends">The token ends an answer and is no part of its text.</param>
internal sealed class TokenTexts(Func<int, byte[]> bytes, Func<int, bool> ends)
{
    public static TokenTexts Of(ServedModel model) => new(token => model.Tokenizer.TokenBytes(token).ToArray(), model.Ends);

    public byte[] Bytes(int token) => bytes(token);

    /// <summary>Bytes that are not whole UTF-8 show as U+FFFD.</summary>
    public string Text(int token) => Encoding.UTF8.GetString(bytes(token));

    public bool Ends(int token) => ends(token);
}
