"""A membrane's numbers in a case: which temperature they hold at, and what follows from pores."""

import json
import math
import warnings

import pytest

import membrane_pde as mp
from membrane_pde import cli, library
from membrane_pde.input import units
from membrane_pde.input.casefile import parse_case
from membrane_pde.input.errors import CaseError
from membrane_pde.physics import fluxes, hindered
from membrane_pde.physics.temperature import diffusivity_scaling, water_viscosity
from membrane_pde.show import report_case

R = 8.31446261815324  # J/(mol K)

CASE = """temperature = "35 degC"
[solutes.NaCl]
[solutes.urea]
[left]
length = "1 mm"
concentration = { NaCl = "1 g/L", urea = "1 mmol/L" }
[right]
length = "1 mm"
concentration = { NaCl = "0 g/L", urea = "0 mol/L" }
[membrane]
water_permeability = "3.6 L/m^2/hour/bar"
[membrane.solutes.NaCl]
permeability = "1e-7 m/s"
reflection = 0.9
[membrane.solutes.urea]
permeability = "1e-6 m/s"
reflection = 0.5
[run]
duration = "1 h"
"""
LIBRARY = (
    CASE[: CASE.index("[membrane]")]
    + """[membrane]
type = "SW30HR"
[membrane.solutes.urea]
permeability = "1e-6 m/s"
reflection = 0.5
[run]
duration = "1 h"
"""
)
PORES = (
    CASE[: CASE.index("[membrane]")].replace("[solutes.NaCl]", '[solutes.NaCl]\nradius = "0.152 nm"')
    + """[membrane]
pore_radius = "0.5 nm"
porosity_over_thickness = "2e5 1/m"
[run]
duration = "1 h"
"""
)
SW30HR = library.membranes()["SW30HR"]


def numbers(case):
    """L_p, and P of NaCl and of urea."""
    membrane = case.membrane
    return (membrane.water_permeability, *(membrane.solutes[s].permeability for s in ("NaCl", "urea")))


def factor(energy, reference=298.15, temperature=308.15):
    """As DESIGN §3a writes it."""
    return math.exp(-energy / R * (1 / temperature - 1 / reference))


def message(case_or_text, values=None):
    with pytest.raises(CaseError) as error:
        parse_case(case_or_text) if values is None else case_or_text.with_values(values)
    return str(error.value)


# ------------------------------------------------------------------------------------------------- temperature


def test_a_number_without_reference_temperature_holds_at_the_case_s():
    plain = parse_case(CASE)
    assert numbers(plain) == pytest.approx((1e-11, 1e-7, 1e-6), rel=1e-12, abs=0)
    assert plain.warnings == ()
    case = plain.with_values(
        {"membrane.activation_energy": "20 kJ/mol", "membrane.solutes.NaCl.activation_energy": "30 kJ/mol"}
    )
    assert numbers(case) == numbers(plain)
    assert len(case.warnings) == 2
    assert case.warnings[0].startswith("membrane.activation_energy has no effect: give the reference_temperature")
    assert case.warnings[1].startswith("membrane.solutes.NaCl.activation_energy has no effect")


def test_reference_temperature_stands_beside_every_number_of_the_membrane():
    given = {
        "membrane.reference_temperature": "25 degC",
        "membrane.activation_energy": "20 kJ/mol",
        "membrane.solutes.NaCl.activation_energy": "30 kJ/mol",
        "membrane.solutes.urea.activation_energy": "10 kcal/mol",
    }
    case = parse_case(CASE).with_values(given)
    expected = (1e-11 * factor(20e3), 1e-7 * factor(30e3), 1e-6 * factor(41840.0))
    assert numbers(case) == pytest.approx(expected, rel=1e-12, abs=0)
    assert expected[0] / 1e-11 == pytest.approx(1.2993, rel=1e-4)  # 20 kJ/mol, 10 K: 30 % more
    assert case.warnings == ()
    own = case.with_values({"membrane.solutes.urea.reference_temperature": "37 degC"})
    assert own.membrane.solutes["urea"].permeability == pytest.approx(1e-6 * factor(41840.0, 310.15), rel=1e-12, abs=0)
    assert numbers(own)[:2] == numbers(case)[:2]
    there = case.with_values({"temperature": "25 degC"})
    assert numbers(there) == pytest.approx((1e-11, 1e-7, 1e-6), rel=1e-15, abs=0)
    assert numbers(there.with_values({"temperature": "35 degC"})) == numbers(case)
    assert parse_case(case.to_toml()) == case


def test_only_the_solute_has_a_reference_temperature():
    one = {
        "membrane.solutes.NaCl.reference_temperature": "25 degC",
        "membrane.solutes.NaCl.activation_energy": "30 kJ/mol",
    }
    case = parse_case(CASE).with_values(one)
    assert numbers(case) == pytest.approx((1e-11, 1e-7 * factor(30e3), 1e-6), rel=1e-12, abs=0)


def test_without_activation_energy_the_number_stays_and_the_run_says_so():
    case = parse_case(CASE).with_values({"membrane.reference_temperature": "25 degC"})
    assert numbers(case) == numbers(parse_case(CASE))
    (told,) = case.away_from_source
    assert "membrane.water_permeability, membrane.solutes.NaCl.permeability, membrane.solutes.urea" in told
    assert "the activation energy is not known, so that the value measured at 25 degC is used at 35 degC." in told
    assert case.warnings == case.away_from_source
    assert case.with_values({"temperature": "25 degC"}).away_from_source == ()
    held = case.with_values({"membrane.water_permeability": "0 L/m^2/hour/bar"})
    assert "water_permeability" not in held.away_from_source[0]  # nothing to scale


def test_a_number_used_away_from_its_temperature_is_told_in_the_summary_once(tmp_path, capfd):
    path = tmp_path / "held.toml"
    path.write_text(CASE, encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    sooner = {"membrane.reference_temperature": "25 degC", "run.duration": "1 s", "run.outputs": 2}
    summary = mp.run(parse_case(text).with_values(sooner)).summary
    assert (
        summary["message"].count(
            "the activation energy is not known, so that the value measured at 25 degC is used at 35 degC"
        )
        == 1
    )
    cli.app(
        ["run", str(path), "--no-save", *(f"--set={key}={value}" for key, value in sooner.items())],
        standalone_mode=False,
    )
    told = capfd.readouterr()
    assert "activation energy is not known" not in told.err
    assert " ".join(told.out.split()).count("activation energy is not known") == 1
    cli.app(["equilibrium", str(path), "--set=membrane.reference_temperature=25 degC"], standalone_mode=False)
    assert capfd.readouterr().err.count("activation energy is not known") == 1


def test_a_library_membrane_follows_the_temperature():
    case = parse_case(LIBRARY)
    water = units.parse(SW30HR["water_permeability"]["value"], "water_permeability")
    salt = units.parse(SW30HR["solutes"]["NaCl"]["permeability"]["value"], "permeability")
    energy = units.parse(SW30HR["activation_energy"]["value"], "molar_energy")
    assert numbers(case) == pytest.approx((water * factor(energy), salt * factor(energy), 1e-6), rel=1e-12, abs=0)
    # the maker's correction for 35 degC: exp[2640 (1/298 - 1/308)]
    assert factor(energy) == pytest.approx(math.exp(2640 * (1 / 298 - 1 / 308)), rel=2e-3)
    assert numbers(case.with_values({"temperature": "25 degC"})) == pytest.approx((water, salt, 1e-6), rel=1e-15, abs=0)
    assert case.warnings == case.away_from_source == ()


def test_a_number_in_place_of_the_library_s_follows_the_temperature_as_that_does():
    """It holds at the library's 25 degC, and the run says so; a temperature of its own stands beside it."""
    case = parse_case(LIBRARY)
    energy = units.parse(SW30HR["activation_energy"]["value"], "molar_energy")
    own = case.with_values({"membrane.water_permeability": "1 L/m^2/hour/bar"})
    assert numbers(own)[0] == pytest.approx(factor(energy) / 3.6e11, rel=1e-12, abs=0)
    assert numbers(own)[1:] == numbers(case)[1:]  # the salt's is still the library's
    (told,) = own.warnings
    assert told.startswith(
        "membrane.water_permeability: assumed to be measured at 25 degC, like the library's value that it replaces"
    )
    assert told in mp.run(own.with_values({"run.duration": "1 s", "run.outputs": 2})).summary["message"]
    assert "membrane.water_permeability" not in " ".join(own.with_values({"temperature": "25 degC"}).warnings)
    salt = case.with_values({"membrane.solutes.NaCl.permeability": "2e-8 m/s"})
    assert numbers(salt)[1] == pytest.approx(2e-8 * factor(energy), rel=1e-12, abs=0)
    assert "membrane.solutes.NaCl.permeability: assumed to be measured at 25 degC" in salt.warnings[0]
    # the library's own number in its place changes nothing
    same = {"membrane.water_permeability": SW30HR["water_permeability"]["value"]}
    assert numbers(case.with_values(same)) == pytest.approx(numbers(case), rel=1e-14, abs=0)
    here = own.with_values({"membrane.reference_temperature": "35 degC"})
    assert numbers(here)[0] == pytest.approx(1 / 3.6e11, rel=1e-12, abs=0)
    beside = own.with_values({"membrane.reference_temperature": "15 degC"})  # the library's energy is the membrane's
    assert numbers(beside)[0] == pytest.approx(factor(energy, 288.15) / 3.6e11, rel=1e-12, abs=0)
    assert numbers(beside)[1] == numbers(case)[1]
    # urea's permeability stands beside it, too, and has no energy
    assert beside.away_from_source == (
        "membrane.solutes.urea.permeability: the activation energy is not known, so that the value measured at 15 degC "
        "is used at 35 degC.",
    )
    hotter = case.with_values({"membrane.activation_energy": "40 kJ/mol"})  # of the library's own number
    water = units.parse(SW30HR["water_permeability"]["value"], "water_permeability")
    assert numbers(hotter)[0] == pytest.approx(water * factor(40e3), rel=1e-12, abs=0)


def test_the_commands_of_a_user_agree(capfd):
    """The library's own number, written out, gives the flux that it gives: 20.96 L/m^2/h of sea water at 15 degC."""
    cold = ["run", "seawater_ro", "--no-save", "--json", "--set=temperature=15 degC"]
    fluxes = []
    for more in ([], ["--set=membrane.water_permeability=1.203 L/m^2/hour/bar"]):
        cli.app([*cold, *more], standalone_mode=False)
        fluxes.append(json.loads(capfd.readouterr().out)["water_flux_m_per_s"] * 3.6e6)
    assert fluxes[0] == pytest.approx(20.96, abs=0.005)
    assert fluxes[1] == pytest.approx(fluxes[0], rel=1e-9)


def test_a_fit_with_temperatures_finds_the_library_s_number_in_its_own_runs():
    """Fluxes at 10, 25 and 40 degC determine one permeability, that at 25 degC, wherever the fit starts from."""
    case = mp.load_case("seawater_ro").with_values({"temperature": "15 degC", "mesh.cells": 20})
    degrees = [10, 25, 40]
    runs = [mp.run(case.with_values({"temperature": f"{t} degC"})).summary["water_flux_m_per_s"] for t in degrees]
    data = {"temperature [degC]": degrees, "water_flux_m_per_s": runs}
    for start in (case, case.with_values({"membrane.water_permeability": "2 L/m^2/hour/bar"})):
        found = mp.fit(start, data, free=["membrane.water_permeability"])
        value = found.parameters["membrane.water_permeability"].value
        assert value * 3.6e11 == pytest.approx(1.203, rel=1e-6)
    assert found.message.startswith("membrane.water_permeability is the value at 25 degC.")


def test_numbers_of_the_file_that_a_changed_temperature_leaves_as_they_are():
    text = CASE.replace("[left]", '[left]\ndiffusivity = { urea = "1e-10 m^2/s" }', 1)
    text = text.replace("[solutes.urea]", '[solutes.urea]\ndiffusivity = "1.4e-9 m^2/s"', 1)
    case = parse_case(text)
    assert case.away_from_source == ()
    told = case.with_values({"temperature": "50 degC"}).away_from_source
    permeabilities = (
        "membrane.water_permeability, membrane.solutes.NaCl.permeability, membrane.solutes.urea.permeability"
    )
    assert [each.split(": still the value for 35 degC, although")[0] for each in told] == [
        "solutes.urea.diffusivity",
        "left.diffusivity.urea",
        permeabilities,
    ]
    assert told[0].endswith("with a reference_temperature beside it, a diffusivity is scaled with temperature.")
    following = {"temperature": "50 degC", "solutes.urea.reference_temperature": "35 degC"}  # as the sentence says
    assert len(case.with_values(following).away_from_source) == 2
    given = {"temperature": "50 degC", "membrane.water_permeability": "2e-11 m/s/Pa"}  # for that temperature, surely
    assert "membrane.water_permeability" not in " ".join(case.with_values(given).away_from_source)
    assert case.with_values({"temperature": "50 degC"}).with_values({"temperature": "35 degC"}).away_from_source == ()


def test_a_library_membrane_without_a_temperature_is_told_of_where_the_temperature_is_changed():
    case = parse_case(LIBRARY.replace("SW30HR", "HTI-TFC").replace("35 degC", "25 degC"))
    assert case.away_from_source == ()
    (told,) = (each for each in case.with_values({"temperature": "40 degC"}).away_from_source if "HTI-TFC" in each)
    assert told.startswith(
        "membrane.water_permeability, membrane.solutes.NaCl.permeability: used at 40 degC without scaling, because"
    )


def test_a_library_membrane_without_activation_energy_is_told_of(monkeypatch):
    without = {k: v for k, v in SW30HR.items() if k != "activation_energy"}
    monkeypatch.setattr(library, "membranes", lambda: {"SW30HR": without})
    (told,) = parse_case(LIBRARY).away_from_source
    assert told.startswith(
        "membrane.water_permeability: the activation energy is not known, so that the value measured at 25 degC is used"
    )


def test_zero_kelvin_steps_and_exact_identity():
    at_reference = {
        "membrane.reference_temperature": "35 degC",
        "membrane.activation_energy": "1 MJ/mol",
        "membrane.solutes.NaCl.activation_energy": "0 J/mol",
    }
    case = parse_case(CASE).with_values(at_reference)
    assert numbers(case) == numbers(parse_case(CASE))
    far = case.with_values({"membrane.reference_temperature": "5 degC", "membrane.activation_energy": "0 J/mol"})
    assert numbers(far) == numbers(parse_case(CASE))


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ({"membrane.solutes.NaCl.reference_temperature": "150 degC"}, ["NaCl.reference_temperature", "0 to 100 degC"]),
        ({"membrane.reference_temperature": "-5 degC"}, ["reference_temperature", "0 to 100 degC"]),
        ({"membrane.activation_energy": "-1 kJ/mol"}, ["membrane.activation_energy", "must not be negative"]),
        ({"membrane.activation_energy": "20 kJ"}, ["this is an energy", "an energy per amount", "20 kJ/mol"]),
        (
            {"membrane.reference_temperature": "0 degC", "membrane.activation_energy": "1 GJ/mol"},
            ["membrane.activation_energy = 1e+09 J/mol", "is the unit right?"],
        ),
        (
            {"membrane.reference_temperature": "99 degC", "membrane.activation_energy": "1 GJ/mol"},
            ["membrane.activation_energy", "is the unit right?"],
        ),
    ],
)
def test_bad_temperatures_and_energies(values, parts):
    found = message(parse_case(CASE), values)
    for part in parts:
        assert part in found


def test_reference_temperature_needs_a_number_beside_it():
    bare = LIBRARY.replace('permeability = "1e-6 m/s"\n', "")
    found = message(bare.replace('type = "SW30HR"', 'type = "SW30HR"\nreference_temperature = "20 degC"'))
    assert "membrane.reference_temperature stands beside a water_permeability" in found
    one = {"membrane.solutes.NaCl.reference_temperature": "20 degC"}
    assert "membrane.solutes.NaCl.reference_temperature stands beside a permeability" in message(
        parse_case(LIBRARY), one
    )


def test_show_has_the_scaled_values_and_where_they_come_from():
    rows = {path: (value, unit) for path, value, unit in report_case.case_table(parse_case(LIBRARY))}
    assert float(rows["membrane.water_permeability"][0]) == pytest.approx(numbers(parse_case(LIBRARY))[0], rel=1e-5)
    assert rows["membrane.reference_temperature"] == ("298.15", "K")
    assert rows["membrane.activation_energy"] == ("21950", "J/mol")
    assert rows["membrane.solutes.NaCl.reference_temperature"] == ("298.15", "K")
    porous = {path: (value, unit) for path, value, unit in report_case.case_table(parse_case(PORES))}
    assert porous["membrane.pore_radius"] == ("5e-10", "m")
    assert porous["membrane.porosity_over_thickness"] == ("200000", "1/m")
    assert porous["membrane.solutes.urea.reflection"][0] != "1"


# ------------------------------------------------------------------------------------------------- pores


def test_everything_follows_from_the_pores():
    case = parse_case(PORES)
    assert case.warnings == ()
    viscosity = float(water_viscosity(308.15))
    assert case.membrane.water_permeability == pytest.approx((0.5e-9) ** 2 * 2e5 / (8 * viscosity), rel=1e-14)
    for name, radius in (("NaCl", 0.152e-9), ("urea", 0.178e-9)):
        found = case.membrane.solutes[name]
        diffusivity = case.solutes[name].diffusivity
        assert found.permeability == pytest.approx(
            hindered.hindered_diffusion(radius / 0.5e-9) * diffusivity * 2e5, rel=1e-12
        )
        assert found.reflection == pytest.approx(1 - hindered.hindered_convection(radius / 0.5e-9), rel=1e-12, abs=0)
    # water through the pores follows its viscosity, the solutes their diffusivity
    warm = case.with_values({"temperature": "60 degC"})
    assert warm.membrane.water_permeability / case.membrane.water_permeability == pytest.approx(
        viscosity / float(water_viscosity(333.15)), rel=1e-12
    )
    rise = warm.membrane.solutes["urea"].permeability / case.membrane.solutes["urea"].permeability
    assert rise == pytest.approx(float(diffusivity_scaling(333.15, 308.15)), rel=1e-12, abs=0)
    assert warm.membrane.solutes["urea"].reflection == case.membrane.solutes["urea"].reflection


def test_limits_of_size():
    case = parse_case(PORES)
    for radius in ("0.5 nm", "0.6 nm", "1 um"):
        held = case.with_values({"solutes.urea.radius": radius}).membrane.solutes["urea"]
        assert (held.permeability, held.reflection) == (0.0, 1.0)
    point = case.with_values({"solutes.urea.radius": "1e-20 m"})
    free = point.membrane.solutes["urea"]
    assert free.permeability == pytest.approx(2e5 * point.solutes["urea"].diffusivity, rel=1e-6)
    assert free.reflection == pytest.approx(0.0, abs=1e-12)


def test_numbers_that_are_given_come_first():
    case = parse_case(PORES)
    values = {
        "membrane.water_permeability": "1 L/m^2/hour/bar",
        "membrane.solutes.urea.reflection": 0.25,
        "membrane.solutes.NaCl.permeability": "1e-7 m/s",
    }
    own = case.with_values(values).membrane
    assert own.water_permeability == pytest.approx(1 / 3.6e11, rel=1e-12, abs=0)
    assert own.solutes["urea"].reflection == 0.25
    assert own.solutes["urea"].permeability == case.membrane.solutes["urea"].permeability
    assert own.solutes["NaCl"].permeability == 1e-7
    assert own.solutes["NaCl"].reflection == case.membrane.solutes["NaCl"].reflection
    both = {"membrane.solutes.NaCl.permeability": "1e-7 m/s", "membrane.solutes.NaCl.reflection": 0.9}
    no_radius = PORES.replace('radius = "0.152 nm"\n', "")
    text = no_radius.replace("[run]", '[membrane.solutes.NaCl]\npermeability = "1e-7 m/s"\nreflection = 0.9\n[run]')
    assert parse_case(text).membrane.solutes["NaCl"] == case.with_values(both).membrane.solutes["NaCl"]
    scaled = case.with_values(
        {
            "membrane.water_permeability": "1 L/m^2/hour/bar",
            "membrane.reference_temperature": "25 degC",
            "membrane.activation_energy": "20 kJ/mol",
        }
    )
    assert scaled.membrane.water_permeability == pytest.approx(factor(20e3) / 3.6e11, rel=1e-12, abs=0)
    assert scaled.membrane.solutes == case.membrane.solutes
    assert scaled.warnings == ()
    dialysis = case.with_values({"membrane.water_permeability": "0 L/m^2/hour/bar"})
    assert dialysis.membrane.solutes["urea"].permeability == case.membrane.solutes["urea"].permeability


def test_an_activation_energy_beside_pores_does_nothing_and_says_so():
    case = parse_case(PORES).with_values({"membrane.activation_energy": "20 kJ/mol"})
    assert case.membrane.water_permeability == parse_case(PORES).membrane.water_permeability
    assert "membrane.activation_energy has no effect" in case.warnings[0]


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ('radius = "0.152 nm"\n', "", ["solutes.NaCl.radius is missing", '"0.3 nm"', "membrane.solutes.NaCl"]),
        ('pore_radius = "0.5 nm"\n', "", ["membrane.pore_radius is missing", '"0.5 nm"']),
        ('porosity_over_thickness = "2e5 1/m"\n', "", ["membrane.porosity_over_thickness is missing", '"2e5 1/m"']),
        ("[membrane]\n", '[membrane]\ntype = "ideal"\n', ["membrane.pore_radius", 'type = "ideal"']),
        ("[membrane]\n", '[membrane]\ntype = "none"\n', ["membrane.pore_radius", 'type = "none"']),
        ("[membrane]\n", '[membrane]\ntype = "SW30HR"\n', ["membrane.pore_radius", 'type = "SW30HR"']),
        ("[membrane]\n", '[membrane]\nflux_law = "solution-diffusion"\n', ["membrane.flux_law", "spiegler-kedem"]),
        ('"0.5 nm"', '"0 nm"', ["membrane.pore_radius", "more than zero"]),
        ('"0.5 nm"', '"5 1/m"', ["membrane.pore_radius", "this is a number per length", "a length"]),
        ('"2e5 1/m"', '"2e5 m"', ["porosity_over_thickness", "this is a length", "a number per length"]),
        ("[membrane]\n", '[membrane]\nreference_temperature = "20 degC"\n', ["stands beside a water_permeability"]),
        ("pore_radius", "poreradius", ["membrane.poreradius: unknown key", '"membrane.pore_radius"']),
    ],
)
def test_bad_pores(old, new, parts):
    assert old in PORES
    found = message(PORES.replace(old, new, 1))
    for part in parts:
        assert part in found
    assert len(found.splitlines()) <= 2


def test_a_gas_has_no_pores():
    text = PORES.replace('temperature = "35 degC"', 'temperature = "300 degC"\nphase = "gas"')
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "solutes.NaCl" in message(text) or "pressure" in message(text)


def test_sieving_of_any_sphere():
    membrane = parse_case(PORES).membrane
    flux = 1e-5
    assert membrane.sieving(0.5e-9, 308.15, flux) == (1.0, 1.0)
    assert membrane.sieving(1e-6, 308.15, flux) == (1.0, 1.0)
    sigma, rejection = membrane.sieving(0.178e-9, 308.15, flux)
    urea = parse_case(PORES).membrane.solutes["urea"]  # its radius is Stokes' of its diffusivity
    assert sigma == pytest.approx(urea.reflection, rel=1e-14)
    assert rejection == pytest.approx(fluxes.rejection(urea.permeability, urea.reflection, flux), rel=4e-3)
    assert 0 < rejection < sigma
    assert membrane.sieving(0.178e-9, 308.15, 1.0)[1] == pytest.approx(sigma, rel=1e-12, abs=0)
    with pytest.raises(ValueError, match="no pores"):
        parse_case(CASE).membrane.sieving(1e-9, 308.15, flux)
