"""Storage of the states of a run."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

import numpy as np

from membrane_pde.model.mesh import Array

# A run that may stop at any time stores states at short intervals first and later drops every second one, so that a run
# that stops early has enough of them. This is the first interval ÷ the last possible one.
_FIRST_SPACING = 2.0**-12


class Span(Protocol):
    """An interval of time."""

    @property
    def start(self) -> float:
        """s."""

    @property
    def end(self) -> float:
        """s."""


S = TypeVar("S", bound=Span)


class Recorder(Generic[S]):
    """Stores states at evenly spaced times, and drops every second one when there are more than requested.

    Parameters
    ----------
    duration : float
        Latest end of the run, s; it begins at 0.
    outputs : int
        Requested number of states.
    known_end : bool
        The run ends at `duration` unless it fails.
    size : int
        Length of a state vector.
    """

    def __init__(self, duration: float, outputs: int, known_end: bool, size: int) -> None:
        self.times, self.states = np.empty(outputs + 2), np.empty((outputs + 2, size))
        self.segments: list[S] = []
        self.outputs = outputs
        self.duration = duration
        self.spacing = duration / (outputs - 1) * (1.0 if known_end else _FIRST_SPACING)

    def due(self, segment: S) -> Array:
        """Next output times within a segment, as many as can be stored, followed by infinity.

        A time close to a boundary of segments is set to that boundary and belongs to the later segment.
        """
        count, capacity = len(self.segments), self.outputs + 1
        times = np.arange(count, capacity + 1, dtype=float)
        times *= self.spacing
        times[-1] = np.inf
        for fixed in (segment.start, segment.end, self.duration):
            nearest = round(fixed / self.spacing)
            if count <= nearest < capacity and abs(nearest * self.spacing - fixed) <= 1e-12 * self.duration:
                times[nearest - count] = fixed
        end = int(np.searchsorted(times, segment.end, side="left" if segment.end < self.duration else "right"))
        if count + end == capacity:
            return times[:-1]
        times[end] = np.inf
        return times[: end + 1]

    def store(self, times: Array, states: Array, segment: S) -> None:
        """Store states at some times of a segment."""
        count = len(self.segments)
        end = count + len(times)
        self.times[count:end], self.states[count:end] = times, states
        self.segments += [segment] * len(times)
        if end > self.outputs:  # keep every second one
            kept = len(self.segments[::2])
            self.times[:kept], self.states[:kept] = self.times[:end:2], self.states[:end:2]
            self.segments = self.segments[::2]
            self.spacing *= 2.0

    def finish(self, t: float, y: Array, segment: S) -> tuple[Array, Array, list[S]]:
        """Times, states and segments of a run that ends at a time with a state."""
        count = int(np.searchsorted(self.times[: len(self.segments)], t, side="right"))
        del self.segments[count:]
        if self.times[count - 1] < t:
            self.times[count], self.states[count] = t, y
            self.segments.append(segment)
            count += 1
        return self.times[:count], self.states[:count], self.segments
