"""Steady states of cases with [module]: keys, totals, elements, files, words."""

from __future__ import annotations

import csv
import io
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import membrane_pde as mp
from membrane_pde.input.casefile import parse_case
from membrane_pde.results.quantities import SUMMARY_KEYS
from membrane_pde.show import notebook, report_along, report_comparison
from tests.along import VESSEL


@pytest.fixture(scope="module")
def vessel() -> Any:
    return mp.run(parse_case(VESSEL, name="vessel"))


def test_summary_has_every_key_and_the_totals_agree(vessel: Any) -> None:
    summary = vessel.summary
    assert set(summary) == set(SUMMARY_KEYS)
    plain = [v for each in (summary, *summary["elements"]) for v in each.values() if not isinstance(v, dict | list)]
    assert {type(v) for v in plain} <= {float, int, str, type(None)}
    assert summary["status"] == "steady"
    assert summary["recovery"] == pytest.approx(0.45, rel=1e-9)
    fed, made, left = (summary[f"{name}_flow_m3_per_s"] for name in ("feed", "permeate", "concentrate"))
    assert fed == pytest.approx(80.0 / 3600.0)
    assert made + left == pytest.approx(fed, rel=1e-12)
    assert summary["water_flux_m_per_s"] * summary["area_m2"] == pytest.approx(made, rel=1e-12)
    salt_in = vessel.summary["elements"][0]["feed_concentration_mol_per_m3"]["NaCl"] * fed
    salt_out = summary["concentrate_concentration_mol_per_m3"]["NaCl"] * left
    salt_out += summary["permeate_concentration_mol_per_m3"]["NaCl"] * made
    assert salt_out == pytest.approx(salt_in, rel=1e-10)
    assert summary["clearance_m3_per_s"]["NaCl"] == pytest.approx(made * (1.0 - summary["rejection"]["NaCl"]), rel=1e-9)


def test_pump_energy_is_that_of_the_design(vessel: Any) -> None:
    summary, last = vessel.summary, vessel.summary["elements"][-1]
    made, left = summary["permeate_flow_m3_per_s"], summary["concentrate_flow_m3_per_s"]
    pressure, end = summary["pressure_left_Pa"], last["feed_pressure_Pa"] - last["pressure_drop_Pa"]
    assert summary["pump_energy_J_per_m3"] == pytest.approx(
        (made * pressure + left * (pressure - 0.95 * end)) / (0.85 * made), rel=1e-12
    )
    assert 0.0 < summary["minimum_energy_J_per_m3"] < summary["pump_energy_J_per_m3"]
    assert pressure - end == pytest.approx(summary["pressure_drop_left_Pa"], rel=1e-9)


def test_concentrate_that_leaks_into_the_feed(vessel: Any) -> None:
    """``c_s + m (Q_c/Q_f) (c_c − c_s)`` enters the first element."""
    summary, case = vessel.summary, vessel.case
    supplied = case.left.inlet["NaCl"].values[0]
    left = summary["concentrate_concentration_mol_per_m3"]["NaCl"]
    assert summary["elements"][0]["feed_concentration_mol_per_m3"]["NaCl"] == pytest.approx(
        supplied + 0.03 * 0.55 * (left - supplied), rel=1e-9
    )


def test_elements_follow_one_another(vessel: Any) -> None:
    elements = vessel.summary["elements"]
    assert [each["element"] for each in elements] == list(range(1, 8))
    for before, after in itertools.pairwise(elements):
        assert after["feed_flow_m3_per_s"] == pytest.approx(
            before["feed_flow_m3_per_s"] - before["permeate_flow_m3_per_s"], rel=1e-12
        )
        assert after["feed_pressure_Pa"] == pytest.approx(
            before["feed_pressure_Pa"] - before["pressure_drop_Pa"] - 5e3, rel=1e-9
        )
        assert after["water_flux_m_per_s"] < before["water_flux_m_per_s"]


def test_default_stations_are_exact_to_two_ten_thousandths(vessel: Any) -> None:
    fine = mp.steady(vessel.case.with_values({"module.stations": 64}))
    for key in ("pressure_left_Pa", "water_flux_m_per_s", "pump_energy_J_per_m3"):
        assert vessel.summary[key] == pytest.approx(fine[key], rel=2e-4)
    for coarse, exact in zip(vessel.summary["elements"], fine["elements"], strict=True):
        assert coarse["water_flux_m_per_s"] == pytest.approx(exact["water_flux_m_per_s"], rel=2e-4)
        for key in ("feed_concentration_mol_per_m3", "permeate_concentration_mol_per_m3"):
            assert coarse[key]["NaCl"] == pytest.approx(exact[key]["NaCl"], rel=2e-4)


def test_saved_and_loaded_without_losing_a_bit(vessel: Any, tmp_path: Path) -> None:
    folder = vessel.save(tmp_path / "out")
    again = mp.load_result(folder)
    assert again.summary == vessel.summary
    assert all(np.array_equal(again.arrays[name], vessel.arrays[name], equal_nan=True) for name in vessel.arrays)
    assert again.profiles.sizes == {"time": 1, "station": 56, "solute": 1}
    with (folder / "elements.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 7
    assert float(rows[3]["permeate_flow_m3_per_s"]) == vessel.summary["elements"][3]["permeate_flow_m3_per_s"]
    assert rows[0]["feed_concentration_mol_per_m3[NaCl]"]


def test_sentence_and_tables_say_it(vessel: Any) -> None:
    class Page:
        is_terminal = False
        file = io.StringIO()

    report_along.show_along(Page, vessel.case, vessel.summary)
    text = Page.file.getvalue()
    assert "The 10 vessels make 864 m³/d of permeate at 45 % recovery from 56.5 bar. The mean water flux is" in text
    assert "element  feed m³/h  NaCl g/L" in text
    assert "The model does not include fouling (except by membrane.flow_factor" in text
    assert "(unless [right.channel] is given)." in text


def test_a_side_without_a_label_is_called_a_side(vessel: Any) -> None:
    assert "the pressure drop of the permeate on its way out" in report_along.known_limits(vessel.case)
    assert "the pressure drop of the right side on" in report_along.known_limits(
        vessel.case.with_values({"right.label": "right"})
    )


def test_pictures(vessel: Any, tmp_path: Path) -> None:
    paths = mp.plot.save_all(vessel, tmp_path)
    assert [path.name for path in paths] == ["along.png", "vessel.png"]
    assert all(path.stat().st_size > 10_000 for path in paths)


@pytest.mark.parametrize("name", ["forward_osmosis_module", "dialyser"])
def test_every_curve_along_the_membrane_is_inside_its_panel(name: str) -> None:
    """A draw is far saltier than the feed: the panel must hold both."""
    result = mp.run(mp.load_case(name).with_values({"module.stations": 8}))
    seen = 0
    for ax in mp.plot.along(result).flat:
        low, high = ax.get_ylim()
        for line in ax.get_lines():
            if len(line.get_xdata()) > 2:
                values = np.asarray(line.get_ydata())
                assert low <= values.min() <= values.max() <= high
                seen += 1
    assert seen >= 7


def test_the_flow_of_forward_osmosis_is_found_without_any_pressure() -> None:
    case = mp.load_case("forward_osmosis_module").with_values({"left.channel.recovery": "50 %", "module.stations": 8})
    assert case.left.channel.velocity is None
    assert mp.steady(case)["recovery"] == pytest.approx(0.5, rel=1e-9)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"left.pressure": "300 bar", "module.stations": 8}, None),
        ({"left.pressure": {"permeate": "90 m^3/h"}}, "90 m^3/h of permeate, and 80 m^3/h are fed"),
        ({"left.pressure": "0 bar", "left.channel.recovery": "8 %", "module.elements": 1}, "left.pressure is 0 bar"),
    ],
)
def test_what_cannot_be_is_explained_in_numbers(changes: dict[str, Any], words: str | None) -> None:
    case = parse_case(VESSEL, name="vessel").with_values(changes)
    summary = mp.steady(case)
    if words is None:
        assert summary["status"] == "steady"
        assert summary["recovery"] < 1.0
    else:
        assert summary["status"] is None
        assert words in summary["message"]


def test_a_boost_that_alone_makes_more_permeate_is_told() -> None:
    summary = mp.steady(mp.load_case("brackish_two_stage").with_values({"module.stage.1.boost": "1000 bar"}))
    assert summary["status"] is None
    assert "the boost of 1000 bar alone makes more permeate than 75 % of the feed" in summary["message"]


def test_a_flow_that_no_pressure_drives_is_not_blamed_on_the_salt() -> None:
    case = mp.load_case("ro_vessel").with_values({"left.channel.flow": "1e30 m^3/h", "module.stations": 1})
    message = mp.steady(case)["message"]
    assert "less than the 83 bar that the element allows" in message
    assert "a smaller left.channel.flow" in message


def test_a_channel_that_runs_dry_is_told() -> None:
    case = parse_case(VESSEL, name="vessel").with_values(
        {"left.concentration": {"NaCl": "10 mg/L"}, "left.pressure": "60 bar", "osmotic_model": "ideal"}
    )
    summary = mp.steady(case)
    assert summary["status"] is None
    assert "runs dry: at 60 bar the membrane would take all of the 80 m^3/h that enter" in summary["message"]


def test_below_the_osmotic_pressure_water_comes_back() -> None:
    case = parse_case(VESSEL, name="vessel").with_values({"left.pressure": "10 bar", "energy": {}})
    summary = mp.steady(case)
    assert summary["backflow_area_share"] == pytest.approx(1.0)
    assert summary["permeate_flow_m3_per_s"] < 0.0
    assert "Water flows back into the left side everywhere" in summary["message"]


def test_one_schedule_has_no_steady_state() -> None:
    case = parse_case(VESSEL, name="vessel").with_values(
        {"left.channel.flow": {"schedule": [["0 s", "8 m^3/h"], ["1 min", "7 m^3/h"]]}}
    )
    with pytest.raises(mp.CaseError, match=r'--set left\.channel\.flow="7 m\^3/h"'):
        mp.steady(case)


def test_a_sweep_takes_the_keys_of_a_module() -> None:
    case = parse_case(VESSEL, name="vessel").with_values({"module.stations": 4})
    found = mp.sweep(case, {"left.channel.flow": ["7 m^3/h", "9 m^3/h"]}, workers=1)
    flows = found["feed_flow_m3_per_s"].values
    assert flows == pytest.approx([70.0 / 3600.0, 90.0 / 3600.0])
    assert found["recovery"].values == pytest.approx(0.45)


def test_a_sweep_of_a_dialyser_shows_clearances() -> None:
    """Far more urea passes than the water carries: a rejection of −3000 % would tell nothing."""
    case = mp.load_case("dialyser").with_values({"module.stations": 4})
    found = mp.sweep(case, {"left.channel.flow": ["200 mL/min", "400 mL/min"]}, workers=1)
    ax = mp.plot.sweep_picture(found).flat[1]
    assert ax.get_ylabel() == "clearance (mL/min)"
    np.testing.assert_allclose(
        ax.get_lines()[0].get_ydata(), 6e7 * found["clearance_m3_per_s"].sel(solute="urea").values, rtol=1e-12
    )


def test_accuracy_is_estimated_by_twice_the_stations() -> None:
    coarse = mp.run(parse_case(VESSEL, name="vessel").with_values({"module.stations": 2}))
    fine = mp.steady(coarse.case.with_values({"module.stations": 32}))
    error = mp.check_accuracy(coarse)
    off = abs(coarse.summary["pressure_left_Pa"] - fine["pressure_left_Pa"])
    assert 0.5 * off < error["pressure_left_Pa"] < 2.0 * off


def test_compare_and_notebook_speak_of_modules(vessel: Any) -> None:
    table = report_comparison.comparison_csv({"a": vessel})
    assert "pump_energy_J_per_m3" in table
    assert "vessels make 864" in table
    assert "The 10 vessels make" in notebook.of_result(vessel)
    assert mp.plot.profiles(vessel).size == 3
    with pytest.raises(mp.CaseError, match="the explorer shows two compartments"):
        mp.explore(vessel.case)


def test_feed_on_the_right_is_the_same_plant_seen_in_a_mirror(vessel: Any) -> None:
    lines = VESSEL.replace("[left", "[LEFT").replace("[right", "[left").replace("[LEFT", "[right")
    found = mp.steady(parse_case(lines, name="mirror"))
    known = vessel.summary
    assert found["water_flux_m_per_s"] == pytest.approx(-known["water_flux_m_per_s"], rel=1e-9)
    assert found["pressure_right_Pa"] == pytest.approx(known["pressure_left_Pa"], rel=1e-9)
    for key in ("recovery", "permeate_flow_m3_per_s", "pump_energy_J_per_m3", "minimum_energy_J_per_m3"):
        assert found[key] == pytest.approx(known[key], rel=1e-8)
    assert found["rejection"]["NaCl"] == pytest.approx(known["rejection"]["NaCl"], rel=1e-9)
    for one, other in zip(found["elements"], known["elements"], strict=True):
        assert one["permeate_flow_m3_per_s"] == pytest.approx(other["permeate_flow_m3_per_s"], rel=1e-9)


def test_a_permeate_channel_costs_pressure() -> None:
    """A dead-end channel behind the membrane: the permeate's pressure rises towards its closed end."""
    case = parse_case(VESSEL, name="vessel").with_values(
        {
            "module.elements": 1,
            "left.pressure": "60 bar",
            "right.concentration": {"NaCl": "0 g/L"},
            "right.channel": {"velocity": "0 m/s", "height": "0.3 mm", "mass_transfer": "none", "walls": 2},
        }
    )
    free = parse_case(VESSEL, name="vessel").with_values({"module.elements": 1, "left.pressure": "60 bar"})
    found, without = mp.steady(case), mp.steady(free)
    wide, made = 37.0 / (2.0 * 0.96), found["elements"][0]["permeate_flow_m3_per_s"]
    viscosity = 1.053e-3  # Pa s, of water at 18 degC
    laminar = 12.0 * viscosity * 0.5 * made * 0.96 / (wide * 0.3e-3**3)
    assert found["pressure_drop_right_Pa"] == pytest.approx(laminar, rel=0.05)  # the flow rises about linearly
    assert found["pressure_right_Pa"] == pytest.approx(5e4)
    assert found["recovery"] < without["recovery"]
    assert found["permeate_flow_m3_per_s"] + found["concentrate_flow_m3_per_s"] == pytest.approx(
        found["feed_flow_m3_per_s"], rel=1e-12
    )
