"""The default stepper of one chain of cells; one call of `membrane_pde.solvers.walk` takes many steps."""

from __future__ import annotations

import numpy as np

from membrane_pde.model.applied import Segment, segment_row
from membrane_pde.model.interface import NoSolution
from membrane_pde.model.mesh import Array
from membrane_pde.model.system import System
from membrane_pde.solvers import rosenbrock, walk
from membrane_pde.solvers.events import EVENT_NAMES, Events
from membrane_pde.solvers.stepper import IntegrationError, longest_step


class RosenbrockStepper:
    """Rodas5P with the linear solver for the chain's Jacobian (`solvers.linear.chain`)."""

    def __init__(
        self, system: System, segment: Segment, t: float, y: Array, rtol: float, atol: Array, events: Events
    ) -> None:
        self.system, self.segment, self.events, self.rtol, self.atol = system, segment, events, rtol, atol
        self.method = rosenbrock.RODAS5P
        self.work = walk.new_work(self.method, system.size, system.solutes, system.cells)
        self.run = self.work.run
        # as `rosenbrock.begin`, which is slow in plain Python
        self.run.step_control[rosenbrock.TIME] = self.run.step_control[rosenbrock.START] = t
        self.run.vectors[rosenbrock.Y] = self.run.vectors[rosenbrock.START_STATE] = y
        self.t, self.y = t, self.run.vectors[rosenbrock.Y]
        self.trouble: Exception | None = None
        self.longest, self.row = longest_step(segment), np.array([segment_row(segment)])

    def advance(self, due: Array, kept: Array, most: int) -> tuple[int, int, str]:
        """Take steps; see `Stepper`."""
        ends, goes_on = np.empty((1, 3), dtype=np.int64), np.empty(0)
        memory, atol, states = self.system.memory[None, :], self.atol[None, :], kept[None, :, :]
        given = self.system.numbers, self.row, self.method, self.rtol, atol, self.longest, self.events.watch, memory
        with np.errstate(over="ignore", invalid="ignore"):  # a step that is far too long is tried again, shorter
            walk.advance(*given, self.work, goes_on, most, due, states, ends)
        steps, stored, event = ends[0].tolist()
        self.t = float(self.run.step_control[rosenbrock.TIME])
        if event < 0:
            no_step = event == walk.NO_STEP
            self.trouble = IntegrationError("its steps became too short") if no_step else NoSolution()
            return steps, stored, ""
        return steps, stored, EVENT_NAMES[event]

    def at(self, t: float) -> Array:
        """State within the last step, by the polynomial of the method."""
        start, length = self.run.step_control[rosenbrock.START], self.run.step_control[rosenbrock.LENGTH]
        state = np.empty_like(self.y)
        rosenbrock.interpolate(self.method, self.run, float((t - start) / length), state)
        return state
