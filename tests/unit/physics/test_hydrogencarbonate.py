"""Osmotic coefficients of sodium and potassium hydrogencarbonate against published and measured numbers."""

import numpy as np
import pytest

import membrane_pde as mp
from membrane_pde import library
from membrane_pde.physics.pitzer import Pitzer, debye_hueckel

SALTS = {"NaHCO3": ("Na+", "HCO3-"), "KHCO3": ("K+", "HCO3-"), "NaCl": ("Na+", "Cl-")}


def phi(salt: str, molality: float, celsius: float = 25.0) -> float:
    charges = library.pitzer()["charges"]
    ions = Pitzer.of({ion: charges[ion] for ion in SALTS[salt]}, library.pitzer(), celsius + 273.15)
    return ions.osmolality([molality, molality])[0] / (2.0 * molality)


@pytest.mark.parametrize(("molality", "expected"), [(0.1, 0.915), (0.5, 0.870), (1.0, 0.856)])
def test_sodium_as_peiper_and_pitzer_give_it(molality: float, expected: float) -> None:
    assert phi("NaHCO3", molality) == pytest.approx(expected, abs=0.0008)


@pytest.mark.parametrize(("molality", "expected"), [(0.1, 0.9117), (0.5, 0.8507), (1.0, 0.8178)])
def test_potassium_as_roy_and_others_give_it(molality: float, expected: float) -> None:
    """Written out from their parameters; those of Harvie, Moeller and Weare give 0.912, 0.862, 0.842."""
    root = molality**0.5
    written_out = 1 - 0.3915 * root / (1 + 1.2 * root) + molality * (-0.0107 + 0.0478 * np.exp(-2 * root))
    assert written_out == pytest.approx(expected, abs=1e-4)
    assert phi("KHCO3", molality) == pytest.approx(expected, abs=0.0008)


@pytest.mark.parametrize("salt", ["NaHCO3", "KHCO3"])
def test_dilute_solutions_follow_the_limiting_law(salt: str) -> None:
    """1 - φ = A √m as m goes to 0; at 0.01 mol/kg all 1-1 salts are within 0.001 of one another."""
    slope = debye_hueckel(298.15)
    for molality in (1e-6, 1e-4):
        root = molality**0.5
        assert (1 - phi(salt, molality)) / (slope * root) == pytest.approx(1 / (1 + 1.2 * root), rel=0.01)
    assert phi(salt, 0.01) == pytest.approx(0.9657, abs=0.001)
    assert phi(salt, 0.01) == pytest.approx(phi("NaCl", 0.01), abs=0.003)


# Freezing points, CRC Handbook of Chemistry and Physics, 102nd ed., "Concentrative properties of aqueous solutions",
# as transcribed in github.com/amosonabike/CRC-Solution-Properties-: mol/kg, and K below that of water.
FREEZING = {
    "NaCl": ([0.086, 0.173, 0.261, 0.349, 0.439, 0.529, 0.621, 0.713, 0.806, 0.901],
             [0.3, 0.59, 0.89, 1.19, 1.49, 1.79, 2.1, 2.41, 2.73, 3.05]),
    "NaHCO3": ([0.12, 0.243, 0.368, 0.496, 0.627, 0.76], [0.4, 0.78, 1.16, 1.54, 1.9, 2.26]),
    "KHCO3": ([0.101, 0.204, 0.309, 0.416, 0.526, 0.638, 0.752, 0.869, 0.988],
              [0.34, 0.67, 0.98, 1.29, 1.6, 1.91, 2.22, 2.53, 2.84]),
}  # fmt: skip


@pytest.mark.parametrize(("salt", "within"), [("NaHCO3", 0.045), ("KHCO3", 0.03)])
def test_measured_freezing_points(salt: str, within: float) -> None:
    """Solutions that freeze at the same temperature have one water activity: ``m φ`` is that of NaCl, near 0 degC.

    Real solutions hold some CO2 and carbonate, and the table has two digits: the measurements lie 0 to 0.04 lower.
    """
    known, depressions = (np.array(each) for each in FREEZING["NaCl"])
    for molality, depression in zip(*FREEZING[salt], strict=True):
        same = float(np.interp(depression, depressions, known))
        measured = same * phi("NaCl", same, 0.0) / molality
        assert phi(salt, molality, 0.0) == pytest.approx(measured, abs=within), (molality, measured)


def test_osmotic_pressure_of_the_command_line() -> None:
    found = mp.osmotic_pressure({"Na+": "1 mol/kg", "HCO3-": "1 mol/kg"})
    assert found["osmotic_coefficient"] == pytest.approx(0.856, abs=0.001)
    assert found["message"] == ""
    warm = mp.osmotic_pressure({"Na+": "1 mol/kg", "HCO3-": "1 mol/kg"}, temperature="55 degC")
    assert "HCO3-" in warm["message"]
    assert "0 to 50 degC" in warm["message"]
