"""A line that says how far some work is: in a terminal or a notebook, once it takes a while."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from typing import Any, Union

Progress = Union[bool, Callable[[int, int], object], None]

#: Seconds before anything is said, and between two lines.
PATIENCE = 0.5
AGAIN = 0.1


class Line:
    """`what: 512/2,000 tokens, 1,024 per second`, over and over in one place: on stderr, or in a notebook beneath its cell."""

    def __init__(self, what: str, unit: str, patience: float = PATIENCE) -> None:
        self.what, self.unit, self.patience = what, unit, patience
        self.begun = self.said = time.monotonic()
        self.width = 0
        #: True once the end was said.
        self.over = False
        self.display = display_of_notebook()
        #: Where the line stands in a notebook.
        self.shown: Any = None

    def __call__(self, done: int, all: int) -> None:
        now = time.monotonic()
        over = done >= all
        if now - self.begun < self.patience or (now - self.said < AGAIN and not over) or (over and self.over):
            return
        self.said, self.over = now, over
        speed = done / max(now - self.begun, 1e-6)
        line = f"{self.what}: {done:,}/{all:,} {self.unit}, {speed:,.0f} per second"
        if over:
            # What comes next begins anew.
            self.begun = now
        if self.display is not None:
            content = {"text/plain": line}
            if self.shown is None:
                self.shown = self.display(content, raw=True, display_id=True)
            else:
                self.shown.update(content, raw=True)
            return
        sys.stderr.write("\r" + line.ljust(self.width))
        self.width = len(line)
        if over:
            sys.stderr.write("\n")
        sys.stderr.flush()


def display_of_notebook() -> Any:
    """The function that puts something beneath a notebook's cell, in a notebook. A stream would keep every line that was ever said."""
    if "ipykernel" not in sys.modules:
        return None
    try:
        if importlib.import_module("IPython").get_ipython() is None:
            return None
        return importlib.import_module("IPython.display").display
    except (ImportError, AttributeError):
        return None


def is_watched() -> bool:
    """True in a terminal and in a notebook."""
    return "ipykernel" in sys.modules or bool(getattr(sys.stderr, "isatty", lambda: False)())


def progress_of(wish: Progress, what: str, unit: str = "tokens") -> Callable[[int, int], object] | None:
    """The function that is told of progress: `None` for a line where somebody watches, `True` for one in any case, `False` for nothing, or
    a function of what is done and all that there is."""
    if callable(wish):
        return wish
    if wish is None:
        return Line(what, unit) if is_watched() else None
    return Line(what, unit, patience=0.0) if wish else None
