"""Run files written from Python: a model that nobody knows, its weights or its queries and keys."""

from __future__ import annotations

import json

import numpy as np
import pytest

import spanscope
from spanscope import _arrays

L, H, KV, D, T, V = 3, 4, 2, 8, 100, 30


class Strange:
    """A model of no family: random queries and keys, and heads that share keys two by two."""

    def __init__(self, seed: int = 0, sinks: bool = False) -> None:
        random = np.random.default_rng(seed)
        self.q = [random.normal(size=(H, T, D)).astype("f4") for _ in range(L)]
        self.k = [random.normal(size=(KV, T, D)).astype("f4") for _ in range(L)]
        self.logits = random.normal(size=(T, V)).astype("f4") * 2
        self.ids = random.integers(0, V, T)
        self.sinks = random.normal(size=(L, H)).astype("f4") if sinks else None

    def weights(self, layer: int, **of: object) -> tuple[np.ndarray, np.ndarray | None]:
        """By the definition, in 64 bits."""
        sinks = None if self.sinks is None else self.sinks[layer]
        out = np.zeros((H, T, T))
        on_sink = np.zeros((H, T))
        window = of.get("window") or T
        for h in range(H):
            k = self.k[layer][h * KV // H].astype("f8")
            for t in range(T):
                keys = range(max(0, t + 1 - window), t + 1)
                s = np.array([self.q[layer][h, t].astype("f8") @ k[i] for i in keys]) * of.get("scale", D**-0.5)
                if of.get("score_cap"):
                    s = of["score_cap"] * np.tanh(s / of["score_cap"])
                if of.get("slopes") is not None:
                    s = s - of["slopes"][h] * np.array([t - i for i in keys])
                e = np.exp(s)
                z = e.sum() + (np.exp(np.float64(sinks[h])) if sinks is not None else 0)
                out[h, t, list(keys)] = e / z
                on_sink[h, t] = 1 - e.sum() / z
        return out, on_sink if sinks is not None else None


def opened(path) -> spanscope.Run:
    model = spanscope.open(path)
    assert model.is_recorded
    return model.run(progress=False)


@pytest.mark.parametrize(
    "of",
    [{}, {"window": 20}, {"scale": 0.7}, {"score_cap": 2.0}, {"slopes": [0.5, 0.25, 0.1, 0.0]}],
    ids=lambda of: "-".join(of) or "plain",
)
@pytest.mark.parametrize("sinks", [False, True])
def test_a_model_that_nobody_knows(tmp_path, of, sinks):
    model, path = Strange(sinks=sinks), tmp_path / "run.safetensors"
    vocab = [f" w{i}" for i in range(V)]
    with spanscope.RunWriter(
        path, layers=L, heads=H, kv_heads=KV, vocab=vocab, dtype="f32", sinks=model.sinks, family="strange", model="mine", **of
    ) as writer:
        writer.add(model.ids, q=model.q, k=model.k, logits=model.logits, name="first")
        assert not path.exists()
    run = opened(path)
    assert run.name == "first" and run.tokens[:3] == [vocab[i] for i in model.ids[:3]]
    assert run.text == "".join(vocab[i] for i in model.ids)
    for layer in range(L):
        expected, on_sink = model.weights(layer, **of)
        for head in range(H):
            assert np.abs(run.attention(layer, head, dense=True) - expected[head]).max() < 2e-6
            if on_sink is not None:
                found = run.weights(layer, head).sink
                assert found is not None and np.abs(found - on_sink[head]).max() < 2e-6
                assert run.shares()[layer, head, 3] == pytest.approx(on_sink[head].mean(), abs=1e-5)
    log_p = model.logits - np.log(np.exp(model.logits.astype("f8")).sum(axis=1, keepdims=True))
    nll = -log_p[np.arange(T - 1), model.ids[1:]]
    assert np.abs(run.surprisal[1:] - nll / np.log(2)).max() < 1e-5
    found = run.prediction(4, k=3)
    assert found is not None and found.ids == list(np.argsort(-log_p[4])[:3])
    assert found.rank == 1 + (log_p[4] > log_p[4, model.ids[5]]).sum()
    assert found.entropy == pytest.approx(-(np.exp(log_p[4]) * log_p[4]).sum() / np.log(2), rel=1e-5)
    # Whatever is measured and drawn of a run is of this one.
    assert np.isfinite(run.effective_spans(0.5)).all()
    assert run.figure("attention", head="1.2").svg and run.figure("surprisal").svg
    assert run.head_stats(frame="dict", progress=False)["entropy"].min() > 0


def test_a_model_that_nobody_knows_in_the_window(tmp_path):
    import subprocess
    import sys

    model, path, picture = Strange(sinks=True), tmp_path / "run.safetensors", tmp_path / "window.png"
    with spanscope.RunWriter(path, layers=L, heads=H, kv_heads=KV, vocab=V, sinks=model.sinks, window=[None, 20, None], model="mine") as writer:
        writer.add(model.ids, q=model.q, k=model.k, logits=model.logits)
    words = ["shot", str(picture), "--model", str(path), "--head", "1.2"]
    done = subprocess.run([sys.executable, "-m", "spanscope", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert picture.read_bytes()[1:4] == b"PNG" and picture.stat().st_size > 10_000


@pytest.mark.parametrize("top", [None, 5, 1000])
@pytest.mark.parametrize("sinks", [False, True])
def test_weights_as_they_are(tmp_path, top, sinks):
    model, path = Strange(1, sinks), tmp_path / "run.safetensors"
    known = [model.weights(layer) for layer in range(L)]
    kind = "weights" if top is None else "top-weights"
    with spanscope.RunWriter(path, layers=L, heads=H, vocab=V, attention=kind, top=top, dtype="f32", sinks=sinks) as writer:
        writer.add(model.ids, weights=[w for w, _ in known], sink=[s for _, s in known] if sinks else None)
    run = opened(path)
    assert run.text == " ".join(map(str, model.ids)) and np.isnan(run.surprisal).all() and np.isnan(run.bits_per_token)
    assert run.prediction(3) is None
    for layer in range(L):
        weights, on_sink = known[layer]
        for head in range(H):
            found = run.attention(layer, head, dense=True)
            expected = weights[head].astype("f4")
            if top is not None and top < T:
                kept = (found > 0).sum(axis=1)
                assert (kept[top:] == top).all()
                assert np.array_equal(found[found > 0], expected[found > 0])
                left = np.where(found > 0, 0, expected)
                assert (left.max(axis=1)[top:] <= np.where(found > 0, found, 2).min(axis=1)[top:]).all()
            else:
                assert np.array_equal(found, expected)
            if on_sink is not None:
                assert np.array_equal(run.weights(layer, head).sink, on_sink[head].astype("f4"))
    assert run.figure("grid").svg and run.figure("heads", statistic="entropy").svg and run.figure("shares").svg


def test_pieces_and_a_part_of_the_tokens(tmp_path):
    model = Strange(2)
    whole, pieces = tmp_path / "whole.safetensors", tmp_path / "pieces.safetensors"
    with spanscope.RunWriter(whole, layers=L, heads=H, kv_heads=KV, vocab=V, dtype="f32") as writer:
        writer.add(model.ids, q=model.q, k=model.k, logits=model.logits, queries=(70, 90))
    with spanscope.RunWriter(pieces, layers=L, heads=H, kv_heads=KV, vocab=V, dtype="f32") as writer:
        text = writer.text(model.ids, queries=(70, 90))
        for start in range(0, T, 33):
            stop = min(T, start + 33)
            for layer in (2, 0, 1):
                text.attention(layer, start, q=model.q[layer][:, start:stop], k=model.k[layer][:, start:stop])
            text.logits(start, model.logits[start:stop])
    runs = [opened(path) for path in (whole, pieces)]
    assert all(run.queries == range(64, 90) for run in runs)
    expected, _ = model.weights(1)
    for run in runs:
        assert np.abs(run.attention(1, 2, dense=True) - expected[2, 64:90]).max() < 2e-6
        with pytest.raises(IndexError, match="64..90"):
            run.attention(1, 2, start=0, stop=80)
    assert np.array_equal(runs[0].surprisal, runs[1].surprisal, equal_nan=True)
    # Weights in pieces, on all keys up to the last query of each.
    path = tmp_path / "weights.safetensors"
    found = [model.weights(layer)[0] for layer in range(L)]
    with spanscope.RunWriter(path, layers=L, heads=H, vocab=V, attention="weights", dtype="f32") as writer:
        text = writer.text(model.ids, queries=(70, 90), results=None)
        for start in range(0, T, 33):
            stop = min(T, start + 33)
            for layer in range(L):
                text.attention(layer, start, weights=found[layer][:, start:stop, :stop])
    assert np.array_equal(opened(path).attention(2, 3, dense=True), found[2][3, 64:90].astype("f4"))


@pytest.mark.parametrize("dtype", ["f16", "bf16", "f32"])
def test_number_formats(tmp_path, dtype):
    model, path = Strange(3), tmp_path / "run.safetensors"
    with spanscope.RunWriter(path, layers=L, heads=H, kv_heads=KV, vocab=V, dtype=dtype) as writer:
        writer.add(model.ids, q=model.q, k=model.k)
    off = np.abs(opened(path).attention(0, 0, dense=True) - model.weights(0)[0][0]).max()
    assert off < {"f16": 2e-3, "bf16": 2e-2, "f32": 2e-6}[dtype] and (off > 0 or dtype == "f32")


def test_several_texts_and_the_texts_own_words(tmp_path):
    path = tmp_path / "run.safetensors"
    text = "Größe, naïve: 北京 and more"
    tokens = ["Grö", "ße", ",", " naïve", ":", " 北京", " and", " more"]
    with spanscope.RunWriter(path, layers=1, heads=2, attention="weights", dtype="f32", texts=1) as writer:
        for n, words in enumerate([tokens, tokens[:3], tokens[2:5]]):
            weights = np.tril(np.ones((2, len(words), len(words))))
            weights /= weights.sum(axis=2, keepdims=True)
            given = text if n == 0 else None
            writer.add(words, weights=[weights], log_p=np.full(len(words) - 1, -1.0), text=given, name=f"text {n}")
    model = spanscope.open(path)
    assert model.texts == ["text 0", "text 1", "text 2"] and model.architecture.vocab_size == len(tokens)
    run = model.run(index=0, progress=False)
    assert run.text == text and run.tokens == tokens
    assert np.allclose(run.surprisal[1:], 1 / np.log(2))
    assert model.run(index=2, progress=False).tokens == tokens[2:5]


def test_the_file_is_a_safetensors_file_of_its_own_description(tmp_path):
    load = pytest.importorskip("safetensors.numpy").load_file
    model, path = Strange(4), tmp_path / "run.safetensors"
    with spanscope.RunWriter(path, layers=L, heads=H, kv_heads=KV, vocab=V, dtype="f32") as writer:
        writer.add(model.ids, q=model.q, k=model.k, logits=model.logits)
    found = load(path)
    assert np.array_equal(found["text.0.ids"], model.ids)
    assert np.array_equal(found["text.0.layers.1.queries"], model.q[1].transpose(1, 0, 2).reshape(T, -1))
    assert found["text.0.candidates.ids"].shape == (T, V)


def test_the_same_input_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        model = Strange(5)
        with spanscope.RunWriter(tmp_path / name, layers=L, heads=H, kv_heads=KV, vocab=V) as writer:
            writer.add(model.ids, q=model.q, k=model.k, logits=model.logits)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def writer(path, **of):
    return spanscope.RunWriter(path, **{"layers": 2, "heads": 2, "vocab": 5, **of})


def some(*shape: int) -> np.ndarray:
    return np.full(shape, 0.1, "f4")


@pytest.mark.parametrize(
    ("of", "add", "words"),
    [
        ({"layers": 0}, {}, ["at least one"]),
        ({"heads": 3, "kv_heads": 2}, {}, ["share evenly"]),
        ({"attention": "outputs"}, {}, ["weights", "queries-keys"]),
        ({"dtype": "f8"}, {}, ["f16"]),
        ({"top": 3}, {}, ["top-weights"]),
        ({"window": [1]}, {}, ["2 layers"]),
        ({"sinks": [1.0]}, {}, ["layers x heads"]),
        ({"slopes": [1.0]}, {}, ["2 heads"]),
        ({"vocab": 0}, {}, ["vocab="]),
        ({}, {"tokens": []}, ["without tokens"]),
        ({}, {"tokens": [7]}, ["no token 7"]),
        ({}, {"q": None}, ["pass q= and k="]),
        ({}, {"q": [some(2, 3, 4)]}, ["q= is of 1 layers"]),
        ({}, {"q": [some(3, 3, 4)] * 2}, ["q=", "2 heads"]),
        ({}, {"k": [some(2, 3, 5)] * 2}, ["k=", "4 numbers"]),
        ({}, {"q": [some(2, 2, 4)] * 2, "k": [some(2, 2, 4)] * 2}, ["2 of 3 tokens"]),
        ({}, {"q": [some(2, 3, 4) * np.nan] * 2}, ["not a number"]),
        ({}, {"q": [some(2, 3, 4) * 1e7] * 2}, ["65504", "bf16"]),
        ({}, {"logits": some(3, 4)}, ["x 5"]),
        ({}, {"logits": some(2, 5)}, ["2 of 3"]),
        ({}, {"log_p": [1.0, 2.0]}, ["up to 0"]),
        ({}, {"queries": (2, 9)}, ["3 tokens"]),
        ({}, {"text": "abc"}, ["ranges="]),
        ({}, {"text": "abc", "ranges": [(0, 1), (2, 9), (1, 2)]}, ["rise"]),
        ({"vocab": ["a", "b", "c", "d", "e"]}, {"text": "xyz"}, ["ranges="]),
        ({"attention": "weights"}, {}, ["pass weights="]),
        ({"attention": "weights"}, {"weights": [some(2, 3, 3)] * 2}, ["later tokens", "encoder"]),
        ({"attention": "weights"}, {"weights": [some(2, 3, 3) * 40] * 2}, ["softmax"]),
        ({"attention": "weights"}, {"weights": [some(2, 3, 4)] * 2}, ["4 keys"]),
        ({"attention": "weights", "sinks": True}, {"weights": [np.tril(some(2, 3, 3))] * 2}, ["sink="]),
    ],
)
def test_what_is_no_run_is_refused_and_leaves_no_file(tmp_path, of, add, words):
    path = tmp_path / "run.safetensors"
    given = {"tokens": [0, 1, 2], "q": [some(2, 3, 4)] * 2, "k": [some(2, 3, 4)] * 2, **add}
    with pytest.raises(spanscope.Error) as refused:
        with writer(path, **of) as run:
            run.add(given.pop("tokens"), **given)
    assert all(word in str(refused.value) for word in words), refused.value
    assert list(tmp_path.iterdir()) == []


def test_nothing_and_too_much_are_refused(tmp_path):
    path = tmp_path / "run.safetensors"
    with pytest.raises(spanscope.Error, match="no text"):
        writer(path).close()
    run = writer(path)
    run.add([0, 1], q=[some(2, 2, 4)] * 2, k=[some(2, 2, 4)] * 2)
    with pytest.raises(spanscope.Error, match="for all texts"):
        run.add([0, 1], q=[some(2, 2, 4)] * 2, k=[some(2, 2, 4)] * 2, logits=some(2, 5))
    run.discard()
    with pytest.raises(spanscope.Error, match="takes nothing more"):
        run.add([0, 1])
    assert list(tmp_path.iterdir()) == []


def tuples(seed: int = 0) -> tuple[list[np.ndarray], list[str]]:
    model = Strange(seed)
    words = [f"w{i} " for i in model.ids]
    return [model.weights(layer)[0][None] for layer in range(L)], words


def test_bertviz_and_transformer_lens(tmp_path):
    found, words = tuples()
    run = spanscope.from_attentions(tuple(found), words)
    assert run.tokens == words and run.model.is_recorded
    assert np.abs(run.attention(1, 2, dense=True) - found[1][0, 2]).max() < 1e-3
    cache = {f"blocks.{i}.attn.hook_pattern": found[i] for i in (2, 0, 1)} | {"blocks.0.hook_resid_pre": np.zeros(3)}
    again = spanscope.from_attentions(cache, words, path=tmp_path / "kept.safetensors", dtype="f32", top=10)
    assert (tmp_path / "kept.safetensors").exists()
    dense = again.attention(2, 0, dense=True)
    assert np.array_equal(dense[dense > 0], found[2][0, 0].astype("f4")[dense > 0])
    for wrong, words_said in [
        ({"blocks.0.hook_q": 1}, "hook_pattern"),
        ([], "no attentions"),
        (None, "attn_implementation"),
        ((None, None), "attn_implementation"),
        ([np.concatenate([found[0], found[0]])], "batch"),
        ([found[0][:, :, :50]], "100 tokens"),
        ([np.full((1, H, T, T), 1 / T)], "encoder"),
    ]:
        with pytest.raises(spanscope.Error, match=words_said):
            spanscope.from_attentions(wrong, words)


def plain_span(sums: np.ndarray, first: int, share: float) -> int:
    """The smallest distance within which this share of the weight lies, by its definition."""
    return first + int(np.argmax(np.cumsum(sums) >= share * sums.sum()))


def test_an_encoders_run_shows_both_directions(tmp_path):
    random = np.random.default_rng(0)
    count = 70
    words = [f"w{i} " for i in range(count)]
    weights = random.gamma(0.1, size=(2, 3, count, count))
    weights /= weights.sum(axis=3, keepdims=True)
    run = spanscope.from_attentions(weights, words, encoder=True, dtype="f32")
    assert run.tokens == words and run.text == "".join(words) and run.model.texts == ["text"]
    assert any("both directions" in note for note in run.model.assumed)
    stats = run.head_stats(frame="dict")
    plain = {name: [] for name in ("later", "later_effective_90", "effective_90", "later_mean_distance", "entropy", "effective_keys", "confidence")}
    for layer in range(2):
        for head in range(3):
            of = weights[layer, head]
            assert np.abs(run.attention(layer, head, dense=True) - of).max() < 1e-7
            parts = run.weights(layer, head, start=10, stop=50)
            assert parts.later is not None and parts.later.shape == (40, count - 11)
            for query in range(10, 50):
                ahead = count - 1 - query
                assert np.abs(parts.later[query - 10, :ahead] - of[query, query + 1 :]).max(initial=0) < 1e-7
                assert np.abs(parts.weights[query - 10, : query + 1] - of[query, query::-1]).max() < 1e-7
            after = np.array([np.trace(of, d) for d in range(1, count)])
            before = np.array([np.trace(of, -d) for d in range(count)])
            plain["later"].append(after.sum() / count)
            plain["later_effective_90"].append(plain_span(after, 1, 0.9))
            plain["effective_90"].append(plain_span(before, 0, 0.9))
            plain["later_mean_distance"].append((after * np.arange(1, count)).sum() / after.sum())
            plain["entropy"].append(-(of * np.log2(np.maximum(of, 1e-300))).sum(axis=1).mean())
            plain["effective_keys"].append((1 / (of**2).sum(axis=1)).mean())
            plain["confidence"].append(of.max(axis=1).mean())
    for name, expected in plain.items():
        assert stats[name] == pytest.approx(np.array(expected), rel=1e-4), name
    assert run.effective_spans(0.9).ravel() == pytest.approx(plain["effective_90"])
    assert run.effective_spans(0.9, later=True).ravel() == pytest.approx(plain["later_effective_90"])
    assert run.shares()[:, :, 0] == pytest.approx(np.ones((2, 3)), abs=1e-5)
    assert run.figure("grid").svg and run.figure("spans").svg and run.figure("attention", head="1.2").svg


def test_an_encoders_texts_in_parts_and_their_refusals(tmp_path):
    random = np.random.default_rng(0)
    weights = random.uniform(size=(2, 3, 5, 5))
    weights /= weights.sum(axis=3, keepdims=True)
    path = tmp_path / "run.safetensors"
    text = "a  b c"
    with spanscope.RunWriter(path, layers=2, heads=3, vocab=9, attention="top-weights", top=2, encoder=True) as writer:
        writer.add([1, 2, 3, 4, 5], weights=list(weights), text=text, ranges=[(0, 0), (0, 1), (3, 4), (4, 6), (6, 6)])
        writer.add([1, 2, 3, 4, 5], weights=list(weights))
    found = spanscope.open(path)
    assert [found.run(index=i, progress=False).text for i in (0, 1)] == [text, "1 2 3 4 5"]
    kept = found.run(index=1, progress=False).attention(1, 2, dense=True)
    of = weights[1, 2]
    largest = of >= np.sort(of, axis=1)[:, -2:-1]
    assert (kept > 0).sum() == 10 and np.abs(kept - np.where(largest, of, 0)).max() < 1e-3
    long = random.uniform(size=(1, 2, 150, 150))
    long /= long.sum(axis=3, keepdims=True)
    with spanscope.RunWriter(path, layers=1, heads=2, vocab=9, attention="weights", dtype="f32", encoder=True) as writer:
        writer.add([1] * 150, weights=list(long), queries=(64, 140))
    part = spanscope.open(path).run(progress=False)
    assert part.queries == range(64, 140)
    assert np.abs(part.attention(0, 1, dense=True) - long[0, 1, 64:140]).max() < 1e-7
    with pytest.raises(spanscope.Error, match="later=True is of"):
        spanscope.open("shakespeare_adaptive").run("To be").effective_spans(later=True)
    for given, said in [({"log_p": [0, 0, 0, 0]}, "no next token"), ({"weights": None}, "pass weights="), ({"weights": list(weights[:, :, :, :3])}, "all 5 tokens")]:
        with pytest.raises(spanscope.Error, match=said):
            with spanscope.RunWriter(path, layers=2, heads=3, vocab=9, attention="weights", encoder=True) as writer:
                writer.add([1, 2, 3, 4, 5], **{"weights": list(weights), **given})
    for wrong in ({}, {"attention": "weights", "window": 4}, {"attention": "weights", "sinks": True}):
        with pytest.raises(spanscope.Error, match="encoder=True goes with"):
            spanscope.RunWriter(path, layers=2, heads=3, encoder=True, **wrong)


def test_the_window_and_the_commands_take_it(tmp_path):
    import subprocess
    import sys

    found, words = tuples(3)
    path = tmp_path / "run.safetensors"
    log_p = np.full(len(words) - 1, -2.0)
    spanscope.from_attentions(found, words, path=path, top=8, log_p=log_p)

    def program(*more: str) -> str:
        done = subprocess.run([sys.executable, "-m", "spanscope", *more], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    said = program("info", str(path))
    assert "the 8 largest of each query" in said and "a model in another program" in said
    assert json.loads(program("eval", str(path), "--json"))["nats_per_token"] == pytest.approx(2)
    assert json.loads(program("effective-spans", str(path), "--json"))
    program("attention", str(path), "--layer", "1", "--head", "2", "-o", str(tmp_path / "head.csv"))
    program("figure", "grid", str(path), "-o", str(tmp_path / "grid.svg"))
    program("shot", str(tmp_path / "window.png"), "--model", str(path))
    assert (tmp_path / "window.png").stat().st_size > 10_000


def test_the_plain_softmax_is_the_definition():
    model = Strange(6, sinks=True)
    weights, sink = _arrays.softmax_weights(
        model.q[0][:, 40:60], model.k[0][:, :60], 40, scale=0.3, window=16, cap=1.5, sinks=model.sinks[0]
    )
    expected, on_sink = model.weights(0, scale=0.3, window=16, score_cap=1.5)
    assert np.abs(weights - expected[:, 40:60, :60]).max() < 1e-12
    assert np.abs(sink - on_sink[:, 40:60]).max() < 1e-12
