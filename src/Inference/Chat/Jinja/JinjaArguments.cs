namespace Pharos.Inference.Chat.Jinja;

/// <summary>What a call was given.</summary>
internal sealed record JinjaArguments(IReadOnlyList<object?> Positional, IReadOnlyList<KeyValuePair<string, object?>> Named)
{
    public static readonly JinjaArguments None = new([], []);

    /// <summary>Stands for a parameter that was not given.</summary>
    public static readonly object Absent = new();
}

/// <summary>Names of parameters, in order; one that may be left out ends in <c>?</c>, and a last <c>*</c> takes whatever more comes.</summary>
internal sealed class JinjaSignature(string name, string parameters)
{
    private readonly string[] all = parameters.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <returns>[parameter]; <see cref="JinjaArguments.Absent"/> where nothing was given.</returns>
    /// <exception cref="JinjaFault">One is missing, unknown, or too many came.</exception>
    public object?[] Bind(JinjaArguments given)
    {
        var takesMore = all is [.., "*"];
        var named = takesMore ? all[..^1] : all;
        var bound = new object?[named.Length];
        Array.Fill(bound, JinjaArguments.Absent);
        if (given.Positional.Count > named.Length && !takesMore)
            throw new JinjaFault($"'{name}' takes at most {named.Length} arguments; it got {given.Positional.Count}.");
        for (var i = 0; i < Math.Min(given.Positional.Count, named.Length); i++)
            bound[i] = given.Positional[i];
        foreach (var (key, value) in given.Named)
        {
            var place = Array.FindIndex(named, parameter => parameter.TrimEnd('?') == key);
            if (place >= 0)
                bound[place] = value;
            else if (!takesMore)
                throw new JinjaFault($"'{name}' has no argument '{key}'.");
        }
        for (var i = 0; i < named.Length; i++)
        {
            if (bound[i] == JinjaArguments.Absent && !named[i].EndsWith('?'))
                throw new JinjaFault($"'{name}' needs its argument '{named[i]}'.");
        }
        return bound;
    }
}
