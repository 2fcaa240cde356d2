using System.Collections.Immutable;

namespace Pharos.Inference.Grammar;

/// <summary>
/// Sixty-four classes of bytes, so that a set of them fits a word: marks that mean something in JSON or in the markup of calls are alone, letters and digits, which
/// grammars mostly treat alike, are together.
/// </summary>
internal static class ByteClass
{
    private static readonly ImmutableArray<ulong> Classes = [.. Enumerable.Range(0, 256).Select(value => 1UL << Number(value))];

    /// <summary>The class of a byte, as a set.</summary>
    public static ulong Of(byte value) => Classes[value];

    private static int Number(int value) => value switch
    {
        '\n' => 0,
        '\r' or '\t' => 1,
        < 0x20 or 0x7F => 2,
        >= '0' and <= '9' => 3,
        >= 'a' and <= 'z' => 4,
        >= 'A' and <= 'Z' => 5,
        >= 0x80 and < 0xC0 => 6,
        >= 0xC0 => 7,
        < '0' => 8 + value - 0x20,           // 16 of them
        < 'A' => 24 + value - ('9' + 1),     // 7
        < 'a' => 31 + value - ('Z' + 1),     // 6
        _ => 37 + value - ('z' + 1),         // 4
    };
}
