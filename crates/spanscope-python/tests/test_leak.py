"""Memory: what is opened, run and looked at many times is let go of."""

from __future__ import annotations

import gc
import pathlib

import pytest
from conftest import DATA

import spanscope


def resident() -> int:
    """Bytes in memory."""
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


@pytest.mark.skipif(not pathlib.Path("/proc/self/statm").exists(), reason="/proc is not there")
def test_a_thousand_opens_leave_nothing():
    def once() -> None:
        model = spanscope.open(DATA / "tiny_adaptive.pt", ramp=16)
        run = model.run(ids=range(50), progress=False)
        run.attention(0, 0)
        run.attention(0, 1, dense=True)

    for _ in range(100):
        once()
    gc.collect()
    before = resident()
    for _ in range(1000):
        once()
    gc.collect()
    grown = resident() - before
    # The model takes some 400 KB, the run as much again: a leak of either would be hundreds of MB.
    assert grown < 12_000_000, grown
