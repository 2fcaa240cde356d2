using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pool;

namespace Pharos.Scheduling.Migration;

/// <summary>A sequence that could go elsewhere.</summary>
/// <param name="Tokens">Tokens of its context.</param>
/// <param name="CachedTokens">Of these, those that would be copied.</param>
/// <param name="Load">Memory-time that it is still expected to need, token-seconds; of a parked one, after its tool has returned.</param>
public readonly record struct MovableSequence(string Request, int Epoch, SequencePhase Phase, int Tokens, int CachedTokens, double Load);

/// <summary>A worker as the planner sees it, by its last report.</summary>
/// <param name="Takes">It takes sequences.</param>
/// <param name="IsToBeEmpty">What it has is to leave.</param>
/// <param name="FreeTokens">KV tokens that nobody holds: nobody gives way for a sequence that moves.</param>
/// <param name="RoomTokens">KV tokens that a waiting request could have: caches of parked sequences give way for that.</param>
/// <param name="Seats">Sequences it may still be given.</param>
/// <param name="Sequences">What could leave it.</param>
/// <param name="IsUrgent">Nothing is to end on it that can go on elsewhere.</param>
public sealed record PlannerWorker(
    string Worker, bool Takes, bool IsToBeEmpty, int FreeTokens, int RoomTokens, int CapacityTokens, int LargestContext, int Seats, DeviceProfile Device,
    IReadOnlyList<MovableSequence> Sequences, bool IsUrgent = false);

/// <summary>What a plan is made of.</summary>
/// <param name="Workers">In order of name.</param>
/// <param name="WantedTokens">Context of the first in rank that waits and fits no worker; 0: there is none.</param>
public sealed record PlannerView(IReadOnlyList<PlannerWorker> Workers, int WantedTokens);

/// <param name="MostMoves">Of one plan.</param>
/// <param name="LeastDifferenceSeconds">Two workers are balanced while what they have to serve differs by less, as seconds at full memory.</param>
/// <param name="LeastGain">A move for balance pays when it takes away so many times what it costs.</param>
/// <param name="ShortRunSeconds">What runs on a worker that is to be empty ends there, if it is expected to within that time.</param>
public sealed record PlannerLimits(int MostMoves = 8, double LeastDifferenceSeconds = 2, double LeastGain = 4, double ShortRunSeconds = 3);
