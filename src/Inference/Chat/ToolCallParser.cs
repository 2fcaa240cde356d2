using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pharos.Inference.Chat;

/// <summary>
/// Reads Hermes tool markup, <c>&lt;tool_call&gt;{"name": ..., "arguments": {...}}&lt;/tool_call&gt;</c>, out of generated text as it comes.
/// Gateway and worker read with this one class, so what was streamed as a call is what the worker parks for. However the text is cut
/// into pieces, the events are the same but for where content and arguments are cut.
/// </summary>
/// <remarks>
/// Text that may still become markup is held back. Arguments are passed on as they come once the name is known; markup that is
/// malformed before that, or calls a tool that was not offered, is content. A missing closing tag or outer brace is forgiven.
/// </remarks>
public sealed partial class ToolCallParser(IEnumerable<string> offered)
{
    internal const string OpenTag = "<tool_call>";
    internal const string CloseTag = "</tool_call>";

    private enum Place
    {
        Content,
        Call,
        AfterCall,
    }

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
        if (_place == Place.Content && (_calls.Count == 0 || !IsWhiteSpace(_held)))
            EmitContent(_held.ToString());
        _held.Clear();
        Flush();
        return new ParsedSegment(_content.ToString(), [.. _calls]);
    }

    /// <summary>Reads a whole segment at once.</summary>
    public static ParsedSegment Parse(string text, IEnumerable<string> offered)
    {
        var parser = new ToolCallParser(offered);
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
            var tag = held.AsSpan().TrimStart();
            if (OpenTag.AsSpan().StartsWith(tag))
            {
                if (tag.Length == OpenTag.Length)
                    BeginCall(held);
                return;
            }
            var settled = held.Length - tag.Length + 1;
            EmitContent(held[..settled]);
            _held.Remove(0, settled);
        }
    }

    private void SettleAfterCall()
    {
        var held = _held.ToString();
        var tag = held.AsSpan().Trim();
        if (CloseTag.AsSpan().StartsWith(tag) && tag.Length < CloseTag.Length)
            return;
        _place = Place.Content;
        _held.Clear();
        if (tag.SequenceEqual(CloseTag))
            return;
        foreach (var c in held)
            Accept(c);
    }

    private void BeginCall(string markup)
    {
        _place = Place.Call;
        _held.Clear();
        _raw.Clear().Append(markup);
        _jsonStart = _raw.Length;
        _json = new JsonPrefix();
        _arguments.Clear();
        _name = null;
        _argumentsWhole = false;
    }

    private void AcceptInCall(char c)
    {
        var depth = _json.Depth;
        var isObject = depth > 0 || c == '{' || char.IsWhiteSpace(c);
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
            EmitArguments(c);
            _argumentsWhole = _json.Depth == 1;
        }
        if (_json.IsComplete)
            EndCall();
    }

    /// <summary>At a second opening brace: begins to stream if it opens the arguments of a named call. False: the call was refused.</summary>
    private bool StartIfHeader()
    {
        var header = Header().Match(_raw.ToString(), _jsonStart);
        if (!header.Success)
            return true; // unusual order of the keys: read when it is whole
        var name = header.Groups["name"].Value;
        if (!_offered.Contains(name))
        {
            BecomeContent();
            return false;
        }
        Start(name);
        return true;
    }

    private void Start(string name)
    {
        Flush();
        _name = name;
        _events.Add(new ToolCallEvent(ToolCallEventKind.Started, _begun, name));
    }

    private void EndCall()
    {
        if (_name is null)
        {
            if (!TryReadWhole(_raw.ToString(_jsonStart, _raw.Length - _jsonStart), out var name, out var arguments))
            {
                BecomeContent();
                return;
            }
            Start(name);
            _arguments.Append(arguments);
            _openText.Append(arguments);
        }
        Flush();
        _events.Add(new ToolCallEvent(ToolCallEventKind.Ended, _begun, ""));
        _calls.Add(new ParsedCall(_begun, _name!, _arguments.ToString()));
        _begun++;
        _name = null;
        _place = Place.AfterCall;
    }

    /// <summary>The JSON of the call can't go on.</summary>
    private void BreakCall()
    {
        if (_name is null)
        {
            BecomeContent();
            return;
        }
        if (_argumentsWhole)
        {
            EndCall();
            return;
        }
        var closing = _json.Closing();
        EmitArguments(closing.AsSpan(0, closing.Length - 1)); // the last brace closes the call itself
        Flush();
        _events.Add(new ToolCallEvent(ToolCallEventKind.Aborted, _begun, _raw.ToString()));
        _content.Append(_raw);
        _begun++;
        _name = null;
        _place = Place.Content;
    }

    private void BecomeContent()
    {
        _place = Place.Content;
        EmitContent(_raw.ToString());
    }

    private bool TryReadWhole(string json, out string name, out string arguments)
    {
        name = arguments = "";
        using var document = JsonDocument.Parse(json);
        var call = document.RootElement;
        if (!call.TryGetProperty("name", out var named) || named.ValueKind != JsonValueKind.String)
            return false;
        name = _offered.FirstOrDefault(named.ValueEquals) ?? "";
        if (!call.TryGetProperty("arguments", out var given))
            arguments = "{}";
        else if (given.ValueKind == JsonValueKind.Object)
            arguments = given.GetRawText();
        return name.Length > 0 && arguments.Length > 0;
    }

    private void EmitContent(string text)
    {
        _openText.Append(text);
        _content.Append(text);
    }

    private void EmitArguments(char c) => _openText.Append(c);

    private void EmitArguments(ReadOnlySpan<char> text) => _openText.Append(text);

    private void Flush()
    {
        if (_openText.Length == 0)
            return;
        var isArguments = _name is not null;
        _events.Add(new ToolCallEvent(isArguments ? ToolCallEventKind.Arguments : ToolCallEventKind.Content, isArguments ? _begun : 0, _openText.ToString()));
        _openText.Clear();
    }

    private static bool IsWhiteSpace(StringBuilder text) => string.IsNullOrWhiteSpace(text.ToString());

    [GeneratedRegex("""\G\s*\{\s*"name"\s*:\s*"(?<name>[^"\\]*)"\s*,\s*"arguments"\s*:\s*\{\z""", RegexOptions.ExplicitCapture)]
    private static partial Regex Header();
}
