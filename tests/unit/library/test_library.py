"""The library's values: each has a source, each can be read, and what can be recomputed is."""

from __future__ import annotations

import itertools
import math
import tomllib
from pathlib import Path
from typing import Any

import pytest

from membrane_pde import library
from membrane_pde.input import units

LIBRARY = Path(library.__file__).parent
SOLUTES: dict[str, Any] = tomllib.loads((LIBRARY / "solutes.toml").read_text(encoding="utf-8"))
PITZER: dict[str, Any] = tomllib.loads((LIBRARY / "pitzer.toml").read_text(encoding="utf-8"))
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
    "He": 4.002602,
    "Na": 22.98976928,
    "Mg": 24.305,
    "S": 32.06,
    "Cl": 35.45,
    "K": 39.0983,
    "Ca": 40.078,
    "Ar": 39.95,
}
FORMULA = {
    "NaCl": {"Na": 1, "Cl": 1},
    "Na+": {"Na": 1},
    "Ca2+": {"Ca": 1},
    "Cl-": {"Cl": 1},
    "K+": {"K": 1},
    "Mg2+": {"Mg": 1},
    "H+": {"H": 1},
    "OH-": {"O": 1, "H": 1},
    "HCO3-": {"H": 1, "C": 1, "O": 3},
    "SO42-": {"S": 1, "O": 4},
    "KCl": {"K": 1, "Cl": 1},
    "CaCl2": {"Ca": 1, "Cl": 2},
    "MgCl2": {"Mg": 1, "Cl": 2},
    "MgSO4": {"Mg": 1, "S": 1, "O": 4},
    "Na2SO4": {"Na": 2, "S": 1, "O": 4},
    "lactose": {"C": 12, "H": 22, "O": 11},
    "glycerol": {"C": 3, "H": 8, "O": 3},
    "ethanol": {"C": 2, "H": 6, "O": 1},
    "water": {"H": 2, "O": 1},
    "O2": {"O": 2},
    "N2": {"N": 2},
    "CO2": {"C": 1, "O": 2},
    "H2": {"H": 2},
    "He": {"He": 1},
    "CH4": {"C": 1, "H": 4},
    "glucose": {"C": 6, "H": 12, "O": 6},
    "sucrose": {"C": 12, "H": 22, "O": 11},
    "urea": {"C": 1, "H": 4, "N": 2, "O": 1},
    "H2O": {"H": 2, "O": 1},
    "Ar": {"Ar": 1},
    "NH3": {"N": 1, "H": 3},
    "CO": {"C": 1, "O": 1},
}
# S cm^2/mol at infinite dilution, 25 degC: CRC Handbook, as the Python package chemicals 1.5.2 holds it.
EQUIVALENT_CONDUCTIVITY = {
    "Na+": 50.08,
    "K+": 73.48,
    "Ca2+": 59.47,
    "Mg2+": 53.0,
    "Cl-": 76.31,
    "SO42-": 80.0,
    "HCO3-": 44.5,
    "H+": 349.65,
    "OH-": 198,
}
SALTS = {
    "NaCl": {"Na+": 1, "Cl-": 1},
    "KCl": {"K+": 1, "Cl-": 1},
    "CaCl2": {"Ca2+": 1, "Cl-": 2},
    "MgCl2": {"Mg2+": 1, "Cl-": 2},
    "MgSO4": {"Mg2+": 1, "SO42-": 1},
    "Na2SO4": {"Na+": 2, "SO42-": 1},
}
# Molar masses that are no formula's: what their source adds up, or a name.
MACROMOLECULES = {
    "albumin": 66430.0,
    "haemoglobin": 2 * 15126 + 2 * 15867 + 4 * 616.5,
    "dextran40": 40e3,
    "dextran70": 70e3,
}

SOLUTE_DIMENSION = {
    "solubility": "molality",
    "molar_mass": "molar_mass",
    "diffusivity": "diffusivity",
    "radius": "length",
    "max_molality": "molality",
    "apparent_volume": "molar_volume",
}
DIMENSION = SOLUTE_DIMENSION | {
    "solubility": "molality",
    "diffusion_volume": "molar_volume",
    "activation_energy": "molar_energy",
}
DIMENSION |= {"pore_radius": "length", "porosity_over_thickness": "inverse_length"}
PLAIN_NUMBERS = {"dissociation", "charge", "reflection"}

# The makers' tests; the feed's osmotic pressure is tested below.
ELEMENT_TEST = {
    #             salt, flow m3/d, area m2, rejection, recovery, pressure bar, pi of the feed bar
    "SW30HR": ("NaCl", 26.0, 35.3, 0.997, 0.08, 55.0, 25.79),
    "SW30HR-LE": ("NaCl", 28.0, 37.2, 0.998, 0.08, 55.16, 25.79),
    "BW30": ("NaCl", 40.0, 37.2, 0.995, 0.15, 15.5, 1.610),
    "NF270": ("MgSO4", 9.5, 7.6, 0.97, 0.15, 4.8, 0.584),
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
    assert set(entry) <= {"value", "temperature", "temperature_range", "source"}
    assert entry["source"].strip()
    assert "reference/" not in entry["source"]  # the source itself, not the folder it was collected in
    if field in PLAIN_NUMBERS:
        assert not isinstance(entry["value"], str | bool)
        if field == "reflection":
            assert 0 <= entry["value"] <= 1
        if field == "dissociation":
            assert entry["value"] >= 1
    elif field == "solid":
        assert entry["value"] is True
    elif field == "ions":
        assert all(ion in PITZER["charges"] and count > 0 for ion, count in entry["value"].items())
    elif field == "virial":
        for value, dimension in zip(entry["value"], ("molar_volume", "molar_volume_squared"), strict=True):
            assert abs(units.parse(value, dimension)) < 1e-3
    elif field == "solubility" and isinstance(entry["value"], list):
        table = [(units.parse(t, "temperature"), units.parse(m, "molality")) for t, m in entry["value"]]
        assert all(a[0] < b[0] for a, b in itertools.pairwise(table))
        assert all(273 < t < 374 and 0.1 < m < 150 for t, m in table)
    elif isinstance(entry["value"], list):
        assert field == "osmotic_coefficient" or (field, len(entry["value"])) == ("apparent_volume", 5)
        assert all(math.isfinite(each) for each in entry["value"])
    else:
        number = units.parse(entry["value"], DIMENSION.get(field, field))
        cation = field == "apparent_volume" and "charge" in SOLUTES[where.split(".")[1]]
        held_back = number == 0 and where.startswith("membranes.")
        assert number > 0 or cation or held_back  # an ion's volume is conventional and may be negative
    if "temperature_range" in entry:
        low, high = (units.parse(text, "temperature") for text in entry["temperature_range"])
        assert 263 < low <= high < 420
    if "temperature" in entry:
        assert units.parse(entry["temperature"], "temperature") > 273
    if field == "diffusivity":
        assert "temperature" in entry  # or it could not be scaled


@pytest.mark.parametrize("table", [SOLUTES, MEMBRANES], ids=["solutes", "membranes"])
def test_names(table: dict[str, Any]) -> None:
    folded = [key.casefold() for key in table]
    assert len(set(folded)) == len(folded)  # "nacl" beside "NaCl" would be a trap
    assert not {"ideal", "none"} & set(folded)  # built in
    for key, entry in table.items():
        assert entry["name"].strip()
        assert "." not in key  # an override's path is split at its dots
    assert {name.casefold() for m in MEMBRANES.values() for name in m.get("solutes", {})} <= {
        name.casefold() for name in SOLUTES
    }


def test_what_every_entry_has() -> None:
    for entry in SOLUTES.values():
        assert {"name", "dissociation"} <= set(entry) <= {
            "name", "molar_mass", "diffusivity", "dissociation", "radius", "charge",
            "ions", "osmotic_coefficient", "virial", "apparent_volume", "max_molality", "diffusion_volume",
            "solubility", "density", "solid",
        }  # fmt: skip
        assert "diffusivity" in entry or {"molar_mass", "diffusion_volume"} <= set(entry)  # in water, or as a gas
        if "ions" in entry or "osmotic_coefficient" in entry:
            assert "apparent_volume" in entry  # or `pitzer` could not be used
        assert "density" not in entry or ("solid" in entry) == (not entry["name"].startswith(("ethanol", "glycerol")))
        if "osmotic_coefficient" in entry:
            assert {"virial", "max_molality"} <= set(entry)
            assert "temperature_range" in entry["osmotic_coefficient"]
            assert entry["virial"]["temperature_range"] == entry["osmotic_coefficient"]["temperature_range"]


PORES = {"pore_radius", "porosity_over_thickness"}


@pytest.mark.parametrize("name", MEMBRANES)
def test_what_every_membrane_has(name: str) -> None:
    entry = MEMBRANES[name]
    assert entry["flux_law"] in {"solution-diffusion", "kedem-katchalsky", "spiegler-kedem"}
    if PORES & set(entry):  # the rest follows from them
        assert set(entry) == {"name", "flux_law"} | PORES
        return
    assert {"name", "flux_law", "water_permeability"} <= set(entry) <= {
        "name", "flux_law", "water_permeability", "activation_energy", "solutes",
    }  # fmt: skip
    assert "activation_energy" not in entry or "temperature" in entry["water_permeability"]
    for numbers in entry.get("solutes", {}).values():
        without_water = water_permeability(name) == 0  # then reflection plays no part
        least = {"permeability"} if without_water else {"permeability", "reflection"}
        assert least <= set(numbers) <= {"permeability", "reflection", "activation_energy"}
        assert "activation_energy" not in numbers or "temperature" in numbers["permeability"]


@pytest.mark.parametrize("solute", FORMULA)
def test_molar_mass_from_atomic_weights(solute: str) -> None:
    expected = sum(ATOMIC_WEIGHT[element] * n for element, n in FORMULA[solute].items())  # g/mol
    assert si(solute, "molar_mass") * 1e3 == pytest.approx(expected, abs=6e-4)


def test_every_molar_mass_is_recomputed() -> None:
    assert {key for key, entry in SOLUTES.items() if "molar_mass" in entry} == {
        *FORMULA, *MACROMOLECULES, "air", "sea_salt",
    }  # fmt: skip


@pytest.mark.parametrize("name", MACROMOLECULES)
def test_molar_mass_of_macromolecules(name: str) -> None:
    assert si(name, "molar_mass") * 1e3 == pytest.approx(MACROMOLECULES[name], rel=1e-12)


@pytest.mark.parametrize("name", ["dextran40", "dextran70"])
def test_dextran_radius(name: str) -> None:
    """r = 0.33 M^0.463 angstrom, M in g/mol."""
    assert si(name, "radius") == pytest.approx(0.33e-10 * MACROMOLECULES[name] ** 0.463, rel=2e-3)


@pytest.mark.parametrize("ion", EQUIVALENT_CONDUCTIVITY)
def test_ion_diffusivity_from_conductivity(ion: str) -> None:
    """Nernst-Einstein, D = R T lambda/(|z| F^2), lambda the equivalent conductivity."""
    charge = abs(SOLUTES[ion]["charge"]["value"])
    expected = GAS_CONSTANT * T * EQUIVALENT_CONDUCTIVITY[ion] * 1e-4 / (charge * FARADAY**2)
    assert si(ion, "diffusivity") == pytest.approx(expected, rel=5e-4)
    assert set(EQUIVALENT_CONDUCTIVITY) == {key for key, entry in SOLUTES.items() if "charge" in entry}
    assert str(EQUIVALENT_CONDUCTIVITY[ion]) in SOLUTES[ion]["diffusivity"]["source"]


@pytest.mark.parametrize("salt", SALTS)
def test_salt_diffusivity_from_its_ions(salt: str) -> None:
    """Nernst-Hartley, D = (z+ + |z-|) D+ D-/(z+ D+ + |z-| D-)."""
    (z_cation, cation), (z_anion, anion) = (
        (abs(SOLUTES[ion]["charge"]["value"]), si(ion, "diffusivity")) for ion in SALTS[salt]
    )
    expected = (z_cation + z_anion) * cation * anion / (z_cation * cation + z_anion * anion)
    assert si(salt, "diffusivity") == pytest.approx(expected, rel=5e-4)
    assert SOLUTES[salt]["ions"]["value"] == SALTS[salt]
    assert SOLUTES[salt]["dissociation"]["value"] == sum(SALTS[salt].values())
    assert sum(PITZER["charges"][ion] * count for ion, count in SALTS[salt].items()) == 0
    mass = sum(si(ion, "molar_mass") * count for ion, count in SALTS[salt].items())
    assert si(salt, "molar_mass") == pytest.approx(mass, abs=2e-6)


def test_every_salt_is_recomputed() -> None:
    salts = {key for key, entry in SOLUTES.items() if "ions" in entry and "charge" not in entry}
    assert set(SALTS) == salts - {"sea_salt"}  # in test_sea_salt.py


@pytest.mark.parametrize("solute", [key for key, entry in SOLUTES.items() if "radius" in entry])
def test_radius_and_diffusivity_agree(solute: str) -> None:
    """Stokes-Einstein, D = k T/(6 pi mu r)."""
    expected = BOLTZMANN * T / (6 * math.pi * WATER_VISCOSITY * si(solute, "radius"))
    assert si(solute, "diffusivity") == pytest.approx(expected, rel=4e-3)


def test_bacterium_has_the_volume_of_its_source() -> None:
    assert 4 / 3 * math.pi * si("bacterium", "radius") ** 3 == pytest.approx(1e-18, rel=3e-3)


def test_charges_of_ions() -> None:
    charges = {key: entry["charge"]["value"] for key, entry in SOLUTES.items() if "charge" in entry}
    assert charges == {
        "Na+": 1, "K+": 1, "H+": 1, "Ca2+": 2, "Mg2+": 2, "Cl-": -1, "OH-": -1, "HCO3-": -1, "SO42-": -2,
    }  # fmt: skip
    assert PITZER["charges"] == {key: charges[key] for key in PITZER["charges"]}
    for ion in PITZER["charges"]:
        assert SOLUTES[ion]["ions"]["value"] == {ion: 1}


def test_rows_of_ion_interaction_parameters() -> None:
    z = PITZER["charges"]
    seen = set()
    for kind in ("pair", "theta", "psi"):
        for row in PITZER[kind]:
            assert row["source"].startswith(("line", "not of that file"))
            signs = [z[ion] > 0 for ion in row["ions"]]
            assert len(signs) == {"pair": 2, "theta": 2, "psi": 3}[kind]
            if kind == "pair":
                assert signs == [True, False]  # the cation first, as the code takes them
                assert set(row) <= {"ions", "beta0", "beta1", "beta2", "Cphi", "source"}
            else:
                assert signs[0] == signs[1] or signs[1] == signs[2]
                assert len(set(signs)) == (1 if kind == "theta" else 2)
                assert set(row) == {"ions", "value", "source"}
            seen.add((kind, frozenset(row["ions"])))
            assert len(frozenset(row["ions"])) == len(row["ions"])
    assert len(seen) == sum(len(PITZER[kind]) for kind in ("pair", "theta", "psi"))  # none twice
    cations, anions = ([ion for ion in z if (z[ion] > 0) == positive] for positive in (True, False))
    assert {ions for kind, ions in seen if kind == "pair"} == {frozenset((c, a)) for c in cations for a in anions}


def volume(name: str, mass_fraction: float, celsius: float) -> float:
    """Apparent molar volume, cm^3/mol, Laliberté and Cooper's formula where the library has its coefficients."""
    value = SOLUTES[name]["apparent_volume"]["value"]
    if isinstance(value, str):
        return units.parse(value, "molar_volume") * 1e6
    a0, a1, a2, a3, a4 = value
    specific = (mass_fraction + a2 + a3 * celsius) / (a0 * mass_fraction + a1) * math.exp(-1e-6 * (celsius + a4) ** 2)
    return specific * si(name, "molar_mass") * 1e6  # m^3/kg


@pytest.mark.parametrize("name", [key for key, entry in SOLUTES.items() if "virial" in entry])
def test_virial_from_osmotic_coefficient_and_volume(name: str) -> None:
    """π = R T ρ_w m φ(m), m = c/(ρ_w (1 − c V)): B = V + a1/ρ_w, C = V² + 2 V a1/ρ_w + a2/ρ_w²."""
    a1, a2 = SOLUTES[name]["osmotic_coefficient"]["value"][:2]
    rho = 0.997047  # kg/L at 25 degC
    mass = 0.5 * si(name, "molar_mass")  # at 0.5 mol/kg, as the other volumes of molecules
    v = volume(name, mass / (1 + mass), 25.0) * 1e-3  # L/mol
    b, c = (
        units.parse(text, dimension) * factor
        for text, dimension, factor in zip(
            SOLUTES[name]["virial"]["value"], ("molar_volume", "molar_volume_squared"), (1e3, 1e6), strict=True
        )
    )
    assert b == pytest.approx(v + a1 / rho, rel=1e-3)
    assert c == pytest.approx(v * v + 2 * v * a1 / rho + a2 / rho**2, rel=1e-3)


@pytest.mark.parametrize("salt", SALTS)
def test_apparent_volumes_of_salts_and_their_ions_agree(salt: str) -> None:
    """Two sources: Laliberté 2009, and PHREEQC's ions, at an ionic strength of 0.5 mol/kg; worst: MgSO4, 2.4 cm^3."""
    strength = 0.5 * sum(count * PITZER["charges"][ion] ** 2 for ion, count in SALTS[salt].items())
    mass = 0.5 / strength * si(salt, "molar_mass")
    mass_fraction = mass / (1 + mass)
    ions = sum(volume(ion, 0.0, 25.0) * count for ion, count in SALTS[salt].items())
    assert volume(salt, mass_fraction, 25.0) == pytest.approx(ions, abs=2.5)


@pytest.mark.parametrize("name", [key for key, entry in SOLUTES.items() if "osmotic_coefficient" in entry])
def test_apparent_volumes_of_molecules_are_near_those_of_their_substance(name: str) -> None:
    """Between 0.5 and 0.95 cm^3/g: sugars, urea, glycerol."""
    assert 0.5 < volume(name, 0.0, 25.0) / (si(name, "molar_mass") * 1e3) < 0.95


@pytest.mark.parametrize("name", ELEMENT_TEST)
def test_element_does_what_its_data_sheet_says(name: str) -> None:
    """A and B, put back into the test of the sheet, give its flow and rejection."""
    salt, flow, area, rejection, recovery, pressure, pi = ELEMENT_TEST[name]
    numbers = MEMBRANES[name]["solutes"][salt]
    mean = mean_concentration(recovery)
    a, b = water_permeability(name) * 1e5, units.parse(numbers["permeability"]["value"], "permeability")  # m/s/bar, m/s
    flux = a * (pressure - 1.1 * mean * pi + (1 - rejection) * pi)  # m/s
    assert flux * area * 86400 == pytest.approx(flow, rel=2e-3)
    passage = 1.1 * mean * b / (flux + b)  # permeate over feed
    assert passage == pytest.approx(1 - rejection, rel=5e-3)
    assert numbers["reflection"]["value"] == 1


def mean_concentration(recovery: float) -> float:
    """Bulk over feed concentration, mean along an element."""
    return -math.log(1 - recovery) / recovery


def water_permeability(name: str) -> float:
    """m/s/Pa."""
    return units.parse(MEMBRANES[name]["water_permeability"]["value"], "water_permeability")


def permeability(name: str, solute: str) -> float:
    """m/s."""
    return units.parse(MEMBRANES[name]["solutes"][solute]["permeability"]["value"], "permeability")


def test_nanofiltration_holds_back_half_of_the_salt() -> None:
    """Its permeability of NaCl is what gives 50 % at 2 g/kg, the sheet's pressure and recovery."""
    mean, pi = mean_concentration(0.15), ELEMENT_TEST["BW30"][-1]
    flux = water_permeability("NF270") * 1e5 * (4.8 - 1.1 * mean * pi + 0.5 * pi)
    b = permeability("NF270", "NaCl")
    assert 1.1 * mean * b / (flux + b) == pytest.approx(0.5, rel=5e-3)


MEASURED = {
    # as measured, in the unit of the source: factor to SI
    ("HTI-CTA", ""): (1.87e-12, 1.0),  # m/s/Pa
    ("HTI-CTA", "NaCl"): (0.40, 1e-3 / 3600),  # L/m2/h
    ("HTI-TFC", ""): (2.56, 1e-3 / 3600 / 1e5),  # L/m2/h/bar
    ("HTI-TFC", "NaCl"): (0.63, 1e-3 / 3600),
    ("FX100", ""): (73 / 2.2, 1e-6 / 3600 / 133.322),  # mL/h/mmHg/m2: ultrafiltration coefficient over area
    ("cuprophane", "urea"): (1 / 17.0, 1e-2 / 60),  # cm/min
    ("cuprophane", "albumin"): (1 / 5.9e5, 1e-2 / 60),
    ("red-blood-cell", ""): (2.0e-4 * 18.069e-6 / (GAS_CONSTANT * 296.15), 1.0),  # P_f V_w/(R T); water 997.05 kg/m3
    ("red-blood-cell", "urea"): (260e-6, 1e-2),  # cm/s
    ("red-blood-cell", "glycerol"): (1.37e-5, 1e-2),
    ("plant-cell", ""): (3.1e-6, 1e-2 / 1e5),  # cm/s/bar
}


@pytest.mark.parametrize(("name", "solute"), MEASURED)
def test_membrane_is_what_was_measured(name: str, solute: str) -> None:
    measured, si_unit = MEASURED[name, solute]
    value = permeability(name, solute) if solute else water_permeability(name)
    assert value == pytest.approx(measured * si_unit, rel=5e-3)


@pytest.mark.parametrize("name", ["SW30HR", "SW30HR-LE", "BW30"])
def test_activation_energy_is_the_makers_temperature_correction(name: str) -> None:
    """``exp[2640 K (1/298 K - 1/T)]`` above 25 degC, for the flow and for the salt that comes with it."""
    for entry in (MEMBRANES[name], MEMBRANES[name]["solutes"]["NaCl"]):
        energy = units.parse(entry["activation_energy"]["value"], "molar_energy")
        assert energy / GAS_CONSTANT == pytest.approx(2640, rel=2e-4)


def test_every_membrane_is_recomputed() -> None:
    """All but what is 0: held back, or not known."""
    done = set(MEASURED) | {(name, test[0]) for name, test in ELEMENT_TEST.items()} | {("NF270", "NaCl")}
    done |= {(name, "") for name in ELEMENT_TEST}
    every = {(name, "") for name in MEMBRANES if name != "NF270-pores" and water_permeability(name) > 0}
    for name, entry in MEMBRANES.items():
        every |= {(name, solute) for solute in entry.get("solutes", {}) if permeability(name, solute) > 0}
    assert every == done


def test_what_is_held_back_is_reflected() -> None:
    for name, entry in MEMBRANES.items():
        for solute, numbers in entry.get("solutes", {}).items():
            if permeability(name, solute) == 0:
                assert numbers["reflection"]["value"] == 1, (name, solute)


def test_activation_energies_of_the_red_blood_cell() -> None:
    cell = MEMBRANES["red-blood-cell"]
    assert units.parse(cell["activation_energy"]["value"], "molar_energy") == pytest.approx(
        3300 * 4.184, rel=2e-3
    )  # cal
    glycerol = cell["solutes"]["glycerol"]["activation_energy"]["value"]
    assert units.parse(glycerol, "molar_energy") == 76e3


@pytest.mark.parametrize("name", MEMBRANES)
def test_every_membrane_works_in_a_case(name: str) -> None:
    from membrane_pde.input.build import build

    solutes = list(MEMBRANES[name].get("solutes", {})) or ["sucrose"]
    side = {"length": "1 mm", "concentration": dict.fromkeys(solutes, "1 mmol/L")}
    known = MEMBRANES[name].get("solutes") or PORES & set(MEMBRANES[name])
    given = {} if known else {"sucrose": {"permeability": "0 m/s", "reflection": 1.0}}
    raw = {
        "solutes": {solute: {} for solute in solutes},
        "left": dict(side),
        "right": dict(side),
        "membrane": {"type": name, "solutes": given},
        "run": {"duration": "1 s"},
    }
    membrane = build(raw, name).membrane
    assert list(membrane.solutes) == solutes
    if name == "NF270-pores":  # r^2/(8 mu) times porosity over thickness
        poiseuille = (0.5e-9) ** 2 / (8 * WATER_VISCOSITY * 8.5989e-7)
        assert membrane.water_permeability == pytest.approx(poiseuille, rel=2e-3)
        assert membrane.water_permeability == pytest.approx(1.17 * water_permeability("NF270"), rel=5e-3)
        assert 0.9 < membrane.solutes["sucrose"].reflection < 1.0
    else:
        scaled = pytest.approx(water_permeability(name), rel=0.3)  # at another temperature
        assert membrane.water_permeability == scaled


def test_feed_osmotic_pressure_of_the_element_tests() -> None:
    """pi = phi nu m rho_w R T, osmotic coefficients of NaCl at 25 degC from Robinson & Stokes, app. 8.10."""

    def pi(mass_fraction: float, coefficient: float, molar_mass: float = 58.44e-3) -> float:
        molality = mass_fraction / (1 - mass_fraction) / molar_mass
        return coefficient * 2 * molality * 997.05 * GAS_CONSTANT * T * 1e-5  # bar; water 997.05 kg/m^3

    molality = 0.032 / 0.968 / 58.44e-3
    between = 0.9209 + (0.9230 - 0.9209) * (molality - 0.5) / 0.1  # their 0.5 and 0.6 mol/kg
    assert ELEMENT_TEST["SW30HR"][-1] == pytest.approx(pi(0.032, between), rel=1e-3)
    assert pi(0.002, 0.9324) < ELEMENT_TEST["BW30"][-1] < pi(0.002, 1.0)  # 0.1 mol/kg, and no salt
    assert pi(0.002, 0.5, 120.366e-3) < ELEMENT_TEST["NF270"][-1] < pi(0.002, 1.0, 120.366e-3)
    from membrane_pde.input.mixture import osmotic_pressure

    own = osmotic_pressure({"MgSO4": "2000 ppm"})["osmotic_pressure_bar"]
    assert own == pytest.approx(ELEMENT_TEST["NF270"][-1], rel=1e-3)
