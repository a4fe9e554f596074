"""A `.safetensors` file written piece by piece, in bounded memory, and moved to its place when it is whole."""

from __future__ import annotations

import json
import os
import tempfile
from typing import TYPE_CHECKING, Any

from ._native import Error

if TYPE_CHECKING:
    import numpy as np

#: Bytes of a number, by the format's names.
SIZES = {"F32": 4, "F16": 2, "BF16": 2, "U32": 4, "U8": 1}


class Tensor:
    """A tensor whose place in the file is known."""

    def __init__(self, dtype: str, shape: tuple[int, ...], start: int) -> None:
        self.dtype, self.shape, self.start = dtype, shape, start
        self.row = SIZES[dtype]
        for n in shape[1:]:
            self.row *= n
        self.bytes = self.row * (shape[0] if shape else 1)


class File:
    """A file that is being written. Tensors get their places in the order in which they are planned; numbers may come in any."""

    def __init__(self, path: str, room: int) -> None:
        self.path = path
        folder = os.path.dirname(os.path.abspath(path))
        if os.path.isdir(path):
            raise Error(f"{path}: this is a folder; name a file in it")
        try:
            self.handle, self.part = tempfile.mkstemp(prefix=".spanscope-", suffix=".part", dir=folder)
        except FileNotFoundError as error:
            raise Error(f"{path}: the folder {folder} is not there; make it first, or choose another") from error
        except OSError as error:
            raise Error(f"{path}: no file can be made in {folder} ({error.strerror}); choose another folder") from error
        self.file = os.fdopen(self.handle, "w+b")
        # Room for the header before the numbers.
        self.room = -(-room // 8) * 8
        self.end = 0
        self.tensors: dict[str, Tensor] = {}

    def plan(self, name: str, dtype: str, shape: tuple[int, ...]) -> None:
        """A tensor that will be written."""
        tensor = Tensor(dtype, shape, self.end)
        self.tensors[name] = tensor
        self.end += tensor.bytes
        self.file.truncate(8 + self.room + self.end)

    def put(self, name: str, first: int, rows: np.ndarray[Any, Any]) -> None:
        """Writes rows of a tensor, from row `first` on; they have its type."""
        tensor = self.tensors[name]
        data = rows.tobytes()
        if first * tensor.row + len(data) > tensor.bytes:
            raise ValueError(f"{name}: {len(data)} bytes from row {first} on do not fit its shape {tensor.shape}")
        self.file.seek(8 + self.room + tensor.start + first * tensor.row)
        self.file.write(data)

    def finish(self, metadata: dict[str, str]) -> None:
        """Writes the header and moves the file to its place."""
        header: dict[str, Any] = {"__metadata__": metadata}
        for name, tensor in self.tensors.items():
            places = [tensor.start, tensor.start + tensor.bytes]
            header[name] = {"dtype": tensor.dtype, "shape": list(tensor.shape), "data_offsets": places}
        text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
        if len(text) > self.room:
            self._make_room(len(text))
        self.file.seek(0)
        self.file.write(self.room.to_bytes(8, "little") + text.ljust(self.room))
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        os.chmod(self.part, 0o666 & ~_umask())
        os.replace(self.part, self.path)

    def _make_room(self, needed: int) -> None:
        """Moves the numbers back, the last ones first."""
        room = -(-needed // 8) * 8
        at, step = self.end, 1 << 24
        while at > 0:
            begin = max(0, at - step)
            self.file.seek(8 + self.room + begin)
            data = self.file.read(at - begin)
            self.file.seek(8 + room + begin)
            self.file.write(data)
            at = begin
        self.room = room

    def discard(self) -> None:
        """Leaves no file."""
        self.file.close()
        if os.path.exists(self.part):
            os.remove(self.part)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
