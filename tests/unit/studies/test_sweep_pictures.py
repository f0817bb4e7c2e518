"""The picture that a sweep leaves: where its curves lie, what failed, and that a picture never costs the numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray
from matplotlib.backends.backend_agg import FigureCanvasAgg

from membrane_pde import cli, plot

CASE = '[left]\nlabel = "sea"\n[right]\nlabel = "permeate"\n'


def swept(values: dict[str, Any], failed: tuple[tuple[int, ...], ...] = (), process: str = "reverse osmosis") -> Any:
    """A sweep in closed form: the water flux in L/m²/h is the sum of the places of the values, plus 1."""
    keys, sizes = list(values), [len(each) for each in values.values()]
    flux = sum(np.meshgrid(*[np.arange(size, dtype=float) for size in sizes], indexing="ij")) + 1.0
    status = np.full(sizes, "completed", dtype=object)
    for at in failed:
        status[at] = "failed"
    solute = (*keys, "solute")
    variables = {
        "status": (keys, status),
        "process": (keys, np.full(sizes, process, dtype=object)),
        "water_flux_m_per_s": (keys, flux / 3.6e6),
        "displaced_volume_m": (keys, flux * 3600 / 3.6e6),
        "end_time_s": (keys, np.full(sizes, 3600.0)),
        "rejection": (solute, np.stack([0.9 + 0.01 * flux], axis=-1)),
        "concentration_left_mol_per_m3": (solute, np.stack([10.0 * flux], axis=-1)),
        "concentration_right_mol_per_m3": (solute, np.stack([flux], axis=-1)),
    }
    coordinates = {key: (key, np.array(each), {"units": "bar"}) for key, each in values.items()} | {"solute": ["NaCl"]}
    return xarray.Dataset(variables, coordinates, {"title": "Pressed", "case": CASE})


def curve(ax: Any, place: int = 0) -> Any:
    """A curve with points."""
    return [line for line in ax.get_lines() if line.get_marker() == "o"][place]


def crosses(ax: Any) -> list[float]:
    return [float(x) for line in ax.get_lines() if line.get_marker() == "x" for x in line.get_xdata()]


def test_one_key_is_a_curve_and_what_failed_a_cross():
    found = swept({"left.pressure": [30.0, 10.0, 20.0]}, failed=((1,),))
    axes = plot.sweep_picture(found)
    FigureCanvasAgg(axes[0].figure).draw()
    water, held = axes
    assert curve(water).get_xdata() == pytest.approx([10.0, 20.0, 30.0])
    assert curve(water).get_ydata() == pytest.approx([np.nan, 3.0, 1.0], nan_ok=True)
    assert curve(held).get_ydata() == pytest.approx([np.nan, 93.0, 91.0], nan_ok=True)
    assert crosses(water) == crosses(held) == [10.0]
    assert water.get_xlabel() == "pressure on sea (bar)"
    assert water.get_ylabel() == "water flux at the end, left to right (L/m²/h)"
    assert held.get_ylabel() == "rejection (%)"


def test_nothing_is_held_back_where_nothing_is_pressed():
    _, solutes = plot.sweep_picture(swept({"left.pressure": [1.0, 2.0]}, process="osmosis"))
    assert solutes.get_ylabel() == "concentration at the end (mmol/L)"
    assert [text.get_text() for text in solutes.get_legend().get_texts()] == ["NaCl, sea", "NaCl, permeate"]
    assert curve(solutes).get_ydata() == pytest.approx([10.0, 20.0])


def test_words_stand_side_by_side_without_a_line():
    water, _ = plot.sweep_picture(swept({"membrane.type": ["SW30HR", "BW30"]}))
    assert [text.get_text() for text in water.get_xticklabels()] == ["SW30HR", "BW30"]
    assert curve(water).get_linewidth() == 0.0


def test_two_keys_are_a_map_with_crosses():
    found = swept({"left.length": [1.0, 2.0, 3.0], "right.length": [5.0, 6.0]}, failed=((2, 0),))
    (ax,) = plot.sweep_picture(found)
    FigureCanvasAgg(ax.figure).draw()
    assert crosses(ax) == [3.0]
    assert "×: the run failed" in [text.get_text() for text in ax.texts]
    assert ax.get_xlabel() == "length of sea (bar)"


def test_a_key_in_words_beside_numbers_makes_a_curve_for_each_word():
    (ax,) = plot.sweep_picture(swept({"left.pressure": [1.0, 2.0, 3.0], "membrane.type": ["SW30HR", "BW30"]}))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["SW30HR", "BW30"]
    assert curve(ax, 1).get_ydata() == pytest.approx([2.0, 3.0, 4.0])


def test_many_curves_are_spread_over_panels_with_one_scale():
    found = swept({"a": list("wx"), "b": [10.0 * i for i in range(10)], "c": np.arange(14.0)}, failed=((1, 2, 3),))
    axes = plot.sweep_picture(found)
    assert [ax.get_title() for ax in axes] == ["w", "x"]
    FigureCanvasAgg(axes[0].figure).draw()
    assert len({ax.get_ylim() for ax in axes}) == 1
    for place, ax in enumerate(axes):
        assert curve(ax, 9).get_ydata() == pytest.approx(10.0 + place + np.arange(14.0))
    assert [crosses(ax) for ax in axes] == [[], [3.0]]
    (legend,) = axes[0].figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [*(f"{10 * i} bar" for i in range(10)), "failed"]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (swept({"left.pressure": [1.0]}), "only one run"),
        (swept({"left.pressure": [1.0, 2.0]}, failed=((0,), (1,))), "every run failed"),
        (swept({"a": list("wx"), "b": np.arange(13.0), "c": np.arange(14.0)}), "26 curves would be too many"),
    ],
)
def test_what_cannot_be_drawn_is_said(found, words):
    with pytest.raises(ValueError, match=words):
        plot.sweep_picture(found)


def run_sweep(capsys: Any, *arguments: str) -> tuple[int, str]:
    try:
        cli.app(["sweep", "seawater_ro", "--set", "mesh.cells=10", "--workers", "1", *arguments], standalone_mode=True)
    except SystemExit as end:
        return int(end.code or 0), capsys.readouterr().err
    return 0, capsys.readouterr().err


def test_a_sweep_leaves_its_picture_and_keeps_its_numbers_without_one(tmp_path: Path, capsys, monkeypatch):
    pressures = ("--vary", "left.pressure=10 bar; 50 bar; 60 bar")
    status, err = run_sweep(capsys, *pressures, "--out", str(tmp_path / "a"))
    assert status == 0
    assert "failed" in err  # 10 bar: water flows back
    assert (tmp_path / "a" / "sweep.png").read_bytes().startswith(b"\x89PNG")
    run_sweep(capsys, *pressures, "--out", str(tmp_path / "b"), "--no-plots")
    assert not (tmp_path / "b" / "sweep.png").exists()

    def broken(*arguments: Any) -> None:
        raise RuntimeError("no fonts")

    monkeypatch.setattr(plot, "sweep_picture", broken)
    status, err = run_sweep(capsys, *pressures, "--out", str(tmp_path / "c"))
    assert status == 0
    assert "no fonts" in err
    assert (tmp_path / "c" / "sweep.csv").exists()
