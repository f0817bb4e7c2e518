"""Stages in which the second side flows, too: against elements in series and one long module, and their balances."""

from __future__ import annotations

from typing import Any

import pytest

import membrane_pde as mp
from membrane_pde.show import report_along

CASE = """
title = "Two dialysers in series"
temperature = "37 degC"
osmotic_model = "ideal"
[solutes.urea]
[left]
concentration = { urea = "25 mmol/L" }
pressure = "100 mmHg"
[left.channel]
flow = "300 mL/min"
fibres = { count = 10000, inner_diameter = "200 um" }
mass_transfer = "2e-5 m/s"
[right]
concentration = { urea = "1 mmol/L" }
pressure = "60 mmHg"
[right.channel]
flow = "500 mL/min"
hydraulic_diameter = "0.27 mm"
cross_section = "6 cm^2"
mass_transfer = "1e-5 m/s"
[membrane]
flux_law = "spiegler-kedem"
water_permeability = "6 L/m^2/hour/bar"
[membrane.solutes.urea]
permeability = "1e-5 m/s"
reflection = 0.1
[module]
length = "23 cm"
stations = 16
direction = "DIRECTION"
"""
TOTALS = (
    "permeate_flow_m3_per_s", "recovery", "minimum_energy_J_per_m3", "pressure_drop_left_Pa", "pressure_drop_right_Pa",
)  # fmt: skip
DIRECTIONS = ("co-current", "counter-current")


def case_of(direction: str, stages: list[tuple[int, int]], **values: Any) -> mp.Case:
    """Stages of (elements, vessels)."""
    tables = "".join(f"\n[[module.stage]]\nelements = {n}\nvessels = {v}\n" for n, v in stages)
    changes = {key.replace("__", "."): value for key, value in values.items()}
    return mp.parse_case(CASE.replace("DIRECTION", direction) + tables).with_values(changes)


def streams(summary: dict[str, Any], case: mp.Case) -> dict[str, tuple[float, float]]:
    """Volume and amount of urea that enter and leave on each side, of all vessels (m^3/s, mol/s)."""
    first, last = summary["elements"][0], summary["elements"][-1]
    back = case.plant.counter_current
    out = (first if back else last)["other_side_concentration_mol_per_m3"]["urea"]
    beside = (first if back else last)["other_side_flow_m3_per_s"] * case.plant.last_stage("right").vessels
    fed, into = (
        summary["feed_flow_m3_per_s"],
        case.plant.flow["right"].values[0] * case.plant.entered_stage("right").vessels,
    )
    left = summary["concentrate_flow_m3_per_s"]
    return {
        "blood in": (fed, fed * 25.0),
        "dialysate in": (into, into * 1.0),
        "blood out": (left, left * summary["concentrate_concentration_mol_per_m3"]["urea"]),
        "dialysate out": (beside, beside * out),
    }


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_two_stages_are_two_elements_in_series_and_one_long_module(direction: str) -> None:
    """The long module has no border in its middle, where the method is of lower order: equal to its accuracy."""
    stages = mp.steady(case_of(direction, [(1, 1), (1, 1)]))
    series = mp.steady(case_of(direction, [(2, 1)]))
    long = mp.steady(case_of(direction, [], module__length="46 cm", module__stations=32))
    for key in TOTALS:
        assert stages[key] == pytest.approx(series[key], rel=1e-12)
        assert stages[key] == pytest.approx(long[key], rel=2e-4)
    for key in ("clearance_m3_per_s", "concentrate_concentration_mol_per_m3"):
        assert stages[key]["urea"] == pytest.approx(series[key]["urea"], rel=1e-12)
        assert stages[key]["urea"] == pytest.approx(long[key]["urea"], rel=2e-4)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_vessels_in_parallel_are_one_vessel_many_times(direction: str) -> None:
    one, three = (mp.steady(case_of(direction, [(1, n), (1, n)])) for n in (1, 3))
    assert three["permeate_flow_m3_per_s"] == pytest.approx(3.0 * one["permeate_flow_m3_per_s"], rel=1e-12)
    assert three["minimum_energy_J_per_m3"] == pytest.approx(one["minimum_energy_J_per_m3"], rel=1e-12)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_stages_of_unlike_numbers_of_vessels_balance(direction: str) -> None:
    """The other side's flow is per vessel of the first stage: in counter-current twice as much enters the last one."""
    case = case_of(direction, [(1, 2), (1, 1)])
    summary = mp.steady(case)
    found = streams(summary, case)
    assert found["dialysate in"][0] == pytest.approx(2.0 * 500e-6 / 60.0, rel=1e-12)
    for n in range(2):
        into = found["blood in"][n] + found["dialysate in"][n]
        assert found["blood out"][n] + found["dialysate out"][n] == pytest.approx(into, rel=1e-10)
    assert summary["minimum_energy_J_per_m3"] == pytest.approx(least_work(found, summary), rel=1e-9)


def least_work(found: dict[str, tuple[float, float]], summary: dict[str, Any]) -> float:
    """``RT Σ n ln c``, what leaves less what enters, over the volume that has passed: of an ideal solution (J/m^3)."""
    from math import log

    work = sum(
        (1.0 if "out" in name else -1.0) * amount * log(amount / volume) for name, (volume, amount) in found.items()
    )
    return 8.31446261815324 * 310.15 * work / summary["permeate_flow_m3_per_s"]


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_stages_in_time_balance_and_come_to_the_steady_state(direction: str) -> None:
    case = case_of(direction, [(1, 2), (1, 1)], run__duration="3 min", run__outputs=3)
    summary = mp.run(case).summary
    assert summary["amount_error"] < 1e-10
    steady = mp.steady(case)
    for key in ("permeate_flow_m3_per_s", "concentrate_flow_m3_per_s"):
        assert summary[key] == pytest.approx(steady[key], rel=1e-3)
    assert summary["clearance_m3_per_s"]["urea"] == pytest.approx(steady["clearance_m3_per_s"]["urea"], rel=1e-2)


def test_a_velocity_is_that_in_the_vessel_that_the_liquid_enters() -> None:
    case = case_of("counter-current", [(1, 2), (1, 1)])
    text = CASE.replace("DIRECTION", "counter-current").replace('flow = "500 mL/min"', 'velocity = "2 cm/s"')
    by_velocity = mp.parse_case(text + "".join(f"\n[[module.stage]]\nvessels = {v}\n" for v in (2, 1)))
    assert by_velocity.plant.flow["right"].values == (pytest.approx(0.02 * 6e-4, rel=1e-12),)
    assert case.plant.flow["right"].values == (pytest.approx(2.0 * 500e-6 / 60.0, rel=1e-12),)
    assert case.plant.flow["left"].values == (pytest.approx(300e-6 / 60.0, rel=1e-12),)


def test_the_table_of_elements_has_what_leaves_on_the_other_side() -> None:
    case = case_of("counter-current", [(1, 2), (1, 1)])
    elements = mp.steady(case)["elements"]
    header, rows = report_along.elements_table(case, elements)
    assert header[-3:] == ("water mL/min", "right out: urea g/L", "urea wall ÷ bulk")
    leaving = [each["other_side_concentration_mol_per_m3"]["urea"] for each in elements]
    grams = [c * case.solutes["urea"].molar_mass for c in leaving]
    assert [float(row[-2]) for row in rows] == pytest.approx(grams, rel=1e-3)
    assert leaving[0] > leaving[1] > 1.0  # it takes up urea on its way from the last stage to the first
