namespace Pharos.Grains.Configuration;

public sealed class MigrationOptions
{
    /// <summary>The scheduler moves sequences by itself: off workers that drain, for room, and for balance. Operators can move them in any case.</summary>
    public bool Automatic { get; set; } = true;

    /// <summary>Most bytes of keys and values in one message between workers, in whole blocks.</summary>
    public int PieceBytes { get; set; } = 1 << 20;
}
