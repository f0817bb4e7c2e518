"""The picture of a fit: measured and fitted values above, residuals below."""

from __future__ import annotations

from typing import Any

import numpy as np

from membrane_pde.show import drawing, formatting, readings

MODEL = "#000000"
COLOURS = drawing.COLOURS[:6]  # with a marker each
MARKERS = ("o", "s", "^", "D", "v", "P")


def fit(found: Any, axes: Any = None) -> np.ndarray:
    """Draw the measurements with the fitted case, and below them the residuals in standard errors.

    Parameters
    ----------
    found : FitResult
        From `membrane_pde.fit`.
    axes : (2, n) array of Axes, optional
        A column for each measured column; by default a new figure.

    Returns
    -------
    (2, n) ndarray of Axes
        Above, measured points with their standard errors, and the fitted case as a line; against the time, or the
        setting that varies most often; runs that differ in other settings have a colour and a marker each. Below,
        (measured − fitted)/error, with a band that two thirds of the points should be in.
    """
    count = len(found.columns)
    if axes is None:
        figure = drawing.figure(4.4 * count + 0.8 if count > 1 else 6.4, 5.2)
        drawing.headline(figure, found.case.title or found.case.name)
        axes = figure.subplots(2, count, sharex="col", squeeze=False, height_ratios=[2.4, 1.0])
    axes = np.asarray(axes).reshape(2, count)
    name, groups = _axis(found)
    x = found.where[name]
    for column, (above, below) in zip(found.columns, axes.T, strict=True):
        unit = formatting.unit_text(column.unit)
        if column.curve is not None:
            above.plot(*column.curve, color=MODEL, lw=1.4, label="fitted case", zorder=2)
        for i, (label, rows) in enumerate(groups.items()):
            style = {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[i % len(MARKERS)], "ls": "", "ms": 5}
            order = rows[np.argsort(x[rows], kind="stable")]
            if column.curve is None:
                line = MODEL if len(groups) == 1 else style["color"]
                named = "fitted case" if i == 0 else None
                above.plot(x[order], column.fitted[order], color=line, lw=1.4, label=named, zorder=2)
            bars = np.nan_to_num(column.error[rows])
            above.errorbar(
                x[rows], column.measured[rows], bars, elinewidth=1, capsize=2, label=label, zorder=3, **style
            )
            with np.errstate(divide="ignore", invalid="ignore"):
                below.plot(x[rows], column.residual[rows] / column.error[rows], **style)
        below.axhspan(-1, 1, color="0.93", lw=0, zorder=0)
        below.axhline(0, color="0.6", lw=0.8, zorder=1)
        above.set_ylabel(f"{_quantity(column.name)} ({unit})" if unit else _quantity(column.name))
        below.set_ylabel("residual / error")
        below.set_xlabel(_label(name))
        for ax in (above, below):
            ax.grid(color="0.93")
            ax.set_axisbelow(True)
            ax.ticklabel_format(axis="y", useOffset=False)
        if np.isfinite(column.error).all():
            largest = max(3.0, 1.15 * float(np.abs(column.residual / column.error).max()))
            below.set_ylim(-largest, largest)
        else:
            words = {"transform": below.transAxes, "ha": "center", "color": "0.4", "fontsize": 9}
            below.text(0.5, 0.85, "errors are not known", **words)
    axes[0, 0].legend(frameon=False, fontsize=9)
    return axes


def _axis(found: Any) -> tuple[str, dict[str, np.ndarray]]:
    """The column of the horizontal axis (the one with most different values), and rows grouped by the others."""
    different = {name: len(set(numbers.tolist())) for name, numbers in found.where.items()}
    name = max(different, key=lambda each: different[each])
    others = [each for each, values in different.items() if each != name and values > 1]
    groups: dict[str, list[int]] = {}
    for row in range(len(found.where[name])):
        parts = (f"{_label(each, found.where[each][row])}" for each in others)
        groups.setdefault(", ".join(parts) or "measured", []).append(row)
    return name, {label: np.array(rows) for label, rows in groups.items()}


def _label(header: str, number: float | None = None) -> str:
    """A header as an axis has it, ``pressure, left (bar)``, or with a number as a legend has it."""
    name, _, unit = header.removesuffix("]").partition(" [")
    side, _, key = name.removeprefix("membrane.").partition(".")
    key = key.removeprefix("concentration.").replace("_", " ").replace(".", " ")
    words = f"{key}, {side}" if key and side in readings.SIDES else name.replace("_", " ")
    unit = formatting.unit_text(unit)
    if number is not None:
        return f"{words}: {formatting.number(number)} {unit}".rstrip()
    return f"{words} ({unit})" if unit else words


def _quantity(name: str) -> str:
    """``concentration of NaCl, right`` of ``concentration_right[NaCl]``."""
    quantity, _, solute = name.removesuffix("]").partition("[")
    side = next((f", {side}" for side in readings.SIDES if quantity.endswith(f"_{side}")), "")
    words = quantity.removesuffix(side.replace(", ", "_")).replace("_", " ")
    return f"{words} of {solute}{side}" if solute else f"{words}{side}"
