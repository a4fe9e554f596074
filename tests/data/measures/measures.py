"""What `effective-spans --json` says of every head, computed from a PyTorch model's own attention.

    python measures.py ../families/mistral ../families/gpt_oss ../families/llama

Needs torch, transformers and NumPy. Each model runs in 64 bits with eager attention; its weights come from its outputs, values and what
heads write from hooks on its projections. All else is written after the definitions of docs/maths.md, in NumPy. Beside this file
it writes NAME.golden.json.
"""

import json
import pathlib
import sys

import numpy as np
import torch
import transformers

#: The first tokens that sink-free spans leave out.
SINK_FREE = 1


def texts(vocabulary: int) -> list[list[int]]:
    """Three texts of different length, of few tokens, so that these come again."""
    made = []
    for number, length in enumerate((150, 97, 210)):
        random = np.random.default_rng(20 + number)
        few = random.choice(np.arange(3, vocabulary), 40, replace=False)
        ids = few[random.integers(0, len(few), length)]
        # A piece twice, for heads that look for what followed.
        ids[60:85] = ids[10:35]
        made.append([int(id) for id in ids])
    return made


def heard(model, ids: list[int]) -> list[dict[str, np.ndarray]]:
    """Of every layer: weights H x T x T, values Hk x T x d, what heads read T x H x d, and the output projection D x H x d."""
    layers = [layer.self_attn for layer in model.model.layers]
    values, reads = {}, {}
    hooks = []
    for number, attention in enumerate(layers):
        take = lambda module, given, out, number=number: values.__setitem__(number, out[0].detach().numpy())
        hooks.append(attention.v_proj.register_forward_hook(take))
        take = lambda module, given, number=number: reads.__setitem__(number, given[0][0].detach().numpy())
        hooks.append(attention.o_proj.register_forward_pre_hook(take))
    with torch.no_grad():
        out = model(input_ids=torch.tensor([ids]), output_attentions=True)
    for hook in hooks:
        hook.remove()
    found = []
    for number, attention in enumerate(layers):
        weights = out.attentions[number][0].numpy()
        heads, count = weights.shape[:2]
        size = attention.head_dim
        found.append(
            {
                "weights": weights,
                "values": values[number].reshape(count, -1, size).transpose(1, 0, 2),
                "reads": reads[number].reshape(count, heads, size),
                "projection": attention.o_proj.weight.detach().numpy().reshape(-1, heads, size),
            }
        )
    return found


def nearest_that_holds(by_distance: np.ndarray, share: float) -> int | None:
    """The smallest distance within which a share of the weight lies."""
    total = by_distance.sum()
    if not total > 0:
        return None
    return int(np.argmax(np.cumsum(by_distance) >= share * total))


def by_distance(rows: list[np.ndarray]) -> np.ndarray:
    """The weight by distance, of T x T weights of every text."""
    longest = max(len(of) for of in rows)
    sums = np.zeros(longest)
    for of in rows:
        for query, row in enumerate(of):
            for key in range(query + 1):
                sums[query - key] += row[key]
    return sums


def single(row: np.ndarray, query: int, ids: list[int], sink: float, read: np.ndarray, projection: np.ndarray) -> dict[str, float | None]:
    """The measures of one query; None where it is none of those that a mean is over."""
    seen = row[: query + 1]
    keys = np.arange(query + 1)
    falling = np.sort(seen)[::-1]
    of = np.array(ids[: query + 1])
    before = np.array([-1] + ids[:query])
    return {
        "sink": seen[:1].sum() if query >= 1 else None,
        "sink_4": seen[:4].sum() if query >= 4 else None,
        "learned_sink": sink,
        "distant_mass": seen[(keys >= 4) & (query - keys >= 64)].sum(),
        "effective_keys": seen.sum() ** 2 / (seen**2).sum(),
        "minimum_budget_90": float(np.argmax(np.cumsum(falling) >= 0.9 * seen.sum()) + 1),
        "confidence": seen.max(),
        "self": seen[query],
        "previous": seen[query - 1] if query else 0.0,
        "duplicate": seen[(keys < query) & (of == ids[query])].sum(),
        "induction": seen[(keys < query) & (keys > 0) & (before == ids[query])].sum(),
        "output_norm": float(np.linalg.norm(projection @ read)),
    }


def estimate(of_texts: list[list[float]]) -> tuple[float, float]:
    """The mean over all queries, and its standard error with texts as units."""
    counts = np.array([len(of) for of in of_texts], float)
    sums = np.array([sum(of) for of in of_texts])
    mean = sums.sum() / counts.sum()
    m = len(of_texts)
    spread = ((sums - mean * counts) ** 2).sum()
    return mean, np.sqrt(m / (m - 1) * spread) / counts.sum()


def head(layer: int, number: int, runs: list[list[dict[str, np.ndarray]]], all_ids: list[list[int]]) -> dict:
    """All numbers of a head."""
    weights, written, spans = [], [], []
    means: dict[str, list[list[float]]] = {}
    for run, ids in zip(runs, all_ids):
        of = run[layer]
        rows = of["weights"][number]
        weights.append(rows)
        group = of["weights"].shape[0] // of["values"].shape[0]
        projection = of["projection"][:, number]
        # What each key would have the head write.
        norms = np.linalg.norm(of["values"][number // group] @ projection.T, axis=1)
        weighted = rows * norms[None, :]
        written.append(weighted / weighted.sum(axis=1, keepdims=True))
        for query, row in enumerate(rows):
            span = nearest_that_holds(row[: query + 1][::-1], 0.9)
            if span is not None:
                spans.append(span)
        found = [
            single(row, query, ids, 1.0 - row.sum(), of["reads"][query, number], projection) for query, row in enumerate(rows)
        ]
        for name in found[0]:
            means.setdefault(name, []).append([one[name] for one in found if one[name] is not None])
    all = by_distance(weights)
    kept = [np.where(np.arange(len(rows))[None, :] < SINK_FREE, 0.0, rows) for rows in weights]
    free = by_distance(kept)
    distances = np.arange(len(all))
    mean = (distances * all).sum() / all.sum()
    spans.sort()
    numbers = {
        "layer": layer,
        "head": number,
        "mean_distance": mean,
        "distance_variance": (distances**2 * all).sum() / all.sum() - mean**2,
        "span_quantiles": {str(q): spans[max(int(np.ceil(q / 100 * len(spans))), 1) - 1] for q in (10, 50, 90, 99)},
        "norm_effective_90": nearest_that_holds(by_distance(written), 0.9),
    }
    for share in (50, 90, 99):
        numbers[f"effective_{share}"] = nearest_that_holds(all, share / 100)
        numbers[f"effective_{share}_sink_free"] = nearest_that_holds(free, share / 100)
    for name, of_texts in means.items():
        numbers[name], numbers[f"{name}_se"] = estimate(of_texts)
    return numbers


def main() -> None:
    for folder in sys.argv[1:]:
        path = pathlib.Path(folder).resolve()
        model = transformers.AutoModelForCausalLM.from_pretrained(path, attn_implementation="eager", experts_implementation="eager", dtype=torch.float64)
        model.eval()
        all_ids = texts(model.config.vocab_size)
        runs = [heard(model, ids) for ids in all_ids]
        heads = [
            head(layer, number, runs, all_ids)
            for layer in range(len(runs[0]))
            for number in range(runs[0][layer]["weights"].shape[0])
        ]
        # Norms in terms of the mean of the layer's heads.
        for layer in range(len(runs[0])):
            of_layer = [of for of in heads if of["layer"] == layer]
            mean = sum(of["output_norm"] for of in of_layer) / len(of_layer)
            for of in of_layer:
                of["output_norm"] /= mean
                of["output_norm_se"] /= mean
        heads = [{name: round(n, 9) if isinstance(n, float) else n for name, n in of.items()} for of in heads]
        golden = {"model": path.name, "transformers": transformers.__version__, "sink_free": SINK_FREE, "texts": all_ids, "heads": heads}
        out = pathlib.Path(__file__).parent / f"{path.name}.golden.json"
        out.write_text(json.dumps(golden, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
