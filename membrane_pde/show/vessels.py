"""The vessels of a picture: open tank, standing tube, cell, plant cell, box of gas, and their far ends.

The left vessel lies between x = -1 and 0, the right one between 0 and 1; the floor is y = 0. Volumes are those of the
liquid per membrane area. A tank's level and a cell's area follow its volume; a tube's level follows the height of its
column, with a scale in cm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from membrane_pde.input.properties import volumes_per_area
from membrane_pde.show import drawing, dyes, formatting, readings
from membrane_pde.show.drawing import HATCHED, LEFT, MEMBRANE, RIGHT
from membrane_pde.show.readings import stored

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOP = 1.0  # height of the walls
FULL, NEARLY_EMPTY = 0.74, 0.03  # initial level of the larger side; level of a side that has nearly run dry
CHAMBER, ZERO, STROKE = 0.36, 0.69, 0.27  # height below a tube; its level at the start; its full scale
TUBE_AT, TUBE = 0.64, 0.17  # distance of a tube from the membrane; its width
BATH = 0.92  # level of the liquid around a cell
CELL, LARGEST = (
    (0.3, 0.26),
    (0.42, 0.37),
)  # half axes of a cell's outline: at the start, the largest that there is room for
CENTRE = (0.52, 0.5)
POINTS = 160  # number of points in the shading of a side
SUPPORT = 0.2  # width of a support layer, whatever its thickness
GAS_DOTS = (18, 9)  # numbers of dots in a box, horizontally and vertically
EDGE: dict[str, Any] = {"color": "0.25", "zorder": 4, "solid_capstyle": "round"}
BOX: dict[str, Any] = {"facecolor": "white", "alpha": 0.85, "lw": 0, "boxstyle": "round,pad=0.12"}
DASHED: dict[str, Any] = {"color": "0.35", "lw": 1.0, "ls": (0, (4, 3)), "zorder": 3}


class FarEnd(NamedTuple):
    """Style of the far end of a tank.

    Attributes
    ----------
    wall : str
        "plain", "endless" (a wavy line), or "spout" (a gap at the floor with an arrow).
    lid : float
        Width of the line of a lid that is always there; 0 without.
    paddle : bool
        There is a stirrer, even where the layer in front of it is not stirred.
    plate : bool
        A pressure is drawn as a plate that lies on the liquid, not as a gauge on a lid.
    """

    wall: str = "plain"
    lid: float = 0.0
    paddle: bool = False
    plate: bool = False


FAR_ENDS = {
    "piston": FarEnd(plate=True),
    "elastic": FarEnd(lid=4.0),
    "rigid": FarEnd(lid=2.2),
    "reservoir": FarEnd(wall="endless"),
    "bath": FarEnd(paddle=True),
    "outflow": FarEnd(wall="spout"),
}


def far_end_of(compartment: Any) -> FarEnd:
    """Style of the far end of a side: a plain wall, unless its boundary has a style of its own."""
    return FAR_ENDS.get(compartment.boundary, FarEnd())


@dataclass(frozen=True)
class Moment:
    """Contents of the picture: a case, or one stored time of its run.

    Attributes
    ----------
    case : Case
    result : Result or None
    index : int
        Of the stored time.
    dyes : dict
        By solute.
    largest : float
        The largest volume of a cell over its first one that the pictures must have room for.
    rise : float
        How far the scale of the tubes reaches at least, m.
    """

    case: Any
    result: Any
    index: int
    dyes: Mapping[str, dyes.Dye]
    largest: float
    rise: float = 0.0

    def side(self, name: str) -> Any:
        """The compartment."""
        return getattr(self.case, name)

    def volume(self, side: str) -> np.ndarray:
        """Volume over the stored times, per membrane area, m."""
        if self.result is None:
            return np.array([volume_at_start(self.case, side)])
        return np.asarray(stored(self.result, f"length_{side}_m"))

    def now(self, side: str) -> float:
        """Volume per membrane area, m."""
        return float(self.volume(side)[self.index])

    def pressure(self, side: str) -> float | None:
        """Hydrostatic pressure, Pa, 0 where it is round-off; None where only a run would know it."""
        if self.result is not None:
            pressure = float(stored(self.result, f"pressure_{side}_Pa")[self.index])
            return 0.0 if abs(pressure) <= 1e-6 * readings.largest_pressure(self.result) else pressure
        applied = self.side(side).pressure
        return None if self.side(side).far_end.fixed_volume or applied.flux else float(applied.at(0.0))

    def kind(self, side: str) -> str:
        """Style of a side: its `drawing`, or "gas"."""
        if self.case.phase == "gas":
            return "gas"
        return getattr(self.side(side), "drawing", None) or str(self.side(side).far_end.drawing)


def volume_at_start(case: Any, side: str) -> float:
    """Volume per membrane area at the start, m, a bath included."""
    return volumes_per_area(case)[readings.SIDES.index(side)]


def is_cell(kind: str) -> bool:
    """True if a side is drawn as a cell in the liquid of the other side."""
    return kind in ("cell", "plant-cell")


def draw(ax: Axes, moment: Moment) -> tuple[float, float, float]:
    """Draw both vessels and the membrane.

    Returns
    -------
    x, low, high : float
        Where arrows may cross the membrane.
    """
    kinds = {side: moment.kind(side) for side in readings.SIDES}
    cells = [side for side in readings.SIDES if is_cell(kinds[side])]
    if cells:
        for side in readings.SIDES:
            if side not in cells:
                _surroundings(ax, moment, side)
        edges = [_cell(ax, moment, side, kinds[side]) for side in cells]
        return float(np.mean(edges)), CENTRE[1] - 0.24, CENTRE[1] + 0.26
    heights = {side: _one(ax, moment, side, kinds[side]) for side in readings.SIDES}
    if kinds["left"] == kinds["right"] == "tube":
        _cm_between(ax, moment, heights)
    crossing = CHAMBER if "tube" in kinds.values() else TOP
    for side in readings.SIDES:
        _support(ax, moment, side, crossing if kinds[side] != "tube" else CHAMBER)
    _partition(ax, moment.case, crossing)
    return 0.0, 0.03, max(min(heights.values()), 0.45) if crossing == TOP else CHAMBER


def _one(ax: Axes, moment: Moment, side: str, kind: str) -> float:
    """Draw a vessel on one side of a membrane at x = 0; return the height of its level."""
    if kind == "gas":
        return _gas(ax, moment, side)
    return _tube(ax, moment, side) if kind == "tube" else _tank(ax, moment, side)


def _ends(side: str) -> tuple[float, float]:
    """Left and right end."""
    return (-1.0, 0.0) if side == "left" else (0.0, 1.0)


def _sign(side: str) -> float:
    return -1.0 if side == "left" else 1.0


# --- an open tank, and what closes it ---


def _levels(moment: Moment) -> dict[str, tuple[float, float]]:
    """Height of each tank at the start and now; the highest of the run fits."""
    first = {side: volume_at_start(moment.case, side) for side in readings.SIDES}
    base = {side: FULL * max((size / max(first.values())) ** 0.5, 0.6) for side, size in first.items()}
    over = {side: moment.volume(side) / moment.volume(side)[0] for side in readings.SIDES}
    fit = min(1.0, 0.92 / max(float(base[side] * over[side].max()) for side in readings.SIDES))
    return {
        side: (fit * base[side], max(fit * base[side] * float(over[side][moment.index]), NEARLY_EMPTY))
        for side in readings.SIDES
    }


def _tank(ax: Axes, moment: Moment, side: str) -> float:
    before, level = _levels(moment)[side]
    compartment, (x0, x1) = moment.side(side), _ends(side)
    far = x0 if side == "left" else x1
    drawing.shading(ax, f"{side} liquid", _row(moment, side), (x0, x1, 0.0, level), zorder=1)
    drawing.line(ax, f"{side} floor", [x0, x1], [0.0, 0.0], lw=2.2, **EDGE)
    pressure = moment.pressure(side) or 0.0
    pressed = abs(pressure) > 1e-3 * max(abs(moment.pressure(each) or 0.0) for each in readings.SIDES)
    pressed = pressed and moment.case.membrane.type != "none"
    look = far_end_of(compartment)
    piston = look.plate and pressed
    closed = look.lid > 0.0 or (pressed and not piston)
    if closed:  # full to the lid: no surface, a gauge instead
        drawing.line(ax, f"{side} lid", [x0, x1], [level, level], lw=look.lid or 2.2, **EDGE)
    else:
        drawing.line(ax, f"{side} surface", [x0 + 0.02, x1 - 0.02], [level, level], color="0.25", lw=1.2, zorder=3)
    if abs(level - before) > 0.01:
        drawing.line(ax, f"{side} start", [x0 + 0.02, x1 - 0.02], [before, before], **DASHED)
    _far_end(ax, side, compartment, far, level, TOP if not closed else level)
    if piston:
        _piston(ax, side, x0, level, pressure, moment)
    elif pressed:
        _gauge(ax, side, 0.5 * (x0 + x1), level, pressure)
    return level


def _far_end(ax: Axes, side: str, compartment: Any, far: float, level: float, top: float) -> None:
    """Draw the far wall, or a caption for the boundary without a wall."""
    look, inwards = far_end_of(compartment), -_sign(side)
    if look.wall == "endless":  # goes on without an end
        y = np.linspace(0.0, level, 41)
        x = far + 0.018 * np.sin(2 * np.pi * np.arange(41) / 8.0)
        drawing.line(ax, f"{side} wall", x, y, lw=1.4, **EDGE)
    elif look.wall == "spout":  # a spout at the floor
        drawing.line(ax, f"{side} wall", [far, far], [0.11, top], lw=2.2, **EDGE)
        style: dict[str, Any] = {"facecolor": "0.35", "edgecolor": "none", "zorder": 5, "head": 0.05}
        drawing.arrow(ax, f"{side} spout", (far + 0.08 * inwards, 0.055), (far - 0.09 * inwards, 0.055), 0.022, **style)
    else:
        drawing.line(ax, f"{side} wall", [far, far], [0.0, top], lw=2.2, **EDGE)
    if look.paddle or compartment.stirred:
        x = far + 0.24 * inwards
        drawing.line(ax, f"{side} rod", [x, x], [0.09, max(top, level) + 0.02], lw=1.4, **EDGE)
        drawing.line(ax, f"{side} blade", [x - 0.05, x + 0.05], [0.09, 0.09], lw=4.0, **EDGE)
    words = compartment.far_end.caption or ("stirred" if look.plate and compartment.stirred else "")
    if words:
        style = {"ha": side, "va": "bottom", "fontsize": 8.5, "style": "italic", "color": "0.3", "zorder": 6}
        drawing.text(ax, f"{side} far end", far + 0.03 * inwards, level + 0.03, words, bbox=BOX, **style)


def _piston(ax: Axes, side: str, x0: float, level: float, pressure: float, moment: Moment) -> None:
    """Draw a plate on the liquid, and an arrow whose length is the pressure relative to that of the other side."""
    style: dict[str, Any] = {"facecolor": "0.45", "edgecolor": "0.25", "lw": 0.8, "zorder": 4}
    drawing.rectangle(ax, f"{side} plate", (x0 + 0.03, level), 0.94, 0.045, **style)
    highest = max(abs(moment.pressure(each) or 0.0) for each in readings.SIDES)
    length, foot = 0.06 + 0.1 * abs(pressure) / highest, level + 0.045
    ends = [(x0 + 0.5, foot + length), (x0 + 0.5, foot)]
    look: dict[str, Any] = {"color": "0.25", "lw": 0, "zorder": 5, "head": 0.5 * length}
    start, end = ends if pressure > 0 else ends[::-1]
    drawing.arrow(ax, f"{side} weight", start, end, 0.022, **look)
    pressure_words(ax, side, x0 + 0.5, foot + length + 0.01, pressure)


def _gauge(ax: Axes, side: str, x: float, level: float, pressure: float) -> None:
    """A gauge on the lid of a closed vessel."""
    drawing.line(ax, f"{side} stem", [x, x], [level, level + 0.045], lw=1.6, **EDGE)
    round_: dict[str, Any] = {"marker": "o", "ms": 13, "mfc": "white", "mec": "0.25", "mew": 1.4, "zorder": 5}
    drawing.line(ax, f"{side} gauge", [x], [level + 0.085], ls="", **round_)
    drawing.line(ax, f"{side} needle", [x, x + 0.018], [level + 0.085, level + 0.108], color="0.25", lw=1.4, zorder=6)
    pressure_words(ax, side, x, level + 0.14, pressure)


def pressure_words(ax: Axes, side: str, x: float, y: float, pressure: float) -> None:
    """Write the pressure on a liquid, at this place."""
    look: dict[str, Any] = {
        "ha": "center",
        "va": "bottom",
        "fontsize": 11,
        "weight": "bold",
        "color": "0.2",
        "zorder": 6,
    }
    drawing.text(ax, f"{side} pressure", x, y, formatting.quantity(pressure, "pressure"), bbox=BOX, **look)


def _partition(ax: Axes, case: Any, top: float) -> None:
    if case.membrane.type == "none":
        drawing.line(ax, "partition", [0, 0], [0, top], **DASHED | {"color": MEMBRANE, "lw": 1.4, "zorder": 4})
    else:
        drawing.rectangle(ax, "membrane", (-0.017, 0.0), 0.034, top, edgecolor="0.4", zorder=4, **HATCHED)


def _support(ax: Axes, moment: Moment, side: str, top: float) -> None:
    """Draw the porous layer beside the membrane, over the width in which its pores are shaded."""
    if not _thickness(moment.case, side):
        return
    x = min(SUPPORT * _sign(side), 0.0)
    drawing.rectangle(ax, f"{side} support", (x, 0.0), SUPPORT, top, facecolor="none", zorder=3, **drawing.SUPPORT)
    style: dict[str, Any] = {"ha": "center", "va": "bottom", "fontsize": 8.5, "style": "italic", "color": "0.3"}
    words = "support" if top == TOP else ""
    drawing.text(ax, f"{side} support name", 0.5 * SUPPORT * _sign(side), top + 0.01, words, zorder=6, **style)


# --- standing tubes ---


def rise(moment: Moment, side: str) -> np.ndarray:
    """Height of the column above its level at the start, over the stored times, m."""
    if moment.result is None:
        return np.zeros(1)
    gained = moment.volume(side) - moment.volume(side)[0]
    return np.asarray(gained / float(getattr(moment.side(side), "tube_area", 1.0)))


def highest_rise(moment: Moment) -> float:
    """Largest change of the level in a tube during a run, m; 0 without tubes."""
    tubes = [side for side in readings.SIDES if moment.kind(side) == "tube"]
    return max((float(np.abs(rise(moment, side)).max()) for side in tubes), default=0.0)


def _full_scale(moment: Moment) -> float:
    """Height that the scale of the tubes reaches above and below zero, m."""
    highest = max(highest_rise(moment), moment.rise)
    return dyes.round_up(highest) if highest > 0.0 else 0.0


def _height(moment: Moment, metres: float) -> float:
    full = _full_scale(moment)
    return ZERO + (STROKE * metres / full if full > 0.0 else 0.0)


def _tube(ax: Axes, moment: Moment, side: str) -> float:
    """A chamber at the membrane, and a tube on it."""
    x0, x1 = _ends(side)
    middle = TUBE_AT * _sign(side)
    low, high = middle - 0.5 * TUBE, middle + 0.5 * TUBE
    far = x0 if side == "left" else x1
    level = _height(moment, float(rise(moment, side)[moment.index]))
    row = _row(moment, side)
    drawing.shading(ax, f"{side} liquid", row, (x0, x1, 0.0, CHAMBER), zorder=1)
    column: dict[str, Any] = {"facecolor": tuple(row[len(row) // 2]), "edgecolor": "none", "zorder": 1}
    drawing.rectangle(ax, f"{side} column", (low, CHAMBER - 0.002), TUBE, level - CHAMBER + 0.002, **column)
    outer, near = (low, high) if side == "left" else (high, low)
    path = [0.0, far, far, outer, outer], [0.0, 0.0, CHAMBER, CHAMBER, TOP]
    drawing.line(ax, f"{side} wall", *path, lw=2.2, **EDGE)
    drawing.line(ax, f"{side} shoulder", [0.0, near, near], [CHAMBER, CHAMBER, TOP], lw=2.2, **EDGE)
    drawing.line(ax, f"{side} surface", [low, high], [level, level], color="0.25", lw=1.6, zorder=3)
    if abs(level - ZERO) > 0.01:
        drawing.line(ax, f"{side} start", [low, high], [ZERO, ZERO], **DASHED)
    other = "right" if side == "left" else "left"
    if moment.kind(other) != "tube":
        _scale(ax, moment, near - 0.03 * _sign(side), "right" if side == "right" else "left", 0.0)
        _centimetres(ax, moment, side, middle, level)
    pressure = float(moment.side(side).pressure.at(0.0)) if not moment.side(side).pressure.flux else 0.0
    if pressure:
        pressure_words(ax, side, middle, TOP + 0.01, pressure)
    return level


def _scale(ax: Axes, moment: Moment, x: float, align: str, zero: float) -> None:
    """Draw a scale in cm at `x` over the range of the tubes, with its 0 at the height `zero` (m)."""
    full = _full_scale(moment)
    if full == 0.0:
        return
    step = _tick(full)
    first, last = np.ceil((-full - zero) / step - 1e-9), np.floor((full - zero) / step + 1e-9)
    ticks = zero + step * np.arange(first, last + 1)
    heights = [_height(moment, float(tick)) for tick in ticks]
    drawing.line(ax, "scale", [x, x], [_height(moment, -full), _height(moment, full)], color="0.4", lw=1.0, zorder=3)
    side = 1.0 if align == "left" else -1.0
    for place in range(9):
        if place >= len(ticks):
            continue
        tick, y = float(ticks[place]), heights[place]
        drawing.line(ax, f"scale {place}", [x, x + 0.02 * side], [y, y], color="0.4", lw=1.0, zorder=3)
        style: dict[str, Any] = {"ha": align, "va": "center", "fontsize": 8, "color": "0.35"}
        words = formatting.number(100.0 * (tick - zero), scale=1.0, digits=3)
        drawing.text(ax, f"scale number {place}", x + 0.035 * side, y, words, **style)
    drawing.text(ax, "scale unit", x, TOP + 0.005, "cm", ha="center", va="bottom", fontsize=8.5, color="0.35")


def _tick(full: float) -> float:
    """Distance of the numbers of a scale: 1, 2 or 5 times a power of ten, 3 to 8 of them up to `full`."""
    power = 10.0 ** np.floor(np.log10(full / 2.0))
    return float(next(step for step in (power, 2 * power, 5 * power) if full / step < 4.5))


def _cm_between(ax: Axes, moment: Moment, heights: Mapping[str, float]) -> None:
    """Between two tubes: a scale in cm from the lower level, and how far the levels are apart."""
    now = {side: float(rise(moment, side)[moment.index]) for side in readings.SIDES}
    higher = max(now, key=lambda side: now[side])
    lower = "left" if higher == "right" else "right"
    _scale(ax, moment, 0.0, "left", now[lower])
    if abs(heights["left"] - heights["right"]) < 0.004:
        return
    for side in readings.SIDES:
        edge = _sign(side) * (TUBE_AT - 0.5 * TUBE)
        drawing.line(ax, f"{side} level", [0.0, edge], [heights[side]] * 2, color="0.55", lw=0.8, ls=":", zorder=2)
    words = f"{formatting.number(100.0 * (now[higher] - now[lower]), digits=3)} cm"
    ends = sorted(heights.values())
    mark: dict[str, Any] = {"color": "0.15", "lw": 1.8, "zorder": 5, "marker": "_", "ms": 9, "mew": 1.8}
    drawing.line(ax, "difference", [-0.06, -0.06], ends, **mark)
    style: dict[str, Any] = {
        "ha": "right",
        "va": "center",
        "fontsize": 11,
        "weight": "bold",
        "color": "0.15",
        "zorder": 6,
    }
    drawing.text(ax, "difference words", -0.09, 0.5 * sum(ends), words, **style)


def _centimetres(ax: Axes, moment: Moment, side: str, x: float, level: float) -> None:
    """Draw the rise or fall of a column beside its level."""
    risen = float(rise(moment, side)[moment.index])
    if abs(level - ZERO) > 0.004:
        words = f"{formatting.number(100.0 * abs(risen), digits=3)} cm {'up' if risen > 0 else 'down'}"
        style: dict[str, Any] = {"va": "center", "fontsize": 11, "weight": "bold", "color": "0.15", "zorder": 6}
        place = x + _sign(side) * (0.5 * TUBE + 0.03)
        drawing.text(ax, f"{side} rise", place, level, words, ha="left" if side == "right" else "right", **style)


# --- cells ---


def _surroundings(ax: Axes, moment: Moment, side: str) -> None:
    """The liquid around a cell, in a tank."""
    colour = tuple(dyes.blend(_means(moment, side), moment.dyes)[0])
    drawing.rectangle(ax, f"{side} liquid", (-1.0, 0.0), 2.0, BATH, facecolor=colour, lw=0, zorder=1)
    drawing.line(ax, f"{side} wall", [-1.0, -1.0, 1.0, 1.0], [TOP, 0.0, 0.0, TOP], lw=2.2, **EDGE)
    drawing.line(ax, f"{side} surface", [-0.98, 0.98], [BATH, BATH], color="0.25", lw=1.2, zorder=3)
    if pressure := moment.pressure(side):
        pressure_words(ax, side, 0.5 * _sign(side), BATH + 0.02, pressure)


def outline(moment: Moment, side: str, volume: float) -> tuple[np.ndarray, np.ndarray]:
    """Points of a cell's outline, whose area is in proportion to a volume (per membrane area, m)."""
    room = min(*(largest / half for largest, half in zip(LARGEST, CELL, strict=True)))
    fit = min(1.0, room / max(moment.largest, 1e-9) ** 0.5)
    size = fit * (volume / float(moment.volume(side)[0])) ** 0.5
    angle = np.linspace(0.0, 2.0 * np.pi, 121)[:-1]
    exponent = 1.0 if moment.kind(side) == "cell" else 0.45  # an ellipse, or rounded corners

    def along(wave: np.ndarray, half: float) -> np.ndarray:
        return size * half * np.sign(wave) * np.abs(wave) ** exponent

    x = _sign(side) * CENTRE[0] + along(np.cos(angle), CELL[0])
    return x, CENTRE[1] + along(np.sin(angle), CELL[1])


def wall_volume(moment: Moment, side: str) -> float:
    """Volume enclosed by the wall of a plant cell, m: that of the cell if the wall is taut, else of a slack wall."""
    compartment, first = moment.side(side), float(moment.volume(side)[0])
    slack = first
    if getattr(compartment, "modulus", None):  # the pressure, p + E (V − V₀)/V₀, is 0 at this volume
        slack = first * (1.0 - compartment.pressure.at(0.0) / compartment.modulus)
    return max(moment.now(side), slack)


def _cell(ax: Axes, moment: Moment, side: str, kind: str) -> float:
    """Draw a closed outline, the initial one dashed, and the change; return the position of its inner edge."""
    now, first = moment.now(side), float(moment.volume(side)[0])
    x, y = outline(moment, side, now)
    if kind == "plant-cell":
        other = "right" if side == "left" else "left"  # what stands between the wall and a cell that has come off it
        outside = tuple(dyes.blend(_means(moment, other), moment.dyes)[0])
        wall = outline(moment, side, wall_volume(moment, side))
        look: dict[str, Any] = {
            "facecolor": outside,
            "edgecolor": "#5E7F2E",
            "lw": 7.0,
            "zorder": 2,
            "joinstyle": "round",
        }
        drawing.shape(ax, f"{side} cell wall", *wall, **look)
    colour = tuple(dyes.blend(_means(moment, side), moment.dyes)[0])
    edge: dict[str, Any] = {"facecolor": colour, "edgecolor": LEFT if side == "left" else RIGHT, "lw": 2.4, "zorder": 3}
    drawing.shape(ax, f"{side} cell", x, y, **edge)
    if abs(now / first - 1.0) > 5e-4:
        before = outline(moment, side, first)
        dashed: dict[str, Any] = {"facecolor": "none", "edgecolor": "0.15", "lw": 1.2, "ls": (0, (4, 3)), "zorder": 5}
        drawing.shape(ax, f"{side} first outline", *before, **dashed)
    changes = []
    pressure = moment.pressure(side)
    if far_end_of(moment.side(side)).lid and pressure is not None:
        changes.append(f"turgor {formatting.quantity(pressure, 'pressure')}")
    if moment.result is not None:
        change = formatting.number(100.0 * (now / first - 1.0), scale=0.05 / formatting.ROUND_OFF, digits=3)
        changes.append(f"water {'' if change[0] in '-0' else '+'}{change} %".replace("-", "−"))
    place = (0.97 * _sign(side), 0.02)
    look = {"ha": side, "va": "bottom", "fontsize": 10, "weight": "bold", "color": "0.15", "zorder": 7}
    drawing.text(ax, f"{side} change", *place, ", ".join(changes), **look)
    return float(x.min() if side == "right" else x.max())


# --- gases ---


def _gas(ax: Axes, moment: Moment, side: str) -> float:
    """A closed box with a gas in it: dots are molecules, as many of each kind as its share there."""
    x0, x1 = _ends(side)
    far = x0 if side == "left" else x1
    drawing.line(ax, f"{side} wall", [0.0, far, far, 0.0], [0.0, 0.0, FULL, FULL], lw=2.2, **EDGE)
    chance = np.random.default_rng(1 if side == "left" else 2)  # the same places at every time
    columns, rows = GAS_DOTS
    across = (np.arange(columns)[None, :] + chance.uniform(0.1, 0.9, (rows, columns))).ravel() / columns
    up = (np.arange(rows)[:, None] + chance.uniform(0.1, 0.9, (rows, columns))).ravel() / rows
    kind = chance.permutation((np.arange(across.size) + 0.5) / across.size)
    x, y = x0 + 0.02 + 0.96 * across, 0.03 + (FULL - 0.06) * up
    amounts = amounts_along(moment, side)
    here = np.linspace(x0, x1, POINTS)
    names = list(amounts)
    share = np.array([np.interp(x, here, amounts[name]) for name in names])
    whole = np.maximum(share.sum(axis=0), _fullest(moment))
    limits = np.cumsum(share, axis=0) / np.where(whole > 0.0, whole, 1.0)
    chosen = (kind[None, :] > limits).sum(axis=0)
    palette = [moment.dyes[name].arrow if name in moment.dyes else dyes.NONE for name in names] + ["#D0D0D0"]
    drawing.dots(ax, f"{side} gas", x, y, [palette[each] for each in chosen], s=22, linewidths=0, zorder=2)
    return FULL


def _fullest(moment: Moment) -> float:
    """Largest initial total concentration of the computed gases, mol/m^3."""
    start = Moment(moment.case, None, 0, moment.dyes, moment.largest)
    return max(float(np.sum(list(amounts_along(start, side).values()), axis=0).max()) for side in readings.SIDES)


# --- concentrations ---


def _means(moment: Moment, side: str) -> dict[str, np.ndarray]:
    """Mean concentrations, each an array of one."""
    if moment.result is None:
        return {name: np.array([values.mean()]) for name, values in amounts_along(moment, side).items()}
    means = stored(moment.result, f"concentration_{side}_mol_per_m3")[moment.index]
    return {name: np.array([means[i]]) for i, name in enumerate(moment.case.solutes)}


def _row(moment: Moment, side: str) -> np.ndarray:
    """Colours of a side from left to right."""
    return dyes.blend(amounts_along(moment, side), moment.dyes)


def _thickness(case: Any, side: str) -> float:
    """Thickness of the support layer of a side, m."""
    layer = getattr(case, side).support
    return 0.0 if layer is None else float(layer.thickness)


def _distances(case: Any, side: str, length: float) -> np.ndarray:
    """Distances from the membrane (m) that are drawn side by side at even steps: a support has a share of its own."""
    thickness = _thickness(case, side)
    pores = round(SUPPORT * POINTS) if thickness else 0
    through = np.linspace(0.0, thickness, pores, endpoint=False)
    return np.concatenate([through, np.linspace(thickness, thickness + length, POINTS - pores)])


def amounts_along(moment: Moment, side: str) -> dict[str, np.ndarray]:
    """Concentrations (mol/m^3) from left to right at even distances."""
    case, result, index = moment.case, moment.result, moment.index
    if result is None:
        distance = _distances(case, side, getattr(case, side).length)
        distance = np.maximum(distance - _thickness(case, side), 0.0)  # in the pores as at the membrane
        found = {}
        for name in case.solutes:
            given = getattr(case, side).concentration[name]
            values = np.array([given.at(x) if hasattr(given, "at") else given for x in distance], dtype=float)
            found[name] = values[::-1] if side == "left" else values
        return found
    here = result.arrays["side"] == side
    x = result.arrays["position"][index, here]
    reach = float(result.arrays["width"][index, here].sum())
    left, distance = side == "left", _distances(case, side, reach - _thickness(case, side))
    places = -distance[::-1] if left else distance
    walls = stored(result, f"wall_concentration_{side}_mol_per_m3")[index]
    found = {}
    for i, name in enumerate(case.solutes):
        values = result.arrays["concentration"][index, i, here]
        at, level = (
            (np.append(x, 0.0), np.append(values, walls[i]))
            if left
            else (
                np.append(0.0, x),
                np.append(walls[i], values),
            )
        )
        found[name] = np.interp(places, at, level)
    return found
