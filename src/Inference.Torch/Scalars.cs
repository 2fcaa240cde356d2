using System.Collections.Concurrent;
using TorchSharp;

namespace Pharos.Inference.Torch;

/// <summary>
/// Numbers as operators take them, made once and kept for good. TorchSharp does not hold a scalar while native code reads it: one made for a call, also by a
/// conversion that nobody sees or as a default of its own, can be collected within the call, which then reads freed memory. Every operator here that takes a
/// number gets it from this class; tensors are held by their dispose scopes.
/// </summary>
internal static class Scalars
{
    private static readonly ConcurrentDictionary<double, Scalar> Floats = [];
    private static readonly ConcurrentDictionary<long, Scalar> Integers = [];

    public static Scalar Zero { get; } = Of(0L);

    public static Scalar One { get; } = Of(1L);

    public static Scalar Half { get; } = Of(0.5);

    public static Scalar Never { get; } = Of(double.NegativeInfinity);

    public static Scalar Of(double value) => Floats.GetOrAdd(value, static value => value.ToScalar());

    public static Scalar Of(long value) => Integers.GetOrAdd(value, static value => value.ToScalar());
}
