"""Films: what moves, what stays, how long they are, and what cannot be one."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

import membrane_pde as mp
from membrane_pde.show import film, filmfile

QUICK = {"mesh.cells": 12, "run.outputs": 12}
SIZE = (700, 400)


@pytest.fixture(scope="module")
def results():
    return [mp.run(mp.load_case(name).with_values(QUICK)) for name in ("osmosis", "reverse_osmosis")]


def pictures_of(path):
    """Every picture of a file, and for how many seconds it stands."""
    with Image.open(path) as image:
        found = []
        for frame in range(image.n_frames):
            image.seek(frame)
            found.append((np.asarray(image.convert("RGB")).copy(), image.info["duration"] / 1000.0))
        return found, image.info


def left_in(folder):
    return sorted(path.name for path in folder.rglob("*"))


def test_a_film_has_the_length_and_the_size_that_were_asked_for_and_begins_again(results, tmp_path):
    told = []
    path = mp.animate(results[0], tmp_path / "film.gif", seconds=2.0, size=SIZE, rate=7, progress=told.append)
    assert left_in(tmp_path) == ["film.gif"]
    found, info = pictures_of(path)
    assert sum(seconds for _, seconds in found) == pytest.approx(2.0)
    assert {picture.shape for picture, _ in found} == {(400, 700, 3)}
    assert 8 <= len(found) <= 14  # the last stands still, and a stored time that is drawn twice is one picture
    assert info["loop"] == 0
    assert told == [i / 14 for i in range(14)]


def test_what_moves_is_in_the_film_and_the_axes_stay(results):
    shown = film.Film(results, (1000, 840))
    clock = shown.clock(6)
    assert clock[0] == 0.0
    assert clock[-1] == 3600.0
    assert (np.diff(clock) > 0.0).all()
    limits, seen, levels, arrows = [], [], [], []
    for time in clock:
        seen.append(shown.picture(time))
        limits.append([(ax.get_xlim(), ax.get_ylim()) for ax in shown.axes])
        named = [{each.get_gid(): each for each in column[0].get_children()} for column in shown.columns]
        levels.append([each["right surface"].get_ydata()[0] for each in named[:1]])
        arrows.append([np.ptp(each["water arrow"].get_xy()[:, 0]) for each in named])
        after = [each["time"].get_text() for each in named]
        assert after[0] == after[1]
    assert all(each == limits[0] for each in limits)
    assert shown.backgrounds <= 2
    assert all((a != b).any() for a, b in pairwise(seen))
    assert (np.diff(levels, axis=0) > 0.0).all()  # water flows to the salt
    assert (np.diff(arrows, axis=0) < 0.0).all()  # and both flows die away


def test_the_curves_show_the_stored_profile_and_the_time(results):
    shown = film.Film(results[:1], SIZE)
    times = results[0].arrays["time"]
    shown.picture(float(times[5]))
    _, profiles, pressures = shown.columns[0]
    lines = {each.get_gid(): each for each in profiles.get_lines()}
    right = results[0].arrays["side"] == "right"
    mass = results[0].case.solutes["NaCl"].molar_mass
    expected = results[0].arrays["concentration"][5, 0, right] * mass
    assert lines["now NaCl right"].get_ydata()[1:-1] == pytest.approx(expected)
    now = next(each for each in pressures.get_lines() if each.get_gid() == "now")
    assert now.get_xdata() == pytest.approx([times[5] / 60.0] * 2)  # min


def test_the_same_picture_is_drawn_whatever_was_drawn_before(results):
    """Only what moves is drawn anew: nothing of an earlier picture may stay."""
    late, fresh = film.Film(results[:1], SIZE), film.Film(results[:1], SIZE)
    for time in (0.0, 3600.0, 900.0):
        late.picture(time)
    late._background = fresh._background = None
    assert np.array_equal(late.picture(1800.0), fresh.picture(1800.0))


def test_several_runs_have_one_scale_where_they_show_the_same(results):
    shown = film.Film(results, (1000, 840))
    for place in (1, 2):
        first, second = (column[place] for column in shown.columns)
        assert first.get_ylabel() == second.get_ylabel()
        assert first.get_ylim() == second.get_ylim()
    highest = max(r.arrays["wall_concentration_right_mol_per_m3"].max() for r in results)
    assert shown.columns[0][1].get_ylim()[1] > highest * results[0].case.solutes["NaCl"].molar_mass


def test_time_after_all_has_come_to_rest_is_left_out_but_for_the_end():
    result = mp.run(mp.load_case("u_tube").with_values({"mesh.cells": 12}))
    clock = film.Film([result], SIZE).clock(20)
    end = result.arrays["time"][-1]
    assert clock[-1] == end
    assert clock[-2] < 0.6 * end
    moved = result.arrays["displaced_volume_m"]
    assert np.interp(clock[-2], result.arrays["time"], moved) == pytest.approx(moved[-1], rel=0.02)


@pytest.mark.parametrize("name", ["two_gases", "plant_cell_turgor", "dialysis", "swelling_sphere", "osmotic_pressure"])
def test_films_of_other_vessels(name):
    shown = film.Film([mp.run(mp.load_case(name).with_values({**QUICK, "run.until": "duration"}))], SIZE)
    clock = shown.clock(4)
    first, last = shown.picture(clock[0]), shown.picture(clock[-1])
    assert (first != last).any()
    assert first.std() > 20.0  # not an empty page


def test_a_gif_has_nearly_the_colours_of_the_pictures(results, tmp_path):
    path = mp.animate(results[0], tmp_path / "film.gif", seconds=1.0, size=SIZE, rate=4)
    shown = film.Film(results[:1], SIZE)
    exact = shown.picture(3600.0).astype(float)
    last = pictures_of(path)[0][-1][0].astype(float)
    assert (last[exact.min(axis=2) == 255.0] == 255.0).all()  # white stays white
    assert np.abs(last - exact).mean() < 1.0


def test_a_webp(results, tmp_path):
    path = mp.animate(results, tmp_path / "film.webp", seconds=1.0, size=(800, 640), rate=5)
    found, info = pictures_of(path)
    assert len(found) >= 4
    assert found[0][0].shape == (640, 800, 3)
    assert info["loop"] == 0
    mp.animate(results[0], path, seconds=1.0, size=SIZE, rate=5)  # its own film may be replaced
    assert pictures_of(path)[0][0][0].shape == (400, 700, 3)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"path": "film.avi"}, "ends in .gif, .webp"),
        ({"path": "film"}, "such as film.gif"),
        ({"seconds": 0.0}, "--seconds 0"),
        ({"seconds": float("nan")}, "--seconds nan"),
        ({"seconds": 1e4}, "at most 120"),
        ({"seconds": 0.1}, "less than two pictures"),
        ({"rate": 0}, "--fps 0"),
        ({"rate": 51}, "1 to 50"),
        ({"size": (100, 100)}, "320x240 to 3840x2160"),
        ({"size": (100_000, 100_000)}, "320x240 to 3840x2160"),
        ({"size": (3840, 2160), "seconds": 60.0}, "fewer --seconds"),
    ],
)
def test_what_cannot_be_a_film_is_refused_before_anything_is_drawn(results, tmp_path, monkeypatch, wrong, told):
    monkeypatch.setattr(film, "Film", lambda *given: pytest.fail("drawn"))
    given = {"path": "film.gif", "seconds": 1.0, "size": SIZE, "rate": 5} | wrong
    with pytest.raises(mp.CaseError, match=told):
        mp.animate(results[0], tmp_path / given.pop("path"), **given)
    assert left_in(tmp_path) == []


def test_mp4_without_ffmpeg_says_what_it_needs(results, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(mp.CaseError, match=r"\.mp4 needs the program ffmpeg.*use \.gif, \.webp"):
        mp.animate(results[0], tmp_path / "film.mp4")


@pytest.mark.skipif(filmfile.shutil.which("ffmpeg") is None, reason="no ffmpeg here")
def test_mp4_with_ffmpeg(results, tmp_path):
    path = mp.animate(results[0], tmp_path / "film.mp4", seconds=1.0, size=(701, 401), rate=5)
    assert path.read_bytes()[4:8] == b"ftyp"
    assert left_in(tmp_path) == ["film.mp4"]
    mp.animate(results[0], path, seconds=1.0, size=SIZE, rate=5)  # its own film may be replaced


def test_ffmpeg_that_fails_leaves_nothing_and_is_told(results, tmp_path, monkeypatch):
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "ffmpeg").write_text("#!/bin/sh\necho no encoder here >&2\nexit 3\n")
    (programs / "ffmpeg").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/bin:/usr/bin")
    (tmp_path / "films").mkdir()
    with pytest.raises(mp.CaseError, match="no encoder here"):
        mp.animate(results[0], tmp_path / "films" / "film.mp4", seconds=1.0, size=SIZE, rate=5)
    assert left_in(tmp_path / "films") == []


def test_a_file_that_is_no_film_of_ours_is_left_alone(results, tmp_path):
    path = tmp_path / "cat.gif"
    Image.new("P", (4, 4)).save(path)
    before = path.read_bytes()
    with pytest.raises(mp.CaseError, match="left alone"):
        mp.animate(results[0], path, seconds=1.0, size=SIZE, rate=5)
    assert path.read_bytes() == before


def test_an_interrupt_leaves_nothing_half_written(results, tmp_path):
    def stop(share):
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mp.animate(results[0], tmp_path / "new" / "film.gif", seconds=1.0, size=SIZE, rate=8, progress=stop)
    assert left_in(tmp_path) == []


def test_cases_along_a_membrane_and_too_many_are_refused_with_what_to_use(results, tmp_path):
    with pytest.raises(mp.CaseError, match=r"pump_trip: .*\[module\].*`membrane-pde run`.*history.png"):
        film.check_cases([mp.load_case("pump_trip")])
    with pytest.raises(mp.CaseError, match="one to 4 cases, got 5"):
        mp.animate([*results, *results, results[0]], tmp_path / "film.gif")
    with pytest.raises(mp.CaseError, match="got 0"):
        mp.animate([], tmp_path / "film.gif")


# -- the command ----------------------------------------------------------------------------------------------------
BRIEF = ("--seconds", "1", "--fps", "4", "--set", "mesh.cells=12", "--set", "run.outputs=3")


def test_the_command_makes_a_film_and_says_where(call, tmp_path):
    status, out, err = call("animate", "osmosis", "reverse_osmosis", *BRIEF, "--size", "800x640")
    assert (status, err) == (0, "")
    assert out.startswith("Film: results/osmosis_and_reverse_osmosis.gif, 1 s, ")
    found, _ = pictures_of(tmp_path / "results" / "osmosis_and_reverse_osmosis.gif")
    assert found[0][0].shape == (640, 800, 3)
    assert len(found) == 3  # of four the last stands still; every one has a stored time of its own
    assert left_in(tmp_path) == ["osmosis_and_reverse_osmosis.gif", "results"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("osmosis", "--out", "film.bmp"), "ends in .gif"),
        (("osmosis", "--size", "big"), "--size big: expected width and height in pixels, such as 1280x720"),
        (("osmosis", "--size", "0x0"), "320x240 to"),
        (("osmosis", "--size", "99999x99999"), "320x240 to"),
        (("osmosis", "--seconds", "0"), "--seconds 0: expected more than 0"),
        (("osmosis", "--seconds", "-1"), "--seconds -1"),
        (("osmosis", "--fps", "1000"), "--fps 1000"),
        (("no_such_case",), "no_such_case"),
        (("osmosis", "ro_vessel"), "ro_vessel: a film shows two compartments"),
        (("osmosis", "--out", "."), "film ends in"),
    ],
)
def test_wrong_input_is_told_in_a_line_and_nothing_is_run(call, tmp_path, monkeypatch, given, told):
    from membrane_pde import runs

    monkeypatch.setattr(runs, "run", lambda *a, **k: pytest.fail("solved"))
    status, out, err = call("animate", *given)
    assert (status, out) == (2, "")
    assert told in err
    assert len(err.strip().splitlines()) <= 2
    assert left_in(tmp_path) == []


def test_a_run_that_fails_makes_no_film(call, tmp_path):
    status, out, err = call("animate", "osmosis", "seawater_ro", *BRIEF, "--set", "left.pressure=0 bar")
    assert (status, out) == (1, "")
    assert "seawater_ro failed, so there is no film: " in err
    assert left_in(tmp_path) == []


def test_on_a_pipe_it_says_nothing_but_where_the_film_is(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "membrane_pde", "animate", "osmosis", *BRIEF, "--size", "640x400", "--out", "o.gif"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stdout.startswith("Film: o.gif, 1 s")
    assert "film of" not in done.stderr
