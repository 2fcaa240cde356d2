namespace Pharos.Scheduling.Prediction;

/// <summary>
/// What is remembered of requests under way. Bounded: requests that nobody ends (cancelled, lost) are forgotten after as many others have come.
/// </summary>
internal sealed class RecentRequests<T> where T : class
{
    private const int Most = 65_536;
    private Dictionary<string, T> young = new(StringComparer.Ordinal), old = new(StringComparer.Ordinal);

    public T? Find(string request) => young.GetValueOrDefault(request) ?? old.GetValueOrDefault(request);

    public void Put(string request, T what)
    {
        young[request] = what;
        if (young.Count < Most)
            return;
        (young, old) = (old, young);
        young.Clear();
    }

    public void Remove(string request)
    {
        young.Remove(request);
        old.Remove(request);
    }
}
