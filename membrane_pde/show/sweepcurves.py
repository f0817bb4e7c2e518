"""The picture that a sweep leaves: curves over one key, a map over two, with the runs that failed marked."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde.show import drawing, formatting, maps, presets, readings
from membrane_pde.show.drawing import CASES
from membrane_pde.show.report_along import flow_unit
from membrane_pde.show.sentences import AS_NOTHING

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

FAILED: dict[str, Any] = {
    "ls": "",
    "marker": "x",
    "color": "#B03A00",
    "ms": 8,
    "mew": 2.0,
    "zorder": 6,
    "clip_on": False,
}
CURVES, SOLUTES = 12, 4  # at most


def sweep_picture(found: xarray.Dataset) -> np.ndarray:
    """Draw what a sweep found: the water and the solutes over one key, or the water flux over two.

    One key: the water flux at the end, or the water moved where it has come to rest by then; and of each solute the
    rejection, in a dialyser the clearance or, without either, the
    concentrations of both sides at the end. Two keys of numbers: a map of the
    mean water flux (`phase_map` where one is a pressure). Two keys of which one is in words, or more: the water over
    the key with the most numbers, a curve for each combination of the others.

    Parameters
    ----------
    found : Dataset
        Of `sweep`.

    Returns
    -------
    ndarray of Axes
        A run that failed is a red cross.

    Raises
    ------
    ValueError
        If nothing was varied, no run ended, or there would be more than 12 curves.
    """
    varied = maps.varied(found)
    if not varied:
        raise ValueError("only one run: there is nothing to draw")
    if not (found["status"] != "failed").values.any():
        raise ValueError("every run failed: there is nothing to draw")
    numbers = [key for key in varied if np.issubdtype(found[key].dtype, np.number)]
    if len(varied) == 2 == len(numbers) and "run" not in found.sizes:
        return (
            maps.phase_map(found) if any(k.endswith(".pressure") for k in numbers) else maps.flux_map(found, *numbers)
        )
    if len(varied) == 1 or "run" in found.sizes:
        return _over_one(found, (numbers or varied)[0])
    along = max(numbers or varied, key=lambda key: found.sizes[key])
    return _curves(found, along, [key for key in varied if key != along])


def _varying(found: xarray.Dataset) -> xarray.Dataset:
    """Without the keys that have one value."""
    return found.squeeze([key for key, size in found.sizes.items() if size == 1 and key not in ("solute", "run")])


def _figure(found: xarray.Dataset, panels: int) -> list[Any]:
    figure = drawing.figure(6.6 if panels == 1 else 10.4, 4.4)
    drawing.headline(figure, str(found.attrs.get("title", "")))
    axes = [figure.add_subplot(1, panels, i + 1) for i in range(panels)]
    for ax in axes:
        ax.grid(color="0.93")
        ax.set_axisbelow(True)
    return axes


def _over_one(found: xarray.Dataset, key: str) -> np.ndarray:
    """Two panels over one key."""
    runs = _varying(found)
    x, order = _places(runs[key].values)
    runs = runs.isel({str(runs[key].dims[0]): order}) if order is not None else runs
    ended = (runs["status"] != "failed").values
    water, solutes = _figure(found, 2)
    values, name = _water(runs, ended)
    water.axhline(0, color="0.7", lw=0.8)
    words = not np.issubdtype(found[key].dtype, np.number)  # side by side, with nothing between them
    look: dict[str, Any] = {"marker": "o", "ms": 6 if words else 4, "lw": 0.0 if words else 2.0}
    water.plot(x, np.where(ended, values, np.nan), color=drawing.WATER_ARROW, **look)
    water.set_ylabel(name)
    for curve, style in _solutes(runs, ended, solutes):
        solutes.plot(x, curve, **look, **style)
    for ax in (water, solutes):
        _finish(ax, found, key, x[~ended])
    return np.array([water, solutes])


def _curves(found: xarray.Dataset, along: str, others: list[str]) -> np.ndarray:
    """The water over one key, a curve for each combination of the others."""
    stacked = _varying(found).stack(other=others).transpose(along, "other", ...)
    count = stacked.sizes["other"]
    if count > CURVES:
        raise ValueError(f"{count} curves would be too many to tell apart: a picture has at most {CURVES}")
    x, order = _places(stacked[along].values)
    stacked = stacked.isel({along: order}) if order is not None else stacked
    ended = (stacked["status"] != "failed").values
    values, name = _water(stacked, ended)
    (ax,) = _figure(found, 1)
    ax.axhline(0, color="0.7", lw=0.8)
    from matplotlib import colormaps

    shades = CASES if count <= len(CASES) else [colormaps["viridis"](share) for share in np.linspace(0.0, 0.9, count)]
    for i in range(count):
        combination = stacked["other"].values[i]
        words = ", ".join(_written(found, key, value) for key, value in zip(others, combination, strict=True))
        ax.plot(x, np.where(ended[:, i], values[:, i], np.nan), "o-", ms=4, lw=2.0, color=shades[i], label=words)
    ax.set_ylabel(name)
    _finish(ax, found, along, np.concatenate([x[~ended[:, i]] for i in range(count)]))
    return np.array([ax])


def _places(values: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Where the runs stand on the axis: numbers in their order, words side by side; and that order."""
    if not np.issubdtype(values.dtype, np.number):
        return np.arange(values.size, dtype=float), None
    order = np.argsort(values, kind="stable")
    return np.asarray(values[order], dtype=float), order


def _water(runs: xarray.Dataset, ended: np.ndarray) -> tuple[np.ndarray, str]:
    """The water flux at the end or, where it has come to rest by then, the water moved; and its name."""
    flux, moved, time = (runs[key].values for key in ("water_flux_m_per_s", "displaced_volume_m", "end_time_s"))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(ended, moved / time, 0.0)
    if readings.peak(np.where(ended, flux, 0.0)) > 1e-2 * readings.peak(mean):
        unit, factor = presets.unit("water flux")
        return flux * factor, f"water flux at the end, left to right ({unit})"
    unit, factor = presets.unit("water moved")
    return moved * factor, f"water moved, left to right ({unit})"


def _solutes(runs: xarray.Dataset, ended: np.ndarray, ax: Axes) -> list[tuple[np.ndarray, dict[str, Any]]]:
    """Curves of the solutes: rejections, clearances of a dialyser or, without either, concentrations at the end."""
    names = [str(name) for name in runs["solute"].values]
    pressed = ended & np.isin(runs["process"].values, ["reverse osmosis", "filtration"])
    held = 100.0 * np.where(pressed[:, None], runs["rejection"].transpose(..., "solute").values, np.nan)
    if (held < -100.0 * AS_NOTHING).any() and "clearance_m3_per_s" in runs:  # more passes than the water carries
        cleared = np.where(ended[:, None], runs["clearance_m3_per_s"].transpose(..., "solute").values, np.nan)
        if np.isfinite(cleared).any():
            unit, factor = flow_unit(readings.peak(cleared))
            ax.set_ylabel(f"clearance ({unit})")
            return [
                (cleared[:, i] * factor, {"ls": "-", "color": CASES[i], "label": name})
                for i, name in enumerate(names[:SOLUTES])
            ]
    if np.isfinite(held).any():
        ax.set_ylabel("held back (%)")
        return [(held[:, i], {"ls": "-", "color": CASES[i], "label": name}) for i, name in enumerate(names[:SOLUTES])]
    ax.set_ylabel("concentration at the end (mmol/L)")
    found = []
    labels = maps.labels(runs)
    for side, line in (("left", "--"), ("right", "-")):
        values = runs[f"concentration_{side}_mol_per_m3"].transpose(..., "solute").values
        for i, name in enumerate(names[:SOLUTES]):
            style = {"ls": line, "color": CASES[i], "label": f"{name}, {labels[side]}"}
            found.append((np.where(ended, values[:, i], np.nan), style))
    return found


def _finish(ax: Axes, found: xarray.Dataset, key: str, failed: np.ndarray) -> None:
    """Name the axis of the key, and mark what failed."""
    values = found[key].values
    tables = tomllib.loads(str(found.attrs.get("case", "")))
    if not np.issubdtype(values.dtype, np.number):
        ax.set_xticks(np.arange(values.size), [str(each) for each in values])
    words = maps.label(key, str(found[key].attrs.get("units") or ""), tables)
    if "run" in found.sizes and (paired := [other for other in maps.varied(found) if other != key]):
        words += f"\npaired with {', '.join(paired)}"
    ax.set_xlabel(words)
    if failed.size:
        low, _ = ax.get_ylim()
        ax.plot(failed, np.full(failed.size, low), label="failed", **FAILED)
        ax.set_ylim(bottom=low)
    if ax.get_legend_handles_labels()[1]:
        ax.legend(frameon=False, fontsize=9)


def _written(found: xarray.Dataset, key: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    return f"{formatting.number(float(value))} {maps.unit_words(str(found[key].attrs.get('units') or ''))}".strip()
