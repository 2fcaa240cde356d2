namespace Pharos.Inference.Chat.Jinja;

/// <summary>
/// Reads the subset of Jinja that chat templates use. What it lacks is refused by name when a template is read, not when it is first needed.
/// </summary>
internal sealed partial class JinjaParser
{
    private static readonly string[] Unsupported =
        ["include", "import", "from", "extends", "block", "do", "autoescape", "trans", "pluralize", "debug"];

    private const int MaxDepth = 100;

    private readonly List<JinjaToken> tokens;
    private int next, depth;

    private JinjaParser(List<JinjaToken> tokens) => this.tokens = tokens;

    /// <exception cref="JinjaException">It is malformed, or uses what is not supported.</exception>
    public static IReadOnlyList<JinjaStatement> Read(string template)
    {
        var parser = new JinjaParser(JinjaLexer.Read(template));
        return parser.ReadBody(null);
    }

    private JinjaToken Peek => tokens[next];

    private JinjaToken Take() => tokens[next] is { Kind: JinjaTokenKind.End } end ? end : tokens[next++];

    /// <param name="opened">The block that is read; null for the whole template.</param>
    /// <param name="ends">Words that end it; the one that came is left to be read.</param>
    private List<JinjaStatement> ReadBody(JinjaToken? opened, params string[] ends)
    {
        var body = new List<JinjaStatement>();
        while (true)
        {
            var token = Take();
            switch (token.Kind)
            {
                case JinjaTokenKind.End when opened is { } block:
                    throw new JinjaException($"'{block.Text}' is not closed; expected '{ends[^1]}'.", block.At);
                case JinjaTokenKind.End:
                    return body;
                case JinjaTokenKind.Data:
                    body.Add(new JinjaText(token.At, MarkedText.Own(token.Text)));
                    break;
                case JinjaTokenKind.OutputBegin:
                    body.Add(new JinjaPrint(token.At, ReadTuple()));
                    Require(JinjaTokenKind.OutputEnd, "'}}'");
                    break;
                default:
                    if (ends.Contains(Peek.Text) && Peek.Kind == JinjaTokenKind.Name)
                        return body;
                    body.Add(Nested(ReadStatement));
                    break;
            }
        }
    }

    private JinjaStatement ReadStatement()
    {
        var word = Take();
        if (word.Kind != JinjaTokenKind.Name)
            throw Unexpected(word, "a statement");
        switch (word.Text)
        {
            case "for": return ReadFor(word);
            case "if": return ReadIf(word);
            case "set": return ReadSet(word);
            case "macro": return ReadMacro(word);
            case "call": return ReadCallBlock(word);
            case "filter": return ReadFilterBlock(word);
            case "with": return ReadWith(word);
            case "generation":
                EndBlock();
                return new JinjaWith(word.At, [], ReadBlock(word, "endgeneration"), IsScope: false);
            case "break" or "continue":
                EndBlock();
                return new JinjaJump(word.At, word.Text == "break" ? JinjaFlow.Break : JinjaFlow.Continue);
            default:
                throw new JinjaException(
                    Unsupported.Contains(word.Text) ? $"the statement '{word.Text}' is not supported."
                    : word.Text is "else" or "elif" || word.Text.StartsWith("end", StringComparison.Ordinal) ? $"'{word.Text}' ends nothing that is open."
                    : $"the statement '{word.Text}' is not known.",
                    word.At);
        }
    }

    private JinjaFor ReadFor(JinjaToken word)
    {
        var target = ReadTargets();
        RequireName("in");
        var of = ReadTuple(allowsConditional: false);
        var filter = TakeName("if") ? ReadExpression() : null;
        if (Peek.IsName("recursive"))
            throw new JinjaException("'for ... recursive' is not supported.", Peek.At);
        EndBlock();
        var body = ReadBody(word, "else", "endfor");
        List<JinjaStatement> otherwise = [];
        if (TakeName("else"))
        {
            EndBlock();
            otherwise = ReadBody(word, "endfor");
        }
        Take();
        EndBlock();
        return new JinjaFor(word.At, target, of, filter, body, otherwise);
    }

    private JinjaIf ReadIf(JinjaToken word)
    {
        var cases = new List<(JinjaExpression?, IReadOnlyList<JinjaStatement>)>();
        var condition = ReadTuple();
        while (true)
        {
            EndBlock();
            cases.Add((condition, ReadBody(word, "elif", "else", "endif")));
            var end = Take();
            if (end.Text == "elif")
            {
                condition = ReadTuple();
                continue;
            }
            EndBlock();
            if (end.Text == "else")
                cases.Add((null, ReadBlock(word, "endif")));
            return new JinjaIf(word.At, cases);
        }
    }

    private JinjaStatement ReadSet(JinjaToken word)
    {
        var target = ReadTargets();
        if (TakeOperator("="))
        {
            var value = ReadTuple();
            EndBlock();
            return new JinjaSet(word.At, target, value);
        }
        var filters = ReadFilterSteps(begins: "|");
        EndBlock();
        return new JinjaCaptured(word.At, target, filters, ReadBlock(word, "endset"));
    }

    private JinjaMacro ReadMacro(JinjaToken word)
    {
        var name = RequireName();
        var parameters = ReadParameters();
        EndBlock();
        return new JinjaMacro(word.At, name.Text, parameters, ReadBlock(word, "endmacro"));
    }

    private JinjaCallBlock ReadCallBlock(JinjaToken word)
    {
        var parameters = Peek.Is("(") ? ReadParameters() : [];
        if (ReadExpression() is not JinjaCall call)
            throw new JinjaException("'call' expects the call of a macro.", word.At);
        EndBlock();
        return new JinjaCallBlock(word.At, call, new JinjaMacro(word.At, "caller", parameters, ReadBlock(word, "endcall")));
    }

    private JinjaCaptured ReadFilterBlock(JinjaToken word)
    {
        var filters = ReadFilterSteps(begins: null);
        EndBlock();
        return new JinjaCaptured(word.At, null, filters, ReadBlock(word, "endfilter"));
    }

    private JinjaWith ReadWith(JinjaToken word)
    {
        var names = new List<(JinjaTarget, JinjaExpression)>();
        while (Peek.Kind != JinjaTokenKind.BlockEnd)
        {
            if (names.Count > 0)
                RequireOperator(",");
            var name = RequireName();
            RequireOperator("=");
            names.Add((new JinjaTarget.Name(name.Text), ReadExpression()));
        }
        EndBlock();
        return new JinjaWith(word.At, names, ReadBlock(word, "endwith"), IsScope: true);
    }

    /// <summary>A body and the word that ends it.</summary>
    private List<JinjaStatement> ReadBlock(JinjaToken word, string end)
    {
        var body = ReadBody(word, end);
        Take();
        if (Peek.Kind == JinjaTokenKind.Name)
            Take(); // {% endmacro name %}
        EndBlock();
        return body;
    }

    private List<(string, JinjaExpression?)> ReadParameters()
    {
        var parameters = new List<(string, JinjaExpression?)>();
        RequireOperator("(");
        while (!TakeOperator(")"))
        {
            if (parameters.Count > 0)
                RequireOperator(",");
            parameters.Add((RequireName().Text, TakeOperator("=") ? ReadExpression() : null));
        }
        return parameters;
    }

    /// <param name="begins">What stands before the first filter; null: nothing.</param>
    private List<JinjaFilterStep> ReadFilterSteps(string? begins)
    {
        var steps = new List<JinjaFilterStep>();
        while (steps.Count == 0 && begins is null ? Peek.Kind == JinjaTokenKind.Name : TakeOperator("|"))
        {
            var (filter, at) = ReadFilterName();
            steps.Add(new JinjaFilterStep(at, filter, Peek.Is("(") ? ReadArguments() : JinjaArgumentList.None));
        }
        return steps;
    }

    private JinjaTarget ReadTargets()
    {
        var targets = new List<JinjaTarget>();
        var isTuple = false;
        do
        {
            if (targets.Count > 0 && Peek.Kind != JinjaTokenKind.Name && !Peek.Is("("))
                break;
            targets.Add(ReadTarget());
            isTuple |= Peek.Is(",");
        }
        while (TakeOperator(","));
        return isTuple ? new JinjaTarget.Several(targets) : targets[0];
    }

    private JinjaTarget ReadTarget()
    {
        if (TakeOperator("("))
        {
            var inner = ReadTargets();
            RequireOperator(")");
            return inner;
        }
        var name = RequireName();
        return TakeOperator(".") ? new JinjaTarget.Attribute(name.Text, RequireName().Text) : new JinjaTarget.Name(name.Text);
    }

    private void EndBlock() => Require(JinjaTokenKind.BlockEnd, "'%}'");

    private bool TakeName(string name)
    {
        if (!Peek.IsName(name))
            return false;
        next++;
        return true;
    }

    private bool TakeOperator(string op)
    {
        if (!Peek.Is(op))
            return false;
        next++;
        return true;
    }

    private void Require(JinjaTokenKind kind, string expected)
    {
        if (Take() is var token && token.Kind != kind)
            throw Unexpected(token, expected);
    }

    private void RequireOperator(string op)
    {
        if (!TakeOperator(op))
            throw Unexpected(Peek, $"'{op}'");
    }

    private void RequireName(string name)
    {
        if (!TakeName(name))
            throw Unexpected(Peek, $"'{name}'");
    }

    private JinjaToken RequireName() => Take() is { Kind: JinjaTokenKind.Name } name ? name : throw Unexpected(tokens[Math.Max(0, next - 1)], "a name");

    private static JinjaException Unexpected(JinjaToken token, string expected) => new($"expected {expected}, but {token} came.", token.At);
}
