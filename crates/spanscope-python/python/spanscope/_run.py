"""Runs over a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from . import _native
from ._figure import Figure
from ._given import at_least, counted
from ._native import Error
from ._options import figure_options, heads
from ._progress import Progress, progress_of
from ._table import Frame, table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ._model import Model


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
    #: queries x tokens after the first query: weights on later tokens, column c at the distance c + 1; `None` where queries see none, as in
    #: all models but encoders.
    later: NDArray[np.float32] | None
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

    def __init__(self, native: _native.Run, model: Model, of_ids: bool = False, index: int | None = None) -> None:
        self._native, self._model, self._of_ids, self._index = native, model, of_ids, index

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
        if head is None:
            name = heads([layer])[0].upper().lstrip("L").replace("H", ".")
            numbers = name.split(".")
            if len(numbers) != 2 or not all(number.isdigit() for number in numbers):
                raise Error(f"{layer!r}: expected a head as layer and number, 3, 1, or as \"L3H1\"")
            return int(numbers[0]), int(numbers[1])
        layers, each, *_ = self._model._native.sizes()
        return counted(layer, layers, "layer"), counted(head, each, "head")

    def _queries(self, start: int | None, stop: int | None) -> tuple[int | None, int | None]:
        """Begin and end of queries, from the end of the text if they are negative."""
        begin, end = (None if at is None else counted(at, len(self), "token") for at in (start, stop))
        return begin, end

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
        queries x T. `start` and `stop` choose queries; all that are at hand, without. Of an encoder's recorded run the weights by distance
        are those on the query and earlier tokens; `dense` and `weights` have those on later ones as well."""
        import numpy as np

        of, queries = self._head(layer, head), self._queries(start, stop)
        if dense:
            return np.asarray(self._native.dense(*of, *queries))
        return np.asarray(self._native.attention(*of, *queries).weights)

    def weights(
        self, layer: int | str, head: int | None = None, *, start: int | None = None, stop: int | None = None
    ) -> HeadWeights:
        """A head's weights with what is on no token: persistent vectors, empty context, a learned sink."""
        import numpy as np

        found = self._native.attention(*self._head(layer, head), *self._queries(start, stop))
        return HeadWeights(
            np.asarray(found.weights),
            np.asarray(found.persistent),
            np.asarray(found.empty),
            None if found.sink is None else np.asarray(found.sink),
            None if found.later is None else np.asarray(found.later),
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
        at_least("sink_free", sink_free)
        told = progress_of(progress, "measuring", "queries")
        for name, numbers in self._native.head_stats(sink_free, told):
            columns[name] = np.array([np.nan if x is None else x for x in numbers], np.float64)
        return table(columns, frame)

    def effective_spans(self, share: float = 0.9, *, later: bool = False, progress: Progress = None) -> NDArray[np.float64]:
        """The smallest distance within which `share` of each head's weight on the text lies, in tokens: L x H; not a number where a
        head has no weight on the text. Of an encoder's recorded run: of the weight on the query and earlier tokens or, with `later`, of that
        on later ones."""
        import numpy as np

        if later and not self._model._native.is_bidirectional:
            raise Error("later=True is of recorded runs of encoders: this model's tokens see themselves and earlier ones alone")
        if not 0 < share <= 1:
            raise Error(f"share={share}: expected a share above 0, and 1 at most")
        layers, each, *_ = self._model._native.sizes()
        told = progress_of(progress, "measuring", "heads")
        return np.array(self._native.effective_spans(share, later, told)).reshape(layers, each)

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

    def neurons(
        self,
        layer: int | None = None,
        *,
        most: int | None = None,
        promotes: int = 0,
        frame: Frame | None = None,
        progress: Progress = None,
    ) -> Any:
        """The neurons of the feed-forward sublayers as key-value memories: a table with a row per neuron, layer by layer.

        Columns are ``layer``, ``expert`` (of a mixture of experts alone) and ``neuron``, all from 0; ``use``, the mean of |c| ||v|| over
        the text, c what multiplies the neuron's value v; ``share`` of the layer's use, from 0 to 1; ``mean_activation``, the mean of |c|;
        ``value_norm``, ||v||; ``never_used``, true with less than 1 % of an even share; ``top_tokens``, positions of up to 8 tokens that use
        it most, and ``top_activations``, c there. docs/maths.md defines them. `neuron_layers` has the effective numbers.

        layer: one layer, instead of all.
        most: the most used of each layer, by falling use, instead of all by number.
        promotes: adds ``raises`` and ``lowers``, so many tokens each whose logit the value raises and lowers most. Of all neurons of a large
            model that takes long: say `layer` or `most`.
        frame: as of `head_stats`.
        """
        import numpy as np

        layers, *_ = self._model._native.sizes()
        layer = None if layer is None else counted(layer, layers, "layer")
        at_least("most", most, 1)
        at_least("promotes", promotes)
        told = progress_of(progress, "measuring", "tokens")
        found = self._native.neurons(layer, most, promotes, told)
        ids = found.ids()
        numbers = np.asarray(found.numbers())
        columns: dict[str, Any] = {"layer": np.array([id[0] for id in ids])}
        if any(id[1] is not None for id in ids):
            columns["expert"] = np.array([id[1] for id in ids])
        columns["neuron"] = np.array([id[2] for id in ids])
        for name, column in zip(("use", "share", "mean_activation", "value_norm"), numbers):
            columns[name] = column
        columns["never_used"] = np.array(found.never())
        users = found.users()
        columns["top_tokens"] = [of for of, _ in users]
        columns["top_activations"] = [of for _, of in users]
        if promotes:
            promoted = found.promoted()
            columns["raises"] = [raised for raised, _ in promoted]
            columns["lowers"] = [lowered for _, lowered in promoted]
        return table(columns, frame)

    def neuron_layers(self, *, frame: Frame | None = None, progress: Progress = None) -> Any:
        """The use of neurons by layer: a table with a row per layer.

        Columns are ``layer``, ``neurons`` (how many there are), ``use`` (the sum of theirs), ``effective``, the effective number of neurons, exp
        of the entropy of their shares, ``never_used``, how many have less than 1 % of an even share, and ``holding_50`` and ``holding_90``, how
        many, the most used first, hold 50 and 90 % of the use.
        """
        import numpy as np

        told = progress_of(progress, "measuring", "tokens")
        # Rows of neurons are not wanted: one of each layer is the least.
        found = self._native.neurons(None, 1, 0, told).layers()
        names = ("layer", "neurons", "use", "effective", "never_used", "holding_50", "holding_90")
        return table({name: np.array([of[i] for of in found]) for i, name in enumerate(names)}, frame)

    def prediction(self, at: int = -1, k: int = 10) -> Prediction | None:
        """The model's prediction after the token at position `at`; `None` where that was not recorded."""
        at_least("k", k, 1)
        found = self._native.prediction(counted(at, len(self), "token"), k)
        if found is None:
            return None
        ids, log_p, entropy, truth = found
        return Prediction(ids, log_p, entropy, *(truth or (None, None)))

    def figure(self, kind: str, **options: Any) -> Figure:
        """A figure: of the kinds that `figure_kinds` lists, with the options of ``spanscope figure``.

        head: one or several heads, ``"L3H1"`` or ``["3.1", "2.0"]``.   combine: ``"mean"`` or ``"max"`` of several.
        weights: ``"attention"``, or ``"norm"``: each weight times the norm of what it writes.
        tokens: ``(a, b)``, a slice, or ``"A..B"``: queries, or selected tokens.
        scatter: two statistics, along and up.   layer: of neurons.
        statistic, bars, along, color, sort, z, linear, effective, columns, scale, shade, mean, of, against, smooth: see ``spanscope figure
        --help``.
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
