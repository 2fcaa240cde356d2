using System.Globalization;
using System.Text;

namespace Pharos.DemoTools;

/// <summary>Weather made up from a city's name and the day: the same question has the same answer until midnight UTC.</summary>
public static class DemoWeather
{
    private static readonly string[] Skies =
        "sunny cloudy rainy snowy windy foggy clear stormy overcast hazy drizzly icy humid misty dry".Split(' ');

    public static DemoAnswer Of(string city, DateTimeOffset now)
    {
        var place = CityName.Normalise(city);
        if (place.Length == 0)
            return DemoAnswer.Error("city not found");
        var hash = CityName.Hash(string.Create(CultureInfo.InvariantCulture, $"{place} {now.UtcDateTime:yyyy-MM-dd}"));
        return DemoAnswer.Json(string.Create(CultureInfo.InvariantCulture,
            $"{{\"temp_c\": {(int)(hash % 57) - 15}, \"sky\": \"{Skies[hash / 57 % (ulong)Skies.Length]}\"}}"));
    }
}

internal static class CityName
{
    public static string Normalise(string city) => city.Trim().Replace('_', ' ').ToLowerInvariant();

    /// <summary>FNV-1a with a final mix: stable between runs and machines, unlike <see cref="string.GetHashCode()"/>.</summary>
    public static ulong Hash(string text)
    {
        var hash = 14695981039346656037UL;
        foreach (var b in Encoding.UTF8.GetBytes(text))
            hash = (hash ^ b) * 1099511628211UL;
        hash ^= hash >> 32;
        hash *= 0x9E3779B97F4A7C15UL;
        return hash ^ (hash >> 29);
    }
}
