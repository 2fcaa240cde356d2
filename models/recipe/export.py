"""Writes a checkpoint in the Hugging Face layout, with golden outputs, and checks it with a second implementation.

    OMP_NUM_THREADS=1 python3 export.py spark.pt ../spark"""
import argparse
import json
import os
import struct

import torch
import torch.nn.functional as F

import toolchat as tc
from evaluate import generate, layers_of
from llama import EPS, MAX_POSITIONS, THETA, load, read_safetensors

CHAT_TEMPLATE = (
    "{%- for message in messages %}"
    "{%- if message.role == 'tool' %}"
    "{{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}"
    "{%- elif message.role == 'assistant' %}"
    "{{- '<|im_start|>assistant\\n' }}"
    "{%- if message.content %}{{- message.content }}{%- endif %}"
    "{%- for call in message.tool_calls or [] %}"
    "{%- set f = call.function or call %}"
    "{{- '<tool_call>\\n{\"name\": \"' + f.name + '\", \"arguments\": ' }}"
    "{%- if f.arguments is string %}{{- f.arguments }}{%- else %}{{- f.arguments | tojson }}{%- endif %}"
    "{{- '}\\n</tool_call>' }}"
    "{%- endfor %}"
    "{{- '<|im_end|>\\n' }}"
    "{%- else %}"
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}"
    "{%- endif %}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}")


def byte_symbols():
    """The usual printable stand-ins for the 256 bytes (as in GPT-2 style byte-level tokenizers)."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    sym, n = {}, 0
    for b in range(256):
        if b in keep:
            sym[b] = chr(b)
        else:
            sym[b] = chr(256 + n); n += 1
    return sym


def state_for_export(m):
    d = m.c["hidden"]
    out = {"model.embed_tokens.weight": m.embed, "model.norm.weight": m.norm.weight}
    for i, b in enumerate(m.blocks):
        n = f"model.layers.{i}."
        out[n + "input_layernorm.weight"] = b.input_layernorm.weight
        out[n + "post_attention_layernorm.weight"] = b.post_attention_layernorm.weight
        for k, w in zip("qkv", b.qkv.weight.split(d)):
            out[n + f"self_attn.{k}_proj.weight"] = w
        out[n + "self_attn.o_proj.weight"] = b.o.weight
        out[n + "mlp.gate_proj.weight"], out[n + "mlp.up_proj.weight"] = b.gate_up.weight.split(m.c["ffn"])
        out[n + "mlp.down_proj.weight"] = b.down.weight
    return {k: v.detach().contiguous() for k, v in out.items()}


def write_safetensors(path, tensors):
    header, at, blobs = {"__metadata__": {"format": "pt"}}, 0, []
    for name in sorted(tensors):
        raw = tensors[name].bfloat16().view(torch.int16).numpy().tobytes()
        header[name] = {"dtype": "BF16", "shape": list(tensors[name].shape), "data_offsets": [at, at + len(raw)]}
        at += len(raw); blobs.append(raw)
    h = json.dumps(header, separators=(",", ":")).encode()
    h += b" " * (-len(h) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(h)) + h + b"".join(blobs))


@torch.no_grad()
def reference_logits(tensors, cfg, ids, upto=None):
    """A second, independent and literal implementation of LlamaForCausalLM on the exported tensors (checks the export)."""
    x = tensors["model.embed_tokens.weight"][ids]
    T, hd = len(ids), cfg["hidden_size"] // cfg["num_attention_heads"]
    inv = cfg["rope_theta"] ** (-torch.arange(0, hd, 2).float() / hd)
    fr = torch.outer(torch.arange(T).float(), inv)
    cos, sin = torch.cat([fr, fr], -1).cos(), torch.cat([fr, fr], -1).sin()
    norm = lambda x, w: w * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + cfg["rms_norm_eps"]))
    rot = lambda x: torch.cat([-x[..., hd // 2:], x[..., :hd // 2]], -1)
    for i in range(upto or cfg["num_hidden_layers"]):
        g = lambda n: tensors[f"model.layers.{i}.{n}.weight"]
        h = norm(x, g("input_layernorm"))
        q, k, v = ((h @ g(f"self_attn.{n}_proj").T).view(T, -1, hd).transpose(0, 1) for n in "qkv")
        q, k = q * cos + rot(q) * sin, k * cos + rot(k) * sin
        s = (q @ k.transpose(1, 2)) / hd ** .5 + torch.full((T, T), float("-inf")).triu(1)
        x = x + (s.softmax(-1) @ v).transpose(0, 1).reshape(T, -1) @ g("self_attn.o_proj").T
        h = norm(x, g("post_attention_layernorm"))
        x = x + (F.silu(h @ g("mlp.gate_proj").T) * (h @ g("mlp.up_proj").T)) @ g("mlp.down_proj").T
    return norm(x, tensors["model.norm.weight"]) @ tensors["model.embed_tokens.weight"].T


def golden(m, name):
    """20 prompts with exact greedy continuations and logits, for the full model and each exit layer."""
    g, cases = tc.Generator(98, "values"), []
    fixed = [("calculator", "What is 12*7+3?"), ("weather", "What is the weather in Oslo?"), ("no tool", "count to 12"), ("no tool", "who are you?")]
    prompts = [(t, "<|im_start|>user\n" + u + "<|im_end|>\n" + tc.ASSIST) for t, u in fixed]
    for t, _ in tc.Generator.WEIGHTS[:16]:
        ex = g.example(t)
        parts = tc.pieces([ex])
        cut = 1 + 2 * g.r.randrange(len(ex.steps) + 1)                        # some in the middle, after a tool result
        prompts.append((ex.task, "".join(x for x, _ in parts[:cut])))
    for task, text in prompts:
        ids = tc.tokens(text)
        case = {"task": task, "prompt": text, "prompt_ids": ids, "exits": {}}
        for l in layers_of(m):
            out = generate(m, ids, limit=160, upto=l)
            with torch.no_grad():
                lg = m.head(m.hidden(torch.tensor([ids + out[:-1]]), l)[-1])[0]
            at = sorted({0, len(ids) // 2, len(ids) - 1, len(ids) - 1 + len(out) // 2, len(ids) + len(out) - 2}) if l == m.c["layers"] else [len(ids) - 1]
            one = {"greedy_ids": out, "greedy_text": tc.detokenize(out),
                   "confidence": [round(float(v), 5) for v in lg[len(ids) - 1:].softmax(-1).max(-1).values],
                   "logits": [{"position": p, "values": [float("%.7g" % v) for v in lg[p]]} for p in at]}
            top2 = lg[len(ids) - 1:].topk(2, -1).values
            one["smallest_top2_gap"] = round(float((top2[:, 0] - top2[:, 1]).min()), 5)
            if l == m.c["layers"]:
                case.update(one)
            else:
                case["exits"][str(l)] = one
        cases.append(case)
    return {"model": name, "note": "greedy_ids continue prompt_ids and end with 258 (<|im_end|>) unless cut at 160 tokens; logits[].position counts from the "
            "first prompt token, over prompt_ids + greedy_ids[:-1]; float32 arithmetic on the bfloat16 weights; exits.K: the shared model.norm and tied head after K layers",
            "cases": cases}


def export(m, d):
    c = m.c
    os.makedirs(d, exist_ok=True)
    dump = lambda name, o, **kw: open(os.path.join(d, name), "w", encoding="utf-8").write(json.dumps(o, ensure_ascii=False, **kw) + "\n")
    cfg = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": tc.VOCAB, "hidden_size": c["hidden"],
           "intermediate_size": c["ffn"], "num_hidden_layers": c["layers"], "num_attention_heads": c["heads"], "num_key_value_heads": c["heads"],
           "head_dim": c["hidden"] // c["heads"], "hidden_act": "silu", "max_position_embeddings": MAX_POSITIONS, "rms_norm_eps": EPS, "rope_theta": THETA,
           "rope_scaling": None, "attention_bias": False, "mlp_bias": False, "attention_dropout": 0.0, "tie_word_embeddings": True,
           "bos_token_id": tc.EOT, "eos_token_id": tc.IM_END, "pad_token_id": tc.PAD, "initializer_range": 0.02, "use_cache": True,
           "torch_dtype": "bfloat16", "early_exit_layers": c["exits"]}
    dump("config.json", cfg, indent=2)
    write_safetensors(os.path.join(d, "model.safetensors"), state_for_export(m))
    sym = byte_symbols()
    control = {"<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"}
    added = [{"id": i, "content": t, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": t in control} for t, i in tc.TOKEN_ID.items()]
    bl = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    dump("tokenizer.json", {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None, "pre_tokenizer": bl,
                            "post_processor": None, "decoder": bl,
                            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
                                      "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                                      "vocab": {sym[b]: b for b in range(256)}, "merges": []}}, indent=1)
    dump("tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": False, "add_prefix_space": False, "clean_up_tokenization_spaces": False,
                                   "bos_token": None, "eos_token": "<|im_end|>", "pad_token": "<|pad|>", "unk_token": None, "model_max_length": MAX_POSITIONS,
                                   "added_tokens_decoder": {str(t["id"]): {k: v for k, v in t.items() if k != "id"} for t in added},
                                   "chat_template": CHAT_TEMPLATE}, indent=2)
    dump("generation_config.json", {"bos_token_id": tc.EOT, "eos_token_id": [tc.IM_END, tc.EOT], "pad_token_id": tc.PAD, "do_sample": False, "max_new_tokens": 320}, indent=2)
    gold = golden(m, os.path.basename(os.path.abspath(d)))
    dump("golden.json", gold)
    back, worst = read_safetensors(os.path.join(d, "model.safetensors")), 0.
    for case in gold["cases"]:
        for l, one in [(None, case)] + [(int(k), v) for k, v in case["exits"].items()]:
            lg = reference_logits(back, cfg, torch.tensor(case["prompt_ids"] + one["greedy_ids"][:-1]), l)
            assert lg[len(case["prompt_ids"]) - 1:].argmax(-1).tolist() == one["greedy_ids"], (case["prompt"], l)
            for x in one["logits"]:
                worst = max(worst, float((lg[x["position"]] - torch.tensor(x["values"])).abs().max()))
    print("export checked against a second implementation: greedy tokens equal, largest logit difference", worst)
    for f in sorted(os.listdir(d)):
        print(f"  {os.path.getsize(os.path.join(d, f)):9d} {f}")


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("checkpoint")
    ap.add_argument("dir")
    a = ap.parse_args()
    torch.set_num_threads(1)
    export(load(a.checkpoint), a.dir)
