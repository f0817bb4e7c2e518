"""Sea salt against TEOS-10, the thermodynamic equation of seawater, as the Python package gsw has it."""

from __future__ import annotations

import pytest

from membrane_pde import library
from membrane_pde.input import mixture, units

ENTRY = library.solutes()["sea_salt"]
# g/kg of salt in 35.16504 g/kg (Millero et al. 2008, as in the sources), g/mol
COMPOSITION = {
    "Na+": (10.78145, 22.98976928),
    "Mg2+": (1.28372, 24.305),
    "Ca2+": (0.41208, 40.078),
    "K+": (0.39910, 39.0983),
    "SO42-": (2.71235, 96.056),
}
SALINITIES = (1.0, 10.0, 35.16504, 70.0, 120.0)  # g/kg
CELSIUS = (0.5, 15.0, 25.0, 40.0)
# of gsw 3.6.23, where it is not installed: g/kg, degC, osmotic pressure in bar, density in kg/m^3
STORED = [(35.16504, 25.0, 25.894, 1023.344), (35.16504, 5.0, 24.039, 1027.676), (70.0, 25.0, 55.245, 1049.718)]


def answer(salinity: float, celsius: float) -> tuple[float, float]:
    """Osmotic pressure (Pa) and density (kg/m^3) of the package."""
    found = mixture.osmotic_pressure({"sea_salt": f"{salinity!r} g/kg"}, temperature=f"{celsius!r} degC")
    return found["osmotic_pressure_Pa"], found["density_kg_per_m3"]


@pytest.mark.parametrize(("salinity", "celsius", "pressure", "density"), STORED)
def test_osmotic_pressure_and_density(salinity: float, celsius: float, pressure: float, density: float) -> None:
    own = answer(salinity, celsius)
    assert own[0] == pytest.approx(pressure * 1e5, rel=3e-3)
    assert own[1] == pytest.approx(density, abs=0.25)


@pytest.mark.parametrize("celsius", CELSIUS)
@pytest.mark.parametrize("salinity", SALINITIES)
def test_against_the_equation_of_seawater(salinity: float, celsius: float) -> None:
    """``π = ρ_w (μ_w(0) − μ_w(S))``, the chemical potential of water per mass, at atmospheric pressure."""
    gsw = pytest.importorskip("gsw")
    potentials = [float(gsw.chem_potential_water_t_exact(s, celsius, 0.0)) for s in (0.0, salinity)]  # J/g
    pressure = 1e3 * (potentials[0] - potentials[1]) * float(gsw.rho_t_exact(0.0, celsius, 0.0))
    own = answer(salinity, celsius)
    assert own[0] == pytest.approx(pressure, rel=6e-3)
    assert own[1] == pytest.approx(float(gsw.rho_t_exact(salinity, celsius, 0.0)), abs=0.25)


def test_ions_are_those_of_the_reference_composition() -> None:
    ions = ENTRY["ions"]["value"]
    total = 35.16504 / (units.parse(ENTRY["molar_mass"]["value"], "molar_mass") * 1e3)
    for ion, (mass, molar_mass) in COMPOSITION.items():
        assert ions[ion] == pytest.approx(mass / molar_mass / total, abs=1e-6)
    charges = library.pitzer()["charges"]
    assert sum(count * charges[ion] for ion, count in ions.items()) == pytest.approx(0.0, abs=1e-6)
    assert sum(ions.values()) == pytest.approx(1.0, abs=5e-4)
