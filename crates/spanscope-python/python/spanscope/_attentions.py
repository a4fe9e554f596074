"""Runs of attention weights that are there already."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from typing import Any, Union

from ._arrays import array
from ._model import open
from ._native import Error
from ._run import Run
from ._writer import RunWriter

Path = Union[str, "os.PathLike[str]"]


def from_attentions(
    attentions: Any,
    tokens: Sequence[str],
    *,
    path: Path | None = None,
    dtype: str = "f16",
    top: int | None = None,
    log_p: Any = None,
    encoder: bool = False,
    name: str = "text",
    model: str = "model",
) -> Run:
    """A run of attention weights that are there already.

    attentions: a tuple or list of a layer's weights each, H x T x T or 1 x H x T x T, as Hugging Face's ``output_attentions`` gives
        them and BertViz takes them; or an ``ActivationCache`` of TransformerLens (``blocks.0.attn.hook_pattern`` …).
    tokens: the tokens, T strings.
    path: a file to write; without, one that is gone with the session.
    top: keep the largest weights of each query only.
    encoder: tokens see later ones as well: the run has the weights on both.
    """
    found = _layers(attentions)
    heads = found[0].shape[0]
    if any(layer.ndim != 3 or layer.shape != (heads, len(tokens), len(tokens)) for layer in found):
        shapes = ", ".join(str(layer.shape) for layer in found[:4])
        raise Error(f"attentions have the shapes {shapes}; expected heads x {len(tokens)} x {len(tokens)} for {len(tokens)} tokens")
    place = os.fspath(path) if path is not None else _temporary()
    kind = "weights" if top is None else "top-weights"
    with RunWriter(
        place, layers=len(found), heads=heads, attention=kind, top=top, dtype=dtype, encoder=encoder, model=model
    ) as writer:
        writer.add(tokens, weights=found, log_p=log_p, name=name)
    return open(place).run()


def _layers(attentions: Any) -> list[Any]:
    """Weights by layer, H x T x T."""
    if hasattr(attentions, "items") or hasattr(attentions, "cache_dict"):
        cache = dict(attentions.items())
        names = [key for key in cache if str(key).endswith("hook_pattern")]
        if not names:
            raise Error("the cache holds no attention patterns (blocks.N.attn.hook_pattern): cache these as well")
        names.sort(key=lambda key: int(str(key).split(".")[1]))
        attentions = [cache[key] for key in names]
    if attentions is None or any(layer is None for layer in attentions):
        raise Error(
            "the model gave no attentions: load it with attn_implementation=\"eager\", and run it with output_attentions=True; or pass the "
            "model itself to spanscope.record"
        )
    found = [array(layer) for layer in attentions]
    if not found:
        raise Error("there are no attentions")
    if any(layer.ndim == 4 and layer.shape[0] != 1 for layer in found):
        raise Error("attentions of a batch: choose one text of it, [layer[i] for layer in attentions]")
    return [layer[0] if layer.ndim == 4 else layer for layer in found]


_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []


def _temporary() -> str:
    """A file that is gone with the session."""
    folder = tempfile.TemporaryDirectory(prefix="spanscope-")
    _FOLDERS.append(folder)
    return os.path.join(folder.name, "run.safetensors")
