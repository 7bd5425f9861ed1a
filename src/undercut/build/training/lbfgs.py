"""Limited-memory BFGS in float32: scipy's works in float64 and on flat arrays only."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from undercut.core.dataset import FloatArray

Objective = Callable[[FloatArray], tuple[float, FloatArray]]
Progress = Callable[[int, int], None]

_SUFFICIENT = 1e-4
_SHORTEN = 0.4
_SHORTEST_STEP = 1e-6
_FIRST_MOVE = 10.0
_PATIENCE = 3  # the first steps after a warm start gain little and mean nothing


def minimise(
    objective: Objective,
    start: FloatArray,
    *,
    iterations: int,
    tolerance: float,
    memory: int = 8,
    progress: Progress | None = None,
) -> FloatArray:
    """The weights at which a smooth convex objective is (nearly) least.

    objective: weights -> (value, gradient of the same shape); stops when three iterations in a
    row each lower the value by less than `tolerance` of itself, or after `iterations`.
    progress: called with iterations done and the most there can be.
    Source: Nocedal & Wright, Numerical Optimization, algorithm 7.4, with backtracking.
    """
    weights = start
    value, gradient = objective(weights)
    pairs: deque[tuple[FloatArray, FloatArray, float]] = deque(maxlen=memory)
    idle = 0
    for done in range(1, iterations + 1):
        direction = _direction(gradient, pairs)
        slope = _dot(gradient, direction)
        if slope >= 0:
            break  # float32 has no more to give
        step = 1.0
        while True:
            moved = weights + np.float32(step) * direction
            new_value, new_gradient = objective(moved)
            if new_value <= value + _SUFFICIENT * step * slope or step < _SHORTEST_STEP:
                break
            step *= _SHORTEN
        if new_value >= value:
            break
        change, turn = moved - weights, new_gradient - gradient
        curvature = _dot(change, turn)
        if curvature > 0:
            pairs.append((change, turn, 1.0 / curvature))
        gain = value - new_value
        weights, value, gradient = moved, new_value, new_gradient
        if progress is not None:
            progress(done, iterations)
        idle = idle + 1 if gain < tolerance * abs(value) else 0
        if idle == _PATIENCE:
            break
    return weights


def _direction(
    gradient: FloatArray, pairs: deque[tuple[FloatArray, FloatArray, float]]
) -> FloatArray:
    """Minus the inverse Hessian estimate times the gradient (the two-loop recursion)."""
    direction = -gradient
    if not pairs:
        return direction * np.float32(_FIRST_MOVE / max(float(np.abs(gradient).sum()), 1e-12))
    shares = []
    for change, turn, inverse in reversed(pairs):
        share = np.float32(inverse * _dot(change, direction))
        direction -= share * turn
        shares.append(share)
    _, turn, inverse = pairs[-1]
    direction *= np.float32(1.0 / (inverse * _dot(turn, turn)))
    for (change, turn, inverse), share in zip(pairs, reversed(shares), strict=True):
        direction += (share - np.float32(inverse * _dot(turn, direction))) * change
    return direction


def _dot(a: FloatArray, b: FloatArray) -> float:
    return float(np.vdot(a, b))
