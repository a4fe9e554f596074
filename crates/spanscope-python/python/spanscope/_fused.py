"""Queries and keys of attention that goes through no function of its own, heard at the matrix that gives both: BLOOM, MPT, Falcon, and whatever
is built like them. Where scores are lowered by distance, the slopes are those of the papers' codes; weights tell if they are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

#: What such a matrix is called.
NAMES = ("query_key_value", "Wqkv")


class Fused:
    """Listens to the matrices of a model that give queries, keys and values together."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.handles: list[Any] = []
        #: The last outputs, in the order in which the layers ran.
        self.heard: list[tuple[Any, Any]] = []
        #: Keys of the pieces before, by layer.
        self.before: list[Any] = []

    def listen(self) -> None:
        """Begins to listen, if the model has such matrices."""
        for attention in self.model.modules():
            for name, module in attention.named_children():
                if name in NAMES and heads_of(attention):
                    self.handles.append(module.register_forward_hook(self._take(attention)))

    def _take(self, attention: Any) -> Any:
        def take(module: Any, given: Any, out: Any) -> None:
            self.heard.append((attention, out))

        return take

    def end(self) -> None:
        """Listens no more."""
        for handle in self.handles:
            handle.remove()
        self.handles, self.heard, self.before = [], [], []

    def take(self, count: int, goes_on: bool) -> list[tuple[Any, Any]] | None:
        """Queries of the last forward pass, B x H x n x d, and all keys so far, B x Hk x K x d, of each of `count` layers; `None` where
        something else was heard."""
        import torch

        heard, self.heard = self.heard, []
        if not goes_on:
            self.before = []
        parts = [split(attention, out) for attention, out in heard]
        found = [part for part in parts if part is not None]
        if len(found) != count or len(parts) != count:
            return None
        if goes_on and len(self.before) == count:
            found = [(q, torch.cat([before, k], dim=2)) for (q, k), before in zip(found, self.before)]
        self.before = [k for _, k in found]
        return found


def heads_of(attention: Any) -> int | None:
    """The number of a layer's heads."""
    for name in ("num_heads", "n_heads"):
        found = getattr(attention, name, None)
        if isinstance(found, int) and found > 0:
            return found
    return None


def split(attention: Any, out: Any) -> tuple[Any, Any] | None:
    """Queries and keys, B x H x n x d and B x Hk x n x d, out of what gives all; `None` where it is laid out in no way that is known."""
    heads = heads_of(attention)
    if heads is None or getattr(out, "dim", lambda: 0)() != 3:
        return None
    clip = getattr(attention, "clip_qkv", None)
    if clip:
        out = out.clamp(min=-clip, max=clip)
    # Its own way to take them apart, where it has one.
    own = getattr(attention, "_reshape", None) or getattr(attention, "_split_heads", None)
    if callable(own):
        q, k = own(out)[:2]
        if own.__name__ == "_split_heads":
            q, k = q.transpose(1, 2), k.transpose(1, 2)
    else:
        if out.shape[2] % (3 * heads):
            return None
        q, k = (part.reshape(*out.shape[:2], heads, -1).transpose(1, 2) for part in out.chunk(3, dim=2)[:2])
    fits = q.dim() == k.dim() == 4 and q.shape[1] == heads and q.shape[2] == k.shape[2] == out.shape[1] and heads % k.shape[1] == 0
    return (q, k) if fits else None


def slopes_of(model: Any, heads: int) -> Iterator[list[float]]:
    """The slopes that attention with linear biases (arXiv 2108.12409) may have: BLOOM's, and MPT's."""
    power = 2 ** math.floor(math.log2(heads))
    base = 2 ** -(2 ** -(math.log2(power) - 3))
    slopes = [base ** (i + 1) for i in range(power)]
    if power < heads:
        more = 2 ** -(2 ** -(math.log2(2 * power) - 3))
        slopes += [more ** (2 * i + 1) for i in range(heads - power)]
    yield slopes
    of = getattr(getattr(model, "config", None), "attn_config", None)
    most = getattr(of, "alibi_bias_max", None) or (of.get("alibi_bias_max") if isinstance(of, dict) else None) or 8
    power = 2 ** math.ceil(math.log2(heads))
    slopes = [2 ** -((i + 1) * most / power) for i in range(power)]
    if power != heads:
        slopes = (slopes[1::2] + slopes[::2])[:heads]
    yield slopes
