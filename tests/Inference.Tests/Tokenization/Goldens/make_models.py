"""Trains the tiny vocabularies of the tokenizer goldens on sentences written for the purpose, and writes *.model.json.

    python3 make_models.py        # needs spm_train (Debian package sentencepiece), for the unigram vocabulary only

bytes.model.json       byte-level BPE: 256 bytes and MERGES merges, in the byte alphabet
characters.model.json  SentencePiece-style BPE: <unk> <s> </s>, 256 byte tokens, the frequent characters, merges
unigram.model.json     unigram with scores, 256 byte tokens, and a small compiled normalization map
"""
import base64
import collections
import json
import os
import re
import subprocess
import tempfile

MERGES = 400
HERE = os.path.dirname(os.path.abspath(__file__))
TEXT = """The quick brown fox jumps over the lazy dog, and the dog doesn't care; it's asleep. They'll say they've seen it, won't they?
We're counting: 1, 2, 3, 10, 100, 1000, 12345, 3.14159 and 2024-11-21 at 10:30. Prices: $5.00, 20% off!
def add(a, b):\n    return a + b\n\nfor (int i = 0; i < n; i++) { sum += values[i]; }\n\tif (x == null) throw new Error("no value");
{"name": "get_weather", "arguments": {"city": "Paris", "unit": "celsius"}}
{"name": "search", "arguments": {"query": "tools for language models", "limit": 10}}
Der Wind weht über die Häuser, und die Straße ist naß. Schöne Grüße aus München! Größe, Maß, Füße.
Le café est près de la gare; où êtes-vous? Ça coûte très cher, à côté de l'hôtel. Élève naïve, garçon.
El niño comió piña mañana por la mañana. ¿Qué hora es? ¡Vámonos!
Быстрая коричневая лиса прыгает через ленивую собаку. Сколько стоит хлеб?
敏捷的棕色狐狸跳过了懒狗。今天天气很好，我们去公园吧。你好，世界！
素早い茶色の狐がのろまな犬を飛び越える。こんにちは、世界。カタカナとひらがな。
안녕하세요, 세계! 빠른 갈색 여우가 게으른 개를 뛰어넘습니다.
السلام عليكم، كيف حالك؟ مرحبا بالعالم. שלום עולם, מה שלומך? नमस्ते दुनिया
the the the of of and and to to in in is is it it that that was was for for on on with with as as his his be be at at by by I I
\U0001F600 \U0001F680 \U0001F468‍\U0001F469‍\U0001F467 ❤️ ✓ → € £ ½ ² …
"""


def train(words, merges, joined):
    """Plain byte-pair training: the most frequent neighbours first, ties by spelling. words: tuple of symbols to count."""
    result = []
    for _ in range(merges):
        pairs = collections.Counter()
        for word, count in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += count
        if not pairs or max(pairs.values()) < 2:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        result.append(best)
        merged = collections.Counter()
        for word, count in words.items():
            out, at = [], 0
            while at < len(word):
                if at + 1 < len(word) and (word[at], word[at + 1]) == best:
                    out.append(joined(*best))
                    at += 2
                else:
                    out.append(word[at])
                    at += 1
            merged[tuple(out)] += count
        words = merged
    return result


def alphabet():
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    moved = [b for b in range(256) if b not in printable]
    return {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(moved)}


def write(name, model):
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as file:
        json.dump(model, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")


def make_bytes():
    spell = alphabet()
    words = collections.Counter(
        tuple(spell[b] for b in word.encode("utf-8")) for word in re.findall(r" ?[^\W\d_]+| ?\d+| ?[^\w\s]+|\s+", TEXT))
    merges = train(words, MERGES, lambda a, b: a + b)
    tokens = [spell[b] for b in range(256)] + [a + b for a, b in merges]
    vocab = {}
    for token in tokens:
        vocab.setdefault(token, len(vocab))
    write("bytes.model.json", {"type": "BPE", "vocab": vocab, "merges": [f"{a} {b}" for a, b in merges]})


def make_characters():
    words = collections.Counter(tuple("\u2581" + word) for word in TEXT.replace("\n", " ").split(" ") if word)
    words[("\u2581",) * 16] = 40
    characters = collections.Counter(c for word, count in words.items() for c in word for _ in range(count))
    kept = sorted(c for c, count in characters.items() if count >= 2)
    words = collections.Counter({word: count for word, count in words.items() if all(c in kept for c in word)})
    merges = train(words, MERGES, lambda a, b: a + b)
    vocab = {}
    for token in ["<unk>", "<s>", "</s>", *(f"<0x{b:02X}>" for b in range(256)), *(a + b for a, b in merges), *kept]:
        vocab.setdefault(token, len(vocab))
    write("characters.model.json", {"type": "BPE", "unk_token": "<unk>", "vocab": vocab, "merges": [f"{a} {b}" for a, b in merges]})


def fields(message):
    """Fields of a serialized protocol buffer: number, value."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        tag = varint()
        if tag & 7 == 0:
            yield tag >> 3, varint()
        else:
            size = {1: 8, 5: 4}.get(tag & 7) or varint()
            yield tag >> 3, message[at:at + size]
            at += size


def make_unigram():
    import struct
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/text", "w", encoding="utf-8") as file:
            file.write(TEXT)
        # code points in hexadecimal: ligature fi, full-width A, ideographic blank, a decomposed e with acute, tab, two characters of one key
        rules = {"FB01": "66 69", "FF21": "41", "3000": "20", "65 301": "E9", "9": "20", "2026": "2E 2E 2E", "200B": "", "69 6A": "133"}
        with open(f"{folder}/rules", "w", encoding="utf-8") as file:
            file.writelines(f"{key}\t{value}\n" for key, value in rules.items())
        subprocess.run(
            ["spm_train", f"--input={folder}/text", f"--model_prefix={folder}/m", "--vocab_size=560", "--model_type=unigram", "--byte_fallback=true",
             "--character_coverage=0.98", f"--normalization_rule_tsv={folder}/rules", "--remove_extra_whitespaces=false", "--num_threads=1", "--hard_vocab_limit=false"],
            check=True, capture_output=True)
        with open(f"{folder}/m.model", "rb") as file:
            model = file.read()
    vocab, charsmap = [], b""
    for number, value in fields(model):
        if number == 1:
            piece = dict(fields(value))
            vocab.append([piece[1].decode("utf-8"), round(struct.unpack("<f", piece[2])[0], 6) if 2 in piece else 0.0])
        elif number == 3:
            charsmap = dict(fields(value)).get(2, b"")
    write("unigram.model.json", {"type": "Unigram", "unk_id": 0, "vocab": vocab, "charsmap": base64.b64encode(charsmap).decode("ascii")})


if __name__ == "__main__":
    make_bytes()
    make_characters()
    make_unigram()
