using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pharos.Inference.Loading;
using Pharos.Inference.Serving;

namespace Pharos.Grains.Hosting;

/// <summary>Runs a Pharos process; what a person can mend (a setting, a model directory) ends it with one sentence, not with a stack.</summary>
public static class PharosProgram
{
    public static int Run(Func<WebApplication> build)
    {
        try
        {
            using var app = build();
            app.Services.GetRequiredService<ModelFamily>(); // before anything listens
            app.Run();
            return Environment.ExitCode;
        }
        catch (OptionsValidationException invalid)
        {
            return CannotStart(string.Join(Environment.NewLine, invalid.Failures));
        }
        catch (Exception failure) when (failure is ModelLoadException or DirectoryNotFoundException or NotSupportedException or IOException)
        {
            return CannotStart(failure.Message);
        }
    }

    private static int CannotStart(string because)
    {
        Console.Error.WriteLine($"Pharos cannot start: {because}");
        return 1;
    }
}
