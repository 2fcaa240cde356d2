using System.Text;
using Pharos.Inference.Backend;
using Pharos.Inference.Grammar;
using Pharos.Inference.Sampling;
using Pharos.Inference.Tests.Support;
using Pharos.Inference.Tokenization;
using Pharos.Scheduling.Requests;

namespace Pharos.Inference.Tests.Grammar;

/// <summary>A model that knows nothing: random logits, a vocabulary of bytes and of tokens that lie across every border JSON has.</summary>
internal sealed class Generation
{
    public const int Padding = 8; // logits that no token has
    private const int Patience = 250; // tokens after which it wants to come to an end

    private static readonly string[] Merges =
    [
        "{ \"", "\" :", "\" ,", "\" }", "} }", "] }", "[ ]", "{ }", "\" ]", "a b", "ab c", "abc \"", "1 2", "12 .", "0 0", "\\ u", "Ã ©", "Ã ©\"", "© \"", "Ġ \"", "Ċ Ġ", "Ġ Ġ",
        "t r", "tr u", "tru e", "- 1", "e +", ", Ċ", "\\u d", "â Ĥ", "ab \\",
    ];

    public static Tokenizer Tokenizer { get; } = ByteTokenizer.Load(ByteTokenizer.Json(merges: Merges));

    public static int Vocabulary { get; } = Tokenizer.IdLimit + Padding;

    private readonly Random random;
    private readonly Sampler sampler = new(Vocabulary);
    private readonly float[] logits = new float[Vocabulary];
    private readonly List<byte> bytes = [];

    public Generation(SegmentGrammar grammar, int seed)
    {
        random = new Random(seed);
        Matcher = grammar.Begin();
    }

    public static SegmentGrammar Compile(string schema, params string[] tools) =>
        Compile(new SegmentRules(schema, new CallRules(Required: false, Parallel: true, [.. tools.Select(tool => new CallableTool(tool, null))], [])));

    public static SegmentGrammar Compile(SegmentRules rules, Chat.ToolMarkup? markup = null) =>
        SegmentGrammar.Compile(rules, Tokenizer, Vocabulary, [ByteTokenizer.ImEnd], markup);

    public GrammarMatcher Matcher { get; }

    public List<int> Tokens { get; } = [];

    public bool HasEnded { get; private set; }

    /// <summary>A text that it would like to say again and again; null: none.</summary>
    public string? Liked { get; init; }

    /// <summary>What was said, whether it is Unicode or not.</summary>
    public string AnyText => Encoding.UTF8.GetString(bytes.ToArray());

    public string Text => new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes.ToArray());

    /// <summary>Samples one token as the device loop does.</summary>
    public void Step()
    {
        bool hurried = Tokens.Count > Patience;
        for (int id = 0; id < logits.Length; id++)
        {
            bool closes = id == ByteTokenizer.ImEnd || (Tokenizer.TokenBytes(id) is [(byte)'"' or (byte)'}' or (byte)']'] && id < Tokenizer.IdLimit);
            logits[id] = random.Next(40) == 0 ? float.NegativeInfinity : (float)(random.NextDouble() * 6) + (closes && hurried ? 20 : 0);
        }
        if (Liked is { } liked && Tokenizer.Encode(liked, parseSpecial: false) is var wanted)
            logits[wanted[Tokens.Count % wanted.Count]] = 30;
        Matcher.Mask(logits);
        int token = sampler.Sample(logits, new SamplingStep(random.Next(3) * 0.6f, 0.5f + random.NextSingle() / 2, random.Next(20), 7, Tokens.Count));
        if (!Matcher.Allows(token))
            token = Matcher.FirstAllowed;
        HasEnded = token == ByteTokenizer.ImEnd;
        if (HasEnded)
            return;
        Tokens.Add(token);
        bytes.AddRange(Tokenizer.TokenBytes(token));
        Matcher.Append(token);
    }

    public Generation Run(int most = 3000)
    {
        while (!HasEnded && Tokens.Count < most)
            Step();
        return this;
    }
}
