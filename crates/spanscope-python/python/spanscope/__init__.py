"""How far every attention head of a Transformer looks, and why.

Open a model and run it over a text::

    import spanscope
    m = spanscope.open("gpt2")                # a file, a folder, GGUF, a model of the hub's cache, a bundled sample
    run = m.run("To be, or not to be")
    run.attention(3, 1)                       # NumPy: tokens x reach, the nearest distance first
    run.head_stats()                          # a table of all heads
    run.figure("spans", sort=True)            # shows itself in a notebook; .save("spans.pdf")
    run.show()                                # the window

Models that live in PyTorch are recorded, and looked at as a run::

    spanscope.record(model, tokenizer, ["a text"], "run.safetensors")
    spanscope.open("run.safetensors").run().show()

Layers, heads and tokens are counted from 0. Spans, reaches and distances are in tokens, surprisal and entropy in bits, log p in
nats; weights and shares lie between 0 and 1.
"""

from __future__ import annotations

from ._attentions import from_attentions
from ._figure import Figure
from ._model import Architecture, Generated, Model, figure_kinds, open, samples
from ._native import Error
from ._native import version as _version
from ._record import record
from ._run import HeadWeights, Prediction, Run
from ._text_writer import TextWriter
from ._writer import RunWriter

__version__: str = _version()

__all__ = [
    "Architecture",
    "Error",
    "Figure",
    "Generated",
    "HeadWeights",
    "Model",
    "Prediction",
    "Run",
    "RunWriter",
    "TextWriter",
    "__version__",
    "figure_kinds",
    "from_attentions",
    "open",
    "record",
    "samples",
]
