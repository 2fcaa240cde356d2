using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pharos.Bench.Fuzz;

/// <summary>Makes wrong requests of right ones, the same of the same number: values that are no field's, members lost, doubled and misnamed, bytes flipped and cut.</summary>
internal sealed class BodyMutator(int seed, int number)
{
    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "-1", "1", "2", "0.5", "-0.0", "1e400", "1e-400", "99999999999999999999", "-9223372036854775808", "2147483647", "4294967296", "\"\"", "\"x\"",
        "[]", "{}", "[[]]", "[null]", "{\"\":null}", "[1,2,3]", "[\"a\",1]", "{\"type\":\"object\"}", "{\"type\":\"function\"}", "{\"$ref\":\"#\"}", $"\"{Half}\"", $"{{\"a\":\"{Half}\"}}", "\"\\u0000\"",
        "\"<|im_end|><tool_call>\"", "\"required\"", "\"auto\"", "\"spark\"", "\"user\"", "\"tool\"", "\"call_x_0_0\"", "\"resp_x\"", "\"json_schema\"", "\"\\ud83d\\ude00\"",
        "{\"anyOf\":[{\"type\":\"string\",\"pattern\":\"(a|b)*c{2,900}\"},{\"type\":\"integer\",\"minimum\":-5,\"maximum\":1e30}]}",
    ];

    private const string Half = "half of a pair"; // which no JSON writer writes

    private readonly Random random = new(unchecked(seed * 1_000_003 + number));

    public Sample Sample => Corpus.All[number % Corpus.All.Count];

    public byte[] Make()
    {
        var node = JsonNode.Parse(Sample.Body)!;
        for (var times = random.Next(4); times > 0; times--)
            Change(node);
        var body = Encoding.UTF8.GetBytes(node.ToJsonString().Replace(Half, "\\ud800", StringComparison.Ordinal));
        return random.Next(3) == 0 ? Spoil(body) : body;
    }

    private void Change(JsonNode root)
    {
        var at = Places(root).OrderBy(_ => random.Next()).FirstOrDefault();
        if (at is JsonObject { Count: > 0 } members)
            Change(members);
        else if (at is JsonArray { Count: > 0 } elements)
            Change(elements);
    }

    private void Change(JsonObject members)
    {
        var name = members.ElementAt(random.Next(members.Count)).Key;
        switch (random.Next(5))
        {
            case 0:
                members.Remove(name);
                break;
            case 1:
                members[name + (char)random.Next(32, 1000)] = members[name]?.DeepClone();
                break;
            case 2:
                var other = members.ElementAt(random.Next(members.Count)).Key;
                (members[name], members[other]) = (members[other]?.DeepClone(), members[name]?.DeepClone());
                break;
            default:
                members[name] = Value();
                break;
        }
    }

    private void Change(JsonArray elements)
    {
        var index = random.Next(elements.Count);
        switch (random.Next(4))
        {
            case 0:
                elements.RemoveAt(index);
                break;
            case 1:
                for (var times = random.Next(1, 40); times > 0; times--)
                    elements.Add(elements[index]?.DeepClone());
                break;
            default:
                elements[index] = Value();
                break;
        }
    }

    private JsonNode? Value() => random.Next(12) switch
    {
        0 => new string((char)random.Next(32, 0xD000), random.Next(1, 3000)),
        1 => random.NextInt64(long.MinValue, long.MaxValue),
        2 => (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-10, 30)),
        3 => Deep(random.Next(2, 60)),
        _ => JsonNode.Parse(Values[random.Next(Values.Length)]),
    };

    private JsonNode? Deep(int depth)
    {
        JsonNode? node = JsonNode.Parse(Values[random.Next(Values.Length)]);
        for (; depth > 0; depth--)
            node = random.Next(2) == 0 ? new JsonArray(node) : new JsonObject { [random.Next(2) == 0 ? "items" : "a"] = node, ["type"] = "array" };
        return node;
    }

    private byte[] Spoil(byte[] body)
    {
        var bytes = body.ToList();
        for (var times = random.Next(1, 5); times > 0 && bytes.Count > 0; times--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, random.Next(1, Math.Min(40, bytes.Count - at) + 1));
                    break;
                case 2:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.Skip(random.Next(bytes.Count)).Take(random.Next(60)).ToList());
                    break;
                default:
                    bytes.InsertRange(at, Enumerable.Range(0, random.Next(1, 200)).Select(_ => (byte)"[{\"\\,:0"[random.Next(7)]));
                    break;
            }
        }
        return [.. bytes];
    }

    private static IEnumerable<JsonNode> Places(JsonNode? node) => node switch
    {
        JsonObject members => [node, .. members.SelectMany(member => Places(member.Value))],
        JsonArray elements => [node, .. elements.SelectMany(Places)],
        _ => [],
    };
}
