"""Parts that several pictures share: a profile, the position axis, colours of times, selection of stored times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde.show import drawing, formatting, readings
from membrane_pde.show.drawing import LEFT, RIGHT
from membrane_pde.show.readings import stored
from membrane_pde.show.sketch import cells, largest

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from membrane_pde.results.result import Result


def profile(
    ax: Axes, curve: str, result: Result, name: str, index: int, scale: float, factor: float, **line: Any
) -> None:
    """Draw a profile: each side from its far end to its value at the membrane, with a gap at the jump."""
    label = line.pop("label", None)
    arrays, profile = result.arrays, cells(result, name)[index]
    membrane = membrane_at(result, index)
    for side, sign in (("left", -1), ("right", 1)):
        here = arrays["side"] == side
        x = np.abs(arrays["position"][index, here])
        order = np.argsort(x)
        end = float(arrays["width"][index, here].sum())  # without a bath behind it
        wall = float(stored(result, f"wall_concentration_{side}_mol_per_m3", name)[index])
        values = profile[here][order]
        far = far_edge(result, side, name, index, float(values[-1]))
        drawing.line(
            ax,
            f"{curve} {side}",
            (membrane + sign * np.concatenate([[0.0], x[order], [end]])) * scale,
            np.concatenate([[wall], values, [far]]) * factor,
            marker=""
            if side == "left" and membrane > 0.0
            else "|",  # marks the outer edge of the side; the centre of a sphere has no mark
            markevery=[-1],
            ms=9,
            mew=1.6,
            label=label if side == "left" else None,
            **line,
        )


def far_edge(result: Result, side: str, name: str, index: int, last: float) -> float:
    """Concentration at the far edge: that of a reservoir or bath, elsewhere that of the last cell."""
    compartment = getattr(result.case, side)
    if compartment.far_end.tank and not compartment.stirred:  # what the mean has beyond the layer
        layer = compartment.support
        here = result.arrays["side"] == side
        if layer is not None:  # the mean is that of the solution
            here = here & (np.abs(result.arrays["position"][index]) > layer.thickness)
        volume = result.arrays["volume"][index, here]
        length = float(stored(result, f"length_{side}_m")[index])
        mean = float(stored(result, f"concentration_{side}_mol_per_m3", name)[index])
        return float((mean * length - cells(result, name)[index, here] @ volume) / (length - volume.sum()))
    if not compartment.far_end.endless:
        return last
    given = compartment.concentration[name]
    return float(given) if isinstance(given, int | float) else float(given.value[-1])


def membrane_at(result: Result, index: int) -> float:
    """Position of the membrane on the position axis at a stored time, m: 0, or its distance from the centre."""
    if result.case.left.radius is None:
        return 0.0
    return float(readings.radius_at(result.case, stored(result, "membrane_area_ratio")[index]))


def membrane(ax: Axes, result: Result, index: int = -1) -> None:
    """Draw the membrane in a picture of profiles, at its position at this stored time."""
    if result.case.left.radius is None:
        return drawing.membrane(ax, result.case)
    scale = formatting.factor(ax.get_xlabel().rsplit("(", 1)[-1].rstrip(")").replace("µ", "u"))
    style: dict[str, Any] = {"transform": ax.get_xaxis_transform(), "color": drawing.MEMBRANE, "zorder": 0}
    style |= {"lw": 1.2, "ls": (0, (4, 3))} if result.case.membrane.type == "none" else {"lw": 4.0, "alpha": 0.45}
    drawing.line(ax, "membrane", [membrane_at(result, index) * scale] * 2, [0.0, 1.0], **style)


def position_axis(ax: Axes, result: Result) -> float:
    """Set limits, label and scale of the position axis; sides of very different length have separate scales."""
    width, side = result.arrays["width"], result.arrays["side"]
    left, right = (float(width[:, side == name].sum(axis=1).max()) for name in readings.SIDES)
    longest, shortest = max(left, right), min(left, right)
    curved = result.case.left.radius is not None
    uneven = longest > 5 * shortest and not curved
    unit = formatting.length_unit(shortest if uneven else longest)
    scale = formatting.factor(unit)
    name = unit.replace("um", "µm")
    label = f"position ({name})"
    if curved:
        label = f"distance from the centre ({name})"
    if uneven:
        label = f"distance from membrane\n({name}; scales differ left and right)"
    before, ends = ax.get_xlim(), (-1.06 * left * scale, 1.06 * right * scale)
    if curved:  # from the centre, 0
        around = result.case.right.has_length  # else nothing is resolved there
        places = [membrane_at(result, i) for i in range(len(width))]
        outer = [r + width[i, side == "right"].sum() if around else 1.3 * r for i, r in enumerate(places)]
        ends = -0.02 * scale * max(outer), 1.04 * scale * max(outer)
    if ax.get_xlabel() == label:  # drawn again: an end stays where it may, or gets some room to move
        low = drawing.kept(ax, (before[0], 0.0), ends[0], 0.0)
        high = drawing.kept(ax, (0.0, before[1]), 0.0, ends[1])
        if low and high:
            return scale
        wider = 1.0 + drawing.SPARE
        ends = before[0] if low else wider * ends[0], before[1] if high else wider * ends[1]
    left, right = -ends[0] / 1.06, ends[1] / 1.06
    if uneven:
        from matplotlib.ticker import FixedLocator, MaxNLocator

        def forward(x: Any) -> Any:
            return np.where(np.asarray(x) < 0, np.asarray(x) / left, np.asarray(x) / right)

        def inverse(x: Any) -> Any:
            return np.where(np.asarray(x) < 0, np.asarray(x) * left, np.asarray(x) * right)

        ax.set_xscale("function", functions=(forward, inverse))
        sides = [MaxNLocator(3).tick_values(*reach) for reach in ((-left, 0.0), (0.0, right))]
        inside = [t for ticks in sides for t in ticks if -left <= t <= right]
        ax.xaxis.set_major_locator(FixedLocator(sorted(set(inside))))
        ax.xaxis.set_major_formatter(lambda value, _: formatting.number(value, scale=longest * scale))
    elif ax.get_xscale() != "linear":
        ax.set_xscale("linear")
    ax.set_xlim(*ends)
    ax.set_xlabel(label)
    return scale


def side_names(ax: Axes, case: Any) -> None:
    """The names of the sides, above the axes."""
    labels = readings.labels_of(case)
    for side, x, align, colour in (("left", 0.0, "left", LEFT), ("right", 1.0, "right", RIGHT)):
        ax.text(x, 1.02, labels[side], transform=ax.transAxes, ha=align, color=colour, weight="bold", fontsize=9)


def directions(ax: Axes, x: float, align: str) -> None:
    """Label the direction of the water flux above and below zero, in a corner without curves, if there is space.

    `x`, with `align`, is where it stands if that is free; the limits of both axes are set by now.
    """
    low, high = ax.get_ylim()
    zero = (0.0 - low) / (high - low)
    (first, last), curves = ax.get_xlim(), []
    fine = np.linspace(0.0, 1.0, 401)
    for line in (each for each in ax.get_lines() if each.get_visible() and each.get_gid() != "now"):
        along = (np.asarray(line.get_xdata(), dtype=float) - first) / (last - first)
        curves.append(np.interp(fine, along, (np.asarray(line.get_ydata(), dtype=float) - low) / (high - low)))
    other = (1.0 - x, "left" if align == "right" else "right")
    up = ("↑ left to right", high, ((0.97, "top"), (zero + 0.03, "bottom")))
    down = ("↓ right to left", -low, ((0.03, "bottom"), (zero - 0.03, "top")))

    def free(place: tuple[float, str, float, str]) -> bool:
        at, side, y, edge = place
        wide = (fine >= at - 0.24) & (fine <= at) if side == "right" else (fine <= at + 0.24) & (fine >= at)
        bottom, top = (y - 0.09, y + 0.01) if edge == "top" else (y - 0.01, y + 0.09)
        return not any(((c[wide] > bottom) & (c[wide] < top)).any() for c in curves)

    for text, limit, heights in (up, down):
        if limit > 0.15 * (high - low):
            places = [(at, side, y, edge) for y, edge in heights for at, side in ((x, align), other)]
            at, side, y, edge = next(filter(free, places), places[0])
            style = {"transform": ax.transAxes, "ha": side, "va": edge, "color": "0.4", "fontsize": 8}
            drawing.text(ax, text[0], at, y, text, **style)


def viridis() -> Any:
    """Viridis without its yellow end, which is hardly visible on white."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps["viridis"](np.linspace(0, 0.9, 256)))


def time_colours(result: Result, times: np.ndarray) -> np.ndarray:
    """Colours of the stored times, evenly spaced in √t like the curves."""
    time = stored(result, "time")
    return np.asarray(viridis()(np.sqrt(time[times] / (time[-1] or 1.0))))


def walls(result: Result, name: str) -> np.ndarray:
    """Concentrations at the membrane, (time, side), mol/m^3."""
    keys = [f"wall_concentration_{side}_mol_per_m3" for side in ("left", "right")]
    return np.stack([stored(result, k, name) for k in keys], axis=1)


def clean(values: np.ndarray, scale: float) -> np.ndarray:
    """Zero where a value is round-off of its scale."""
    return np.where(np.abs(values) <= 1e-9 * scale, 0.0, values)


def times_shown(times: np.ndarray, count: int, change: np.ndarray | None = None) -> np.ndarray:
    """Indices of stored times, evenly spaced in √t, in which a diffusive process moves evenly.

    With `change`, how much has happened by each stored time (from 0 to 1), half of the weight is on that: curves are
    not wasted on the time after everything has come to rest.
    """
    progress = np.sqrt((times - times[0]) / max(times[-1] - times[0], 1e-300))
    if change is not None:
        progress = 0.5 * (progress + change)
    return np.unique([int(np.argmin(np.abs(progress - p))) for p in np.linspace(0.0, progress[-1], count)])


def change(result: Result, names: list[str]) -> np.ndarray:
    """Cumulative change of the profiles at each stored time ÷ total change; all solutes have the same weight."""
    total = np.zeros(stored(result, "time").size)
    for name in names:
        steps = np.abs(np.diff(cells(result, name), axis=0)).sum(axis=1)
        if steps.sum() > 1e-9 * largest(result, name):
            total[1:] += np.cumsum(steps) / steps.sum()
    return total / total[-1] if total[-1] else total


def mixed(result: Result) -> np.ndarray:
    """Degree of mixing over the stored times, %: ``1 − Δc(t)/Δc(0)`` (Loschmidt), of the solute that differs most.

    Raises
    ------
    ValueError
        If the two sides are equal at the start.
    """
    left, right = (stored(result, f"concentration_{s}_mol_per_m3") for s in ("left", "right"))
    difference = left - right
    most = int(np.argmax(np.abs(difference[0])))
    if difference[0, most] == 0:
        raise ValueError(f"{result.case.name}: the two sides are equal at the start")
    return np.asarray(100 * (1 - difference[:, most] / difference[0, most]))
