#!/usr/bin/env bash
# The cluster profile for real: Redis, two silo processes, a gateway as an external client. A tool call is resumed after its silo was
# killed, and a stream lives through the loss of the silo that was generating it.
# Exit 0: passed, 77: skipped with the reason printed, else failed.
export Pharos__DemoTools__Latency=fixed:2 Pharos__Policy__Pause=preserve
source "$(dirname "$0")/common.sh"

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
