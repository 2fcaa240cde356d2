using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using Pharos.Inference.Chat;
using Pharos.Inference.Loading;
using Pharos.Inference.Tokenization;
using Pharos.Scheduling.Requests;

namespace Pharos.Inference.Serving;

/// <summary>The text side of a model: everything that turns conversations into tokens and back. Needs no weights; gateways and silos share it.</summary>
/// <param name="MaxPositions">Longest context in tokens.</param>
/// <param name="EndTokens">Tokens that end an answer.</param>
/// <param name="Loaded">The files behind it, from which backends are made.</param>
/// <param name="DefaultTemperature">What a request without a temperature gets: 0 where the model's generation config says not to sample.</param>
public sealed record ServedModel(
    string Name, LoadedModel Loaded, Tokenizer Tokenizer, IChatFormat Format, int MaxPositions, ImmutableArray<int> EndTokens, float DefaultTemperature)
{
    /// <summary>Opens an embedded model by name, or a Hugging Face directory or GGUF file by path.</summary>
    /// <exception cref="ModelLoadException">It is not there, or something in it is not supported; one sentence says what.</exception>
    /// <param name="chat">What an operator says of its chat format; its own files where null.</param>
    public static ServedModel Open(string nameOrPath, ChatFormatChoice? chat = null, TimeProvider? time = null)
    {
        var loaded = ModelLoader.Load(ModelLocator.Find(nameOrPath));
        var generation = loaded.Generation;
        // Chat models end a turn with the tokenizer's token, while their other files may go on naming the end of text alone.
        var ownEnd = loaded.Tokenizer.AddedTokens.Where(t => t.Content == loaded.TokenizerConfig.EosToken).Select(t => t.Id);
        ImmutableArray<int> ends = [.. generation.EosTokens.Union(ownEnd)];
        var format = ChatFormats.For(loaded.TokenizerConfig.ChatTemplate, ChatTokens.Of(loaded.Tokenizer, loaded.TokenizerConfig, ends), chat, time);
        return new ServedModel(
            loaded.Shape.Name, loaded, loaded.Tokenizer, format, loaded.Shape.MaxPositions, ends,
            generation.DoSample == false ? 0 : generation.Temperature ?? 1);
    }

    public bool Ends(int token) => EndTokens.Contains(token);

    /// <summary>Turns what is sampled into text.</summary>
    /// <param name="showsCalls">Special tokens that are markup of tool calls are part of the text, for the parser to read.</param>
    public Detokenizer CreateDetokenizer(bool showsCalls) =>
        new(Tokenizer, shown: showsCalls ? Tokenizer.AddedTokens.Where(token => Format.Markup.Tokens.Contains(token.Content)).Select(token => token.Id) : []);

    /// <summary>
    /// Tokens of pieces, encoded as the one text they make: only control pieces may spell special tokens, so that a user's text cannot
    /// end its own turn.
    /// </summary>
    /// <exception cref="TextRefusedException">The tokenizer cannot encode the text in bounded time.</exception>
    public ImmutableArray<int> Encode(IEnumerable<PromptPiece> pieces)
    {
        var text = new StringBuilder();
        var controls = new List<Range>();
        foreach (var piece in pieces)
        {
            if (piece.IsControl)
                controls.Add(text.Length..(text.Length + piece.Text.Length));
            text.Append(piece.Text);
        }
        var tokens = new List<int>(text.Length / 3 + 8);
        Tokenizer.Encode(text.ToString(), CollectionsMarshal.AsSpan(controls), tokens);
        return [.. tokens];
    }

    /// <summary>
    /// What tool results add to a context that ends with the model's call. Where they cannot be encoded the model is told so instead: the request is
    /// under way, and a tool's answer is nobody's request.
    /// </summary>
    public ImmutableArray<int> EncodeToolTurn(IReadOnlyList<ToolResult> results)
    {
        try
        {
            return Encode(Format.RenderToolTurn(results));
        }
        catch (TextRefusedException)
        {
            return Encode(Format.RenderToolTurn([.. results.Select(result => result with { Content = "error: the result is a text that cannot be read", Failed = true })]));
        }
    }
}
