"""The unknowns of a fit: free numbers of a case, and their scaled form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from membrane_pde.input import units
from membrane_pde.input.case import Case
from membrane_pde.input.errors import CaseError
from membrane_pde.input.number_at import Number, number_at
from membrane_pde.input.wording import show
from membrane_pde.studies.measurements import Table

_FURTHEST = math.log(1e4)  # largest change of a logarithm from its starting value


@dataclass(frozen=True)
class Unknown:
    """A free number in scaled form: 0 at its starting value, and a logarithm if the number is positive."""

    number: Number

    @property
    def positive(self) -> bool:
        """True for any positive number: the scaled form is its logarithm."""
        return self.number.low == 0.0 and self.number.high == math.inf

    @property
    def size(self) -> float:
        """SI value of one scaled unit, if the scaled form is not a logarithm."""
        bounded = self.number.low > -math.inf
        return 1.0 if bounded else abs(self.number.value) or 1e5  # only a pressure may be 0 or below

    @property
    def bounds(self) -> tuple[float, float]:
        """Bounds of the scaled unknown."""
        if self.positive:
            return -_FURTHEST, _FURTHEST
        low, high = ((end - self.number.value) / self.size for end in (self.number.low, self.number.high))
        return max(low, -math.exp(_FURTHEST)), min(high, math.exp(_FURTHEST))

    def value(self, scaled: float) -> float:
        """The number in SI units, within its bounds."""
        if self.positive:
            return self.number.value * math.exp(min(scaled, 2.0 * _FURTHEST))  # the end of an interval may be endless
        return min(max(self.number.value + self.size * scaled, self.number.low), self.number.high)

    def in_words(self, scaled: float) -> str:
        """Key and value, for a message."""
        text = number_text(float(f"{self.value(scaled):.4g}"), self.number.unit, self.number.shown_in, digits=4)
        return f"{self.number.key} = {text}"


def free_keys(free: Sequence[str], table: Table) -> list[str]:
    """The free keys; CaseError if one cannot be free."""
    if isinstance(free, str) or not all(isinstance(key, str) for key in free):
        raise CaseError(f'free = {show(free)}: expected a list of keys, for example ["membrane.water_permeability"]')
    keys = [key.strip() for key in free]
    if not keys:
        raise CaseError(
            "there is no free key: give at least one number to fit, for example membrane.water_permeability"
        )
    for key in keys:
        if keys.count(key) > 1:
            raise CaseError(f"{key} is given twice as a free key")
        if key in (column.name for column in table.settings):
            raise CaseError(f"{key} cannot be free: the data have a column for it")
        if key.partition(".")[0] in ("run", "mesh"):
            raise CaseError(
                f"{key} cannot be free: it is a setting of the solver, and no property of what was measured"
            )
    return keys


def unknown_at(case: Case, key: str) -> Unknown:
    """The unknown at a key of the case; CaseError if it starts at 0 and must be positive."""
    number = number_at(case, key)
    if number.low == 0.0 == number.value and number.high == math.inf:
        example = next((each.example for each in units.DIMENSIONS.values() if each.si == number.unit != ""), "1")
        raise CaseError(f"{key} is 0 in this case, and a fit needs a start above 0: --set {key}={show(example)}")
    return Unknown(number)


def number_text(value: float, unit: str, shown_in: str, digits: int = 17) -> str:
    """A number with its unit as it goes into a case file."""
    number = units.to(value, shown_in) if unit else value
    text = f"{number:.{digits}g}" if digits < 17 else repr(float(number))
    return f"{text} {shown_in}" if unit else text
