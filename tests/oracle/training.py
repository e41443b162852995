#!/usr/bin/python3
# What PyTorch makes of optimizers, schedules and clipping on the digits (mlp:64-96-10:tanh from
# mlp_momentum's initial weights, 32 rows a step in file order).
#
#   training.py > tests/oracle/training.csv    words;step;lr;norm before clipping;loss before the update
#   training.py build/threadrack               threadrack takes 10 steps and saves, PyTorch takes weights
#                                              and optimizer state and goes on for 10: says whether it
#                                              ends where threadrack's 20 steps end
import json
import math
import re
import subprocess
import sys
import tempfile

import torch
from torch.optim import lr_scheduler

STEPS, BATCH, ROWS = 20, 32, 1437
FOLDER = "tests/oracle/mlp_momentum/"

# threadrack's words, optimizer, its options, schedule, clip
CASES = [
    ("optimizer=adamw:lr=0.005,weight_decay=0.1 lr_schedule=cosine:final=0.1 clip=0.5",
     torch.optim.AdamW, dict(lr=0.005, weight_decay=0.1),
     lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS, eta_min=0.0005), 0.5),
    ("optimizer=adam:lr=0.005,weight_decay=0.01 lr_schedule=step:every=4,gamma=0.5",
     torch.optim.Adam, dict(lr=0.005, weight_decay=0.01),
     lambda o: lr_scheduler.StepLR(o, 4, 0.5), math.inf),
    ("optimizer=sgd:lr=0.2,momentum=0.9,nesterov=on,weight_decay=0.001 clip=0.3"
     " lr_schedule=linear:final=0.25",
     torch.optim.SGD, dict(lr=0.2, momentum=0.9, nesterov=True, weight_decay=0.001),
     lambda o: lr_scheduler.LinearLR(o, 1.0, 0.25, STEPS), 0.3),
]


def tensors(path):
    """A safetensors file as tensors by name, and its metadata."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    view = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = torch.frombuffer(bytearray(data[begin:end]), dtype=torch.float32)
        view[name] = values.reshape(entry["shape"]).clone()
    return view, metadata


def digits():
    text = open("src/data/digits_data.c").read()
    lines = re.findall(r'^ *"([a-q]{64})(\d)"', text, re.M)
    x = torch.tensor([[(ord(c) - ord("a")) / 16 for c in line] for line, _ in lines])
    return x, torch.tensor([int(label) for _, label in lines])


class Training:
    def __init__(self, case, weights, x, y):
        _, kind, options, schedule, self.clip = case
        self.net = torch.nn.Sequential(torch.nn.Linear(64, 96), torch.nn.Tanh(),
                                       torch.nn.Linear(96, 10))
        self.net.load_state_dict(weights)  # strict: every name, and no other
        self.optimizer = kind(self.net.parameters(), **options)
        self.schedule = schedule(self.optimizer)
        self.x, self.y = x, y

    def skip(self, steps):
        for _ in range(steps):
            self.optimizer.step()  # does nothing without gradients, but PyTorch wants it said
            self.schedule.step()

    def restore(self, state, step):
        for name, parameter in self.net.named_parameters():
            mine = {key.split(".")[1]: value for key, value in state.items()
                    if key.startswith("optimizer.") and key.endswith("." + name)}
            if "exp_avg" in mine:
                mine["step"] = torch.tensor(float(step))
            self.optimizer.state[parameter] = mine

    def step(self, step):
        rows = torch.arange(step * BATCH, (step + 1) * BATCH) % ROWS
        self.optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(self.net(self.x[rows]), self.y[rows])
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.clip)
        lr = self.schedule.get_last_lr()[0]
        self.optimizer.step()
        self.schedule.step()
        return lr, norm.item(), loss.item()


def write(x, y):
    weights, _ = tensors(FOLDER + "init.safetensors")
    for case in CASES:
        training = Training(case, weights, x, y)
        for step in range(STEPS):
            figures = training.step(step)
            print(";".join([case[0], str(step + 1)] + ["%.9g" % figure for figure in figures]))


def check(threadrack, x, y):
    good = True
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            words = (case[0] + " model=mlp:64-96-10:tanh batch=32 data.order=sequential init="
                     + FOLDER + "init.safetensors").split()
            words = [re.sub(r"(lr_schedule=(cosine|linear).*)", r"\1,steps=20", w) for w in words]
            for steps in 10, 20:
                subprocess.run([threadrack, "run", "--quiet", "steps=%d" % steps,
                                "save=%s/%d.safetensors" % (folder, steps)] + words, check=True,
                               stdout=subprocess.DEVNULL)
            weights, _ = tensors(folder + "/10.safetensors")
            state, metadata = tensors(folder + "/10.state.safetensors")
            final, _ = tensors(folder + "/20.safetensors")
        training = Training(case, weights, x, y)
        training.skip(10)
        training.restore(state, int(metadata["threadrack.step"]))
        for step in range(10, 20):
            training.step(step)
        apart = max((value - final[name]).abs().max().item()
                    for name, value in training.net.state_dict().items())
        moved = max((weights[name] - final[name]).abs().max().item() for name in weights)
        print("%s: %.2g apart, moved by %.2g" % (case[0], apart, moved))
        good = good and apart < 2e-5
    return good


if __name__ == "__main__":
    torch.set_num_threads(1)
    if len(sys.argv) > 1:
        sys.exit(not check(sys.argv[1], *digits()))
    write(*digits())
