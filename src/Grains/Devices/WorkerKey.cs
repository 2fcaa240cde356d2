namespace Pharos.Grains.Devices;

/// <summary>Keys of worker grains: POOL/SILO/DEVICE.</summary>
public static class WorkerKey
{
    public static string Of(string pool, string silo, int device) => $"{pool}/{silo}/{device}";

    /// <summary>Of all devices of a process.</summary>
    public static IEnumerable<string> All(string pool, IEnumerable<string> silos, int devices) =>
        silos.SelectMany(silo => Enumerable.Range(0, devices).Select(device => Of(pool, silo, device)));

    public static string Pool(string key) => key[..key.IndexOf('/')];

    public static string Silo(string key) => key.Split('/')[1];

    public static string Device(string key) => key[(key.LastIndexOf('/') + 1)..];
}
