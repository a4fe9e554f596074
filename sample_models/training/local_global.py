"""Trains the bundled model with local and global layers, `local_global`: a Llama-like network of the kind most models are today
(Qwen 3's architecture: RMSNorm, rotary positions, grouped queries, SwiGLU), in which two layers of three see 64 tokens and every
third all of them, so that windows by design and effective spans can be compared at first start.

    python sample_models/training/local_global.py FOLDER --text FILE... --code DIRECTORY

--text: texts, cut into documents of 65,536 characters; --code: a directory of Python files, a document each. The
bundled weights were trained on the King James Bible, tinyshakespeare.txt, WikiText-2's validation and test parts, and Python 3.11's
standard library: the first 90 % of each text, 19 of 20 files. Needs torch, transformers, tokenizers and numpy.

Written to FOLDER: config.json, model.safetensors (16-bit), tokenizer.json (byte-level BPE of 2,048 tokens), curve.json (loss by
step, held-out loss by kind of text). Same seed, same machine, same number of threads: the same weights.
"""
import argparse, json, math, pathlib, random, time

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import Qwen3Config, Qwen3ForCausalLM

BOS = "<|endoftext|>"
VOCABULARY = 2048
CONTEXT = 1024
WINDOW = 64


def documents(texts, code):
    """(name, training documents, held-out documents) of each source."""
    for path in texts:
        text = pathlib.Path(path).read_text(encoding="utf-8")
        cut, end = int(len(text) * 0.9), int(len(text) * 0.95)
        blocks = lambda part: [part[i : i + 65536] for i in range(0, len(part), 65536)]
        yield pathlib.Path(path).stem, blocks(text[:cut]), blocks(text[end:])
    if code:
        files = sorted(pathlib.Path(code).rglob("*.py"))
        skip = ("test", "encodings", "idlelib", "lib2to3", "site-packages", "dist-packages", "pydoc_data")
        files = [f for f in files if not any(part.startswith(skip) for part in f.relative_to(code).parts)]
        read = [f.read_text(encoding="utf-8", errors="ignore") for f in files]
        yield "python", [t for i, t in enumerate(read) if i % 20 != 19], [t for i, t in enumerate(read) if i % 20 == 19]


def train_tokenizer(texts):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=[BOS], initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{BOS} $A", special_tokens=[(BOS, 0)])
    return tokenizer


def ids_of(tokenizer, texts):
    """All documents in one row, each begun by BOS."""
    return np.concatenate([np.array(tokenizer.encode(text).ids, dtype=np.int64) for text in texts])


def batch(rows, weights, size, length, rng):
    """size rows of `length` tokens, begun by BOS. One in eight says a passage twice, so that there is something to copy far off."""
    out = np.zeros((size, length), dtype=np.int64)
    for row in out:
        ids = rows[rng.choices(range(len(rows)), weights)[0]]
        if rng.random() < 0.125:
            half = rng.randrange(32, length // 2)
            at = rng.randrange(len(ids) - length)
            passage = ids[at : at + half]
            said = np.concatenate([passage, ids[at + half : at + half + rng.randrange(1, 64)], passage])
            more = rng.randrange(len(ids) - length)
            row[1:] = np.concatenate([said, ids[more : more + length]])[: length - 1]
        else:
            at = rng.randrange(len(ids) - length)
            row[1:] = ids[at : at + length - 1]
    return torch.from_numpy(out)


def held_out(model, ids, pieces=24):
    """Mean nats per token of the first `pieces` pieces of CONTEXT tokens, each begun by BOS."""
    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for i in range(min(pieces, len(ids) // (CONTEXT - 1))):
            row = torch.from_numpy(np.concatenate([[0], ids[i * (CONTEXT - 1) : (i + 1) * (CONTEXT - 1)]])).unsqueeze(0)
            logits = model(row).logits[0, :-1].float()
            total += F.cross_entropy(logits, row[0, 1:], reduction="sum").item()
            count += row.shape[1] - 1
    model.train()
    return total / max(count, 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--text", nargs="*", default=[])
    parser.add_argument("--code")
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--long", type=int, default=250, help="last steps, of rows of the whole context")
    parser.add_argument("--tokens", type=int, default=4096, help="tokens of a step")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.manual_seed(1111)
    torch.set_num_threads(options.threads)
    rng = random.Random(1111)
    out = pathlib.Path(options.folder)
    out.mkdir(parents=True, exist_ok=True)

    sources = list(documents(options.text, options.code))
    pieces = out / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(pieces)) if pieces.exists() else train_tokenizer([t for _, train, _ in sources for t in train])
    tokenizer.save(str(pieces))
    rows = [ids_of(tokenizer, train) for _, train, _ in sources]
    tests = {name: (ids_of(tokenizer, test), sum(len(t.encode()) for t in test)) for name, _, test in sources}
    # By size to the power of 0.7: prose is shorter than code.
    weights = [len(r) ** 0.7 for r in rows]
    print({name: (len(r), round(w / sum(weights), 2)) for (name, _, _), r, w in zip(sources, rows, weights)}, flush=True)

    config = Qwen3Config(
        vocab_size=VOCABULARY, hidden_size=192, intermediate_size=512, num_hidden_layers=6, num_attention_heads=6, num_key_value_heads=3,
        head_dim=32, max_position_embeddings=CONTEXT, rope_theta=10000.0, tie_word_embeddings=True, use_sliding_window=True,
        sliding_window=WINDOW, max_window_layers=0, bos_token_id=0, eos_token_id=0, attention_bias=False,
        layer_types=["full_attention" if i % 3 == 2 else "sliding_attention" for i in range(6)], attn_implementation="sdpa",
    )
    model = Qwen3ForCausalLM(config)
    print(sum(p.numel() for p in model.parameters()), "parameters", flush=True)
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    muon = torch.optim.Muon(matrices, lr=0.02, momentum=0.95, weight_decay=0.01)
    adam = torch.optim.AdamW(others, lr=3e-3, betas=(0.9, 0.95), weight_decay=0.0)

    def rate(step):
        if step < 100:
            return (step + 1) / 100
        return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - 100) / (options.steps - 100)))

    state, first, curve = out / "state.pt", 0, []
    if state.exists():
        kept = torch.load(state, weights_only=False)
        model.load_state_dict(kept["model"]); muon.load_state_dict(kept["muon"]); adam.load_state_dict(kept["adam"])
        first, curve = kept["step"], kept["curve"]
        rng.setstate(kept["rng"])
    begun = time.time()
    for step in range(first, options.steps):
        length = CONTEXT if step >= options.steps - options.long else 256 if step < options.steps // 4 else 512
        ids = batch(rows, weights, max(1, options.tokens // length), length, rng)
        for group, base in ((muon.param_groups, 0.02), (adam.param_groups, 3e-3)):
            for g in group:
                g["lr"] = base * rate(step)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(ids).logits
        loss = F.cross_entropy(logits[:, :-1].float().reshape(-1, VOCABULARY), ids[:, 1:].reshape(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        muon.step(); adam.step()
        model.zero_grad(set_to_none=True)
        if step % 25 == 0:
            curve.append({"step": step, "loss": round(loss.item(), 4)})
            print(step, round(loss.item(), 3), f"{time.time() - begun:.0f} s", flush=True)
        if step % 250 == 249:
            torch.save({"model": model.state_dict(), "muon": muon.state_dict(), "adam": adam.state_dict(), "step": step + 1, "curve": curve, "rng": rng.getstate()}, state)

    tested = {}
    for name, (ids, size) in tests.items():
        nats = held_out(model, ids)
        tested[name] = {"nats_per_token": round(nats, 4), "bits_per_byte": round(nats / math.log(2) * len(ids) / size, 4)}
    print(tested)
    (out / "curve.json").write_text(json.dumps({"loss": curve, "held_out": tested}, indent=1) + "\n")
    model.to(torch.float16).save_pretrained(out)


if __name__ == "__main__":
    main()
