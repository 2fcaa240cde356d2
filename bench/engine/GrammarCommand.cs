using System.Diagnostics;
using System.Text.Json.Nodes;
using Pharos.Inference.Grammar;
using Pharos.Inference.Tokenization;
using Pharos.Scheduling.Requests;

namespace Pharos.Bench.Engine;

/// <summary>
/// <c>grammar</c>: what constrained decoding adds to a token: mask and step, the choice itself not counted. Vocabularies are made up of bytes and random words, a
/// tenth of them across the borders of JSON.
///   dotnet run -c Release --project bench/engine -- grammar
/// </summary>
internal static class GrammarCommand
{
    private const int Firsts = 10; // requests that are the first of their grammar

    private const string Schema = """
        {"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer"},"kind":{"enum":["person","robot"]},
         "tags":{"type":"array","items":{"type":"string","maxLength":40}},"notes":{"type":"object"}},"required":["name","age","kind","tags","notes"],"additionalProperties":false}
        """;

    private static readonly SegmentRules Rules = new(Schema, new CallRules(Required: false, Parallel: true, [], []));

    // Free text, until the model begins a call.
    private static readonly SegmentRules ToolRules = new(null, new CallRules(Required: false, Parallel: true, [new CallableTool("person", Schema)], []));

    public static int Run(Arguments arguments)
    {
        arguments.Expect();
        Console.WriteLine($"machine  {Machine.Describe()}");
        Console.WriteLine();
        Prepare();
        Console.WriteLine("vocabulary   rules         vocabulary ms   compile ms   first request us/token   again us/token   tokens");
        foreach (int size in (int[])[512, 131_072])
        {
            Measure(size, "schema", Rules);
            Measure(size, "strict tool", ToolRules);
        }
        return 0;
    }

    // Compilation of the code itself is paid once a process, not once a schema: other rules take it on themselves.
    private static void Prepare()
    {
        var tokenizer = Vocabulary(2048);
        var other = new SegmentRules("""{"type":"object","properties":{"title":{"type":"string"},"sizes":{"type":"array","items":{"type":"number"}}},"required":["title","sizes"]}""", Rules.Calls);
        var running = Stopwatch.StartNew();
        while (running.Elapsed < TimeSpan.FromSeconds(2))
            Generate(SegmentGrammar.Compile(other, tokenizer, 2048, [0]), tokenizer, 2048, seeds: 1..2);
    }

    private static void Measure(int size, string name, SegmentRules rules)
    {
        var tokenizer = Vocabulary(size);
        var compiling = Stopwatch.StartNew();
        SegmentGrammar.Compile(rules, tokenizer, size, [0]);
        double vocabulary = compiling.Elapsed.TotalMilliseconds; // its tree is made once a model
        compiling.Restart();
        var grammars = Enumerable.Range(0, Firsts).Select(_ => SegmentGrammar.Compile(rules, tokenizer, size, [0])).ToList();
        double compiled = compiling.Elapsed.TotalMilliseconds / Firsts;
        var firsts = grammars.Select((grammar, i) => Generate(grammar, tokenizer, size, seeds: (i + 1)..(i + 2))).ToList();
        double first = firsts.Sum(one => one.Microseconds * one.Tokens) / firsts.Sum(one => one.Tokens);
        var again = Generate(grammars[0], tokenizer, size, seeds: 100..150);
        Console.WriteLine($"{size,10}   {name,-11}   {vocabulary,13:F1}   {compiled,10:F2}   {first,22:F1}   {again.Microseconds,14:F1}   {firsts.Sum(one => one.Tokens) + again.Tokens,6}");
    }

    private static (double Microseconds, int Tokens) Generate(SegmentGrammar grammar, Tokenizer tokenizer, int size, Range seeds)
    {
        var logits = new float[size];
        var clock = new Stopwatch();
        int tokens = 0;
        for (int seed = seeds.Start.Value; seed < seeds.End.Value; seed++)
        {
            var random = new Random(seed);
            var matcher = grammar.Begin();
            for (int token = -1, said = 0; token != 0 && said < 400; said++)
            {
                Array.Clear(logits);
                clock.Start();
                matcher.Mask(logits);
                clock.Stop();
                token = Choose(logits, random, tokenizer);
                clock.Start();
                matcher.Append(token);
                clock.Stop();
                tokens++;
            }
        }
        return (clock.Elapsed.TotalMicroseconds / tokens, tokens);
    }

    // Any allowed token; ends of strings and lists often enough that answers come to an end.
    private static int Choose(float[] logits, Random random, Tokenizer tokenizer)
    {
        int start = random.Next(logits.Length);
        for (int tries = 0; tries < 256 && random.Next(6) == 0; tries++)
        {
            int id = 1 + random.Next(256);
            if (logits[id] == 0 && tokenizer.TokenBytes(id) is [(byte)'"' or (byte)'}' or (byte)']'])
                return id;
        }
        for (int i = 0; i < logits.Length; i++)
        {
            if (logits[(start + i) % logits.Length] == 0)
                return (start + i) % logits.Length;
        }
        throw new InvalidOperationException("The grammar allows nothing.");
    }

    private static Tokenizer Vocabulary(int size)
    {
        var random = new Random(7);
        var vocabulary = new JsonObject();
        var spelled = new HashSet<string>(StringComparer.Ordinal);
        string bytes = string.Concat(Enumerable.Range(0, 256).Select(value => Spell((byte)value)));
        vocabulary["<|end|>"] = 0;
        foreach (char one in bytes)
            vocabulary[one.ToString()] = spelled.Add(one.ToString()) ? spelled.Count : throw new InvalidOperationException("Bytes are spelled alike.");
        while (spelled.Count < size - 1)
        {
            string word = (random.Next(3) > 0 ? "\u0120" : "") + new string([.. Enumerable.Range(0, 1 + random.Next(9)).Select(_ => (char)('a' + random.Next(26)))]);
            if (random.Next(10) == 0)
                word = random.Next(2) == 0 ? word + "\"" + (random.Next(2) == 0 ? "," : "") : "\"" + word;
            if (spelled.Add(word))
                vocabulary[word] = spelled.Count;
        }
        string path = Path.GetTempFileName();
        File.WriteAllText(path, new JsonObject
        {
            ["added_tokens"] = new JsonArray(new JsonObject { ["id"] = 0, ["content"] = "<|end|>", ["special"] = true }),
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = false },
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel" },
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray() },
        }.ToJsonString());
        try
        {
            return Tokenizer.Load(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>The byte-level alphabet: printable bytes are themselves, the others move beyond U+0100 in order.</summary>
    private static string Spell(byte value)
    {
        bool Printable(int one) => one is (>= 33 and <= 126) or (>= 161 and <= 172) or (>= 174 and <= 255);
        return Printable(value) ? ((char)value).ToString() : ((char)(256 + Enumerable.Range(0, value).Count(one => !Printable(one)))).ToString();
    }
}
