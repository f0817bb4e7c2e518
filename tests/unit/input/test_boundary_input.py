"""Elastic walls, baths, held fluxes and oscillating pressures as they are written: what is understood, and refused."""

import math
from typing import get_args

import pytest
from jsonschema import Draft202012Validator

import membrane_pde as mp
from membrane_pde.input.boundaries import BOUNDARIES, OWN_KEYS, Kind
from membrane_pde.input.errors import CaseError
from membrane_pde.input.parts import Compartment
from membrane_pde.input.properties import volumes_per_area
from membrane_pde.input.schema import json_schema
from membrane_pde.input.values import Feed, Pressure
from membrane_pde.runs.build import segments_of
from membrane_pde.show import report_case

TEXT = """
title = "input"
[solutes.NaCl]
[left]
{left}
concentration = {{ NaCl = "35 g/L" }}
[right]
{right}
concentration = {{ NaCl = "0 g/L" }}
[membrane]
{membrane}
[run]
{run}
"""
BATH = 'boundary = "bath"\nlength = "50 um"\nvolume = "10 mm"'
LENGTH = 'length = "1 mm"'


def text(
    left: str = LENGTH, right: str = LENGTH, membrane: str = 'type = "ideal"', run: str = 'duration = "1 h"'
) -> str:
    return TEXT.format(left=left, right=right, membrane=membrane, run=run)


def case(**parts: str) -> mp.Case:
    return mp.parse_case(text(**parts))


def message(**parts: str) -> str:
    with pytest.raises(CaseError) as error:
        case(**parts)
    assert len(str(error.value).splitlines()) <= 2
    return str(error.value)


# -- what is understood ---------------------------------------------------------------------------------------------
def test_a_bath() -> None:
    with_bath = case(left=BATH)
    bath = with_bath.left
    assert (bath.volume, bath.length, bath.feed, bath.bleed) == (0.01, 5e-5, None, 0.0)
    assert volumes_per_area(with_bath) == pytest.approx((0.01005, 0.001))
    made_up = case(left=f'{BATH}\nfeed = {{ NaCl = "58.44 g/L" }}\nbleed = "3.6 L/m^2/hour"').left
    assert made_up.feed == Feed({"NaCl": pytest.approx(1000.0, rel=1e-3)})
    assert made_up.bleed == pytest.approx(1e-6)
    fed = case(left=f'{BATH}\nfeed = {{ flow = "20 LMH", concentration = {{ NaCl = "0.1 mol/L" }} }}').left
    assert fed.feed == Feed({"NaCl": pytest.approx(100.0)}, pytest.approx(20 / 3.6e6))


def test_a_stirred_bath_needs_no_length_and_has_none() -> None:
    without = case(left='boundary = "bath"\nvolume = "10 mm"\nstirred = true')
    assert without.left.length == volumes_per_area(without)[0] == 0.01
    given = case(left=f"{BATH}\nstirred = true")
    assert given == without
    rows = {row[0]: row[1] for row in report_case.case_table(without)}
    assert rows["left.volume"] == "0.01"
    assert "left.length" not in rows


def test_a_feed_is_part_of_what_a_case_is() -> None:
    one, other = (case(left=f'{BATH}\nfeed = {{ NaCl = "{c} g/L" }}') for c in (35, 36))
    assert one != other
    assert one.with_values({"left.feed.NaCl": "36 g/L"}) == other
    assert one.with_values({"left.pressure.flux": "20 LMH"}).left.pressure.flux
    again = mp.parse_case(one.to_toml())
    assert again == one


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        ('{ mean = "50 bar", amplitude = "5 bar", period = "10 s" }', Pressure((0.0,), (5e6,), "sine", 5e5, 10.0)),
        ('{ mean = "50 bar", amplitude = "5 bar", frequency = "0.1 Hz" }', Pressure((0.0,), (5e6,), "sine", 5e5, 10.0)),
        (
            '{ mean = "0 bar", amplitude = "5 bar", period = "10 s", shape = "pulse", duty = 0.2 }',
            Pressure((0.0,), (0.0,), "pulse", 5e5, 10.0, 0.2),
        ),
        ('{ flux = "3.6 L/m^2/hour" }', Pressure((0.0,), (1e-6,), flux=True)),
        (
            '{ flux = { schedule = [["0 s","0 m/s"],["1 min","1e-6 m/s"]], shape = "ramp" } }',
            Pressure((0.0, 60.0), (0.0, 1e-6), "ramp", flux=True),
        ),
    ],
)
def test_programmes(written: str, understood: Pressure) -> None:
    read = case(left=f"{LENGTH}\npressure = {written}").left.pressure
    assert read.values == pytest.approx(understood.values)
    assert (read.times, read.shape, read.amplitude, read.period, read.duty, read.flux) == (
        understood.times,
        understood.shape,
        understood.amplitude,
        pytest.approx(understood.period),
        understood.duty,
        understood.flux,
    )


def test_an_oscillation_over_time() -> None:
    sine = Pressure((0.0,), (10.0,), "sine", 4.0, 8.0)
    assert [sine.at(t) for t in (0, 2, 4, 6, 8, 801)] == pytest.approx([10, 14, 10, 6, 10, 10 + 4 * math.sqrt(0.5)])
    assert sine.largest == 14
    pulse = Pressure((0.0,), (10.0,), "pulse", 4.0, 8.0, 0.25)
    assert [pulse.at(t) for t in (0, 1.9, 2, 7.9, 8, 10.5)] == [14, 14, 6, 6, 14, 6]


def test_segments_end_at_every_jump_of_a_pulse() -> None:
    pulse = '{ mean = "5 bar", amplitude = "1 bar", period = "8 s", shape = "pulse", duty = 0.25 }'
    ramp = '{ schedule = [["0 s","0 bar"],["5 s","5 bar"]], shape = "ramp" }'
    segments = segments_of(
        case(left=f"{LENGTH}\npressure = {pulse}", right=f"{LENGTH}\npressure = {ramp}", run='duration = "18 s"')
    )
    assert [(s.start, s.end) for s in segments] == [(0, 2), (2, 5), (5, 8), (8, 10), (10, 16), (16, 18)]
    assert [s.left[0] for s in segments] == pytest.approx([6e5, 4e5, 4e5, 6e5, 4e5, 6e5])
    assert segments[1].right == pytest.approx((2e5, 5e5))
    assert all(s.left[0] == s.left[1] for s in segments)


def test_jumps_that_differ_by_round_off_are_one() -> None:
    pulse = '{ mean = "5 bar", amplitude = "1 bar", period = "0.1 s", shape = "pulse" }'
    steps = '{ schedule = [["0 s","0 bar"],["0.3 s","1 bar"],["0.6 s","2 bar"]] }'
    assert 3 * 0.1 != 0.3
    segments = segments_of(
        case(left=f"{LENGTH}\npressure = {pulse}", right=f"{LENGTH}\npressure = {steps}", run='duration = "0.7 s"')
    )
    assert [s.end - s.start for s in segments] == pytest.approx([0.05] * 14)
    assert [s.right[0] for s in segments] == [0.0] * 6 + [1e5] * 6 + [2e5] * 2
    assert segments[-1].end == 0.7


def test_a_sine_is_one_segment_with_a_wave() -> None:
    sine = '{ mean = "5 bar", amplitude = "1 bar", period = "8 s" }'
    (segment,) = segments_of(case(right=f"{LENGTH}\npressure = {sine}"))
    assert segment.applied(2.0) == pytest.approx((0.0, 6e5))
    assert segment.applied(1e3 + 6.0) == pytest.approx((0.0, 4e5))
    assert segment.shortest_period == 8.0
    assert not segment.level


def test_a_flux_out_of_the_right_is_negative() -> None:
    (segment,) = segments_of(case(right=f'{LENGTH}\npressure = {{ flux = "1e-6 m/s" }}'))
    assert segment.flux == (-1e-6, -1e-6)


def test_shown() -> None:
    one = case(
        left=f'{BATH}\nbleed = "1e-6 m/s"\npressure = {{ mean = "50 bar", amplitude = "5 bar", period = "10 s" }}\n'
        'feed = { flow = "2e-6 m/s", concentration = { NaCl = "1 mol/L" } }',
        right=f'{LENGTH}\nboundary = "elastic"\nmodulus = "10 bar"\npressure = {{ flux = "1e-6 m/s" }}',
    )
    rows = {row[0]: row[1:] for row in report_case.case_table(one)}
    assert rows["left.pressure"] == ("5e6 ± 500000 every 10 s (sine)", "Pa")
    assert rows["right.pressure.flux"] == ("1e-6", "m/s")
    assert rows["left.feed.flow"] == ("2e-6", "m/s")
    assert rows["left.feed.concentration.NaCl"] == ("1000", "mol/m³")
    assert rows["left.bleed"] == ("1e-6", "m/s")
    assert rows["right.modulus"] == ("1e6", "Pa")
    assert "right.bleed" not in rows


# -- the schema -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("left", "valid"),
    [
        ({"boundary": "bath", "stirred": True, "volume": "1 mm"}, True),
        ({"boundary": "bath", "volume": "1 mm"}, False),
        ({"boundary": "bath", "length": "1 um", "volume": "1 mm", "feed": {"NaCl": "1 g/L"}, "bleed": "1 LMH"}, True),
        ({"stirred": True}, False),
        ({"boundary": "elastic", "length": "1 um", "modulus": "1 bar"}, True),
        ({"length": "1 um", "pressure": {"flux": "1 LMH"}}, True),
        ({"length": "1 um", "pressure": {"mean": "1 bar", "amplitude": "1 bar", "period": "1 s"}}, True),
        ({"length": "1 um", "pressure": {"mean": "1 bar", "amplitude": "1 bar"}}, False),
        ({"length": "1 um", "pressure": {"mean": "1 bar", "period": "1 s"}}, False),
    ],
)
def test_the_schema(left: dict[str, object], valid: bool) -> None:
    whole = {
        "solutes": {"NaCl": {}},
        "left": left,
        "right": {"length": "1 mm"},
        "membrane": {},
        "run": {"duration": "1 s"},
    }
    assert Draft202012Validator(json_schema()).is_valid(whole) == valid


def test_the_table_of_boundaries_is_complete() -> None:
    """Every kind that a case may name has a row, and every key of a row is a field of a compartment."""
    assert set(BOUNDARIES) == set(get_args(Kind))
    assert {key.name for _, key in OWN_KEYS} <= Compartment.model_fields.keys()


# -- what is refused ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("left", "parts"),
    [
        ('boundary = "bath"\nlength = "50 um"', ["left.volume is missing", "for example"]),
        ('boundary = "bath"\nstirred = true', ["left.volume is missing"]),
        ('boundary = "bath"\nvolume = "1 mm"', ["left.length is missing", 'length = "1 mm"']),
        ('boundary = "bath"\nvolume = "1 bar"\nstirred = true', ['left.volume = "1 bar"', "a pressure"]),
        ('boundary = "bath"\nvolume = "0 mm"\nstirred = true', ['left.volume = "0 mm"', "more than zero"]),
        ('boundary = "elastic"\nlength = "1 mm"', ["left.modulus is missing", "elastic wall"]),
        ('boundary = "elastic"\nlength = "1 mm"\nmodulus = "-1 bar"', ["left.modulus", "negative"]),
        (f'{LENGTH}\nmodulus = "1 bar"', ['left.modulus: only an "elastic"', 'left.boundary is "piston"']),
        (f'{LENGTH}\nvolume = "1 mm"', ['left.volume: only a "bath" takes it', 'left.boundary is "piston"']),
        (f'{LENGTH}\nbleed = "0 m/s"', ['left.bleed: only a "bath" takes it']),
        (
            f'{LENGTH}\nboundary = "reservoir"\nfeed = {{ NaCl = "1 g/L" }}',
            ['left.feed: only a "bath" takes it', "reservoir"],
        ),
        (f'{BATH}\nbleed = "-1 LMH"', ["left.bleed", "negative"]),
        (f'{BATH}\nbleed = "1 bar"', ["left.bleed", "a volume flux"]),
        (f'{BATH}\nfeed = "35 g/L"', ["left.feed", "{ NaCl = "]),
        (f"{BATH}\nfeed = {{}}", ["left.feed", "expected a concentration for each solute"]),
        (f'{BATH}\nfeed = {{ NaCl = "35 bar" }}', ["left.feed", "NaCl", "a pressure"]),
        (f'{BATH}\nfeed = {{ KCl = "35 g/L" }}', ["left.feed.KCl", "not a declared solute"]),
        (f'{BATH}\nfeed = {{ flow = "1 LMH" }}', ["left.feed", "a flow and a concentration"]),
        (f'{BATH}\nfeed = {{ concentration = {{ NaCl = "1 g/L" }} }}', ["left.feed", "a flow and a concentration"]),
        (f'{BATH}\nfeed = {{ flow = "1 LMH", concentration = {{}} }}', ["left.feed.NaCl is missing", "every declared"]),
        (f'{BATH}\nfeed = {{ flow = "1 LMH", concentration = {{ NaCl = "1 g/L" }}, x = 1 }}', ['unknown key "x"']),
        (f'{LENGTH}\npressure = {{ period = "1 s" }}', ["left.pressure", "mean is missing"]),
        (f'{LENGTH}\npressure = {{ mean = "1 bar" }}', ["left.pressure", "amplitude is missing"]),
        (f'{LENGTH}\npressure = {{ amplitude = "1 bar", period = "1 s" }}', ["left.pressure", "mean is missing"]),
        (f'{LENGTH}\npressure = {{ mean = "1 bar", amplitude = "1 bar" }}', ["a period or a frequency", "neither"]),
        (
            f'{LENGTH}\npressure = {{ mean = "1 bar", amplitude = "1 bar", period = "1 s", frequency = "1 Hz" }}',
            ["a period or a frequency", "both"],
        ),
        (
            f'{LENGTH}\npressure = {{ mean = "1 bar", amplitude = "1 bar", period = "0 s" }}',
            ["period", "more than zero"],
        ),
        (f'{LENGTH}\npressure = {{ mean = "1 bar", amplitude = "-1 bar", period = "1 s" }}', ["amplitude", "negative"]),
        (
            f'{LENGTH}\npressure = {{ mean = "1 bar", amplitude = "1 bar", period = "1 s", shape = "step" }}',
            ['"sine" or "pulse"'],
        ),
        (
            f'{LENGTH}\npressure = {{ mean = "1 bar", amplitude = "1 bar", period = "1 s", duty = 0.5 }}',
            ["duty", "pulse"],
        ),
        (
            f'{LENGTH}\npressure = {{ mean = "1 bar", amplitude = "0 bar", period = "1 s", shape="pulse", duty = 1 }}',
            ["duty", "between 0 and 1"],
        ),
        (f'{LENGTH}\npressure = {{ mean = "1 bar", schedule = [["0 s","1 bar"]] }}', ["does not go with"]),
        (f'{LENGTH}\npressure = {{ flux = "1 LMH", shape = "step" }}', ['"shape" does not go with "flux"']),
        (f'{LENGTH}\npressure = {{ flux = "1 bar" }}', ["left.pressure", "a volume flux"]),
        (f'{LENGTH}\npressure = {{ flux = {{ schedule = [["0 s","1 bar"]] }} }}', ["entry 1", "a volume flux"]),
        (f'{LENGTH}\npressure = {{ flux = {{ shape = "step" }} }}', ["schedule = a list of pairs", "L/m^2/hour"]),
        (f'{LENGTH}\npressure = {{ meen = "1 bar" }}', ['unknown key "meen"', 'did you mean "mean"?']),
    ],
)
def test_refused(left: str, parts: list[str]) -> None:
    found = message(left=left)
    for part in parts:
        assert part in found


FLUX = 'pressure = { flux = "1 LMH" }'
SINE = 'pressure = { mean = "1 bar", amplitude = "1 bar", period = "1 s" }'
NONE = 'type = "none"'


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"left": f"{LENGTH}\n{FLUX}", "right": f"{LENGTH}\n{FLUX}"}, ["only one side can prescribe the water flux"]),
        (
            {"left": f"{LENGTH}\n{FLUX}", "right": f'{LENGTH}\nboundary = "rigid"'},
            ["left.pressure.flux", '"rigid" lets no'],
        ),
        ({"left": f'{LENGTH}\nboundary = "rigid"\n{FLUX}'}, ["left.pressure", "rigid"]),
        ({"right": f"{LENGTH}\n{FLUX}", "membrane": NONE}, ["right.pressure.flux", "no water flows"]),
        (
            {"right": f"{LENGTH}\n{FLUX}", "membrane": 'type = "ideal"\nwater_permeability = "0 m/s/Pa"'},
            ["right.pressure.flux", "water_permeability is 0"],
        ),
        (
            {"left": f"{LENGTH}\n{SINE}", "run": 'duration = "2 d"'},
            ["left.pressure", "1.73e+05 periods", "at most 100000"],
        ),
        (
            {"left": f"{LENGTH}\n{SINE}", "run": 'duration = "1 h"\nuntil = "steady"'},
            ['run.until = "steady"', "oscillates"],
        ),
        (
            {"right": f"{LENGTH}\n{SINE}", "run": 'duration = "1 h"\nuntil = "equilibrium"'},
            ['run.until = "equilibrium"', "right.pressure oscillates"],
        ),
        ({"left": f"{LENGTH}\n{SINE}", "membrane": NONE}, ["left.pressure and right.pressure differ"]),
        (
            {"left": f'{LENGTH}\nboundary = "elastic"\nmodulus = "1 bar"', "membrane": NONE},
            ['"elastic"', "no liquid flows"],
        ),
    ],
)
def test_what_does_not_combine(parts: dict[str, str], expected: list[str]) -> None:
    found = message(**parts)
    for part in expected:
        assert part in found


@pytest.mark.parametrize("pressure", [FLUX, SINE])
def test_a_gas_has_one_pressure(pressure: str) -> None:
    gas = """
    phase = "gas"
    [solutes.N2]
    diffusivity = "2e-5 m^2/s"
    [left]
    length = "1 m"
    {pressure}
    concentration = {{ N2 = "1 mol/mol" }}
    [right]
    length = "1 m"
    pressure = "1 atm"
    concentration = {{ N2 = "0 mol/mol" }}
    [membrane]
    type = "none"
    [run]
    duration = "1 s"
    """
    with pytest.raises(CaseError, match=r"left\.pressure: a gas has"):
        mp.parse_case(gas.format(pressure=pressure))


def test_two_equal_oscillations_need_no_membrane() -> None:
    sine = f"{LENGTH}\n{SINE}"
    assert case(left=sine, right=sine, membrane=NONE).left.pressure.oscillates


@pytest.mark.parametrize("which", ["flux", "sine"])
def test_no_equilibrium_where_something_is_held_or_moves(which: str) -> None:
    pressure, reason = (FLUX, "the water flux is prescribed") if which == "flux" else (SINE, "the pressure oscillates")
    end = mp.equilibrium(case(left=f"{LENGTH}\n{pressure}"))
    assert end["status"] is None
    assert end["message"] == reason


def test_a_closed_bath_has_an_equilibrium_and_a_fed_one_has_not() -> None:
    closed = mp.equilibrium(case(left=f'{BATH}\npressure = "40 bar"'))
    assert closed["status"] == "equilibrium"
    assert closed["length_left_m"] + closed["length_right_m"] == pytest.approx(0.01005 + 1e-3, rel=1e-14)
    fed = mp.equilibrium(case(left=f'{BATH}\nbleed = "1 LMH"'))
    assert fed["status"] is None
    assert "open" in fed["message"]
