"""Quantities over time: a panel for each quantity that changes, on a time axis that resolves the change."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde.show import curves, drawing, formatting, presets, readings, vessels
from membrane_pde.show.drawing import HYDROSTATIC, LEFT, OSMOTIC, RIGHT, WATER
from membrane_pde.show.readings import stored
from membrane_pde.show.sketch import LEADING, NO_BREAK, effective_osmotic_pressure, flux_unit, largest, leading, passing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from membrane_pde.results.result import Result

MARKERS = ("", "o", "s")  # the first solute has plain lines
PANELS = ("flow", "volume", "concentration", "pressure")
NO_CHANGE = 1e-9  # change of a quantity ÷ its scale below which it counts as constant
EARLY, MUCH = 0.003, 0.25  # of time, and of the change: if that much happens so early, the axis is logarithmic
_WORDS = ("no water moves", "no volume changes", "", "no pressure difference")


def history(result: Result, axes: Any = None, time: float | None = None) -> np.ndarray:
    """Draw quantities over time: water flux, volumes, concentrations, pressures, as far as they apply.

    Parameters
    ----------
    result : Result
    axes : (2, 2) array of Axes, optional
        One for each of the four; one of which there is nothing to show stays empty, with a word. By default a new
        figure with as many as there are things to show.
    time : float, optional
        In s; a line stands there.

    Returns
    -------
    2-d ndarray of Axes
        Water flux, or the amounts that crossed where solutes move and water does not; depths of the liquids, the rise
        of the columns in tubes, the change of the water of cells, or the displaced volume where no volume changes;
        concentrations at the membrane (solid) and in the mean (dashed); hydrostatic and osmotic pressure differences,
        left minus right, or both osmotic pressures where the differences vanish; in the units in use (`use_units`).
        The time is logarithmic, after a linear beginning, where much of a change falls into its first instants.
    """
    shown = panels(result)
    if axes is None:
        columns = {1: 1, 2: 2, 3: 3, 4: 2}[len(shown)]
        rows = -(-len(shown) // columns)
        size = {1: (6.4, 4.2), 2: (9.4, 3.8), 3: (12.6, 3.8), 4: (9.4, 6.4)}[len(shown)]
        figure = drawing.figure(*size)
        drawing.headline(figure, result.case.title)
        axes = figure.subplots(rows, columns, sharex=True, squeeze=False)
        places = dict(zip(shown, axes.flat, strict=True))
    else:
        axes = drawing.as_array(axes)
        places = dict(zip(PANELS, axes.flat, strict=True))
    for ax in axes.flat:
        if drawing.start_redraw(ax):
            ax.grid(color="0.93")
            ax.set_axisbelow(True)
    times, label, linear = _time_axis(result, next((ax for ax in axes.flat if drawing.limits_frozen(ax)), None))
    for name, ax in places.items():
        _switch(ax, name in shown)
        _time_limits(ax, times, linear)
        if name not in shown:
            look: dict[str, Any] = {"ha": "center", "va": "center", "color": "0.55", "fontsize": 10}
            words = _WORDS[PANELS.index(name)]
            drawing.text(ax, "nothing", 0.5, 0.5, words, transform=ax.transAxes, **look)
            continue
        _DRAW[name](ax, result, times)
        if time is not None:
            style = {"transform": ax.get_xaxis_transform(), "color": "0.45", "lw": 1.0, "ls": ":", "zorder": 1}
            drawing.line(ax, "now", [time * per_second(result)] * 2, [0, 1], **style)
    for ax in axes[-1] if axes.ndim == 2 else axes[-1:]:
        drawing.labels(ax, x=label)
    if "flow" in shown and water_moves(result):
        curves.directions(places["flow"], 0.98, "right")
    return axes


def panel(name: str, ax: Axes, result: Result) -> None:
    """Draw one panel of `history`, one of `panels(result)`, into an Axes."""
    if drawing.start_redraw(ax):
        ax.grid(color="0.93")
        ax.set_axisbelow(True)
    times, label, linear = _time_axis(result)
    _time_limits(ax, times, linear)
    _DRAW[name](ax, result, times)
    drawing.labels(ax, x=label)


def per_second(result: Result) -> float:
    """One second in the unit of the time axis."""
    return formatting.time_unit(float(stored(result, "time")[-1]))[1]


def panels(result: Result) -> list[str]:
    """The entries of `PANELS` that apply to a result."""
    found = []
    if water_moves(result) or passing(result):
        found.append("flow")
    if water_moves(result):
        found.append("volume")
    found.append("concentration")
    if result.case.phase != "gas" and result.case.membrane.type != "none" and pressure_curves(result):
        found.append("pressure")
    return found


def _switch(ax: Any, on: bool) -> None:
    """Show or hide the values of an Axes that may have nothing to show; its axis of time stays."""
    if ax.yaxis.get_visible() != on:
        ax.yaxis.set_visible(on)
        drawing.legend(ax, [])


def water_moves(result: Any) -> bool:
    """True if water passed the membrane."""
    case = result.case
    if case.phase == "gas" or case.membrane.type == "none" or case.membrane.water_permeability == 0.0:
        return False
    total = sum(float(stored(result, f"length_{side}_m")[0]) for side in readings.SIDES)
    return readings.peak(stored(result, "displaced_volume_m")) > NO_CHANGE * total


# --- time ---


def _time_axis(result: Any, held: Any = None) -> tuple[np.ndarray, str, float | None]:
    """Times in the unit of the axis, its label, and where its linear beginning ends, None where all of it is linear.

    An Axes that is held stays what it is.
    """
    seconds = stored(result, "time")
    unit, factor = formatting.time_unit(float(seconds[-1]))
    times = seconds * factor
    linear = linear_until(result, times)
    if linear is None:
        return times, f"time ({unit})", None
    return times, f"time ({unit}; logarithmic beyond {formatting.number(linear, digits=2)})", linear


def linear_until(result: Any, times: np.ndarray) -> float | None:
    """End of the linear part of a logarithmic time axis; None if a linear axis resolves the changes."""
    if times.size < 20 or not water_moves(result):
        return None
    moving = [stored(result, f"length_{side}_m") for side in readings.SIDES]
    moving.append(stored(result, "pressure_left_Pa") - stored(result, "pressure_right_Pa"))
    first = int(np.searchsorted(times, EARLY * times[-1], side="right"))
    for values in moving:
        steps = np.abs(np.diff(values))
        noise = NO_CHANGE * readings.peak(values)
        if (
            steps.sum() > noise
            and steps[: first - 1].sum() > MUCH * steps.sum()
            and np.ptp(values) > 1e-4 * readings.peak(values)
        ):
            return float(times[1])
    return None


def _time_limits(ax: Axes, times: np.ndarray, linear: float | None) -> None:
    if drawing.limits_frozen(ax):
        return
    end = float(times[-1]) if times[-1] > times[0] else float(times[0]) + 1.0
    if linear is None:
        if ax.get_xscale() != "linear":
            ax.set_xscale("linear")
            ax.set_xlim(float(times[0]), end)
        drawing.span(ax, float(times[0]), end)
        return
    from matplotlib.ticker import FixedLocator, NullLocator

    ax.set_xscale("symlog", linthresh=linear, linscale=0.8)
    decades = 10.0 ** np.arange(np.ceil(np.log10(linear)), np.floor(np.log10(end)) + 1)
    ax.xaxis.set_major_locator(FixedLocator([0.0, *decades]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(lambda value, _: formatting.number(value, digits=3))
    ax.set_xlim(0.0, end)


# --- the panels ---


def _height(ax: Axes) -> float:
    """Height of an Axes, inches."""
    return float(ax.get_position(original=True).height * ax.figure.get_size_inches()[1])  # type: ignore[union-attr]


def _name(ax: Axes, words: str) -> None:
    """Label the vertical axis, in as many lines as its height requires."""
    kept = words.replace(" − ", f"{NO_BREAK}−{NO_BREAK}")
    lines = textwrap.fill(kept, max(14, int(_height(ax) / 0.07)), break_long_words=False)
    drawing.labels(ax, y=lines.replace(NO_BREAK, " "))


def _room(ax: Axes, rows: int) -> float:
    """Space above the curves for the rows of a legend, as a fraction of the range of the curves."""
    legend = 0.07 + 0.17 * rows
    return max(0.28 if rows > 1 else 0.14, legend / max(_height(ax) - legend, 0.5))


def _flow(ax: Axes, result: Any, times: np.ndarray) -> None:
    """Draw the water flux or, if only solutes move, the transferred amount of each."""
    drawing.zero(ax)
    if water_moves(result):
        unit, per_si = presets.unit("water flux")
        values = curves.clean(stored(result, "water_flux_m_per_s"), readings.flux_scale(result)) * per_si
        drawing.line(ax, "flux", times, values, color=WATER)
        drawing.limits(ax, np.append(values, 0.0), flat=1.0)
        _name(ax, f"water flux ({unit})")
        drawing.legend(ax, [])
        return
    unit, factors = flux_unit(result)
    drawn = [np.zeros(1)]
    for name, marker in zip(passing(result, LEADING), MARKERS, strict=False):
        values = stored(result, "amount_transferred_mol_per_m2", name) * factors[name] / 3600.0
        drawn.append(values)
        look = {"marker": marker, "ms": 4, "markevery": max(1, times.size // 8), "color": WATER}
        drawing.line(ax, f"crossed {name}", times, values, label=name, **look)
    drawing.limits(ax, np.concatenate(drawn), flat=1.0, room=_room(ax, 1))
    _name(ax, f"solutes passed, left to right ({unit.removesuffix('/h')})")
    drawing.legend(ax, fontsize=9, ncols=3, loc="upper center")


def _volume(ax: Axes, result: Any, times: np.ndarray) -> None:
    """The columns in tubes, the water of cells, the depths of the liquids, or the displaced volume."""
    labels, both = readings.labels_of(result.case), {s: stored(result, f"length_{s}_m") for s in readings.SIDES}
    moment = vessels.Moment(result.case, result, 0, {}, 1.0)
    kinds = {side: moment.kind(side) for side in readings.SIDES}
    (volume, per_volume), (depth, per_depth) = presets.unit("water moved"), presets.unit("side")
    total = sum(v[0] for v in both.values())
    tubes = [side for side in readings.SIDES if kinds[side] == "tube"]
    cells = [side for side in readings.SIDES if vessels.is_cell(kinds[side])]
    if all(np.ptp(v) <= NO_CHANGE * total for v in both.values()):
        moved = curves.clean(stored(result, "displaced_volume_m"), total) * per_volume
        drawn, name = {"moved": moved}, f"water moved to the right ({volume})"
    elif tubes:
        drawn, name = {side: 100.0 * vessels.rise(moment, side) for side in tubes}, "level above the start (cm)"
        if len(tubes) == 2:
            drawn["difference"] = drawn["left"] - drawn["right"]
    elif cells:
        drawn = {side: 100.0 * (both[side] / both[side][0] - 1.0) for side in cells}
        name = f"change of water volume, {labels[cells[0]] if len(cells) == 1 else 'cells'} (%)"
    elif result.case.left.radius is not None:
        drawn = {"left": both["left"] / both["left"][0], "area": stored(result, "membrane_area_ratio")}
        name = "relative to the start"
    elif max(v[0] for v in both.values()) > 5 * min(v[0] for v in both.values()):
        drawn, name = {side: v / v[0] for side, v in both.items()}, "depth of liquid ÷ depth at the start"
    else:
        drawn, name = {side: v * per_depth for side, v in both.items()}, f"depth of liquid ({depth})"
    about_zero = "moved" in drawn or bool(tubes or cells)
    if about_zero:
        drawing.zero(ax)
    for key, values in drawn.items():
        colour = {"left": LEFT, "right": RIGHT}.get(key, WATER)
        style = "--" if key in ("difference", "area") else "-"
        words = labels.get(key, {"difference": "left − right", "area": "area of the membrane"}.get(key, "_moved"))
        if "area" in drawn and key == "left":
            words = f"volume, {words}"
        drawing.line(ax, key, times, values, color=colour, ls=style, label=words)
    values = np.concatenate([*drawn.values()])
    several = len(drawn) > 1
    room = _room(ax, 1) if several else 0.06
    drawing.limits(ax, np.append(values, 0.0) if about_zero else values, flat=1.0, room=room)
    _name(ax, name)
    # in a fixed place: the best one would follow the curves, and the axes would have to be drawn anew with them
    drawing.legend(ax, None if several else [], fontsize=9, ncols=len(drawn), loc="upper center")


def _concentration(ax: Axes, result: Any, times: np.ndarray) -> None:
    """Concentrations at the membrane (solid) and in the mean (dashed); markers tell the leading solutes apart."""
    from matplotlib.lines import Line2D

    labels, chosen = readings.labels_of(result.case), leading(result, LEADING)
    unit, factor = readings.concentration_unit(result.case, chosen, max(largest(result, s) for s in chosen))
    drawn = [np.zeros(1)]
    for name, marker in zip(chosen, MARKERS, strict=False):
        for side, colour in (("left", LEFT), ("right", RIGHT)):
            for key, style in ((f"wall_concentration_{side}", "-"), (f"concentration_{side}", "--")):
                values = stored(result, f"{key}_mol_per_m3", name) * factor[name]
                drawn.append(values)
                look = {"ls": style, "color": colour, "marker": marker, "ms": 4, "markevery": max(1, times.size // 8)}
                drawing.line(ax, f"{key} {name}", times, values, **look)
    drawing.limits(ax, np.concatenate(drawn), lowest=0.0, room=_room(ax, 3 if len(chosen) > 2 else 2))
    total = len(result.case.solutes)
    what = chosen[0] if len(chosen) == 1 else "concentration"
    if len(chosen) < total:
        counts = {4: "four", 5: "five", 6: "six"}
        what = f"three of the {counts.get(total, total)} solutes"
    _name(ax, f"{what} ({unit})")
    handles = [
        Line2D([], [], color=LEFT, label=labels["left"]),
        Line2D([], [], color=RIGHT, label=labels["right"]),
        Line2D(
            [],
            [],
            color="0.3",
            ls="-",
            label="at the membrane" if result.case.membrane.type != "none" else "in the middle",
        ),
        Line2D([], [], color="0.3", ls="--", label="average"),
    ]
    if len(chosen) > 1:
        marks = zip(chosen, MARKERS, strict=False)
        handles += [Line2D([], [], color="0.3", marker=m or None, ms=4, label=s) for s, m in marks]
    columns = 2 if len(chosen) == 1 else 3
    look = {"columnspacing": 0.9, "handlelength": 1.5, "handletextpad": 0.5, "labelspacing": 0.3}
    drawing.legend(ax, handles, fontsize=8, ncols=columns, loc="upper center", **look)


def pressure_curves(result: Any) -> dict[str, np.ndarray]:
    """The pressures to draw, Pa: the differences, left minus right; both osmotic pressures where those vanish."""
    scale = readings.largest_pressure(result)
    left, right = effective_osmotic_pressure(result, "left"), effective_osmotic_pressure(result, "right")
    differences = {
        "osmotic": curves.clean(left - right, scale),
        "hydrostatic": curves.clean(stored(result, "pressure_left_Pa") - stored(result, "pressure_right_Pa"), scale),
    }
    if any(readings.peak(values) > 1e-9 * scale for values in differences.values()):
        return differences
    if max(readings.peak(left), readings.peak(right)) > 1e-9 * scale and result.case.membrane.water_permeability > 0.0:
        return {"left": left, "right": right}
    return {}


def _pressure(ax: Axes, result: Any, times: np.ndarray) -> None:
    """Hydrostatic and osmotic pressure differences; the distance between the two is what drives the water."""
    unit, per_pascal = presets.unit("pressure")
    drawn = {key: values * per_pascal for key, values in pressure_curves(result).items()}
    drawing.zero(ax)
    labels = readings.labels_of(result.case)
    if "left" in drawn:
        drawing.line(ax, "osmotic left", times, drawn["left"], color=LEFT, label=textwrap.shorten(labels["left"], 24))
        style: dict[str, Any] = {"color": RIGHT, "ls": "--", "label": textwrap.shorten(labels["right"], 24)}
        drawing.line(ax, "osmotic right", times, drawn["right"], **style)
        _name(ax, f"osmotic pressure at the membrane ({unit})")
    else:
        osmotic, hydrostatic = drawn["osmotic"], drawn["hydrostatic"]
        if result.case.membrane.water_permeability > 0:
            drawing.between(ax, "driving", times, osmotic, hydrostatic, color="0.92", lw=0)
        label = "osmotic pressure at the membrane"
        drawing.line(ax, "osmotic", times, osmotic, color=OSMOTIC, label=label)
        style = {"color": HYDROSTATIC, "ls": "--", "label": "hydrostatic pressure"}
        drawing.line(ax, "hydrostatic", times, hydrostatic, **style)
        _name(ax, f"pressure, left − right ({unit})")
    drawing.limits(ax, np.concatenate([*drawn.values(), [0.0]]), flat=1.0, room=_room(ax, 2))
    drawing.legend(ax, fontsize=9, loc="upper center", handlelength=1.8, labelspacing=0.3)


_DRAW = {"flow": _flow, "volume": _volume, "concentration": _concentration, "pressure": _pressure}
