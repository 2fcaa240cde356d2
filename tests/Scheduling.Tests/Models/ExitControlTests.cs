using Pharos.Scheduling.Models;

namespace Pharos.Scheduling.Tests.Models;

public sealed class ExitControlTests
{
    [Fact]
    public void Exits_are_tried_until_they_have_proven_themselves_and_audited_from_then_on()
    {
        var control = new ExitControl(new ExitControlOptions(Threshold: 0.9, MaxDisagreement: 0.01, AuditShare: 0.05));
        Assert.Equal(1, control.DisagreementBound);
        int trials = 0;
        for (; control.Use(0.5) == ExitUse.Tried; trials++)
            control.Observe(agrees: true);
        Assert.InRange(trials, 250, 300); // nothing seen in so many trials: with 95 % certainty it is rarer than 1 %
        Assert.True(control.IsProven);
        Assert.Equal(ExitUse.Taken, control.Use(0.05));
        Assert.Equal(ExitUse.Audited, control.Use(0.049));
        Assert.Equal(0.9, control.Threshold);
    }

    [Fact]
    public void A_disagreement_too_many_sends_proven_exits_back_to_trial()
    {
        var control = new ExitControl(new ExitControlOptions());
        while (!control.IsProven)
            control.Observe(agrees: true);
        control.Observe(agrees: false);
        Assert.Equal(ExitUse.Tried, control.Use(0.5));
        Assert.Equal((1, 0.9), (control.Disagreements, control.Threshold)); // one says little: the threshold stays
    }

    [Fact]
    public void Exits_that_fail_must_be_surer_until_they_keep_the_bound()
    {
        var dice = new Random(5);
        var control = new ExitControl(new ExitControlOptions(Threshold: 0.8));
        long taken = 0, wrong = 0;
        for (int token = 0; token < 200_000; token++)
        {
            // The surer an exit is, the less it errs: half of its doubt.
            bool agrees = dice.NextDouble() > 0.5 * (1 - control.Threshold);
            var use = control.Use(dice.NextDouble());
            if (use != ExitUse.Tried)
                (taken, wrong) = (taken + 1, wrong + (agrees ? 0 : 1));
            if (use != ExitUse.Taken)
                control.Observe(agrees);
        }
        Assert.True(control.Threshold > 0.97);
        Assert.True(taken > 50_000, $"only {taken} tokens were taken early");
        Assert.True(wrong <= 0.01 * taken, $"{wrong} of {taken} early tokens differ");
    }

    [Fact]
    public void What_was_seen_long_ago_fades()
    {
        var control = new ExitControl(new ExitControlOptions());
        for (int i = 0; i < 20_000; i++)
            control.Observe(agrees: true);
        int before = 0;
        for (; control.IsProven && before < 1000; before++)
            control.Observe(agrees: before % 10 != 0);
        Assert.InRange(before, 10, 600); // not the 2,000 and more that 20,000 good ones would outweigh
    }
}
