using System.Collections.Immutable;
using System.Collections.ObjectModel;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Pharos.InProcess;

/// <summary>Copiers of arrays and of the framework's collections.</summary>
internal static class CollectionCopiers
{
    private static readonly Dictionary<Type, string> ByDefinition = new()
    {
        [typeof(List<>)] = nameof(List), [typeof(Dictionary<,>)] = nameof(Dictionary), [typeof(HashSet<>)] = nameof(HashSet), [typeof(Queue<>)] = nameof(Queue),
        [typeof(Stack<>)] = nameof(Stack), [typeof(SortedDictionary<,>)] = nameof(SortedDictionary), [typeof(ReadOnlyCollection<>)] = nameof(ReadOnly),
        [typeof(ImmutableArray<>)] = nameof(ImmutableArrayOf), [typeof(ImmutableList<>)] = nameof(ImmutableListOf), [typeof(ImmutableDictionary<,>)] = nameof(ImmutableDictionaryOf),
        [typeof(ImmutableSortedDictionary<,>)] = nameof(ImmutableSortedDictionaryOf), [typeof(Memory<>)] = nameof(MemoryOf), [typeof(ReadOnlyMemory<>)] = nameof(ReadOnlyMemoryOf),
    };

    /// <summary>Null when the type is none of them.</summary>
    public static Copier? For(Type type)
    {
        if (type.IsArray) return type.IsSZArray ? Make(nameof(Array), type.GetElementType()!) : SharedTypes.ContainsDeclared(type.GetElementType()!) ? (source, _) => ((System.Array)source).Clone() : null;
        return type.IsGenericType && ByDefinition.TryGetValue(type.GetGenericTypeDefinition(), out var name) ? Make(name, type.GetGenericArguments()) : null;
    }

    private static Copier Make(string name, params Type[] elements) =>
        typeof(CollectionCopiers).GetMethod(name, BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(elements).CreateDelegate<Copier>();

    private static T Element<T>(T value, CopyContext context) => SharedElement<T>.Is ? value : (T)context.Copy(value)!;

    private static T[] Elements<T>(ReadOnlySpan<T> source, CopyContext context)
    {
        var copy = source.ToArray();
        if (!SharedElement<T>.Is) for (var i = 0; i < copy.Length; i++) copy[i] = Element(copy[i], context);
        return copy;
    }

    private static T Tracked<T>(object source, T copy, CopyContext context) where T : class
    {
        context.Track(source, copy);
        return copy;
    }

    private static object Array<T>(object source, CopyContext context)
    {
        var copy = Tracked(source, ((T[])source).AsSpan().ToArray(), context);
        if (!SharedElement<T>.Is) for (var i = 0; i < copy.Length; i++) copy[i] = Element(copy[i], context);
        return copy;
    }

    private static object List<T>(object source, CopyContext context)
    {
        var list = (List<T>)source;
        if (SharedElement<T>.Is) return Tracked(source, new List<T>(list), context);
        var copy = Tracked(source, new List<T>(list.Count), context);
        foreach (var item in list) copy.Add(Element(item, context));
        return copy;
    }

    private static object Dictionary<TKey, TValue>(object source, CopyContext context) where TKey : notnull
    {
        var dictionary = (Dictionary<TKey, TValue>)source;
        var copy = Tracked(source, new Dictionary<TKey, TValue>(dictionary.Count, dictionary.Comparer), context);
        foreach (var (key, value) in dictionary) copy.Add(Element(key, context), Element(value, context));
        return copy;
    }

    private static object SortedDictionary<TKey, TValue>(object source, CopyContext context) where TKey : notnull
    {
        var dictionary = (SortedDictionary<TKey, TValue>)source;
        var copy = Tracked(source, new SortedDictionary<TKey, TValue>(dictionary.Comparer), context);
        foreach (var (key, value) in dictionary) copy.Add(Element(key, context), Element(value, context));
        return copy;
    }

    private static object HashSet<T>(object source, CopyContext context)
    {
        var set = (HashSet<T>)source;
        var copy = Tracked(source, new HashSet<T>(set.Count, set.Comparer), context);
        foreach (var item in set) copy.Add(Element(item, context));
        return copy;
    }

    private static object Queue<T>(object source, CopyContext context) => Tracked(source, new Queue<T>(Elements<T>(((Queue<T>)source).ToArray(), context)), context);

    private static object Stack<T>(object source, CopyContext context)
    {
        var items = Elements<T>(((Stack<T>)source).ToArray(), context);
        System.Array.Reverse(items);
        return Tracked(source, new Stack<T>(items), context);
    }

    private static object ReadOnly<T>(object source, CopyContext context) => new ReadOnlyCollection<T>(Elements<T>(((ReadOnlyCollection<T>)source).ToArray(), context));

    private static object ImmutableArrayOf<T>(object source, CopyContext context)
    {
        var array = (ImmutableArray<T>)source;
        return array.IsDefault ? source : ImmutableCollectionsMarshal.AsImmutableArray(Elements(array.AsSpan(), context));
    }

    private static object ImmutableListOf<T>(object source, CopyContext context) => ImmutableList.CreateRange(Elements<T>(((ImmutableList<T>)source).ToArray(), context));

    private static object ImmutableDictionaryOf<TKey, TValue>(object source, CopyContext context) where TKey : notnull
    {
        var dictionary = (ImmutableDictionary<TKey, TValue>)source;
        return dictionary.Select(p => KeyValuePair.Create(Element(p.Key, context), Element(p.Value, context))).ToImmutableDictionary(dictionary.KeyComparer);
    }

    private static object ImmutableSortedDictionaryOf<TKey, TValue>(object source, CopyContext context) where TKey : notnull
    {
        var dictionary = (ImmutableSortedDictionary<TKey, TValue>)source;
        return dictionary.Select(p => KeyValuePair.Create(Element(p.Key, context), Element(p.Value, context))).ToImmutableSortedDictionary(dictionary.KeyComparer);
    }

    private static object MemoryOf<T>(object source, CopyContext context) => new Memory<T>(Elements<T>(((Memory<T>)source).Span, context));

    private static object ReadOnlyMemoryOf<T>(object source, CopyContext context) => new ReadOnlyMemory<T>(Elements(((ReadOnlyMemory<T>)source).Span, context));

    private static class SharedElement<T>
    {
        public static readonly bool Is = SharedTypes.ContainsDeclared(typeof(T));
    }
}
