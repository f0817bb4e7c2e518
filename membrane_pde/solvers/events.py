"""What ends a step: a side that runs dry, an outflow whose flow turns or flows back, a wall that comes off."""

from __future__ import annotations

import math

import numpy as np

from membrane_pde.model.applied import Segment
from membrane_pde.model.events import AHEAD, COUNTS, FURTHEST, WATCH, WAY
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
_ERROR = 10.0  # of the displaced volume at most, over the tolerance of one step


class Events:
    """What ends a step: a side runs dry, the flow of water through an outflow turns, water flows back through it.

    The flow turns where the water flux changes sign; that is remembered, and the step goes on from there. Water flows
    back once more of it has come back than the tolerance of the displaced volume leaves open: what an integrator makes
    of a flow that comes to rest changes its sign at random, but moves no volume.

    Attributes
    ----------
    outflow : int or None
        The side whose flow may turn.
    watch : ndarray, shape (4,)
        Of `model.events.set_events`.
    turned : tuple
        Time (s), state and segment where the flow turned last.
    """

    def __init__(self, system: System, rtol: float, atol: Array) -> None:
        self.system, self.rtol, self.atol = system, rtol, float(atol[system.x])
        outflows = [side for side, port in enumerate(system.ports) if port.kind == IS_OUTFLOW and not system.still]
        self.outflow = outflows[0] if outflows else None
        self.watch = np.zeros(WATCH)
        self.turned: tuple[float, Array, Segment]
        self._set_way(drawing=False)

    def _set_way(self, drawing: bool) -> None:
        # where it is known what is drawn in, there is nothing to watch
        self.drawing = drawing
        self.watch[WAY] = 0.0
        if self.outflow is not None and (drawing or self.system.ports[self.outflow].outside is None):
            out = -1.0 if self.outflow == 0 else 1.0
            self.watch[WAY] = -out if drawing else out
            self.watch[FURTHEST] = -math.inf * self.watch[WAY]

    def __call__(self, t: float, y: Array, segment: Segment) -> Array:
        """One value an event, positive until it happens."""
        return self.system.events(t, y, segment, self.watch)

    def begin(self, t: float, y: Array, segment: Segment) -> None:
        """Look which way the water flows where it may have turned at once: at the start, after a jump."""
        self.watch[AHEAD] = 0.0
        self.look(t, y, segment)

    def look(self, t: float, y: Array, segment: Segment) -> None:
        """Look which way the water flows, and remember where it turned."""
        if self.watch[WAY] == 0.0:
            return
        ahead = 1.0 if self.watch[WAY] * self.system.water_flux(t, y, segment) > 0.0 else -1.0
        if ahead != self.watch[AHEAD]:
            self._set_turn(t, y, segment, ahead)

    def turn(self, t: float, y: Array, segment: Segment) -> None:
        """The water flux changed its sign."""
        self._set_turn(t, y, segment, -float(self.watch[AHEAD]))

    def _set_turn(self, t: float, y: Array, segment: Segment, ahead: float) -> None:
        watch, x = self.watch, float(y[self.system.x])
        watch[AHEAD] = ahead
        if watch[WAY] * (x - watch[FURTHEST]) > 0.0:
            watch[FURTHEST] = x
        watch[COUNTS] = _ERROR * (self.atol + self.rtol * abs(float(watch[FURTHEST])))
        if ahead < 0.0:
            self.turned = t, y.copy(), segment

    def draw_in(self) -> None:
        """Water flows back: from now on the outflow draws in what it let out last, or lets out again."""
        system, drawing = self.system, not self.drawing
        assert self.outflow is not None
        _, y, _ = self.turned
        edge = 0 if self.outflow == 0 else -1
        last = system.amounts(y)[:, edge] / system.widths(y)[edge]
        system.draw_in(self.outflow, last if drawing else None)
        self._set_way(drawing)
