"""One harness that every shipped case passes, and for each case the claim it was written for.

A case is run once a session. What a test needs of physics stands here again, in the simplest form, so that a slip in
the package cannot hide behind itself.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable

import numpy as np
import pytest

import membrane_pde as mp
from membrane_pde import analytic
from membrane_pde.input.casefile import case_names, case_text
from membrane_pde.results.result import Result
from tests.shipped import CASES, NAMES, ran
from tests.summaries import SUMMARY_KEYS

R = 8.31446261815324  # J/(mol K), exact by the definition of the mole and the kelvin
SALT = 58.44e-3  # kg/mol, NaCl
WEIGHT_OF_WATER = 997.047 * 9.80665  # Pa/m at 25 degC: density as in test_temperature.py, standard gravity
PER_SOLUTE = [key for key in SUMMARY_KEYS if "concentration" in key or "solute" in key or "amount_tr" in key]
PER_SOLUTE += ["polarization_modulus", "rejection"]


@pytest.fixture(params=NAMES)
def result(request: pytest.FixtureRequest) -> Result:
    return ran(request.param)


def array(result: Result, name: str) -> np.ndarray:
    return np.asarray(result.series[name].values)


def walls(result: Result) -> tuple[np.ndarray, np.ndarray]:
    return array(result, "wall_concentration_left_mol_per_m3"), array(result, "wall_concentration_right_mol_per_m3")


def particles(result: Result) -> np.ndarray:
    """nu R T of each solute, J/mol."""
    return np.array([s.dissociation for s in result.case.solutes.values()]) * R * result.case.temperature


def wall_shares(result: Result) -> tuple[np.ndarray, np.ndarray]:
    """Each solute's share of the osmotic pressure at the membrane, by its particles (DESIGN §3a): (time, solute)."""
    shares = []
    for side, c in zip(("left", "right"), walls(result), strict=True):
        number = c * particles(result)
        whole = number.sum(axis=1, keepdims=True)
        total = array(result, f"wall_osmotic_pressure_{side}_Pa")[:, None]
        shares.append(total * np.divide(number, whole, out=np.zeros_like(number), where=whole != 0.0))
    return shares[0], shares[1]


def ideal(result: Result) -> bool:
    return result.case.osmotic_model == "ideal"


def closed(result: Result) -> bool:
    sides = (result.case.left, result.case.right)
    return all(
        side.boundary in ("piston", "standpipe", "elastic", "rigid")
        or (side.boundary == "bath" and side.feed is None and side.bleed == 0.0)
        for side in sides
    )


def has_membrane(result: Result) -> bool:
    return result.case.membrane.type != "none"


def cells_of(result: Result, name: str, pores: bool) -> np.ndarray:
    """Which cells are those of a side, with or without those in the pores of its support layer."""
    here = result.profiles["side"].values == name
    support = getattr(result.case, name).support
    if support is None or pores:
        return here
    return here & (np.abs(result.profiles["position"].values[0]) > support.thickness)


def amounts(result: Result, pores: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Amount of each solute on each side at every stored time, from the profiles, mol/m^2: (time, solute).

    A bath behind a layer has no profile; there from the mean.
    """
    held = (result.profiles["concentration"] * result.profiles["volume"]).transpose("time", "solute", "cell").values
    both = [held[..., cells_of(result, name, pores)].sum(axis=-1) for name in ("left", "right")]
    for i, (name, side) in enumerate((("left", result.case.left), ("right", result.case.right))):
        if side.boundary == "bath" and not side.stirred:
            length = array(result, f"length_{name}_m")[:, None]
            both[i] = array(result, f"concentration_{name}_mol_per_m3") * length
    return both[0], both[1]


# -- every case -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", case_names())
def test_the_file_says_what_it_shows_and_where_its_numbers_come_from(name: str) -> None:
    comment = [line for line in case_text(name).split("\n\ntitle")[0].splitlines() if line]
    assert len(comment) >= 4
    assert all(line.startswith("#") for line in comment)
    assert len(comment[0]) > 30
    assert "look for" in " ".join(comment).lower()
    assert "numbers:" in " ".join(comment).lower()
    assert mp.load_case(name).warnings == ()


def test_amounts_are_conserved(result: Result) -> None:
    assert 0.0 <= result.summary["amount_error"] <= 1e-10
    errors = array(result, "amount_error")
    assert errors[0] == 0.0
    assert errors.max() == result.summary["amount_error"]


def test_amounts_are_conserved_by_our_own_count(result: Result) -> None:
    left, right = amounts(result)
    passed = array(result, "amount_transferred_mol_per_m2")
    held = (left + right).max(axis=0)
    held[held == 0.0] = 1.0
    if closed(result):
        assert np.abs((left + right - left[0] - right[0]) / held).max() <= 1e-10
        assert np.abs((left - left[0] + passed) / held).max() <= 1e-10
        assert np.abs((right - right[0] - passed) / held).max() <= 1e-10
    elif result.case.left.boundary == result.case.right.boundary == "reservoir":
        flux_is_the_same_everywhere(result)
    elif result.case.right.boundary == "reservoir":  # its liquid has no end, and an amount in none of it
        assert np.abs((left - left[0] + passed) / held).max() <= 1e-10
    else:  # what left freely on the right, summed over the stored times; every other open case is of this kind
        assert result.case.right.boundary == "outflow"
        edge = result.profiles["concentration"].isel(cell=-1).transpose("time", "solute").values
        rate = array(result, "water_flux_m_per_s")[:, None] * edge
        gone = (0.5 * (rate[1:] + rate[:-1]) * np.diff(result.series["time"].values)[:, None]).sum(axis=0)
        np.testing.assert_allclose((passed - (right - right[0]))[-1], gone, rtol=1e-3)


def flux_is_the_same_everywhere(result: Result) -> None:
    """In a steady state between two reservoirs ``J_v c − (ε D/τ) ∂c/∂x`` of every layer is the flux of the membrane."""
    assert result.summary["status"] == "steady"
    water, position = result.summary["water_flux_m_per_s"], result.profiles["position"].values[-1]
    for s, name in enumerate(result.solutes):
        c = result.profiles["concentration"].transpose("time", "solute", "cell").values[-1, s]
        passed = result.summary["solute_flux_mol_per_m2_s"][name]
        for side in ("left", "right"):
            solution, support = cells_of(result, side, False), getattr(result.case, side).support
            free = result.case.solutes[name].diffusivity
            layers = [(solution, free)]
            if support is not None:
                pores = cells_of(result, side, True) & ~solution
                layers.append((pores, free * support.porosity / support.tortuosity))
            for cells, diffusivity in layers:
                slope, middle = np.diff(c[cells]) / np.diff(position[cells]), 0.5 * (c[cells][1:] + c[cells][:-1])
                flux = water * middle - diffusivity * slope
                np.testing.assert_allclose(flux, passed, atol=1e-3 * max(abs(passed), abs(water) * c.max()))


def test_volumes_follow_the_displaced_volume(result: Result) -> None:
    displaced, case = array(result, "displaced_volume_m"), result.case
    round_off = 1e-14 * (case.left.length + case.right.length)
    dimension = {"planar": 1, "cylindrical": 2, "spherical": 3}[case.geometry]
    for name, sign, side in (("left", -1.0, case.left), ("right", 1.0, case.right)):
        moves = side.boundary in ("piston", "standpipe", "elastic") and has_membrane(result)
        start = side.length / (dimension if name == "left" else 1)  # of a curved case the right side is stirred
        layer = start + (sign * displaced if moves else 0.0)
        bath = np.zeros_like(displaced)
        if side.boundary == "bath":  # of the shipped cases none has a constant feed or a bleed
            gained = sign * displaced if side.feed is None else 0.0
            if side.stirred:
                layer = side.volume + gained
            else:
                bath = side.volume + gained
        np.testing.assert_allclose(array(result, f"length_{name}_m"), layer + bath, rtol=1e-13, atol=round_off)
        volume = result.profiles["volume"].values[:, cells_of(result, name, pores=False)]
        np.testing.assert_allclose(volume.sum(axis=1), layer, rtol=1e-13, atol=round_off)
        assert (volume > 0.0).all()
    area = (array(result, "length_left_m") / array(result, "length_left_m")[0]) ** ((dimension - 1) / dimension)
    np.testing.assert_allclose(array(result, "membrane_area_ratio"), area, rtol=1e-12)
    if result.case.run.until == "duration":  # else the first stored times are too far apart for this sum
        time, flux = result.series["time"].values, array(result, "water_flux_m_per_s")
        flux = flux * array(result, "membrane_area_ratio")
        total = (0.5 * (flux[1:] + flux[:-1]) * np.diff(time)).sum()
        assert total == pytest.approx(displaced[-1], rel=0.02, abs=1e-15)


def test_water_never_flows_against_its_driving_force(result: Result) -> None:
    if not has_membrane(result):
        assert (array(result, "water_flux_m_per_s") == 0.0).all()
        return
    left, right = wall_shares(result)
    reflection = np.array([result.case.membrane.solutes[name].reflection for name in result.solutes])
    applied = array(result, "pressure_left_Pa") - array(result, "pressure_right_Pa")
    drive = applied - (reflection * (left - right)).sum(axis=1)
    size = np.abs(applied) + (reflection * (np.abs(left) + np.abs(right))).sum(axis=1)
    flux = array(result, "water_flux_m_per_s")
    assert (flux * drive >= -1e-12 * np.abs(flux) * size).all()
    if "rigid" in (result.case.left.boundary, result.case.right.boundary):
        assert (flux == 0.0).all()
        np.testing.assert_allclose(drive, 0.0, atol=1e-12 * size.max())
    else:
        permeability = result.case.membrane.water_permeability
        np.testing.assert_allclose(flux, permeability * drive, rtol=1e-7, atol=1e-12 * permeability * size.max())


def test_the_process_agrees_with_the_displaced_volume(result: Result) -> None:
    process, displaced, case = result.summary["process"], result.summary["displaced_volume_m"], result.case
    if not has_membrane(result):
        assert process == "diffusion"
        assert displaced == 0.0
        return
    if abs(displaced) <= 1e-9 * (case.left.length + case.right.length):
        assert process == "no flow"
        assert result.summary["specific_energy_J_per_m3"] is None
        return
    reflection = np.array([case.membrane.solutes[name].reflection for name in result.solutes])
    left, right = ((reflection * shares[0]).sum() for shares in wall_shares(result))  # nothing has piled up yet
    if abs(left - right) <= 1e-6 * max(left, right):
        assert process == "filtration"
    else:
        assert process == ("osmosis" if (right > left) == (displaced > 0.0) else "reverse osmosis")
    energy, specific = result.summary["energy_J_per_m2"], result.summary["specific_energy_J_per_m3"]
    assert specific == pytest.approx(energy / abs(displaced), rel=1e-12)
    if len(case.left.pressure.values) == 1 and not case.left.pressure.flux:
        applied = case.left.pressure.values[0] - case.right.pressure.values[0]
        assert energy == pytest.approx(applied * displaced, rel=1e-5, abs=1e-20)
    else:
        power = array(result, "water_flux_m_per_s") * (
            array(result, "pressure_left_Pa") - array(result, "pressure_right_Pa")
        )
        total = (0.5 * (power[1:] + power[:-1]) * np.diff(result.series["time"].values)).sum()
        assert energy == pytest.approx(total, rel=2e-3)


def test_second_law(result: Result) -> None:
    """``J_v (Δp − Δπ) + Σ J_s ν_s R T ln(c_wL/c_wR) ≥ −1e-10`` of its largest term (DESIGN §3a), per stored time."""
    left, right = walls(result)
    if not has_membrane(result):
        np.testing.assert_array_equal(left, right)  # an ordinary face: one value on both sides of it
        return
    if not ideal(result):
        return  # of a real solution only the sign of the flux is tested, above
    water = array(result, "water_flux_m_per_s")
    solute = array(result, "solute_flux_mol_per_m2_s")
    applied = array(result, "pressure_left_Pa") - array(result, "pressure_right_Pa")
    osmotic = particles(result) * (left - right)
    share = np.zeros_like(solute)
    both = (left > 0.0) & (right > 0.0)
    np.log(left / np.where(both, right, 1.0), out=share, where=both)
    # into a side that holds none of it the loss is infinite; out of such a side nothing may come
    one = ~both & (solute != 0.0)
    assert ((solute > 0.0) == (left > right))[one].all()
    share *= solute * particles(result)
    terms = np.column_stack([water * applied, -water[:, None] * osmotic, share])
    fine = terms.sum(axis=1) >= -1e-10 * np.abs(terms).max(axis=1)
    assert (fine | one.any(axis=1)).all()


def test_concentrations_stay_positive_and_below_their_bounds(result: Result) -> None:
    concentration = result.profiles["concentration"].transpose("time", "solute", "cell").values
    scale = concentration[0].max(axis=-1)
    lowest = concentration.min(axis=(0, 2))
    assert (lowest >= -10.0 * result.case.run.rtol * scale).all()
    assert np.isfinite(concentration).all()
    for wall in walls(result):
        assert (wall.min(axis=0) >= -10.0 * result.case.run.rtol * scale).all()
    if not has_membrane(result) or result.case.membrane.water_permeability == 0.0:  # diffusion has a maximum principle
        highest = concentration.max(axis=(0, 2))
        assert (highest <= scale * (1.0 + 10.0 * result.case.run.rtol)).all()


def test_end_state(result: Result) -> None:
    """The PDE ends where the analysis says, to 1e-6 relative, in every closed case that runs to its end."""
    summary, end = result.summary, result.summary["equilibrium"]
    beside_reservoir = {result.case.left.boundary, result.case.right.boundary} == {"piston", "reservoir"}
    assert (end is not None) == (closed(result) or beside_reservoir)
    distance = array(result, "distance_to_equilibrium")
    if end is None:
        assert summary["distance_to_equilibrium"] is None
        assert np.isnan(distance).all()
        return
    assert set(end) == set(SUMMARY_KEYS)
    if summary["distance_to_equilibrium"] is not None:
        assert distance[0] == pytest.approx(1.0, abs=1e-12)
        assert distance[-1] == summary["distance_to_equilibrium"]
        assert (distance >= 0.0).all()
    if result.case.run.until == "equilibrium":
        assert summary["status"] == "equilibrium", summary["message"]
        assert summary["distance_to_equilibrium"] <= 1e-7
        assert summary["end_time_s"] < result.case.run.duration
    elif summary["distance_to_equilibrium"] is not None:
        assert summary["distance_to_equilibrium"] > 1e-3, "it came to its end: say so with until"
        return
    # where there is no distance the case begins and ends at its equilibrium
    for side in ("left", "right"):
        assert summary[f"length_{side}_m"] == pytest.approx(end[f"length_{side}_m"], rel=1e-6)
        highest = np.abs(array(result, f"pressure_{side}_Pa")).max()
        assert summary[f"pressure_{side}_Pa"] == pytest.approx(end[f"pressure_{side}_Pa"], rel=1e-6, abs=1e-6 * highest)
        for kind in ("concentration", "wall_concentration"):
            reached, expected = summary[f"{kind}_{side}_mol_per_m3"], end[f"{kind}_{side}_mol_per_m3"]
            size = 1e-15 * max(abs(c) for each in ("left", "right") for c in end[f"{kind}_{each}_mol_per_m3"].values())
            assert reached == pytest.approx(expected, rel=1e-6, abs=size)
        if result.case.phase == "liquid":
            key = f"osmotic_pressure_{side}_Pa"
            assert summary[key] == pytest.approx(end[key], rel=1e-6)


def test_summary_has_exactly_the_keys_of_the_design(result: Result) -> None:
    assert list(result.summary) == SUMMARY_KEYS
    again = json.loads(json.dumps(result.summary, allow_nan=False))
    assert again == result.summary
    for key in PER_SOLUTE:
        value = result.summary[key]
        assert value is None or list(value) == result.solutes, key
    assert result.summary["status"] in ("completed", "equilibrium", "steady")
    assert result.summary["title"] == result.case.title
    assert result.summary["version"] == mp.__version__
    assert result.summary["steps"] > 0
    assert result.summary["solve_time_s"] > 0.0
    assert result.summary["tonicity"] in (None, "isotonic", "hypotonic", "hypertonic")
    assert result.summary["cells"] == result.profiles.sizes["cell"]


def test_series_and_profiles_agree_with_the_summary(result: Result) -> None:
    last = result.series.isel(time=-1)
    assert float(last["time"]) == result.summary["end_time_s"]
    for name, values in last.data_vars.items():
        said = result.summary[name]
        side = getattr(result.case, name.split("_")[1], None) if name.startswith("length") else None
        if side is not None and side.boundary == "reservoir" and side.stirred:
            assert said is None  # its liquid has no volume
        elif values.ndim == 0:
            assert said == (None if np.isnan(values) else float(values)), name
        elif said is not None:
            assert list(said.values()) == [None if np.isnan(v) else float(v) for v in values.values], name
        else:
            assert np.isnan(values.values).all()
    for held, side in zip(amounts(result, pores=False), ("left", "right"), strict=True):
        mean = held / array(result, f"length_{side}_m")[:, None]
        np.testing.assert_allclose(array(result, f"concentration_{side}_mol_per_m3"), mean, rtol=1e-12, atol=1e-30)
        if result.case.phase == "liquid":
            for kind in ("", "wall_"):
                c = array(result, f"{kind}concentration_{side}_mol_per_m3")
                total, said = (c * particles(result)).sum(axis=1), array(result, f"{kind}osmotic_pressure_{side}_Pa")
                if ideal(result):
                    np.testing.assert_allclose(said, total, rtol=1e-12)
                else:  # osmotic coefficients lie between those of MgSO4 and of syrup
                    some = total > 0.0
                    assert ((said[some] > 0.5 * total[some]) & (said[some] < 2.0 * total[some])).all()
        else:
            assert result.summary[f"osmotic_pressure_{side}_Pa"] is None
    position = result.profiles["position"].values
    assert (np.diff(position, axis=1) > 0.0).all()
    assert ((position < 0.0) == (result.profiles["side"].values == "left")).all()


def test_stored_times(result: Result) -> None:
    time, run = result.series["time"].values, result.case.run
    assert time[0] == 0.0
    assert (np.diff(time) > 0.0).all()
    if run.until == "duration":
        np.testing.assert_allclose(time, np.linspace(0.0, run.duration, run.outputs), rtol=1e-9)
        assert time[-1] == run.duration
    else:
        assert run.outputs / 3 < len(time) <= run.outputs + 1


# -- each case's own claim ------------------------------------------------------------------------------------------
def two_pistons(n_left: float, n_right: float, volume: float, excess: float = 0.0) -> float:
    """Left length where ``n1/V − n2/(V_T − V) = g``, the quadratic by the school formula."""
    if excess == 0.0:
        return volume * n_left / (n_left + n_right)
    b = excess * volume + n_left + n_right
    return (b - math.sqrt(b * b - 4.0 * excess * n_left * volume)) / (2.0 * excess)


def osmosis(result: Result) -> None:
    summary = result.summary
    assert summary["process"] == "osmosis"
    assert summary["displaced_volume_m"] > 0.0
    assert (array(result, "water_flux_m_per_s") > 0.0).all()
    # never faster than the bulk liquids' 28.8 bar at 1 L/m^2/h/bar
    bulk = 2.0 * R * 298.15 * 34.0 / SALT
    assert bulk == pytest.approx(28.8e5, rel=2e-3)
    assert array(result, "water_flux_m_per_s").max() <= bulk / 3.6e11
    # "after a minute the membrane feels 11 of the 28.8 bar"
    felt = array(result, "wall_osmotic_pressure_right_Pa") - array(result, "wall_osmotic_pressure_left_Pa")
    assert np.interp(60.0, result.series["time"].values, felt) == pytest.approx(11e5, abs=0.5e5)
    end = two_pistons(1.0, 35.0, 10e-3)
    assert summary["equilibrium"]["length_left_m"] == pytest.approx(end, rel=1e-12)
    assert ran("osmosis, to the end").summary["length_left_m"] == pytest.approx(end, rel=1e-6)


def reverse_osmosis(result: Result) -> None:
    # the same two liquids, the same membrane, and a piston that presses
    unpressed = result.case.with_values({"right.pressure": "0 bar", "title": ran("osmosis").case.title})
    assert unpressed == ran("osmosis").case
    assert result.case.right.pressure.values == (60e5,)
    assert result.summary["process"] == "reverse osmosis"
    assert result.summary["displaced_volume_m"] < 0.0
    assert (array(result, "water_flux_m_per_s") < 0.0).all()
    assert result.summary["polarization_modulus"]["NaCl"] > 1.0  # the salt left behind at the membrane
    rt = 2.0 * R * 298.15
    end = two_pistons(rt * 1.0 / SALT * 5e-3, rt * 35.0 / SALT * 5e-3, 10e-3, excess=-60e5)
    assert ran("reverse_osmosis, to the end").summary["length_left_m"] == pytest.approx(end, rel=1e-6)
    # nearly 71 g/L at the membrane on the salt side, the bulk behind
    assert 60.0 < result.summary["wall_concentration_right_mol_per_m3"]["NaCl"] * SALT < 60e5 / rt * SALT + 1.0


def stopped_osmosis(result: Result) -> None:
    pressure = 2.0 * R * 298.15 * (35.0 - 1.0) / SALT
    assert result.summary["pressure_right_Pa"] == pytest.approx(pressure, rel=1e-14)
    assert result.summary["process"] == "no flow"
    assert np.abs(array(result, "water_flux_m_per_s")).max() <= 1e-12 * pressure / 3.6e11
    assert np.abs(array(result, "displaced_volume_m")).max() <= 1e-9 * 10e-3
    profile = result.profiles["concentration"].values
    np.testing.assert_allclose(profile, np.broadcast_to(profile[:1], profile.shape), rtol=1e-9)
    for pressed, process in (("28 bar", "osmosis"), ("30 bar", "reverse osmosis")):
        nearby = mp.run(result.case.with_values({"right.pressure": pressed, "run.duration": "1 min"}))
        assert nearby.summary["process"] == process


def u_tube(result: Result) -> None:
    area, volume = 0.002, 5e-3
    left = analytic.u_tube_equilibrium(
        amount_left=0.0,
        amount_right=2.0 * volume,
        total_volume=2.0 * volume,
        area_left=area,
        area_right=area,
        weight=WEIGHT_OF_WATER,
        rt=R * 298.15,
    )
    summary = result.summary
    head = (summary["length_right_m"] - summary["length_left_m"]) / area
    assert head == pytest.approx((2.0 * volume - 2.0 * left) / area, rel=2e-6)
    assert head == pytest.approx(0.46, abs=0.005)  # as its comment says
    # the head's weight is the pressure, and the pressure is the osmotic pressure of what has become of the solution
    hydrostatic = summary["pressure_right_Pa"] - summary["pressure_left_Pa"]
    assert hydrostatic == pytest.approx(WEIGHT_OF_WATER * head, rel=2e-6)
    assert hydrostatic == pytest.approx(R * 298.15 * summary["concentration_right_mol_per_m3"]["sucrose"], rel=1e-6)
    assert (np.diff(array(result, "length_right_m")) > -1e-6 * area * head).all()


def osmotic_pressure(result: Result) -> None:
    expected = 1.0 * R * (273.15 + 6.8) * 9.940 / 342.297e-3
    assert result.summary["pressure_right_Pa"] == pytest.approx(expected, rel=1e-5)  # the molar mass's digits
    assert result.summary["pressure_right_Pa"] == pytest.approx(0.664 * 101325.0, rel=0.01)  # Pfeffer read this
    assert result.summary["pressure_left_Pa"] == 0.0
    assert result.summary["process"] == "no flow"
    assert (array(result, "water_flux_m_per_s") == 0.0).all()


def red_cell(word: str, bath: float) -> Callable[[Result], None]:
    def check(result: Result) -> None:
        assert result.summary["tonicity"] == word
        depth, bath_depth, content = 0.411e-6, 100e-6, 300.0
        total = depth + bath_depth
        end = total - two_pistons(bath * bath_depth, content * depth, total)
        change = array(result, "length_right_m") - depth
        if word == "isotonic":
            assert np.abs(change).max() <= 1e-9 * depth
            assert result.summary["process"] == "no flow"
            return
        assert np.sign(change[-1]) == {"hypotonic": 1.0, "hypertonic": -1.0}[word]
        assert (np.abs(np.diff(np.sign(change[1:]))) == 0.0).all()
        assert depth + change[-1] == pytest.approx(end, rel=1e-6)
        assert depth + change[-1] == pytest.approx(depth * content / bath, rel=0.01)
        assert all(amount == 0.0 for amount in result.summary["amount_transferred_mol_per_m2"].values())

    return check


def semipermeable(result: Result) -> None:
    assert {"Na+", "Ca2+", "Cl-", "glucose", "urea", "bacterium"} == set(result.solutes)
    assert (array(result, "amount_transferred_mol_per_m2") == 0.0).all()
    assert (array(result, "solute_flux_mol_per_m2_s") == 0.0).all()
    thin, strong = (20.0 + 2.0 + 24.0 + 10.0 + 10.0), (100.0 + 10.0 + 120.0 + 50.0 + 50.0)
    assert (thin, strong) == (66.0, 330.0)
    left = two_pistons(thin, strong, 2e-3)
    assert result.summary["length_left_m"] == pytest.approx(left, rel=1e-6)
    for side in ("left", "right"):
        total = R * 298.15 * (thin + strong) / 2.0
        assert result.summary[f"osmotic_pressure_{side}_Pa"] == pytest.approx(total, rel=1e-6)
    assert result.summary["process"] == "osmosis"
    # it is the pores that do it: nothing is said of the solutes, and all are wider
    membrane = result.case.membrane
    assert membrane.pore_radius == pytest.approx(0.12e-9)
    assert all(numbers.permeability == 0.0 and numbers.reflection == 1.0 for numbers in membrane.solutes.values())
    assert min(solute.radius for solute in result.case.solutes.values()) > membrane.pore_radius
    assert membrane.water_permeability == pytest.approx((0.12e-9) ** 2 * 1.37e6 / (8.0 * 0.8903e-3), rel=1e-3)
    assert membrane.water_permeability * 3.6e11 == pytest.approx(1.0, abs=5e-3)
    wide = result.case.with_values({"membrane.pore_radius": "0.5 nm"}).membrane.solutes
    assert [name for name, numbers in wide.items() if numbers.permeability == 0.0] == ["bacterium"]


def cold_and_warm(result: Result) -> None:
    def time_of(run: Result, share: float) -> float:
        """When the difference of the sides has fallen to a share of what it was, s; straight in the root of time."""
        left, right = (array(run, f"concentration_{side}_mol_per_m3")[:, 0] for side in ("left", "right"))
        left_over = (left - right) / (left[0] - right[0])
        return float(np.interp(-share, -left_over, np.sqrt(run.series["time"].values))) ** 2

    cold, warm = result, mp.run(result.case.with_values({"temperature": "60 degC"}))
    # D by Stokes and Einstein with measured viscosities (mPa s), as in tests/unit/physics/test_temperature.py
    measured = {5.0: 1.5192, 25.0: 0.8903, 60.0: 0.4666}
    diffusivity = {t: 5.226e-10 * (t + 273.15) / 298.15 * measured[25.0] / mu for t, mu in measured.items()}
    for run, celsius in ((cold, 5.0), (warm, 60.0)):
        # Loschmidt's degree of mixing: f(0.05) = 0.495912 and f(0.1) = 0.302118 of D t/L^2
        for share, own_time in ((0.495912, 0.05), (0.302118, 0.1)):
            assert time_of(run, share) == pytest.approx(own_time * 4e-6 / diffusivity[celsius], rel=5e-3)
    assert time_of(cold, 0.5) == pytest.approx(11.5 * 60.0, rel=0.01)  # as its comment says
    assert time_of(warm, 0.5) == pytest.approx(3.0 * 60.0, rel=0.03)
    assert time_of(cold, 0.5) / time_of(warm, 0.5) == pytest.approx(diffusivity[60.0] / diffusivity[5.0], rel=5e-3)
    assert result.summary["process"] == "diffusion"


def leaky(result: Result) -> None:
    head = (array(result, "length_left_m") - array(result, "length_right_m")) / 1e-4
    peak = int(head.argmax())
    assert head[peak] == pytest.approx(0.38, abs=0.01)
    assert result.series["time"].values[peak] == pytest.approx(94.0, abs=18.0)  # s; times are stored every 36 s
    assert head[peak] < 0.5 * R * 298.15 * 5.0 / WEIGHT_OF_WATER  # never above sigma times the whole osmotic pressure
    assert (np.diff(head[: peak + 1]) > 0.0).all()
    assert abs(head[-1]) < 1e-6 * head[peak]
    for side in ("left", "right"):
        assert result.summary[f"concentration_{side}_mol_per_m3"]["urea"] == pytest.approx(2.5, rel=1e-6)
    assert "changed direction during the run: " in result.summary["message"]
    rise = re.search(
        r": water rose ([\d.]+) cm in the tube on the left \(urea water\), and then all of it came back\.$",
        result.summary["message"],
    )
    assert rise is not None
    assert float(rise[1]) == pytest.approx(50.0 * head[peak], abs=1.0)  # half of the difference of the levels


def seawater_ro(result: Result) -> None:
    numbers = result.case.membrane.solutes["NaCl"]
    bulk = 35.0 / SALT
    exact = analytic.film_reverse_osmosis(
        "spiegler-kedem",
        water_permeability=result.case.membrane.water_permeability,
        pressure=60e5,
        concentration=bulk,
        mass_transfer=result.case.solutes["NaCl"].diffusivity / 50e-6,
        reflection=numbers.reflection,
        permeability=numbers.permeability,
        osmotic=2.0 * R * 298.15,
    )
    summary = result.summary
    assert summary["status"] == "steady"
    assert summary["water_flux_m_per_s"] == pytest.approx(exact.water_flux, rel=1e-6)
    assert summary["wall_concentration_left_mol_per_m3"]["NaCl"] == pytest.approx(exact.wall, rel=1e-6)
    assert summary["concentration_right_mol_per_m3"]["NaCl"] == pytest.approx(exact.permeate, abs=1e-8 * bulk)
    assert summary["rejection"]["NaCl"] == pytest.approx(exact.observed_rejection, rel=1e-6)
    assert summary["polarization_modulus"]["NaCl"] == pytest.approx(exact.wall / bulk, rel=1e-6)
    # as its comment says
    assert summary["water_flux_m_per_s"] * 3.6e6 == pytest.approx(27.0, abs=0.5)
    assert summary["concentration_right_mol_per_m3"]["NaCl"] * SALT == pytest.approx(0.13, abs=0.005)
    assert summary["rejection"]["NaCl"] == pytest.approx(0.996, abs=5e-4)
    better = mp.run(result.case.with_values({"left.length": "25 um"})).summary
    assert better["water_flux_m_per_s"] > summary["water_flux_m_per_s"]
    assert better["rejection"]["NaCl"] > summary["rejection"]["NaCl"]


def dialysis_slabs(result: Result) -> None:
    assert (array(result, "water_flux_m_per_s") == 0.0).all()
    time = result.series["time"].values
    chosen = [int(np.searchsorted(time, t)) for t in (60.0, 600.0, 3600.0, 14400.0)]
    for index, name in enumerate(result.solutes):
        diffusivity = result.case.solutes[name].diffusivity
        permeability = result.case.membrane.solutes[name].permeability
        assert permeability == pytest.approx(diffusivity / 1e-3, rel=1e-12)
        for i in chosen:
            profiles = result.profiles.isel(time=i)
            x = profiles["position"].values
            left = x < 0.0
            exact = analytic.two_slabs(
                time[i],
                length_left=1e-3,
                length_right=1e-3,
                diffusivity_left=diffusivity,
                diffusivity_right=diffusivity,
                permeability=permeability,
                concentration_left=10.0,
                concentration_right=2.0,
                distance_left=-x[left],
                distance_right=x[~left],
            )
            here = result.series.isel(time=i, solute=index)
            pairs = [
                (here["concentration_left_mol_per_m3"], exact.mean_left),
                (here["concentration_right_mol_per_m3"], exact.mean_right),
                (here["wall_concentration_left_mol_per_m3"], exact.wall_left),
                (here["wall_concentration_right_mol_per_m3"], exact.wall_right),
            ]
            np.testing.assert_allclose([float(a) for a, _ in pairs], [b for _, b in pairs], rtol=2e-4)
            assert float(here["solute_flux_mol_per_m2_s"]) == pytest.approx(
                exact.flux, rel=1e-3, abs=1e-5 * permeability * 8.0
            )
            values = profiles["concentration"].isel(solute=index).values
            np.testing.assert_allclose(values, np.append(exact.left, exact.right), rtol=5e-4)
    # in its own time both solutes do the same: the numbers of the comment
    for index, name in enumerate(result.solutes):
        own = 1e-6 / result.case.solutes[name].diffusivity
        spaced = {"run.until": "duration", "run.duration": f"{5.0 * own} s", "run.outputs": 51}
        mean = array(mp.run(result.case.with_values(spaced)), "concentration_left_mol_per_m3")[:, index] / 10.0
        np.testing.assert_allclose(mean[[1, 10, 50]], [0.9466, 0.7209, 0.6012], atol=6e-5)
    for side in ("left", "right"):
        assert result.summary[f"concentration_{side}_mol_per_m3"] == pytest.approx({"urea": 6.0, "glucose": 6.0})


def two_gases(result: Result) -> None:
    assert result.summary["process"] == "diffusion"
    total = 101325.0 / (R * 293.15)
    for moment in (1.0, 10.0, 100.0, 500.0):
        i = int(np.searchsorted(result.series["time"].values, moment))
        at = result.profiles.isel(time=i)
        middle, half = at["position"].values + 0.05, 0.5 * at["width"].values
        exact = analytic.two_gases_mean(
            middle - half, middle + half, float(at["time"]), diffusivity=0.190e-4, length=0.1, step=0.05
        )
        argon, nitrogen = (at["concentration"].sel(solute=name).values for name in ("argon", "nitrogen"))
        np.testing.assert_allclose(argon / total, exact, atol=3e-4)
        np.testing.assert_allclose(argon + nitrogen, total, rtol=1e-9)  # no wind
    uniform = {"argon": 0.5 * total, "nitrogen": 0.5 * total}
    for side in ("left", "right"):
        assert result.summary[f"concentration_{side}_mol_per_m3"] == pytest.approx(uniform, rel=1e-6)


def real_pressure(molality: float, coefficient: float, particles: float) -> float:
    """``π = φ ν m ρ_w R T`` at 25 degC."""
    return coefficient * particles * molality * 997.047 * R * 298.15


def sweet_to_salty(result: Result) -> None:
    summary = result.summary
    start = {side: array(result, f"osmotic_pressure_{side}_Pa")[0] for side in ("left", "right")}
    assert start["left"] == pytest.approx(23e5, abs=0.5e5)  # as its comment says
    assert start["right"] == pytest.approx(35e5, abs=0.5e5)
    assert summary["process"] == "osmosis"
    # where they meet: osmotic coefficients of Robinson & Stokes at the molality the volumes left by sugar and salt make
    salt, sugar = summary["concentration_left_mol_per_m3"]["NaCl"], summary["concentration_right_mol_per_m3"]["sucrose"]
    molality = salt / (997.047 * (1.0 - salt * 18.5e-6))  # apparent volumes: NaCl 18.5, sucrose 212 cm^3/mol
    coefficient = np.interp(molality, [0.6, 0.7], [0.9230, 0.9257])
    assert summary["osmotic_pressure_left_Pa"] == pytest.approx(real_pressure(molality, coefficient, 2.0), rel=3e-3)
    molality = sugar / (997.047 * (1.0 - sugar * 212e-6))
    coefficient = np.interp(molality, [1.0, 1.2], [1.088, 1.108])
    assert summary["osmotic_pressure_right_Pa"] == pytest.approx(real_pressure(molality, coefficient, 1.0), rel=3e-3)
    ideal_twin = mp.run(result.case.with_values({"osmotic_model": "ideal", "run.until": "duration"}))
    assert ideal_twin.summary["process"] == "no flow"


def osmolarity_is_not_tonicity(result: Result) -> None:
    summary, flux = result.summary, array(result, "water_flux_m_per_s")
    assert summary["tonicity"] == "hypertonic"
    for side in ("left", "right"):  # isosmotic
        assert array(result, f"osmotic_pressure_{side}_Pa")[0] == pytest.approx(R * 296.15 * 300.0, rel=1e-12)
    assert abs(flux[0]) < 1e-6 * np.abs(flux).max()
    # what cannot pass divides the volume, 300 to 50, and the urea goes with the water
    assert summary["length_left_m"] == pytest.approx(20e-6 * 300.0 / 350.0, rel=1e-6)
    assert summary["length_left_m"] / summary["length_right_m"] == pytest.approx(6.0, rel=1e-5)
    for side in ("left", "right"):
        assert summary[f"concentration_{side}_mol_per_m3"] == pytest.approx({"urea": 125.0, "sucrose": 175.0}, rel=1e-6)
    half = np.interp(0.5, array(result, "displaced_volume_m") / summary["displaced_volume_m"], result.series["time"])
    assert half < 15.0  # seconds


def brackish_ro(result: Result) -> None:
    summary, case = result.summary, result.case
    bulk = case.left.concentration["NaCl"]
    assert bulk == pytest.approx(0.002 * 998.5 / SALT, rel=5e-4)  # 2 g in a kilogram, 998.5 kg/m^3 with the salt
    # film theory, with the osmotic coefficient 0.95 that lies between 0.932 (0.1 mol/kg) and 1 (Robinson & Stokes)
    a, b = case.membrane.water_permeability, case.membrane.solutes["NaCl"].permeability
    k = case.solutes["NaCl"].diffusivity / 25e-6
    flux, per_mole = a * 15.5e5, real_pressure(1.0, 0.95, 2.0) / 997.047
    for _ in range(100):
        rise = math.exp(flux / k)
        passage = b * rise / (flux + b * rise)  # permeate over bulk
        wall = bulk * (passage + (1.0 - passage) * rise)
        flux = 0.5 * (flux + a * (15.5e5 - per_mole * (wall - passage * bulk)))
    assert summary["water_flux_m_per_s"] == pytest.approx(flux, rel=3e-3)
    assert summary["wall_concentration_left_mol_per_m3"]["NaCl"] == pytest.approx(wall, rel=3e-3)
    assert 1.0 - summary["rejection"]["NaCl"] == pytest.approx(passage, rel=3e-3)
    assert flux * 3.6e6 == pytest.approx(44.0, abs=1.0)  # as its comment says
    assert summary["osmotic_pressure_left_Pa"] < 2e5


def batch_ro(result: Result) -> None:
    summary, case = result.summary, result.case
    time, flux = result.series["time"].values, 20.0 / 3.6e6
    np.testing.assert_allclose(array(result, "water_flux_m_per_s"), flux, rtol=1e-12)
    # all salt held back: c = c0 V0/(V0 - J t); what the membrane lets through is 1 to 2 %
    volume = 20.05e-3 - flux * time
    strong = 5.0 / SALT * 20.05e-3 / volume
    mean = array(result, "concentration_left_mol_per_m3")[:, 0]
    assert (mean <= strong * (1.0 + 1e-9)).all()
    np.testing.assert_allclose(mean, strong, rtol=0.03)
    lost = array(result, "amount_transferred_mol_per_m2")[:, 0]
    np.testing.assert_allclose(mean * volume + lost, 5.0 / SALT * 20.05e-3, rtol=1e-10)
    # the pressure is what the membrane and the salt at it ask for
    needed = flux / case.membrane.water_permeability
    needed += array(result, "wall_osmotic_pressure_left_Pa") - array(result, "wall_osmotic_pressure_right_Pa")
    np.testing.assert_allclose(array(result, "pressure_left_Pa"), needed, rtol=1e-9)
    assert summary["pressure_left_Pa"] == pytest.approx(24e5, abs=0.5e5)  # as its comment says
    assert array(result, "pressure_left_Pa")[0] == pytest.approx(10e5, abs=0.1e5)
    assert summary["specific_energy_J_per_m3"] == pytest.approx(0.40 * 3.6e6, rel=0.02)
    assert summary["specific_energy_J_per_m3"] < 0.62 * summary["pressure_left_Pa"]
    # about what pure permeate would take, (pi_0/Y) ln 1/(1 - Y), with 3.97 bar for 5 g/L
    recovery = 15.0 / 20.05
    assert summary["minimum_energy_J_per_m3"] < 1.05 * 3.97e5 / recovery * math.log(1.0 / (1.0 - recovery))
    assert summary["second_law_efficiency"] == pytest.approx(0.465, abs=0.01)


def closed_circuit_ro(result: Result) -> None:
    made = array(result, "displaced_volume_m")
    total = 5.0 / SALT * (5.05e-3 + made)  # what was there, and what came with the feed
    held = array(result, "concentration_left_mol_per_m3")[:, 0] * 5.05e-3
    np.testing.assert_allclose(held + array(result, "amount_transferred_mol_per_m2")[:, 0], total, rtol=1e-10)
    np.testing.assert_allclose(array(result, "length_left_m"), 5.05e-3, rtol=1e-12)
    assert result.summary["concentration_left_mol_per_m3"]["NaCl"] * SALT == pytest.approx(16.2, abs=0.1)
    flux, time = array(result, "water_flux_m_per_s"), result.series["time"].values
    for step in (300.0, 600.0, 900.0, 1200.0, 1500.0):  # it jumps with the pressure
        before, after = flux[time < step][-1], flux[time > step + 10.0][0]
        assert after > 1.1 * before
    between = (time > 330.0) & (time < 590.0)
    assert (np.diff(flux[between]) < 0.0).all()
    bled = mp.run(result.case.with_values({"left.bleed": "5 L/m^2/hour"})).summary
    assert bled["concentration_left_mol_per_m3"]["NaCl"] < result.summary["concentration_left_mol_per_m3"]["NaCl"]


def plant_cell_turgor(result: Result) -> None:
    # E x = R T c/(1 + x) against water: the quadratic for the relative gain x
    modulus, sap = 135e5, R * 293.15 * 200.0
    gain = (-1.0 + math.sqrt(1.0 + 4.0 * sap / modulus)) / 2.0
    summary = result.summary
    assert summary["length_left_m"] == pytest.approx(20e-6 * (1.0 + gain), rel=1e-6)
    assert summary["pressure_left_Pa"] == pytest.approx(modulus * gain, rel=1e-6)
    assert gain == pytest.approx(0.035, abs=1e-3)
    assert summary["pressure_left_Pa"] == pytest.approx(4.5e5, abs=2.1e5)  # what Tomos and others measured
    turgor = array(result, "pressure_left_Pa")
    half = np.interp(0.5 * turgor[-1], turgor, result.series["time"].values)
    assert 1.0 < half < 35.0  # theirs
    assert half == pytest.approx(3.2, abs=0.3)
    wilted = mp.run(result.case.with_values({"right.concentration.sucrose": "200 mmol/L"})).summary
    assert abs(wilted["pressure_left_Pa"]) < 1e-6 * turgor[-1]


def nanofiltration(result: Result) -> None:
    summary = result.summary
    radius = {"urea": 0.178, "glycerol": 0.231, "glucose": 0.365, "sucrose": 0.470}  # nm
    viscosity = 0.890e-3  # Pa s, water at 25 degC
    permeability = 0.5e-9**2 * 9.7e5 / (8.0 * viscosity)
    assert permeability * 3.6e11 == pytest.approx(12.3, abs=0.05)  # L/m^2/h/bar
    assert result.case.membrane.water_permeability == pytest.approx(permeability, rel=1e-3)
    flux = summary["water_flux_m_per_s"]
    assert flux * 3.6e6 == pytest.approx(60.0, abs=1.0)
    held = []
    for name, size in radius.items():
        x, diffusivity = size / 0.5, result.case.solutes[name].diffusivity
        # Dechadilok & Deen (2006), the polynomials once more
        hindered = 1.0 + 9.0 / 8.0 * x * math.log(x) - 1.56034 * x + 0.528155 * x**2 + 1.91521 * x**3
        hindered += -2.81903 * x**4 + 0.270788 * x**5 + 1.10115 * x**6 - 0.435933 * x**7
        dragged = (1.0 - x) ** 2 * (1.0 + 3.867 * x - 1.907 * x**2 - 0.834 * x**3)
        dragged /= 1.0 + 1.867 * x - 0.741 * x**2
        factor = math.exp(-dragged * flux / (hindered * diffusivity * 9.7e5))
        real = 1.0 - dragged / (1.0 - (1.0 - dragged) * factor)
        rise = math.exp(flux * 20e-6 / diffusivity)  # film theory
        held.append(1.0 - (1.0 - real) * rise / (real + (1.0 - real) * rise))
        assert summary["rejection"][name] == pytest.approx(held[-1], rel=0.02, abs=5e-4)  # three digits of the radius
    assert held == sorted(held)
    assert [round(100 * h) for h in held] == [3, 10, 76, 99]  # as its comment says


def dialysis(result: Result) -> None:
    summary = result.summary
    for side in ("left", "right"):
        mean = summary[f"concentration_{side}_mol_per_m3"]
        assert mean["urea"] == pytest.approx(30.0 / 6.0, rel=1e-6)
        assert mean["glucose"] == pytest.approx(5.0 / 6.0, rel=1e-6)
    assert summary["amount_transferred_mol_per_m2"]["albumin"] == 0.0
    albumin = result.case.left.concentration["albumin"]
    np.testing.assert_allclose(array(result, "concentration_left_mol_per_m3")[:, 2], albumin, rtol=1e-12)
    assert summary["pressure_left_Pa"] == pytest.approx(R * 310.15 * albumin, rel=1e-6)
    assert summary["pressure_left_Pa"] == pytest.approx(0.0155e5, rel=0.01)
    assert result.case.membrane.solutes["urea"].permeability == pytest.approx(9.8e-6, rel=0.01)
    time, passed = result.series["time"].values, array(result, "amount_transferred_mol_per_m2")
    half = [np.interp(0.5, passed[:, i] / passed[-1, i], time) for i in (0, 1)]
    assert half[0] < 0.6 * half[1]
    assert (array(result, "water_flux_m_per_s") == 0.0).all()


def across(result: Result, side: str, resistance: float) -> float:
    """Concentration at the membrane behind layers of that resistance (s/m): ``(c + J_s/J_w) e^(±J_w R) − J_s/J_w``.

    J_w is the water that flows to the right, J_s the solute that goes to the left.
    """
    water, solute = result.summary["water_flux_m_per_s"], -result.summary["solute_flux_mol_per_m2_s"]["NaCl"]
    bulk, sign = getattr(result.case, side).concentration["NaCl"], 1.0 if side == "left" else -1.0
    return float((bulk + solute / water) * math.exp(sign * water * resistance) - solute / water)


def forward_osmosis(result: Result) -> None:
    summary, diffusivity = result.summary, result.case.solutes["NaCl"].diffusivity
    feed, draw = across(result, "left", 50e-6 / diffusivity), across(result, "right", (50e-6 + 1.14e-3) / diffusivity)
    assert summary["wall_concentration_left_mol_per_m3"]["NaCl"] == pytest.approx(feed, rel=1e-5)
    assert summary["wall_concentration_right_mol_per_m3"]["NaCl"] == pytest.approx(draw, rel=1e-4)
    permeability = result.case.membrane.solutes["NaCl"].permeability
    assert summary["solute_flux_mol_per_m2_s"]["NaCl"] == pytest.approx(permeability * (feed - draw), rel=1e-4)
    newton = mp.steady(result.case)
    assert summary["water_flux_m_per_s"] == pytest.approx(newton["water_flux_m_per_s"], rel=1e-6)
    # measured
    flux = array(result, "water_flux_m_per_s") * 3.6e6
    assert flux[-1] == pytest.approx(8.51, abs=2 * 0.25)
    other = mp.steady(
        result.case.with_values({"left.concentration.NaCl": "0.5 mol/L", "right.concentration.NaCl": "10 mmol/L"})
    )
    assert -other["water_flux_m_per_s"] * 3.6e6 == pytest.approx(15.82, abs=2.01)
    thin = mp.steady(result.case.with_values({"right.support.structural_parameter": "0.57 mm"}))
    # as its comment says
    assert "Internal concentration polarization" in summary["message"]
    assert flux[0] == pytest.approx(58.0, abs=0.5)
    assert flux[-1] == pytest.approx(8.5, abs=0.05)
    assert draw * SALT == pytest.approx(4.9, abs=0.05)
    assert -summary["solute_flux_mol_per_m2_s"]["NaCl"] * SALT * 3.6e6 == pytest.approx(2.6, abs=0.05)
    left = summary["wall_osmotic_pressure_right_Pa"] - summary["wall_osmotic_pressure_left_Pa"]
    assert left / 22.6e5 == pytest.approx(1 / 7, abs=0.01)  # 23.1 bar against 0.5
    assert thin["water_flux_m_per_s"] * 3.6e6 == pytest.approx(12.9, abs=0.05)
    assert other["water_flux_m_per_s"] * 3.6e6 == pytest.approx(-14.8, abs=0.05)


def pressure_retarded_osmosis(result: Result) -> None:
    summary, diffusivity = result.summary, result.case.solutes["NaCl"].diffusivity
    river, sea = across(result, "left", (19e-6 + 678e-6) / diffusivity), across(result, "right", 19e-6 / diffusivity)
    assert summary["wall_concentration_left_mol_per_m3"]["NaCl"] == pytest.approx(river, rel=1e-4)
    assert summary["wall_concentration_right_mol_per_m3"]["NaCl"] == pytest.approx(sea, rel=1e-5)
    power = summary["water_flux_m_per_s"] * 9.7e5
    assert power == pytest.approx(2.7, rel=0.1)  # measured
    powers = {}
    for pressure in (9.0, 11.0, 13.0, 15.0, 17.0):
        changed = mp.steady(result.case.with_values({"right.pressure": f"{pressure} bar"}))
        powers[pressure] = changed["water_flux_m_per_s"] * pressure * 1e5
    # as its comment says
    assert power == pytest.approx(2.7, abs=0.05)
    assert river * SALT == pytest.approx(2.9, abs=0.05)
    assert max(powers, key=lambda pressure: powers[pressure]) == 13.0
    assert powers[13.0] == pytest.approx(2.9, abs=0.05)
    osmotic = array(result, "wall_osmotic_pressure_right_Pa")[0]
    assert osmotic == pytest.approx(27.7e5, abs=0.05e5)
    assert result.case.membrane.water_permeability * osmotic**2 / 4.0 == pytest.approx(3.6, abs=0.05)
    assert summary["energy_J_per_m2"] < 0.0


def swelling_sphere(result: Result) -> None:
    """Its comment: it swells by 25.1 %, stirred by 26.1, flat by 23.8, and without its channels by 3.6."""

    def growth(values: dict[str, object]) -> float:
        ended = mp.run(result.case.with_values(values))
        return 100.0 * (ended.summary["length_left_m"] / array(ended, "length_left_m")[0] - 1.0)

    assert growth({}) == pytest.approx(25.1, abs=0.05)
    assert result.summary["membrane_area_ratio"] == pytest.approx(1.161, abs=5e-4)
    assert result.summary["membrane_area_ratio"] == pytest.approx(1.251 ** (2 / 3), abs=5e-4)
    assert growth({"left.stirred": True}) == pytest.approx(26.1, abs=0.05)
    assert growth({"geometry": "planar", "left.length": "0.2083 mm"}) == pytest.approx(23.8, abs=0.05)
    assert growth({"membrane.water_permeability": "2e-13 m/s/Pa"}) == pytest.approx(3.6, abs=0.05)
    # diluted at the membrane first
    wall = array(result, "wall_concentration_left_mol_per_m3")[1:, 0]
    assert (wall < result.profiles["concentration"].isel(cell=0, solute=0).values[1:]).all()
    assert result.summary["equilibrium"]["length_left_m"] == pytest.approx(2.8 * 0.625e-3 / 3, rel=0.02)
    # in a bath without end, well mixed: the closed form
    bath = {"boundary": "reservoir", "stirred": True, "concentration": {"KCl": "35 mmol/L"}}
    mixed = mp.run(result.case.with_values({"right": bath, "left.stirred": True}))
    exact = analytic.swelling(
        mixed.series["time"].values,
        geometry="spherical",
        radius=0.625e-3,
        inside=200.0,
        outside=70.0,
        rate=1.6e-12 * R * 295.15,
    )
    np.testing.assert_allclose(array(mixed, "length_left_m") / array(mixed, "length_left_m")[0], exact, rtol=1e-5)


def hollow_fibre(result: Result) -> None:
    time, mean = result.series["time"].values, array(result, "concentration_left_mol_per_m3")[:, 0]
    diffusivity, permeability = result.case.solutes["urea"].diffusivity, 9.8e-6
    assert permeability * 1e-4 / diffusivity == pytest.approx(0.53, abs=0.005)
    numbers = {"geometry": "cylindrical", "radius": 1e-4, "diffusivity": diffusivity, "permeability": permeability}
    for i in (5, 33, 100, 199):
        exact = analytic.behind_membrane_mean(0.0, 1e-4, time[i], inside=20.0, **numbers)
        assert mean[i] == pytest.approx(float(exact), abs=2e-3)
        wall = analytic.behind_membrane(1e-4, time[i], inside=20.0, **numbers)
        assert array(result, "wall_concentration_left_mol_per_m3")[i, 0] == pytest.approx(float(wall), abs=2e-3)
    halves = [float(np.interp(-20.0 * share, -mean, time)) for share in (0.5, 0.25, 0.125)]
    np.testing.assert_allclose([halves[0], *np.diff(halves)], 4.0, atol=0.05)
    five = int(np.argmin(np.abs(time - 5.0)))
    inner = float(result.profiles["concentration"].isel(time=five, solute=0, cell=0))
    assert inner == pytest.approx(9.5, abs=0.1)
    assert array(result, "wall_concentration_left_mol_per_m3")[five, 0] == pytest.approx(7.4, abs=0.1)
    stirred = mp.run(result.case.with_values({"left.stirred": True}))
    mixed = array(stirred, "concentration_left_mol_per_m3")[:, 0]
    assert float(np.interp(-10.0, -mixed, stirred.series["time"].values)) == pytest.approx(3.5, abs=0.05)
    assert mixed[-1] == pytest.approx(20.0 * math.exp(-2.0 * permeability / 1e-4 * 30.0), rel=1e-4)


CLAIMS: dict[str, Callable[[Result], None]] = {
    "osmosis": osmosis,
    "reverse_osmosis": reverse_osmosis,
    "stopped_osmosis": stopped_osmosis,
    "u_tube": u_tube,
    "osmotic_pressure": osmotic_pressure,
    "isotonic": red_cell("isotonic", 300.0),
    "hypotonic": red_cell("hypotonic", 217.0),
    "hypertonic": red_cell("hypertonic", 600.0),
    "semipermeable": semipermeable,
    "leaky": leaky,
    "seawater_ro": seawater_ro,
    "cold_and_warm": cold_and_warm,
    "dialysis_slabs": dialysis_slabs,
    "two_gases": two_gases,
    "sweet_to_salty": sweet_to_salty,
    "osmolarity_is_not_tonicity": osmolarity_is_not_tonicity,
    "brackish_ro": brackish_ro,
    "batch_ro": batch_ro,
    "closed_circuit_ro": closed_circuit_ro,
    "plant_cell_turgor": plant_cell_turgor,
    "nanofiltration": nanofiltration,
    "dialysis": dialysis,
    "forward_osmosis": forward_osmosis,
    "pressure_retarded_osmosis": pressure_retarded_osmosis,
    "swelling_sphere": swelling_sphere,
    "hollow_fibre": hollow_fibre,
}


@pytest.mark.parametrize("name", CASES)
def test_claim(name: str) -> None:
    assert name in CLAIMS, f"cases/{name}.toml has no claim tested here; add one"
    CLAIMS[name](ran(name))


def test_every_claim_has_a_case() -> None:
    assert set(CLAIMS) == set(CASES)
