"""Expected values of measures, by hooks on what `transformers` computes for the small networks beside this file.

    python measures.py > measures.golden.json

Only the tensors of attention and of the down projections are taken from the library (32 bit, eager, CPU); what follows is done here,
in 64 bits, straight from the definitions of docs/maths.md. Needs torch, transformers and safetensors.
"""

import importlib
import json
import pathlib
import sys

import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM

FOLDER = pathlib.Path(__file__).resolve().parent
FAMILIES = ["gpt2", "llama", "gemma2", "mistral", "gpt_oss"]


class Hooks:
    """What every layer's attention was given and gave, and what multiplied the neurons' values."""

    def __init__(self, model):
        self.calls, self.neurons = {}, {}
        module = importlib.import_module(type(model).__module__)
        self.attend = module.eager_attention_forward

        def hooked(of, query, key, value, mask, *rest, **named):
            out = self.attend(of, query, key, value, mask, *rest, **named)
            self.calls[of.layer_idx] = (of, query, key, value, mask, rest, named, out)
            return out

        module.eager_attention_forward = hooked
        for name, part in model.named_modules():
            if name.endswith("mlp.down_proj") or name.endswith("mlp.c_proj"):
                layer = len(self.neurons)
                self.neurons[layer] = None
                part.register_forward_pre_hook(self.keep(layer))

    def keep(self, layer):
        def hook(_, inputs):
            self.neurons[layer] = inputs[0][0].double()

        return hook


def output_of(attention, heads, dim):
    """W_O by head: heads × D × d."""
    if hasattr(attention, "o_proj"):
        weight = attention.o_proj.weight
    else:
        weight = attention.c_proj.weight.T
    return weight.double().reshape(weight.shape[0], heads, dim).transpose(0, 1)


def changed(call):
    """For each query and each token before it, heads that give another bit when that token has another key and value: H × T × T."""
    of, query, key, value, mask, rest, named, (out, weights) = call
    attend, count = Hooks.original, query.shape[2]
    seen = torch.zeros(query.shape[1], count, count, dtype=torch.bool)
    for j in range(count):
        for sign in (1.0, -1.0):
            k, v = key.clone(), value.clone()
            k[:, :, j] += sign
            v[:, :, j] += 1 + v[:, :, j].abs()
            other, _ = attend(of, query, k, v, mask, *rest, **named)
            # batch × T × H × d
            seen[:, :, j] |= (other != out)[0].any(-1).T
    return seen


def effective(by_distance, share):
    total, held = sum(by_distance), 0.0
    for distance, weight in enumerate(by_distance):
        held += weight
        if held >= share * total:
            return distance
    return None


def head_facts(weights, writes):
    """One head: weights T × T, and the norms of what every token would write."""
    count = len(weights)
    product = weights * writes
    shares = product / product.sum(-1, keepdim=True)
    by_distance = [float(shares.diagonal(-d).sum()) for d in range(count)]
    last = [round(float(x), 7) for x in shares[-1]]
    return {
        "first_token": float(weights[1:, 0].mean()),
        "learned_sink": float(1 - weights.sum(-1).mean()),
        "norm_effective_90": effective(by_distance, 0.9),
        "norm_weighted_last": last,
        "norm_weighted_middle": [round(float(x), 7) for x in shares[count // 2]],
    }


def neuron_facts(activations, values):
    """One layer: activations T × I, values I × D."""
    use = activations.abs().mean(0) * values.norm(dim=-1)
    shares = use / use.sum()
    order = torch.argsort(shares, descending=True, stable=True)
    positive = shares[shares > 0]
    return {
        "total": float(use.sum()),
        "effective": float(torch.exp(-(positive * positive.log()).sum())),
        "never": int((use < 0.01 * use.mean()).sum()),
        "top": [[int(n), float(shares[n])] for n in order[:8]],
    }


def family(name):
    model = AutoModelForCausalLM.from_pretrained(FOLDER / name, dtype=torch.float32, attn_implementation="eager").eval()
    hooks = Hooks(model)
    Hooks.original = staticmethod(hooks.attend)
    with safe_open(FOLDER / name / f"{name}.golden.safetensors", "pt") as file:
        ids = file.get_tensor("input_ids").long()
    with torch.no_grad():
        model(ids[None], use_cache=False)
        layers = []
        for layer in sorted(hooks.calls):
            call = hooks.calls[layer]
            of, query, _, value, _, _, _, (_, weights) = call
            heads, dim = query.shape[1], query.shape[3]
            out = output_of(of, heads, dim)
            value = value[0].double().repeat_interleave(heads // value.shape[1], 0)
            writes = torch.einsum("hod,htd->hto", out, value).norm(dim=-1)
            weights = weights[0].double()
            seen = changed(call)
            facts = [head_facts(weights[h], writes[h]) for h in range(heads)]
            for h, of_head in enumerate(facts):
                keys = [seen[h, t].nonzero().flatten().tolist() for t in range(len(ids))]
                of_head["reach"] = [t - found[0] if found else None for t, found in enumerate(keys)]
            layers.append({"heads": facts})
        for layer, activations in hooks.neurons.items():
            mlp = [part for part in model.modules() if hasattr(part, "mlp")][layer].mlp
            values = mlp.down_proj.weight.T if hasattr(mlp, "down_proj") else mlp.c_proj.weight
            layers[layer]["neurons"] = neuron_facts(activations, values.double())
    return {"ids": ids.tolist(), "layers": layers}


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.set_num_threads(1)
    json.dump({name: family(name) for name in FAMILIES}, sys.stdout, separators=(",", ":"))
