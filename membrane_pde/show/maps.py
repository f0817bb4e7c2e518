"""Maps of a sweep: water flux over pressure and concentration, with the line where nothing flows."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde.show import drawing, presets, readings

if TYPE_CHECKING:
    import xarray

NAME: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 12, "weight": "bold", "color": "0.1"}
_HALF_NAME = 0.17  # half the width of a label ÷ width of the axes
_SCATTERED = 60  # number of points per key at which a label may be placed


def phase_map(found: xarray.Dataset, axes: Any = None) -> np.ndarray:
    """Draw the water flux over a pressure and a concentration, with the regions of osmosis and reverse osmosis.

    The flux is the mean of each run, the displaced volume over its time. Where it is zero the pressure balances the
    osmotic pressure: that line is the osmotic pressure over the concentration.

    Parameters
    ----------
    found : Dataset
        Of `sweep`, with two keys of more than one number: a pressure, which goes up, and any other, which goes to the
        right. A run that failed leaves a gap.
    axes : Axes, optional
        By default a new figure.

    Returns
    -------
    ndarray with one Axes
        Flux in the unit in use (`use_units`), from left to right above zero; axes in the units that the values were
        written in.

    Raises
    ------
    ValueError
        If two keys of numbers, one of them a pressure, are not what was varied, or no run ended.
    """
    return flux_map(found, *_keys(found), axes)


def flux_map(found: xarray.Dataset, x: str, y: str, axes: Any = None) -> np.ndarray:
    """Draw the mean water flux over any two keys of numbers, `x` to the right and `y` up; as `phase_map` otherwise."""
    from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm

    ordered = found.squeeze().sortby([x, y]).transpose(y, x, ...)
    ended = (ordered["status"] != "failed").values
    unit, per_si = presets.unit("water flux")
    with np.errstate(divide="ignore", invalid="ignore"):
        flux = ordered["displaced_volume_m"].values / ordered["end_time_s"].values * per_si
    flux = np.where(ended, flux, np.nan)
    if not np.isfinite(flux).any():
        raise ValueError("no run of this sweep ended: there is nothing to draw")
    across, up = ordered[x].values, ordered[y].values
    if axes is None:
        figure = drawing.figure(8.0, 5.2)
        drawing.headline(figure, found.attrs.get("title", ""))
        axes = figure.add_subplot()
    axes = drawing.as_array(axes)
    ax = axes.flat[0]
    largest = readings.peak(flux) or 1.0
    colours = LinearSegmentedColormap.from_list("flux", [drawing.RIGHT, "#F3C9A5", "#FFFFFF", "#A9CFE6", drawing.LEFT])
    norm = TwoSlopeNorm(0.0, -largest, largest)
    ax.set_facecolor("0.85")
    filled = ax.contourf(across, up, np.ma.masked_invalid(flux), levels=_levels(flux), cmap=colours, norm=norm)
    ax.figure.colorbar(filled, ax=ax, pad=0.02, aspect=30, label=f"water flux, left to right ({unit})", format="%g")
    if np.nanmin(flux) < 0 < np.nanmax(flux):
        lines = ax.contour(across, up, np.ma.masked_invalid(flux), levels=[0.0], colors="black", linewidths=2.4)
        balance = "zero flux: osmotic pressure" if y.endswith(".pressure") else "no flow"
        for line in ax.clabel(lines, fmt={0.0: balance}, fontsize=10.5, inline_spacing=6):
            line.set_weight("bold")
    if not ended.all():
        rows, columns = np.nonzero(~ended)
        crosses: dict[str, Any] = {"ls": "", "marker": "x", "color": drawing.FAILED, "ms": 8, "mew": 2.0, "zorder": 5}
        ax.plot(across[columns], up[rows], gid="failed", clip_on=False, **crosses)
        ax.text(0.99, 0.01, "×: the run failed", transform=ax.transAxes, ha="right", va="bottom", fontsize=9)
    words = ordered["process"].values
    for process in ("osmosis", "reverse osmosis", "filtration"):
        region = (words == process) & ended
        if region.mean() > 0.04:
            place = _inside(region)
            edge = {0: "bottom", len(up) - 1: "top"}.get(place[0], "center")
            ax.text(across[place[1]], up[place[0]], _name(process, flux[place]), **NAME | {"va": edge})
    tables = tomllib.loads(found.attrs.get("case", ""))
    ax.set_xlabel(label(x, found[x].attrs.get("units", ""), tables))
    ax.set_ylabel(label(y, found[y].attrs.get("units", ""), tables))
    return axes


def varied(found: xarray.Dataset) -> list[str]:
    """The keys with several values in a sweep."""
    if "run" in found.sizes:
        return [str(key) for key in found.coords if key not in ("solute", "run") and found[key].dims == ("run",)]
    return [str(key) for key, size in found.sizes.items() if key != "solute" and size > 1]


def labels(found: xarray.Dataset) -> dict[str, str]:
    """Names of the sides."""
    tables = tomllib.loads(str(found.attrs.get("case", "")))
    return {side: tables.get(side, {}).get("label", side) for side in readings.SIDES}


def _keys(found: xarray.Dataset) -> tuple[str, str]:
    """The varied key that is not a pressure, and the varied pressure."""
    keys = varied(found)
    numbers = [key for key in keys if np.issubdtype(found[key].dtype, np.number)]
    pressures = [key for key in numbers if key.endswith(".pressure")]
    if len(keys) != 2 or len(numbers) != 2 or not pressures:
        listed = ", ".join(keys) or "nothing"
        raise ValueError(
            f"varied is {listed}; a phase map needs two keys with several numbers in one unit each, a pressure and "
            'a concentration, for example "right.pressure" and "right.concentration.NaCl"'
        )
    return next(key for key in numbers if key != pressures[-1]), pressures[-1]


def _levels(flux: np.ndarray) -> np.ndarray:
    """Round numbers, zero among them."""
    from matplotlib.ticker import MaxNLocator

    low, high = min(float(np.nanmin(flux)), 0.0), max(float(np.nanmax(flux)), 0.0)
    return np.asarray(MaxNLocator(14).tick_values(low, high if high > low else low + 1.0))


def _name(process: str, flux: float) -> str:
    if flux == 0.0:
        return process
    return f"{process} →" if flux > 0 else f"← {process}"


def _inside(region: np.ndarray) -> tuple[int, int]:
    """The point of a region farthest from its edge, at least half a label from the sides."""
    rows, columns = (np.arange(0, size, max(1, size // _SCATTERED)) for size in region.shape)
    coarse = region[np.ix_(rows, columns)]
    if not coarse.any():
        return tuple(map(int, np.argwhere(region)[0]))  # type: ignore[return-value]
    scale = np.array(coarse.shape) * (1.0, 0.4)  # a name is wider than high
    outside = (np.argwhere(~np.pad(coarse, 1)) - 1) / scale
    points = np.argwhere(coarse)
    across = points[:, 1] / max(coarse.shape[1] - 1, 1)
    fits = (across >= _HALF_NAME) & (across <= 1.0 - _HALF_NAME)
    points = points[fits] if fits.any() else points
    distance = [float(np.min(((point / scale - outside) ** 2).sum(axis=1))) for point in points]
    row, column = points[int(np.argmax(distance))]
    return int(rows[row]), int(columns[column])


def label(key: str, unit: str, tables: dict[str, Any]) -> str:
    """Label of a key: quantity, side, and unit."""
    first, _, rest = key.partition(".")
    side = tables.get(first, {}).get("label", f"the {first}") if first in readings.SIDES else ""
    what, _, solute = rest.partition(".") if side else (key.replace("_", " "), "", "")
    where = "in" if solute else "on" if what.startswith("pressure") else "of"
    words = f"{solute or what.replace('_', ' ')} {where} {side}" if side else what.replace(".", ": ", 1)
    shown = unit_words(unit)
    return f"{words} ({shown})" if shown else words


def unit_words(unit: str) -> str:
    """Text of a unit."""
    return unit.replace("^2", "²").replace("^3", "³").replace("hour", "h").replace("um", "µm").replace("degC", "°C")
