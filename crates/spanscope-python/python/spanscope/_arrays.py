"""Numbers from anywhere as NumPy arrays, and in the types of a run file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._native import Error

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

#: The formats of numbers that a run file may hold, by their names in the header.
DTYPES = {"f32": "F32", "f16": "F16", "bf16": "BF16"}

#: The largest number that 16 bits hold as f16.
LARGEST_F16 = 65504.0


def array(given: Any) -> Array:
    """Numbers of NumPy, PyTorch or JAX in 32 bits, on the CPU."""
    import numpy as np

    if hasattr(given, "detach"):
        given = given.detach().float().cpu().numpy()
    return np.asarray(given, np.float32)


def stored(numbers: Array, dtype: str, what: str) -> Array:
    """Numbers in the form of a file; `what` names them in an error."""
    import numpy as np

    if not np.isfinite(numbers).all():
        raise Error(f"{what}: not a number, or infinite; a run with such numbers cannot be looked at")
    if dtype == "f16":
        largest = float(np.abs(numbers).max(initial=0.0))
        if largest > LARGEST_F16:
            raise Error(f"{what}: {largest:g} is more than f16 can hold (65504); pass dtype=\"bf16\" or \"f32\"")
        return numbers.astype("<f2")
    if dtype == "bf16":
        bits = np.ascontiguousarray(numbers, "<f4").view("<u4").astype(np.uint64)
        # To the nearest; of two as near, to the even one.
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")
    return numbers.astype("<f4")


def by_distance(weights: Array, last: int, width: int) -> Array:
    """Weights by key as weights by distance. weights: H x n x K, of n consecutive queries on K consecutive keys; the last of both is
    the token at position `last`. Gives n x H x width, the nearest first, 0 before the text's start."""
    import numpy as np

    heads, n, keys = weights.shape
    queries = np.arange(last - n + 1, last + 1)
    key = queries[:, None] - np.arange(width)[None, :]
    column = key - (last - keys + 1)
    inside = (column >= 0) & (key >= 0)
    taken = np.take_along_axis(weights, np.broadcast_to(np.where(inside, column, 0), (heads, n, width)), axis=2)
    return np.ascontiguousarray((taken * inside).transpose(1, 0, 2))


def by_key(weights: Array) -> Array:
    """Weights of queries on all tokens of a text, H x n x T, as an encoder's run keeps them: n x H x T."""
    import numpy as np

    return np.ascontiguousarray(weights.transpose(1, 0, 2))


def largest(weights: Array, last: int, count: int, encoder: bool = False) -> tuple[Array, Array]:
    """The `count` largest weights of every query, by falling weight, and the positions of their keys: n x H x count each. Rows that
    have fewer are filled up with zeros. The keys end with the last query, at position `last`; those of an encoder are all tokens."""
    import numpy as np

    heads, n, keys = weights.shape
    count_here = min(count, keys)
    order = np.argsort(-weights, axis=2, kind="stable")[:, :, :count_here]
    found = np.take_along_axis(weights, order, axis=2)
    positions = order if encoder else order + (last - keys + 1)
    # What is not seen is no key.
    queries = np.arange(last - n + 1, last + 1)[None, :, None]
    seen = (found > 0) if encoder else (positions <= queries) & (positions >= 0) & (found > 0)
    out = np.zeros((heads, n, count), np.float32)
    at = np.zeros((heads, n, count), "<u4")
    out[:, :, :count_here] = np.where(seen, found, 0)
    at[:, :, :count_here] = np.where(seen, positions, 0)
    return out.transpose(1, 0, 2).copy(), at.transpose(1, 0, 2).copy()


def softmax_weights(
    q: Array,
    k: Array,
    first: int,
    *,
    scale: float,
    window: int | None = None,
    cap: float | None = None,
    slopes: Any = None,
    sinks: Any = None,
) -> tuple[Array, Array | None]:
    """The weights that follow from queries and keys, in 64 bits: H x n x K, and H x n on sinks. q: H x n x d, of the queries from
    position `first` on; k: Hk x K x d, the last of them the key of the last query."""
    import numpy as np

    heads, n, _ = q.shape
    kv_heads, keys, _ = k.shape
    of_head = np.arange(heads) * kv_heads // heads
    scores = np.einsum("hnd,hkd->hnk", q.astype(np.float64), k.astype(np.float64)[of_head]) * scale
    if cap is not None:
        scores = cap * np.tanh(scores / cap)
    distance = np.arange(first, first + n)[:, None] - (np.arange(keys) + first + n - keys)[None, :]
    if slopes is not None:
        scores = scores - np.asarray(slopes, np.float64)[:, None, None] * distance
    seen = (distance >= 0) & (distance < (window or keys + n))
    scores = np.where(seen, scores, -np.inf)
    if sinks is not None:
        column = np.broadcast_to(np.asarray(sinks, np.float64)[:, None, None], (heads, n, 1))
        scores = np.concatenate([scores, column], axis=2)
    scores = np.exp(scores - scores.max(axis=2, keepdims=True))
    weights = scores / scores.sum(axis=2, keepdims=True)
    if sinks is None:
        return weights, None
    return weights[:, :, :-1], weights[:, :, -1]
