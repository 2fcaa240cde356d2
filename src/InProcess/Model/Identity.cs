namespace Pharos.InProcess;

/// <summary>The name of a grain class, e.g. <c>worker</c> for <c>WorkerGrain</c>.</summary>
public readonly record struct GrainType(string Name)
{
    public static GrainType Create(string value) => new(value);
    public override string ToString() => Name;
}

/// <summary>The key part of a grain's identity.</summary>
public readonly record struct IdSpan(string Text)
{
    public static IdSpan Create(string id) => new(id);
    public override string ToString() => Text;
}

/// <summary>A grain's identity: class and key. Written <c>type/key</c>.</summary>
public readonly struct GrainId(GrainType type, IdSpan key) : IEquatable<GrainId>, IComparable<GrainId>
{
    public GrainType Type { get; } = type;
    public IdSpan Key { get; } = key;

    public static GrainId Create(string type, string key) => new(new GrainType(type), new IdSpan(key));

    public static GrainId Parse(string value)
    {
        var slash = value.IndexOf('/');
        return slash > 0 ? Create(value[..slash], value[(slash + 1)..]) : throw new FormatException($"A grain id is written 'type/key'; came '{value}'.");
    }

    public bool Equals(GrainId other) => Key.Text == other.Key.Text && Type.Name == other.Type.Name;
    public override bool Equals(object? obj) => obj is GrainId other && Equals(other);
    public override int GetHashCode() => HashCode.Combine(Key.Text, Type.Name);
    public override string ToString() => $"{Type.Name}/{Key.Text}";

    public int CompareTo(GrainId other)
    {
        var byType = string.CompareOrdinal(Type.Name, other.Type.Name);
        return byType != 0 ? byType : string.CompareOrdinal(Key.Text, other.Key.Text);
    }

    /// <summary>The same on every machine and in every run, unlike <see cref="GetHashCode"/>: placement by hash depends on it (FNV-1a).</summary>
    public uint GetUniformHashCode()
    {
        var hash = 2166136261u;
        foreach (var c in Type.Name) hash = (hash ^ c) * 16777619u;
        hash = (hash ^ '/') * 16777619u;
        foreach (var c in Key.Text) hash = (hash ^ c) * 16777619u;
        return hash;
    }

    public static bool operator ==(GrainId left, GrainId right) => left.Equals(right);
    public static bool operator !=(GrainId left, GrainId right) => !left.Equals(right);
}
