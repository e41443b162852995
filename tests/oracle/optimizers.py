#!/usr/bin/env python3
# Writes tests/oracle/optimizers.csv: what torch.optim makes of 13 weights in 6 steps, so that
# tests/model/test_optimizers.c can do the same without PyTorch. Numbers are exact in float32.
import torch

CASES = [
    ("sgd:lr=0.1", torch.optim.SGD, dict(lr=0.1)),
    ("sgd:lr=0.1,weight_decay=0.01", torch.optim.SGD, dict(lr=0.1, weight_decay=0.01)),
    ("sgd:lr=0.05,momentum=0.9,weight_decay=0.01", torch.optim.SGD,
     dict(lr=0.05, momentum=0.9, weight_decay=0.01)),
    ("sgd:lr=0.05,momentum=0.9,nesterov=on,weight_decay=0.01", torch.optim.SGD,
     dict(lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01)),
    ("adam:lr=0.01", torch.optim.Adam, dict(lr=0.01)),
    ("adam:lr=0.02,beta1=0.8,beta2=0.95,eps=1e-4,weight_decay=0.1", torch.optim.Adam,
     dict(lr=0.02, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.1)),
    ("adamw", torch.optim.AdamW, dict()),
    ("adamw:lr=0.02,beta1=0.8,beta2=0.95,eps=1e-4,weight_decay=0.1", torch.optim.AdamW,
     dict(lr=0.02, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.1)),
]

for words, kind, options in CASES:
    w = torch.nn.Parameter(torch.tensor([(i * 7 % 13 - 6) / 8 for i in range(13)]))
    optimizer = kind([w], **options)
    for step in range(6):
        w.grad = torch.tensor([((i * 5 + step * 3) % 17 - 8) / 16 for i in range(13)])
        optimizer.step()
        print(";".join([words, str(step + 1)] + ["%.9g" % x for x in w.tolist()]))
