"""The pictures: what stands on the axes, where the curves lie, and that nothing magnifies round-off."""

import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from membrane_pde import plot
from membrane_pde.input.casefile import load_case
from membrane_pde.show import curves as shared
from membrane_pde.show import drawing
from tests import synthetic
from tests.places import ROOT


def curves(ax):
    """The profile curves: those that end in the mark of the far end."""
    return [line for line in ax.get_lines() if line.get_marker() == "|"]


def texts(ax):
    return [t.get_text() for t in ax.texts]


def draw(axes):
    """Rendering finds what construction does not (missing glyphs, bad transforms); all warnings are errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FigureCanvasAgg(axes.flat[0].figure).draw()


def test_profiles_go_from_the_moving_end_to_the_wall_value_and_leave_the_jump_open():
    result = synthetic.osmosis()
    (ax,) = plot.profiles(result)
    draw(np.array([ax]))
    lines = curves(ax)
    assert len(lines) == 24  # 12 times, two sides
    first_left, last_left, last_right = lines[0], lines[-2], lines[-1]
    gram = synthetic.MOLAR_MASS["NaCl"]
    assert first_left.get_xdata()[[0, -1]] == pytest.approx([0.0, -10.0])  # mm
    assert last_left.get_xdata()[-1] == pytest.approx(-5.9)
    assert last_right.get_xdata()[-1] == pytest.approx(14.1)
    assert first_left.get_ydata() == pytest.approx(8.6 * gram)
    walls = [result.summary[f"wall_concentration_{s}_mol_per_m3"]["NaCl"] * gram for s in ("left", "right")]
    assert [last_left.get_ydata()[0], last_right.get_ydata()[0]] == pytest.approx(walls)
    assert ax.get_xlabel() == "position (mm)"
    assert ax.get_ylabel() == "NaCl (g/L)"
    assert texts(ax) == ["fresh", "saline"]
    assert any(a.get_gid() == "membrane" for a in ax.artists + list(ax.patches))
    low, high = ax.get_xlim()
    assert low < -10
    assert high > 14.1
    colour_bar = ax.figure.axes[-1]
    assert colour_bar.get_ylabel() == "time (min)"
    assert colour_bar.get_yticklabels()[-1].get_text() == "120"


def test_profile_colours_run_with_time():
    result = synthetic.osmosis()
    (ax,) = plot.profiles(result)
    lines = curves(ax)[::2]
    colours = [to_hex(line.get_color()) for line in lines]
    assert len(set(colours)) == len(lines)
    brightness = [sum(np.array(line.get_color()[:3]) * (0.3, 0.59, 0.11)) for line in lines]
    assert brightness == sorted(brightness)


def test_stored_times_are_picked_evenly_in_the_square_root():
    picked = shared.times_shown(np.linspace(0, 100, 201), 11)
    assert picked[0] == 0
    assert picked[-1] == 200
    assert np.sqrt(picked / 200) == pytest.approx(np.linspace(0, 1, 11), abs=0.005)
    assert list(shared.times_shown(np.array([0.0]), 12)) == [0]


def test_stored_times_are_not_wasted_on_what_is_at_rest():
    time = np.linspace(0, 100, 1001)
    change = np.minimum(time / 1.0, 1.0)  # everything happens in the first hundredth
    picked = time[shared.times_shown(time, 12, change)]
    assert sum(picked <= 1.0) >= 6
    assert picked[-1] == 100
    result = synthetic.osmosis()
    assert shared.change(result, ["NaCl"])[[0, -1]] == pytest.approx([0, 1])
    assert not shared.change(synthetic.two_gases(), ["nitrogen"]).any()


def test_several_solutes_get_a_panel_each_and_one_can_be_chosen():
    result = synthetic.three_solutes()
    axes = plot.profiles(result)
    draw(axes)
    assert [ax.get_ylabel() for ax in axes] == ["NaCl (g/L)", "glucose (g/L)", "urea (g/L)"]
    assert axes[0].get_xlabel() == "distance from membrane\n(µm; scales differ left and right)"  # 500 µm against 50 µm
    assert [ax.get_ylabel() for ax in plot.profiles(result, solute="urea")] == ["urea (g/L)"]
    with pytest.raises(KeyError, match="no solute 'salt'; there are NaCl, glucose, urea"):
        plot.profiles(result, solute="salt")


def test_more_than_six_solutes_shows_the_most_concentrated_and_says_so():
    left = {f"s{i}": float(i + 1) for i in range(8)}
    axes = plot.profiles(synthetic.result(left, dict(left)))
    assert [ax.get_ylabel() for ax in axes] == [f"s{i} (mmol/L)" for i in range(2, 8)]
    assert "6 of 8 solutes, the most concentrated" in axes[0].figure.get_suptitle()


def test_particles_are_counted():
    bacteria = {"bacterium": 1.66e-10}  # 1e8 per mL
    (ax,) = plot.profiles(synthetic.result(bacteria, {"bacterium": 0.0}, displaced=0.0))
    assert ax.get_ylabel() == "bacterium (1/mL)"
    assert curves(ax)[0].get_ydata() == pytest.approx(1.0e8, rel=1e-3)
    draw(np.array([ax]))
    assert "8e7" in [t.get_text() for t in ax.get_yticklabels()]


def test_axes_are_taken_and_returned():
    result = synthetic.osmosis()
    figure = Figure()
    ax = figure.add_subplot()
    assert plot.profiles(result, ax)[0] is ax
    grid = Figure().subplots(2, 2)
    assert plot.history(result, grid) is grid
    five = Figure().subplots(5)
    assert list(plot.comparison([result, result], five)) == list(five)


def test_history_shows_engineering_units_and_keeps_the_colours_of_the_sides():
    result = synthetic.osmosis()
    axes = plot.history(result)
    draw(axes)
    flux, lengths, concentrations, pressures = axes.flat
    assert flux.get_ylabel() == "water flux (L/m²/h)"
    assert flux.get_lines()[-1].get_ydata()[-1] == pytest.approx(result.summary["water_flux_m_per_s"] * 3.6e6)
    assert "↑ left to right" in texts(flux)
    assert lengths.get_ylabel() == "depth of liquid (mm)"
    assert [line.get_label() for line in lengths.get_lines()] == ["fresh", "saline"]
    assert [line.get_color() for line in lengths.get_lines()] == [plot.LEFT, plot.RIGHT]
    assert [line.get_ydata()[-1] for line in lengths.get_lines()] == pytest.approx([5.9, 14.1])
    assert concentrations.get_ylabel() == "NaCl (g/L)"
    drawn = [(line.get_color(), line.get_linestyle()) for line in concentrations.get_lines()]
    assert drawn == [(plot.LEFT, "-"), (plot.LEFT, "--"), (plot.RIGHT, "-"), (plot.RIGHT, "--")]
    assert pressures.get_ylabel() == "pressure, left − right (bar)"
    osmotic, hydrostatic = pressures.get_lines()[1:]
    difference = result.summary["wall_osmotic_pressure_left_Pa"] - result.summary["wall_osmotic_pressure_right_Pa"]
    assert osmotic.get_ydata()[-1] == pytest.approx(difference * 1e-5)
    assert hydrostatic.get_ydata()[-1] == 0
    assert [ax.get_xlabel() for ax in axes[1]] == ["time (min)"] * 2


def test_reverse_flow_is_below_zero_and_pressed_from_the_right():
    axes = plot.history(synthetic.reverse_osmosis())
    assert axes[0, 0].get_lines()[-1].get_ydata()[0] < 0
    assert "↓ right to left" in texts(axes[0, 0])
    assert axes[1, 1].get_lines()[-1].get_ydata()[0] == pytest.approx(-60.0)


def test_fixed_lengths_show_the_displaced_volume_instead():
    axes = plot.history(synthetic.result(boundaries=("reservoir", "outflow"), lengths=(5e-5, 5e-5), displaced=0.01))
    assert axes[0, 1].get_ylabel() == "water moved to the right (L/m²)"
    assert axes[0, 1].get_lines()[-1].get_ydata()[-1] == pytest.approx(10.0)


def test_sides_of_very_different_length_are_shown_relative_to_their_start():
    axes = plot.history(synthetic.three_solutes())
    assert axes[0, 1].get_ylabel().replace("\n", " ") == "depth of liquid ÷ depth at the start"
    assert [line.get_ydata()[-1] for line in axes[0, 1].get_lines()] == pytest.approx([0.956, 1.44])


def test_a_standpipe_has_no_piston_and_a_rigid_side_shows_what_holds_it():
    free = synthetic.result(boundaries=("standpipe", "standpipe"))
    free.arrays["pressure_right_Pa"] += 5000.0  # its head
    held = synthetic.result(boundaries=("piston", "rigid"), displaced=0.0)
    held.arrays["pressure_right_Pa"] += 67600.0
    axes = plot.comparison([free, held])
    assert not any("bar" in t for t in texts(axes[0]))
    assert "0.676 bar" in texts(axes[1])
    assert "no water moves" in texts(axes[1])


def test_reservoir_profiles_end_at_the_concentration_that_is_held():
    result = synthetic.result(boundaries=("reservoir", "outflow"))
    left, right = curves(plot.profiles(result)[0])[-2:]
    assert left.get_ydata()[-1] == pytest.approx(8.6 * synthetic.MOLAR_MASS["NaCl"])
    assert right.get_ydata()[-1] == right.get_ydata()[-2]


def test_round_off_is_not_magnified():
    result = synthetic.result({"NaCl": 100.0}, {"NaCl": 100.0}, displaced=0.0)
    noise = 1e-14 * np.sin(np.arange(result.arrays["time"].size))
    result.arrays["water_flux_m_per_s"] += 1e-6 * noise
    for side in ("left", "right"):
        key = f"wall_concentration_{side}_mol_per_m3"
        result.arrays[key] *= (1 + noise)[:, None]
    axes = plot.history(result)
    draw(axes)
    assert axes.shape == (1, 2)  # no water moves: neither a flux nor a volume
    concentrations, pressures = axes.flat
    low, high = concentrations.get_ylim()
    assert low <= 0
    assert high > 5.8
    assert pressures.get_ylabel() == "osmotic pressure at the membrane (bar)"  # equal on both sides
    for ax in axes.flat:
        assert ax.yaxis.get_major_formatter().get_offset() == ""


def test_gases_without_a_membrane():
    result = synthetic.two_gases()
    axes = plot.profiles(result)
    draw(axes)
    assert axes[0].get_ylabel() == "nitrogen (mol/m³)"
    assert any(line.get_gid() == "partition" for line in axes[0].get_lines())
    assert not any(a.get_gid() == "membrane" for a in axes[0].artists + list(axes[0].patches))
    (axes,) = plot.history(result)
    assert [ax.get_ylabel() for ax in axes] == ["concentration (mol/m³)"]  # neither water nor an osmotic pressure


def test_comparison_shows_direction_amount_pressure_and_labels():
    results = [synthetic.osmosis(), synthetic.reverse_osmosis()]
    axes = plot.comparison(results)
    draw(axes)
    assert len(axes) == 5
    osmosis, reverse, profiles_o, profiles_r, volume = axes
    assert [ax.get_title() for ax in (osmosis, reverse)] == ["Osmosis", "Reverse osmosis"]
    assert "4.1 L/m² of water →" in texts(osmosis)
    assert "← 3.6 L/m² of water" in texts(reverse)
    assert "60 bar" in texts(reverse)
    assert not any("bar" in t for t in texts(osmosis))
    assert "NaCl\n34.9 → 24.8 g/L" in texts(osmosis)
    assert {"fresh", "saline"} <= set(texts(osmosis))
    assert profiles_o.get_ylim() == profiles_r.get_ylim()
    assert [t.get_text() for t in profiles_o.get_legend().get_texts()] == ["start", "30 min", "2 h"]
    lines = {line.get_label(): line.get_ydata()[-1] for line in volume.get_lines()[1:]}
    assert lines == pytest.approx({"Osmosis": 4.1, "Reverse osmosis": -3.6})
    assert volume.get_ylabel() == "water moved (L/m²)"


def test_the_saltier_side_is_darker():
    (ax, *_) = plot.comparison([synthetic.osmosis(), synthetic.reverse_osmosis()])
    left, right = (artist(ax, f"{side} liquid").get_array().mean() for side in ("left", "right"))
    assert left > right


def test_comparison_of_unlike_cases_and_a_long_title():
    results = [synthetic.osmosis(), synthetic.three_solutes(), synthetic.two_gases()]
    axes = plot.comparison(results)
    draw(axes)
    assert axes[2].get_title() == "Two gases"
    assert "no membrane: both sides mix" in texts(axes[2])


def test_nothing_of_the_comparison_is_cut_off_or_overlaps():
    long = {"labels": ("fresh water", "salt water in the other cell")}
    axes = plot.comparison([synthetic.osmosis(**long), synthetic.reverse_osmosis(**long)])
    figure = axes[0].figure
    draw(axes)
    box = figure.bbox
    for ax in axes:
        for text in [*ax.texts, ax.title, ax.xaxis.label, ax.yaxis.label]:
            if not text.get_text():
                continue
            extent = text.get_window_extent()
            assert extent.x0 >= box.x0 - 1, text
            assert extent.x1 <= box.x1 + 1, text
            assert extent.y0 >= box.y0 - 1, text
            assert extent.y1 <= box.y1 + 1, text
    for ax in axes[:2]:
        extents = [t.get_window_extent() for t in ax.texts if t.get_text()]
        assert sum(a.overlaps(b) for a in extents for b in extents) == len(extents)  # each only itself


def porous(process="reverse osmosis", flux=1e-5):
    """A result whose case has pores of 0.45 nm; what they hold back is made up, in closed form."""
    sizes = {"NaCl": 0.15e-9, "urea": 0.178e-9, "glucose": 0.365e-9, "bacterium": 0.62e-6}
    content = dict.fromkeys(sizes, 10.0)
    result = synthetic.result(content, content, process=process)

    def sieving(radius, temperature, water_flux):
        sigma = min(radius / 0.45e-9, 1.0)
        return sigma, sigma * water_flux / (water_flux + 1e-5 * (1 - sigma))

    for name, radius in sizes.items():
        result.case.solutes[name].radius = radius
        sigma, _ = sieving(radius, 298.15, 1.0)
        result.case.membrane.solutes[name] = SimpleNamespace(reflection=sigma)
    result.case.membrane.pore_radius, result.case.membrane.sieving = 0.45e-9, sieving
    result.summary["water_flux_m_per_s"] = flux
    result.summary["rejection"] = {"NaCl": 0.2, "urea": 0.3, "glucose": 0.8, "bacterium": 1.0}
    return result


def points(ax):
    return {
        round(float(line.get_xdata()[0]), 4): float(line.get_ydata()[0])
        for line in ax.get_lines()
        if line.get_marker() == "o"
    }


@pytest.mark.parametrize("flux", [[20.0] * 50, [20.0, *[-20.0] * 49], [-5.0] * 50, np.linspace(20.0, 18.0, 50)])
def test_the_words_on_the_direction_stand_beside_the_curve(flux):
    ax = Figure().subplots()
    time = np.linspace(0.0, 45.0, 50)
    ax.axhline(0)
    ax.plot(time, flux)
    drawing.limits(ax, np.append(flux, 0.0))
    ax.set_xlim(0.0, 45.0)
    shared.directions(ax, 0.98, "right")
    draw(np.array([ax]))
    assert ax.texts
    dense = np.linspace(0.0, 45.0, 2000)
    curve = ax.transData.transform(np.column_stack([dense, np.interp(dense, time, flux)]))
    for text in ax.texts:
        box = text.get_window_extent()
        assert not any(box.contains(*point) for point in curve)
        assert (box.y0 > ax.transData.transform((0, 0))[1]) == text.get_text().startswith("↑")


def test_rejection_from_water_to_the_bacterium():
    (ax,) = plot.rejection(porous())
    draw(np.array([ax]))
    assert ax.get_xscale() == "log"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("radius (nm)", "rejection (%)")
    assert ax.get_xlim()[0] < 0.107
    assert ax.get_xlim()[1] > 620
    lines = {line.get_label(): line for line in ax.get_lines() if not line.get_label().startswith("_")}
    limit = lines["reflection coefficient: the limit at high flux"]
    here = lines["rejection at 36 L/m²/h"]
    x, sigma = limit.get_xdata(), limit.get_ydata()
    assert np.all(np.diff(sigma) >= 0)
    assert np.interp(0.225, x, sigma) == pytest.approx(50, abs=0.1)
    assert sigma[x >= 0.45 * (1 - 1e-12)] == pytest.approx(100.0)
    assert np.all(here.get_ydata() <= sigma + 1e-9)
    assert points(ax) == pytest.approx({0.107: 0.0, 0.15: 20.0, 0.178: 30.0, 0.365: 80.0, 620.0: 100.0})
    assert {"water", "NaCl", "urea", "glucose", "bacterium"} == set(texts(ax))
    legend = ax.get_legend()
    assert "wider than the pores (0.45 nm): does not pass" in [text.get_text() for text in legend.get_texts()]
    assert not legend.get_window_extent().overlaps(ax.get_window_extent())  # it covers no curve and no point


def test_no_line_to_a_point_runs_through_the_name_of_another():
    """The radii of `semipermeable`: five solutes within half a decade, all of them held back."""
    ax = Figure(figsize=(8.0, 4.8)).subplots()
    sizes = {"Cl-": 0.121, "urea": 0.178, "Na+": 0.184, "Ca2+": 0.310, "glucose": 0.365, "bacterium": 620.0}
    held = [(name, radius, 100.0) for name, radius in sizes.items()]
    passing = [("water", 0.107, 0.0), ("small", 0.15, 4.0), ("larger", 0.2, 8.0)]
    plot._name_points(ax, held + passing)
    ax.set(xscale="log", xlim=(0.03, 5000), ylim=(-3, 108))
    draw(np.array([ax]))
    boxes = {text.get_text(): Text.get_window_extent(text) for text in ax.texts}  # without the line
    assert set(boxes) == {*sizes, "water", "small", "larger"}
    for text in ax.texts:
        path = text.arrow_patch.get_path().transformed(text.arrow_patch.get_transform())
        (x0, y0), (x1, y1) = path.vertices[0], path.vertices[-1]
        along = [(x0 + t * (x1 - x0), y0 + t * (y1 - y0)) for t in np.linspace(0, 1, 200)]
        for name, box in boxes.items():
            assert name == text.get_text() or not any(box.contains(*point) for point in along)


def test_rejection_of_a_run_that_pressed_nothing_through():
    (ax,) = plot.rejection(porous(process="osmosis"))
    draw(np.array([ax]))
    assert len(ax.get_legend().get_texts()) == 2  # the limit and the grey of what is too wide
    assert points(ax)[0.15] == pytest.approx(100 / 3)  # the reflection coefficient
    own = Figure().add_subplot()
    assert plot.rejection(porous(), own)[0] is own
    with pytest.raises(ValueError, match="no pore_radius"):
        plot.rejection(synthetic.osmosis())


def mixed(celsius, half, name="mixing"):
    """A run whose sides come half way in the time `half`, linearly in √t, in which the picture interpolates."""
    result = synthetic.two_gases(name=name, title="")
    result.case.temperature = celsius + 273.15
    time = np.linspace(0, 7200, 201)
    result.arrays["time"] = time
    left_over = 1 - np.minimum(np.sqrt(time / half) / 2, 1)
    for side, sign in (("left", 1), ("right", -1)):
        values = np.stack([20 + 20 * sign * left_over, 20 - 20 * sign * left_over], axis=1)
        result.arrays[f"concentration_{side}_mol_per_m3"] = values
    return result


def test_warmer_mixes_faster():
    (ax,) = plot.mixing([mixed(5, 600), mixed(60, 150)])
    draw(np.array([ax]))
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    assert named == ["5 °C: half mixed in 10 min", "60 °C: half mixed in 2.5 min"]
    halves = [line.get_xdata()[0] for line in ax.get_lines() if line.get_marker() == "o"]
    assert halves == pytest.approx([10.0, 2.5])  # min
    curves = [line for line in ax.get_lines() if line.get_label() in named]
    assert [line.get_ydata()[0] for line in curves] == [0.0, 0.0]
    assert [line.get_ydata()[-1] for line in curves] == pytest.approx([100.0, 100.0])
    assert [to_hex(line.get_color()).upper() for line in curves] == [plot.LEFT, plot.RIGHT]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (min)", "mixed (%)")
    assert ax.get_xlim()[1] == pytest.approx(40, rel=0.05)  # where the slower one is 99 % mixed


def test_mixing_at_one_temperature_names_the_cases():
    own = Figure().add_subplot()
    axes = plot.mixing([mixed(25, 600, "one"), mixed(25, 1e9, "other")], own)
    assert axes[0] is own
    named = [text.get_text() for text in own.get_legend().get_texts()]
    assert named == ["One: half mixed in 10 min", "Other"]
    with pytest.raises(ValueError, match="equal at the start"):
        plot.mixing([synthetic.result({"NaCl": 1.0}, {"NaCl": 1.0}, displaced=0.0)])


def test_files(tmp_path: Path):
    result = synthetic.osmosis()
    assert [p.name for p in plot.save_all(result, tmp_path)] == ["schematic.png", "profiles.png", "history.png"]
    assert plot.save_all(porous(), tmp_path)[-1].name == "rejection.png"
    plot.save_comparison([result, result], tmp_path / "comparison.png")
    for path in tmp_path.iterdir():
        assert path.read_bytes().startswith(b"\x89PNG")
        assert path.stat().st_size > 10_000


def test_pyplot_is_never_touched(tmp_path: Path):
    code = (
        "import sys\nfrom pathlib import Path\nfrom tests import synthetic\nfrom membrane_pde import plot\n"
        "assert 'matplotlib' not in sys.modules, 'imported before it is needed'\n"
        "plot.save_all(synthetic.osmosis(), Path(sys.argv[1]))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


# -- drawn again ----------------------------------------------------------------------------------------------------
def named(axes):
    return {(i, a.get_gid()): a for i, ax in enumerate(axes.flat) for a in ax.get_children() if a.get_gid()}


@pytest.mark.parametrize("picture", [plot.profiles, plot.history, plot.schematic])
def test_a_picture_drawn_again_into_its_axes_follows_the_numbers(picture):
    axes = picture(synthetic.osmosis(), time=600.0)
    first, panels = named(axes), list(axes.flat[0].figure.axes)
    lines = {key: a.get_xydata().copy() for key, a in first.items() if hasattr(a, "get_xydata")}
    assert picture(synthetic.osmosis(displaced=0.002), axes, time=1200.0) is axes
    draw(axes)
    again = named(axes)
    assert list(axes.flat[0].figure.axes) == panels
    assert all(again[key] is artist for key, artist in first.items())
    assert len(again) == len(first)
    assert sum(not np.array_equal(again[key].get_xydata(), old) for key, old in lines.items()) >= 2


def test_what_has_no_more_data_vanishes():
    closed = synthetic.osmosis()
    fixed = synthetic.result(boundaries=("reservoir", "outflow"), lengths=(5e-5, 5e-5), displaced=0.01)
    axes = plot.history(closed)
    lengths = axes[0, 1]
    plot.history(fixed, axes)
    draw(axes)
    assert [a.get_gid() for a in drawing.visible_artists(lengths)] == ["zero", "moved"]
    assert lengths.get_legend() is None
    plot.history(closed, axes)
    draw(axes)
    assert [a.get_gid() for a in drawing.visible_artists(lengths)] == ["left", "right"]
    assert len(lengths.get_legend().get_texts()) == 2


def test_axes_drawn_again_stay_while_the_curves_fill_them():
    axes = plot.history(synthetic.osmosis(displaced=0.004))
    before = axes[0, 0].get_ylim()
    plot.history(synthetic.osmosis(displaced=0.0035), axes)
    assert axes[0, 0].get_ylim() == before
    for displaced in (0.008, 0.0005):
        plot.history(synthetic.osmosis(displaced=displaced), axes)
        curve = axes[0, 0].get_lines()[1].get_ydata()
        low, high = axes[0, 0].get_ylim()
        assert low <= curve.min()
        assert curve.max() <= high < 1.5 * curve.max()


# -- the schematic --------------------------------------------------------------------------------------------------
def artist(ax, name):
    return named(np.array([ax]))[0, name]


def test_the_schematic_tells_numbers_with_units_at_a_time():
    result = synthetic.reverse_osmosis()
    (ax,) = plot.schematic(result, time=1800.0)
    draw(np.array([ax]))
    told = "\n".join(texts(ax))
    index = int(np.argmin(np.abs(result.arrays["time"] - 1800.0)))
    gram = synthetic.MOLAR_MASS["NaCl"]
    flux = abs(result.arrays["water_flux_m_per_s"][index]) * 3.6e6
    mean = result.arrays["concentration_right_mol_per_m3"][index, 0] * gram
    wall = result.arrays["wall_concentration_right_mol_per_m3"][index, 0] * gram
    assert f"water {flux:.3g} L/m²/h" in told
    assert f"NaCl {mean:.3g} g/L (at membrane {wall:.3g})" in told
    assert "pressure 60 bar" in told
    assert "60 bar" in texts(ax)
    assert "after 30 min" in told
    assert "held back: NaCl" in told
    assert {"fresh", "saline"} <= set(texts(ax))
    assert ax.figure.get_suptitle() == result.case.title
    head = artist(ax, "water arrow").get_xy()[:, 0]
    assert head.min() < 0 < head.max()
    assert head.mean() < 0  # most corners are at the head: from right to left


def test_levels_and_arrows_of_the_schematic_are_to_scale():
    result = synthetic.osmosis()
    (ax,) = plot.schematic(result)
    surface, start = (artist(ax, f"right {name}").get_ydata()[0] for name in ("surface", "start"))
    assert surface / start == pytest.approx(1.41)  # 10 mm and 4.1 mm more
    surface, start = (artist(ax, f"left {name}").get_ydata()[0] for name in ("surface", "start"))
    assert surface / start == pytest.approx(0.59)

    def length(**options):
        (ax,) = plot.schematic(result, **options)
        return np.ptp(artist(ax, "water arrow").get_xy()[:, 0])

    assert length(time=0.0) > length(time=3600.0) > length(time=7200.0)
    assert length(time=0.0) == pytest.approx(2 * 0.42)
    full = float(result.arrays["water_flux_m_per_s"][0])
    assert length(time=0.0, full_flux=4 * full) == pytest.approx(0.42)  # half: the area goes with the flux


def test_the_schematic_shows_solutes_that_pass():
    result = synthetic.three_solutes()
    flux = np.zeros((201, 3))
    flux[:, 2] = -np.exp(-result.arrays["time"] / 20.0) * 1e-6
    result.arrays["solute_flux_mol_per_m2_s"] = flux
    result.arrays["amount_transferred_mol_per_m2"] = np.cumsum(flux, axis=0) * 0.3
    (ax,) = plot.schematic(result, time=0.0)
    draw(np.array([ax]))
    urea = 1e-6 * synthetic.MOLAR_MASS["urea"] * 3.6e6
    assert f"urea {urea:.3g} g/m²/h" in texts(ax)
    assert "held back: NaCl, glucose" in texts(ax)
    assert artist(ax, "urea arrow").get_xy()[:, 0].mean() < 0
    (ax,) = plot.schematic(synthetic.two_gases())
    draw(np.array([ax]))
    assert "no membrane: both sides mix" in texts(ax)
    assert not any("water" in text for text in texts(ax))


def test_the_schematic_of_a_case_shows_what_it_starts_from():
    case = load_case("seawater_ro")
    (ax,) = plot.schematic(case)
    draw(np.array([ax]))
    assert {"sea water", "permeate", "60 bar", "NaCl 35 g/L\npressure 60 bar"} <= set(texts(ax))
    assert not [each for each in ax.patches if "arrow" in each.get_gid()]
    profile = {"NaCl": {"profile": [["0 um", "10 g/L"], ["50 um", "30 g/L"]]}}
    (ax,) = plot.schematic(case.with_values({"left.concentration": profile}))
    draw(np.array([ax]))
    assert "NaCl 10 to 30 g/L\npressure 60 bar" in texts(ax)


@pytest.mark.parametrize("make", [synthetic.reverse_osmosis, synthetic.three_solutes, synthetic.two_gases])
def test_nothing_of_the_schematic_is_cut_off_or_overlaps(make):
    long = {"labels": ("fresh water of the river at the plant", "salt water")}
    (ax,) = plot.schematic(make(**long), time=600.0)
    draw(np.array([ax]))
    box, extents = ax.figure.bbox, [text.get_window_extent() for text in ax.texts if text.get_text()]
    for extent in extents:
        assert extent.x0 >= box.x0 - 1
        assert extent.x1 <= box.x1 + 1
        assert extent.y0 >= box.y0 - 1
        assert extent.y1 <= box.y1 + 1
    assert sum(a.overlaps(b) for a in extents for b in extents) == len(extents)  # each only itself


# -- the phase map --------------------------------------------------------------------------------------------------
def swept(pressures=range(0, 61, 10), grams=(5, 15, 25, 35), failed=()):
    """A sweep in closed form: the flux follows the pressure less 0.8 bar for each g/L, from right to left."""
    import xarray

    p, c = np.array(pressures, dtype=float), np.array(grams, dtype=float)
    driving = p[:, None] - 0.8 * c
    status = np.full(driving.shape, "completed", dtype=object)
    for at in failed:
        status[at] = "failed"
    keys = ("right.pressure", "right.concentration.NaCl")
    variables = {
        "status": (keys, status),
        "process": (keys, np.where(driving > 0, "reverse osmosis", "osmosis").astype(object)),
        "displaced_volume_m": (keys, -driving * 3600 / 3.6e6),  # 1 L/m²/h for each bar
        "end_time_s": (keys, np.full(driving.shape, 3600.0)),
    }
    coordinates = {keys[0]: (keys[0], p, {"units": "bar"}), keys[1]: (keys[1], c, {"units": "g/L"}), "solute": ["NaCl"]}
    text = '[left]\nlabel = "fresh"\n[right]\nlabel = "saline"\n'
    return xarray.Dataset(variables, coordinates, {"title": "Pressed", "case": text})


def test_the_line_of_no_flow_is_the_osmotic_pressure():
    (ax,) = plot.phase_map(swept())
    draw(np.array([ax]))
    (contour,) = (each for each in ax.collections if list(getattr(each, "levels", [])) == [0.0])
    vertices = np.concatenate([path.vertices for path in contour.get_paths()])
    assert len(vertices) >= 4
    assert vertices[:, 1] == pytest.approx(0.8 * vertices[:, 0])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("NaCl in saline (g/L)", "pressure on saline (bar)")
    assert ax.figure.get_suptitle() == "Pressed"
    assert ax.figure.axes[-1].get_ylabel() == "water flux, left to right (L/m²/h)"
    places = {text.get_text(): text.get_position() for text in ax.texts}
    x, y = places["← reverse osmosis"]
    assert y > 0.8 * x
    x, y = places["osmosis →"]
    assert y < 0.8 * x
    assert "zero flux: osmotic pressure" in places


def test_a_map_of_a_sweep_in_any_order_with_gaps_into_given_axes():
    own = Figure().add_subplot()
    found = swept(failed=[(0, 0), (0, 1)]).isel({"right.pressure": slice(None, None, -1)})
    axes = plot.phase_map(found.transpose("right.concentration.NaCl", "right.pressure", ...), own)
    assert axes[0] is own
    draw(axes)
    assert "×: the run failed" in texts(own)


def test_a_map_needs_a_pressure_and_another_key():
    with pytest.raises(ValueError, match=r"varied is right\.pressure; a phase map needs two keys"):
        plot.phase_map(swept(grams=[5]))
    with pytest.raises(ValueError, match="no run of this sweep ended"):
        plot.phase_map(swept(failed=[(i, j) for i in range(7) for j in range(4)]))
