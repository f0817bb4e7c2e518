"""Words and tables for people: directions, units, and no noise."""

import csv
import io
import math
from types import SimpleNamespace

import pytest
from rich.console import Console

import membrane_pde as mp
from membrane_pde import verify
from membrane_pde.show import (
    formatting,
    readings,
    report,
    report_case,
    report_checks,
    report_comparison,
    report_equilibrium,
    report_library,
    report_solution,
    sentences,
)
from tests import synthetic


def words(result, **changes):
    return sentences.sentence(result.summary | changes, readings.labels_of(result.case))


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
    assert formatting.number(value) == text


def test_round_off_shows_as_zero():
    assert formatting.number(-3e-17, scale=1.0) == "0"
    assert formatting.number(3e-11, scale=1.0) == "3e-11"


def test_factors_are_those_of_engineering_units():
    assert formatting.factor("L/m^2/hour") == pytest.approx(3.6e6)
    assert formatting.factor("bar") == pytest.approx(1e-5)
    assert formatting.factor("mm") == pytest.approx(1e3)
    assert formatting.factor("kW*hour") == pytest.approx(1 / 3.6e6)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0 s"), (45.0, "45 s"), (1800.0, "30 min"), (7200.0, "2 h"), (864000.0, "10 d")]
)
def test_durations(seconds, text):
    assert formatting.duration(seconds) == text


def test_osmosis_in_words():
    assert words(synthetic.osmosis()) == (
        "Water moved from the left (fresh) to the right (saline): osmosis, 4.1 L/m² in 2 h. "
        "The run has come 93 % of the way to equilibrium."
    )


def test_osmosis_to_the_left_turns_the_sides_round():
    text = words(synthetic.osmosis(displaced=-0.002, equilibrium_displaced=-0.004))
    assert text.startswith("Water moved from the right (saline) to the left (fresh): osmosis, 2 L/m² in 2 h.")
    assert text.endswith("The run has come 50 % of the way to equilibrium.")


def test_sides_without_labels():
    assert sentences.sentence(synthetic.osmosis().summary).startswith("Water moved from the left to the right: osmosis")


def test_reverse_osmosis_says_where_from_and_what_is_held_back():
    text = words(synthetic.reverse_osmosis(), rejection={"NaCl": 0.9957})
    assert text.startswith("Water was pressed from the right (saline) to the left (fresh): reverse osmosis, 3.6 L/m²")
    assert "The membrane held back 99.6 % of the NaCl." in text


@pytest.mark.parametrize(
    ("final", "collected", "text"),
    [
        (0.98893, 0.97975, "The membrane held back 98 % of the NaCl (98.9 % at the end)."),
        (0.98893, None, "The membrane held back 98.9 % of the NaCl."),  # not floored
        (0.99999, 0.99999, "The membrane held back 99.999 % of the NaCl."),  # nor rounded to all of it
        (1.0, 1.0 - 1e-15, "The membrane held back 100 % of the NaCl."),
        (14.86, 0.9, "The membrane held back 90 % of the NaCl. At the end the NaCl goes against the water."),
        (14.86, None, "At the end the NaCl goes against the water."),
        (-0.3, None, "At the end the NaCl passes faster than the water."),
        (
            0.0291,
            -0.008,
            "The membrane held back 2.91 % of the NaCl at the end.",
        ),  # of a solute that passed faster at first
        (-2e-8, None, "The membrane held back 0 % of the NaCl."),  # the error of a run
        (None, None, "reverse osmosis, 3.6 L/m² in 2 h. The run has come 92 %"),
    ],
)
def test_what_is_held_back_and_what_is_not(final, collected, text):
    changes = {"rejection": {"NaCl": final}, "collected_rejection": {"NaCl": collected}}
    assert text in words(synthetic.reverse_osmosis(), **changes)


def test_at_equilibrium_nothing_passes_any_more():
    text = words(synthetic.reverse_osmosis(), rejection={"NaCl": -0.25}, status="equilibrium")
    assert "passes faster" not in text


def test_osmosis_against_which_a_solute_diffuses():
    text = words(synthetic.osmosis(), rejection={"NaCl": 14.86})
    assert "At the end the NaCl goes against the water." in text
    assert "1486" not in text
    assert "eld back" not in words(synthetic.osmosis(), rejection={"NaCl": 0.5}, collected_rejection={"NaCl": 0.5})


def test_filtration():
    text = words(synthetic.osmosis(process="filtration"), rejection=None, pressure_left_Pa=1e5)
    assert text.startswith("Pressure drove water from the left (fresh) to the right (saline): filtration, 4.1 L/m²")


def test_water_that_moves_out_of_osmotic_balance_without_pressure():
    text = words(synthetic.osmosis(process="filtration"), rejection=None)
    assert "although both sides had equal osmotic pressure at the start" in text
    assert "Pressure" not in text


def test_diffusion():
    text = words(synthetic.two_gases())
    assert text.startswith("Without a membrane the two sides mixed by diffusion for 2 h.")
    assert text.endswith("There is no equilibrium to compare with.")


def test_no_flow_says_what_holds_it():
    stopped = synthetic.result(displaced=0.0, process="no flow", pressures=(0.0, 29.22e5))
    assert (
        "No water moved in 2 h: the pressure is 29.2 bar higher on the right (saline), which stops osmosis."
        in words(stopped)
    )
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


def moved(share, goal=0.0044):
    """Where a share of the water has moved that is to move, goal (m)."""
    end = {**synthetic.osmosis().summary["equilibrium"], "displaced_volume_m": goal}
    return {"displaced_volume_m": share * (goal or 0.0044), "equilibrium": end}


AT_END = moved(1.0)


@pytest.mark.parametrize(
    ("changes", "ending"),
    [
        ({"status": "equilibrium"}, "It is at equilibrium."),
        ({"status": "steady"}, "The state is steady."),
        ({"equilibrium": None}, "There is no equilibrium to compare with."),
        ({"distance_to_equilibrium": None}, "It was at equilibrium from the start."),
        ({"distance_to_equilibrium": 2e-6, **AT_END}, "The run was within 0.1 % of equilibrium when the 2 h ended."),
        ({"distance_to_equilibrium": 0.0019, **moved(0.9981)}, "The run has come 99.8 % of the way to equilibrium."),
        ({"distance_to_equilibrium": 0.2, **moved(0.8)}, "The run has come 80 % of the way to equilibrium."),
        (
            {"distance_to_equilibrium": 0.999, **moved(0.59)},
            " The water has come 59 % of the way to equilibrium; the solutes are not yet evenly spread.",
        ),
        (
            {"distance_to_equilibrium": 0.5, **AT_END},
            "The water is within 0.1 % of equilibrium; the solutes are not yet evenly spread.",
        ),
        ({"distance_to_equilibrium": 1.0, **moved(0.0)}, "The run has come 0 % of the way to equilibrium."),
        (
            {"distance_to_equilibrium": 0.2, **moved(1.2)},
            "More water has moved than at equilibrium (120 %): some will flow back.",
        ),
        ({"distance_to_equilibrium": 1.4, **moved(-0.4)}, "So far the water has moved away from equilibrium."),
        ({"distance_to_equilibrium": 0.63, **moved(1e-9, 0.0)}, "The run has come 37 % of the way to equilibrium."),
        (
            {"distance_to_equilibrium": 1e-5, **moved(1.0, 0.0)},
            "The run has come 99.9 % of the way to equilibrium; the water that has moved will flow back.",
        ),
        (
            {"distance_to_equilibrium": 1.4, **moved(0.0, 0.0)},
            "The solutes are farther from equilibrium than at the start.",
        ),
        ({"distance_to_equilibrium": 0.4, **moved(1.0, None)}, "The run has come 60 % of the way to equilibrium."),
        ({"message": "The water flux changed direction."}, "The water flux changed direction."),
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
        "depth of liquid (volume ÷ membrane area)": ("mm", "10", "13.6", "10", "6.4"),
        "pressure": ("bar", "0", "0", "60", "60"),
        "osmotic pressure": ("bar", "0.4264", "0.3135", "29.65", "46.33"),
    }
    assert table(rows)["NaCl"] == ("g/L", "0.5026", "0.3695", "34.95", "54.6")


def test_concentration_units():
    case = synthetic.case({"NaCl": 1.0, "dye": 1.0}, {})
    assert readings.concentration_unit(case, ["NaCl"], 600.0) == ("g/L", {"NaCl": 0.05844})
    assert readings.concentration_unit(case, ["NaCl"], 0.1) == ("mg/L", {"NaCl": 58.44})
    assert readings.concentration_unit(case, ["dye"], 600.0) == ("mmol/L", {"dye": 1.0})
    assert readings.concentration_unit(case, ["NaCl", "dye"], 600.0) == ("mmol/L", {"NaCl": 1.0, "dye": 1.0})
    assert readings.concentration_unit(case, ["dye"], 1e-10)[0] == "1/mL"


def test_membrane_table():
    rows = table(report.membrane_table(synthetic.reverse_osmosis()))
    assert rows["water flux"] == ("L/m²/h", "-5.055", "-0.3755")
    assert rows["water moved"] == ("L/m²", "0", "-3.6")
    assert rows["  at equilibrium"] == ("L/m²", "", "-3.9")
    assert rows["energy per volume"] == ("kWh/m³", "", "1.667")
    assert rows["  thermodynamic minimum"] == ("kWh/m³", "", "1")
    assert rows["  second-law efficiency"] == ("%", "", "60")
    assert rows["NaCl rejection (held back by the membrane)"] == ("%", "100", "100")
    assert "NaCl moved" not in rows
    assert not any("energy" in name or "law" in name for name in table(report.membrane_table(synthetic.osmosis())))


def test_membrane_table_with_a_rejection_that_is_no_share():
    """In the first instant a small solute diffuses faster than the water flows: no figure that anyone could use."""
    result = synthetic.reverse_osmosis()
    result.arrays["rejection"][0] = -10.66
    assert table(report.membrane_table(result))["NaCl rejection (held back by the membrane)"] == (
        "%",
        "passes faster than the water",
        "100",
    )
    result.arrays["rejection"][-1] = 14.86
    rows = table(report.membrane_table(result))
    assert rows["NaCl rejection (held back by the membrane)"][-1] == "goes against the water"
    result.arrays["water_flux_m_per_s"][-1] = 1e-20  # no water flows
    assert "NaCl rejection (held back by the membrane)" not in table(report.membrane_table(result))


def test_membrane_table_with_what_was_collected():
    result = synthetic.reverse_osmosis()
    result.summary["collected_rejection"] = {"NaCl": 0.97975}
    result.summary["collected_concentration_mol_per_m3"] = {"NaCl": 1.7327}
    rows = report.membrane_table(result)
    assert table(rows)["  over the whole run"] == ("%", "", "97.97")
    assert table(rows)["NaCl collected"] == ("g/L", "", "0.1013")
    result.arrays["water_flux_m_per_s"][-1] = 1e-20  # at rest: the row stands alone, and says what it is
    rows = report.membrane_table(result)
    assert "  over the whole run" not in table(rows)
    assert table(rows)["NaCl rejection (held back by the membrane), whole run"] == ("%", "", "97.97")


def test_the_convention_stands_beside_the_energy():
    result = synthetic.reverse_osmosis()
    result.summary["throttled_energy_J_per_m3"] = 2 * result.summary["specific_energy_J_per_m3"]
    for rows in (report.membrane_table(result), report_comparison.comparison_table({"a": result})[1]):
        assert table(rows)["energy per volume, with energy recovery"][-1] == "1.667"
        assert table(rows)["  without energy recovery"][-1] == "3.333"
    result.summary["throttled_energy_J_per_m3"] = None  # a reservoir, the flow past which is not known
    rows = table(report.membrane_table(result))
    assert "energy per volume, with energy recovery" in rows
    assert "  without energy recovery" not in rows
    assert "energy per volume" in table(report_comparison.comparison_table({"a": synthetic.reverse_osmosis()})[1])


def test_membrane_table_shows_no_noise():
    result = synthetic.result(displaced=0.0, equilibrium_displaced=None)
    result.arrays["water_flux_m_per_s"] -= 1e-20
    result.arrays["displaced_volume_m"] -= 1e-18
    rows = table(report.membrane_table(result))
    assert rows["water flux"] == ("L/m²/h", "0", "0")
    assert rows["water moved"] == ("L/m²", "0", "0")
    assert "NaCl rejection (held back by the membrane)" not in rows


def test_comparison_table():
    header, rows = report_comparison.comparison_table(
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
    rows = list(csv.reader(io.StringIO(report_comparison.comparison_csv(results))))
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
    assert lines[1].endswith("The run has come 93 % of the way to equilibrium.")
    assert not any(line != line.rstrip() for line in lines)


def test_a_terminal_gets_a_ruled_table():
    text = io.StringIO()
    report_comparison.show_comparison(Console(file=text, width=100, force_terminal=True), {"a": synthetic.osmosis()})
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
    rows = report_case.case_table(case, {"left_widths": [1e-6, 2e-4], "right_widths": [1e-5]})
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
        "mesh.right": ("1 cell, 1e-5", "m"),
    }


def test_equilibrium_in_words_and_numbers():
    result, text = synthetic.osmosis(), io.StringIO()
    report_equilibrium.show_equilibrium(Console(file=text), result.case, result.summary | {"message": ""})
    assert "At equilibrium 4.1 L/m² of water has moved from the left (fresh) to the right (saline)." in text.getvalue()
    assert "g/L" in text.getvalue()
    nothing = dict.fromkeys(result.summary) | {"message": "a side is open"}
    text = io.StringIO()
    report_equilibrium.show_equilibrium(Console(file=text), result.case, nothing)
    assert text.getvalue().endswith("There is no equilibrium: a side is open.\n")  # and no table of nothing


def test_a_stirred_reservoir_has_no_length_and_a_solubility_fits_a_line():
    case = mp.load_case("hypotonic").with_values({"left.boundary": "reservoir"})
    rows = table(report_equilibrium.equilibrium_table(case, mp.equilibrium(case)))
    assert rows["depth of liquid (volume ÷ membrane area)"] == ("mm", "–", "0.0005682")  # 0.411 um of 300 mmol/L in 217
    rows = table(report_case.case_table(case))
    assert rows["solutes.NaCl.solubility"] == ("6.1 at 273.15 K to 6.672 at 373.15 K (11 values)", "mol/kg")


ANSWER = {
    "osmotic_pressure_Pa": 2.5e6,
    "osmotic_pressure_bar": 25.0,
    "osmotic_pressure_atm": 24.67,
    "osmotic_pressure_mmHg": 18752.0,
    "ideal_osmotic_pressure_Pa": 2.7e6,
    "osmolarity_mOsm_per_L": 1100.0,
    "osmolality_mOsm_per_kg": 1010.0,
    "osmotic_coefficient": 0.92,
    "concentration_mol_per_m3": {"NaCl": 500.0, "urea": 100.0, "sucrose": 0.0},
    "molality_mol_per_kg": {"NaCl": 0.51, "urea": 0.102, "sucrose": 0.0},
    "density_kg_per_m3": 1020.0,
    "message": "",
}


def test_osmotic_pressure_beside_the_ideal_one():
    header, rows = report_solution.osmotic_pressure_table(ANSWER, "pitzer")
    assert header == ("", "unit", "pitzer", "ideal")
    assert rows[:4] == [
        ("osmotic pressure", "Pa", "2.5e6", "2.7e6"),
        ("", "bar", "25", "27"),
        ("", "atm", "24.67", "26.65"),
        ("", "mmHg", "18750", "20250"),
    ]
    table = {row[0]: row[1:] for row in rows}
    assert table["osmotic coefficient"] == ("", "0.92", "1")
    assert table["NaCl"] == ("mmol/L", "500", "")
    assert ("", "mmol/kg", "102", "") in rows
    assert "sucrose" not in table  # on the other side only
    assert "tonicity" not in table
    assert "effective osmolality" not in table


def test_osmotic_pressure_at_a_membrane():
    effective = {"effective_osmotic_pressure_Pa": 2.3e6, "effective_osmolality_mOsm_per_kg": 930.0}
    _, rows = report_solution.osmotic_pressure_table(ANSWER | effective | {"tonicity": "hypertonic"}, "pitzer")
    assert rows[-3:] == [
        ("effective osmotic pressure", "bar", "23", ""),
        ("effective osmolality", "mOsm/kg", "930", ""),
        ("tonicity", "", "hypertonic", ""),
    ]


def test_osmotic_pressure_without_a_density():
    unknown = {"osmotic_coefficient": None, "molality_mol_per_kg": None, "density_kg_per_m3": None}
    _, rows = report_solution.osmotic_pressure_table(ANSWER | unknown, "ideal")
    table = {row[0]: row[1:] for row in rows if row[0]}
    assert table["osmotic coefficient"][1] == table["density"][1] == "–"
    assert ("", "mmol/kg", "–", "") in rows


def test_library_entries_are_wrapped():
    entry = {
        "name": "a salt",
        "diffusivity": {"value": "1e-9 m^2/s", "temperature": "25 degC", "source": "word " * 20},
        "ions": {"value": {"Na+": 2, "SO42-": 1}, "source": "formula"},
        "virial": {"value": [0.123456789, 2], "temperature_range": ["0 degC", "60 degC"], "source": "table"},
        "solutes": {"urea": {"reflection": {"value": 1.0, "source": "held back"}}},
    }
    lines = report_library.library_text(
        {"X": entry}, "first paragraph\n\nsecond " + "long " * 20, width=40
    ).splitlines()
    assert max(map(len, lines)) <= 40
    assert lines[:3] == [
        "X: a salt",
        "  diffusivity: 1e-9 m^2/s at 25 degC",
        "      word word word word word word word",
    ]
    assert lines.count("      word word word word word word word") == 2
    for line in (
        "  ions: 2 Na+ + 1 SO42-",
        "  virial: 0.123457, 2 from 0 degC to 60",
        "  urea, reflection: 1.0",
        "      held back",
        "first paragraph",
    ):
        assert line in lines


def test_checks_number_their_sources():
    def check(got, source, low=0.9):
        return verify.Check("x", "bar", 1.0, got, low, 1.1, source)

    rows, sources = report_checks.checks_table([check(1.05, "A"), check(1.2, "B"), check(math.nan, "A", 0.7)])
    assert sources == ["A", "B"]
    assert rows[0] == ("x", "bar", "1", "1.05", "5 %", "± 10 %", "pass", "[1]")
    assert [row[-2:] for row in rows] == [("pass", "[1]"), ("FAIL", "[2]"), ("FAIL", "[1]")]
    assert rows[2][3:6] == ("–", "–", "0.7 to 1.1")
    (row,), _ = report_checks.checks_table([verify.Check("y", "", 0.0, 2e-13, 0.0, 1e-10, "")])
    assert row[2:6] == ("0", "2e-13", "2e-13", "≤ 1e-10")


def test_checks_fit_a_terminal():
    names = ("SW30HR", "SW30HR-LE", "BW30")
    checks = [verify.Check(f"{name}: permeate flow", "m³/d", 26.0, 25.85, 22.1, 29.9, "a sheet") for name in names]
    text = io.StringIO()
    found = verify.Findings("elements", "in their makers' tests", checks)
    report_checks.show_checks(Console(file=text, force_terminal=True, width=100, color_system=None), [found])
    lines = text.getvalue().splitlines()
    assert max(map(len, lines)) <= 100
    assert "SW30HR-LE: permeate flow" in text.getvalue()  # not folded
    assert lines[0] == "elements: in their makers' tests"
    assert lines[-1] == "All 3 checks passed."


def test_of_a_reservoir_its_own_concentration_is_shown_and_the_mean_of_its_film_by_name():
    result = synthetic.osmosis(boundaries=("reservoir", "piston"))
    for key in ("concentration_left_mol_per_m3", "osmotic_pressure_left_Pa"):
        result.arrays[key][-1] *= 1.2  # piled up in the film
    rows = table(report.sides_table(result))
    assert rows["NaCl"][1:3] == ("0.5026", "0.5026")
    assert rows["osmotic pressure"][1] == rows["osmotic pressure"][2]
    assert rows["  mean of the film"] == ("g/L", "0.5026", "0.6031", "–", "–")
    assert "  mean of the film" not in table(report.sides_table(synthetic.osmosis()))
    _, compared = report_comparison.comparison_table({"a": result})
    assert table(compared)["NaCl, left, end"] == ("g/L", "0.5026")


# -- power ------------------------------------------------------------------------------------------------------------
def test_osmosis_against_a_pressure_delivers_power():
    made = synthetic.osmosis(pressures=(1e5, 10e5))
    flux = made.arrays["water_flux_m_per_s"]
    (row,) = [row for row in report.membrane_table(made) if row[0] == report.POWER]
    assert row[1:] == ("W/m²", *(formatting.number(flux[i] * 9e5, digits=3) for i in (0, -1)))
    assert f"Flowing against 9 bar, the water delivers {row[-1]} W/m² at the end" in words(made)


@pytest.mark.parametrize(
    "made", [synthetic.osmosis(), synthetic.osmosis(pressures=(9e5, 0.0)), synthetic.reverse_osmosis()]
)
def test_no_power_without_osmosis_against_a_pressure(made):
    assert not [row for row in report.membrane_table(made) if row[0] == report.POWER]
    assert "W/m²" not in words(made)
