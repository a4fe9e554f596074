"""Runs recorded from Hugging Face models, by listening to their attention."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Union

from ._arrays import array
from ._given import ids_of
from ._native import Error
from ._progress import Progress, progress_of
from ._vocabulary import byte_ranges, of_tokenizer
from ._text_writer import TextWriter
from ._writer import RunWriter

if TYPE_CHECKING:
    from ._hooks import Heard, Probe

Path = Union[str, "os.PathLike[str]"]


class Text:
    """A text as the model's tokens."""

    def __init__(self, name: str, ids: list[int], text: str | None, ranges: list[tuple[int, int]] | None) -> None:
        self.name, self.ids, self.text, self.ranges = name, ids, text, ranges


def record(
    model: Any,
    tokenizer: Any,
    texts: Any,
    path: Path,
    *,
    layers: Iterable[int] | None = None,
    heads: Iterable[int] | None = None,
    tokens: tuple[int, int | None] | None = None,
    attention: str | None = None,
    top: int | None = None,
    dtype: str = "f16",
    batch: int = 1,
    piece: int = 512,
    candidates: int = 50,
    encoder: bool = False,
    names: Sequence[str] | None = None,
    progress: Progress = None,
) -> str:
    """Records what a Hugging Face model does with texts: the window, the commands and `open` take the file in the place of a model.

    The model may be of any architecture with attention, known to spanscope or not.
    It runs where it is (CPU, CUDA, MPS), in evaluation mode, with eager attention. Kept are queries and keys after positions, where the
    weights follow from them (that is tried out first, and held against the model's own weights all along), else the weights themselves;
    and of every token what the model expects next.

    model, tokenizer: of ``transformers``. Without a tokenizer (`None`), texts are lists of ids.
    texts: one text or several: strings, or lists of ids.
    path: the file to write. It is there when it is whole.
    layers, heads: the numbers of those to keep; all, without. They count from 0 in the file, and the file says which they are.
    tokens: begin and end of the tokens whose weights are kept, of every text, from the multiple of 64 before; ``(A, None)`` to the end.
    attention: ``"queries-keys"``, ``"weights"`` or ``"top-weights"``; chosen as said above, if nothing is said.
    top: keep the largest weights of every query, of weights.
    dtype: ``"f16"`` (an 8B model takes some 330 KB per token), ``"bf16"`` or ``"f32"``.
    batch: texts that run together, where each is one piece.
    piece: tokens that run at once; longer texts go on with the model's cache.
    candidates: likeliest tokens kept after every token.
    encoder: the model's tokens see later ones, as BERT's do: weights are kept, on earlier and on later tokens.
    names: what the texts are called.

    Returns the path.
    """
    try:
        import torch
    except ImportError as error:
        raise Error("record needs PyTorch: pip install torch transformers") from error
    from ._hooks import Hooks, depends_on_length, probe

    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"the model is of type {type(model).__name__}: pass one of PyTorch, as AutoModelForCausalLM.from_pretrained(…) gives it")
    if getattr(model, "config", None) is None:
        raise Error("the model has no config, as those of transformers do: write its queries and keys, or its weights, with spanscope.RunWriter")
    if tokenizer is not None and not callable(tokenizer):
        raise TypeError(f"the tokenizer is of type {type(tokenizer).__name__}: pass one of transformers, or None and lists of token ids")
    if piece < 1 or batch < 1:
        raise Error(f"piece={piece}, batch={batch}: expected at least one token, and one text")
    if top is not None and attention is None:
        attention = "top-weights"
    given = cut(texts, tokenizer, names)
    known(model, given)
    longest = max(len(text.ids) for text in given)
    if longest > piece and depends_on_length(model):
        raise Error(
            f"the model turns positions by angles that depend on the text's length, so it cannot go on piece by piece: pass piece={longest}, "
            "or shorter texts"
        )
    if encoder and longest > piece:
        raise Error(f"an encoder sees the whole text at once: pass piece={longest}, or shorter texts")
    told = progress_of(progress, "recording")
    in_training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        with torch.inference_mode(), Hooks(model) as hooks:
            found = probe(model, hooks, given[0].ids[: min(piece, 64)], attention, encoder)
            kept_layers = chosen(layers, found.layers, "layer")
            kept_heads = chosen(heads, found.heads, "head")
            with writer_of(model, tokenizer, path, found, kept_layers, kept_heads, top, dtype, candidates, len(given)) as writer:
                recorder = Recorder(model, hooks, found, writer, kept_layers, kept_heads, tokens, piece, told)
                recorder.all = sum(len(text.ids) for text in given)
                for group in groups(given, batch, piece):
                    recorder.group(group)
    finally:
        for module in in_training:
            module.training = True
    return os.fspath(path)


def cut(texts: Any, tokenizer: Any, names: Sequence[str] | None) -> list[Text]:
    """Texts as ids, with the bytes that each token stands for."""
    if isinstance(texts, Mapping) and "input_ids" in texts:
        texts = texts["input_ids"]
    if hasattr(texts, "tolist"):
        texts = texts.tolist()
    if isinstance(texts, (bytes, bytearray)) or not hasattr(texts, "__iter__"):
        raise TypeError(f"the texts are of type {type(texts).__name__}: pass a text, or a list of texts or of lists of token ids")
    is_one = isinstance(texts, str) or (isinstance(texts, Sequence) and len(texts) > 0 and isinstance(texts[0], Integral))
    all = [texts] if is_one else list(texts)
    if not all:
        raise Error("there are no texts to record")
    if names is not None and len(names) != len(all):
        raise Error(f"names= has {len(names)} names for {len(all)} texts")
    found = []
    for number, text in enumerate(all):
        name = names[number] if names is not None else f"text {number}"
        if not isinstance(text, str):
            found.append(Text(name, ids_of(text), None, None))
            continue
        if tokenizer is None:
            raise Error("without a tokenizer texts are lists of token ids")
        if getattr(tokenizer, "is_fast", False):
            cut_text = tokenizer(text, return_offsets_mapping=True)
            ids = list(cut_text["input_ids"])
            found.append(Text(name, ids, text, byte_ranges(text, cut_text["offset_mapping"])))
        else:
            # It does not say which characters a token stands for: the text is what its tokens say.
            found.append(Text(name, list(tokenizer(text)["input_ids"]), None, None))
    for text in found:
        if not text.ids:
            raise Error(f"{text.name}: the text has no token")
    return found


def known(model: Any, texts: list[Text]) -> None:
    """Refuses ids that the model has no embedding for."""
    try:
        size = model.get_input_embeddings().num_embeddings
    except (AttributeError, NotImplementedError):
        # It does not say.
        return
    for text in texts:
        most = max(text.ids)
        if most >= size:
            raise Error(f"{text.name}: there is no token {most}: the model has {size}, counted from 0; is the tokenizer this model's?")


def chosen(wanted: Iterable[int] | None, count: int, what: str) -> list[int]:
    """The numbers of the layers or heads that are kept."""
    all = list(range(count))
    if wanted is None:
        return all
    numbers = sorted({int(number) for number in wanted})
    wrong = [number for number in numbers if number not in all]
    if wrong or not numbers:
        raise Error(f"{what}s={wrong or numbers}: the model has {count} {what}s, counted from 0")
    return numbers


def groups(texts: list[Text], batch: int, piece: int) -> Iterator[list[Text]]:
    """Texts that run together: neighbours that are a piece each."""
    group: list[Text] = []
    for text in texts:
        fits = len(text.ids) <= piece
        if group and (not fits or len(group) >= batch):
            yield group
            group = []
        if fits:
            group.append(text)
        else:
            yield [text]
    if group:
        yield group


def writer_of(
    model: Any,
    tokenizer: Any,
    path: Path,
    found: Probe,
    layers: list[int],
    heads: list[int],
    top: int | None,
    dtype: str,
    candidates: int,
    texts: int,
) -> RunWriter:
    """The run file for a model."""
    from ._hooks import name_of, parameters_of

    config = model.config.get_text_config() if hasattr(model.config, "get_text_config") else model.config
    notes = list(found.notes)
    if len(layers) < found.layers:
        notes.append(f"layers {', '.join(map(str, layers))} of the model's {found.layers} are kept, and count from 0 here")
    if len(heads) < found.heads:
        notes.append(f"heads {', '.join(map(str, heads))} of the model's {found.heads} are kept, and count from 0 here")
    vocab: Any = found.vocab_size or getattr(config, "vocab_size", None)
    special: list[int] = []
    if vocab is None:
        vocab = len(tokenizer) if tokenizer is not None else None
    if vocab is None:
        raise Error("the model says no vocab_size: pass a tokenizer")
    if tokenizer is not None:
        vocab, special = of_tokenizer(tokenizer, int(vocab))
    is_whole = len(heads) == found.heads
    sinks: Any = None
    if found.sinks is not None:
        sinks = [[found.sinks[layer][head] for head in heads] for layer in layers]
    elif found.has_sinks:
        sinks = True
    slopes = None if found.slopes is None else [found.slopes[head] for head in heads]
    writer = RunWriter(
        path,
        layers=len(layers),
        heads=len(heads),
        # Keys of the heads that are kept, one each, where some are left out.
        kv_heads=found.kv_heads if is_whole and found.kind == "queries-keys" else None,
        vocab=vocab,
        special=special,
        attention=found.kind,
        top=top,
        dtype=dtype,
        scale=found.scale,
        window=[found.windows[layer] for layer in layers],
        sinks=sinks,
        slopes=slopes,
        score_cap=found.cap,
        candidates=candidates,
        model=name_of(model),
        family=str(getattr(config, "model_type", "transformer")),
        width=getattr(config, "hidden_size", None),
        context=getattr(config, "max_position_embeddings", None),
        parameters=parameters_of(model),
        encoder=found.encoder,
        notes=notes,
        texts=texts,
    )
    writer.device = str(next(model.parameters()).device.type)
    return writer


class Recorder:
    """Runs a model over texts and writes what it does."""

    def __init__(
        self,
        model: Any,
        hooks: Any,
        found: Probe,
        writer: RunWriter,
        layers: list[int],
        heads: list[int],
        tokens: tuple[int, int | None] | None,
        piece: int,
        told: Any,
    ) -> None:
        self.model, self.hooks, self.found, self.writer = model, hooks, found, writer
        self.layers, self.heads, self.tokens, self.piece, self.told = layers, heads, tokens, piece, told
        self.all = self.done = 0

    def begin(self, text: Text) -> TextWriter:
        """A text of the file."""
        count = len(text.ids)
        queries = None
        if self.tokens is not None:
            first, end = self.tokens
            queries = (first, count if end is None else end)
        results = "logits" if self.found.vocab_size else None
        return self.writer.text(
            text.ids, text=text.text, ranges=text.ranges, queries=queries, results=results, name=text.name
        )

    def group(self, texts: list[Text]) -> None:
        """Texts that run together, or one that runs piece by piece."""
        from ._hooks import forward

        longest = max(len(text.ids) for text in texts)
        if len(texts) == 1 and longest > self.piece:
            return self.pieces(texts[0])
        rows = [text.ids + [0] * (longest - len(text.ids)) for text in texts]
        lengths = [len(text.ids) for text in texts]
        heard, outputs = forward(self.model, self.hooks, self.found, rows, lengths=lengths)
        for row, text in enumerate(texts):
            writer = self.begin(text)
            self.put(writer, heard, outputs, row, 0, len(text.ids))
            self.writer._end_text()

    def pieces(self, text: Text) -> None:
        """A long text, with the model's cache between its pieces."""
        from ._hooks import cache_of, forward

        writer = self.begin(text)
        cache: Any = None
        for start in range(0, len(text.ids), self.piece):
            ids = text.ids[start : start + self.piece]
            heard, outputs = forward(self.model, self.hooks, self.found, [ids], cache=cache, start=start)
            cache = cache_of(outputs)
            if cache is None and start + len(ids) < len(text.ids):
                raise Error(
                    f"{text.name}: the model gives no cache to go on with, and the text has {len(text.ids)} tokens: pass "
                    f"piece={len(text.ids)} to run it at once, or cut the text into parts"
                )
            self.put(writer, heard, outputs, 0, start, len(ids))
        self.writer._end_text()

    def put(self, writer: TextWriter, heard: list[Heard], outputs: Any, row: int, start: int, count: int) -> None:
        """Writes a piece: `count` tokens from position `start` on, of a row of the batch."""
        from ._hooks import expectations

        found = self.found
        for at, layer in enumerate(self.layers):
            of = heard[layer].row(row, count)
            of.follows(found, layer, start)
            if found.kind == "queries-keys":
                keys = array(of.k)
                if len(self.heads) != found.heads:
                    keys = keys[[head * found.kv_heads // found.heads for head in self.heads]]
                sink = of.sink[self.heads] if of.sink is not None else None
                writer.attention(at, start, q=array(of.q)[self.heads], k=keys, sink=sink)
            else:
                sink = of.sink[self.heads] if of.sink is not None else None
                writer.attention(at, start, weights=array(of.weights)[self.heads], sink=sink)
        if found.vocab_size:
            wanted = self.writer._candidates()
            following = writer.ids[start + 1 : start + 1 + count]
            for begin, part in expectations(outputs.logits[row, :count], following, wanted):
                writer.expected(start + begin, *part)
        self.tell(count)

    def tell(self, count: int) -> None:
        """So many more tokens are done."""
        self.done += count
        if self.told is not None:
            self.told(self.done, self.all)
