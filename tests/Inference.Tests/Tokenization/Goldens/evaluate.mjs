// Writes the goldens: tokenizer.json files of the kinds in use over the tiny models beside this file, and what the reference
// implementation (the npm package "tokenizers", the Rust library) makes of the texts of texts.json.
//
//     npm install tokenizers@0.23.2 && node evaluate.mjs
//
// A golden NAME.json: model (which *.model.json), options (laid over it), tokenizer (the other parts of tokenizer.json),
// prompt (ids of "Hello" with special tokens), ids and decoded (by text of texts.json; null where it decodes to the text),
// mixtures (FNV-1a of the ids of random mixtures of scraps, 50 together; the generator is in GoldenTests).
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
const { Tokenizer } = createRequire(process.env.TOKENIZERS ?? import.meta.url)("tokenizers");

const here = (name) => new URL(name, import.meta.url);
const read = (name) => JSON.parse(readFileSync(here(name), "utf8"));
const models = Object.fromEntries(["bytes", "characters", "unigram"].map((name) => [name, read(`${name}.model.json`)]));
// Added tokens follow the vocabulary: the reference gives them other ids otherwise.
const FIRST = Object.fromEntries(Object.entries(models).map(([name, model]) => [name, Object.keys(model.vocab).length]));
// JSON readers differ in what they make of half a surrogate pair: texts.json writes {U+D800}.
const halves = (list) => list.map((text) => text.replace(/\{U\+([0-9A-F]{4})\}/g, (_, code) => String.fromCharCode(parseInt(code, 16))));
const { texts, scraps } = Object.fromEntries(Object.entries(read("texts.json")).map(([name, list]) => [name, halves(list)]));

const CL100K = (digits) => `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const O200K = "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const POSSESSIVE = "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s";
const byteLevel = (use_regex, add_prefix_space = false) => ({ type: "ByteLevel", add_prefix_space, trim_offsets: true, use_regex });
const split = (Regex, behavior = "Isolated", invert = false) => ({ type: "Split", pattern: { Regex }, behavior, invert });
const literal = (String, behavior) => ({ type: "Split", pattern: { String }, behavior, invert: false });
const sequence = (list, ...steps) => ({ type: "Sequence", [list]: steps });
const replace = (String, content) => ({ type: "Replace", pattern: { String }, content });
const added = (id, content, flags = {}) => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true, ...flags });
const template = (token, id, after = false) => ({
  type: "TemplateProcessing",
  single: after ? [{ Sequence: { id: "A", type_id: 0 } }, { SpecialToken: { id: token, type_id: 0 } }] : [{ SpecialToken: { id: token, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
  pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
  special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
});
const metaspace = (prepend_scheme, split) => ({ type: "Metaspace", replacement: "\u2581", prepend_scheme, split });
const chat = (start) => [
  added(start, "<|im_start|>"), added(start + 1, "<|im_end|>"), added(start + 2, "<tool_call>", { special: false }),
  added(start + 3, "</tool_call>", { special: false }), added(start + 4, "<tool", { special: false }),
];
const fallbackDecoder = (...last) => sequence("decoders", replace("\u2581", " "), { type: "ByteFallback" }, { type: "Fuse" }, ...last);
const strip = { type: "Strip", content: " ", start: 1, stop: 0 };
const sentencePiece = [added(0, "<unk>"), added(1, "<s>"), added(2, "</s>")];
const bytes = (pre_tokenizer, rest = {}, options = {}) => ({ model: "bytes", options, tokenizer: { added_tokens: chat(FIRST.bytes), normalizer: null, pre_tokenizer, post_processor: null, decoder: byteLevel(true), ...rest } });
const characters = (rest, options = { byte_fallback: true, fuse_unk: true }) => ({ model: "characters", options, tokenizer: { added_tokens: sentencePiece, normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, ...rest } });

const kinds = {
  "gpt2": bytes(byteLevel(true)),
  "gpt2-prefix-space": bytes(byteLevel(true, true), { post_processor: { type: "RobertaProcessing", sep: ["<|im_end|>", FIRST.bytes + 1], cls: ["<|im_start|>", FIRST.bytes], trim_offsets: true, add_prefix_space: true } }),
  "llama3": bytes(sequence("pretokenizers", split(CL100K("{1,3}")), byteLevel(false)), { post_processor: sequence("processors", byteLevel(true), template("<|im_start|>", FIRST.bytes)) }, { ignore_merges: true }),
  "qwen2": bytes(sequence("pretokenizers", split(CL100K("")), byteLevel(false)), { normalizer: { type: "NFC" } }),
  "deepseek3": bytes(sequence("pretokenizers", split("\\p{N}{1,3}"), split("[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"),
    split("[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"), byteLevel(false)), { normalizer: sequence("normalizers") }),
  "deepseek": bytes(sequence("pretokenizers", split("[\r\n]"), split("\\s?[A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u0370-\u0373\u0400-\u0481\ua640-\ua66d\uff21-\uff3a\uff41-\uff5a\u{10400}-\u{1044f}\u{1e900}-\u{1e943}]+"),
    split("\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+"), split("\\s+$"), split("[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"), { type: "Digits", individual_digits: true }, byteLevel(false)), { normalizer: sequence("normalizers") }),
  "smollm": bytes(sequence("pretokenizers", { type: "Digits", individual_digits: true }, byteLevel(true))),
  "digit-runs": bytes(sequence("pretokenizers", { type: "Digits", individual_digits: false }, byteLevel(true))),
  "o200k": bytes(sequence("pretokenizers", split(O200K), byteLevel(false))),
  "possessive": bytes(sequence("pretokenizers", split(POSSESSIVE, "Removed", true), byteLevel(false))),
  "llama2": characters({ normalizer: sequence("normalizers", { type: "Prepend", prepend: "\u2581" }, replace(" ", "\u2581")), post_processor: template("<s>", 1), decoder: fallbackDecoder(strip) }),
  "gemma": characters({ normalizer: replace(" ", "\u2581"), pre_tokenizer: literal(" ", "MergedWithPrevious"), decoder: fallbackDecoder(), post_processor: template("<s>", 1) }),
  "mistral": characters({ pre_tokenizer: metaspace("first", false), decoder: fallbackDecoder(strip) }),
  "metaspace-split": characters({ pre_tokenizer: metaspace("always", true), decoder: metaspace("always", true) }),
  "unknown-fused": characters({ pre_tokenizer: metaspace("never", true), decoder: metaspace("never", true) }, { fuse_unk: true }),
  "unknown-apart": characters({ normalizer: sequence("normalizers", { type: "NFKC" }, replace(" ", "\u2581")), decoder: fallbackDecoder() }, { fuse_unk: false, ignore_merges: true }),
  "added-flags": {
    model: "characters", options: { byte_fallback: true }, tokenizer: {
      added_tokens: [...sentencePiece, added(FIRST.characters, "<left>", { lstrip: true }), added(FIRST.characters + 1, "<right>", { rstrip: true }), added(FIRST.characters + 2, "<both>", { lstrip: true, rstrip: true }),
        added(FIRST.characters + 3, "word", { single_word: true, special: false }), added(FIRST.characters + 4, "Lower", { normalized: true, special: false }), added(FIRST.characters + 5, "lowercase", { normalized: true, special: false }),
        added(FIRST.characters + 6, "  ", { special: false }), added(FIRST.characters + 7, "fi\u0301n", { normalized: true, special: false, single_word: true }), added(FIRST.characters + 8, "\u6f22", { special: false })],
      normalizer: sequence("normalizers", { type: "NFC" }, { type: "Lowercase" }, replace(" ", "\u2581")), pre_tokenizer: null, post_processor: null, decoder: fallbackDecoder(),
    },
  },
  "unigram": {
    model: "unigram", options: { byte_fallback: true }, tokenizer: {
      added_tokens: sentencePiece, normalizer: sequence("normalizers", { type: "Precompiled", precompiled_charsmap: models.unigram.charsmap }), pre_tokenizer: metaspace("always", true),
      post_processor: template("</s>", 2, true), decoder: fallbackDecoder(strip),
    },
  },
  "unigram-unknown": {
    model: "unigram", options: {}, tokenizer: {
      added_tokens: sentencePiece, normalizer: sequence("normalizers", { type: "NFKC" }, { type: "Strip", strip_left: true, strip_right: true }, { type: "Replace", pattern: { Regex: " {2,}" }, content: " " }),
      pre_tokenizer: metaspace("always", true), post_processor: null, decoder: metaspace("always", true),
    },
  },
};

// 32-bit linear congruential generator (Numerical Recipes); its high bits choose.
function* mixtures() {
  let state = 1;
  const next = (below) => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0, Math.floor((state / 2 ** 32) * below));
  for (let i = 0; i < 1000; i++) {
    let text = "";
    for (let n = 1 + next(12); n > 0; n--) text += scraps[next(scraps.length)];
    yield text;
  }
}

async function evaluate(tokenizer, golden) {
  const ids = async (text, addSpecialTokens = false) => (await tokenizer.encode(text, null, { addSpecialTokens })).getIds();
  Object.assign(golden, { prompt: await ids("Hello", true), ids: [], decoded: [], mixtures: [] });
  for (const text of texts) {
    golden.ids.push(await ids(text));
    const decoded = await tokenizer.decode(golden.ids.at(-1), false);
    golden.decoded.push(decoded === text ? null : decoded);
  }
  let hash = 0x811c9dc5, count = 0;
  for (const text of mixtures()) {
    for (const id of [...(await ids(text)), 0xffffffff]) for (let shift = 0; shift < 32; shift += 8) hash = Math.imul(hash ^ ((id >>> shift) & 255), 0x01000193) >>> 0;
    if (++count % 50 === 0) {
      golden.mixtures.push(hash);
      hash = 0x811c9dc5;
    }
  }
  return JSON.stringify(golden) + "\n";
}

const build = (tokenizer, model) => Tokenizer.fromString(JSON.stringify({ version: "1.0", truncation: null, padding: null, ...tokenizer, model }));
for (const [name, kind] of Object.entries(kinds)) {
  const { charsmap, ...model } = models[kind.model];
  writeFileSync(here(`${name}.golden.json`), await evaluate(build(kind.tokenizer, { ...model, ...kind.options }), { ...kind }));
}
// GPT-2's published vocabulary, where GPT2 names a folder with gpt2_encoder.json and gpt2_vocab.bpe: only its figures are kept here.
if (process.env.GPT2) {
  const vocab = JSON.parse(readFileSync(`${process.env.GPT2}/gpt2_encoder.json`, "utf8"));
  const merges = readFileSync(`${process.env.GPT2}/gpt2_vocab.bpe`, "utf8").split("\n").slice(1).filter((line) => line);
  const tokenizer = build({ added_tokens: [], normalizer: null, pre_tokenizer: byteLevel(true), post_processor: null, decoder: byteLevel(true) }, { type: "BPE", vocab, merges });
  writeFileSync(here("gpt2-published.json"), await evaluate(tokenizer, {}));
}
