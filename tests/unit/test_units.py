"""Units: every expected number is worked out here from the units' definitions, not by the code under test."""

import subprocess
import sys

import pytest

from membrane_pde import units
from membrane_pde.units import UnitError, parse, parse_concentration, split, to

HOUR, DAY, LITRE = 3600.0, 86400.0, 1e-3
BAR, ATM = 1e5, 101325.0
INCH, FOOT, GALLON = 0.0254, 0.3048, 231 * 0.0254**3  # the US gallon is 231 cubic inches
PSI = 0.45359237 * 9.80665 / INCH**2
MMHG = 13595.1 * 9.80665 * 1e-3
LMH = LITRE / HOUR
GFD = GALLON / FOOT**2 / DAY


@pytest.mark.parametrize(
    ("text", "dimension", "expected"),
    [
        ("50 bar", "pressure", 50 * BAR),
        ("50bar", "pressure", 50 * BAR),
        ("  50   bar ", "pressure", 50 * BAR),
        ("-0.5 bar", "pressure", -0.5 * BAR),
        ("+.5 bar", "pressure", 0.5 * BAR),
        ("5.e1 bar", "pressure", 50 * BAR),
        ("5.5 MPa", "pressure", 5.5e6),
        ("1 atm", "pressure", ATM),
        ("800 psi", "pressure", 800 * PSI),
        ("800 psig", "pressure", 800 * PSI),
        ("760 mmHg", "pressure", 760 * MMHG),
        ("3 barg", "pressure", 3 * BAR),
        ("1 LMH/bar", "water_permeability", LMH / BAR),
        ("1 L/m^2/h/bar", "water_permeability", LMH / BAR),
        ("1 L/m^2/hour/bar", "water_permeability", LMH / BAR),
        ("1 L/m2/h/bar", "water_permeability", LMH / BAR),
        ("1 L/(m² h bar)", "water_permeability", LMH / BAR),
        ("1 L m-2 h-1 bar-1", "water_permeability", LMH / BAR),
        ("1 L·m⁻²·h⁻¹·bar⁻¹", "water_permeability", LMH / BAR),
        ("2.5 gfd/psi", "water_permeability", 2.5 * GFD / PSI),
        ("3e-12 m/s/Pa", "water_permeability", 3e-12),
        ("0.3 LMH", "permeability", 0.3 * LMH),
        ("20 gfd", "permeability", 20 * GFD),
        ("3.5e-8 m/s", "permeability", 3.5e-8),
        ("1.6e-5 cm^2/s", "diffusivity", 1.6e-9),
        ("1.6e-9 m2/s", "diffusivity", 1.6e-9),
        ("1.6e-9 m**2/s", "diffusivity", 1.6e-9),
        ("50 um", "length", 50e-6),
        ("50 µm", "length", 50e-6),  # micro sign, U+00B5
        ("50 μm", "length", 50e-6),  # Greek mu, U+03BC
        ("2 in", "length", 2 * INCH),
        ("1.5 h", "time", 5400.0),
        ("2 days", "time", 2 * DAY),
        ("3 min", "time", 180.0),
        ("25 degC", "temperature", 298.15),
        ("25 °C", "temperature", 298.15),
        ("25°C", "temperature", 298.15),
        ("-10 degC", "temperature", 263.15),
        ("77 degF", "temperature", 298.15),
        ("300 K", "temperature", 300.0),
        ("40 kDa", "molar_mass", 40.0),
        ("18 Da", "molar_mass", 0.018),
        ("58.44 g/mol", "molar_mass", 0.05844),
        ("20 kJ/mol", "molar_energy", 20e3),
        ("5 kcal/mol", "molar_energy", 5 * 4184.0),
        ("21950 J/mol", "molar_energy", 21950.0),
        ("16.3 cm^3/mol", "molar_volume", 16.3e-6),
        ("16.3 mL/mol", "molar_volume", 16.3e-6),
        ("2e5 1/m", "inverse_length", 2e5),
        ("2e5 /m", "inverse_length", 2e5),
        ("2e5 m^-1", "inverse_length", 2e5),
        ("0.2 1/um", "inverse_length", 2e5),
        ("0.2 m^2/m^2", "ratio", 0.2),
        ("5 %", "ratio", 0.05),
    ],
)
def test_quantity(text, dimension, expected):
    assert parse(text, dimension) == pytest.approx(expected, rel=1e-14, abs=0)


def test_plain_decimals_stay_exact():
    assert parse("25 degC", "temperature") == 298.15
    assert parse("50 um", "length") == 5e-5
    assert parse("60 bar", "pressure") == 6e6
    assert parse_concentration("0.6 mol/L")[0] == 600.0
    assert parse_concentration("35 g/L")[0] == 35.0


@pytest.mark.parametrize(
    ("text", "expected", "kind"),
    [
        ("0.6 mol/L", 600.0, "amount"),
        ("0.6 M", 600.0, "amount"),
        ("140 mmol/L", 140.0, "amount"),
        ("5 mM", 5.0, "amount"),
        ("3 mol/m3", 3.0, "amount"),
        ("35 g/L", 35.0, "mass"),
        ("35 kg/m^3", 35.0, "mass"),
        ("90 mg/dL", 0.9, "mass"),
        ("1e8/mL", 1e14, "count"),
        ("1e8 /mL", 1e14, "count"),
        ("1e8 1/mL", 1e14, "count"),
        ("1e8 count/mL", 1e14, "count"),
        ("300 mOsm/L", 300.0, "osmoles"),
        ("0.3 Osm/L", 300.0, "osmoles"),
        ("300 mosmol/kg", 0.3, "osmolality"),
        ("1 mol/kg", 1.0, "molality"),
        ("32000 ppm", 0.032, "fraction"),
        ("3.5 %", 0.035, "fraction"),
        ("35 g/kg", 0.035, "mass fraction"),
        ("0.5 mol/mol", 0.5, "mole fraction"),
        ("0.2 L/m^3", 2e-4, "volume fraction"),
    ],
)
def test_concentration(text, expected, kind):
    value, found = parse_concentration(text)
    assert value == pytest.approx(expected, rel=1e-14)
    assert found == kind


MALFORMED = [
    ("", "an empty text"),
    ("   ", "an empty text"),
    ("bar", "a unit without a number"),
    ("°C", "a unit without a number"),
    ("50", "a number without a unit"),
    ("1e3", "a number without a unit"),
    ("1,5 bar", 'write a decimal point, and no commas: "1.5 bar"'),
    ("1,000.5 bar", "write a decimal point, and no commas"),
    (",5 bar", "write a decimal point"),
    ("1'000 bar", "more than one number"),
    ("1_000 bar", "more than one number"),
    ("1 000 bar", "more than one number"),
    ("5 3 bar", "more than one number"),
    ("1.5.2 bar", "more than one number"),
    ("5 bar 3", "more than one number"),
    ("5 10 bar", "more than one number"),
    ("2*3 bar", "arithmetic"),
    ("2 * bar", "arithmetic"),
    ("1/2 bar", "arithmetic"),
    ("5 + 3 bar", "arithmetic"),
    ("5-3 bar", "arithmetic"),
    ("10**3 Pa", "arithmetic"),
    ("10^3 Pa", "arithmetic"),
    ("6×10^5 Pa", "arithmetic"),
    ("(5) bar", "expected one number"),
    ("~5 bar", "expected one number"),
    ("<5 bar", "expected one number"),
    ("$5", "expected one number"),
    ("nan bar", "not a finite number"),
    ("NaN bar", "not a finite number"),
    ("inf bar", "not a finite number"),
    ("-inf bar", "not a finite number"),
    ("1e999 bar", "too large"),
    ("1e308 Mbar", "too large"),
    ("−5 bar", 'ordinary minus sign: "-5 bar"'),
    ("5 bar + 3 bar", '"+" does not belong in a unit'),
    ("5 bar; 3 bar", '";" does not belong in a unit'),
    ("5 bar\n6 bar", "does not belong in a unit"),
    ("5 __import__('os')", "more than one number"),
    ("5 bar()", "is not a unit expression"),
    ("5 bar/", "is not a unit expression"),
    ("5 (bar", "arithmetic"),
    ("5 Bar", 'did you mean "bar"? (units are case-sensitive)'),
    ("5 MPA", 'did you mean "MPa"? (units are case-sensitive)'),
    ("5 bara", "gauge pressures"),
    ("5 baar", 'did you mean "bar"?'),
    ("5 qqqq", 'unknown unit "qqqq"'),
    ("5 m", "this is a length, expected a pressure"),
    ("5 N", "this is a force"),
    ("5 bar^2", "this is a quantity of dimension"),
    ("5 degC", "this is a temperature"),
    ("5 ℃", 'did you mean "5 degC"?'),
    ("٥ bar", "expected one number"),
    ("0x10 bar", "more than one number"),
    ("5 " + "x" * 500, "longer than 100 characters"),
]


@pytest.mark.parametrize(("text", "message"), MALFORMED)
def test_malformed(text, message):
    with pytest.raises(UnitError) as error:
        parse(text, "pressure")
    assert message in str(error.value)
    assert "xpected" in str(error.value)  # always says what belongs there
    assert len(str(error.value)) < 250


@pytest.mark.parametrize("text", [text for text, _ in MALFORMED if text not in ("5 m", "5 N", "5 bar^2", "5 degC")])
def test_malformed_concentration(text):
    with pytest.raises(UnitError):
        parse_concentration(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("20 C", "20 degC"), ("20 F", "20 degF"), ("20C", "20 degC"), ("20 deg C", "20 degC"), ("20 c", "20 degC")],
)
def test_temperature_slips(text, meant):
    with pytest.raises(UnitError, match=f'did you mean "{meant}"'):
        parse(text, "temperature")


@pytest.mark.parametrize(("text", "dimension", "meant"), [("1 H", "time", "1 h"), ("1 S", "time", "1 s")])
def test_wrong_case_is_another_unit(text, dimension, meant):
    with pytest.raises(UnitError, match=f'did you mean "{meant}"\\? \\(units are case-sensitive\\)'):
        parse(text, dimension)


@pytest.mark.parametrize("text", ["5 bar", "5 m^2/m", "5 %/L", "5 ppm/L", "5 mol", "5 s"])
def test_not_a_concentration(text):
    with pytest.raises(UnitError, match="expected a concentration"):
        parse_concentration(text)


def test_split():
    assert split("35 g/L") == (35.0, "g/L")
    assert split("-1.5e-3 m") == (-0.0015, "m")


def test_to_is_the_way_back():
    assert to(298.15, "degC") == pytest.approx(25, rel=1e-14)
    assert to(298.15, "degF") == pytest.approx(77, rel=1e-14)
    assert to(6e6, "bar") == 60.0
    assert to(LMH, "L/m^2/hour") == pytest.approx(1, rel=1e-14)
    for dimension in units.DIMENSIONS.values():
        if dimension.si:
            assert to(1.25, dimension.si) == 1.25


def test_examples_parse():
    for name, dimension in units.DIMENSIONS.items():
        read = parse_concentration if name == "concentration" else lambda text, n=name: parse(text, n)
        assert read(dimension.example)


def test_pint_waits_for_a_unit_that_is_not_written_down():
    code = (
        "import sys; import membrane_pde.casefile; "
        "assert 'pint' not in sys.modules; assert 'numpy' not in sys.modules; "
        "from membrane_pde import units; units.parse('1 bar', 'pressure'); assert 'pint' not in sys.modules; "
        "units.parse('1 inHg', 'pressure'); assert 'pint' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_written_down_is_what_pint_says(monkeypatch):
    written = {unit: units._unit.__wrapped__(unit) for unit in units._KNOWN}
    monkeypatch.setattr(units, "_KNOWN", {})
    units._unit.cache_clear()  # what a fraction is of is looked up there
    assert {unit: units._unit.__wrapped__(unit) for unit in written} == written
    assert all(units._normalise(unit) == unit for unit in written)  # or it would never be found


def test_what_the_package_itself_writes_is_written_down(monkeypatch):
    monkeypatch.setattr(units, "_registry", lambda: pytest.fail("pint was asked"))
    units._unit.cache_clear()
    for dimension in units.DIMENSIONS.values():
        units._unit(dimension.si)
        units._unit(split(dimension.example)[1])
    units._concentration_kinds.__wrapped__()


def test_pint_is_asked_once_a_unit(monkeypatch):
    parse("1 inHg", "pressure")
    monkeypatch.setattr(units, "_registry", lambda: pytest.fail("pint was asked again"))
    assert parse("7 inHg", "pressure") == 7 * parse("1 inHg", "pressure")
