"""The import: no more than is needed."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest


def test_numpy_waits_until_it_is_needed():
    lines = "import sys, spanscope; print('numpy' in sys.modules, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_types_hold():
    api = pytest.importorskip("mypy.api")
    package = pathlib.Path(__file__).resolve().parents[1] / "python" / "spanscope"
    said, trouble, code = api.run(["--strict", "--cache-dir", os.devnull, str(package)])
    assert code == 0, said + trouble


def test_what_is_public_is_documented():
    import inspect

    import spanscope

    for name in spanscope.__all__:
        of = getattr(spanscope, name)
        assert name == "__version__" or of.__doc__, name
        if inspect.isclass(of):
            for member, value in vars(of).items():
                if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                    assert value.__doc__, f"{name}.{member}"
