"""Models: opened, described, changed, continued; and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import DATA, FAMILIES, ROOT, TEXT

import spanscope


def test_samples_open_by_name_and_the_first_without_one():
    names = list(spanscope.samples())
    assert names[0] == "shakespeare_adaptive"
    assert sorted(names) == sorted(path.stem for path in (ROOT / "sample_models").glob("*.safetensors"))
    assert all(spanscope.open(name).name == f"{name}.safetensors" for name in names)
    assert spanscope.open().name == spanscope.open(names[0]).name == "shakespeare_adaptive.safetensors"


def test_files_folders_and_recorded_runs_open(tmp_path):
    assert spanscope.open(DATA / "tiny_adaptive.pt", ramp=16).architecture.family == "adaptive-span"
    model = spanscope.open(FAMILIES / "gpt2")
    of = model.architecture
    assert (of.family, of.layers, of.heads) == ("gpt2", of.spec["layers"].__len__(), of.spec["layers"][0]["attention"]["heads"])
    assert of.parameters > 0 and not model.is_recorded and model.texts == []
    old = spanscope.open(DATA / "run_version_1.safetensors")
    assert old.is_recorded and old.texts == ["ids80.json"]
    assert len(old.run()) == 80
    assert "recorded run" in repr(old)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: spanscope.open("absent.pt"), ["absent.pt", "seen from", "shakespeare_adaptive"]),
        (lambda: spanscope.open("~/absent.pt"), ["/absent.pt", "no such file"]),
        (lambda: spanscope.open().run("a", memory=-1), ["memory=-1"]),
        (lambda: spanscope.open().generate("a", tokens=-1), ["tokens=-1"]),
        (lambda: spanscope.open().edit(keep_first=-1), ["keep_first=-1"]),
        (lambda: spanscope.open().run("a").head_stats(sink_free=-1), ["sink_free=-1"]),
        (lambda: spanscope.open(DATA / "README.md"), ["README.md"]),
        (lambda: spanscope.open("shakespeare_adaptive", ramp=3), ["ramp="]),
        (lambda: spanscope.open(FAMILIES / "gpt2", ramp=16), ["ramp= has no effect"]),
        (lambda: spanscope.open(DATA / "tiny_adaptive.pt", ramp=-1), ["above 0"]),
        (lambda: spanscope.open(DATA / "tiny_adaptive.pt").run("a text"), ["vocab=", "ids="]),
        (lambda: spanscope.open(DATA / "run_version_1.safetensors").run("a text"), ["index="]),
        (lambda: spanscope.open(DATA / "run_version_1.safetensors").run(index=7), ["there is no text 7"]),
        (lambda: spanscope.open().run(), ["text", "ids="]),
        (lambda: spanscope.open().run("a", ids=[1]), ["not both"]),
        (lambda: spanscope.open().run("a", index=0), ["recorded run"]),
        (lambda: spanscope.open().run(""), ["text is empty", "another text"]),
        (lambda: spanscope.open().run(ids=[1, 99999]), ["99999"]),
        (lambda: spanscope.open().run(TEXT, memory=1000), ["memory"]),
        (lambda: spanscope.open().edit(ablate="L9H9"), ["L9H9"]),
        (lambda: spanscope.open().edit(ablate="head"), ["L3H1"]),
        (lambda: spanscope.open().edit(ablate_neuron="3"), ["3"]),
        (lambda: spanscope.open().edit(keep_first=2, drop_first=2), ["not both"]),
        (lambda: spanscope.open().edit(window={"all": 0}), ["from 1"]),
        (lambda: spanscope.open().edit(span=float("nan")), ["from 0"]),
        (lambda: spanscope.open(DATA / "run_version_1.safetensors").edit(ablate=0), ["recorded"]),
        (lambda: spanscope.open().generate("a", temperature=-1), ["temperature="]),
        (lambda: spanscope.open().generate("a", top_p=0), ["top_p="]),
        (lambda: spanscope.open().generate(), ["prompt"]),
        (lambda: spanscope.open().figure("attention"), ["run"]),
        (lambda: spanscope.open().figure("nonsense"), ["spans", "heads"]),
        (lambda: spanscope.open().decode([10**6]), ["1000000"]),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_remedy(call, words):
    with pytest.raises(spanscope.Error) as refused:
        call()
    said = str(refused.value)
    assert all(word in said for word in words), said
    assert "--" not in said, said


def test_spans_are_a_table(adaptive):
    table = adaptive.spans(frame="dict")
    of = adaptive.architecture
    assert set(table) == {"layer", "head", "span", "reach", "sees_all"}
    assert all(len(column) == of.layers * of.heads for column in table.values())
    assert (table["reach"] >= np.floor(table["span"])).all() and not table["sees_all"].any()


def test_text_becomes_ids_and_ids_text(adaptive):
    ids = adaptive.encode(TEXT)
    assert ids.dtype == np.uint32 and adaptive.decode(ids) == TEXT


def test_ids_may_be_of_any_library(adaptive):
    ids = adaptive.encode(TEXT)
    expected = adaptive.run(TEXT, progress=False).surprisal
    for given in (ids, ids.tolist(), tuple(ids), ids[None], {"input_ids": [ids.tolist()], "attention_mask": None}, ids.astype(np.int64)):
        assert np.array_equal(adaptive.run(ids=given, progress=False).surprisal, expected, equal_nan=True)
    assert adaptive.decode(ids[None]) == TEXT


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda m: m.run(5), TypeError, "of type int: pass a str"),
        (lambda m: m.run(["a", "b"]), TypeError, "of type list: pass a str"),
        (lambda m: m.run(b"a text"), TypeError, "text.decode"),
        (lambda m: m.encode(None), TypeError, "NoneType"),
        (lambda m: m.generate(b"a"), TypeError, "text.decode"),
        (lambda m: m.run(ids="a text"), TypeError, "model.encode"),
        (lambda m: m.run(ids=5), TypeError, "token ids of a text"),
        (lambda m: m.run(ids=[1, 2.5]), TypeError, "2.5"),
        (lambda m: m.run(ids=[[1, 2], [3, 4]]), spanscope.Error, "2 texts"),
        (lambda m: m.run(ids=[1, -1]), spanscope.Error, "no token -1"),
        (lambda m: m.run(ids=[1, 2**40]), spanscope.Error, "no token"),
        (lambda m: m.run(ids=[]), spanscope.Error, "empty|no token"),
    ],
)
def test_what_is_no_text_is_refused_in_words(adaptive, call, error, words):
    with pytest.raises(error, match=words):
        call(adaptive)


def test_texts_of_a_run_count_from_the_end_as_well():
    old = spanscope.open(DATA / "run_version_1.safetensors")
    assert old.run(index=-1).name == "ids80.json"
    with pytest.raises(IndexError, match="no text -2"):
        old.run(index=-2)


def test_an_edit_changes_what_it_says_and_leaves_the_model(adaptive):
    text = TEXT[:60]
    before = adaptive.run(text, progress=False)
    layers = adaptive.architecture.layers
    without = adaptive.edit(ablate=list(range(layers)))
    assert without.changes.startswith("ablate 0") and adaptive.changes == ""
    assert without.run(text, progress=False).bits_per_token != before.bits_per_token
    shorter = adaptive.edit(span={"L0H0": 5.0, (1, 1): 7}, ablate=["L2H3", (3, 0)])
    table = shorter.spans(frame="dict")
    of = lambda layer, head: layer * adaptive.architecture.heads + head  # noqa: E731
    assert table["span"][of(0, 0)] == 5 and table["span"][of(1, 1)] == 7
    neuron = adaptive.edit(ablate_neuron=["L1N3", "2.5"], ablate_mlp=0)
    assert "ablate-neuron" in neuron.changes
    assert neuron.run(text, progress=False).bits_per_token != before.bits_per_token
    # Edits replace each other, and none leaves the model as it was.
    assert np.array_equal(shorter.edit().run(text, progress=False).surprisal, before.surprisal, equal_nan=True)


def test_a_window_cuts_a_models_sight():
    model = spanscope.open(FAMILIES / "gpt2").edit(window=8, keep_first=2)
    weights = model.run(ids=range(40), progress=False).attention(0, 0, dense=True)
    assert (weights[30, 2:23] == 0).all() and (weights[30, 23:31] > 0).all() and (weights[30, :2] > 0).all()


def test_the_same_seed_gives_the_same_text(adaptive):
    drawn = adaptive.generate("To be", tokens=20, seed=3)
    again = adaptive.generate("To be", tokens=20, seed=3)
    assert drawn == again and len(drawn.ids) == len(drawn.log_p) == 20 and str(drawn) == drawn.text
    assert all(p <= 0 for p in drawn.log_p)
    greedy = [adaptive.generate("To be", tokens=10, temperature=0, seed=seed).text for seed in (1, 2)]
    assert greedy[0] == greedy[1]
    heard = []
    adaptive.generate("To be", tokens=30, progress=lambda done, all: heard.append((done, all)))
    assert heard[-1] == (30, 30)


@pytest.mark.parametrize("kind", ["spans", "cost", "training", "parameters", "mask"])
def test_figures_of_a_model_alone(adaptive, kind, tmp_path):
    figure = adaptive.figure(kind)
    assert figure.kind == kind and figure.svg.startswith("<") and figure.data["rows"]
    figure.save(tmp_path / "figure.pdf").save(tmp_path / "figure.csv")
    assert (tmp_path / "figure.pdf").read_bytes().startswith(b"%PDF")


def test_the_table_of_spans_is_that_of_the_figure(adaptive):
    table = adaptive.spans(frame="dict")
    rows = adaptive.figure("spans").table(frame="dict")
    assert np.allclose(sorted(rows["reach"]), sorted(table["reach"]))
