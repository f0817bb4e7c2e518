"""[properties]: density and osmotic coefficient as polynomials in the mass fraction, wherever the case needs them."""

from __future__ import annotations

import pytest

import membrane_pde as mp
from membrane_pde.input.properties import solution_of
from membrane_pde.physics.constants import GAS_CONSTANT
from membrane_pde.physics.temperature import water_density

BASE = """
osmotic_model = "pitzer"
[solutes.NaCl]
[left]
length = "1 mm"
concentration = { NaCl = "35 g/L" }
[right]
length = "1 mm"
concentration = { NaCl = "1 g/L" }
[membrane]
type = "ideal"
[run]
duration = "1 s"
"""
DENSITY = 'density = { polynomial = [0.995, 0.756], unit = "g/mL" }\n'
PHI = 'osmotic_coefficient = { polynomial = [0.918, 0.0889, 4.92], unit = "" }\n'


def test_a_mass_fraction_is_converted_with_the_density_given() -> None:
    case = mp.parse_case(BASE.replace('"35 g/L"', '"35 g/kg"') + "[properties]\n" + DENSITY)
    mass = case.solutes["NaCl"].molar_mass
    assert case.left.concentration["NaCl"] == pytest.approx(0.035 * (995.0 + 756.0 * 0.035) / mass, rel=1e-12)


def test_a_molality_is_converted_with_the_density_given() -> None:
    case = mp.parse_case(BASE.replace('"35 g/L"', '"1 mol/kg"') + "[properties]\n" + DENSITY)
    mass = case.solutes["NaCl"].molar_mass
    w = mass / (1.0 + mass)
    assert case.left.concentration["NaCl"] == pytest.approx(w * (995.0 + 756.0 * w) / mass, rel=1e-12)


@pytest.mark.parametrize("w", [0.0, 1e-4, 0.035, 0.1])
def test_osmotic_coefficient_of_a_polynomial(w: float) -> None:
    """``π = φ(w) ν m R T ρ_w`` of the solution whose mass fraction is w, whichever way its density is known."""
    for density in ("", DENSITY):
        case = mp.parse_case(BASE.replace('"35 g/L"', f'"{w!r} g/g"') + "[properties]\n" + density + PHI)
        solution, c = solution_of(case), case.left.concentration["NaCl"]
        molality = w / (case.solutes["NaCl"].molar_mass * (1.0 - w))
        phi = 0.918 + 0.0889 * w + 4.92 * w * w
        expected = phi * 2.0 * molality * GAS_CONSTANT * case.temperature * float(water_density(case.temperature))
        value, (slope,) = solution.pressure([c])
        assert value == pytest.approx(expected, rel=1e-9)
        if w:
            ends = [solution.pressure([c * (1.0 + d)])[0] for d in (-1e-4, 1e-4)]
            assert slope == pytest.approx((ends[1] - ends[0]) / (2e-4 * c), rel=1e-6)


def test_beyond_its_range_the_pressure_rises_in_proportion() -> None:
    solution = solution_of(mp.parse_case(BASE + "[properties]\n" + DENSITY + PHI))
    (limit,) = solution.limit
    there, (slope,) = solution.pressure([1.5 * limit])
    assert there == pytest.approx(1.5 * solution.pressure([limit])[0], rel=1e-9)
    assert slope == pytest.approx(there / (1.5 * limit), rel=1e-9)


def test_a_density_alone_makes_the_molality_of_pitzers_model() -> None:
    """A density that equals the model's own at one concentration gives the same osmotic pressure there."""
    own = mp.parse_case(BASE.replace('"35 g/L"', '"35 g/kg"'))
    c, mass = own.left.concentration["NaCl"], own.solutes["NaCl"].molar_mass
    rho = c * mass / 0.035
    text = f'density = {{ polynomial = [{rho - 700.0 * 0.035!r}, 700.0], unit = "kg/m^3" }}\n'
    other = mp.parse_case(BASE + "[properties]\n" + text)
    value, (slope,) = solution_of(other).pressure([c])
    assert value == pytest.approx(solution_of(own).pressure([c])[0], rel=1e-9)
    ends = [solution_of(other).pressure([c + d])[0] for d in (-0.1, 0.1)]
    assert slope == pytest.approx((ends[1] - ends[0]) / 0.2, rel=1e-6)


def test_it_holds_in_a_case_without_a_module() -> None:
    """The polynomial decides where two pistons come to rest, as any osmotic model does."""
    text = BASE.replace('concentration = { NaCl = "1 g/L" }', 'concentration = { NaCl = "35 g/L" }\npressure = "0 bar"')
    ideal = mp.equilibrium(mp.parse_case(text.replace("pitzer", "ideal")).with_values({"left.pressure": "5 bar"}))
    given = mp.equilibrium(
        mp.parse_case(text + "[properties]\n" + DENSITY + PHI).with_values({"left.pressure": "5 bar"})
    )
    ratio = given["displaced_volume_m"] / ideal["displaced_volume_m"]
    assert 1.0 < ratio < 1.2  # 5 bar displace more of a liquid with a lower osmotic pressure


def test_refused() -> None:
    two = BASE.replace("[solutes.NaCl]", "[solutes.NaCl]\n[solutes.glucose]").replace(" }", ', glucose = "0 g/L" }')
    with pytest.raises(mp.CaseError, match=r"properties\.density.*one solute"):
        mp.parse_case(two + "[properties]\n" + DENSITY)
    with pytest.raises(mp.CaseError, match="polynomial"):
        mp.parse_case(BASE + '[properties]\ndensity = "1000 kg/m^3"\n')
    with pytest.raises(mp.CaseError, match="unit"):
        mp.parse_case(BASE + "[properties]\ndensity = { polynomial = [995.0] }\n")
    with pytest.raises(mp.CaseError, match=r"solutes\.salt\.apparent_volume.*properties\.osmotic_coefficient"):
        mp.parse_case(
            BASE.replace("NaCl", "salt")
            .replace("pitzer", "ideal")
            .replace("[solutes.salt]", '[solutes.salt]\ndiffusivity = "1e-9 m^2/s"\nmolar_mass = "58 g/mol"')
            + "[properties]\n"
            + PHI
        )
