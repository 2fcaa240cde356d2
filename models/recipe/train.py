"""Trains an embedded model on the CPU.

    OMP_NUM_THREADS=1 python3 train.py --minutes 60 --out spark.pt [--init ../spark/model.safetensors]

Data-parallel over single-threaded processes: each draws its own chats, the gradients are summed in shared memory, and each
process updates its share of the (shared) weights; on two cores this beats threads inside every operation."""
import argparse
import collections
import math
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

import toolchat as tc
from evaluate import report
from llama import MODELS, Model, read_state


# -------------------------------------------------------------------- data
def pad_batch(chats):
    T = max(len(i) for i, _ in chats) - 1
    x = torch.full((len(chats), T), tc.PAD)
    y = torch.full((len(chats), T), -1)
    for r, (ids, mask) in enumerate(chats):
        t = torch.tensor(ids)
        n = len(ids) - 1
        x[r, :n] = t[:-1]
        y[r, :n] = torch.where(torch.tensor(mask[1:]) > 0, t[1:], torch.tensor(-1))
    return x, y


def draw(gen, tokens, p):
    """About so many tokens of chats; longer conversations come in after the start."""
    chats, n = [], 0
    while n < tokens:
        chats.append(gen.chat(960, min(.3, .1 + p)))
        n += len(chats[-1][0])
    return chats


def micro_batches(chats, tokens):
    """Sorted by length and cut to about the same number of tokens: little padding, good cache use."""
    out, cur = [], []
    for c in sorted(chats, key=lambda c: len(c[0])):
        if cur and (len(cur) + 1) * len(c[0]) > tokens:
            out.append(cur); cur = []
        cur.append(c)
    return out + [cur]


# --------------------------------------------------------------- optimizer
class Muon(torch.optim.Optimizer):
    """Momentum with orthogonalized updates (quintic Newton-Schulz iteration) for the hidden matrices.
    A parameter may hold several matrices one above the other (p.block rows each)."""
    def __init__(self, params, lr, momentum=.95, weight_decay=.01):
        super().__init__([dict(params=list(params))], dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for g in self.param_groups:
            shapes = collections.defaultdict(list)          # same-shaped matrices are orthogonalized in one batch
            for p in g["params"]:
                buf = self.state[p].setdefault("m", torch.zeros_like(p))
                buf.lerp_(p.grad, 1 - g["momentum"])
                u = p.grad.lerp(buf, g["momentum"])
                p.mul_(1 - g["lr"] * g["weight_decay"])
                for w, v in zip(p.split(p.block), u.split(p.block)):
                    shapes[v.shape].append((w, v))
            for (r, c), ms in shapes.items():
                x = torch.stack([v for _, v in ms])
                x = x.transpose(1, 2) if r > c else x
                x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
                for _ in range(5):
                    y = x @ x.transpose(1, 2)
                    x = 3.4445 * x + (-4.7750 * y + 2.0315 * (y @ y)) @ x
                x = x.transpose(1, 2) if r > c else x
                for (w, _), v in zip(ms, x):
                    w.sub_(v * (g["lr"] * max(1, r / c) ** .5))


def optimizers(m, a, rank):
    """This process's share: Muon for every workers-th block, AdamW for the embedding and the norms in the last process."""
    hidden, rest = [], []
    for i, b in enumerate(m.blocks):
        b.qkv.weight.block = b.o.weight.block = b.down.weight.block = m.c["hidden"]
        b.gate_up.weight.block = m.c["ffn"]
        if i % a.workers == rank:
            hidden += [p for p in b.parameters() if p.ndim == 2]
    if rank == a.workers - 1:
        rest = [m.embed] + [p for p in m.parameters() if p.ndim == 1]
    opts = [Muon(hidden, lr=a.muon_lr)] + ([torch.optim.AdamW(rest, lr=a.lr, betas=(.9, .98), eps=1e-9, weight_decay=0.)] if rest else [])
    for o in opts:
        for g in o.param_groups:
            g["peak"] = g["lr"]
    return opts


# ---------------------------------------------------------------- training
def train(a):
    torch.manual_seed(a.seed)
    m = Model(MODELS[a.model])
    if a.init:
        m.start_from(read_state(a.init))
    m.share_memory()
    size = sum(p.numel() for p in m.parameters())
    print(size, "parameters,", tc.VOCAB, "tokens", flush=True)
    shared = dict(grads=torch.zeros(a.workers, size).share_memory_(), counts=torch.zeros(a.workers).share_memory_(), seen=torch.zeros(a.workers, dtype=torch.double).share_memory_(),
                  losses=torch.zeros(a.workers, m.c["layers"] + 1).share_memory_(), progress=torch.zeros(1, dtype=torch.double).share_memory_())
    fork = torch.multiprocessing.get_context("fork")
    barrier = fork.Barrier(a.workers)
    others = [fork.Process(target=worker, args=(r, a, m, shared, barrier), daemon=True) for r in range(1, a.workers)]
    for o in others:
        o.start()
    worker(0, a, m, shared, barrier)
    for o in others:
        o.join()


def worker(rank, a, m, shared, barrier):
    torch.set_num_threads(1)
    exit_loss, params, opts = m.c["exit_loss"], list(m.parameters()), optimizers(m, a, rank)
    gen = tc.Generator(f"{a.seed}.{rank}")
    start, step, smooth = time.time(), 0, None
    average = {k: v.clone() for k, v in m.state_dict().items()}         # of the weights, for the checkpoints on the way
    while True:
        elapsed = time.time() - start
        if rank == 0:
            shared["progress"][0] = a.start + (1 - a.start) * elapsed / (a.minutes * 60)
        barrier.wait()
        p = float(shared["progress"][0])
        if p >= 1:
            break
        lr = min(1, (step + 1) / a.warmup) * (.01 + .99 * (.5 + .5 * math.cos(math.pi * p)))
        chats = draw(gen, a.tokens / a.workers, p)
        shared["counts"][rank] = sum(sum(k[1:]) for _, k in chats)
        losses = torch.zeros(m.c["layers"] + 1)
        for mb in micro_batches(chats, a.micro):
            x, y = pad_batch(mb)
            sel = (y >= 0).flatten().nonzero().squeeze(1)
            t = y.flatten()[sel]
            loss = 0
            for i, h in enumerate(m.hidden(x), 1):
                if i in exit_loss:
                    l = F.cross_entropy(m.head(h.flatten(0, 1)[sel]), t, reduction="sum")
                    losses[i] += l.item()
                    loss = loss + exit_loss[i] * l
            loss.backward()
            shared["seen"][rank] += x.numel()
        torch.cat([q.grad.flatten() for q in params], out=shared["grads"][rank])
        shared["losses"][rank] = losses
        barrier.wait()
        n = shared["counts"].sum()
        total = shared["grads"].sum(0) / n
        total *= min(1., 1. / (float(total.norm()) + 1e-6))
        now = shared["losses"].sum(0) / n
        for q, g in zip(params, total.split([q.numel() for q in params])):
            q.grad = g.view_as(q)
        barrier.wait()
        for o in opts:
            for g in o.param_groups:
                g["lr"] = g["peak"] * lr
            o.step()
        for q in params:
            q.grad = None
        step += 1
        if rank:
            continue
        smooth = now if smooth is None else .95 * smooth + .05 * now
        if step % 50 == 0 or step == 1:
            seen = float(shared["seen"].sum())
            print(f"step {step} {elapsed/60:.1f} min lr x{lr:.3f} loss " + " ".join(f"L{i} {smooth[i]:.4f}" for i in exit_loss) + f" {seen/(time.time()-start):.0f} tok/s", flush=True)
        if step % 5 == 0:
            for k, v in m.state_dict().items():
                average[k].lerp_(v, .02 if step > 500 else .1)
        if step % 100 == 0:
            torch.save(average, a.out + ".average")
            torch.save(m.state_dict(), a.out)
    if rank == 0:
        torch.save(m.state_dict(), a.out)
        print(f"trained {step} steps, {float(shared['seen'].sum()):.0f} tokens, {(time.time()-start)/60:.1f} min", flush=True)
        if a.report:
            report(m, a.report)


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--init", help="a checkpoint or model.safetensors to start from; may have fewer layers and tokens")
    ap.add_argument("--model", choices=[*MODELS], default="spark")
    ap.add_argument("--out", default="spark.pt")
    ap.add_argument("--minutes", type=float, default=60)
    ap.add_argument("--tokens", type=int, default=5000, help="per step, over all processes")
    ap.add_argument("--micro", type=int, default=1536, help="tokens per forward and backward pass")
    ap.add_argument("--muon-lr", type=float, default=.015)
    ap.add_argument("--lr", type=float, default=2e-3, help="of AdamW, for the embedding and the norms")
    ap.add_argument("--warmup", type=int, default=50)
    ap.add_argument("--start", type=float, default=0., help="where in the schedule to start, 0 to 1 (to go on with a run)")
    ap.add_argument("--workers", type=int, default=2)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--report", type=int, default=0, help="prompts per task of an evaluation at the end")
    train(ap.parse_args())
