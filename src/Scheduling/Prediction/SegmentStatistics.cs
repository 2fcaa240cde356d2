namespace Pharos.Scheduling.Prediction;

/// <summary>
/// What segments in one context turned out to be, shrunk towards a wider context: n observations against
/// <paramref name="priorWeight"/> of what the wider context expects. A context without observations says what the wider one says.
/// </summary>
/// <param name="wider">Null: the priors of configuration.</param>
internal sealed class SegmentStatistics(SegmentStatistics? wider, PredictionPriors priors, double priorWeight)
{
    private const double Fading = 0.999;
    private const double LargestUnit = 1e9;
    private const int MostTools = 32;
    private readonly FadingHistogram lengths = FadingHistogram.OfTokens();
    private readonly List<(string Tool, double Weight)> tools = [];
    private double total, calls, tokensBeforeCall, seconds, secondsSquared, returned;
    private double unit = 1; // what a new observation weighs: it grows instead of the old ones shrinking
    private BinnedDistribution curve;
    private long ownAtCurve, aroundAtCurve;

    public long Count => lengths.Count;

    public void Add(in SegmentLesson lesson)
    {
        unit /= Fading;
        if (unit > LargestUnit)
            Rescale();
        total += unit;
        lengths.Add(lesson.Tokens);
        if (lesson.Tool is not { } tool)
            return;
        calls += unit;
        tokensBeforeCall += unit * lesson.Tokens;
        seconds += unit * lesson.ToolSeconds;
        secondsSquared += unit * lesson.ToolSeconds * lesson.ToolSeconds;
        returned += unit * lesson.ReturnTokens;
        Called(tool);
    }

    public Estimate Tokens => lengths.Estimate(wider?.Tokens ?? priors.SegmentTokens, priorWeight);

    public double CallProbability => Share(calls, total, wider?.CallProbability ?? priors.PauseProbability);

    public double TokensBeforeCall => Share(tokensBeforeCall, calls, wider?.TokensBeforeCall ?? priors.SegmentTokens.Mean);

    public Estimate ToolSeconds
    {
        get
        {
            var wide = wider?.ToolSeconds ?? priors.ToolSeconds;
            return new Estimate(Share(seconds, calls, wide.Mean), Share(secondsSquared, calls, wide.MeanSquare));
        }
    }

    public double ReturnTokens => Share(returned, calls, wider?.ReturnTokens ?? priors.ReturnTokens);

    /// <summary>The tool called most; null while none was.</summary>
    public string? MostLikelyTool
    {
        get
        {
            var most = -1;
            for (var i = 0; i < tools.Count; i++)
            {
                if (most < 0 || tools[i].Weight > tools[most].Weight)
                    most = i;
            }

            return most >= 0 ? tools[most].Tool : wider?.MostLikelyTool;
        }
    }

    /// <summary>Distribution of the length; made anew when a thirtieth more is known, so that forecasts share it.</summary>
    public BinnedDistribution Length
    {
        get
        {
            var (own, around) = (Count, wider?.Lessons() ?? 0);
            if (own + around == 0 || (own <= ownAtCurve * 1.03 && around <= aroundAtCurve * 1.25))
                return curve;
            (ownAtCurve, aroundAtCurve) = (own, around);
            Span<double> shares = stackalloc double[FadingHistogram.TokenBins];
            Blend(shares);
            return curve = BinnedDistribution.Of(1, FadingHistogram.TokenBinsPerOctave, shares);
        }
    }

    private long Lessons() => Count + (wider?.Lessons() ?? 0);

    private void Blend(Span<double> shares)
    {
        if (wider is null)
        {
            lengths.Blend(shares, 0);
            return;
        }

        wider.Blend(shares);
        lengths.Blend(shares, priorWeight);
    }

    private double Share(double sum, double of, double prior) => (sum + unit * priorWeight * prior) / (of + unit * priorWeight);

    private void Called(string tool)
    {
        for (var i = 0; i < tools.Count; i++)
        {
            if (tools[i].Tool == tool)
            {
                tools[i] = (tool, tools[i].Weight + unit);
                return;
            }
        }

        if (tools.Count < MostTools)
            tools.Add((tool, unit));
    }

    private void Rescale()
    {
        total /= unit;
        calls /= unit;
        tokensBeforeCall /= unit;
        seconds /= unit;
        secondsSquared /= unit;
        returned /= unit;
        for (var i = 0; i < tools.Count; i++)
            tools[i] = (tools[i].Tool, tools[i].Weight / unit);
        unit = 1;
    }
}
