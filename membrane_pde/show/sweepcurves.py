"""The picture of a sweep: curves over one key, a map over two keys, with marks for failed runs."""

from __future__ import annotations

import itertools
import math
import textwrap
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
    "color": drawing.FAILED,
    "ms": 8,
    "mew": 2.0,
    "zorder": 6,
    "clip_on": False,
}
CURVES, PANELS, SOLUTES = 12, 12, 4  # largest numbers of curves, panels and solutes


def sweep_picture(found: xarray.Dataset) -> np.ndarray:
    """Draw the results of a sweep: water and solutes over one key, or the water flux over two keys.

    One key: the water flux at the end, or the water moved where it has come to rest by then; and of each solute the
    rejection, in a dialyser the clearance or, without either, the
    concentrations of both sides at the end. Two keys of numbers: a map of the
    mean water flux (`phase_map` where one is a pressure). Two keys of which one is in words, or more: the water over
    the key with the most numbers, a curve for each combination of the others, in several panels if these are many.

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
        If nothing was varied, no run ended, or there would be more than 12 panels with 12 curves each.
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
    """The data without the keys that have only one value."""
    return found.squeeze([key for key, size in found.sizes.items() if size == 1 and key not in ("solute", "run")])


def _figure(found: xarray.Dataset, panels: int) -> list[Any]:
    """Panels in rows of at most four."""
    rows = -(-panels // 4)
    columns = -(-panels // rows)
    wide = (6.6, 10.4, 12.0, 12.0)[columns - 1]
    figure = drawing.figure(wide, 4.4 if rows == 1 else 1.2 + 2.8 * rows)
    drawing.headline(figure, str(found.attrs.get("title", "")))
    axes = [figure.add_subplot(rows, columns, i + 1) for i in range(panels)]
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
    """The water over one key, a curve for each combination of the others; if these are too many, in several panels."""
    runs = _varying(found).transpose(along, *others, ...)
    x, order = _places(runs[along].values)
    runs = runs.isel({along: order}) if order is not None else runs
    ended = (runs["status"] != "failed").values
    values, name = _water(runs, ended)
    apart = _panels(found, others)
    combinations = list(np.ndindex(*(found.sizes[key] for key in apart)))
    axes = _figure(found, len(combinations))
    inside = [
        (slice(None), *(dict(zip(apart, chosen, strict=True)).get(key, slice(None)) for key in others))
        for chosen in combinations
    ]
    together = [key for key in others if key not in apart]
    for ax, each in zip(axes, inside, strict=True):
        _panel(ax, found, x, np.where(ended, values, np.nan)[each], together)
        ax.set_ylabel(name)
        if ax is not axes[0]:
            ax.sharey(axes[0])
    for ax in axes:
        ax.autoscale(axis="y")  # of all panels together
    for ax, each, chosen in zip(axes, inside, combinations, strict=True):
        _finish(ax, found, along, x[~ended[each].reshape(x.size, -1).all(axis=1)])  # where a curve or several failed
        if apart:
            ax.set_title(_combination(found, dict(zip(apart, chosen, strict=True))), fontsize=9)
            ax.label_outer()
    _name_curves(found, axes, together)
    return np.array(axes)


def _name_curves(found: xarray.Dataset, axes: list[Axes], keys: list[str]) -> None:
    """One legend, which says what the curves are; beside the panels if there are several."""
    if not keys:
        return
    tables = tomllib.loads(str(found.attrs.get("case", "")))
    words = ", ".join(maps.label(key, "", tables) for key in keys)
    if len(axes) == 1:
        axes[0].legend(frameon=False, fontsize=9, title=words, title_fontsize=9)
        return
    entries = {label: line for ax in axes for line, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    for ax in axes:
        if (legend := ax.get_legend()) is not None:
            legend.remove()
    figure: Any = axes[0].figure
    place = {"loc": "outside right upper", "frameon": False, "fontsize": 9}
    figure.legend(entries.values(), entries.keys(), title=textwrap.fill(words, 24), title_fontsize=9, **place)


def _panels(found: xarray.Dataset, others: list[str]) -> list[str]:
    """The keys whose values have separate panels; none if one panel has space for all curves."""
    sizes = {key: found.sizes[key] for key in others}
    if math.prod(sizes.values()) <= CURVES:
        return []
    for count in range(1, len(others) + 1):
        fits = [
            keys
            for keys in itertools.combinations(others, count)
            if math.prod(sizes[key] for key in keys) <= PANELS
            and math.prod(sizes[key] for key in others if key not in keys) <= CURVES
        ]
        if fits:
            return list(min(fits, key=lambda keys: math.prod(sizes[key] for key in keys)))
    raise ValueError(
        f"{math.prod(sizes.values())} curves would be too many to tell apart: a picture has at most {PANELS} panels of "
        f"{CURVES} curves"
    )


def _panel(ax: Axes, found: xarray.Dataset, x: np.ndarray, values: np.ndarray, keys: list[str]) -> None:
    """A curve for each combination of some keys."""
    ax.axhline(0, color="0.7", lw=0.8)
    from matplotlib import colormaps

    combinations = list(np.ndindex(*values.shape[1:]))
    count = len(combinations)
    shades = CASES if count <= len(CASES) else [colormaps["viridis"](share) for share in np.linspace(0.0, 0.9, count)]
    for shade, chosen in zip(shades, combinations, strict=False):
        words = _combination(found, dict(zip(keys, chosen, strict=True)))
        ax.plot(x, values[(slice(None), *chosen)], "o-", ms=4, lw=2.0, color=shade, label=words)


def _combination(found: xarray.Dataset, at: dict[str, int]) -> str:
    """Values of some keys in words: "60 bar, BW30"."""
    return ", ".join(_written(found, key, found[key].values[i]) for key, i in at.items())


def _places(values: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Positions of the runs on the axis (numbers in ascending order, words side by side), and their order."""
    if not np.issubdtype(values.dtype, np.number):
        return np.arange(values.size, dtype=float), None
    order = np.argsort(values, kind="stable")
    return np.asarray(values[order], dtype=float), order


def _water(runs: xarray.Dataset, ended: np.ndarray) -> tuple[np.ndarray, str]:
    """The water flux at the end or, if the runs are at equilibrium by then, the displaced water; and its name."""
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
        ax.set_ylabel("rejection (%)")
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
