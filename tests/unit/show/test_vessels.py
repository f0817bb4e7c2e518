"""The vessels of the pictures: cells whose area is their volume, tubes with a scale in cm, gases as molecules."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import membrane_pde as mp
from membrane_pde import plot
from membrane_pde.input.boundaries import BOUNDARIES
from membrane_pde.input.casefile import load_case
from membrane_pde.show import drawing, dyes, sketch, vessels
from membrane_pde.show.live import Live
from tests import synthetic
from tests.shipped import CASES

QUICK = {"mesh.cells": 12, "run.outputs": 12}


def artists(ax: Any) -> dict[str, Any]:
    """What can be seen, by name."""
    return {each.get_gid(): each for each in drawing.visible_artists(ax)}


def texts(ax: Any) -> list[str]:
    return [each.get_text() for each in ax.texts if each.get_visible() and each.get_text()]


def area(patch: Any) -> float:
    """Of a polygon, by the shoelace formula."""
    x, y = patch.get_xy()[:-1].T
    return float(0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))


def cell(displaced: float, drawn: str = "cell", **more: Any) -> Any:
    """A cell of 1 mm on the right that gains so much water (m)."""
    made = synthetic.result(lengths=(0.1, 0.001), displaced=displaced, labels=("bath", "cell"), **more)
    made.case.right.drawing = drawn
    return made


# -- cells ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("displaced", "words"), [(0.00038, "water +38 %"), (-0.0005, "water −50 %"), (0.0, "water 0 %")]
)
@pytest.mark.parametrize("drawn", ["cell", "plant-cell"])
def test_the_area_of_a_cell_is_its_volume_and_the_change_stands_beside_it(displaced, words, drawn):
    (ax,) = plot.schematic(cell(displaced, drawn))
    seen = artists(ax)
    assert words in texts(ax)
    assert ("right first outline" in seen) == (displaced != 0.0)
    if displaced:
        before = seen["right first outline"]
        assert area(seen["right cell"]) / area(before) == pytest.approx(1.0 + displaced / 0.001)
        assert before.get_linestyle() != "-"
    assert ("right cell wall" in seen) == (drawn == "plant-cell")
    assert not {"left plate", "right plate", "membrane", "right liquid"} & set(seen)


def test_cells_that_are_compared_begin_alike():
    """One grows to 17.8 times its volume, which is as much as there is room for; the other keeps its volume."""
    axes = plot.comparison([cell(0.0168), cell(0.0)])
    grown, kept = (artists(ax) for ax in axes[:2])
    assert area(grown["right first outline"]) == pytest.approx(area(kept["right cell"]))
    assert area(grown["right cell"]) == pytest.approx(17.8 * area(kept["right cell"]))
    x, y = grown["right cell"].get_xy().T
    assert (x.min() > 0.05, x.max() < 1.0, y.min() > 0.0, y.max() < 1.0) == (True,) * 4


def test_a_plant_cell_that_shrinks_comes_off_its_wall():
    """The wall is slack where p + E ΔV/V₀ is 0: at 0.9 of the first volume for p = 1 bar and E = 10 bar."""
    made = cell(-0.0005, "plant-cell", boundaries=("bath", "elastic"), pressures=(0.0, 1e5))
    made.case.right.modulus = 10e5
    seen = artists(plot.schematic(made)[0])
    first = area(seen["right first outline"])
    assert area(seen["right cell"]) == pytest.approx(0.5 * first)
    assert area(seen["right cell wall"]) == pytest.approx(0.9 * first)


# -- tubes ----------------------------------------------------------------------------------------------------------
def test_two_tubes_have_a_scale_in_cm_between_their_levels():
    made = synthetic.result(boundaries=("standpipe", "standpipe"))  # 4.1 mm of water through tubes of 1/50
    for side in (made.case.left, made.case.right):
        side.tube_area = 0.02
    (ax,) = plot.schematic(made)
    seen = artists(ax)
    assert "41 cm" in texts(ax)  # 20.5 cm up and 20.5 cm down
    assert "cm" in texts(ax)
    left, right = (float(seen[f"{side} surface"].get_ydata()[0]) for side in ("left", "right"))
    ticks = [name for name in seen if name.startswith("scale number")]
    marks = {float(seen[name].get_text()): float(seen[name].get_position()[1]) for name in ticks}
    assert {0.0, 20.0, 40.0} <= set(marks)
    assert marks[0.0] == pytest.approx(left)  # the lower one
    assert (right - left) / (marks[40.0] - marks[0.0]) == pytest.approx(41.0 / 40.0)
    assert not {"left plate", "right plate"} & set(seen)


def test_a_single_tube_says_how_far_it_rose():
    made = synthetic.result(boundaries=("piston", "standpipe"))
    (ax,) = plot.schematic(made)
    assert "0.41 cm up" in texts(ax)


def test_the_shipped_u_tube_stands_46_cm_high():
    """1 mmol/L holds about 25 cm of water (van 't Hoff at 25 °C); what is left of 2 mmol/L holds 46."""
    (ax,) = plot.schematic(mp.run(load_case("u_tube").with_values(QUICK)))
    (height,) = (float(words.removesuffix(" cm")) for words in texts(ax) if words.endswith(" cm"))
    assert height == pytest.approx(46.4, abs=0.2)


# -- what stands at the far ends --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("boundary", "words", "things"),
    [
        ("piston", "", {"left plate", "left weight"}),
        ("reservoir", "reservoir", {"left gauge"}),
        ("bath", "stirred bath", {"left gauge", "left blade"}),
        ("elastic", "", {"left gauge", "left lid"}),
    ],
)
def test_a_piston_only_where_there_is_one(boundary, words, things):
    made = synthetic.result(boundaries=(boundary, "outflow"), pressures=(60e5, 0.0))
    (ax,) = plot.schematic(made)
    seen = set(artists(ax))
    assert things <= seen
    assert ("left plate" in seen) == (boundary == "piston")
    assert "60 bar" in texts(ax)
    assert not words or words in texts(ax)
    assert "outflow" in texts(ax)
    assert "right spout" in seen


def test_a_gas_is_molecules_as_many_of_each_as_its_share():
    result = synthetic.two_gases()
    dyed = sketch.scales([result]).dyes
    (ax,) = plot.schematic(result, time=0.0)
    seen = artists(ax)
    assert not {"left liquid", "right liquid", "left surface"} & set(seen)
    colours = {side: seen[f"{side} gas"].get_facecolor() for side in ("left", "right")}
    for side, name in (("left", "nitrogen"), ("right", "carbon dioxide")):
        from matplotlib.colors import to_rgba

        assert np.allclose(colours[side], to_rgba(dyed[name].arrow), atol=1e-6)
    half = {"nitrogen": 20.45, "carbon dioxide": 20.45}
    mixed = synthetic.two_gases(left=half, right=half)
    kinds = artists(plot.schematic(mixed)[0])["left gas"].get_facecolor()
    assert np.unique(kinds, axis=0, return_counts=True)[1] == pytest.approx([len(kinds) / 2] * 2, abs=1)


# -- colours ----------------------------------------------------------------------------------------------------------
def test_the_same_salt_water_has_the_same_colour_at_every_pressure():
    gentle, pressed = synthetic.osmosis(), synthetic.reverse_osmosis()
    for made in (gentle, pressed):  # nothing has moved yet
        first = plot.schematic(made, time=0.0)[0]
        made.row = artists(first)["right liquid"].get_array()
    assert np.array_equal(gentle.row, pressed.row)
    assert sketch.scales([gentle]).dyes == sketch.scales([pressed]).dyes


def test_a_dye_follows_beer_and_lambert_and_has_a_key():
    case = load_case("seawater_ro")
    dyed = dyes.dyes([case])
    (dye,) = dyed.values()
    assert dye.reference * dye.factor == pytest.approx(40.0)  # g/L: 35 rounded up
    light = dyes.blend({"NaCl": np.array([0.0, 1.0, 2.0]) * dye.reference}, dyed)
    assert light[1] / light[0] == pytest.approx(light[2] / light[1])
    assert np.all(light[2] < light[1])
    (ax,) = plot.schematic(case)
    assert {"NaCl (g/L)", "0", "40", "80", "120+"} <= set(texts(ax))


def test_colours_stay_where_the_scales_are_given():
    weak = synthetic.result({"NaCl": 8.6}, {"NaCl": 100.0})
    strong = synthetic.result({"NaCl": 8.6}, {"NaCl": 598.0})
    common = sketch.scales([weak, strong])
    bar = [artists(plot.schematic(each, scales=common)[0])["key NaCl 1"].get_text() for each in (weak, strong)]
    assert bar == ["40", "40"]
    shade = [
        artists(plot.schematic(each, time=0.0, scales=common)[0])["right liquid"].get_array().mean()
        for each in (weak, strong)
    ]
    assert shade[0] > shade[1] + 30


# -- arrows -----------------------------------------------------------------------------------------------------------
def test_all_solutes_have_one_scale_and_those_that_pass_best_are_shown():
    """Five solutes of which all pass; what is most concentrated passes least."""
    names = ["urea", "glucose", "NaCl"]
    made = synthetic.result(
        {"urea": 1.0, "glucose": 10.0, "NaCl": 100.0, "salt": 200.0, "dye": 300.0},
        dict.fromkeys(["urea", "glucose", "NaCl", "salt", "dye"], 0.0),
    )
    flux = np.zeros((201, 5))
    flux[:] = np.array([4e-6, 1e-6, 1e-6, 2e-7, 1e-7])
    made.arrays["solute_flux_mol_per_m2_s"] = flux
    made.arrays["amount_transferred_mol_per_m2"] = np.cumsum(flux, axis=0) * 36.0
    assert sketch.passing(made) == ["urea", "glucose", "NaCl", "salt"]
    (ax,) = plot.schematic(made)
    told = " ".join(texts(ax))
    assert "1 more pass" in told
    places = [artists(ax)[f"{name} flux"].get_position()[1] for name in names]
    assert places == sorted(places, reverse=True)
    lengths = [float(np.ptp(artists(ax)[f"{name} arrow"].get_xy()[:, 0])) for name in names]
    assert lengths[0] / lengths[1] == pytest.approx(2.0)  # four times the flux, twice as long
    assert lengths[1] == pytest.approx(lengths[2])


def test_nanofiltration_shows_urea_and_the_smallest_flux_has_the_shortest_arrow():
    result = mp.run(load_case("nanofiltration").with_values(QUICK))
    (ax,) = plot.schematic(result)
    seen = artists(ax)
    flux = {
        name: float(result.arrays["solute_flux_mol_per_m2_s"][-1, i]) * result.case.solutes[name].molar_mass
        for i, name in enumerate(result.solutes)
    }
    lengths = {name: float(np.ptp(seen[f"{name} arrow"].get_xy()[:, 0])) for name in flux}
    assert sorted(lengths, key=lambda name: lengths[name]) == sorted(flux, key=lambda name: flux[name])
    assert "urea" in lengths


# -- words ------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module", params=CASES)
def shipped(request: pytest.FixtureRequest) -> Any:
    """A run of each shipped case on a coarse mesh."""
    return mp.run(load_case(request.param).with_values(QUICK))


@pytest.mark.parametrize("place", ["file", "explorer"])
def test_no_words_of_the_schematic_meet(shipped, place):
    ax = Live().schematic[0] if place == "explorer" else drawing.figure(8.0, 5.8).add_subplot()
    figure = ax.figure
    end = float(shipped.arrays["time"][-1])
    for time in (0.0, 0.1 * end, end):
        plot.schematic(shipped, ax, time)
        FigureCanvasAgg(figure).draw()
        seen = [each for each in ax.texts if each.get_visible() and each.get_text()]
        boxes = [(each.get_text(), each.get_window_extent()) for each in seen]
        for place, (words, box) in enumerate(boxes):
            assert box.x0 >= figure.bbox.x0 - 1, words
            assert box.x1 <= figure.bbox.x1 + 1, words
            assert box.y0 >= figure.bbox.y0 - 1, words
            assert box.y1 <= figure.bbox.y1 + 1, words
            for other, there in boxes[place + 1 :]:
                assert not box.overlaps(there), (words, other)


def test_the_osmotic_pressure_says_which_it_is():
    told = "\n".join(texts(plot.schematic(synthetic.osmosis())[0])).replace("\n", " ")
    assert "osmotic pressure at the membrane" in told


# -- the key of the case file ---------------------------------------------------------------------------------------
def test_a_drawing_belongs_to_a_boundary():
    assert set(vessels.FAR_ENDS) < set(BOUNDARIES)
    assert BOUNDARIES["standpipe"].drawing == "tube"


def test_the_drawing_follows_the_boundary_unless_it_is_given():
    case = load_case("u_tube")
    assert (case.left.drawing, case.right.drawing) == ("tube", "tube")
    assert load_case("osmosis").left.drawing == "tank"
    assert load_case("hypotonic").right.drawing == "cell"
    assert load_case("plant_cell_turgor").left.drawing == "plant-cell"
    assert case.with_values({"left.drawing": "tank"}).left.drawing == "tank"
    with pytest.raises(mp.CaseError, match=r'left\.drawing = "tube": only a "standpipe" has a tube'):
        load_case("osmosis").with_values({"left.drawing": "tube"})
    with pytest.raises(mp.CaseError, match=r"it has no effect on a gas"):
        load_case("two_gases").with_values({"left.drawing": "cell"})
    with pytest.raises(mp.CaseError, match=r"plant-cell"):
        load_case("osmosis").with_values({"left.drawing": "plant"})


# -- support layers -------------------------------------------------------------------------------------------------
def supported(thickness: float) -> Any:
    """Osmosis through a membrane whose support of this thickness (m) lies on the right."""
    made = synthetic.osmosis()
    made.case.right.support = SimpleNamespace(thickness=thickness)
    return made


@pytest.mark.parametrize("thickness", [1e-3, 3e-3])
def test_a_support_layer_has_one_width_and_shows_what_is_in_its_pores(thickness):
    made = supported(thickness)
    (ax,) = plot.schematic(made)
    seen = artists(ax)
    band = seen["right support"]
    assert (band.get_x(), band.get_width()) == (0.0, vessels.SUPPORT)
    assert "left support" not in seen
    assert "support" in texts(ax)
    moment = sketch.moment_of(made, None, sketch.scales([made]))
    (values,) = vessels.amounts_along(moment, "right").values()
    here = made.arrays["side"] == "right"
    x, c = made.arrays["position"][-1, here], made.arrays["concentration"][-1, 0, here]
    edge = round(vessels.SUPPORT * vessels.POINTS)  # where the pores end and the solution begins
    assert values[edge] == pytest.approx(np.interp(thickness, x, c), rel=1e-12)
    assert values[edge // 2] == pytest.approx(np.interp(0.5 * thickness, x, c), rel=1e-12)


def test_a_support_layer_is_a_band_in_the_profiles():
    (ax,) = plot.profiles(supported(2e-3)).flat
    band = artists(ax)["right support"]
    assert (band.get_x(), band.get_width(), band.get_height()) == (0.0, pytest.approx(2.0), 1.0)
    assert "support" in [each.strip() for each in texts(ax)]
    (ax,) = plot.profiles(synthetic.osmosis()).flat
    assert not {"left support", "right support"} & set(artists(ax))
