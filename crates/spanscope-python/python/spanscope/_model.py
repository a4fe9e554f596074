"""Models, and recorded runs in their place."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union

from . import _native
from ._figure import Figure
from ._given import at_least, counted, ids_of, text_of
from ._native import Error
from ._options import figure_options, heads, named_numbers
from ._progress import Progress, progress_of
from ._run import Run
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
    place = os.path.expanduser(path)
    try:
        native = _native.Model.open(place, vocab, told, special_tokens)
    except Error as error:
        # A name that may be one of the hub's is told with the cache where it was looked for.
        if os.path.lexists(place) or "hub's cache" in str(error):
            raise
        raise Error(
            f"{place}: there is no such file or folder, seen from {os.getcwd()}; pass the path of a model or of a recorded run, the name of a "
            f"model in the hub's cache, or of a bundled one: {', '.join(names)}"
        ) from None
    return Model(native, vocab, told, special_tokens)


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

    def __init__(
        self, native: _native.Model, vocab: Path | None = None, ramp: str | None = None, special_tokens: bool = True
    ) -> None:
        self._native, self._vocab, self._ramp, self._special_tokens = native, vocab, ramp, special_tokens

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
        with a mask above 0) and ``sees_all`` (true if the head sees the whole text). Where no window and no context is designed
        that would end what a head sees, ``span`` and ``reach`` are NaN."""
        import numpy as np

        rows = list(zip(*self._native.spans()))
        names, kinds = ("layer", "head", "span", "reach", "sees_all"), (int, int, float, int, bool)
        columns: dict[str, Any] = {}
        for name, row, kind in zip(names, rows, kinds):
            known = [np.nan if value is None else value for value in row]
            columns[name] = np.array(known, float if None in row else kind)
        return table(columns, frame)

    def encode(self, text: str) -> NDArray[np.uint32]:
        """The token ids of a text."""
        import numpy as np

        return np.array(self._native.encode(text_of(text)), np.uint32)

    def decode(self, ids: Iterable[int]) -> str:
        """The text of token ids."""
        return self._native.decode(ids_of(ids))

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

        text, ids: a text, or token ids: a list, an array or a tensor, or what a tokenizer gives. A recorded run has its own.
        index: of a recorded run, which of its texts, from 0.
        name: what figures call the text.
        memory: what is kept of the run may take so many bytes.
        any_text: take a text however much of it the vocabulary lacks.
        progress: a function of tokens done and all tokens; ``True`` or ``False`` for a line on stderr or none. By default there is a
            line where somebody watches. Ctrl-C stops the run.
        """
        told = progress_of(progress, "running")
        at_least("memory", memory)
        said = None if text is None else text_of(text)
        given = None if ids is None else ids_of(ids)
        texts = self._native.texts()
        at = index if index is None or texts is None else counted(index, len(texts), "text")
        native = self._native.run(said, given, at, name, memory, any_text, told)
        return Run(native, self, said is None and given is not None, at)

    def edit(
        self,
        *,
        ablate: Any = (),
        window: Mapping[Any, int] | int | None = None,
        span: Mapping[Any, float] | float | None = None,
        keep_first: int | None = None,
        drop_first: int | None = None,
        ablate_mlp: int | Iterable[int] = (),
        ablate_neuron: str | Iterable[str] = (),
        ramp: float | None = None,
    ) -> Model:
        """The model with changes; this one stays as it is, and weights are shared. They replace those of an earlier `edit`.

        Heads are ``"L3H1"``, ``"3.1"`` or ``(3, 1)``, those of a layer ``3``, all ``"all"``.

        ablate: heads that contribute nothing.
        window: cuts heads to a window of so many keys with a hard edge: ``{"L3H1": 64}``; a number is for all.
        span: gives heads the soft mask of adaptive span with z tokens: ``{"all": 20}``.
        keep_first, drop_first: keep the first tokens visible whatever the window, or hide them.
        ablate_mlp: layers whose feed-forward sublayer contributes nothing.
        ablate_neuron: neurons of these, ``"L3N120"`` or ``"3.120"``.
        ramp: R of soft masks that heads did not learn.
        """
        at_least("keep_first", keep_first)
        at_least("drop_first", drop_first)
        mlps = [ablate_mlp] if isinstance(ablate_mlp, int) else list(ablate_mlp)
        neurons = [ablate_neuron] if isinstance(ablate_neuron, str) else list(ablate_neuron)
        told = None if ramp is None else repr(float(ramp)).removesuffix(".0")
        native = self._native.edit(
            [(name, int(keys)) for name, keys in named_numbers(window)],
            [(name, float(z)) for name, z in named_numbers(span)],
            heads(ablate),
            mlps,
            neurons,
            keep_first,
            drop_first,
            told,
        )
        return Model(native, self._vocab, self._ramp, self._special_tokens)

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
        at_least("tokens", tokens)
        at_least("seed", seed)
        said = None if prompt is None else text_of(prompt)
        given = None if ids is None else ids_of(ids)
        told = progress_of(progress, "generating")
        return Generated(*self._native.generate(said, given, tokens, temperature, top_p, seed, stop, told))

    def figure(self, kind: str, **options: Any) -> Figure:
        """A figure of the model alone: ``spans``, ``mask``, ``cost``, ``training`` or ``parameters``. Options are those of `Run.figure`."""
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
