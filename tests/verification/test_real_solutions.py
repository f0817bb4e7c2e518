"""Real solutions against numbers beyond those of `verify.measurements`: isopiestic pairs, sea water, densities."""

from __future__ import annotations

import csv
from typing import Any

import pytest

import membrane_pde as mp
from membrane_pde import library, reference
from membrane_pde.physics.pitzer import Pitzer
from tests.places import DATA

PHI = reference.table("osmotic_coefficients")


def data(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def of(temperature: float = 25.0, **molality: float) -> dict[str, Any]:
    """What `mp.osmotic_pressure` says of molalities."""
    return mp.osmotic_pressure({n: f"{m!r} mol/kg" for n, m in molality.items()}, temperature=f"{temperature!r} degC")


def phi(solute: str, molality: float, temperature: float = 25.0) -> float:
    return float(of(temperature, **{solute: molality})["osmotic_coefficient"])


ISOPIESTIC = {
    "KCl": 0.005,
    "CaCl2": 0.01,
    "MgCl2": 0.005,
    "Na2SO4": 0.01,
    "MgSO4": 0.013,
    "urea": 0.006,
    "glycerol": 0.004,
}


@pytest.mark.parametrize("solute", ISOPIESTIC)
def test_solutions_with_the_same_vapour_pressure(solute: str) -> None:
    """Isopiestic: the water's activity, so the osmolality, is the same in both, from 0 to 35 degC.

    Measured, worst: KCl 0.46 %, CaCl2 0.88, MgCl2 0.40, Na2SO4 0.91, MgSO4 1.21, urea 0.58, glycerol 0.31. Urea and
    glycerol were fitted to the same study; the salts' parameters were not fitted here.
    """
    apart = []
    for row in data("isopiestic"):
        if row["solute"] == solute:
            t = float(row["T_C"])
            one = of(t, **{solute: float(row["molality"])})["osmolality_mOsm_per_kg"]
            other = of(t, **{row["reference"]: float(row["reference_molality"])})["osmolality_mOsm_per_kg"]
            apart.append(one / other - 1)
    assert len(apart) >= 5
    assert max(abs(x) for x in apart) < ISOPIESTIC[solute], apart


def test_temperature_trend() -> None:
    """NaCl 1 mol/kg: Archer 1992 (doi:10.1063/1.555915), with the parameters in the package pytzer 0.6.0."""
    archer = {0: 0.9158, 10: 0.9271, 25: 0.9372, 40: 0.9419, 50: 0.9431, 60: 0.9430}
    found = {t: phi("NaCl", 1.0, t) for t in archer}
    for t, published in archer.items():
        assert found[t] == pytest.approx(published, rel=1.2e-3), t
    assert found[40] - found[10] == pytest.approx(archer[40] - archer[10], rel=0.06)
    assert found[0] < found[10] < found[25] < found[40]


PHREEQC = {  # of the three mixtures at 5, 25 and 50 degC
    "sea": (
        {"Na+": 0.486, "K+": 0.0106, "Mg2+": 0.0547, "Ca2+": 0.0107, "Cl-": 0.5688, "SO42-": 0.0293},
        (0.897209776213463, 0.9038538962036211, 0.9041867680681578),
    ),
    "MgSO4": ({"Mg2+": 1.0, "SO42-": 1.0}, (0.5260330951247176, 0.5259189360532087, 0.5026392247381212)),
    "brine": (
        {"Na+": 2.0, "Mg2+": 0.7, "Ca2+": 0.02, "K+": 0.3, "Cl-": 2.74, "SO42-": 0.5},
        (1.0639667187665052, 1.0736010962849625, 1.0637796624255973),
    ),
}


@pytest.mark.parametrize("name", PHREEQC)
def test_phreeqc(name: str) -> None:
    """OSMOTIC of PHREEQC (Python package phreeqpython 1.6.2, pitzer.dat), the same parameters.

    It takes Harvie's series for J, which is worth 1e-4 in sea water and 2.4e-4 in the brine (measured by putting it in
    place of the formula); without unlike charges, in MgSO4, 5e-5 of the Debye-Hückel slope remain.
    """
    m, published = PHREEQC[name]
    charges = {ion: library.pitzer()["charges"][ion] for ion in m}
    for celsius, expected in zip((5, 25, 50), published, strict=True):
        total, _ = Pitzer.of(charges, library.pitzer(), celsius + 273.15).osmolality(list(m.values()))
        tolerance = {"MgSO4": 1e-4, "sea": 1.5e-4, "brine": 3e-4}[name]
        assert total / sum(m.values()) == pytest.approx(expected, rel=tolerance)


@pytest.mark.parametrize(("celsius", "bar"), [(0, 23.547), (10, 24.566), (25, 25.920), (40, 27.119)])
def test_sea_water(celsius: float, bar: float) -> None:
    """Reference sea water, S_A = 35.16504 g/kg, as five salts; TEOS-10: computed with gsw 3.6.23."""
    salts = {"NaCl": 11.7303, "MgCl2": 1.50197, "Na2SO4": 0.80293, "CaCl2": 0.29497, "KCl": 0.29028}  # mol/kg sea salt
    per_water = 35.16504 / (1000 - 35.16504)
    found = of(celsius, **{name: x * per_water for name, x in salts.items()})
    assert found["osmotic_pressure_bar"] == pytest.approx(bar, rel=4e-3)
    # their mass is 997 g per kg of sea salt; TEOS-10 densities, computed with gsw 3.6.23
    teos = {0: 1028.107, 10: 1026.954, 25: 1023.344, 40: 1017.971}[celsius]
    assert found["density_kg_per_m3"] == pytest.approx(teos, rel=1.2e-3)


@pytest.mark.parametrize("solute", ["NaCl", "KCl", "CaCl2", "glucose", "sucrose"])
def test_physiological_osmotic_coefficients(solute: str) -> None:
    """Two digits at 37 degC, "physiological" taken as 0.15 mol of particles per kg of water."""
    published = next(float(row["value"]) for row in PHI if row["system"] == solute and row["T_C"] == "37")
    molality = {"CaCl2": 0.05, "NaCl": 0.15, "KCl": 0.15}.get(solute, 0.3)
    assert phi(solute, molality, 37.0) == pytest.approx(published, abs=0.012)


DENSITIES = data("densities")


@pytest.mark.parametrize("solute", sorted({row["solute"] for row in DENSITIES}))
def test_densities(solute: str) -> None:
    for row in (row for row in DENSITIES if row["solute"] == solute):
        found = mp.osmotic_pressure({solute: f"{row['mass_percent']} %"}, temperature="20 degC")
        tolerance = {"ethanol": 0.007, "urea": 0.0025}.get(solute, 0.0012)  # one constant volume; the worst at 20 %
        assert found["density_kg_per_m3"] == pytest.approx(1e3 * float(row["density_g_per_mL"]), rel=tolerance)
        molarity = found["concentration_mol_per_m3"][solute] / 1000
        assert molarity == pytest.approx(float(row["molarity_mol_per_L"]), rel=tolerance, abs=8e-4)
