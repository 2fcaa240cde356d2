using System.Globalization;
using System.Text.RegularExpressions;
using Pharos.Grains.Configuration;
using YamlDotNet.RepresentationModel;

namespace Pharos.Deploy.Tests;

/// <summary>What must agree between the manifests, and between them and the program.</summary>
public sealed partial class ManifestTests
{
    [Fact]
    public void The_manifests_are_there() =>
        Assert.Superset(new HashSet<string> { "pharos-silo", "pharos-gateway", "pharos-redis" }, Manifests.Workloads.Select(workload => workload.Name).ToHashSet());

    [Fact]
    public void A_workload_selects_its_own_pods_and_no_others() => Assert.All(Manifests.Workloads, workload =>
    {
        var selector = Manifests.Labels(workload.Root.Find("spec", "selector", "matchLabels"));
        Assert.NotEmpty(selector);
        Assert.Equal([workload], Manifests.Workloads.Where(other => Manifests.Selects(selector, other)));
    });

    [Fact]
    public void A_service_finds_pods_and_their_ports() => Assert.All(Manifests.OfKind("Service"), service =>
    {
        var workload = Assert.Single(Manifests.Workloads, other => Manifests.Selects(Manifests.Labels(service.Root.Find("spec", "selector")), other));
        Assert.All(Items(service.Root, "spec", "ports"), port => Assert.Contains(port.Text("targetPort"), PortNames(workload)));
    });

    [Fact]
    public void Probes_ask_ports_that_exist() => Assert.All(Manifests.Workloads.SelectMany(workload => workload.Containers().Select(container => (workload, container))), at =>
    {
        foreach (var probe in new[] { "startupProbe", "readinessProbe", "livenessProbe" })
        {
            if (at.container.Find(probe, "httpGet", "port") is { } port)
                Assert.Contains(port.ToString(), PortNames(at.workload));
        }

        Assert.NotNull(at.container.Find("readinessProbe"));
        Assert.NotNull(at.container.Find("livenessProbe"));
    });

    [Fact]
    public void Every_workload_has_a_network_policy_and_it_opens_ports_that_exist() => Assert.All(Manifests.Workloads, workload =>
    {
        var policy = Assert.Single(
            Manifests.OfKind("NetworkPolicy"), policy => Manifests.Selects(Manifests.Labels(policy.Root.Find("spec", "podSelector", "matchLabels")), workload));
        var opened = Items(policy.Root, "spec", "ingress").SelectMany(rule => Items(rule, "ports")).Select(port => port.Text("port")).ToList();
        Assert.NotEmpty(opened);
        Assert.Subset(workload.Containers().SelectMany(container => Items(container, "ports")).Select(port => port.Text("containerPort")).ToHashSet(), opened.ToHashSet());
    });

    [Fact]
    public void Disruption_budgets_and_scalers_name_workloads()
    {
        var budgets = Manifests.OfKind("PodDisruptionBudget").ToList();
        Assert.Equal(2, budgets.Count);
        Assert.All(budgets, budget => Assert.Single(
            Manifests.Workloads, workload => Manifests.Selects(Manifests.Labels(budget.Root.Find("spec", "selector", "matchLabels")), workload)));
        var scalers = Manifests.OfKind("HorizontalPodAutoscaler", "ScaledObject").ToList();
        Assert.Equal(2, scalers.Count);
        Assert.All(scalers, scaler => Assert.Contains(scaler.Root.Text("spec", "scaleTargetRef", "name"), Manifests.Workloads.Select(workload => workload.Name)));
    }

    [Fact]
    public void A_silo_has_time_to_drain_before_it_is_killed()
    {
        var silo = Manifests.Workloads.Single(workload => workload.Name == "pharos-silo");
        var grace = Seconds(silo.Template!.Text("spec", "terminationGracePeriodSeconds"));
        var preStop = Seconds(silo.Containers().Single().Text("lifecycle", "preStop", "sleep", "seconds"));
        var drain = TimeSpan.Parse(Manifests.ConfigLiterals("base").Single(literal => literal.Key == "Pharos__DrainTimeout").Value, CultureInfo.InvariantCulture);
        // A silo gives itself 15 s to leave its cluster when the drain is over.
        Assert.True(grace >= preStop + drain.TotalSeconds + 15, $"{grace} s of grace, {preStop} s before SIGTERM, {drain.TotalSeconds} s of drain");
    }

    [Fact]
    public void Pods_have_no_rights_and_say_what_they_need() => Assert.All(Manifests.Workloads, workload =>
    {
        Assert.Equal("true", workload.Template!.Text("spec", "securityContext", "runAsNonRoot"));
        Assert.NotEqual("0", workload.Template!.Text("spec", "securityContext", "runAsUser"));
        Assert.All(workload.Containers(), container =>
        {
            Assert.Equal("false", container.Text("securityContext", "allowPrivilegeEscalation"));
            Assert.Equal("true", container.Text("securityContext", "readOnlyRootFilesystem"));
            Assert.Equal("ALL", Items(container, "securityContext", "capabilities", "drop").Single().ToString());
            Assert.NotEmpty(container.Text("resources", "requests", "cpu"));
            Assert.NotEmpty(container.Text("resources", "requests", "memory"));
            Assert.NotEmpty(container.Text("resources", "limits", "memory"));
        });
    });

    [Fact]
    public void Our_images_are_targets_of_a_dockerfile()
    {
        var targets = Directory.GetFiles(Path.Combine(Manifests.Root, "deploy/docker")).SelectMany(File.ReadAllLines)
            .Select(line => Target().Match(line)).Where(match => match.Success).Select(match => match.Groups[1].Value).ToHashSet();
        var images = Manifests.Workloads.SelectMany(workload => workload.Containers()).Select(container => container.Text("image"))
            .Where(image => image.StartsWith("pharos/", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, images.Count);
        var renamed = Manifests.Overlays.SelectMany(overlay => Items(Manifests.Kustomization(overlay), "images")).ToList();
        Assert.All(renamed, image => Assert.Contains(image.Text("name") + ":latest", images));
        Assert.All(images.Concat(renamed.Select(image => image.Text("newName"))), image => Assert.Contains(image["pharos/".Length..].Split(':')[0], targets));
    }

    [Fact]
    public void Overlays_change_containers_and_volumes_that_are_there()
    {
        Assert.NotEmpty(Manifests.Patches);
        Assert.All(Manifests.Patches, patch =>
        {
            var whole = Assert.Single(Manifests.Workloads, workload => (workload.Kind, workload.Name) == (patch.Kind, patch.Name));
            var volumes = Items(patch.Root, "spec", "template", "spec", "volumes").Select(volume => volume.Text("name")).ToList();
            Assert.All(patch.Containers(), container =>
            {
                Assert.Contains(container.Text("name"), whole.Containers().Select(known => known.Text("name")));
                Assert.All(Items(container, "volumeMounts"), mount => Assert.Contains(mount.Text("name"), volumes));
            });
        });
    }

    [Fact]
    public void A_silo_with_a_device_has_memory_for_its_host_tier() => Assert.All(Manifests.Patches.Where(patch => patch.Name == "pharos-silo"), patch =>
    {
        var folder = Path.GetRelativePath("deploy/k8s", Path.GetDirectoryName(patch.File)!);
        var settings = Manifests.ConfigLiterals(folder).ToDictionary(literal => literal.Key, literal => literal.Value);
        Assert.Equal("torch", settings["Pharos__Backend"]);
        var limits = patch.Containers().Single();
        Assert.Equal("1", limits.Text("resources", "limits", "nvidia.com/gpu")); // one worker, one device
        var memory = long.Parse(limits.Text("resources", "limits", "memory").Replace("Gi", ""), CultureInfo.InvariantCulture) << 30;
        Assert.True(memory >= long.Parse(settings["Pharos__Kv__HostBytes"], CultureInfo.InvariantCulture) * 5 / 4, "pinned memory counts as the pod's own");
    });

    [Fact]
    public void Every_setting_is_one_that_the_program_knows()
    {
        var inPods = Manifests.Workloads.SelectMany(workload => workload.Containers()).SelectMany(container => Items(container, "env")).Select(entry => entry.Text("name"));
        var settings = inPods.Concat(Directory.GetDirectories(Path.Combine(Manifests.Root, "deploy/k8s/overlays")).Append("base")
                .SelectMany(folder => Manifests.ConfigLiterals(folder)).Select(literal => literal.Key))
            .Where(name => name.StartsWith("Pharos__", StringComparison.Ordinal)).Distinct().ToList();
        Assert.True(settings.Count > 5);
        Assert.All(settings, setting =>
        {
            var type = typeof(PharosOptions);
            foreach (var name in setting.Split("__")[1..])
            {
                var property = type.GetProperty(name);
                Assert.True(property is not null, $"{setting}: there is no {name}");
                type = property!.PropertyType;
            }
        });
    }

    [Fact]
    public void What_a_scaler_or_monitor_looks_at_is_there()
    {
        var monitor = Assert.Single(Manifests.OfKind("ServiceMonitor"));
        var service = Assert.Single(Manifests.OfKind("Service"), service => Manifests.Labels(monitor.Root.Find("spec", "selector", "matchLabels"))
            .All(wanted => Manifests.Labels(service.Root.Find("metadata", "labels")).GetValueOrDefault(wanted.Key) == wanted.Value));
        var pods = Assert.Single(Manifests.OfKind("PodMonitor"));
        var silos = Manifests.Labels(pods.Root.Find("spec", "selector", "matchLabels"));
        Assert.Contains(Manifests.Workloads, workload => silos.All(wanted => Manifests.Labels(workload.Root.Find("spec", "template", "metadata", "labels")).GetValueOrDefault(wanted.Key) == wanted.Value)
            && PortNames(workload).Contains(Items(pods.Root, "spec", "podMetricsEndpoints").Single().Text("port")));
        Assert.Contains(Items(monitor.Root, "spec", "endpoints").Single().Text("port"), Items(service.Root, "spec", "ports").Select(port => port.Text("name")));
    }

    private static IEnumerable<YamlNode> Items(YamlNode node, params string[] path) => node.Find(path) is YamlSequenceNode items ? items.Children : [];

    private static HashSet<string> PortNames(Manifest workload) =>
        [.. workload.Containers().SelectMany(container => Items(container, "ports")).Select(port => port.Text("name"))];

    private static double Seconds(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^FROM \S+ AS (\S+)$")]
    private static partial Regex Target();
}
