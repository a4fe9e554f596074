"""A text of a run file, written piece by piece."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._arrays import DTYPES, array, by_distance, by_key, largest, softmax_weights, stored
from ._native import Error
from ._safetensors import File

if TYPE_CHECKING:
    from ._writer import RunWriter

#: Queries and keys are kept by whole blocks of as many tokens.
BLOCK = 64

#: Queries whose weights are worked out at once.
PART = 256


class TextWriter:
    """A text of a run that is written piece by piece, in any order of layers. Made by `RunWriter.text`."""

    def __init__(
        self, run: RunWriter, file: File, number: int, tokens: int, kept: tuple[int, int], results: str | None
    ) -> None:
        self.run, self.file, self.number, self.tokens, self.results = run, file, number, tokens, results
        self.first, self.end = kept
        self.first_key = self._first_key()
        #: Rows that have come, of queries and of keys, by layer.
        self.rows = [0] * run.layers
        self.keys = [0] * run.layers
        self.predicted = 0
        self.planned: set[int] = set()
        self.sink_sums: Any = None
        self.other_sums: Any = None

    def _first_key(self) -> int:
        windows = self.run.windows
        if self.run.attention != "queries-keys":
            return self.first
        if any(window is None for window in windows):
            return 0
        return max(0, self.first - max(window or 0 for window in windows)) // BLOCK * BLOCK

    def _name(self, what: str) -> str:
        return f"text.{self.number}.{what}"

    def begin(self, ids: list[int], content: bytes, places: list[tuple[int, int]]) -> None:
        """Writes the text itself, and finds places for all that will come."""
        import numpy as np

        self.ids = np.array(ids, "<u4")
        self.sink_sums = np.zeros((self.run.layers, self.run.heads))
        self.other_sums = np.zeros((self.run.layers, self.run.heads))
        run, file = self.run, self.file
        if self.results is not None:
            file.plan(self._name("nll"), "F32", (self.tokens - 1,))
        if self.results == "logits":
            k = run._candidates()
            if k < 1:
                raise Error("logits need a vocabulary, vocab=, and at least one candidate")
            file.plan(self._name("entropy"), "F32", (self.tokens,))
            file.plan(self._name("next.rank"), "U32", (self.tokens,))
            file.plan(self._name("next.log_p"), "F32", (self.tokens,))
            file.plan(self._name("candidates.ids"), "U32", (self.tokens, k))
            file.plan(self._name("candidates.log_p"), "F32", (self.tokens, k))
        run.small.append((self._name("ids"), "U32", self.ids))
        run.small.append((self._name("ranges"), "U32", np.array(places, "<u4").reshape(-1, 2)))
        run.small.append((self._name("bytes"), "U8", np.frombuffer(content, "u1")))

    def _plan(self, layer: int) -> None:
        """Finds places for the numbers of a layer."""
        run, dtype = self.run, DTYPES[self.run.dtype]

        def name(what: str) -> str:
            return self._name(f"layers.{layer}.{what}")

        queries = self.end - self.first
        if run.attention == "queries-keys":
            dim = run.head_dim or 1
            self.file.plan(name("queries"), dtype, (queries, run.heads * dim))
            self.file.plan(name("keys"), dtype, (self.end - self.first_key, run.kv_heads * dim))
        else:
            width = min(self.tokens, run.top or run.windows[layer] or self.tokens)
            self.file.plan(name("weights"), dtype, (queries, run.heads, width))
            if run.attention == "top-weights":
                self.file.plan(name("weight_keys"), "U32", (queries, run.heads, width))
            if run.has_sinks:
                self.file.plan(name("sink"), dtype, (queries, run.heads))
        self.planned.add(layer)

    def attention(
        self, layer: int, start: int, *, q: Any = None, k: Any = None, weights: Any = None, sink: Any = None
    ) -> None:
        """The attention of a layer for the tokens from position `start` on.

        q: H x n x d; k: Hk x n x d, of the same tokens. Or weights: H x n x K on the last K tokens up to the last query, of an encoder H x n x T
        on all. sink: H x n,
        the weights on learned sinks, where there are any. A layer's pieces come in order.
        """
        run = self.run
        if not 0 <= layer < run.layers:
            raise Error(f"there is no layer {layer}: the run has {run.layers}, counted from 0")
        if start != self.rows[layer]:
            raise Error(f"layer {layer}: its pieces come in order; the next begins at token {self.rows[layer]}, not {start}")
        if run.attention == "queries-keys":
            self._queries_keys(layer, start, q, k, sink)
        else:
            self._weights(layer, start, weights, sink)

    def _queries_keys(self, layer: int, start: int, q: Any, k: Any, sink: Any) -> None:
        run = self.run
        if q is None or k is None:
            raise Error("attention=\"queries-keys\": pass q= and k=")
        q, k = array(q), array(k)
        dim = q.shape[-1] if q.ndim == 3 else 0
        run.head_dim = run.head_dim or dim
        n = q.shape[1] if q.ndim == 3 else 0
        for what, given, heads in (("q", q, run.heads), ("k", k, run.kv_heads)):
            if given.shape != (heads, n, run.head_dim) or n == 0:
                expected = f"{heads} heads x tokens x {run.head_dim} numbers"
                raise Error(f"layer {layer}: {what}= has the shape {given.shape}; expected {expected}")
        self._fits(layer, start, n)
        if layer not in self.planned:
            self._plan(layer)
        if run.sinks is not None:
            if sink is not None:
                self.sink_sums[layer] += array(sink).sum(axis=1)
            elif n == self.tokens:
                self.sink_sums[layer] += self._sink_weights(layer, q, k)
            else:
                raise Error(f"layer {layer}: pass sink=, H x n, the weights on its sinks, with a piece of a text")
        self._put(layer, "queries", start, self.first, self.end, q)
        self._put(layer, "keys", start, self.first_key, self.end, k)
        self.rows[layer] = start + n

    def _sink_weights(self, layer: int, q: Any, k: Any) -> Any:
        """The sums over queries of the weights on a layer's sinks."""
        run, total = self.run, 0.0
        dim = q.shape[-1]
        scale = dim**-0.5 if run.scale is None else run.scale
        for first in range(0, q.shape[1], PART):
            end = min(first + PART, q.shape[1])
            _, sink = softmax_weights(
                q[:, first:end],
                k[:, :end],
                first,
                scale=scale,
                window=run.windows[layer],
                cap=run.score_cap,
                slopes=run.slopes,
                sinks=run.sinks[layer] if run.sinks is not None else None,
            )
            total = total + (0.0 if sink is None else sink.sum(axis=1))
        return total

    def _fits(self, layer: int, start: int, n: int) -> None:
        if start + n > self.tokens:
            raise Error(f"layer {layer}: tokens {start} to {start + n} are more than the text's {self.tokens}")

    def _put(self, layer: int, what: str, start: int, first: int, end: int, rows: Any) -> None:
        """Writes the kept part of rows that begin with the token at `start`."""
        n = rows.shape[1]
        begin, stop = max(start, first), min(start + n, end)
        if begin >= stop:
            return
        part = rows[:, begin - start : stop - start].transpose(1, 0, 2).reshape(stop - begin, -1)
        name = self._name(f"layers.{layer}.{what}")
        self.file.put(name, begin - first, stored(part, self.run.dtype, f"layer {layer}: {what}"))

    def _weights(self, layer: int, start: int, weights: Any, sink: Any) -> None:
        run = self.run
        if weights is None:
            raise Error(f"attention={run.attention!r}: pass weights=")
        weights = array(weights)
        if weights.ndim != 3 or weights.shape[0] != run.heads or weights.shape[1] == 0:
            raise Error(f"layer {layer}: weights= has the shape {weights.shape}; expected {run.heads} heads x queries x keys")
        n, keys = weights.shape[1:]
        self._fits(layer, start, n)
        if run.encoder and keys != self.tokens:
            raise Error(f"layer {layer}: weights on {keys} keys; an encoder's are on all {self.tokens} tokens of the text")
        if not run.encoder and keys > start + n:
            raise Error(
                f"layer {layer}: weights on {keys} keys, and there are {start + n} up to the last query: a query sees itself and those "
                "before it"
            )
        self._check(layer, start, weights)
        if run.has_sinks and sink is None:
            raise Error(f"layer {layer}: pass sink=, H x n, the weights on its sinks")
        if layer not in self.planned:
            self._plan(layer)
        width = self.file.tensors[self._name(f"layers.{layer}.weights")].shape[2]
        begin, stop = max(start, self.first), min(start + n, self.end)
        if begin < stop:
            # Queries that are kept, on the keys up to the last of them; of an encoder on all.
            last = keys if run.encoder else keys - (start + n - stop)
            cut = weights[:, begin - start : stop - start, :last]
            keys_of = None
            if run.attention == "top-weights":
                rows, keys_of = largest(cut, stop - 1, width, run.encoder)
            elif run.encoder:
                rows = by_key(cut)
            else:
                rows = by_distance(cut, stop - 1, width)
            name = self._name(f"layers.{layer}.weights")
            at = begin - self.first
            self.file.put(name, at, stored(rows, run.dtype, f"layer {layer}: weights"))
            if keys_of is not None:
                self.file.put(self._name(f"layers.{layer}.weight_keys"), at, keys_of)
            if run.has_sinks:
                sinks = array(sink)[:, begin - start : stop - start].T
                self.file.put(self._name(f"layers.{layer}.sink"), at, stored(sinks, run.dtype, f"layer {layer}: sink"))
        if run.has_sinks:
            self.sink_sums[layer] += array(sink).sum(axis=1)
        if run.encoder:
            # Weights of one's own need not add up to 1.
            self.other_sums[layer] += n - weights.sum(axis=(1, 2), dtype="f8")
        self.rows[layer] = start + n

    def _check(self, layer: int, start: int, weights: Any) -> None:
        """Refuses what are no weights, or not of a causal model where it is none of an encoder."""
        import numpy as np

        heads, n, keys = weights.shape
        if not np.isfinite(weights).all() or weights.min() < -1e-3 or weights.max() > 1.01:
            low, high = float(weights.min()), float(weights.max())
            raise Error(f"layer {layer}: weights from {low:g} to {high:g}; shares from 0 to 1 expected: pass them after the softmax")
        if self.run.encoder:
            return
        later = np.triu(np.ones((n, keys), bool), keys - n + 1)
        ahead = float((weights * later).sum()) / (heads * n)
        if ahead > 1e-3:
            raise Error(
                f"layer {layer}: {100 * ahead:.0f} % of the weight is on later tokens, as in an encoder: pass encoder=True, or weights of a "
                "causal model, whose tokens see themselves and those before them"
            )

    def logits(self, start: int, logits: Any) -> None:
        """The logits after the tokens from position `start` on: n x V. Pieces come in order."""
        import numpy as np

        given = array(logits).astype(np.float64)
        size = self.run._size()
        if given.ndim != 2 or given.shape[1] != size or len(given) == 0:
            raise Error(f"logits= has the shape {given.shape}; expected tokens x {size}, the vocabulary")
        k = self.run._candidates()
        for at in range(0, len(given), PART):
            part = given[at : at + PART]
            log_p = part - part.max(axis=1, keepdims=True)
            log_p -= np.log(np.exp(log_p).sum(axis=1, keepdims=True))
            ids = np.argsort(-log_p, axis=1, kind="stable")[:, :k]
            entropy = -(np.exp(log_p) * np.where(np.isfinite(log_p), log_p, 0)).sum(axis=1) / np.log(2)
            rows = np.arange(len(part))
            follows = self.ids[start + at + 1 : start + at + 1 + len(part)].astype(int)
            next_log_p = np.full(len(part), np.nan)
            next_log_p[: len(follows)] = log_p[rows[: len(follows)], follows]
            rank = np.zeros(len(part), int)
            rank[: len(follows)] = 1 + (log_p[: len(follows)] > next_log_p[: len(follows), None]).sum(axis=1)
            self.expected(start + at, ids, np.take_along_axis(log_p, ids, axis=1), entropy, rank, next_log_p)

    def expected(self, start: int, ids: Any, log_p: Any, entropy: Any, rank: Any, next_log_p: Any) -> None:
        """The predictions after the tokens from position `start` on: the likeliest tokens and their log p (n x K), the entropy in bits,
        and of the token that follows its rank, from 1, and log p (n each; the last of a text has none)."""
        import numpy as np

        if self.results != "logits":
            raise Error("this text was begun without logits: results=\"logits\"")
        if start != self.predicted:
            raise Error(f"logits come in order; the next are of token {self.predicted}, not {start}")
        n = len(ids)
        if start + n > self.tokens:
            raise Error(f"logits of tokens {start} to {start + n} are more than the text's {self.tokens}")
        known = min(n, self.tokens - 1 - start)
        of_next = np.array(next_log_p, "<f4")
        if not np.isfinite(of_next[:known]).all():
            at = int(np.flatnonzero(~np.isfinite(of_next[:known]))[0])
            raise Error(f"log p of token {start + at + 1} is {of_next[at]}: no number that can be recorded")
        last = start + n == self.tokens
        if last:
            of_next[-1] = np.nan
        ranks = np.array(rank, "<u4")
        if last:
            ranks[-1] = 0

        def put(what: str, rows: Any) -> None:
            self.file.put(self._name(what), start, rows)

        if known > 0:
            put("nll", -of_next[:known])
        put("entropy", np.array(entropy, "<f4"))
        put("next.rank", ranks)
        put("next.log_p", of_next)
        put("candidates.ids", np.array(ids, "<u4"))
        put("candidates.log_p", np.array(log_p, "<f4"))
        self.predicted = start + n

    def log_p(self, log_p: Any) -> None:
        """log p of every token but the first, in nats: T - 1."""
        import numpy as np

        given = array(log_p)
        if self.results != "log_p":
            raise Error("this text was begun without log p: results=\"log_p\"")
        if given.shape != (self.tokens - 1,) or not np.isfinite(given).all() or (given > 1e-3).any():
            raise Error(f"log_p= must be {self.tokens - 1} numbers up to 0, of every token but the first; it has the shape {given.shape}")
        if len(given):
            self.file.put(self._name("nll"), 0, -given.astype("<f4"))
        self.predicted = self.tokens

    def end_text(self) -> None:
        """Holds that all has come, and writes what is measured on all of it."""
        import numpy as np

        for layer, rows in enumerate(self.rows):
            if rows != self.tokens:
                raise Error(f"text {self.number}, layer {layer}: attention of {rows} of {self.tokens} tokens has come; give all of it")
        if self.results is not None and self.predicted != self.tokens:
            what = self.results
            raise Error(f"text {self.number}: {what} of {self.predicted} of {self.tokens} tokens have come; give all of them")
        run = self.run
        shares = np.zeros((run.layers, run.heads, 4 if run.has_sinks else 3), "<f4")
        sink = self.sink_sums / self.tokens
        shares[:, :, 0] = (1 - sink - self.other_sums / self.tokens).clip(0, 1)
        if run.has_sinks:
            shares[:, :, 3] = sink
        run.small.append((self._name("shares"), "F32", shares))
