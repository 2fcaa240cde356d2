using System.Collections.Immutable;
using System.Text;

namespace Pharos.Inference.Chat;

/// <summary>
/// Part of a rendered prompt. Only control pieces may be tokenised with special tokens parsed: a user who writes
/// <c>&lt;|im_end|&gt;</c> gets those ten characters and no end of turn.
/// </summary>
public readonly record struct PromptPiece(string Text, bool IsControl);

/// <summary>Collects pieces. Neighbours of one kind are joined, so that byte-pair merges see the same text as in one string.</summary>
internal sealed class PromptPieces
{
    private readonly ImmutableArray<PromptPiece>.Builder _pieces = ImmutableArray.CreateBuilder<PromptPiece>();
    private readonly StringBuilder _open = new();
    private bool _openIsControl;

    public PromptPieces Control(string token) => Add(token, isControl: true);

    public PromptPieces Text(string text) => Add(text, isControl: false);

    public ImmutableArray<PromptPiece> ToPieces()
    {
        Close();
        return _pieces.ToImmutable();
    }

    private PromptPieces Add(string text, bool isControl)
    {
        if (isControl != _openIsControl)
            Close();
        _openIsControl = isControl;
        _open.Append(text);
        return this;
    }

    private void Close()
    {
        if (_open.Length > 0)
            _pieces.Add(new PromptPiece(_open.ToString(), _openIsControl));
        _open.Clear();
    }
}
