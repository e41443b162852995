"""The peer's side of bench_models: PyTorch's training steps, eager, on one thread.

    torch_steps.py MODEL BATCH [SECONDS]

Prints "ready", then for each line on standard input trains for about SECONDS (0.3) and prints the
CPU seconds that a step took. A step is zero_grad, forward, loss, backward, SGD's update.
MODEL is as in threadrack: mlp:64-128-64-10, cnn:32-64:128,input=1x28x28,outputs=10 (no other),
gpt:layers=4,heads=4,width=256,context=128 (vocabulary 128).
"""
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


def mlp(text):
    widths = [int(word) for word in text.split("-")]
    layers = []
    for i, o in zip(widths, widths[1:]):
        layers += [nn.Linear(i, o), nn.ReLU()]
    return nn.Sequential(*layers[:-1]), (widths[0],), widths[-1]


def cnn(text):
    channels, hidden = text.removesuffix(",input=1x28x28,outputs=10").split(":")
    layers, last, side = [], 1, 28
    for out in (int(word) for word in channels.split("-")):
        layers += [nn.Conv2d(last, out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        last, side = out, side // 2
    hidden = int(hidden)
    layers += [nn.Flatten(), nn.Linear(last * side * side, hidden), nn.ReLU(), nn.Linear(hidden, 10)]
    return nn.Sequential(*layers), (1, 28, 28), 10


class Block(nn.Module):
    def __init__(self, width, heads, context):
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.c_attn, self.c_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.c_fc, self.mlp_proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.register_buffer("mask", torch.ones(context, context).triu(1).bool())

    def attention(self, x):
        R, T, C = x.shape
        q, k, v = (y.view(R, T, self.heads, -1).transpose(1, 2)
                   for y in self.c_attn(x).split(C, dim=2))
        scores = (q @ k.transpose(2, 3)) * (q.shape[-1] ** -0.5)
        p = scores.masked_fill(self.mask, float("-inf")).softmax(-1)
        return self.c_proj((p @ v).transpose(1, 2).reshape(R, T, C))

    def forward(self, x):
        x = x + self.attention(self.ln_1(x))
        return x + self.mlp_proj(F.gelu(self.c_fc(self.ln_2(x)), approximate="tanh"))


class GPT(nn.Module):
    def __init__(self, layers, heads, width, context, vocabulary=128):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.h = nn.Sequential(*(Block(width, heads, context) for _ in range(layers)))
        self.ln_f, self.lm_head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)
        self.register_buffer("places", torch.arange(context))

    def forward(self, tokens):
        return self.lm_head(self.ln_f(self.h(self.wte(tokens) + self.wpe(self.places))))


def batch_of(kind, text, rows):
    if kind == "gpt":
        options = {key: int(value) for key, value in (pair.split("=") for pair in text.split(","))}
        tokens = torch.randint(0, 128, (rows, options["context"] + 1))
        return GPT(**options), tokens[:, :-1].contiguous(), tokens[:, 1:].reshape(-1)
    model, shape, classes = {"mlp": mlp, "cnn": cnn}[kind](text)
    return model, torch.rand(rows, *shape), torch.arange(rows) % classes


def main():
    kind, text = sys.argv[1].split(":", 1)
    rows, seconds = int(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else 0.3
    torch.set_num_threads(1)
    torch.manual_seed(1)
    model, x, labels = batch_of(kind, text, rows)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def step():
        optimizer.zero_grad()
        y = model(x)
        F.cross_entropy(y.view(-1, y.shape[-1]), labels).backward()
        optimizer.step()

    step()
    print("ready", flush=True)
    for _ in sys.stdin:
        steps, start = 0, time.process_time()
        while steps == 0 or time.process_time() - start < seconds:
            step()
            steps += 1
        print((time.process_time() - start) / steps, flush=True)


if __name__ == "__main__":
    main()
