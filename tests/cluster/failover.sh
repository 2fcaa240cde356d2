#!/usr/bin/env bash
# The cluster profile for real: Redis, two silo processes, a gateway as an external client. A tool call is resumed after its silo was
# killed, and a stream lives through the loss of the silo that was generating it.
# Exit 0: passed, 77: skipped with the reason printed, else failed. Extra MSBuild properties may come from the environment
# (OrleansVersion, RestoreAdditionalProjectSources), as with any MSBuild property.
set -uo pipefail
cd "$(dirname "$0")/../.."
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
export Pharos__Redis=127.0.0.1:$redis Pharos__Cluster__Id=failover-$$ Pharos__Workers=1 Pharos__DemoTools__Latency=fixed:2 Pharos__Policy__Pause=preserve
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

# 1. Client-side tool: park, kill the silo that holds the cache, resume.
parked=$(ask "{\"model\":\"spark\",\"temperature\":0,\"messages\":[$question],\"tools\":$tools}")
echo "$parked" | grep -q '"finish_reason":"tool_calls"' || fail "no tool call: $parked"
call=$(echo "$parked" | grep -o '"id":"call_[^"]*"' | head -1 | cut -d'"' -f4)
arguments=$(echo "$parked" | grep -o '"arguments":"\(\\.\|[^"\\]\)*"' | head -1)
request=$(echo "$call" | cut -d_ -f2)
victim=$(worker_of "$request" | cut -d/ -f2)
[ "$victim" ] || fail "the parked request has no worker"
kill -9 "${silo[$victim]}"
began=$(date +%s%N)
answer=$(ask "{\"model\":\"spark\",\"temperature\":0,\"tools\":$tools,\"messages\":[$question,{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"$call\",\"type\":\"function\",\"function\":{\"name\":\"calculator\",$arguments}}]},{\"role\":\"tool\",\"tool_call_id\":\"$call\",\"content\":\"5470\"}]}")
echo "$answer" | grep -q '5470' || fail "the resumed answer is not what was expected: $answer"
echo "killed $victim while $request was parked there; resumed in $((($(date +%s%N) - began) / 1000000)) ms: $(echo "$answer" | first content)"

# 2. Server-side tool: the silo dies while the tool runs, the stream goes on.
number=$([ "$victim" = alpha ] && echo 1 || echo 2)
start_silo "$victim" $number
# By its own word: for a moment the pool still counts the worker that died, and a silo that is about to join needs all others alive.
until_true 150 'curl -sf --max-time 5 "http://127.0.0.1:$((first + 5 + number))/health" >"$work/health"' || fail "the killed silo did not come back"
until_true 150 '[ "$(workers)" = 2 ]' || fail "the killed silo did not come back"
curl -sN --max-time 60 $base/v1/chat/completions -H 'content-type: application/json' \
  -d "{\"model\":\"spark\",\"temperature\":0,\"stream\":true,\"pharos\":{\"run_tools\":true},\"messages\":[$question]}" >"$work/stream.log" &
stream=$!
until_true 100 'grep -q pharos.tool_call "$work/stream.log"' || fail "the stream has no tool call"
request=$(grep -o 'call_[^"]*' "$work/stream.log" | head -1 | cut -d_ -f2)
victim=$(worker_of "$request" | cut -d/ -f2)
kill -9 "${silo[$victim]}"
began=$(date +%s%N)
wait $stream
text=$(grep -o '"content":"[^"]*"' "$work/stream.log" | cut -d'"' -f4 | tr -d '\n')
[ "$text" = "127*43+9 is 5470." ] || fail "the stream said: $text"
grep -q '\[DONE\]' "$work/stream.log" || fail "the stream was cut"
echo "killed $victim in the middle of a stream; it went on and ended $((($(date +%s%N) - began) / 1000000)) ms later: $text"
echo "cluster profile: passed"
