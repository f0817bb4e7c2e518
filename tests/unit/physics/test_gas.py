"""Fuller's diffusivity of two gases against measurements, and in a case."""

import math

import pytest

from membrane_pde.input.casefile import parse_case
from membrane_pde.input.errors import CaseError
from membrane_pde.physics.gas import diffusivity_scaling, fuller_diffusivity


def case_of(first: str, second: str, *, celsius: float = 20.0, pressure: str = "101325 Pa", more: str = "") -> str:
    return f"""phase = "gas"
temperature = "{celsius} degC"
[solutes.{first}]
[solutes.{second}]
{more}
[left]
length = "10 cm"
pressure = "{pressure}"
concentration = {{ {first} = "100 %", {second} = "0 %" }}
[right]
length = "10 cm"
pressure = "{pressure}"
concentration = {{ {first} = "0 %", {second} = "100 %" }}
[membrane]
type = "none"
[run]
duration = "10 s"
"""


def test_symmetry_pressure_and_temperature() -> None:
    oxygen, nitrogen = (0.031998, 16.3e-6), (0.028014, 18.5e-6)
    mass, volume = zip(oxygen, nitrogen, strict=True)
    here = fuller_diffusivity(293.15, 101325.0, mass, volume)
    assert fuller_diffusivity(293.15, 101325.0, mass[::-1], volume[::-1]) == pytest.approx(here, rel=1e-15)
    assert fuller_diffusivity(293.15, 50662.5, mass, volume) == pytest.approx(2 * here, rel=1e-14)
    assert fuller_diffusivity(373.15, 101325.0, mass, volume) / here == pytest.approx(
        diffusivity_scaling(373.15, 293.15), rel=1e-14
    )
    # by hand, in the units of the equation
    by_hand = 0.00143 * 293.15**1.75 / (1.01325 * math.sqrt(2 / (1 / 31.998 + 1 / 28.014)))
    assert here == pytest.approx(1e-4 * by_hand / (16.3 ** (1 / 3) + 18.5 ** (1 / 3)) ** 2, rel=1e-12)


def test_a_case_follows_temperature_and_pressure() -> None:
    case = parse_case(case_of("O2", "N2"))
    cold = case.solutes["O2"].diffusivity
    warm = case.with_values({"temperature": "100 degC"})
    assert warm.solutes["N2"].diffusivity / cold == pytest.approx((373.15 / 293.15) ** 1.75, rel=1e-12)
    dense = case.with_values({"left.pressure": "2 atm", "right.pressure": "2 atm"})
    assert dense.solutes["O2"].diffusivity == pytest.approx(cold / 2, rel=1e-12)


def test_a_given_diffusivity_comes_first() -> None:
    both = {f"solutes.{gas}.diffusivity": "0.2 cm^2/s" for gas in ("O2", "N2")}
    case = parse_case(case_of("O2", "N2")).with_values(both)
    assert case.solutes["O2"].diffusivity == 2e-5
    one = parse_case(case_of("O2", "N2")).with_values({"solutes.N2.diffusivity": "0.2 cm^2/s"})
    assert one.solutes["O2"].diffusivity == one.solutes["N2"].diffusivity == 2e-5  # the pair has one
    with pytest.raises(CaseError, match=r"solutes.N2.diffusivity differs from solutes.O2.diffusivity"):
        case.with_values({"solutes.N2.diffusivity": "0.3 cm^2/s"})
    scaled = case.with_values({f"solutes.{gas}.reference_temperature": "0 degC" for gas in ("O2", "N2")})
    assert scaled.solutes["O2"].diffusivity == pytest.approx(2e-5 * (293.15 / 273.15) ** 1.75, rel=1e-12)


def test_own_gases() -> None:
    own = """[solutes.A]
molar_mass = "31.998 g/mol"
diffusion_volume = "16.3 cm^3/mol"
"""
    text = case_of("O2", "N2")
    mine = text.replace("[solutes.O2]\n", own).replace("O2 =", "A =")
    assert parse_case(mine).solutes["A"].diffusivity == parse_case(text).solutes["O2"].diffusivity
    changed = parse_case(text).with_values({"solutes.O2.diffusion_volume": "26.9 cm^3/mol"})
    assert changed.solutes["N2"].diffusivity < parse_case(text).solutes["N2"].diffusivity


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            case_of("O2", "B", more='molar_mass = "20 g/mol"'),
            ["solutes.B.diffusion_volume is missing", '"18.5 cm^3/mol"', "or give the diffusivity"],
        ),
        (
            case_of("O2", "B", more='diffusion_volume = "20 cm^3/mol"'),
            ["solutes.B.molar_mass is missing", "or give the diffusivity"],
        ),
        (
            case_of("O2", "N2", more="[solutes.CO2]")
            .replace('= "0 %"', '= "0 %", CO2 = "0 %"', 1)
            .replace('O2 = "0 %", N2 = "100 %"', 'O2 = "0 %", CO2 = "0 %", N2 = "100 %"'),
            ["solutes.O2.diffusivity is missing", "for two gases only, not for 3", '"2e-5 m^2/s"'],
        ),
        (case_of("O2", "N2", more='diffusion_volume = "20 g/mol"'), ["diffusion_volume", "a molar volume"]),
        (case_of("O2", "N2", more='reference_temperature = "20 degC"'), ["beside a diffusivity"]),
    ],
)
def test_what_is_missing(text: str, parts: list[str]) -> None:
    with pytest.raises(CaseError) as error:
        parse_case(text)
    for part in parts:
        assert part in str(error.value)


def test_one_gas_needs_a_diffusivity() -> None:
    text = """phase = "gas"
[solutes.O2]
[left]
length = "10 cm"
pressure = "1 atm"
concentration = { O2 = "21 %" }
[right]
length = "10 cm"
pressure = "1 atm"
concentration = { O2 = "0 %" }
[membrane]
type = "none"
[run]
duration = "10 s"
"""
    with pytest.raises(CaseError, match=r"for two gases only, not for 1"):
        parse_case(text)
    assert parse_case(text.replace("[solutes.O2]", '[solutes.O2]\ndiffusivity = "2e-5 m^2/s"')).warnings == ()


def test_beyond_the_measurements_is_a_warning() -> None:
    (warning,) = parse_case(case_of("O2", "N2", celsius=600)).away_from_source
    assert "0 to 400 degC" in warning
    given = {f"solutes.{gas}.diffusivity": "1 cm^2/s" for gas in ("O2", "N2")}
    assert parse_case(case_of("O2", "N2", celsius=600)).with_values(given).away_from_source == ()


def test_a_gas_of_the_library_dissolves() -> None:
    text = """[solutes.O2]
[left]
length = "1 mm"
concentration = { O2 = "0.2 mmol/L" }
[right]
length = "1 mm"
concentration = { O2 = "0 mol/L" }
[membrane]
type = "none"
[run]
duration = "10 s"
"""
    assert parse_case(text).solutes["O2"].diffusivity == pytest.approx(2.40e-9)  # in water, from 25 degC to 25 degC
    with pytest.raises(CaseError, match=r'solutes.Ar.diffusivity is missing: the library has "Ar" as a gas only'):
        parse_case(text.replace("O2", "Ar"))
