using Microsoft.Extensions.Logging;
using Pharos.Grains.Devices;

namespace Pharos.Grains.Moving;

/// <summary>Who takes part in a migration: the worker that fetches, with its device; the one that has the sequence; and the request.</summary>
internal sealed record MigrationParties(string Worker, DeviceLoop Loop, IWorkerGrain Source, IRequestGrain Request, TimeProvider Time, ILogger Log);
