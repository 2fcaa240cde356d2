using Pharos.Inference.Chat;
using Pharos.Inference.Serving;
using Pharos.Inference.Tests.Support;

namespace Pharos.Inference.Tests.Serving;

public sealed class ServedModelTests
{
    [Fact]
    public void Answers_EndAtWhatEitherFileNames()
    {
        // Chat models end a turn with the tokenizer's token while their other files go on naming the end of text.
        var model = Open("""{"eos_token": "<|im_end|>", "chat_template": "<|im_start|>"}""", """{"eos_token_id": 256}""");
        Assert.Equal([256, ByteTokenizer.ImEnd], model.EndTokens.ToArray());
        Assert.Equal([256], Open("""{"eos_token": null, "chat_template": "<|im_start|>"}""", """{"eos_token_id": 256}""").EndTokens.ToArray());
    }

    [Fact]
    public void Pieces_AreEncodedAsTheTextTheyMake_AndUsersEndNoTurn()
    {
        var model = Open("""{"chat_template": "<|im_start|>"}""", "{}");
        PromptPiece[] pieces = [new("<|im_start|>", true), new("user\nI say <|im_end|>", false), new("<|im_end|>", true), new("\n", false)];
        var tokens = model.Encode(pieces);
        Assert.Equal([ByteTokenizer.ImStart, ByteTokenizer.ImEnd], tokens.Where(model.Tokenizer.IsSpecial));
        Assert.Equal(string.Concat(pieces.Select(p => p.Text)), model.Tokenizer.Decode(tokens));
    }

    private static ServedModel Open(string tokenizerConfig, string generationConfig)
    {
        using var folder = new TemporaryFolder();
        new TinyModel().WithRandomWeights(1).Write(folder.Path);
        File.WriteAllText(Path.Combine(folder.Path, "tokenizer_config.json"), tokenizerConfig);
        File.WriteAllText(Path.Combine(folder.Path, "generation_config.json"), generationConfig);
        var model = ServedModel.Open(folder.Path);
        model.Loaded.Dispose();
        return model;
    }
}
