"""Checks, and the data of their plots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Check:
    """A computed value and its reference value; `low` and `high` are the allowed bounds."""

    what: str
    unit: str
    expected: float
    got: float
    low: float
    high: float
    source: str

    @property
    def passed(self) -> bool:
        """True if the number is within its bounds; False for NaN."""
        return self.low <= self.got <= self.high

    @property
    def error(self) -> float:
        """Relative deviation from the expected value; the absolute deviation if that is zero."""
        difference = self.got - self.expected
        return difference / abs(self.expected) if self.expected else difference

    @property
    def used(self) -> float:
        """Error ÷ tolerance; NaN if there is no number."""
        off = self.got - self.expected
        room = self.high - self.expected if off > 0.0 else self.expected - self.low
        return abs(off) / room if off else 0.0

    def as_dict(self) -> dict[str, Any]:
        """All attributes as JSON values; None for numbers that are not finite."""
        entries = asdict(self) | {"error": self.error, "passed": self.passed}
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in entries.items()}


@dataclass(frozen=True)
class Series:
    """Points of a plot: known ones, with their `spread`, are drawn as markers and bars, ours (`ours`) as a line.

    `off` is what the package computes at these x minus what is known there, where the two lines of a plot have other x.
    """

    label: str
    x: ArrayLike
    y: ArrayLike
    spread: ArrayLike | None = None
    ours: bool = False
    off: ArrayLike | None = None


@dataclass(frozen=True)
class Difference:
    """Computed minus known values at x; `scale` is the reference magnitude, one number or one for each x.

    The scale is the largest known size or, of measurements and on a logarithmic axis, each value itself (`relative`).
    """

    of: Series
    label: str
    x: ArrayLike
    difference: ArrayLike
    scale: ArrayLike
    relative: bool


@dataclass(frozen=True)
class Panel:
    """One plot of a group; `logarithmic` names the logarithmic axes: "x", "y" or "xy".

    With `names`, what stands at x = 0, 1, … has no order, and ours are crosses.
    """

    title: str
    x: str
    y: str
    series: Sequence[Series]
    logarithmic: str = ""
    names: Sequence[str] = ()

    def differences(self) -> list[Difference]:
        """Computed minus reference values, where the plot has both at the same x.

        A series gives it itself (`off`), or it follows from a known series and one of ours behind it.
        """
        found = []
        for each, after in zip(self.series, [*self.series[1:], None], strict=True):
            y, off = np.asarray(each.y, float), each.off
            if off is None and after is not None and after.ours and not each.ours and np.array_equal(each.x, after.x):
                off = np.asarray(after.y, float) - y
            if off is not None:
                relative = "y" in self.logarithmic or bool(self.names) or each.spread is not None
                scale = np.abs(y) if relative else float(np.abs(y).max())
                label = each.label.removesuffix(", exact").removesuffix(", measured").removesuffix(", turned")
                found.append(Difference(each, label, each.x, np.asarray(off, float), scale, relative))
        return found


@dataclass(frozen=True)
class Findings:
    """Results of a group of checks; `title` names the two sides of the comparison."""

    group: str
    title: str
    checks: list[Check] = field(default_factory=list)
    panels: list[Panel] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """True if there is at least one check and all have passed."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def worst(self) -> Check:
        """The check that failed, or came nearest to it."""
        return max(self.checks, key=lambda check: math.inf if math.isnan(check.used) else check.used)


def near(what: str, unit: str, expected: float, got: float, off: float, source: str) -> Check:
    """A check of a number with a symmetric tolerance."""
    return Check(what, unit, float(expected), float(got), float(expected) - off, float(expected) + off, source)


def worst(
    what: str, unit: str, expected: ArrayLike, got: ArrayLike, off: ArrayLike, source: str, at: Sequence[str] = ()
) -> Check:
    """Of many numbers with an allowed deviation each, the one whose deviation ÷ allowed deviation is largest.

    Parameters
    ----------
    what, unit, source : str
        As of a `Check`.
    expected, got, off : array_like
        Of one shape, or such that they stretch to one.
    at : sequence of str, optional
        Where each of them is, to be named.

    Returns
    -------
    Check
    """
    e, g, o = (np.ravel(a) for a in np.broadcast_arrays(*(np.asarray(v, float) for v in (expected, got, off))))
    size = np.abs(g - e) / o
    place = int(np.argmax(np.where(np.isnan(size), np.inf, size)))
    where = f", {at[place]}" if at else ""
    return near(f"{what}{where} (worst of {e.size})", unit, e[place], g[place], float(o[place]), source)


def at_most(what: str, unit: str, got: float, limit: float, source: str) -> Check:
    """A check of a magnitude that should be zero, with an upper bound."""
    return Check(what, unit, 0.0, float(got), 0.0, limit, source)
