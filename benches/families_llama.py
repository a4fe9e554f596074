"""A GGUF file in llama.cpp, for `cargo bench --bench families` to measure beside ours.

`python families_llama.py FILE THREADS`. Every line on stdin, `prefill N` or `token`, is done once; the milliseconds that it took come
back on stdout.
"""

import random
import sys
import time

from llama_cpp import Llama

file, threads = sys.argv[1], int(sys.argv[2])
model = Llama(file, n_ctx=8192, n_batch=512, n_threads=threads, n_threads_batch=threads, logits_all=False, verbose=False)
random.seed(1)
for line in sys.stdin:
    match line.split():
        case ["prefill", count]:
            ids = [random.randrange(model.n_vocab()) for _ in range(int(count))]
            model.reset()
        case ["token"]:
            ids = [random.randrange(model.n_vocab())]
        case _:
            print("none", flush=True)
            continue
    begun = time.perf_counter()
    model.eval(ids)
    print((time.perf_counter() - begun) * 1e3, flush=True)
