using FsCheck;
using FsCheck.Fluent;
using Pharos.Scheduling.Fairness;

namespace Pharos.Scheduling.Tests.Fairness;

/// <summary>Limits hold over all gateways, whatever they ask, lose, or die of.</summary>
public sealed class TenantLedgerTests
{
    [Fact]
    public void Whatever_gateways_do_no_minute_and_no_moment_exceeds_the_limits() => Prop.ForAll(
        Gen.ListOf(Gen.Choose(0, 11_999), 400).ToArbitrary(),
        Gen.Choose(0, 2).ToArbitrary(),
        (steps, size) =>
        {
            var world = new World(size switch
            {
                0 => new TenantLimits(3, 100, 0, 1),
                1 => new TenantLimits(50, 1000, 0, 5),
                _ => new TenantLimits(3000, 60_000, 0, 100), // leases hold more than what was asked for
            });
            foreach (var step in steps)
                world.Do(step % 100, step / 100 % 3, (step / 300) + 1);
            world.Check();
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void Refusal_says_when_and_then_it_is_granted()
    {
        var ledger = new TenantLedger(new TenantLimits(Requests: 2));
        Assert.True(ledger.Ask(One(), 10).Granted);
        Assert.True(ledger.Ask(One(), 40).Granted);
        var refused = ledger.Ask(One(), 45);
        Assert.Equal((false, "requests", 26.0), (refused.Granted, refused.Limit, refused.RetryAfterSeconds));
        Assert.Contains("2 requests a minute; try again in 26 s", refused.Because);
        Assert.False(ledger.Ask(One(), 45 + 25).Granted);
        Assert.True(ledger.Ask(One(), 45 + 26).Granted);
    }

    [Fact]
    public void Limits_that_change_count_what_was_spent_before()
    {
        var ledger = new TenantLedger(new TenantLimits(Requests: 600));
        var budget = new TenantBudget("g", new TenantLimits(Requests: 600));
        Enter();
        ledger.Limits = budget.Limits = new TenantLimits(Requests: 1);
        Assert.False(budget.TryEnter(0)); // what was leased under the old ones is not spent any more
        Assert.Equal("requests", ledger.Ask(budget.Ask(1, 0), 0).Limit);
        ledger.Limits = budget.Limits = new TenantLimits(Requests: 600);
        Enter();

        void Enter()
        {
            var ask = budget.Ask(1, 0);
            var grant = ledger.Ask(ask, 0);
            Assert.True(grant.Granted);
            budget.Take(ask, grant, 0);
        }
    }

    [Fact]
    public void Prompt_larger_than_the_whole_limit_is_refused_for_good()
    {
        var refused = new TenantLedger(new TenantLimits(Tokens: 100)).Ask(new TenantAsk("g", 0, 101, 0, 1, 0, 0, 0), 0);
        Assert.Equal((false, "tokens"), (refused.Granted, refused.Limit));
        Assert.Null(refused.RetryAfterSeconds);
    }

    [Fact]
    public void Memory_held_over_time_is_counted_when_it_was_used_and_holds_up_what_comes_next()
    {
        var ledger = new TenantLedger(new TenantLimits(KvTokenSeconds: 1000));
        Assert.True(ledger.Ask(One(), 0).Granted);
        ledger.Used(generatedTokens: 20, kvSeconds: 5000, now: 5);
        var refused = ledger.Ask(One(), 6);
        Assert.Equal((false, "kv_token_seconds"), (refused.Granted, refused.Limit));
        Assert.True(ledger.Ask(One(), 6 + refused.RetryAfterSeconds!.Value).Granted);
    }

    [Fact]
    public void Places_of_a_gateway_that_fell_silent_are_free_again()
    {
        var ledger = new TenantLedger(new TenantLimits(Concurrency: 2));
        Assert.True(ledger.Ask(new TenantAsk("dead", 2, 0, 2, 0, 0, 0, 0), 0).Granted);
        Assert.Equal("concurrency", ledger.Ask(One(), 1).Limit);
        Assert.True(ledger.Ask(One(), 1 + TenantLedger.GatewayTimeout).Granted);
    }

    [Fact]
    public void What_a_lease_left_is_not_lost()
    {
        var ledger = new TenantLedger(new TenantLimits(Requests: 600));
        var budget = new TenantBudget("g", new TenantLimits(Requests: 600));
        var granted = 0;
        for (var i = 0; i < 1000; i++)
        {
            var now = i * 0.05;
            if (!budget.TryEnter(now))
            {
                var ask = budget.Ask(1, 0);
                var grant = ledger.Ask(ask, now);
                budget.Take(ask, grant, now);
                if (!grant.Granted)
                    continue;
            }

            granted++;
            budget.Leave();
        }

        Assert.InRange(granted, 595, 600);
    }

    private static TenantAsk One() => new("g", 1, 0, 1, 0, 0, 0, 0);

    /// <summary>Three gateways, messages that get lost either way, gateways that die and come back under new names.</summary>
    private sealed class World(TenantLimits limits)
    {
        private readonly TenantLedger ledger = new(limits);
        private readonly TenantBudget[] gateways = [new("a0", limits), new("b0", limits), new("c0", limits)];
        private readonly List<(double At, int Tokens)> admitted = [];
        private readonly List<(double At, double Tokens)> spent = [];
        private int names, asked;
        private double now = 1000;

        public void Do(int what, int who, int amount)
        {
            var gateway = gateways[who];
            switch (what)
            {
                case < 45: Enter(gateway, what < 5); break;
                case < 60: Spend(gateway, amount, what < 48); break;
                case < 80 when gateway.Running > 0: gateway.Leave(); break;
                case < 82: gateways[who] = new TenantBudget($"{"abc"[who]}{++names}", limits); break;
                case >= 90: Pass(amount / 10.0); break;
            }

            Assert.True(limits.Concurrency == 0 || gateways.Sum(one => one.Running) <= limits.Concurrency, $"{gateways.Sum(one => one.Running)} at once");
        }

        public void Check()
        {
            foreach (var from in admitted.Select(one => one.At).Concat(spent.Select(one => one.At)))
            {
                Assert.True(admitted.Count(one => one.At >= from && one.At < from + 60) <= limits.Requests);
                Assert.True(spent.Where(one => one.At >= from && one.At < from + 60).Sum(one => one.Tokens) <= limits.Tokens);
            }

            Assert.True(asked < 20 || admitted.Count > 0);
        }

        private void Enter(TenantBudget gateway, bool answerIsLost)
        {
            if (!gateway.TryEnter(now) && !Ask(gateway, 1, 0, answerIsLost))
                return;
            admitted.Add((now, 0));
        }

        private void Spend(TenantBudget gateway, int tokens, bool answerIsLost)
        {
            if (gateway.TrySpend(tokens, now) || Ask(gateway, 0, tokens, answerIsLost))
                spent.Add((now, tokens));
        }

        private bool Ask(TenantBudget gateway, int entering, int tokens, bool answerIsLost)
        {
            asked++;
            var ask = gateway.Ask(entering, tokens);
            var grant = ledger.Ask(ask, now);
            if (answerIsLost)
                return false;
            gateway.Take(ask, grant, now);
            return grant.Granted;
        }

        // Whoever holds places renews them.
        private void Pass(double seconds)
        {
            now += seconds;
            foreach (var gateway in gateways.Where(one => one.Running > 0 || one.HoldsIdlePlaces))
                Ask(gateway, 0, 0, false);
        }
    }
}
