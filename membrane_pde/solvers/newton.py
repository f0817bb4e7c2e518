"""The steady state of a system by Newton's method, globalised by pseudo-transient continuation.

With f the right-hand side ``dy/dt`` and J its exact Jacobian, one linearized step of the implicit Euler method is

    (I − τ J) δ = τ f(y).

For small τ it follows the solution in time; for large τ it is Newton's step towards ``f = 0``. τ starts small and grows
as long as the state changes little in a step (pseudo-transient continuation: Kelley and Keyes, SIAM J. Numer. Anal. 35
(1998) 508). No initial guess is needed: the iteration starts from the initial state of the case, and of several steady
states it goes to the one that the solution in time goes to.

A linear combination of amounts that is conserved in time is conserved by these steps, too: ``w·f = 0`` and ``w·J = 0``
give ``w·δ = 0``. So the conserved totals replace the equations that a singular J lacks. Their round-off, which grows
with τ, is removed after each step. Counters (transfers, work), on which no rate depends, are left out: they are set
back to zero after each step, as is the displaced volume where no cell depends on it.
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
from membrane_pde.solvers.settling import CHANGE, NO_FLUX, look_ahead, new_room

_MOST_STEPS = 500
_FARTHEST = 1.0  # largest relative change of the concentrations of a solute in a step
_BELOW_ZERO = 1e-2  # most negative concentration after a step, relative to the scale of the solute
_SHORTER, _LONGER = 0.2, 5.0  # factors by which a closed side may change its length in a step
_DRY, _ENDLESS = 1e-6, 1e9  # a closed side with a smaller or a larger share of its initial length has no steady state
# Factor by which τ grows after a step whose change is not above the limit.
_GROWTH = ((1e-2, 30.0), (0.1, 10.0), (0.5, 3.0), (math.inf, 1.5))
_NEAR = 1e-3  # of the longest step: from there on a step that changes little says that the state is steady
_FOUND, _EXACT = 1e-8, 1e-15  # change of a step below which a state may be accepted; below which it is exact


class Rest(NamedTuple):
    """Result of `find_rest`.

    Attributes
    ----------
    state : ndarray, shape (size,)
        The last state.
    outcome : str
        ``"steady"``; ``"left dry"``, ``"right dry"``, ``"left endless"`` or ``"right endless"`` where a closed side
        loses all its liquid or takes up liquid for ever; ``"lost"`` where the iteration did not converge.
    steps : int
        Number of steps tried.
    """

    state: Array
    outcome: str
    steps: int


@dataclass(frozen=True)
class Demands:
    """Conditions that the steady state fulfils, and the scales of the iteration.

    Attributes
    ----------
    sizes : ndarray, shape (solutes,)
        Scale of the concentrations, mol/m^3.
    moves : bool
        The state depends on the displaced volume: a side is closed, and water can flow.
    conserved : tuple of (int, int, int)
        Sums of amounts that keep their initial value: solute, first cell, last cell + 1.
    closed : pair of bool
        The volume of a side follows from the displaced volume.
    first, longest : float
        τ at the start and at the end, s; the longest one is larger than any time in which the system settles.
    """

    sizes: Array
    moves: bool
    conserved: tuple[tuple[int, int, int], ...]
    closed: tuple[bool, bool]
    first: float
    longest: float


class _Iteration:
    """State and steps of one search."""

    def __init__(self, system: System, segment: Segment, start: Array, demands: Demands) -> None:
        k, n = system.solutes, system.cells
        self.system, self.segment, self.demands = system, segment, demands
        self.start, self.y = start, start.copy()
        self.totals = [float(system.amounts(start)[s, first:last].sum()) for s, first, last in demands.conserved]
        self.room, self.row = new_room(k, n, system.size), np.array(segment_row(segment))
        numbers = system.numbers
        # a bath with a through-flow keeps its volume, on which no flux depends
        self.kept = [bath.present and not closed for bath, closed in zip(numbers.bath, demands.closed, strict=True)]

    def lengths(self, y: Array) -> tuple[float, float]:
        """Volumes of closed sides (of a bath without its layer) over those at the start; 1 for other sides."""
        p, x = self.system.numbers, float(y[self.system.x])
        whole = [bath.volume if bath.present else length for length, bath in zip(p.length, p.bath, strict=True)]
        left, right = self.demands.closed
        if not self.demands.moves:
            return 1.0, 1.0
        return 1.0 - x / whole[0] if left else 1.0, 1.0 + x / whole[1] if right else 1.0

    def step(self, tau: float) -> tuple[Array, float]:
        """The state after a step of τ, and its change (see `distance`); infinite where there is no such state."""
        system, y = self.system, self.y
        system.set_walls(0.0, y, self.segment)
        with np.errstate(all="ignore"):
            ahead = system.numbers, self.row, 0.0, y, tau, 0.0, 0.0, False, system.memory, self.room, False
            if look_ahead(*ahead) == NO_FLUX:
                return y, math.inf
        change = self.room.states[CHANGE]
        for side, kept in enumerate(self.kept):
            if kept:
                end = 0 if side == 0 else -1
                held = system.amounts(y)[:, end] / y[system.volume[side]]
                system.amounts(change)[:, end] -= held * change[system.volume[side]]
                change[system.volume[side]] = 0.0
        after = y + change
        after[system.x + SCALARS :] = 0.0
        if not self.demands.moves:
            after[system.x] = 0.0
        for side, sign in enumerate((-1.0, 1.0)):
            if system.numbers.bath[side].present and not self.kept[side]:
                after[system.volume[side]] = self.start[system.volume[side]] + sign * after[system.x]
        if not np.isfinite(after).all():
            return y, math.inf
        return after, self.distance(y, after)

    def distance(self, y: Array, after: Array) -> float:
        """Largest relative change of concentrations and volumes; infinite where the step goes too far."""
        system = self.system
        before, now = self.lengths(y), self.lengths(after)
        far = 0.0
        for old, new in zip(before, now, strict=True):
            if not _SHORTER * old <= new <= _LONGER * old:
                return math.inf
            far = max(far, abs(new - old) / min(old, new))
        old_c, new_c = (system.amounts(each) / system.widths(each) for each in (y, after))
        scale = np.maximum(np.abs(old_c).max(axis=1), self.demands.sizes)
        if (new_c.min(axis=1) < -_BELOW_ZERO * scale).any():
            return math.inf
        return max(far, float((np.abs(new_c - old_c).max(axis=1) / scale).max()))

    def accept(self, after: Array) -> None:
        """Accept a state as the next one, with the conserved totals set to their initial values."""
        amounts = self.system.amounts(after)
        for (s, first, last), total in zip(self.demands.conserved, self.totals, strict=True):
            part = amounts[s, first:last]
            found = float(part.sum())
            if found > 0.0:
                part *= total / found
            elif total == 0.0:
                part[:] = 0.0
        self.y = after
        self.system.accept(0.0, after, self.segment)

    def outcome(self) -> str:
        """``"… dry"`` or ``"… endless"`` if a closed side has lost its liquid or takes up ever more, else ``""``."""
        for name, length in zip(("left", "right"), self.lengths(self.y), strict=True):
            if length < _DRY:
                return f"{name} dry"
            if length > _ENDLESS:
                return f"{name} endless"
        return ""


def find_rest(system: System, segment: Segment, start: Array, demands: Demands) -> Rest:
    """Find the steady state that a system goes to from an initial state.

    Parameters
    ----------
    system : System
        The model.
    segment : Segment
        The applied pressures, constant.
    start : ndarray, shape (size,)
        Initial state.
    demands : Demands
        Conditions and scales.

    Returns
    -------
    Rest
        State and outcome.
    """
    search, tau, before, lower = _Iteration(system, segment, start, demands), demands.first, math.inf, 0
    previous = start
    best: tuple[Array, float] | None = None
    for steps in range(1, _MOST_STEPS + 1):
        after, change = search.step(tau)
        if not change <= _FARTHEST:
            if not math.isfinite(change) and after is search.y and tau < 1e-12 * demands.first:
                break
            tau /= 5.0 if not math.isfinite(change) else max(5.0, 2.0 * change)
            if after is search.y and search.y is not previous:  # this state has no water flux: go one step back
                search.y = previous
            before = math.inf
            continue
        previous = search.y
        search.accept(after)
        if outcome := search.outcome():
            return Rest(search.y, outcome, steps)
        if change <= _FOUND and tau >= _NEAR * demands.longest and (best is None or change < best[1]):
            best = search.y.copy(), change
        if best is not None and change > 1e3 * max(best[1], _FOUND):  # the round-off of long steps, as around a sphere
            return Rest(best[0], "steady", steps)
        if tau < demands.longest and lower == 0:
            growth = next(factor for limit, factor in _GROWTH if change <= limit)
            tau, before = min(tau * growth, demands.longest), math.inf
            continue
        if change <= _EXACT:
            return Rest(search.y, "steady", steps)
        if change >= 0.3 * before and change < _FOUND:  # round-off, which is smaller for a smaller τ
            if lower == 3 or change < 1e-12:
                return Rest(search.y, "steady", steps)
            tau, lower, before = 0.1 * tau, lower + 1, math.inf
            continue
        before = change
    return Rest(search.y, "lost", _MOST_STEPS)
