"""Observed orders in space against exact tables, 2.0 ± 0.1 for walls and fluxes; those in time: `verify.order`."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import membrane_pde as mp
from membrane_pde.reference import numbers, table

Array = NDArray[np.float64]
RT = 8.31446261815324 * 298.15
CELLS = [20, 40, 80, 160]

TEXT = """
title = "order"
temperature = "298.15 K"
[solutes.S]
diffusivity = "{D1!r} m^2/s"
dissociation = 1
[left]
length = "{L1!r} m"
pressure = "{p!r} Pa"
concentration = {{ S = "{c10!r} mol/m^3" }}
[right]
length = "{L2!r} m"
diffusivity = {{ S = "{D2!r} m^2/s" }}
concentration = {{ S = "{c20!r} mol/m^3" }}
[membrane]
flux_law = "{law}"
water_permeability = "{water!r} m/s/Pa"
[membrane.solutes.S]
permeability = "{P!r} m/s"
reflection = {sigma!r}
[mesh]
cells = {cells}
[run]
duration = "{t!r} s"
outputs = 2
rtol = {rtol!r}
solver = "{solver}"
"""


def at_the_end(numbers_of_case: dict[str, Any], **changes: Any) -> dict[str, float]:
    """Walls and fluxes at the end of a run, and its steps."""
    values = {"solver": "rosenbrock", "rtol": 1e-9, "law": "spiegler-kedem", **numbers_of_case, **changes}
    finest = f'cells = {values["cells"]}\nfinest = "{values["L1"] / values["cells"]!r} m"'
    text = TEXT.format(**values).replace(f"cells = {values['cells']}", finest)
    result = mp.run(mp.parse_case(text))
    width = result.arrays["width"][0]
    m = values["cells"]
    assert width[:m] == pytest.approx(np.full(m, values["L1"] / m), rel=1e-9)
    s = result.summary
    return {
        "steps": s["steps"],
        "c1_wall": s["wall_concentration_left_mol_per_m3"]["S"],
        "c2_wall": s["wall_concentration_right_mol_per_m3"]["S"],
        "Jv": s["water_flux_m_per_s"],
        "Js": s["solute_flux_mol_per_m2_s"]["S"],
        "L1": s["length_left_m"],
        "n2": result.arrays["concentration_right_mol_per_m3"][-1, 0] * s["length_right_m"],
    }


def orders(errors: list[float]) -> Array:
    return np.asarray(np.log2(np.array(errors[:-1]) / np.array(errors[1:])))


def moving_volume(name: str, time: float) -> tuple[dict[str, Any], dict[str, float]]:
    row = next(r for r in table("exact_moving_volume_pde") if r["case"] == name and float(r["t"]) == time)
    r = numbers(row)
    values = {"L1": r["L10"], "L2": r["L20"], "D1": r["D1"], "D2": r["D2"], "c10": r["c10"], "c20": r["c20"]}
    values |= {"water": r["a"] / RT, "p": r["dPi"] * RT, "sigma": r["sigma"], "P": r["Ps"], "t": time}
    return values, r


@pytest.mark.parametrize(
    ("name", "time", "columns"),
    [
        ("C1", 0.1, ["c1_wall", "c2_wall", "Jv", "L1"]),
        ("C1", 0.5, ["c1_wall", "c2_wall", "Jv"]),
        ("C3", 0.2, ["c1_wall", "c2_wall", "Jv", "L1"]),
        ("C4s", 0.1, ["c1_wall", "c2_wall", "Jv", "n2"]),
        ("C4s", 0.5, ["c1_wall", "c2_wall"]),
    ],
)
def test_second_order_with_flow(name: str, time: float, columns: list[str]) -> None:
    """Osmosis, reverse osmosis, and a leaky membrane, against the spectral solution (good to 2e-8)."""
    values, exact = moving_volume(name, time)
    runs = [at_the_end(values, cells=cells) for cells in CELLS]
    for column in columns:
        errors = [abs(run[column] - exact[column]) for run in runs]
        print(name, f"t={time}", column, "errors", *(f"{e:.2e}" for e in errors), "orders", orders(errors).round(3))
        assert errors[-1] > 1e-7, (column, errors)  # far enough above the table's own 2e-8 to show an order
        assert orders(errors) == pytest.approx(2.0, abs=0.1), (column, errors)


@pytest.mark.parametrize("time", [0.05, 0.2])
def test_second_order_without_flow(time: float) -> None:
    """Two slabs of different diffusivity (case A: alike) against the exact solution."""
    for name in ("A", "B"):
        row = next(r for r in table("exact_two_slabs_permeability") if r["case"] == name and float(r["t"]) == time)
        r = numbers(row)
        values = {"water": 0.0, "p": 0.0, "sigma": 0.0, "P": r["P"], "t": time}
        values |= {key: r[key] for key in ("L1", "D1", "D2", "c10", "c20")}
        values["L2"] = r["L1"]  # uniform on both sides; case B's far wall at L2 = 2 is not felt yet
        if name == "B":
            assert r["L1"] / np.sqrt(r["D2"] * time) > 4.0
        runs = [at_the_end(values, cells=cells) for cells in CELLS]
        for column, exact in (("c1_wall", r["c1_wall"]), ("c2_wall", r["c2_wall"]), ("Js", r["J"])):
            errors = [abs(run[column] - exact) for run in runs]
            print(name, f"t={time}", column, "errors", *(f"{e:.2e}" for e in errors), "orders", orders(errors).round(3))
            assert orders(errors) == pytest.approx(2.0, abs=0.1), (name, column, errors)


def test_flux_laws_converge_alike() -> None:
    """The logarithmic mean has no table: successive differences fall by four as well."""
    values, _ = moving_volume("C4s", 0.2)
    runs = [at_the_end(values, cells=cells, law="kedem-katchalsky", rtol=1e-10) for cells in CELLS]
    for column in ("c1_wall", "c2_wall", "Jv", "n2"):
        found = np.array([run[column] for run in runs])
        assert orders(list(np.abs(np.diff(found)))) == pytest.approx(2.0, abs=0.1), column
