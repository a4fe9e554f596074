"""The attention of a PyTorch model, heard while it runs."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ._arrays import array, softmax_weights
from ._fused import Fused, slopes_of
from ._native import Error

if TYPE_CHECKING:
    from ._arrays import Array

#: The function that all attention of a model goes through where it is eager, in each modeling module of `transformers`.
EAGER = "eager_attention_forward"

#: Queries of a piece whose weights are held against the model's.
HELD = 2

#: How far weights from queries and keys may be off, by the model's numbers.
SLACK = {"float32": 1e-4, "float64": 1e-4, "float16": 2e-2, "bfloat16": 5e-2}


class Heard:
    """The attention of one layer in one forward pass."""

    def __init__(
        self, q: Any, k: Any, weights: Any, scale: Any = None, cap: Any = None, window: Any = None, sinks: Any = None
    ) -> None:
        #: B x H x n x d, B x Hk x K x d, B x H x n x K; of the model's own type, where it is.
        self.q, self.k, self.weights = q, k, weights
        self.scale, self.cap, self.window, self.sinks = scale, cap, window, sinks
        #: B x H x n: the weights on learned sinks.
        self.sink: Any = None
        self.slack = SLACK.get(str((q if weights is None else weights).dtype).removeprefix("torch."), 5e-2)

    def shorten(self, held: int) -> None:
        """Lets go of all weights but those of the last queries."""
        if self.weights is not None:
            # As it is, a view would keep all of them.
            self.weights = self.weights[:, :, -held:].clone()

    def row(self, row: int, count: int) -> Row:
        """A row of the batch, of which `count` tokens count."""
        q, k, weights = (None if x is None else array(x[row]) for x in (self.q, self.k, self.weights))
        n = next(x.shape[1] for x in (q, weights) if x is not None)
        # Rows that are filled up end in tokens that nobody asked for.
        extra = n - count
        if extra > 0:
            q = None if q is None else q[:, :count]
            k = None if k is None else k[:, : k.shape[1] - extra]
            if weights is not None:
                whole = weights.shape[1] == n
                weights = weights[:, :count, : weights.shape[2] - extra] if whole else None
        made = Row(q, k, weights, self.slack)
        if self.sink is not None:
            made.sink = array(self.sink[row])[:, :count]
        return made


class Row:
    """One layer's attention over consecutive tokens of one text."""

    def __init__(self, q: Any, k: Any, weights: Any, slack: float) -> None:
        self.all_keys, self.slack = k, slack
        self.q, self.weights = q, weights
        # The cache's keys come before those of these tokens.
        self.k = None if k is None or q is None else k[:, k.shape[1] - q.shape[1] :]
        self.sink: Array | None = None

    def follows(self, found: Probe, layer: int, start: int) -> None:
        """Holds the weights that follow from queries and keys against the model's own."""
        if found.kind != "queries-keys" or self.weights is None:
            return
        n = self.q.shape[1]
        rows = min(HELD, n, self.weights.shape[1])
        made, _ = softmax_weights(self.q[:, n - rows :], self.all_keys, start + n - rows, **found.as_softmax(layer))
        keys = min(made.shape[2], self.weights.shape[2])
        off = abs(made[:, :, -keys:] - self.weights[:, -rows:, -keys:]).max()
        if off > self.slack:
            raise Error(
                f"layer {layer}, tokens from {start} on: the weights that follow from queries and keys are off by {off:.2g}, so these "
                "are not all that they depend on: record with attention=\"weights\""
            )


class Hooks:
    """Listens to the eager attention of a model, for as long as it is entered."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.heard: list[tuple[Any, Heard]] = []
        self.originals: list[tuple[Any, Any]] = []
        self.implementation: Any = None
        #: The last queries whose weights are kept, where not all are.
        self.held: int | None = None
        #: Hears queries and keys where no function is known that attention goes through.
        self.fused = Fused(model)

    def __enter__(self) -> Hooks:
        config = getattr(self.model, "config", None)
        self.implementation = getattr(config, "_attn_implementation", None)
        if self.implementation not in (None, "eager"):
            set_implementation(self.model, "eager")
        names = {type(module).__module__ for module in self.model.modules()}
        for name in sorted(names):
            module = sys.modules.get(name)
            original = getattr(module, EAGER, None)
            if module is not None and callable(original):
                self.originals.append((module, original))
                setattr(module, EAGER, self._listening(original))
        if not self.originals:
            self.fused.listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for module, original in self.originals:
            setattr(module, EAGER, original)
        self.originals = []
        self.fused.end()
        if self.implementation not in (None, "eager"):
            set_implementation(self.model, self.implementation)

    def _listening(self, original: Any) -> Any:
        def listening(module: Any, query: Any, key: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
            out = original(module, query, key, value, *args, **kwargs)
            sinks = kwargs.get("s_aux", getattr(module, "sinks", None))
            cap = kwargs.get("softcap", getattr(module, "attn_logit_softcapping", None))
            window = kwargs.get("sliding_window", getattr(module, "sliding_window", None))
            weights = out[1] if isinstance(out, tuple) and len(out) > 1 else None
            of = Heard(query, key, weights, kwargs.get("scaling"), cap, window, sinks)
            if sinks is not None and weights is not None:
                of.sink = (1 - weights.float().sum(dim=-1)).clamp(0, 1)
            if self.held is not None:
                of.shorten(self.held)
            self.heard.append((module, of))
            return out

        return listening

    def take(self) -> list[Heard]:
        """The attention heard since the last time, by layer."""
        heard, self.heard = self.heard, []
        numbers = [getattr(module, "layer_idx", None) for module, _ in heard]
        known = [number for number in numbers if isinstance(number, int)]
        if len(set(known)) == len(heard):
            heard = [heard[at] for at in sorted(range(len(heard)), key=known.__getitem__)]
        return [of for _, of in heard]


def set_implementation(model: Any, name: str) -> None:
    """Chooses how a model computes attention."""
    if hasattr(model, "set_attn_implementation"):
        model.set_attn_implementation(name)
    else:
        model.config._attn_implementation = name


class Probe:
    """The parts of a model's attention, as a short text shows them."""

    def __init__(self) -> None:
        self.kind = "weights"
        self.layers = self.heads = self.kv_heads = 0
        self.vocab_size: int | None = None
        self.scale: float | None = None
        self.cap: float | None = None
        #: What scores lose by token of distance, by head.
        self.slopes: list[float] | None = None
        self.windows: list[int | None] = []
        #: Scores of learned sinks, by layer and head.
        self.sinks: list[list[float]] | None = None
        self.has_sinks = False
        #: True if tokens see later ones.
        self.encoder = False
        #: True if the model is asked for its weights, because nothing was heard of queries and keys.
        self.asks = False
        self.notes: list[str] = []

    def as_softmax(self, layer: int) -> dict[str, Any]:
        """The settings that a layer's weights follow from."""
        sinks = self.sinks[layer] if self.sinks is not None else None
        return {"scale": self.scale, "window": self.windows[layer], "cap": self.cap, "sinks": sinks, "slopes": self.slopes}


def forward(
    model: Any,
    hooks: Hooks,
    found: Probe,
    rows: list[list[int]],
    *,
    lengths: list[int] | None = None,
    cache: Any = None,
    start: int = 0,
) -> tuple[list[Heard], Any]:
    """Runs the model over rows of ids; gives what its layers said, and its outputs."""
    import torch

    device = next(model.parameters()).device
    ids = torch.tensor(rows, dtype=torch.long, device=device)
    words: dict[str, Any] = {"input_ids": ids}
    if not found.encoder:
        words["use_cache"] = True
    if lengths is not None and len(set(lengths)) > 1:
        mask = [[1] * length + [0] * (len(rows[0]) - length) for length in lengths]
        words["attention_mask"] = torch.tensor(mask, dtype=torch.long, device=device)
    if cache is not None:
        # Its name of old, and the one of today.
        known = inspect.signature(model.forward).parameters
        words["cache" if "cache" in known else "past_key_values"] = cache
        words["attention_mask"] = torch.ones((len(rows), start + len(rows[0])), dtype=torch.long, device=device)
    if found.asks:
        words["output_attentions"] = True
    hooks.take()
    hooks.fused.heard = []
    try:
        outputs = model(**words)
    except (IndexError, RuntimeError) as error:
        end, context = start + len(rows[0]), context_of(model)
        if context is not None and end > context:
            raise Error(f"the text goes on to token {end}, and the model has {context} positions: pass texts of at most {context} tokens") from error
        raise
    heard = hooks.take()
    if found.asks:
        given = getattr(outputs, "attentions", None) or ()
        weights = [of for of in given if of is not None]
        parts = hooks.fused.take(len(weights), cache is not None)
        heard = []
        for i, of_layer in enumerate(weights):
            q, k = parts[i] if parts else (None, None)
            heard.append(Heard(q, k, of_layer))
        if hooks.held is not None:
            for of in heard:
                of.shorten(hooks.held)
    if found.layers and len(heard) != found.layers:
        raise Error(f"attention of {len(heard)} layers was heard, and of {found.layers} before: the model runs other layers for other texts")
    return heard, outputs


def context_of(model: Any) -> int | None:
    """The tokens that a model has positions for, where it says so."""
    config = model.config.get_text_config() if hasattr(model.config, "get_text_config") else model.config
    found = [getattr(config, name, None) for name in ("max_position_embeddings", "max_seq_len")]
    return next((count for count in found if isinstance(count, int)), None)


def cache_of(outputs: Any) -> Any:
    """The cache that the next forward pass goes on with."""
    found = getattr(outputs, "cache", None)
    return getattr(outputs, "past_key_values", None) if found is None else found


def probe(model: Any, hooks: Hooks, ids: list[int], wanted: str | None, encoder: bool = False) -> Probe:
    """Finds out what a model's attention is made of, with a short text."""
    found = Probe()
    found.encoder = encoder
    if encoder:
        wanted = wanted or "weights"
    heard, outputs = forward(model, hooks, found, [ids])
    if not heard or any(of.weights is None for of in heard) and wanted not in (None, "queries-keys"):
        found.asks = True
        heard, outputs = forward(model, hooks, found, [ids])
    if not heard:
        raise Error(
            "nothing was heard of the model's attention: it has no eager attention that transformers knows and gives no attentions; write "
            "its queries and keys, or its weights, with spanscope.RunWriter"
        )
    found.layers = len(heard)
    some = heard[0].weights if heard[0].weights is not None else heard[0].q
    found.heads = int(some.shape[1])
    if any((of.weights if of.weights is not None else of.q).shape[1] != found.heads for of in heard):
        raise Error("the model's layers differ in their number of heads: record layers that are alike with layers=")
    logits = getattr(outputs, "logits", None)
    found.vocab_size = int(logits.shape[-1]) if not encoder and logits is not None and logits.shape[:2] == (1, len(ids)) else None
    if not encoder:
        looks_ahead(heard)
    found.windows = [int(of.window) if of.window and not encoder else None for of in heard]
    sinks = [of.sinks for of in heard]
    found.has_sinks = any(of is not None for of in sinks)
    found.kv_heads = found.heads
    if all(of.q is not None for of in heard) and wanted in (None, "queries-keys"):
        found.kv_heads = int(heard[0].k.shape[1])
        if found.has_sinks and all(of is not None for of in sinks):
            found.sinks = [[float(x) for x in array(of).reshape(-1)] for of in sinks]
        off = follows(found, heard, model)
        if off is None:
            found.kind = "queries-keys"
            hooks.held = HELD
            return found
        if wanted == "queries-keys":
            raise Error(f"the weights do not follow from queries and keys alone: {off}; record with attention=\"weights\", or leave it out")
        found.notes.append(f"stored as they are, since they do not follow from queries and keys alone ({off})")
    if wanted == "queries-keys":
        raise Error("nothing was heard of the model's queries and keys; record with attention=\"weights\", or leave it out")
    found.kind = wanted or "weights"
    found.sinks, found.slopes, found.kv_heads = None, None, found.heads
    if any(of.weights is None for of in heard):
        raise Error("the model gives no attention weights: load it with attn_implementation=\"eager\"")
    if found.has_sinks and encoder:
        raise Error("an encoder with learned sinks cannot be recorded")
    hooks.fused.end()
    if found.asks and wanted is None and not found.notes:
        found.notes.append("stored as they are, since nothing was heard of queries and keys")
    return found


def looks_ahead(heard: list[Heard]) -> None:
    """Refuses models whose tokens see later ones."""
    for layer, of in enumerate(heard):
        if of.weights is not None:
            ahead = float(of.weights.float().triu(1).sum(dim=-1).mean())
            if ahead > 1e-3:
                raise Error(
                    f"layer {layer}: {100 * ahead:.0f} % of the weight is on later tokens, as in an encoder: pass encoder=True to "
                    "record one; if the model is causal, load it with attn_implementation=\"eager\""
                )


def depends_on_length(model: Any) -> bool:
    """True if positions are turned by angles that depend on the length of the whole text."""
    config = model.config.get_text_config() if hasattr(model.config, "get_text_config") else model.config
    said = [getattr(config, name, None) for name in ("rope_parameters", "rope_scaling")]
    return any(kind in repr(said) for kind in ("'dynamic'", "'longrope'"))


def follows(found: Probe, heard: list[Heard], model: Any) -> str | None:
    """Finds scale, cap and slopes with which all weights follow from queries and keys; else says where they do not."""
    dim = int(heard[0].q.shape[-1])
    caps = {float(of.cap) if of.cap else None for of in heard}
    scales = {float(of.scale) for of in heard if of.scale is not None}
    if len(caps) > 1 or len(scales) > 1:
        return "layers differ in their scales"
    found.cap = caps.pop()
    tried = "scores"
    slopes: list[list[float] | None] = [None, *slopes_of(model, found.heads)]
    settings = [(scale, of) for of in slopes for scale in (*scales, dim**-0.5, 1.0)]
    for scale, of_heads in settings:
        found.scale, found.slopes = scale, of_heads
        off = 0.0
        for layer, of in enumerate(heard):
            row = of.row(0, of.q.shape[2])
            if row.weights is None:
                # Nothing to hold them against: the model's own words are believed.
                continue
            made, _ = softmax_weights(row.q, row.all_keys, 0, **found.as_softmax(layer))
            if made.shape != row.weights.shape:
                return f"layer {layer} has weights of the shape {row.weights.shape}"
            worst = float(abs(made - row.weights).max())
            off = max(off, worst / row.slack)
            if off > 1:
                tried = f"layer {layer} is off by {worst:.2g}"
                break
        if off <= 1:
            return None
    return tried


def expectations(logits: Any, following: Any, count: int) -> Iterator[tuple[int, tuple[Array, Array, Array, Array, Array]]]:
    """The predictions after consecutive tokens, n x V: the likeliest tokens with their log p, entropy, and rank and log p of the tokens
    that follow, a part at a time, worked out where the logits are."""
    import numpy as np
    import torch

    part = max(1, (1 << 24) // int(logits.shape[-1]))
    for begin in range(0, int(logits.shape[0]), part):
        log_p = torch.log_softmax(logits[begin : begin + part].float(), dim=-1)
        n = int(log_p.shape[0])
        top = torch.topk(log_p, count, dim=-1)
        p = log_p.exp()
        entropy = -(p * torch.where(p > 0, log_p, torch.zeros_like(log_p))).sum(dim=-1) / np.log(2)
        known = np.asarray(following[begin : begin + n], np.int64)
        rank, of_next = np.zeros(n, np.int64), np.full(n, np.nan)
        if len(known):
            at = torch.as_tensor(known, device=log_p.device)[:, None]
            mine = log_p[: len(known)].gather(1, at)
            rank[: len(known)] = ((log_p[: len(known)] > mine).sum(dim=-1) + 1).cpu().numpy()
            of_next[: len(known)] = mine[:, 0].cpu().numpy()
        yield begin, (top.indices.cpu().numpy(), top.values.cpu().numpy(), entropy.cpu().numpy(), rank, of_next)


def name_of(model: Any) -> str:
    """The name of a model."""
    config = getattr(model, "config", None)
    name = str(getattr(config, "_name_or_path", "") or getattr(model, "name_or_path", "") or "")
    parts = [part for part in name.replace("\\", "/").split("/") if part]
    return "/".join(parts[-2:]) if parts and not name.startswith(("/", ".")) else (parts[-1] if parts else type(model).__name__)


#: Beginnings and parts of names by what they are for, the first that fits.
KINDS = [
    ("norms", re.compile(r"norm|ln_|\bln\d|layernorm")),
    ("positions", re.compile(r"wpe|position|pos_emb")),
    ("output", re.compile(r"lm_head|embed_out|output_embedding")),
    ("input", re.compile(r"embed|wte|word_emb")),
    ("sinks", re.compile(r"sinks?$")),
    ("query", re.compile(r"q_proj|query\b|\bwq\b")),
    ("key", re.compile(r"k_proj|\bkey\b|\bwk\b")),
    ("value", re.compile(r"v_proj|\bvalue\b|\bwv\b")),
    ("projection", re.compile(r"(attn|attention).*(o_proj|c_proj|out_proj|dense|\bwo\b)")),
    ("feed_forward", re.compile(r".")),
]

#: One matrix that gives queries, keys and values.
FUSED = re.compile(r"(attn|attention)\.(c_attn|qkv|query_key_value|qkv_proj|Wqkv)|query_key_value|qkv_proj|c_attn")


def parameters_of(model: Any) -> dict[str, int]:
    """The parameters of a model by what they are for, as far as names tell; what is shared counts once."""
    counts: dict[str, int] = {}
    for name, numbers in model.named_parameters():
        if FUSED.search(name) and not KINDS[0][1].search(name.split(".")[-2]):
            third = numbers.numel() // 3
            parts = [("query", numbers.numel() - 2 * third), ("key", third), ("value", third)]
        else:
            kind = next(kind for kind, pattern in KINDS if pattern.search(name))
            parts = [(kind, numbers.numel())]
        for kind, count in parts:
            counts[kind] = counts.get(kind, 0) + int(count)
    return counts
