"""Measures a checkpoint: task tables, early exits, and free-running requests with simulated tools.

    OMP_NUM_THREADS=1 python3 evaluate.py ../spark/model.safetensors [--n 100] [--free 12] [--part tasks|exits|free|all]"""
import argparse
import collections
import json

import torch
import torch.nn.functional as F

import toolchat as tc
from llama import MAX_POSITIONS, load

SPLITS = ("values", "phrases")


# ------------------------------------------------------------ what is asked
def cases(split, per_task, seed=7):
    """[(name, (examples, system message))]; what counts is the last request of each.
    Every task alone, then follow-ups, later requests of a conversation, system messages, and two-number arithmetic."""
    g = tc.Generator(seed, split)
    items = [(e.task, ([e], None)) for t, _ in g.WEIGHTS for e in (g.example(t) for _ in range(per_task))]
    single = len(items)
    g = tc.Generator(seed + 1, split)
    items += [("follow-up", (g.followup(), None)) for _ in range(per_task)]
    items += [("2nd request of a chat", ([g.example(), g.example()], None)) for _ in range(per_task)]
    for name, lo, hi in (("late request, <600", 300, 600), ("late request, <1000", 600, 1000)):
        n = 0
        while n < per_task // 2:
            exs = [g.example()]
            while len(tc.tokens(tc.render(exs))) < lo:
                exs.append(g.example())
            if len(tc.tokens(tc.render(exs))) < hi:
                items.append((name, (exs, None))); n += 1
    items += [("with system message", ([g.example()], g.system(share=1))) for _ in range(per_task)]
    items += [("two numbers, 4 digits", ([g.two_numbers()], None)) for _ in range(5 * per_task)]
    return items, single


def segments(examples, system=None):
    """Token ids and for each token of the last request 0 (not trained), 1 (tool call) or -1 (final answer)."""
    ids, seg = [], []
    for k, ex in enumerate(examples):
        last = k == len(examples) - 1
        for text, train_it in tc.pieces([ex], system if k == 0 else None) + ([] if last else [("\n", False)]):
            t = tc.tokens(text)
            ids += t
            seg += [0 if not train_it or not last else 1 if text.startswith("<tool_call>") else -1] * len(t)
    return ids, seg


def padded(rows):
    x = torch.full((len(rows), max(map(len, rows))), tc.PAD)
    for r, ids in enumerate(rows):
        x[r, :len(ids)] = torch.tensor(ids)
    return x


def layers_of(m):
    return m.c["exits"] + [m.c["layers"]]


@torch.no_grad()
def teacher_forced(m, items):
    """Greedy decoding is exact if and only if every arg max is right under teacher forcing.
    Returns for each (examples, system) {layer: (all calls of the last request exact, its answer exact)}."""
    enc = [segments(*it) for it in items]
    order = sorted(range(len(items)), key=lambda i: len(enc[i][0]))
    res = [{} for _ in items]
    for at in range(0, len(order), 16):
        idx = order[at:at + 16]
        x = padded([enc[i][0] for i in idx])
        for layer, h in enumerate(m.hidden(x[:, :-1]), 1):
            if layer in layers_of(m):
                ok = m.head(h).argmax(-1) == x[:, 1:]
                for r, i in enumerate(idx):
                    s = torch.tensor(enc[i][1][1:])
                    o = ok[r, :len(s)]
                    res[i][layer] = (bool(o[s > 0].all()), bool(o[s < 0].all()))
    return res


def report(m, per_task, splits=SPLITS):
    layers = layers_of(m)
    for split in splits:
        items, single = cases(split, per_task)
        rows = collections.OrderedDict()
        for k, ((name, (exs, _)), r) in enumerate(zip(items, teacher_forced(m, [it for _, it in items]))):
            for key in ([name, "ALL single requests"] if k < single else [name]):
                rows.setdefault(key, []).append((bool(exs[-1].steps), r))
        rows.move_to_end("ALL single requests")
        print(f"== {split}: exact tool calls % | exact final answer %, at exit layers {layers}")
        for task, rs in rows.items():
            calls = [100 * sum(r[l][0] for t, r in rs if t) / max(1, sum(t for t, _ in rs)) for l in layers]
            ans = [100 * sum(r[l][1] for _, r in rs) / len(rs) for l in layers]
            has = any(t for t, _ in rs)
            print(f"  {task:22s} n={len(rs):4d}  calls " + (" ".join(f"{v:5.1f}" for v in calls) if has else " ".join(["    -"] * len(layers)))
                  + "  answers " + " ".join(f"{v:5.1f}" for v in ans), flush=True)


# ------------------------------------------------- free-running generation
@torch.no_grad()
def generate(m, prompt, limit=320, upto=None, threshold=None, stats=None):
    """Greedy decoding with a KV cache.
    upto: always stop at that layer.  threshold: leave at the first exit layer whose top probability
    reaches it; the keys and values of the skipped layers are then computed from the hidden state of the
    exit layer (hidden-state propagation), so later tokens still see a full cache."""
    L = m.c["layers"]
    upto = upto or L
    caches = [{} for _ in range(L)]
    lg = m.head(m.hidden(torch.tensor([prompt]), upto, caches)[-1][:, -1])
    out = []
    while True:
        t = int(lg.argmax())
        out.append(t)
        pos = len(prompt) + len(out) - 1
        if t in (tc.IM_END, tc.EOT) or len(out) >= limit or pos >= MAX_POSITIONS - 1:
            return out
        if threshold is None:
            lg = m.head(m.hidden(torch.tensor([[t]]), upto, caches)[-1][:, -1])
            continue
        x = F.embedding(torch.tensor([[t]]), m.embed)
        cos, sin, mask = m.cos[pos:pos + 1], m.sin[pos:pos + 1], m.masks[pos:pos + 1, :pos + 1]
        left = None
        for i, b in enumerate(m.blocks):
            if left is not None:
                b.propagate(x, cos, sin, caches[i])
                continue
            x = b(x, cos, sin, mask, caches[i])
            if i + 1 in layers_of(m):
                lg = m.head(x[:, -1])
                if i + 1 == L or float(lg.softmax(-1).max()) >= threshold:
                    left = i + 1
        if stats is not None:
            stats[left] += 1


def serve(m, ex, **kw):
    """Runs a whole request with simulated tools.  Returns (#calls with valid JSON, #calls, calls exact, answer exact)."""
    ids = tc.tokens("<|im_start|>user\n" + ex.user + "<|im_end|>\n" + tc.ASSIST)
    valid = calls = 0
    for call, result in ex.steps:
        out = generate(m, ids, **kw)
        text = tc.detokenize(out)
        calls += 1
        try:
            got = json.loads(text.split("<tool_call>")[1].split("</tool_call>")[0])
            valid += isinstance(got["arguments"], dict) and isinstance(got["name"], str)
        except (ValueError, IndexError, KeyError, TypeError):
            return valid, calls, False, False
        if got != call:
            return valid, calls, False, False
        ids = ids + out + tc.tokens("\n" + tc.tool_turn(result) + tc.ASSIST)
    text = tc.detokenize(generate(m, ids, **kw))
    return valid, calls, "<tool_call>" not in text, text == ex.answer + "<|im_end|>"


def free_running(m, per_task, splits=SPLITS, **kw):
    stats = collections.Counter()
    for split in splits:
        g = tc.Generator(11, split)
        rows, valid, calls = collections.OrderedDict(), 0, 0
        for ex in [g.example(t) for t, _ in g.WEIGHTS for _ in range(per_task)]:
            v, c, ok, ans = serve(m, ex, stats=stats if "threshold" in kw else None, **kw)
            valid += v; calls += c
            for key in (ex.task, "ALL"):
                rows.setdefault(key, []).append((bool(ex.steps), ok, ans))
        rows.move_to_end("ALL")
        print(f"== free running, {split} {kw or ''}: {valid}/{calls} calls valid JSON" + (f"; layers used {dict(sorted(stats.items()))}" if stats else ""))
        for task, rs in rows.items():
            if not kw or task == "ALL":
                t = [ok for has, ok, _ in rs if has]
                print(f"  {task:20s} n={len(rs):4d}  calls " + (f"{100*sum(t)/len(t):5.1f}" if t else "    -") + f"  answers {100*sum(x for _, _, x in rs)/len(rs):5.1f}", flush=True)


# -------------------------------------------------------------- early exits
@torch.no_grad()
def exit_quality(m, per_task=40, split="values"):
    """Per exit layer, over the assistant tokens of held-out chats: agreement with the full model, calibration
    of the top probability, and what a confidence threshold buys (the caches being complete)."""
    layers = layers_of(m)
    conf, hit, agree = ({l: [] for l in layers} for _ in range(3))
    g = tc.Generator(13, split)
    chats = sorted((tc.encode([g.example(t)]) for t, _ in g.WEIGHTS for _ in range(per_task)), key=lambda c: len(c[0]))
    for at in range(0, len(chats), 16):
        x, mask = padded([i for i, _ in chats[at:at + 16]]), padded([[int(v) for v in k] for _, k in chats[at:at + 16]])
        sel = (mask[:, 1:] == 1).flatten().nonzero().squeeze(1)
        t = x[:, 1:].flatten()[sel]
        hs = m.hidden(x[:, :-1])
        p = {l: m.head(hs[l - 1].flatten(0, 1)[sel]).softmax(-1).max(-1) for l in layers}
        for l in layers:
            conf[l].append(p[l].values); hit[l].append(p[l].indices == t); agree[l].append(p[l].indices == p[layers[-1]].indices)
    print(f"== exits, {split}: per token")
    for l in layers:
        c, h, a = conf[l], hit[l], agree[l] = torch.cat(conf[l]), torch.cat(hit[l]).float(), torch.cat(agree[l]).float()
        ece = 0.
        for b in range(15):
            s = (c > b / 15) & (c <= (b + 1) / 15)
            if s.any():
                ece += float(s.float().mean() * (c[s].mean() - h[s].mean()).abs())
        print(f"  layer {l}: tokens {len(c)}  right {100*h.mean():.2f} %  agrees with full {100*a.mean():.2f} %  mean confidence {c.mean():.4f}  ECE {ece:.4f}")
        if l != layers[-1]:
            for th in (.5, .7, .8, .9, .95, .99, .999):
                s = c >= th
                print(f"      confidence >= {th:<5}: {100*s.float().mean():5.1f} % of tokens leave, of these agree {100*a[s].mean():.3f} %")
    for th in (.8, .9, .95, .98, .99, .995):
        used, bad, left = 0., 0, torch.zeros(len(conf[layers[0]]), dtype=torch.bool)
        for l in layers:
            s = ~left if l == layers[-1] else ~left & (conf[l] >= th)
            used += l * int(s.sum()); bad += int((agree[l][s] == 0).sum()); left |= s
        print(f"  threshold {th:<5}: mean layers {used/len(left):.2f} of {layers[-1]}, tokens that differ from the full model {100*bad/len(left):.3f} %", flush=True)


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("checkpoint", help="a training checkpoint or model.safetensors")
    ap.add_argument("--n", type=int, default=100, help="prompts per task")
    ap.add_argument("--free", type=int, default=12, help="free-running requests per task")
    ap.add_argument("--part", default="all", choices=["all", "tasks", "exits", "free"])
    a = ap.parse_args()
    torch.set_num_threads(1)
    model = load(a.checkpoint)
    if a.part in ("all", "tasks"):
        report(model, a.n)
    if a.part in ("all", "exits"):
        exit_quality(model, a.n)
    if a.part in ("all", "free"):
        free_running(model, a.free)
        for l in model.c["exits"]:
            free_running(model, max(1, a.free // 2), ("values",), upto=l)
        for th in (.9, .99):
            free_running(model, max(1, a.free // 2), ("values",), threshold=th)
