using System.IO.Pipelines;
using System.Text;
using Pharos.Gateway.Chat;
using Pharos.Gateway.Http;
using Pharos.Gateway.Models;

namespace Pharos.Gateway.Tests;

public sealed class SseWriterTests
{
    [Fact]
    public async Task Data_ChunkEventPingDone_AreFramed()
    {
        using var stream = new MemoryStream();
        var writer = new SseWriter(PipeWriter.Create(stream));
        var chunks = new ChatChunks("chatcmpl-r", 5, () => "m", new TokenTexts(_ => [], _ => false));

        await writer.Data(chunks.Of(0, new ChatEvent.Content("a\n\"ü\""))!, OpenAiJson.Readable.ChatChunk, default);
        await writer.Data(new ServerCallStarted("c", "f", "{}"), OpenAiJson.Readable.ServerCallStarted, default, "pharos.tool_call");
        await writer.Ping(default);
        await writer.Done(default);

        Assert.Equal(
            """
            data: {"id":"chatcmpl-r","object":"chat.completion.chunk","created":5,"model":"m","choices":[{"index":0,"delta":{"content":"a\n\"ü\""},"logprobs":null,"finish_reason":null}]}

            event: pharos.tool_call
            data: {"id":"c","name":"f","arguments":"{}"}

            : ping

            data: [DONE]


            """,
            Encoding.UTF8.GetString(stream.ToArray()));
    }
}
