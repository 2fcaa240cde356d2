using System.IO.Compression;
using System.Text;
using Pharos.Simulator.Workloads;

namespace Pharos.Simulator.Tests.Workloads;

public sealed class WorkloadTests
{
    private const string Header = "session,augment,turn,turns,prompt_tokens,completion_tokens,call_kind,call_time_s,call_return_tokens\n";

    [Fact]
    public void Rows_become_sessions_and_the_growth_of_context_is_what_the_tool_returned()
    {
        var sessions = Read(Header + "s0,qa,0,2,100,20,search,0.5,30\ns0,qa,1,2,150,7,,,\ns1,ve,0,1,9,4,ve,0.1,2\n");
        Assert.Equal(2, sessions.Count);
        Assert.Equal([new Segment(20, "search", 0.5, 30), new Segment(7, null, 0, 0)], sessions[0].Segments.ToArray());
        Assert.Equal(("qa", 100, 157, 0.5), (sessions[0].Class, sessions[0].PromptTokens, sessions[0].MostContextTokens, sessions[0].ToolSeconds));
        Assert.Equal([new Segment(4, null, 0, 0)], sessions[1].Segments.ToArray()); // nothing is generated after its call
    }

    [Fact]
    public void Trace_without_kinds_calls_the_tool_by_its_augment_and_a_shrinking_context_returns_nothing()
    {
        var sessions = Read("session,augment,turn,prompt_tokens,completion_tokens,call_time_s,call_return_tokens\ns0,ve,0,100,4,0.1,-2\ns0,ve,1,102,4,,\n");
        Assert.Equal(new Segment(4, "ve", 0.1, 0), sessions[0].Segments[0]);
    }

    [Theory]
    [InlineData("s0,qa,0,2,100,0,search,0.5,30", "line 2, completion_tokens: expected a whole number from 1 on, came '0'")]
    [InlineData("s0,qa,0,2,100,5,search,soon,30", "line 2, call_time_s: expected seconds from 0 on, came 'soon'")]
    [InlineData("s0,qa,0,2,100", "line 2: expected 9 fields, came 5")]
    [InlineData("s0,qa,1,2,100,5,search,0.5,30", "line 2, turn: expected 0, came 1")]
    [InlineData("s0,qa,0,2,100,5,,,\ns0,qa,1,2,110,5,,,", "line 2, call_time_s: expected a time, as the session goes on")]
    [InlineData("s0,qa,0,1,100,5,,,\ns1,qa,0,1,100,5,,,\ns0,qa,0,1,110,5,,,", "line 4, session: 's0' appeared before")]
    public void Bad_row_is_named_with_its_line_and_column(string rows, string message) =>
        Assert.Contains(message, Assert.Throws<FormatException>(() => Read(Header + rows)).Message);

    [Fact]
    public void Missing_columns_are_named() =>
        Assert.Contains("turn, completion_tokens", Assert.Throws<FormatException>(() => Read("session,augment,prompt_tokens,call_time_s,call_return_tokens\n")).Message);

    [Fact]
    public void Zipped_and_plain_files_read_alike()
    {
        var plain = Path.GetTempFileName();
        var zipped = Path.GetTempFileName();
        try
        {
            var content = Encoding.UTF8.GetBytes(Header + "s0,qa,0,1,100,20,,,\n");
            File.WriteAllBytes(plain, content);
            using (var gzip = new GZipStream(File.Create(zipped), CompressionMode.Compress))
                gzip.Write(content);
            Assert.Equal(First(plain), First(zipped));
        }
        finally
        {
            File.Delete(plain);
            File.Delete(zipped);
        }
    }

    [Theory]
    // Means over the sessions that the parameters describe: segments, prompt, generated tokens a session, tool seconds a session.
    [InlineData("multi", 5.24, 533, 371, 51.8)]
    [InlineData("single", 2, 534, 184, 8.1)]
    public void Built_in_mixture_resembles_its_source(string name, double turns, double prompt, double generated, double toolSeconds)
    {
        var workload = MixtureWorkload.Load(name);
        var dice = new Random(1);
        var sessions = Enumerable.Range(0, 20_000).Select(_ => workload.Draw(dice)).ToList();
        Near(turns, sessions.Average(session => session.Segments.Length));
        Near(prompt, sessions.Average(session => session.PromptTokens));
        Near(generated, sessions.Average(session => session.Segments.Sum(segment => segment.CompletionTokens)));
        Near(toolSeconds, sessions.Average(session => session.ToolSeconds));
        Assert.InRange(sessions.Max(session => session.MostContextTokens), 1_900, 2_100);

        static void Near(double published, double drawn) => Assert.InRange(drawn, 0.92 * published, 1.08 * published);
    }

    [Fact]
    public void Arrivals_are_the_same_for_a_seed_and_come_at_the_rate()
    {
        var workload = MixtureWorkload.Load("single");
        var arrivals = Arrivals.Poisson(workload, rate: 5, seconds: 1000, seed: 3);
        Assert.Equal(arrivals.Select(arrival => arrival.At), Arrivals.Poisson(workload, 5, 1000, 3).Select(arrival => arrival.At));
        Assert.InRange(arrivals.Count, 4_700, 5_300);
        Assert.Throws<ArgumentOutOfRangeException>(() => Arrivals.Poisson(workload, 0, 1000, 3));
    }

    private static int First(string path) => TraceReader.Read(path).Draw(new Random(1)).MostContextTokens;

    private static IReadOnlyList<Session> Read(string text) => ((RecordedWorkload)TraceReader.Read(new StringReader(text), "trace.csv")).Sessions;
}
