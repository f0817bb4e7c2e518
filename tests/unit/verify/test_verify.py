"""Checks and the groups of them: what passes, what fails, what is told; that each group can fail: test_sabotage.py."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator

import pytest

from membrane_pde import cli, library, reference, runs, verify
from membrane_pde.input.build import build
from membrane_pde.verify import measurements
from membrane_pde.verify.checks import Findings, at_most, near, worst

SHEET = {sheet.membrane: sheet for sheet in measurements.SHEETS}


def check(got: float, expected: float = 1.0, low: float = 0.9, high: float = 1.2) -> verify.Check:
    return verify.Check("x", "m", expected, got, low, high, "a table")


@pytest.mark.parametrize(
    ("got", "passed"), [(0.9, True), (1.2, True), (0.8999, False), (1.2001, False), (math.nan, False)]
)
def test_a_number_out_of_its_bounds_fails(got: float, passed: bool) -> None:
    assert check(got).passed is passed


def test_errors_are_relative_where_something_was_expected() -> None:
    assert check(5.0, 4.0).error == 0.25
    assert check(-5.0, -4.0).error == -0.25
    assert check(1e-12, 0.0).error == 1e-12


def test_the_share_of_the_tolerance_that_is_used() -> None:
    assert [check(got).used for got in (0.95, 1.0, 1.1, 1.4)] == pytest.approx([0.5, 0.0, 0.5, 2.0])
    assert math.isnan(check(math.nan).used)
    assert at_most("x", "", 1e-11, 1e-10, "").used == pytest.approx(0.1)


def test_json_has_no_nan() -> None:
    json.dumps(check(math.nan, math.nan, -math.inf).as_dict(), allow_nan=False)
    assert check(1.0).as_dict() == {
        "what": "x", "unit": "m", "expected": 1.0, "got": 1.0, "low": 0.9, "high": 1.2, "source": "a table",
        "error": 0.0, "passed": True,
    }  # fmt: skip


def test_the_worst_of_many_is_the_one_that_is_told() -> None:
    found = worst("x", "", [1.0, 2.0, 3.0], [1.0, 2.2, 2.7], [0.1, 0.25, 1.0], "", ["a", "b", "c"])
    assert (found.what, found.expected, found.got) == ("x, b (worst of 3)", 2.0, 2.2)
    assert (found.low, found.high) == (1.75, 2.25)
    assert not worst("x", "", [1.0, 2.0, 3.0], [9.0, 2.2, math.nan], 0.1, "").passed
    group = Findings("g", "", [check(1.19), check(math.nan), check(1.0)])
    assert math.isnan(group.worst.got)
    assert not group.passed
    assert not Findings("nothing was checked", "").passed
    assert Findings("g", "", [check(1.0), near("y", "", 2.0, 2.1, 0.2, "")]).worst.what == "y"


def test_a_group_that_breaks_down_is_a_failed_check(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(quick: bool) -> Iterator[verify.Check]:
        """Something."""
        yield check(1.0)
        raise ArithmeticError("no step")

    monkeypatch.setitem(verify.GROUPS, "broken", broken)
    found = verify.examine("broken")
    assert found.title == "Something"
    assert [each.passed for each in found.checks] == [True, False]
    assert found.checks[1].source == "failed: no step"
    json.dumps([each.as_dict() for each in found.checks], allow_nan=False)


def test_an_interruption_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(quick: bool) -> Iterator[verify.Check]:
        raise KeyboardInterrupt
        yield

    monkeypatch.setitem(verify.GROUPS, "stopped", stopped)
    with pytest.raises(KeyboardInterrupt):
        verify.examine("stopped")


def test_the_command_knows_the_groups_without_loading_them() -> None:
    assert tuple(verify.GROUPS) == cli.checks.CHECK_GROUPS
    assert all(function.__doc__ for function in verify.GROUPS.values())


def test_groups_are_chosen_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(verify, "examine", lambda name, quick: asked.append((name, quick)))
    list(verify.findings(["film", "order"], quick=True))
    assert asked == [("film", True), ("order", True)] or asked == [("order", True), ("film", True)]
    asked.clear()
    list(verify.findings())
    assert [name for name, _ in asked] == list(verify.GROUPS)


def test_every_table_is_whole() -> None:
    rows = reference.table("exact_moving_volume_pde")
    assert {row["case"] for row in rows} == {"C1", "C3", "C4s"}
    assert len(rows) == 24
    assert reference.numbers({"law": "SK", "t": "0.01", "nothing": ""}) == {"t": 0.01}


# -- the makers' tests ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("membrane", SHEET)
def test_the_case_is_the_makers_test(membrane: str) -> None:
    """Wall over feed is the mean bulk times 1.10; the feed's salt is that of the sheet."""
    sheet = SHEET[membrane]
    summary = runs.run(build(measurements.element_case(sheet), membrane)).summary
    mean = -math.log(1.0 - sheet.recovery) / sheet.recovery
    assert summary["status"] == "steady"
    assert summary["polarization_modulus"]["NaCl"] == pytest.approx(1.10, rel=2e-3)
    mass_fraction = sheet.feed * 1e-6 * mean
    grams = summary["concentration_left_mol_per_m3"]["NaCl"] * 58.44e-3  # kg/m^3 in the film, which is richer
    assert mass_fraction * 1000 < grams < 1.1 * mass_fraction * 1030
    assert summary["pressure_left_Pa"] == pytest.approx(sheet.pressure * 1e5)


@pytest.mark.parametrize("membrane", SHEET)
@pytest.mark.parametrize("key", ["water_permeability", "permeability"])
def test_a_wrong_permeability_is_found(membrane: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = copy.deepcopy(library.membranes())
    table = changed[membrane] if key == "water_permeability" else changed[membrane]["solutes"]["NaCl"]
    number, unit = table[key]["value"].split(" ", 1)
    table[key]["value"] = f"{2.0 * float(number)} {unit}"
    monkeypatch.setattr(library, "membranes", lambda: changed)
    monkeypatch.setattr(measurements, "SHEETS", (SHEET[membrane],))
    flow, passage = verify.examine("elements").checks
    assert flow.passed is (key == "permeability")
    assert key == "water_permeability" or not passage.passed
