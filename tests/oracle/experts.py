#!/usr/bin/python3
# What PyTorch makes of a mixture of experts, written anew from GShard's algorithm 1 (Lepikhin et al.
# 2021) and the balance loss of Fedus et al. (2022, equation 4), a row (sequence) a group: twelve steps
# from threadrack's initial weights, sequences in file order.
#
#   experts.py build/threadrack > tests/oracle/experts.csv
#       words;step;loss before the update;share of choices dropped;balance loss, mean over rows and layers
import gzip
import math
import subprocess
import sys
import tempfile

import torch
import torch.nn.functional as F

from training import tensors

WIDTH, HEADS, LAYERS, CONTEXT, BATCH, STEPS, RATE = 16, 2, 2, 8, 6, 12, 0.3
CASES = [dict(experts=4, top=2, capacity=1.0, balance=0.5), dict(experts=3, top=1, capacity=1.25, balance=0.0),
         dict(experts=5, top=3, capacity=0.7, balance=0.1)]


def words(case):
    options = ",".join(f"{key}={value:g}" for key, value in case.items())
    return f"gpt:layers={LAYERS},heads={HEADS},width={WIDTH},context={CONTEXT},{options}"


def attention(w, at, x):
    q, k, v = F.linear(x, w[at + "c_attn.weight"], w[at + "c_attn.bias"]).split(WIDTH, 2)
    q, k, v = (t.reshape(*t.shape[:2], HEADS, -1).transpose(1, 2) for t in (q, k, v))
    scores = q @ k.transpose(2, 3) / math.sqrt(WIDTH // HEADS)
    scores = scores.masked_fill(torch.ones(CONTEXT, CONTEXT).tril() == 0, -math.inf)
    y = (scores.softmax(-1) @ v).transpose(1, 2).reshape(x.shape)
    return F.linear(y, w[at + "c_proj.weight"], w[at + "c_proj.bias"])


def mixture(w, at, n, case, seen):
    """One row (T, D): what is added to it, and its balance loss."""
    experts, top = case["experts"], case["top"]
    places = min(CONTEXT, max(1, math.ceil(case["capacity"] * top * CONTEXT / experts)))
    p = F.linear(n, w[at + "router.weight"]).softmax(-1)
    gates, chosen = p.sort(stable=True, dim=-1, descending=True)
    gates, chosen = gates[:, :top], chosen[:, :top]
    if top > 1:
        gates = gates / gates.sum(-1, keepdim=True)
    taken, out = [0] * experts, [torch.zeros(WIDTH) for _ in range(CONTEXT)]
    for choice in range(top):
        for token in range(CONTEXT):
            e = int(chosen[token, choice])
            seen["choices"] += 1
            if taken[e] == places:
                seen["dropped"] += 1
                continue
            taken[e] += 1
            h = F.linear(n[token], w[at + "experts.c_fc.weight"][e], w[at + "experts.c_fc.bias"][e])
            h = 0.5 * h * (1 + torch.tanh(math.sqrt(2 / math.pi) * (h + 0.044715 * h**3)))
            out[token] = out[token] + gates[token, choice] * F.linear(
                h, w[at + "experts.c_proj.weight"][e], w[at + "experts.c_proj.bias"][e])
    share = torch.bincount(chosen.flatten(), minlength=experts) / (top * CONTEXT)
    return torch.stack(out), experts * (share * p.mean(0)).sum()


def forward(w, tokens, case, seen):
    x = w["transformer.wte.weight"][tokens] + w["transformer.wpe.weight"]
    balance = 0
    for layer in range(LAYERS):
        at = f"transformer.h.{layer}."
        norm = lambda name: F.layer_norm(x, (WIDTH,), w[at + name + ".weight"], w[at + name + ".bias"])
        x = x + attention(w, at + "attn.", norm("ln_1"))
        n = norm("ln_2")
        rows = [mixture(w, at + "moe.", n[row], case, seen) for row in range(len(tokens))]
        x = x + torch.stack([row[0] for row in rows])
        balance = balance + sum(row[1] for row in rows) / len(tokens)
    x = F.layer_norm(x, (WIDTH,), w["transformer.ln_f.weight"], w["transformer.ln_f.bias"])
    return F.linear(x, w["lm_head.weight"]), balance


def initial(program, case):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "run", "model=" + words(case), "data=devils-dictionary", "strategy=single",
                        "optimizer=sgd:lr=0", "steps=1", f"save={folder}/w.safetensors", "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)
        return tensors(f"{folder}/w.safetensors")[0]


def main():
    torch.set_num_threads(1)
    text = torch.tensor(list(gzip.open("src/data/devils-dictionary.txt.gz").read()))
    for case in CASES:
        w = initial(sys.argv[1], case)
        for tensor in w.values():
            tensor.requires_grad_()
        for step in range(STEPS):
            at = [CONTEXT * (step * BATCH + row) for row in range(BATCH)]
            tokens = torch.stack([text[a:a + CONTEXT] for a in at])
            targets = torch.stack([text[a + 1:a + CONTEXT + 1] for a in at])
            seen = dict(choices=0, dropped=0)
            logits, balance = forward(w, tokens, case, seen)
            loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
            (loss + case["balance"] * balance).backward()
            with torch.no_grad():
                for tensor in w.values():
                    tensor -= RATE * tensor.grad
                    tensor.grad = None
            print(f"{words(case)};{step + 1};{loss:.9g};{seen['dropped'] / seen['choices']:.9g};"
                  f"{balance / LAYERS:.9g}")


if __name__ == "__main__":
    main()
