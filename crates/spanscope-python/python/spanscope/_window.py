"""The window, opened from Python."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from typing import TYPE_CHECKING

from . import _native
from ._native import Error

if TYPE_CHECKING:
    from ._run import Run

#: Seconds in which a window that cannot open says so.
PATIENCE = 1.5


def show(run: Run) -> None:
    """Opens the window on a run, as a program of its own."""
    folder = tempfile.mkdtemp(prefix="spanscope-")
    try:
        words = command(run, folder)
        start([sys.executable, "-m", "spanscope", *words], folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def command(run: Run, folder: str) -> list[str]:
    """The words of the command line that open this run; files that it needs are put into `folder`."""
    model = run.model
    if model.changes:
        raise Error(
            f"the window opens models as their files have them, and this one is changed ({model.changes}): show the run of the "
            "unchanged model, and change it there"
        )
    native = model._native
    if native.sample is not None:
        path = os.path.join(folder, native.sample + ".safetensors")
        with open(path, "wb") as file:
            file.write(_native.sample_file(native.sample))
    else:
        path = os.fspath(native.path or "")
    if model.is_recorded:
        return [path, "--index", str(run._index or 0)]
    text = os.path.join(folder, "text.txt")
    with open(text, "w", encoding="utf-8", newline="") as file:
        file.write(text_of_ids(run) if run._of_ids else run.text)
    # What ran was taken for a text before.
    words = [path, "--text", text, "--any-text"]
    if not model._special_tokens:
        words += ["--special-tokens", "text"]
    if model._vocab is not None:
        words += ["--vocab", os.fspath(model._vocab)]
    if model._ramp is not None:
        words += ["--ramp", model._ramp]
    return words


def text_of_ids(run: Run) -> str:
    """The text whose tokens are a run's ids: the window takes texts."""
    ids = [int(id) for id in run.ids]
    try:
        text = run.model.decode(ids)
        if [int(id) for id in run.model.encode(text)] == ids:
            return text
    except Error:
        pass
    raise Error(
        "the window takes a text, and no text has this run's token ids as its tokens: run the model over a text, model.run(text), and show "
        "that; or record it with the command spanscope record, and open the file"
    )


def start(words: list[str], folder: str) -> None:
    """Starts a program that goes on by itself; what it says in its first moments is an error."""
    said = tempfile.TemporaryFile()
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True)
    try:
        code = process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        # It is open.
        threading.Thread(target=clear, args=(process, folder), daemon=True).start()
        return
    said.seek(0)
    words_said = said.read().decode(errors="replace").strip()
    if code != 0:
        raise Error(words_said.removeprefix("error: ") or f"the window ended with code {code}")
    shutil.rmtree(folder, ignore_errors=True)


def clear(process: subprocess.Popen[bytes], folder: str) -> None:
    """Removes the files that were made for a window once it is closed."""
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)
