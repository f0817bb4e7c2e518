"""Numbers that a person wrote in two ways are one number: judged at 1e-6 of their size wherever they are compared."""

from __future__ import annotations

import pytest

import membrane_pde as mp
from membrane_pde.input.casefile import parse_case
from membrane_pde.input.values import alike
from tests.bases import CASE, GAS, NUMBERS

OPEN = CASE.replace(NUMBERS, '[membrane]\ntype = "none"\n')


def with_sides(text: str, left: str, right: str) -> str:
    return text.replace("[left]\n", f"[left]\n{left}\n").replace("[right]\n", f"[right]\n{right}\n")


def test_alike() -> None:
    assert alike(101325.0, 101325.0144)
    assert alike(0.0, 0.0)
    assert alike(-1.0, -1.0000005)
    assert not alike(1.0, 1.00001)
    assert not alike(0.0, 1e-12)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ('"1 atm"', '"760 mmHg"'),  # 101325 and 101325.014 Pa
        ('"1 atm"', '"14.69595 psi"'),
        ('"1 atm"', '{ schedule = [["0 s", "760 Torr"]] }'),
        (
            '{ schedule = [["0 s", "0 bar"], ["20 min", "1 atm"]] }',
            '{ schedule = [["0 s", "0 bar"], ["0.3333333 h", "760 mmHg"]] }',
        ),
        (
            '{ schedule = [["0 s", "0 bar"], ["20 min", "1 atm"]], shape = "ramp" }',
            '{ schedule = [["0 s", "0 bar"], ["0.3333333 h", "760 mmHg"]], shape = "ramp" }',
        ),
        (
            '{ mean = "1 atm", amplitude = "0.1 bar", period = "20 min" }',
            '{ mean = "760 mmHg", amplitude = "10 kPa", period = "0.3333333 h" }',
        ),
    ],
)
def test_equal_pressures_without_a_membrane(left: str, right: str) -> None:
    case = parse_case(with_sides(OPEN, f"pressure = {left}", f"pressure = {right}"))
    assert case.membrane.type == "none"


SCHEDULE = '{ schedule = [["0 s", "0 bar"], ["20 min", "1 atm"]] }'
SINE = '{ mean = "1 bar", amplitude = "0.1 bar", period = "20 min" }'


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ('"1 atm"', '"760.01 mmHg"'),
        (SCHEDULE, SCHEDULE.replace("20 min", "0.3334 h")),
        (SCHEDULE, SCHEDULE.replace("]] }", ']], shape = "ramp" }')),
        (SINE, SINE.replace("20 min", "21 min")),
        (SINE, SINE.replace("min", 'min", shape = "pulse')),
    ],
)
def test_different_pressures_without_a_membrane(left: str, right: str) -> None:
    with pytest.raises(mp.CaseError, match=r"left\.pressure and right\.pressure differ"):
        parse_case(with_sides(OPEN, f"pressure = {left}", f"pressure = {right}"))


def test_a_run_between_pressures_written_in_two_ways() -> None:
    gas = GAS.replace('"1 atm"', '"760 mmHg"', 1)
    runs = [mp.run(parse_case(text).with_values({"mesh.cells": 10, "run.outputs": 3})) for text in (GAS, gas)]
    assert [run.summary["process"] for run in runs] == ["diffusion", "diffusion"]
    first, second = (run.summary["amount_transferred_mol_per_m2"]["A"] for run in runs)
    assert second == pytest.approx(first, rel=2e-6)
    assert runs[1].summary["amount_error"] < 1e-10


def test_one_diffusivity_of_two_gases() -> None:
    parse_case(GAS.replace('"2e-5 m^2/s"', '"0.20000001 cm^2/s"', 1))
    with pytest.raises(mp.CaseError, match="one common diffusivity"):
        parse_case(GAS.replace('"2e-5 m^2/s"', '"0.20001 cm^2/s"', 1))


def test_mole_fractions_that_add_up_to_one() -> None:
    thirds = GAS.replace('B = "0 mol/mol"', 'B = "20.00005 %"')
    parse_case(thirds)
    with pytest.raises(mp.CaseError, match="add up to 1"):
        parse_case(GAS.replace('B = "0 mol/mol"', 'B = "20.001 %"'))


def test_a_profile_that_ends_at_the_far_wall() -> None:
    profile = '{ profile = [["0 mm", "1 g/L"], ["0.03937008 in", "2 g/L"]] }'  # 1.000000032 mm
    parse_case(CASE.replace('"35 g/L"', profile))
    with pytest.raises(mp.CaseError, match="beyond"):
        parse_case(CASE.replace('"35 g/L"', profile.replace("0.03937008", "0.0394")))


def test_a_mesh_of_equal_cells() -> None:
    parse_case(CASE + '[mesh]\ncells = 3\nfinest = "0.3333334 mm"\n')
    with pytest.raises(mp.CaseError, match="wider than 3 equal cells"):
        parse_case(CASE + '[mesh]\ncells = 3\nfinest = "0.3334 mm"\n')
    with pytest.raises(mp.CaseError, match=r"wider than the whole left side; expected at most 0\.001 m"):
        parse_case(CASE + '[mesh]\nfinest = "1.1 mm"\n')


def test_coefficients_that_are_one() -> None:
    text = CASE.replace("reflection = 0.99", "reflection = 0.9999999\npartition = 1.0000001")
    case = parse_case(text.replace("[membrane]\n", '[membrane]\nflux_law = "solution-diffusion"\n'))
    numbers = case.membrane.solutes["NaCl"]
    assert (numbers.reflection, numbers.partition) == (1.0, 1.0)


def test_a_reference_temperature_in_another_unit_is_the_same() -> None:
    text = CASE.replace('"1e-8 m/s"', '"1e-8 m/s"\nreference_temperature = "536.67 degR"')
    assert not parse_case(text).away_from_source
    assert parse_case(text.replace("536.67", "540")).away_from_source
