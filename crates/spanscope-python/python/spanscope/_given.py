"""Arguments as people give them: texts, token ids of any library, numbers that may count from the end."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

from ._native import Error


def text_of(given: Any) -> str:
    """A text."""
    if isinstance(given, str):
        return given
    kind = type(given).__name__
    if isinstance(given, (bytes, bytearray)):
        raise TypeError(f"the text is {kind}: pass a str, text.decode()")
    raise TypeError(f"the text is of type {kind}: pass a str, or token ids as ids=")


def ids_of(given: Any) -> list[int]:
    """The token ids of one text: a list, an array or a tensor, also as a batch of one, or what a tokenizer gives."""
    if isinstance(given, (str, bytes)):
        raise TypeError("ids= is a text: leave ids= out, or pass its ids, model.encode(text)")
    if isinstance(given, Mapping) and "input_ids" in given:
        given = given["input_ids"]
    found = given.tolist() if hasattr(given, "tolist") else given
    if not hasattr(found, "__iter__"):
        raise TypeError(f"ids= is of type {type(given).__name__}: expected the token ids of a text")
    found = list(found)
    if len(found) == 1 and isinstance(found[0], (list, tuple)):
        found = list(found[0])
    ids = []
    for id in found:
        if isinstance(id, (list, tuple)):
            raise Error(f"ids= holds {len(found)} texts: a run is of one, ids[0]")
        try:
            ids.append(operator.index(id))
        except TypeError:
            raise TypeError(f"ids= holds {id!r}: token ids are whole numbers") from None
    wrong = next((id for id in ids if not 0 <= id < 1 << 32), None)
    if wrong is not None:
        raise Error(f"there is no token {wrong}: the vocabulary is counted from 0")
    return ids


def at_least(name: str, given: Any, least: int = 0) -> None:
    """Refuses a number that is too small, where one is given."""
    if given is not None and operator.index(given) < least:
        raise Error(f"{name}={given}: expected a whole number from {least}")


def counted(given: Any, count: int, what: str) -> int:
    """A number of something of which there are `count`, from the end if it is negative; what is beyond the end is told by others."""
    number = operator.index(given)
    if number < -count:
        raise IndexError(f"there is no {what} {number}: there are {count}, counted from 0, or from -1 backwards")
    return number + count if number < 0 else number
