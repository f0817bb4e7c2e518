"""A layer of constant thickness around a growing membrane takes up the liquid of the bath behind it, and may empty it.

No solute holds water here (σ = 0), so that a pressure difference Δp drives a water flux of exactly ``−L_p Δp``, and the
radius of the membrane grows as ``R + L_p Δp t``. With the outer edge of the layer, at R + h, the bath behind it has
lost ``((r + h)^d − (R + h)^d)/(d R^(d−1))`` per membrane area at the start, d = 2 of a cylinder, 3 of a sphere: what
went through the membrane and what the layer took up. All numbers below come from these two lines alone.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import membrane_pde as mp

DIMENSION = {"cylindrical": 2, "spherical": 3}
RADIUS, THICKNESS, SPEED = 1e-3, 10e-3, 1e-11 * 1e5  # m, m, m/s
CONCENTRATIONS = 100.0, 30.0  # mol/m^3
TEXT = """
temperature = "298.15 K"
geometry = "{geometry}"
[solutes.S]
diffusivity = "1.5e-9 m^2/s"
[left]
radius = "1 mm"
concentration.S = "100 mol/m^3"
[right]
boundary = "bath"
length = "10 mm"
volume = "{volume!r} m"
pressure = "1 bar"
concentration.S = "30 mol/m^3"
{flows}
[membrane]
water_permeability = "1e-11 m/s/Pa"
solutes.S = {{ permeability = "1e-7 m/s", reflection = 0.0 }}
[mesh]
cells = 12
[run]
duration = "{duration!r} s"
outputs = 11
solver = "{solver}"
"""
SOLVERS = "rosenbrock", "cvode", "fipy"
GROWN = 0.3e-3  # m, by which the radius has grown when the bath is empty


def lost(geometry: str, radius: Any) -> Any:
    """What the bath has lost when the membrane has a radius, per membrane area at the start, m."""
    d = DIMENSION[geometry]
    return ((radius + THICKNESS) ** d - (RADIUS + THICKNESS) ** d) / (d * RADIUS ** (d - 1))


def case(geometry: str, solver: str = "rosenbrock", **changes: Any) -> mp.Case:
    values = {"volume": float(lost(geometry, RADIUS + GROWN)), "duration": 600.0, "flows": "", **changes}
    return mp.parse_case(TEXT.format(geometry=geometry, solver=solver, **values))


def check_balances(made: mp.Case, result: mp.Result, fed: float = 0.0) -> None:
    """Liquid and amounts by the two lines above, `fed` minus bled, m/s."""
    arrays, d = result.arrays, DIMENSION[str(made.geometry)]
    around = ((RADIUS + THICKNESS) ** d - RADIUS**d) / (d * RADIUS ** (d - 1))
    whole = RADIUS / d + around + made.right.volume
    liquid = arrays["length_left_m"] + arrays["length_right_m"]
    np.testing.assert_allclose(liquid, whole + fed * arrays["time"], rtol=1e-12)
    inside, outside = (
        arrays[f"length_{side}_m"] * arrays[f"concentration_{side}_mol_per_m3"][:, 0] for side in ("left", "right")
    )
    start = CONCENTRATIONS[0] * RADIUS / d + CONCENTRATIONS[1] * (around + made.right.volume)
    np.testing.assert_allclose(inside + outside, start + 30.0 * fed * arrays["time"], rtol=1e-12)
    assert result.summary["amount_error"] <= 1e-12
    radius = RADIUS + SPEED * arrays["time"]
    np.testing.assert_allclose(arrays["membrane_area_ratio"], (radius / RADIUS) ** (d - 1), rtol=1e-6)


def ended(made: mp.Case) -> tuple[mp.Result, str]:
    """The result of a run, and the message of one that failed."""
    try:
        return mp.run(made), ""
    except mp.RunError as error:
        if error.result is None:
            raise
        return error.result, str(error)


@pytest.mark.parametrize("geometry", list(DIMENSION))
@pytest.mark.parametrize("solver", SOLVERS)
def test_the_run_ends_when_the_layer_has_emptied_the_bath(geometry: str, solver: str) -> None:
    made = case(geometry, solver)
    result, message = ended(made)
    assert "right side ran dry: less than a millionth of its volume was left" in message
    assert result.summary["status"] == "failed"
    assert float(result.arrays["time"][-1]) == pytest.approx(GROWN / SPEED, rel=2e-5)
    check_balances(made, result)


@pytest.mark.parametrize("geometry", list(DIMENSION))
@pytest.mark.parametrize("solver", SOLVERS)
def test_the_balances_hold_while_the_bath_lasts(geometry: str, solver: str) -> None:
    made = case(geometry, solver, duration=0.99 * GROWN / SPEED)
    result = mp.run(made)
    assert result.summary["status"] == "completed"
    check_balances(made, result)


@pytest.mark.parametrize("geometry", list(DIMENSION))
def test_a_feed_and_a_bleed_count(geometry: str) -> None:
    """The feed has the concentration of the bath, and the solute stays inside, so that only the feed brings some."""
    feed = 'feed = { flow = "30 L/m^2/h", concentration.S = "30 mol/m^3" }'
    made = case(geometry, flows=feed, duration=100.0)
    check_balances(made, mp.run(made), fed=30e-3 / 3600.0)


@pytest.mark.parametrize("geometry", list(DIMENSION))
def test_the_message_says_where_the_liquid_went_and_what_helps(geometry: str) -> None:
    made, d = case(geometry), DIMENSION[geometry]
    _, message = ended(made)
    through = ((RADIUS + GROWN) ** d - RADIUS**d) / (d * RADIUS ** (d - 1))
    for volume in (made.right.volume, through, made.right.volume - through, THICKNESS):
        assert re.search(rf"{1e3 * volume:.4g} mm", message), (volume, message)
    for words in ("a larger right.volume", "right.length"):
        assert words in message
    for key, value in (("right.volume", "1 m"), ("right.length", "1 mm")):  # what it suggests helps
        assert mp.run(made.with_values({key: value, "run.duration": "310 s"})).summary["status"] == "completed"


@pytest.mark.parametrize("geometry", list(DIMENSION))
@pytest.mark.parametrize("thickness", ["0.1 mm", "1 mm", "10 mm"])
@pytest.mark.parametrize("radius", ["10 um", "0.1 mm", "1 mm"])
def test_no_case_creates_liquid(geometry: str, thickness: str, radius: str) -> None:
    """Whatever the radius and the layer: a run keeps all liquid, or ends where the bath has run dry."""
    made = mp.load_case("swelling_sphere").with_values(
        {
            "geometry": geometry,
            "left.radius": radius,
            "right.stirred": False,
            "right.length": thickness,
            "run.duration": "20 s",
        }
    )
    result, message = ended(made)
    assert message == "" or "right side (dilute bath) ran dry" in message
    liquid = result.arrays["length_left_m"] + result.arrays["length_right_m"]
    np.testing.assert_allclose(liquid, liquid[0], rtol=1e-12)
    assert result.summary["amount_error"] <= 1e-12
