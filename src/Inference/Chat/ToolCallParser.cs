using System.Collections.Immutable;
using System.Text;

namespace Pharos.Inference.Chat;

/// <summary>
/// Reads calls of tools out of generated text as it comes, in the markup of the model's family. Gateway and worker read with this one class, so
/// what was streamed as a call is what the worker parks for. However the text is cut into pieces, the events are the same but for where content
/// and arguments are cut.
/// </summary>
/// <remarks>
/// Text that may still become markup is held back. Arguments are passed on as they come once the name is known; markup that is
/// malformed before that, or calls a tool that was not offered, is content. A missing closing tag or outer brace is forgiven.
/// </remarks>
public sealed partial class ToolCallParser(IEnumerable<string> offered, ToolMarkup? family = null)
{
    internal const string OpenTag = "<tool_call>";
    internal const string CloseTag = "</tool_call>";
    private const int MostNameFirst = 256; // characters between an opener and the arguments

    private enum Place
    {
        Content,

        /// <summary>Behind an opener or between calls, before the JSON.</summary>
        Opened,
        Call,
        AfterCall,
    }

    private readonly ToolMarkup markup = family ?? ToolMarkup.Hermes;
    private readonly HashSet<string> _offered = new(offered, StringComparer.Ordinal);
    private readonly List<ParsedCall> _calls = [];
    private readonly StringBuilder _content = new();
    private readonly StringBuilder _held = new(); // white space and the beginning of a tag
    private readonly StringBuilder _raw = new();  // the markup of the call being read
    private readonly StringBuilder _arguments = new();
    private ICollection<ToolCallEvent> _events = [];
    private Place _place;
    private JsonPrefix _json = new();
    private int _jsonStart; // where in _raw the JSON begins
    private string? _name;  // of the call being streamed
    private bool _isArgumentsAlone; // the JSON holds no name
    private bool _isBare;           // calls without an opener
    private bool _isArray;
    private bool _argumentsWhole;
    private int _begun;
    private char _highSurrogate;

    private readonly StringBuilder _openText = new(); // content or arguments not yet made an event

    /// <summary>Takes the next piece of text and adds what it settles to <paramref name="events"/>.</summary>
    public void Feed(string text, ICollection<ToolCallEvent> events)
    {
        _events = events;
        if (_highSurrogate != 0)
            text = _highSurrogate + text;
        _highSurrogate = '\0';
        if (text.Length > 0 && char.IsHighSurrogate(text[^1]))
        {
            _highSurrogate = text[^1]; // half a character is nothing that could be written to a client
            text = text[..^1];
        }
        foreach (var c in text)
            Accept(c);
        Flush();
    }

    /// <summary>The segment is over: settles what was held back.</summary>
    public ParsedSegment Complete(ICollection<ToolCallEvent> events)
    {
        _events = events;
        if (_highSurrogate != 0)
            Accept('\uFFFD');
        if (_place == Place.Call)
            BreakCall();
        else if (_place == Place.Opened)
            BecomeContent();
        if (_place == Place.Content && (_calls.Count == 0 || !IsWhiteSpace(_held)))
            EmitContent(_held.ToString());
        _held.Clear();
        Flush();
        return new ParsedSegment(_content.ToString(), [.. _calls]);
    }

    /// <summary>Reads a whole segment at once.</summary>
    public static ParsedSegment Parse(string text, IEnumerable<string> offered, ToolMarkup? markup = null)
    {
        var parser = new ToolCallParser(offered, markup);
        var events = new List<ToolCallEvent>();
        parser.Feed(text, events);
        return parser.Complete(events);
    }

    private void Accept(char c)
    {
        switch (_place)
        {
            case Place.Content:
                _held.Append(c);
                SettleContent();
                break;
            case Place.Opened:
                AcceptOpened(c);
                break;
            case Place.Call:
                AcceptInCall(c);
                break;
            case Place.AfterCall:
                _held.Append(c);
                SettleAfterCall();
                break;
        }
    }

    private void SettleContent()
    {
        while (_held.Length > 0)
        {
            var held = _held.ToString();
            var tag = held.TrimStart();
            if (tag == "{" && markup.AllowsBareJson && _content.Length == 0 && _begun == 0)
            {
                Open(held[..^1], isBare: true);
                Accept('{');
                return;
            }
            if (markup.Openers.Any(opener => opener.StartsWith(tag, StringComparison.Ordinal)))
            {
                if (markup.Openers.Contains(tag))
                    Open(held, isBare: false);
                return;
            }
            var settled = held.Length - tag.Length + 1;
            EmitContent(held[..settled]);
            _held.Remove(0, settled);
        }
    }

    private void Open(string opener, bool isBare)
    {
        (_isBare, _isArray) = (isBare, false);
        Begin(opener);
    }

    /// <summary>Another call of the same opening, or the first.</summary>
    private void Begin(string markupSoFar)
    {
        _place = Place.Opened;
        _held.Clear();
        _raw.Clear().Append(markupSoFar);
        _jsonStart = _raw.Length;
        _json = new JsonPrefix();
        _arguments.Clear();
        _name = null;
        _isArgumentsAlone = _argumentsWhole = false;
    }

    private void AcceptOpened(char c)
    {
        var header = _raw.ToString(_jsonStart, _raw.Length - _jsonStart);
        var named = markup.AllowsNameFirst && !_isArray && header.AsSpan().Trim().Length > 0;
        if (c == '{')
        {
            if (named && !BeginNamed(header))
            {
                BecomeContent();
                Accept(c);
                return;
            }
            _place = Place.Call;
            _jsonStart = _raw.Length;
            AcceptInCall(c);
            return;
        }
        var fits = char.IsWhiteSpace(c)
            || (c == '[' && markup.AllowsArray && !_isArray && !named)
            || (markup.AllowsNameFirst && !_isArray && header.Length < MostNameFirst && c != '\n');
        if (!fits)
        {
            BecomeContent();
            Accept(c);
            return;
        }
        _raw.Append(c);
        if (c != '[' || named || !markup.AllowsArray)
            return;
        _isArray = true;
        _jsonStart = _raw.Length;
    }

    /// <summary>The header in front of the arguments; false where it names no tool that was offered.</summary>
    private bool BeginNamed(string header)
    {
        var match = NameFirst().Match(header);
        if (!match.Success || !_offered.Contains(match.Groups["name"].Value))
            return false;
        _isArgumentsAlone = true;
        Start(match.Groups["name"].Value);
        return true;
    }

    private void AcceptInCall(char c)
    {
        var depth = _json.Depth;
        var isObject = depth > 0 || c == '{';
        if (!isObject || !_json.Accept(c))
        {
            BreakCall();
            Accept(c);
            return;
        }
        _raw.Append(c);
        if (_name is null && depth == 1 && _json.Depth == 2 && !StartIfHeader())
            return;
        if (_name is not null && !_argumentsWhole)
        {
            _arguments.Append(c);
            _openText.Append(c);
            _argumentsWhole = _isArgumentsAlone ? _json.IsComplete : _json.Depth == 1;
        }
        if (_json.IsComplete)
            EndCall();
    }

    private void SettleAfterCall()
    {
        var held = _held.ToString();
        var tag = held.AsSpan().Trim();
        if (tag.Length == 0)
            return;
        if (_isArray && tag is "]")
        {
            _isArray = false; // what may follow is the closer
            _held.Clear();
            if (markup.Closer is null)
                _place = Place.Content;
            return;
        }
        if ((_isArray && tag is ",") || (markup.AllowsBareJson && tag is ";" or ","))
        {
            Begin(held);
            return;
        }
        if (markup.AllowsBareJson && tag is "{")
        {
            Begin(held[..^1]);
            Accept('{');
            return;
        }
        if (markup.Closer is { } closer && closer.AsSpan().StartsWith(tag) && tag.Length < closer.Length)
            return;
        _place = Place.Content;
        _held.Clear();
        if (tag.SequenceEqual(markup.Closer))
            return;
        foreach (var c in held)
            Accept(c);
    }

    private void Flush()
    {
        if (_openText.Length == 0)
            return;
        var isArguments = _name is not null;
        _events.Add(new ToolCallEvent(isArguments ? ToolCallEventKind.Arguments : ToolCallEventKind.Content, isArguments ? _begun : 0, _openText.ToString()));
        _openText.Clear();
    }

    private void EmitContent(string text)
    {
        _openText.Append(text);
        _content.Append(text);
    }

    private static bool IsWhiteSpace(StringBuilder text) => string.IsNullOrWhiteSpace(text.ToString());
}
