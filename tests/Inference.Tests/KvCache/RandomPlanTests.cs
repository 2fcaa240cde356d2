using FsCheck;
using FsCheck.Fluent;
using Pharos.Inference.Backend;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;
using Pharos.Inference.Tests.Support;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Tests.KvCache;

/// <summary>
/// Sequences that are chunked, batched, swapped out and in, forked and given each other's blocks say, bit for bit, what each says alone.
/// Blocks are reused at once, and the mover is made to rest for long: a missing fence shows.
/// </summary>
public sealed class RandomPlanTests
{
    private const int Tokens = 50, DeviceBlocks = 14, HostBlocks = 12, BlockSize = 16;

    [Fact]
    public void Random_plan_answers_as_every_sequence_does_alone()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(new TinyModel().WithRandomWeights(3).Write(folder.Path));
        var alone = new Dictionary<int, int[][]>();
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(60), Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed => RunAsync(model, alone, seed).GetAwaiter().GetResult()));
    }

    private static async Task RunAsync(LoadedModel model, Dictionary<int, int[][]> alone, int seed)
    {
        var dice = new Random(seed);
        await using var backend = Open(model, dice.Next(2) == 0 ? 1 : 0.002);
        var world = new World(backend, dice);
        for (int i = 0; i < 5; i++)
            world.Start(text: dice.Next(6));
        for (int step = 0; world.Alive.Count > 0; step++)
        {
            Assert.True(step < 3000, "no end");
            world.Swap();
            await world.StepAsync();
        }
        Assert.True(world.Finished.Count >= 5);
        foreach (var life in world.Finished)
        {
            if (!alone.TryGetValue(life.Text, out var expected))
                alone[life.Text] = expected = await AloneAsync(model, life.Text);
            Assert.Equal(expected[life.Logits.Keys.Max()], life.Logits[life.Logits.Keys.Max()]);
            Assert.All(life.Logits, row => Assert.Equal(expected[row.Key], row.Value));
        }
    }

    private static CpuBackend Open(LoadedModel model, double share)
    {
        long block = new KvLayout(model.Shape, BlockSize, KvType.Bf16).BytesPerBlock;
        return CpuBackend.Create(model, new CpuBackendOptions
        {
            DeviceBytes = DeviceBlocks * block, HostBytes = HostBlocks * block, BlockSize = BlockSize, KvType = KvType.Bf16, CopyShare = share,
            MaxTokensPerStep = 128, Threads = 1,
        });
    }

    private static int[] TextOf(int text) => [.. Enumerable.Range(0, Tokens).Select(i => (i * 37 + text * 101 + i * i * (text + 1)) % 256)];

    // [position] bits of the logits
    private static async Task<int[][]> AloneAsync(LoadedModel model, int text)
    {
        await using var backend = Open(model, 1);
        var rows = await new StepDriver(backend).RunAsync(new Part(new TestSequence(0, 1, 2, 3), TextOf(text), AllRows: true));
        return [.. rows.Select(Bits)];
    }

    private static int[] Bits(float[] row) => [.. row.Select(BitConverter.SingleToInt32Bits)];

    private sealed class Life(int text)
    {
        public int Text => text;

        public TestSequence Sequence { get; } = new();

        public List<int> Host { get; set; } = [];

        public Dictionary<int, int[]> Logits { get; } = []; // by position
    }

    private sealed class World(CpuBackend backend, Random dice)
    {
        private readonly StepDriver driver = new(backend);
        private readonly Stack<int> device = new(Enumerable.Range(0, DeviceBlocks));
        private readonly Stack<int> host = new(Enumerable.Range(0, HostBlocks));

        public List<Life> Alive { get; } = [];

        public List<Life> Finished { get; } = [];

        public void Start(int text) => Alive.Add(new Life(text));

        // Out, in, or forked by a copy within the device.
        public void Swap()
        {
            for (int i = 0; i < Alive.Count; i++) // those that come by forking too
            {
                var life = Alive[i];
                var blocks = life.Sequence.Blocks;
                if (life.Host.Count > 0 && device.Count >= life.Host.Count && dice.Next(3) > 0)
                {
                    life.Sequence.Blocks = [.. life.Host.Select(_ => device.Pop())];
                    backend.CopyBlocks([.. life.Host.Select((from, at) => new BlockCopy(KvTier.Host, from, KvTier.Device, life.Sequence.Blocks[at]))]);
                    life.Host.ForEach(host.Push);
                    life.Host = [];
                }
                else if (blocks.Length > 0 && host.Count >= blocks.Length && dice.Next(4) == 0)
                {
                    life.Host = [.. blocks.Select(_ => host.Pop())];
                    backend.CopyBlocks([.. life.Host.Select((to, at) => new BlockCopy(KvTier.Device, blocks[at], KvTier.Host, to))]);
                    Free(life);
                }
                else if (blocks.Length > 0 && device.Count >= blocks.Length && Alive.Count + Finished.Count < 8 && dice.Next(6) == 0)
                {
                    var fork = new Life(life.Text) { Sequence = { Length = life.Sequence.Length, Blocks = [.. blocks.Select(_ => device.Pop())] } };
                    backend.CopyBlocks([.. blocks.Select((from, at) => new BlockCopy(KvTier.Device, from, KvTier.Device, fork.Sequence.Blocks[at]))]);
                    Alive.Add(fork);
                }
            }
        }

        public async Task StepAsync()
        {
            var parts = new List<(Life Life, Part Part)>();
            foreach (var life in Alive.Where(life => life.Host.Count == 0 && dice.Next(3) > 0))
            {
                int count = Math.Min(dice.Next(2) == 0 ? 1 : dice.Next(1, 12), Tokens - life.Sequence.Length);
                int missing = (life.Sequence.Length + count + BlockSize - 1) / BlockSize - life.Sequence.Blocks.Length;
                if (missing > device.Count)
                    continue;
                life.Sequence.Blocks = [.. life.Sequence.Blocks, .. Enumerable.Range(0, missing).Select(_ => device.Pop())];
                parts.Add((life, new Part(life.Sequence, TextOf(life.Text)[life.Sequence.Length..(life.Sequence.Length + count)])));
            }
            if (parts.Count == 0)
            {
                MakeRoom();
                return;
            }
            var rows = await driver.RunAsync([.. parts.Select(part => part.Part)]);
            for (int i = 0; i < parts.Count; i++)
            {
                var life = parts[i].Life;
                life.Logits[life.Sequence.Length - 1] = Bits(rows[i]);
                if (life.Sequence.Length == Tokens)
                    Finish(life);
            }
        }

        // Nobody went on: the last one starts again from nothing, so that the first gets to its end.
        private void MakeRoom()
        {
            if (Alive.Count == 1)
                return;
            var life = Alive[^1];
            life.Host.ForEach(host.Push);
            life.Host = [];
            Free(life);
            life.Sequence.Length = 0;
        }

        private void Finish(Life life)
        {
            Free(life);
            Alive.Remove(life);
            Finished.Add(life);
        }

        private void Free(Life life)
        {
            foreach (int block in life.Sequence.Blocks)
                device.Push(block);
            life.Sequence.Blocks = [];
        }
    }
}
