"""Units: every expected number is worked out here from the units' definitions, not by the code under test."""

import re
import subprocess
import sys

import pytest

from membrane_pde.input import spelling, unit_lookup, units
from membrane_pde.input.errors import UnitError
from membrane_pde.input.units import parse, parse_concentration, split, to
from tests.malformed import MALFORMED

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
    with pytest.raises(UnitError, match="xpected a concentration"):
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
        "import sys; import membrane_pde.input.casefile; "
        "assert 'pint' not in sys.modules; assert 'numpy' not in sys.modules; "
        "from membrane_pde.input import units; units.parse('1 bar', 'pressure'); assert 'pint' not in sys.modules; "
        "units.parse('1 inHg', 'pressure'); assert 'pint' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_written_down_is_what_pint_says(monkeypatch):
    written = {unit: unit_lookup.find_unit.__wrapped__(unit) for unit in unit_lookup._KNOWN}
    monkeypatch.setattr(unit_lookup, "_KNOWN", {})
    unit_lookup.find_unit.cache_clear()  # what a fraction is of is looked up there
    assert {unit: unit_lookup.find_unit.__wrapped__(unit) for unit in written} == written
    assert all(unit_lookup._normalise(unit) == unit for unit in written)  # or it would never be found


def test_what_the_package_itself_writes_is_written_down(monkeypatch):
    monkeypatch.setattr(unit_lookup, "_registry", lambda: pytest.fail("pint was asked"))
    unit_lookup.find_unit.cache_clear()
    for dimension in units.DIMENSIONS.values():
        unit_lookup.find_unit(dimension.si)
        unit_lookup.find_unit(split(dimension.example)[1])
    units._concentration_kinds.__wrapped__()


def test_pint_is_asked_once_a_unit(monkeypatch):
    parse("1 inHg", "pressure")
    monkeypatch.setattr(unit_lookup, "_registry", lambda: pytest.fail("pint was asked again"))
    assert parse("7 inHg", "pressure") == 7 * parse("1 inHg", "pressure")


# -- temperatures -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "kelvin"),
    [
        ("21.8 celsius", 294.95),
        ("1.2 celsius", 274.35),
        ("20 degree_Celsius", 293.15),
        ("20 degreeC", 293.15),
        ("20 ˚C", 293.15),  # ring above, U+02DA
        ("20 º C", 293.15),  # masculine ordinal, U+00BA
        ("20 ⁰C", 293.15),  # superscript zero, U+2070
        ("20 ℃", 293.15),
        ("68 fahrenheit", 293.15),
        ("68 degree_Fahrenheit", 293.15),
        ("68 ℉", 293.15),
        ("16 reaumur", 293.15),  # 80 degrees between freezing and boiling
        ("16 degRe", 293.15),
        ("527.67 degR", 293.15),
        ("293.15 degK", 293.15),
        ("293.15 kelvin", 293.15),
    ],
)
def test_a_temperature_is_converted_with_its_offset(text, kelvin):
    assert parse(text, "temperature") == pytest.approx(kelvin, rel=1e-14)


def test_every_temperature_that_pint_knows_is_converted_or_refused():
    registry = unit_lookup._registry()
    prefixes = ["", "milli", "m", "kilo", "k", "micro", "M"]
    read = 0
    for name in registry._units:
        try:
            dimensionality = registry.parse_units(name).dimensionality
        except Exception:
            continue
        if dict(dimensionality) != {"[temperature]": 1}:
            continue
        for word in (prefix + name for prefix in prefixes):
            for unit in (word, f"{word}s", f"1/{word}", f"{word}^2", f"{word}/K*K", f"K*{word}/{word}"):
                try:
                    kelvin = parse(f"20 {unit}", "temperature")
                except UnitError:
                    continue
                assert not name.startswith(("delta_", "Δ"))
                right = registry.Quantity(20.0, registry.parse_units(unit, as_delta=False)).to("kelvin").magnitude
                assert kelvin == pytest.approx(right, rel=1e-12)
                read += 1
    assert read > 20


@pytest.mark.parametrize("text", ["5 1/celsius", "5 J/degC", "5 m/degF", "5 mdegC", "5 degC^2", "5 degC*m/m"])
def test_a_temperature_with_an_offset_stands_alone(text):
    for dimension in (*units.DIMENSIONS,):
        with pytest.raises(UnitError):
            parse_concentration(text) if dimension == "concentration" else parse(text, dimension)


# -- shares -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "expected", "kind"),
    [
        ("3.5 %", 0.035, "fraction"),
        ("35 ‰", 0.035, "fraction"),
        ("35 permille", 0.035, "fraction"),
        ("300 ppb", 3e-7, "fraction"),
        ("3.5 % w/w", 0.035, "mass fraction"),
        ("3.5 % (w/w)", 0.035, "mass fraction"),
        ("3.5 w/w %", 0.035, "mass fraction"),
        ("3.5 % m/m", 0.035, "mass fraction"),
        ("3.5 wt%", 0.035, "mass fraction"),
        ("3.5 wt.-%", 0.035, "mass fraction"),
        ("3.5 % by weight", 0.035, "mass fraction"),
        ("300 ppmw", 3e-4, "mass fraction"),
        ("0.035 w/w", 0.035, "mass fraction"),
        ("0.035 m/m", 0.035, "mass fraction"),
        ("35 ‰ w/w", 0.035, "mass fraction"),
        ("40 % v/v", 0.4, "volume fraction"),
        ("40 vol%", 0.4, "volume fraction"),
        ("40 Vol.-%", 0.4, "volume fraction"),
        ("300 ppmv", 3e-4, "volume fraction"),
        ("0.4 v/v", 0.4, "volume fraction"),
        ("0.9 % w/v", 9.0, "mass"),  # 0.9 g in 100 mL
        ("0.9 % (m/v)", 9.0, "mass"),
        ("0.9 %w/v", 9.0, "mass"),
        ("0.9 g/100 mL", 9.0, "mass"),
        ("300 ppm w/v", 0.3, "mass"),  # mg/L
        ("20 mol%", 0.2, "mole fraction"),
        ("20 mol-%", 0.2, "mole fraction"),
        ("20 % mol/mol", 0.2, "mole fraction"),
        ("150 mOsM", 150.0, "osmoles"),
        ("150 mosM", 150.0, "osmoles"),
        ("5 mmoles/litre", 5.0, "amount"),
        ("0.6 mol/dm3", 600.0, "amount"),
        ("35 g L−1", 35.0, "mass"),  # minus sign, U+2212
        ("35 mcg/mL", 0.035, "mass"),
    ],
)
def test_a_share_means_one_thing(text, expected, kind):
    assert parse_concentration(text) == (pytest.approx(expected, rel=1e-14), kind)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("3.5 m%", '"3.5 % w/w"'),
        ("35 ppt", '"35 ‰" or "0.035 ppb"'),
        ("35 psu", '"35 g/kg"'),
        ("0.9 w/v", '"0.9 g/mL" or "0.9 % w/v"'),
        ("9 g%", '"9 g/dL"'),
        ("90 mg%", '"90 mg/dL"'),
        ("35 gr/L", '"35 g/L"'),
        ("35 gm/L", '"35 g/L"'),
        ("35 gm/lt", '"35 g/L"'),
        ("35 mgr/L", '"35 mg/L"'),
        ("35 Mg/L", '"35 mg/L"'),
        ("5 MM", '"5 mM"'),
        ("5 Mmol/L", '"5 mmol/L"'),
        ("5 mmol/ML", '"5 mmol/mL"'),
        ("5 MOsm/L", '"5 mOsm/L"'),
        ("300 mppm", '"300 ppm"'),
        ("1e6 cells/mL", '"1e6 1/mL"'),
        ("3 molal", '"3 mol/kg"'),
        ("3 m", '"3 mol/kg"'),
        ("5 mm", '"5 mM"'),
        ("150 mEq/L", "divide by the solute's charge"),
        ("35 g/L NaCl", '"35 g/L"'),
        ("35 g NaCl/L", '"35 g/L"'),
        ("300 mosm/kg H2O", '"300 mosm/kg"'),
        ("35 g per L", '"35 g/L"'),
        ("35 g.L-1", '"35 g L-1"'),
        ("0.6 mol", '"0.6 mol/L"'),
        ("300 mOsm", '"300 mOsm/L"'),
        ("5 x 10^-3 M", '"5e-3 M"'),
        ("5·10⁻³ M", '"5e-3 M"'),
        ("1.6×10^−1 M", '"1.6e-1 M"'),
        ("35,000 mg/L", '"35000 mg/L" or "35.0 mg/L"'),
        ("1,250 g/L", '"1250 g/L" or "1.25 g/L"'),
        ("0,035 g/L", '"0.035 g/L"'),
        ("1,000,000 ug/L", '"1000000 ug/L"'),
        ("35 000 mg/L", '"35000 mg/L"'),
        ("5 g/100 g", '"5 % w/w" or "4.7619 % w/w"'),  # 5 g in 105 g
        ("25 mg per 100g", '"0.025 % w/w" or "0.0249938 % w/w"'),  # 0.025 g in 100.025 g
        ("2 kg/100 kg", '"2 % w/w" or "1.96078 % w/w"'),  # 2 kg in 102 kg
        ("12 % ABV", '"12 % v/v"'),
        ("12 °Bx", '"12 % w/w"'),
        ("3.5 pct", '"3.5 %"'),
        ("3.5 per cent", '"3.5 %"'),
        ("35 per mille", '"35 ‰"'),
        ("35 parts per thousand", '"35 ‰"'),
        ("35 Gram/L", '"35 gram/L"'),
    ],
)
def test_what_people_mean_by_something_else_is_asked_for(text, meant):
    with pytest.raises(UnitError) as error:
        parse_concentration(text)
    assert meant in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "35 rad",
        "35 deg",
        "35 count",
        "35 g/kg g/g",
        "1 mol/mol mol/mol",
        "35 % g/L",
        "5 % mM",
        "1 m^2/m^2",
        "5 m/m/m*m",
        "2 M/M",
        "2 G/G",
        "35 g/L g/g",
        "35 mmol/L·L/L",
        "35 gNaCl/L",
    ],
)
def test_a_plain_ratio_is_no_concentration(text):
    with pytest.raises(UnitError, match=r"xpected a concentration"):
        parse_concentration(text)


@pytest.mark.parametrize(
    "text",
    [
        "10 bar abs/abs",
        "10 bar g/g",
        "10 bar m/m",
        "50 % bar",
        "10 bar %",
        "10 bar mg/g",
        "10 bar v/v",
        "1 bar s/ms",
        "10 bar bar/bar",
    ],
)
def test_words_that_cancel_are_looked_at(text):
    with pytest.raises(UnitError, match=r"xpected a pressure"):
        parse(text, "pressure")


@pytest.mark.parametrize("text", ["0.1 g/g", "0.1 w/w", "0.1 m/m", "2 rad", "5 % w/w", "0.1 mol/mol", "0.1 v/v"])
def test_what_is_no_ratio_of_areas(text):
    with pytest.raises(UnitError, match=r"xpected a ratio of areas"):
        parse(text, "ratio")


# -- other spellings --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "dimension", "expected"),
    [
        ("760 Torr", "pressure", ATM),
        ("10 bar(g)", "pressure", 10 * BAR),
        ("10 bar g", "pressure", 10 * BAR),
        ("760 mm Hg", "pressure", 760 * MMHG),
        ("10 cm H2O", "pressure", 1000 * 9.80665 * 0.1),
        ("−0.5 bar", "pressure", -0.5 * BAR),
        ("28 mil", "length", 28e-3 * INCH),
        ("28 mils", "length", 28e-3 * INCH),
        ("20 L m−2 h−1", "flux", 20 * LMH),
        ("2 hrs", "time", 7200.0),
    ],
)
def test_spellings_that_are_understood(text, dimension, expected):
    assert parse(text, dimension) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(
    ("text", "dimension", "meant"),
    [
        ("1 L/m2.h.bar", "water_permeability", "1 L/m2/h/bar"),
        ("1 L/m2 h bar", "water_permeability", "1 L/m2/h/bar"),
        ("1 L/m2h/bar", "water_permeability", "1 L/m2/h/bar"),
        ("20 gal/ft2-day", "flux", "20 gal/ft2/day"),
        ("20 lmh", "flux", "20 LMH"),
        ("10 kg/cm2", "pressure", "10 kgf/cm2"),
        ("100 lb/in2", "pressure", "100 lbf/in2"),
        ("10 Ba", "pressure", "10 bar"),
        ("1 Mbar", "pressure", "1 mbar"),
        ("10 pa", "pressure", "10 Pa"),
        ("5,000 psi", "pressure", '5000 psi" or "5.0 psi'),
        ("5 psia", "pressure", "-9.69595 psi"),  # 14.69595 psi is an atmosphere
        ("40 kD", "molar_mass", "40 kDa"),
        ("18 amu", "molar_mass", "18 Da"),
        ("5 Mm", "length", "5 mm"),
        ("60 rpm", "frequency", "60 1/min"),
        ("1 a", "time", "1 yr"),
        ("20 kj/mol", "molar_energy", "20 kJ/mol"),
        ("25 centigrade", "temperature", "25 degC"),
        ("25 grad C", "temperature", "25 degC"),
        ("25 oC", "temperature", "25 degC"),
        ("10 Pascal", "pressure", "10 pascal"),
        ("25°", "temperature", "25 degC"),
        ("298 k", "temperature", "298 K"),
    ],
)
def test_spellings_with_a_hint(text, dimension, meant):
    with pytest.raises(UnitError, match=f'did you mean "{re.escape(meant)}"'):
        parse(text, dimension)


def test_a_short_word_that_pint_knows_is_usual_or_not_read():
    """Whatever has the right dimension and up to three letters is one of a list that somebody has thought about."""
    registry = unit_lookup._registry()
    for name in registry._units:
        if len(name) > 3 or not name.isascii() or not name.isalpha():
            continue
        dimensionality = unit_lookup._sorted(registry.parse_units(name).dimensionality)
        for dimension, known in units.DIMENSIONS.items():
            if (
                dimension != "concentration"
                and unit_lookup.find_unit(known.si).dimensionality == dimensionality
                and known.si
            ):
                try:
                    parse(f"1 {name}", dimension)
                except UnitError:
                    continue
                assert spelling.is_usual(name, False) or name in ("mil",), name


@pytest.mark.parametrize("prefix", ["M", "G", "T", "h", "da", "P", "E", "a"])
@pytest.mark.parametrize("symbol", ["g", "L", "s", "M", "mol", "Osm", "min", "day", "h", "in", "gal", "ppm"])
def test_unusual_prefixes_are_refused(prefix, symbol):
    if prefix + symbol in ("hL", "Pa", "min", "Es"):
        return
    for dimension in units.DIMENSIONS:
        for unit in (prefix + symbol, f"{prefix}{symbol}/L", f"g/{prefix}{symbol}"):
            with pytest.raises(UnitError):
                parse_concentration(f"1 {unit}") if dimension == "concentration" else parse(f"1 {unit}", dimension)


def test_numbers_with_separators():
    for text, readings in {
        "35,000 mg/L": ["35000 mg/L", "35.0 mg/L"],
        "-1,5 bar": ["-1.5 bar"],
        "1,5e-9 m^2/s": ["1.5e-9 m^2/s"],
        ",5 bar": ["0.5 bar"],
        "1,000.5 bar": ["1000.5 bar"],
        "1.000,5 bar": ["1000.5 bar"],
        "1.000.000 Pa": ["1000000 Pa"],
        "12,34,567 Pa": [],
        "1.5.2 bar": [],
        "5 3 bar": [],
        "1'000 bar": ["1000 bar"],
        "1_000 bar": ["1000 bar"],
        "1\u202f000 bar": ["1000 bar"],
        "5 bar": [],
    }.items():
        assert spelling.numbers_meant(text) == readings, text
