"""The best fit: least squares over the scaled unknowns, with the errors and the mesh repeated until they agree."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from membrane_pde.input.errors import CaseError
from membrane_pde.input.parts import SIDES
from membrane_pde.studies.fitting.errors import Errors, Scatter, scatter_of, size_of
from membrane_pde.studies.fitting.identifiability import check_determined, without_effect
from membrane_pde.studies.fitting.trials import Trials
from membrane_pde.studies.measurements import Table

Vector = NDArray[np.float64]


_STEP = 1e-3  # step of a scaled unknown for finite differences
_TRIALS = 100  # largest number of trials in each round
_ROUNDS = 20  # largest number of rounds; each uses the errors and the mesh of the round before
_EXACT = 1e-6  # scatter ÷ size of a column below which it is the error of the solver


@dataclass(frozen=True)
class Minimum:
    """The best fit.

    `scaled` are the unknowns and `held` is True for those at a bound; `computed` are the values at the measured points
    and `error` their assumed errors; `jacobian` (point, unknown) is divided by these errors.
    """

    scaled: Vector
    held: NDArray[np.bool_]
    computed: Vector
    error: Vector
    jacobian: Vector
    scatter: Scatter
    note: str


def find_minimum(trials: Trials, errors: Errors) -> Minimum:
    """Repeat least squares, estimate of the errors, and choice of the mesh, until they agree."""
    table, measured, column, given = trials.table, trials.measured, trials.column, errors.given
    sizes = np.array([size_of(each.series, each.numbers * each.size) for each in table.measured])
    factor, shape = np.ones(len(given)), errors.at(None, sizes)
    error = shape
    scaled = np.zeros(len(trials.unknowns))
    _check_start(trials, measured)
    for _ in range(_ROUNDS):
        scaled = _least_squares(trials, measured, error, scaled)
        finer = trials.hold_mesh(scaled)
        computed, derivatives = trials.at(scaled), _derivatives(trials, scaled)
        jacobian, residual = derivatives / error[:, None], (computed - measured) / error
        held = _at_bound(trials, scaled, jacobian, residual)
        check_determined(trials, scaled, derivatives / sizes[column][:, None], held)
        scatter = scatter_of(jacobian[:, ~held], residual, column, given)
        found = Minimum(scaled, held, computed, error, jacobian, scatter, "")
        again = finer
        if scatter.own and not given.all():
            ratio = np.maximum(
                np.sqrt(scatter.variance), _EXACT * sizes / error[np.searchsorted(column, range(len(sizes)))]
            )
            ratio[given] = 1.0
            again |= len(ratio) > 1 and bool(np.abs(np.log(ratio)).max() > 0.01)
            factor = factor * ratio
        before, shape = shape, errors.at(computed, sizes)
        again |= bool(np.abs(np.log(shape / before)).max() > 0.01)
        error = shape * factor[column]
        if not again:
            break
    avoided = any(not np.isfinite(each).all() for each in trials.known.values())
    return replace(found, note="Runs with some trial values failed; these were avoided." if avoided else "")


def _check_start(trials: Trials, measured: Vector) -> None:
    """Raise CaseError unless the first run succeeds, has the measured signs, and depends on every unknown."""
    start = np.zeros(len(trials.unknowns))
    try:
        trials.hold_mesh(start)
    except CaseError as error:
        raise CaseError(f"at {trials.in_words(start)}: {error}") from None
    computed = trials.at(start)
    if not np.isfinite(computed).all():
        raise CaseError(f"the run with the starting values failed: {trials.failure}")
    _check_signs(trials.table, measured, computed)
    for unknown, effect in zip(trials.unknowns, _derivatives(trials, start, central=False).T, strict=True):
        if not effect.any():
            raise CaseError(without_effect(trials, start, unknown))


def _least_squares(trials: Trials, measured: Vector, error: Vector, begin: Vector) -> Vector:
    """The scaled unknowns that fit best with these errors."""
    from scipy.optimize import least_squares

    low, high = np.array([unknown.bounds for unknown in trials.unknowns]).T

    def residual(moved: Vector) -> Vector:
        return (trials.at(begin + moved) - measured) / error

    def derivatives(moved: Vector) -> Vector:
        return _derivatives(trials, begin + moved, central=False) / error[:, None]

    # as a difference from the starting point: so the first step changes each number by a moderate factor
    solution = least_squares(
        residual,
        np.zeros_like(begin),
        derivatives,
        (low - begin, high - begin),
        method="trf",
        ftol=1e-7,
        xtol=1e-7,
        gtol=1e-7,
        max_nfev=_TRIALS,
    )
    scaled = np.asarray(begin + solution.x)
    if solution.status == 0:
        raise CaseError(
            f"no best fit was found in {_TRIALS} trials; the last one was {trials.in_words(scaled)}: start closer to "
            "the best fit (--set), or free fewer keys"
        )
    return scaled


def _derivatives(trials: Trials, scaled: Vector, central: bool = True) -> Vector:
    """Derivatives of the computed values by each scaled unknown (point, unknown), by finite differences within bounds.

    Central differences take one more run for each unknown; during the search, one-sided ones are accurate enough.
    """
    found = np.empty((len(trials.measured), len(scaled)))
    for j, unknown in enumerate(trials.unknowns):
        low, high = unknown.bounds
        up, down = scaled.copy(), scaled.copy()
        up[j] = min(scaled[j] + _STEP, high)
        if central or up[j] - scaled[j] < 0.5 * _STEP:
            down[j] = max(scaled[j] - _STEP, low)
        found[:, j] = (trials.at(up) - trials.at(down)) / (up[j] - down[j])
        if not np.isfinite(found[:, j]).all():
            raise CaseError(f"a run failed: {trials.failure}")
    return found


def _check_signs(table: Table, measured: Vector, computed: Vector) -> None:
    """Raise CaseError if all measured values of a column have the wrong sign: fluxes count from left to right."""
    count = len(table.rows)
    for i, column in enumerate(table.measured):
        here = slice(i * count, (i + 1) * count)
        signs = {float(sign) for sign in np.sign(measured[here] * computed[here])}
        if signs == {-1.0} and SIDES[0] not in column.series and SIDES[1] not in column.series:
            found = "negative" if computed[here][0] < 0.0 else "positive"
            raise CaseError(
                f"{column.header}: all measured numbers have the opposite sign to those of the case, which are "
                f"{found}: flows are positive from left to right"
            )


def _at_bound(trials: Trials, scaled: Vector, jacobian: Vector, residual: Vector) -> NDArray[np.bool_]:
    """True for the unknowns whose minimum lies beyond a bound."""
    step = -np.linalg.lstsq(jacobian, residual, rcond=1e-12)[0]
    held = np.zeros(len(scaled), dtype=bool)
    for j, unknown in enumerate(trials.unknowns):
        low, high = unknown.bounds
        near = 1e-2 * min(1.0, high - low)
        beyond = scaled[j] + step[j]
        held[j] = (scaled[j] - low < near and beyond <= low + 1e-9) or (
            high - scaled[j] < near and beyond >= high - 1e-9
        )
        if held[j] and (unknown.positive or math.isinf(unknown.number.high)):
            end = "below" if scaled[j] < 0.0 else "above"
            raise CaseError(
                f"{unknown.in_words(scaled[j])}: it went as far {end} its start as the fit allows, because the data do "
                f"not limit it. Start closer (--set {unknown.number.key}=…), or do not free it"
            )
    return held
