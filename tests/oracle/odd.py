#!/usr/bin/python3
# What PyTorch makes of models whose sizes divide by nothing, under optimizers and options that the four
# folders have not: twelve steps from threadrack's initial weights, which PyTorch loads by its own names.
#
#   odd.py build/threadrack > tests/oracle/odd.csv     model;words;step;loss before the update
import gzip
import subprocess
import sys
import tempfile

import torch
from torch import nn, optim
from torch.nn.functional import cross_entropy

from training import digits, tensors

STEPS, ROWS = 12, 1437


class Block(nn.Module):
    def __init__(self, width, heads, context):
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = nn.ModuleDict(dict(c_attn=nn.Linear(width, 3 * width), c_proj=nn.Linear(width, width)))
        self.mlp = nn.ModuleDict(dict(c_fc=nn.Linear(width, 4 * width), c_proj=nn.Linear(4 * width, width)))
        self.future = torch.ones(context, context).triu(1).bool()

    def attend(self, x):
        q, k, v = (t.unflatten(2, (self.heads, -1)).transpose(1, 2) for t in self.attn["c_attn"](x).chunk(3, 2))
        scores = q @ k.transpose(2, 3) / q.shape[-1] ** 0.5
        p = scores.masked_fill(self.future, -torch.inf).softmax(-1)
        return self.attn["c_proj"]((p @ v).transpose(1, 2).flatten(2))

    def forward(self, x):
        x = x + self.attend(self.ln_1(x))
        h = nn.functional.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate="tanh")
        return x + self.mlp["c_proj"](h)


class GPT(nn.Module):
    def __init__(self, layers, heads, width, context, tied=False):
        super().__init__()
        self.context, self.tied = context, tied
        self.transformer = nn.ModuleDict(dict(
            wte=nn.Embedding(128, width), wpe=nn.Embedding(context, width),
            h=nn.ModuleList(Block(width, heads, context) for _ in range(layers)), ln_f=nn.LayerNorm(width)))
        if not tied:
            self.lm_head = nn.Linear(width, 128, bias=False)

    def forward(self, tokens):
        t = self.transformer
        x = t["wte"](tokens) + t["wpe"].weight
        for block in t["h"]:
            x = block(x)
        x = t["ln_f"](x)
        logits = x @ t["wte"].weight.T if self.tied else self.lm_head(x)
        return logits.flatten(0, 1)


def mlp(widths, activation):
    layers = []
    for wide, narrow in zip(widths, widths[1:]):
        layers += [nn.Linear(wide, narrow), activation()]
    return nn.Sequential(*layers[:-1])


def cnn(channels, hidden):
    layers, before, side = [nn.Unflatten(1, (1, 8, 8))], 1, 8
    for after in channels:
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        before, side = after, side // 2
    layers += [nn.Flatten(), nn.Linear(before * side * side, hidden), nn.ReLU(), nn.Linear(hidden, 10)]
    net = nn.Sequential(*layers[1:])
    net.forward_rows = lambda x: net(layers[0](x))
    return net


# threadrack's model, PyTorch's, the optimizer's words, PyTorch's
CASES = [
    ("mlp:64-37-23-10:gelu", lambda: mlp([64, 37, 23, 10], nn.GELU),
     "sgd:lr=0.1,momentum=0.9,nesterov=on,weight_decay=0.01",
     lambda p: optim.SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.01)),
    ("mlp:64-51-10", lambda: mlp([64, 51, 10], nn.ReLU),
     "adam:lr=0.003,weight_decay=0.02", lambda p: optim.Adam(p, 0.003, weight_decay=0.02)),
    ("mlp:64-33-17-5-10:tanh", lambda: mlp([64, 33, 17, 5, 10], nn.Tanh),
     "adamw:lr=0.004,weight_decay=0.1,beta1=0.8,beta2=0.95,eps=1e-6",
     lambda p: optim.AdamW(p, 0.004, (0.8, 0.95), 1e-6, 0.1)),
    ("cnn:5-7:19", lambda: cnn([5, 7], 19),
     "sgd:lr=0.05,momentum=0.7", lambda p: optim.SGD(p, 0.05, momentum=0.7)),
    ("cnn:3:13", lambda: cnn([3], 13), "adamw:lr=0.002,weight_decay=0", lambda p: optim.AdamW(p, 0.002, weight_decay=0)),
    ("gpt:layers=1,heads=3,width=33,context=17,tied", lambda: GPT(1, 3, 33, 17, True),
     "adamw:lr=0.003,weight_decay=0.05", lambda p: optim.AdamW(p, 0.003, weight_decay=0.05)),
    ("gpt:layers=3,heads=5,width=35,context=11", lambda: GPT(3, 5, 35, 11),
     "sgd:lr=0.3,momentum=0.9,nesterov=on", lambda p: optim.SGD(p, 0.3, momentum=0.9, nesterov=True)),
]


def batches(model, size):
    if model.startswith("gpt"):
        context = int(model.split("context=")[1].split(",")[0])
        text = torch.tensor(list(gzip.open("src/data/devils-dictionary.txt.gz").read()))
        for step in range(STEPS):
            at = [context * (step * size + row) for row in range(size)]
            yield (torch.stack([text[a:a + context] for a in at]),
                   torch.stack([text[a + 1:a + context + 1] for a in at]).flatten())
    else:
        x, y = digits()
        for step in range(STEPS):
            rows = torch.arange(step * size, (step + 1) * size) % ROWS
            yield x[rows], y[rows]


def initial(program, model):
    with tempfile.TemporaryDirectory() as folder:
        data = "devils-dictionary" if model.startswith("gpt") else "digits"
        subprocess.run([program, "run", "model=" + model, "data=" + data, "strategy=single",
                        "optimizer=sgd:lr=0", "steps=1", f"save={folder}/w.safetensors", "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)
        return tensors(f"{folder}/w.safetensors")[0]


def main():
    torch.set_num_threads(1)
    for model, make, words, optimizer in CASES:
        net = make()
        net.load_state_dict(initial(sys.argv[1], model))  # strict: every name, and no other
        step_by = optimizer(net.parameters())
        size = 6 if model.startswith("gpt") else 29
        for step, (x, y) in enumerate(batches(model, size)):
            step_by.zero_grad()
            loss = cross_entropy(getattr(net, "forward_rows", net)(x), y)
            loss.backward()
            step_by.step()
            print(f"{model};batch={size} optimizer={words};{step + 1};{loss:.9g}")


if __name__ == "__main__":
    main()
