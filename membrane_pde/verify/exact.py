"""Whole runs, from a case to its result, against exact solutions of idealised problems."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from membrane_pde import analytic
from membrane_pde.input.build import build
from membrane_pde.physics.temperature import water_density
from membrane_pde.reference import numbers, table
from membrane_pde.runs import Result, run
from membrane_pde.verify.cases import RT, Array, at, one_solute, points, profile, side, solve
from membrane_pde.verify.checks import Check, Panel, Series, at_most, worst

GRAVITY = 9.80665  # m/s^2, standard
LOOSE = 1e-4  # tolerance of diffusion problems, relative to the concentrations
WALLS = {
    "wall concentration, left": "wall_concentration_left_mol_per_m3",
    "wall concentration, right": "wall_concentration_right_mol_per_m3",
}


def rows_of(name: str) -> dict[str, list[dict[str, float]]]:
    """Rows of a table by the case that they belong to."""
    found: dict[str, list[dict[str, float]]] = {}
    for row in table(name):
        found.setdefault(row["case"], []).append(numbers(row))
    return found


def of(result: Result, key: str, index: Any = slice(None)) -> Array:
    """A series; for quantities of solutes, that of the only solute."""
    values = result.arrays[key][index]
    return np.asarray(values[..., 0] if result.arrays[key].ndim == 2 else values)


def moving_volume(quick: bool) -> Iterator[Check | Panel]:
    """Osmosis and reverse osmosis, unstirred, with moving volumes, against a spectral solution."""
    source = "exact_moving_volume_pde: spectral elements, two grids agree to 2e-8"
    columns = {
        "length, left": ("m", "L1"),
        "water flux": ("m/s", "Jv"),
        "wall concentration, left": ("mol/m³", "c1_wall"),
        "wall concentration, right": ("mol/m³", "c2_wall"),
        "far end, left": ("mol/m³", "c1_outer"),
        "far end, right": ("mol/m³", "c2_outer"),
        "amount, left": ("mol/m²", "n1"),
        "amount, right": ("mol/m²", "n2"),
    }
    lengths, walls = [], []
    for name, rows in rows_of("exact_moving_volume_pde").items():
        if quick and name != "C4s":  # the leaky membrane between two liquids
            continue
        r = rows[0]
        result = solve(
            one_solute(
                side(r["L10"], r["c10"], pressure=f"{r['dPi'] * RT!r} Pa"),
                side(r["L20"], r["c20"], diffusivity={"S": f"{r['D2']!r} m^2/s"}),
                water=r["a"] / RT,
                permeability=r["Ps"],
                reflection=r["sigma"],
                diffusivity=r["D1"],
                mesh={"cells": 50 if quick else 80, "finest": "10 mm"},  # what diffuses until t = 0.01 s is 0.1 m
                duration=5.0,
                outputs=501,
            )
        )
        found: dict[str, list[float]] = {column: [] for _, column in columns.values()}
        for row in rows:
            i = at(result, row["t"])
            found["L1"].append(float(of(result, "length_left_m", i)))
            found["Jv"].append(float(of(result, "water_flux_m_per_s", i)))
            for number, which in ((1, "left"), (2, "right")):
                edges, averages = profile(result, i, which)
                found[f"c{number}_wall"].append(float(of(result, f"wall_concentration_{which}_mol_per_m3", i)))
                found[f"c{number}_outer"].append(float(points(edges, averages, edges[-1])))
                found[f"n{number}"].append(float(averages @ np.diff(edges)))
        times = [f"t = {row['t']:g}" for row in rows]
        for what, (unit, column) in columns.items():
            yield worst(f"{name}: {what}", unit, [row[column] for row in rows], found[column], LOOSE, source, times)
        t, known = result.arrays["time"][1:], [row["t"] for row in rows]
        lengths += [
            _known(f"{name}, exact", known, [row["L1"] for row in rows], found["L1"]),
            Series(name, t, of(result, "length_left_m")[1:], ours=True),
        ]
        for number, key in enumerate(WALLS.values(), 1):
            exact = [row[f"c{number}_wall"] for row in rows]
            walls += [
                _known(f"{name}, side {number}, exact", known, exact, found[f"c{number}_wall"]),
                Series(f"{name}, side {number}", t, of(result, key)[1:], ours=True),
            ]
    yield Panel("Length of the left side", "time, s", "m", lengths, "x")
    yield Panel("Concentrations at the membrane", "time, s", "mol/m³", walls, "x")


def two_slabs(quick: bool) -> Iterator[Check | Panel]:
    """Two closed, unstirred slabs whose membrane the solute passes (with a partition coefficient too)."""
    source = "exact_two_slabs_permeability: Laplace inversion"
    columns = {
        "wall, left": "c1_wall",
        "wall, right": "c2_wall",
        "flux": "J",
        "mean, left": "mean1",
        "mean, right": "mean2",
        "far end, left": "c_x0",
        "middle, left": "c_mid1",
        "middle, right": "c_mid2",
        "far end, right": "c_xL",
    }
    curves = []
    for name, rows in rows_of("exact_two_slabs_permeability").items():
        if quick and name == "A":
            continue
        early, late = _slabs(rows[0], 0.05, 51, quick), _slabs(rows[0], 10.0, 101, quick)
        found: dict[str, list[float]] = {column: [] for column in columns.values()}
        for r in rows:
            result = early if r["t"] <= 0.05 else late
            i = at(result, r["t"])
            left, right = profile(result, i, "left"), profile(result, i, "right")
            for column, key in (
                ("c1_wall", "wall_concentration_left_mol_per_m3"),
                ("c2_wall", "wall_concentration_right_mol_per_m3"),
                ("J", "solute_flux_mol_per_m2_s"),
                ("mean1", "concentration_left_mol_per_m3"),
                ("mean2", "concentration_right_mol_per_m3"),
            ):
                found[column].append(float(of(result, key, i)))
            found["c_x0"].append(float(points(*left, r["L1"])))
            found["c_mid1"].append(float(points(*left, r["L1"] / 2)))
            found["c_mid2"].append(float(points(*right, r["L2"] / 2)))
            found["c_xL"].append(float(points(*right, r["L2"])))
        times = [f"t = {r['t']:g}" for r in rows]
        for what, column in columns.items():
            unit = "mol/m²/s" if column == "J" else "mol/m³"
            yield worst(f"{name}: {what}", unit, [r[column] for r in rows], found[column], LOOSE, source, times)
        for number, key in enumerate(WALLS.values(), 1):
            t = np.concatenate([early.arrays["time"][1:], late.arrays["time"][1:]])
            known, walls = [r["t"] for r in rows], [r[f"c{number}_wall"] for r in rows]
            curves += [
                _known(f"{name}, side {number}, exact", known, walls, found[f"c{number}_wall"]),
                Series(f"{name}, side {number}", t, np.concatenate([of(early, key)[1:], of(late, key)[1:]]), ours=True),
            ]
    yield Panel("Concentrations at the membrane", "time, s", "mol/m³", curves, "x")
    for partition in (4.0,) if quick else (0.3, 4.0):  # the table has K = 1 only
        r = {"L1": 1.0, "L2": 2.0, "D1": 1.0, "D2": 0.3, "P": 0.5, "K": partition, "c10": 1.0, "c20": 0.2}
        result, got, expected, places = _slabs(r, 10.0, 201, quick), [], [], []
        for time in (0.05, 0.2, 1.0, 10.0):
            exact = analytic.two_slabs(
                time,
                length_left=r["L1"],
                length_right=r["L2"],
                diffusivity_left=r["D1"],
                diffusivity_right=r["D2"],
                permeability=r["P"],
                partition=partition,
                concentration_left=r["c10"],
                concentration_right=r["c20"],
            )
            i = at(result, time)
            expected += [exact.wall_left, exact.wall_right, exact.flux, exact.mean_right]
            got += [float(of(result, key, i)) for key in (*WALLS.values(), "solute_flux_mol_per_m2_s")]
            got.append(float(of(result, "concentration_right_mol_per_m3", i)))
            places += [f"{what} at t = {time:g}" for what in ("wall, left", "wall, right", "flux", "mean, right")]
        law = "analytic.two_slabs, which is checked against the table with K = 1 in `formulas`"
        yield worst(f"K = {partition:g}", "mol/m³", expected, got, LOOSE, law, places)


def _slabs(r: dict[str, float], duration: float, outputs: int, quick: bool) -> Result:
    return solve(
        one_solute(
            side(r["L1"], r["c10"]),
            side(r["L2"], r["c20"], diffusivity={"S": f"{r['D2']!r} m^2/s"}),
            water=0.0,
            permeability=r["P"],
            partition=r["K"],
            diffusivity=r["D1"],
            mesh={"cells": 160 if quick else 240},
            duration=duration,
            outputs=outputs,
        )
    )


def two_gases(quick: bool) -> Iterator[Check | Panel]:
    """Two gases mix in a closed box once its partition is removed."""
    source = "exact_two_gases_box: series of the closed box"
    gas = {"diffusivity": "1 m^2/s", "dissociation": 1}
    for share in (0.25,) if quick else (0.5, 0.25):
        curves = []
        for time in (0.001, 0.1) if quick else (0.001, 0.01, 0.1):
            case: dict[str, Any] = {
                "title": "two gases",
                "phase": "gas",
                "solutes": {"A": gas, "B": gas},
                "membrane": {"type": "none"},
                "mesh": {"cells": 80 if quick else 120},
                "run": {"duration": f"{time!r} s", "outputs": 11},
            }
            for which, length, parts in (("left", share, ("1", "0")), ("right", 1.0 - share, ("0", "1"))):
                case[which] = {
                    "boundary": "rigid",
                    "length": f"{length!r} m",
                    "pressure": "1 atm",
                    "concentration": {name: f"{part} mol/mol" for name, part in zip("AB", parts, strict=True)},
                }
            a = solve(case).arrays
            c = a["concentration"][-1, 0] / a["concentration"][0, 0, 0]
            edges = np.concatenate([[0.0], np.cumsum(a["width"][-1])])
            # even about both walls
            wide = np.concatenate([-edges[:0:-1], edges]) + edges[-1]
            rows = [numbers(row) for row in table("exact_two_gases_box") if float(row["Dt_over_L2"]) == time]
            x = np.array([r["x_over_L"] for r in rows])
            exact = [r[f"c_a{share}"] for r in rows]
            got = points(wide, np.concatenate([c[::-1], c]), x + edges[-1])
            where = [f"x = {each:g}" for each in x]
            yield worst(f"partition at {share:g}, t = {time:g}: share of A", "", exact, got, LOOSE, source, where)
            curves += [
                _known(f"t = {time:g}, exact", x, exact, got),
                Series(f"t = {time:g}", 0.5 * (edges[1:] + edges[:-1]), c, ours=True),
            ]
        yield Panel(f"Partition at {share:g} of the length", "position, of the length", "share of A", curves)


def well_mixed(quick: bool) -> Iterator[Check | Panel]:
    """Osmosis between stirred compartments: two pistons, an endless bath, the U-tube."""
    curves: list[Series] = []
    mixed: dict[str, Any] = {"stirred": True}
    for name, rows in rows_of("exact_well_mixed_two_pistons").items():
        r = rows[0]
        rest = r["VT"] - r["V10"]
        result = solve(
            one_solute(
                side(r["V10"], r["n1"] / r["V10"], **mixed, pressure=f"{r['g'] * RT!r} Pa"),
                side(rest, r["n2"] / rest, **mixed),
                water=1 / RT,
                duration=5.0,
                outputs=501,
                rtol=1e-8,
            )
        )
        source = "exact_well_mixed_two_pistons: Lambert's W"
        yield _lengths(f"two pistons, {name}", rows, "kt", "V1", result, source, curves)
        end = result.summary["equilibrium"]["length_left_m"]
        yield worst(f"two pistons, {name}: equilibrium", "m", [r["V1_eq"]], [end], 1e-11, source)
    for name, rows in rows_of("exact_well_mixed_bath").items():
        r = rows[0]
        result = solve(
            one_solute(
                side(r["V0"], r["n"] / r["V0"], **mixed),
                side(1.0, r["ce"], **mixed, boundary="reservoir"),
                water=1 / RT,
                duration=5.0,
                outputs=501,
                rtol=1e-8,
            )
        )
        yield _lengths(f"endless bath, {name}", rows, "kt", "V", result, "exact_well_mixed_bath: Lambert's W", curves)
    yield Panel("Left side between pistons, or beside a bath", "time, s", "m", curves, "x")
    for name, rows in rows_of("exact_well_mixed_utube").items():
        r, source = rows[0], "exact_well_mixed_utube: ideal, vertical arms"
        area = r["A_mem"]
        # the table's ρ g is rounded differently from ours; the tubes take up the difference
        ours = float(water_density(298.15)) * GRAVITY / r["rho_g"]
        arms = [
            side(
                r[f"V{k}0"] / area,
                r[f"n{k}_mol"] / r[f"V{k}0"],
                **mixed,
                boundary="standpipe",
                tube_area=f"{float(r[f'a{k}'] / area * ours)!r} m^2/m^2",
            )
            for k in (1, 2)
        ]
        result = solve(
            one_solute(*arms, water=r["Lp"], diffusivity=1e-9, duration=rows[-1]["t_s"], outputs=41, rtol=1e-8)
        )
        places = [at(result, row["t_s"]) for row in rows]
        heads = (of(result, "pressure_left_Pa") - of(result, "pressure_right_Pa")) / r["rho_g"]
        times = [f"t = {row['t_s']:.3g} s" for row in rows]
        volume, head = [row["V1"] for row in rows], [row["head_m"] for row in rows]
        got = of(result, "length_left_m", places) * area
        yield worst(f"U-tube, {name}: volume, left", "m³", volume, got, 1e-6 * np.array(volume), source, times)
        off = 1e-6 * r["head_eq_m"]
        yield worst(f"U-tube, {name}: head", "m", head, heads[places], off, source, times)
        end = result.summary["equilibrium"]["length_left_m"] * area
        yield worst(f"U-tube, {name}: equilibrium", "m³", [r["V1_eq"]], [end], 1e-9 * r["V1_eq"], source)
        both = [
            _known("exact", [row["t_s"] for row in rows], head, heads[places]),
            Series("package", result.arrays["time"], heads, ours=True),
        ]
        yield Panel("Difference of the levels in a U-tube", "time, s", "m", both)


def _lengths(
    what: str,
    rows: list[dict[str, float]],
    time: str,
    column: str,
    result: Result,
    source: str,
    curves: list[Series],
) -> Check:
    """Length of the left side against the table, and both for the plot."""
    places, known = [at(result, r[time]) for r in rows], [r[column] for r in rows]
    got = of(result, "length_left_m", places)
    curves += [
        _known(f"{what}, exact", [r[time] for r in rows], known, got),
        Series(what, result.arrays["time"][1:], of(result, "length_left_m")[1:], ours=True),
    ]
    times = [f"t = {r[time]:g}" for r in rows]
    return worst(f"{what}: length, left", "m", known, got, 1e-6, source, times)


def _known(label: str, x: Any, exact: Any, got: Any) -> Series:
    """Exact values, and the errors of the package."""
    return Series(label, x, exact, off=np.asarray(got, float) - np.asarray(exact, float))


def film(quick: bool) -> Iterator[Check | Panel]:
    """Steady reverse osmosis through a film, pressed from the left and from the right."""
    source = "exact_film_ro: film theory with the flux law, one scalar equation"
    diffusivity, cells = 1.6e-9, 12
    laws = {"SK": "spiegler-kedem", "KKlog": "kedem-katchalsky"}
    for row in table("exact_film_ro"):
        if row["law"] not in laws:  # the arithmetic mean is not built: it can make a concentration negative
            continue
        r = numbers(row)
        feed = side(diffusivity / r["k"], r["cb"], boundary="reservoir", pressure=f"{r['dP']!r} Pa")
        permeate = side(1e-5, 0.0, boundary="outflow")
        for turned in (False,) if quick and row["law"] == "SK" else (False, True):
            summary = solve(
                one_solute(
                    *((permeate, feed) if turned else (feed, permeate)),
                    water=r["Lp"],
                    law=laws[row["law"]],
                    permeability=r["Ps"],
                    reflection=r["sigma"],
                    diffusivity=diffusivity,
                    dissociation=2,
                    mesh={"cells": cells},
                    duration=3600.0,
                    until="steady",
                )
            ).summary
            before, sign = ("right", -1.0) if turned else ("left", 1.0)
            wall = summary[f"wall_concentration_{before}_mol_per_m3"]["S"]
            passed = summary["solute_flux_mol_per_m2_s"]["S"] / summary["water_flux_m_per_s"]
            name = f"{row['case']} {row['law']}{', from the right' if turned else ''}"
            flux = sign * summary["water_flux_m_per_s"]
            yield worst(f"{name}: water flux", "m/s", [r["Jv"]], [flux], 1e-6 * r["Jv"], source)
            both, got = np.array([r["cw"], r["cp"]]), [wall, passed]
            where = ["at the wall", "of the permeate"]
            yield worst(f"{name}: concentration", "mol/m³", both, got, 1e-6 * both, source, where)
            both, got = np.array([r["R_obs"], r["R_real"]]), [summary["rejection"]["S"], 1.0 - passed / wall]
            yield worst(f"{name}: rejection", "", both, got, 1e-7, source, ["observed", "real"])
    pressures = np.linspace(0.6e6, 6e6, 2 if quick else 8)
    got = []
    for pressure in pressures:
        feed = side(5e-5, 100.0, boundary="reservoir", pressure=f"{float(pressure)!r} Pa")
        case = one_solute(feed, side(1e-5, 0.0, boundary="outflow"), water=1e-11, diffusivity=1e-9, mesh={"cells": 12})
        summary = solve(case | {"run": {"duration": "1 h", "until": "steady"}}).summary
        got.append(summary["water_flux_m_per_s"])
    bulk = {"osmotic_pressure": 100.0 * RT, "mass_transfer": 1e-9 / 5e-5, "water_permeability": 1e-11}
    exact = [analytic.film_ideal_membrane(pressure=float(p), **bulk) for p in pressures]
    where = [f"{p / 1e5:.3g} bar" for p in pressures]
    lambert = "J_v = L_p ΔP − k W0[(L_p π_b/k) exp(L_p ΔP/k)]: a membrane that holds everything back"
    yield worst("ideal membrane: water flux", "m/s", exact, got, 1e-6 * np.abs(exact), lambert, where)
    fine = np.linspace(pressures[0], pressures[-1], 100)
    line = [analytic.film_ideal_membrane(pressure=float(p), **bulk) for p in fine]
    off = np.array(got) - np.array(exact)
    curves = [Series("Lambert's W", fine, line), Series("package", pressures, got, ours=True, off=off)]
    yield Panel("Water flux through a film and an ideal membrane", "pressure, Pa", "m/s", curves)


def unstirred_wall(quick: bool) -> Iterator[Check | Panel]:
    """Concentration polarization at an unstirred wall under constant flux, for four rejections.

    A pressure so high, and a membrane so tight, that osmosis takes 1e-6 off the flux; Spiegler-Kedem without diffusion
    passes ``(1 − σ) J_v c_w``, which is the constant rejection σ. The four solutes of one run are four rejections.
    """
    source = "exact_unstirred_semi_infinite_wall: closed form for R = 1, else Laplace inversion"
    rejections = {"R1": 1.0, "R99": 0.99, "R90": 0.9, "R50": 0.5}
    everything = [numbers(row) for row in table("exact_unstirred_semi_infinite_wall")]
    pressure, found = 1e13, []
    spans = ((1e-3, 0.5, 80), (0.1, 4.0, 160), (3.0, 12.0, 240), (20.0, 40.0, 400))
    for duration, length, cells in spans[:2] if quick else spans:
        case = one_solute(
            side(length, 1.0, boundary="reservoir", pressure=f"{pressure!r} Pa"),
            side(1.0, 0.0, boundary="outflow", stirred=True),
            water=1 / pressure,
            mesh={"cells": cells},
            duration=duration,
            outputs=301 if duration == 3.0 else 201 if duration > 5 else 11,
        )
        case["solutes"] = dict.fromkeys(rejections, case["solutes"]["S"])
        case["membrane"]["solutes"] = {
            name: {"permeability": "0 m/s", "reflection": sigma} for name, sigma in rejections.items()
        }
        for which, c in (("left", "1 mol/m^3"), ("right", "0 mol/m^3")):
            case[which]["concentration"] = dict.fromkeys(rejections, c)
        result = run(build(case, "check"))
        flux = of(result, "water_flux_m_per_s")
        yield at_most(f"T ≤ {duration:g}: departure of the flux", "m/s", float(np.abs(flux - 1.0).max()), 1e-6, source)
        earliest = {1e-3: 0.0, 0.1: 2e-3, 3.0: 0.2, 20.0: 4.0}[duration]
        rows = [r for r in everything if earliest < r["T=J^2t/D"] <= duration]
        for r in rows:
            i = at(result, r["T=J^2t/D"])
            found.append((r, result.arrays["wall_concentration_left_mol_per_m3"][i]))
    rows, times = [r for r, _ in found], [f"T = {r['T=J^2t/D']:g}" for r, _ in found]
    curves = []
    for s, rejection in enumerate(rejections.values()):
        name = f"R = {rejection:g}"
        exact, got = np.array([r[f"cw_R{rejection:g}"] for r in rows]), [walls[s] for _, walls in found]
        yield worst(f"{name}: at the membrane ÷ bulk", "", exact, got, LOOSE * exact, source, times)
        x = [r["T=J^2t/D"] for r in rows]
        curves += [Series(f"{name}, exact", x, exact), Series(name, x, got, ours=True)]
    yield Panel("Concentration at the wall, over that of the bulk", "T = J² t/D", "", curves, "xy")
