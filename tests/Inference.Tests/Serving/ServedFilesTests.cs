using Pharos.Inference.Serving;
using Pharos.Inference.Tests.Support;
using Pharos.Scheduling.Requests;

namespace Pharos.Inference.Tests.Serving;

public sealed class ServedFilesTests
{
    /// <summary>What a gateway and a silo open from <c>Pharos:Model</c>.</summary>
    [Fact]
    public void GgufFile_IsServedLikeADirectory()
    {
        using var folder = new TemporaryFolder();
        var tiny = Families.All["qwen2"]().WithRandomWeights(1);
        var directory = ServedModel.Open(WithTemplate(tiny.WriteDirectory(Directory.CreateDirectory(Path.Combine(folder.Path, "tiny")).FullName)));
        var file = ServedModel.Open(tiny.WriteGguf(Path.Combine(folder.Path, "tiny.gguf")));
        using (directory.Loaded)
        using (file.Loaded)
        {
            Assert.Equal(("tiny", FamilyModel.MaxPositions, "its own template, tool calls as hermes"), (file.Name, file.MaxPositions, file.Format.Name));
            Assert.Equal((directory.Name, directory.MaxPositions, directory.Format.Name), (file.Name, file.MaxPositions, file.Format.Name));
            Assert.True(file.Ends(ByteTokenizer.ImEnd));
            var turn = file.Format.RenderToolTurn([new ToolResult("call", "calculator", "2", 0.1, false)]);
            Assert.NotEmpty(file.Encode(turn));
            Assert.Equal(directory.Encode(turn).AsEnumerable(), file.Encode(turn).AsEnumerable());
        }
    }

    [Fact]
    public void WhatIsNeither_IsNamed() =>
        Assert.Contains("is neither an embedded model", Assert.Throws<DirectoryNotFoundException>(() => ServedModel.Open("/nowhere/model.gguf")).Message);

    private static string WithTemplate(string folder)
    {
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"chat_template": "{% for message in messages %}<|im_start|>{{ message.role }}{% endfor %}"}""");
        return folder;
    }
}
