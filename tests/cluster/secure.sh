#!/usr/bin/env bash
# The cluster profile behind locks: Redis with a password and TLS, mutual TLS between two silos and a gateway, API keys, Orleans' dashboard for operators,
# a trace that goes through the silos. What has a certificate of another authority stays outside.
# Exit 0: passed, 77: skipped with the reason printed, else failed. Properties may come from the environment, as for failover.sh.
set -uo pipefail
cd "$(dirname "$0")/../.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1

skip() { echo "secured cluster: skipped, $1"; exit 77; }
for tool in redis-server redis-cli curl openssl; do command -v $tool >/dev/null || skip "$tool is not installed"; done
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
fail() { echo "secured cluster: FAILED, $1"; for log in "$work"/*.log; do echo "--- $log"; tail -n 15 "$log"; done; exit 1; }

dotnet build src/Silo -c Release -p:GrainHost=Orleans >"$work/build.log" 2>&1 && dotnet build src/Gateway -c Release -p:GrainHost=Orleans >>"$work/build.log" 2>&1 || fail "it does not build"
bin=$PWD/artifacts/Orleans/bin

authority() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" -keyout "$work/$1.key" -out "$work/$1.pem" 2>>"$work/openssl.log"; }
certificate() { # name, authority
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -addext "subjectAltName=IP:127.0.0.1" -keyout "$work/$1.key" -out "$work/$1.csr" 2>>"$work/openssl.log"
  printf 'subjectAltName=IP:127.0.0.1' >"$work/san"
  openssl x509 -req -in "$work/$1.csr" -CA "$work/$2.pem" -CAkey "$work/$2.key" -CAcreateserial -days 2 -extfile "$work/san" -out "$work/$1.pem" 2>>"$work/openssl.log"
}
authority ours; authority theirs
certificate redis ours; certificate member ours; certificate stranger theirs

first=$((40000 + $$ % 2000 * 10))
redis=$first http=$((first + 1))
redis-server --port 0 --tls-port $redis --bind 127.0.0.1 --tls-cert-file "$work/redis.pem" --tls-key-file "$work/redis.key" --tls-ca-cert-file "$work/ours.pem" \
  --tls-auth-clients no --requirepass s3cret --save '' --appendonly no >"$work/redis.log" 2>&1 &
pids+=($!)
export Pharos__Redis=127.0.0.1:$redis Pharos__RedisTls=true Pharos__RedisPassword=s3cret Pharos__RedisAuthority=$work/ours.pem
export Pharos__Cluster__Id=secure-$$ Pharos__Cluster__KeyPrefix=locked/ Pharos__Cluster__Dashboard=true
export Pharos__Cluster__Tls__Authority=$work/ours.pem Pharos__Cluster__Tls__Certificate=$work/member.pem Pharos__Cluster__Tls__Key=$work/member.key
export Pharos__Workers=1 Pharos__DemoTools__Latency=none Pharos__FinishedRetention=00:00:20
hash_of() { printf %s "$1" | sha256sum | cut -d' ' -f1; }
export Pharos__ApiKeys__app__Hash=sha256:$(hash_of user-key) Pharos__ApiKeys__app__Tenant=acme
export Pharos__ApiKeys__ops__Hash=sha256:$(hash_of operator-key) Pharos__ApiKeys__ops__Role=operator
export Pharos__Tenants__acme__RequestsPerMinute=2
start_silo() { # name number
  Pharos__Cluster__SiloName=$1 Pharos__Cluster__SiloPort=$((first + 1 + $2)) Pharos__Cluster__GatewayPort=$((first + 4 + $2)) \
    dotnet "$bin/Silo/release/Pharos.Silo.dll" --urls "http://127.0.0.1:$((first + 7 + $2))" >"$work/$1.log" 2>&1 &
  pids+=($!)
  disown $!
}
start_silo alpha 1
start_silo beta 2
dotnet "$bin/Gateway/release/Pharos.Gateway.dll" --urls "http://127.0.0.1:$http" >"$work/gateway.log" 2>&1 &
pids+=($!)
disown $!
base=http://127.0.0.1:$http
as() { local key=$1; shift; curl -s --max-time 60 -H "Authorization: Bearer $key" "$@"; }
status() { local key=$1; shift; as "$key" -o /dev/null -w '%{http_code}' "$@"; }
workers() { as operator-key $base/admin/workers | grep -o '"state":"active"' | wc -l; }
until_true() { for _ in $(seq 1 "$1"); do eval "$2" && return 0; sleep 0.2; done; return 1; }
until_true 200 '[ "$(workers)" = 2 ]' || fail "two workers did not become active"
echo "two silos and a gateway speak over TLS, Redis too"

question='{"model":"spark","temperature":0,"pharos":{"run_tools":true},"messages":[{"role":"user","content":"What is 127*43+9?"}]}'
answer=$(as user-key $base/v1/chat/completions -H 'content-type: application/json' -d "$question")
echo "$answer" | grep -q 5470 || fail "the answer was: $answer"
[ "$(status user-key $base/v1/chat/completions -H 'content-type: application/json' -d "$question")" = 200 ] || fail "the second request was not served"
[ "$(status user-key $base/v1/chat/completions -H 'content-type: application/json' -d "$question")" = 429 ] || fail "the third request within a minute was not limited"
echo "a tool-calling answer came, and the tenant's limit holds"

[ "$(status nobody $base/v1/models)$(status user-key $base/admin/workers)$(status user-key $base/dashboard/)$(status nobody $base/dashboard/)" = 401403403401 ] || fail "a door is open"
[ "$(status operator-key $base/dashboard/)" = 200 ] || fail "the operator does not see the dashboard"
as operator-key $base/dashboard/ClusterStats | grep -q '{' || fail "the dashboard has nothing to show"
curl -s "http://127.0.0.1:$((first + 8))/metrics" | grep -q '^vllm:iteration_tokens_total_count' || fail "the silo shows no figures"

keys=$(REDISCLI_AUTH=s3cret redis-cli --tls --cacert "$work/ours.pem" -p $redis --scan 2>/dev/null)
[ "$keys" ] && ! echo "$keys" | grep -qv '^locked/secure-' || fail "keys in Redis without the prefix: $keys"
state=$(echo "$keys" | grep '/state/request/\|/state/.*request' | head -1)
[ "$state" ] && [ "$(REDISCLI_AUTH=s3cret redis-cli --tls --cacert "$work/ours.pem" -p $redis ttl "$state" 2>/dev/null)" -gt 0 ] || fail "the state of a request has no end in Redis: $state of $keys"
redis-cli -p $redis ping >"$work/plain.log" 2>&1 && grep -q PONG "$work/plain.log" && fail "Redis answers without TLS"
echo "every key in Redis has the prefix, and states of requests end by themselves"

Pharos__Cluster__Tls__Certificate=$work/stranger.pem Pharos__Cluster__Tls__Key=$work/stranger.key start_silo stranger 3
sleep 15
grep -q '"id":"spark/stranger' <<<"$(as operator-key $base/admin/workers)" && fail "a silo of another authority came in"
[ "$(workers)" = 2 ] || fail "the stranger disturbed the others"
[ "$(status operator-key $base/v1/chat/completions -H 'content-type: application/json' -d "$question")" = 200 ] || fail "with a stranger at the door nothing is served"
echo "a silo whose certificate another authority signed stays outside"
echo "secured cluster: passed"
