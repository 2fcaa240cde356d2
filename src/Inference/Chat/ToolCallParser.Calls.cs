using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pharos.Inference.Chat;

// How a call begins, ends and breaks off.
public sealed partial class ToolCallParser
{
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
        _openText.Append(closing, 0, _isArgumentsAlone ? closing.Length : closing.Length - 1); // a last brace closes the call itself
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
        if (!call.TryGetProperty("arguments", out var given) && !call.TryGetProperty("parameters", out given))
            arguments = _isBare ? "" : "{}"; // an answer in JSON may well have a name
        else if (given.ValueKind == JsonValueKind.Object)
            arguments = given.GetRawText();
        return name.Length > 0 && arguments.Length > 0;
    }

    [GeneratedRegex("""\G\s*\{\s*("(type|id)"\s*:\s*"[^"\\]*"\s*,\s*)*"name"\s*:\s*"(?<name>[^"\\]*)"\s*,\s*("(type|id)"\s*:\s*"[^"\\]*"\s*,\s*)*"(arguments|parameters)"\s*:\s*\{\z""", RegexOptions.ExplicitCapture)]
    private static partial Regex Header();

    [GeneratedRegex("""\A\s*(?<name>[A-Za-z0-9_.-]+)(\[CALL_ID\][A-Za-z0-9]*)?(\[ARGS\])?\s*\z""", RegexOptions.ExplicitCapture)]
    private static partial Regex NameFirst();
}
