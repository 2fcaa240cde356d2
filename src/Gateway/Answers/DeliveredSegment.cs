using System.Collections.Immutable;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Answers;

/// <summary>
/// What the client has of the running segment: its tokens, and how much text they made final at each of the positions where a delta
/// ended. A worker that begins again at an earlier position is listened to from there, and only what is new is passed on.
/// </summary>
internal sealed class DeliveredSegment
{
    private readonly List<int> _tokens = [];
    private readonly Dictionary<int, int> _textAt = []; // absolute position -> characters final before it
    private int _text;     // characters delivered
    private int _position; // of the running source
    private int _sourceText;

    /// <summary>Absolute position where the segment's generated tokens begin; -1 before the first.</summary>
    public int Start { get; private set; } = -1;

    public ImmutableArray<int> Tokens => [.. _tokens];

    /// <summary>A source begins at <paramref name="position"/>; false where that leaves a gap or can't be matched with the text.</summary>
    public bool Begin(int segmentStart, int position)
    {
        if (segmentStart != Start)
        {
            Start = segmentStart;
            _tokens.Clear();
            _textAt.Clear();
            _text = 0;
            _textAt[segmentStart] = 0; // a source that begins later has said something nobody here has heard
        }
        (_position, _sourceText) = (position, _textAt.GetValueOrDefault(position));
        return _textAt.ContainsKey(position);
    }

    /// <summary>Takes a delta and gives the part of it that is new; false on a gap.</summary>
    public bool TryTake(SequenceDelta delta, out FreshText fresh)
    {
        fresh = FreshText.None;
        if (delta.Position < _position && delta.Position + delta.Tokens.Length <= _position && delta.Tokens.Length > 0)
            return true; // came twice
        if (delta.Position != _position)
            return false;
        var known = Math.Min(Start + _tokens.Count - _position, delta.Tokens.Length);
        _tokens.AddRange(delta.Tokens.AsSpan()[known..]);
        _position += delta.Tokens.Length;

        _sourceText += delta.Text.Length;
        var unheard = Math.Clamp(_sourceText - _text, 0, delta.Text.Length);
        fresh = new FreshText(delta.Text[^unheard..], delta.Logprobs?[known..] ?? []);
        _text = Math.Max(_text, _sourceText);
        _textAt[_position] = _sourceText;
        return true;
    }

    /// <summary>What of the whole segment was not given yet.</summary>
    /// <param name="ended">The request's word that it is over.</param>
    public FreshText Rest(RequestNotice ended)
    {
        var whole = ended.Text ?? "";
        var rest = whole.Length > _text ? whole[_text..] : "";
        _text = Math.Max(_text, whole.Length);
        var logprobs = ended.Logprobs ?? [];
        var missed = Math.Clamp(ended.End!.GeneratedTokens - _tokens.Count, 0, logprobs.Length);
        return new FreshText(rest, logprobs[^missed..]);
    }
}

/// <summary>What a reader has not seen yet of a segment.</summary>
/// <param name="Logprobs">Of the tokens behind it; empty where nobody asked for them.</param>
internal readonly record struct FreshText(string Text, ImmutableArray<TokenLogprob> Logprobs)
{
    public static FreshText None { get; } = new("", []);

    public bool IsEmpty => Text.Length == 0 && Logprobs.IsEmpty;
}
