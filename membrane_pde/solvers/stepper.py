"""What a stepper is: it walks through one segment and leaves the states that are due on its way."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from membrane_pde.model.applied import Segment
from membrane_pde.model.interface import NoSolution
from membrane_pde.model.mesh import Array
from membrane_pde.model.system import System
from membrane_pde.solvers.events import Events

MAX_STEPS = 20_000  # minutes of the dearest flux law
_STEPS_A_PERIOD = 16  # at least, of an oscillating pressure


class IntegrationError(Exception):
    """The integrator gave up; its words."""


class Stepper(Protocol):
    """Walks through one segment.

    Attributes
    ----------
    t : float
        Time reached, s.
    y : ndarray
        State there.
    trouble : Exception or None
        Why there is no step from there.
    """

    t: float
    y: Array
    trouble: Exception | None

    def advance(self, due: Array, kept: Array, most: int) -> tuple[int, int, str]:
        """Take steps, to the end of the segment at the furthest.

        Parameters
        ----------
        due : ndarray, shape (n,)
            Times at which the state is wanted, rising; once all of them are served the call is over.
        kept : ndarray, shape (n, size)
            Written: the states.
        most : int
            Steps to take at most; with 0 only what is due of the last one is written.

        Returns
        -------
        int, int, str
            Steps taken, states kept, and the name of the event that ended the last step or ``""``.
        """

    def at(self, t: float) -> Array:
        """State within the last step."""


class SingleSteps:
    """A stepper that is called for each step, `step`, and for each state within the last one, `at`."""

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
        """What is done after each step: nothing, unless a stepper says otherwise."""

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
    """A stepper, step by step, of one chain of cells."""

    def __init__(self, system: System, segment: Segment, t: float, y: Array, events: Events) -> None:
        super().__init__(t, y, segment.end)
        self.system, self.segment, self.events = system, segment, events

    def accepted(self) -> None:
        """Remember J_v where the equation for it may have several roots."""
        self.system.accept(self.t, self.y, self.segment)


def longest_step(segment: Segment) -> float:
    """A step sees a whole oscillation only if it does not jump over a good part of it, s."""
    return segment.shortest_period / _STEPS_A_PERIOD
