"""Applied pressures, or a prescribed water flux, over time: piecewise linear, plus sine waves."""

from __future__ import annotations

import math
from typing import NamedTuple

from membrane_pde.kernels import kernel
from membrane_pde.model.mesh import Array


class Wave(NamedTuple):
    """A sine added to a pressure: ``amplitude · sin(2π t/period)``, Pa and s; none by default."""

    amplitude: float = 0.0
    period: float = math.inf


NO_WAVES = (Wave(), Wave())


class Segment(NamedTuple):
    """An interval of time in which the applied pressures are smooth: linear in time, plus sine waves.

    `left` and `right` are the pressures (Pa) at the times `start` and `end` (s), and `waves` the sine waves added to
    them. Where a side prescribes the water flux, `flux` is J_v (m/s) at both times, and the pressure of that side is
    not used.
    """

    start: float
    end: float
    left: tuple[float, float]
    right: tuple[float, float]
    flux: tuple[float, float] = (0.0, 0.0)
    waves: tuple[Wave, Wave] = NO_WAVES

    def applied(self, t: float) -> tuple[float, float]:
        """Applied pressures at time t, Pa."""
        return applied(self, t)

    @property
    def rise(self) -> float:
        """Rate of the left pressure minus that of the right one, without the sines, Pa/s."""
        return rise_of(self)

    @property
    def waving(self) -> bool:
        """True if a pressure oscillates."""
        return oscillates(self)

    @property
    def shortest_period(self) -> float:
        """Shortest period of the sines, s; infinite without any."""
        return min(wave.period for wave in self.waves)

    @property
    def level(self) -> bool:
        """True if all applied pressures and fluxes are constant."""
        lines = (self.left, self.right, self.flux)
        return all(line[0] == line[1] for line in lines) and not self.waving


def segment_row(segment: Segment) -> list[float]:
    """A segment as a row of numbers; see `segment_of`."""
    waves = segment.waves
    ends = [segment.start, segment.end, *segment.left, *segment.right, *segment.flux]
    return [*ends, waves[0].amplitude, waves[0].period, waves[1].amplitude, waves[1].period]


@kernel
def segment_of(row: Array) -> Segment:
    """The segment of a row of 12 numbers; an array of such rows passes many segments to a kernel."""
    waves = (Wave(float(row[8]), float(row[9])), Wave(float(row[10]), float(row[11])))
    left, right, flux = (float(row[2]), float(row[3])), (float(row[4]), float(row[5])), (float(row[6]), float(row[7]))
    return Segment(float(row[0]), float(row[1]), left, right, flux, waves)


@kernel
def on_line(segment: Segment, line: tuple[float, float], t: float) -> float:
    """Value at time t of a straight line over the segment, in the unit of `line`."""
    return line[0] + (t - segment.start) / (segment.end - segment.start) * (line[1] - line[0])


@kernel
def oscillates(segment: Segment) -> bool:
    """True if a pressure of the segment oscillates."""
    return segment.waves[0].amplitude != 0.0 or segment.waves[1].amplitude != 0.0


@kernel
def wave_at(wave: Wave, t: float) -> tuple[float, float]:
    """Pressure above the mean at time t, and its derivative with time."""
    if wave.amplitude == 0.0:
        return 0.0, 0.0
    angular_frequency = 2.0 * math.pi / wave.period
    angle = angular_frequency * (t % wave.period)
    return wave.amplitude * math.sin(angle), wave.amplitude * angular_frequency * math.cos(angle)


@kernel
def applied(segment: Segment, t: float) -> tuple[float, float]:
    """Applied pressures of a segment at time t, Pa."""
    left, right = on_line(segment, segment.left, t), on_line(segment, segment.right, t)
    return left + wave_at(segment.waves[0], t)[0], right + wave_at(segment.waves[1], t)[0]


@kernel
def line_slope(segment: Segment, line: tuple[float, float]) -> float:
    """Change per second of a straight line over the segment."""
    return (line[1] - line[0]) / (segment.end - segment.start)


@kernel
def rise_of(segment: Segment) -> float:
    """Rate of the left pressure minus that of the right one, without the sines, Pa/s."""
    return line_slope(segment, segment.left) - line_slope(segment, segment.right)
