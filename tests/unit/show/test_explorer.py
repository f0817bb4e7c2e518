"""The explorer without a browser: sliders turned by a program, artists that follow, failures in words."""

import builtins
import io
import math
import re
import threading

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

import membrane_pde as mp
from membrane_pde.show import controls, explorer
from membrane_pde.show.live import FAST
from tests.shipped import CASES

pytest.importorskip("ipywidgets", reason='ipywidgets is not installed: pip install "membrane-pde[notebooks]"')

QUICK = {"mesh.cells": 12, "run.outputs": 12}


@pytest.fixture(scope="module")
def case():
    return mp.load_case("reverse_osmosis").with_values(QUICK)


@pytest.fixture(scope="module")
def _made(case):
    return mp.explore(case)


@pytest.fixture
def shown(_made):
    """An explorer of reverse osmosis, back at its start."""
    _made.reset()
    _made.moment.value = 10.0
    return _made


def line(ax, name):
    (found,) = (each for each in ax.get_lines() if each.get_gid() == name)
    return found


def data(shown):
    """What every line in the picture shows."""
    live = shown._live
    return [each.get_xydata().copy() for ax in live.axes for each in ax.get_lines() if each.get_gid()]


def test_a_slider_moves_the_artists_and_makes_none(shown, case, monkeypatch):
    before, picture = data(shown), shown.picture.value
    assert bytes(picture).startswith(b"\xff\xd8\xff")
    flux = line(shown._live.history[0, 0], "flux")
    artists = [id(each) for ax in shown._live.figure.axes for each in ax.get_children()]
    made = []
    for kind in (Figure, Axes):
        plain = kind.__init__
        monkeypatch.setattr(kind, "__init__", lambda *a, plain=plain, **k: made.append(a) or plain(*a, **k))
    shown.sliders["right.pressure"].value = 40.0
    assert made == []
    assert [id(each) for ax in shown._live.figure.axes for each in ax.get_children()] == artists
    assert line(shown._live.history[0, 0], "flux") is flux
    assert flux.get_ydata() == pytest.approx(shown.result.arrays["water_flux_m_per_s"] * 3.6e6)
    after = data(shown)
    assert len(after) == len(before)
    assert sum(not np.array_equal(a, b) for a, b in zip(after, before, strict=True)) > 10
    assert shown.picture.value != picture
    assert shown.case == case.with_values({"right.pressure": "40 bar"})
    assert shown.result.summary["displaced_volume_m"] == mp.run(shown.case).summary["displaced_volume_m"]
    assert "reverse osmosis" in shown.message.value
    assert "case.with_values({&quot;right.pressure&quot;: &quot;40 bar&quot;})" in shown.message.value


def test_the_arrow_of_water_turns_with_the_pressure(shown):

    def arrow():
        (found,) = (each for each in shown._live.schematic[0].patches if each.get_gid() == "water arrow")
        return found, found.get_xy()[:, 0].mean()

    first, pressed = arrow()
    shown.sliders["right.pressure"].value = 0.0
    second, free = arrow()
    assert first is second
    assert pressed < 0 < free  # the head, with most of the corners, points to the left, then to the right
    assert "osmosis" in shown.message.value


def test_the_background_is_drawn_anew_only_for_new_axes(shown):
    frames, backgrounds = shown.frames, shown._live.backgrounds
    for pressure in (59.0, 58.0, 57.0, 58.0, 59.0):
        shown.sliders["right.pressure"].value = pressure
    assert shown.frames == frames + 5
    assert shown._live.backgrounds <= backgrounds + 1


def test_axes_drawn_anew_one_by_one_look_as_if_all_were(shown):
    live, backgrounds = shown._live, shown._live.backgrounds

    def pixels(draw):
        images = [image for image in live.schematic[0].images if image.get_animated()]
        for image in images:
            image.set_visible(False)
        draw()
        for image in images:
            image.set_visible(True)
        return np.asarray(live.canvas.buffer_rgba()).copy()

    for path, values in {"right.pressure": (30.0, 4.0, 90.0), "run.duration": (63.0,)}.items():
        for value in values:
            shown.sliders[path].value = value
            shown.fit_axes()
        one_by_one = pixels(lambda: live.canvas.restore_region(live._background))
        with rc_context(FAST):
            assert np.array_equal(one_by_one, pixels(live.canvas.draw))
    assert live.backgrounds >= backgrounds + 3


def limits(shown):
    return [(ax.get_xlim(), ax.get_ylim()) for ax in shown._live.axes]


def test_axes_stay_while_a_slider_is_dragged_until_they_are_fitted(shown):
    before, backgrounds = limits(shown), shown._live.backgrounds
    assert not shown.fit.button_style
    for pressure in (70.0, 90.0, 110.0):
        shown.sliders["right.pressure"].value = pressure
    assert limits(shown) == before
    assert shown._live.backgrounds == backgrounds
    assert shown.fit.button_style == "warning"  # the pressures leave their axes
    assert "fit the axes" in shown.message.value
    shown.fit.click()
    fitted = limits(shown)
    assert fitted != before
    assert not shown.fit.button_style
    assert "fit the axes" not in shown.message.value
    hydrostatic = line(shown._live.history[3, 0], "hydrostatic").get_ydata()
    assert fitted[-1][1][0] < hydrostatic.min() == pytest.approx(-110.0)
    shown.sliders["right.pressure"].value = 60.0
    assert limits(shown) == fitted
    shown.back.click()
    assert limits(shown) == before


def test_an_axis_that_shows_another_unit_is_fitted_at_once(shown):
    ax = shown._live.history[-1, 0]
    assert ax.get_xlabel() == "time (min)"
    shown.sliders["run.duration"].value = 600.0
    assert ax.get_xlabel() == "time (h)"
    assert 10.0 <= ax.get_xlim()[1] < 15.0
    assert not shown._live.outside()


def test_an_axis_of_time_keeps_its_kind(shown):
    """Where much happens early its beginning is linear and the rest logarithmic: not one here, another there."""
    shown = mp.explore(mp.load_case("hypertonic").with_values({"run.outputs": 60}))
    kinds = set()
    for value in (0.1, 0.5, 2.0, 8.0):
        shown.sliders["membrane.water_permeability"].value *= value
        kinds.add((shown._live.history[0, 0].get_xscale(), shown._live.history[0, 0].get_xlim()))
    assert len(kinds) == 1


def test_the_scale_of_a_tube_stays_until_it_is_fitted():
    shown = mp.explore(mp.load_case("u_tube").with_values(QUICK))

    def ticks():
        return [
            each.get_text()
            for each in shown._live.schematic[0].texts
            if each.get_visible() and str(each.get_gid()).startswith("scale")
        ]

    before = ticks()
    assert before
    shown.sliders["right.concentration.sucrose"].value = 0.3
    assert ticks() == before
    shown.fit.click()
    assert ticks() != before


def test_the_player_and_the_time_move_each_other(shown):
    frames = shown.frames
    shown.play.value = 100
    assert shown.moment.value == 50.0
    assert shown.frames == frames + 1
    shown.moment.value = 25.0
    assert shown.play.value == 50


def test_groups_of_sliders_fold(shown):
    assert list(shown.folds) == [
        "pressures", "concentrations", "membrane", "sizes", "temperature and time", "diffusion",
    ]  # fmt: skip
    below = shown.widget.children[1].children[0].children[1].children
    boxes = {below[i].description: below[i + 1] for i in range(0, len(below) - 1, 2)}
    assert boxes["pressures"].layout.display != "none"
    assert boxes["diffusion"].layout.display == "none"
    assert shown.sliders["solutes.NaCl.diffusivity"] in boxes["diffusion"].children
    shown.folds["diffusion"].value = True
    assert boxes["diffusion"].layout.display != "none"
    shown.folds["diffusion"].value = False
    assert sorted(id(each) for box in boxes.values() for each in box.children) == sorted(
        map(id, shown.sliders.values())
    )


NUMBER = re.compile(r"\s*[-+]?\d")
SAID = {  # a key without a slider, and the words that say so
    r"solutes\..*\.(dissociation|reference_temperature|molar_mass|radius)": "the solutes themselves",
    r"mesh\..*|run\.(rtol|outputs)": "settings of the model and of the solver",
    r"membrane\.solutes\..*\.permeability": "permeability of",
    r"membrane\.water_permeability|membrane\.solutes\..*\.reflection": "water permeability and reflection",
    r"(left|right)\.concentration\..*": "concentration",
    r"gas (.*pressure|.*diffusivity)": "pressure and diffusivity",
    r"gas .*concentration.*": "mole fractions",
}


def numbers(table, path=""):
    """The keys of a case file that have a number, or a list of them."""
    for key, value in table.items():
        below = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            yield from numbers(value, below)
        elif not isinstance(value, bool) and (isinstance(value, int | float | list) or NUMBER.match(str(value))):
            yield below


@pytest.mark.parametrize("name", [name for name in CASES if mp.load_case(name).module is None])
def test_every_number_of_a_case_has_a_slider_or_is_said_to_have_none(name):
    case = mp.load_case(name)
    found = controls.controls(case, mp.run(case.with_values(QUICK)))
    told = "; ".join(controls.without_slider(case, found))
    paths = [each.path for each in found]
    for key in numbers(case._origin.written):
        if any(f"{key}.".startswith(f"{path}.") for path in paths):
            continue
        kind = f"gas {key}" if case.phase == "gas" and not key.startswith(("mesh", "run")) else key
        words = [said for pattern, said in SAID.items() if re.fullmatch(pattern, kind) or re.fullmatch(pattern, key)]
        assert any(each in told for each in words), f"{key}: no slider, and not told: {told}"


def test_time_shown_redraws_and_solves_nothing(shown, monkeypatch):
    monkeypatch.setattr(explorer, "run", lambda case: pytest.fail("solved again"))
    result, frames = shown.result, shown.frames
    shown.moment.value = 50.0
    assert shown.result is result
    assert shown.frames == frames + 1
    now = line(shown._live.history[0, 0], "now")
    assert now.get_xdata() == pytest.approx([30.0, 30.0])  # min


def test_a_failure_is_told_in_words_and_the_last_picture_stays():
    case = mp.load_case("seawater_ro").with_values(QUICK)
    shown = mp.explore(case)
    picture, result = shown.picture.value, shown.result
    shown.sliders["left.pressure"].value = 0.0
    assert "No new picture" in shown.message.value
    assert "backflow" in shown.message.value
    assert shown.picture.value == picture
    assert shown.result is result
    shown.sliders["left.pressure"].value = 70.0
    assert "No new picture" not in shown.message.value
    assert shown.picture.value != picture


def test_a_case_that_fails_from_the_start_is_shown_as_far_as_it_goes():
    case = mp.load_case("seawater_ro").with_values({**QUICK, "left.pressure": "0 bar"})
    shown = mp.explore(case)
    assert bytes(shown.picture.value).startswith(b"\xff\xd8\xff")
    assert "backflow" in shown.message.value
    shown.sliders["left.pressure"].value = 60.0
    assert shown.result.summary["status"] == "steady"


def test_back_to_the_start(shown, case):
    shown.sliders["right.pressure"].value = 10.0
    shown.sliders["temperature"].value = 40.0
    shown.back.click()
    assert shown.case == case
    assert shown.sliders["right.pressure"].value == 60.0
    assert shown.sliders["temperature"].value == pytest.approx(25.0)
    assert "with_values" not in shown.message.value


def test_a_permeability_is_shown_at_the_temperature_that_it_is_written_for():
    """So its slider stays when the case is warmed, and what it says is what `with_values` takes."""
    shown = mp.explore(mp.load_case("seawater_ro").with_values(QUICK | {"temperature": "15 degC"}))
    permeability = shown.sliders["membrane.water_permeability"]
    assert permeability.description == "permeability at 25 °C (L/m²/h/bar)"
    assert permeability.value == pytest.approx(1.203)
    cold = shown.case.membrane.water_permeability
    shown.sliders["temperature"].value = 35.0
    assert permeability.value == pytest.approx(1.203)
    warm = shown.case.membrane.water_permeability
    assert warm == pytest.approx(cold * math.exp(21950 / 8.31446261815324 * (1 / 288.15 - 1 / 308.15)), rel=1e-9, abs=0)
    permeability.value = 2.406  # twice the library's number lets twice as much through
    assert shown.case.membrane.water_permeability == pytest.approx(2 * warm, rel=1e-9, abs=0)


def test_a_temperature_that_does_nothing_is_not_turned_without_a_word():
    shown = mp.explore(mp.load_case("osmosis").with_values(QUICK))
    shown.sliders["temperature"].value = 40.0
    assert (
        "membrane.water_permeability: still the value for 25 degC, although the temperature is now 40"
        in shown.message.value
    )


def test_the_slider_of_two_gases_changes_how_fast_they_mix():
    shown = mp.explore(mp.load_case("two_gases"))
    before = shown.result.summary["end_time_s"]
    shown.sliders["temperature"].value = 100.0
    assert shown.result.summary["end_time_s"] == pytest.approx(before * (293.15 / 373.15) ** 1.75, rel=1e-3)


def test_a_browser_that_puts_sliders_on_their_steps_changes_nothing():
    shown = mp.explore(mp.load_case("stopped_osmosis").with_values(QUICK))
    frames = shown.frames
    shown.sliders["right.pressure"].value = 28.8  # of 28.8448
    shown.sliders["left.concentration.NaCl"].value = 10 ** (0.01 * round(100 * np.log10(1.0)))
    assert shown.frames == frames
    assert shown.case == shown.start


def test_threads_of_several_sliders_do_not_draw_at_once(shown, case, monkeypatch):
    """JupyterLab hands the messages of widgets to threads of their own."""
    frames, inside, overlaps, plain = shown.frames, [], [], shown._live.show

    def show(*arguments):
        overlaps.extend(inside)
        inside.append(1)
        try:
            return plain(*arguments)
        finally:
            inside.clear()

    monkeypatch.setattr(shown._live, "show", show)
    turns = {"right.pressure": 30.0, "left.length": 8.0, "temperature": 50.0, "membrane.water_permeability": 2.0}
    threads = [
        threading.Thread(target=lambda p=p, v=v: setattr(shown.sliders[p], "value", v)) for p, v in turns.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overlaps == []
    assert 1 <= shown.frames - frames <= 4  # a change that waited may be drawn with a later one
    told = {path: shown.controls[path].written(value) for path, value in turns.items()}
    assert shown.case == case.with_values(told)


@pytest.mark.parametrize("name", CASES)
def test_controls_are_those_that_the_case_has(name):
    case = mp.load_case(name)
    start = mp.run(case.with_values(QUICK))
    found = {control.path: control for control in controls.controls(case, start)}
    assert {"temperature", "run.duration"} <= set(found)
    assert ("membrane.pore_radius" in found) == (case.membrane.pore_radius is not None)
    liquid = case.phase == "liquid"
    for side in ("left", "right"):
        compartment = getattr(case, side)
        for key, boundary in {"tube_area": "standpipe", "modulus": "elastic", "volume": "bath"}.items():
            assert (f"{side}.{key}" in found) == (compartment.boundary == boundary)
        no_layer = compartment.stirred and compartment.boundary in ("bath", "reservoir")
        inside = compartment.radius is not None  # of a curved membrane: its radius is moved in place of a length
        assert (f"{side}.length" in found) == (not no_layer and not inside)
        assert (f"{side}.radius" in found) == inside
        if liquid and compartment.boundary != "outflow":
            assert {f"{side}.concentration.{solute}" for solute in case.solutes} <= set(found)
        if compartment.feed is not None:
            assert f"{side}.bleed" in found
            assert any(path.startswith(f"{side}.feed.") for path in found)
    if liquid:
        assert {f"solutes.{solute}.diffusivity" for solute in case.solutes} <= set(found)
    for control in found.values():
        value = control.read(case)
        assert control.low <= value <= control.high, control
        assert control.at(control.of(case), case)
        assert not control.logarithmic or control.low > 0
        changed = case.with_values({control.path: control.written(value)})
        assert control.read(changed) == pytest.approx(value, rel=1e-5, abs=1e-9), control


def test_a_schedule_has_one_slider_for_all_of_its_values():
    case = mp.load_case("closed_circuit_ro").with_values(QUICK)
    found = {control.path: control for control in controls.controls(case, mp.run(case))}
    slider = found["left.pressure"]
    assert (slider.read(case), slider.low, slider.high) == (1.0, 0.0, 2.0)
    half = case.with_values({"left.pressure": slider.written(0.5)})
    assert half.left.pressure.times == case.left.pressure.times
    assert half.left.pressure.values == pytest.approx([0.5 * value for value in case.left.pressure.values])
    assert half.left.pressure.shape == case.left.pressure.shape
    shown = mp.explore(case)
    shown.sliders["left.pressure"].value = 1.1
    assert shown.result.case.left.pressure.values[0] == pytest.approx(1.1 * case.left.pressure.values[0])


def test_an_oscillation_has_sliders_for_its_mean_its_amplitude_and_its_period():
    pressure = {"mean": "50 bar", "amplitude": "5 bar", "period": "10 s"}
    until = {"run.duration": "20 s", "run.until": "duration"}
    case = mp.load_case("seawater_ro").with_values({**QUICK, "left.pressure": pressure, **until})
    found = {control.path: control for control in controls.controls(case, mp.run(case))}
    at = {path: found[f"left.pressure.{path}"].of(case) for path in pressure}
    assert at == pytest.approx({"mean": 50.0, "amplitude": 5.0, "period": 10.0})
    changed = case.with_values({"left.pressure.amplitude": found["left.pressure.amplitude"].written(8.0)})
    assert changed.left.pressure.amplitude == pytest.approx(8e5)


def test_what_has_no_slider_is_said():
    for name, words in {
        "osmotic_pressure": "pressure, sugar water in the cell (rigid: it is computed)",
        "two_gases": "mole fractions (they must add up)",
        "hypotonic": "permeability of NaCl, content (0: held back)",
        "seawater_ro": "concentrations, permeate (outflow: they are computed)",
    }.items():
        case = mp.load_case(name)
        told = controls.without_slider(case, controls.controls(case, mp.run(case.with_values(QUICK))))
        assert any(each.startswith(words) for each in told), told
    shown = mp.explore(mp.load_case("hypotonic").with_values(QUICK))
    column = shown.widget.children[1].children[0]
    assert "held back" in column.children[-1].children[-1].value


def test_colours_and_arrows_keep_their_scales_while_a_slider_is_dragged(shown):
    def key():
        (found,) = (each for each in shown._live.schematic[0].texts if each.get_gid() == "key NaCl 1")
        return found.get_text()

    before, scales = key(), shown._scales
    shown.sliders["right.concentration.NaCl"].value = 70.0
    assert key() == before
    assert shown._scales is scales


def test_concentrations_decades_apart_are_logarithmic(case):
    start = mp.run(case)
    found = {control.path: control for control in controls.controls(case, start)}
    assert found["left.concentration.NaCl"].logarithmic
    assert found["right.concentration.NaCl"].low == pytest.approx(0.1)
    near = case.with_values({"left.concentration.NaCl": "0 g/L"})
    found = {control.path: control for control in controls.controls(near, start)}
    assert not found["left.concentration.NaCl"].logarithmic
    assert found["left.concentration.NaCl"].low == 0.0
    assert found["right.pressure"].label == "pressure, salt water (bar)"


def test_without_ipywidgets_it_says_what_to_install(case, monkeypatch):
    plain = builtins.__import__

    def without(name, *arguments, **options):
        if name == "ipywidgets":
            raise ImportError(name)
        return plain(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(mp.CaseError, match=r'pip install "membrane-pde\[notebooks\]"'):
        mp.explore(case)


def test_a_notebook_shows_it(shown):
    assert "application/vnd.jupyter.widget-view+json" in shown._repr_mimebundle_()


def test_the_picture_can_be_kept() -> None:
    shown = mp.explore(mp.load_case("osmosis"))
    kept, *tiles = (
        np.asarray(Image.open(io.BytesIO(each)).convert("RGB"), float)
        for each in (shown.png(), *(picture.value for picture in shown.pictures.values()))
    )
    schematic, profiles, history = tiles
    whole = np.hstack([np.vstack([schematic, profiles]), history])  # the tiles leave nothing out
    assert whole.shape == kept.shape
    assert np.abs(kept - whole).mean() < 1.0  # of 255


def test_what_the_run_says_is_said_once() -> None:
    shown = mp.explore(mp.load_case("leaky"))
    assert shown.message.value.count("changed direction during the run") == 1
