"""The steady state along a membrane by Newton's method, with an initial guess from a march along the feed.

Where Newton's method does not converge, pseudo-transient continuation is used: ``(M/τ − J) δ = r`` with τ that grows
from a fraction of the residence time of the feed (Kelley and Keyes, SIAM J. Numer. Anal. 35 (1998) 508). Where that
also fails, and the feed pressure or flow is solved for, the unknown is bracketed with steady states in which pressure
and flow are given.
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

_MAX_STEPS = 40
_MAX_PSEUDO_STEPS = 150
_CONVERGED = 1e-9  # relative change of the unknowns at which Newton's method has converged
_MAX_BACKFLOW_UPDATES = 20  # largest number of updates of the set of stations with backflow
_MAX_MARCHES = 16  # largest number of marches to find a feed pressure or flow
_FULL_RECOVERY = 1.0 - 1e-6  # recovery of a march above which the channel runs dry
_MARCH_TOLERANCE = 0.05  # relative deviation from the target recovery at which marching stops
_MIN_DRIVING = 100.0  # smallest net driving pressure in the first guess of a flow, Pa
_MIN_REMAINING = 0.1  # smallest fraction of a flow or a concentration that a step may leave
_MIN_DAMPING, _MAX_DAMPED = 1e-2, 4  # damping factor of a stagnant step; number of stagnant steps in a row to give up
_DRY = 0.03  # outflow ÷ inflow of a side below which a failed search is attributed to a channel that runs dry
_REVERSED = 1e-9  # a flow is reversed if it is below minus this fraction of its scale
_MAX_TRIALS = 40  # largest number of trial pressures or flows in a bracketing search
_BRACKET_TOLERANCE = 1e-3  # relative deviation from the target recovery at which bracketing stops


class Found(NamedTuple):
    """Result of `find_steady`.

    Attributes
    ----------
    state : ndarray, shape (size,)
        The last state.
    converged : bool
        True if it is a steady state.
    steps : int
        Number of Newton steps tried.
    dry : int
        Side whose channel runs dry, if there is no steady state for this reason; else −1.
    reached : tuple of float
        After an unsuccessful bracketing search: the smallest and the largest recovery of all trials.
    """

    state: Array
    converged: bool
    steps: int
    dry: int = -1
    reached: tuple[float, ...] = ()


def _step(system: StationSystem, y: Array, tau: float) -> tuple[Array, Array] | None:
    """Right-hand side and the change of a Newton step; None if the step cannot be computed."""
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
    """Solve a sparse system whose last few rows and columns are full; None if it is singular.

    These are the concentrations of the collected permeate, which some stations draw from and others add to. They are
    eliminated separately, by a Schur complement, so that they cause no fill-in elsewhere.
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


def _damping(system: StationSystem, y: Array, change: Array, may_reverse: bool = False) -> float:
    """Largest damping factor that keeps the flow directions, positive concentrations and bounded polarization.

    With `may_reverse` flows may change their direction.
    """
    damping = 1.0
    for side in range(2):
        if system.numbers.role[side] != FLOWING:  # permeate flows are small, and their initial guess may be far off
            continue
        flows = [] if may_reverse else [system.flow_indices(side), system.entry_indices(side)[:, 0]]
        for where in (system.concentration_indices(side).ravel(), *flows):
            now, falls = y[where], -change[where]
            risky = (falls > (1.0 - _MIN_REMAINING) * now) & (now > 1e-12 * system.scales[where])
            if risky.any():
                damping = min(damping, float(((1.0 - _MIN_REMAINING) * now[risky] / falls[risky]).min()))
    fluxes = system.flux_indices
    jump = float(np.abs(change[fluxes]).max())
    allowed = max(2.0 * float(np.abs(y[fluxes]).max()), system.scales[fluxes[0]])
    return min(damping, allowed / jump) if jump > allowed else damping


def _newton(system: StationSystem, y: Array, steps: int, may_reverse: bool = False) -> Found:
    """Newton's method; not converged after the given number of steps, or after several strongly damped steps."""
    before, damped = math.inf, 0
    for count in range(1, steps + 1):
        step = _step(system, y, math.inf)
        if step is None:
            return Found(y, False, count)
        damping = _damping(system, y, step[1], may_reverse)
        damped = damped + 1 if damping < _MIN_DAMPING else 0
        if damped == _MAX_DAMPED:
            return Found(y, False, count)
        y = y + damping * step[1]
        system.solve_fluxes(y)
        size = float((np.abs(step[1]) / system.scales).max())
        if damping == 1.0 and (size < _CONVERGED or (size < 1e-6 and size >= 0.5 * before)):
            return Found(y, True, count)
        before = size if damping == 1.0 else math.inf
    return Found(y, False, steps)


def _pseudo_transient(system: StationSystem, y: Array) -> Found:
    """Pseudo-transient continuation."""
    p = system.numbers
    held = max(float(p.rows[:, VOLUME].sum()), 1e-300)
    flow = float(system.scales[system.flow_indices(p.feed)[0]])
    tau = 1e-2 * held / flow
    longest = 1e6 * held / flow
    for count in range(1, _MAX_PSEUDO_STEPS + 1):
        step = _step(system, y, tau)
        damping = 0.0 if step is None else _damping(system, y, step[1])
        if step is None or damping < 0.2:
            tau /= 4.0
            if tau < 1e-12 * held / flow:
                return Found(y, False, count)
            continue
        y = y + damping * step[1]
        system.solve_fluxes(y)
        size = float((np.abs(step[1]) / system.scales).max())
        if size < 1e-2 and damping == 1.0:
            found = _newton(system, y, _MAX_STEPS)
            if found.converged:
                return Found(found.state, True, count + found.steps)
        tau = min(tau * (4.0 if size < 0.1 else 2.0 if size < 0.5 else 1.0), longest)
    return Found(y, False, _MAX_PSEUDO_STEPS)


def _target(system: StationSystem) -> tuple[bool, float] | None:
    """Whether the feed flow is solved for (else the feed pressure), and the target recovery; None if both are given."""
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
    """Initial guess by a march along the feed; a few marches approximate an unknown feed pressure or flow.

    Parameters
    ----------
    system : StationSystem
        The model.
    near : tuple of float, optional
        Approximate flow (m^3/s) and pressure (Pa) of the feed.

    Returns
    -------
    ndarray, shape (size,)
        The unknowns.
    """
    flow, pressure = (float(value) for value in system.inlet[system.numbers.feed, :2])
    target = _target(system)
    if target is None:
        return system.start(pressure, flow)
    if near is not None:
        return system.start(near[1], near[0])
    flow_sought, recovery = target
    beside = float(system.inlet[1 - system.numbers.feed, 1])
    osmotic = system.osmotic_pressure(system.inlet[system.numbers.feed, 2:])
    if flow_sought:
        other = 1 - system.numbers.feed
        drawing = system.osmotic_pressure(system.inlet[other, 2:]) if system.numbers.role[other] == FLOWING else 0.0
        driving = max(pressure - beside - osmotic + drawing, 0.1 * pressure, 0.1 * drawing, _MIN_DRIVING)
        guess = system.area * float(system.numbers.permeability.mean()) * driving
        guess /= max(recovery, 1e-3) * system.vessels_first
    else:
        needed = recovery * flow * system.vessels_first / (system.area * float(system.numbers.permeability.mean()))
        guess = needed + osmotic * (1.0 - math.log(max(1.0 - recovery, 1e-3))) + beside
    low, high, best, best_distance = 0.0, math.inf, None, math.inf
    for _ in range(_MAX_MARCHES):
        y = system.start(pressure, guess) if flow_sought else system.start(guess, flow)
        reached = system.recovery(y)
        distance = abs(reached - recovery)
        if distance < best_distance:
            best, best_distance = y, distance
        if distance <= _MARCH_TOLERANCE * recovery:
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
        Approximate flow (m^3/s) and pressure (Pa) of the feed, if one of them is solved for.

    Returns
    -------
    Found
        See there.
    """
    y = first_guess(system, near)
    target = _target(system)
    if target is None:
        if system.recovery(y) > _FULL_RECOVERY:
            return Found(y, False, 0, system.numbers.feed)
        return _solve_from(system, y)
    found = _solve_from(system, y)
    return found if found.converged else _bracket(system, y, found, *target)


def _solve_from(system: StationSystem, y: Array) -> Found:
    """Solve for the steady state from an initial guess."""
    steps, guess = 0, y
    for _ in range(_MAX_BACKFLOW_UPDATES):
        found = _newton(system, y, _MAX_STEPS)
        if not found.converged:
            reversing = _newton(system, y, _MAX_STEPS, may_reverse=True)
            later = reversing if reversing.converged else _pseudo_transient(system, y)
            found = later._replace(steps=found.steps + reversing.steps + later.steps * (later is not reversing))
        steps += found.steps
        y = found.state
        if not found.converged:
            return Found(y, False, steps, _dry_side(system, y, guess))
        if system.update_backflow(y) == 0:
            reversed_side = _reversed_side(system, y)
            return Found(y, reversed_side < 0 and _feed_enters(system, y), steps, reversed_side)
    return Found(y, False, steps)


def _feed_enters(system: StationSystem, y: Array) -> bool:
    """True if the feed flow is positive; without flow the recovery is undefined."""
    feed = system.numbers.feed
    return float(y[system.entry_indices(feed)[0, 0]]) > _REVERSED * float(system.scales[system.flow_indices(feed)[0]])


def _outlet_flows(system: StationSystem, y: Array, side: int) -> Array:
    """Flows out of the elements on a side that has a channel."""
    p = system.numbers
    return y[system.flow_indices(side)[[int(last_of(p, side, e)) for e in range(system.elements)]]]


def _reversed_side(system: StationSystem, y: Array) -> int:
    """The side where liquid of unknown concentration would have to enter through an outlet, or −1."""
    for side in (system.numbers.feed, 1 - system.numbers.feed):
        if system.numbers.role[side] != DRAWN:
            least = -_REVERSED * float(system.scales[system.flow_indices(side)[0]])
            if float(_outlet_flows(system, y, side).min()) < least:
                return side
    return -1


def _dry_side(system: StationSystem, y: Array, guess: Array) -> int:
    """Side that loses nearly its whole inflow in the unconverged state, or more than that in the guess; or −1."""
    for side in (system.numbers.feed, 1 - system.numbers.feed):
        if system.numbers.role[side] == FLOWING:
            enters = system.entry_indices(side)[0 if system.numbers.direction[side] > 0 else -1, 0]
            passes = float(system.areas @ guess[system.flux_indices]) * (1.0 if side == 0 else -1.0)
            vessels = system.vessels[0 if system.numbers.direction[side] > 0 else -1]
            least = float(y[system.flow_indices(side)].min())
            if least < _DRY * float(y[enters]) or passes > vessels * float(guess[enters]):
                return side
    return -1


def _bracket(system: StationSystem, guess: Array, failed: Found, flow_sought: bool, recovery: float) -> Found:
    """Solve for the steady state by bracketing the feed pressure or flow."""
    p, feed = system.numbers, system.numbers.feed
    held = p.held.copy()
    held[PRESSURE_KIND], held[FLOW_KIND] = PRESSURE_GIVEN, 0.0
    low, high, reached, steps, dry = 0.0, math.inf, [], failed.steps, failed.dry
    given = system.inlet[feed, :2].copy()
    trial = float(guess[system.entry_indices(feed)[0, 0 if flow_sought else 1]])
    if not trial > 0.0:
        return failed
    for _ in range(_MAX_TRIALS):
        inlet = system.inlet.copy()
        inlet[feed, :2] = given
        inlet[feed, 0 if flow_sought else 1] = trial
        inner = StationSystem(p._replace(held=held, drawn_in=p.drawn_in.copy()), inlet)
        found = find_steady(inner)
        steps += found.steps
        passed = inner.recovery(found.state) if found.converged else 1.0 if found.dry == feed else math.nan
        if found.converged:
            reached.append(passed)
            if abs(passed - recovery) <= _BRACKET_TOLERANCE * recovery:
                p.drawn_in[:] = inner.numbers.drawn_in
                last = _solve_from(system, found.state)
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
