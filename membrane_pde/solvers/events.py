"""Events that end a step: a side runs dry, the flow through an outflow reverses, an elastic wall goes slack."""

from __future__ import annotations

import math

import numpy as np

from membrane_pde.model.applied import Segment
from membrane_pde.model.events import AHEAD, EXPECTED_SIGN, EXTREME, TOLERATED, WATCH
from membrane_pde.model.mesh import Array
from membrane_pde.model.ports import IS_OUTFLOW
from membrane_pde.model.system import System

EVENT_NAMES = (
    "",
    "left dry",
    "right dry",
    "backflow",
    "turn",
    "left wall",
    "right wall",
)  # by the numbers of `model.events.set_events`, from 1 on
_ERROR = 10.0  # assumed error of the displaced volume ÷ tolerance of one step


class Events:
    """Events of a run, and the direction of the flow through an outflow.

    The flow reverses where the water flux changes its sign. The state there is stored, and the run continues. The flow
    counts as backflow when the volume that has returned exceeds the error of the displaced volume: close to a steady
    state without flow the computed water flux changes its sign at random, but displaces no volume.

    Attributes
    ----------
    outflow : int or None
        The side whose flow may reverse.
    watch : ndarray, shape (4,)
        See `model.events.set_events`.
    turned : tuple
        Time (s), state and segment at the last reversal of the flow.
    """

    def __init__(self, system: System, rtol: float, atol: Array) -> None:
        self.system, self.rtol, self.atol = system, rtol, float(atol[system.x])
        outflows = [side for side, port in enumerate(system.ports) if port.kind == IS_OUTFLOW and not system.still]
        self.outflow = outflows[0] if outflows else None
        self.watch = np.zeros(WATCH)
        self.turned: tuple[float, Array, Segment]
        self._set_expected_sign(drawing=False)

    def _set_expected_sign(self, drawing: bool) -> None:
        # backflow is not monitored where an outflow may draw in a solution of known concentration
        self.drawing = drawing
        self.watch[EXPECTED_SIGN] = 0.0
        if self.outflow is not None and (drawing or self.system.ports[self.outflow].outside is None):
            out = -1.0 if self.outflow == 0 else 1.0
            self.watch[EXPECTED_SIGN] = -out if drawing else out
            self.watch[EXTREME] = -math.inf * self.watch[EXPECTED_SIGN]

    def __call__(self, t: float, y: Array, segment: Segment) -> Array:
        """One value for each event, positive until it happens."""
        return self.system.events(t, y, segment, self.watch)

    def begin(self, t: float, y: Array, segment: Segment) -> None:
        """Record the direction of the flow at the start of a segment, where a jump may have reversed it."""
        self.watch[AHEAD] = 0.0
        self.look(t, y, segment)

    def look(self, t: float, y: Array, segment: Segment) -> None:
        """Record the direction of the flow, and the state if the flow has reversed."""
        if self.watch[EXPECTED_SIGN] == 0.0:
            return
        ahead = 1.0 if self.watch[EXPECTED_SIGN] * self.system.water_flux(t, y, segment) > 0.0 else -1.0
        if ahead != self.watch[AHEAD]:
            self._set_turn(t, y, segment, ahead)

    def turn(self, t: float, y: Array, segment: Segment) -> None:
        """Record that the water flux has changed its sign."""
        self._set_turn(t, y, segment, -float(self.watch[AHEAD]))

    def _set_turn(self, t: float, y: Array, segment: Segment, ahead: float) -> None:
        watch, x = self.watch, float(y[self.system.x])
        watch[AHEAD] = ahead
        if watch[EXPECTED_SIGN] * (x - watch[EXTREME]) > 0.0:
            watch[EXTREME] = x
        watch[TOLERATED] = _ERROR * (self.atol + self.rtol * abs(float(watch[EXTREME])))
        if ahead < 0.0:
            self.turned = t, y.copy(), segment

    def draw_in(self) -> None:
        """Let the outflow draw in the solution that left last, or switch back to outflow."""
        system, drawing = self.system, not self.drawing
        assert self.outflow is not None
        _, y, _ = self.turned
        edge = 0 if self.outflow == 0 else -1
        last = system.amounts(y)[:, edge] / system.widths(y)[edge]
        system.draw_in(self.outflow, last if drawing else None)
        self._set_expected_sign(drawing)
