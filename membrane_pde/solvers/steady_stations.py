"""The steady state along a membrane by Newton's method, which starts from a march along the feed, not from a guess.

Where plain steps do not converge, a time term makes them safe: ``(M/τ − J) δ = r`` with τ that grows from a fraction of
the time in which the feed passes (pseudo-transient continuation: Kelley and Keyes, SIAM J. Numer. Anal. 35 (1998) 508).
Where that fails, too, and the feed's pressure or flow is solved for, it is bracketed by steady states with both given.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from membrane_pde.model.mesh import Array
from membrane_pde.model.station_system import StationSystem
from membrane_pde.model.stations import (
    DRAWN,
    FLOW_KIND,
    FLOWING,
    FOR_FLUX,
    FOR_RECOVERY,
    PRESSURE_GIVEN,
    PRESSURE_KIND,
    PRESSURE_TARGET,
    RECOVERY,
    VOLUME,
    last_of,
)

if TYPE_CHECKING:
    from scipy.sparse import csc_array

_MOST_STEPS = 40
_MOST_IN_TIME = 150
_FOUND = 1e-9  # change of a step, on the scale of each unknown, after which the next one would not be seen
_MOST_PATTERNS = 20  # of stations that give liquid back
_MOST_MARCHES = 16
_ALL = 1.0 - 1e-6  # of the feed: with less left of it in the march the channel runs dry
_NEAR = 0.05  # of the recovery that is sought, to which marches come
_LEAST_DRIVING = 100.0  # Pa, of the first guess of a flow
_LEAST_LEFT = 0.1  # of a flow or a concentration, that a step leaves
_STUCK, _MOST_STUCK = 1e-2, 4  # a step of which less than this share is taken, and how many in a row
_DRY = 0.03  # of what enters a side: with less left somewhere, where no state was found, the channel runs dry
_TURNED = 1e-9  # of the scale of a flow: an outflow below minus this has turned round
_MOST_TRIALS = 40  # of a pressure or a flow, to bracket the one that is sought
_WITHIN = 1e-3  # of the recovery that is sought, to which they come


class Found(NamedTuple):
    """What `find_steady` has found.

    Attributes
    ----------
    state : ndarray, shape (size,)
        The last state.
    converged : bool
        It is a steady state.
    steps : int
        Steps of Newton's method tried.
    dry : int
        The side whose channel runs dry where there is no steady state; −1 if none does.
    reached : tuple of float
        Where the feed's pressure or flow was bracketed in vain: the least and the largest recovery of all trials.
    """

    state: Array
    converged: bool
    steps: int
    dry: int = -1
    reached: tuple[float, ...] = ()


def _step(system: StationSystem, y: Array, tau: float) -> tuple[Array, Array] | None:
    """Right-hand side, and the change of a step; None where there is none."""
    from scipy.sparse import dia_array

    rates, jacobian = system.linearized(y)
    if not np.isfinite(rates).all() or not np.isfinite(jacobian.data).all():
        return None
    matrix = -jacobian
    if math.isfinite(tau):
        matrix = (matrix + dia_array((system.mass[None] / tau, [0]), shape=jacobian.shape)).tocsc()
    comes_back = bool((system.numbers.drawn_in == 1).any())
    change = _solve(matrix, rates, system.solutes if comes_back else 0)
    return (rates, change) if change is not None and np.isfinite(change).all() else None


def _solve(matrix: csc_array, right: Array, last: int) -> Array | None:
    """Solve a sparse system whose last few rows and columns are full; None where it is singular.

    Those are the collected permeate, where stations draw from it and others add to it: eliminated apart, by a Schur
    complement, they fill nothing else.
    """
    from scipy.sparse.linalg import splu

    n = len(right) - last
    try:
        factors = splu(matrix[:n, :n])
        if last == 0:
            return factors.solve(right)
        found = factors.solve(np.column_stack([matrix[:n, n:].toarray(), right[:n]]))
        below = matrix[n:, :n] @ found
        border = np.linalg.solve(matrix[n:, n:].toarray() - below[:, :last], right[n:] - below[:, last])
    except (RuntimeError, np.linalg.LinAlgError):  # exactly singular
        return None
    return np.concatenate([found[:, last] - found[:, :last] @ border, border])


def _share(system: StationSystem, y: Array, change: Array, may_turn: bool = False) -> float:
    """How much of a step can be taken: no flow turns (but where it may), no concentration falls below zero, no
    polarization explodes.
    """
    share = 1.0
    for side in range(2):
        if system.numbers.role[side] != FLOWING:  # what passes is little: its first guess may be far off
            continue
        flows = [] if may_turn else [system.flow_places(side), system.entry_places(side)[:, 0]]
        for where in (system.concentration_places(side).ravel(), *flows):
            now, falls = y[where], -change[where]
            risky = (falls > (1.0 - _LEAST_LEFT) * now) & (now > 1e-12 * system.scales[where])
            if risky.any():
                share = min(share, float(((1.0 - _LEAST_LEFT) * now[risky] / falls[risky]).min()))
    fluxes = system.flux_places
    jump = float(np.abs(change[fluxes]).max())
    allowed = max(2.0 * float(np.abs(y[fluxes]).max()), system.scales[fluxes[0]])
    return min(share, allowed / jump) if jump > allowed else share


def _newton(system: StationSystem, y: Array, steps: int, may_turn: bool = False) -> Found:
    """Plain steps; not converged where they do not settle, or hardly any of them can be taken."""
    before, stuck = math.inf, 0
    for count in range(1, steps + 1):
        step = _step(system, y, math.inf)
        if step is None:
            return Found(y, False, count)
        share = _share(system, y, step[1], may_turn)
        stuck = stuck + 1 if share < _STUCK else 0
        if stuck == _MOST_STUCK:
            return Found(y, False, count)
        y = y + share * step[1]
        system.settle(y)
        size = float((np.abs(step[1]) / system.scales).max())
        if share == 1.0 and (size < _FOUND or (size < 1e-6 and size >= 0.5 * before)):
            return Found(y, True, count)
        before = size if share == 1.0 else math.inf
    return Found(y, False, steps)


def _in_time(system: StationSystem, y: Array) -> Found:
    """Steps in a time that grows."""
    p = system.numbers
    held = max(float(p.rows[:, VOLUME].sum()), 1e-300)
    flow = float(system.scales[system.flow_places(p.feed)[0]])
    tau = 1e-2 * held / flow
    longest = 1e6 * held / flow
    for count in range(1, _MOST_IN_TIME + 1):
        step = _step(system, y, tau)
        share = 0.0 if step is None else _share(system, y, step[1])
        if step is None or share < 0.2:
            tau /= 4.0
            if tau < 1e-12 * held / flow:
                return Found(y, False, count)
            continue
        y = y + share * step[1]
        system.settle(y)
        size = float((np.abs(step[1]) / system.scales).max())
        if size < 1e-2 and share == 1.0:
            found = _newton(system, y, _MOST_STEPS)
            if found.converged:
                return Found(found.state, True, count + found.steps)
        tau = min(tau * (4.0 if size < 0.1 else 2.0 if size < 0.5 else 1.0), longest)
    return Found(y, False, _MOST_IN_TIME)


def _wanted(system: StationSystem) -> tuple[bool, float] | None:
    """Whether the feed's flow is sought (else its pressure), and at which recovery; None where both are given."""
    p = system.numbers
    kind, target = int(p.held[PRESSURE_KIND]), float(p.held[PRESSURE_TARGET])
    if p.held[FLOW_KIND] == 1.0:
        return True, float(p.held[RECOVERY])
    if kind == PRESSURE_GIVEN:
        return None
    if kind == FOR_RECOVERY:
        return False, target
    permeate = target * system.area if kind == FOR_FLUX else target
    return False, permeate / (system.vessels_first * float(system.inlet[p.feed, 0]))


def first_guess(system: StationSystem, near: tuple[float, float] | None = None) -> Array:
    """A march along the feed; what its pressure or flow is solved for is brought near by a few of them.

    Parameters
    ----------
    system : StationSystem
        The model.
    near : tuple of float, optional
        About what the feed's flow (m^3/s) and pressure (Pa) will be.

    Returns
    -------
    ndarray, shape (size,)
        The unknowns.
    """
    flow, pressure = (float(value) for value in system.inlet[system.numbers.feed, :2])
    wanted = _wanted(system)
    if wanted is None:
        return system.start(pressure, flow)
    if near is not None:
        return system.start(near[1], near[0])
    flow_sought, recovery = wanted
    beside = float(system.inlet[1 - system.numbers.feed, 1])
    osmotic = system.osmotic_pressure(system.inlet[system.numbers.feed, 2:])
    if flow_sought:
        other = 1 - system.numbers.feed
        drawing = system.osmotic_pressure(system.inlet[other, 2:]) if system.numbers.role[other] == FLOWING else 0.0
        driving = max(pressure - beside - osmotic + drawing, 0.1 * pressure, 0.1 * drawing, _LEAST_DRIVING)
        guess = system.area * float(system.numbers.permeability.mean()) * driving
        guess /= max(recovery, 1e-3) * system.vessels_first
    else:
        needed = recovery * flow * system.vessels_first / (system.area * float(system.numbers.permeability.mean()))
        guess = needed + osmotic * (1.0 - math.log(max(1.0 - recovery, 1e-3))) + beside
    low, high, best, best_distance = 0.0, math.inf, None, math.inf
    for _ in range(_MOST_MARCHES):
        y = system.start(pressure, guess) if flow_sought else system.start(guess, flow)
        reached = system.recovery(y)
        distance = abs(reached - recovery)
        if distance < best_distance:
            best, best_distance = y, distance
        if distance <= _NEAR * recovery:
            break
        if (reached < recovery) != flow_sought:
            low = guess
        else:
            high = guess
        if math.isinf(high):
            guess *= 2.0
        elif low == 0.0:
            guess *= 0.5
        else:
            guess = math.sqrt(low * high)
    assert best is not None, "a march has been tried"
    return best


def find_steady(system: StationSystem, near: tuple[float, float] | None = None) -> Found:
    """Find the steady state.

    Parameters
    ----------
    system : StationSystem
        The model.
    near : tuple of float, optional
        About what the feed's flow (m^3/s) and pressure (Pa) will be, where one of them is solved for.

    Returns
    -------
    Found
        See there.
    """
    y = first_guess(system, near)
    wanted = _wanted(system)
    if wanted is None:
        if system.recovery(y) > _ALL:
            return Found(y, False, 0, system.numbers.feed)
        return _from(system, y)
    found = _from(system, y)
    return found if found.converged else _between(system, y, found, *wanted)


def _from(system: StationSystem, y: Array) -> Found:
    """The steady state from a first guess."""
    steps, guess = 0, y
    for _ in range(_MOST_PATTERNS):
        found = _newton(system, y, _MOST_STEPS)
        if not found.converged:
            turning = _newton(system, y, _MOST_STEPS, may_turn=True)
            later = turning if turning.converged else _in_time(system, y)
            found = later._replace(steps=found.steps + turning.steps + later.steps * (later is not turning))
        steps += found.steps
        y = found.state
        if not found.converged:
            return Found(y, False, steps, _dry_side(system, y, guess))
        if system.settle_backflow(y) == 0:
            turned = _turned_side(system, y)
            return Found(y, turned < 0 and _feeds(system, y), steps, turned)
    return Found(y, False, steps)


def _feeds(system: StationSystem, y: Array) -> bool:
    """Something enters on the feeding side: no flow at all has every recovery."""
    feed = system.numbers.feed
    return float(y[system.entry_places(feed)[0, 0]]) > _TURNED * float(system.scales[system.flow_places(feed)[0]])


def _outlets(system: StationSystem, y: Array, side: int) -> Array:
    """Flows out of the elements on a side that has a channel."""
    p = system.numbers
    return y[system.flow_places(side)[[int(last_of(p, side, e)) for e in range(system.elements)]]]


def _turned_side(system: StationSystem, y: Array) -> int:
    """The side where liquid would have to come in through an outlet, which no one has said anything of; or −1."""
    for side in (system.numbers.feed, 1 - system.numbers.feed):
        if system.numbers.role[side] != DRAWN:
            least = -_TURNED * float(system.scales[system.flow_places(side)[0]])
            if float(_outlets(system, y, side).min()) < least:
                return side
    return -1


def _dry_side(system: StationSystem, y: Array, guess: Array) -> int:
    """The side that loses nearly all that enters it in a state that did not converge, or more in its guess; or −1."""
    for side in (system.numbers.feed, 1 - system.numbers.feed):
        if system.numbers.role[side] == FLOWING:
            enters = system.entry_places(side)[0 if system.numbers.direction[side] > 0 else -1, 0]
            passes = float(system.areas @ guess[system.flux_places]) * (1.0 if side == 0 else -1.0)
            vessels = system.vessels[0 if system.numbers.direction[side] > 0 else -1]
            least = float(y[system.flow_places(side)].min())
            if least < _DRY * float(y[enters]) or passes > vessels * float(guess[enters]):
                return side
    return -1


def _between(system: StationSystem, guess: Array, failed: Found, flow_sought: bool, recovery: float) -> Found:
    """The steady state by bracketing the feed's pressure or flow, with the other one given."""
    p, feed = system.numbers, system.numbers.feed
    held = p.held.copy()
    held[PRESSURE_KIND], held[FLOW_KIND] = PRESSURE_GIVEN, 0.0
    low, high, reached, steps, dry = 0.0, math.inf, [], failed.steps, failed.dry
    given = system.inlet[feed, :2].copy()
    trial = float(guess[system.entry_places(feed)[0, 0 if flow_sought else 1]])
    if not trial > 0.0:
        return failed
    for _ in range(_MOST_TRIALS):
        inlet = system.inlet.copy()
        inlet[feed, :2] = given
        inlet[feed, 0 if flow_sought else 1] = trial
        inner = StationSystem(p._replace(held=held, drawn_in=p.drawn_in.copy()), inlet)
        found = find_steady(inner)
        steps += found.steps
        passed = inner.recovery(found.state) if found.converged else 1.0 if found.dry == feed else math.nan
        if found.converged:
            reached.append(passed)
            if abs(passed - recovery) <= _WITHIN * recovery:
                p.drawn_in[:] = inner.numbers.drawn_in
                last = _from(system, found.state)
                if last.converged:
                    return last._replace(steps=steps + last.steps)
        if math.isnan(passed):
            dry = found.dry
            break
        if (passed < recovery) != flow_sought:
            low = trial
        else:
            high = trial
        if high < math.inf and high - low <= 1e-12 * high:
            break
        trial = 2.0 * low if math.isinf(high) else 0.5 * high if low == 0.0 else math.sqrt(low * high)
    ends = (min(reached), max(reached)) if reached else ()
    return Found(failed.state, False, steps, dry, ends)
