using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Pharos.Bench.Cluster;

/// <summary>A server of the cluster as a process of this machine, with the signals that drills send it. What it prints goes to a file.</summary>
internal sealed partial class ServerProcess : IDisposable
{
    private const int SigKill = 9, SigTerm = 15, SigCont = 18, SigStop = 19;

    private readonly Process process;
    private readonly StreamWriter log;
    private readonly Lock gate = new();

    /// <param name="environment">Added to this process' own.</param>
    public ServerProcess(string name, string logFile, string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        Name = name;
        log = new StreamWriter(logFile, append: true) { AutoFlush = true };
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (key, value) in environment)
            start.Environment[key] = value;
        process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        process.OutputDataReceived += Write;
        process.ErrorDataReceived += Write;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Name { get; }

    public bool HasExited => process.HasExited;

    public void Stop() => Signal(SigStop);

    public void Continue() => Signal(SigCont);

    /// <summary>At once, whatever it was doing, even while it is stopped.</summary>
    public async Task Kill()
    {
        Signal(SigKill);
        await process.WaitForExitAsync();
    }

    /// <summary>As an orchestrator does: asks, and waits.</summary>
    /// <exception cref="DrillFailedException">It is still there after <paramref name="patience"/>.</exception>
    public async Task Terminate(TimeSpan patience)
    {
        Signal(SigTerm);
        try
        {
            await process.WaitForExitAsync().WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            throw new DrillFailedException($"{Name} is still there {patience.TotalSeconds:F0} s after SIGTERM.");
        }
    }

    public void Dispose()
    {
        if (!process.HasExited)
            Signal(SigKill);
        process.WaitForExit(2000);
        process.Dispose();
        lock (gate)
            log.Dispose();
    }

    private void Signal(int signal)
    {
        if (!process.HasExited)
            _ = Kill(process.Id, signal);
    }

    private void Write(object sender, DataReceivedEventArgs line)
    {
        lock (gate)
        {
            if (line.Data is not null && log.BaseStream is { CanWrite: true })
                log.WriteLine(line.Data);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}

/// <summary>The cluster did not do what it promises.</summary>
internal sealed class DrillFailedException(string because) : Exception(because);
