"""Interface of the steppers, which integrate over one segment and write the states at the output times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import numpy as np

from membrane_pde.model.applied import Segment
from membrane_pde.model.interface import NoSolution
from membrane_pde.model.mesh import Array
from membrane_pde.model.system import System
from membrane_pde.solvers.events import Events

MAX_STEPS = 20_000  # largest number of steps of a run, which takes minutes with the slowest flux law
_STEPS_A_PERIOD = 16  # smallest number of steps for a period of an oscillating pressure

S = TypeVar("S")


class IntegrationError(Exception):
    """The time integration failed; the message gives the reason."""


class Stepper(Protocol):
    """Integrates over one segment.

    Attributes
    ----------
    t : float
        Time reached, s.
    y : ndarray
        State there.
    trouble : Exception or None
        The reason why no further step was possible.
    """

    t: float
    y: Array
    trouble: Exception | None

    def advance(self, due: Array, kept: Array, most: int) -> tuple[int, int, str]:
        """Take steps, not beyond the end of the segment.

        Parameters
        ----------
        due : ndarray, shape (n,)
            Output times, increasing; the call ends when the states at all of them are written.
        kept : ndarray, shape (n, size)
            Written: the states.
        most : int
            Largest number of steps; with 0 only states within the last step are written.

        Returns
        -------
        int, int, str
            Number of steps, number of states written, and the name of the event that ended the last step or ``""``.
        """

    def at(self, t: float) -> Array:
        """State within the last step."""


class SingleSteps:
    """A stepper that takes one step at a time with `step`; `at` gives a state within the last step."""

    def __init__(self, t: float, y: Array, end: float) -> None:
        self.t, self.y, self.end = t, np.array(y), end
        self.trouble: Exception | None = None

    def step(self) -> str:
        """Take one step; the name of the event that ended it or ``""``."""
        raise NotImplementedError

    def at(self, t: float) -> Array:
        """State within the last step."""
        raise NotImplementedError

    def accepted(self) -> None:
        """Called after each step; subclasses may override it."""

    def advance(self, due: Array, kept: Array, most: int) -> tuple[int, int, str]:
        """Take steps; see `Stepper`."""
        steps, stored, event = 0, 0, ""
        while True:
            while stored < len(due) and due[stored] <= self.t:
                kept[stored] = self.y if due[stored] == self.t else self.at(float(due[stored]))
                stored += 1
            if event or self.t >= self.end or steps >= most or stored == len(due):
                return steps, stored, event
            try:
                event = self.step()
            except (IntegrationError, NoSolution) as error:
                self.trouble = error
                return steps, stored, ""
            self.accepted()
            steps += 1


class ChainSteps(SingleSteps):
    """A stepper of one chain of cells that takes one step at a time."""

    def __init__(self, system: System, segment: Segment, t: float, y: Array, events: Events) -> None:
        super().__init__(t, y, segment.end)
        self.system, self.segment, self.events = system, segment, events

    def accepted(self) -> None:
        """Remember J_v where the equation for it may have several roots."""
        self.system.accept(self.t, self.y, self.segment)


def longest_step(segment: Segment) -> float:
    """Longest step that resolves the oscillations of the applied pressures, s."""
    return segment.shortest_period / _STEPS_A_PERIOD


def first_time(
    stop: Callable[[float, Array, S], str | None], stepper: Stepper, start: float, span: S
) -> tuple[float, Array]:
    """First time in the last step, which began at `start`, at which the stop rule applies, and the state there.

    So the end of a run depends only on the case and not on the step lengths.
    """
    low, high, y = start, stepper.t, stepper.y
    if not low < high:
        return high, y
    for _ in range(30):
        middle = 0.5 * (low + high)
        state = stepper.at(middle)
        if stop(middle, state, span) is None:
            low = middle
        else:
            high, y = middle, state
    return high, y
