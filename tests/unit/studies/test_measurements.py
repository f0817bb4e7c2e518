"""Tables of measurements: what a header means, SI values, and what is refused, with the column and the row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

import membrane_pde as mp
from membrane_pde import runs
from membrane_pde.results.quantities import SERIES
from membrane_pde.studies import measurements
from membrane_pde.studies.measurements import read

CASE = mp.parse_case("""
[solutes.NaCl]
[solutes.tracer]
diffusivity = "1e-9 m^2/s"
[left]
length = "1 mm"
stirred = true
concentration = { NaCl = "20 mmol/L", tracer = "1 mmol/L" }
[right]
length = "1 mm"
stirred = true
concentration = { NaCl = "100 mmol/L", tracer = "0 mmol/L" }
[membrane]
water_permeability = "1 L/m^2/hour/bar"
solutes = { NaCl = { permeability = "1e-8 m/s", reflection = 1.0 }, tracer = { permeability = "1e-7 m/s", reflection = 1.0 } }
[run]
duration = "1 min"
outputs = 3
""")  # noqa: E501


@pytest.mark.parametrize(
    ("header", "number", "series", "solute", "si"),
    [
        ("water_flux [L/m^2/hour]", 36.0, "water_flux_m_per_s", "", 1e-5),
        ("water_flux [LMH]", 36.0, "water_flux_m_per_s", "", 1e-5),
        ("water_flux_m_per_s", 1e-5, "water_flux_m_per_s", "", 1e-5),
        ("water_flux_m_per_s [m/s]", 1e-5, "water_flux_m_per_s", "", 1e-5),
        ("displaced_volume [mL/m^2]", 5.0, "displaced_volume_m", "", 5e-6),
        ("pressure_right [psi]", 1.0, "pressure_right_Pa", "", 6894.757293168361),
        ("rejection[NaCl] [%]", 99.0, "rejection", "NaCl", 0.99),
        ("rejection [NaCl]", 0.99, "rejection", "NaCl", 0.99),
        ("polarization_modulus[NaCl]", 1.2, "polarization_modulus", "NaCl", 1.2),
        ("concentration_right[NaCl] [mg/L]", 58.44, "concentration_right_mol_per_m3", "NaCl", 1.0),
        ("concentration_right[NaCl] [mOsm/L]", 4.0, "concentration_right_mol_per_m3", "NaCl", 2.0),
        ("concentration_left[tracer] [mmol/L]", 2.0, "concentration_left_mol_per_m3", "tracer", 2.0),
        ("wall_concentration_left_mol_per_m3[tracer]", 2.0, "wall_concentration_left_mol_per_m3", "tracer", 2.0),
        ("solute_flux[NaCl] [g/m^2/hour]", 58.44 * 3.6, "solute_flux_mol_per_m2_s", "NaCl", 1e-3),
        ("amount_transferred[NaCl] [mol/m^2]", 0.5, "amount_transferred_mol_per_m2", "NaCl", 0.5),
    ],
)
def test_what_a_header_means(header: str, number: float, series: str, solute: str, si: float) -> None:
    table = read(CASE, {"time [min]": [1.0], header: [number]})
    (column,) = table.measured
    assert (column.series, column.solute) == (series, solute)
    assert column.numbers[0] * column.size == pytest.approx(si, rel=1e-4)  # the library's molar mass has more digits
    assert table.time is not None
    assert table.time.numbers * table.time.size == 60.0
    assert column.unit == header.removesuffix("]").rpartition("[")[2] or column.unit in ("", "m/s", "mol/m^3")


def test_every_series_has_a_short_name_and_a_solute_where_a_run_has() -> None:
    arrays = runs.run(CASE).arrays
    assert {*measurements._SERIES.values(), "amount_error", "distance_to_equilibrium"} == set(SERIES)
    for short, series in measurements._SERIES.items():
        solute = "[NaCl]" if arrays[series].ndim == 2 else ""
        unit = SERIES[series].unit
        assert series.startswith(short)
        for header in (f"{series}{solute}", f"{short}{solute} [{unit}]"):
            (column,) = read(CASE, {"time_s": [1.0], header: [0.5]}).measured
            assert (column.series, column.solute != "", column.size) == (series, bool(solute), 1.0)


def test_settings_are_what_the_case_reads() -> None:
    data = {
        "left.pressure [bar]": [1, 2.5],
        "left.concentration.NaCl [g/L]": np.array([10, 20]),
        "membrane.solutes.tracer.reflection": ["0.5", " 0.75 "],
        "water_flux [LMH]": [1.0, 2.0],
    }
    table = read(CASE, data)
    assert table.time is None
    assert [column.name for column in table.settings] == [
        "left.pressure",
        "left.concentration.NaCl",
        "membrane.solutes.tracer.reflection",
    ]
    assert table.setting(1) == {
        "left.pressure": "2.5 bar",
        "left.concentration.NaCl": "20.0 g/L",
        "membrane.solutes.tracer.reflection": 0.75,
    }
    changed = CASE.with_values(table.setting(0))
    assert changed.left.pressure.values == (1e5,)
    assert changed.membrane.solutes["tracer"].reflection == 0.5


def test_errors_belong_to_their_column() -> None:
    data = {
        "time [s]": [1, 2],
        "rejection[NaCl] error [%]": [0.1, 0.2],
        "rejection[NaCl]": [0.9, 0.95],
        "rejection[tracer] [%]": [50, 60],
    }
    table = read(CASE, data)
    assert [column.name for column in table.measured] == ["rejection[NaCl]", "rejection[tracer]"]
    assert list(table.errors) == ["rejection[NaCl]"]
    column = table.errors["rejection[NaCl]"]
    assert column.numbers * column.size == pytest.approx([0.001, 0.002])


def test_file_mapping_and_data_frame_are_alike(tmp_path: Path) -> None:
    path = tmp_path / "bench.csv"
    path.write_bytes(
        "\ufeff# a comment, with a comma\r\nleft.pressure [bar],water_flux [LMH]\r\n"
        "\r\n10, 1.5\r\n#20,9\r\n 20 ,3e0\r\n,\r\n".encode()
    )
    columns = {"left.pressure [bar]": [10, 20], "water_flux [LMH]": (1.5, np.float32(3.0))}
    tables = [read(CASE, data) for data in (path, str(path), columns, pandas.DataFrame(columns))]
    assert [table.rows for table in tables] == [["line 4", "line 6"]] * 2 + [["row 1", "row 2"]] * 2
    for table in tables:
        assert table.settings[0].numbers.tolist() == [10.0, 20.0]
        assert table.measured[0].numbers.tolist() == [1.5, 3.0]
        assert table.measured[0].header == "water_flux [LMH]"


BENCH = "left.pressure [bar],water_flux [LMH]\n10,-1.5\n1000,3.25\n"
EXCEL = "left.pressure [bar]\twater_flux [LMH]\r\n10\t-1,5\r\n1000\t3,25\r\n"


@pytest.mark.parametrize(
    "content",
    [
        ("# " + BENCH).encode(),  # numpy.savetxt(…, header=…, delimiter=",")
        ("# made by a script\n#" + BENCH).encode(),
        ("sep=,\n" + BENCH).encode(),  # Excel
        BENCH.replace("\n", ",\n").encode(),  # a trailing empty column
        BENCH.replace("\n", ",,\r\n").encode(),
        BENCH.replace("-", "\N{MINUS SIGN}").encode(),
        BENCH.replace(".5", ".5E+00").replace("\n1", "\n+1").encode(),
        EXCEL.replace("\t", ";").encode(),
        ("sep=;\r\n" + EXCEL.replace("\t", ";")).encode(),
        EXCEL.encode("utf-16"),  # Excel's "Unicode text"
        b"\xfe\xff" + EXCEL.encode("utf-16-be"),
        EXCEL.replace("LMH", "L/m²/h").encode("utf-8-sig"),
        BENCH.replace("water_flux [LMH]", "Water flux / (L/m²/h)").encode(),
        BENCH.replace("water_flux [LMH]", "Water flux (LMH)").encode(),
        BENCH.replace("water_flux [LMH]", "water_flux / LMH").encode(),
        BENCH.replace("water_flux [LMH]", "water flux in LMH").encode(),
        BENCH.replace("water_flux [LMH]", '"Water flux, LMH"').encode(),
        BENCH.replace("-", "\N{EN DASH}").encode(),
        BENCH.replace("[LMH]", "[LMH],").encode(),  # a separator at the end of the header alone
        BENCH.replace("\n", ",\n").replace("[LMH],", "[LMH],notes").encode(),  # nothing stands in it
        b"sample,left.pressure [bar],water_flux [LMH]\nA,10,-1.5\n,1000,3.25\n",  # text that the fit does not use
    ],
)
def test_tables_as_real_tools_write_them(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bench.csv"
    path.write_bytes(content)
    table = read(CASE, path)
    assert [column.name for column in (*table.settings, *table.measured)] == ["left.pressure", "water_flux"]
    assert table.settings[0].numbers.tolist() == [10.0, 1000.0]
    assert table.measured[0].numbers.tolist() == [-1.5, 3.25]
    assert table.measured[0].size == pytest.approx(1e-3 / 3600.0)


def test_what_numpy_and_pandas_write_is_read(tmp_path: Path) -> None:
    path = tmp_path / "bench.csv"
    numbers = np.array([[0.0, -1.5], [60.0, 3.25]])
    np.savetxt(path, numbers, delimiter=",", header="time / s,water_flux [LMH]")
    assert read(CASE, path).measured[0].numbers.tolist() == [-1.5, 3.25]
    frame = pandas.DataFrame(numbers, columns=["time [s]", "water_flux [LMH]"])
    frame["operator"] = ["A. B.", "C. D."]
    frame.to_csv(path, index=False, sep=";", decimal=",")
    for data in (path, frame):
        table = read(CASE, data)
        assert table.time is not None
        assert table.time.numbers.tolist() == [0.0, 60.0]
        assert table.measured[0].numbers.tolist() == [-1.5, 3.25]


def test_errors_in_per_cent_are_of_each_number() -> None:
    data = {
        "time [s]": [1, 2],
        "water_flux [LMH]": [-10.0, 20.0],
        "water_flux error [%]": [1, 2],
        "rejection[NaCl] [%]": [98, 99],
        "rejection[NaCl] error [%]": [0.1, 0.2],  # percentage points, as the column itself is in %
    }
    table = read(CASE, data)
    flux, rejection = table.measured
    assert table.standard_error(flux) == pytest.approx(np.array([0.1, 0.4]) / 3.6e6)
    assert table.standard_error(rejection) == pytest.approx([0.001, 0.002])
    with pytest.raises(mp.CaseError, match=r"row 2, water_flux .LMH.: 0 has no relative error; give the error in"):
        read(CASE, data | {"water_flux [LMH]": [1, 0]})


GOOD = {"left.pressure [bar]": [1, 2], "water_flux [LMH]": [3, 4]}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"water_flow [LMH]": [1, 2]}, 'water_flow [LMH]: neither time, nor … did you mean "water_flux"'),
        ({"pressure (bar)": [1, 2]}, "pressure (bar): neither time, nor … nor a result"),
        ({"rejection[NaCl] / bar": [1, 2]}, "rejection [bar]: this is a pressure"),
        ({"water_flux / (bar)": [1, 2]}, "water_flux [bar]: this is a pressure"),
        ({"sample": [1, "a"]}, "sample: neither time, nor … nor a result"),
        ({"pressure_left [bar]": [1, "4_0"]}, 'row 2, pressure_left [bar]: "4_0": expected a number'),
        ({"pressure_left [bar]": [1, "1,500"]}, '"1,500": write a decimal point: … 1500'),
        ({"water_flux [m/s]": [0, 1], "water_flux error [%]": [1, 1]}, "two columns water_flux"),
        ({"water_flux [bar]": [1, 2]}, "water_flux [bar]: this is a pressure; expected a unit like m/s, … L/m^2/hour"),
        ({"water_flux [lmh]": [1, 2]}, 'water_flux [lmh]: unknown unit "lmh"; did you mean "LMH"?'),
        ({"pressure_left [Mpa]": [1, 2]}, 'pressure_left [Mpa]: … "MPa"'),
        ({"pressure_left": [1, 2]}, "pressure_left: the unit is missing; write for example pressure_left [bar]"),
        ({"pressure_left_Pa [bar]": [1, 2]}, "pressure_left_Pa: is in Pa by its name; … pressure_left [bar]"),
        ({"time": [1, 2]}, "time: the unit is missing; write for example time [min]"),
        ({"time [bar]": [1, 2]}, "time [bar]: this is a pressure"),
        ({"time [min]": [1, 2]}, "columns of time and of left.pressure cannot be combined: rows at different times"),
        ({"rejection [%]": [1, 2]}, "rejection [%]: the solute is missing; write for example rejection[NaCl]"),
        ({"rejection[KCl] [%]": [1, 2]}, 'rejection[KCl] [%]: no solute "KCl"; known: NaCl, tracer'),
        ({"rejection[NaCl] [%] [%]": [1, 2]}, "rejection[NaCl] [%] [%]: expected a name and a unit in brackets"),
        ({"water_flux [LMH] [m/s]": [1, 2]}, "water_flux: more than one unit, LMH and m/s"),
        ({"water_flux [LMH": [1, 2]}, "water_flux [LMH: expected a name and a unit in brackets"),
        (
            {"rejection[NaCl]": [0.9, 99]},
            "row 2, rejection[NaCl]: 99: a rejection cannot exceed 1; write rejection[NaCl] [%]",
        ),
        ({"rejection[NaCl] [%]": [101, 99]}, "row 1, rejection[NaCl] [%]: 101: a rejection cannot exceed 100"),
        ({"concentration_left[tracer] [g/L]": [1, 2]}, "a mass needs solutes.tracer.molar_mass in the case"),
        ({"concentration_left[NaCl] [ppm]": [1, 2]}, "this is a plain ratio; … for example g/L"),
        (
            {"water_flux error [LMH]": [1, 0]},
            "row 2, water_flux error [LMH]: 0: a standard error must be more than zero",
        ),
        ({"rejection[NaCl] error": [1, 1]}, "rejection[NaCl] error: there is no column rejection[NaCl]"),
        (
            {"left.pressure error [bar]": [1, 1]},
            "left.pressure error [bar]: only a measured quantity has a standard error",
        ),
        ({"water_flux [m/s]": [1, 1]}, "two columns water_flux"),
        ({"": [1, 1]}, "a column without a name"),
        ({"pressure_left [bar]": [1, None]}, "row 2, pressure_left [bar]: the cell is empty"),
        ({"pressure_left [bar]": [" ", 1]}, "row 1, pressure_left [bar]: the cell is empty"),
        ({"pressure_left [bar]": [1, float("nan")]}, "row 2, pressure_left [bar]: nan is not a finite number"),
        ({"pressure_left [bar]": [1, "inf"]}, "row 2, pressure_left [bar]: Infinity is not a finite number"),
        ({"pressure_left [bar]": [1, "1,5"]}, 'row 2, pressure_left [bar]: "1,5": write a decimal point: 1.5'),
        ({"pressure_left [bar]": [1, "high"]}, 'row 2, pressure_left [bar]: "high": expected a number'),
        ({"pressure_left [bar]": [1, 1e308]}, "row 2, pressure_left [bar]: 1e+308: too large a number"),
        ({"pressure_left [bar]": [1, 1e-300]}, "row 2, pressure_left [bar]: 1e-300: too small a number"),
        ({"pressure_left [bar]": [1, True]}, "row 2, pressure_left [bar]: true: expected a number"),
        ({"pressure_left [bar]": [1]}, "columns of different length: 2 in left.pressure [bar]"),
        ({"pressure_left [bar]": 3}, "pressure_left [bar] = 3: expected a list of numbers"),
        ({"pressure_left [bar]": "12"}, 'pressure_left [bar] = "12": expected a list of numbers'),
    ],
)
def test_a_wrong_column_is_refused(change: dict[str, Any], expected: str) -> None:
    with pytest.raises(mp.CaseError) as refused:
        read(CASE, GOOD | change)
    told = str(refused.value)
    assert told.startswith("data: ")
    for part in expected.split(" … "):
        assert part.strip("… ") in told


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"left.pressure [bar]": [1]}, "no column of a measured quantity; known: water_flux, displaced_volume"),
        (
            {"water_flux [LMH]": [1]},
            "the table does not say when or at which setting each row was measured: expected a column of time",
        ),
        ({"left.pressure [bar]": [], "water_flux [LMH]": []}, "no rows"),
        ({"time [min]": [-1], "water_flux [LMH]": [1]}, "row 1, time [min]: -1: the time is before the start"),
        ({}, "no column of a measured quantity"),
        (3, "data = 3: expected the path of a CSV file, or columns by header"),
        (None, "data = null: expected the path of a CSV file"),
        ({"left.pressure [bar]": [1] * 10_001, "water_flux [LMH]": [1] * 10_001}, "10001 rows; at most 10000"),
    ],
)
def test_a_wrong_table_is_refused(data: Any, expected: str) -> None:
    with pytest.raises(mp.CaseError) as refused:
        read(CASE, data)
    assert expected in str(refused.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "the file is empty"),
        (b"# nothing\n", "the file is empty"),
        (b"left.pressure [bar],water_flux [LMH]\n", "no rows"),
        (b"left.pressure [bar];water_flux [LMH]\n1;1,234\n", "line 2: 1,234 may mean 1234 or 1.234"),
        (b"left.pressure [bar];water_flux [LMH]\n1.5;2,5\n", "line 2: 2,5 has a comma and 1.5 a point"),
        (b"1,2\n2,3\n", "the first row holds only numbers; expected a header"),
        (b"# a comment\n1,2\n2,3\n", "the first row holds only numbers; expected a header"),
        (b"left.pressure [bar],water_flux [LMH],\n1,2,3\n", "a column without a name"),
        (b"left.pressure [bar],water_flux [LMH]\n1,2\n\n1,2,5\n", "line 4 has 3 cells, and the header 2"),
        (b"left.pressure [bar],water_flux [LMH]\n1,2\n1\n", "line 3 has 1 cells"),
        (b'left.pressure [bar],water_flux [LMH]\n1,"2,5"\n', 'line 2, water_flux [LMH]: "2,5": write a decimal point'),
        (b"left.pressure [bar],water_flux [LMH]\n1,2\n2,nan\n", "line 3, water_flux [LMH]: nan is not a finite"),
        (b"\xff\xfe\x00", "not a text in UTF-16 (byte 2); save the table as CSV, UTF-8"),
        (b"time [min],\xb5\n", "not a text in UTF-8 (byte 11); save the table as CSV, UTF-8"),
        (b"left.pressure [bar],water_flux [LMH]\n" + b"1,2\n" * 10_001, "10001 rows; at most 10000"),
        (b'left.pressure [bar],"' + b"x" * 200_000, "not CSV (field larger than field limit"),
        (b"#" * 10_000_001, "larger than 10 MB"),
        (b"PK\x03\x04\x14\x00", "a spreadsheet, not a text; save the table as CSV"),
        ("time [s]\twater_flux [LMH]\n1\t2\n".encode("utf-16-le"), "not a text; save the table as CSV, UTF-8"),
        (b"time [s]|water_flux [LMH]\n1|2\n", "one column only, time [s]|water_flux [LMH]; expected columns with"),
        (b"t / s,water_flux [LMH]\n1,2\n", "t / s: neither time, nor a key of the case such as left.pressure"),
        (b"sample,time [s],water_flux [LMH]\n7,1,2\n", "leave out a column that is not part of the fit"),
        (b"time [s],water_flux [LMH]\n1,1'000\n", '"1\'000": write a decimal point: 1000'),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: bytes, expected: str) -> None:
    path = tmp_path / "bench.csv"
    path.write_bytes(text)
    with pytest.raises(mp.CaseError) as refused:
        read(CASE, path)
    assert expected in str(refused.value)
    assert "bench.csv: " in str(refused.value)


def test_no_file_is_refused(tmp_path: Path) -> None:
    for path, expected in ((tmp_path / "no.csv", "no such file"), (tmp_path, "is a folder"), ("a\0b", "a")):
        with pytest.raises(mp.CaseError, match=expected):
            read(CASE, path)


def test_a_column_of_zeros_is_refused_unless_it_says_how_sure_they_are() -> None:
    """What nobody measured stands there as 0."""
    data = {"time [min]": [1.0, 2.0], "water_flux [L/m^2/hour]": [0.0, 0.0], "pressure_right [bar]": [1.0, 0.0]}
    with pytest.raises(mp.CaseError, match=r"water_flux \[L/m\^2/hour\]: every number is 0, as if nothing was"):
        read(CASE, data)
    table = read(CASE, {**data, "water_flux error [L/m^2/hour]": [0.1, 0.1]})
    assert not table.measured[0].numbers.any()
