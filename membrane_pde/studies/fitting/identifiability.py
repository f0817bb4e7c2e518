"""Identifiability: effects of the unknowns on the measured quantities, and intervals that are too wide."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from membrane_pde.input.errors import CaseError
from membrane_pde.studies.fitting.trials import Trials
from membrane_pde.studies.fitting.unknowns import Unknown, number_text

Vector = NDArray[np.float64]


_NOTHING = 1e-4  # smallest effect of a factor e of an unknown, relative to the size of a column
_ALIKE = 1e-3  # smallest singular value of the normalised effects below which some are not distinguishable
_WIDEST = math.log(100.0)  # largest half width of the confidence interval of a logarithm


def without_effect(trials: Trials, scaled: Vector, unknown: Unknown) -> str:
    """Message about an unknown that changes no measured quantity."""
    key = unknown.number.key
    return (
        f"no measured quantity depends on {key} (at {trials.in_words(scaled)}): do not free it, measure a quantity "
        f"that it changes, or start from another value (--set {key}=…)"
    )


def check_determined(trials: Trials, scaled: Vector, effects: Vector, held: NDArray[np.bool_]) -> None:
    """Raise CaseError unless every unknown has an effect on the data of its own.

    `effects` are derivatives (point, unknown) divided by the sizes of the columns.
    """
    free = [unknown for unknown, at_bound in zip(trials.unknowns, held, strict=True) if not at_bound]
    effects = effects[:, ~held]
    lengths = np.sqrt((effects**2).mean(axis=0))
    for unknown, length in zip(free, lengths, strict=True):
        if length < _NOTHING:
            raise CaseError(without_effect(trials, scaled, unknown))
    if len(free) < 2:
        return
    _, singular, right = np.linalg.svd(effects / np.linalg.norm(effects, axis=0), full_matrices=False)
    if singular[-1] < _ALIKE:
        shares = np.abs(right[-1])
        keys = [unknown.number.key for unknown, share in zip(free, shares, strict=True) if share > 0.1 * shares.max()]
        raise CaseError(
            f"the data cannot tell {_and(keys)} apart: a change of one has the same effect as a change of the "
            f"other{_s(keys)}. Do not free one of them, or measure another quantity, too"
        )


def _and(keys: list[str]) -> str:
    return f"{', '.join(keys[:-1])} and {keys[-1]}"


def _s(keys: list[str]) -> str:
    return "s" if len(keys) > 2 else ""


def check_interval(trials: Trials, unknown: Unknown, scaled: float, half: float, correlation: Vector) -> None:
    """Raise CaseError if a confidence interval is too wide to be of use."""
    low, high = unknown.number.low, unknown.number.high
    if half <= (_WIDEST if unknown.positive else high - low if math.isfinite(high - low) else math.inf):
        return
    ends = " to ".join(
        number_text(unknown.value(end), unknown.number.unit, unknown.number.shown_in, digits=2)
        for end in (scaled - half, scaled + half)
    )
    partners = [
        other.number.key
        for other, r in zip(trials.unknowns, correlation, strict=True)
        if other is not unknown and abs(r) > 0.95
    ]
    together = f"; it is strongly correlated with {', '.join(partners)}" if partners else ""
    raise CaseError(
        f"the data do not determine {unknown.number.key}: its 95 % confidence interval is {ends}{together}. Do not "
        "free it, or measure more quantities that it changes"
    )
