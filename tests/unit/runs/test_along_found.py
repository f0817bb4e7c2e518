"""Steady states along a membrane that take more than plain steps from a first guess; and why there are none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import membrane_pde as mp

CASES = Path(__file__).parents[3] / "cases"


def steady(name: str, values: dict[str, Any] | None = None, *changes: tuple[str, str]) -> dict[str, Any]:
    """The steady state of a shipped case with its text and some values changed."""
    text = (CASES / f"{name}.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return mp.steady(mp.parse_case(text).with_values(values or {}))


@pytest.mark.parametrize("flow", [20, 50])
def test_little_blood_is_cleared_of_all_its_urea(flow: float) -> None:
    """Twenty to fifty e-foldings along the fibres: all urea of the blood that leaves as blood, or with the water."""
    summary = steady("dialyser", {"left.channel.flow": f"{flow} mL/min"})
    assert summary["status"] == "steady"
    assert summary["clearance_m3_per_s"]["urea"] * 6e7 == pytest.approx(flow, rel=1e-5)
    assert 0.0 < summary["clearance_m3_per_s"]["vitamin_B12"] * 6e7 < flow
    assert summary["concentrate_concentration_mol_per_m3"]["urea"] >= 0.0


def test_too_few_stations_for_the_membrane_are_told() -> None:
    summary = steady("dialyser", {"left.channel.flow": "20 mL/min", "module.stations": 4})
    assert summary["status"] is None
    found = re.search(r"at 4 stations an element.*use at least (\d+) \(module\.stations\)", summary["message"])
    assert found is not None
    again = steady("dialyser", {"left.channel.flow": "20 mL/min", "module.stations": found[1]})
    assert again["status"] == "steady"


@pytest.mark.parametrize("reflection", [0.7, 0.95])
def test_kedem_katchalsky_where_the_flux_turns_along_the_membrane(reflection: float) -> None:
    """The permeate that was collected before comes back: the logarithmic mean is steep at no concentration."""
    values = {
        "membrane.flux_law": "kedem-katchalsky",
        "membrane.solutes.NaCl.reflection": reflection,
        "left.concentration.NaCl": "5 g/L",
        "left.pressure": "30 bar",
        "left.channel.pressure_drop": "3 bar/m",
        "module.elements": 12,
        "module.stations": 4,
    }
    summary = steady("ro_element", values, ('recovery = "8 %"', 'flow = "40 m^3/h"'))
    assert summary["status"] == "steady"
    assert 0.1 < summary["backflow_area_share"] < 0.5
    made = summary["permeate_flow_m3_per_s"] * summary["permeate_concentration_mol_per_m3"]["NaCl"]
    left = summary["concentrate_flow_m3_per_s"] * summary["concentrate_concentration_mol_per_m3"]["NaCl"]
    fed = summary["feed_flow_m3_per_s"] * summary["elements"][0]["feed_concentration_mol_per_m3"]["NaCl"]
    assert made + left == pytest.approx(fed, rel=1e-10)


def test_a_dead_end_at_rest_becomes_like_the_feed() -> None:
    """Without pressure nothing drives water into a closed end for ever: salt levels out, and nothing flows."""
    dead = ('velocity = "2 mm/s"', 'velocity = "0 m/s"')
    summary = steady("forward_osmosis_module", {"module.stations": 8}, dead)
    assert summary["status"] == "steady"
    assert abs(summary["water_flux_m_per_s"]) < 1e-20
    assert summary["concentration_right_mol_per_m3"]["NaCl"] == pytest.approx(
        summary["concentration_left_mol_per_m3"]["NaCl"], rel=1e-9
    )
    with_pressure = steady("forward_osmosis_module", {"module.stations": 8, "left.pressure": "0.5 bar"}, dead)
    assert with_pressure["status"] == "steady"
    assert with_pressure["water_flux_m_per_s"] > 0.0


def test_a_recovery_for_which_the_flow_is_bracketed() -> None:
    """Friction takes more than the pressure: the state is found all the same, and told to be below vacuum."""
    values = {
        "membrane.flux_law": "kedem-katchalsky",
        "membrane.solutes.NaCl.reflection": 0.7,
        "left.concentration.NaCl": "5 g/L",
        "left.pressure": "30 bar",
        "module.elements": 10,
        "module.stations": 4,
    }
    summary = steady("ro_element", values)
    assert summary["recovery"] == pytest.approx(0.08, rel=1e-9)
    assert "The pressure on the left falls to -7" in summary["message"]
    assert "below vacuum" in summary["message"]


@pytest.mark.parametrize(
    ("name", "values", "changes", "words"),
    [
        (
            "ro_element",
            {"left.pressure": "10 bar"},
            [],
            ["at 8 % recovery the concentrate's osmotic pressure is up to 28.1 bar", "left.pressure is 10 bar"],
        ),
        (
            "ro_vessel",
            {"left.pressure": '{ permeate = "300 m^3/h" }'},
            [],
            ["asks for 300 m^3/h of permeate, and 80 m^3/h are fed"],
        ),
        (
            "forward_osmosis_module",
            {"left.channel.velocity": "0.3 mm/s", "left.pressure": "20 bar"},
            [],
            [
                "the left runs dry: the osmotic pressure of what enters on the right, 47.3 bar against 1.61 bar",
                "all of the 18 mL/min",
            ],
        ),
        (
            "forward_osmosis_module",
            {"right.pressure": "30 bar", "right.channel.velocity": "0.1 mm/s", "right.concentration.NaCl": "2 g/L"},
            [],
            ["the channel on the right runs dry: at 30 bar against 0 bar", "raise right.channel.velocity"],
        ),
        (
            "dialyser",
            {"left.channel.flow": "5 mL/min"},
            [],
            ["the left runs dry: at 0.1333 bar against 0.07999 bar", "all of the 5 mL/min that enter"],
        ),
        (
            "dialyser",
            {"right.channel.flow": "5 mL/min", "right.pressure": "250 mmHg"},
            [],
            ["the channel on the right runs dry", "lower right.pressure, or raise right.channel.flow"],
        ),
        (
            "dialyser",
            {"module.stations": 4, "left.channel.flow": "5 mL/min"},
            [],
            ["the channel on the left runs dry"],
        ),
        (
            "forward_osmosis_module",
            {"right.pressure": "2 bar"},
            [('velocity = "2 mm/s"', 'velocity = "0 m/s"')],
            ["come in through the outlet of right.channel, a dead end: its pressure, 2 bar", "lower right.pressure"],
        ),
    ],
)
def test_why_there_is_none(name: str, values: dict[str, Any], changes: list[tuple[str, str]], words: list[str]) -> None:
    summary = steady(name, values, *changes)
    assert summary["status"] is None
    for each in words:
        assert each in summary["message"]


def test_a_feed_that_keeps_a_hundredth_of_itself_is_no_dry_channel() -> None:
    """The draw takes feed until both are alike, 98.7 % of it: with four stations that looked like a dry channel."""
    values = {
        "left.channel.velocity": "3.3 mm/s", "right.channel.velocity": "82.5 mm/s", "osmotic_model": "ideal",
        "left.concentration.NaCl": "0.538 g/L", "right.concentration.NaCl": "1.68 mol/L",
        "module.direction": "co-current",
    }  # fmt: skip
    summary = steady("forward_osmosis_module", values)
    assert summary["status"] == "steady"
    assert summary["recovery"] == pytest.approx(0.987, abs=1e-3)


def test_a_recovery_that_no_flow_gives_is_told_with_those_that_were_found() -> None:
    """Without any flow every recovery holds, which is no state of a module."""
    changes = ('velocity = "4 mm/s"', 'recovery = "40 %"')
    summary = steady("forward_osmosis_module", {"right.concentration.NaCl": "1 g/L", "module.stations": 4}, changes)
    assert summary["status"] is None
    assert "left.pressure is 0 bar, and with it the recovery is" in summary["message"]
    assert "at every flow that was tried, not 40 %" in summary["message"]
    found = steady("forward_osmosis_module", {"module.stations": 4}, changes)
    assert found["recovery"] == pytest.approx(0.4, rel=1e-9)
    assert found["feed_flow_m3_per_s"] > 0.0


def test_a_pressure_that_is_solved_for_below_vacuum_asks_for_more() -> None:
    """The draw alone takes more than 30 % of the feed: only suction would hold it back."""
    summary = steady("forward_osmosis_module", {"left.pressure": '{ recovery = "30 %" }', "module.stations": 4})
    assert summary["pressure_left_Pa"] < -101325.0
    assert "below vacuum, where no liquid flows: ask for more in left.pressure.recovery" in summary["message"]


DEAD_END = (
    "[right]\n",
    '[right]\nconcentration = { NaCl = "0 mol/L" }\nchannel = { flow = "0 m^3/h", height = "0.4 mm" }\n',
)


def test_a_dead_end_where_the_flux_dies() -> None:
    """99 % of the feed pass in the first stage: in the second the permeate is nearly as salty as what is left."""
    values = {"left.pressure": "18 bar", "left.concentration.NaCl": "0.33 g/L", "module.stations": 4}
    summary = steady("brackish_two_stage", values, DEAD_END)
    assert summary["status"] == "steady"
    drawn = steady("brackish_two_stage", values)  # what passes is drawn off at once there, and comes back
    assert summary["recovery"] == pytest.approx(drawn["recovery"], abs=0.01)
    assert min(one["water_flux_m_per_s"] for one in summary["elements"]) > 0.0


def test_a_recovery_that_would_draw_liquid_into_a_dead_end_is_told() -> None:
    values = {
        "left.pressure": '{ recovery = "11.5 %" }', "left.concentration.NaCl": "0.5 g/L", "module.stations": 4,
        "module.interconnector": "0.3 bar",
    }  # fmt: skip
    summary = steady("brackish_two_stage", values, DEAD_END)
    assert summary["status"] is None
    assert "a dead end: somewhere its pressure, 0.5 bar, exceeds that of the feed" in summary["message"]
    higher = steady("brackish_two_stage", values | {"left.pressure": '{ recovery = "60 %" }'}, DEAD_END)
    assert higher["recovery"] == pytest.approx(0.6, rel=1e-9)
