"""Trains an embedded model on one GPU, in minutes.

    python3 train_gpu.py --model flame --minutes 4 --out flame.pt

Processes write chats for some seconds first; all of them then lie on the GPU. A whole step (choosing chats, forward, backward, both
optimizers) is one CUDA graph, since the kernels of a model this small are shorter than their launches. Weights and optimizers are
float32, products bfloat16. With --device cpu the same steps run without a graph: slow, to try it."""
import argparse
import array
import math
import multiprocessing
import os
import tempfile
import time

import numpy as np
import torch
import torch.nn.functional as F

import toolchat as tc
from llama import MODELS, Model, read_state
from train import Muon

LENGTHS = (192, 384, 960)                          # chats are padded to the least of these: one shape of batch each
TARGET = -0x8000                                   # the sign bit of a stored token: it counts in the loss


# -------------------------------------------------------------------- data
def write_chats(seed, seconds, folder):
    """Rows of 16-bit tokens, as many chats as the time allows, a file for each length."""
    gen, end = tc.Generator(seed), time.time() + seconds
    rows = [array.array("h") for _ in LENGTHS]
    while time.time() < end:
        ids, mask = gen.chat(LENGTHS[-1] + 1, .3)
        k = next(i for i, n in enumerate(LENGTHS) if len(ids) <= n + 1)
        rows[k].extend([t | TARGET if m else t for t, m in zip(ids, mask)])
        rows[k].extend([tc.PAD] * (LENGTHS[k] + 1 - len(ids)))
    for n, r in zip(LENGTHS, rows):
        np.frombuffer(r, np.int16).tofile(os.path.join(folder, f"{seed}.{n}"))


def chats(a):
    """[rows, length + 1] for each length."""
    with tempfile.TemporaryDirectory() as folder:
        fork = multiprocessing.get_context("fork")
        writers = [fork.Process(target=write_chats, args=(f"{a.seed}.{w}", a.generate, folder)) for w in range(a.workers)]
        for w in writers:
            w.start()
        for w in writers:
            w.join()
        return [torch.from_numpy(np.concatenate([np.fromfile(os.path.join(folder, f"{a.seed}.{w}.{n}"), np.int16) for w in range(a.workers)])).view(-1, n + 1)
                for n in LENGTHS]


# -------------------------------------------------------------------- step
class Step:
    """One optimizer step; every tensor it reads or writes stays where it is, so that it can be recorded once and replayed."""
    def __init__(self, a, m, data, device):
        self.m, self.data, self.device = m, data, device
        rows, padded = [len(d) for d in data], sum(len(d) * n for d, n in zip(data, LENGTHS))
        self.rows = [max(1, round(a.tokens * r / padded)) if r else 0 for r in rows]           # each length in its natural share
        self.params = list(m.parameters())
        hidden = [p for b in m.blocks for p in b.parameters() if p.ndim == 2]
        for b in m.blocks:
            b.qkv.weight.block = b.o.weight.block = b.down.weight.block = m.c["hidden"]
            b.gate_up.weight.block = m.c["ffn"]
        rest = [m.embed] + [p for p in self.params if p.ndim == 1]
        cuda = device == "cuda"
        rate = lambda r: torch.tensor(r, device=device) if cuda else r
        self.opts = [Muon(hidden, lr=rate(a.muon_lr)), torch.optim.AdamW(rest, lr=rate(a.lr), betas=(.9, .98), eps=1e-9, weight_decay=0., capturable=cuda)]
        self.peaks = [a.muon_lr, a.lr]
        self.losses = torch.zeros(m.c["layers"] + 1, device=device)
        for p in self.params:
            p.grad = torch.zeros_like(p)

    def set_rate(self, share):
        for o, peak in zip(self.opts, self.peaks):
            g = o.param_groups[0]
            if torch.is_tensor(g["lr"]):
                g["lr"].fill_(peak * share)
            else:
                g["lr"] = peak * share

    def run(self):
        for p in self.params:
            p.grad.zero_()
        batches = []
        for d, n in zip(self.data, self.rows):
            if n:
                r = d[torch.randint(len(d), (n,), device=self.device)].long()
                batches.append((r[:, :-1] & 0x7fff, torch.where(r[:, 1:] < 0, r[:, 1:] & 0x7fff, -1)))
        count = sum((y >= 0).sum() for _, y in batches)
        self.losses.zero_()
        for x, y in batches:
            with torch.autocast(self.device, torch.bfloat16, enabled=self.device == "cuda", cache_enabled=False):
                hs = self.m.hidden(x)
            loss = 0
            for i, w in self.m.c["exit_loss"].items():
                l = F.cross_entropy(self.m.head(hs[i - 1].float()).flatten(0, 1), y.flatten(), ignore_index=-1, reduction="sum") / count
                self.losses[i] += l.detach()
                loss = loss + w * l
            loss.backward()
        norm = torch.stack([p.grad.norm() for p in self.params]).norm()
        for p in self.params:
            p.grad.mul_((1 / (norm + 1e-6)).clamp(max=1))
        for o in self.opts:
            o.step()

    def recorded(self):
        """What replays the step, after a few that are run as they are."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self.run()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=stream):
            self.run()
        return graph.replay


# ---------------------------------------------------------------- training
def train(a):
    torch.manual_seed(a.seed)
    torch.backends.cuda.matmul.allow_tf32 = True
    began = time.time()
    data = chats(a)
    print(f"{[len(d) for d in data]} chats of at most {LENGTHS} tokens, {time.time() - began:.0f} s", flush=True)
    m = Model(MODELS[a.model])
    if a.init:
        m.start_from(read_state(a.init))
    m.to(a.device)
    m.cos, m.sin, m.masks = m.cos.to(a.device), m.sin.to(a.device), m.masks.to(a.device)
    step = Step(a, m, [d.to(a.device) for d in data], a.device)
    print(sum(p.numel() for p in step.params), "parameters,", tc.VOCAB, "tokens, chats a step", step.rows, flush=True)
    step.set_rate(.01)
    go = step.recorded() if a.device == "cuda" and not a.no_graph else step.run
    start, n, smooth, last = time.time(), 0, None, 0
    while True:
        p = (time.time() - start) / (a.minutes * 60)
        if p >= 1 or a.steps and n >= a.steps:
            break
        step.set_rate(min(1, (n + 1) / a.warmup) * (.01 + .99 * (.5 + .5 * math.cos(math.pi * p))))
        for _ in range(10 if a.device == "cuda" else 1):
            go()
            n += 1
        now = step.losses.cpu()                                                     # waits for the steps
        smooth = now if smooth is None else .9 * smooth + .1 * now
        if n == 10 or time.time() - last > 5:
            last = time.time()
            print(f"step {n} {(last - start) / 60:.2f} min loss " + " ".join(f"L{i} {smooth[i]:.4f}" for i in m.c["exit_loss"]) + f" {n / (last - start):.1f} steps/s", flush=True)
    torch.save({k: v.cpu() for k, v in m.state_dict().items()}, a.out)
    tokens = sum(r * l for r, l in zip(step.rows, LENGTHS))
    print(f"trained {n} steps of {tokens} tokens (padding included), {(time.time() - start) / 60:.1f} min", flush=True)


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--model", choices=[*MODELS], default="flame")
    ap.add_argument("--init", help="a checkpoint or model.safetensors to start from; may have fewer layers and tokens")
    ap.add_argument("--out", default="flame.pt")
    ap.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    ap.add_argument("--minutes", type=float, default=4, help="of training")
    ap.add_argument("--steps", type=int, default=0, help="at most so many; 0: as many as the time allows")
    ap.add_argument("--generate", type=float, default=25, help="seconds of writing chats before")
    ap.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 1), help="processes that write chats")
    ap.add_argument("--tokens", type=int, default=48000, help="per step, padding included")
    ap.add_argument("--muon-lr", type=float, default=.015)
    ap.add_argument("--lr", type=float, default=2e-3, help="of AdamW, for the embedding and the norms")
    ap.add_argument("--warmup", type=int, default=200)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--no-graph", action="store_true", help="every kernel launched by itself")
    train(ap.parse_args())
