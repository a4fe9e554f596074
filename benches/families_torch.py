"""A model of the Hugging Face hub's layout in PyTorch, for `cargo bench --bench families` to measure beside ours.

`python families_torch.py FOLDER eager|sdpa THREADS`. Every line on stdin, `prefill N` or `token`, is done once; the milliseconds that
it took come back on stdout. With `eager` every attention weight is asked for and kept, as an inspector needs them; with
`sdpa` nothing is.
"""

import sys
import time

import torch
from transformers import AutoModelForCausalLM

folder, attention, threads = sys.argv[1:4]
torch.set_num_threads(int(threads))
torch.set_grad_enabled(False)
options = {"gguf_file": folder.rsplit("/", 1)[1]} if folder.endswith(".gguf") else {}
where = folder.rsplit("/", 1)[0] if options else folder
model = AutoModelForCausalLM.from_pretrained(where, attn_implementation=attention, dtype=torch.float32, **options).eval()
inspect = attention == "eager"
# Last position's logits only, as whoever continues the text wants them.
wanted = {"logits_to_keep": 1, "use_cache": True, "output_attentions": inspect}
torch.manual_seed(1)
past = None
for line in sys.stdin:
    match line.split():
        case ["prefill", count]:
            ids = torch.randint(model.config.vocab_size, (1, int(count)))
            begun = time.perf_counter()
            kept = model(input_ids=ids, **wanted)
            took, past = time.perf_counter() - begun, kept.past_key_values
        case ["token"] if past is not None:
            ids = torch.randint(model.config.vocab_size, (1, 1))
            begun = time.perf_counter()
            model(input_ids=ids, past_key_values=past, **wanted)
            took = time.perf_counter() - begun
        case _:
            print("none", flush=True)
            continue
    print(took * 1e3, flush=True)
