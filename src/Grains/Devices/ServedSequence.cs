using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using Pharos.Inference.Backend;
using Pharos.Inference.Chat;
using Pharos.Inference.Grammar;
using Pharos.Inference.Sampling;
using Pharos.Inference.Serving;
using Pharos.Inference.Text;
using Pharos.Inference.Tokenization;
using Pharos.Scheduling.Requests;
using Pharos.Scheduling.Worker;

namespace Pharos.Grains.Devices;

/// <summary>What one sampled token meant.</summary>
/// <param name="Text">Text it made final.</param>
/// <param name="End">Set when the segment is over.</param>
internal readonly record struct TokenMeaning(string Text, SegmentEndReason? End, ImmutableArray<ToolCall> Calls);

/// <summary>The content side of a sequence: its tokens and the text of its running segment. <see cref="WorkerCore"/> knows only counts.</summary>
internal sealed class ServedSequence
{
    private readonly ServedModel model;
    private readonly StringBuilder text = new(); // of the running segment
    private Detokenizer detokenizer;
    private StopStringMatcher stops;
    private BlockKeys? keys; // grow with the tokens; the worker's core reads them
    private GenerationOptions options;

    public ServedSequence(ServedModel model, SequenceSlot slot, SequenceWork work, BlockKeys? keys, SegmentGrammar? grammar = null)
    {
        this.keys = keys;
        this.model = model;
        Slot = slot;
        Work = work;
        Gateway = work.Gateway;
        Trace = work.Trace;
        ResumedFrom = work.ToolSeconds > 0 ? "recompute" : null; // its tools were called elsewhere
        Tokens = new List<int>(Math.Min(work.Tokens.Length + work.Options.MaxTokens, model.MaxPositions));
        Tokens.AddRange(work.Tokens);
        AnswerTokens = work.AnswerTokens;
        options = work.Options;
        detokenizer = model.CreateDetokenizer(work.ToolUse != ToolUse.None);
        stops = new StopStringMatcher(options.Stop);
        Grammar = grammar?.Begin();
    }

    public SequenceSlot Slot { get; private set; }

    public SequenceWork Work { get; }

    public string Gateway { get; private set; }

    /// <summary>The span of its answer.</summary>
    public string? Trace { get; private set; }

    /// <summary>The whole context and everything sampled.</summary>
    public List<int> Tokens { get; }

    /// <summary>Where its cache was when it came back from its tools; null where it did not.</summary>
    public string? ResumedFrom { get; set; }

    /// <summary>Tokens of the answer before this segment.</summary>
    public int AnswerTokens { get; private set; }

    /// <summary>Of the last tokens of the running segment, those chosen here; empty where nobody asked for them.</summary>
    public List<TokenLogprob> Logprobs { get; } = [];

    /// <summary>When the running segment's first token was sampled here, Unix seconds; null before it.</summary>
    public double? FirstTokenAt { get; set; }

    /// <summary>Tokens guessed to follow.</summary>
    public List<int> Drafts { get; } = [];

    /// <summary>What its cache lacks of the tokens before <see cref="DeficitAt"/>.</summary>
    public Deficit Deficit { get; private set; }

    /// <summary>Tokens that were in the cache when the deficit was noted: with another number there, it has been computed anew.</summary>
    public int DeficitAt { get; private set; }

    public GenerationOptions Options => options;

    /// <summary>Where the segment is in the grammar that its answer keeps; null for free text.</summary>
    public GrammarMatcher? Grammar { get; private set; }

    public string Text => text.ToString();

    /// <summary>When it stopped for a switch that has not been made yet, Unix seconds; null: it has not.</summary>
    public double? StoppedAt { get; set; }

    /// <summary>When another worker last fetched some of its cache, Unix seconds; null: none has.</summary>
    public double? FetchedAt { get; set; }

    /// <summary>The work as it would be given to another worker now.</summary>
    public SequenceWork AsWork() => Work with
    {
        Epoch = Slot.Epoch, Gateway = Gateway, Tokens = [.. Tokens], SegmentStart = Slot.SegmentStart, AnswerTokens = AnswerTokens, Options = options,
        Forecast = Slot.Forecast, ToolSeconds = Slot.ToolSeconds, Trace = Trace,
    };

    public ImmutableArray<int> SegmentTokens => [.. Tokens.Skip(Slot.SegmentStart)];

    /// <summary>
    /// Rebuilds the text state from tokens that an earlier owner generated in this segment; what they said was delivered already.
    /// </summary>
    /// <returns>The end, should they hold it already.</returns>
    public TokenMeaning? Replay()
    {
        for (var at = Work.SegmentStart; at < Tokens.Count; at++)
        {
            if (Understand(Tokens[at], at + 1) is { End: not null } end)
                return end;
        }

        return null;
    }

    public void Resume(ResumeWork work, SegmentGrammar? grammar)
    {
        Gateway = work.Gateway;
        Trace = work.Trace;
        AnswerTokens = work.AnswerTokens;
        FirstTokenAt = null;
        options = work.Options;
        Tokens.AddRange(work.Appended);
        keys?.Extend(CollectionsMarshal.AsSpan(Tokens));
        text.Clear();
        Logprobs.Clear();
        detokenizer = model.CreateDetokenizer(Work.ToolUse != ToolUse.None);
        stops = new StopStringMatcher(options.Stop);
        Grammar = grammar?.Begin();
    }

    /// <summary>It goes on in the blocks of another backend; what was said stays said.</summary>
    public void GoOnIn(SequenceSlot slot, BlockKeys? keysThere)
    {
        (Slot, keys, StoppedAt) = (slot, keysThere, null);
        Drafts.Clear();
        Note(default, 0);
    }

    /// <summary>A step has run.</summary>
    /// <param name="computed">Tokens in the cache behind it.</param>
    public void Note(Deficit deficit, int computed) => (Deficit, DeficitAt) = (deficit, computed);

    /// <summary>What the cache lacks of its first tokens.</summary>
    /// <param name="computed">Tokens in the cache.</param>
    public Deficit DeficitOf(int computed) => computed == DeficitAt ? Deficit : default;

    /// <summary>Tokens, from the beginning, of which the cache lacks nothing.</summary>
    public int Whole => Slot.Computed - DeficitOf(Slot.Computed).Count;

    /// <summary>Guesses what follows from what the context repeats, and says how many tokens.</summary>
    public int Guess(int most)
    {
        Drafts.Clear();
        var left = Math.Min(options.MaxTokens - AnswerTokens - (Tokens.Count - Slot.SegmentStart), model.MaxPositions - Tokens.Count) - 1;
        Drafts.AddRange(PromptLookup.Find(CollectionsMarshal.AsSpan(Tokens), Math.Min(most, left)));
        return Drafts.Count;
    }

    public TokenMeaning Append(int token)
    {
        Tokens.Add(token);
        keys?.Extend(CollectionsMarshal.AsSpan(Tokens));
        return Understand(token, Tokens.Count);
    }

    private TokenMeaning Understand(int token, int length)
    {
        var generated = AnswerTokens + length - Slot.SegmentStart;
        var ended = model.Ends(token);
        if (!ended)
            Grammar?.Append(token);
        var said = ended ? "" : stops.Append(detokenizer.Append(token));
        SegmentEndReason? end =
            stops.Match is not null || ended ? SegmentEndReason.Stop
            : generated >= options.MaxTokens || length >= model.MaxPositions ? SegmentEndReason.Length
            : null;
        if (end is not null && stops.Match is null)
        {
            said += stops.Append(detokenizer.Flush());
            if (stops.Match is null)
                said += stops.Flush();
        }

        text.Append(said);
        if (!ended || Work.ToolUse == ToolUse.None)
            return new TokenMeaning(said, end, []);
        var calls = ToolCallParser.Parse(Text, Work.ToolNames, model.Format.Markup).Calls;
        return calls.IsEmpty
            ? new TokenMeaning(said, end, [])
            : new TokenMeaning(said, SegmentEndReason.ToolCalls,
                [.. calls.Select(call => new ToolCall(ToolCallId.Format(Work.Request, Slot.SegmentStart, call.Index), call.Name, call.Arguments))]);
    }
}
