#!/usr/bin/env bash
# Migration between two silo processes: a parked request of about 900 tokens moves to and fro with its cache, is resumed from it, and a stream that
# moves in mid-answer says the same text. Prints how long the moves took, by the silos' own logs.
# Exit 0: passed, 77: skipped with the reason printed, else failed.
export Pharos__DemoTools__Latency=none Pharos__Policy__Pause=preserve Pharos__Policy__Route=cache-owner Pharos__Migration__Automatic=false
source "$(dirname "$0")/common.sh"

migrations() { curl -s --max-time 5 "$base/admin/requests/$1" | grep -o '"migrations":[0-9]*' | tail -1 | cut -d: -f2; }
move() { # request: to the other worker, and waits until it is there
  local before; before=$(migrations "$1")
  curl -s --max-time 10 -X POST "$base/admin/requests/$1/migrate" | grep -q '"started":true' || return 1
  until_true 50 "[ \"\$(migrations $1)\" -gt $before ]"
}

# 1. Parked: a long conversation, the model calls a tool, its cache moves ten times, the result brings the answer.
talk=""
for i in $(seq 1 33); do
  talk="$talk{\"role\":\"user\",\"content\":\"What is the weather in Oslo?\"},{\"role\":\"assistant\",\"content\":\"It rains.\"},"
done
body="\"model\":\"spark\",\"temperature\":0,\"tools\":$tools"
parked=$(ask "{$body,\"messages\":[$talk$question]}")
echo "$parked" | grep -q '"finish_reason":"tool_calls"' || fail "no tool call: $parked"
tokens=$(echo "$parked" | grep -o '"total_tokens":[0-9]*' | cut -d: -f2)
call=$(echo "$parked" | grep -o '"id":"call_[^"]*"' | head -1 | cut -d'"' -f4)
arguments=$(echo "$parked" | grep -o '"arguments":"\(\\.\|[^"\\]\)*"' | head -1)
request=$(echo "$call" | cut -d_ -f2)
for i in $(seq 1 11); do move "$request" || fail "move $i of the parked request did not happen: $(curl -s "$base/admin/requests/$request")"; done
answer=$(ask "{$body,\"messages\":[$talk$question,{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"$call\",\"type\":\"function\",\"function\":{\"name\":\"calculator\",$arguments}}]},{\"role\":\"tool\",\"tool_call_id\":\"$call\",\"content\":\"5470\"}]}")
cached=$(echo "$answer" | grep -o '"cached_tokens":[0-9]*' | cut -d: -f2)
[ "${cached:-0}" -ge $((tokens - 2)) ] || fail "only $cached of $tokens tokens were cached after the moves: $answer"
times() { grep -ho "with [0-9]* tokens of cache in [0-9.]* ms; it stood for [0-9.]* ms" "$work"/alpha.log "$work"/beta.log; }
echo "parked request of $tokens tokens: milliseconds of each move, sorted: $(times | awk '{print $7}' | sort -n | tr '\n' ' ')"

# 2. Running: the same answer, with moves in the middle of it and without, 900 tokens each time. The model may not end: its end tokens are biased away.
count='{"role":"user","content":"count to 15"}'
stream() { curl -sN --max-time 60 $base/v1/chat/completions -H 'content-type: application/json' -d "{\"model\":\"spark\",\"temperature\":2,\"seed\":5,\"max_tokens\":900,\"logit_bias\":{\"256\":-100,\"258\":-100},\"stream\":true,\"stream_options\":{\"include_usage\":true},\"messages\":[$count]}"; }
said() { grep -oE '"content":"(\\.|[^"\\])*"' | sed -E 's/^"content":"//; s/"$//' | tr -d '\n'; }
expected=$(stream | said)
moved=0
for i in $(seq 1 10); do
  stream >"$work/stream.log" &
  reader=$!
  until_true 100 'grep -q chatcmpl "$work/stream.log"' || fail "no stream began"
  request=$(first id <"$work/stream.log")
  curl -s --max-time 10 -X POST "$base/admin/requests/$request/migrate" >/dev/null
  wait $reader
  grep -q '"completion_tokens":900' "$work/stream.log" || fail "a stream did not say that it has 900 tokens"
  [ "$(said <"$work/stream.log")" = "$expected" ] || fail "a stream said $(said <"$work/stream.log") instead of $expected"
  moved=$((moved + $(migrations "$request")))
done
[ $moved -gt 0 ] || fail "no stream was moved while it ran"
echo "10 streams said the same text; $moved of them moved while they ran"
echo "migration between silos: passed"
