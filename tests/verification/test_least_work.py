"""Energy of whole runs against closed forms, and the second law: no run takes less work than the least."""

import math
from functools import cache
from typing import Any

import numpy as np
import pytest

import membrane_pde as mp
from membrane_pde import analytic
from membrane_pde.results.result import Result
from tests.bases import PRESSED

RT = 8.31446261815324 * 298.15
BAR = 1e5

LEAK = {"membrane.solutes.salt.permeability": "1e-6 m/s", "membrane.solutes.salt.reflection": 0.9}
FLOWING = {"left.boundary": "reservoir", "left.length": "20 um", "right.boundary": "outflow", "right.length": "10 um"}


def run(values: dict[str, object] | None = None) -> Result:
    return mp.run(mp.parse_case(PRESSED).with_values(values or {}))


def energy(result: Result) -> tuple[float, float, float | None]:
    s = result.summary
    return s["specific_energy_J_per_m3"], s["minimum_energy_J_per_m3"], s["second_law_efficiency"]


# -- against closed forms -------------------------------------------------------------------------------------------
def test_a_finite_feed_and_pure_permeate() -> None:
    result = run()
    spent, least, efficiency = energy(result)
    recovery = result.summary["displaced_volume_m"] / 2e-3
    assert recovery > 0.2
    feed = 2 * RT * 600
    assert least == pytest.approx(feed / recovery * math.log(1 / (1 - recovery)), rel=1e-12)
    assert spent == pytest.approx(60 * BAR, rel=1e-6)
    assert efficiency == pytest.approx(least / spent, rel=1e-15)


def test_a_permeate_that_is_not_pure() -> None:
    """The permeate side starts with hardly any water, so that what it holds is what has come through."""
    result = run(LEAK | {"right.length": "1 um", "run.duration": "2 min"})
    _, least, _ = energy(result)
    moved, passed = result.summary["displaced_volume_m"], result.summary["amount_transferred_mol_per_m2"]["salt"]
    passage = passed / moved / 600.0
    assert 0.02 < passage < 0.5
    expected = analytic.least_work_of_recovery(2 * RT * 600, moved / 2e-3, passage)
    thinned = 2 * RT * passed * math.log1p(1e-6 / moved) / moved  # by the micrometre of water that was there
    assert least == pytest.approx(expected - thinned, rel=1e-9)
    assert least < energy(run({"right.length": "1 um", "run.duration": "2 min"}))[1]


@pytest.mark.parametrize("mirrored", [False, True])
def test_an_endless_feed(mirrored: bool) -> None:
    """Full rejection: π of the feed; a leak: π (1 − x + x ln x), x the passage, once the film's start is forgotten."""
    names = ("right", "left") if mirrored else ("left", "right")
    flowing = {key.replace("left", "L").replace("right", "R"): value for key, value in FLOWING.items()}
    turned = {key.replace("L", names[0]).replace("R", names[1]): value for key, value in flowing.items()}
    turned |= {f"{names[0]}.concentration.salt": "600 mmol/L", f"{names[1]}.concentration.salt": "0 mmol/L"}
    turned |= {f"{names[0]}.pressure": "60 bar", f"{names[1]}.pressure": "0 bar"}
    turned |= {f"{names[0]}.stirred": False}
    feed = 2 * RT * 600
    result = run(turned)
    assert np.sign(result.summary["displaced_volume_m"]) == (-1 if mirrored else 1)
    assert energy(result)[1] == pytest.approx(feed, rel=1e-9)
    leaking = run(turned | LEAK | {"run.duration": "1 h"})
    moved, passed = leaking.summary["displaced_volume_m"], leaking.summary["amount_transferred_mol_per_m2"]["salt"]
    x = passed / moved / 600.0
    assert 0.02 < x < 0.5
    expected = feed * (1 - x + x * math.log(x))
    thinned = 2 * RT * passed * math.log1p(10e-6 / abs(moved)) / abs(moved)  # by the water in the outflow's layer
    assert energy(leaking)[1] == pytest.approx(expected - abs(thinned), rel=1e-6)


def test_osmosis_against_a_load_delivers_a_part_of_what_mixing_could() -> None:
    """Pressure-retarded osmosis: of −∫Δπ dX for two pistons, the load takes p X."""
    result = run({"left.pressure": "10 bar", "right.concentration.salt": "10 mmol/L"})
    spent, least, efficiency = energy(result)
    moved = result.summary["displaced_volume_m"]
    assert moved < 0.0  # from right to left
    salt = (600 * 2e-3, 10 * 1e-3)
    gained = [n * math.log(v / (v + d)) for n, v, d in ((salt[0], 2e-3, -moved), (salt[1], 1e-3, moved))]
    assert least == pytest.approx(2 * RT * sum(gained) / -moved, rel=1e-11)
    assert spent == pytest.approx(-10 * BAR, rel=1e-6)
    assert efficiency == pytest.approx(spent / least, rel=1e-15)
    assert 0.0 < efficiency < 1.0


def test_pressing_hardly_more_than_needed_is_nearly_reversible() -> None:
    """A slow ramp that follows the feed's rising osmotic pressure through a wide-open membrane."""
    ramp = {"schedule": [["0 s", "29.9 bar"], ["20 h", "50 bar"]], "shape": "ramp"}
    values = {"run.duration": "20 h", "membrane.water_permeability": "20 L/m^2/hour/bar", "run.rtol": 1e-9}
    following = run({"left.pressure": ramp} | values)
    spent, least, efficiency = energy(following)
    assert following.summary["displaced_volume_m"] > 0.7e-3
    assert efficiency is not None
    assert 0.999 < efficiency < 1.0
    assert spent > least


def test_backflow_is_fed() -> None:
    """Water drawn in through an outflow, of a known concentration; what it carries stays in the layer at the membrane.

    By hand: the content of the right side before and after, the water that came with its salt, the reservoir's −π ΔV.
    """
    result = run({**FLOWING, "left.pressure": "5 bar", "right.backflow.salt": "10 mmol/L", "run.duration": "20 s"})
    spent, least, efficiency = energy(result)
    drawn = -result.summary["displaced_volume_m"]
    assert drawn > 1e-6
    held = result.summary["concentration_right_mol_per_m3"]["salt"] * 10e-6
    assert held == pytest.approx(10 * drawn, rel=1e-6)
    by_hand = 2 * RT * (held * (math.log(held / 10e-6) - 1) - 10 * drawn * (math.log(10) - 1) - 600 * drawn) / drawn
    assert least == pytest.approx(by_hand, rel=1e-6)
    assert efficiency == pytest.approx(spent / least)


# -- where it means nothing -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "values",
    [
        {"right.boundary": "rigid"},
        {"membrane.type": "none", "left.pressure": "0 bar", "left.stirred": False},
        {"membrane.water_permeability": "0 m/s/Pa"},
        LEAK | {"right.boundary": "reservoir", "right.stirred": False},  # salt into a sea without any
    ],
)
def test_null(values: dict[str, object]) -> None:
    summary = run(values).summary
    assert summary["minimum_energy_J_per_m3"] is None
    assert summary["second_law_efficiency"] is None


def test_a_sea_of_pure_water_may_take_water() -> None:
    _, least, efficiency = energy(run({"right.boundary": "reservoir"}))
    assert least > 2 * RT * 600
    assert efficiency is not None


def test_no_work_and_work_wasted_have_no_efficiency() -> None:
    spent, least, efficiency = energy(run({"left.pressure": "0 bar", "right.concentration.salt": "9 mmol/L"}))
    assert spent == 0.0
    assert least < 0.0
    assert efficiency is None
    spent, least, efficiency = energy(
        run({"left.concentration.salt": "0 mmol/L", "right.concentration.salt": "1 mol/L", "run.duration": "20 s"})
    )
    assert spent > 0.0
    assert least < 0.0
    assert efficiency is None
    spent, least, efficiency = energy(
        run({"left.concentration.salt": "0 mmol/L", "run.duration": "20 s"})
    )  # pure water through a filter
    assert (least, efficiency) == (0.0, None)
    assert spent > 0.0


# -- the second law -------------------------------------------------------------------------------------------------
@cache
def random_cases() -> list[dict[str, Any]]:
    """Two solutes, leaky or not, stirred or not, pressed, left alone or loaded; all boundaries that take no time."""
    draw = np.random.default_rng(20)
    cases = []
    for index in range(16):
        values: dict[str, Any] = {"run.duration": f"{draw.choice([5, 60, 900])} s"}
        for side in ("left", "right"):
            boundary = str(draw.choice(["piston", "piston", "standpipe", "reservoir"]))
            values[f"{side}.boundary"] = boundary
            values[f"{side}.stirred"] = bool(draw.random() < 0.4)
            values[f"{side}.length"] = (
                f"{draw.uniform(0.02, 0.1) if boundary == 'reservoir' else draw.uniform(0.3, 3)} mm"
            )
            salt = [f"{draw.uniform(20, 800)} mmol/L" for _ in range(2)]
            values[f"{side}.concentration.salt"] = salt[0]
            if draw.random() < 0.3 and not values[f"{side}.stirred"]:
                values[f"{side}.concentration.salt"] = {"profile": [["0 mm", salt[0]], ["0.2 mm", salt[1]]]}
            values[f"{side}.pressure"] = f"{draw.choice([0, 5, 60]) * draw.random()} bar"
        if index % 4 == 0:
            values |= {"right.boundary": "outflow", "right.length": "30 um", "right.stirred": True}
            values |= {"right.backflow": "last", "right.concentration.salt": f"{draw.uniform(1, 800)} mmol/L"}
        if draw.random() < 0.6:
            values["membrane.solutes.salt.permeability"] = f"{10 ** draw.uniform(-8, -6)} m/s"
            values["membrane.solutes.salt.reflection"] = draw.uniform(0.5, 1.0)
        cases.append(values)
    return cases


@pytest.mark.parametrize("index", range(16))
def test_no_run_takes_less_work_than_the_least(index: int) -> None:
    try:
        result = run(random_cases()[index])
    except mp.RunError as error:  # a side ran dry; the law holds until then
        result = error.result
    spent, least, efficiency = energy(result)
    assert spent >= least - 1e-6 * (abs(spent) + abs(least))
    assert efficiency is None or 0.0 < efficiency <= 1.0 + 1e-6


@pytest.mark.parametrize("index", range(8))
def test_pistons_at_constant_pressure_that_drives(index: int) -> None:
    draw = np.random.default_rng(index)
    feed, other = draw.uniform(100, 800), draw.uniform(1, 99)
    pressure = 2 * RT * (feed - other) * draw.uniform(1.05, 3.0)
    values: dict[str, Any] = {
        "left.length": f"{draw.uniform(0.5, 5)} mm",
        "left.concentration.salt": f"{feed} mmol/L",
        "left.pressure": f"{pressure} Pa",
        "right.concentration.salt": f"{other} mmol/L",
        "left.stirred": bool(index % 2),
    }
    spent, least, efficiency = energy(run(values))
    assert spent == pytest.approx(pressure, rel=1e-5)
    assert least >= 2 * RT * (feed - other)  # it only gets harder
    assert efficiency is not None
    assert efficiency == pytest.approx(least / spent)
    assert efficiency < 1.0


@pytest.mark.parametrize("name", ["reverse_osmosis", "seawater_ro"])
def test_shipped_reverse_osmosis(name: str) -> None:
    result = mp.run(mp.load_case(name))
    spent, least, efficiency = energy(result)
    assert spent == pytest.approx(60 * BAR, rel=1e-6)
    assert 25 * BAR < least < spent
    assert efficiency is not None
    assert 0.4 < efficiency < 0.7
