"""Figures."""

from __future__ import annotations

import json
import os
from typing import Any, Union

from . import _native
from ._table import Frame, table

Path = Union[str, "os.PathLike[str]"]


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
        found: dict[str, Any] = json.loads(self._native.bytes("json"))
        return found

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
