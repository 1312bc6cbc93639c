"""Muon for the matrices (momentum made orthogonal), AdamW for embedding, output and norms."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from model import views


def orthogonal(g, steps=5):
    """An approximately orthogonal matrix near g (quintic Newton-Schulz; Jordan et al. 2024)."""
    x = g.T if g.shape[0] > g.shape[1] else g
    x = x / (np.linalg.norm(x) + 1e-7)
    for _ in range(steps):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * (a @ a)) @ x
    return x.T if g.shape[0] > g.shape[1] else x


class Optimizer:
    def __init__(self, shape, flat, matrix_rate=0.02, rate=0.004, decay=0.05):
        self.shape, self.flat = shape, flat
        self.matrix_rate, self.rate, self.decay = matrix_rate, rate, decay
        self.momentum, self.square = np.zeros_like(flat), np.zeros_like(flat)
        self.steps = 0
        self.pool = ThreadPoolExecutor(2)

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

        def update(one):
            p, g, m = one
            m *= 0.95
            m += 0.05 * g
            p *= 1 - rate * self.decay
            p -= rate * max(1, p.shape[1] / p.shape[0]) ** 0.5 * orthogonal(0.05 * g + 0.95 * m)

        list(self.pool.map(update, zip(*(self.matrices(a) for a in (self.flat, grad, self.momentum)))))
        low, high = 1 - 0.9**self.steps, 1 - 0.95**self.steps
        for p, g, m, s in zip(*(self.others(a) for a in (self.flat, grad, self.momentum, self.square))):
            m += 0.1 * (g - m)
            s += 0.05 * (g * g - s)
            p -= self.rate * factor * (m / low) / (np.sqrt(s / high) + 1e-8)
