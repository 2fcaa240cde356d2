namespace Pharos.InProcess;

/// <summary>What becomes of a message on its way.</summary>
public enum MessageOutcome
{
    Arrives,

    /// <summary>It never arrives: the caller hears nothing until its timeout.</summary>
    IsLost,

    /// <summary>It arrives and has its effect, but the answer is lost.</summary>
    AnswerIsLost,

    /// <summary>It arrives twice; the second answer goes nowhere. Parts of a sequence arrive once whatever is said.</summary>
    ArrivesTwice,
}

/// <param name="Delay">How long it is under way; its double comes as late again.</param>
public readonly record struct MessageFate(MessageOutcome Outcome, TimeSpan Delay);

/// <param name="Method">Interface and method.</param>
/// <param name="From">The sending silo, or the name of a client outside the silos.</param>
/// <param name="FromEvicted">The others hold the sender for dead.</param>
/// <param name="IsSequence">Fetches elements of a grain's sequence.</param>
/// <param name="Arguments">What is said; not to be changed. Empty for parts of a sequence.</param>
public readonly record struct MessageInfo(string Method, string From, bool FromEvicted, GrainId Target, bool IsSequence, IReadOnlyList<object?> Arguments);

/// <summary>Decides about every message between grains and from outside; for simulations of faults.</summary>
public interface INetwork
{
    MessageFate Send(in MessageInfo message);
}
