using System.Collections.Frozen;
using System.Globalization;

namespace Pharos.DemoTools;

/// <summary>Local time of a city: of its real time zone where it and the machine's zone data are known, else of a made-up one.</summary>
public static class DemoClock
{
    private static readonly FrozenDictionary<string, string> Zones = new Dictionary<string, string>
    {
        ["Europe/Oslo"] = "oslo bergen trondheim", ["Europe/Rome"] = "rome milan naples turin venice florence bologna",
        ["Europe/Paris"] = "paris lyon marseille nice bordeaux", ["Europe/London"] = "london leeds bristol cardiff glasgow york oxford edinburgh manchester liverpool",
        ["Europe/Berlin"] = "berlin munich hamburg cologne frankfurt leipzig dresden", ["Europe/Madrid"] = "madrid seville valencia barcelona",
        ["Europe/Lisbon"] = "lisbon porto", ["Europe/Vienna"] = "vienna graz salzburg linz", ["Europe/Prague"] = "prague brno",
        ["Europe/Warsaw"] = "warsaw gdansk poznan", ["Europe/Dublin"] = "dublin", ["Europe/Athens"] = "athens", ["Europe/Helsinki"] = "helsinki",
        ["Europe/Stockholm"] = "stockholm malmo", ["Europe/Copenhagen"] = "copenhagen aarhus", ["Europe/Amsterdam"] = "amsterdam rotterdam utrecht",
        ["Europe/Brussels"] = "brussels ghent bruges antwerp", ["Europe/Zurich"] = "zurich zürich geneva basel bern", ["Europe/Budapest"] = "budapest",
        ["Europe/Kyiv"] = "kyiv odessa", ["Europe/Moscow"] = "moscow", ["Europe/Istanbul"] = "istanbul ankara izmir", ["Africa/Cairo"] = "cairo",
        ["Africa/Lagos"] = "lagos", ["Africa/Nairobi"] = "nairobi", ["Africa/Johannesburg"] = "johannesburg durban", ["Asia/Dubai"] = "dubai",
        ["Asia/Kolkata"] = "delhi mumbai chennai kolkata bangalore", ["Asia/Kathmandu"] = "kathmandu", ["Asia/Bangkok"] = "bangkok phuket",
        ["Asia/Singapore"] = "singapore", ["Asia/Seoul"] = "seoul busan", ["Asia/Tokyo"] = "tokyo osaka kyoto nagoya sapporo hiroshima fukuoka",
        ["Asia/Shanghai"] = "beijing shanghai shenzhen wuhan nanjing", ["Australia/Sydney"] = "sydney canberra", ["Australia/Perth"] = "perth",
        ["Australia/Adelaide"] = "adelaide", ["Pacific/Auckland"] = "auckland wellington", ["Pacific/Honolulu"] = "honolulu",
        ["America/Los_Angeles"] = "seattle portland oakland", ["America/Denver"] = "denver", ["America/Chicago"] = "chicago dallas houston austin",
        ["America/New_York"] = "boston miami atlanta philadelphia detroit", ["America/Toronto"] = "toronto montreal ottawa",
        ["America/Vancouver"] = "vancouver", ["America/Lima"] = "lima", ["Atlantic/Reykjavik"] = "reykjavik",
    }.SelectMany(zone => zone.Value.Split(' ').Select(city => (city, zone.Key)))
        .Concat([("new york", "America/New_York"), ("los angeles", "America/Los_Angeles"), ("san francisco", "America/Los_Angeles"),
            ("hong kong", "Asia/Hong_Kong"), ("mexico city", "America/Mexico_City"), ("sao paulo", "America/Sao_Paulo"), ("new delhi", "Asia/Kolkata")])
        .ToFrozenDictionary(entry => entry.Item1, entry => entry.Item2);

    public static DemoAnswer In(string city, DateTimeOffset now)
    {
        var place = CityName.Normalise(city);
        if (place.Length == 0)
            return DemoAnswer.Error("city not found");
        return DemoAnswer.Text(now.ToOffset(Offset(place, now)).ToString("HH:mm", CultureInfo.InvariantCulture));
    }

    private static TimeSpan Offset(string place, DateTimeOffset now) =>
        Zones.TryGetValue(place, out var id) && TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone)
            ? zone.GetUtcOffset(now)
            : TimeSpan.FromHours((int)(CityName.Hash(place) % 25) - 11);
}
