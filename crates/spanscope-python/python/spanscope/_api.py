"""Models, runs and figures."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union, overload

from . import _native
from ._native import Error
from ._options import figure_options, heads, named_numbers
from ._progress import Progress, progress_of
from ._table import Frame, table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Path = Union[str, "os.PathLike[str]"]

#: Memory that a run may take if nobody says otherwise, in bytes.
MEMORY = 4_000_000_000


def samples() -> dict[str, str]:
    """The bundled models, by the names that `open` knows, each with a text that suits it."""
    return {file.removesuffix(".safetensors"): text for _, file, text in _native.samples()}


def figure_kinds() -> dict[str, str]:
    """The kinds of figure, with a line on each."""
    return dict(_native.figure_kinds())


def open(
    path: Path | None = None,
    *,
    vocab: Path | None = None,
    ramp: float | None = None,
    special_tokens: bool = True,
) -> Model:
    """Opens a model, or a recorded run.

    path: a checkpoint (.pt, .safetensors), a folder with a config.json, a GGUF file, a recorded run, the name of a model in the hub's
        cache (``"gpt2"``, ``"org/name"``), or of a bundled sample (see `samples`); without one, the first sample.
    vocab: the model's vocabulary, where the file does not hold it: a train.txt, the raw corpus, a list of tokens, a dict.txt.
    ramp: length R of the soft mask's ramp in tokens, which .pt files do not store.
    special_tokens: whether special tokens that are spelled in a text, such as ``<s>``, are these tokens.

    Raises `Error`, which says what is wrong with the file and what to do.
    """
    names = samples()
    if path is None:
        path = next(iter(names))
    if isinstance(path, str) and path in names and not os.path.exists(path):
        if vocab is not None or ramp is not None:
            raise Error(f"{path}: the file of a bundled model holds its vocabulary and ramp; leave vocab= and ramp= out")
        return Model(_native.Model.open_sample(path))
    told = None if ramp is None else repr(float(ramp)).removesuffix(".0")
    return Model(_native.Model.open(path, vocab, told, special_tokens), vocab=vocab, ramp=told)


@dataclass(frozen=True)
class Architecture:
    """The parts and sizes of a network."""

    #: ``adaptive-span``, or the model_type of its config.json: ``gpt2``, ``llama``.
    family: str
    #: L.
    layers: int
    #: H: query heads of a layer.
    heads: int
    #: D: width of the hidden states.
    width: int
    #: V.
    vocab_size: int
    #: Parameters of the whole network.
    parameters: int
    #: N: persistent vectors of every head.
    persistent: int
    #: All that is known of it, as in run files: for an adaptive-span network its configuration, for others layer by layer.
    spec: dict[str, Any]


class Model:
    """A model, or a recorded run in its place. Made by `open`."""

    def __init__(self, native: _native.Model, vocab: Path | None = None, ramp: str | None = None) -> None:
        self._native, self._vocab, self._ramp = native, vocab, ramp

    @property
    def name(self) -> str:
        """The name of its file, or of the model in the hub's cache."""
        return self._native.name

    @property
    def architecture(self) -> Architecture:
        """The parts and sizes of the network."""
        layers, heads, vocab_size, width, parameters, persistent = self._native.sizes()
        spec = json.loads(self._native.architecture())
        family = self._native.family()
        return Architecture(family, layers, heads, width, vocab_size, parameters, persistent, spec)

    @property
    def assumed(self) -> list[str]:
        """The assumptions made because the file does not say."""
        return self._native.assumed()

    @property
    def is_recorded(self) -> bool:
        """True for a recorded run: it holds queries and keys or weights of its texts, and cannot run over others."""
        return self._native.texts() is not None

    @property
    def texts(self) -> list[str]:
        """Names of the texts of a recorded run; none of a model."""
        return self._native.texts() or []

    def spans(self, frame: Frame | None = None) -> Any:
        """The span of every head: a table of ``layer``, ``head``, ``span`` (z, or the window, in tokens), ``reach`` (distances
        with a mask above 0) and ``sees_all`` (true if the head sees the whole text)."""
        import numpy as np

        rows = list(zip(*self._native.spans()))
        names, kinds = ("layer", "head", "span", "reach", "sees_all"), (int, int, float, int, bool)
        return table({name: np.array(row, kind) for name, row, kind in zip(names, rows, kinds)}, frame)

    def encode(self, text: str) -> NDArray[np.uint32]:
        """The token ids of a text."""
        import numpy as np

        return np.array(self._native.encode(text), np.uint32)

    def decode(self, ids: Iterable[int]) -> str:
        """The text of token ids."""
        return self._native.decode([int(id) for id in ids])

    def run(
        self,
        text: str | None = None,
        *,
        ids: Iterable[int] | None = None,
        index: int | None = None,
        name: str = "text",
        memory: int = MEMORY,
        any_text: bool = False,
        progress: Progress = None,
    ) -> Run:
        """Runs the model over a text; of a recorded run, takes one of its texts.

        text, ids: a text, or token ids. A recorded run has its own.
        index: of a recorded run, which of its texts, from 0.
        name: what figures call the text.
        memory: what is kept of the run may take so many bytes.
        any_text: take a text however much of it the vocabulary lacks.
        progress: a function of tokens done and all tokens; ``True`` or ``False`` for a line on stderr or none. By default there is a
            line where somebody watches. Ctrl-C stops the run.
        """
        told = progress_of(progress, "running")
        given = None if ids is None else [int(id) for id in ids]
        return Run(self._native.run(text, given, index, name, memory, any_text, told), self, text is None and given is not None)

    def edit(
        self,
        *,
        ablate: Any = (),
        window: Mapping[Any, int] | int | None = None,
        span: Mapping[Any, float] | float | None = None,
        keep_first: int | None = None,
        drop_first: int | None = None,
        ablate_mlp: int | Iterable[int] = (),
        ramp: float | None = None,
    ) -> Model:
        """The model with changes; this one stays as it is, and weights are shared. They replace those of an earlier `edit`.

        Heads are ``"L3H1"``, ``"3.1"`` or ``(3, 1)``, those of a layer ``3``, all ``"all"``.

        ablate: heads that contribute nothing.
        window: cuts heads to a window of so many keys with a hard edge: ``{"L3H1": 64}``; a number is for all.
        span: gives heads the soft mask of adaptive span with z tokens: ``{"all": 20}``.
        keep_first, drop_first: keep the first tokens visible whatever the window, or hide them.
        ablate_mlp: layers whose feed-forward sublayer contributes nothing.
        ramp: R of soft masks that heads did not learn.
        """
        mlps = [ablate_mlp] if isinstance(ablate_mlp, int) else list(ablate_mlp)
        told = None if ramp is None else repr(float(ramp)).removesuffix(".0")
        native = self._native.edit(
            [(name, int(keys)) for name, keys in named_numbers(window)],
            [(name, float(z)) for name, z in named_numbers(span)],
            heads(ablate),
            mlps,
            keep_first,
            drop_first,
            told,
        )
        return Model(native, self._vocab, self._ramp)

    @property
    def changes(self) -> str:
        """The changes made by `edit`, in the words of the command line; empty for the model as its file has it."""
        return self._native.changes()

    def generate(
        self,
        prompt: str | None = None,
        *,
        ids: Iterable[int] | None = None,
        tokens: int = 200,
        temperature: float = 1.0,
        top_p: float = 1.0,
        seed: int = 0,
        stop: str | None = None,
        progress: Progress = None,
    ) -> Generated:
        """Continues a text: the same seed gives the same text.

        tokens: how many to draw at most.  temperature: 0 takes the likeliest token.  top_p: only the likeliest tokens that hold this
        probability.  stop: ends with this text.
        """
        given = None if ids is None else [int(id) for id in ids]
        told = progress_of(progress, "generating")
        return Generated(
            *self._native.generate(prompt, given, tokens, temperature, top_p, seed, stop, told)
        )

    def figure(self, kind: str, **options: Any) -> Figure:
        """A figure of the model alone: ``spans``, ``cost``, ``training`` or ``parameters``. Options are those of `Run.figure`."""
        return Figure(self._native.figure(kind, figure_options(options)))

    def __repr__(self) -> str:
        layers, heads, *_ = self._native.sizes()
        what = "recorded run" if self.is_recorded else self._native.family()
        changes = f", {self.changes}" if self.changes else ""
        return f"<spanscope.Model {self.name}: {what}, {layers} layers of {heads} heads{changes}>"


@dataclass(frozen=True)
class Generated:
    """A continuation."""

    #: What was drawn, without the prompt.
    text: str
    #: Its token ids.
    ids: list[int]
    #: The model's log p of each, in nats, before temperature and top-p.
    log_p: list[float]

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class HeadWeights:
    """One head's weights for consecutive queries. Nothing is copied: the arrays look at what was computed."""

    #: queries x reach: column c is the distance c + `nearest`. Distances before the text's start hold the weight on empty context.
    weights: NDArray[np.float32]
    #: queries x N: weights on persistent vectors.
    persistent: NDArray[np.float32]
    #: queries: weight on empty context.
    empty: NDArray[np.float32]
    #: queries: weight on the head's learned sink; `None` where it has none.
    sink: NDArray[np.float32] | None
    #: Position of the first query.
    first: int
    #: The distance of column 0: 0 where a token sees itself, else 1.
    nearest: int


@dataclass(frozen=True)
class Prediction:
    """A model's prediction after a token."""

    #: The likeliest tokens, by falling probability.
    ids: list[int]
    #: Their log p, in nats.
    log_p: list[float]
    #: Entropy of the whole distribution, in bits.
    entropy: float
    #: Place of the token that follows, from 1; `None` after the last.
    rank: int | None
    #: Its log p, in nats.
    next_log_p: float | None


class Run:
    """A model's run over a text. Made by `Model.run`."""

    def __init__(self, native: _native.Run, model: Model, of_ids: bool = False) -> None:
        self._native, self._model, self._of_ids = native, model, of_ids

    @property
    def model(self) -> Model:
        """The model that ran."""
        return self._model

    @property
    def name(self) -> str:
        """The name of the text."""
        return self._native.name

    @property
    def text(self) -> str:
        """The text."""
        return self._native.text

    def __len__(self) -> int:
        return len(self._native.ids())

    @property
    def tokens(self) -> list[str]:
        """The text that each token stands for. A part of a character is a replacement character."""
        return self._native.tokens()

    @property
    def labels(self) -> list[str]:
        """The names of the tokens in figures."""
        return self._native.labels()

    @property
    def ids(self) -> NDArray[np.uint32]:
        """Token ids: T."""
        import numpy as np

        return np.array(self._native.ids(), np.uint32)

    @property
    def surprisal(self) -> NDArray[np.float32]:
        """-log2 p of every token given those before it, in bits: T; not a number for the first, and where it was not recorded."""
        import numpy as np

        found = np.asarray(self._native.surprisal())
        all = np.full(len(self), np.nan, np.float32)
        all[1 : 1 + len(found)] = found
        return all

    @property
    def bits_per_token(self) -> float:
        """The mean surprisal, in bits."""
        import numpy as np

        found = np.asarray(self._native.surprisal(), np.float64)
        return float(found.mean()) if len(found) else float("nan")

    @property
    def queries(self) -> range:
        """The tokens whose weights are at hand: all, but of a recorded run that kept a part."""
        return range(*self._native.kept())

    def _head(self, layer: int | str, head: int | None) -> tuple[int, int]:
        if head is not None:
            return int(layer), int(head)
        name = heads([layer])[0].upper().lstrip("L").replace("H", ".")
        numbers = name.split(".")
        if len(numbers) != 2 or not all(number.isdigit() for number in numbers):
            raise Error(f"{layer!r}: expected a head as layer and number, 3, 1, or as \"L3H1\"")
        return int(numbers[0]), int(numbers[1])

    @overload
    def attention(self, layer: int, head: int, *, dense: bool = ..., start: int | None = ..., stop: int | None = ...) -> NDArray[np.float32]: ...
    @overload
    def attention(self, layer: str, *, dense: bool = ..., start: int | None = ..., stop: int | None = ...) -> NDArray[np.float32]: ...
    def attention(
        self,
        layer: int | str,
        head: int | None = None,
        *,
        dense: bool = False,
        start: int | None = None,
        stop: int | None = None,
    ) -> NDArray[np.float32]:
        """A head's weights, by distance: queries x reach, the nearest first (see `HeadWeights.weights`). With ``dense``, by key:
        queries x T. `start` and `stop` choose queries; all that are at hand, without."""
        import numpy as np

        layer, head = self._head(layer, head)
        if dense:
            return np.asarray(self._native.dense(layer, head, start, stop))
        return np.asarray(self._native.attention(layer, head, start, stop).weights)

    def weights(
        self, layer: int | str, head: int | None = None, *, start: int | None = None, stop: int | None = None
    ) -> HeadWeights:
        """A head's weights with what is on no token: persistent vectors, empty context, a learned sink."""
        import numpy as np

        found = self._native.attention(*self._head(layer, head), start, stop)
        return HeadWeights(
            np.asarray(found.weights),
            np.asarray(found.persistent),
            np.asarray(found.empty),
            None if found.sink is None else np.asarray(found.sink),
            found.first,
            found.nearest,
        )

    def head_stats(
        self, *, sink_free: int | None = None, frame: Frame | None = None, progress: Progress = None
    ) -> Any:
        """The statistics of all heads: a table with a row per head, layer by layer.

        Columns are ``layer``, ``head``, and the statistics of the window and of `figure`: ``reach``, ``span``, ``effective_90`` and
        the like in tokens, ``entropy`` in bits, shares from 0 to 1. Not a number where a head has none. docs/maths.md defines them.

        sink_free: first tokens that sink-free spans leave out.
        frame: ``"pandas"``, ``"polars"`` or ``"dict"``; by default a data frame where a library for them is there.
        """
        import numpy as np

        layers, each, *_ = self._model._native.sizes()
        columns: dict[str, Any] = {
            "layer": np.repeat(np.arange(layers), each),
            "head": np.tile(np.arange(each), layers),
        }
        told = progress_of(progress, "measuring", "queries")
        for name, numbers in self._native.head_stats(sink_free, told):
            columns[name] = np.array([np.nan if x is None else x for x in numbers], np.float64)
        return table(columns, frame)

    def effective_spans(self, share: float = 0.9, *, progress: Progress = None) -> NDArray[np.float64]:
        """The smallest distance within which `share` of each head's weight on the text lies, in tokens: L x H; not a number where a
        head has no weight on the text."""
        import numpy as np

        if not 0 < share <= 1:
            raise Error(f"share={share}: expected a share above 0, and 1 at most")
        layers, each, *_ = self._model._native.sizes()
        told = progress_of(progress, "measuring", "heads")
        return np.array(self._native.effective_spans(share, told)).reshape(layers, each)

    def shares(self) -> NDArray[np.float32]:
        """The shares of each head's weight, mean over the text: L x H x 4, on the text, on persistent vectors, on empty context, on
        learned sinks."""
        import numpy as np

        return np.asarray(self._native.shares())

    def persistent(self, layer: int | str | None = None, head: int | None = None) -> NDArray[np.float32]:
        """Weights on persistent vectors: the mean of each, L x H x N; of one head, those of every query, queries x N."""
        import numpy as np

        if layer is None:
            return np.asarray(self._native.persistent_use())
        return self.weights(layer, head).persistent

    def prediction(self, at: int = -1, k: int = 10) -> Prediction | None:
        """The model's prediction after the token at position `at`; `None` where that was not recorded."""
        found = self._native.prediction(at + len(self) if at < 0 else at, k)
        if found is None:
            return None
        ids, log_p, entropy, truth = found
        return Prediction(ids, log_p, entropy, *(truth or (None, None)))

    def figure(self, kind: str, **options: Any) -> Figure:
        """A figure: of the kinds that `figure_kinds` lists, with the options of ``spanscope figure``.

        head: one or several heads, ``"L3H1"`` or ``["3.1", "2.0"]``.   combine: ``"mean"`` or ``"max"`` of several.
        tokens: ``(a, b)``, a slice, or ``"A..B"``: queries, or selected tokens.
        statistic, sort, z, linear, effective, columns, scale, shade, mean, of, against, smooth: see ``spanscope figure --help``.
        title: another title, or ``False`` for none.   width, height: millimetres, or ``"column"``, ``"page"``, ``"slide"``.
        font_size (pt), dark, transparent, gray, map, dpi.

        An option that has no effect on this kind is refused.
        """
        return Figure(self._native.figure(kind, figure_options(options)))

    def show(self) -> None:
        """Opens the window on this run. The notebook goes on."""
        from ._window import show

        show(self)

    def __repr__(self) -> str:
        return f"<spanscope.Run of {self._model.name} over {self.name}: {len(self):,} tokens>"


class Figure:
    """A figure: it shows itself in a notebook, and saves itself in all forms."""

    def __init__(self, native: _native.Figure) -> None:
        self._native = native

    @property
    def kind(self) -> str:
        """Its kind, in a word."""
        return self._native.kind

    @property
    def title(self) -> str:
        """Its title."""
        return self._native.title

    @property
    def svg(self) -> str:
        """The drawing as SVG."""
        return self._native.svg()

    @property
    def png(self) -> bytes:
        """The drawing as PNG."""
        return self._native.bytes("png")

    @property
    def pdf(self) -> bytes:
        """The drawing as PDF."""
        return self._native.bytes("pdf")

    @property
    def data(self) -> dict[str, Any]:
        """Its numbers, as its .json has them: columns with units, rows, provenance."""
        return json.loads(self._native.bytes("json"))

    def table(self, frame: Frame | None = None) -> Any:
        """Its numbers as a table; columns are named as in its .csv, without units."""
        import numpy as np

        data = self.data
        names = [column["name"] for column in data["columns"]]
        columns = list(zip(*data["rows"])) if data["rows"] else [()] * len(names)
        numbers = {
            name: np.array([np.nan if x is None else x for x in column]) for name, column in zip(names, columns)
        }
        return table(numbers, frame)

    def save(self, path: Path) -> Figure:
        """Writes it to a file: .svg, .pdf, .png (drawings), .csv, .json (numbers). A file that is there is replaced."""
        import warnings

        told = self._native.save(path)
        if told:
            warnings.warn(told, stacklevel=2)
        return self

    def _repr_svg_(self) -> str:
        return self._native.svg()

    def _repr_png_(self) -> bytes:
        return self._native.bytes("png")

    def __repr__(self) -> str:
        return f"<spanscope.Figure {self.kind}: {self.title}>"
