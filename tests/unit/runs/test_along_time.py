"""Runs of cases with [module] in time: balances, rest, schedules, cycles, files and words."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import membrane_pde as mp
from membrane_pde.input.casefile import parse_case
from membrane_pde.results.quantities import SUMMARY_KEYS
from membrane_pde.show import report_along
from tests.along import VESSEL

ELEMENT = (
    VESSEL.replace("elements = 7", "elements = 1")
    .replace('pressure = { recovery = "45 %" }', 'pressure = "55 bar"')
    .replace('pressure_exchanger = { efficiency = "95 %", mixing = "3 %" }', "")
    .replace('osmotic_model = "pitzer"', "")
)
QUICK = {"module.stations": 4, "run.outputs": 30}


def element(changes: dict[str, Any], run: str = 'duration = "2 min"') -> Any:
    return parse_case(f"{ELEMENT}\n[run]\n{run}\n", name="element").with_values(QUICK | changes)


@pytest.fixture(scope="module")
def step() -> Any:
    """The feed's concentration rises for a while."""
    case = element({"left.inlet": {"NaCl": {"schedule": [["0 s", "20 g/L"], ["30 s", "30 g/L"]]}}})
    return mp.run(case.with_values({"left.concentration": {"NaCl": "20 g/L"}}))


def test_amounts_balance_and_every_key_is_there(step: Any) -> None:
    summary = step.summary
    assert set(summary) == set(SUMMARY_KEYS)
    assert summary["status"] == "completed"
    assert summary["end_time_s"] == 120.0
    assert summary["amount_error"] < 1e-10
    flux, time = step.arrays["water_flux_m_per_s"], step.arrays["time"]
    trapezia = float((0.5 * (flux[1:] + flux[:-1]) * np.diff(time)).sum())
    assert summary["displaced_volume_m"] == pytest.approx(trapezia, rel=5e-3)


def test_it_ends_at_the_steady_state(step: Any) -> None:
    end = element({"left.concentration": {"NaCl": "30 g/L"}})
    rest = mp.steady(end)
    for key in ("water_flux_m_per_s", "recovery", "pressure_drop_left_Pa"):
        assert step.summary[key] == pytest.approx(rest[key], rel=2e-3)  # its limiter costs an order at the last cell
    fed, known = step.summary["elements"][0], rest["elements"][0]
    assert fed["permeate_flow_m3_per_s"] == pytest.approx(known["permeate_flow_m3_per_s"], rel=2e-3)


def test_until_steady_ends_earlier() -> None:
    found = mp.run(element({}, 'duration = "1 h"\nuntil = "steady"'))
    assert found.summary["status"] == "steady"
    assert found.summary["end_time_s"] < 3000.0


def test_a_pump_that_stops_lets_water_come_back() -> None:
    stop = [["0 s", "55 bar"], ["60 s", "55 bar"], ["61 s", "0 bar"]]
    flow = [["0 s", "8 m^3/h"], ["60 s", "8 m^3/h"], ["61 s", "0 m^3/h"]]
    case = element(
        {
            "left.pressure": {"schedule": stop, "shape": "ramp"},
            "left.channel.flow": {"schedule": flow, "shape": "ramp"},
            "right.pressure": "0 bar",
        }
    )
    found = mp.run(case)
    flux = found.arrays["water_flux_m_per_s"]
    assert flux[10] > 0.0 > flux[-1]
    assert found.summary["amount_error"] < 1e-10
    assert "The water flux changed direction during the run" in found.summary["message"]
    assert found.summary["backflow_area_share"] == 1.0


def test_a_closed_circuit_is_flushed_in_cycles() -> None:
    case = element(
        {
            "left.boundary": "bath",
            "left.volume": "0.2 m^3",
            "left.feed": {"NaCl": "2 g/L"},
            "left.concentration": {"NaCl": "2 g/L"},
            "left.pressure": {"flux": "30 L/m^2/hour"},
            "module.cycle": {"until": "recovery = 60 %", "flush": 1.0},
        },
        'duration = "6 min"',
    )
    found = mp.run(case)
    assert "The circuit was flushed" in found.summary["message"]
    assert found.summary["water_flux_m_per_s"] == pytest.approx(30.0 / 3.6e6)
    pressure = found.arrays["pressure_left_Pa"]
    assert pressure.max() > 1.08 * pressure[0]
    mean = found.summary["specific_energy_J_per_m3"]
    assert pressure.min() < mean < pressure.max()


def test_saved_loaded_said_and_drawn(step: Any, tmp_path: Path) -> None:
    again = mp.load_result(step.save(tmp_path / "out"))
    assert again.summary == step.summary
    assert again.profiles.sizes["time"] == 30
    assert [path.name for path in mp.plot.save_all(step, tmp_path)] == ["along.png", "vessel.png", "history.png"]

    class Page:
        is_terminal = False
        file = io.StringIO()

    report_along.show_along(Page, step.case, step.summary)
    assert "In 2 min" in Page.file.getvalue()


@pytest.mark.parametrize(
    ("changes", "run", "words"),
    [
        ({}, 'duration = "1 min"\nuntil = "equilibrium"', "in a module something always flows"),
        (
            {"left.pressure": {"mean": "50 bar", "amplitude": "5 bar", "period": "10 s"}},
            'duration = "1 min"\nuntil = "steady"',
            "so that it is never reached",
        ),
    ],
)
def test_what_is_not_possible_in_time(changes: dict[str, Any], run: str, words: str) -> None:
    with pytest.raises(mp.CaseError, match=words):
        mp.run(element(changes, run))


WITHOUT_SALT = {
    "left.concentration.NaCl": "0 g/L",
    "left.channel.pressure_drop": "none",
    "right.pressure": "0 bar",
    "run.rtol": 1e-8,
    "run.outputs": 7,  # so few that they could not tell what happens between them
}
PULSE = {"mean": "40 bar", "amplitude": "10 bar", "period": "6 s", "shape": "pulse", "duty": 0.25}


@pytest.mark.parametrize(
    ("pressure", "mean", "square"),
    [
        ({"mean": "40 bar", "amplitude": "10 bar", "period": "6 s"}, 40e5, 40e5**2 + 10e5**2 / 2.0),
        (PULSE, 40e5 - 5e5, (50e5**2 + 3.0 * 30e5**2) / 4.0),
        ({"schedule": [["0 s", "50 bar"], ["7.5 s", "30 bar"]]}, 35e5 + 0.0, (50e5**2 + 3.0 * 30e5**2) / 4.0),
    ],
)
def test_pressures_that_change_drive_pure_water_at_once(pressure: dict[str, Any], mean: float, square: float) -> None:
    """``J_v = L_p p(t)``: over whole periods the displaced volume is ``L_p ∫ p dt``, and the work ``L_p ∫ p² dt``."""
    summary = mp.run(element(WITHOUT_SALT | {"left.pressure": pressure}, 'duration = "30 s"')).summary
    permeability = 1e-3 / 3600.0 / 1e5
    assert summary["displaced_volume_m"] == pytest.approx(permeability * mean * 30.0, rel=1e-6)
    assert summary["energy_J_per_m2"] == pytest.approx(permeability * square * 30.0, rel=1e-6)


def test_an_oscillation_keeps_the_amounts_and_another_integrator_agrees() -> None:
    values = {"left.pressure": {"mean": "50 bar", "amplitude": "8 bar", "period": "10 s"}}
    own, other = (
        mp.run(element(values | {"run.solver": solver}, 'duration = "25 s"')).summary
        for solver in ("rosenbrock", "cvode")
    )
    assert own["amount_error"] < 1e-10
    for key in ("water_flux_m_per_s", "displaced_volume_m", "energy_J_per_m2"):
        assert own[key] == pytest.approx(other[key], rel=1e-5)
    at_end = 50e5 + 8e5 * np.sin(2.0 * np.pi * 2.5)
    assert own["pressure_left_Pa"] == pytest.approx(at_end, rel=1e-9)


def test_what_a_support_layer_holds_is_told_to_be_left_out() -> None:
    """S²/D of 678 um and 1.61e-9 m²/s are nearly five minutes; a steady state leaves none of it out."""
    case = mp.load_case("forward_osmosis_module")
    assert "right.support" not in report_along.known_limits(case)
    told = report_along.known_limits(case.with_values({"run.duration": "1 h"}))
    slowest = 678e-6**2 / case.solutes["NaCl"].diffusivity
    assert 270.0 < slowest < 300.0
    assert "the time that the profile in the pores of right.support takes to follow" in told
    assert f"about thickness² · tortuosity ÷ D, {slowest / 60.0:.3g} min" in told
