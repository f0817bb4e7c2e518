"""Whole runs, from a case's text to the result, against the exact tables of ../shared/reference.

Non-dimensional tables are run as they are, in SI: lengths in m, times in s, and ``L_p = a/(R T)`` so that an osmotic
pressure of 1 mol/m³ drives ``a`` m/s.
"""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

import membrane_pde as mp
from membrane_pde import analytic
from membrane_pde.physics.temperature import water_density
from tests.reference import numbers, table

Array = NDArray[np.float64]
RT = 8.31446261815324 * 298.15
GRAVITY = 9.80665  # m/s^2, standard


def side(length: float, concentration: float, **more: object) -> dict[str, Any]:
    return {"length": f"{length!r} m", "concentration": {"S": f"{concentration!r} mol/m^3"}, **more}


def value(item: object) -> str:
    if isinstance(item, bool):
        return str(item).lower()
    if isinstance(item, dict):
        return "{ " + ", ".join(f"{key} = {value(one)}" for key, one in item.items()) + " }"
    return f'"{item}"' if isinstance(item, str) else repr(item)


def solve(
    left: dict[str, Any],
    right: dict[str, Any],
    *,
    water: float,
    law: str = "spiegler-kedem",
    permeability: float = 0.0,
    reflection: float = 1.0,
    partition: float = 1.0,
    diffusivity: float = 1.0,
    dissociation: int = 1,
    mesh: dict[str, Any] | None = None,
    **run: Any,
) -> mp.Result:
    """Run a case of one solute S, written as the text of a case file."""
    tables: dict[str, dict[str, Any]] = {
        "solutes.S": {"diffusivity": f"{diffusivity!r} m^2/s", "dissociation": dissociation},
        "left": left,
        "right": right,
        "membrane": {"flux_law": law, "water_permeability": f"{water!r} m/s/Pa"},
        "membrane.solutes.S": {
            "permeability": f"{permeability!r} m/s",
            "reflection": reflection,
            "partition": partition,
        },
        "mesh": mesh or {},
        "run": run,
    }
    lines = ['title = "table"', 'temperature = "298.15 K"']
    for name, entries in tables.items():
        lines += [f"[{name}]", *(f"{key} = {value(entry)}" for key, entry in entries.items())]
    return mp.run(mp.parse_case("\n".join(lines)))


def at(result: mp.Result, time: float) -> int:
    """Index of a stored time."""
    times = result.arrays["time"]
    index = int(np.argmin(np.abs(times - time)))
    assert times[index] == pytest.approx(time, rel=1e-12)
    return index


def profile(result: mp.Result, index: int, which: str) -> tuple[Array, Array]:
    """Edges (from the membrane outwards) and cell averages of one side."""
    chosen = result.arrays["side"] == which
    width, c = result.arrays["width"][index][chosen], result.arrays["concentration"][index, 0][chosen]
    if which == "left":
        width, c = width[::-1], c[::-1]
    return np.concatenate([[0.0], np.cumsum(width)]), c


def point(edges: Array, averages: Array, x: float) -> float:
    """Value at a point: the derivative of a spline through the primitive, which cell averages give exactly.

    The profile is continued evenly beyond the impermeable far wall.
    """
    wide = np.concatenate([edges, 2 * edges[-1] - edges[-2::-1]])
    primitive = np.concatenate([[0.0], np.cumsum(np.diff(wide) * np.concatenate([averages, averages[::-1]]))])
    return float(make_interp_spline(wide, primitive, k=5).derivative()(x))


# -- the full problem: diffusion on both sides, moving volumes ------------------------------------------------------
@pytest.mark.parametrize("name", ["C1", "C3", "C4s"])
def test_moving_volume(name: str) -> None:
    """Every column within 1e-4 with the default grading of 2×80 cells and the default tolerances."""
    rows = [row for row in table("exact_moving_volume_pde") if row["case"] == name]
    r = numbers(rows[0])
    result = solve(
        side(r["L10"], r["c10"], pressure=f"{r['dPi'] * RT!r} Pa"),
        side(r["L20"], r["c20"], diffusivity={"S": f"{r['D2']!r} m^2/s"}),
        water=r["a"] / RT,
        law={"imp": "spiegler-kedem", "SK": "spiegler-kedem"}[rows[0]["law"]],
        permeability=r["Ps"],
        reflection=r["sigma"],
        diffusivity=r["D1"],
        mesh={"cells": 80},
        duration="5 s",
        outputs=501,
    )
    assert result.case.mesh.finest is None
    assert result.case.run.rtol == 1e-6
    a, worst = result.arrays, 0.0
    for row in rows:
        r = numbers(row)
        i = at(result, r["t"])
        got = {
            "L1": a["length_left_m"][i],
            "Jv": a["water_flux_m_per_s"][i],
            "c1_wall": a["wall_concentration_left_mol_per_m3"][i, 0],
            "c2_wall": a["wall_concentration_right_mol_per_m3"][i, 0],
            "n1": a["concentration_left_mol_per_m3"][i, 0] * a["length_left_m"][i],
            "n2": a["concentration_right_mol_per_m3"][i, 0] * a["length_right_m"][i],
        }
        for column, which in (("c1_outer", "left"), ("c2_outer", "right")):
            edges, averages = profile(result, i, which)
            got[column] = point(edges, averages, edges[-1])
        worst = max(worst, *(abs(got[column] - r[column]) for column in got))
        assert got == pytest.approx({column: r[column] for column in got}, abs=1e-4, rel=0), r["t"]
    print(name, f"largest error of any column {worst:.1e}, amounts {result.summary['amount_error']:.1e}")
    assert result.summary["amount_error"] < 1e-12


# -- permeability only ----------------------------------------------------------------------------------------------
def two_slabs(r: dict[str, float], duration: float, outputs: int, **more: Any) -> mp.Result:
    return solve(
        side(r["L1"], r["c10"]),
        side(r["L2"], r["c20"], diffusivity={"S": f"{r['D2']!r} m^2/s"}),
        water=0.0,
        permeability=r["P"],
        partition=r["K"],
        diffusivity=r["D1"],
        duration=f"{duration!r} s",
        outputs=outputs,
        **more,
    )


@pytest.mark.parametrize("name", ["A", "B"])
def test_two_slabs(name: str) -> None:
    rows = [numbers(row) for row in table("exact_two_slabs_permeability") if row["case"] == name]
    early, late = two_slabs(rows[0], 0.05, 51), two_slabs(rows[0], 10.0, 101)
    for r in rows:
        result = early if r["t"] <= 0.05 else late
        a, i = result.arrays, at(result, r["t"])
        left, right = profile(result, i, "left"), profile(result, i, "right")
        got = {
            "c1_wall": a["wall_concentration_left_mol_per_m3"][i, 0],
            "c2_wall": a["wall_concentration_right_mol_per_m3"][i, 0],
            "J": a["solute_flux_mol_per_m2_s"][i, 0],
            "mean1": a["concentration_left_mol_per_m3"][i, 0],
            "mean2": a["concentration_right_mol_per_m3"][i, 0],
            "c_x0": point(*left, r["L1"]),
            "c_mid1": point(*left, r["L1"] / 2),
            "c_mid2": point(*right, r["L2"] / 2),
            "c_xL": point(*right, r["L2"]),
        }
        assert got == pytest.approx({column: r[column] for column in got}, abs=1e-4, rel=0), r["t"]
        assert a["water_flux_m_per_s"][i] == a["displaced_volume_m"][i] == 0.0


@pytest.mark.parametrize("partition", [0.3, 4.0])
def test_two_slabs_with_a_partition_coefficient(partition: float) -> None:
    """The table has K = 1 only; its exact solution for other K, itself tested against the table."""
    r = {"L1": 1.0, "L2": 2.0, "D1": 1.0, "D2": 0.3, "P": 0.5, "K": partition, "c10": 1.0, "c20": 0.2}
    result = two_slabs(r, 10.0, 201, mesh={"cells": 160})
    a = result.arrays
    for time in (0.05, 0.2, 1.0, 10.0):
        exact = analytic.two_slabs(
            time,
            length_left=1.0,
            length_right=2.0,
            diffusivity_left=1.0,
            diffusivity_right=0.3,
            permeability=0.5,
            partition=partition,
            concentration_left=1.0,
            concentration_right=0.2,
        )
        i = at(result, time)
        assert a["wall_concentration_left_mol_per_m3"][i, 0] == pytest.approx(exact.wall_left, abs=1e-4)
        assert a["wall_concentration_right_mol_per_m3"][i, 0] == pytest.approx(exact.wall_right, abs=1e-4)
        assert a["solute_flux_mol_per_m2_s"][i, 0] == pytest.approx(exact.flux, abs=1e-4)
        assert a["concentration_right_mol_per_m3"][i, 0] == pytest.approx(exact.mean_right, abs=1e-4)


# -- the partition removed ------------------------------------------------------------------------------------------
GASES = """
title = "two gases"
phase = "gas"
[solutes.A]
diffusivity = "1 m^2/s"
dissociation = 1
[solutes.B]
diffusivity = "1 m^2/s"
dissociation = 1
[left]
boundary = "rigid"
length = "{share} m"
pressure = "1 atm"
concentration = {{ A = "1 mol/mol", B = "0 mol/mol" }}
[right]
boundary = "rigid"
length = "{rest} m"
pressure = "1 atm"
concentration = {{ A = "0 mol/mol", B = "1 mol/mol" }}
[membrane]
type = "none"
[run]
duration = "{duration} s"
outputs = 11
"""


@pytest.mark.parametrize("share", [0.5, 0.25])
@pytest.mark.parametrize("time", [0.001, 0.01, 0.1])
def test_two_gases(share: float, time: float) -> None:
    result = mp.run(mp.parse_case(GASES.format(share=share, rest=1 - share, duration=time)))
    a, i = result.arrays, at(result, time)
    pure = a["concentration"][0, 0, 0]
    c, other = a["concentration"][i] / pure
    edges = np.concatenate([[0.0], np.cumsum(a["width"][i])])
    exact = analytic.two_gases_mean(edges[:-1], edges[1:], time, diffusivity=1.0, length=1.0, step=share)
    assert c == pytest.approx(exact, abs=1e-4)
    assert c + other == pytest.approx(np.ones(c.size), abs=1e-6)
    # the table itself, at its points
    wide = np.concatenate([-edges[:0:-1], edges])
    primitive = np.concatenate([[0.0], np.cumsum(np.diff(wide) * np.concatenate([c[::-1], c]))])
    spline = make_interp_spline(wide, primitive, k=5).derivative()
    rows = [numbers(row) for row in table("exact_two_gases_box") if float(row["Dt_over_L2"]) == time]
    assert len(rows) > 10
    for r in rows:
        assert float(spline(r["x_over_L"])) == pytest.approx(r[f"c_a{share}"], abs=1e-4)
    assert result.summary["amount_error"] < 1e-12


# -- well mixed -----------------------------------------------------------------------------------------------------
def grouped(name: str) -> list[str]:
    return sorted({row["case"] for row in table(name)})


@pytest.mark.parametrize("name", grouped("exact_well_mixed_two_pistons"))
def test_well_mixed_two_pistons(name: str) -> None:
    rows = [numbers(row) for row in table("exact_well_mixed_two_pistons") if row["case"] == name]
    r = rows[0]
    rest = r["VT"] - r["V10"]
    result = solve(
        side(r["V10"], r["n1"] / r["V10"], stirred=True, pressure=f"{r['g'] * RT!r} Pa"),
        side(rest, r["n2"] / rest, stirred=True),
        water=1 / RT,
        duration="5 s",
        outputs=501,
        rtol=1e-8,
    )
    for r in rows:
        length = result.arrays["length_left_m"][at(result, r["kt"])]
        assert length == pytest.approx(r["V1"], abs=1e-6)
    assert result.summary["equilibrium"]["length_left_m"] == pytest.approx(r["V1_eq"], rel=1e-12)
    assert result.summary["amount_error"] < 1e-13


@pytest.mark.parametrize("name", grouped("exact_well_mixed_bath"))
def test_well_mixed_bath(name: str) -> None:
    rows = [numbers(row) for row in table("exact_well_mixed_bath") if row["case"] == name]
    r = rows[0]
    result = solve(
        side(r["V0"], r["n"] / r["V0"], stirred=True),
        side(1.0, r["ce"], stirred=True, boundary="reservoir"),
        water=1 / RT,
        duration="5 s",
        outputs=501,
        rtol=1e-8,
    )
    for r in rows:
        length = result.arrays["length_left_m"][at(result, r["kt"])]
        assert length == pytest.approx(r["V"], abs=1e-6)


@pytest.mark.parametrize("name", grouped("exact_well_mixed_utube"))
def test_well_mixed_u_tube(name: str) -> None:
    rows = [numbers(row) for row in table("exact_well_mixed_utube") if row["case"] == name]
    r = rows[0]
    assert pytest.approx(r["RT"], rel=1e-12) == RT
    area = r["A_mem"]
    # the table's ρ g is rounded differently from ours; the tubes take up the difference
    ours = water_density(298.15) * GRAVITY / r["rho_g"]
    assert ours == pytest.approx(1.0, abs=2e-5)
    arms = [
        side(
            r[f"V{k}0"] / area,
            r[f"n{k}_mol"] / r[f"V{k}0"],
            stirred=True,
            boundary="standpipe",
            tube_area=f"{float(r[f'a{k}'] / area * ours)!r} m^2/m^2",
        )
        for k in (1, 2)
    ]
    last = rows[-1]["t_s"]
    result = solve(*arms, water=r["Lp"], diffusivity=1e-9, duration=f"{last!r} s", outputs=41, rtol=1e-8)
    for r in rows:
        i = at(result, r["t_s"])
        volume = result.arrays["length_left_m"][i] * area
        assert volume == pytest.approx(r["V1"], rel=1e-6)
        head = (result.arrays["pressure_left_Pa"][i] - result.arrays["pressure_right_Pa"][i]) / r["rho_g"]
        assert head == pytest.approx(r["head_m"], abs=1e-6 * r["head_eq_m"])
    assert result.summary["equilibrium"]["length_left_m"] * area == pytest.approx(r["V1_eq"], rel=1e-9)


# -- films ----------------------------------------------------------------------------------------------------------
FILMS = [row for row in table("exact_film_ro") if row["law"] in ("SK", "KKlog")]


@pytest.mark.parametrize("turned", [False, True], ids=["", "turned"])
@pytest.mark.parametrize("row", FILMS, ids=[f"{row['case']}-{row['law']}" for row in FILMS])
def test_film(row: dict[str, str], turned: bool) -> None:
    """A reservoir behind a layer D/k, freely draining permeate, steady: a handful of cells is exact."""
    assert len(FILMS) >= 3
    r = numbers(row)
    diffusivity = 1.6e-9
    feed = side(diffusivity / r["k"], r["cb"], boundary="reservoir", pressure=f"{r['dP']!r} Pa")
    permeate = side(1e-5, 0.0, boundary="outflow")
    result = solve(
        *((permeate, feed) if turned else (feed, permeate)),
        water=r["Lp"],
        law={"SK": "spiegler-kedem", "KKlog": "kedem-katchalsky"}[row["law"]],
        permeability=r["Ps"],
        reflection=r["sigma"],
        diffusivity=diffusivity,
        dissociation=2,
        mesh={"cells": 30},
        duration="1 h",
        until="steady",
    )
    s = result.summary
    assert s["status"] == "steady"
    behind, before = ("left", "right") if turned else ("right", "left")
    wall = s[f"wall_concentration_{before}_mol_per_m3"]["S"]
    permeated = s["solute_flux_mol_per_m2_s"]["S"] / s["water_flux_m_per_s"]
    assert s["water_flux_m_per_s"] * (-1 if turned else 1) == pytest.approx(r["Jv"], rel=1e-6)
    assert wall == pytest.approx(r["cw"], rel=1e-6)
    assert permeated == pytest.approx(r["cp"], rel=1e-6)
    assert s[f"wall_concentration_{behind}_mol_per_m3"]["S"] == pytest.approx(r["cp"], rel=1e-5)
    assert s[f"concentration_{behind}_mol_per_m3"]["S"] == pytest.approx(r["cp"], rel=1e-5)
    assert s["rejection"]["S"] == pytest.approx(r["R_obs"], abs=1e-7)
    assert 1 - permeated / wall == pytest.approx(r["R_real"], abs=1e-7)
    assert s["polarization_modulus"]["S"] == pytest.approx(r["cw"] / r["cb"], rel=1e-6)


# -- an unstirred half space ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("column", "rejection"), [("cw_R1", 1.0), ("cw_R0.99", 0.99), ("cw_R0.9", 0.9), ("cw_R0.5", 0.5)]
)
@pytest.mark.parametrize("duration", [1e-3, 0.1, 3.0, 20.0])
def test_unstirred_half_space(column: str, rejection: float, duration: float) -> None:
    """Constant flux on a wall of constant rejection.

    A pressure so high, and a membrane so tight, that osmosis takes 1e-7 off the flux; Spiegler-Kedem without diffusion
    passes ``(1 − σ) J_v c_w``, which is the constant rejection σ; the layer is long enough never to end.
    """
    pressure = 1e13
    result = solve(
        side(40.0 if duration > 5 else 12.0, 1.0, boundary="reservoir", pressure=f"{pressure!r} Pa"),
        side(1.0, 0.0, boundary="outflow", stirred=True),
        water=1 / pressure,
        reflection=rejection,
        mesh={"cells": 400 if duration > 5 else 200},
        duration=f"{duration!r} s",
        outputs=201 if duration > 5 else 301 if duration > 1 else 101,
    )
    assert result.arrays["water_flux_m_per_s"] == pytest.approx(np.ones(result.arrays["time"].size), abs=1e-6)
    earliest = {1e-3: 0.0, 0.1: 2e-3, 3.0: 0.2, 20.0: 4.0}[duration]
    rows = [numbers(row) for row in table("exact_unstirred_semi_infinite_wall")]
    rows = [r for r in rows if earliest < r["T=J^2t/D"] <= duration]
    assert len(rows) > 1
    for r in rows:
        i = at(result, r["T=J^2t/D"])
        assert result.arrays["wall_concentration_left_mol_per_m3"][i, 0] == pytest.approx(r[column], rel=1e-4)
