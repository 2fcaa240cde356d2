using Pharos.Bench.Faults.Running;

namespace Pharos.Bench.Faults;

/// <summary>Pieces of caches on their way to other workers: one bit of some is wrong while the fault lasts.</summary>
internal sealed class FaultyPieces(Random random, Tally tally)
{
    /// <summary>Share of pieces, 0 to 1.</summary>
    public double Damaged { get; set; }

    public byte[] Strike(byte[] piece)
    {
        if (Damaged <= 0 || random.NextDouble() >= Damaged)
            return piece;
        tally.Count(FaultKind.PieceDamaged);
        piece[random.Next(piece.Length)] ^= (byte)(1 << random.Next(8));
        return piece;
    }
}
