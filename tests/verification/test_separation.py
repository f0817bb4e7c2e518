"""What was collected, and energy with and without recovery, against closed forms."""

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad

import membrane_pde as mp
from membrane_pde.input.values import Pressure
from membrane_pde.results.result import Result
from tests.bases import PRESSED, edited

BAR, HOUR = 1e5, 3600.0
LMH = 1e-3 / HOUR

# what passes flows away
BASE = edited(
    ('title = "Energy"', 'title = ""'),
    ('length = "2 mm"', 'length = "20 mm"'),
    ("60 bar", "30 bar"),
    ("600 mmol", "100 mmol"),
    ("[right]\n", '[right]\nboundary = "outflow"\n'),
    ("[mesh]\ncells = 16\n\n", ""),
    ("10 min", "15 min"),
    text=PRESSED,
)
BATH: dict[str, object] = {"left.boundary": "bath", "left.volume": "20 mm"}
FED = BATH | {"left.feed": {"salt": "100 mmol/L"}, "left.bleed": "40 L/m^2/hour"}


def run(*changes: dict[str, object]) -> Result:
    values: dict[str, object] = {}
    for each in changes:
        values |= each
    return mp.run(mp.parse_case(BASE).with_values(values))


def energies(*changes: dict[str, object]) -> tuple[float, float | None]:
    summary = run(*changes).summary
    return summary["specific_energy_J_per_m3"], summary["throttled_energy_J_per_m3"]


# -- energy ---------------------------------------------------------------------------------------------------------
def test_nothing_leaves_under_pressure() -> None:
    for changes in ({}, BATH, FED | {"left.bleed": "0 L/m^2/hour"}):
        recovered, throttled = energies(changes)
        assert recovered == pytest.approx(30 * BAR, rel=1e-9)
        assert throttled == recovered


@pytest.mark.parametrize("outputs", [2, 12])
def test_a_brine_that_is_let_down_through_a_valve(outputs: int) -> None:
    """p (permeate + brine) over the permeate, with one pressure and with steps."""
    more = {"run.outputs": outputs}
    summary = run(FED, more).summary
    moved, bled = summary["displaced_volume_m"], 40 * LMH * 900
    assert summary["specific_energy_J_per_m3"] == pytest.approx(30 * BAR, rel=1e-9)
    assert summary["throttled_energy_J_per_m3"] == pytest.approx(30 * BAR * (moved + bled) / moved, rel=1e-9)
    steps = {"left.pressure": {"schedule": [["0 s", "20 bar"], ["5 min", "30 bar"], ["8 min", "40 bar"]]}}
    summary = run(FED, more, steps).summary
    lost = (300 * 20 + 180 * 30 + 420 * 40) * BAR * 40 * LMH
    expected = summary["specific_energy_J_per_m3"] + lost / summary["displaced_volume_m"]
    assert summary["throttled_energy_J_per_m3"] == pytest.approx(expected, rel=1e-9)


def test_the_shipped_closed_circuit_with_a_bleed() -> None:
    """Steps of 12 to 22 bar, 17 on average, and 50 L/m^2 of brine: 0.49 and 1.90 kWh for a cubic metre."""
    case = mp.load_case("closed_circuit_ro")
    summary = mp.run(case.with_values({"left.bleed": "100 L/m^2/hour"})).summary
    recovered, throttled = (summary[f"{kind}_energy_J_per_m3"] / 3.6e6 for kind in ("specific", "throttled"))
    assert recovered == pytest.approx(0.495, abs=0.001)
    assert throttled - recovered == pytest.approx(17 * BAR * 0.05 / summary["displaced_volume_m"] / 3.6e6, rel=1e-9)
    assert throttled == pytest.approx(1.90, abs=0.01)


@pytest.mark.parametrize("outputs", [2, 12])
def test_a_brine_at_the_pressure_that_a_held_flux_takes(outputs: int) -> None:
    """With a constant flux the work is that flux times the mean pressure, which the brine has, too."""
    held = {"left.pressure": {"flux": "20 L/m^2/hour"}, "run.outputs": outputs}
    recovered, throttled = energies(FED, held)
    assert recovered > 5 * BAR
    assert throttled == pytest.approx(recovered * (20 + 40) / 20, rel=1e-9)


@pytest.mark.parametrize("outputs", [2, 12])
def test_a_permeate_under_pressure(outputs: int) -> None:
    more = {"run.outputs": outputs}
    assert energies({"right.pressure": "5 bar"}, more) == pytest.approx((25 * BAR, 30 * BAR), rel=1e-9)
    ramp = {"right.pressure": {"schedule": [["0 s", "0 bar"], ["15 min", "10 bar"]], "shape": "ramp"}}
    assert energies(ramp, more)[1] == pytest.approx(30 * BAR, rel=1e-9)  # all that the left side takes
    osmosis = {"left.pressure": "0 bar", "left.concentration.salt": "0 mmol/L", "right.pressure": "5 bar"}
    salty = {"right.concentration.salt": "600 mmol/L"}
    assert energies(osmosis, salty, more) == pytest.approx((-5 * BAR, 0.0), abs=1e-3)  # a valve instead of a turbine


def test_what_overflows_and_what_is_drawn_in() -> None:
    osmosis = {"left.pressure": "0 bar", "left.concentration.salt": "0 mmol/L", "right.pressure": "5 bar"}
    tank = {"right.boundary": "bath", "right.volume": "5 mm", "right.concentration.salt": "600 mmol/L"}
    made_up = {"right.feed": {"salt": "600 mmol/L"}}
    assert energies(osmosis, tank, made_up) == pytest.approx((-5 * BAR, 0.0), abs=1e-3)
    suction = FED | {"left.bleed": "0 L/m^2/hour", "left.pressure": "-0.5 bar", "left.concentration.salt": "0 mmol/L"}
    salty: dict[str, object] = {"right.boundary": "piston", "right.concentration.salt": "600 mmol/L"}
    fresh = {"left.feed": {"salt": "0 mmol/L"}}
    assert energies(suction, salty, fresh) == pytest.approx((-0.5 * BAR, 0.0), abs=1e-3)


def test_the_flow_past_a_reservoir_is_not_known() -> None:
    endless = {"left.boundary": "reservoir"}
    assert energies(endless) == (pytest.approx(30 * BAR, rel=1e-9), None)
    free = {"left.pressure": "0 bar", "right.boundary": "piston", "right.concentration.salt": "600 mmol/L"}
    assert energies(endless, free) == (0.0, 0.0)


def test_of_many_runs_at_once_as_of_each() -> None:
    case = mp.parse_case(BASE).with_values(FED | {"right.boundary": "piston", "right.length": "20 mm"})
    pressures = ["20 bar", "30 bar"]
    found = mp.sweep(case, {"left.pressure": pressures}, workers=1)
    alone = [mp.run(case.with_values({"left.pressure": p})).summary for p in pressures]
    for key in ("throttled_energy_J_per_m3", "specific_energy_J_per_m3"):
        assert found[key].values == pytest.approx([each[key] for each in alone], rel=1e-9)
    for key in ("collected_concentration_mol_per_m3", "collected_rejection"):
        assert found[key].values[:, 0] == pytest.approx([each[key]["salt"] for each in alone], rel=1e-9)


@pytest.mark.parametrize(
    "pressure",
    [
        Pressure((0.0,), (3.0,)),
        Pressure((2.0, 4.0, 9.0), (1.0, 5.0, -2.0)),
        Pressure((2.0, 4.0, 9.0), (1.0, 5.0, -2.0), "ramp"),
        Pressure((0.0,), (2.0,), "sine", 0.7, 3.0),
        Pressure((0.0,), (2.0,), "pulse", 0.7, 3.0, 0.2),
    ],
)
def test_the_integral_of_a_pressure(pressure: Pressure) -> None:
    for time in (0.0, 0.5, 3.0, 4.0, 7.7, 12.0):
        kinks = sorted({0.0, 2.0, 4.0, 9.0, *np.arange(5) * 3.0, *(np.arange(5) * 3.0 + 0.6), time})
        expected = sum(quad(pressure.at, a, b)[0] for a, b in itertools.pairwise(kinks) if b <= time)
        assert pressure.integral(time) == pytest.approx(expected, rel=1e-9, abs=1e-9)


# -- what was collected ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("side", [{}, BATH])
@pytest.mark.parametrize("sigma", [0.6, 0.95])
def test_a_batch_that_lets_a_share_pass(side: dict[str, object], sigma: float) -> None:
    """P = 0: the momentary rejection is σ, and ``c = c_0 (1 − Y)^−σ``; collected: ``c_0 (1 − (1 − Y)^(1 − σ))/Y``."""
    draw = {"left.pressure": {"flux": "40 L/m^2/hour"}, "membrane.solutes.salt.reflection": sigma, "run.rtol": 1e-9}
    result = run(side, draw)
    recovery = 40 * LMH * result.arrays["time"] / 20e-3
    assert recovery[-1] == pytest.approx(0.5)
    expected = 100.0 * (1.0 - (1.0 - recovery[1:]) ** (1.0 - sigma)) / recovery[1:]
    assert result.arrays["rejection"][1:, 0] == pytest.approx(sigma, rel=1e-6)
    collected = result.arrays["collected_concentration_mol_per_m3"][:, 0]
    assert math.isnan(collected[0])
    assert collected[1:] == pytest.approx(expected, rel=1e-6)
    assert result.arrays["collected_rejection"][1:, 0] == pytest.approx(1.0 - expected / 100.0, abs=1e-6)
    assert result.summary["collected_concentration_mol_per_m3"]["salt"] == pytest.approx(expected[-1], rel=1e-6)


def test_the_shipped_batch_and_what_the_last_drop_has() -> None:
    summary = mp.run(mp.load_case("batch_ro")).summary
    collected = summary["collected_concentration_mol_per_m3"]["NaCl"]
    assert collected * 58.44 == pytest.approx(101, abs=1)  # mg/L
    assert summary["collected_rejection"]["NaCl"] == pytest.approx(1 - 101 / 5000, abs=2e-4)
    assert summary["concentration_right_mol_per_m3"]["NaCl"] > 2 * collected
    assert summary["collected_rejection"]["NaCl"] < summary["rejection"]["NaCl"]


def test_supplied_is_what_was_there_and_what_was_fed() -> None:
    leak = {"membrane.solutes.salt.reflection": 0.9, "left.feed": {"salt": "40 mmol/L"}, "left.bleed": "8 L/m^2/hour"}
    summary = run(FED, leak).summary
    moved, passed = summary["displaced_volume_m"], summary["amount_transferred_mol_per_m2"]["salt"]
    fed = moved + 8 * LMH * 900
    supplied = (100 * 20e-3 + 40 * fed) / (20e-3 + fed)
    assert summary["collected_concentration_mol_per_m3"]["salt"] == pytest.approx(passed / moved, rel=1e-12)
    assert summary["collected_rejection"]["salt"] == pytest.approx(1 - passed / moved / supplied, rel=1e-9)


def test_of_an_endless_feed_as_the_momentary_one() -> None:
    leak = {"left.boundary": "reservoir", "membrane.solutes.salt.reflection": 0.9}
    summary = run(leak).summary
    assert summary["collected_rejection"]["salt"] == pytest.approx(0.9, rel=1e-9)
    assert summary["rejection"]["salt"] == pytest.approx(0.9, rel=1e-9)


def test_what_the_other_side_held_before_is_not_collected() -> None:
    summary = run({"right.concentration.salt": "50 mmol/L"}).summary
    assert summary["collected_concentration_mol_per_m3"]["salt"] == 0.0
    assert summary["collected_rejection"]["salt"] == 1.0


@pytest.mark.parametrize(
    "changes",
    [
        {"membrane.water_permeability": "0 m/s/Pa", "left.pressure": "0 bar"},  # no water
        {  # the salt goes against the water
            "left.concentration.salt": "0 mmol/L",
            "left.pressure": "0 bar",
            "right.boundary": "piston",
            "right.concentration.salt": "600 mmol/L",
            "membrane.solutes.salt.permeability": "1e-6 m/s",
        },
        {  # the water turns
            "left.pressure": {"schedule": [["0 s", "20 bar"], ["10 min", "0 bar"]]},
            "right.boundary": "piston",
            "right.length": "20 mm",
        },
    ],
)
def test_nothing_that_could_be_collected(changes: dict[str, object]) -> None:
    summary = run(changes).summary
    assert summary["collected_concentration_mol_per_m3"] == {"salt": None}
    assert summary["collected_rejection"] == {"salt": None}


def test_a_solute_that_was_never_supplied_is_not_held_back() -> None:
    summary = run({"left.concentration.salt": "0 mmol/L"}).summary
    assert summary["collected_rejection"] == {"salt": None}
    assert summary["collected_concentration_mol_per_m3"] == {"salt": 0.0}
