using System.Collections;
using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;

namespace Pharos.Inference.Tokenization.Normalization;

/// <summary>
/// The four Unicode normalization forms (Unicode Standard Annex 15). <see cref="string.Normalize()"/> is no help: in processes with
/// invariant globalization it returns every text as it is.
/// </summary>
internal static class UnicodeForms
{
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TrailBase = 0x11A7;
    private const int Leads = 19, Vowels = 21, Trails = 28;
    private const string Resource = "Pharos.Inference.unicode-normalization.txt.br";

    private static readonly Lazy<Tables> Data = new(Tables.Read);

    public static string Normalize(string text, NormalizationForm form)
    {
        bool compatibility = form is NormalizationForm.FormKC or NormalizationForm.FormKD;
        bool compose = form is NormalizationForm.FormC or NormalizationForm.FormKC;
        // Below U+0300 nothing combines, and below U+00A0 nothing decomposes.
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', compose && !compatibility ? '\u02FF' : '\u009F'))
            return text;
        var tables = Data.Value;
        if (tables.IsSettled(text, form))
            return text;
        var points = new List<int>(text.Length + 8);
        foreach (var rune in text.EnumerateRunes())
            Decompose(rune.Value, compatibility, tables, points);
        var span = CollectionsMarshal.AsSpan(points);
        Reorder(span, tables);
        if (compose)
            span = span[..Compose(span, tables)];
        var result = new StringBuilder(text.Length);
        Span<char> units = stackalloc char[2];
        foreach (int point in span)
            result.Append(units[..new Rune(point).EncodeToUtf16(units)]);
        return result.ToString();
    }

    private static void Decompose(int point, bool compatibility, Tables tables, List<int> into)
    {
        if ((uint)(point - HangulBase) < Leads * Vowels * Trails)
        {
            int index = point - HangulBase;
            into.Add(LeadBase + index / (Vowels * Trails));
            into.Add(VowelBase + index % (Vowels * Trails) / Trails);
            if (index % Trails > 0)
                into.Add(TrailBase + index % Trails);
        }
        else if (tables.Canonical.TryGetValue(point, out int[]? parts) || (compatibility && tables.Compatibility.TryGetValue(point, out parts)))
        {
            foreach (int part in parts)
                Decompose(part, compatibility, tables, into);
        }
        else
        {
            into.Add(point);
        }
    }

    /// <summary>Sorts each run of combining characters by class, keeping the order of equals.</summary>
    private static void Reorder(Span<int> points, Tables tables)
    {
        for (int end, start = 0; start < points.Length; start = end)
        {
            bool sorted = true;
            byte last = tables.ClassOf(points[start]);
            for (end = start + 1; last > 0 && end < points.Length && tables.ClassOf(points[end]) is > 0 and var next; end++)
                (sorted, last) = (sorted && last <= next, next);
            if (!sorted)
                points[start..end].ToArray().OrderBy(tables.ClassOf).ToArray().CopyTo(points[start..]);
        }
    }

    /// <returns>How many points are left.</returns>
    private static int Compose(Span<int> points, Tables tables)
    {
        int starter = -1, count = 0;
        byte previous = 0; // class of the point kept last after the starter
        for (int i = 0; i < points.Length; i++)
        {
            int point = points[i];
            byte order = tables.ClassOf(point);
            bool adjacent = starter == count - 1;
            if (starter >= 0 && (adjacent || previous < order) && Pair(points[starter], point, tables) is { } composed)
            {
                points[starter] = composed;
                continue;
            }
            if (order == 0)
                starter = count;
            previous = order;
            points[count++] = point;
        }
        return count;
    }

    private static int? Pair(int first, int second, Tables tables)
    {
        if ((uint)(first - LeadBase) < Leads && (uint)(second - VowelBase) < Vowels)
            return HangulBase + ((first - LeadBase) * Vowels + second - VowelBase) * Trails;
        if ((uint)(first - HangulBase) < Leads * Vowels * Trails && (first - HangulBase) % Trails == 0 && second > TrailBase && second < TrailBase + Trails)
            return first + second - TrailBase;
        return tables.Composites.TryGetValue(((long)first << 32) | (uint)second, out int composed) ? composed : null;
    }

    private sealed class Tables
    {
        public Dictionary<int, int[]> Canonical { get; } = [];

        public Dictionary<int, int[]> Compatibility { get; } = [];

        public Dictionary<long, int> Composites { get; } = [];

        private readonly Dictionary<int, byte> classes = [];
        private readonly ConcurrentDictionary<NormalizationForm, BitArray> unsettled = [];

        public byte ClassOf(int point) => point < 0x300 ? (byte)0 : classes.GetValueOrDefault(point);

        /// <summary>Whether every character stays as it is, whatever its neighbours: true of most text, and quick to see.</summary>
        public bool IsSettled(string text, NormalizationForm form)
        {
            var changing = unsettled.GetOrAdd(form, FindUnsettled);
            foreach (var rune in text.EnumerateRunes())
            {
                if (changing[rune.Value])
                    return false;
            }
            return true;
        }

        private BitArray FindUnsettled(NormalizationForm form)
        {
            var changing = new BitArray(0x110000);
            foreach (int point in classes.Keys)
                changing[point] = true;
            bool compatibility = form is NormalizationForm.FormKC or NormalizationForm.FormKD;
            bool compose = form is NormalizationForm.FormC or NormalizationForm.FormKC;
            // A composite is settled where taking it apart and composing it again gives it back.
            var parts = new List<int>();
            foreach (int point in Canonical.Keys.Concat(compatibility ? Compatibility.Keys : []))
            {
                parts.Clear();
                Decompose(point, compatibility, this, parts);
                var span = CollectionsMarshal.AsSpan(parts);
                Reorder(span, this);
                changing[point] |= !compose || Compose(span, this) != 1 || span[0] != point;
            }
            foreach (long pair in Composites.Keys)
                changing[(int)pair] |= compose;
            for (int i = 0; i < Leads * Vowels * Trails; i++)
                changing[HangulBase + i] = !compose;
            for (int i = 0; i < Vowels; i++)
                changing[VowelBase + i] = true;
            for (int i = 1; i < Trails; i++)
                changing[TrailBase + i] = true;
            return changing;
        }

        /// <summary>Reads the resource; make_unicode_normalization.py tells its lines.</summary>
        public static Tables Read()
        {
            var tables = new Tables();
            using var resource = typeof(UnicodeForms).Assembly.GetManifestResourceStream(Resource)!;
            using var lines = new StreamReader(new BrotliStream(resource, CompressionMode.Decompress));
            while (lines.ReadLine() is { } line)
            {
                int sign = line.AsSpan().IndexOfAny(":=-~");
                if (sign <= 0)
                    continue;
                int point = Hexadecimal(line[..sign]);
                string value = line[(sign + 1)..];
                if (line[sign] == ':')
                {
                    tables.classes[point] = byte.Parse(value, CultureInfo.InvariantCulture);
                    continue;
                }
                int[] parts = [.. value.Split(' ').Select(Hexadecimal)];
                (line[sign] == '~' ? tables.Compatibility : tables.Canonical)[point] = parts;
                if (line[sign] == '=')
                    tables.Composites[((long)parts[0] << 32) | (uint)parts[1]] = point;
            }
            return tables;
        }

        private static int Hexadecimal(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
