"""fit: known values come back, errors and intervals are what statistics says, and what the data cannot tell is refused.

Most of it on a stirred cell in the steady state, which is one short run; where hundreds of fits are needed, on its
closed form.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import membrane_pde as mp
from membrane_pde import runs
from membrane_pde.input.case import Case
from membrane_pde.input.number_at import number_at
from membrane_pde.studies import fitting
from tests.bases import STIRRED_CELL

CELL = mp.parse_case(STIRRED_CELL.replace("reflection = 1.0", "reflection = 0.9").replace("5 min", "1 h"), "cell")
A, B, SIGMA = (
    "membrane.water_permeability",
    "membrane.solutes.NaCl.permeability",
    "membrane.solutes.NaCl.reflection",
)
TRUE: dict[str, object] = {A: "2.5 L/m^2/hour/bar", B: "1.5e-7 m/s", SIGMA: 0.93}
TRUE_SI = {A: 2.5 / 3.6e11, B: 1.5e-7, SIGMA: 0.93}
PRESSURES = np.array([3.0, 5.0, 8.0, 12.0, 18.0, 25.0, 35.0])
LMH = 3.6e6
NOISE = {"water_flux [L/m^2/hour]": 0.8, "rejection[NaCl] [%]": 0.4}


def closed_form(case: Case) -> dict[str, Any]:
    """The end of the cell's run: Spiegler and Kedem's rejection, and the water flux that goes with it."""
    membrane, numbers = case.membrane, case.membrane.solutes["NaCl"]
    pressure, sigma = case.left.pressure.values[0], numbers.reflection
    osmotic = 2.0 * 8.31446261815324 * case.temperature * float(case.left.concentration["NaCl"])  # type: ignore[arg-type]
    flux = membrane.water_permeability * pressure
    for _ in range(1000):
        if sigma == 1.0:
            rejection = flux / (flux + numbers.permeability)
        else:
            passing = math.exp(-(1.0 - sigma) * flux / numbers.permeability)
            rejection = sigma * (1.0 - passing) / (1.0 - sigma * passing)
        before, flux = flux, membrane.water_permeability * (pressure - sigma * osmotic * rejection)
        if abs(flux - before) <= 1e-15 * abs(flux):
            break
    return {"status": "steady", "water_flux_m_per_s": flux, "rejection": {"NaCl": rejection}}


def exact(pressures: Any = PRESSURES, values: Mapping[str, object] = TRUE) -> dict[str, Any]:
    """What a bench would measure without noise."""
    true = CELL.with_values(values)
    found = [closed_form(true.with_values({"left.pressure": f"{float(p)!r} bar"})) for p in pressures]
    return {
        "left.pressure [bar]": np.array(pressures),
        "water_flux [L/m^2/hour]": np.array([each["water_flux_m_per_s"] * LMH for each in found]),
        "rejection[NaCl] [%]": np.array([each["rejection"]["NaCl"] * 100 for each in found]),
    }


def noisy(seed: int, given: bool = False) -> dict[str, Any]:
    """The same with noise, and with columns of its standard errors if they are to be given."""
    data, random = exact(), np.random.default_rng(seed)
    for header, error in NOISE.items():
        data[header] = data[header] + random.normal(0.0, error, len(PRESSURES))
        if given:
            data[header.replace(" [", " error [", 1)] = np.full(len(PRESSURES), error)
    return data


# -- known values come back -----------------------------------------------------------------------------------------
def test_a_run_is_the_closed_form() -> None:
    summary, expected = runs.summarize(CELL), closed_form(CELL)
    assert summary["water_flux_m_per_s"] == pytest.approx(expected["water_flux_m_per_s"], rel=1e-5)
    assert summary["rejection"]["NaCl"] == pytest.approx(expected["rejection"]["NaCl"], rel=1e-5)


def test_exact_data_give_the_exact_values() -> None:
    found = mp.fit(CELL, exact(), [A, B, SIGMA])
    for key, value in TRUE_SI.items():
        assert found.parameters[key].value == pytest.approx(value, rel=1e-4)
        assert found.parameters[key].start == pytest.approx(number_at(CELL, key).value)
    assert found.message == ""
    assert (found.points, found.degrees_of_freedom) == (14, 11)
    for column in found.columns:
        assert np.abs(column.residual).max() < 1e-3 * np.abs(column.measured).max()
    assert number_at(found.case, A).shown_in == "L/m^2/hour/bar"
    assert found.case.membrane.water_permeability == pytest.approx(TRUE_SI[A], rel=1e-4)


def test_noisy_data_give_the_values_within_their_intervals() -> None:
    """Four seeds, three values: more than two of twelve intervals beside the value would be a chance of 2 %."""
    missed = 0
    for seed in range(4):
        found = mp.fit(CELL, noisy(seed), [A, B, SIGMA])
        for key, value in TRUE_SI.items():
            each = found.parameters[key]
            assert each.low is not None
            assert each.high is not None
            assert each.low < each.value < each.high
            assert each.value == pytest.approx(value, rel=0.15)
            missed += not each.low <= value <= each.high
        for column, error in zip(found.columns, NOISE.values(), strict=True):
            assert not column.given
            assert column.error == pytest.approx(error, rel=0.6)  # each has its own
    assert missed <= 2


@pytest.mark.parametrize("given", [True, False], ids=["errors given", "errors from the scatter"])
@pytest.mark.parametrize("fits", [25, pytest.param(500, marks=pytest.mark.slow)])
def test_intervals_hold_the_value_as_often_as_they_say(fits: int, given: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """95 % of the intervals, within four standard deviations of that count; half of all values within 0.7 errors."""
    monkeypatch.setattr(runs, "summarize", closed_form)
    held, deviations = 0, []
    for seed in range(1000, 1000 + fits):
        found = mp.fit(CELL, noisy(seed, given), [A, B, SIGMA])
        for key, value in TRUE_SI.items():
            each = found.parameters[key]
            assert each.low is not None
            assert each.high is not None
            assert each.standard_error is not None
            held += each.low <= value <= each.high
            deviations.append((each.value - value) / each.standard_error)
    count = 3 * fits
    allowed = 4.0 * math.sqrt(3.0) * math.sqrt(count * 0.95 * 0.05)  # the three of a fit hang together
    assert abs(held - 0.95 * count) <= allowed
    assert np.median(np.abs(deviations)) == pytest.approx(0.7, abs=0.25 if fits < 100 else 0.07)
    assert abs(np.mean(np.sign(deviations))) < (0.35 if fits < 100 else 0.08)


def test_a_start_far_away_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "summarize", closed_form)
    start = CELL.with_values({SIGMA: 1.0})
    expected = mp.fit(start, noisy(0), [A, B]).parameters
    far = start.with_values({A: "30 L/m^2/hour/bar", B: "1e-10 m/s"})
    for key, each in mp.fit(far, noisy(0), [A, B]).parameters.items():
        assert each.value == pytest.approx(expected[key].value, rel=1e-3)


# -- errors as statistics has them ----------------------------------------------------------------------------------
WATER = CELL.with_values({"left.concentration.NaCl": "0 g/L"})  # then J = A p, by hand
FLUX = np.array([7.9, 12.2, 20.5, 29.5, 46.0, 61.0, 88.5])


@pytest.mark.parametrize("given", [False, True])
def test_errors_of_a_line_through_the_origin(given: bool) -> None:
    data = {"left.pressure [bar]": PRESSURES, "water_flux [LMH]": FLUX}
    errors = np.linspace(0.5, 1.5, 7) if given else np.ones(7)
    if given:
        data["water_flux error [LMH]"] = errors
    found = mp.fit(WATER, data, [A])
    weight = 1.0 / errors**2
    slope = (weight * PRESSURES * FLUX).sum() / (weight * PRESSURES**2).sum()
    left = FLUX - slope * PRESSURES
    scatter = 1.0 if given else math.sqrt((left**2).sum() / 6)
    error = scatter / math.sqrt((weight * PRESSURES**2).sum())
    times = 1.959963985 if given else 2.446911851  # 97.5 % of the normal, and of Student's t with 6
    each, unit = found.parameters[A], 1.0 / 3.6e11
    assert each.value == pytest.approx(slope * unit, rel=1e-5)
    assert each.standard_error == pytest.approx(error * unit, rel=1e-3)
    assert each.low == pytest.approx(slope * math.exp(-times * error / slope) * unit, rel=1e-4)
    assert each.high == pytest.approx(slope * math.exp(times * error / slope) * unit, rel=1e-4)
    assert found.columns[0].error == pytest.approx(errors * scatter, rel=1e-3)
    if given:
        assert found.reduced_chi_square == pytest.approx((weight * left**2).sum() / 6, rel=1e-3)
    else:
        assert found.reduced_chi_square is None


RELATIVE = {"water_flux [L/m^2/hour]": 0.01, "rejection[NaCl] [%]": 0.03}  # of 1 − rejection


def relatively_noisy(seed: int) -> dict[str, Any]:
    """A bench whose errors are in proportion to the flux, and to what the membrane lets through."""
    data, random = exact(), np.random.default_rng(seed)
    for (header, error), zero in zip(RELATIVE.items(), (0.0, 100.0), strict=True):
        data[header] = zero + (data[header] - zero) * random.normal(1.0, error, len(PRESSURES))
    return data


@pytest.mark.parametrize("fits", [25, pytest.param(500, marks=pytest.mark.slow)])
def test_intervals_of_relative_errors_hold_the_value_as_often_as_they_say(
    fits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "summarize", closed_form)
    held = 0
    for seed in range(2000, 2000 + fits):
        found = mp.fit(CELL, relatively_noisy(seed), [A, B, SIGMA], errors="relative")
        held += sum(
            (each.low or math.inf) <= value <= (each.high or 0.0)
            for value, each in ((TRUE_SI[key], found.parameters[key]) for key in TRUE_SI)
        )
    count = 3 * fits
    assert abs(held - 0.95 * count) <= 4.0 * math.sqrt(3.0) * math.sqrt(count * 0.95 * 0.05)
    assert [column.error_source for column in found.columns] == [
        "from the scatter, in proportion to each number",
        "from the scatter, in proportion to 1 − each number",
    ]


def test_a_line_through_the_origin_with_relative_errors() -> None:
    """Errors in proportion to J = A p: A is the mean of J/p, its standard error that of a mean."""
    data = {"left.pressure [bar]": PRESSURES, "water_flux [L/m^2/hour]": FLUX}
    slopes = FLUX / PRESSURES / 3.6e11
    each = mp.fit(WATER, data, [A], errors="relative").parameters[A]
    assert each.value == pytest.approx(slopes.mean(), rel=1e-6)
    assert each.standard_error == pytest.approx(slopes.std(ddof=1) / math.sqrt(len(FLUX)), rel=1e-4)
    for known in ("1 %", "0.01", " 1%"):
        found = mp.fit(WATER, data, [A], errors=known)
        assert found.columns[0].error_source == "1 % of each number"
        assert found.columns[0].given
        assert found.parameters[A].value == pytest.approx(slopes.mean(), rel=1e-6)
        assert found.parameters[A].standard_error == pytest.approx(
            0.01 * slopes.mean() / math.sqrt(len(FLUX)), rel=1e-4
        )
    in_table = mp.fit(WATER, data | {"water_flux error [%]": [1.0] * len(FLUX)}, [A])
    weights = 1.0 / (0.01 * FLUX) ** 2  # of the measured numbers
    expected = (weights * PRESSURES * FLUX).sum() / (weights * PRESSURES**2).sum() / 3.6e11
    assert in_table.parameters[A].value == pytest.approx(expected, rel=1e-6)
    assert in_table.columns[0].error_source == "given"


@pytest.mark.parametrize("errors", ["", "none", "1 bar", "0 %", "150 %", "-1 %", 0.01, None])
def test_wrong_errors_are_refused(errors: Any) -> None:
    data = {"left.pressure [bar]": PRESSURES, "water_flux [L/m^2/hour]": FLUX}
    with pytest.raises(mp.CaseError, match=r'expected "absolute", "relative", or a share above zero such as "1 %"'):
        mp.fit(WATER, data, [A], errors=errors)


def test_errors_given_too_small_are_told() -> None:
    data = {"left.pressure [bar]": PRESSURES, "water_flux [LMH]": FLUX, "water_flux error [LMH]": [0.01] * 7}
    found = mp.fit(WATER, data, [A])
    assert found.reduced_chi_square is not None
    assert found.reduced_chi_square > 100
    assert "does not describe the data within their errors" in found.message


def test_as_many_points_as_unknowns_have_no_errors() -> None:
    found = mp.fit(WATER, {"left.pressure [bar]": [10], "water_flux [LMH]": [25]}, [A])
    each = found.parameters[A]
    assert each.value == pytest.approx(25 / 10 / 3.6e11, rel=1e-5)
    assert (each.standard_error, each.low, each.high) == (None, None, None)
    assert "the errors cannot be estimated" in found.message
    given = {"left.pressure [bar]": [10], "water_flux [LMH]": [25], "water_flux error [LMH]": [1]}
    assert mp.fit(WATER, given, [A]).parameters[A].standard_error == pytest.approx(0.1 / 3.6e11, rel=1e-3)


def test_few_points_share_a_relative_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "summarize", closed_form)
    data = {name: values[[0, 5]] for name, values in exact().items()}
    data["water_flux [L/m^2/hour]"] *= [1.02, 0.99]
    found = mp.fit(CELL, data, [A, B, SIGMA])
    assert found.degrees_of_freedom == 1
    assert "the same relative error" in found.message
    flux, rejection = found.columns
    share = flux.error[0] / np.sqrt((flux.measured**2).mean())
    assert rejection.error[0] / np.sqrt(((100 - rejection.measured) ** 2).mean()) == pytest.approx(share, rel=1e-6)


def test_columns_of_known_and_unknown_errors_go_together() -> None:
    data = noisy(1, given=True)
    del data["water_flux error [L/m^2/hour]"]
    found = mp.fit(CELL, data, [A, B, SIGMA])
    assert [column.given for column in found.columns] == [False, True]
    assert found.columns[1].error == pytest.approx(0.4)
    assert found.columns[0].error == pytest.approx(0.8, rel=0.6)
    assert found.reduced_chi_square is not None  # of the rejection


def test_correlation_is_that_of_the_estimates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "summarize", closed_form)
    fits = [mp.fit(CELL, noisy(seed, True), [B, SIGMA]) for seed in range(40)]
    told = fits[0].correlation
    assert told == pytest.approx(told.T)
    assert np.diag(told) == pytest.approx([1.0, 1.0])
    seen = np.corrcoef([[each.parameters[key].value for each in fits] for key in (B, SIGMA)])[0, 1]
    assert seen == pytest.approx(told[0, 1], abs=0.3)
    assert told[0, 1] > 0.2  # more passes by diffusion, or by convection


def test_all_values_at_their_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "summarize", closed_form)
    data = {"left.pressure [bar]": PRESSURES, "rejection[NaCl] [%]": [99.99] * 7}
    found = mp.fit(CELL.with_values(TRUE), data, [SIGMA])
    assert found.parameters[SIGMA].at_bound
    assert str(found).startswith(f"{SIGMA} = 1 (at its bound)\n")
    assert found.degrees_of_freedom == 7


def test_a_value_at_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Data of σ = 1, with a slip that only σ > 1 could explain."""
    monkeypatch.setattr(runs, "summarize", closed_form)
    data = exact(values=TRUE | {SIGMA: 1.0})
    data["rejection[NaCl] [%]"][4:] += 0.4
    found = mp.fit(CELL, data, [A, B, SIGMA])
    each = found.parameters[SIGMA]
    assert each.at_bound
    assert each.value == pytest.approx(1.0, abs=1e-3)
    assert (each.standard_error, each.low, each.high) == (None, None, None)
    assert f"{SIGMA} ended at its bound" in found.message
    assert found.parameters[B].standard_error is not None
    assert np.isnan(found.correlation[2]).all()
    json.dumps(found.summary, allow_nan=False)


# -- what is fitted is what runs say --------------------------------------------------------------------------------
def test_a_bench_point_is_the_end_of_a_run() -> None:
    data = {
        "left.pressure [bar]": [10, 20, 10, 20],
        "left.concentration.NaCl [g/L]": [1, 1, 4, 4],
        "water_flux [LMH]": [24, 55, 21, 51],
        "concentration_right[NaCl] [mg/L]": [120, 90, 500, 350],
    }
    found = mp.fit(CELL, data, [A, B])
    for row in range(4):
        setting = {
            "left.pressure": f"{data['left.pressure [bar]'][row]} bar",
            "left.concentration.NaCl": f"{data['left.concentration.NaCl [g/L]'][row]} g/L",
        }
        summary = mp.run(found.case.with_values(setting)).summary
        assert found.columns[0].fitted[row] == pytest.approx(summary["water_flux_m_per_s"] * LMH, rel=1e-5)
        grams = summary["concentration_right_mol_per_m3"]["NaCl"] * CELL.solutes["NaCl"].molar_mass * 1000  # type: ignore[operator]
        assert found.columns[1].fitted[row] == pytest.approx(grams, rel=1e-5)
    assert list(found.where) == list(data)[:2]


def test_the_same_setting_is_run_once() -> None:
    once = mp.fit(WATER, {"left.pressure [bar]": [10, 20], "water_flux [LMH]": [25, 51]}, [A])
    twice = mp.fit(WATER, {"left.pressure [bar]": [10, 20, 10, 20], "water_flux [LMH]": [25, 51, 25, 51]}, [A])
    assert twice.runs == once.runs
    assert twice.parameters[A].value == pytest.approx(once.parameters[A].value, rel=1e-6)
    assert twice.degrees_of_freedom == 3


def test_units_do_not_matter() -> None:
    data = noisy(2)
    other = {
        "left.pressure [psi]": data["left.pressure [bar]"] / 0.06894757293168361,
        "water_flux_m_per_s": data["water_flux [L/m^2/hour]"] / LMH,
        "rejection[NaCl]": data["rejection[NaCl] [%]"] / 100,
    }
    expected, found = mp.fit(CELL, data, [A, B]), mp.fit(CELL, other, [A, B])
    for key, each in found.parameters.items():
        assert each.value == pytest.approx(expected.parameters[key].value, rel=1e-6)
        assert each.standard_error == pytest.approx(expected.parameters[key].standard_error, rel=1e-3)


LEVELS = mp.parse_case(
    """
title = "Two thin tubes"
[solutes.urea]
[left]
boundary = "standpipe"
length = "2 mm"
tube_area = "1e-4 m^2/m^2"
stirred = true
concentration = { urea = "5 mmol/L" }
[right]
boundary = "standpipe"
length = "2 mm"
tube_area = "1e-4 m^2/m^2"
stirred = true
concentration = { urea = "0 mmol/L" }
[membrane]
water_permeability = "50 L/m^2/hour/bar"
[membrane.solutes.urea]
permeability = "1e-6 m/s"
reflection = 0.5
[run]
duration = "12 h"
until = "equilibrium"
outputs = 20
"""
)


def test_a_series_in_time() -> None:
    """One run, read between its stored times; A, P and σ of a membrane that lets the solute pass."""
    minutes = np.array([0.5, 1, 2, 4, 8, 15, 25, 40, 60, 90])
    fine = LEVELS.with_values({"run.outputs": 20_001, "run.duration": "2 h", "run.until": "duration"})
    arrays, random = mp.run(fine).arrays, np.random.default_rng(7)
    level = np.interp(minutes * 60, arrays["time"], arrays["displaced_volume_m"]) * 1e6
    right = np.interp(minutes * 60, arrays["time"], arrays["concentration_right_mol_per_m3"][:, 0])
    data = {
        "time [min]": minutes,
        "displaced_volume [um]": level + random.normal(0.0, 0.1, 10),
        "concentration_right[urea] [mmol/L]": right + random.normal(0.0, 0.02, 10),
    }
    keys = [A, "membrane.solutes.urea.permeability", "membrane.solutes.urea.reflection"]
    start = LEVELS.with_values({A: "20 L/m^2/hour/bar", keys[1]: "3e-6 m/s", keys[2]: 0.7})
    found = mp.fit(start, data, keys)
    for key, value in zip(keys, (50 / 3.6e11, 1e-6, 0.5), strict=True):
        each = found.parameters[key]
        assert each.low is not None
        assert each.high is not None
        assert each.low < value < each.high
        assert each.value == pytest.approx(value, rel=0.05)
    again = mp.run(found.case.with_values({"run.outputs": 20_001, "run.duration": "90 min", "run.until": "duration"}))
    fitted = np.interp(minutes * 60, again.arrays["time"], again.arrays["displaced_volume_m"]) * 1e6
    assert found.columns[0].fitted == pytest.approx(fitted, abs=2e-3 * np.abs(fitted).max())
    assert found.columns[0].curve is not None
    x, y = found.columns[0].curve
    assert (x[0], x[-1]) == (0.0, pytest.approx(90.0))
    assert np.interp(minutes, x, y) == pytest.approx(found.columns[0].fitted)
    # the case that comes back is the one that was given, but for what was fitted
    assert found.case.run == LEVELS.run
    assert found.case == start.with_values({key: each.in_words() for key, each in found.parameters.items()})


def test_a_layer_can_be_fitted_without_jumps_of_the_mesh() -> None:
    """The thickness of a film and A and B behind it: the number of cells is held."""
    case = mp.load_case("brackish_ro").with_values({"run.duration": "30 s", "run.until": "duration"})
    case = case.with_values({"osmotic_model": "ideal"})
    pressures = [6.0, 12.0, 20.0, 30.0]
    ends = [runs.summarize(case.with_values({"left.pressure": f"{p} bar"})) for p in pressures]
    data = {
        "left.pressure [bar]": pressures,
        "water_flux [LMH]": [each["water_flux_m_per_s"] * LMH for each in ends],
        "rejection[NaCl] [%]": [each["rejection"]["NaCl"] * 100 for each in ends],
    }
    start = case.with_values({"left.length": "15 um", A: "2 L/m^2/hour/bar", B: "1e-7 m/s"})
    found = mp.fit(start, data, ["left.length", A, B]).parameters
    assert found["left.length"].value == pytest.approx(25e-6, rel=2e-3)
    assert found[A].value == pytest.approx(case.membrane.water_permeability, rel=1e-3)
    assert found[B].value == pytest.approx(case.membrane.solutes["NaCl"].permeability, rel=1e-3)


def test_a_number_is_fitted_at_the_temperature_that_it_is_written_for() -> None:
    values = {"temperature": "40 degC", "membrane.activation_energy": "20 kJ/mol"}
    warm = WATER.with_values(
        values | {"membrane.reference_temperature": "25 degC", "membrane.solutes.NaCl.permeability": "0 m/s"}
    )
    here = warm.membrane.water_permeability * 1e6 * LMH
    found = mp.fit(
        warm.with_values({A: "2 L/m^2/hour/bar"}),
        {"left.pressure [bar]": [10, 20], "water_flux [LMH]": [here, 2 * here]},
        [A],
    )
    assert found.parameters[A].value == pytest.approx(3 / 3.6e11, rel=1e-5)
    assert found.case.membrane.water_permeability == pytest.approx(warm.membrane.water_permeability, rel=1e-5)


def test_progress_counts_runs() -> None:
    told: list[int] = []
    found = mp.fit(WATER, {"left.pressure [bar]": [10, 20], "water_flux [LMH]": [25, 51]}, [A], progress=told.append)
    assert told == list(range(1, found.runs + 1))


# -- refusals -------------------------------------------------------------------------------------------------------
BENCH = {name: values[[1, 3, 5]].tolist() for name, values in exact().items()}


@pytest.mark.parametrize(
    ("free", "expected"),
    [
        ([], "no free key"),
        (A, "free = "),
        ([3], "free = [3]: expected a list of keys"),
        ([A, A], f"{A} is given twice as a free key"),
        (["left.pressure"], "left.pressure cannot be free: the data have a column for it"),
        (["run.rtol"], "run.rtol cannot be free: it is a setting of the solver"),
        (["mesh.cells"], "mesh.cells cannot be free"),
        (["membrane.water_permeabilty"], 'unknown key; did you mean "membrane.water_permeability"?'),
        (["membrane"], "membrane = "),
        (["membrane.flux_law"], "not one number"),
        (["left.boundary"], 'left.boundary = "reservoir": not one number'),
        (["left.stirred"], "left.stirred = true: not one number"),
        (["left.label"], "not one number"),
        (["membrane.solutes.KCl.permeability"], "there is no KCl in membrane.solutes of this case; known: NaCl"),
        (["solutes.NaCl.radius"], "solutes.NaCl.radius has no value in this case; give one to start from"),
        (["left.pressure.mean"], "left.pressure.mean: not one number of the case"),
        (["solutes.NaCl.diffusivity"], "no measured quantity depends on solutes.NaCl.diffusivity"),
        (
            ["solutes.NaCl.dissociation", "left.concentration.NaCl"],
            "cannot tell solutes.NaCl.dissociation and left.concentration.NaCl apart",
        ),
        (
            [A, B, SIGMA, "left.concentration.NaCl", "solutes.NaCl.dissociation", "temperature", "left.length"],
            "6 measured numbers for 7 unknowns",
        ),
    ],
)
def test_what_cannot_be_free_is_refused(free: Any, expected: str) -> None:
    with pytest.raises(mp.CaseError) as refused:
        mp.fit(CELL, BENCH, free)
    assert expected in str(refused.value)


def test_what_the_data_hardly_tell_is_refused() -> None:
    """The salt that passes changes the water flux a little, less than the flux scatters."""
    data = exact() | {"water_flux error [L/m^2/hour]": [3.0] * 7}
    del data["rejection[NaCl] [%]"]
    with pytest.raises(mp.CaseError, match=rf"do not determine {B}: its 95 % confidence interval is .* m/s to .* m/s"):
        mp.fit(CELL.with_values(TRUE), data, [B])


def test_a_zero_has_no_logarithm() -> None:
    with pytest.raises(mp.CaseError, match=rf'{B} is 0 in this case.*--set {B}="3e-8 m/s"'):
        mp.fit(CELL.with_values({B: "0 m/s"}), BENCH, [B])


def test_fluxes_that_go_the_other_way_are_refused() -> None:
    data = {"left.pressure [bar]": [10, 20], "water_flux [LMH]": [-20, -50]}
    with pytest.raises(
        mp.CaseError, match=r"water_flux \[LMH\]: all measured numbers have the opposite sign .* positive"
    ):
        mp.fit(CELL, data, [A])


def test_times_after_the_end_are_refused() -> None:
    with pytest.raises(mp.CaseError, match=r"row 2 of the data: time \[min\] = 90 is after the end of the run, 60 min"):
        mp.fit(CELL, {"time [min]": [1, 90], "water_flux [LMH]": [20, 20]}, [A])
    with pytest.raises(mp.CaseError, match="expected a time after the start"):
        mp.fit(CELL, {"time [min]": [0, 0], "water_flux [LMH]": [20, 20]}, [A])


def test_a_wrong_setting_names_its_row() -> None:
    data = {"left.length [mm]": [1, -1], "water_flux [LMH]": [20, 20]}
    with pytest.raises(mp.CaseError, match=r'row 2 of the data: left.length = "-1.0 mm": must be more than zero'):
        mp.fit(CELL, data, [A])


def test_fipy_is_too_coarse() -> None:
    with pytest.raises(mp.CaseError, match=r'run\.solver = "fipy" is too coarse'):
        mp.fit(CELL.with_values({"run.solver": "fipy"}), BENCH, [A])


def test_a_start_that_fails_is_refused_with_its_values() -> None:
    data = {"left.pressure [bar]": [10, 1], "water_flux [LMH]": [20, 1]}  # 1 bar is below the osmotic pressure
    with pytest.raises(mp.CaseError) as refused:
        mp.fit(CELL, data, [A])
    told = str(refused.value)
    assert told.startswith(
        f"the run with the starting values failed: at {A} = 3 L/m^2/hour/bar, row 2 of the data "
        "(left.pressure = 1.0 bar)"
    )
    assert "osmotic pressure" in told
    assert "water would flow back" in told


def test_what_has_no_value_is_refused() -> None:
    data = {"left.concentration.NaCl [g/L]": [1, 0], "rejection[NaCl] [%]": [90, 90]}
    with pytest.raises(mp.CaseError, match=r"row 2 of the data .*: rejection\[NaCl\] has no value there"):
        mp.fit(CELL, data, [B])


def failing(case: Case, beyond: float) -> dict[str, Any]:
    """A run that fails where A is beyond some value."""
    if case.membrane.water_permeability > beyond / 3.6e11:
        return {"status": "failed", "message": "At 3 s the left side ran dry."}
    return closed_form(case)


def test_trial_values_that_fail_are_avoided(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first step from far below overshoots into values that make no run."""
    monkeypatch.setattr(runs, "summarize", lambda case: failing(case, 2.6))
    found = mp.fit(
        CELL.with_values({A: "0.3 L/m^2/hour/bar", "left.concentration.NaCl": "0 g/L"}),
        exact(values=TRUE | {"left.concentration.NaCl": "0 g/L"}) | {"rejection[NaCl] [%]": [50.0] * 7},
        [A],
    )
    assert found.parameters[A].value == pytest.approx(TRUE_SI[A], rel=1e-4)


def test_values_beside_the_best_that_fail_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "summarize", lambda case: failing(case, 2.5001))
    with pytest.raises(
        mp.CaseError, match=rf"a run failed: at {A} = 2.50\d L/m\^2/hour/bar, row 1 .*: At 3 s the left side ran dry"
    ):
        mp.fit(CELL.with_values(TRUE), exact(), [A])


def test_a_value_that_runs_away_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing passed: the data say only that P is small."""
    monkeypatch.setattr(runs, "summarize", closed_form)
    data = exact(values=TRUE | {SIGMA: 1.0}) | {"rejection[NaCl] [%]": [100.0] * 7}
    with pytest.raises(
        mp.CaseError, match=rf"no measured quantity depends on {B} \(at .*{B} = .*e-1\d m/s\)|{B} = .*: it went as far"
    ):
        mp.fit(CELL.with_values({SIGMA: 1.0}), data, [A, B])


# -- files ----------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def found() -> fitting.FitResult:
    return mp.fit(CELL, noisy(4, given=True), [A, B, SIGMA])


def test_save(found: fitting.FitResult, tmp_path: Path) -> None:
    folder = found.save(tmp_path / "out", extra=lambda into: (into / "fit.png").write_bytes(b"picture") and None)
    assert sorted(path.name for path in folder.iterdir()) == ["case.toml", "fit.csv", "fit.json", "fit.png"]
    assert json.loads((folder / "fit.json").read_text(encoding="utf-8")) == found.summary
    assert mp.load_case(folder / "case.toml") == found.case
    assert mp.load_case(folder / "case.toml").membrane.water_permeability == pytest.approx(found.parameters[A].value)
    table = np.genfromtxt(folder / "fit.csv", delimiter=",", names=True, deletechars="", replace_space=" ")
    assert table.dtype.names is not None
    assert list(table.dtype.names)[:5] == [
        "left.pressure [bar]",
        "water_flux [L/m^2/hour]",
        "water_flux error [L/m^2/hour]",
        "water_flux fitted [L/m^2/hour]",
        "water_flux residual [L/m^2/hour]",
    ]
    assert table["rejection[NaCl] residual [%]"] == pytest.approx(found.columns[1].residual)
    found.save(folder)  # ours to replace
    assert sorted(path.name for path in folder.iterdir()) == ["case.toml", "fit.csv", "fit.json"]
    mp.run(CELL).save(folder)  # also by a run
    assert not (folder / "fit.json").exists()


def test_nothing_half_written_is_left(
    found: fitting.FitResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*into: Any) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(mp.CaseError, match="cannot be written"):
        found.save(tmp_path / "pictures", extra=fails)
    assert sorted(each.name for each in (tmp_path / "pictures").iterdir()) == ["case.toml", "fit.csv", "fit.json"]
    shutil.rmtree(tmp_path / "pictures")
    monkeypatch.setattr(fitting.FitResult, "_write_csv", fails)
    with pytest.raises(mp.CaseError, match="cannot be written"):
        found.save(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "fit.json").write_text("{}", encoding="utf-8")
    with pytest.raises(mp.CaseError, match="not a result of membrane-pde"):
        found.save(tmp_path / "mine")


def test_what_print_shows(found: fitting.FitResult) -> None:
    each = found.parameters[A]
    lines = str(found).splitlines()
    assert [line.partition(" = ")[0] for line in lines] == [A, B, SIGMA]
    assert each.standard_error is not None
    assert lines[0].startswith(
        f"{A} = {each.value * 3.6e11:.4g} ± {each.standard_error * 3.6e11:.4g} L/m^2/hour/bar (95 %"
    )
    assert lines[2].startswith(f"{SIGMA} = {found.parameters[SIGMA].value:.4g} ± ")


def test_the_example_of_the_docstring() -> None:
    """Its numbers are those of the text above; the text is not executed by anything else."""
    assert fitting.fit.__doc__ is not None
    text = fitting.fit.__doc__.partition("Examples")[2]
    source = "\n".join(line.strip()[4:] for line in text.splitlines() if line.strip()[:4] in (">>> ", "... "))
    names: dict[str, Any] = {}
    exec(compile(source, "the example", "exec"), names)
    assert str(names["found"]) in text.replace("\n    ", "\n")


def test_summary(found: fitting.FitResult) -> None:
    summary = found.summary
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    each = summary["parameters"][A]
    assert each["unit"] == "m/s/Pa"
    assert each["low"] < each["value"] < each["high"]
    assert summary["correlation"][A][A] == pytest.approx(1.0)
    assert summary["correlation"][A][B] == summary["correlation"][B][A]
    assert summary["columns"]["water_flux"]["unit"] == "L/m^2/hour"
    assert summary["points"] == 14
    assert 0.2 < summary["reduced_chi_square"] < 3.0
