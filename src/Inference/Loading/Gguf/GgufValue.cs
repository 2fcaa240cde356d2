namespace Pharos.Inference.Loading.Gguf;

/// <summary>Types of metadata values, by their numbers in the file.</summary>
internal enum GgufType
{
    UInt8 = 0,
    Int8 = 1,
    UInt16 = 2,
    Int16 = 3,
    UInt32 = 4,
    Int32 = 5,
    Float32 = 6,
    Bool = 7,
    String = 8,
    Array = 9,
    UInt64 = 10,
    Int64 = 11,
    Float64 = 12,
}

/// <summary>Where a metadata value lies. Values are decoded when they are asked for: vocabularies are large, and often not needed.</summary>
/// <param name="Type">The value's type; of an array, its elements'.</param>
/// <param name="Count">Elements of an array; 1 of a plain value.</param>
/// <param name="Offset">Of the (first) value in the file; the whole extent has been checked.</param>
internal readonly record struct GgufValue(GgufType Type, bool IsArray, long Count, long Offset);
