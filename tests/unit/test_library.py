"""The library's values: each has a source, each can be read, and what can be recomputed is."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any

import pytest

from membrane_pde import units

LIBRARY = Path(units.__file__).parent / "library"
SOLUTES: dict[str, Any] = tomllib.loads((LIBRARY / "solutes.toml").read_text(encoding="utf-8"))
MEMBRANES: dict[str, Any] = tomllib.loads((LIBRARY / "membranes.toml").read_text(encoding="utf-8"))

GAS_CONSTANT = 8.31446261815324  # J/(mol K)
BOLTZMANN = 1.380649e-23  # J/K
FARADAY = 96485.33212  # C/mol
T = 298.15  # K
WATER_VISCOSITY = 0.8900e-3  # Pa s at 25 degC: IAPWS-95, computed with the Python package iapws 1.5.5

# Abridged standard atomic weights 2021, as the Python package periodictable 2.1.0 holds them.
ATOMIC_WEIGHT = {  # g/mol
    "H": 1.008,
    "C": 12.011,
    "N": 14.007,
    "O": 15.999,
    "Na": 22.98976928,
    "Cl": 35.45,
    "Ca": 40.078,
    "He": 4.002602,
    "Ar": 39.95,
}
FORMULA = {
    "NaCl": {"Na": 1, "Cl": 1},
    "Na+": {"Na": 1},
    "Ca2+": {"Ca": 1},
    "Cl-": {"Cl": 1},
    "glucose": {"C": 6, "H": 12, "O": 6},
    "sucrose": {"C": 12, "H": 22, "O": 11},
    "urea": {"C": 1, "H": 4, "N": 2, "O": 1},
    "O2": {"O": 2},
    "N2": {"N": 2},
    "CO2": {"C": 1, "O": 2},
    "H2": {"H": 2},
    "He": {"He": 1},
    "H2O": {"H": 2, "O": 1},
    "Ar": {"Ar": 1},
    "CH4": {"C": 1, "H": 4},
    "NH3": {"N": 1, "H": 3},
    "CO": {"C": 1, "O": 1},
}
# S cm^2/mol at infinite dilution, 25 degC: CRC Handbook, as the Python package chemicals 1.5.2 holds it.
EQUIVALENT_CONDUCTIVITY = {"Na+": 50.08, "Ca2+": 59.47, "Cl-": 76.31}

SOLUTE_DIMENSION = {"molar_mass": "molar_mass", "diffusivity": "diffusivity", "radius": "length"}
DIMENSION = SOLUTE_DIMENSION | {"diffusion_volume": "molar_volume", "activation_energy": "molar_energy"}
PLAIN_NUMBERS = {"dissociation", "charge", "reflection"}

# The makers' tests; the feed's osmotic pressure is tested below.
ELEMENT_TEST = {
    #             flow m3/d, area m2, rejection, recovery, pressure bar, pi of the feed bar
    "SW30HR": (26.0, 35.3, 0.997, 0.08, 55.0, 25.79),
    "SW30HR-LE": (28.0, 37.2, 0.998, 0.08, 55.16, 25.79),
    "BW30": (40.0, 37.2, 0.995, 0.15, 15.5, 1.610),
}


def si(solute: str, field: str) -> float:
    """A solute's value in SI units."""
    return units.parse(SOLUTES[solute][field]["value"], SOLUTE_DIMENSION[field])


def values(table: dict[str, Any], path: str = "") -> list[tuple[str, str, dict[str, Any]]]:
    """Every value of a library table: where, its field, and its entry."""
    found = []
    for key, entry in table.items():
        if isinstance(entry, dict) and ("value" in entry or "source" in entry):
            found.append((path, key, entry))
        elif isinstance(entry, dict):
            found.extend(values(entry, f"{path}{key}."))
    return found


ALL_VALUES = values(SOLUTES, "solutes.") + values(MEMBRANES, "membranes.")


@pytest.mark.parametrize(("where", "field", "entry"), ALL_VALUES, ids=[w + f for w, f, _ in ALL_VALUES])
def test_every_value_has_a_source_and_can_be_read(where: str, field: str, entry: dict[str, Any]) -> None:
    assert set(entry) <= {"value", "temperature", "source"}
    assert entry["source"].strip()
    assert "reference/" not in entry["source"]  # the source itself, not the folder it was collected in
    if field in PLAIN_NUMBERS:
        assert not isinstance(entry["value"], str | bool)
        if field == "reflection":
            assert 0 <= entry["value"] <= 1
        if field == "dissociation":
            assert entry["value"] >= 1
    else:
        dimension = DIMENSION.get(field, field)
        assert units.parse(entry["value"], dimension) > 0
    if "temperature" in entry:
        assert units.parse(entry["temperature"], "temperature") > 273
    if field in ("diffusivity", "permeability", "water_permeability"):
        assert "temperature" in entry  # or it could not be scaled


@pytest.mark.parametrize("table", [SOLUTES, MEMBRANES], ids=["solutes", "membranes"])
def test_names(table: dict[str, Any]) -> None:
    folded = [key.casefold() for key in table]
    assert len(set(folded)) == len(folded)  # "nacl" beside "NaCl" would be a trap
    assert not {"ideal", "none"} & set(folded)  # built in
    for key, entry in table.items():
        assert entry["name"].strip()
        assert "." not in key  # an override's path is split at its dots
    assert {name.casefold() for m in MEMBRANES.values() for name in m["solutes"]} <= {
        name.casefold() for name in SOLUTES
    }


def test_what_every_entry_has() -> None:
    for entry in SOLUTES.values():
        assert {"name", "dissociation"} <= set(entry) <= {
            "name", "molar_mass", "diffusivity", "dissociation", "radius", "charge", "diffusion_volume",
        }  # fmt: skip
        assert "diffusivity" in entry or {"molar_mass", "diffusion_volume"} <= set(entry)  # in water, or as a gas
    for entry in MEMBRANES.values():
        assert set(entry) - {"activation_energy"} == {"name", "flux_law", "water_permeability", "solutes"}
        assert entry["flux_law"] in {"solution-diffusion", "kedem-katchalsky", "spiegler-kedem"}
        for numbers in entry["solutes"].values():
            assert set(numbers) - {"activation_energy"} == {"permeability", "reflection"}


@pytest.mark.parametrize("solute", FORMULA)
def test_molar_mass_from_atomic_weights(solute: str) -> None:
    expected = sum(ATOMIC_WEIGHT[element] * n for element, n in FORMULA[solute].items())  # g/mol
    assert si(solute, "molar_mass") * 1e3 == pytest.approx(expected, abs=6e-4)


def test_every_molar_mass_is_recomputed() -> None:
    mixtures = {"air"}
    assert {key for key, entry in SOLUTES.items() if "molar_mass" in entry} == set(FORMULA) | mixtures


@pytest.mark.parametrize("ion", EQUIVALENT_CONDUCTIVITY)
def test_ion_diffusivity_from_conductivity(ion: str) -> None:
    """Nernst-Einstein, D = R T lambda/(|z| F^2), lambda the equivalent conductivity."""
    charge = abs(SOLUTES[ion]["charge"]["value"])
    expected = GAS_CONSTANT * T * EQUIVALENT_CONDUCTIVITY[ion] * 1e-4 / (charge * FARADAY**2)
    assert si(ion, "diffusivity") == pytest.approx(expected, rel=5e-4)
    assert str(EQUIVALENT_CONDUCTIVITY[ion]) in SOLUTES[ion]["diffusivity"]["source"]


def test_salt_diffusivity_from_its_ions() -> None:
    """Nernst-Hartley for a 1:1 salt, D = 2 D+ D-/(D+ + D-)."""
    cation, anion = si("Na+", "diffusivity"), si("Cl-", "diffusivity")
    assert si("NaCl", "diffusivity") == pytest.approx(2 * cation * anion / (cation + anion), rel=5e-4)
    assert SOLUTES["NaCl"]["dissociation"]["value"] == 2


@pytest.mark.parametrize("solute", [key for key, entry in SOLUTES.items() if "radius" in entry])
def test_radius_and_diffusivity_agree(solute: str) -> None:
    """Stokes-Einstein, D = k T/(6 pi mu r)."""
    expected = BOLTZMANN * T / (6 * math.pi * WATER_VISCOSITY * si(solute, "radius"))
    assert si(solute, "diffusivity") == pytest.approx(expected, rel=4e-3)


def test_bacterium_has_the_volume_of_its_source() -> None:
    assert 4 / 3 * math.pi * si("bacterium", "radius") ** 3 == pytest.approx(1e-18, rel=3e-3)


def test_charges_of_ions() -> None:
    charges = {key: entry["charge"]["value"] for key, entry in SOLUTES.items() if "charge" in entry}
    assert charges == {"Na+": 1, "Ca2+": 2, "Cl-": -1}


@pytest.mark.parametrize("name", ELEMENT_TEST)
def test_element_does_what_its_data_sheet_says(name: str) -> None:
    """A and B, put back into the test of the sheet, give its flow and rejection."""
    flow, area, rejection, recovery, pressure, pi = ELEMENT_TEST[name]
    mean = -math.log(1 - recovery) / recovery  # bulk over feed concentration, mean along the element
    a = units.to(units.parse(MEMBRANES[name]["water_permeability"]["value"], "water_permeability"), "m/s/bar")
    b = units.parse(MEMBRANES[name]["solutes"]["NaCl"]["permeability"]["value"], "permeability")
    flux = a * (pressure - 1.1 * mean * pi + (1 - rejection) * pi)  # m/s
    assert flux * area * 86400 == pytest.approx(flow, rel=2e-3)
    passage = 1.1 * mean * b / (flux + b)  # permeate over feed
    assert passage == pytest.approx(1 - rejection, rel=5e-3)
    assert MEMBRANES[name]["solutes"]["NaCl"]["reflection"]["value"] == 1


@pytest.mark.parametrize("name", ELEMENT_TEST)
def test_activation_energy_is_the_makers_temperature_correction(name: str) -> None:
    """``exp[2640 K (1/298 K - 1/T)]`` above 25 degC, for the flow and for the salt that comes with it."""
    for entry in (MEMBRANES[name], MEMBRANES[name]["solutes"]["NaCl"]):
        energy = units.parse(entry["activation_energy"]["value"], "molar_energy")
        assert energy / GAS_CONSTANT == pytest.approx(2640, rel=2e-4)


def test_every_membrane_is_recomputed() -> None:
    assert set(ELEMENT_TEST) == set(MEMBRANES)


def test_feed_osmotic_pressure_of_the_element_tests() -> None:
    """pi = phi nu m rho_w R T, osmotic coefficients of NaCl at 25 degC from Robinson & Stokes, app. 8.10."""

    def pi(mass_fraction: float, coefficient: float) -> float:
        molality = mass_fraction / (1 - mass_fraction) / 58.44e-3
        return coefficient * 2 * molality * 997.05 * GAS_CONSTANT * T * 1e-5  # bar; water 997.05 kg/m^3

    molality = 0.032 / 0.968 / 58.44e-3
    between = 0.9209 + (0.9230 - 0.9209) * (molality - 0.5) / 0.1  # their 0.5 and 0.6 mol/kg
    assert ELEMENT_TEST["SW30HR"][-1] == pytest.approx(pi(0.032, between), rel=1e-3)
    assert pi(0.002, 0.9324) < ELEMENT_TEST["BW30"][-1] < pi(0.002, 1.0)  # 0.1 mol/kg, and no salt
