"""Transient runs of a module: schedule of the inlets, cycles of a closed circuit, and the initial state."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from membrane_pde.model.equations import Interval
from membrane_pde.model.mesh import Array
from membrane_pde.model.ports import BathNumbers
from membrane_pde.model.station_outside import BYPASSED, PLUG_FLOW, STIRRED, Outside
from membrane_pde.model.station_system import StationSystem
from membrane_pde.model.stations_in_time import Inlets, StationsInTime
from membrane_pde.solvers.consistent import consistent_state
from membrane_pde.solvers.steady_stations import first_guess
from membrane_pde.solvers.tolerance import Tolerance
from membrane_pde.solvers.transient import Course, End, integrate_equations


class Cycle(NamedTuple):
    """Operation of a closed circuit in cycles.

    The bleed of the tank on the feed side stays closed until the fraction `recovery` of all liquid that the circuit
    held or took in since the last flush has left as permeate. Then feed displaces the contents of the tank into the
    channel, and the outflow of the channel is discarded, until `flush` times the volume of channel and tank has
    entered.
    """

    recovery: float
    flush: float


class _Phase(NamedTuple):
    """Current phase of a closed-circuit cycle.

    Attributes
    ----------
    mode : int
        Mode of the tank.
    permeate, fed, flushed : float
        Volumes (m^3) of permeate and of feed at which the phase ends, and volume of feed at which the flush ends.
    displaced : ndarray, shape (solutes,), or None
        Concentrations that the flush displaces from the tank, mol/m^3.
    """

    mode: int = STIRRED
    permeate: float = math.inf
    fed: float = math.inf
    flushed: float = math.inf
    displaced: Array | None = None


@dataclass(eq=False)
class StationPlan:
    """Schedule of the intervals of a module run; see `membrane_pde.solvers.transient.Plan`.

    Parameters
    ----------
    system : StationSystem
        The module.
    inlets : sequence of Inlets
        Inlet conditions of consecutive intervals, without gaps.
    outside : Outside
        Tanks and collected permeate.
    cycle : Cycle, optional
        Operation in cycles, which needs a tank on the feed side.
    """

    system: StationSystem
    inlets: Sequence[Inlets]
    outside: Outside
    cycle: Cycle | None = None
    _phase: _Phase = field(init=False)

    @property
    def _circuit(self) -> float:
        """Volume of the channels and the tank on the feed side, m^3."""
        first = StationsInTime(self.system, self.inlets[0], self.outside)
        feed = self.system.numbers.feed
        return first.hold_up(feed) + self.outside.tank[feed].volume

    def __call__(self, t: float, y: Array, event: str) -> Interval | End:
        """The next interval, or the end."""
        if event.endswith("empty"):
            return End("failed", event)
        if self.cycle is not None:
            self._phase = self._next_phase(self.cycle, y, event, t)
        inlets = next((each for each in self.inlets if t < each.end), None)
        if inlets is None:
            return End("completed")
        return Interval(t, inlets.end, self.equations(inlets))

    def equations(self, inlets: Inlets) -> StationsInTime:
        """The equations of an interval in the current phase of a cycle."""
        if self.cycle is None:
            return StationsInTime(self.system, inlets, self.outside)
        feed, outside, phase = self.system.numbers.feed, self.outside, self._phase
        closed, displaced = outside.tank[feed]._replace(bleed=0.0), outside.displaced.copy()
        if phase.displaced is not None:
            displaced[feed] = phase.displaced
        tank, mode = outside.tank, outside.mode
        outside = outside._replace(
            tank=(closed, tank[1]) if feed == 0 else (tank[0], closed),
            mode=(phase.mode, mode[1]) if feed == 0 else (mode[0], phase.mode),
            displaced=displaced,
        )
        return StationsInTime(self.system, inlets, outside, phase.permeate, phase.fed)

    def _next_phase(self, cycle: Cycle, y: Array, event: str, t: float) -> _Phase:
        """The phase after an event; at the start the first phase, and at a jump of an inlet the current one."""
        any_phase, feed = StationsInTime(self.system, self.inlets[0], self.outside), self.system.numbers.feed
        back, left = any_phase.volume_indices(1 - feed)
        permeate, fed = float(y[left] - y[back]), float(y[any_phase.volume_indices(feed)[0]])
        circuit, tank = self._circuit, self.outside.tank[feed].volume
        filling = _Phase(permeate=permeate + circuit * cycle.recovery / (1.0 - cycle.recovery))
        if t == self.inlets[0].start:
            return filling
        phase = self._phase
        if event == "permeate":
            whole = cycle.flush * circuit
            volume, amounts = any_phase.tank_indices(feed)
            return _Phase(PLUG_FLOW, math.inf, fed + min(tank, whole), fed + whole, y[amounts] / y[volume])
        if event == "fed" and phase.mode == PLUG_FLOW and phase.flushed > phase.fed * (1.0 + 1e-12):
            return phase._replace(mode=BYPASSED, fed=phase.flushed)
        return filling if event == "fed" else phase


def start_state(equations: StationsInTime, concentration: Array) -> Array:
    """State in which channels and tanks contain given solutions; the totals of inflow and outflow are 0.

    Parameters
    ----------
    equations : StationsInTime
        Equations of the first interval.
    concentration : ndarray, shape (2, solutes)
        Concentrations on each side, mol/m^3.

    Returns
    -------
    ndarray, shape (n,)
        The state, with consistent flows, pressures and water fluxes.

    Raises
    ------
    IntegrationError
        No consistent flows, pressures and water fluxes were found.
    """
    system, k = equations.system, equations.at.solutes
    inlet = equations.inlets.at(equations.inlets.start)
    inlet[:, 2:] = concentration
    at_start = StationSystem(equations.numbers, inlet)
    y = np.zeros(equations.size)
    y[: system.size] = first_guess(at_start)
    for side in range(2):
        y[system.concentration_indices(side)] = concentration[side]
        y[system.entry_indices(side)[:, 2:]] = concentration[side]
        tank: BathNumbers = equations.outside.tank[side]
        volume, amounts = equations.tank_indices(side)
        y[volume], y[amounts] = tank.volume, tank.volume * concentration[side]
    y[equations.at.collected : equations.at.collected + k] = 0.0
    at_start.solve_fluxes(y[: system.size])
    return consistent_state(equations, equations.inlets.start, y, equations.scales)


def run_stations(
    plan: StationPlan,
    concentration: Array,
    rtol: float,
    outputs: int,
    *,
    solver: str = "rosenbrock",
    stop: Callable[[float, Array, Interval], str | None] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Course:
    """Run a module in time.

    Parameters
    ----------
    plan : StationPlan
        Schedule of the inlets, which begins at time 0.
    concentration : ndarray, shape (2, solutes)
        Initial concentrations in the channels and tanks of each side, mol/m^3.
    rtol : float
        Relative tolerance of a step.
    outputs, solver, stop, progress
        As for `membrane_pde.solvers.transient.integrate_equations`.

    Returns
    -------
    Course
        See there.

    Raises
    ------
    IntegrationError
        No flows and pressures are consistent with the initial state.
    """
    first = StationsInTime(plan.system, plan.inlets[0], plan.outside)
    y = start_state(first, concentration)
    tolerance = Tolerance(rtol, rtol * first.scales)
    end = plan.inlets[-1].end
    return integrate_equations(plan, y, end, tolerance, outputs=outputs, solver=solver, stop=stop, progress=progress)
