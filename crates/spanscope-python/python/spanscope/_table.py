"""Tables: a data frame where a library for them is there, else a dict of NumPy arrays."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any, Literal

from ._native import Error

Frame = Literal["pandas", "polars", "dict"]
KINDS: tuple[str, ...] = ("pandas", "polars", "dict")


def table(columns: dict[str, Any], frame: Frame | None) -> Any:
    """A table of columns: as `frame` says, else of pandas or polars, whichever is there."""
    if frame is not None and frame not in KINDS:
        raise Error(f"frame={frame!r}: expected one of {', '.join(KINDS)}")
    found: str = frame or next((name for name in KINDS[:2] if importlib.util.find_spec(name)), "dict")
    if found == "dict":
        return columns
    try:
        library = importlib.import_module(found)
    except ImportError as error:
        raise Error(f"frame={found!r}: {error}; pip install {found}, or leave frame= out") from error
    return library.DataFrame(columns)
