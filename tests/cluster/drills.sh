#!/usr/bin/env bash
# Drills of a real cluster (bench/cluster): Redis, three silo processes, a gateway, and clients that ask without pause and hold every answer against the
# undisturbed one, while silos are killed, stand still and are rolled, and Redis goes away.
#   drills.sh            the short form, a few minutes
#   drills.sh long       more rounds, and kills with the engine in place of slow devices
# Exit 0: passed, 77: skipped with the reason printed, else failed. Properties may come from the environment, as for failover.sh.
set -uo pipefail
cd "$(dirname "$0")/../.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1

skip() { echo "drills: skipped, $1"; exit 77; }
command -v redis-server >/dev/null || skip "redis-server is not installed"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for project in src/Silo src/Gateway bench/cluster; do
  dotnet restore $project -p:GrainHost=Orleans >"$log" 2>&1 || skip "packages do not restore here ($(grep -oE 'error NU[0-9]+: [^.]*' "$log" | head -1))"
done
for project in src/Silo src/Gateway bench/cluster; do
  dotnet build $project -c Release -p:GrainHost=Orleans >"$log" 2>&1 || { tail -n 15 "$log"; echo "drills: FAILED, $project does not build"; exit 1; }
done

failed=0
drill() { echo "== $*"; dotnet artifacts/Orleans/bin/ClusterBench/release/Pharos.Bench.Cluster.dll "$@" ${KEEP_LOGS:+--keep-logs} || failed=$((failed + 1)); }
if [ "${1:-}" = long ]; then
  drill kill --rounds 20 --clients 64 --slow-devices
  drill kill --rounds 20 --clients 12 --seed 2
  drill hang --rounds 5 --clients 24 --slow-devices
  drill rolling --rounds 3 --clients 12
  drill redis --clients 24
  drill move --rounds 1000 --clients 24
  drill load --rounds 10
else
  drill kill --rounds 2 --clients 12 --slow-devices
  drill hang --rounds 1 --clients 12 --slow-devices
  drill rolling --rounds 1 --clients 6
  drill redis --clients 9
  drill move --rounds 40 --clients 9
fi
[ $failed = 0 ] && echo "drills: passed" || echo "drills: FAILED, $failed of them"
exit $((failed > 0))
