"""Spheres and cylinders: exact solutions, order in space with the membrane moving, conservation, limits.

The judges: `analytic.swelling` and Crank's series (`analytic.behind_membrane`), and for everything else an independent
collocation in radial coordinates (`tests.spectral`), which the first two judge in turn.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

import membrane_pde as mp
from membrane_pde import analytic
from membrane_pde.input.properties import volumes_per_area
from tests.spectral import Spectral

R = 8.31446261815324
RT = R * 298.15
DIMENSION = {"cylindrical": 2, "spherical": 3}
GEOMETRIES = list(DIMENSION)
RADIUS = 6e-4

TEXT = """
title = "curved"
temperature = "298.15 K"
geometry = "{geometry}"
[solutes.S]
diffusivity = "1.5e-9 m^2/s"
dissociation = 2
[left]
radius = "0.6 mm"
{left}
concentration = {{ S = "{inside!r} mol/m^3" }}
[right]
{right}
concentration = {{ S = "{outside!r} mol/m^3" }}
[membrane]
water_permeability = "{water!r} m/s/Pa"
flux_law = "{law}"
[membrane.solutes.S]
permeability = "{permeability!r} m/s"
reflection = {reflection!r}
[run]
duration = "{duration!r} s"
outputs = 21
rtol = {rtol!r}
solver = "{solver}"
"""
STIRRED = 'boundary = "reservoir"\nstirred = true'
LAYER = 'boundary = "reservoir"\nlength = "0.2 mm"'
BATH = 'boundary = "bath"\nlength = "0.2 mm"\nvolume = "1.5 mm"'
SHELL = 'length = "0.6 mm"'
RIGHT = {"stirred": STIRRED, "layer": LAYER, "bath": BATH, "shell": SHELL}


def case(geometry: str, right: str, **changes: Any) -> mp.Case:
    values: dict[str, Any] = {
        "left": "",
        "inside": 100.0,
        "outside": 40.0,
        "water": 1.6e-12,
        "law": "spiegler-kedem",
        "permeability": 2e-7,
        "reflection": 0.9,
        "duration": 100.0,
        "rtol": 1e-9,
        "solver": "rosenbrock",
        **changes,
    }
    mesh = {key: values.pop(key) for key in ("mesh.cells", "mesh.finest") if key in values}
    made = mp.parse_case(TEXT.format(geometry=geometry, right=RIGHT.get(right, right), **values))
    return made.with_values(mesh) if mesh else made


def number(summary: dict[str, Any], key: str) -> float:
    value = summary[key]
    return float(value["S"] if isinstance(value, dict) else value)


# -- the independent solution is judged itself ----------------------------------------------------------------------
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_the_judge_knows_what_is_exact(geometry: str) -> None:
    diffuses = case(geometry, "stirred", water=0.0, permeability=5e-6, duration=50.0)
    found = Spectral(diffuses).run(1e-9)
    numbers = {"geometry": geometry, "radius": RADIUS, "diffusivity": 1.5e-9, "permeability": 5e-6}
    numbers |= {"inside": 100.0, "outside": 40.0}
    mean = analytic.behind_membrane_mean(0.0, RADIUS, 50.0, **numbers)
    assert found["concentration_left_mol_per_m3"][0] == pytest.approx(float(mean), rel=1e-10)
    wall = analytic.behind_membrane(RADIUS, 50.0, **numbers)
    assert found["wall_concentration_left_mol_per_m3"][0] == pytest.approx(float(wall), rel=1e-10)
    swells = case(geometry, "stirred", left="stirred = true", permeability=0.0, reflection=1.0)
    volume = 1.0 - Spectral(swells).run(1e-9)["displaced_volume_m"] / volumes_per_area(swells)[0]
    exact = analytic.swelling(100.0, geometry=geometry, radius=RADIUS, inside=200.0, outside=80.0, rate=1.6e-12 * RT)
    assert volume == pytest.approx(float(exact), rel=1e-10)


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("right", ["shell", "bath"])
def test_the_judge_loses_nothing(geometry: str, right: str) -> None:
    """Its equations are not written as a balance: that amounts are kept shows that they are the right ones."""
    made = case(geometry, right)
    found, volumes = Spectral(made).run(1e-8), volumes_per_area(made)
    moved, passed = found["displaced_volume_m"], found["amount_transferred_mol_per_m2"][0]
    inside = found["concentration_left_mol_per_m3"][0] * (volumes[0] - moved)
    around = found["concentration_right_mol_per_m3"][0] * (volumes[1] + moved)
    assert inside == pytest.approx(100.0 * volumes[0] - passed, rel=1e-9)
    assert around == pytest.approx(40.0 * volumes[1] + passed, rel=1e-9)


# -- well mixed: closed form -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize(
    ("inside", "outside", "pressure"), [(100.0, 40.0, 0.0), (50.0, 150.0, 0.0), (100.0, 40.0, 8e4)]
)
def test_a_stirred_cell_swells_and_shrinks_as_the_closed_form_says(
    geometry: str, inside: float, outside: float, pressure: float
) -> None:
    made = case(
        geometry,
        "stirred",
        left=f'stirred = true\npressure = "{pressure!r} Pa"',
        inside=inside,
        outside=outside,
        permeability=0.0,
        reflection=1.0,
        duration=400.0,
    )
    result = mp.run(made)
    times, rate = result.arrays["time"], 1.6e-12 * RT
    osmolarities = {"inside": 2.0 * inside, "outside": 2.0 * outside + pressure / RT}
    exact = analytic.swelling(times, geometry=geometry, radius=RADIUS, rate=rate, **osmolarities)
    volume = result.arrays["length_left_m"] / volumes_per_area(made)[0]
    np.testing.assert_allclose(volume, exact, rtol=1e-6)
    d = DIMENSION[geometry]
    np.testing.assert_allclose(result.arrays["membrane_area_ratio"], exact ** ((d - 1) / d), rtol=1e-6)


# -- diffusion alone: Crank's series ---------------------------------------------------------------------------------
@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("permeability", [1e-6, 2e-5])
def test_cranks_series(geometry: str, permeability: float) -> None:
    """On the mesh that a case gets by itself, to 1e-4 of the step for means and the wall, 1.5e-4 for the cells."""
    made = case(geometry, "stirred", water=0.0, permeability=permeability, rtol=1e-7)
    result = mp.run(made)
    numbers = {"geometry": geometry, "radius": RADIUS, "diffusivity": 1.5e-9, "permeability": permeability}
    numbers |= {"inside": 100.0, "outside": 40.0}
    here = result.arrays["side"] == "left"
    for i in (1, 5, 20):
        time = float(result.arrays["time"][i])
        far = RADIUS + result.arrays["position"][i, here]
        half = 0.5 * result.arrays["width"][i, here]
        exact = analytic.behind_membrane_mean(np.maximum(far - half, 0.0), far + half, time, **numbers)
        np.testing.assert_allclose(result.arrays["concentration"][i, 0, here], exact, atol=9e-3, rtol=0.0)
        wall = float(analytic.behind_membrane(RADIUS, time, **numbers))
        assert result.arrays["wall_concentration_left_mol_per_m3"][i, 0] == pytest.approx(wall, abs=6e-3)
        flux = permeability * (wall - 40.0)
        assert result.arrays["solute_flux_mol_per_m2_s"][i, 0] == pytest.approx(flux, rel=1e-3)
        mean = float(analytic.behind_membrane_mean(0.0, RADIUS, time, **numbers))
        assert result.arrays["concentration_left_mol_per_m3"][i, 0] == pytest.approx(mean, abs=6e-3)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_without_a_membrane_the_surface_has_the_concentration_outside(geometry: str) -> None:
    made = case(geometry, "stirred", duration=60.0).with_values({"membrane": {"type": "none"}})
    mean = mp.run(made).summary["concentration_left_mol_per_m3"]["S"]
    numbers = {"geometry": geometry, "radius": RADIUS, "diffusivity": 1.5e-9, "permeability": 1e3}
    exact = analytic.behind_membrane_mean(0.0, RADIUS, 60.0, inside=100.0, outside=40.0, **numbers)
    assert mean == pytest.approx(float(exact), abs=6e-3)


def observed(errors: list[float]) -> list[float]:
    return [float(np.log2(coarse / fine)) for coarse, fine in itertools.pairwise(errors)]


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_order_against_cranks_series(geometry: str) -> None:
    numbers = {"geometry": geometry, "radius": RADIUS, "diffusivity": 1.5e-9, "permeability": 3e-6}
    numbers |= {"inside": 100.0, "outside": 40.0}
    wall = float(analytic.behind_membrane(RADIUS, 40.0, **numbers))
    mean = float(analytic.behind_membrane_mean(0.0, RADIUS, 40.0, **numbers))
    errors: dict[str, list[float]] = {"wall_concentration_left_mol_per_m3": [], "concentration_left_mol_per_m3": []}
    for cells in (20, 40, 80):
        size = {"mesh.cells": cells, "mesh.finest": f"{RADIUS / cells!r} m"}
        summary = mp.run(case(geometry, "stirred", water=0.0, permeability=3e-6, duration=40.0, **size)).summary
        for key, exact in zip(errors, (wall, mean), strict=True):
            errors[key].append(abs(number(summary, key) - exact))
    for key, found in errors.items():
        assert observed(found) == pytest.approx([2.0, 2.0], abs=0.1), (key, found)


# -- everything at once: collocation in radial coordinates -----------------------------------------------------------
COMPARED = {
    "displaced_volume_m": 0.0,
    "membrane_area_ratio": 0.0,
    "water_flux_m_per_s": 0.0,
    "amount_transferred_mol_per_m2": 0.0,
    "solute_flux_mol_per_m2_s": 0.0,
    "concentration_left_mol_per_m3": 0.0,
    "concentration_right_mol_per_m3": 0.0,
    "wall_concentration_left_mol_per_m3": 0.0,
    "wall_concentration_right_mol_per_m3": 0.0,
}
ELASTIC = 'boundary = "elastic"\nmodulus = "3 bar"\npressure = "0.2 bar"'


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("right", list(RIGHT))
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"left": ELASTIC},
        {"inside": 40.0, "outside": 100.0},
        {"law": "kedem-katchalsky", "permeability": 1e-6, "reflection": 0.6},
        {"left": 'pressure = "1 bar"', "permeability": 0.0, "reflection": 1.0},
    ],
    ids=["swells", "elastic", "shrinks", "leaky", "pressed"],
)
def test_agrees_with_an_independent_solution(geometry: str, right: str, changes: dict[str, Any]) -> None:
    made = case(geometry, right, rtol=1e-7, **changes)
    summary, judge = mp.run(made).summary, Spectral(made).run(1e-8)
    for key in COMPARED:
        exact = float(np.ravel(judge[key])[0])
        size = 1e-4 * abs(exact) if "flux" not in key else 5e-4 * abs(exact)
        assert number(summary, key) == pytest.approx(exact, abs=size + 1e-30), key


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("right", ["shell", "layer", "bath"])
def test_order_in_space_while_the_membrane_moves(geometry: str, right: str) -> None:
    made = {"permeability": 2e-7, "duration": 150.0, "rtol": 1e-10}
    judge = Spectral(case(geometry, right, **made)).run(1e-10)
    keys = ("displaced_volume_m", "wall_concentration_left_mol_per_m3", "wall_concentration_right_mol_per_m3")
    errors: dict[str, list[float]] = {key: [] for key in keys}
    for cells in (20, 40, 80):
        reach = 0.6e-3 if right == "shell" else 0.2e-3
        size = {"mesh.cells": cells, "mesh.finest": f"{reach / cells!r} m"}
        summary = mp.run(case(geometry, right, **made, **size)).summary
        for key in keys:
            errors[key].append(abs(number(summary, key) - float(np.ravel(judge[key])[0])))
    for key, found in errors.items():
        assert observed(found)[-1] == pytest.approx(2.0, abs=0.1), (key, found, observed(found))


# -- what must hold to round-off -------------------------------------------------------------------------------------
@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("right", list(RIGHT))
@pytest.mark.parametrize("left", ["", "stirred = true", ELASTIC])
def test_amounts_and_volumes_are_kept(geometry: str, right: str, left: str) -> None:
    made = case(geometry, right, left=left, rtol=1e-6)
    result = mp.run(made)
    assert result.summary["amount_error"] <= 1e-12
    arrays, here = result.arrays, result.arrays["side"] == "left"
    held = arrays["concentration"][:, 0] * arrays["volume"]
    passed, moved = arrays["amount_transferred_mol_per_m2"][:, 0], arrays["displaced_volume_m"]
    np.testing.assert_allclose(held[:, here].sum(axis=1), held[0, here].sum() - passed, rtol=1e-12)
    volumes = volumes_per_area(made)
    np.testing.assert_allclose(arrays["volume"][:, here].sum(axis=1), volumes[0] - moved, rtol=1e-13)
    np.testing.assert_allclose(arrays["length_left_m"], volumes[0] - moved, rtol=1e-13)
    if right in ("shell", "bath"):
        np.testing.assert_allclose(arrays["length_right_m"], volumes[1] + moved, rtol=1e-13)
        mean = arrays["concentration_right_mol_per_m3"][:, 0]
        np.testing.assert_allclose(mean * (volumes[1] + moved), 40.0 * volumes[1] + passed, rtol=1e-12)
    d, area = DIMENSION[geometry], arrays["membrane_area_ratio"]
    np.testing.assert_allclose(area, (1.0 - moved / volumes[0]) ** ((d - 1) / d), rtol=1e-12)
    # positions: the cells touch, fill the inside, and the layer keeps its thickness; a closed shell's edge rests
    radius = RADIUS * area ** (1.0 / (d - 1))
    np.testing.assert_allclose(arrays["width"][:, here].sum(axis=1), radius, rtol=1e-12)
    thickness = arrays["width"][:, ~here].sum(axis=1)
    if right in ("layer", "bath"):
        np.testing.assert_allclose(thickness, 0.2e-3, rtol=1e-12)
    if right == "shell":
        np.testing.assert_allclose(thickness, 1.2e-3 - radius, rtol=1e-11)
    if right != "stirred":
        volume = np.abs(np.diff((radius[:, None] + edges_of(arrays)) ** d, axis=1) / (d * RADIUS ** (d - 1)))
        np.testing.assert_allclose(arrays["volume"], volume, rtol=1e-9)


def edges_of(arrays: dict[str, Any]) -> np.ndarray:
    """Faces of the cells by their distance from the membrane (time, face), m."""
    first = arrays["position"] - 0.5 * arrays["width"]
    return np.column_stack([first, arrays["position"][:, -1] + 0.5 * arrays["width"][:, -1]])


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("right", ["shell", "layer", "bath"])
def test_a_uniform_concentration_stays_uniform(geometry: str, right: str) -> None:
    """The membrane holds nothing back, and pressure moves it: all that the liquid carries passes with it."""
    made = case(
        geometry, right, left='pressure = "-0.8 bar"', inside=70.0, outside=70.0, permeability=1e-7, reflection=0.0
    )
    result = mp.run(made)
    assert abs(result.summary["displaced_volume_m"]) > 0.02 * volumes_per_area(made)[0]
    # a layer keeps its thickness: its volumes follow the radius, and are as exact as the steps in time
    np.testing.assert_allclose(result.arrays["concentration"], 70.0, rtol=2e-13 if right == "shell" else 1e-7)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_the_displaced_volume_is_the_flux_through_the_present_area(geometry: str) -> None:
    result = mp.run(case(geometry, "layer", duration=60.0).with_values({"run.outputs": 2001}))
    time, area = result.arrays["time"], result.arrays["membrane_area_ratio"]
    for flux, total in (
        ("water_flux_m_per_s", "displaced_volume_m"),
        ("solute_flux_mol_per_m2_s", "amount_transferred_mol_per_m2"),
    ):
        rate = result.arrays[flux].reshape(len(time)) * area
        summed = np.concatenate([[0.0], np.cumsum(0.5 * (rate[1:] + rate[:-1]) * np.diff(time))])
        moved = result.arrays[total].reshape(len(time))
        assert summed[-1] - summed[200] == pytest.approx(moved[-1] - moved[200], rel=1e-5)


# -- limits ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("right", ["shell", "layer", "bath"])
def test_a_very_large_radius_is_planar(geometry: str, right: str) -> None:
    """A stirred inside of a kilometre, and a millimetre around it."""
    made = case(geometry, right, left="stirred = true").with_values({"left.radius": "1 km"})
    flat = made.with_values({"geometry": "planar", "left.length": f"{volumes_per_area(made)[0]!r} m"})
    round_, plane = mp.run(made).summary, mp.run(flat).summary
    for key in COMPARED:
        assert number(round_, key) == pytest.approx(number(plane, key), rel=2e-6), key


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_a_cell_in_a_dilute_bath_swells(geometry: str) -> None:
    summary = mp.run(case(geometry, "stirred", permeability=0.0, reflection=1.0)).summary
    assert summary["process"] == "osmosis"
    assert summary["water_flux_m_per_s"] < 0.0
    assert summary["displaced_volume_m"] < 0.0
    assert summary["membrane_area_ratio"] > 1.05
    assert summary["tonicity"] == "hypertonic"


# -- ends ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("right", ["stirred", "layer", "shell", "bath"])
@pytest.mark.parametrize("left", ["", ELASTIC])
def test_runs_newton_and_analysis_end_alike(geometry: str, right: str, left: str) -> None:
    made = case(geometry, right, left=left, permeability=0.0, reflection=1.0, duration=2e5, rtol=1e-6)
    made = made.with_values({"run.until": "equilibrium"})
    ended, steady, end = mp.run(made).summary, mp.steady(made), mp.equilibrium(made)
    assert ended["status"] == "equilibrium", ended["message"]
    assert steady["status"] == "steady", steady["message"]
    for key in ("length_left_m", "length_right_m", "membrane_area_ratio", "pressure_left_Pa"):
        if (right, key) == ("stirred", "length_right_m"):  # its liquid has no volume
            assert ended[key] is None
            continue
        size = 1e-6 * abs(end[key]) + 1e-2
        size = size if key.endswith("_Pa") else 1e-6 * abs(end[key])
        assert ended[key] == pytest.approx(end[key], abs=size), key
        assert steady[key] == pytest.approx(end[key], abs=size), key
    # the balance of forces by the school formulas: n R T/V - c_out R T = p, both volumes per initial area
    v0, v1 = volumes_per_area(made)
    bath = right in ("shell", "bath")

    def force(volume: float) -> float:
        outside = 40.0 * v1 / (v1 + v0 - volume) if bath else 40.0
        pressure = max(2e4 + 3e5 * (volume / v0 - 1.0), 0.0) if left else 0.0
        return 2.0 * RT * (100.0 * v0 / volume - outside) - pressure

    volume = brentq(force, 0.3 * v0, 3.0 * v0, xtol=1e-18)
    assert end["length_left_m"] == pytest.approx(volume, rel=1e-9)
    d = DIMENSION[geometry]
    assert end["membrane_area_ratio"] == pytest.approx((volume / v0) ** ((d - 1) / d), rel=1e-9)
    if right == "layer":  # which keeps its thickness
        radius = RADIUS * (volume / v0) ** (1.0 / d)
        around = ((radius + 0.2e-3) ** d - radius**d) / (d * RADIUS ** (d - 1))
        assert end["length_right_m"] == pytest.approx(around, rel=1e-9)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_a_cell_that_is_pressed_dry_is_told_in_words_of_its_own(geometry: str) -> None:
    made = case(geometry, "stirred", left='stirred = true\npressure = "60 bar"', duration=1e5, rtol=1e-6)
    with pytest.raises(mp.RunError, match=r"left side ran dry: less than 0\.1 % of its liquid") as error:
        mp.run(made.with_values({"left.concentration.S": "0 mol/m^3"}))
    assert "a larger left.radius" in str(error.value)
    assert error.value.result.summary["membrane_area_ratio"] < 0.1


# -- other methods ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("right", list(RIGHT))
@pytest.mark.parametrize("solver", ["cvode", "fipy"])
def test_the_solvers_agree(geometry: str, right: str, solver: str) -> None:
    size = {"mesh.cells": 20}
    ours = mp.run(case(geometry, right, left=ELASTIC, rtol=1e-8, **size)).summary
    theirs = mp.run(case(geometry, right, left=ELASTIC, rtol=1e-6, solver=solver, **size)).summary
    for key in COMPARED:
        assert number(theirs, key) == pytest.approx(number(ours, key), rel=2e-5), key
    assert theirs["amount_error"] <= 1e-10
