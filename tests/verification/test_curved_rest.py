"""Steady states of spheres and cylinders, small and large, behind thin and thick layers, beside every boundary.

The judge is the balance of forces by hand: the solute stays where it is, so that the cell swells until both osmotic
pressures are equal. Whether the layer around it, which keeps its thickness, then needs more liquid than the bath holds
follows from the volumes of cylinders and balls alone.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

import membrane_pde as mp
from membrane_pde.runs import steady_state

DIMENSION = {"cylindrical": 2, "spherical": 3}
INSIDE, OUTSIDE, VOLUME = 100.0, 35.0, 20e-3  # mol/m^3, mol/m^3, m
TEXT = """
temperature = "22 degC"
geometry = "{geometry}"
[solutes.KCl]
diffusivity = "1.9e-9 m^2/s"
dissociation = 2
[left]
radius = "{radius!r} m"
concentration.KCl = "100 mmol/L"
[right]
boundary = "{boundary}"
length = "{thickness!r} m"
{more}
concentration.KCl = "35 mmol/L"
[membrane]
water_permeability = "1.6e-12 m/s/Pa"
solutes.KCl = {{ permeability = "{permeability} m/s", reflection = 1.0 }}
[run]
duration = "1 min"
"""
SHAPES = list(itertools.product(DIMENSION, [1e-6, 1e-5, 1e-4, 0.625e-3, 5e-3], [1e-5, 1e-4, 1e-3, 5e-3, 2e-2]))
BOUNDARIES = "bath", "reservoir", "piston"
BLED = 'feed = { KCl = "50 mmol/L" }\nbleed = "30 L/m^2/h"'
FED = 'feed = { flow = "30 L/m^2/h", concentration.KCl = "50 mmol/L" }\nbleed = "30 L/m^2/h"'


def case(
    shape: tuple[str, float, float], boundary: str, permeability: str = "0", flows: str = "", volume: float = VOLUME
) -> mp.Case:
    geometry, radius, thickness = shape
    more = f'volume = "{volume!r} m"\n{flows}' if boundary == "bath" else ""
    given = {"geometry": geometry, "radius": radius, "thickness": thickness, "boundary": boundary}
    return mp.parse_case(TEXT.format(**given, more=more, permeability=permeability))


def shell(geometry: str, radius: float, thickness: float) -> float:
    """Volume of a shell per length of a cylinder or per sphere, without π."""
    d = DIMENSION[geometry]
    return ((radius + thickness) ** d - radius**d) / d


def by_hand(shape: tuple[str, float, float], boundary: str, volume: float = VOLUME) -> tuple[float, bool]:
    """Volume inside over that at the start where the osmotic pressures are equal, and whether the bath lasts."""
    geometry, radius, thickness = shape
    d = DIMENSION[geometry]
    area, inside = radius ** (d - 1), radius**d / d
    around = shell(geometry, radius, thickness) + (volume * area if boundary == "bath" else 0.0)

    def excess(ratio: float) -> float:
        outside = OUTSIDE if boundary == "reservoir" else OUTSIDE * around / (around - (ratio - 1.0) * inside)
        return INSIDE / ratio - outside

    # beside a piston the water runs out before the volume inside has grown by what is around it
    most = 1e3 if boundary == "reservoir" else 1.0 + around / inside * (1.0 - 1e-12)
    ratio = float(brentq(excess, 1.0, min(most, 1e3), xtol=1e-15, rtol=1e-14))
    grown = shell(geometry, radius * ratio ** (1.0 / d), thickness) - shell(geometry, radius, thickness)
    return ratio, boundary != "bath" or grown + (ratio - 1.0) * inside < volume * area


def check(found: dict[str, Any], made: mp.Case, ratio: float, rel: float) -> None:
    d = DIMENSION[str(made.geometry)]
    radius = made.left.radius
    assert radius is not None
    assert found["status"] == "steady", found["message"]
    assert found["length_left_m"] == pytest.approx(ratio * radius / d, rel=rel)
    assert found["membrane_area_ratio"] == pytest.approx(ratio ** ((d - 1) / d), rel=rel)
    assert found["concentration_left_mol_per_m3"]["KCl"] == pytest.approx(INSIDE / ratio, rel=rel)
    assert found["water_flux_m_per_s"] == 0.0


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_the_steady_state_is_the_balance_of_forces_or_the_bath_runs_dry(
    shape: tuple[str, float, float], boundary: str
) -> None:
    made = case(shape, boundary)
    (ratio, lasts), found, end = by_hand(shape, boundary), mp.steady(made), mp.equilibrium(made)
    if lasts:
        check(found, made, ratio, 1e-10)
        return
    for answer in (found, end):
        assert answer["length_left_m"] is None
        assert "the right side runs dry before the forces balance: the unstirred layer" in answer["message"]
        assert "the bath holds 20 mm" in answer["message"]
    assert found["status"] is None


def test_both_ends_are_among_these_shapes() -> None:
    outcomes = [by_hand(shape, "bath")[1] for shape in SHAPES]
    assert 10 <= sum(outcomes) < len(outcomes)
    assert not all(outcomes)


@pytest.mark.parametrize(
    ("shape", "boundary"), [each for each in itertools.product(SHAPES, BOUNDARIES) if by_hand(*each)[1]], ids=str
)
def test_newton_finds_it_from_the_initial_state(
    shape: tuple[str, float, float], boundary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the closed form."""
    monkeypatch.setattr(steady_state, "is_steady", lambda *_: False)
    made = case(shape, boundary)
    found = mp.steady(made)
    assert found["steps"] > 5
    check(found, made, by_hand(shape, boundary)[0], 1e-6)


@pytest.mark.parametrize(
    ("shape", "boundary"),
    [
        (("spherical", 0.625e-3, 1e-3), "bath"),
        (("cylindrical", 1e-4, 5e-3), "bath"),
        (("spherical", 1e-4, 5e-3), "reservoir"),
        (("spherical", 1e-5, 1e-3), "piston"),
        (("cylindrical", 1e-6, 1e-3), "piston"),
    ],
)
def test_a_run_ends_there(shape: tuple[str, float, float], boundary: str) -> None:
    made = case(shape, boundary)
    run = mp.run(made.with_values({"run.until": "steady", "run.duration": "10000 h", "mesh.cells": 30})).summary
    assert run["status"] == "steady", run["message"]
    check(mp.steady(made), made, by_hand(shape, boundary)[0], 1e-10)
    assert run["length_left_m"] == pytest.approx(mp.steady(made)["length_left_m"], rel=1e-6)


@pytest.mark.parametrize(
    ("shape", "volume"), [(("spherical", 0.625e-3, 5e-3), VOLUME), (("cylindrical", 1e-4, 5e-3), 2e-3)], ids=str
)
def test_a_run_runs_dry_where_there_is_no_steady_state(shape: tuple[str, float, float], volume: float) -> None:
    assert not by_hand(shape, "bath", volume)[1]
    made = case(shape, "bath", volume=volume)
    assert mp.steady(made)["status"] is None
    with pytest.raises(mp.RunError, match="right side ran dry"):
        mp.run(made.with_values({"run.duration": "10000 h", "mesh.cells": 20}))


@pytest.mark.parametrize("flows", [BLED, FED])
@pytest.mark.parametrize("volume", [20e-3, 2e-3])
def test_a_bath_with_a_flow_through_it(flows: str, volume: float) -> None:
    """At rest it has the composition of its feed. A make-up feed replaces what goes through the membrane."""
    shape = ("spherical", 1e-3, 2e-3)
    made = case(shape, "bath", flows=flows, volume=volume)
    found = mp.steady(made)
    inside, around, ratio = 1e-3 / 3.0, shell("spherical", 1e-3, 2e-3) / 1e-6, INSIDE / 50.0
    grown = shell("spherical", 1e-3 * ratio ** (1.0 / 3.0), 2e-3) / 1e-6 - around
    through = 0.0 if flows == BLED else (ratio - 1.0) * inside
    if grown + through > volume:
        assert found["status"] is None
        assert "the right side runs dry" in found["message"]
        with pytest.raises(mp.RunError, match="right side ran dry"):
            mp.run(made.with_values({"run.duration": "1000 h", "mesh.cells": 20}))
        return
    check(found, made, ratio, 1e-10)
    assert found["concentration_right_mol_per_m3"]["KCl"] == pytest.approx(50.0, rel=1e-12)
    assert found["length_right_m"] == pytest.approx(around + volume - through, rel=1e-12)
    run = mp.run(made.with_values({"run.until": "steady", "run.duration": "10000 h", "mesh.cells": 30})).summary
    for key in ("length_left_m", "length_right_m"):
        assert run[key] == pytest.approx(found[key], rel=1e-6)


@pytest.mark.parametrize("permeability", ["1e-12", "1e-9", "1e-7", "1e-6", "2e-6", "5e-6", "1e-5", "1e-3"])
@pytest.mark.parametrize("shape", [SHAPES[0], SHAPES[12], SHAPES[27], SHAPES[29], SHAPES[45], SHAPES[-1]], ids=str)
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_any_volume_is_named_for_every_permeability(
    permeability: str, shape: tuple[str, float, float], boundary: str
) -> None:
    """A solute that passes levels out, wherever the membrane stands."""
    found = mp.steady(case(shape, boundary, permeability))
    assert found["status"] == "steady", found["message"]
    assert found["message"].endswith("so any displaced volume is an equilibrium")
    for key in ("length_left_m", "length_right_m", "membrane_area_ratio"):
        assert found[key] is None
    left, right = (found[f"concentration_{side}_mol_per_m3"]["KCl"] for side in ("left", "right"))
    assert left == pytest.approx(right, rel=1e-12)
    assert OUTSIDE * (1.0 - 1e-12) <= left < INSIDE


@pytest.mark.parametrize("permeability", ["1e-12", "1e-9", "1e-8", "3e-8", "1e-7", "1e-6", "1e-4", "1e-2"])
def test_osmosis_whatever_the_water_permeability(permeability: str) -> None:
    made = mp.load_case("osmosis").with_values({"membrane.water_permeability": f"{permeability} m/s/Pa"})
    found, end = mp.steady(made), mp.equilibrium(made)
    assert found["status"] == "steady", found["message"]
    for key in ("length_left_m", "length_right_m"):
        assert found[key] == pytest.approx(end[key], rel=1e-10)
    np.testing.assert_allclose(*(list(each["concentration_right_mol_per_m3"].values()) for each in (found, end)))
