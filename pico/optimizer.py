"""Muon for the matrices (momentum made orthogonal), AdamW for embedding, output and norms."""

import numpy as np

from model import orthogonal, views


class Optimizer:
    def __init__(self, shape, flat, matrix_rate=0.02, rate=0.004, decay=0.05):
        self.shape, self.flat = shape, flat
        self.matrix_rate, self.rate, self.decay = matrix_rate, rate, decay
        self.momentum, self.square = np.zeros_like(flat), np.zeros_like(flat)
        self.steps = 0

    def matrices(self, array):
        """Each matrix that Muon treats by itself: q, k, v and gate, up apart."""
        for name, view in views(self.shape, array).items():
            parts = {"qkv": 3, "gate_up": 2, "o": 1, "down": 1}.get(name.split(".")[-1])
            if parts and "." in name:
                yield from np.split(view, parts, axis=1)

    def others(self, array):
        return [v for n, v in views(self.shape, array).items() if not n.endswith((".qkv", ".gate_up", ".o", ".down"))]

    def step(self, grad, factor):
        """One update; `factor` scales both learning rates (the schedule)."""
        self.steps += 1
        rate = self.matrix_rate * factor
        moved = []
        triples = list(zip(*(self.matrices(a) for a in (self.flat, grad, self.momentum))))
        for _, g, m in triples:
            m *= 0.95
            m += 0.05 * g
            moved.append(0.05 * g + 0.95 * m)
        for (p, _, _), o in zip(triples, orthogonal(moved)):
            p *= 1 - rate * self.decay
            p -= rate * max(1, p.shape[1] / p.shape[0]) ** 0.5 * o
        low, high = 1 - 0.9**self.steps, 1 - 0.95**self.steps
        for p, g, m, s in zip(*(self.others(a) for a in (self.flat, grad, self.momentum, self.square))):
            m += 0.1 * (g - m)
            s += 0.05 * (g * g - s)
            p -= self.rate * factor * (m / low) / (np.sqrt(s / high) + 1e-8)
