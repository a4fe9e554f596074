"""Runs recorded from PyTorch: what transformers computes is what is looked at."""

from __future__ import annotations

import importlib
import json

import numpy as np
import pytest
from conftest import FAMILIES

import spanscope

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

#: Weights and log p may be off by so much.
WEIGHTS, LOG_P = 2e-5, 2e-4

NAMES = sorted(folder.name for folder in FAMILIES.iterdir() if (folder / "config.json").exists())


def model_of(name: str):
    try:
        return transformers.AutoModelForCausalLM.from_pretrained(FAMILIES / name, dtype=torch.float32, attn_implementation="eager").eval()
    except Exception as error:  # noqa: BLE001
        pytest.skip(f"{name} does not open in this transformers: {str(error)[:80]}")


def ids_of(model, count: int) -> list[int]:
    size = model.config.get_text_config().vocab_size
    return [(i * i * 7 + i // 3) % min(size, 60) for i in range(count)]


def expected(model, ids):
    """All weights and log p, as transformers computes them."""
    model.set_attn_implementation("eager")
    with torch.no_grad():
        out = model(torch.tensor([ids]), output_attentions=True)
    return [a[0].numpy() for a in out.attentions], torch.log_softmax(out.logits[0].double(), -1).numpy()


def opened(path):
    return spanscope.open(path).run(progress=False)


def same(run, model, ids, layers=None, heads=None):
    attentions, log_p = expected(model, ids)
    layers = range(len(attentions)) if layers is None else layers
    for at, layer in enumerate(layers):
        for to, head in enumerate(range(attentions[layer].shape[0]) if heads is None else heads):
            off = np.abs(run.attention(at, to, dense=True) - attentions[layer][head][run.queries.start : run.queries.stop]).max()
            assert off < WEIGHTS, (layer, head, off)
    nats = -log_p[np.arange(len(ids) - 1), ids[1:]]
    assert np.abs(run.surprisal[1:] * np.log(2) - nats).max() < LOG_P
    found = run.prediction(7, k=5)
    assert found is not None and np.abs(np.array(found.log_p) - np.sort(log_p[7])[::-1][:5]).max() < LOG_P


@pytest.mark.parametrize("name", NAMES)
def test_every_family(name, tmp_path):
    model = model_of(name)
    ids = ids_of(model, 60)
    path = spanscope.record(model, None, ids, tmp_path / "run.safetensors", dtype="f32", progress=False)
    same(opened(path), model, ids)


@pytest.mark.parametrize("name", ["bloom", "mpt"])
def test_slopes_are_found(name, tmp_path):
    """Of attention with linear biases queries and keys are kept, and the weights follow from them."""
    model = model_of(name)
    path = spanscope.record(model, None, ids_of(model, 60), tmp_path / "run.safetensors", dtype="f32", piece=25, progress=False)
    found = spanscope.open(path)
    assert json.loads(found._native.header())["attention"] == "queries-keys" and not any("as they are" in note for note in found.assumed)
    same(found.run(progress=False), model, ids_of(model, 60))


@pytest.mark.parametrize("name", ["gpt2", "llama", "gemma3", "gpt_oss", "bloom"])
def test_pieces_are_the_whole(name, tmp_path):
    model = model_of(name)
    ids = ids_of(model, 60)
    path = spanscope.record(model, None, ids, tmp_path / "run.safetensors", dtype="f32", piece=17, progress=False)
    same(opened(path), model, ids)


@pytest.mark.parametrize("name", ["gpt2", "llama", "gpt_oss", "bloom"])
def test_a_part_of_layers_heads_and_tokens(name, tmp_path):
    model = model_of(name)
    ids = ids_of(model, 60)
    count = model.config.num_hidden_layers
    heads = [1, model.config.num_attention_heads - 1]
    path = spanscope.record(
        model, None, [ids, ids[:40]], tmp_path / "run.safetensors", dtype="f32", layers=[count - 1], heads=heads, tokens=(10, None), progress=False
    )
    found = spanscope.open(path)
    assert found.architecture.layers == 1 and found.architecture.heads == 2
    assert any(f"layers {count - 1} of the model's {count}" in note for note in found.assumed)
    same(found.run(progress=False), model, ids, [count - 1], heads)


def test_texts_run_together(tmp_path):
    model = model_of("llama")
    texts = [ids_of(model, n) for n in (20, 33, 7, 60)]
    paths = [
        spanscope.record(model, None, texts, tmp_path / f"{batch}.safetensors", dtype="f32", batch=batch, piece=40, progress=False) for batch in (1, 3)
    ]
    for index, ids in enumerate(texts):
        if len(ids) < 8:
            continue
        for path in paths:
            same(spanscope.open(path).run(index=index, progress=False), model, ids)


@pytest.mark.parametrize("kind", ["weights", "top-weights"])
def test_weights_where_they_are_asked_for(kind, tmp_path):
    model = model_of("gpt2")
    ids = ids_of(model, 50)
    top = None if kind == "weights" else 50
    path = spanscope.record(model, None, ids, tmp_path / "run.safetensors", dtype="f32", attention=kind, top=top, piece=16, progress=False)
    same(opened(path), model, ids)


@pytest.mark.parametrize("name", ["llama_rope_dynamic", "phi3"])
def test_positions_that_depend_on_the_length_do_not_come_in_pieces(name, tmp_path):
    model = model_of(name)
    with pytest.raises(spanscope.Error, match="piece=60"):
        spanscope.record(model, None, ids_of(model, 60), tmp_path / "run.safetensors", piece=17, progress=False)


def test_another_attention_is_put_back(tmp_path):
    model = transformers.AutoModelForCausalLM.from_pretrained(FAMILIES / "llama", dtype=torch.float32)
    before = model.config._attn_implementation
    assert before != "eager"
    ids = ids_of(model, 40)
    path = spanscope.record(model, None, ids, tmp_path / "run.safetensors", dtype="f32", progress=False)
    assert model.config._attn_implementation == before
    same(opened(path), model, ids)


class Odd(torch.nn.Module):
    """A model of no family that transformers knows: its weights are cubed, and it gives them when it is asked."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.emb, self.q, self.k = torch.nn.Embedding(40, 16), torch.nn.Linear(16, 16), torch.nn.Linear(16, 16)
        self.config = transformers.PretrainedConfig(vocab_size=40, model_type="odd")

    def forward(self, input_ids, use_cache=None, attention_mask=None, output_attentions=False):
        x = self.emb(input_ids)
        q, k = (f(x).view(*x.shape[:2], 2, 8).transpose(1, 2) for f in (self.q, self.k))
        n = x.shape[1]
        seen = torch.tril(torch.ones(n, n, dtype=torch.bool))
        weights = torch.where(seen, (q @ k.transpose(2, 3)).abs() ** 3 + 1e-6, 0.0)
        weights = weights / weights.sum(-1, keepdim=True)
        read = (weights @ x[:, None]).mean(1)
        logits = read @ self.emb.weight.T
        out = transformers.modeling_outputs.CausalLMOutput(logits=logits, attentions=(weights,) if output_attentions else None)
        return out


def test_a_model_of_no_family(tmp_path):
    model, ids = Odd(), [i * 7 % 40 for i in range(30)]
    path = spanscope.record(model, None, ids, tmp_path / "run.safetensors", dtype="f32", progress=False)
    found = spanscope.open(path)
    assert found.architecture.family == "odd" and any("stored as they are" in note for note in found.assumed)
    run = found.run(progress=False)
    out = model(torch.tensor([ids]), output_attentions=True)
    for head in range(2):
        assert np.abs(run.attention(0, head, dense=True) - out.attentions[0][0, head].detach().numpy()).max() < 1e-6
    with pytest.raises(spanscope.Error, match="piece=30"):
        spanscope.record(model, None, ids, tmp_path / "more.safetensors", piece=10, progress=False)
    with pytest.raises(spanscope.Error, match="weights"):
        spanscope.record(model, None, ids, tmp_path / "more.safetensors", attention="queries-keys", progress=False)
    assert [p.name for p in tmp_path.iterdir()] == ["run.safetensors"]


def test_an_encoder_in_both_directions(tmp_path):
    config = transformers.BertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16, max_position_embeddings=64
    )
    model = transformers.BertModel(config).eval()
    texts = [list(range(20)), [i * 3 % 50 for i in range(33)]]
    with pytest.raises(spanscope.Error, match="encoder=True"):
        spanscope.record(model, None, texts, tmp_path / "run.safetensors", progress=False)
    with pytest.raises(spanscope.Error, match="piece=33"):
        spanscope.record(model, None, texts, tmp_path / "run.safetensors", encoder=True, piece=20, progress=False)
    assert list(tmp_path.iterdir()) == []
    for batch in (1, 2):
        path = spanscope.record(model, None, texts, tmp_path / "run.safetensors", encoder=True, dtype="f32", batch=batch, progress=False)
        found = spanscope.open(path)
        assert found.texts == ["text 0", "text 1"]
        assert any("both directions" in note for note in found.assumed)
        model.set_attn_implementation("eager")
        for number, ids in enumerate(texts):
            with torch.no_grad():
                attentions = model(torch.tensor([ids]), output_attentions=True).attentions
            run = found.run(index=number, progress=False)
            assert list(run.ids) == ids
            assert run.shares()[:, :, 0] == pytest.approx(np.ones((2, 2)), abs=1e-4)
            for layer in range(2):
                for head in range(2):
                    expected = attentions[layer][0, head].numpy()
                    assert np.abs(run.attention(layer, head, dense=True) - expected).max() < WEIGHTS


def test_half_precision_and_its_texts(tmp_path):
    model = model_of("llama").to(torch.bfloat16)
    ids = ids_of(model, 60)
    path = spanscope.record(model, None, ids, tmp_path / "run.safetensors", dtype="bf16", progress=False)
    weights, _ = expected(model.float(), ids)
    assert np.abs(opened(path).attention(0, 0, dense=True) - weights[0][0]).max() < 0.05


def test_a_tokenizers_text_is_the_text(tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    text = "Größe and größer: naïve words, 北京, and words again."
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<s>"], initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    made.train_from_iterator([text], trainer)
    made.post_processor = tokenizers.processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>")
    config = transformers.LlamaConfig(
        vocab_size=320, hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1
    )
    model = transformers.LlamaForCausalLM(config).eval()
    path = spanscope.record(model, tokenizer, [text, "words"], tmp_path / "run.safetensors", dtype="f32", names=["a", "b"], progress=False)
    found = spanscope.open(path)
    assert found.texts == ["a", "b"]
    run = found.run(progress=False)
    assert run.text == text and list(run.ids) == tokenizer(text)["input_ids"]
    assert run.tokens[0] == "<s>" and run.tokens[1] in text
    same(run, model, [int(id) for id in run.ids])


@pytest.mark.parametrize(
    ("of", "words"),
    [
        ({"texts": []}, "no texts"),
        ({"texts": ["a text"]}, "tokenizer"),
        ({"texts": [[]]}, "no token"),
        ({"layers": [9]}, "2 layers|layers="),
        ({"heads": []}, "heads="),
        ({"piece": 0}, "piece="),
        ({"names": ["a", "b"]}, "1 texts"),
        ({"dtype": "f8"}, "f16"),
        ({"tokens": (50, 90)}, "20 tokens"),
        ({"texts": [[1, 10**6]]}, "no token 1000000"),
    ],
)
def test_what_cannot_be_recorded_is_refused(of, words, tmp_path):
    model = model_of("llama")
    given = {"texts": [ids_of(model, 20)], "progress": False, **of}
    with pytest.raises(spanscope.Error, match=words):
        spanscope.record(model, None, given.pop("texts"), tmp_path / "run.safetensors", **given)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"model": "gpt2"}, TypeError, "from_pretrained"),
        ({"model": torch.nn.Linear(2, 2)}, spanscope.Error, "RunWriter"),
        ({"tokenizer": "gpt2"}, TypeError, "tokenizer is of type str"),
        ({"texts": 5}, TypeError, "of type int"),
        ({"texts": b"a text"}, TypeError, "of type bytes"),
        ({"texts": [3.5]}, TypeError, "token ids"),
        ({"path": "absent/run.safetensors"}, spanscope.Error, "make it first"),
        ({"path": "."}, spanscope.Error, "this is a folder"),
    ],
)
def test_what_is_given_in_the_wrong_place_is_said(change, error, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = model_of("llama")
    given = {"model": model, "tokenizer": None, "texts": [ids_of(model, 20)], "path": "run.safetensors", **change}
    with pytest.raises(error, match=words):
        spanscope.record(**given, progress=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("piece", [512, 20])
def test_a_text_longer_than_the_models_positions_is_said(piece, tmp_path):
    model = model_of("gpt2")
    with pytest.raises(spanscope.Error, match="64 positions"):
        spanscope.record(model, None, ids_of(model, 70), tmp_path / "run.safetensors", piece=piece, progress=False)
    assert list(tmp_path.iterdir()) == []


def test_a_tokenizers_output_is_taken(tmp_path):
    model = model_of("llama")
    ids = ids_of(model, 30)
    path = spanscope.record(model, None, {"input_ids": torch.tensor([ids])}, tmp_path / "run.safetensors", dtype="f32", progress=False)
    same(opened(path), model, ids)


def test_the_mode_of_every_module_is_put_back(tmp_path):
    model = model_of("gpt2").train()
    model.transformer.h[0].eval()
    before = [module.training for module in model.modules()]
    spanscope.record(model, None, ids_of(model, 20), tmp_path / "run.safetensors", progress=False)
    assert [module.training for module in model.modules()] == before and True in before and False in before


def test_ctrl_c_leaves_no_file_and_the_model_as_it_was(tmp_path):
    model = model_of("llama")
    module = importlib.import_module(type(model).__module__)
    before = module.eager_attention_forward

    def interrupt(done: int, all: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        spanscope.record(model, None, ids_of(model, 60), tmp_path / "run.safetensors", piece=20, progress=interrupt)
    assert list(tmp_path.iterdir()) == [] and module.eager_attention_forward is before
