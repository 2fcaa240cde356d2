namespace Pharos.InProcess;

/// <summary>The host could not do what was asked.</summary>
public class OrleansException : Exception
{
    public OrleansException() : base("The grain host failed.") { }
    public OrleansException(string message) : base(message) { }
    public OrleansException(string message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>A message did not reach its target; the call had no effect and may be tried again.</summary>
public class OrleansMessageRejectionException : OrleansException
{
    internal OrleansMessageRejectionException(string message) : base(message) { }
    internal OrleansMessageRejectionException(string message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>The silo of the target died; whether the call had an effect is not known.</summary>
public sealed class SiloUnavailableException : OrleansMessageRejectionException
{
    public SiloUnavailableException() : base("The silo is gone.") { }
    public SiloUnavailableException(string message) : base(message) { }
    public SiloUnavailableException(string message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>An observer that is no more, or never was.</summary>
public sealed class ClientNotAvailableException : OrleansException
{
    internal ClientNotAvailableException(GrainId clientId) : base($"The observer {clientId} is gone: its reference was deleted or its silo ended.") { }
}

/// <summary>The stored state is newer than what the activation last read. The activation ends.</summary>
public class InconsistentStateException : OrleansException
{
    public InconsistentStateException() { }
    public InconsistentStateException(string message) : base(message) { }
    public InconsistentStateException(string message, Exception? innerException) : base(message, innerException) { }

    public InconsistentStateException(string message, string? storedEtag, string? currentEtag) : base($"{message} Stored etag: {storedEtag ?? "none"}; held etag: {currentEtag ?? "none"}.")
    {
        StoredEtag = storedEtag;
        CurrentEtag = currentEtag;
    }

    public string? StoredEtag { get; }
    public string? CurrentEtag { get; }

    /// <summary>The activation whose write failed: it ends, but callers further up that merely see the exception do not.</summary>
    internal IGrainContext? Writer { get; set; }
}

/// <summary>An enumeration that cannot go on: its activation or silo ended, or it lay unused for too long.</summary>
public sealed class EnumerationAbortedException : Exception
{
    public EnumerationAbortedException() { }
    public EnumerationAbortedException(string message) : base(message) { }
    public EnumerationAbortedException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>A type in a message or a state that Orleans could not encode.</summary>
public sealed class CodecNotFoundException(string message) : OrleansException(message);
