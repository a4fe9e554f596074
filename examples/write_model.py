"""Writes a small random model as a file that spanscope opens: python write_model.py model.safetensors

Names, shapes and metadata are all that counts. Of a PyTorch model take `tensor.detach().numpy()` in the place of random numbers;
docs/getting-a-model.md has the table of names. Needs NumPy and safetensors.
"""

import json
import sys

import numpy as np
from safetensors.numpy import save_file

rng = np.random.default_rng(0)
vocabulary = {"unit": "byte", "tokens": ["<eos>", *range(32, 127)], "note": "96 bytes: line break and printable ASCII"}
V, D, H, L = len(vocabulary["tokens"]), 32, 4, 2  # tokens, hidden size, heads, layers
S, R, I = 256, 32, 64  # span limit, ramp, feed-forward width


def random(*shape):
    return rng.normal(0, 0.2, shape).astype(np.float32)


tensors = {"in_emb.weight": random(V, D), "out_emb.weight": random(V, D), "out_emb.bias": random(V)}
tensors["key_pe"] = random(1, D // H, S)  # distance d is column S - d
for i in range(L):
    layer = {f"attn.proj_{part}.weight": random(D, D) for part in ["query", "key", "val", "out"]}
    layer["attn.attn.adaptive_span._mask.current_val"] = rng.uniform(0, 0.5, (H, 1, 1)).astype(np.float32)  # z / S
    layer |= {"ff.fc1.weight": random(I, D), "ff.fc1.bias": random(I), "ff.fc2.weight": random(D, I), "ff.fc2.bias": random(D)}
    for norm in ["norm1", "norm2"]:
        layer |= {f"{norm}.weight": np.ones(D, np.float32), f"{norm}.bias": np.zeros(D, np.float32)}
    tensors |= {f"layers.{i}.{name}": tensor for name, tensor in layer.items()}

config = dict(vocab_size=V, hidden_size=D, nb_heads=H, nb_layers=L, attn_span=S, inner_hidden_size=I)
config |= dict(pers_mem_size=0, adapt_span=True, adapt_span_ramp=R, adapt_io=None)
metadata = {"format": "spanscope", "config": json.dumps(config), "vocabulary": json.dumps(vocabulary)}
save_file(tensors, sys.argv[1], metadata=metadata)
