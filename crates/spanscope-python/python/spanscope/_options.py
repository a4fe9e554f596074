"""Arguments of Python in the words of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any

from ._native import Error

#: Options of `figure` that are given or not.
SWITCHES = ("sort", "z", "linear", "effective", "mean", "dark", "transparent", "gray")

#: Those that have a value.
VALUES = (
    "combine",
    "weights",
    "statistic",
    "bars",
    "along",
    "color",
    "layer",
    "columns",
    "scale",
    "shade",
    "of",
    "against",
    "smooth",
    "width",
    "height",
    "font_size",
    "map",
    "dpi",
)


def heads(given: Any) -> list[str]:
    """The names of heads: of one, of a layer, or of several."""
    if given is None:
        return []
    if isinstance(given, (str, Integral)) or is_pair(given):
        return [name(given)]
    return [name(one) for one in given]


def is_pair(given: Any) -> bool:
    """True for a tuple of layer and head. A list is one of heads, or of layers."""
    return isinstance(given, tuple) and len(given) == 2 and all(isinstance(n, Integral) for n in given)


def name(given: Any) -> str:
    """The name of a head, a layer or all."""
    if is_pair(given):
        return f"{given[0]}.{given[1]}"
    if isinstance(given, (str, Integral)) and not isinstance(given, bool):
        return str(given)
    raise Error(f"{given!r}: expected a head as \"L3H1\" or (3, 1), a layer as 3, or \"all\"")


def named_numbers(given: Any) -> list[tuple[str, Any]]:
    """Heads and a number for each; a number alone is for all."""
    if given is None:
        return []
    if isinstance(given, Mapping):
        return [(name(key), value) for key, value in given.items()]
    return [("all", given)]


def tokens(given: Any) -> str:
    """A range of tokens: A..B."""
    if isinstance(given, str):
        return given
    if isinstance(given, Integral):
        return f"{given}..{int(given) + 1}"
    if isinstance(given, (slice, range)):
        if given.step not in (None, 1):
            raise Error(f"tokens={given}: expected consecutive tokens")
        first, end = given.start or 0, given.stop
    else:
        first, end = given
    return f"{first}.." if end is None else f"{first}..{end}"


def figure_options(given: dict[str, Any]) -> list[str]:
    """The options of a figure as words of the command line."""
    words: list[str] = []
    for key, value in given.items():
        if value is None:
            continue
        option = "--" + key.replace("_", "-")
        if key in SWITCHES:
            if value is True:
                words.append(option)
            elif value is not False:
                raise Error(f"{key}={value!r}: expected True or False")
        elif key == "head":
            words += [option, ",".join(heads(value))]
        elif key == "scatter":
            along, up = value.split(",") if isinstance(value, str) else value
            words += [option, f"{along},{up}"]
        elif key == "tokens":
            words += [option, tokens(value)]
        elif key == "title":
            words += ["--no-title"] if value is False else [option + "=" + str(value)]
        elif key in VALUES:
            words.append(f"{option}={value}")
        else:
            known = sorted([*SWITCHES, *VALUES, "head", "scatter", "tokens", "title"])
            raise Error(f"{key}=: a figure has no such option; there are {', '.join(known)}")
    return words
