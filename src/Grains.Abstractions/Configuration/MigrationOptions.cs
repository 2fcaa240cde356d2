namespace Pharos.Grains.Configuration;

public sealed class MigrationOptions
{
    /// <summary>Most bytes of keys and values in one message between workers, in whole blocks.</summary>
    public int PieceBytes { get; set; } = 1 << 20;
}
