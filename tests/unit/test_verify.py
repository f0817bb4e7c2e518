"""The comparison with data sheets and measurements: it passes, and every row of it can fail."""

from __future__ import annotations

import copy
import math

import pytest

from membrane_pde import library, simulate, verify
from membrane_pde.casefile import build

SHEET = {sheet.membrane: sheet for sheet in verify.SHEETS}


def test_all_pass() -> None:
    checks = list(verify.checks())
    assert [check.what for check in checks if not check.passed] == []
    assert len({check.what for check in checks}) == len(checks) >= 17
    for check in checks:
        assert check.low < check.expected < check.high
        assert check.source


@pytest.mark.parametrize(
    ("got", "passed"), [(0.9, True), (1.1, True), (0.8999, False), (1.1001, False), (math.nan, False)]
)
def test_a_number_out_of_its_bounds_fails(got: float, passed: bool) -> None:
    assert verify.Check("x", "", 1.0, got, 0.9, 1.1, "").passed is passed


def test_error_is_relative() -> None:
    assert verify.Check("x", "", 4.0, 5.0, 0.0, 9.0, "").error == 0.25


@pytest.mark.parametrize("membrane", SHEET)
def test_the_case_is_the_makers_test(membrane: str) -> None:
    """Wall over feed is the mean bulk times 1.10; the feed's salt is that of the sheet."""
    sheet = SHEET[membrane]
    summary = simulate.run(build(verify.element_case(sheet), membrane)).summary
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
    monkeypatch.setattr(verify, "SHEETS", (SHEET[membrane],))
    flow, passage = verify.elements()
    assert flow.passed is (key == "permeability")
    assert key == "water_permeability" or not passage.passed


def test_wrong_osmotic_coefficients_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    real = verify.osmotic_pressure
    monkeypatch.setattr(verify, "osmotic_pressure", lambda solution: real(solution, model="ideal"))
    failed = [check for check in verify.osmotic_coefficients() if not check.passed]
    assert len(failed) == sum(len(points) for _, points in verify.OSMOTIC_COEFFICIENTS.values())
