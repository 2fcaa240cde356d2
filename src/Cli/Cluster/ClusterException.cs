namespace Pharos.Cli.Cluster;

/// <summary>The cluster could not be asked, or said no; the message says what came and what to do.</summary>
internal sealed class ClusterException(string message) : Exception(message);
