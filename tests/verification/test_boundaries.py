"""Elastic walls, stirred baths, a held water flux and oscillating pressures, against exact solutions."""

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import brentq

import membrane_pde as mp
from membrane_pde import analytic
from membrane_pde.reference import numbers, table
from tests.exact import elastic_equilibrium, fed_bath, layer_and_bath, turgor_volume, two_baths

Array = NDArray[np.float64]
RT = 8.31446261815324 * 298.15
LP = 1e-11  # m/s/Pa
EVERY = ["rosenbrock", "cvode", pytest.param("fipy", marks=pytest.mark.slow)]

TEXT = """
title = "boundaries"
temperature = "298.15 K"
[solutes.S]
diffusivity = "{diffusivity!r} m^2/s"
dissociation = 1
[left]
{left}
[right]
{right}
[membrane]
water_permeability = "{water!r} m/s/Pa"
[membrane.solutes.S]
permeability = "{permeability!r} m/s"
reflection = 1.0
[mesh]
{mesh}
[run]
duration = "{duration!r} s"
{run}
"""


def case(left: str, right: str, duration: float, **changes: Any) -> mp.Case:
    values: dict[str, Any] = {"diffusivity": 1e-9, "water": LP, "permeability": 0.0, "mesh": "cells = 30"}
    values |= {"run": "rtol = 1e-9\noutputs = 21", **changes}
    return mp.parse_case(TEXT.format(left=left, right=right, duration=float(duration), **values))


def side(length: float, c: float, boundary: str = "piston", stirred: bool = True, more: str = "") -> str:
    length_key = "volume" if boundary == "bath" and stirred else "length"
    text = f'boundary = "{boundary}"\n{length_key} = "{length!r} m"\nstirred = {str(stirred).lower()}\n{more}\n'
    return text + f'concentration = {{ S = "{c!r} mol/m^3" }}'


def solve(*args: Any, **changes: Any) -> mp.Result:
    result = mp.run(case(*args, **changes))
    assert result.summary["amount_error"] < 1e-13
    return result


def of(result: mp.Result, key: str) -> Array:
    values = result.arrays[key]
    return np.asarray(values[:, 0] if values.ndim == 2 else values)


def bath_of(result: mp.Result, name: str, layer: float) -> Array:
    """Concentration of a bath behind a layer, from the mean that holds both."""
    here = result.arrays["side"] == name
    width, c = result.arrays["width"][:, here], result.arrays["concentration"][:, 0, here]
    length = of(result, f"length_{name}_m")
    return np.asarray(
        (of(result, f"concentration_{name}_mol_per_m3") * length - (c * width).sum(axis=1)) / (length - layer)
    )


# -- elastic walls --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("moduli", [(0.0, 0.0), (2e6, 0.0), (0.0, 3e7), (5e5, 4e6)])
@pytest.mark.parametrize("pressure", [0.0, 5e5])
def test_elastic_walls_end_where_forces_balance(moduli: tuple[float, float], pressure: float) -> None:
    sides = [
        side(length, c, "elastic", more=f'modulus = "{modulus!r} Pa"\npressure = "{p!r} Pa"')
        for length, c, modulus, p in zip((1e-3, 2e-3), (50.0, 200.0), moduli, (pressure, 0.0), strict=True)
    ]
    result = solve(*sides, 1e6, run='until = "equilibrium"')
    vessels = {"amount_left": 50e-3, "amount_right": 400e-3, "volume_left": 1e-3, "volume_right": 2e-3, "rt": RT}
    left = elastic_equilibrium(**vessels, modulus_left=moduli[0], modulus_right=moduli[1], pressure=pressure)
    pressed = pressure + moduli[0] * (left / 1e-3 - 1)
    if pressed < 0.0:  # the left wall would have to pull: it is off, and nothing presses there
        left, pressed = elastic_equilibrium(**vessels, modulus_left=0.0, modulus_right=moduli[1]), 0.0
    s = result.summary
    assert s["status"] == "equilibrium"
    assert s["equilibrium"]["length_left_m"] == pytest.approx(left, rel=1e-12)
    assert s["length_left_m"] == pytest.approx(left, rel=1e-6)
    assert s["pressure_left_Pa"] == pytest.approx(pressed, rel=1e-6, abs=1e-3)
    assert s["pressure_right_Pa"] == pytest.approx(moduli[1] * ((3e-3 - left) / 2e-3 - 1), rel=1e-6, abs=1e-3)


def test_elastic_equilibrium_without_elasticity_is_that_of_two_pistons() -> None:
    vessels = {"amount_left": 3.0, "amount_right": 5.0, "volume_left": 1.0, "volume_right": 2.5}
    left = elastic_equilibrium(**vessels, modulus_left=0, modulus_right=0, rt=2.0, pressure=1.4)
    assert left == pytest.approx(analytic.two_pistons_equilibrium(3.0, 5.0, 3.5, 0.7), rel=1e-14)


@pytest.mark.parametrize("solver", EVERY)
def test_an_elastic_cell_relaxes_exponentially(solver: str) -> None:
    """Water alone: ``dX/dt = L_p (p − E X/l)`` for a stretched right side."""
    right = side(2e-3, 0.0, "elastic", more='modulus = "40 bar"')
    rtol = 1e-9 if solver != "fipy" else 1e-8
    left = side(1e-3, 0.0, "reservoir", more='pressure = "3 bar"')
    result = solve(left, right, 300, run=f'solver = "{solver}"\nrtol = {rtol}\noutputs = 21')
    exact = 3e5 * 2e-3 / 40e5 * -np.expm1(-LP * 40e5 / 2e-3 * of(result, "time"))
    close = 1e-6 if solver != "fipy" else 1e-5
    assert of(result, "displaced_volume_m") == pytest.approx(exact, abs=close * exact[-1])
    assert of(result, "pressure_right_Pa") == pytest.approx(40e5 * exact / 2e-3, abs=close * 3e5)
    assert of(result, "energy_J_per_m2") == pytest.approx(3e5 * exact, abs=close * 3e5 * exact[-1])  # not the wall's


@pytest.mark.parametrize("outside", [0.0, 100.0, 500.0])
def test_turgor(outside: float) -> None:
    """A cell with an elastic wall in an endless bath comes to rest where turgor and osmotic pressure balance.

    The wall does not pull: in the stronger bath there is no turgor, and the volume is that of a cell without a wall.
    """
    cell = side(2e-5, 300.0, "elastic", stirred=False, more='modulus = "5 MPa"')
    result = solve(cell, side(2e-5, outside, "reservoir"), 1e4, run='until = "steady"')
    volume = turgor_volume(volume=2e-5, inside=RT * 300, outside=RT * outside, modulus=5e6)
    if outside > 300:
        volume = 2e-5 * 300 / outside
    s = result.summary
    assert s["status"] == "steady"
    assert s["length_left_m"] == pytest.approx(volume, rel=1e-8)
    assert s["pressure_left_Pa"] == pytest.approx(RT * 300 * 2e-5 / volume - RT * outside, rel=1e-6, abs=1e-3)
    assert (s["pressure_left_Pa"] > 0) == (outside < 300)


# -- stirred baths --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", sorted({row["case"] for row in table("exact_well_mixed_bath")}))
def test_a_very_large_bath_is_endless(name: str) -> None:
    """The tables' cell in an endless bath; a bath a million times as large differs by some 1e-6."""
    rows = [numbers(row) for row in table("exact_well_mixed_bath") if row["case"] == name]
    volume, amount, outside = (rows[0][key] for key in ("V0", "n", "ce"))
    end = rows[-1]["kt"]
    cell = side(volume, amount / volume)
    outputs = [row["kt"] / end for row in rows]
    for row, share in zip(rows, outputs, strict=True):
        result = solve(
            cell,
            side(1e7 * volume, outside, "bath"),
            end * share,
            water=1 / RT,
            run="rtol = 1e-9\noutputs = 2",
        )
        assert result.summary["length_left_m"] == pytest.approx(row["V"], rel=1e-6)


FLOWS = {
    "batch": {"text": "", "flow": 0.0, "bleed": 0.0},
    "batch, bled": {"text": 'bleed = "1e-6 m/s"', "flow": 0.0, "bleed": 1e-6},
    "closed circuit": {"text": 'feed = { S = "40 mol/m^3" }', "flow": 5e-6, "bleed": 0.0},
    "made up, bled": {"text": 'feed = { S = "40 mol/m^3" }\nbleed = "2e-6 m/s"', "flow": 7e-6, "bleed": 2e-6},
    "fed": {
        "text": 'feed = { flow = "3e-6 m/s", concentration = { S = "40 mol/m^3" } }\nbleed = "4e-6 m/s"',
        "flow": 3e-6,
        "bleed": 4e-6,
    },
    "overfed": {
        "text": 'feed = { flow = "2e-5 m/s", concentration = { S = "40 mol/m^3" } }',
        "flow": 2e-5,
        "bleed": 0.0,
    },
}


@pytest.mark.parametrize("name", FLOWS)
@pytest.mark.parametrize("which", ["left", "right"])
def test_a_bath_at_constant_flux(name: str, which: str) -> None:
    """Full rejection, well mixed: batch, closed-circuit and fed-and-bled operation in closed form; on either side."""
    flows = FLOWS[name]
    bath = side(5e-3, 60.0, "bath", more=f'pressure = {{ flux = "5e-6 m/s" }}\n{flows["text"]}')
    other = side(1e-3, 0.0, "outflow")
    result = solve(*((bath, other) if which == "left" else (other, bath)), 450)
    t = of(result, "time")
    volume, c = fed_bath(
        t, volume=5e-3, concentration=60.0, flux=5e-6, feed=40.0, flow=flows["flow"], bleed=flows["bleed"]
    )
    assert of(result, f"length_{which}_m") == pytest.approx(volume, rel=1e-9)
    assert of(result, f"concentration_{which}_mol_per_m3") == pytest.approx(c, rel=1e-6)
    sign = 1 if which == "left" else -1
    assert of(result, "displaced_volume_m") == pytest.approx(sign * 5e-6 * t, rel=1e-12)
    assert of(result, "water_flux_m_per_s") == pytest.approx(sign * 5e-6 + 0 * t, rel=1e-14)
    # what it takes to press it through
    pressure = 5e-6 / LP + RT * c
    assert of(result, f"pressure_{which}_Pa") == pytest.approx(pressure, rel=1e-6)
    other_name = "right" if which == "left" else "left"
    assert not of(result, f"pressure_{other_name}_Pa").any()
    # its work, by the primitive of a fine sum: trapezoids of a smooth pressure
    fine = np.linspace(0, 450, 20001)
    _, fine_c = fed_bath(
        fine, volume=5e-3, concentration=60.0, flux=5e-6, feed=40.0, flow=flows["flow"], bleed=flows["bleed"]
    )
    work = 5e-6 * np.trapezoid(5e-6 / LP + RT * fine_c, fine)
    assert result.summary["energy_J_per_m2"] == pytest.approx(work, rel=1e-6)
    assert result.summary["equilibrium"] is None


def test_batch_in_closed_form() -> None:
    t = np.linspace(0, 900, 7)
    volume, c = fed_bath(t, volume=5e-3, concentration=60.0, flux=5e-6)
    assert volume == pytest.approx(5e-3 - 5e-6 * t, rel=1e-15)
    assert c == pytest.approx(60.0 * 5e-3 / (5e-3 - 5e-6 * t), rel=1e-14)
    _, c = fed_bath(t, volume=5e-3, concentration=60.0, flux=5e-6, feed=40.0, flow=5e-6)
    assert c == pytest.approx(60.0 + 5e-6 * 40.0 * t / 5e-3, rel=1e-14)


def test_two_stirred_baths_level_out_exponentially() -> None:
    result = solve(side(2e-3, 80.0, "bath"), side(5e-3, 10.0, "bath"), 4000, water=0.0, permeability=1e-6)
    left, right = two_baths(
        of(result, "time"),
        volume_left=2e-3,
        volume_right=5e-3,
        concentration_left=80.0,
        concentration_right=10.0,
        permeability=1e-6,
    )
    assert of(result, "concentration_left_mol_per_m3") == pytest.approx(left, rel=1e-6)
    assert of(result, "concentration_right_mol_per_m3") == pytest.approx(right, rel=1e-6)
    assert result.summary["equilibrium"]["concentration_left_mol_per_m3"]["S"] == pytest.approx(30.0, rel=1e-13)
    distance = (left - right) / (left - right)[0]
    assert of(result, "distance_to_equilibrium") == pytest.approx(distance, abs=1e-6)


def test_a_stirred_bath_without_feed_is_a_stirred_piston() -> None:
    """Closed and of the same volume: osmosis, end state and all."""
    results = [
        solve(side(1e-3, 50.0, kind), side(2e-3, 200.0, kind), 400, permeability=1e-7) for kind in ("piston", "bath")
    ]
    for key in ("displaced_volume_m", "length_left_m", "concentration_right_mol_per_m3", "distance_to_equilibrium"):
        assert of(results[1], key) == pytest.approx(of(results[0], key), rel=1e-5)


@pytest.mark.parametrize("permeability", [0.0, 1e-6])
def test_a_closed_bath_behind_its_layer_comes_to_equilibrium(permeability: float) -> None:
    """Layer and bath count as one volume: the end is that of two pistons, or one level for a solute that passes."""
    bath = side(1e-4, 200.0, "bath", stirred=False, more='volume = "2 mm"')
    # of a solute that passes nothing but the head of water in a narrow tube holds the volume
    kind, more = ("standpipe", "tube_area = 0.01") if permeability else ("piston", "")
    cell = side(1e-3, 50.0, kind, stirred=False, more=more)
    result = solve(cell, bath, 1e8, permeability=permeability, run='until = "equilibrium"')
    s = result.summary
    assert s["status"] == "equilibrium"
    assert s["distance_to_equilibrium"] <= 1e-7
    level = (50.0 * 1e-3 + 200.0 * 2.1e-3) / 3.1e-3
    left = 1e-3 if permeability else analytic.two_pistons_equilibrium(50e-3, 200 * 2.1e-3, 3.1e-3)
    for end in (s, s["equilibrium"]):
        assert end["length_left_m"] == pytest.approx(left, rel=1e-6)
        assert end["length_right_m"] == pytest.approx(3.1e-3 - left, rel=1e-6)
        assert end["concentration_left_mol_per_m3"]["S"] == pytest.approx(level, rel=1e-6)
        assert end["concentration_right_mol_per_m3"]["S"] == pytest.approx(level, rel=1e-6)
        assert end["amount_transferred_mol_per_m2"]["S"] == pytest.approx(50e-3 - level * left, abs=1e-6)


@pytest.mark.parametrize("bleed", [0.0, 1e-6])
def test_a_full_bath_overflows_where_water_comes_in(bleed: float) -> None:
    """A make-up feed holds the volume also when water enters through the membrane: what is too much overflows.

    Draining at q < 0: ``V dc/dt = −max(bleed, −q) c`` once no feed is needed (q + bleed < 0).
    """
    bath = side(4e-3, 90.0, "bath", more=f'feed = {{ S = "40 mol/m^3" }}\nbleed = "{bleed!r} m/s"')
    other = side(1e-3, 0.0, "reservoir", more='pressure = { flux = "5e-6 m/s" }')
    result = solve(bath, other, 900)
    t = of(result, "time")
    assert of(result, "length_left_m") == pytest.approx(4e-3 + 0 * t, rel=1e-15)
    assert of(result, "concentration_left_mol_per_m3") == pytest.approx(90.0 * np.exp(-5e-6 * t / 4e-3), rel=1e-6)


def test_the_flux_may_turn_through_the_kink_of_the_make_up() -> None:
    """J_v from −5e-6 to +5e-6 m/s: dilution by overflow, then concentration by feed, piece by piece in closed form."""
    flux = '{ schedule = [["0 s","-5e-6 m/s"],["600 s","5e-6 m/s"]], shape = "ramp" }'
    bath = side(4e-3, 90.0, "bath", more=f'feed = {{ S = "40 mol/m^3" }}\npressure = {{ flux = {flux} }}')
    result = solve(bath, side(1e-3, 0.0, "reservoir"), 600)
    t = of(result, "time")
    moved = np.where(t < 300, -5e-6 * t + 5e-6 * t**2 / 600, -5e-6 * 150)
    falling = 90.0 * np.exp(moved / 4e-3)
    rising = 40.0 * np.where(t > 300, 5e-6 * (t - 300) ** 2 / 600, 0.0) / 4e-3
    assert of(result, "concentration_left_mol_per_m3") == pytest.approx(falling + rising, rel=1e-6)
    assert of(result, "displaced_volume_m") == pytest.approx(-5e-6 * t + 5e-6 * t**2 / 600, abs=1e-11)


def test_a_bath_behind_a_layer_needs_the_film_pressure() -> None:
    """Batch at constant flux, slowly against its layer: the wall is exp(J l/D) times the bath, quasi-steady."""
    bath = side(5e-5, 60.0, "bath", stirred=False, more='volume = "100 m"\npressure = { flux = "1e-5 m/s" }')
    result = solve(bath, side(1e-3, 0.0, "outflow"), 100)
    c = bath_of(result, "left", 5e-5)[-1]
    s = result.summary
    assert s["polarization_modulus"]["S"] == pytest.approx(np.exp(1e-5 * 5e-5 / 1e-9), rel=1e-6)
    assert s["wall_concentration_left_mol_per_m3"]["S"] / s["polarization_modulus"]["S"] == pytest.approx(c, rel=1e-9)
    assert s["pressure_left_Pa"] == pytest.approx(1e-5 / LP + RT * 60.0 * np.exp(0.5), rel=1e-5)
    assert s["rejection"]["S"] == 1.0


def test_profiles_end_at_the_bath() -> None:
    """The picture shows the layer, and at its edge what stands in the bath, however large that is."""
    bath = side(5e-5, 60.0, "bath", stirred=False, more='volume = "5 mm"\npressure = { flux = "5e-6 m/s" }')
    result = solve(bath, side(5e-5, 0.0, "outflow", stirred=False), 600)
    (axes,) = np.atleast_1d(mp.plot.profiles(result))
    last = [line for line in axes.lines if len(line.get_xdata()) > 2 and line.get_xdata()[-1] < 0][-1]
    assert last.get_xdata()[-1] == pytest.approx(-50.0)  # um
    _, c = fed_bath(600.0, volume=5e-3, concentration=60.0, flux=5e-6)
    assert last.get_ydata()[-1] == pytest.approx(float(c), rel=3e-2)  # what the film holds is missing in the bath
    assert last.get_ydata()[-1] == pytest.approx(bath_of(result, "left", 5e-5)[-1], rel=1e-9)


@pytest.mark.parametrize("boundary", ["left", "right"])
def test_a_bath_runs_dry(boundary: str) -> None:
    bath = side(2e-3, 0.0, "bath", more='pressure = { flux = "1e-5 m/s" }')
    other = side(1e-3, 0.0, "piston")
    dry = f"the {boundary} side ran dry: less than a millionth of its volume"
    with pytest.raises(mp.RunError, match=dry) as caught:
        mp.run(case(*((bath, other) if boundary == "left" else (other, bath)), 1000))
    assert caught.value.result.summary["end_time_s"] == pytest.approx(200 * (1 - 1e-6), rel=1e-9)


def test_a_bath_behind_a_layer_runs_dry_by_its_bleed() -> None:
    bath = side(1e-4, 20.0, "bath", stirred=False, more='volume = "1 mm"\nbleed = "1e-5 m/s"')
    with pytest.raises(mp.RunError, match=r"smaller left\.bleed") as caught:
        mp.run(case(bath, side(1e-3, 20.0), 1000, water=0.0))
    result = caught.value.result
    assert result.summary["end_time_s"] == pytest.approx(100 * (1 - 1e-6), rel=1e-6)
    assert result.summary["amount_error"] < 1e-12
    assert result.summary["length_left_m"] == pytest.approx(1e-4, rel=1e-4)


# -- a bath behind a layer: order in space --------------------------------------------------------------------------
LAYER, BATH, D = 1e-3, 7e-4, 1e-9
CELLS = [10, 20, 40, 80]


def orders(errors: list[float]) -> list[float]:
    return [float(np.log2(a / b)) for a, b in itertools.pairwise(errors)]


def uniform(cells: int, length: float = LAYER) -> str:
    return f'cells = {cells}\nfinest = "{length / cells!r} m"'


@pytest.mark.parametrize("name", ["left", "right"])
def test_a_layer_and_its_bath_level_out(name: str) -> None:
    """A line of concentration in the layer runs out into the bath: exact modes cos(kx), tan(kL) = −kV; order 2."""
    end = 0.2 * LAYER**2 / D
    profile = f'concentration = {{ S = {{ profile = [["0 m","300 mol/m^3"],["{LAYER!r} m","100 mol/m^3"]] }} }}'
    text = f'boundary = "bath"\nvolume = "{BATH!r} m"\nlength = "{LAYER!r} m"\n{profile}'
    other = side(1e-3, 0.0)
    parameters = {"diffusivity": D, "length": LAYER, "bath": BATH, "inner": 300.0, "outer": 100.0}
    exact = layer_and_bath([0.0, LAYER], end, **parameters)
    errors: dict[str, list[float]] = {"bath": [], "wall": []}
    for cells in CELLS:
        sides = (text, other) if name == "left" else (other, text)
        result = solve(*sides, end, water=0.0, diffusivity=D, mesh=uniform(cells), run="rtol = 1e-10\noutputs = 2")
        errors["bath"].append(abs(bath_of(result, name, LAYER)[-1] - exact[1]))
        errors["wall"].append(abs(of(result, f"wall_concentration_{name}_mol_per_m3")[-1] - exact[0]))
        whole = (200.0 * LAYER + 100.0 * BATH) / (LAYER + BATH)
        assert of(result, f"concentration_{name}_mol_per_m3") == pytest.approx([whole, whole], rel=1e-12)
    print(name, {key: (each, orders(each)) for key, each in errors.items()})
    assert orders(errors["bath"]) == pytest.approx([2.0] * 3, abs=0.1)
    assert errors["bath"][-1] < 1e-4 * 200
    assert errors["wall"][-1] < 1e-3 * 200


def test_dialysis_through_layers_into_baths() -> None:
    """Both sides a layer and a bath, the membrane between them: exact by Laplace transform; order 2."""
    end = 2.0 * LAYER**2 / D
    exact = analytic.two_slabs(
        end,
        length_left=LAYER,
        length_right=0.5 * LAYER,
        diffusivity_left=D,
        diffusivity_right=D,
        permeability=2e-6,
        concentration_left=100.0,
        concentration_right=10.0,
        distance_left=[LAYER],
        distance_right=[0.5 * LAYER],
        bath_left=BATH,
        bath_right=3 * BATH,
    )
    errors: dict[str, list[float]] = {"wall_left": [], "wall_right": [], "flux": [], "bath_right": []}
    for cells in CELLS:
        sides = [
            f'boundary = "bath"\nvolume = "{v!r} m"\nlength = "{layer!r} m"\nconcentration = {{ S = "{c!r} mol/m^3" }}'
            for v, layer, c in ((BATH, LAYER, 100.0), (3 * BATH, 0.5 * LAYER, 10.0))
        ]
        mesh = f'cells = {cells}\nfinest = "{0.5 * LAYER / cells!r} m"'
        result = solve(
            *sides, end, water=0.0, permeability=2e-6, diffusivity=D, mesh=mesh, run="rtol = 1e-10\noutputs = 2"
        )
        s = result.summary
        errors["wall_left"].append(abs(s["wall_concentration_left_mol_per_m3"]["S"] - exact.wall_left))
        errors["wall_right"].append(abs(s["wall_concentration_right_mol_per_m3"]["S"] - exact.wall_right))
        errors["flux"].append(abs(s["solute_flux_mol_per_m2_s"]["S"] / exact.flux - 1))
        errors["bath_right"].append(abs(bath_of(result, "right", 0.5 * LAYER)[-1] - exact.right[0]))
        assert s["concentration_left_mol_per_m3"]["S"] == pytest.approx(exact.mean_left, rel=1e-3)
    print({key: (each, orders(each)) for key, each in errors.items()})
    for each in errors.values():
        assert orders(each) == pytest.approx([2.0] * 3, abs=0.1)
        assert each[-1] < 2e-4 * 100


def test_the_exact_modes_start_from_the_line_and_solve_the_equation() -> None:
    x, given = np.linspace(0, 1, 11), {"diffusivity": 1.0, "length": 1.0, "bath": 0.7, "inner": 3.0, "outer": 1.0}
    assert layer_and_bath(x, 0.0, **given) == pytest.approx(3 - 2 * x, abs=1e-3)

    def at(place: float, time: float) -> float:
        return float(layer_and_bath(place, time, **given))

    h = 1e-3
    for t in (0.02, 0.1, 0.5):
        rate = [(at(place, t + h * t) - at(place, t - h * t)) / (2 * h * t) for place in (0.4, 1.0)]
        assert rate[0] == pytest.approx((at(0.4 + h, t) - 2 * at(0.4, t) + at(0.4 - h, t)) / h**2, rel=1e-4, abs=1e-6)
        slope = (1.5 * at(1.0, t) - 2 * at(1.0 - h, t) + 0.5 * at(1.0 - 2 * h, t)) / h
        assert 0.7 * rate[1] == pytest.approx(-slope, rel=1e-4)


def test_slabs_with_baths_by_laplace_transform_and_by_modes() -> None:
    """Through a membrane without resistance, two halves that are mirror images keep the middle at their mean."""
    halves = {"length_left": 1.0, "length_right": 1.0, "diffusivity_left": 1.0, "diffusivity_right": 1.0}
    one = analytic.two_slabs(
        0.6,
        **halves,
        permeability=1e9,
        concentration_left=2.0,
        concentration_right=0.0,
        distance_left=[0.0, 0.5, 1.0],
        bath_left=0.7,
        bath_right=0.7,
    )
    # antisymmetric modes sin(k d) with cot(k L) = k V, weights by the same product; 2 = 1 + 1 about the mean
    k = np.array(
        [brentq(lambda b, n=n: np.cos(b) - 0.7 * b * np.sin(b), n * np.pi, (n + 0.5) * np.pi) for n in range(60)]
    )
    edge = np.sin(k)
    weight = ((1 - np.cos(k)) / k + 0.7 * edge) / (0.5 - np.sin(2 * k) / (4 * k) + 0.7 * edge**2)
    exact = 1.0 + np.sin(np.outer([0.0, 0.5, 1.0], k)) @ (weight * np.exp(-(k**2) * 0.6))
    assert one.left == pytest.approx(exact, abs=1e-7)
    assert one.mean_left + one.mean_right == pytest.approx(2.0, rel=1e-12)


# -- programmes of pressure -----------------------------------------------------------------------------------------
def pumped(programme: str, duration: float, **changes: Any) -> mp.Result:
    """Water alone between two reservoirs: ``X = L_p ∫ p dt``."""
    left = side(1e-3, 0.0, "reservoir", more=f"pressure = {programme}")
    return solve(left, side(1e-3, 0.0, "reservoir"), duration, **changes)


@pytest.mark.parametrize(
    ("rate", "solver"),
    [
        ('period = "4 s"', "rosenbrock"),
        ('period = "4 s"', "cvode"),
        ('frequency = "0.25 Hz"', "rosenbrock"),
        pytest.param('period = "4 s"', "fipy", marks=pytest.mark.slow),
    ],
)
def test_a_sine_is_exact(rate: str, solver: str) -> None:
    rtol = 1e-8 if solver != "fipy" else 1e-7
    result = pumped(
        f'{{ mean = "2 bar", amplitude = "5 bar", {rate} }}',
        50.0,
        run=f'rtol = {rtol}\noutputs = 101\nsolver = "{solver}"',
    )
    t, omega = of(result, "time"), 2 * np.pi / 4
    pressure = 2e5 + 5e5 * np.sin(omega * t)
    assert of(result, "pressure_left_Pa") == pytest.approx(pressure, abs=1e-6)
    assert of(result, "water_flux_m_per_s") == pytest.approx(LP * pressure, abs=1e-6 * LP)
    displaced = LP * (2e5 * t + 5e5 / omega * (1 - np.cos(omega * t)))
    close = 1e-6 if solver != "fipy" else 1e-4
    assert of(result, "displaced_volume_m") == pytest.approx(displaced, abs=close * displaced.max())
    work = LP * (
        2e5**2 * t
        + 2 * 2e5 * 5e5 / omega * (1 - np.cos(omega * t))
        + 5e5**2 * (t / 2 - np.sin(2 * omega * t) / (4 * omega))
    )
    assert of(result, "energy_J_per_m2") == pytest.approx(work, abs=5 * close * work.max())


@pytest.mark.parametrize(
    ("duty", "solver"),
    [(None, "rosenbrock"), (0.3, "rosenbrock"), (0.3, "cvode"), pytest.param(0.3, "fipy", marks=pytest.mark.slow)],
)
def test_pulses_are_exact(duty: float | None, solver: str) -> None:
    share = 0.5 if duty is None else duty
    more = "" if duty is None else f", duty = {duty}"
    result = pumped(
        f'{{ mean = "2 bar", amplitude = "5 bar", period = "4 s", shape = "pulse"{more} }}',
        50.0,
        run=f'rtol = 1e-4\noutputs = 51\nsolver = "{solver}"',
    )
    t = of(result, "time")
    periods, rest = np.divmod(t, 4.0)
    high = np.minimum(rest, 4.0 * share) + periods * 4.0 * share
    # piecewise constant: nothing is left to the tolerance
    assert of(result, "displaced_volume_m") == pytest.approx(LP * (7e5 * high - 3e5 * (t - high)), abs=1e-9 * LP * 1e7)
    work = LP * ((7e5) ** 2 * high + (3e5) ** 2 * (t - high))
    assert of(result, "energy_J_per_m2") == pytest.approx(work, abs=1e-9 * work.max())


def test_a_rare_step_does_not_jump_over_an_oscillation() -> None:
    """Nothing but the sine moves, and its mean is nothing: a step of many periods would see nothing either."""
    result = pumped('{ mean = "0 bar", amplitude = "5 bar", period = "1 s" }', 1000.25, run="rtol = 1e-7\noutputs = 2")
    peak = LP * 5e5 / (2 * np.pi)
    assert result.summary["displaced_volume_m"] == pytest.approx(peak, rel=1e-2)
    # E = L_p ∫p² dt = L_p amplitude²/2 per time
    assert result.summary["energy_J_per_m2"] == pytest.approx(LP * 5e5**2 / 2 * 1000.25, rel=1e-3)


def test_many_pulses() -> None:
    result = pumped(
        '{ mean = "2 bar", amplitude = "1 bar", period = "1 s", shape = "pulse" }', 300.0, run="outputs = 2"
    )
    assert result.summary["displaced_volume_m"] == pytest.approx(LP * 2e5 * 300, rel=1e-9)
    assert result.summary["energy_J_per_m2"] == pytest.approx(LP * 0.5 * (9e10 + 1e10) * 300, rel=1e-9)


# -- a held flux ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("solver", EVERY)
@pytest.mark.parametrize("holder", ["left", "right"])
def test_a_held_flux_follows_its_schedule(holder: str, solver: str) -> None:
    """Elastic sides: the pressure that is reported is on the liquid, the work is that of what is applied."""
    flux = '{ flux = { schedule = [["0 s","0 m/s"],["40 s","4e-6 m/s"],["60 s","-1e-6 m/s"]], shape = "ramp" } }'
    sides = [
        side(1e-3, 50.0, "elastic", more='modulus = "20 bar"'),
        side(2e-3, 200.0, "elastic", more='modulus = "0 bar"'),
    ]
    sides[holder == "right"] += f"\npressure = {flux}"
    rtol = 1e-10 if solver != "fipy" else 1e-8
    result = solve(*sides, 80.0, run=f'rtol = {rtol}\noutputs = 41\nsolver = "{solver}"')
    t, sign = of(result, "time"), 1 if holder == "left" else -1
    fine = np.linspace(0, 80, 80001)
    rate = sign * np.interp(fine, [0, 40, 60], [0, 4e-6, -1e-6])
    moved = np.concatenate([[0.0], np.cumsum(0.5 * (rate[1:] + rate[:-1]) * np.diff(fine))])
    here = np.searchsorted(fine, t - 1e-9)
    close = 1e-7 if solver != "fipy" else 1e-5
    assert of(result, "water_flux_m_per_s") == pytest.approx(rate[here], abs=1e-15)
    assert of(result, "displaced_volume_m") == pytest.approx(moved[here], abs=close * 1e-4)
    osmotic = RT * (0.05 / (1e-3 - moved) - 0.4 / (2e-3 + moved))
    difference = rate / LP + osmotic  # on the liquid
    gap = of(result, "pressure_left_Pa") - of(result, "pressure_right_Pa")
    assert gap == pytest.approx(difference[here], abs=close * 1e6)
    power = (difference + 20e5 / 1e-3 * moved) * rate
    work = np.concatenate([[0.0], np.cumsum(0.5 * (power[1:] + power[:-1]) * np.diff(fine))])
    assert of(result, "energy_J_per_m2") == pytest.approx(work[here], abs=10 * close * np.abs(work).max())
    assert result.summary["equilibrium"]["status"] is None
    assert "the water flux is prescribed" in result.summary["message"]


def test_a_held_flux_may_come_to_a_steady_state() -> None:
    """Reservoir, film, free permeate: the pressure is what film theory says."""
    left = side(5e-5, 100.0, "reservoir", stirred=False, more='pressure = { flux = "1e-5 m/s" }')
    result = solve(left, side(5e-5, 0.0, "outflow", stirred=False), 1e5, run='until = "steady"', permeability=1e-7)
    s = result.summary
    assert s["status"] == "steady"
    film = analytic.film_reverse_osmosis(
        "solution-diffusion",
        water_permeability=LP,
        pressure=s["pressure_left_Pa"],
        concentration=100.0,
        mass_transfer=1e-9 / 5e-5,
        reflection=1.0,
        permeability=1e-7,
        osmotic=RT,
    )
    assert film.water_flux == pytest.approx(1e-5, rel=1e-7)
    assert s["wall_concentration_left_mol_per_m3"]["S"] == pytest.approx(film.wall, rel=1e-7)
    assert s["rejection"]["S"] == pytest.approx(film.observed_rejection, rel=1e-7)


def test_a_fed_and_bled_bath_comes_to_a_steady_state() -> None:
    """Full rejection: what the feed brings the bleed takes, ``(J + b) c_f = b c_b``."""
    bath = side(
        5e-5,
        40.0,
        "bath",
        stirred=False,
        more='volume = "1 mm"\nfeed = { S = "40 mol/m^3" }\nbleed = "5e-6 m/s"\npressure = { flux = "1e-5 m/s" }',
    )
    result = solve(bath, side(1e-3, 0.0, "outflow"), 1e5, run='until = "steady"')
    assert result.summary["status"] == "steady"
    assert bath_of(result, "left", 5e-5)[-1] == pytest.approx(120.0, rel=1e-6)
    assert result.summary["wall_concentration_left_mol_per_m3"]["S"] == pytest.approx(120.0 * np.exp(0.5), rel=1e-6)


# -- until steady ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("stirred", [True, False])
def test_a_bled_bath_comes_to_rest_however_slow_it_is_beside_its_layer(stirred: bool) -> None:
    """What is fed leaves with the bleed: ``(J + b) c_f = b c``. Over hours even the round-off of thin cells adds up."""
    flux, bleed, feed = 5e-6, 1.25e-6, 100.0
    more = f'volume = "50 mm"\npressure = {{ flux = "{flux} m/s" }}\nfeed = {{ S = "{feed} mol/m^3" }}\n'
    bath = side(0.05 if stirred else 5e-5, feed, "bath", stirred, more="\n".join(more.split("\n")[stirred:]))
    bath += f'\nbleed = "{bleed} m/s"'
    mesh = 'cells = 60\nfinest = "0.05 um"'
    summary = mp.run(
        case(bath, side(5e-5, 0.0, "outflow", stirred=False), 3e7, mesh=mesh, run='until = "steady"')
    ).summary
    assert summary["status"] == "steady"
    assert summary["end_time_s"] < 40 * 0.05 / bleed
    film = 1.0 if stirred else np.exp(flux * 5e-5 / 1e-9)  # wall over bath: nothing passes
    assert summary["wall_concentration_left_mol_per_m3"]["S"] == pytest.approx(500.0 * film, rel=1e-6)


def test_a_stirred_bath_is_not_at_rest_while_it_fills_through_the_membrane() -> None:
    bath = side(0.05, 100.0, "bath")
    reservoir = side(5e-5, 300.0, "reservoir", stirred=False)
    summary = mp.run(case(bath, reservoir, 1e8, permeability=1e-7, run='until = "steady"')).summary
    assert summary["status"] == "steady"
    assert summary["concentration_left_mol_per_m3"]["S"] == pytest.approx(300.0, rel=1e-6)
