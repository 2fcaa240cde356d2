namespace Pharos.Inference.Chat.Jinja;

/// <summary>A place in a template, both counted from 1.</summary>
public readonly record struct JinjaPosition(int Line, int Column)
{
    public override string ToString() => $"line {Line}, column {Column}";
}

/// <summary>A template that can't be read, or whose rendering failed. The message says where, and names the construct that is lacking.</summary>
public sealed class JinjaException(string because, JinjaPosition at, bool isRefusal = false)
    : Exception(isRefusal ? because : $"Chat template, {at}: {because}")
{
    /// <summary>What went wrong, without the place.</summary>
    public string Because => because;

    public JinjaPosition At => at;

    /// <summary>The template itself refused the conversation (<c>raise_exception</c>): the caller's mistake, not the template's.</summary>
    public bool IsRefusal => isRefusal;
}

/// <summary>What an operation found wrong; the interpreter knows where.</summary>
internal sealed class JinjaFault(string because, bool isRefusal = false) : Exception(because)
{
    public bool IsRefusal => isRefusal;
}
