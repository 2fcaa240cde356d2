namespace Pharos.Inference.Loading;

/// <summary>How a stored weight is written, from the widest to the narrowest; names are those of the file formats.</summary>
public enum TensorType
{
    F32,
    F16,
    BF16,
    Q8_0,
    Q6_K,
    Q5_K,
    Q5_1,
    Q5_0,
    Q4_K,
    Q4_1,
    Q4_0,
}

/// <summary>Sizes of stored types, and their numbers in GGUF files.</summary>
internal static class TensorTypes
{
    /// <summary>Types that <see cref="OfGguf"/> knows, for complaints.</summary>
    public const string GgufNames = "F32, F16, BF16, Q8_0, Q6_K, Q5_K, Q5_1, Q5_0, Q4_K, Q4_1 or Q4_0";

    // Names of type numbers in GGUF files, so that a complaint can name what is not supported; numbers in between are retired.
    private static readonly Dictionary<uint, string> Names = new()
    {
        [0] = "F32", [1] = "F16", [2] = "Q4_0", [3] = "Q4_1", [6] = "Q5_0", [7] = "Q5_1", [8] = "Q8_0", [9] = "Q8_1", [10] = "Q2_K", [11] = "Q3_K",
        [12] = "Q4_K", [13] = "Q5_K", [14] = "Q6_K", [15] = "Q8_K", [16] = "IQ2_XXS", [17] = "IQ2_XS", [18] = "IQ3_XXS", [19] = "IQ1_S", [20] = "IQ4_NL",
        [21] = "IQ3_S", [22] = "IQ2_S", [23] = "IQ4_XS", [24] = "I8", [25] = "I16", [26] = "I32", [27] = "I64", [28] = "F64", [29] = "IQ1_M", [30] = "BF16",
        [34] = "TQ1_0", [35] = "TQ2_0", [39] = "MXFP4",
    };

    public static TensorType? OfGguf(uint number) => Names.TryGetValue(number, out string? name) && Enum.TryParse(name, out TensorType type) ? type : null;

    public static string GgufName(uint number) => Names.GetValueOrDefault(number, $"number {number}");

    public static TensorType WidestOfMatrices(IEnumerable<TensorView> tensors) =>
        tensors.Where(t => t.Shape.Count > 1).Select(t => t.Type).DefaultIfEmpty(TensorType.F32).Min();

    /// <summary>Elements that are stored together; rows hold whole blocks.</summary>
    public static int BlockOf(TensorType type) => type switch
    {
        TensorType.F32 or TensorType.F16 or TensorType.BF16 => 1,
        TensorType.Q6_K or TensorType.Q5_K or TensorType.Q4_K => 256,
        _ => 32,
    };

    public static int BytesOfBlock(TensorType type) => type switch
    {
        TensorType.F32 => 4,
        TensorType.F16 or TensorType.BF16 => 2,
        TensorType.Q8_0 => 34,
        TensorType.Q6_K => 210,
        TensorType.Q5_K => 176,
        TensorType.Q5_1 => 24,
        TensorType.Q5_0 => 22,
        TensorType.Q4_K => 144,
        TensorType.Q4_1 => 20,
        TensorType.Q4_0 => 18,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "No size is known."),
    };

    /// <summary>Bytes of a tensor; null where a dimension is negative or the number would not fit 63 bits.</summary>
    public static long? BytesOf(TensorType type, IReadOnlyList<long> shape)
    {
        Int128 elements = 1;
        foreach (long size in shape)
        {
            if (size < 0 || (elements *= size) > long.MaxValue)
                return null;
        }
        var bytes = elements / BlockOf(type) * BytesOfBlock(type);
        return bytes <= long.MaxValue ? (long)bytes : null;
    }
}
