"""One training loop for every stage: batches made beside it, a schedule, a log, and states to resume from."""

import json
import os
import queue
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model import initial, run
from optimizer import Optimizer
from start import lookup_start
from tokenizer import BAD, GOOD


@dataclass(frozen=True)
class Schedule:
    tokens: float         # prompt and solution tokens of the whole stage
    batch: int            # tokens of one update
    matrix_rate: float    # Muon
    rate: float           # AdamW
    warm: int = 30        # updates until the full rate
    decay: float = 0.4    # the last part of the stage, over which the rate falls to 1%

    def factor(self, step, seen):
        return min(1, (step + 1) / self.warm) * min(1, max(0.01, (self.tokens - seen) / (self.tokens * self.decay)))


def prefetch(make):
    """make(seen) -> batch runs in a thread; `get(seen)` gives the next one."""
    ready, now = queue.Queue(4), [0.0]

    def feed():
        while True:
            ready.put(make(now[0]))

    threading.Thread(target=feed, daemon=True).start()

    def get(seen):
        now[0] = seen
        return ready.get()

    return get


def state_path(work, name):
    return Path(work) / f"{name}.state.npz"


def save_state(path, flat, optimizer, seen, seconds):
    with open(f"{path}.new", "wb") as out:
        np.savez(out, flat=flat, momentum=optimizer.momentum, square=optimizer.square, steps=optimizer.steps, seen=seen,
                 seconds=seconds)
    os.replace(f"{path}.new", path)


def train(work, name, shape, schedule, make, start=None, seed=1, same=(), validate=None):
    """Trains to work/NAME.npy (kept if it is there) and returns the parameters; `make(seen)` gives batches.

    Without `start` the weights are those of start.py, where `same` names tokens that begin alike. With `validate`
    (parameters -> loss on held-out data) that loss is logged too, every 50 updates."""
    done, state = Path(work) / f"{name}.npy", state_path(work, name)
    if done.exists():
        return np.load(done)
    flat = lookup_start(shape, initial(shape, seed), seed, same) if start is None else start.copy()
    optimizer, seen, before = Optimizer(shape, flat, schedule.matrix_rate, schedule.rate), 0, 0.0
    if state.exists():
        z = np.load(state)
        flat[:], optimizer.momentum[:], optimizer.square[:] = z["flat"], z["momentum"], z["square"]
        optimizer.steps, seen, before = int(z["steps"]), int(z["seen"]), float(z["seconds"])
        print(f"{name}: goes on after {seen / 1e6:.2f}M tokens", flush=True)
    get, begin, saved, sums, log, first = prefetch(make), time.time(), time.time(), np.zeros(6), [], seen
    while seen < schedule.tokens:
        batch, grad = get(seen), np.zeros_like(flat)
        result = run(shape, flat, batch, GOOD, BAD, grad)
        grad /= result.sums[1] + result.sums[3] + result.sums[5]
        optimizer.step(grad, schedule.factor(optimizer.steps, seen))
        seen += len(batch.token)
        sums = 0.98 * sums + result.sums
        if optimizer.steps % 50 == 0:
            spent = time.time() - begin
            mean = [round(float(a / b), 4) if b else None for a, b in zip(sums[::2], sums[1::2])]
            left = (schedule.tokens - seen) / max(1, seen - first) * spent
            print(f"{name}: {seen / 1e6:.2f}M of {schedule.tokens / 1e6:.1f}M tokens, losses {mean}, "
                  f"{(seen - first) / spent:.0f} tokens/s, {left / 60:.1f} min left", flush=True)
            log.append({"tokens": seen, "losses": mean})
            if validate is not None:
                log[-1]["validation"] = round(validate(flat), 5)
                print(f"{name}: validation loss {log[-1]['validation']}", flush=True)
        if time.time() - saved > 60:
            save_state(state, flat, optimizer, seen, before + time.time() - begin)
            saved = time.time()
    np.save(done, flat)
    minutes = (before + time.time() - begin) / 60
    (Path(work) / f"{name}.log.json").write_text(json.dumps({"tokens": seen, "minutes": minutes, "curve": log}))
    state.unlink(missing_ok=True)
    return flat
