using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pharos.Inference.Loading;
using Pharos.Inference.Tests.Support;

namespace Pharos.Inference.Tests.Tokenization;

public sealed class TokenizerFileTests
{
    /// <summary>A part of the file, what it is replaced by, and the words its complaint must hold.</summary>
    public static TheoryData<string, string?, string> BrokenParts() => new()
    {
        { "normalizer", """{"type":"BertNormalizer"}""", """tokenizer.json: normalizer is {"type":"BertNormalizer"}; supported is null, Prepend, Replace, NFC""" },
        { "normalizer", """{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Nmt"}]}""", """normalizer is {"type":"Nmt"}; supported is""" },
        { "normalizer", """{"type":"Replace","pattern":{"Regex":"("},"content":""}""", """normalizer.pattern.Regex is {"Regex":"("}; supported is a pattern that .NET can express""" },
        { "normalizer", """{"type":"Replace","pattern":{},"content":""}""", "supported is a Replace of a pattern of type String or Regex" },
        { "normalizer", """{"type":"Precompiled","precompiled_charsmap":"AAAA"}""", """normalizer.precompiled_charsmap is "AAAA"; supported is SentencePiece's map""" },
        { "pre_tokenizer", """{"type":"Whitespace"}""", """pre_tokenizer is {"type":"Whitespace"}; supported is null, Split, Digits, Metaspace, ByteLevel""" },
        { "pre_tokenizer", """{"type":"Sequence","pretokenizers":[{"type":"ByteLevel"},{"type":"Digits"}]}""", "or a Sequence of them that has ByteLevel last" },
        { "pre_tokenizer", """{"type":"Split","pattern":{"Regex":"a"},"behavior":"Sideways"}""", "a Split whose behavior is one of Isolated, Removed" },
        { "pre_tokenizer", """{"type":"Split","pattern":{"Regex":"[a&&b]"},"behavior":"Isolated"}""", """pre_tokenizer.pattern.Regex is "[a&&b]"; supported is a pattern that .NET can express (a set within a set""" },
        { "pre_tokenizer", """{"type":"Split","pattern":{"Regex":"(?<x>a)"},"behavior":"Isolated"}""", "(the group (?<x is not known)" },
        { "pre_tokenizer", """{"type":"Split","pattern":{"Regex":"\\p{Klingon}"},"behavior":"Isolated"}""", """pre_tokenizer.pattern.Regex is "\p{Klingon}"; supported is""" },
        { "pre_tokenizer", """{"type":"Metaspace","replacement":"__"}""", """replacement is "__"; supported is one character""" },
        { "pre_tokenizer", """{"type":"Metaspace","prepend_scheme":"last"}""", """prepend_scheme is "last"; supported is "always", "first" or "never".""" },
        { "model", null, "tokenizer.json: model is missing" },
        { "model", """{"type":"WordLevel"}""", "tokenizer.json: model.type is \"WordLevel\"; supported is \"BPE\", or \"Unigram\" without ByteLevel." },
        { "model", """{"dropout":0.1}""", "model.dropout is 0.1; supported is null." },
        { "model", """{"end_of_word_suffix":"</w>"}""", """model.end_of_word_suffix is "</w>"; supported is null.""" },
        { "model", """{"vocab":{"a":-1}}""", "model.vocab.a is -1; supported is an id between 0 and" },
        { "model", """{"vocab":{"a":0},"unk_token":"b"}""", """model.unk_token is "b"; supported is a token of model.vocab.""" },
        { "model", """{"vocab":{"a":0},"byte_fallback":true}""", "model.vocab has no token <0x00>; supported is byte_fallback with all 256 of them." },
        { "model", """{"vocab":{"a":0,"b":1},"unk_token":"a","merges":["a b"]}""", """model.merges[0] is "a b"; supported is a pair of tokens of model.vocab""" },
        { "model", """{"type":"Unigram","vocab":[["a",-1.5]]}""", "model.unk_id is missing" },
        { "model", """{"type":"Unigram","unk_id":0,"vocab":[["a"]]}""", """model.vocab[0] is ["a"]; supported is a pair of a token and its score.""" },
        { "decoder", """{"type":"WordPiece"}""", """decoder is {"type":"WordPiece"}; supported is ByteLevel, Metaspace, or a Sequence""" },
        { "decoder", """{"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Strip","content":" ","start":2,"stop":0}]}""", "a Strip of one blank at the beginning" },
        { "post_processor", """{"type":"Other"}""", """post_processor is {"type":"Other"}; supported is null, ByteLevel, TemplateProcessing""" },
        { "post_processor", """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x"}}],"special_tokens":{}}""", "supported is the name of an entry of special_tokens." },
        { "post_processor", """{"type":"BertProcessing","cls":["a",0],"sep":["a",77]}""", "post_processor holds the token 77; supported are the ids of tokens, below 3." },
        { "added_tokens", """[{"id":1}]""", "tokenizer.json: added_tokens: content is missing" },
        { "added_tokens", """[{"id":1,"content":"x","lstrip":3}]""", "lstrip is 3; supported is true or false." },
    };

    [Theory]
    [MemberData(nameof(BrokenParts))]
    public void BrokenPart_IsNamed(string part, string? value, string complaint)
    {
        var file = JsonNode.Parse("""{"model":{"type":"BPE","unk_token":"<unk>","vocab":{"<unk>":0,"a":1,"b":2}}}""")!.AsObject();
        Assert.Equal([1, 0, 2], ByteTokenizer.Load(file.ToJsonString()).Encode("a?b", false));
        file[part] = value is null ? null : JsonNode.Parse(value);
        string written = file.ToJsonString(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        var failure = Assert.Throws<ModelLoadException>(() => ByteTokenizer.Load(written));
        Assert.Contains(complaint, failure.Message.Replace("\\\\", "\\"));
        Assert.EndsWith(".", failure.Message);
    }
}
