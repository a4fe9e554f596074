"""A GGUF file in llama.cpp, for `cargo bench --bench families` to measure beside ours.

`python families_llama.py FILE THREADS`, with xllamacpp or llama-cpp-python. Every line on stdin, `prefill N` or `token`, is done once;
the milliseconds that it took come back on stdout: of xllamacpp those that llama.cpp itself gives.
"""

import random
import sys
import time


class Server:
    """By xllamacpp, whose wheels hold llama.cpp for several processors."""

    def __init__(self, file: str, threads: int) -> None:
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = file
        params.n_ctx, params.n_batch, params.n_ubatch, params.n_parallel = 8192, 512, 512, 1
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
        params.warmup = True
        self.server = xllamacpp.Server(params)
        self.ids: list[int] = []

    def timings(self, predict: int, cached: bool) -> dict:
        answer = self.server.handle_completions(
            {
                "prompt": self.ids,
                "n_predict": predict,
                "cache_prompt": cached,
                "ignore_eos": True,
                "temperature": 0,
            }
        )
        if "timings" not in answer:
            sys.exit(f"llama.cpp: {answer}")
        return answer["timings"]

    def prefill(self, count: int) -> float:
        self.ids = [random.randrange(1000, 40000) for _ in range(count)]
        return self.timings(1, cached=False)["prompt_ms"]

    def token(self) -> float:
        timings = self.timings(9, cached=True)
        return timings["predicted_ms"] / timings["predicted_n"]


class Bindings:
    """By llama-cpp-python."""

    def __init__(self, file: str, threads: int) -> None:
        from llama_cpp import Llama

        self.model = Llama(file, n_ctx=8192, n_batch=512, n_threads=threads, n_threads_batch=threads, verbose=False)

    def timed(self, count: int) -> float:
        ids = [random.randrange(self.model.n_vocab()) for _ in range(count)]
        begun = time.perf_counter()
        self.model.eval(ids)
        return (time.perf_counter() - begun) * 1e3

    def prefill(self, count: int) -> float:
        self.model.reset()
        return self.timed(count)

    def token(self) -> float:
        return self.timed(1)


file, threads = sys.argv[1], int(sys.argv[2])
random.seed(1)
try:
    model = Server(file, threads)
except ImportError:
    model = Bindings(file, threads)
for line in sys.stdin:
    match line.split():
        case ["prefill", count]:
            print(model.prefill(int(count)), flush=True)
        case ["token"]:
            print(model.token(), flush=True)
        case _:
            print("none", flush=True)
