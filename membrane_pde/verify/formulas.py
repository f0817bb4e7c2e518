"""The closed forms of `membrane_pde.analytic`, the reference of the other checks, against tables and known numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from membrane_pde import analytic
from membrane_pde.input.mixture import osmotic_pressure
from membrane_pde.physics.temperature import diffusivity_scaling, water_density, water_viscosity
from membrane_pde.reference import numbers, table
from membrane_pde.verify.cases import RT
from membrane_pde.verify.checks import Check, Panel, Series, near, worst
from membrane_pde.verify.exact import GRAVITY, rows_of

LAWS = {"SK": "spiegler-kedem", "KKlog": "kedem-katchalsky", "KKarith": "kedem-katchalsky-arithmetic"}


def formulas(quick: bool) -> Iterator[Check | Panel]:
    """Closed forms against the exact tables and against known numbers."""
    yield from _against_tables()
    yield from _mixing()
    yield from _rejections()
    yield from _forward_osmosis()
    yield from _solutions()


def _against_tables() -> Iterator[Check | Panel]:
    source = "exact_two_gases_box"
    rows = [numbers(row) for row in table(source)]
    for step in (0.5, 0.25):
        got = [
            float(analytic.two_gases(r["x_over_L"], r["Dt_over_L2"], diffusivity=1, length=1, step=step)) for r in rows
        ]
        exact = np.array([r[f"c_a{step}"] for r in rows])
        yield worst(f"two gases, partition at {step:g}", "", exact, got, 1e-12 * exact + 1e-40, source)

    source = "exact_two_slabs_permeability"
    expected: list[list[float]] = []
    found_all: list[list[float]] = []
    for row in table(source):
        r = numbers(row)
        slabs = analytic.two_slabs(
            r["t"],
            length_left=r["L1"],
            length_right=r["L2"],
            diffusivity_left=r["D1"],
            diffusivity_right=r["D2"],
            permeability=r["P"],
            partition=r["K"],
            concentration_left=r["c10"],
            concentration_right=r["c20"],
            distance_left=[r["L1"], r["L1"] / 2],
            distance_right=[r["L2"] / 2, r["L2"]],
        )
        expected.append([r[key] for key in ("c1_wall", "c2_wall", "J", "c_x0", "c_mid1", "c_mid2", "c_xL")])
        found_all.append([slabs.wall_left, slabs.wall_right, slabs.flux, *slabs.left, *slabs.right])
    yield worst("two slabs: walls, flux, profile", "mol/m³", expected, found_all, 1e-12, source)

    source = "exact_well_mixed_bath"
    rows = [numbers(row) for row in table(source)]
    exact = np.array([r["V"] for r in rows])
    volumes = [
        float(analytic.well_mixed_bath(r["kt"], volume=r["V0"], amount=r["n"], outside=r["ce"], rate=1)) for r in rows
    ]
    yield worst("endless bath: volume", "m³", exact, volumes, 1e-13 * exact, source)

    kt = np.array([0.01, 0.3, 4.0])
    root = np.sqrt(1.0 + 2.0 * kt)
    swollen = analytic.well_mixed_bath(kt, volume=1.0, amount=1.0, outside=0.0, rate=1.0)
    yield worst("endless bath of pure water: volume", "m³", root, swollen, 1e-13 * root, "V = √(V0² + 2 k n t)")

    source = "exact_well_mixed_two_pistons"
    for name, rows in rows_of(source).items():
        exact, r = np.array([row["V1"] for row in rows]), rows[0]
        volumes = analytic.well_mixed_two_pistons(
            [row["kt"] for row in rows],
            amount_left=r["n1"],
            amount_right=r["n2"],
            volume_left=r["V10"],
            total_volume=r["VT"],
            excess=r["g"],
        ).tolist()
        yield worst(f"two pistons, {name}: volume, left", "m³", exact, volumes, 1e-13 * exact, source)
        end = analytic.two_pistons_equilibrium(r["n1"], r["n2"], r["VT"], r["g"])
        yield near(f"two pistons, {name}: equilibrium", "m³", r["V1_eq"], end, 1e-13, source)

    source = "exact_well_mixed_utube"
    for name, rows in rows_of(source).items():
        exact, r = np.array([row["V1"] for row in rows]), rows[0]
        tube = {
            "amount_left": r["n1_mol"],
            "amount_right": r["n2_mol"],
            "area_left": r["a1"],
            "area_right": r["a2"],
            "weight": r["rho_g"],
            "rt": r["RT"],
        }
        volumes = analytic.well_mixed_utube(
            [row["t_s"] for row in rows],
            volume_left=r["V10"],
            volume_right=r["V20"],
            membrane_area=r["A_mem"],
            water_permeability=r["Lp"],
            **tube,
        ).tolist()
        yield worst(f"U-tube, {name}: volume, left", "m³", exact, volumes, 1e-12 * exact, source)
        end = analytic.u_tube_equilibrium(total_volume=r["V10"] + r["V20"], **tube)
        yield near(f"U-tube, {name}: equilibrium", "m³", r["V1_eq"], end, 1e-12 * r["V1_eq"], source)

    source = "exact_film_ro"
    for row in table(source):
        r = numbers(row)
        film = analytic.film_reverse_osmosis(
            LAWS[row["law"]],
            water_permeability=r["Lp"],
            pressure=r["dP"],
            concentration=r["cb"],
            mass_transfer=r["k"],
            reflection=r["sigma"],
            permeability=r["Ps"],
            osmotic=r["nuRT"],
        )
        exact = np.array([r[key] for key in ("Jv", "cw", "cp", "R_obs", "R_real")])
        found = [film.water_flux, film.wall, film.permeate, film.observed_rejection, film.real_rejection]
        where = ["water flux, m/s", "wall, mol/m³", "permeate, mol/m³", "observed rejection", "real rejection"]
        yield worst(f"film, {row['case']} {row['law']}", "", exact, found, 1e-12 * exact, source, where)

    source = "exact_unstirred_semi_infinite_wall"
    rows = [numbers(row) for row in table(source)]
    times, curves = [r["T=J^2t/D"] for r in rows], []
    fine = np.geomspace(times[0], times[-1], 60)
    for rejection in (1.0, 0.99, 0.9, 0.5):
        exact = np.array([r[f"cw_R{rejection:g}"] for r in rows])
        walls = analytic.unstirred_semi_infinite_wall(times, rejection)
        yield worst(
            f"unstirred wall, R = {rejection:g}: at the membrane ÷ bulk", "", exact, walls, 1e-12 * exact, source
        )
        line = analytic.unstirred_semi_infinite_wall(fine, rejection)
        curves += [
            Series(f"R = {rejection:g}, exact", times, exact, off=np.asarray(walls) - exact),
            Series(f"R = {rejection:g}", fine, line, ours=True),
        ]
    yield Panel("Unstirred wall: closed forms", "T = J² t/D", "at the membrane ÷ bulk", curves, "xy")


def _mixing() -> Iterator[Check | Panel]:
    source = "f = (8/π²) Σ exp(−(2k+1)²π² D t/L²)/(2k+1)², summed here (Loschmidt)"
    odd = 2.0 * np.arange(2000) + 1.0
    times = np.array([0.001, 0.02, 0.05, 0.1, 0.2, 1.0])
    series = 8 / np.pi**2 * (np.exp(-(odd**2) * np.pi**2 * times[:, None]) / odd**2).sum(axis=1)
    got = analytic.degree_of_mixing(times)
    off = 1e-11 * series + 1e-15
    yield worst("degree of mixing", "", series, got, off, source, [f"D t/L² = {t:g}" for t in times])
    for tau, known in ((0.05, 0.495912), (0.1, 0.302118)):
        found = float(analytic.degree_of_mixing(tau))
        yield near(f"degree of mixing at D t/L² = {tau:g}", "", known, found, 5e-7, "Loschmidt's series, to six digits")
    fine = np.linspace(0.001, 1.0, 200)
    line = analytic.degree_of_mixing(fine)
    curves = [Series("series", times, series, off=got - series), Series("package", fine, line, ours=True)]
    yield Panel("Degree of mixing of a closed box", "D t/L²", "", curves)

    for k in (1.0, 0.4, 3.0):
        end = analytic.two_slabs(
            1e3,
            length_left=1.5,
            length_right=0.5,
            diffusivity_left=2.0,
            diffusivity_right=0.4,
            permeability=0.7,
            partition=k,
            concentration_left=3.0,
            concentration_right=1.0,
        )
        left = (3.0 * 1.5 + 1.0 * 0.5) / (1.5 + k * 0.5)
        law = "c1 = (c10 L1 + c20 L2)/(L1 + K L2), c2 = K c1"
        yield worst(
            f"two slabs, K = {k:g}: end", "mol/m³", [left, k * left], [end.mean_left, end.mean_right], 1e-10, law
        )


def _rejections() -> Iterator[Check | Panel]:
    source = "three flux laws at σ = 0.9, Pe = 5 (four digits), and their limits σ and 2σ/(1+σ)"
    film = {
        "water_permeability": 1e-12,
        "pressure": 1e6,
        "concentration": 1e-9,  # too dilute for any osmotic pressure: J_v = L_p ΔP
        "mass_transfer": 1e-4,
        "reflection": 0.9,
        "osmotic": 5e3,
    }
    for law, known, limit in (
        ("spiegler-kedem", 0.8994, 0.9),
        ("kedem-katchalsky-arithmetic", 0.9278, 1.8 / 1.9),
        ("kedem-katchalsky", 0.9492, None),
    ):
        got = analytic.film_reverse_osmosis(law, permeability=0.1 * 1e-6 / 5, **film).real_rejection
        yield near(f"{law}: rejection at Pe = 5", "", known, got, 5e-5, source)
        if limit is not None:
            got = analytic.film_reverse_osmosis(law, permeability=0.0, **film).real_rejection
            yield near(f"{law}: rejection at Pe → ∞", "", limit, got, 1e-9, source)
    ideal = {"water_permeability": 3e-12, "pressure": 5e6, "mass_transfer": 2e-5}
    closed = analytic.film_ideal_membrane(osmotic_pressure=1000 * RT, **ideal)
    root = analytic.film_reverse_osmosis(
        "spiegler-kedem", concentration=500, reflection=1, permeability=0, osmotic=2 * RT, **ideal
    ).water_flux
    law = "film theory's equation for J_v, solved by bracketing"
    yield near("ideal membrane behind a film: Lambert's W", "m/s", root, closed, 1e-12 * root, law)
    wall = float(analytic.unstirred_semi_infinite_wall(1.0))
    yield near("unstirred wall at T = 1", "", 2.72014111, wall, 5e-9, "closed form, to nine digits")
    limit = float(analytic.unstirred_semi_infinite_wall(1e6, 0.9))
    yield near("unstirred wall, R = 0.9, T → ∞", "", 10.0, limit, 1e-7, "1/(1 − R)")


def _forward_osmosis() -> Iterator[Check | Panel]:
    source = "exact_forward_osmosis_flux"
    exact: list[float] = []
    got: list[float] = []
    for row in table(source):
        r = numbers(row)
        membrane = {"water_permeability": r["A"], "permeability": r["B"], "structural_parameter": r["S"]}
        both = membrane | {"diffusivity": r["D"], "feed": r["cF"], "draw": r["cD"], "osmotic": r["nuRT"]}
        feed = analytic.forward_osmosis("feed", feed_transfer=r["kF"], **both).at_pressure()
        draw = analytic.forward_osmosis("draw", draw_transfer=r["kF"], **both).at_pressure()
        tight = analytic.forward_osmosis("feed", feed_transfer=r["kF"], **both | {"permeability": 0.0}).at_pressure()
        bare = [analytic.forward_osmosis(facing, **both).at_pressure() for facing in ("feed", "draw")]
        exact += [r[key] for key in ("Jw_ALFS", "Js_ALFS", "Jw_ALDS", "Js_ALDS")]
        got += [feed.water_flux, feed.solute_flux, draw.water_flux, draw.solute_flux]
        exact += [r[key] for key in ("Jw_ALFS_noECP", "Jw_ALDS_noECP", "Jw_ALFS_B0")]
        got += [bare[0].water_flux, bare[1].water_flux, tight.water_flux]
    yield worst("forward osmosis: fluxes", "m/s or mol/m²/s", exact, got, 1e-12 * np.array(exact), source)
    ideal = analytic.forward_osmosis(
        "draw",
        water_permeability=1e-12,
        permeability=0.0,
        structural_parameter=0.0,
        diffusivity=1e-9,
        feed=10.0,
        draw=600.0,
        osmotic=2 * RT,
    ).best()
    across = 590.0 * 2 * RT
    law = "an ideal membrane: ΔP = Δπ/2, W = A Δπ²/4"
    yield near("best pressure ÷ Δπ", "", 0.5, ideal.pressure / across, 1e-12, law)
    yield near("best power density", "W/m²", 2.5e-13 * across**2, ideal.power_density, 1e-12, law)


def _solutions() -> Iterator[Check | Panel]:
    head = RT / (float(water_density(298.15)) * GRAVITY)
    yield near("head of 1 mmol/L at 25 °C", "m", 0.25, head, 0.005, "R T c/(ρ g), to two digits")
    got = osmotic_pressure({"NaCl": "32 g/kg"})
    source = "NaCl, 32 g/kg of solution at 25 °C: 25.8 bar, ideally 27.7, 558 mol/m³"
    yield near("32 g/kg NaCl: osmotic pressure", "bar", 25.8, got["osmotic_pressure_bar"], 0.05, source)
    yield near("32 g/kg NaCl: ideally", "bar", 27.7, got["ideal_osmotic_pressure_Pa"] / 1e5, 0.05, source)
    molar = got["concentration_mol_per_m3"]["NaCl"]
    yield near("32 g/kg NaCl: concentration", "mol/m³", 558.0, molar, 0.5, source)
    kelvin = np.array([278.15, 298.15, 310.15, 333.15])
    mu = water_viscosity(kelvin)
    law = kelvin / 298.15 * float(water_viscosity(298.15)) / mu
    source = "D ∝ T/μ(T), with μ of IAPWS"
    got_law = diffusivity_scaling(kelvin, 298.15)
    yield worst("diffusivity in water with temperature", "", law, got_law, 1e-13 * law, source)
