namespace Pharos.Inference.Kernels;

/// <summary>A number the compiler knows, so that it makes a kernel for each; see <see cref="GemmTile{TPath,TVector,TFormat,TRows}"/>.</summary>
internal interface ICount
{
    static abstract int Count { get; }
}

internal readonly struct Count1 : ICount
{
    public static int Count => 1;
}

internal readonly struct Count2 : ICount
{
    public static int Count => 2;
}

internal readonly struct Count3 : ICount
{
    public static int Count => 3;
}

internal readonly struct Count4 : ICount
{
    public static int Count => 4;
}

internal readonly struct Count5 : ICount
{
    public static int Count => 5;
}

internal readonly struct Count6 : ICount
{
    public static int Count => 6;
}

internal readonly struct Count7 : ICount
{
    public static int Count => 7;
}

internal readonly struct Count8 : ICount
{
    public static int Count => 8;
}

internal readonly struct Count9 : ICount
{
    public static int Count => 9;
}

internal readonly struct Count10 : ICount
{
    public static int Count => 10;
}

internal readonly struct Count11 : ICount
{
    public static int Count => 11;
}

internal readonly struct Count12 : ICount
{
    public static int Count => 12;
}
