"""An elastic wall presses and does not pull: where it would have to, the membrane comes off it (plasmolysis)."""

from __future__ import annotations

import itertools

import pytest
from scipy.constants import R
from scipy.optimize import brentq

import membrane_pde as mp
from membrane_pde.runs import summarize, summarize_all

MODULUS, CELL, BATH = 135e5, 20e-6, 2e-3  # Pa, m, m
RT = R * 293.15


def plant_cell(outside: float, **values: object) -> mp.Case:
    """The shipped case in a bath of some strength (mmol/L)."""
    case = mp.load_case("plant_cell_turgor")
    return case.with_values({"right.concentration.sucrose": f"{outside} mmol/L", **values})


def shrunk(outside: float, applied: float = 0.0) -> tuple[float, float]:
    """Volume of the cell and pressure of its wall at equilibrium, by hand: both sides closed, van 't Hoff."""
    inside = 200.0 * CELL

    def pressure(volume: float) -> float:
        return max(applied + MODULUS * (volume / CELL - 1.0), 0.0)

    def excess(volume: float) -> float:
        return pressure(volume) - RT * (inside / volume - outside * BATH / (CELL + BATH - volume))

    volume = float(brentq(excess, 1e-3 * CELL, 5.0 * CELL, xtol=1e-18, rtol=1e-14))
    return volume, pressure(volume)


@pytest.mark.parametrize("outside", [0.0, 150.0, 500.0, 2500.0])
@pytest.mark.parametrize("solver", ["rosenbrock", "cvode"])
def test_turgor_is_never_negative(outside: float, solver: str) -> None:
    result = mp.run(plant_cell(outside, **{"run.solver": solver}))
    volume, pressure = shrunk(outside)
    # outside the cell is its own strength, 200 mmol/L, where the wall ceases to press
    assert (pressure == 0.0) == (outside > 200.0)
    assert result.summary["length_left_m"] == pytest.approx(volume, rel=1e-6)
    assert result.summary["pressure_left_Pa"] == pytest.approx(pressure, rel=1e-6, abs=1e-6 * MODULUS)
    assert result.series["pressure_left_Pa"].values.min() >= 0.0
    assert result.summary["amount_error"] <= 1e-10
    said = "The membrane has come off the elastic wall on the left (cell), which no longer presses on the liquid"
    assert (said in result.summary["message"]) == (outside > 200.0)
    assert result.summary["status"] == "equilibrium"
    end = result.summary["equilibrium"]
    assert end["length_left_m"] == pytest.approx(volume, rel=1e-10)
    assert end["pressure_left_Pa"] == pytest.approx(pressure, rel=1e-9, abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("outside", [150.0, 500.0])
def test_turgor_is_never_negative_with_fipys_steps(outside: float) -> None:
    """The same cell and the same water, in a closed vessel."""
    values = {
        "left.concentration.sucrose": "200 mmol/L",
        "right.concentration.sucrose": f"{outside} mmol/L",
        "right.length": "2 mm",
        "right.stirred": True,
        "temperature": "20 degC",
        "run.solver": "fipy",
        "run.rtol": 1e-3,
        "run.until": "duration",
    }
    result = plant_cell_between_walls(values)
    volume, pressure = shrunk(outside)
    assert result.summary["length_left_m"] == pytest.approx(volume, rel=5e-3)
    assert result.summary["pressure_left_Pa"] == pytest.approx(pressure, rel=5e-2)
    assert result.series["pressure_left_Pa"].values.min() >= 0.0


@pytest.mark.parametrize("outside", [100.0, 190.0, 210.0, 1000.0])
@pytest.mark.parametrize("applied", [-2e5, 0.0, 3e5])
def test_equilibrium_with_a_pressure_on_the_wall(outside: float, applied: float) -> None:
    end = mp.equilibrium(plant_cell(outside, **{"left.pressure": f"{applied} Pa"}))
    volume, pressure = shrunk(outside, applied)
    assert end["length_left_m"] == pytest.approx(volume, rel=1e-10)
    assert end["pressure_left_Pa"] == pytest.approx(pressure, rel=1e-8, abs=1e-2)


def test_two_walls_either_of_which_may_be_off() -> None:
    """Left and right are only names, and the wall on the side that grows presses."""
    for left, right in itertools.permutations((100.0, 300.0)):
        values = {
            "right.boundary": "elastic",
            "right.modulus": "10 bar",
            "right.stirred": "true",
            "right.length": "20 um",
            "left.concentration.sucrose": f"{left} mmol/L",
            "right.concentration.sucrose": f"{right} mmol/L",
        }
        text = plant_cell_between_walls(values)
        end = text.summary["equilibrium"]
        pressures = end["pressure_left_Pa"], end["pressure_right_Pa"]
        assert min(pressures) == 0.0
        assert max(pressures) > 1e5
        assert (pressures[0] > 0.0) == (left > right)
        assert text.summary["displaced_volume_m"] == pytest.approx(end["displaced_volume_m"], rel=1e-6)


def plant_cell_between_walls(values: dict[str, object]) -> mp.Result:
    text = """
[solutes.sucrose]
[left]
boundary = "elastic"
modulus = "135 bar"
length = "20 um"
concentration = { sucrose = "100 mmol/L" }
[right]
length = "20 um"
concentration = { sucrose = "300 mmol/L" }
[membrane]
water_permeability = "3.1e-6 cm/s/bar"
solutes.sucrose = { permeability = "0 m/s", reflection = 1.0 }
[run]
duration = "10 min"
until = "equilibrium"
"""
    return mp.run(mp.parse_case(text).with_values(values))


@pytest.mark.parametrize("solver", ["rosenbrock", "cvode"])
def test_what_presses_on_a_wall_that_is_off_does_no_work(solver: str) -> None:
    """The pressure works until the wall is slack, which it is at ``X = p l/E``: W = p^2 l/E, by hand."""
    pressure = 4e5
    summary = mp.run(plant_cell(800.0, **{"left.pressure": "4 bar", "run.solver": solver})).summary
    assert summary["energy_J_per_m2"] == pytest.approx(pressure**2 * CELL / MODULUS, rel=1e-5)
    # a wall that presses to the end
    inside = mp.run(plant_cell(100.0, **{"left.pressure": "4 bar", "run.solver": solver})).summary
    assert inside["pressure_left_Pa"] > 0.0
    assert inside["energy_J_per_m2"] == pytest.approx(pressure * inside["displaced_volume_m"], rel=1e-5)


def test_the_membrane_comes_off_and_meets_the_wall_again() -> None:
    """Pressed from outside, the water goes back in: the wall presses again from where it left off."""
    swing = '{ schedule = [["0 s", "0 bar"], ["60 s", "20 bar"]], shape = "step" }'
    values = {"right.pressure": swing, "run.duration": "10 min", "run.until": "duration", "run.outputs": 601}
    result = mp.run(plant_cell(500.0, **values))
    turgor = result.series["pressure_left_Pa"].values
    gained = -result.series["displaced_volume_m"].values / CELL
    assert turgor[60] == 0.0
    assert gained[60] < -0.1
    expected = (MODULUS * gained).clip(min=0.0)
    assert turgor == pytest.approx(expected, abs=1e-6 * MODULUS)
    assert turgor[-1] > 1e5
    assert "For a time the membrane had come off the elastic wall on the left (cell): plasmolysis." in str(
        result.summary["message"]
    )
    # a step of the pressure on the bath: its work is the pressure times the volume it moved, out of the bath
    moved = result.series["displaced_volume_m"].values
    assert result.summary["energy_J_per_m2"] == pytest.approx(-20e5 * (moved[-1] - moved[60]), rel=1e-5)


def test_many_cases_at_once_are_what_each_is_alone() -> None:
    values = {"run.until": "duration", "run.duration": "2 min", "run.outputs": 20}
    cases = [plant_cell(300.0, **values, **{"left.pressure": f"{bar} bar"}) for bar in (0, 1, 60, 100)]
    together, alone = summarize_all(cases), [summarize(case) for case in cases]
    for one, other in zip(together, alone, strict=True):
        for key in ("length_left_m", "pressure_left_Pa", "energy_J_per_m2", "water_flux_m_per_s"):
            assert one[key] == pytest.approx(other[key], rel=1e-6, abs=1e-12), key
        assert one["message"] == other["message"]
    assert ["plasmolysis" in each["message"] for each in alone] == [True, True, False, False]


def test_where_nothing_stays_any_volume_behind_a_slack_wall_will_do() -> None:
    """Solutes that pass, and no pressure: the wall holds the water only as long as it presses."""
    values = {"membrane.solutes.sucrose": '{ permeability = "1e-6 m/s", reflection = 0.9 }'}
    end = mp.equilibrium(plant_cell(500.0, **values))
    assert end["displaced_volume_m"] is None
    assert "all walls are slack" in end["message"]
    # what presses from outside is held by the wall alone
    end = mp.equilibrium(plant_cell(500.0, **values, **{"left.pressure": "3 bar", "right.pressure": "1 bar"}))
    assert end["displaced_volume_m"] == pytest.approx(2e5 * CELL / MODULUS, rel=1e-9)


def test_the_estimate_of_the_error_sees_the_same_wall() -> None:
    result = mp.run(plant_cell(500.0))
    estimate = mp.check_accuracy(result)
    volume, _ = shrunk(500.0)
    assert estimate["length_left_m"] <= 1e-6 * CELL
    assert abs(result.summary["length_left_m"] - volume) <= 1e-6 * CELL
    assert estimate["pressure_left_Pa"] == 0.0


def test_the_test_for_a_steady_state_leaves_the_wall_alone() -> None:
    """It looks a thousand times the duration ahead, where the wall may have changed; the run must not see that."""
    case = mp.parse_case(
        """
        temperature = "25 degC"
        [solutes.NaCl]
        [left]
        length = "1 mm"
        concentration = { NaCl = "0.1 mol/L" }
        [right]
        boundary = "elastic"
        length = "1 mm"
        modulus = "10 bar"
        concentration = { NaCl = "0.5 mol/L" }
        [membrane]
        water_permeability = "1 L/m^2/hour/bar"
        [membrane.solutes.NaCl]
        permeability = "1e-7 m/s"
        reflection = 1.0
        [run]
        duration = "1e8 s"
        until = "steady"
        """
    )
    rest, end = mp.run(case).summary, mp.run(case.with_values({"run.until": "equilibrium"})).summary
    assert (rest["status"], end["status"]) == ("steady", "equilibrium")
    assert rest["steps"] < 2 * end["steps"]  # by the wrong wall every step would be rejected at first
    whole = rest["length_left_m"] + rest["length_right_m"]
    assert rest["displaced_volume_m"] == pytest.approx(end["displaced_volume_m"], abs=1e-7 * whole)
