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

    /// <summary>Takes a delta and gives the part of its text that is new; false on a gap.</summary>
    public bool TryTake(SequenceDelta delta, out string text)
    {
        text = "";
        if (delta.Position < _position && delta.Position + delta.Tokens.Length <= _position && delta.Tokens.Length > 0)
            return true; // came twice
        if (delta.Position != _position)
            return false;
        var known = Start + _tokens.Count - _position;
        if (known < delta.Tokens.Length)
            _tokens.AddRange(delta.Tokens.AsSpan()[known..]);
        _position += delta.Tokens.Length;

        _sourceText += delta.Text.Length;
        var fresh = Math.Min(_sourceText - _text, delta.Text.Length);
        if (fresh > 0)
            text = delta.Text[^fresh..];
        _text = Math.Max(_text, _sourceText);
        _textAt[_position] = _sourceText;
        return true;
    }

    /// <summary>What of the whole segment's text was not given yet.</summary>
    public string Rest(string whole)
    {
        var rest = whole.Length > _text ? whole[_text..] : "";
        _text = Math.Max(_text, whole.Length);
        return rest;
    }
}
