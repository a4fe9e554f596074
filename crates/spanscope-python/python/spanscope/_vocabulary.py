"""The bytes that tokens stand for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Union

Token = Union[str, bytes, None]


def byte_signs() -> dict[str, int]:
    """The signs that byte-level tokenizers (GPT-2's and its heirs) write for bytes."""
    plain = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    signs = {chr(byte): byte for byte in plain}
    signs.update({chr(256 + i): byte for i, byte in enumerate(others)})
    return signs


def pieces(tokens: Sequence[Token], special: Iterable[int] = ()) -> list[bytes]:
    """The bytes that each token of a tokenizer stands for. Which way it writes spaces and bytes is seen from all of them."""
    named = set(special)
    texts = [token for i, token in enumerate(tokens) if isinstance(token, str) and i not in named]
    signs = byte_signs()
    levels = any("\u0120" in token or "\u010a" in token for token in texts)
    is_bytes = levels and all(c in signs for token in texts for c in token)
    is_mark = not is_bytes and any(token.startswith("\u2581") for token in texts)
    is_part = not is_bytes and not is_mark and any(token.startswith("##") for token in texts)

    def one(i: int, token: Token) -> bytes:
        if token is None:
            return b""
        if isinstance(token, bytes):
            return token
        if i in named:
            return token.encode()
        if is_bytes:
            return bytes(signs[c] for c in token)
        if is_mark:
            if len(token) == 6 and token.startswith("<0x") and token.endswith(">"):
                return bytes([int(token[3:5], 16)])
            return token.replace("\u2581", " ").encode()
        if is_part:
            return (token[2:] if token.startswith("##") else " " + token).encode()
        return token.encode()

    return [one(i, token) for i, token in enumerate(tokens)]


def of_tokenizer(tokenizer: Any, size: int) -> tuple[list[bytes], list[int]]:
    """The bytes that the tokens of a Hugging Face tokenizer stand for, as many as a model has, and which are special."""
    known = min(size, len(tokenizer))
    names = tokenizer.convert_ids_to_tokens(list(range(known)))
    special = sorted(i for i in set(tokenizer.all_special_ids) if i < size)
    return [*pieces(names, special), *([b""] * (size - known))], special


def byte_ranges(text: str, offsets: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges of characters as ranges of bytes that rise: tokens that stand for no text lie between their neighbours."""
    if text.isascii():
        at = None
    else:
        at = [0]
        for c in text:
            at.append(at[-1] + len(c.encode("utf-8", "surrogatepass")))
    ranges, before, until = [], 0, 0
    for begin, end in offsets:
        first, last = (begin, end) if at is None else (at[begin], at[end])
        first, last = max(before, first), max(until, last)
        if begin == end:
            first = last = until
        ranges.append((first, last))
        before, until = first, last
    return ranges


def laid_out(tokens: Sequence[bytes]) -> tuple[bytes, list[tuple[int, int]]]:
    """The text that tokens make one after the other, and the bytes of each."""
    text, ranges = bytearray(), []
    for token in tokens:
        ranges.append((len(text), len(text) + len(token)))
        text += token
    return bytes(text), ranges
