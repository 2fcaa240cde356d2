using System.Collections.Immutable;

namespace Pharos.Inference.Chat.Jinja;

/// <summary>
/// A chat template that was read, ready to be rendered. Sandboxed: it reaches nothing but the values it is given, its lists and mappings can't be
/// changed, and its work and its output are bounded. Safe for many threads at once.
/// </summary>
internal sealed class JinjaTemplate
{
    private readonly IReadOnlyList<JinjaStatement> body;

    private JinjaTemplate(string source, IReadOnlyList<JinjaStatement> body) => (Source, this.body) = (source, body);

    public string Source { get; }

    /// <exception cref="JinjaException">It is malformed, or uses what is not supported; the message names it with line and column.</exception>
    public static JinjaTemplate Parse(string source) => new(source, JinjaParser.Read(source));

    /// <param name="values">The template's variables.</param>
    /// <param name="now">What <c>strftime_now</c> tells, in UTC.</param>
    /// <returns>Control pieces are what the template's author wrote, all else came with the values.</returns>
    /// <exception cref="JinjaException">A step failed, a limit was reached, or the template refused the values.</exception>
    public ImmutableArray<PromptPiece> Render(IEnumerable<KeyValuePair<string, object?>> values, DateTimeOffset now, JinjaLimits? limits = null)
    {
        var run = new JinjaRun(limits ?? new JinjaLimits(), now);
        var output = new JinjaOutput(run);
        var globals = new JinjaFrame(run, null, output);
        JinjaGlobals.SetOn(globals);
        foreach (var (name, value) in values)
            globals.Set(name, value);
        try
        {
            JinjaStatement.RunAll(body, globals.Inner());
        }
        catch (JinjaFault fault)
        {
            throw new JinjaException(fault.Message, run.At, fault.IsRefusal);
        }
        catch (InsufficientExecutionStackException)
        {
            throw new JinjaException("it is nested too deeply.", run.At);
        }
        var pieces = new PromptPieces();
        foreach (var part in output.Parts)
            part.AddTo(pieces);
        return pieces.ToPieces();
    }
}
