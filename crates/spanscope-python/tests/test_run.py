"""Runs: weights, measures and figures; progress, interruption, the interpreter's lock."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest
from conftest import DATA, FAMILIES, TEXT

import spanscope
from spanscope import _native


def program(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "spanscope", *words], capture_output=True, text=True)


def test_a_run_knows_its_text(run):
    assert run.text == TEXT and "".join(run.tokens) == TEXT and len(run) == len(run.ids) == len(run.labels)
    assert len(run.surprisal) == len(run) and np.isnan(run.surprisal[0]) and (run.surprisal[1:] >= 0).all()
    assert run.bits_per_token == pytest.approx(float(run.surprisal[1:].mean()), rel=1e-5)
    assert run.queries == range(len(run)) and TEXT[:0] == "" and "tokens" in repr(run)


def test_banded_and_dense_weights_are_the_same(run, all_attention):
    for of in (run, all_attention.run(TEXT, progress=False)):
        for layer, head in [(0, 0), (1, 2), (2, 1)]:
            banded, dense = of.attention(layer, head), of.attention(f"L{layer}H{head}", dense=True)
            whole = of.weights(layer, head)
            assert banded.dtype == dense.dtype == np.float32 and dense.shape == (len(of), len(of))
            assert np.array_equal(whole.weights, banded)
            for query in (0, 1, 17, len(of) - 1):
                seen = max(0, query + 1 - whole.nearest)
                row = banded[query, :seen]
                back = dense[query, :seen][::-1][: len(row)]
                assert np.array_equal(row, back), (layer, head, query)
                assert not dense[query, seen:].any()
            total = banded.sum(axis=1) + whole.persistent.sum(axis=1)
            assert np.allclose(total, 1, atol=1e-4)
            part = of.attention(layer, head, start=20, stop=30, dense=True)
            assert np.array_equal(part, dense[20:30])


def test_weights_are_those_of_the_command(run, tmp_path):
    (tmp_path / "text.txt").write_text(TEXT)
    (tmp_path / "model.safetensors").write_bytes(_native.sample_file("shakespeare_adaptive"))
    out = tmp_path / "head.csv"
    said = program(
        "attention", str(tmp_path / "model.safetensors"), "--text", str(tmp_path / "text.txt"), "--layer", "3", "--head", "1", "-o", str(out)
    )
    assert said.returncode == 0, said.stderr
    eval = program("eval", str(tmp_path / "model.safetensors"), "--text", str(tmp_path / "text.txt"), "--json")
    assert json.loads(eval.stdout)["bits_per_token"] == pytest.approx(run.bits_per_token, rel=1e-6)
    table = run.figure("attention", head="3.1").table(frame="dict")
    assert len(table) > 10


def test_arrays_copy_nothing_and_outlive_the_run(adaptive):
    run = adaptive.run(TEXT, progress=False)
    native = run._native.attention(0, 0).weights
    one, two = np.asarray(native), np.asarray(native)
    assert np.shares_memory(one, two) and one.flags.writeable and one.flags.c_contiguous
    kept = run.attention(0, 0)
    expected = kept.copy()
    del run, native
    assert np.array_equal(kept, expected)
    kept[0] = 7
    assert (adaptive.run(TEXT, progress=False).attention(0, 0)[0] != 7).all()


def test_measures_are_those_of_their_definitions(run):
    of = run.model.architecture
    table = run.head_stats(frame="dict", progress=False)
    assert list(table)[:2] == ["layer", "head"] and {"reach", "entropy", "effective_90", "sink"} <= set(table)
    assert all(len(column) == of.layers * of.heads for column in table.values())
    spans = run.effective_spans(0.9)
    assert spans.shape == (of.layers, of.heads)
    assert np.array_equal(spans.ravel(), table["effective_90"], equal_nan=True)
    shares = run.shares()
    for layer, head in [(0, 0), (2, 3), (of.layers - 1, 1)]:
        of_head = run.weights(layer, head)
        inside = of_head.weights.astype(float).copy()
        for query in range(len(run)):
            inside[query, max(0, query + 1 - of_head.nearest) :] = 0
        by_distance = inside.sum(axis=0)
        held = np.cumsum(by_distance) >= 0.9 * by_distance.sum() * (1 - 1e-12)
        assert spans[layer, head] == of_head.nearest + np.argmax(held)
        assert shares[layer, head, 0] == pytest.approx(by_distance.sum() / len(run), abs=1e-4)
        assert shares[layer, head, 2] == pytest.approx(of_head.empty.mean(), abs=1e-4)
    with pytest.raises(spanscope.Error, match="share="):
        run.effective_spans(90)


def test_tables_are_of_the_library_that_is_asked_for(run):
    for name in ("pandas", "polars"):
        library = pytest.importorskip(name) if _has(name) else None
        if library is None:
            with pytest.raises(spanscope.Error, match=f"pip install {name}"):
                run.head_stats(frame=name, progress=False)
        else:
            assert isinstance(run.head_stats(frame=name, progress=False), library.DataFrame)
    with pytest.raises(spanscope.Error, match="pandas"):
        run.head_stats(frame="table", progress=False)


def test_without_a_library_for_tables_there_are_arrays(run, monkeypatch):
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in ("pandas", "polars") else real(name))
    stats = run.head_stats(progress=False)
    assert isinstance(stats, dict) and all(isinstance(column, np.ndarray) for column in stats.values())
    assert len(stats["entropy"]) == len(stats["layer"])


@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_a_library_for_tables_is_used_where_it_is(run, name, monkeypatch):
    import importlib.util

    library = pytest.importorskip(name)
    real = importlib.util.find_spec
    others = {"pandas", "polars"} - {name}
    monkeypatch.setattr(importlib.util, "find_spec", lambda wanted: None if wanted in others else real(wanted))
    stats = run.head_stats(progress=False)
    assert isinstance(stats, library.DataFrame)
    assert list(stats["entropy"]) == list(run.head_stats(frame="dict", progress=False)["entropy"])


def _has(name: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(name) is not None


def test_persistent_vectors(all_attention, run):
    of = all_attention.run(TEXT, progress=False)
    use = of.persistent()
    sizes = all_attention.architecture
    assert use.shape == (sizes.layers, sizes.heads, sizes.persistent)
    weights = of.persistent(1, 2)
    assert weights.shape == (len(of), sizes.persistent)
    assert np.allclose(weights.mean(axis=0), use[1, 2], atol=1e-6)
    assert run.persistent().shape[2] == 0


def test_predictions(run):
    found = run.prediction(10, k=5)
    assert found is not None and len(found.ids) == len(found.log_p) == 5
    assert found.log_p == sorted(found.log_p, reverse=True) and found.entropy > 0
    assert found.next_log_p is not None
    assert -found.next_log_p / np.log(2) == pytest.approx(run.surprisal[11], rel=1e-4)
    last = run.prediction()
    assert last is not None and last.rank is None
    with pytest.raises(IndexError, match="counted from 0"):
        run.prediction(10**6)


def test_no_such_head_and_no_such_query_are_index_errors(run):
    for call in (lambda: run.attention(99, 0), lambda: run.attention("L0H99"), lambda: run.attention(0, 0, start=5, stop=10**6)):
        with pytest.raises(IndexError):
            call()
    for wrong in ("all", "3", "x"):
        with pytest.raises(spanscope.Error, match="L3H1"):
            run.attention(wrong)


def test_numbers_count_from_the_end_as_well(run):
    of = run.model.architecture
    last = run.attention(of.layers - 1, of.heads - 1, dense=True)
    assert np.array_equal(run.attention(-1, -1, dense=True), last)
    assert np.array_equal(run.attention(-1, -1, dense=True, start=-10), last[-10:])
    assert np.array_equal(run.attention(-1, -1, dense=True, start=-10, stop=-3), last[-10:-3])
    assert np.array_equal(run.weights(-1, 0).weights, run.attention(of.layers - 1, 0))
    assert run.prediction(-2) == run.prediction(len(run) - 2)
    for call in (lambda: run.attention(-9, 0), lambda: run.attention(0, -9), lambda: run.attention(0, 0, start=-(10**6)), lambda: run.prediction(-(10**6))):
        with pytest.raises(IndexError, match="counted from 0"):
            call()
    with pytest.raises(TypeError):
        run.attention(1.5, 0)


def test_heads_may_be_numbers_of_numpy(run):
    spans = run.effective_spans()
    layer, head = np.unravel_index(np.nanargmax(spans), spans.shape)
    named = run.attention(f"L{layer}H{head}")
    assert np.array_equal(run.attention(layer, head), named)
    figure = run.figure("attention", head=(layer, head), tokens=np.int64(7))
    assert figure.svg == run.figure("attention", head=f"L{layer}H{head}", tokens=7).svg
    assert run.model.edit(ablate=[(layer, head)], window={layer: np.int64(9)}).changes


@pytest.mark.parametrize("kind", [kind for kind in spanscope.figure_kinds() if kind not in ("usage", "vectors", "neurons")])
def test_every_figure_in_every_form(kind, run, tmp_path):
    figure = run.figure(kind)
    assert figure.kind == kind and figure._repr_svg_().startswith("<") and figure._repr_png_()[1:4] == b"PNG"
    for ending, begins in (("svg", b"<"), ("pdf", b"%PDF"), ("png", b"\x89PNG"), ("csv", b""), ("json", b"{")):
        path = tmp_path / f"figure.{ending}"
        assert figure.save(path) is figure
        assert path.read_bytes().startswith(begins) and path.stat().st_size > 50
    assert (tmp_path / "figure.svg").read_text(encoding="utf-8") == figure.svg
    data = figure.data
    assert data["figure"] == kind and data["rows"] and data["provenance"]["model"]["name"]
    assert set(figure.table(frame="dict")) == {column["name"] for column in data["columns"]}


def test_figures_are_those_of_the_command(all_attention, tmp_path):
    model, text = tmp_path / "wikitext_all_attention.safetensors", tmp_path / "text"
    model.write_bytes(_native.sample_file("wikitext_all_attention"))
    text.write_text(TEXT)
    run = spanscope.open(model).run(TEXT, progress=False)
    for kind, options, words in [
        ("spans", {"sort": True, "effective": True, "width": "column"}, ["--sort", "--effective", "--width", "column"]),
        ("attention", {"head": ["L0H1", (1, 2)], "combine": "max", "tokens": (5, 40), "dark": True}, ["--head", "0.1,1.2", "--combine", "max", "--tokens", "5..40", "--dark"]),
        ("usage", {"head": "L1H0", "title": "Use -- of vectors"}, ["--head", "1.0", "--title", "Use -- of vectors"]),
        ("vectors", {"head": "L1H0", "title": False, "tokens": slice(3, None)}, ["--head", "1.0", "--no-title", "--tokens", "3.."]),
        ("lens", {"tokens": 7}, ["--tokens", "7..8"]),
        ("heads", {"scatter": ("reach", "entropy"), "color": "role"}, ["--scatter", "reach,entropy", "--color", "role"]),
    ]:  # fmt: skip
        for ending in ("svg", "csv"):
            here, there = tmp_path / f"here.{ending}", tmp_path / f"there.{ending}"
            run.figure(kind, **options).save(here)
            words_here = [w for w in words if ending == "svg" or w in ("--head", "--combine", "--tokens", "--effective", "--sort", "--scatter", "--color") or not w.startswith("--")]
            if ending == "csv" and kind in ("spans", "usage", "vectors", "attention"):
                continue
            said = program("figure", kind, str(model), "--text", str(text), *words_here, "-o", str(there), "--force")
            assert said.returncode == 0, said.stderr
            assert here.read_bytes() == there.read_bytes(), (kind, ending)


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("spans", {"shade": "read"}, ["shade=", "no effect"]),
        ("spans", {"colour": "red"}, ["colour=", "dark"]),
        ("spans", {"width": 5}, ["40 to 1000"]),
        ("spans", {"sort": 1}, ["sort=", "True or False"]),
        ("text", {"shade": "loud"}, ["surprisal"]),
        ("attention", {"tokens": (5, 10**6)}, ["tokens="]),
        ("attention", {"head": "L99H0"}, ["99"]),
        ("usage", {}, ["persistent"]),
        ("spans", {"width": 40, "font_size": 32}, ["font_size="]),
    ],
)
def test_options_without_effect_are_refused(run, kind, options, words):
    with pytest.raises(spanscope.Error) as refused:
        run.figure(kind, **options).svg  # noqa: B018
    said = str(refused.value)
    assert all(word in said for word in words) and "--" not in said, said


def test_neurons_of_a_layer(run, all_attention):
    figure = run.figure("neurons", layer=1)
    assert figure.svg.startswith("<") and figure.data["rows"]
    with pytest.raises(spanscope.Error):
        all_attention.run(TEXT, progress=False).figure("neurons", layer=1)


def test_neurons_are_those_of_the_command(run, all_attention, tmp_path):
    model, text = tmp_path / "model.safetensors", tmp_path / "text.txt"
    model.write_bytes(_native.sample_file("shakespeare_adaptive"))
    text.write_text(TEXT)
    table = run.neurons(frame="dict", progress=False)
    layers = run.neuron_layers(frame="dict", progress=False)
    assert len(set(map(len, table.values()))) == 1 and "expert" not in table and "raises" not in table
    said = program("neurons", str(model), "--text", str(text), "--top", "5", "--json")
    assert said.returncode == 0, said.stderr
    for number, of in enumerate(json.loads(said.stdout)["layers"]):
        for name in ("layer", "neurons", "never_used", "holding_50", "holding_90"):
            assert layers[name][number] == of[name]
        assert layers["effective"][number] == pytest.approx(of["effective"])
        own = table["layer"] == number
        assert own.sum() == of["neurons"] and table["never_used"][own].sum() == of["never_used"]
        assert table["share"][own].sum() == pytest.approx(1, abs=1e-4)
        shares = table["use"][own].astype(float) / table["use"][own].sum()
        entropy = -(shares[shares > 0] * np.log(shares[shares > 0])).sum()
        assert layers["effective"][number] == pytest.approx(np.exp(entropy), rel=1e-3)
        few = run.neurons(number, most=5, promotes=3, frame="dict", progress=False)
        for rank, most in enumerate(of["most_used"]):
            assert few["neuron"][rank] == most["neuron"]
            assert few["share"][rank] == pytest.approx(most["share"])
            assert few["use"][rank] == pytest.approx(few["mean_activation"][rank] * few["value_norm"][rank], rel=1e-4)
        assert few["neuron"].tolist() == np.argsort(-table["use"][own], kind="stable")[:5].tolist()
    one = run.neurons(1, most=1, promotes=4, frame="dict", progress=False)
    name = f"L1N{one['neuron'][0]}"
    beside = json.loads(program("neurons", str(model), "--neuron", name, "--text", str(text), "--json").stdout)["neuron"]
    assert one["top_tokens"][0] == [of["position"] for of in beside["used_most_by"]]
    assert one["top_activations"][0] == pytest.approx([of["activation"] for of in beside["used_most_by"]])
    assert len(one["raises"][0]) == len(one["lowers"][0]) == 4
    with pytest.raises(spanscope.Error, match="layers go from 0"):
        run.neurons(99, progress=False)
    with pytest.raises(IndexError, match="no layer -99"):
        run.neurons(-99, progress=False)
    with pytest.raises(spanscope.Error, match="most=0"):
        run.neurons(most=0, progress=False)
    with pytest.raises(spanscope.Error, match="persistent"):
        all_attention.run(TEXT, progress=False).neurons(progress=False)


def test_neurons_of_experts(tmp_path):
    run = spanscope.open(FAMILIES / "gpt_oss").run(ids=[5, 9, 5, 9, 12, 77, 5], progress=False)
    table = run.neurons(frame="dict", progress=False)
    assert set(table["expert"]) == {0, 1, 2, 3} and set(table["layer"]) == {0, 1, 2}
    assert all(0 <= token < 7 for of in table["top_tokens"] for token in of)


def test_a_figure_goes_to_known_forms_only(run, tmp_path):
    with pytest.raises(spanscope.Error, match="svg"):
        run.figure("spans").save(tmp_path / "spans.doc")
    with pytest.raises(spanscope.Error) as refused:
        run.figure("spans").save(tmp_path / "absent" / "spans.svg")
    assert str(refused.value).count("make it first") == 1
    assert list(tmp_path.iterdir()) == []


LONG = TEXT * 60


def test_progress_is_told_and_may_stop_the_run(adaptive):
    heard: list[tuple[int, int]] = []
    run = adaptive.run(LONG, progress=lambda done, all: heard.append((done, all)))
    assert heard[-1] == (len(run), len(run)) and heard == sorted(heard)

    measured: list[tuple[int, int]] = []
    run.head_stats(frame="dict", progress=lambda done, all: measured.append((done, all)))
    assert measured[-1] == (len(run), len(run))
    run.effective_spans(progress=lambda done, all: measured.append((done, all)))
    of = adaptive.architecture
    assert measured[-1] == (of.layers * of.heads,) * 2

    def stop(done: int, all: int) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        adaptive.run(LONG * 4, progress=stop)


def test_a_line_of_progress(capsys, adaptive):
    adaptive.run(LONG, progress=True)
    said = capsys.readouterr().err
    assert said.startswith("\rrunning: ") and said.endswith("per second\n") and "tokens" in said and said.count("\n") == 1
    adaptive.run(LONG, progress=False)
    assert capsys.readouterr().err == ""


def test_a_notebook_is_told_by_itself(adaptive, capsys, monkeypatch):
    import types

    from spanscope import _progress

    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    assert _progress.progress_of(None, "running") is None
    adaptive.run(LONG)
    assert capsys.readouterr().err == ""
    # In a notebook a line comes without being asked for, once it takes a while.
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    line = _progress.progress_of(None, "running")
    assert isinstance(line, _progress.Line) and line.patience == _progress.PATIENCE
    monkeypatch.setattr(_progress.Line.__init__, "__defaults__", (0.0,))
    adaptive.run(LONG)
    assert capsys.readouterr().err.startswith("\rrunning: ")


def test_a_notebook_has_one_line_that_changes(adaptive, capsys, monkeypatch):
    import types

    said: list[str] = []

    class Shown:
        def update(self, content, raw):
            said.append(content["text/plain"])

    def display(content, raw, display_id):
        assert raw and display_id and not said
        said.append(content["text/plain"])
        return Shown()

    kernel = types.ModuleType("IPython")
    kernel.get_ipython = lambda: object()
    shown = types.ModuleType("IPython.display")
    shown.display = display
    for name, module in (("ipykernel", types.ModuleType("ipykernel")), ("IPython", kernel), ("IPython.display", shown)):
        monkeypatch.setitem(sys.modules, name, module)
    adaptive.run(LONG, progress=True)
    assert len(said) > 1 and all(line.startswith("running: ") for line in said) and len(set(said)) == len(said)
    assert capsys.readouterr().err == ""


def test_other_threads_go_on_meanwhile(adaptive):
    counted, over = [0], threading.Event()

    def count() -> None:
        while not over.is_set():
            counted[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    before = counted[0]
    adaptive.run(LONG, progress=False)
    after = counted[0]
    over.set()
    thread.join()
    assert after - before > 1000


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_stops_a_run():
    lines = """
        import os, signal, threading, time
        import spanscope
        m = spanscope.open("shakespeare_span")
        threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        begun = time.monotonic()
        try:
            while True:
                m.run(spanscope.samples()["shakespeare_span"] * 40, progress=False, memory=10**11)
        except KeyboardInterrupt:
            print(time.monotonic() - begun)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(lines)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 5


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_the_command_is_the_program(tmp_path):
    assert program("--version").stdout.startswith("spanscope ")
    assert program("info", str(FAMILIES / "gpt2")).returncode == 0
    wrong = program("info")
    assert wrong.returncode == 2 and "Usage" in wrong.stderr
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_DFL


def test_the_window_is_asked_for_what_is_looked_at(adaptive, run, tmp_path):
    from spanscope._window import command

    words = command(run, str(tmp_path))
    assert words[0].endswith("shakespeare_adaptive.safetensors") and words[1] == "--text"
    assert (tmp_path / "text.txt").read_text() == TEXT
    with pytest.raises(spanscope.Error, match="changed"):
        command(adaptive.edit(ablate=0).run(TEXT, progress=False), str(tmp_path))
    assert "--special-tokens" not in words
    # Ids that are a text's are shown as the text.
    (tmp_path / "text.txt").unlink()
    command(adaptive.run(ids=adaptive.encode(TEXT), progress=False), str(tmp_path))
    assert (tmp_path / "text.txt").read_text() == TEXT
    bare = spanscope.open(DATA / "tiny_adaptive.pt", ramp=16)
    with pytest.raises(spanscope.Error, match="model.run"):
        command(bare.run(ids=[1, 2, 3], progress=False), str(tmp_path))
    literal = spanscope.open(FAMILIES / "llama", special_tokens=False)
    assert command(literal.run("a", progress=False), str(tmp_path))[-2:] == ["--special-tokens", "text"]
    recorded = spanscope.open(DATA / "run_version_1.safetensors").run(index=-1, progress=False)
    assert command(recorded, str(tmp_path))[1:] == ["--index", "0"]


def test_a_window_of_no_such_text_is_refused():
    said = program(str(DATA / "run_version_1.safetensors"), "--index", "7")
    assert said.returncode == 2 and "there is no text 7" in said.stderr and "counted from 0" in said.stderr
    said = program(str(FAMILIES / "gpt2"), "--index", "0")
    assert said.returncode == 2 and "recorded run" in said.stderr


def test_a_window_that_cannot_open_says_why(run, monkeypatch):
    if not sys.platform.startswith("linux"):
        pytest.skip("there is always a screen")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(spanscope.Error, match="window cannot open"):
        run.show()
