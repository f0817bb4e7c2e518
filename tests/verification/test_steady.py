"""A run until "steady" stops in the steady state: its numbers are those of algebra, or of a far longer run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import membrane_pde as mp
from membrane_pde import analytic
from membrane_pde.input.case import Case
from membrane_pde.input.properties import is_closed
from membrane_pde.results.quantities import SERIES
from membrane_pde.runs import solving
from membrane_pde.solvers.steadiness import CHANGE

R, T = 8.31446261815324, 298.15

RO = """
[solutes.NaCl]
[solutes.trace]
diffusivity = "5e-10 m^2/s"
dissociation = 1
[left]
boundary = "reservoir"
length = "1 um"
pressure = "55 bar"
concentration = { NaCl = "550 mol/m^3", trace = "1e-6 mol/m^3" }
[right]
boundary = "outflow"
stirred = true
length = "1 mm"
concentration = { NaCl = "0 g/L", trace = "0 mol/m^3" }
[membrane]
type = "SW30HR"
[membrane.solutes.trace]
permeability = "2e-7 m/s"
reflection = 0.9
[run]
duration = "100 h"
until = "steady"
"""
CHANNEL = {"right.stirred": False, "right.length": "1 cm"}
BATH = {
    "left.boundary": "bath",
    "left.length": "20 um",
    "left.volume": "10 cm",
    "left.feed": {"NaCl": "550 mol/m^3", "trace": "1e-6 mol/m^3"},
    "left.bleed": "20 L/m^2/hour",
}
CLOSED = """
[solutes.fast]
diffusivity = "2e-9 m^2/s"
dissociation = 1
[solutes.slow]
diffusivity = "5e-12 m^2/s"
dissociation = 1
[left]
length = "200 um"
concentration = { fast = "300 mol/m^3", slow = "1e-3 mol/m^3" }
[right]
boundary = "standpipe"
tube_area = 1e-3
length = "100 um"
concentration = { fast = "100 mol/m^3", slow = "0 mol/m^3" }
[membrane]
water_permeability = "1 L/m^2/hour/bar"
solutes.fast = { permeability = "1e-6 m/s", reflection = 0.5 }
solutes.slow = { permeability = "2e-9 m/s", reflection = 0.5 }
[run]
duration = "1000 d"
until = "steady"
"""
NO_WALL = """
[solutes.fast]
diffusivity = "2e-9 m^2/s"
[solutes.slow]
diffusivity = "5e-12 m^2/s"
[left]
boundary = "reservoir"
length = "100 um"
concentration = { fast = "300 mol/m^3", slow = "1e-3 mol/m^3" }
[right]
boundary = "reservoir"
length = "1 mm"
concentration = { fast = "100 mol/m^3", slow = "0 mol/m^3" }
[membrane]
type = "none"
[run]
duration = "1000 d"
until = "steady"
"""
# What flows on between open sides; the rest of the summary comes to rest.
FLOWS_ON = (
    "displaced_volume_m",
    "amount_transferred_mol_per_m2",
    "energy_J_per_m2",
    "collected_concentration_mol_per_m3",
    "collected_rejection",
)


def case(text: str = RO, values: dict[str, Any] | None = None) -> Case:
    return mp.parse_case(text).with_values(values or {})


def summary(text: str = RO, values: dict[str, Any] | None = None) -> dict[str, Any]:
    return mp.run(case(text, {"run.outputs": 40} | (values or {}))).summary


def film(values: dict[str, Any], length: float, concentration: float = 550.0) -> analytic.FilmReverseOsmosis:
    """Reverse osmosis of the salt through a film; the trace pulls no water."""
    one = case(values=values)
    salt = one.membrane.solutes["NaCl"]
    return analytic.film_reverse_osmosis(
        "spiegler-kedem",
        water_permeability=one.membrane.water_permeability,
        pressure=one.left.pressure.values[0],
        concentration=concentration,
        mass_transfer=one.solutes["NaCl"].diffusivity / length,
        reflection=salt.reflection,
        permeability=salt.permeability,
        osmotic=2.0 * R * T,
    )


@pytest.mark.parametrize("right", [{}, CHANNEL, {"right.length": "1 um"}, {"right.length": "10 cm"}])
def test_what_leaves_is_flushed_out(right: dict[str, Any]) -> None:
    """The permeate starts without salt, and its length over the flux is the slowest time by far."""
    exact, found = film(right, 1e-6), summary(values=right)
    assert found["status"] == "steady"
    for name in ("water_flux_m_per_s", "concentration_right_mol_per_m3", "wall_concentration_left_mol_per_m3"):
        expected = {"water": exact.water_flux, "concentration": exact.permeate, "wall": exact.wall}[name.split("_")[0]]
        got = found[name]["NaCl"] if isinstance(found[name], dict) else found[name]
        assert got == pytest.approx(expected, rel=1e-6), name
    passing = found["solute_flux_mol_per_m2_s"]["trace"] / found["water_flux_m_per_s"]
    assert found["concentration_right_mol_per_m3"]["trace"] == pytest.approx(passing, rel=1e-6)


def test_what_was_too_salty_is_flushed_out() -> None:
    """The scale of the permeate is at first that of the feed, which is 400 times what it comes to."""
    found = summary(values={"right.concentration.NaCl": "550 mol/m^3"})
    assert found["concentration_right_mol_per_m3"]["NaCl"] == pytest.approx(film({}, 1e-6).permeate, rel=2e-5)


def test_the_length_of_a_stirred_reservoir_means_nothing() -> None:
    ends = {
        f"{side}.{key}": value
        for side in ("left", "right")
        for key, value in (("boundary", "reservoir"), ("stirred", True))
    }
    found = [summary(values=ends | {"left.length": length}) for length in ("1 nm", "1 mm", "1 km")]
    for key in ("end_time_s", "water_flux_m_per_s", "solute_flux_mol_per_m2_s", "displaced_volume_m"):
        assert found[0][key] == pytest.approx(found[1][key], rel=1e-6), key
        assert found[0][key] == pytest.approx(found[2][key], rel=1e-6), key
    found = [summary(values={"left.stirred": True, "left.length": length}) for length in ("1 nm", "1 mm", "1 km")]
    for key in ("end_time_s", "water_flux_m_per_s", "displaced_volume_m"):  # the end hangs on the last digits
        assert found[0][key] == pytest.approx(found[1][key], rel=5e-3), key
        assert found[0][key] == pytest.approx(found[2][key], rel=5e-3), key


@pytest.mark.parametrize("right", [{}, CHANNEL])
def test_a_bath_is_flushed_by_its_feed_and_its_bleed(right: dict[str, Any]) -> None:
    """``(J_v + b) c_f = b c_b + J_s``: what is fed leaves with the bleed and through the membrane."""
    found, bleed = summary(values=BATH | right | {"run.duration": "2000 h"}), 20.0 / 3.6e6
    assert found["status"] == "steady"
    flux = found["water_flux_m_per_s"]
    for name, feed in (("NaCl", 550.0), ("trace", 1e-6)):
        passing = found["solute_flux_mol_per_m2_s"][name]
        tank = ((flux + bleed) * feed - passing) / bleed
        assert found["concentration_right_mol_per_m3"][name] == pytest.approx(passing / flux, rel=1e-6)
        # observed rejection refers to the tank
        assert found["rejection"][name] == pytest.approx(1.0 - passing / flux / tank, abs=1e-7)
    exact = film({}, 20e-6, ((flux + bleed) * 550.0 - found["solute_flux_mol_per_m2_s"]["NaCl"]) / bleed)
    assert flux == pytest.approx(exact.water_flux, rel=1e-6)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (RO, {"left.pressure": {"flux": "20 L/m^2/hour"}}),
        (RO, {"left.length": "200 um", "solutes.trace.diffusivity": "1e-12 m^2/s"}),
        (CLOSED, {}),
        (CLOSED, {"left.boundary": "rigid"}),
        (CLOSED, {"left.boundary": "reservoir"}),
        (CLOSED, {"left.stirred": True, "membrane.solutes.fast.permeability": "1e-8 m/s"}),
        (NO_WALL, {}),
        (NO_WALL, {"left.boundary": "rigid"}),
        (NO_WALL, {"left.boundary": "bath", "left.volume": "1 mm", "right.boundary": "piston"}),
    ],
)
def test_nothing_changes_any_more(text: str, values: dict[str, Any]) -> None:
    """Run on for ten times the duration, every number is the same, on its own scale: its largest during the run."""
    one = case(text, values)
    result = mp.run(one)
    assert result.summary["status"] == "steady"
    assert result.summary["end_time_s"] < 0.5 * one.run.duration
    on = mp.run(
        one.with_values({"run.until": "duration", "run.rtol": 1e-9, "run.duration": f"{10.0 * one.run.duration} s"})
    )
    bounded = any(is_closed(side) for side in (one.left, one.right))
    for name in SERIES:
        if name in ("amount_error", "distance_to_equilibrium") or (name in FLOWS_ON and not bounded):
            continue
        start, end = result.arrays[name], on.arrays[name]
        scale = np.nanmax(np.abs(start), axis=0, initial=0.0) + 1e-300
        dying = np.isnan(end[-1])  # the ratio of two fluxes that have died out
        assert (dying | np.isnan(start[-1]) | (np.abs(start[-1] - end[-1]) <= 1e-6 * scale)).all(), name


def test_what_is_left_is_what_is_left() -> None:
    """Where everything is linear (diffusion alone) the change that is seen ahead is the whole change, at any time."""
    one = case(NO_WALL, {"left.boundary": "rigid", "right.boundary": "rigid", "run.duration": "1 h"})
    solved = solving.solve_case(one.with_values({"run.until": "duration"}))
    rests, system = solving.steadiness_test(one, solved.system, solved.segments[0][-1]), solved.system
    mean = [(300.0 * 100e-6 + 100.0 * 1e-3) / 1.1e-3, 1e-3 * 100e-6 / 1.1e-3]
    for i in (1, 50, 150):
        state = solved.states[0, i]
        assert not rests(float(solved.times[i]), state, solved.segments[0][i])
        ahead = system.amounts(state + rests.workspace.states[CHANGE]) / system.width
        assert ahead[0] == pytest.approx(np.full(system.cells, mean[0]), rel=2e-3)  # a horizon of 1000 h
        assert system.amounts(rests.workspace.states[CHANGE]).sum(axis=1) == pytest.approx(0.0, abs=1e-10)


def test_the_estimate_of_the_error_sees_that_a_run_stopped_early(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, values in ((RO, {}), (CLOSED, {})):
        exact = summary(text, values)
        with monkeypatch.context() as patch:
            patch.setattr(solving, "_STEADY", 1e5)
            early = mp.run(case(text, values))
        assert early.summary["status"] == "steady"
        assert early.summary["end_time_s"] < exact["end_time_s"]
        estimate, checked = mp.check_accuracy(early), 0
        for key in ("concentration_right_mol_per_m3", "solute_flux_mol_per_m2_s"):
            for name, value in exact[key].items():
                real = abs(early.summary[key][name] - value)
                if real > 1e-4 * abs(value):
                    checked += 1
                    assert real < 1.2 * estimate[key][name]
        assert checked > 0
