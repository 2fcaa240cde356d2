"""The model: exactly Hugging Face's LlamaForCausalLM (RMSNorm pre-norm, half-rotation RoPE, SwiGLU, no biases, tied
embeddings) in plain PyTorch.  The shared final norm and the tied head also serve the early exits (LayerSkip style)."""
import json
import struct

import torch
import torch.nn as nn
import torch.nn.functional as F

import toolchat as tc

# exit_loss: layer -> weight of the loss of the head after that layer
SPARK = dict(hidden=128, layers=6, heads=4, ffn=384, exits=[2, 4], exit_loss={2: .1, 4: .15, 6: 1.})
FLAME = dict(hidden=128, layers=12, heads=4, ffn=384, exits=[4, 8], exit_loss={4: .4, 8: .2, 12: 1.})
MODELS = dict(spark=SPARK, flame=FLAME)
MAX_POSITIONS = 1024
THETA, EPS = 10000.0, 1e-5


class RMSNorm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPS) * self.weight


def rope(x, cos, sin):                                         # HF layout: halves, not interleaved pairs
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        d = c["hidden"]
        self.heads = c["heads"]
        self.input_layernorm, self.post_attention_layernorm = RMSNorm(d), RMSNorm(d)
        self.qkv = nn.Linear(d, 3 * d, bias=False)             # rows: q, k, v
        self.o = nn.Linear(d, d, bias=False)
        self.gate_up = nn.Linear(d, 2 * c["ffn"], bias=False)  # rows: gate, up
        self.down = nn.Linear(c["ffn"], d, bias=False)

    def forward(self, x, cos, sin, mask, cache=None):
        B, T, d = x.shape
        hd = d // self.heads
        q, k, v = self.qkv(self.input_layernorm(x)).view(B, T, 3, self.heads, hd).permute(2, 0, 3, 1, 4)
        q, k = rope(q, cos, sin), rope(k, cos, sin)
        if cache is not None:                                  # incremental decoding
            if "k" in cache:
                k, v = torch.cat([cache["k"], k], 2), torch.cat([cache["v"], v], 2)
            cache["k"], cache["v"] = k, v
        if x.is_cuda and cache is None:
            y = F.scaled_dot_product_attention(q.to(v.dtype), k.to(v.dtype), v, is_causal=True)
        else:
            q, k, v = (t.reshape(B * self.heads, -1, hd) for t in (q, k, v))
            a = torch.baddbmm(mask, q, k.transpose(1, 2), alpha=hd ** -.5).softmax(-1)
            y = torch.bmm(a, v).view(B, self.heads, T, hd)
        x = x + self.o(y.transpose(1, 2).reshape(B, T, d))
        g, u = self.gate_up(self.post_attention_layernorm(x)).chunk(2, -1)
        return x + self.down(F.silu(g) * u)

    def propagate(self, x, cos, sin, cache):
        """Only fills the cache, from the hidden state at which a token left early."""
        k, v = self.qkv(self.input_layernorm(x)).view(1, 1, 3, self.heads, -1).permute(2, 0, 3, 1, 4)[1:]
        cache["k"], cache["v"] = torch.cat([cache["k"], rope(k, cos, sin)], 2), torch.cat([cache["v"], v], 2)


class Model(nn.Module):
    def __init__(self, c=SPARK):
        super().__init__()
        self.c = c
        d, L = c["hidden"], c["layers"]
        self.embed = nn.Parameter(torch.randn(tc.VOCAB, d) * .06)
        self.blocks = nn.ModuleList(Block(c) for _ in range(L))
        self.norm = RMSNorm(d)
        for b in self.blocks:
            for lin, scale in ((b.qkv, 1), (b.gate_up, 1), (b.o, (2 * L) ** -.5), (b.down, (2 * L) ** -.5)):
                nn.init.normal_(lin.weight, std=scale * lin.in_features ** -.5)
        hd = d // c["heads"]
        f = torch.outer(torch.arange(MAX_POSITIONS).float(), THETA ** (-torch.arange(0, hd, 2).float() / hd))
        self.cos, self.sin = f.cos(), f.sin()
        self.masks = torch.full((MAX_POSITIONS, MAX_POSITIONS), -1e9).triu(1)

    def hidden(self, ids, upto=None, caches=None):
        """The residual stream after each layer."""
        T = ids.shape[1]
        past = caches[0]["k"].shape[2] if caches and "k" in caches[0] else 0
        cos, sin = self.cos[past:past + T], self.sin[past:past + T]
        mask = self.masks[past:past + T, :past + T]
        x, out = F.embedding(ids, self.embed), []
        for i, b in enumerate(self.blocks[:upto]):
            x = b(x, cos, sin, mask, caches[i] if caches else None)
            out.append(x)
        return out

    def head(self, h):
        return F.linear(self.norm(h), self.embed)

    def start_from(self, state):
        """Takes over a smaller model without changing what it computes: its layers come first, the output matrices of
        the layers after them are zero, and a token that it did not have starts as the mean of its bytes."""
        mine, old = self.state_dict(), state["embed"]
        mine.update({k: v for k, v in state.items() if k != "embed"})
        mine["embed"][:len(old)] = old
        if len(old) < tc.VOCAB:
            for s in tc.PIECES:
                mine["embed"][tc.TOKEN_ID[s]] = old[list(s.encode())].mean(0)
        for k in mine:
            if k not in state and (k.endswith("o.weight") or k.endswith("down.weight")):
                mine[k] = torch.zeros_like(mine[k])
        self.load_state_dict(mine)


def read_safetensors(path):
    raw = open(path, "rb").read()
    n = struct.unpack("<Q", raw[:8])[0]
    out = {}
    for k, v in json.loads(raw[8:8 + n]).items():
        if k != "__metadata__":
            a, b = v["data_offsets"]
            out[k] = torch.frombuffer(bytearray(raw[8 + n + a:8 + n + b]), dtype=torch.bfloat16).float().view(v["shape"])
    return out


def read_state(path):
    """The weights of a training checkpoint, or of an exported model.safetensors."""
    if not path.endswith(".safetensors"):
        return torch.load(path)
    t = read_safetensors(path)
    state = {"embed": t["model.embed_tokens.weight"], "norm.weight": t["model.norm.weight"]}
    for i in range(sum(k.endswith("q_proj.weight") for k in t)):
        g = lambda *names: torch.cat([t[f"model.layers.{i}.{n}.weight"] for n in names])
        state.update({f"blocks.{i}.{mine}.weight": g(*theirs) for mine, theirs in {
            "input_layernorm": ["input_layernorm"], "post_attention_layernorm": ["post_attention_layernorm"],
            "qkv": ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"], "o": ["self_attn.o_proj"],
            "gate_up": ["mlp.gate_proj", "mlp.up_proj"], "down": ["mlp.down_proj"]}.items()})
    return state


def load(path):
    """A model, every weight rounded to bfloat16; all results are computed in float32 from these."""
    state = read_state(path)
    size = state["embed"].shape[1], sum(k.endswith("qkv.weight") for k in state)
    m = Model(next(c for c in MODELS.values() if (c["hidden"], c["layers"]) == size))
    m.load_state_dict(state)
    for p in m.parameters():
        p.data = p.data.bfloat16().float()
    return m.eval()
