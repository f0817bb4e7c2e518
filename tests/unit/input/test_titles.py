"""What a changed case is headed with: no title stands unmarked above numbers that it does not belong to."""

import pytest

import membrane_pde as mp
from membrane_pde.input import titles
from membrane_pde.input.casefile import parse_case
from membrane_pde.show import report

SEA = "Sea-water reverse osmosis: 60 bar through a polyamide membrane"


@pytest.fixture(scope="module")
def case() -> mp.Case:
    return mp.load_case("seawater_ro")


@pytest.mark.parametrize(
    ("values", "mark"),
    [
        ({}, ""),
        ({"left.pressure": "55 bar"}, ", changed: left.pressure = 55 bar"),
        ({"left.pressure": "60 bar"}, ""),  # as in the file
        ({"left.pressure": "6 MPa"}, ""),
        ({"temperature": "298.15 K"}, ""),
        ({"left . pressure": " 55 bar"}, ", changed: left.pressure = 55 bar"),
        ({"mesh.cells": 40, "left.stirred": True}, ", changed: left.stirred = true, mesh.cells = 40"),
        ({"left.concentration": {"NaCl": "30 g/L"}}, ", changed: left.concentration = { NaCl = 30 g/L }"),
        ({"left.pressure": "51.33333333333333 bar"}, ", changed: left.pressure = 51.3333 bar"),
        (
            {"left.pressure": {"schedule": [["0 s", "50 bar"], ["1 min", "60 bar"], ["2 min", "70 bar"]]}},
            ", changed: left.pressure = { schedule = [[0 s, 50 bar], [1 min, 60…",
        ),
    ],
)
def test_a_title_says_what_was_changed(case: mp.Case, values: dict[str, object], mark: str) -> None:
    assert case.with_values(values).title == SEA + mark


def test_change_after_change(case: mp.Case) -> None:
    once = case.with_values({"left.pressure": "55 bar"})
    assert once.with_values({"left.pressure": "60 bar"}).title == SEA
    twice = once.with_values({"left.concentration.NaCl": "30 g/L"})
    assert twice.title == f"{SEA}, changed: left.concentration.NaCl = 30 g/L, left.pressure = 55 bar"
    assert twice == case.with_values({"left.pressure": "55 bar", "left.concentration.NaCl": "30 g/L"})
    whole = twice.with_values({"left.concentration": {"NaCl": "20 g/L"}, "left.pressure": "60 bar"})
    assert whole.title == f"{SEA}, changed: left.concentration = {{ NaCl = 20 g/L }}"
    part = whole.with_values({"left.concentration.NaCl": "10 g/L"})
    assert part.title == f"{SEA}, changed: left.concentration = {{ NaCl = 10 g/L }}"


def test_a_title_of_ones_own_is_left_alone(case: mp.Case) -> None:
    own = case.with_values({"title": "At 55 bar", "left.pressure": "55 bar"})
    assert own.title == "At 55 bar"
    assert own.with_values({"left.pressure": "50 bar"}).title == "At 55 bar, changed: left.pressure = 50 bar"
    untitled = parse_case(case.to_toml().replace(SEA, ""))
    assert untitled.with_values({"left.pressure": "55 bar"}).title == ""


def test_the_case_as_run_keeps_the_mark(case: mp.Case) -> None:
    changed = case.with_values({"left.pressure": "55 bar"})
    again = parse_case(changed.to_toml(), "seawater_ro")
    assert again == changed
    assert again.with_values({"left.length": "25 um"}).title == f"{changed.title}, left.length = 25 um"


def test_of_a_key_that_is_changed_again_the_last_value_stands(case: mp.Case) -> None:
    saved = parse_case(case.with_values({"left.pressure": "55 bar", "run.duration": "2 h"}).to_toml(), "seawater_ro")
    again = saved.with_values({"left.pressure": "50 bar"})
    assert again.title == f"{SEA}, changed: run.duration = 2 h, left.pressure = 50 bar"
    only = parse_case(case.with_values({"left.pressure": "55 bar"}).to_toml(), "seawater_ro")
    assert only.with_values({"left.pressure": "50 bar"}).title == f"{SEA}, changed: left.pressure = 50 bar"
    two = titles.marked("Two", {"left.concentration": {"dye": "1 g/L", "urea": "2 g/L"}, "temperature": "30 degC"})
    assert two == "Two, changed: left.concentration = { dye = 1 g/L, urea = 2 g/L } and 1 more"
    assert titles.marked(two, {"left.pressure": "1 bar"}) == f"{two}, left.pressure = 1 bar"
    renewed = titles.marked(two, {"left.concentration": {"urea": "3 g/L"}})
    assert renewed == "Two, changed: 1 more, left.concentration = { urea = 3 g/L }"


def test_many_changes_and_long_titles_stay_readable() -> None:
    changes = {f"solutes.A{i}.diffusivity": "1e-9 m^2/s" for i in range(9)}
    title = titles.marked("Nine", changes)
    assert title == "Nine, changed: solutes.A0.diffusivity = 1e-9 m^2/s and 8 more"
    long = titles.marked("x" * 199, changes)
    assert len(long) <= titles.LONGEST
    assert long.endswith("x…, changed: solutes.A0.diffusivity = 1e-9 m^2/s and 8 more")
    assert titles.in_lines(title, 75) == title
    above, below = titles.in_lines(titles.marked(SEA, changes), 75).splitlines()
    assert above == f"{SEA},"
    assert below.startswith("changed: ")
    assert max(map(len, titles.in_lines(long, 60).splitlines())) <= 60


def test_short_titles(case: mp.Case) -> None:
    reverse = mp.load_case("reverse_osmosis")
    plain = titles.short(reverse.title, reverse.name)
    assert plain == reverse.title.split(":")[0]
    one = reverse.with_values({"right.pressure": "30 bar"})
    assert titles.short(one.title, one.name) == f"{plain}, right.pressure = 30 bar"
    many = one.with_values({"temperature": "30 degC", "left.length": "2 mm"})
    assert titles.short(many.title, many.name) == f"{plain}, changed"
    assert titles.short("", "two_gases") == "Two gases"


def test_one_title_above_several() -> None:
    cold, warm = "Mixing, changed: temperature = 5 degC", "Mixing, changed: temperature = 60 degC"
    assert titles.of_all([cold, cold]) == cold
    assert titles.of_all([cold, warm, "Mixing"]) == "Mixing"
    assert titles.of_all([cold, "Other"]) == ""


def test_a_sweep_is_headed_with_what_is_varied(case: mp.Case) -> None:
    found = mp.sweep(case, {"left.pressure": ["50 bar"]}, workers=1)
    assert found.attrs["title"] == f"{SEA}, varied: left.pressure"
    assert found["title"].item() == f"{SEA}, changed: left.pressure = 50 bar"


def test_everywhere_that_a_title_is_shown() -> None:
    import io
    from types import SimpleNamespace

    case = mp.load_case("osmosis").with_values({"run.duration": "1 min", "mesh.cells": 12, "run.outputs": 5})
    assert ", changed: run.duration = 1 min" not in mp.load_case("osmosis").title
    result = mp.run(case)
    assert result.summary["title"] == case.title
    assert mp.equilibrium(case)["title"] == case.title
    console = SimpleNamespace(is_terminal=False, file=io.StringIO())
    report.show_result(console, result)
    assert console.file.getvalue().splitlines()[0] == case.title
    for picture in (mp.plot.profiles, mp.plot.history, mp.plot.schematic):
        assert picture(result).flat[0].figure.get_suptitle().replace("\n", " ") == case.title
    axes = mp.plot.comparison([result, mp.run(case.with_values({"right.pressure": "9 bar"}))])
    assert axes.flat[0].get_title() == "Osmosis\nchanged"
