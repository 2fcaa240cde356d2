// Writes the goldens of vocabularies embedded in GGUF files: vocabulary-only files over the tiny models beside this file, and what
// llama.cpp (the npm package node-llama-cpp and its prebuilt library) makes of the texts of texts.json.
//
//     npm install --ignore-scripts node-llama-cpp@3.22.1 && node evaluate_gguf.mjs
//
// A golden NAME.gguf-golden.json: model (which *.model.json), metadata (keys besides tokens, scores, token_type and merges, which
// GgufGoldenTests makes from the model in the same way), ids, decoded and mixtures as in evaluate.mjs. Texts that the two sides
// normalize differently on purpose, and half surrogate pairs, are null.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(createRequire(process.env.NODE_LLAMA ?? import.meta.url).resolve("node-llama-cpp")));

const here = (name) => new URL(name, import.meta.url);
const read = (name) => JSON.parse(readFileSync(here(name), "utf8"));
const { texts, scraps } = read("texts.json");

const [NORMAL, UNKNOWN, CONTROL, USER, BYTE] = [1, 2, 3, 4, 6];
function vocabulary(kind) {
  const model = read(`${kind.model}.model.json`);
  const tokens = Object.entries(model.vocab).sort((a, b) => a[1] - b[1]).map(([token]) => token); // keys like "1" would come first
  const rank = new Map(model.merges.map((merge, i) => [merge.replace(" ", ""), i]));
  const types = tokens.map((t) => (kind.model === "bytes" ? NORMAL : t === "<unk>" ? UNKNOWN : t === "<s>" || t === "</s>" ? CONTROL : /^<0x..>$/.test(t) ? BYTE : NORMAL));
  const scores = tokens.map((t, i) => (types[i] !== NORMAL ? 0 : rank.has(t) ? -Math.floor(rank.get(t) / kind.tie) : -1000));
  for (const [token, type] of kind.added) tokens.push(token), types.push(type), scores.push(0);
  return { tokens, types, scores, merges: model.merges };
}

const chat = [["<|im_start|>", CONTROL], ["<|im_end|>", CONTROL], ["<tool_call>", USER], ["</tool_call>", USER]];
const bytes = (pre) => ({ model: "bytes", tie: 1, added: chat, metadata: { "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": pre } });
const llama = (rest, added = [], tie = 1) => ({ model: "characters", tie, added, metadata: { "tokenizer.ggml.model": "llama", "tokenizer.ggml.bos_token_id": 1, "tokenizer.ggml.eos_token_id": 2, "tokenizer.ggml.unknown_token_id": 0, ...rest } });
const kinds = {
  ...Object.fromEntries(["gpt-2", "llama-bpe", "qwen2", "smollm", "deepseek-v3", "deepseek-coder", "gpt-4o", "tekken"].map((pre) => [pre, bytes(pre)])),
  "llama-spm": llama({}),
  "llama-spm-ties": llama({}, [], 20),
  "gemma-spm": llama({ "tokenizer.ggml.add_space_prefix": false }, [["\n\n", USER], ["<start_of_turn>", CONTROL], ["   ", USER]]),
};

const F32 = Symbol("a small number");
function gguf({ metadata }, { tokens, types, scores, merges }, withMerges) {
  const parts = [];
  const bytes = (buffer) => parts.push(buffer);
  const u32 = (v) => { const b = Buffer.alloc(4); b.writeUInt32LE(v); bytes(b); };
  const u64 = (v) => { const b = Buffer.alloc(8); b.writeBigUInt64LE(BigInt(v)); bytes(b); };
  const text = (v) => { const b = Buffer.from(v, "utf8"); u64(b.length); bytes(b); };
  const scalar = (v) => v === F32 ? (u32(6), f32(1e-5)) : typeof v === "string" ? (u32(8), text(v)) : typeof v === "boolean" ? (u32(7), bytes(Buffer.from([v ? 1 : 0]))) : (u32(4), u32(v));
  const list = (type, values, write) => { u32(9); u32(type); u64(values.length); values.forEach(write); };
  const f32 = (v) => { const b = Buffer.alloc(4); b.writeFloatLE(v); bytes(b); };
  const all = { "general.architecture": "llama", "llama.context_length": 64, "llama.embedding_length": 8, "llama.block_count": 1, "llama.feed_forward_length": 8, "llama.attention.head_count": 1, "llama.attention.layer_norm_rms_epsilon": F32, ...metadata };
  bytes(Buffer.from("GGUF")); u32(3); u64(0); u64(Object.keys(all).length + (withMerges ? 4 : 3));
  for (const [key, value] of Object.entries(all)) { text(key); scalar(value); }
  text("tokenizer.ggml.tokens"); list(8, tokens, text);
  text("tokenizer.ggml.scores"); list(6, scores, f32);
  text("tokenizer.ggml.token_type"); list(5, types, u32);
  if (withMerges) { text("tokenizer.ggml.merges"); list(8, merges, text); }
  return Buffer.concat(parts);
}

function* mixtures() {
  let state = 1;
  const next = (below) => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0, Math.floor((state / 2 ** 32) * below));
  for (let i = 0; i < 1000; i++) {
    let text = "";
    for (let n = 1 + next(12); n > 0; n--) text += scraps[next(scraps.length)];
    yield text;
  }
}

const engine = await getLlama({ build: "never", gpu: false, skipDownload: true, logLevel: LlamaLogLevel.error });
const folder = mkdtempSync(join(tmpdir(), "gguf-"));
for (const [name, kind] of Object.entries(kinds)) {
  const path = join(folder, `${name}.gguf`);
  writeFileSync(path, gguf(kind, vocabulary(kind), kind.model === "bytes"));
  const model = await engine.loadModel({ modelPath: path, vocabOnly: true, gpuLayers: 0 });
  const left = (text) => /\{U\+/.test(text) || text.includes("\0") || (kind.metadata["tokenizer.ggml.pre"] === "qwen2" && text.normalize("NFC") !== text);
  const golden = { ...kind, ids: [], decoded: [], mixtures: [] };
  for (const text of texts) {
    const ids = left(text) ? null : [...model.tokenize(text, true)];
    golden.ids.push(ids);
    const decoded = ids && model.detokenize(ids, true);
    golden.decoded.push(decoded === text ? null : decoded);
  }
  let hash = 0x811c9dc5, count = 0;
  for (const text of mixtures()) {
    for (const id of [...(left(text) ? [] : model.tokenize(text, true)), 0xffffffff]) for (let shift = 0; shift < 32; shift += 8) hash = Math.imul(hash ^ ((id >>> shift) & 255), 0x01000193) >>> 0;
    if (++count % 50 === 0) { golden.mixtures.push(hash); hash = 0x811c9dc5; }
  }
  writeFileSync(here(`${name}.gguf-golden.json`), JSON.stringify(golden) + "\n");
  await model.dispose();
}
rmSync(folder, { recursive: true });
process.exit(0);
