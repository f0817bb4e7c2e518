"""Picture of a curved membrane: the cross-section of a sphere or a long cylinder in the liquid around it.

The radii are to scale. Rings are shaded by the concentration at their distance from the centre.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde.physics.curvature import radius_ratio
from membrane_pde.show import drawing, dyes, formatting, readings, vessels
from membrane_pde.show.drawing import LEFT, MEMBRANE
from membrane_pde.show.vessels import BATH, BOX, DASHED, EDGE, TOP, Moment

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CENTRE = (-0.5, 0.47)
ROOM = 0.41  # largest radius in the picture
LEAST = 0.16  # smallest radius of the membrane ÷ largest radius in the picture
RINGS = {"left": 32, "right": 20}
_ANGLE = np.linspace(0.0, 2.0 * np.pi, 121)


def draw(ax: Axes, moment: Moment) -> tuple[float, float, float]:
    """Draw both vessels and the membrane: inside one another where it is curved, else side by side.

    Returns
    -------
    x, low, high : float
        Where arrows may cross the membrane.
    """
    if moment.case.left.radius is None:
        return vessels.draw(ax, moment)
    start, now, outer = _radii(moment)
    per_metre = _per_metre(moment)
    colours = {side: dyes.blend(vessels.amounts_along(moment, side), moment.dyes) for side in readings.SIDES}
    around = moment.case.right
    far = tuple(colours["right"][-1])
    if around.far_end.layer:
        drawing.rectangle(ax, "right liquid", (-1.0, 0.0), 2.0, BATH, facecolor=far, lw=0, zorder=1)
        drawing.line(ax, "right wall", [-1.0, -1.0, 1.0, 1.0], [TOP, 0.0, 0.0, TOP], lw=2.2, **EDGE)
        drawing.line(ax, "right surface", [-0.98, 0.98], [BATH, BATH], color="0.25", lw=1.2, zorder=3)
    if outer is not None:
        _rings(ax, "right", now * per_metre, min(outer * per_metre, ROOM), colours["right"], outer * per_metre)
        if not around.far_end.layer:
            _closed_shell(ax, outer, per_metre)
    _rings(ax, "left", 0.0, now * per_metre, colours["left"], now * per_metre)
    bare = moment.case.membrane.type == "none"
    style: dict[str, Any] = {"color": MEMBRANE if bare else LEFT, "lw": 1.6 if bare else 2.6, "zorder": 3}
    style["ls"] = (0, (4, 3)) if bare else "-"
    _circle(ax, "membrane", now * per_metre, **style)
    if abs(now / start - 1.0) > 2e-4:
        _circle(ax, "first outline", start * per_metre, **DASHED | {"zorder": 5})
    _words(ax, moment, start, now)
    width, height = _inches(ax)
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    across = height / (high - low) / (width / (right - left))
    return CENTRE[0] + across * now * per_metre, CENTRE[1] - 0.24, CENTRE[1] + 0.26


def _radii(moment: Moment) -> tuple[float, float, float | None]:
    """Radius of the membrane at the start and now, and that of the edge of what is resolved around it, m."""
    case, volumes = moment.case, moment.volume("left")
    start = float(case.left.radius)
    now = start * float(radius_ratio(volumes[moment.index] / volumes[0], case.geometry))
    if not case.right.has_length:
        return start, now, None
    # the outer edge of a closed shell rests
    return start, now, (now if case.right.far_end.layer else start) + case.right.length


def _per_metre(moment: Moment) -> float:
    """Radius in the picture of one metre, so that the largest of the run has room."""
    case, start = moment.case, float(moment.case.left.radius)
    largest = start * float(radius_ratio(max(moment.largest, 1.0), case.geometry))
    if not case.right.has_length:
        return 0.85 * ROOM / largest
    outer = case.right.length + (largest if case.right.far_end.layer else start)
    return max(ROOM / outer, LEAST / largest)


def _inches(ax: Axes) -> tuple[float, float]:
    """Width and height of the axes."""
    whole: Any = ax.figure
    width, height = ax.get_position(original=True).size * whole.get_size_inches()
    return float(width), float(height)


def _round(ax: Axes) -> Any:
    """The transform of points around `CENTRE` in which a circle is round, whatever the proportions of the axes."""
    from matplotlib.transforms import Affine2DBase

    class Round(Affine2DBase):
        def __init__(self) -> None:
            super().__init__()
            self.set_children(ax.transData)

        def get_matrix(self) -> Any:
            (x, y), (_, above) = ax.transData.transform([CENTRE, (CENTRE[0], CENTRE[1] + 1.0)])
            return np.array([[above - y, 0.0, x], [0.0, above - y, y], [0.0, 0.0, 1.0]])

    return Round()


def _circle(ax: Axes, name: str, radius: float, **style: Any) -> None:
    """The circle of this name."""
    drawing.line(ax, name, radius * np.cos(_ANGLE), radius * np.sin(_ANGLE), transform=_round(ax), **style)


def _rings(ax: Axes, side: str, inner: float, outer: float, colours: np.ndarray, last: float) -> None:
    """Discs on one another from the largest to the smallest; `last` is the radius where the colours end."""
    count = RINGS[side]
    edges = np.linspace(inner, outer, count + 1)
    middle = 0.5 * (edges[:-1] + edges[1:])
    whole, place = np.linspace(inner, last, len(colours)), _round(ax)
    for ring in reversed(range(count)):
        colour = tuple(float(np.interp(middle[ring], whole, colours[:, channel])) for channel in range(3))
        look: dict[str, Any] = {"facecolor": colour, "edgecolor": "none", "lw": 0, "zorder": 1.5}
        x, y = float(edges[ring + 1]) * np.cos(_ANGLE), float(edges[ring + 1]) * np.sin(_ANGLE)
        drawing.shape(ax, f"{side} ring {ring}", x, y, transform=place, **look)


def _closed_shell(ax: Axes, outer: float, per_metre: float) -> None:
    """The wall around a closed shell, which rests; none where the shell is too thick to be drawn whole."""
    if outer * per_metre <= ROOM * (1.0 + 1e-9):
        _circle(ax, "right wall", outer * per_metre, lw=2.2, **EDGE)


def _words(ax: Axes, moment: Moment, start: float, now: float) -> None:
    """Draw the labels: shape of the vessel, change of its size, and boundary around it."""
    case, small = moment.case, _inches(ax)[0] < 3.5  # beside others
    plain: dict[str, Any] = {"fontsize": 8.5, "style": "italic", "color": "0.3", "zorder": 6, "bbox": BOX}
    what = "a sphere, cut through its centre" if case.geometry == "spherical" else "a long cylinder, cut across"
    stands = case.right.far_end.caption or "closed shell"
    if not small:
        drawing.text(ax, "shape", 0.96, BATH - 0.03, what, ha="right", va="top", **plain)
        drawing.text(ax, "right far end", 0.96, 0.03, stands, ha="right", va="bottom", **plain)
    if case.left.stirred and not small:
        drawing.text(ax, "left far end", CENTRE[0], CENTRE[1], "stirred", ha="center", va="center", **plain)
    changes = []
    pressure = moment.pressure("left")
    if vessels.far_end_of(case.left).lid and pressure is not None:
        changes.append(f"turgor {formatting.quantity(pressure, 'pressure')}")
    if moment.result is not None:
        volumes = moment.volume("left")
        area = float(readings.stored(moment.result, "membrane_area_ratio")[moment.index])
        changes += [f"volume {_change(float(volumes[moment.index] / volumes[0]))}", f"membrane area {_change(area)}"]
    unit = formatting.length_unit(start)
    radius = formatting.number(now * formatting.factor(unit), digits=3)
    changes.append(f"radius {radius} {unit.replace('u', 'µ')}")
    look: dict[str, Any] = {"va": "top", "weight": "bold", "color": "0.15", "zorder": 7, "bbox": BOX}
    if small:
        drawing.text(ax, "left change", 0.97, 0.13, changes[0], fontsize=8.5, ha="right", **look)
    else:
        drawing.text(ax, "left change", 0.04, BATH - 0.14, "\n".join(changes), fontsize=9.5, ha="left", **look)
    if pressure := moment.pressure("right"):
        vessels.pressure_words(ax, "right", 0.5, BATH + 0.02, pressure)


def _change(ratio: float) -> str:
    """A ratio to the start as a change in per cent."""
    words = formatting.number(100.0 * (ratio - 1.0), scale=0.05 / formatting.ROUND_OFF, digits=3)
    return f"{'' if words[0] in '-0' else '+'}{words} %".replace("-", "−")
