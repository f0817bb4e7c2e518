"""A case with [module]: what is read, what follows from it, and what is refused."""

from __future__ import annotations

import math

import pytest

import membrane_pde as mp

VESSEL = """
temperature = "25 degC"
[solutes.NaCl]
[left]
concentration = { NaCl = "32 g/L" }
pressure = "55 bar"
[left.channel]
flow = "8 m^3/h"
height = "0.7 mm"
walls = 2
spacer_porosity = 0.9
[right]
pressure = "0.5 bar"
[membrane]
water_permeability = "1 L/m^2/hour/bar"
[membrane.solutes.NaCl]
permeability = "2e-8 m/s"
reflection = 1.0
[module]
area = "36 m^2"
length = "1 m"
elements = 7
vessels = 10
"""
DIALYSER = """
[solutes.urea]
[left]
concentration = { urea = "20 mmol/L" }
[left.channel]
flow = "200 mL/min"
fibres = { count = 10000, inner_diameter = "200 um" }
[right]
[right.channel]
flow = "500 mL/min"
hydraulic_diameter = "0.3 mm"
cross_section = "5 cm^2"
[right.concentration]
urea = "0 mol/L"
[membrane]
water_permeability = "0 L/m^2/hour/bar"
[membrane.solutes.urea]
permeability = "8e-6 m/s"
[module]
area = "1.5 m^2"
direction = "counter-current"
"""


def changed(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


def test_a_vessel_is_resolved() -> None:
    case = mp.parse_case(VESSEL)
    plant, (stage,) = case.plant, case.plant.stages
    assert (plant.feed, plant.other, plant.flowing, plant.recovery) == ("left", "right", ("left",), None)
    assert plant.flow["left"].values == (pytest.approx(8.0 / 3600.0),)
    assert (stage.vessels, len(stage.elements), stage.boost) == (10, 7, 0.0)
    assert plant.area == pytest.approx(10 * 7 * 36.0)
    element = stage.elements[0]
    assert element.left.width == pytest.approx(18.0)  # 36 m² = 2 walls · 18 m · 1 m
    assert element.left.section == pytest.approx(0.7e-3 * 18.0)
    assert element.left.open_area == pytest.approx(0.9 * 0.7e-3 * 18.0)
    assert element.left.hydraulic_diameter == pytest.approx(4 * 0.9 * 0.7e-3 / (2 + 0.8))
    assert element.left.volume == pytest.approx(0.9 * 0.7e-3 * 18.0)
    assert element.left.mass_transfer.name == "guillen-hoek"  # by default, with a spacer
    assert element.right.role == "permeate"
    assert element.membrane is case.membrane
    assert case.steady_only
    assert case.right.backflow == "collected"
    assert case.right.concentration == {"NaCl": 0.0}
    assert case.left.inlet["NaCl"].values == (case.left.concentration["NaCl"],)


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ('length = "2 m"\nwidth = "9 m"', (36.0, 2.0, 9.0)),
        ('area = "36 m^2"\nwidth = "9 m"', (36.0, 2.0, 9.0)),
        ('area = "36 m^2"\nlength = "2 m"', (36.0, 2.0, 9.0)),
    ],
)
def test_two_of_three_sizes_make_the_third(given: str, made: tuple[float, float, float]) -> None:
    case = mp.parse_case(changed(VESSEL, ('area = "36 m^2"\nlength = "1 m"', given)))
    assert (case.module.area, case.module.length, case.module.width) == pytest.approx(made)


def test_a_dialyser_is_resolved() -> None:
    case = mp.parse_case(DIALYSER)
    (element,) = case.plant.stages[0].elements
    assert case.plant.flowing == ("left", "right")
    assert case.plant.counter_current
    around = math.pi * 200e-6 * 10000
    assert element.length == pytest.approx(1.5 / around)
    assert element.left.open_area == pytest.approx(10000 * math.pi / 4 * 200e-6**2)
    assert element.left.hydraulic_diameter == pytest.approx(200e-6)
    assert element.right.open_area == pytest.approx(5e-4)
    assert element.right.hydraulic_diameter == pytest.approx(0.3e-3)


def test_velocity_is_superficial() -> None:
    case = mp.parse_case(changed(VESSEL, ('flow = "8 m^3/h"', 'velocity = "0.2 m/s"')))
    assert case.plant.flow["left"].values == (pytest.approx(0.2 * 0.7e-3 * 18.0),)


def test_a_dead_end_on_the_receiving_side() -> None:
    text = changed(DIALYSER, ('flow = "500 mL/min"', 'velocity = "0 m/s"'))
    plant = mp.parse_case(text).plant
    assert plant.flowing == ("left",)
    assert plant.stages[0].elements[0].right.role == "dead end"


def test_factors_of_age() -> None:
    case = mp.parse_case(VESSEL)
    aged = case.with_values({"membrane.flow_factor": 0.8, "membrane.salt_passage_factor": 1.5})
    assert aged.plant.stages[0].elements[0].membrane.water_permeability == pytest.approx(
        0.8 * case.membrane.water_permeability
    )
    assert aged.membrane.solutes["NaCl"].permeability == pytest.approx(1.5 * 2e-8)


def test_stages() -> None:
    text = VESSEL + '[[module.stage]]\nvessels = 4\n[[module.stage]]\nvessels = 2\nelements = 6\nboost = "5 bar"\n'
    first, second = mp.parse_case(text).plant.stages
    assert (first.vessels, len(first.elements), first.boost) == (4, 7, 0.0)
    assert (second.vessels, len(second.elements), second.boost) == (2, 6, pytest.approx(5e5))
    other = mp.parse_case(text).with_values({"module.stage.1.boost": "7 bar"})
    assert other.plant.stages[1].boost == pytest.approx(7e5)


def test_what_enters_follows_a_schedule() -> None:
    text = changed(
        VESSEL,
        (
            "[left.channel]",
            "[left.inlet]\nNaCl = { schedule = "
            '[["0 s", "30 g/L"], ["1 min", "40 g/L"]], shape = "ramp" }\n[left.channel]',
        ),
    )
    schedule = mp.parse_case(text).left.inlet["NaCl"]
    assert schedule.times == (0.0, 60.0)
    assert schedule.at(30.0) == pytest.approx(35.0 / 58.44e-3, rel=1e-4)


def test_a_tank_takes_totals() -> None:
    text = changed(
        VESSEL, ("[left.channel]", 'boundary = "bath"\nvolume = "2.52 m^3"\nbleed = "2.52 m^3/h"\n[left.channel]')
    )
    side = mp.parse_case(text).left
    assert side.volume == pytest.approx(1e-3)  # on 2520 m²
    assert side.bleed == pytest.approx(1e-3 / 3600)


def test_a_density_replaces_that_of_conversions() -> None:
    text = changed(VESSEL, ('"32 g/L"', '"35000 ppm"')) + (
        '[properties]\ndensity = { polynomial = [995.0, 756.0], unit = "kg/m^3" }\n'
    )
    case = mp.parse_case(text)
    assert case.left.concentration["NaCl"] == pytest.approx(
        0.035 * (995 + 756 * 0.035) / case.solutes["NaCl"].molar_mass
    )
    assert case.properties.given == ("density",)
    assert case.properties.density.coefficients == (995.0, 756.0)


def test_one_number_of_a_list_can_be_set() -> None:
    text = changed(VESSEL, ("walls = 2", "walls = 2\nmass_transfer = { sherwood = [0.46, 0.36, 0.36] }"))
    case = mp.parse_case(text).with_values({"left.channel.mass_transfer.sherwood.0": 0.2})
    law = case.plant.stages[0].elements[0].left.mass_transfer
    assert (law.a, law.b, law.c) == (0.2, 0.36, 0.36)


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        ([('flow = "8 m^3/h"', "")], ["left.channel.flow is missing", "velocity", "recovery"]),
        ([("height", 'velocity = "0.1 m/s"\nheight')], ["left.channel.flow and left.channel.velocity", "exactly one"]),
        ([('flow = "8 m^3/h"', 'velocity = "0 m/s"')], ["left.channel.velocity is 0", "dead end", "receiving side"]),
        ([('length = "1 m"', 'length = "1 m"\nwidth = "20 m"')], ["40 m^2", "36 m^2", "leave one"]),
        ([('length = "1 m"', "")], ["module.length is missing", "two of area, length and width"]),
        ([('water_permeability = "1 L/m^2/hour/bar"', "")], ["membrane.water_permeability", 'element = "SW30HR-380"']),
        ([('height = "0.7 mm"', "")], ["left.channel.height is missing", "fibres"]),
        ([('pressure = "55 bar"', 'pressure = { recovery = "100 %" }')], ["left.pressure", "runs dry"]),
        ([('pressure = "0.5 bar"', 'pressure = { recovery = "40 %" }')], ["right.pressure.recovery", "left"]),
        ([("[right]", '[right]\nboundary = "piston"')], ['right.boundary = "piston"', "drawn off"]),
        ([("[left.channel]", 'length = "1 mm"\n[left.channel]')], ["left.length", "[left.channel]"]),
        ([("[module]", '[energy]\npump = "120 %"\n[module]')], ["energy.pump", "0 to 100 %"]),
        ([("[module]", '[energy]\npump = "0 %"\n[module]')], ["energy.pump", "more than 0"]),
        (
            [("[module]", '[energy]\npressure_exchanger = { mixing = "100 %" }\n[module]')],
            ["energy.pressure_exchanger.mixing", "expected less"],
        ),
        (
            [('flow = "8 m^3/h"', 'recovery = "8 %"'), ("1 L/m^2/hour/bar", "0 L/m^2/hour/bar")],
            ["left.channel.recovery", "membrane.water_permeability is 0"],
        ),
        ([("[left.channel]", 'boundary = "bath"\nvolume = "-5 L"\n[left.channel]')], ["left.volume", "more than zero"]),
        ([("[left.channel]", 'boundary = "bath"\nvolume = "0 L"\n[left.channel]')], ["left.volume", "more than zero"]),
        ([("elements = 7", f"elements = 1{'0' * 400}")], ["elements", "whole number from 1 to 100"]),
        ([("[module]", f"[energy]\npump = 1{'0' * 400}\n[module]")], ["energy.pump", "0 to 100 %"]),
        ([("elements = 7", 'elements = ["SW-none"]')], ["SW-none", "no element of the library"]),
        ([('area = "36 m^2"\nlength = "1 m"\nelements = 7\nvessels = 10', ""), ("[module]", "")], ["[module]"]),
        ([("walls = 2", 'walls = 2\nmass_transfer = "levek"')], ["mass_transfer", "leveque"]),
        ([("walls = 2", "walls = 2\npressure_drop = { friction = [0, 1, 2] }")], ["friction", "at most 1"]),
    ],
)
def test_refused(pairs: list[tuple[str, str]], told: list[str]) -> None:
    with pytest.raises(mp.CaseError) as error:
        mp.parse_case(changed(VESSEL, *pairs))
    for part in told:
        assert part in str(error.value)


def test_one_way_to_say_how_much_flows_replaces_another() -> None:
    case = mp.parse_case(VESSEL)
    by_velocity = case.with_values({"left.channel.velocity": "0.2 m/s"})
    assert by_velocity.left.channel.flow is None
    assert by_velocity.with_values({"left.channel.recovery": "8 %"}).plant.recovery == 0.08
    assert case.with_values({"membrane.flow_factor": "0.8"}).membrane.flow_factor == 0.8


def test_overrides_of_lists_say_what_is_there() -> None:
    case = mp.parse_case(VESSEL)
    assert len(case.with_values({"module.elements": "5"}).plant.stages[0].elements) == 5
    for key in ("module.stage.0.boost", "left.channel.mass_transfer.sherwood.0"):
        with pytest.raises(mp.CaseError, match="has 0 entries, counted from 0; there is no 0"):
            case.with_values({key: "1"})


def test_warnings() -> None:
    fast = mp.parse_case(changed(VESSEL, ('"8 m^3/h"', '"400 m^3/h"'))).warnings
    assert any("guillen-hoek is valid for Reynolds numbers from 10 to 5000" in each for each in fast)
    assert any("pressure_drop: laminar is valid for Reynolds numbers below 2000" in each for each in fast)
    empty = mp.parse_case(changed(VESSEL, ("walls = 2", 'walls = 2\nmass_transfer = "leveque"'))).warnings
    assert any("this one has a spacer" in each for each in empty)
    library = VESSEL.split("[membrane]")[0].split("height")[0]
    library += '[membrane]\nelement = "BW30-400"\n[module]\n'
    passed = mp.parse_case(library.replace("8 m^3/h", "18 m^3/h")).warnings
    assert any("18 m^3/h is more than the maker of BW30-400 allows, 15.9 m^3/h" in each for each in passed)
    assert mp.parse_case(library).warnings == ()


def test_only_with_module() -> None:
    plain = '[solutes.NaCl]\n[left]\nlength = "1 mm"\nconcentration = { NaCl = "1 g/L" }\n[right]\nlength = "1 mm"\n'
    plain += 'concentration = { NaCl = "0 g/L" }\n[membrane]\ntype = "ideal"\n[run]\nduration = "1 s"\n'
    assert mp.parse_case(plain).module is None
    for key, value in (
        ("left.pressure", '{ recovery = "45 %" }'),
        ("right.inlet.NaCl", "1 g/L"),
        ("energy.pump", "80 %"),
        ("left.channel.flow", "1 m^3/h"),
    ):
        with pytest.raises(mp.CaseError, match=key.split(".")[0]):
            mp.parse_case(plain).with_values({key: value})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"module.elements": "1000"}, r"module\.elements = 1000: expected a whole number from 1 to 100"),
        ({"left.boundary": "tub"}, r'left\.boundary = "tub": a side with \[left\.channel\] can only have "bath"'),
        ({"right.boundary": "piston"}, r'right\.boundary = "piston": the permeate of a module is drawn off'),
        ({"run.until": "duration"}, r"run\.duration is missing"),
        ({"run.until": "equilibrium"}, "in a module something always flows"),
        ({"run.solver": "fipy", "run.duration": "1 min"}, r'solved by FiPy; expected "rosenbrock" or "cvode"'),
        ({"run.until": "equilibrium", "run.duration": "1 min"}, "in a module something always flows"),
    ],
)
def test_what_a_module_cannot_have_is_told_of_modules(changes: dict[str, str], words: str) -> None:
    with pytest.raises(mp.CaseError, match=words):
        mp.parse_case(VESSEL).with_values(changes)


@pytest.mark.parametrize("until", ["steady", None])
def test_a_steady_state_can_be_asked_for_by_name(until: str | None) -> None:
    case = mp.parse_case(VESSEL)
    assert (case if until is None else case.with_values({"run.until": until})).steady_only


@pytest.mark.parametrize(
    ("key", "polynomial", "words"),
    [
        ("osmotic_coefficient", [-0.9, 0.1], "the osmotic coefficient is -0.9 in pure water"),
        ("osmotic_coefficient", [0.9, -40.0], r"at the mass fraction of left\.concentration\.NaCl, 0\.03"),
        ("viscosity", [0.0], "the viscosity is 0 Pa s in pure water"),
        ("diffusivity", [1e-9, -1e-7], r"the diffusivity is -2\.\d+e-09 m\^2/s at the mass fraction"),
    ],
)
def test_a_property_is_positive_in_every_solution(key: str, polynomial: list[float], words: str) -> None:
    unit = {"osmotic_coefficient": "", "viscosity": "Pa s", "diffusivity": "m^2/s"}[key]
    value = {"polynomial": polynomial, "unit": unit}
    with pytest.raises(mp.CaseError, match=rf"properties\.{key}\.polynomial: .*{words}.*expected more than 0"):
        mp.parse_case(VESSEL).with_values({f"properties.{key}": value})
    mp.parse_case(VESSEL).with_values({f"properties.{key}": value | {"polynomial": [1.0e-9]}})


@pytest.mark.parametrize("solver", ["cvode", "fipy"])
def test_an_integrator_without_a_run_in_time_gets_a_warning(solver: str) -> None:
    (warning,) = mp.parse_case(VESSEL).with_values({"run.solver": solver}).warnings
    assert warning.startswith(f'run.solver = "{solver}" has no effect: without run.duration')
