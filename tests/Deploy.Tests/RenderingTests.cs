using System.Diagnostics;

namespace Pharos.Deploy.Tests;

/// <summary>What an operator applies, rendered by the tool that applies it.</summary>
public sealed class RenderingTests
{
    [KubectlTheory]
    [InlineData("overlays/cpu-demo", "kind: Deployment")]
    [InlineData("overlays/cuda", "nvidia.com/gpu")]
    [InlineData("addons/keda", "kind: ScaledObject")]
    [InlineData("addons/monitoring", "kind: ServiceMonitor")]
    public async Task Kubectl_renders_it(string folder, string expected)
    {
        using var kubectl = Process.Start(new ProcessStartInfo("kubectl", ["kustomize", Path.Combine(Manifests.Root, "deploy/k8s", folder)])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var errors = kubectl.StandardError.ReadToEndAsync();
        var rendered = await kubectl.StandardOutput.ReadToEndAsync();
        await kubectl.WaitForExitAsync();
        Assert.True(kubectl.ExitCode == 0, await errors);
        Assert.Contains(expected, rendered, StringComparison.Ordinal);
    }

    private sealed class KubectlTheoryAttribute : TheoryAttribute
    {
        public KubectlTheoryAttribute()
        {
            if (!(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "kubectl"))))
                Skip = "kubectl is not installed (Debian: kubernetes-client)";
        }
    }
}
