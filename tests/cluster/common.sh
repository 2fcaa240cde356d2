# A cluster for real, to be sourced by the scripts beside this one: Redis, two silo processes (alpha, beta), a gateway as an external client.
# Extra MSBuild properties may come from the environment (OrleansVersion, RestoreAdditionalProjectSources), as with any MSBuild property.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1

skip() { echo "cluster profile: skipped, $1"; exit 77; }
command -v redis-server >/dev/null || skip "redis-server is not installed"
command -v curl >/dev/null || skip "curl is not installed"
work=$(mktemp -d)
dotnet restore src/Gateway -p:GrainHost=Orleans >"$work/restore.log" 2>&1 && dotnet restore src/Silo -p:GrainHost=Orleans >>"$work/restore.log" 2>&1 \
  || skip "its packages do not restore here ($(grep -oE 'error NU[0-9]+: [^.]*' "$work/restore.log" | head -1))"

pids=()
stop() {
  for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null; done
  wait 2>/dev/null
  [ "${KEEP_LOGS:-}" ] && echo "logs: $work" || rm -rf "$work"
}
trap stop EXIT
fail() { echo "cluster profile: FAILED, $1"; for log in "$work"/*.log; do echo "--- $log"; tail -n 15 "$log"; done; exit 1; }

dotnet build src/Silo -c Release -p:GrainHost=Orleans >"$work/build.log" 2>&1 && dotnet build src/Gateway -c Release -p:GrainHost=Orleans >>"$work/build.log" 2>&1 || fail "it does not build"
bin=$PWD/artifacts/Orleans/bin

first=$((20000 + $$ % 2000 * 10)) # ten ports of its own, so that two runs do not meet
redis=$first http=$((first + 1))
redis-server --port $redis --bind 127.0.0.1 --save '' --appendonly no >"$work/redis.log" 2>&1 &
pids+=($!)
export Pharos__Redis=127.0.0.1:$redis Pharos__Cluster__Id=cluster-$$ Pharos__Workers=1
declare -A silo
start_silo() { # name number
  Pharos__Cluster__SiloName=$1 Pharos__Cluster__SiloPort=$((first + 1 + $2)) Pharos__Cluster__GatewayPort=$((first + 3 + $2)) \
    dotnet "$bin/Silo/release/Pharos.Silo.dll" --urls "http://127.0.0.1:$((first + 5 + $2))" >"$work/$1.log" 2>&1 &
  silo[$1]=$!
  disown $!
  pids+=($!)
}
start_silo alpha 1
start_silo beta 2
dotnet "$bin/Gateway/release/Pharos.Gateway.dll" --urls "http://127.0.0.1:$http" >"$work/gateway.log" 2>&1 &
pids+=($!)
base=http://127.0.0.1:$http

workers() { curl -s --max-time 5 $base/admin/workers | grep -o '"state":"active"' | wc -l; }
until_true() { for _ in $(seq 1 "$1"); do eval "$2" && return 0; sleep 0.2; done; return 1; }
until_true 150 '[ "$(workers)" = 2 ]' || fail "two workers did not become active"
echo "two silos and a gateway are up"

ask() { curl -s --max-time 60 $base/v1/chat/completions -H 'content-type: application/json' -d "$1"; }
first() { grep -o "\"$1\":\"[^\"]*\"" | head -1 | cut -d'"' -f4; }
question='{"role":"user","content":"What is 127*43+9?"}'
tools='[{"type":"function","function":{"name":"calculator","description":"computes","parameters":{"type":"object","properties":{"expression":{"type":"string"}}}}}]'
worker_of() { curl -s --max-time 5 "$base/admin/requests/$1" | first worker; }
