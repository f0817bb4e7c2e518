"""The steady state of a system by Newton's method, globalised by pseudo-transient continuation.

With f the right-hand side ``dy/dt`` and J its exact Jacobian, one linearized step of the implicit Euler method is

    (I − τ J) δ = τ f(y).

For small τ it follows the transient solution; for large τ it is Newton's step towards ``f = 0``. τ starts small and
grows as long as the state changes little in a step (pseudo-transient continuation: Kelley and Keyes, SIAM J. Numer.
Anal. 35 (1998) 508). No initial guess is needed: the iteration starts from the initial state of the case and, where
there are several steady states, converges to the one that the transient solution approaches.

A linear combination of amounts that is conserved in time is also conserved by these steps: ``w·f = 0`` and ``w·J = 0``
give ``w·δ = 0``. So the conserved totals replace the equations that are missing where J is singular. Their round-off,
which grows with τ, is removed after each step. Counters (transferred amounts, work), on which no rate depends, are
reset to zero after each step, and so is the displaced volume where no cell depends on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from membrane_pde.model.applied import Segment, segment_row
from membrane_pde.model.layout import SCALARS
from membrane_pde.model.mesh import Array
from membrane_pde.model.system import System
from membrane_pde.solvers.steadiness import CHANGE, NO_FLUX, new_workspace, predict_change

_MAX_STEPS = 500
_MAX_CHANGE = 1.0  # largest relative change of a solute's concentrations in an accepted step
_MAX_UNDERSHOOT = 1e-2  # most negative concentration after a step, relative to the scale of the solute
_MIN_LENGTH_FACTOR, _MAX_LENGTH_FACTOR = 0.2, 5.0  # factors by which a closed side may change its length in a step
_DRY, _UNBOUNDED = 1e-6, 1e9  # length of a closed side ÷ initial length below or above which no steady state exists
# Pairs of a limit and a factor: τ is multiplied by the factor after a step whose change does not exceed the limit.
_GROWTH = ((1e-2, 30.0), (0.1, 10.0), (0.5, 3.0), (math.inf, 1.5))
_NEAR = 1e-3  # τ ÷ largest τ above which a step with little change shows that the state is steady
_CONVERGED, _EXACT = 1e-8, 1e-15  # change of a step below which a state may be accepted; below which it is exact


class SteadyState(NamedTuple):
    """Result of `find_steady_state`.

    Attributes
    ----------
    state : ndarray, shape (size,)
        The last state.
    outcome : str
        ``"steady"``; ``"left dry"`` or ``"right dry"`` if a closed side loses all its liquid; ``"left unbounded"`` or
        ``"right unbounded"`` if it grows without bound; ``"diverged"`` if the iteration did not converge.
    steps : int
        Number of steps tried.
    """

    state: Array
    outcome: str
    steps: int


@dataclass(frozen=True)
class Constraints:
    """Constraints on the steady state (conserved totals), and the scales of the iteration.

    Attributes
    ----------
    sizes : ndarray, shape (solutes,)
        Scale of the concentrations, mol/m^3.
    moves : bool
        True if the state depends on the displaced volume: a side is closed, and water can flow.
    conserved : tuple of (int, int, int)
        Sums of amounts that are conserved: solute, first cell, last cell + 1.
    closed : pair of bool
        True for a side whose volume follows from the displaced volume.
    first, longest : float
        τ at the start and at the end, s; the latter exceeds every relaxation time of the system.
    """

    sizes: Array
    moves: bool
    conserved: tuple[tuple[int, int, int], ...]
    closed: tuple[bool, bool]
    first: float
    longest: float


class _Iteration:
    """State of the iteration, and its steps."""

    def __init__(self, system: System, segment: Segment, start: Array, constraints: Constraints) -> None:
        k, n = system.solutes, system.cells
        self.system, self.segment, self.constraints = system, segment, constraints
        self.start, self.y = start, start.copy()
        self.totals = [float(system.amounts(start)[s, first:last].sum()) for s, first, last in constraints.conserved]
        self.workspace, self.row = new_workspace(k, n, system.size), np.array(segment_row(segment))
        numbers = system.numbers
        # a bath with a through-flow keeps its volume, on which no flux depends
        self.kept = [bath.present and not closed for bath, closed in zip(numbers.bath, constraints.closed, strict=True)]

    def lengths(self, y: Array) -> tuple[float, float]:
        """Volume ÷ initial volume of closed sides and baths, excluding unstirred layers of baths; 1 for other sides."""
        numbers, x = self.system.numbers, float(y[self.system.x])
        ratios = [1.0, 1.0]
        for side, sign in enumerate((-1.0, 1.0) if self.constraints.moves else ()):
            if numbers.bath[side].present:
                ratios[side] = self.system.bath_volume(y, side) / numbers.bath[side].volume
            elif self.constraints.closed[side]:
                ratios[side] = 1.0 + sign * x / numbers.length[side]
        return ratios[0], ratios[1]

    def step(self, tau: float) -> tuple[Array, float]:
        """The state after a step of τ, and its change (see `distance`), which is infinite if there is no such state."""
        system, y = self.system, self.y
        system.set_walls(0.0, y, self.segment)
        with np.errstate(all="ignore"):
            ahead = system.numbers, self.row, 0.0, y, tau, 0.0, 0.0, False, system.memory, self.workspace, False
            if predict_change(*ahead) == NO_FLUX:
                return y, math.inf
        change = self.workspace.states[CHANGE]
        for side, kept in enumerate(self.kept):
            if kept:
                end = 0 if side == 0 else -1
                held = system.amounts(y)[:, end] / system.widths(y)[end]
                system.amounts(change)[:, end] -= held * change[system.volume[side]]
                change[system.volume[side]] = 0.0
        after = y + change
        after[system.x + SCALARS :] = 0.0
        if not self.constraints.moves:
            after[system.x] = 0.0
        for side, sign in enumerate((-1.0, 1.0)):
            if system.numbers.bath[side].present and not self.kept[side]:
                after[system.volume[side]] = self.start[system.volume[side]] + sign * after[system.x]
        if not np.isfinite(after).all():
            return y, math.inf
        return after, self.distance(y, after)

    def distance(self, y: Array, after: Array) -> float:
        """Largest relative change of concentrations and volumes; infinite if the step is too large."""
        system = self.system
        before, now = self.lengths(y), self.lengths(after)
        far = 0.0
        for old, new in zip(before, now, strict=True):
            if not _MIN_LENGTH_FACTOR * old <= new <= _MAX_LENGTH_FACTOR * old:
                return math.inf
            far = max(far, abs(new - old) / min(old, new))
        old_c, new_c = (system.amounts(each) / system.widths(each) for each in (y, after))
        scale = np.maximum(np.abs(old_c).max(axis=1), self.constraints.sizes)
        if (new_c.min(axis=1) < -_MAX_UNDERSHOOT * scale).any():
            return math.inf
        return max(far, float((np.abs(new_c - old_c).max(axis=1) / scale).max()))

    def accept(self, after: Array) -> None:
        """Accept a state as the next one, with the conserved totals set to their initial values."""
        amounts = self.system.amounts(after)
        for (s, first, last), total in zip(self.constraints.conserved, self.totals, strict=True):
            part = amounts[s, first:last]
            found = float(part.sum())
            if found > 0.0:
                part *= total / found
            elif total == 0.0:
                part[:] = 0.0
        self.y = after
        self.system.accept(0.0, after, self.segment)

    def outcome(self) -> str:
        """``"… dry"`` or ``"… unbounded"`` if a closed side has lost its liquid or grows without bound, else ``""``."""
        for name, length in zip(("left", "right"), self.lengths(self.y), strict=True):
            if length < _DRY:
                return f"{name} dry"
            if length > _UNBOUNDED:
                return f"{name} unbounded"
        return ""


def find_steady_state(system: System, segment: Segment, start: Array, constraints: Constraints) -> SteadyState:
    """Find the steady state that a system approaches from an initial state.

    Parameters
    ----------
    system : System
        The model.
    segment : Segment
        The applied pressures, constant.
    start : ndarray, shape (size,)
        Initial state.
    constraints : Constraints
        Conditions and scales.

    Returns
    -------
    SteadyState
        State and outcome.
    """
    search, tau, before, lower = _Iteration(system, segment, start, constraints), constraints.first, math.inf, 0
    previous = start
    best: tuple[Array, float] | None = None
    for steps in range(1, _MAX_STEPS + 1):
        after, change = search.step(tau)
        if not change <= _MAX_CHANGE:
            if not math.isfinite(change) and after is search.y and tau < 1e-12 * constraints.first:
                break
            tau /= 5.0 if not math.isfinite(change) else max(5.0, 2.0 * change)
            if (
                after is search.y and search.y is not previous
            ):  # no water flux at this state: return to the previous one
                search.y = previous
            before = math.inf
            continue
        previous = search.y
        search.accept(after)
        if outcome := search.outcome():
            return SteadyState(search.y, outcome, steps)
        if change <= _CONVERGED and tau >= _NEAR * constraints.longest and (best is None or change < best[1]):
            best = search.y.copy(), change
        if best is not None and change > 1e3 * max(
            best[1], _CONVERGED
        ):  # the round-off of long steps, as around a sphere
            return SteadyState(best[0], "steady", steps)
        if tau < constraints.longest and lower == 0:
            growth = next(factor for limit, factor in _GROWTH if change <= limit)
            tau, before = min(tau * growth, constraints.longest), math.inf
            continue
        if change <= _EXACT:
            return SteadyState(search.y, "steady", steps)
        if change >= 0.3 * before and change < _CONVERGED:  # round-off, which is smaller for a smaller τ
            if lower == 3 or change < 1e-12:
                return SteadyState(search.y, "steady", steps)
            tau, lower, before = 0.1 * tau, lower + 1, math.inf
            continue
        before = change
    return SteadyState(search.y, "diverged", _MAX_STEPS)
