namespace Pharos.Scheduling.Prediction;

/// <summary>
/// Requests that are offered the same tools, by turn. What a whole request still holds is worked out from turn to turn, backwards: every
/// segment teaches as soon as it ends, so long requests count before they are over and a scheduler that puts them off does not make them
/// look rare.
/// </summary>
internal sealed class RequestClass
{
    /// <summary>Observations of the wider context that outweigh a turn's own.</summary>
    private const double PriorWeight = 4;

    private const double ScorePriorWeight = 8;
    private const double ScoreBuckets = 2.885; // to a factor of e in tokens: two an octave
    private const double MostScore = 14;
    private const int ExactTurns = 8;
    private const int Horizon = 64; // turns from here on are alike
    private const double MostCallProbability = 0.998;
    private readonly SegmentStatistics any;
    private readonly SegmentStatistics?[] turns = new SegmentStatistics?[Bucket(Horizon) + 1];
    private readonly Dictionary<(int Turn, int Score), SegmentStatistics> scored = [];
    private readonly PredictionPriors priors;
    private readonly Rest[] rests = new Rest[Horizon + 1];
    private long learned, learnedAtRests = -1;

    public RequestClass(SegmentStatistics all, PredictionPriors priors)
    {
        this.priors = priors;
        any = new SegmentStatistics(all, priors, PriorWeight);
    }

    public SegmentStatistics Turn(int turn) => turns[Bucket(turn)] ??= new SegmentStatistics(any, priors, PriorWeight);

    /// <summary>Segments of a turn that seemed alike before they began: within a half of an octave of the score.</summary>
    public SegmentStatistics Scored(int turn, double score)
    {
        var key = (Bucket(turn), (int)Math.Floor(Math.Clamp(score, -MostScore, MostScore) * ScoreBuckets));
        if (!scored.TryGetValue(key, out var known))
            scored.Add(key, known = new SegmentStatistics(Turn(turn), priors, ScorePriorWeight));
        return known;
    }

    public void Learn(int turn, in SegmentLesson lesson)
    {
        learned++;
        any.Add(lesson);
        Turn(turn).Add(lesson);
    }

    /// <summary>What is expected from the start of segment <paramref name="turn"/> on, it included.</summary>
    public Rest From(int turn)
    {
        // Worked out anew when a fiftieth more is known.
        if (learnedAtRests < 0 || learned > learnedAtRests * 1.02)
        {
            learnedAtRests = learned;
            rests[Horizon] = Steady(Turn(Horizon));
            for (var i = Horizon - 1; i >= 0; i--)
                rests[i] = Rest.Before(Turn(i), rests[i + 1]);
        }

        return rests[Math.Min(turn, Horizon)];
    }

    // Turns that are all alike: a geometric number of them.
    private static Rest Steady(SegmentStatistics turn)
    {
        var calls = Math.Min(turn.CallProbability, MostCallProbability);
        var segments = 1 / (1 - calls);
        var (tokens, before, returned) = (turn.Tokens, turn.TokensBeforeCall, turn.ReturnTokens);
        var mean = segments * tokens.Mean;
        return new Rest(
            segments, new Estimate(mean, (tokens.MeanSquare + 2 * calls * before * mean) * segments), calls * segments * turn.ToolSeconds.Mean,
            calls * segments * returned, (tokens.MeanSquare / 2 + calls * (before + returned) * mean) * segments);
    }

    // Eight turns one by one, then four to a doubling.
    private static int Bucket(int turn)
    {
        if (turn < ExactTurns)
            return turn;
        var capped = Math.Min(turn, Horizon);
        var octave = System.Numerics.BitOperations.Log2((uint)capped);
        return ExactTurns + (octave - 3) * 4 + ((capped >> (octave - 2)) & 3);
    }

    /// <summary>Expected from the start of a segment to the end of its request; see <see cref="Outlook"/> for the units.</summary>
    public readonly record struct Rest(double Segments, Estimate Tokens, double ToolSeconds, double ReturnTokens, double Growth)
    {
        /// <summary>With L tokens until the call, r returned, and what follows the call N tokens: E[(L + N)^2], and growth L^2/2 + (L + r) N.</summary>
        public static Rest Before(SegmentStatistics turn, in Rest next)
        {
            var calls = turn.CallProbability;
            var (tokens, before, returned) = (turn.Tokens, turn.TokensBeforeCall, turn.ReturnTokens);
            return new Rest(
                1 + calls * next.Segments,
                new Estimate(tokens.Mean + calls * next.Tokens.Mean, tokens.MeanSquare + calls * (2 * before * next.Tokens.Mean + next.Tokens.MeanSquare)),
                calls * (turn.ToolSeconds.Mean + next.ToolSeconds),
                calls * (returned + next.ReturnTokens),
                tokens.MeanSquare / 2 + calls * ((before + returned) * next.Tokens.Mean + next.Growth));
        }
    }
}
