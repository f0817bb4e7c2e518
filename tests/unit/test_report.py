"""Words and tables for people: directions, units, and no noise."""

import csv
import io
import math
from types import SimpleNamespace

import pytest
from rich.console import Console

from membrane_pde import report
from tests import synthetic


def words(result, **changes):
    return report.sentence(result.summary | changes, report.labels_of(result.case))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (4.1, "4.1"),
        (35.0, "35"),
        (1234.5678, "1235"),
        (123456.0, "123500"),
        (0.50254, "0.5025"),
        (-0.00012345, "-0.0001234"),
        (9.9999999, "10"),
        (99999.96, "100000"),
        (1.6e-9, "1.6e-9"),
        (2.345678e8, "2.346e8"),
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "–"),
    ],
)
def test_numbers(value, text):
    assert report.number(value) == text


def test_round_off_shows_as_zero():
    assert report.number(-3e-17, scale=1.0) == "0"
    assert report.number(3e-11, scale=1.0) == "3e-11"


def test_factors_are_those_of_engineering_units():
    assert report.factor("L/m^2/hour") == pytest.approx(3.6e6)
    assert report.factor("bar") == pytest.approx(1e-5)
    assert report.factor("mm") == pytest.approx(1e3)
    assert report.factor("kW*hour") == pytest.approx(1 / 3.6e6)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0 s"), (45.0, "45 s"), (1800.0, "30 min"), (7200.0, "2 h"), (864000.0, "10 d")]
)
def test_durations(seconds, text):
    assert report.duration(seconds) == text


def test_osmosis_in_words():
    assert words(synthetic.osmosis()) == (
        "Water moved from the left (fresh) to the right (saline): osmosis, 4.1 L/m² in 2 h. "
        "93 % of the way to equilibrium."
    )


def test_osmosis_to_the_left_turns_the_sides_round():
    text = words(synthetic.osmosis(displaced=-0.002, equilibrium_displaced=-0.004))
    assert text.startswith("Water moved from the right (saline) to the left (fresh): osmosis, 2 L/m² in 2 h.")
    assert text.endswith("50 % of the way to equilibrium.")


def test_sides_without_labels():
    assert report.sentence(synthetic.osmosis().summary).startswith("Water moved from the left to the right: osmosis")


def test_reverse_osmosis_says_where_from_and_what_is_held_back():
    text = words(synthetic.reverse_osmosis(), rejection={"NaCl": 0.9957})
    assert text.startswith("Water was pressed from the right (saline) to the left (fresh): reverse osmosis, 3.6 L/m²")
    assert "Held back: 99.5 % of the NaCl." in text


def test_filtration():
    text = words(synthetic.osmosis(process="filtration"), rejection=None, pressure_left_Pa=1e5)
    assert text.startswith("Pressure drove water from the left (fresh) to the right (saline): filtration, 4.1 L/m²")


def test_water_that_moves_out_of_osmotic_balance_without_pressure():
    text = words(synthetic.osmosis(process="filtration"), rejection=None)
    assert "though it began in osmotic balance" in text
    assert "Pressure" not in text


def test_diffusion():
    text = words(synthetic.two_gases())
    assert text.startswith("No membrane: the two sides mixed by diffusion for 2 h.")
    assert text.endswith("There is no equilibrium to compare with.")


def test_no_flow_says_what_holds_it():
    stopped = synthetic.result(displaced=0.0, process="no flow", pressures=(0.0, 29.22e5))
    assert "No water moved in 2 h: 29.2 bar more on the right (saline) hold it back." in words(stopped)
    equal = synthetic.result({"NaCl": 150.0}, {"NaCl": 150.0}, displaced=0.0, process="no flow")
    assert "No water moved in 2 h: the two sides are isotonic." in words(equal, tonicity="isotonic")


def test_solutes_that_cross_without_water():
    dialysis = synthetic.result(displaced=0.0, process="no flow")
    text = words(dialysis, amount_transferred_mol_per_m2={"NaCl": -0.25, "urea": 1e-18})
    assert "Solutes crossed the membrane: 0.25 mol/m² of NaCl to the left." in text
    assert "urea" not in text


def test_a_failed_run_says_when_and_why_first():
    text = words(synthetic.osmosis(status="failed", message="At 2 h the left side ran dry. Try a shorter run."))
    assert text.startswith(
        "The run failed after 2 h. At 2 h the left side ran dry. Try a shorter run. Until then: water moved from"
    )
    assert "equilibrium" not in text


@pytest.mark.parametrize(
    ("changes", "ending"),
    [
        ({"status": "equilibrium"}, "It is at equilibrium."),
        ({"status": "steady"}, "The state is steady."),
        ({"equilibrium": None}, "There is no equilibrium to compare with."),
        ({"distance_to_equilibrium": None}, "It was at equilibrium from the start."),
        ({"distance_to_equilibrium": 2e-6}, "It is at equilibrium to within 0.1 %."),
        ({"distance_to_equilibrium": 0.0019}, "99.8 % of the way to equilibrium."),
        ({"distance_to_equilibrium": 0.999}, "0.1 % of the way to equilibrium."),
        ({"distance_to_equilibrium": 1.0}, "0 % of the way to equilibrium."),
        ({"distance_to_equilibrium": 1.4}, "It is farther from equilibrium than at the start."),
        ({"message": "The flow of water turned."}, "The flow of water turned."),
        ({"equilibrium": None, "message": "No equilibrium: a side is open."}, "2 h. No equilibrium: a side is open."),
    ],
)
def test_how_far_it_came(changes, ending):
    assert words(synthetic.osmosis(), **changes).endswith(ending)


def table(rows):
    return {row[0]: row[1:] for row in rows}


def test_sides_table_has_initial_and_final_values_in_engineering_units():
    rows = report.sides_table(synthetic.reverse_osmosis())
    assert table(rows[:3]) == {
        "length (volume per area)": ("mm", "10", "13.6", "10", "6.4"),
        "pressure": ("bar", "0", "0", "60", "60"),
        "osmotic pressure": ("bar", "0.4264", "0.3135", "29.65", "46.33"),
    }
    assert table(rows)["NaCl"] == ("g/L", "0.5026", "0.3695", "34.95", "54.6")


def test_concentration_units():
    case = synthetic.case({"NaCl": 1.0, "dye": 1.0}, {})
    assert report.concentration_unit(case, ["NaCl"], 600.0) == ("g/L", {"NaCl": 0.05844})
    assert report.concentration_unit(case, ["NaCl"], 0.1) == ("mg/L", {"NaCl": 58.44})
    assert report.concentration_unit(case, ["dye"], 600.0) == ("mmol/L", {"dye": 1.0})
    assert report.concentration_unit(case, ["NaCl", "dye"], 600.0) == ("mmol/L", {"NaCl": 1.0, "dye": 1.0})
    assert report.concentration_unit(case, ["dye"], 1e-10)[0] == "1/mL"


def test_membrane_table():
    rows = table(report.membrane_table(synthetic.reverse_osmosis()))
    assert rows["water flux"] == ("L/m²/h", "-5.055", "-0.3755")
    assert rows["water moved"] == ("L/m²", "0", "-3.6")
    assert rows["  at equilibrium"] == ("L/m²", "", "-3.9")
    assert rows["energy per volume"] == ("kWh/m³", "", "1.667")
    assert rows["  thermodynamic minimum"] == ("kWh/m³", "", "1")
    assert rows["  second-law efficiency"] == ("%", "", "60")
    assert rows["NaCl held back"] == ("%", "100", "100")
    assert "NaCl moved" not in rows
    assert not any("energy" in name or "law" in name for name in table(report.membrane_table(synthetic.osmosis())))


def test_membrane_table_shows_no_noise():
    result = synthetic.result(displaced=0.0, equilibrium_displaced=None)
    result.series["water_flux_m_per_s"] = result.series.water_flux_m_per_s - 1e-20
    result.series["displaced_volume_m"] = result.series.displaced_volume_m - 1e-18
    rows = table(report.membrane_table(result))
    assert rows["water flux"] == ("L/m²/h", "0", "0")
    assert rows["water moved"] == ("L/m²", "0", "0")
    assert "NaCl held back" not in rows


def test_comparison_table():
    header, rows = report.comparison_table(
        {"osmosis": synthetic.osmosis(), "ro": synthetic.reverse_osmosis(), "gas": synthetic.two_gases()}
    )
    assert header == ("", "unit", "osmosis", "ro", "gas")
    assert all(len(row) == 5 for row in rows)
    found = table(rows)
    assert found["process"] == ("", "osmosis", "reverse osmosis", "diffusion")
    assert found["water moved, left to right"] == ("L/m²", "4.1", "-3.6", "0")
    assert found["pressure, left − right, end"] == ("bar", "0", "-60", "0")
    assert found["energy per volume"] == ("kWh/m³", "0", "1.667", "–")
    assert found["  thermodynamic minimum"] == ("kWh/m³", "-0.5", "1", "–")
    assert found["  second-law efficiency"] == ("%", "–", "60", "–")
    assert found["NaCl, right, end"] == ("g/L", "24.79", "54.6", "–")


def test_comparison_csv_keeps_the_names_and_bits_of_the_summaries():
    results = {"osmosis": synthetic.osmosis(), "ro": synthetic.reverse_osmosis()}
    rows = list(csv.reader(io.StringIO(report.comparison_csv(results))))
    assert rows[0] == ["quantity", "osmosis", "ro"]
    found = {row[0]: row[1:] for row in rows}
    name = "concentration_left_mol_per_m3"
    assert [float(v) for v in found[f"{name}[NaCl]"]] == [r.summary[name]["NaCl"] for r in results.values()]
    assert found["in words"][1].startswith("Water was pressed from the right (saline)")


def test_a_pipe_gets_plain_lines_that_are_not_wrapped():
    text = io.StringIO()
    console = Console(file=text, width=40)
    report.show_result(console, synthetic.osmosis(labels=("a label of some length", "another one, longer still")))
    lines = text.getvalue().splitlines()
    assert "\x1b" not in text.getvalue()
    assert "─" not in text.getvalue()
    assert lines[1].endswith("93 % of the way to equilibrium.")
    assert not any(line != line.rstrip() for line in lines)


def test_a_terminal_gets_a_ruled_table():
    text = io.StringIO()
    report.show_comparison(Console(file=text, width=100, force_terminal=True), {"a": synthetic.osmosis()})
    assert "─" in text.getvalue()
    assert "\x1b[1ma: " in text.getvalue()


def test_case_table_has_si_units_schedules_profiles_and_mesh():
    values = {
        "title": "t",
        "temperature": 298.15,
        "left": {
            "length": 0.01,
            "stirred": False,
            "pressure": {"times": [0.0], "values": [6e6], "shape": "step"},
            "concentration": {"Na+": 10.0, "glucose": {"distance": [0.0, 0.001], "value": [1.0, 2.0]}},
        },
        "right": {"pressure": {"times": [0.0, 60.0], "values": [0.0, 5e5], "shape": "ramp"}},
        "membrane": {"solutes": {"NaCl": {"permeability": 1e-8, "reflection": 1.0}}, "type": None},
        "source": "not shown",
    }
    case = SimpleNamespace(model_dump=lambda mode: values)
    rows = report.case_table(case, {"left_widths": [1e-6, 2e-4], "right_widths": [1e-5]})
    assert table(rows) == {
        "title": ("t", ""),
        "temperature": ("298.15", "K"),
        "left.length": ("0.01", "m"),
        "left.stirred": ("false", ""),
        "left.pressure": ("6e6", "Pa"),
        "left.concentration.Na+": ("10", "mol/m³"),
        "left.concentration.glucose": ("1 at 0 m, 2 at 0.001 m", "mol/m³"),
        "right.pressure": ("0 from 0 s, 500000 from 60 s (ramp)", "Pa"),
        "membrane.solutes.NaCl.permeability": ("1e-8", "m/s"),
        "membrane.solutes.NaCl.reflection": ("1", ""),
        "mesh.left": ("2 cells, 1e-6 to 0.0002", "m"),
        "mesh.right": ("1 cells, 1e-5 to 1e-5", "m"),
    }


def test_equilibrium_in_words_and_numbers():
    result, text = synthetic.osmosis(), io.StringIO()
    report.show_equilibrium(Console(file=text), result.case, result.summary | {"message": ""})
    assert "At equilibrium 4.1 L/m² of water has moved from the left (fresh) to the right (saline)." in text.getvalue()
    assert "g/L" in text.getvalue()
    nothing = dict.fromkeys(result.summary) | {"message": "a side is open"}
    text = io.StringIO()
    report.show_equilibrium(Console(file=text), result.case, nothing)
    assert "A side is open." in text.getvalue()
    assert "–" in text.getvalue()
