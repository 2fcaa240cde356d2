namespace Pharos.Console.Tests;

/// <summary>Where this machine has Chromium; null where it has none.</summary>
internal static class Chromium
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

    public static string? Path { get; } =
        Environment.GetEnvironmentVariable("PHAROS_CHROMIUM") is { Length: > 0 } told ? told
        : (from name in Names
           from folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
           let file = System.IO.Path.Combine(folder, name)
           where File.Exists(file)
           select file).FirstOrDefault();

    public const string Missing = "Chromium is not installed (Debian: chromium), or name it in PHAROS_CHROMIUM";
}

/// <summary>A test in a real browser; skipped, with the reason, where there is none.</summary>
internal sealed class ChromiumFactAttribute : FactAttribute
{
    public ChromiumFactAttribute()
    {
        Timeout = EndToEnd.Tests.PharosGateway.GuardMilliseconds;
        if (Chromium.Path is null)
            Skip = Chromium.Missing;
    }
}

/// <inheritdoc cref="ChromiumFactAttribute"/>
internal sealed class ChromiumTheoryAttribute : TheoryAttribute
{
    public ChromiumTheoryAttribute()
    {
        Timeout = EndToEnd.Tests.PharosGateway.GuardMilliseconds;
        if (Chromium.Path is null)
            Skip = Chromium.Missing;
    }
}
