namespace Pharos.Scheduling.Pausing;

/// <summary>A pause policy whose choice is taken anew in every iteration, while the tool runs and the cache is still on the device.</summary>
public interface IRevisingPausePolicy : IPausePolicy
{
    /// <summary>How long the whole call is now thought to take.</summary>
    /// <param name="waited">Seconds since the call.</param>
    /// <param name="predicted">Seconds predicted at the call.</param>
    double ToolSeconds(double waited, double predicted);
}
