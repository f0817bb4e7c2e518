"""run, compare and equilibrium: what the summary of DESIGN §5 means, and the symmetries that any answer must have."""

from __future__ import annotations

import math
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import xarray

import membrane_pde as mp
from membrane_pde import runs
from membrane_pde.input.case import Case
from membrane_pde.results.result import Result
from membrane_pde.runs import build, running, solving

R = 8.31446261815324  # J/(mol K)
T = 298.15  # K, the default temperature
BAR = 1e5
LMHB = 1.0 / 3.6e11  # 1 L/m^2/h/bar in m/s/Pa

BASE = """
[solutes.salt]
diffusivity = "1.5e-9 m^2/s"
dissociation = 2

[left]
length = "1 mm"
concentration = { salt = "20 mmol/L" }

[right]
length = "1 mm"
concentration = { salt = "100 mmol/L" }

[membrane]
water_permeability = "1 L/m^2/hour/bar"
[membrane.solutes.salt]
permeability = "0 m/s"
reflection = 1.0

[mesh]
cells = 16

[run]
duration = "10 min"
outputs = 7
"""
LEAK = {"membrane.solutes.salt.permeability": "1e-7 m/s", "membrane.solutes.salt.reflection": 0.8}
# an open case: liquid is pressed from a film on the left to the right
PRESSED = {
    **LEAK,
    "left.boundary": "reservoir",
    "left.length": "100 um",
    "left.pressure": "30 bar",
    "left.concentration.salt": "100 mmol/L",
    "right.boundary": "outflow",
    "right.length": "50 um",
    "right.concentration.salt": "0 mmol/L",
}


def case(values: dict[str, object] | None = None, text: str = BASE) -> Case:
    base = mp.parse_case(text)
    return base.with_values(values) if values else base


def run(values: dict[str, object] | None = None, text: str = BASE) -> Result:
    return mp.run(case(values, text))


def summary(values: dict[str, object] | None = None, text: str = BASE) -> dict[str, Any]:
    return run(values, text).summary


# -- process --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("values", "process", "sign"),
    [
        ({}, "osmosis", 1),
        ({"right.pressure": "3.9 bar"}, "osmosis", 1),  # 2 R T 80 mol/m^3 = 3.97 bar
        ({"right.pressure": "10 bar"}, "reverse osmosis", -1),
        ({"left.pressure": "10 bar"}, "osmosis", 1),  # helped by pressure, and still towards the higher
        ({"left.concentration.salt": "100 mmol/L", "left.pressure": "1 bar"}, "filtration", 1),
        ({"left.concentration.salt": "100 mmol/L", "right.pressure": "1 bar"}, "filtration", -1),
        ({"left.concentration.salt": "99.99999 mmol/L", "left.pressure": "1 bar"}, "filtration", 1),  # 1e-7 apart
        ({"left.concentration.salt": "99.9 mmol/L", "left.pressure": "1 bar"}, "osmosis", 1),
        ({"membrane.solutes.salt.reflection": 0.0, "left.pressure": "1 bar"}, "filtration", 1),
        ({"left.concentration.salt": "100 mmol/L"}, "no flow", 0),
        ({"membrane.water_permeability": "0 m/s/Pa", "left.pressure": "9 bar"}, "no flow", 0),
        ({"right.boundary": "rigid"}, "no flow", 0),
        ({"membrane.type": "none"}, "diffusion", 0),
    ],
)
def test_process(values: dict[str, object], process: str, sign: int) -> None:
    seen = summary(values)
    assert seen["process"] == process
    displaced = seen["displaced_volume_m"]
    assert (np.sign(displaced) if abs(displaced) > 1e-9 * 2e-3 else 0) == sign
    assert (seen["specific_energy_J_per_m3"] is None) == (sign == 0)


def test_process_looks_at_the_membrane_not_at_the_means() -> None:
    """More salt on the right on the whole, but less of it where the membrane stands."""
    profile = '{ profile = [["0 mm", "1 mmol/L"], ["0.5 mm", "1 mmol/L"], ["0.6 mm", "300 mmol/L"]] }'
    seen = summary({"right.concentration.salt": profile, "run.duration": "10 s"})
    assert seen["concentration_right_mol_per_m3"]["salt"] > 100.0
    assert seen["displaced_volume_m"] < 0.0
    assert seen["process"] == "osmosis"


def test_a_net_displacement_too_small_is_no_flow() -> None:
    barely = summary({"left.concentration.salt": "100 mmol/L", "left.pressure": "1 Pa", "run.duration": "0.1 s"})
    assert 0.0 < barely["displaced_volume_m"] < 1e-9 * 2e-3
    assert barely["process"] == "no flow"
    assert barely["specific_energy_J_per_m3"] is None


# -- tonicity -------------------------------------------------------------------------------------------------------
TWO = BASE.replace('[solutes.salt]', '[solutes.sugar]\ndiffusivity = "5e-10 m^2/s"\n\n[solutes.salt]').replace(
    "concentration = {", 'concentration = { sugar = "0 mmol/L",'
) + '\n[membrane.solutes.sugar]\npermeability = "0 m/s"\nreflection = 1.0\n'  # fmt: skip


@pytest.mark.parametrize(
    ("values", "tonicity"),
    [
        ({}, "hypotonic"),
        ({"left.concentration.salt": "200 mmol/L"}, "hypertonic"),
        ({"left.concentration.salt": "100.05 mmol/L"}, "isotonic"),
        ({"left.concentration.salt": "99.95 mmol/L"}, "isotonic"),
        ({"left.concentration.salt": "100.2 mmol/L"}, "hypertonic"),
        ({"left.concentration.salt": "99.8 mmol/L"}, "hypotonic"),
        ({"left.concentration.salt": "0 mmol/L", "left.concentration.sugar": "200 mmol/L"}, "isotonic"),  # particles
        ({"right.pressure": "50 bar"}, "hypotonic"),  # whatever the pressure does
        # what passes does not count: urea makes no bath hypertonic
        ({"membrane.solutes.salt.permeability": "1e-8 m/s", "left.concentration.sugar": "1 mmol/L"}, "hypertonic"),
        ({"membrane.solutes.salt.reflection": 0.0, "left.concentration.sugar": "1 mmol/L"}, "hypertonic"),
        # held back partly (P = 0, sigma = 0.5), it counts half: 2*0.5*20 + 80 = 2*0.5*100
        ({"membrane.solutes.salt.reflection": 0.5, "left.concentration.sugar": "80 mmol/L"}, "isotonic"),
        ({"membrane.solutes.salt.permeability": "1e-8 m/s", "membrane.solutes.sugar.permeability": "1e-8 m/s"}, None),
        ({"membrane.solutes.salt.reflection": 0.0, "membrane.solutes.sugar.reflection": 0.0}, None),
        ({"membrane.type": "none"}, None),
    ],
)
def test_tonicity(values: dict[str, object], tonicity: str | None) -> None:
    assert summary({**values, "run.duration": "1 s"}, TWO)["tonicity"] == tonicity


# -- messages -------------------------------------------------------------------------------------------------------
def test_message_when_the_flow_turned() -> None:
    # a solute that passes in the end lets the water back, here pressed from the right
    values = {**LEAK, "membrane.solutes.salt.permeability": "2e-6 m/s", "right.pressure": "1 bar"}
    turned = run({**values, "run.duration": "1 h", "run.outputs": 60})
    displaced = turned.series["displaced_volume_m"].values
    assert displaced.max() - displaced[-1] > 0.05 * np.abs(displaced).max()
    assert displaced.max() > 0.0
    assert "changed direction" in turned.summary["message"]
    early = run({**values, "run.duration": "1 min"})
    assert (np.diff(early.series["displaced_volume_m"]) > 0.0).all()
    assert "changed direction" not in early.summary["message"]


def test_message_when_the_time_was_too_short() -> None:
    for until in ("equilibrium", "steady"):
        seen = summary({"run.until": until, "run.duration": "1 min"})
        assert seen["status"] == "completed"
        assert seen["end_time_s"] == 60.0
        assert "run.duration" in seen["message"]
    assert summary({"run.duration": "1 min"})["message"] == ""


# -- rejection and polarization -------------------------------------------------------------------------------------
def test_rejection_and_polarization_follow_their_definitions() -> None:
    seen = summary(PRESSED)
    flux, passed = seen["water_flux_m_per_s"], seen["solute_flux_mol_per_m2_s"]["salt"]
    assert flux > 0.0
    assert seen["rejection"]["salt"] == pytest.approx(1.0 - passed / flux / 100.0, rel=1e-13)
    wall = seen["wall_concentration_left_mol_per_m3"]["salt"]
    assert seen["polarization_modulus"]["salt"] == pytest.approx(wall / 100.0, rel=1e-13)  # bulk: the far edge
    pistons = summary({"right.pressure": "20 bar"})  # the water leaves the right; bulk: the mean
    wall, mean = (pistons[f"{kind}_right_mol_per_m3"]["salt"] for kind in ("wall_concentration", "concentration"))
    assert pistons["polarization_modulus"]["salt"] == pytest.approx(wall / mean, rel=1e-13)
    assert wall / mean > 1.0
    assert pistons["rejection"]["salt"] == 1.0


def test_rejection_and_polarization_are_null_without_bulk_or_flow() -> None:
    sugar = {"membrane.solutes.sugar.permeability": "1e-7 m/s", "right.concentration.sugar": "50 mmol/L"}
    one = summary({**sugar, "left.pressure": "30 bar", "run.duration": "1 s", "left.boundary": "reservoir"}, TWO)
    assert one["water_flux_m_per_s"] > 0.0
    assert one["rejection"]["sugar"] is None  # none of it in the reservoir
    assert one["polarization_modulus"]["sugar"] is None
    assert one["rejection"]["salt"] == 1.0
    for values in (
        {"left.concentration.salt": "100 mmol/L"},  # nothing drives
        {"membrane.water_permeability": "0 m/s/Pa"},
        {"right.boundary": "rigid"},
    ):
        still = summary(values)
        assert still["rejection"] == {"salt": None}
        assert still["polarization_modulus"] == {"salt": None}
    # below 1e-9 L_p times the largest pressure, here 4.96 bar of osmotic pressure
    weak = summary({"left.concentration.salt": "100 mmol/L", "left.pressure": "1e-5 Pa", "run.duration": "1 s"})
    assert weak["water_flux_m_per_s"] > 0.0
    assert weak["rejection"] == {"salt": None}
    strong = summary({"left.concentration.salt": "100 mmol/L", "left.pressure": "1 Pa", "run.duration": "1 s"})
    assert strong["rejection"] == {"salt": 1.0}


# -- energy ---------------------------------------------------------------------------------------------------------
def test_energy_of_a_constant_pressure() -> None:
    pressed = summary({"right.pressure": "20 bar", "left.pressure": "1 bar"})
    assert pressed["energy_J_per_m2"] == pytest.approx(-19 * BAR * pressed["displaced_volume_m"], rel=1e-6)
    assert pressed["specific_energy_J_per_m3"] == pytest.approx(19 * BAR, rel=1e-6)
    free = summary()
    assert free["energy_J_per_m2"] == free["specific_energy_J_per_m3"] == 0.0
    resisted = summary({"right.pressure": "1 bar"})  # osmosis does work against it
    assert resisted["specific_energy_J_per_m3"] == pytest.approx(-BAR, rel=1e-6)
    tube = summary({"right.boundary": "standpipe", "right.tube_area": 0.01})  # the head is no applied pressure
    assert tube["pressure_right_Pa"] > 100.0
    assert tube["energy_J_per_m2"] == 0.0


@pytest.mark.parametrize("shape", ["step", "ramp"])
def test_energy_of_a_schedule(shape: str) -> None:
    schedule = f'{{ schedule = [["1 min", "5 bar"], ["4 min", "20 bar"]], shape = "{shape}" }}'
    seen = run({"right.pressure": schedule, "run.outputs": 601, "run.rtol": 1e-8})
    time, pressure = seen.series["time"].values, seen.series["pressure_right_Pa"].values
    expected = np.where(time < 240.0, 5 * BAR, 20 * BAR)
    if shape == "ramp":
        expected = np.interp(time, [60.0, 240.0], [5 * BAR, 20 * BAR])
    away_from_the_step = np.abs(time - 240.0) > 1e-6
    np.testing.assert_allclose(pressure[away_from_the_step], expected[away_from_the_step], rtol=1e-12)
    displaced = seen.series["displaced_volume_m"].values
    middle = 0.5 * (expected[1:] + expected[:-1])
    if shape == "step":
        middle = np.where(time[1:] <= 240.0 + 1e-6, 5 * BAR, 20 * BAR)
    assert seen.summary["energy_J_per_m2"] == pytest.approx(-(middle * np.diff(displaced)).sum(), rel=1e-5)


# -- equilibrium ----------------------------------------------------------------------------------------------------
def test_equilibrium_has_the_keys_of_a_summary() -> None:
    end, done = mp.equilibrium(case()), summary()
    assert list(end) == list(done)
    assert done["equilibrium"] == end
    # (l - X) c_R0/(l + X) ...: 20/V = 100/(2 - V) in mm
    assert end["length_left_m"] == pytest.approx(1e-3 / 3.0, rel=1e-12)
    assert end["length_right_m"] == pytest.approx(5e-3 / 3.0, rel=1e-12)
    assert end["displaced_volume_m"] == pytest.approx(2e-3 / 3.0, rel=1e-12)
    for side in ("left", "right"):
        assert end[f"concentration_{side}_mol_per_m3"] == pytest.approx({"salt": 60.0})
        assert end[f"wall_concentration_{side}_mol_per_m3"] == end[f"concentration_{side}_mol_per_m3"]
        assert end[f"osmotic_pressure_{side}_Pa"] == pytest.approx(2 * R * T * 60.0)
        assert end[f"pressure_{side}_Pa"] == 0.0
    assert end["status"] == "equilibrium"
    assert end["water_flux_m_per_s"] == 0.0
    assert end["distance_to_equilibrium"] == 0.0
    assert end["equilibrium"] is None


def test_equilibrium_with_a_solute_that_passes() -> None:
    # two pistons; sugar stays and holds salt's water: sugar 10 and 30, so V = 0.5 mm; salt ends level
    values = {**LEAK, "left.concentration.sugar": "10 mmol/L", "right.concentration.sugar": "30 mmol/L"}
    end = mp.equilibrium(case(values, TWO))
    assert end["length_left_m"] == pytest.approx(0.5e-3, rel=1e-12)
    for side in ("left", "right"):
        assert end[f"concentration_{side}_mol_per_m3"] == pytest.approx({"sugar": 20.0, "salt": 60.0})
    moved = end["amount_transferred_mol_per_m2"]
    assert moved["salt"] == pytest.approx(20.0 * 1e-3 - 60.0 * 0.5e-3)
    assert moved["sugar"] == pytest.approx(0.0, abs=1e-15)
    reached = summary({**values, "run.until": "equilibrium", "run.duration": "30 d"}, TWO)
    assert reached["status"] == "equilibrium"
    assert reached["length_left_m"] == pytest.approx(0.5e-3, rel=1e-6)
    assert reached["amount_transferred_mol_per_m2"]["salt"] == pytest.approx(moved["salt"], rel=1e-6)


@pytest.mark.parametrize(
    ("values", "word", "known"),
    [
        ({"left.boundary": "reservoir", "right.boundary": "reservoir"}, "open", False),
        ({"left.pressure": "1 bar", "left.concentration.salt": "0 mmol/L"}, "runs dry", False),
        ({"membrane.solutes.salt.reflection": 0.5}, "depends on the path", False),
        ({**LEAK, "right.pressure": "1 bar"}, "runs dry", False),
        (LEAK, "any displaced volume", True),  # two pistons, only what passes: the concentrations are known
    ],
)
def test_no_equilibrium_and_why(values: dict[str, object], word: str, known: bool) -> None:
    end = mp.equilibrium(case(values))
    assert list(end) == list(summary({**values, "run.duration": "1 s"}))
    assert word in end["message"]
    assert end["displaced_volume_m"] is None
    assert end["length_left_m"] is None
    if known:
        assert end["concentration_left_mol_per_m3"] == pytest.approx({"salt": 60.0})
    else:
        assert end["concentration_left_mol_per_m3"] is None
        assert end["status"] is None


def test_distance_to_equilibrium() -> None:
    distance = run({"run.until": "equilibrium", "run.duration": "30 d"}).series["distance_to_equilibrium"].values
    assert distance[0] == pytest.approx(1.0, rel=1e-12)
    assert distance[-1] <= 1e-7
    assert (np.diff(distance) < 0.0).all()
    # only the concentrations count where any displaced volume will do
    level = run(LEAK).series["distance_to_equilibrium"].values
    assert level[0] == pytest.approx(1.0, rel=1e-12)
    assert level[-1] < 0.99
    # no denominators: nothing to measure
    assert summary({"left.concentration.salt": "100 mmol/L"})["distance_to_equilibrium"] is None
    assert summary(PRESSED)["distance_to_equilibrium"] is None
    assert summary(PRESSED)["equilibrium"] is None
    by_hand = run()
    x = by_hand.summary["displaced_volume_m"]
    c, width = (by_hand.profiles[name].isel(time=-1).values for name in ("concentration", "width"))
    start = 2 * 40.0 * 1e-3  # |20 - 60| + |100 - 60| over 1 mm each
    spread = (np.abs(c[0] - 60.0) * width).sum() / start
    expected = max(abs(x / (2e-3 / 3.0) - 1.0), spread)
    assert by_hand.summary["distance_to_equilibrium"] == pytest.approx(expected, rel=1e-9)


def test_until_equilibrium_is_as_steady_where_there_is_none() -> None:
    seen = summary({**PRESSED, "run.until": "equilibrium", "run.duration": "1 d"})
    assert seen["status"] == "steady"
    assert seen["end_time_s"] < 86400.0
    # mixing-cup value in steady state: what leaves is what passes
    passed = seen["solute_flux_mol_per_m2_s"]["salt"] / seen["water_flux_m_per_s"]
    assert seen["concentration_right_mol_per_m3"]["salt"] == pytest.approx(passed, rel=1e-5)


def test_a_run_does_not_stop_before_its_schedule_is_over() -> None:
    schedule = '{ schedule = [["0 s", "30 bar"], ["2 h", "35 bar"]] }'
    seen = summary({**PRESSED, "left.pressure": schedule, "run.until": "steady", "run.duration": "1 d"})
    assert seen["status"] == "steady"
    assert seen["end_time_s"] > 7200.0
    assert seen["pressure_left_Pa"] == 35 * BAR


# -- failures -------------------------------------------------------------------------------------------------------
def test_running_dry_carries_the_result() -> None:
    dry = case({"left.concentration.salt": "0 mmol/L", "run.duration": "1 h", "run.outputs": 61})
    with pytest.raises(mp.RunError) as caught:
        mp.run(dry)
    result = caught.value.result
    assert isinstance(result, Result)
    assert result.summary["status"] == "failed"
    assert str(caught.value) == result.summary["message"]
    assert "left" in str(caught.value)
    assert "dry" in str(caught.value)
    assert result.summary["length_left_m"] == pytest.approx(1e-3 * 1e-3, rel=1e-3)  # the event: 1e-3 of its length
    assert 0.0 < result.summary["end_time_s"] < dry.run.duration
    stored = result.series["time"].values[:-1]  # even, and closer than the 60 s of a run that lasts its whole duration
    np.testing.assert_allclose(stored, np.arange(len(stored)) * stored[1])
    assert stored[1] == pytest.approx(result.summary["end_time_s"] / 60)
    assert len(stored) == 60
    assert result.summary["amount_error"] <= 1e-10
    assert np.isfinite(result.profiles["concentration"].values).all()


def test_backflow_without_the_key() -> None:
    reverse = {**PRESSED, "left.pressure": "0 bar", "right.concentration.salt": "50 mmol/L"}
    with pytest.raises(mp.RunError, match="backflow") as caught:
        run(reverse)
    assert caught.value.result.summary["status"] == "failed"
    # salt is thinner on the right: water comes in there, as asked for
    drawn = summary({**reverse, "right.backflow": '{ salt = "7 mmol/L" }', "run.duration": "6 h"})
    assert drawn["water_flux_m_per_s"] < 0.0
    assert drawn["status"] == "completed"
    last = summary({**reverse, "right.backflow": "last"})
    assert last["status"] == "completed"
    assert last["water_flux_m_per_s"] < 0.0


# -- compare --------------------------------------------------------------------------------------------------------
def test_compare() -> None:
    one, two = case(), mp.parse_case(TWO, name="two").with_values({"right.pressure": "9 bar"})
    done = mp.run(two)
    table = mp.compare([one, done])
    assert isinstance(table, xarray.Dataset)
    assert dict(table.sizes) == {"case": 2}
    assert table["case"].values.tolist() == ["case", "two"]
    assert table["process"].values.tolist() == ["osmosis", "reverse osmosis"]
    assert table["displaced_volume_m"].values[1] == done.summary["displaced_volume_m"]
    salt = table["concentration_left_mol_per_m3[salt]"].values
    assert salt[1] == done.summary["concentration_left_mol_per_m3"]["salt"]
    sugar = table["concentration_left_mol_per_m3[sugar]"].values
    assert np.isnan(sugar[0])
    assert sugar[1] == 0.0
    assert {key.partition("[")[0] for key in table.data_vars} == set(done.summary) - {"equilibrium", "elements"}
    assert mp.compare([done])["length_left_m"].values.tolist() == [done.summary["length_left_m"]]


# -- symmetries -----------------------------------------------------------------------------------------------------
TEXTS = """
[solutes.salt]
diffusivity = "1.5e-9 m^2/s"
dissociation = 2
[solutes.sugar]
diffusivity = "5e-10 m^2/s"
[solutes.urea]
diffusivity = "1.4e-9 m^2/s"

[left]
{left}
[right]
{right}
[membrane]
flux_law = "{law}"
water_permeability = "3 L/m^2/hour/bar"
[membrane.solutes]
salt = {{ permeability = "1e-7 m/s", reflection = 0.9 }}
sugar = {{ permeability = "0 m/s", reflection = 1.0 }}
urea = {{ permeability = "2e-6 m/s", reflection = 0.3 }}

[mesh]
cells = 20
[run]
duration = "20 min"
outputs = 5
"""
SIDES = {
    "pistons": (
        'length = "2 mm"\nconcentration = { salt = "30 mmol/L", sugar = "5 mmol/L", urea = "0 mmol/L" }',
        'length = "1 mm"\npressure = "4 bar"\n'
        'concentration = { salt = "80 mmol/L", sugar = "9 mmol/L", urea = "40 mmol/L" }',
    ),
    "tube and rigid": (
        'length = "2 mm"\nboundary = "standpipe"\ntube_area = 0.1\n'
        'concentration = { salt = "30 mmol/L", sugar = "5 mmol/L", urea = "0 mmol/L" }',
        'length = "1 mm"\nboundary = "rigid"\n'
        'concentration = { salt = "80 mmol/L", sugar = "9 mmol/L", urea = "40 mmol/L" }',
    ),
    "reservoir and outflow": (
        'length = "50 um"\nboundary = "reservoir"\npressure = "30 bar"\n'
        'concentration = { salt = "90 mmol/L", sugar = "5 mmol/L", urea = "10 mmol/L" }',
        'length = "80 um"\nboundary = "outflow"\nbackflow = "last"\n'
        'concentration = { salt = "0 mmol/L", sugar = "1 mmol/L", urea = "40 mmol/L" }',
    ),
    "stirred and profile": (
        'length = "2 mm"\nstirred = true\n'
        'concentration = { salt = "30 mmol/L", sugar = "5 mmol/L", urea = "0 mmol/L" }',
        'length = "1 mm"\nboundary = "standpipe"\ndiffusivity = { salt = "4e-10 m^2/s" }\n'
        'concentration = { salt = { profile = [["0 mm", "10 mmol/L"], ["1 mm", "90 mmol/L"]] }, '
        'sugar = "9 mmol/L", urea = "40 mmol/L" }',
    ),
}
LAWS = ("spiegler-kedem", "kedem-katchalsky")
ODD = {"water_flux_m_per_s", "displaced_volume_m", "solute_flux_mol_per_m2_s", "amount_transferred_mol_per_m2"}
ROUND_OFF = 1e-8  # what is left of the time integration's 1e-6 when the same steps are taken in another order
LOOSE = {"amount_error", "distance_to_equilibrium"}


def swapped(name: str) -> str:
    return name.replace("left", "@").replace("right", "left").replace("@", "right")


def assert_close(a: np.ndarray, b: np.ndarray, name: str, rtol: float, scale: float | None = None) -> None:
    size = np.nanmax(np.abs(b)) if scale is None and np.isfinite(b).any() else scale or 0.0
    np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * size, err_msg=name)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("sides", SIDES)
def test_left_and_right_are_only_names(sides: str, law: str) -> None:
    left, right = SIDES[sides]
    there = mp.run(mp.parse_case(TEXTS.format(left=left, right=right, law=law)))
    back = mp.run(mp.parse_case(TEXTS.format(left=right, right=left, law=law)))
    for name in there.series.data_vars:
        if name in LOOSE:
            continue
        a, b = there.series[name].values, back.series[swapped(name)].values
        assert_close(-a if name in ODD else a, b, name, ROUND_OFF)
    mirrored = back.profiles["concentration"].values[:, :, ::-1]
    assert_close(there.profiles["concentration"].values, mirrored, "profiles", ROUND_OFF)
    assert_close(there.profiles["position"].values, -back.profiles["position"].values[:, ::-1], "position", ROUND_OFF)
    opposite = {"hypotonic": "hypertonic", "hypertonic": "hypotonic"}
    for key in ("process", "status", "cells"):
        assert there.summary[key] == back.summary[key]
    tonicity = there.summary["tonicity"]
    assert opposite.get(tonicity, tonicity) == back.summary["tonicity"]


def test_swapping_with_a_partition() -> None:
    """``J = P (c_L − c_R/K)`` seen from the other side: K becomes 1/K and P becomes P/K."""
    values = {"membrane.water_permeability": "0 m/s/Pa", "membrane.solutes.salt.permeability": "1e-6 m/s"}
    there = summary({**values, "membrane.solutes.salt.partition": 4.0})
    other = {
        "left.concentration.salt": "100 mmol/L",
        "right.concentration.salt": "20 mmol/L",
        "membrane.solutes.salt.permeability": "0.25e-6 m/s",
        "membrane.solutes.salt.partition": 0.25,
    }
    back = summary({**values, **other})
    assert there["amount_transferred_mol_per_m2"]["salt"] != 0.0
    moved = back["amount_transferred_mol_per_m2"]["salt"]
    assert there["amount_transferred_mol_per_m2"]["salt"] == pytest.approx(-moved, rel=1e-9)
    end = there["equilibrium"]
    ratio = end["concentration_right_mol_per_m3"]["salt"] / end["concentration_left_mol_per_m3"]["salt"]
    assert ratio == pytest.approx(4.0, rel=1e-12)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("sides", SIDES)
def test_the_order_of_the_solutes_plays_no_part(sides: str, law: str) -> None:
    left, right = SIDES[sides]
    text = TEXTS.format(left=left, right=right, law=law)
    blocks = text.split("[left]")[0].split("[solutes.")[1:]
    turned = text.replace("[solutes." + "[solutes.".join(blocks), "[solutes." + "[solutes.".join(blocks[::-1]))
    one, two = mp.run(mp.parse_case(text)), mp.run(mp.parse_case(turned))
    assert one.solutes == two.solutes[::-1] == ["salt", "sugar", "urea"]
    for name in set(one.series.data_vars) - LOOSE:
        a, b = one.series[name], two.series[name]
        if "solute" in b.dims:
            b = b.sel(solute=one.solutes)
        assert_close(a.values, b.values, name, ROUND_OFF)


def test_units_play_no_part() -> None:
    left, right = SIDES["reservoir and outflow"]
    text = TEXTS.format(left=left, right=right, law="spiegler-kedem")
    other = mp.parse_case(text).with_values(
        {
            "temperature": "77 degF",
            "left.length": "0.005 cm",
            "left.pressure": "3000 kPa",
            "right.length": "8e-5 m",
            "left.concentration.salt": "0.09 mol/L",
            "left.concentration.urea": "10 mol/m^3",
            "right.concentration.urea": "4e-5 mol/cm^3",
            "solutes.salt.diffusivity": "1.5e-5 cm^2/s",
            "membrane.water_permeability": "0.003 m/hour/bar",
            "membrane.solutes.salt.permeability": "0.36 mm/hour",
            "run.duration": "1200 s",
        }
    )
    one, two = mp.run(mp.parse_case(text)), mp.run(other)
    for name in set(one.series.data_vars) - LOOSE:
        assert_close(two.series[name].values, one.series[name].values, name, 1e-9)
    # where the numbers come out the same, so does every bit
    same = mp.run(mp.parse_case(text).with_values({"run.duration": "1200 s", "left.pressure": "3e6 Pa"}))
    for name, values in one.arrays.items():
        assert np.array_equal(same.arrays[name], values, equal_nan=values.dtype.kind == "f"), name


@pytest.mark.parametrize("sides", ["pistons", "reservoir and outflow", "stirred and profile"])
@pytest.mark.parametrize(("longer", "faster"), [(3.0, 1.0), (1.0, 7.0), (0.1, 0.3)])
def test_similarity(sides: str, longer: float, faster: float) -> None:
    """Lengths times a and everything b times as fast: D a^2 b, L_p and P a b, t/b give the same concentrations."""
    left, right = (text.replace('boundary = "standpipe"\n', "") for text in SIDES[sides])
    base = mp.parse_case(TEXTS.format(left=left, right=right, law="spiegler-kedem"))
    values: dict[str, object] = {
        "run.duration": f"{base.run.duration / faster!r} s",
        "membrane.water_permeability": f"{base.membrane.water_permeability * longer * faster!r} m/s/Pa",
    }
    for side in ("left", "right"):
        here = getattr(base, side)
        values[f"{side}.length"] = f"{here.length * longer!r} m"
        for name, diffusivity in here.diffusivity.items():
            values[f"{side}.diffusivity.{name}"] = f"{diffusivity * longer**2 * faster!r} m^2/s"
        profile = here.concentration["salt"]
        if not isinstance(profile, float):
            points = [
                [f"{x * longer!r} m", f"{c!r} mol/m^3"] for x, c in zip(profile.distance, profile.value, strict=True)
            ]
            values[f"{side}.concentration.salt"] = {"profile": points}
    for name, solute in base.solutes.items():
        values[f"solutes.{name}.diffusivity"] = f"{solute.diffusivity * longer**2 * faster!r} m^2/s"
        permeability = base.membrane.solutes[name].permeability
        values[f"membrane.solutes.{name}.permeability"] = f"{permeability * longer * faster!r} m/s"
    one, two = mp.run(base), mp.run(base.with_values(values))
    assert_close(two.profiles["concentration"].values, one.profiles["concentration"].values, "profiles", ROUND_OFF)
    for name, factor in {
        "time": 1.0 / faster,
        "displaced_volume_m": longer,
        "water_flux_m_per_s": longer * faster,
        "solute_flux_mol_per_m2_s": longer * faster,
        "length_left_m": longer,
        "wall_concentration_left_mol_per_m3": 1.0,
        "wall_osmotic_pressure_right_Pa": 1.0,
        "rejection": 1.0,
        "energy_J_per_m2": longer,
    }.items():
        assert_close(two.series[name].values, one.series[name].values * factor, name, ROUND_OFF)


# -- how a case becomes numbers -------------------------------------------------------------------------------------
def test_a_profile_is_averaged_exactly_over_each_cell() -> None:
    points = [(0.1e-3, 10.0), (0.3e-3, 90.0), (0.35e-3, 20.0), (0.9e-3, 60.0)]
    text = ", ".join(f'["{x!r} m", "{c} mol/m^3"]' for x, c in points)
    for side, sign in (("right", 1.0), ("left", -1.0)):
        seen = run({f"{side}.concentration.salt": f"{{ profile = [{text}] }}", "run.duration": "1 s"})
        start = seen.profiles.isel(time=0)
        here = start["side"].values == side
        middle, width = sign * start["position"].values[here], start["width"].values[here]
        concentration = start["concentration"].values[0, here]
        x, c = np.array(points).T
        for low, high, found in zip(middle - width / 2, middle + width / 2, concentration, strict=True):
            knots = np.unique(np.concatenate([[low, high], x[(x > low) & (x < high)]]))
            values = np.interp(knots, x, c)  # level beyond the points, as the case file says
            exact = (0.5 * (values[1:] + values[:-1]) * np.diff(knots)).sum() / (high - low)
            assert found == pytest.approx(exact, rel=1e-11)
        mean = 0.1 * 10.0 + 0.2 * 50.0 + 0.05 * 55.0 + 0.55 * 40.0 + 0.1 * 60.0
        assert seen.series[f"concentration_{side}_mol_per_m3"].values[0, 0] == pytest.approx(mean, rel=1e-12)


def test_a_reservoir_holds_the_far_edge_of_its_profile() -> None:
    profile = '{ profile = [["0 um", "0 mmol/L"], ["100 um", "100 mmol/L"]] }'
    held = {**PRESSED, "run.until": "steady", "run.duration": "1 d"}
    one, two = summary(held), summary({**held, "left.concentration.salt": profile})
    assert two["water_flux_m_per_s"] == pytest.approx(one["water_flux_m_per_s"], rel=1e-6)
    assert two["rejection"]["salt"] == pytest.approx(one["rejection"]["salt"], rel=1e-6)


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_rigid_side_has_the_pressure_that_balances(side: str) -> None:
    other = "left" if side == "right" else "right"
    seen = run({f"{side}.boundary": "rigid", f"{other}.pressure": "2 bar"})
    c = {"left": 20.0, "right": 100.0}
    expected = 2 * BAR + 2 * R * T * (c[side] - c[other])
    np.testing.assert_allclose(seen.series[f"pressure_{side}_Pa"], expected, rtol=1e-12)
    np.testing.assert_array_equal(seen.series[f"pressure_{other}_Pa"], 2 * BAR)
    assert (seen.series["water_flux_m_per_s"] == 0.0).all()
    leaky = run({**LEAK, f"{side}.boundary": "rigid"})  # the pressure follows the walls and fades
    walls = {s: leaky.series[f"wall_concentration_{s}_mol_per_m3"].values[:, 0] for s in c}
    balance = 0.8 * 2 * R * T * (walls[side] - walls[other])
    np.testing.assert_allclose(leaky.series[f"pressure_{side}_Pa"], balance, rtol=1e-9)
    tight = summary(
        {f"{side}.boundary": "rigid", f"{other}.pressure": "2 bar", "membrane.water_permeability": "0 m/s/Pa"}
    )
    assert tight[f"pressure_{side}_Pa"] == 2 * BAR


def test_nothing_flows_without_water_permeability() -> None:
    values = {"membrane.water_permeability": "0 m/s/Pa", "left.pressure": "50 bar", **LEAK}
    seen = run(values)
    assert (seen.series["water_flux_m_per_s"] == 0.0).all()
    assert (seen.series["displaced_volume_m"] == 0.0).all()
    assert seen.summary["energy_J_per_m2"] == 0.0
    assert seen.summary["amount_transferred_mol_per_m2"]["salt"] < 0.0


def test_a_standpipe_carries_the_weight_of_what_it_gained() -> None:
    seen = run({"left.boundary": "standpipe", "right.boundary": "standpipe", "right.tube_area": "0.05 m^2/m^2"})
    x = seen.series["displaced_volume_m"].values
    weight = 997.047 * 9.80665  # as in test_temperature
    np.testing.assert_allclose(seen.series["pressure_right_Pa"], weight * x / 0.05, rtol=1e-6)
    np.testing.assert_allclose(seen.series["pressure_left_Pa"], -weight * x, rtol=1e-6, atol=1e-12)


def test_twenty_solutes() -> None:
    names = [f"s{i}" for i in range(20)]
    text = "".join(f'[solutes.{n}]\ndiffusivity = "{1 + i}e-10 m^2/s"\n' for i, n in enumerate(names))
    for side, c in (("left", "2 mmol/L"), ("right", "5 mmol/L")):
        text += f'[{side}]\nlength = "1 mm"\n[{side}.concentration]\n' + "".join(f'{n} = "{c}"\n' for n in names)
    text += '[membrane]\nwater_permeability = "1 L/m^2/hour/bar"\n'
    for i, name in enumerate(names):
        text += f'[membrane.solutes.{name}]\npermeability = "{i}e-7 m/s"\nreflection = {1.0 if i == 0 else 0.9}\n'
    seen = mp.run(mp.parse_case(text + '[mesh]\ncells = 40\n[run]\nduration = "1 h"\noutputs = 5\n'))
    assert seen.solutes == names
    assert seen.summary["amount_error"] <= 1e-10
    moved = np.array(list(seen.summary["amount_transferred_mol_per_m2"].values()))
    assert moved[0] == 0.0
    assert (moved[1:] < 0.0).all()
    assert (
        np.diff(np.abs(moved[:11])) > 0.0
    ).all()  # the more permeable and mobile, the more; the rest is level by now


def test_equal_solutes_are_one() -> None:
    """Salt under two names, half of it each, is salt."""
    half = {"left.concentration.salt": "10 mmol/L", "right.concentration.salt": "50 mmol/L", **LEAK}
    twin = {
        "solutes.sugar.diffusivity": "1.5e-9 m^2/s",
        "solutes.sugar.dissociation": 2,
        "left.concentration.sugar": "10 mmol/L",
        "right.concentration.sugar": "50 mmol/L",
        "membrane.solutes.sugar.permeability": "1e-7 m/s",
        "membrane.solutes.sugar.reflection": 0.8,
    }
    exactly = {"run.rtol": 1e-10}
    one, two = run({**LEAK, **exactly}), run({**half, **twin, **exactly}, TWO)
    name = "concentration"
    np.testing.assert_allclose(two.profiles[name].sum("solute"), one.profiles[name].sum("solute"), rtol=1e-6)
    assert two.summary["displaced_volume_m"] == pytest.approx(one.summary["displaced_volume_m"], rel=1e-6)


@pytest.mark.parametrize("values", [{}, LEAK, {**LEAK, "right.pressure": "20 bar"}])
def test_stirred_is_what_fast_diffusion_becomes(values: dict[str, object]) -> None:
    stirred = run({**values, "left.stirred": True, "right.stirred": True, "run.rtol": 1e-9})
    assert stirred.summary["cells"] == 2
    errors = []
    for diffusivity in ("1e-6 m^2/s", "1e-5 m^2/s"):
        fast = run({**values, "solutes.salt.diffusivity": diffusivity, "run.rtol": 1e-9})
        errors.append(abs(fast.summary["displaced_volume_m"] / stirred.summary["displaced_volume_m"] - 1.0))
    assert errors[1] < 1e-4
    assert errors[1] == pytest.approx(errors[0] / 10.0, rel=0.1, abs=1e-6)  # the resistance of a layer is length/D
    for side in ("left", "right"):
        for kind in ("", "wall_"):
            key = f"{kind}concentration_{side}_mol_per_m3"
            assert fast.summary[key] == pytest.approx(stirred.summary[key], rel=1e-3)
    assert stirred.summary["wall_concentration_left_mol_per_m3"] == stirred.summary["concentration_left_mol_per_m3"]


def test_stirred_follows_the_ordinary_differential_equation() -> None:
    """Two stirred pistons: ``dV/dt = L_p nu R T (n_L/V - n_R/(V_T - V))``, its implicit solution."""
    seen = run({"left.stirred": True, "right.stirred": True, "run.rtol": 1e-10, "run.duration": "20 min"})
    n_left, n_right, total, rate = 20.0 * 1e-3, 100.0 * 1e-3, 2e-3, LMHB * 2 * R * T
    end, rest = total * n_left / (n_left + n_right), total * n_right / (n_left + n_right)

    def implicit(v: float) -> float:
        y, y0 = v - end, 1e-3 - end
        return end * rest * math.log(y / y0) + (rest - end) * (y - y0) - 0.5 * (y * y - y0 * y0)

    for time, v in zip(seen.series["time"].values, seen.series["length_left_m"].values, strict=True):
        assert implicit(v) == pytest.approx(-rate * (n_left + n_right) * time, rel=1e-7, abs=1e-18)


def test_gas() -> None:
    text = """
    phase = "gas"
    temperature = "300 K"
    [solutes.a]
    diffusivity = "2e-5 m^2/s"
    [solutes.b]
    diffusivity = "2e-5 m^2/s"
    [left]
    length = "3 cm"
    pressure = "1 atm"
    concentration = { a = "80 %", b = "0.2 mol/mol" }
    [right]
    length = "1 cm"
    pressure = "1 atm"
    concentration = { a = "0 mol/mol", b = "1 mol/mol" }
    [membrane]
    type = "none"
    [run]
    duration = "1 h"
    until = "equilibrium"
    """
    seen = mp.run(mp.parse_case(text))
    total = 101325.0 / (R * 300.0)
    assert seen.summary["status"] == "equilibrium"
    for side in ("left", "right"):
        mixed = {"a": 0.6 * total, "b": 0.4 * total}
        assert seen.summary[f"concentration_{side}_mol_per_m3"] == pytest.approx(mixed, rel=1e-6)
        assert seen.summary[f"pressure_{side}_Pa"] == 101325.0
        assert seen.summary[f"osmotic_pressure_{side}_Pa"] is None
    assert seen.summary["amount_transferred_mol_per_m2"]["a"] == pytest.approx(0.2 * total * 0.03, rel=1e-6)
    assert seen.summary["water_flux_m_per_s"] == 0.0
    assert seen.summary["process"] == "diffusion"
    assert seen.summary["tonicity"] is seen.summary["rejection"] is seen.summary["polarization_modulus"] is None
    np.testing.assert_allclose(seen.profiles["concentration"].sum("solute"), total, rtol=1e-9)


# -- many at once ---------------------------------------------------------------------------------------------------
def test_cases_that_are_solved_at_once_are_what_they_are_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also beside one that runs dry, and beside such as have another model, another course, or an end of their own."""
    base = case({**LEAK, "mesh.finest": "20 um"})
    pressures = ["0 bar", "1 bar", "3 bar", "-40 bar", "8 bar", "60 bar", "2 bar"]
    longer = base.with_values({"run.duration": "1 h"})
    cases = [longer.with_values({"left.pressure": each}) for each in pressures]
    schedules = [{"schedule": [["0 s", "0 bar"], ["5 min", each]], "shape": "step"} for each in ("1 bar", "2 bar")]
    cases += [base.with_values({"left.pressure": each}) for each in schedules]
    cases += [base.with_values({"membrane.water_permeability": each}) for each in ("1 LMH/bar", "2 LMH/bar")]
    cases += [base.with_values({"run.until": "equilibrium", "run.duration": "100 d"}), case(PRESSED), base, base]
    groups = []
    at_once = solving.solve_group

    def counted(group: Any) -> Any:
        groups.append(len(group.cases))
        return at_once(group)

    monkeypatch.setattr(running, "solve_group", counted)
    found = runs.summarize_all(cases)
    assert groups == [7, 1, 1, 2]
    alone = [runs.summarize(each) for each in cases]
    assert {each["status"] for each in alone} == {"completed", "failed", "equilibrium"}
    for one, other in zip(found, alone, strict=True):
        assert one["solve_time_s"] > 0.0
        for name in set(one) - {"solve_time_s", "equilibrium"}:
            # the search for the water flux begins elsewhere, and ends within 1e-12 of it
            small = {"amount_error": 1e-15, "rejection": 1e-11}.get(name, 1e-18)
            close = one[name] == other[name] or one[name] == pytest.approx(other[name], rel=1e-9, abs=small)
            assert close, (name, one[name], other[name])


def test_what_is_solved_at_once_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    base = case({**LEAK, "mesh.finest": "20 um"})
    cases = [base.with_values({"left.pressure": f"{p} bar"}) for p in range(6)]
    monkeypatch.setattr(solving, "NUMBERS_AT_ONCE", 7 * 32 * 2)  # times, cells
    assert [len(group.cases) for group in solving.groups_of(cases)] == [2, 2, 2]


# -- the call itself ------------------------------------------------------------------------------------------------
def test_progress_and_a_second_run() -> None:
    told: list[float] = []
    one = mp.run(case(), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0, abs=1e-9)
    assert all(0.0 < share <= 1.0 + 1e-9 for share in told)
    two = mp.run(one.case)
    for name, values in one.arrays.items():
        assert np.array_equal(two.arrays[name], values, equal_nan=values.dtype.kind == "f"), name


def test_outputs_and_cells() -> None:
    seen = run({"run.outputs": 13, "mesh.cells": 7})
    np.testing.assert_allclose(seen.series["time"], np.linspace(0.0, 600.0, 13), rtol=1e-12)
    assert seen.summary["cells"] == 14
    assert seen.profiles["concentration"].sizes == {"time": 13, "solute": 1, "cell": 14}


# -- found by trying -------------------------------------------------------------------------------------------------
def test_no_water_through_an_outflow_is_diffusion() -> None:
    seen = run(
        {
            "left.boundary": "reservoir",
            "right.boundary": "outflow",
            "membrane.water_permeability": "0 L/m^2/hour/bar",
            "membrane.solutes.salt.permeability": "1e-6 m/s",
        }
    )
    assert seen.summary["status"] == "completed"
    assert (seen.arrays["water_flux_m_per_s"] == 0.0).all()
    assert seen.summary["solute_flux_mol_per_m2_s"]["salt"] != 0.0


def test_a_steady_state_is_found_without_flow() -> None:
    still = run(
        {"left.pressure": "0 bar", "right.boundary": "outflow", "run.until": "steady", "run.duration": "30 d"}
        | {"left.concentration.salt": "10 mmol/L", "right.concentration.salt": "10 mmol/L"}
    )
    assert still.summary["status"] == "steady"
    assert still.summary["end_time_s"] < 3600.0


def test_a_steady_flow_has_gone_on_for_a_while() -> None:
    """Two stirred reservoirs never change: yet some water has passed before the run stops."""
    ends = {
        f"{side}.{key}": value
        for side in ("left", "right")
        for key, value in (("boundary", "reservoir"), ("stirred", True))
    }
    seen = summary(ends | {"run.until": "steady", "run.duration": "30 d"})
    assert seen["status"] == "steady"
    assert seen["process"] == "osmosis"
    assert seen["end_time_s"] >= 1e-4 * 30 * 86400.0
    assert seen["displaced_volume_m"] == pytest.approx(seen["water_flux_m_per_s"] * seen["end_time_s"], rel=1e-9)


def test_the_equilibrium_is_that_of_the_pressure_at_the_end_of_the_run() -> None:
    later = {"schedule": [["0 s", "0 bar"], ["10 d", "60 bar"]], "shape": "step"}
    for pressure in ("0 bar", later):
        end = mp.equilibrium(case({"left.pressure": pressure, "run.duration": "1 h"}))
        expected = mp.equilibrium(case({"left.pressure": "0 bar"}))["displaced_volume_m"]
        assert end["displaced_volume_m"] == pytest.approx(expected, rel=1e-12)


def test_at_equilibrium_the_water_has_come_back() -> None:
    """Salt levels out sooner than the weight in a wide tube draws back the water that it had pulled along."""
    seen = summary(
        {
            **LEAK,
            "left.boundary": "standpipe",
            "left.tube_area": 0.3,
            "membrane.solutes.salt.permeability": "1e-5 m/s",
            "run.until": "equilibrium",
            "run.duration": "100000 d",
        }
    )
    assert seen["equilibrium"]["displaced_volume_m"] == pytest.approx(0.0, abs=1e-18)
    assert seen["status"] == "equilibrium"
    assert abs(seen["displaced_volume_m"]) < 1e-6 * seen["length_left_m"]


NEIGHBOURS: list[dict[str, object]] = [
    {"left.pressure": "5 bar"},
    {"right.pressure": "5 bar"},
    {"left.pressure": {"flux": "1 L/m^2/hour"}},
    {"right.concentration.salt": "50 mmol/L"},
    {"left.diffusivity.salt": "1e-9 m^2/s"},
    {"right.boundary": "rigid"},
    {"temperature": "10 degC"},
    {"osmotic_model": "virial", "solutes.salt.virial": ["0.1 L/mol"]},
    {"mesh.cells": 12},
    {"membrane.water_permeability": "2 L/m^2/hour/bar"},
    {"solutes.salt.dissociation": 1},
    PRESSED,
    {**PRESSED, "left.pressure": "20 bar", "right.backflow": "last"},
]


@pytest.mark.parametrize("values", NEIGHBOURS, ids=lambda values: ", ".join(values))
def test_what_was_run_before_does_not_matter(values: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Cases that differ in what is applied share a model; the others must not."""
    case = mp.parse_case(BASE).with_values(LEAK)
    other = case.with_values(values)

    def answer(case: Case, alone: bool) -> dict[str, Any]:
        if alone:
            monkeypatch.setattr(build, "last_model", None)
        return {key: value for key, value in mp.run(case).summary.items() if key != "solve_time_s"}

    first, second = answer(case, True), answer(other, True)
    assert first != second
    assert answer(case, True) == first
    assert answer(other, False) == second
    assert answer(other, False) == second
    assert answer(case, False) == first


def test_cases_in_several_threads_do_not_meet() -> None:
    cases = [mp.parse_case(BASE).with_values({"left.pressure": f"{p} bar", "run.duration": "1 min"}) for p in range(8)]
    expected = [mp.run(case).summary["displaced_volume_m"] for case in cases]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: mp.run(cases[i % 8]).summary["displaced_volume_m"], range(48)))
    assert found == expected * 6


# -- cases that random ones have found ------------------------------------------------------------------------------
def test_water_from_an_empty_side_takes_nothing_along() -> None:
    """The logarithmic mean has no slope where a side is empty; a run there must not tremble about zero."""
    empty = run(
        {
            "left.stirred": True,
            "right.stirred": True,
            "left.length": "20 um",
            "right.length": "20 um",
            "left.concentration.salt": "1 mol/L",
            "right.concentration.salt": "0 mol/L",
            "membrane.flux_law": "kedem-katchalsky",
            "membrane.water_permeability": "6 L/m^2/hour/bar",
            "membrane.solutes.salt.permeability": "1e-8 m/s",
            "membrane.solutes.salt.reflection": 0.6,
            "mesh.cells": 1,
            "run.duration": "0.1 s",
        }
    )
    assert empty.summary["steps"] < 200
    left, right = (empty.series[f"wall_concentration_{side}_mol_per_m3"].values[:, 0] for side in ("left", "right"))
    assert (right >= -1e-6 * 1000.0).all()
    # all that comes through the membrane goes back with the water
    arriving = 1e-8 * left[1:]
    assert np.abs(empty.series["solute_flux_mol_per_m2_s"].values[1:, 0]).max() < 1e-3 * arriving.max()


@pytest.mark.parametrize("solver", ["rosenbrock", "cvode"])
def test_pure_water_is_pressed_out_at_any_speed(solver: str) -> None:
    """Upstream nothing is left that could pile up; the Péclet number of its cells is of no account."""
    pure = {f"{side}.concentration.salt": "0 mol/L" for side in ("left", "right")}
    values = {**pure, "membrane.water_permeability": "40 L/m^2/hour/bar", "right.pressure": "30 bar", "mesh.cells": 4}
    with pytest.raises(mp.RunError, match="the right side ran dry") as failed:
        run({**values, "solutes.salt.diffusivity": "4e-11 m^2/s", "run.solver": solver})
    assert failed.value.result.summary["end_time_s"] == pytest.approx(0.999e-3 / (40 * LMHB * 30 * BAR), rel=1e-5)


def test_amounts_between_a_thin_layer_and_its_bath() -> None:
    """The fluxes between them are large, and all but cancel: what they carry must not be lost in their digits."""
    values = {
        "right.boundary": "bath",
        "right.length": "2 um",
        "right.volume": "2 um",
        "right.pressure": {"flux": "-1.2e-9 m/s"},
        "right.concentration.salt": "1.6 mmol/L",
        "left.concentration.salt": "0 mol/L",
        "mesh.cells": 40,
        "run.duration": "12 hour",
    }
    assert run(values).summary["amount_error"] < 1e-10


def test_a_failed_run_comes_back_from_another_process() -> None:
    with pytest.raises(mp.RunError) as caught:
        mp.run(mp.load_case("seawater_ro").with_values({"mesh.cells": 4, "left.pressure": "0 bar"}))
    other = pickle.loads(pickle.dumps(caught.value))
    assert str(other) == str(caught.value)
    assert other.result.summary == caught.value.result.summary
