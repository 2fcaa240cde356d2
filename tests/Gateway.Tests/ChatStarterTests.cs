using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Pharos.Gateway.Access;
using Pharos.Gateway.Answers;
using Pharos.Gateway.Chat;
using Pharos.Gateway.Http;
using Pharos.Gateway.Models;
using Pharos.Gateway.Requests;
using Pharos.Grains.Configuration;
using Pharos.Grains.Tools;
using Pharos.Inference.Chat;
using Pharos.Inference.Tokenization;
using Pharos.Scheduling.Batching;

namespace Pharos.Gateway.Tests;

public sealed class ChatStarterTests
{
    private static readonly ChatRequest Question = Request(ChatMessage.User("Weather?"));

    private static readonly ChatRequest Results = Request(
        ChatMessage.User("Weather?"), ChatMessage.Assistant("", new ChatToolCall("call_r_17_0", "get_weather", "{}")), ChatMessage.Tool("call_r_17_0", "sun"));

    private readonly FakeCluster _cluster = new();

    [Fact]
    public async Task Start_ClusterFailsInAnyWay_Is503()
    {
        _cluster.StartFails = new StoreIsDown();

        var error = (await Assert.ThrowsAsync<ApiException>(() => Starter().Start(Question, Caller.Anonymous, default))).Error;

        Assert.Equal(HttpStatusCode.ServiceUnavailable, error.Status);
        Assert.NotNull(error.RetryAfterSeconds);
    }

    [Fact]
    public async Task Start_ProgrammingError_IsNotHidden()
    {
        _cluster.StartFails = new NotSupportedException();

        await Assert.ThrowsAsync<NotSupportedException>(() => Starter().Start(Question, Caller.Anonymous, default));
    }

    [Fact]
    public async Task Start_ResumeGotNoAnswer_IsRepeatedAsTheSameAttempt()
    {
        _cluster.ResumeFails.Enqueue(new TimeoutException());
        _cluster.ResumeFails.Enqueue(new StoreIsDown());

        var chat = (await Starter().Start(Results, Caller.Anonymous, default))[0];
        chat.Stream.Leave();

        Assert.Equal(("r", 3), (chat.Stream.Request, chat.FromNotice));
        Assert.Equal(3, _cluster.Resumes.Count);
        Assert.Single(_cluster.Resumes.Select(resume => resume.NewRequest).Distinct());
        Assert.Equal(TranscriptHash.Of(Results.Tools, Results.Messages[..1]).ToArray(), _cluster.Resumes[0].Transcript.ToArray());
        Assert.Equal(TranscriptHash.Of(Results.Tools, Results.Messages).ToArray(), chat.Spec.Transcript.ToArray());
    }

    [Fact]
    public async Task TryDescribe_AnyFailure_IsNull() =>
        Assert.Null(await new PoolView(_cluster, TimeProvider.System, NullLogger<PoolView>.Instance).TryDescribe("m", default));

    [Fact]
    public async Task Start_PromptLongerThanAnyThatFits_IsRefusedWithoutBeingEncoded()
    {
        var encoded = 0;
        var model = new PromptModel("m", 1024, new SamplingDefaults(0, 1, 0), ChatFormats.For(null, ChatTokens.None, new ChatFormatChoice("chatml")), _ => [++encoded]) { MostCharacters = 20_000 };

        await Starter(model).Start(Request(ChatMessage.User(new string('a', 15_000))), Caller.Anonymous, default);
        var error = (await Assert.ThrowsAsync<ApiException>(() => Starter(model).Start(Request(ChatMessage.User(new string('a', 20_000))), Caller.Anonymous, default))).Error;

        Assert.Equal(1, encoded);
        Assert.Equal((HttpStatusCode.BadRequest, "messages", "context_length_exceeded"), (error.Status, error.Param, error.Code));
        Assert.Contains("holds at most 20000", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_TextThatTheTokenizerRefuses_Is400ThatNamesTheField()
    {
        var model = new PromptModel(
            "m", 1024, new SamplingDefaults(0, 1, 0), ChatFormats.For(null, ChatTokens.None, new ChatFormatChoice("chatml")),
            _ => throw new TextRefusedException("A text of 60 characters cannot be cut.", new TimeoutException()));
        foreach (string field in (string[])["messages", "input"])
        {
            var error = (await Assert.ThrowsAsync<ApiException>(() => Starter(model).Start(Request(ChatMessage.User("a")) with { Field = field }, Caller.Anonymous, default))).Error;
            Assert.Equal((HttpStatusCode.BadRequest, field, "invalid_value"), (error.Status, error.Param, error.Code));
            Assert.Contains("60 characters", error.Message, StringComparison.Ordinal);
        }

        var raw = new RawPrompts((_, _) => throw new TextRefusedException("It cannot be cut.", new TimeoutException()), _ => "");
        var refused = Assert.Throws<ApiException>(() => raw.Encode("a", "prompt[2]")).Error;
        Assert.Equal((HttpStatusCode.BadRequest, "prompt[2]"), (refused.Status, refused.Param));
    }

    [Theory]
    [InlineData("default", null, null)] // nobody has said anything: the worker's own
    [InlineData("shop", 0.5, 2.0)]
    [InlineData("bank", 0.25, 0.05)]
    public async Task Start_Objective_IsTheRequestsThenItsTenantsThenTheClusters(string tenant, double? first, double? gap)
    {
        var settings = new PharosOptions { Slo = { Itl = TimeSpan.FromSeconds(2) } };
        settings.Tenants["shop"] = new TenantOptions { Slo = { Ttft = TimeSpan.FromSeconds(0.5) } };
        settings.Tenants["bank"] = new TenantOptions { Slo = { Ttft = TimeSpan.FromSeconds(0.5), Itl = TimeSpan.FromSeconds(0.05) } };
        var request = tenant == "bank" ? Question with { Sampling = new SamplingRequest { Slo = new SloRequest(0.25, null) } } : Question;

        var chat = (await Starter(settings: settings).Start(request, new Caller("key", tenant, CallerRole.User), default))[0];
        chat.Stream.Leave();

        Assert.Equal(first is null ? null : new ServiceObjective(first.Value, gap!.Value), chat.Spec.Options.Objective);
    }

    private static ChatRequest Request(params ChatMessage[] messages) => new(
        "m", [.. messages], Stream: false, IncludeUsage: false, Answers: 1, new SamplingRequest(), Schema: null, [new ChatTool("get_weather", "", "{}")], ToolChoice.Auto, RunTools: false, Priority: 0);

    private ChatStarter Starter(PromptModel? model = null, PharosOptions? settings = null)
    {
        model ??= new PromptModel("m", 1024, new SamplingDefaults(0, 1, 0), ChatFormats.For(null, ChatTokens.None, new ChatFormatChoice("chatml")), _ => [1, 2, 3]);
        var gateway = new GatewayIdentity("gw");
        var retry = new GrainRetry(TimeProvider.System, Random.Shared);
        return new ChatStarter(
            new RequestFactory(model, gateway, new NoTools(), new Random(1), Options.Create(settings ?? new PharosOptions())), _cluster, _cluster.Feeds(), retry, gateway,
            new GatewayOptions(), TimeProvider.System, new ChatIds(TimeProvider.System),
            new TenantGate(_cluster, gateway, retry, Options.Create(new PharosOptions()), TimeProvider.System, NullLogger<TenantGate>.Instance), NullLogger<AnswerStream>.Instance);
    }

    private sealed class StoreIsDown : Exception;

    private sealed class NoTools : IToolRegistry
    {
        public IReadOnlyList<ToolDefinition> Tools => [];
    }
}
