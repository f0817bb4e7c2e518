"""What a run says of itself: why it stopped, how near it came, and what a real cell would have done."""

import re

import numpy as np
import pytest

import membrane_pde as mp
from membrane_pde.input.case import Case
from membrane_pde.results import remarks
from membrane_pde.show import readings, report, sentences
from tests.bases import CASE

QUICK: dict[str, object] = {"left.stirred": True, "right.stirred": True, "run.outputs": 10}


def told(case: Case) -> str:
    """The sentence of a run, also of one that failed."""
    try:
        result = mp.run(case)
    except mp.RunError as error:
        result = error.result
    return sentences.sentence(result.summary, readings.labels_of(case))


def sea(**values: object) -> Case:
    changes = {key.replace("__", "."): value for key, value in values.items()}
    return mp.load_case("seawater_ro").with_values(QUICK | changes)


def turned_round(case: Case) -> Case:
    """The same with left and right exchanged."""
    text = case.to_toml()
    names = {"left": "right", "right": "left"}
    return mp.parse_case(re.sub(r"(?m)^\[(left|right)", lambda found: f"[{names[found.group(1)]}", text))


# -- an outflow that would flow backwards: 35 g/L of ideal NaCl at 25 degC are 29.69 bar -------------------------------
@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"left__pressure": "20 bar"},
            "20 bar is less than the osmotic pressure, 29.7 bar: water would flow backwards, in through the outflow on "
            'the right. Apply more than 29.7 bar on the left, or say what flows back: right.backflow = "last" for the '
            "same liquid.",
        ),
        ({"left__pressure": "29.69 bar"}, "29.69 bar is less than the osmotic pressure, 29.693 bar: water would flow"),
        (
            {"left__pressure": "20 bar", "membrane__solutes__NaCl__reflection": 0.9},
            "20 bar is less than the effective osmotic pressure (reflection coefficient times osmotic pressure), "
            "26.7 bar: water would flow",
        ),
        ({"left__pressure": "0 bar"}, "No pressure is applied against the osmotic pressure, 29.7 bar: water would"),
        (
            {"left__pressure": "25 bar", "right__pressure": "5 bar"},
            "20 bar more on the left than on the right is less than the osmotic pressure, 29.7 bar: water would flow",
        ),
        ({"right__pressure": "61 bar"}, "The pressure on the right is 1 bar higher than on the left: water would flow"),
        (
            {"left__pressure": "3 bar", "right__concentration__NaCl": "30 g/L"},
            "3 bar is less than the difference of the osmotic pressures, 4.24 bar: water would flow backwards",
        ),
        (
            {"left__pressure": {"schedule": [["0 s", "0 bar"], ["10 s", "60 bar"]], "shape": "ramp"}},
            "Apply more than 29.7 bar on the left from the start, or",
        ),
    ],
)
def test_a_run_that_backflow_stops_at_once(values: dict[str, object], words: str) -> None:
    text = told(sea(**values))
    assert text.startswith("The run stopped at once. ")
    assert words in text
    assert "stops osmosis" not in text
    assert " 0 s" not in text


def test_the_mirror_image_says_the_same() -> None:
    case = sea(left__pressure="20 bar")
    names = {"left": "right", "right": "left"}
    mirrored = re.sub("left|right", lambda found: names[found.group()], told(case))
    assert told(turned_round(case)) == mirrored


@pytest.mark.parametrize(
    "values", [{"left__pressure": "29.7 bar"}, {"left__pressure": "20 bar", "right__backflow": "last"}]
)
def test_what_it_suggests_is_accepted_and_helps(values: dict[str, object]) -> None:
    summary = mp.run(sea(**values)).summary
    assert summary["status"] == "steady"
    assert summary["process"] == ("osmosis" if "right__backflow" in values else "reverse osmosis")


@pytest.mark.parametrize("pascal", [2964000.0, 2969500.0, 101.0, 999.9e5, 1e5])
def test_the_least_pressure_is_rounded_up(pascal: float) -> None:
    least = float(remarks._bar(pascal, up=True).removesuffix(" bar"))
    assert pascal * 1e-5 * (1 - 1e-9) <= least < 1.01 * pascal * 1e-5


def test_backflow_later_on() -> None:
    steps = {"schedule": [["0 s", "60 bar"], ["1 min", "20 bar"]]}
    text = told(sea(left__pressure=steps, run__until="duration"))
    assert text.startswith("The run failed after 60 s. At 60 s the pressure applied, 20 bar, was no more than the ")
    assert 'Apply more, or say what flows back: right.backflow = "last" for the same liquid. Until then: water' in text


def test_a_flux_that_is_drawn_out_of_an_outflow() -> None:
    text = told(sea(right__pressure={"flux": "10 L/m^2/hour"}, left__pressure="0 bar"))
    assert "the water flux that right.pressure.flux prescribes draws liquid in through the outflow on the right" in text


# -- how near -------------------------------------------------------------------------------------------------------
def test_a_run_that_is_there_but_was_to_go_on() -> None:
    case = mp.load_case("hypotonic").with_values({"run.duration": "8 s"})
    result = mp.run(case)
    assert result.summary["status"] == "completed"
    assert 1e-8 < result.summary["distance_to_equilibrium"] < 1e-3
    assert result.summary["message"] == ""
    assert told(case).endswith("The run was within 0.1 % of equilibrium when the 8 s ended.")


def test_long_tubes_in_which_the_water_is_far_ahead_of_the_solute() -> None:
    """0.18016 g/L glucose, two tubes of a metre: h = π/(2 ρ g) less what it thins; the water is 59 % of the way."""
    case = mp.parse_case(
        """
        title = "U-tube"
        [solutes.glucose]
        [left]
        boundary = "standpipe"
        length = "1 m"
        concentration.glucose = "0.18016 g/L"
        [right]
        boundary = "standpipe"
        length = "1 m"
        concentration.glucose = "0 g/L"
        [membrane]
        type = "ideal"
        [run]
        duration = "365 d"
        until = "equilibrium"
        """
    )
    summary = mp.run(case).summary
    share = summary["displaced_volume_m"] / summary["equilibrium"]["displaced_volume_m"]
    assert share == pytest.approx(0.59, abs=0.002)
    assert summary["distance_to_equilibrium"] == pytest.approx(0.999, abs=0.001)  # of the glucose
    text = sentences.sentence(summary)
    assert "The water has come 59 % of the way to equilibrium; the solutes are not yet evenly spread. " in text
    assert "0.1 %" not in text
    rows = {row[0]: row[1:] for row in report.membrane_table(mp.run(case))}
    assert rows["distance to equilibrium, water"][-1] == "41"
    assert rows["  solutes"][-1] == "99.9"


def test_too_short() -> None:
    text = told(mp.load_case("osmosis").with_values({"run.duration": "10 min", "run.until": "equilibrium"}))
    assert text.endswith("The run ended after 10 min, before equilibrium was reached. Try a longer run.duration.")
    assert re.search(r"The water has come \d+ % of the way to equilibrium", text)


# -- real cells -----------------------------------------------------------------------------------------------------
def test_a_cell_that_would_have_burst() -> None:
    text = told(mp.load_case("hypotonic").with_values({"left.concentration.NaCl": "0 mmol/L"}))
    assert "The water on the right (cell) has grown 17.8-fold. A real cell would have burst" in text
    assert "The two sides never balance: the left side would run out of water first." in text
    assert "before equilibrium was reached" not in text
    assert "burst" not in told(mp.load_case("hypotonic"))  # 38 %: Evans & Fung's cells were whole


@pytest.mark.parametrize(
    ("values", "growth", "bursts"),
    [
        ({}, (1.0, 2.1), True),
        ({}, (1.0, 1.9), False),
        ({}, (9.0, 1.0), False),  # the bath
        ({"right.boundary": "elastic", "right.modulus": "100 bar"}, (1.0, 2.1), False),  # a wall holds it
        ({"right.label": "filtrate", "membrane.type": "red-blood-cell"}, (1.0, 2.1), True),
        ({"right.label": "filtrate"}, (1.0, 2.1), False),
        ({"right.label": "Red Cells"}, (1.0, 2.1), True),
        ({"right.label": "excellent"}, (1.0, 2.1), False),
        ({"right.length": "5 mm"}, (1.0, 2.1), False),  # a stirred cell of a laboratory
    ],
)
def test_what_counts_as_a_cell(values: dict[str, object], growth: tuple[float, float], bursts: bool) -> None:
    case = mp.load_case("hypotonic").with_values(values)
    assert bool(remarks.burst(case, growth)) == bursts


# -- words that go with their numbers ----------------------------------------------------------------------------------
def test_a_cell_that_swells_without_end_is_not_told_to_run_longer() -> None:
    pure = {"left.boundary": "reservoir", "left.concentration.NaCl": "0 mmol/L", "run.until": "equilibrium"}
    for case in (
        mp.load_case("hypotonic").with_values(pure),
        turned_round(mp.load_case("hypotonic").with_values(pure)),
    ):
        words = told(case)
        assert re.search(
            r"The two sides never balance: the (left|right) side takes up water from the reservoir without end\.", words
        )
        assert "longer run.duration" not in words


def test_water_that_flows_the_other_way_in_the_end() -> None:
    case = mp.load_case("seawater_ro").with_values({"left.pressure": "20 bar", "right.backflow": "last"})
    words = told(case)
    assert "osmosis, 1.05 L/m² in 21.1 min. At the end water flows the other way at 0.163 L/m²/h. The state is" in words
    assert told(turned_round(case)) == words.replace("right", "LEFT").replace("left", "right").replace("LEFT", "left")


def test_beside_an_outflow_a_closed_side_does_not_flow_for_ever() -> None:
    case = mp.load_case("osmosis").with_values({"left.boundary": "outflow", "right.pressure": "60 bar"})
    assert "depends on how much has left through the outflow on the left" in mp.equilibrium(case)["message"]
    assert "for ever" in mp.equilibrium(mp.load_case("seawater_ro"))["message"]


# -- internal concentration polarization ------------------------------------------------------------------------------
SUPPORTED = CASE.replace("[right]\n", '[right]\nlabel = "draw"\n') + '[right.support]\nstructural_parameter = "500 um"\n'


def polarization(walls: tuple[float, float], solutions: tuple[float, float] = (10.0, 600.0)) -> str:
    """Of salt on both sides (mol/m^3); the support is on the right."""
    here, there = ([np.array([c]) for c in pair] for pair in (solutions, walls))
    osmotic = 2 * 8.314462618 * 298.15
    between, across = ((osmotic * left, osmotic * right) for left, right in (solutions, walls))
    case = mp.parse_case(SUPPORTED)
    return " ".join(remarks.internal_polarization(case, here, there, between, across))


def test_the_support_layer_dilutes_the_draw_solution():
    words = polarization((12.0, 100.0))
    assert words.startswith(
        "Internal concentration polarization: across the support layer on the right (draw) NaCl falls from 35.06 g/L to "
        "5.844 g/L at the membrane."
    )
    assert words.endswith("two solutions 14.9 % acts across the membrane.")  # 88 of 590 mol/m^3


def test_it_piles_up_what_leaks_into_the_feed():
    words = polarization((610.0, 150.0), (600.0, 0.0))
    assert "NaCl rises from 0 g/L to 8.766 g/L at the membrane" in words
    assert words.endswith("76.7 % acts across the membrane.")


def test_nothing_is_said_where_nothing_changes_or_there_is_no_support():
    assert polarization((10.0, 600.1)) == ""
    assert polarization((10.0, 0.0), (10.0, 0.0)) == ""
    assert "acts across" not in polarization((500.0, 400.0))  # beyond balance, no share of the difference
    assert "Internal" not in told(mp.parse_case(CASE).with_values(QUICK | {"run.duration": "1 min"}))


# -- a water flux that changed direction ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("moved", "words"),
    [
        ([0.0, 0.002, 0.0], "2 L/m² of water moved to the right (cell), and then all of it came back."),
        ([0.0, -4e-7, -1e-7], "0.4 mL/m² of water moved to the left (hypotonic bath), and then 75 % of it came back."),
        ([0.0, 0.001, -0.003], "at first 1 L/m² of water moved to the right (cell)."),
        ([0.0, 0.001, -0.0004], "at first 1 L/m² of water moved to the right (cell)."),
        ([0.0, -0.001, 0.003], "at first 1 L/m² of water moved to the left (hypotonic bath)."),
    ],
)
def test_how_much_water_came_back(moved: list[float], words: str) -> None:
    case = mp.load_case("hypotonic")
    assert remarks.changed_direction(case, np.array(moved)) == f"The water flux changed direction during the run: {words}"


def test_under_an_oscillating_pressure_water_comes_and_goes() -> None:
    swinging = {"mean": "0 bar", "amplitude": "1 mbar", "period": "1 s"}
    case = mp.load_case("hypotonic").with_values({"left.pressure": swinging, "run.until": "duration"})
    assert remarks.changed_direction(case, np.array([0.0, 1e-7, 0.0])) == (
        "The water flux changed direction during the run."
    )
