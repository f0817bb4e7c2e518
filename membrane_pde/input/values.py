"""Values of a case file as numbers: schedules, profiles, applied pressures and feeds; equality of two numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

SAME = 1e-6  # relative difference up to which two numbers in a case are meant to be equal


def alike(a: float, b: float) -> bool:
    """True if two numbers in a case are meant to be equal, for example 1 atm and 760 mmHg."""
    return abs(a - b) <= SAME * max(abs(a), abs(b))


@dataclass(frozen=True)
class Profile:
    """An initial concentration profile: linear between the points, constant beyond them.

    `distance` from the membrane in m, increasing; `value` in mol/m^3.
    """

    distance: tuple[float, ...]
    value: tuple[float, ...]

    def at(self, distance: float) -> float:
        """The concentration (mol/m^3) at a distance from the membrane (m)."""
        return interpolate(distance, self.distance, self.value)


@dataclass(frozen=True)
class Schedule:
    """A value that changes with time: steps, which hold ``values[i]`` from ``times[i]`` (s) on, or linear ramps.

    Before the first time the first value holds, after the last the last.
    """

    times: tuple[float, ...]
    values: tuple[float, ...]
    shape: Literal["step", "ramp"] = "step"

    def at(self, time: float) -> float:
        """The value at a time (s)."""
        if self.shape == "ramp":
            return interpolate(time, self.times, self.values)
        started = [value for start, value in zip(self.times, self.values, strict=True) if start <= time]
        return started[-1] if started else self.values[0]

    @property
    def largest(self) -> float:
        """Largest magnitude."""
        return max(abs(value) for value in self.values)

    @property
    def is_constant(self) -> bool:
        """True if the value is constant."""
        return all(value == self.values[0] for value in self.values)

    @property
    def one_number(self) -> float | None:
        """The value, if there is only one; else None."""
        return self.values[0] if len(self.values) == 1 else None


@dataclass(frozen=True)
class Pressure:
    """Applied pressure: one value, a schedule of steps or ramps, or a mean with an oscillation.

    `times` in s, increasing; `values` in Pa. Before the first time the first value holds, after the last the last; a
    "step" holds ``values[i]`` from ``times[i]`` on, a "ramp" is linear in between. A "sine" is
    ``values[0] + amplitude · sin(2π t/period)``, a "pulse" ``values[0] + amplitude`` for the first `duty` of each
    period and ``values[0] − amplitude`` for the rest. With `flux`, `values` are the water flux (m/s) out of this side
    into the membrane that is held instead of a pressure. Along a membrane the flux is the mean over the area, and a
    `total` may be held instead: the "recovery" (permeate over feed), or the "permeate" flow (m^3/s).
    """

    times: tuple[float, ...]
    values: tuple[float, ...]
    shape: Literal["step", "ramp", "sine", "pulse"] = "step"
    amplitude: float = 0.0
    period: float = math.inf
    duty: float = 0.5
    flux: bool = False
    total: Literal["", "recovery", "permeate"] = ""

    def at(self, time: float) -> float:
        """The pressure (Pa), or the flux that is held (m/s), at a time (s)."""
        if self.shape == "ramp":
            return interpolate(time, self.times, self.values)
        if self.oscillates:
            part = math.fmod(time, self.period) / self.period
            wave = math.sin(2.0 * math.pi * part) if self.shape == "sine" else 1.0 if part < self.duty else -1.0
            return self.values[0] + self.amplitude * wave
        started = [value for start, value in zip(self.times, self.values, strict=True) if start <= time]
        return started[-1] if started else self.values[0]

    def integral(self, time: float) -> float:
        """The integral of `at` from 0 to a time (s), Pa s or m."""
        if self.shape == "sine":
            angle = 2.0 * math.pi * math.fmod(time, self.period) / self.period
            wave = self.period / (2.0 * math.pi) * (1.0 - math.cos(angle))
            return self.values[0] * time + self.amplitude * wave
        if self.shape == "pulse":
            whole, part = divmod(time, self.period)
            high = self.duty * self.period
            wave = whole * (2.0 * high - self.period) + min(part, high) - max(part - high, 0.0)
            return self.values[0] * time + self.amplitude * wave
        if self.shape == "ramp":
            edges = [0.0, *(each for each in self.times if 0.0 < each < time), time]
            return sum(0.5 * (self.at(a) + self.at(b)) * (b - a) for a, b in pairwise(edges))
        edges = [min(max(each, 0.0), time) for each in (0.0, *self.times[1:], time)]  # the first value holds before
        return sum(value * (b - a) for value, (a, b) in zip(self.values, pairwise(edges), strict=True))

    @property
    def oscillates(self) -> bool:
        """True for a mean with an oscillation."""
        return self.shape in ("sine", "pulse")

    @property
    def held(self) -> Literal["pressure", "flux", "recovery", "permeate"]:
        """Kind of quantity in `values`: pressure, flux, recovery or permeate flow."""
        return self.total or ("flux" if self.flux else "pressure")

    @property
    def one_number(self) -> float | None:
        """The pressure, if it is a single constant value; else None."""
        plain = self.held == "pressure" and not self.oscillates and len(self.times) == 1
        return self.values[0] if plain else None

    @property
    def largest(self) -> float:
        """Largest magnitude, Pa, or m/s of a flux."""
        return max(abs(value) for value in self.values) + abs(self.amplitude)


@dataclass(frozen=True)
class Feed:
    """The feed of a bath: concentrations by solute (mol/m^3), and the flow (m/s, per membrane area).

    Without a flow it is a make-up feed, which keeps the volume constant.
    """

    concentration: dict[str, float]
    flow: float | None = None


@dataclass(frozen=True)
class ApparentVolume:
    """Apparent volume of a solute: one value, or the five coefficients of Laliberté and Cooper (`physics.density`).

    `coefficients` per `basis`: m^3/mol, or m^3/kg (always with five).
    """

    coefficients: tuple[float, ...]
    basis: Literal["mole", "mass"]


@dataclass(frozen=True)
class Total:
    """A total volume (m^3) or flow (m^3/s), for a key that may also be given per membrane area."""

    value: float


def interpolate(x: float, xs: tuple[float, ...], ys: tuple[float, ...]) -> float:
    """Interpolate linearly between the points; constant outside them."""
    if x <= xs[0]:
        return ys[0]
    for i in range(1, len(xs)):
        if x <= xs[i]:
            share = (x - xs[i - 1]) / (xs[i] - xs[i - 1])
            return ys[i - 1] + share * (ys[i] - ys[i - 1])
    return ys[-1]
