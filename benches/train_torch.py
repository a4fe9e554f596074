"""One training step of an adaptive-span network, plainly in PyTorch, for `cargo bench --bench train` to measure beside ours.

Every line on stdin does a step; the milliseconds that it took come back on stdout. All heads of a layer are computed over the
distances of its longest (rounded up to 64), keys and values of the cached context are projected anew, and scores turn from
keys to distances by reading rows of another length: the way that the papers' layer is usually written.
"""

import math
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

LAYERS, HIDDEN, HEADS, INNER, VOCAB = 4, 128, 4, 512, 65
BLOCK, BATCH, RAMP, DROPOUT, SPAN_LOSS = 128, 16, 32, 0.1, 2e-6
span, vectors = int(sys.argv[1]), int(sys.argv[2])
width = HIDDEN // HEADS
torch.set_num_threads(int(sys.argv[3]))
torch.manual_seed(1)


def to_heads(x):
    batch, tokens, _ = x.shape
    return x.view(batch, tokens, HEADS, width).transpose(1, 2).reshape(batch * HEADS, tokens, width)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(HIDDEN, HIDDEN, bias=False) for _ in range(4))
        self.share = nn.Parameter(torch.zeros(HEADS, 1, 1))
        self.norm1, self.norm2 = nn.LayerNorm(HIDDEN), nn.LayerNorm(HIDDEN)
        if vectors:
            self.more_keys = nn.Parameter(torch.randn(HEADS, width, vectors) / math.sqrt(width))
            self.more_values = nn.Parameter(torch.randn(HEADS, vectors, width) / math.sqrt(vectors))
        else:
            self.fc1, self.fc2 = nn.Linear(HIDDEN, INNER), nn.Linear(INNER, HIDDEN)

    def kept(self):
        longest = min(span, math.ceil(self.share.max().item() * span) + RAMP)
        return min(span, -(-longest // 64) * 64)

    def attend(self, x, seen, positions):
        kept, tokens = self.kept(), x.shape[1]
        q, k, v = to_heads(self.query(x)), to_heads(self.key(seen)), to_heads(self.value(seen))
        rows, columns = q.shape[0], k.shape[1]
        by_key = q @ k.transpose(1, 2)
        by_key = F.pad(by_key.reshape(rows, tokens * columns), (0, tokens))
        by_distance = by_key.view(rows, tokens, columns + 1)[:, :, :kept]
        scores = by_distance + q @ positions[:, :, -kept:]
        if vectors:
            beside = q.view(-1, HEADS, tokens, width) @ (self.more_keys * math.sqrt(width))
            scores = torch.cat([scores, beside.view(rows, tokens, vectors)], -1)
        weights = F.softmax(scores / math.sqrt(width), -1)
        context = weights[..., :kept].view(-1, HEADS, tokens, kept)
        distances = torch.arange(kept, 0, -1)
        mask = ((self.share * span + RAMP + 1 - distances) / RAMP).clamp(0, 1)
        context = (context * mask).view(rows, tokens, kept)
        total = context.sum(-1, keepdim=True)
        if vectors:
            total = total + weights[..., kept:].sum(-1, keepdim=True)
        context = F.dropout(context / (total + 1e-8), DROPOUT)
        context = F.pad(context, (0, tokens)).view(rows, tokens * (kept + tokens))[:, : tokens * columns]
        read = context.view(rows, tokens, columns) @ v
        if vectors:
            beside = F.dropout(weights[..., kept:] / (total + 1e-8), DROPOUT).view(-1, HEADS, tokens, vectors)
            read = read + (beside @ (self.more_values * math.sqrt(vectors))).view(rows, tokens, width)
        read = read.view(-1, HEADS, tokens, width).transpose(1, 2).reshape(x.shape)
        return self.out(read)

    def forward(self, x, cache, positions):
        kept = self.kept()
        seen = torch.cat([cache[:, cache.shape[1] - kept + 1 :], x], 1)
        x = self.norm1(x + self.attend(x, seen[:, : kept - 1 + x.shape[1]], positions))
        if not vectors:
            x = self.norm2(x + self.fc2(F.dropout(F.relu(self.fc1(x)), DROPOUT)))
        return x


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.output = nn.Embedding(VOCAB, HIDDEN), nn.Linear(HIDDEN, VOCAB)
        self.positions = nn.Parameter(torch.randn(1, width, span))
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.cache = [torch.zeros(BATCH, min(span, 128), HIDDEN) for _ in range(LAYERS)]

    def forward(self, ids):
        x = self.embedding(ids)
        for i, layer in enumerate(self.layers):
            before, x = x, layer(x, self.cache[i], self.positions)
            self.cache[i] = torch.cat([self.cache[i], before.detach()], 1)[:, -self.cache[i].shape[1] :]
        return self.output(x)


network = Network()
optimiser = torch.optim.Adagrad(network.parameters(), lr=0.00007)
text = torch.randint(VOCAB, (BATCH, BLOCK + 1))


def step():
    optimiser.zero_grad()
    loss = F.cross_entropy(network(text[:, :-1]).reshape(-1, VOCAB), text[:, 1:].reshape(-1))
    loss = loss + sum(SPAN_LOSS * span * layer.share.mean() for layer in network.layers)
    loss.backward()
    for parameter in network.parameters():
        if parameter.grad is not None:
            norm = parameter.grad.norm()
            if norm > 0.03:
                parameter.grad.mul_(0.03 / norm)
    optimiser.step()
    with torch.no_grad():
        for layer in network.layers:
            layer.share.clamp_(0, 1)


print("ready", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    step()
    print((time.perf_counter() - start) * 1000, flush=True)
