using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;

namespace Pharos.Bench.Engine;

/// <summary>Matrix multiplication alone, on one thread: shapes of the 100 M model, rows from a single token to a prompt.</summary>
internal static unsafe class GemmCommand
{
    private static readonly (int Columns, int Depth)[] Shapes = [(4096, 768), (768, 2048), (768, 768)];

    public static int Run(Arguments arguments)
    {
        arguments.Expect("rows", "dtype", "instructions");
        var kernels = KernelSet.For(arguments.Choice<InstructionPath>("instructions") ?? KernelSet.Best.Path);
        using var probe = new LimitProbe(1);
        Console.WriteLine($"{Machine.Describe()}, {kernels.Path}\n{"dtype",-5} {"columns",7} {"depth",5} {"rows",5} {"GFLOP/s",8} {"FMA peak",8} {"GB/s",6} {"bandwidth",9}");
        foreach (string dtype in arguments.Text("dtype", "fp32,bf16,int8").Split(','))
        {
            foreach (var (columns, depth) in Shapes)
            {
                foreach (int rows in arguments.Integers("rows", "1,8,12,32,256"))
                    Measure(kernels, probe, dtype, columns, depth, rows);
            }
        }
        return 0;
    }

    private static void Measure(KernelSet kernels, LimitProbe probe, string dtype, int columns, int depth, int rows)
    {
        // So many copies that none is still in a cache when its turn comes again, as in a model of many layers.
        var type = RunCommand.TypeOf(dtype);
        using var arena = new WeightArena(192 << 20);
        var copies = new List<PackedMatrix>();
        for (long bytes = 0; bytes < 160 << 20; bytes += copies[^1].Bytes)
            copies.Add(Filled(columns, depth, type, arena));
        var tiles = new RowTiles(rows);
        tiles.Cut(rows, kernels.TileRows);
        using var a = NativeBuffer.OfFloats((long)rows * LeftPacking.Floats(type, depth));
        using var c = NativeBuffer.OfFloats((long)rows * columns);
        using var row = NativeBuffer.OfFloats(depth);
        new Span<float>(row.Floats, depth).Fill(0.5f);
        for (int i = 0; i < rows; i++)
            LeftPacking.Pack(type, row.Floats, depth, a.Floats, tiles, i);
        var clock = new Clock(1);
        double[] seconds = new double[5], peak = new double[5], bandwidth = new double[5];
        for (int repeat = 0; repeat < seconds.Length; repeat++)
        {
            var limits = probe.Probe();
            double start = clock.Now;
            int runs = 0;
            while (clock.Now - start < 0.05 || runs < 3)
                kernels.Multiply(copies[runs % copies.Count], tiles, a.Floats, c.Floats, columns, 0, copies[runs++ % copies.Count].Panels);
            seconds[repeat] = (clock.Now - start) / runs;
            peak[repeat] = 2.0 * rows * columns * depth / seconds[repeat] / limits.FlopsPerSecond;
            bandwidth[repeat] = copies[0].Bytes / seconds[repeat] / limits.BytesPerSecond;
        }
        double median = seconds.Order().ElementAt(2);
        Console.WriteLine(FormattableString.Invariant(
            $"{dtype,-5} {columns,7} {depth,5} {rows,5} {2.0 * rows * columns * depth / median / 1e9,8:F1} {peak.Order().ElementAt(2),8:P0} {copies[0].Bytes / median / 1e9,6:F1} {bandwidth.Order().ElementAt(2),9:P0}"));
    }

    private static PackedMatrix Filled(int columns, int depth, WeightType type, WeightArena arena)
    {
        var matrix = new PackedMatrix(columns, depth, type, arena);
        new Span<byte>(matrix.Lines(0, 0), (int)matrix.Bytes).Fill(0x3c); // small finite numbers in every format
        return matrix;
    }
}
