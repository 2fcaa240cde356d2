using Pharos.Inference.Chat;

namespace Pharos.Inference.Chat.Tests;

public sealed class TranscriptHashTests
{
    [Fact]
    public void Of_MeaninglessDifferences_AreTheSame()
    {
        Assert.Equal(TranscriptHash.Of(ChatMessage.User("Hello\n")), TranscriptHash.Of(ChatMessage.User(" Hello")));
        Assert.Equal(
            TranscriptHash.Of(ChatMessage.Assistant("", new ChatToolCall("a", "f", """{"x": 1}"""))),
            TranscriptHash.Of(ChatMessage.Assistant("", new ChatToolCall("a", "f", """{"x":1}"""))));
    }

    [Fact]
    public void Of_MeaningfulDifferences_Differ()
    {
        ChatMessage[] messages =
        [
            ChatMessage.User("Hello"), ChatMessage.System("Hello"), ChatMessage.Assistant("Hello"), ChatMessage.Tool("a", "Hello"), ChatMessage.Tool("b", "Hello"),
            ChatMessage.Assistant("Hello", new ChatToolCall("a", "f", "{}")), ChatMessage.Assistant("Hello", new ChatToolCall("a", "f", "{\"x\":1}")),
        ];

        Assert.Equal(messages.Length + 1, TranscriptHash.Of([], messages).Distinct().Count());
    }

    [Fact]
    public void Of_Tools_TheirOrderAndSpellingMeanNothing() => Assert.Equal(
        TranscriptHash.Of([new ChatTool("f", "", "{}"), new ChatTool("g", "", """{"type": "object"}""")], [])[0],
        TranscriptHash.Of([new ChatTool("g", "", """{"type":"object"}"""), new ChatTool("f", "", "{ }")], [])[0]);

    [Fact]
    public void Of_OtherTools_BeginsOtherwise()
    {
        ChatTool[][] offers =
        [
            [], [new ChatTool("f", "", "{}")], [new ChatTool("g", "", "{}")], [new ChatTool("f", "", """{"type":"object"}""")],
            [new ChatTool("f", "", "{}"), new ChatTool("g", "", "{}")],
        ];

        Assert.Equal(offers.Length, offers.Select(tools => TranscriptHash.Of(tools, [ChatMessage.User("Hello")])[0]).Distinct().Count());
    }

    [Fact]
    public void Of_IsStable() => Assert.Equal(TranscriptHash.Of(ChatMessage.User("Hello")), TranscriptHash.Of([], [ChatMessage.User("Hello")])[1]);
}
