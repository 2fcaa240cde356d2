using System.Collections.Immutable;
using Pharos.Gateway.Chat;
using Pharos.Gateway.Http;
using Pharos.Inference.Chat;

namespace Pharos.Gateway.Tests;

public sealed class ResumePlanTests
{
    private static readonly ChatMessage Question = ChatMessage.User("Weather in Oslo and Rome?");
    private static readonly ImmutableArray<ChatTool> Tools = [new ChatTool("get_weather", "", "{}")];

    [Fact]
    public void From_AllResultsOfOnePause_WakesItInTheOrderOfTheCalls()
    {
        var plan = ResumePlan.From([Question, Calls("call_r1_17_0", "call_r1_17_1"), ChatMessage.Tool("call_r1_17_1", "sun"), ChatMessage.Tool("call_r1_17_0", "rain")], Tools);

        Assert.Equal(("r1", 17), (plan!.Request, plan.SegmentStart));
        Assert.Equal(["rain", "sun"], plan.Results.Select(result => result.Content));
        Assert.Equal(TranscriptHash.Of(Tools, [Question]).ToArray(), plan.Transcript.ToArray());
    }

    [Fact]
    public void From_UnansweredCall_IsA400ThatNamesIt()
    {
        var error = Assert.Throws<ApiException>(() => ResumePlan.From([Question, Calls("call_r1_17_0", "call_r1_17_1"), ChatMessage.Tool("call_r1_17_1", "sun")], Tools)).Error;

        Assert.Contains("call_r1_17_0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void From_SomebodyElsesIds_IsNoPlan()
    {
        Assert.Null(ResumePlan.From([Question, Calls("toolu_01"), ChatMessage.Tool("toolu_01", "sun")], Tools));
        Assert.Null(ResumePlan.From([Question, Calls("call_r1_17_0", "call_r2_17_0"), ChatMessage.Tool("call_r1_17_0", "a"), ChatMessage.Tool("call_r2_17_0", "b")], Tools));
    }

    [Fact]
    public void From_UserHasTheLastWord_IsNoPlan() =>
        Assert.Null(ResumePlan.From([Question, Calls("call_r1_17_0"), ChatMessage.Tool("call_r1_17_0", "sun"), ChatMessage.User("And now?")], Tools));

    [Fact]
    public void From_ResultOfAnEarlierCallAmongThem_IsNoPlan() => Assert.Null(ResumePlan.From(
        [Question, Calls("call_r1_17_0"), ChatMessage.Tool("call_r1_17_0", "sun"), Calls("call_r1_40_0"), ChatMessage.Tool("call_r1_40_0", "rain"), ChatMessage.Tool("call_r1_17_0", "fog")], Tools));

    private static ChatMessage Calls(params string[] ids) => ChatMessage.Assistant("", [.. ids.Select(id => new ChatToolCall(id, "get_weather", "{}"))]);
}
