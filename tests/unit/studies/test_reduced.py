"""Runs of which little is kept: the same from one process and from several, failures among them."""

from __future__ import annotations

from typing import Any

import pytest

import membrane_pde as mp
from membrane_pde.studies import reduced
from membrane_pde.studies.workers import end_idle

FAST = {"mesh.cells": 8, "run.outputs": 5, "run.duration": "10 h"}


def flux_or_failure(result: Any, failure: str) -> Any:
    return failure or result.summary["water_flux_m_per_s"]


@pytest.fixture(scope="module")
def grid() -> Any:
    case = mp.load_case("osmosis").with_values({**FAST, "right.concentration.NaCl": "0.9 g/L"})
    return reduced.grid_of(
        case, {"right.pressure": ["0 bar", "0.1 bar", "0.2 bar", "3000 bar"], "temperature": ["10 degC", "20 degC"]}
    )


def test_each_point_is_its_run(grid: Any) -> None:
    found = reduced.reduce_all(grid, flux_or_failure, workers=1)
    assert len(found) == 8
    for point in range(6):
        result = mp.run(grid.case.with_values(grid.values(point)))
        assert found[point] == result.summary["water_flux_m_per_s"]
    assert all("dry" in each for each in found[6:])


def test_several_processes_find_the_same(grid: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from functools import partial

    from membrane_pde.show.pages.plan import plan_of
    from membrane_pde.show.pages.record import record

    monkeypatch.setattr(reduced, "_PATIENCE", 0.0)
    monkeypatch.setattr(reduced, "_CHUNK", 0.0)  # one point at a time
    kept = plan_of([mp.run(grid.case)], 8)
    told: list[float] = []
    try:
        several = reduced.reduce_all(grid, partial(record, plan=kept), 2, told.append)
    finally:
        end_idle()
    alone = reduced.reduce_all(grid, partial(record, plan=kept), 1)
    assert [each.failed for each in several] == [each.failed for each in alone]
    for one, other in zip(several, alone, strict=True):
        assert {name: values.tolist() for name, values in one.series.items()} == {
            name: values.tolist() for name, values in other.series.items()
        }
        assert one.text == other.text
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_what_is_wrong_is_said_before_any_run() -> None:
    with pytest.raises(mp.CaseError, match="unknown key"):
        reduced.grid_of(mp.load_case("osmosis"), {"right.presure": ["1 bar"]})
    found, why = reduced.solve(mp.load_case("osmosis"), {"left.length": "-1 mm"})
    assert found is None
    assert "left.length" in why
