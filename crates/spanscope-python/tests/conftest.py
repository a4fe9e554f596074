"""What the tests share. Those that need PyTorch and transformers, pandas or polars are skipped, by name, where these are not at hand."""

from __future__ import annotations

import pathlib

import pytest

import spanscope

ROOT = pathlib.Path(__file__).resolve().parents[3]
DATA = ROOT / "tests" / "data"
FAMILIES = DATA / "families"

TEXT = (
    "To be, or not to be, that is the question: Whether 'tis nobler in the mind to suffer the slings and arrows of outrageous "
    "fortune, or to take arms against a sea of troubles, and by opposing end them."
)


@pytest.fixture(scope="session")
def adaptive() -> spanscope.Model:
    return spanscope.open("shakespeare_adaptive")


@pytest.fixture(scope="session")
def all_attention() -> spanscope.Model:
    return spanscope.open("wikitext_all_attention")


@pytest.fixture(scope="session")
def run(adaptive: spanscope.Model) -> spanscope.Run:
    return adaptive.run(TEXT, progress=False)
