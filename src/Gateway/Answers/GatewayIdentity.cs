namespace Pharos.Gateway.Answers;

/// <summary>The name under which workers keep a stream for this gateway: new with every process, so that none inherits another's tokens.</summary>
internal sealed record GatewayIdentity(string Id)
{
    public static GatewayIdentity New() => new($"{Environment.MachineName}-{Guid.NewGuid():N}"[..^20]);
}
