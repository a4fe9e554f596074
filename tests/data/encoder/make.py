"""Writes ../run_encoder.safetensors: a run of an encoder of 2 layers of 3 heads whose weights are formulas, which the tests know as well.

python make.py, with the spanscope package.
"""

import os

import numpy as np

import spanscope

TEXT = (
    "An encoder reads a sentence as a whole . Each token attends to those before it and to those after it , so that a distance has a sign . "
    "Heads of BERT often look at the next token , at the token before , or at the first one ."
)


def weights(count: int) -> np.ndarray:
    """2 x 3 x T x T: each row a softmax of scores."""
    query, key = np.arange(count)[:, None], np.arange(count)[None, :]
    distance = query - key
    scores = np.zeros((2, 3, count, count))
    # The next token; the one before; both sides, more of the later.
    scores[0, 0] = -3.0 * abs(distance + 1)
    scores[0, 1] = -2.0 * abs(distance - 1)
    scores[0, 2] = -0.3 * np.where(distance < 0, -distance, 2 * distance)
    # The first token; a few tokens ahead; all alike.
    scores[1, 0] = np.where(key == 0, 3.0, -0.1 * abs(distance))
    scores[1, 1] = -0.5 * abs(distance + 8)
    scores = np.exp(scores)
    return scores / scores.sum(axis=-1, keepdims=True)


if __name__ == "__main__":
    words = [word + " " for word in TEXT.split(" ")]
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "run_encoder.safetensors")
    of = weights(len(words))
    with spanscope.RunWriter(path, layers=2, heads=3, attention="weights", dtype="f32", encoder=True, model="encoder", family="bert") as writer:
        writer.add(words, weights=list(of), name="sentence")
