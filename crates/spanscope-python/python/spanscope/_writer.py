"""Run files written from Python, of any model: docs/formats.md says what is in them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from types import TracebackType
from typing import Any, Union

from ._arrays import DTYPES, array
from ._native import Error, version
from ._safetensors import File
from ._text_writer import BLOCK, TextWriter
from ._vocabulary import Token, laid_out, pieces

#: How attention may be kept.
KINDS = ("queries-keys", "weights", "top-weights")

#: What a run of an encoder says of itself, and what its readers must know.
BOTH = "both directions: each token attends to earlier and to later ones"
REQUIRED = "attention in both directions"

Path = Union[str, "os.PathLike[str]"]


class RunWriter:
    """A run file of a model of your own, in any framework: the window, the commands and `open` take it in the place of a model.

    Give queries and keys as the product of both has them (after norms and rotary positions), from which all weights follow, or the
    weights themselves::

        with spanscope.RunWriter("run.safetensors", layers=2, heads=4, vocab=["the", " cat", ...]) as writer:
            writer.add(ids, q=q, k=k, logits=logits)      # q, k: a list of H x T x d, one for each layer

    layers, heads: L and H.
    kv_heads: heads share keys and values, H / Hk at a time; without it each has its own.
    vocab: what the tokens stand for, by id; a number of tokens, where only ids are known; or nothing: the tokens of a text are then
        given as strings.
    special: ids of tokens that stand for no text, such as one that begins a text; `vocab` has their names.
    attention: ``"queries-keys"``, ``"weights"`` or ``"top-weights"``: the `top` largest weights of every query.
    dtype: ``"f16"``, ``"f32"`` or ``"bf16"``: of queries and keys, or of weights.
    scale: what q . k is multiplied by; 1 / sqrt(d), if nothing is said.
    window: W, of heads that see W keys, themselves among them; a list for layers that differ, `None` for one that sees all.
    sinks: of heads with learned sinks, their scores, L x H; ``True`` with weights.
    slopes: of ALiBi, H, taken off a score per token of distance.
    score_cap: c of scores c tanh(s / c).
    candidates: likeliest tokens that are kept after every token.
    encoder: tokens see later ones as well, as BERT's do: the window shows both directions of distance. Goes with weights, and without windows
        and sinks.
    model, family: the names of the model and of its kind.
    width, context, parameters: D, the longest text that it was trained for (without it, the longest one here), and parameters by what they are
        for (``{"query": 4096, "feed_forward": 8192}``), where they are known.
    texts: as many as will come: the file is written at once then.
    """

    def __init__(
        self,
        path: Path,
        *,
        layers: int,
        heads: int,
        kv_heads: int | None = None,
        vocab: Sequence[Token] | int | None = None,
        special: Iterable[int] = (),
        attention: str = "queries-keys",
        top: int | None = None,
        dtype: str = "f16",
        scale: float | None = None,
        window: int | Sequence[int | None] | None = None,
        sinks: Any = None,
        slopes: Any = None,
        score_cap: float | None = None,
        candidates: int = 50,
        encoder: bool = False,
        model: str = "model",
        family: str = "transformer",
        width: int | None = None,
        context: int | None = None,
        parameters: Mapping[str, int] | None = None,
        notes: Iterable[str] = (),
        texts: int = 1,
    ) -> None:
        windowed = any(w is not None for w in window) if isinstance(window, Sequence) else window is not None
        if encoder and (attention == "queries-keys" or (sinks is not None and sinks is not False) or windowed):
            raise Error("encoder=True goes with attention=\"weights\" or \"top-weights\", without window= and sinks=")
        self.encoder = encoder
        if attention not in KINDS:
            raise Error(f"attention={attention!r}: expected one of {', '.join(KINDS)}")
        if dtype not in DTYPES:
            raise Error(f"dtype={dtype!r}: expected one of {', '.join(DTYPES)}")
        if layers < 1 or heads < 1 or heads % (kv_heads or heads):
            raise Error(f"{layers} layers of {heads} heads with {kv_heads} key-value heads: these must be at least one, and share evenly")
        if (attention == "top-weights") != (top is not None) or (top is not None and top < 1):
            raise Error("top= is the number of weights kept of each query: it goes with attention=\"top-weights\", and nothing else")
        self.layers, self.heads, self.kv_heads = layers, heads, kv_heads or heads
        self.attention, self.top, self.dtype, self.scale = attention, top, dtype, scale
        self.windows = list(window) if isinstance(window, Sequence) else [window] * layers
        if len(self.windows) != layers or any(w is not None and w < 1 for w in self.windows):
            raise Error(f"window={window}: expected a number of keys from 1, or one for each of {layers} layers")
        self.has_sinks = sinks is not None and sinks is not False
        self.sinks = None if not self.has_sinks or sinks is True else array(sinks)
        if self.sinks is not None and self.sinks.shape != (layers, heads):
            raise Error(f"sinks= has the shape {self.sinks.shape}; expected {(layers, heads)}, layers x heads")
        if self.has_sinks and self.sinks is None and attention == "queries-keys":
            raise Error("sinks=True goes with weights; with queries and keys give the scores of the sinks, layers x heads")
        self.slopes = None if slopes is None else [float(slope) for slope in array(slopes)]
        if self.slopes is not None and len(self.slopes) != heads:
            raise Error(f"slopes= has {len(self.slopes)} numbers; expected one for each of {heads} heads")
        self.score_cap, self.candidates = score_cap, candidates
        self.model, self.family, self.width, self.context = model, family, width, context
        self.parameters, self.notes = dict(parameters or {}), list(notes)
        if encoder:
            self.notes.append(BOTH)
        self.head_dim: int | None = None
        self.device = ""
        #: True once logits were given: then every text has them.
        self.has_results: bool | None = None
        self._vocabulary(vocab, list(special))
        self.texts: list[dict[str, Any]] = []
        self.small: list[tuple[str, str, Any]] = []
        self.open_text: TextWriter | None = None
        # Room for names, shapes and places of all tensors.
        room = 8192 + texts * (4096 + 3 * 160 * layers) + 96 * layers * 16
        self.path = os.fspath(path)
        self.file: File | None = File(self.path, room)

    def _vocabulary(self, vocab: Sequence[Token] | int | None, special: list[int]) -> None:
        self.special = set(special)
        self.names: dict[Token, int] | None = None
        self.pieces: list[bytes] | None = None
        self.vocab_size = 0
        if vocab is None:
            # Grows with the tokens that come.
            self.names, self.pieces = {}, []
        elif isinstance(vocab, int):
            if vocab < 1:
                raise Error(f"vocab={vocab}: expected a number of tokens, or what they stand for")
            self.vocab_size = vocab
        else:
            self.pieces = pieces(list(vocab), special)
            self.vocab_size = len(self.pieces)

    def text(
        self,
        tokens: Sequence[Any],
        *,
        text: str | bytes | None = None,
        ranges: Sequence[tuple[int, int]] | None = None,
        queries: tuple[int, int] | None = None,
        results: str | None = "logits",
        name: str | None = None,
    ) -> TextWriter:
        """A text that comes in pieces: see `TextWriter`, and `add` for one that is there as a whole.

        tokens: ids, or strings where `vocab` is not given.
        text, ranges: the text, and the bytes of it that each token stands for; without, the tokens one after the other.
        queries: first and end of those whose weights are kept; all, if nothing is said.
        results: ``"logits"`` or ``"log_p"``, whichever will be given; `None` for neither.
        """
        file = self._file()
        if self.encoder and results is not None:
            raise Error("an encoder expects no next token: leave logits= and log_p= out")
        self._end_text()
        ids, content, places, is_ids = self._cut(tokens, text, ranges)
        count = len(ids)
        if count == 0:
            raise Error("a text without tokens cannot be recorded")
        if results not in (None, "logits", "log_p"):
            raise Error(f"results={results!r}: expected \"logits\", \"log_p\" or None")
        has_logits = results == "logits"
        if self.has_results is None:
            self.has_results = has_logits
        if self.has_results != has_logits:
            raise Error("logits are given for all texts of a run, or for none")
        first, end = queries or (0, count)
        if not 0 <= first < end <= count:
            raise Error(f"queries={queries}: the text has {count} tokens, counted from 0")
        writer = TextWriter(self, file, len(self.texts), count, (first // BLOCK * BLOCK, end), results)
        self.texts.append(
            {
                "name": name or f"text {len(self.texts)}",
                "bytes": len(content),
                "sha256": sha256(content).hexdigest(),
                "tokens": count,
                "unknown": 0,
                "is_ids": is_ids,
                "queries": [writer.first, writer.end],
                "first_key": writer.first_key,
            }
        )
        writer.begin(ids, content, places)
        self.open_text = writer
        return writer

    def add(
        self,
        tokens: Sequence[Any],
        *,
        q: Sequence[Any] | None = None,
        k: Sequence[Any] | None = None,
        weights: Sequence[Any] | None = None,
        sink: Sequence[Any] | None = None,
        logits: Any = None,
        log_p: Any = None,
        text: str | bytes | None = None,
        ranges: Sequence[tuple[int, int]] | None = None,
        queries: tuple[int, int] | None = None,
        name: str | None = None,
    ) -> None:
        """Adds a text.

        q, k: for each layer H x T x d and Hk x T x d.
        weights: for each layer H x T x T, queries x keys.   sink: H x T, of heads with learned sinks.
        logits: T x V, of the token after each; or log_p: of each token but the first, T - 1, in nats. Without, there is no surprisal.
        """
        results = "logits" if logits is not None else "log_p" if log_p is not None else None
        writer = self.text(tokens, text=text, ranges=ranges, queries=queries, results=results, name=name)
        for what, given in (("q", q), ("k", k), ("weights", weights), ("sink", sink)):
            if given is not None and len(given) != self.layers:
                raise Error(f"{what}= is of {len(given)} layers; expected {self.layers}")
        nothing: list[Any] = [None] * self.layers
        rows = zip(*(nothing if given is None else given for given in (q, k, weights, sink)))
        for layer, (of_q, of_k, of_weights, of_sink) in enumerate(rows):
            writer.attention(layer, 0, q=of_q, k=of_k, weights=of_weights, sink=of_sink)
        if logits is not None:
            writer.logits(0, logits)
        if log_p is not None:
            writer.log_p(log_p)

    def close(self) -> None:
        """Writes what is left and moves the file to its place."""
        file = self._file()
        try:
            self._end_text()
            if not self.texts:
                raise Error("no text was recorded: add one")
            self._finish(file)
        except BaseException:
            self.discard()
            raise
        self.file = None

    def discard(self) -> None:
        """Leaves no file."""
        if self.file is not None:
            self.file.discard()
            self.file = None

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.discard()
        elif self.file is not None:
            self.close()

    def _file(self) -> File:
        if self.file is None:
            raise Error(f"{self.path}: the run is written, and takes nothing more")
        return self.file

    def _end_text(self) -> None:
        if self.open_text is not None:
            self.open_text.end_text()
            self.open_text = None

    def _cut(
        self, tokens: Sequence[Any], text: str | bytes | None, ranges: Sequence[tuple[int, int]] | None
    ) -> tuple[list[int], bytes, list[tuple[int, int]], bool]:
        """Ids, the text's bytes, the bytes of each token, and whether the text is a list of ids."""
        content = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        if self.names is not None and self.pieces is not None:
            shown = pieces(list(tokens))
            ids = []
            for token, piece in zip(tokens, shown):
                if not isinstance(token, (str, bytes)):
                    raise Error(f"token {token!r}: without vocab=, tokens are given as strings")
                if token not in self.names:
                    self.names[token] = len(self.pieces)
                    self.pieces.append(piece)
                ids.append(self.names[token])
        else:
            ids = [int(token) for token in tokens]
        wrong = next((id for id in ids if not 0 <= id < max(self.vocab_size, len(self.pieces or ()))), None)
        if wrong is not None:
            raise Error(f"there is no token {wrong}: the vocabulary has {self.vocab_size}, counted from 0")
        if self.pieces is None and content is None:
            words = [str(id).encode() for id in ids]
            spaced = [word + b" " for word in words[:-1]] + words[-1:]
            content, around = laid_out(spaced)
            return ids, content, [(begin, begin + len(word)) for (begin, _), word in zip(around, words)], True
        if ranges is None:
            if content is not None and self.pieces is None:
                raise Error("ranges= says which bytes of the text each token stands for: it goes with a text whose vocabulary is not known")
            known = self.pieces or []
            laid, places = laid_out([b"" if id in self.special else known[id] for id in ids])
            if content is not None and content != laid:
                raise Error("the tokens one after the other are not the text: pass ranges=, the bytes that each stands for")
            return ids, laid, places, False
        places = [(int(begin), int(end)) for begin, end in ranges]
        if content is None:
            raise Error("ranges= goes with text=")
        rises = all(a <= c and b <= d for (a, b), (c, d) in zip(places, places[1:]))
        if len(places) != len(ids) or not rises or any(not 0 <= a <= b <= len(content) for a, b in places):
            raise Error(f"ranges= must have begin and end of {len(ids)} tokens that rise, within the {len(content)} bytes of the text")
        return ids, content, places, False

    def _finish(self, file: File) -> None:
        import numpy as np

        metadata = {"format": "spanscope-run", "spanscope.run": json.dumps(self._header(), ensure_ascii=False)}
        if self.sinks is not None and self.attention == "queries-keys":
            for layer in range(self.layers):
                self.small.append((f"layers.{layer}.sinks", "F32", self.sinks[layer].astype("<f4")))
        if self.pieces is not None:
            ends = np.cumsum([len(piece) for piece in self.pieces]).astype("<u4")
            marks = np.array([i in self.special for i in range(len(self.pieces))], "u1")
            self.small.append(("vocabulary.ends", "U32", ends))
            self.small.append(("vocabulary.bytes", "U8", np.frombuffer(b"".join(self.pieces), "u1")))
            self.small.append(("vocabulary.special", "U8", marks))
            metadata["vocabulary"] = json.dumps({"unit": "piece", "note": f"{len(self.pieces):,} tokens"})
        # Numbers of four bytes before those of one, so that all lie where they can be read.
        for name, dtype, numbers in sorted(self.small, key=lambda entry: entry[1] == "U8"):
            file.plan(name, dtype, numbers.shape)
            file.put(name, 0, numbers)
        file.finish(metadata)

    def _header(self) -> dict[str, Any]:
        kinds = [{"kind": kind, "parameters": count, "shared": 0} for kind, count in self.parameters.items()]
        return {
            "version": 2,
            "written_by": f"spanscope {version()}, from Python",
            "requires": [REQUIRED] if self.encoder else [],
            "model": {
                "file": self.model,
                "format": "program",
                "bytes": 0,
                "dtypes": [],
                "config": self._config(),
                "parts": kinds,
                "assumed": self.notes,
                "device": self.device,
            },
            "attention": self.attention,
            "dtype": self.dtype,
            "candidates": self._candidates() if self.has_results else 0,
            "vectors": 0,
            "texts": self.texts,
        }

    def _size(self) -> int:
        return len(self.pieces) if self.pieces is not None else self.vocab_size

    def _candidates(self) -> int:
        return min(self.candidates, self._size())

    def _config(self) -> dict[str, Any]:
        dim = self.head_dim or 1
        scale = dim**-0.5 if self.scale is None else self.scale
        position: Any = "none" if self.slopes is None else {"alibi": {"slopes": self.slopes}}
        layers = []
        for window in self.windows:
            heads = {
                "heads": self.heads,
                "kv_heads": self.kv_heads,
                "head_dim": dim,
                "scale": scale,
                "position": position,
                "window": "full" if window is None else {"fixed": window},
                "nearest": 0,
                **({"bidirectional": True} if self.encoder else {}),
                "outside": "nothing",
                "sink": self.has_sinks,
                "persistent": 0,
                "normalisation": "renormalised",
                "score_cap": self.score_cap,
                "clamp": None,
                "query_key_norm": None,
                "bias": False,
                "output_bias": False,
            }
            order = {"sequence": {"attention": [None, None], "feed_forward": [None, None], "residual_of_norm": False}}
            layers.append({"attention": heads, "feed_forward": None, "order": order, "residual": 1.0})
        nothing = {"clusters": None, "scale": 1.0, "norm": None}
        return {
            "family": self.family,
            "vocab_size": self._size(),
            "width": self.width or dim * (self.heads if self.head_dim else 1),
            # As far as is known: the longest text that is here.
            "context": self.context or max((text["tokens"] for text in self.texts), default=None),
            "input": {**nothing, "narrow": None, "positions": None},
            "layers": layers,
            "output": {**nothing, "tied": False, "bias": False, "cap": None},
        }
