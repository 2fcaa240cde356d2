using Pharos.Simulator.Workloads;

namespace Pharos.Simulator.Tests.Workloads;

/// <summary>Every published format from a few rows written by hand.</summary>
public sealed class TraceFormatTests
{
    [Fact]
    public void Plain_requests_with_arrivals_come_when_they_were_recorded()
    {
        var workload = Read("t_s,input_tokens,output_tokens\n5.0,374,44\n5.5,396,0\n9.0,10,3\n");
        var arrivals = Arrivals.Of("trace", workload, rate: 1, seconds: 2, seed: 1);
        Assert.Equal([0.0, 0.5], arrivals.Select(arrival => arrival.At)); // from the first one on; the third is past the window
        Assert.Equal((374, 44, 1), (arrivals[0].Session.PromptTokens, arrivals[0].Session.Segments[0].CompletionTokens, arrivals[1].Session.Segments[0].CompletionTokens));
        Assert.Contains("line 3, time: expected times in ascending order", Bad("t_s,input_tokens,output_tokens\n5.0,374,44\n4.0,1,1\n"));
    }

    [Fact]
    public void Json_lines_have_times_in_milliseconds()
    {
        var workload = Read("""
            {"timestamp":0,"input_length":6758,"output_length":500,"hash_ids":[0,1]}
            {"timestamp":3000,"input_length":7,"output_length":4,"hash_ids":[2]}
            """);
        Assert.Equal([0.0, 3.0], Arrivals.Of("trace", workload, 1, 10, 1).Select(arrival => arrival.At));
        Assert.Contains("prefixes", workload.Note);
        Assert.Contains("line 2: expected a JSON object", Bad("{\"timestamp\":0,\"input_length\":1,\"output_length\":1}\n{\"timestamp\":"));
        Assert.Contains("line 2, input_length: expected a whole number from 0 on, came ''", Bad("{\"timestamp\":0,\"input_length\":1,\"output_length\":1}\n{\"timestamp\":1,\"output_length\":1}"));
    }

    [Fact]
    public void Lengths_alone_have_no_arrivals_of_their_own()
    {
        var workload = Read("model,input_tokens,output_tokens\nllama,2358,531\n");
        Assert.Equal((2358, 531), (Draw(workload).PromptTokens, Draw(workload).Segments[0].CompletionTokens));
        Assert.Contains("has no arrival times", Assert.Throws<ArgumentException>(() => Arrivals.Of("trace", workload, 1, 10, 1)).Message);
    }

    [Fact]
    public void Coding_agents_turn_is_a_request_and_a_call_takes_the_pause_before_the_next_row()
    {
        const string header = "trace,depth,req,t_s,type,model,in_tok,out_tok,stop,think_time_s\n";
        var sessions = Sessions(header
            + "1,0,0,0.0,n,m,1000,100,tool_use,0\n1,0,1,20,subagent:Explore,,500,,,\n1,1,0,20,n,m,50,5,end_turn,0\n"
            + "1,0,2,30,n,m,1150,40,end_turn,12\n1,0,3,40,n,m,1200,10,tool_use,5\n1,0,4,50,n,m,300,20,end_turn,9\n");
        // The turn, the subagent beside it, the second turn up to the compaction, and what follows it.
        Assert.Equal([1000, 50, 1200, 300], sessions.Select(session => session.PromptTokens));
        Assert.Equal([new Segment(100, "tool", 12, 50), new Segment(40, null, 0, 0)], sessions[0].Segments.ToArray());
    }

    [Fact]
    public void Agents_calls_leave_their_tool_the_time_that_generation_did_not_take()
    {
        var sessions = Sessions("agent,session,session_start_unix_s,call,t_s,input_tokens_gpt2,output_tokens_gpt2\nswe,a,0,0,0.0,100,50\nswe,a,0,1,3.0,160,10\nswe,a,0,2,9.0,20,10\n");
        Assert.Equal([new Segment(50, "swe", 2.0, 10), new Segment(10, null, 0, 0)], sessions[0].Segments.ToArray());
        Assert.Equal(20, sessions[1].PromptTokens); // another conversation of the same session
    }

    [Fact]
    public void Conversations_without_times_are_given_published_ones_and_say_so()
    {
        var workload = (RecordedWorkload)Read("""
            conversation,task_id,trial,segment,next_is,tool_name,context_tokens_gpt2,output_tokens_gpt2,return_tokens_gpt2
            0,0,0,0,user,,1322,21,14
            0,0,0,1,tool,search,1357,30,320
            0,0,0,2,user,,1707,5,3
            """);
        var session = Assert.Single(workload.Sessions);
        Assert.Equal([("human", 14), ("search", 320), (null, 0)], session.Segments.Select(segment => (segment.Tool, segment.ReturnedTokens)));
        Assert.InRange(session.Segments[0].ToolSeconds, 3, 60);
        Assert.Contains("TraceLab", workload.Note);
    }

    [Fact]
    public void Episodes_of_reasoning_end_with_their_last_step()
    {
        var sessions = Sessions("episode,step,steps,action,context_tokens_gpt2_excl_fewshot,output_tokens_gpt2,observation_tokens_gpt2\n0,1,2,Search,19,42,107\n0,2,2,Finish,168,39,4\n");
        Assert.Equal(("Search", 107), (sessions[0].Segments[0].Tool, sessions[0].Segments[0].ReturnedTokens));
        Assert.Equal(2, sessions[0].Segments.Length);
    }

    [Fact]
    public void Clients_by_rate_need_their_two_files()
    {
        const string lengths = "model,client,window_start_s,field,mean,min,p5,p10,p25,p50,p75,p90,p95,p99,max\nm,7,0,input_tokens,9,9,9,9,9,9,9,9,9,9,9\nm,7,0,output_tokens,4,4,4,4,4,4,4,4,4,4,4\n";
        var folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            var rates = Path.Combine(folder, "m_rates.csv");
            File.WriteAllText(rates, "model,client,window_start_s,rate_req_per_s,cv,dist,param1,param2\nm,7,600,2.0,1.0,Gamma,1,0.5\n");
            Assert.Contains("'_lengths'", Assert.Throws<FormatException>(() => TraceReader.Read(rates)).Message);
            File.WriteAllText(Path.Combine(folder, "m_lengths.csv"), lengths);
            var workload = TraceReader.Read(rates);
            Assert.Equal((9, 4), (Draw(workload).PromptTokens, Draw(workload).Segments[0].CompletionTokens));
            var arrivals = Arrivals.Of("trace", workload, 1, seconds: 600, seed: 1);
            Assert.InRange(arrivals.Count, 1_050, 1_350); // two a second for ten minutes
            Assert.Equal(workload.Name, TraceReader.Read(Path.Combine(folder, "m_lengths.csv")).Name); // either file names the two
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("group,query_id,n_tools,tool_spec_tokens_gpt2,query_tokens_gpt2,tool_sequence\n", "ToolBench", "the tools' results")]
    [InlineData("{\"id\":\"a\",\"n_functions\":1,\"spec_tokens\":3,\"turn_tokens\":[1]}", "Berkeley", "tokens of answers")]
    [InlineData("set,dialogue,api_sequence,user_tokens_gpt2,assistant_tokens_gpt2\n", "API-Bank", "order of user turns")]
    [InlineData("run,step,command,execution_time_s,response_tokens_gpt2,observation_tokens_gpt2\n", "SWE-agent", "tokens of prompts")]
    [InlineData("a,b\n1,2\n", "no known format has the columns a, b", "Known are:")]
    public void What_cannot_be_simulated_is_answered_with_what_is_missing(string content, string format, string missing)
    {
        var message = Bad(content);
        Assert.Contains(format, message);
        Assert.Contains(missing, message);
    }

    [Theory]
    [InlineData("gamma:3", 2.5, 3.5)]
    [InlineData("gamma:1", 0.9, 1.1)]
    [InlineData("gamma:0.5", 0.45, 0.55)]
    public void Gaps_have_the_asked_mean_and_variation(string arrivals, double least, double most)
    {
        var times = Arrivals.Of(arrivals, MixtureWorkload.Load("single"), rate: 4, seconds: 5_000, seed: 2).Select(arrival => arrival.At).ToList();
        var gaps = times.Zip(times.Skip(1), (a, b) => b - a).ToList();
        var mean = gaps.Average();
        Assert.InRange(mean, 0.22, 0.28);
        Assert.InRange(Math.Sqrt(gaps.Average(gap => (gap - mean) * (gap - mean))) / mean, least, most);
    }

    [Fact]
    public void Unknown_arrivals_are_answered_with_those_that_exist() =>
        Assert.Contains("poisson, gamma:CV, trace", Assert.Throws<ArgumentException>(() => Arrivals.Of("gamma:-1", MixtureWorkload.Load("single"), 1, 1, 1)).Message);

    [Fact]
    public void Built_in_coding_mixture_has_long_contexts_and_calls_from_milliseconds_to_minutes()
    {
        var workload = MixtureWorkload.Load("coding");
        var dice = new Random(1);
        var sessions = Enumerable.Range(0, 5_000).Select(_ => workload.Draw(dice)).ToList();
        var calls = sessions.SelectMany(session => session.Segments.Where(segment => segment.Tool is not null)).Select(segment => segment.ToolSeconds).Order().ToList();
        Assert.InRange(sessions.Select(session => session.PromptTokens).Order().ElementAt(2_500), 95_000, 115_000);
        Assert.InRange(sessions.Average(session => session.Segments.Length), 9, 15);
        Assert.InRange(calls[calls.Count / 2], 0.1, 0.16);
        Assert.InRange(calls[(int)(calls.Count * 0.95)], 45, 75);
        Assert.True(sessions.Max(session => session.MostContextTokens) <= 200_001);
    }

    private static Session Draw(IWorkload workload) => workload.Draw(new Random(1));

    private static IReadOnlyList<Session> Sessions(string text) => ((RecordedWorkload)Read(text)).Sessions;

    private static IWorkload Read(string text) => TraceReader.Read(new StringReader(text), "trace.csv");

    private static string Bad(string text) => Assert.Throws<FormatException>(() => Read(text)).Message;
}
