"""Pages that need nothing else: what they hold is what was run, they are small, and they refuse what they cannot do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import membrane_pde as mp
from membrane_pde.show import htmlfile, readings
from membrane_pde.show.pages import making, packing, plan
from membrane_pde.show.pages.plan import knots, profile
from tests.pages import data_of, numbers3, profiles_of, series_of, text_of
from tests.places import ROOT

FAST = {"mesh.cells": 20, "run.outputs": 30}


@pytest.fixture(scope="module")
def case() -> mp.Case:
    return mp.load_case("reverse_osmosis").with_values(FAST)


@pytest.fixture(scope="module")
def slid(case: mp.Case) -> str:
    sliders = {"right.pressure": "0:80:5 bar", "right.concentration.NaCl": "5:45:3 g/L"}
    return mp.page(case, sliders=sliders, workers=1)


class Reader(HTMLParser):
    """Tags, what refers to something else, and whether every tag is closed."""

    VOID = ("meta", "input", "br", "link")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.references: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        self.references += [value or "" for key, value in attrs if key in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.words.append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    assert not reader.open
    return reader


# -- what a page holds ----------------------------------------------------------------------------------------------
def test_a_page_needs_nothing_else(slid: str) -> None:
    reader = read(slid)
    assert not reader.references
    assert "link" not in reader.tags
    assert "default-src 'none'" in slid  # the browser refuses any request
    assert "@import" not in making._asset("page.css")
    assert "url(" not in making._asset("page.css")


def test_everything_stands_in_words_without_a_script(case: mp.Case) -> None:
    result = mp.run(case)
    words = " ".join(" ".join(read(mp.page(result)).words).split())
    from membrane_pde.show.words import in_words

    assert in_words(result) in words
    for told in ("fresh water", "35 g/L", "60 bar", "L/m²/h", "At equilibrium", "Nernst-Hartley", mp.__version__):
        assert told in words, told
    import hashlib

    assert hashlib.sha256(case.to_toml().encode()).hexdigest() in words
    assert "Estimated numerical errors" in words


def test_every_slider_position_is_the_run(case: mp.Case, slid: str) -> None:
    """To three digits, at 20 positions of two sliders: the sentence, the table, the curves."""
    from membrane_pde.show import report
    from membrane_pde.show.words import in_words

    (data,) = data_of(slid)
    chance = np.random.default_rng(20)
    pressures, salts = ([f"{text} {each['unit']}" for text in each["texts"]] for each in data["sliders"])
    for point in chance.integers(0, 15, 20):
        i, j = divmod(int(point), 3)
        result = mp.run(case.with_values({"right.pressure": pressures[i], "right.concentration.NaCl": salts[j]}))
        words, tables = text_of(data, int(point))
        assert words == in_words(result)
        assert [tuple(row) for row in tables[0]["rows"]] == report.sides_table(result)
        assert [tuple(row) for row in tables[1]["rows"]] == report.membrane_table(result)
        series, summary = series_of(data, int(point)), result.summary
        assert series["time"][-1] == pytest.approx(summary["end_time_s"], rel=1e-4)
        assert series["water"][-1] == pytest.approx(summary["water_flux_m_per_s"] * 3.6e6, rel=1e-4)
        assert series["volume_left"][-1] == pytest.approx(summary["length_left_m"] * 1e3, rel=1e-4)
        assert series["pressure_right"][-1] == pytest.approx(summary["pressure_right_Pa"] * 1e-5, rel=1e-4)
        mean = summary["concentration_right_mol_per_m3"]["NaCl"] * 58.44e-3
        assert series["mean_right_0"][-1] == pytest.approx(mean, rel=1e-4)
        wall = summary["wall_concentration_left_mol_per_m3"]["NaCl"] * 58.44e-3
        assert series["wall_left_0"][-1] == pytest.approx(wall, rel=1e-4)


@pytest.mark.parametrize("name", ["reverse_osmosis", "two_gases", "swelling_sphere", "dialysis", "forward_osmosis"])
def test_profiles_are_within_one_per_cent(name: str) -> None:
    """Each profile, with straight lines between its points, of its own largest value; 16 times, 40 points."""
    result = mp.run(mp.load_case(name))
    (data,) = data_of(mp.page(result))
    kept, times = profiles_of(data, 0), series_of(data, 0)["time"]
    assert data["times"] >= 16
    assert kept.shape[-1] >= 40
    stored = result.arrays["time"]
    for k, time in enumerate(times):
        index = int(np.argmin(np.abs(stored - time)))
        assert abs(stored[index] - time) <= 1e-4 * max(time, 1e-9)
        for s, solute in enumerate(data["solutes"]):
            unit, factors = readings.concentration_unit(result.case, [solute["name"]], 1.0)
            factor = factors[solute["name"]] * (1000.0 if (unit, solute["unit"]) == ("g/L", "mg/L") else 1.0)
            for side, which in enumerate(("left", "right")):
                distance, values = profile(result, which, solute["name"], index)
                drawn = np.interp(distance / distance[-1], data["places"][which], kept[s, side, k])
                peak = np.abs(values).max() * factor
                assert np.abs(drawn - values * factor).max() <= 0.01 * peak + 1e-30, (which, time)


def test_two_sliders_have_a_map_with_the_line_of_no_flow(slid: str) -> None:
    (data,) = data_of(slid)
    found = data["map"]
    flux = np.array(found["values"]).reshape(5, 3)
    assert flux[0, 2] > 0.0 > flux[4, 0]  # from the fresh water into the salt; pressed out of it
    assert len(found["lines"]) == 1
    for pressure, salt in found["lines"][0]:
        # no flow where the pressure is the osmotic pressure of the difference: 2 R T/M, 0.848 bar for each g/L of NaCl
        assert pressure == pytest.approx(0.847 * (salt - 1.0), abs=4.0)


def test_a_page_with_sliders_tells_the_case_that_was_given(case: mp.Case) -> None:
    """Also where no slider position is that of the case."""
    text = mp.page(case, sliders={"right.pressure": "0:70:3 bar"}, workers=1)
    words = " ".join(" ".join(read(text).words).split())
    import hashlib

    assert hashlib.sha256(case.to_toml().encode()).hexdigest() in words
    assert "On the right (salt water): NaCl 35 g/L, 60 bar." in words
    assert data_of(text)[0]["start"] == 2  # 70 bar


def test_a_page_starts_where_the_case_is(slid: str) -> None:
    (data,) = data_of(slid)
    assert np.unravel_index(data["start"], (5, 3)) == (3, 1)  # 60 bar; 35 g/L lies as near to 25 as to 45


def test_a_sweep_and_a_saved_run_make_a_page(case: mp.Case, tmp_path: Path) -> None:
    mp.sweep(case, {"right.pressure": ["0 bar", "40 bar", "80 bar"]}, out=tmp_path / "swept", workers=1)
    (data,) = data_of(mp.page(tmp_path / "swept", workers=1))
    assert data["sliders"][0]["texts"] == ["0", "40", "80"]
    coarser = {"mesh.cells": [10, 12], "right.pressure": ["30 bar"]}
    mp.sweep(case, coarser, out=tmp_path / "coarser", workers=1)
    (data,) = data_of(mp.page(tmp_path / "coarser", workers=1))
    assert [each["key"] for each in data["sliders"]] == ["mesh.cells"]
    assert series_of(data, 1)["pressure_right"][-1] == pytest.approx(30.0, rel=1e-4)  # not a slider, but not lost
    result = mp.run(case)
    result.save(tmp_path / "run")
    assert mp.page(tmp_path / "run") == mp.page(result) == result.to_html()


def test_cases_stand_side_by_side(case: mp.Case) -> None:
    text = mp.page([case, mp.load_case("osmosis").with_values(FAST)])
    assert [each["name"] for each in data_of(text)] == ["reverse_osmosis", "osmosis"]
    words = " ".join(read(text).words)
    assert "Side by side" in words
    assert "water moved, left to right" in words


@pytest.mark.parametrize("name", ["ro_vessel", "dialyser"])
def test_a_module_makes_a_page(name: str) -> None:
    from membrane_pde.show import report_along

    result = mp.run(mp.load_case(name))
    text = mp.page(result)
    (data,) = data_of(text)
    words, tables = text_of(data, 0)
    assert words.startswith(report_along.along_sentence(result.case, result.summary))
    assert [tuple(row) for row in tables[1]["rows"]] == report_along.elements_table(
        result.case, result.summary["elements"]
    )[1]
    flux = series_of(data, 0)["x_water"]
    at = np.linspace(0.0, series_of(data, 0)["length"][0], flux.size)
    expected = np.interp(at, result.arrays["position"], result.arrays["water_flux"][0] * 3.6e6)
    assert flux == pytest.approx(expected, rel=1e-4)


def test_a_slider_over_a_module() -> None:
    text = mp.page("ro_element", sliders={"left.channel.flow": "6:10:3 m^3/h"}, workers=1)
    (data,) = data_of(text)
    flows = [series_of(data, run)["flow_feed"][0] for run in range(3)]
    assert flows == pytest.approx([6.0, 8.0, 10.0], rel=1e-4)


# -- what is hostile ------------------------------------------------------------------------------------------------
def test_text_of_a_case_is_no_markup() -> None:
    case = mp.load_case("osmosis").with_values(
        {**FAST, "title": "</script><b>bold</b> & 'quoted'", "left.label": "<img src=x onerror=alert(1)>"}
    )
    text = mp.page(case)
    assert "<b>bold" not in text
    assert "<img" not in text
    reader = read(text)
    assert "b" not in reader.tags
    assert "</script><b>bold</b> & 'quoted'" in " ".join(reader.words)
    assert data_of(text)[0]["labels"]["left"] == "<img src=x onerror=alert(1)>"


# -- what fails -----------------------------------------------------------------------------------------------------
def test_a_run_that_fails_is_a_gap_with_its_message() -> None:
    """A closed side runs dry where the pressure is high enough."""
    case = mp.load_case("osmosis").with_values({**FAST, "right.concentration.NaCl": "0.9 g/L"})
    sliders = {"right.pressure": ["0 bar", "10 bar", "3000 bar"], "run.duration": ["10 s", "10 h"]}
    text = mp.page(case, sliders=sliders, workers=1)
    (data,) = data_of(text)
    assert data["failed"], "none of these runs failed: the test is no test"
    for point in data["failed"]:
        words, tables = text_of(data, point)
        assert words.startswith("This run failed: ")
        assert "dry" in words
        assert tables == []
        assert np.isnan(series_of(data, point)["water"]).all()
        assert data["map"] is None or data["map"]["values"][point] is None


def test_a_combination_that_is_no_case_is_a_gap() -> None:
    case = mp.load_case("osmosis").with_values(FAST)
    sliders = {"left.boundary": ["piston", "rigid"], "right.boundary": ["piston", "rigid"]}
    (data,) = data_of(mp.page(case, sliders=sliders, workers=1))
    assert data["failed"] == [3]  # one rigid side at most: the pressures would not be determined
    assert text_of(data, 3)[0].startswith("This run failed: ")


def test_where_every_run_fails_there_is_no_page(tmp_path: Path) -> None:
    case = mp.load_case("osmosis").with_values({**FAST, "right.concentration.NaCl": "0.9 g/L", "run.duration": "10 h"})
    with pytest.raises(mp.RunError, match=r"every run failed; the first one: .*dry"):
        mp.page(case, tmp_path / "page.html", sliders={"right.pressure": ["3000 bar", "4000 bar"]}, workers=1)
    with pytest.raises(mp.RunError, match="dry"):
        mp.page(case.with_values({"right.pressure": "3000 bar"}), tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


# -- what is refused ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("sliders", "message"),
    [
        ({"right.presure": "0:80:3 bar"}, r'right.presure: unknown key; did you mean "right.pressure"'),
        ({"right.pressure": "0:80:3 g/L"}, "right.pressure.*g/L"),
        ({"right.pressure": "0:80:3 bar", "left.pressure": "0:1:2 bar", "temperature": "10:20:2 degC"}, "3 sliders"),
        ({"right.pressure": "0:80:101 bar", "left.pressure": "0:1:100 bar"}, r"101 × 100 = 10100 runs; at most 10000"),
        ({"right.pressure": "0:80:100 bar", "left.pressure": "0:1:100 bar"}, r"10000 runs would make a page of .*MB"),
        ({"right.pressure": "0:80 bar"}, "start:stop:count"),
    ],
)
def test_what_a_slider_refuses(case: mp.Case, tmp_path: Path, sliders: dict[str, str], message: str) -> None:
    with pytest.raises(mp.CaseError, match=message):
        mp.page(case, tmp_path / "page.html", sliders=sliders)
    assert list(tmp_path.iterdir()) == []


def test_sliders_are_for_one_case(case: mp.Case) -> None:
    with pytest.raises(mp.CaseError, match="one case with sliders, or several cases without"):
        mp.page([case, case], sliders={"right.pressure": "0:80:3 bar"})
    with pytest.raises(mp.CaseError, match="no case"):
        mp.page([])


def test_only_such_a_page_is_replaced(case: mp.Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = mp.run(case)
    page = tmp_path / "page.html"
    result.to_html(page)
    result.to_html(page)
    assert htmlfile.mark("page") in page.read_text(encoding="utf-8")
    (tmp_path / "mine.html").write_text("<p>mine</p>")
    with pytest.raises(mp.CaseError, match="left alone"):
        result.to_html(tmp_path / "mine.html")
    assert (tmp_path / "mine.html").read_text() == "<p>mine</p>"
    with pytest.raises(mp.CaseError, match="this is a folder"):
        result.to_html(tmp_path)
    with pytest.raises(mp.CaseError, match="cannot be written"):
        result.to_html("/proc/page.html")

    def full(self: Path, text: str, **options: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    before = page.read_bytes()
    with pytest.raises(mp.CaseError, match="No space left"):
        result.to_html(page)
    assert page.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.html", "page.html"]


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["page", "osmosis", "--set", "mesh.cells=12", "--out", "page.html"], ""),
        (["validate", "--only", "scaling", "--out", "page.html"], "All 9 checks passed."),
    ],
)
def test_a_full_disk_is_no_wrong_input(monkeypatch, tmp_path, call, arguments, shown) -> None:
    """Exit status 1, since the arguments were right; what was computed is shown, and nothing is left."""

    def full(self: Path, text: str, **options: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    status, out, err = call(*arguments)
    assert (status, "No space left on device" in err, shown in out) == (1, True, True)
    assert list(tmp_path.iterdir()) == []


# -- sizes and bytes ------------------------------------------------------------------------------------------------
def test_numbers_of_three_bytes() -> None:
    values = np.array([0.0, 1.0, -1.0, 3.14159265, 1e-30, -2.5e20, 8.0, np.nan])
    back = numbers3(packing.text_of(packing.three_bytes(values)))
    assert np.isnan(back[-1])
    assert back[:-1] == pytest.approx(values[:-1], rel=2.0**-16)


def test_texts_are_cut_at_numbers_and_put_together_again(slid: str) -> None:
    (data,) = data_of(slid)
    assert len(data["texts"]["templates"]) < 15
    assert sum(map(len, data["texts"]["runs"])) < 15 * 700


def test_a_page_of_41_runs_is_small(case: mp.Case) -> None:
    text = mp.page("reverse_osmosis", sliders={"right.pressure": "0:80:41 bar"}, workers=1)
    assert len(text.encode()) <= 5_000_000
    (data,) = data_of(text)
    assert data["times"] >= 15
    assert profiles_of(data, 7).shape[-1] >= 40


@pytest.mark.slow
def test_a_page_of_1681_runs_is_small_and_quick() -> None:
    sliders = {"right.pressure": "0:80:41 bar", "right.concentration.NaCl": "5:45:41 g/L"}
    text = mp.page("reverse_osmosis", sliders=sliders)
    assert len(text.encode()) <= 8_000_000
    (data,) = data_of(text)
    assert data["times"] >= 15
    assert profiles_of(data, 1000).shape[-1] >= 40
    guess = plan.size_before(mp.load_case("reverse_osmosis"), 1681)
    assert 0.8 * guess < len(text.encode()) - len(making._asset("vega.min.js")) < 1.1 * guess
    case, chance = mp.load_case("reverse_osmosis"), np.random.default_rng(3)
    for point in chance.integers(0, 1681, 20):
        i, j = divmod(int(point), 41)
        result = mp.run(
            case.with_values({"right.pressure": f"{2 * i} bar", "right.concentration.NaCl": f"{5 + j} g/L"})
        )
        series = series_of(data, int(point))
        assert series["water"][-1] == pytest.approx(result.summary["water_flux_m_per_s"] * 3.6e6, rel=1e-3)
        stored, kept = result.arrays["time"], profiles_of(data, int(point))
        for k, moment in enumerate(series["time"]):
            index = int(np.argmin(np.abs(stored - moment)))
            for side, which in enumerate(("left", "right")):
                distance, values = profile(result, which, "NaCl", index)
                drawn = np.interp(distance / distance[-1], data["places"][which], kept[0, side, k])
                factor = result.case.solutes["NaCl"].molar_mass
                assert np.abs(drawn - values * factor).max() <= 0.01 * values.max() * factor


def test_knots_follow_a_step() -> None:
    x = np.linspace(0.0, 1.0, 401)
    lines = np.array([np.tanh(60.0 * (x - 0.3)), np.exp(-x / 0.01)])
    kept = knots(x, lines, 40)
    assert kept[0] == 0
    assert kept[-1] == 400
    assert kept.size == 40
    for each in lines:
        assert np.abs(np.interp(x, x[kept], each[kept]) - each).max() < 0.01


# -- the command ----------------------------------------------------------------------------------------------------
def command(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "membrane_pde", "page", *arguments],
        cwd=folder,
        env={**__import__("os").environ, "PYTHONPATH": str(ROOT), "DISPLAY": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_command(tmp_path: Path) -> None:
    done = command("osmosis", "--set", "mesh.cells=20", "--slider", "left.pressure=0:4:3 bar", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"Page: osmosis.html \(\d\.\d MB\)\n", done.stdout)
    (data,) = data_of((tmp_path / "osmosis.html").read_text(encoding="utf-8"))
    assert data["shape"] == [3]
    wrong = command("osmosis", "--slider", "left.presure=0:4:3 bar", "--out", "other.html", folder=tmp_path)
    assert wrong.returncode == 2
    assert len(wrong.stderr.splitlines()) == 1
    assert not (tmp_path / "other.html").exists()


def test_json_of_a_page_has_no_end_of_a_script() -> None:
    assert json.loads(making._safe_json({"a": "</script>\u2028"})) == {"a": "</script>\u2028"}
    assert "<" not in making._safe_json({"a": "</script>"})
