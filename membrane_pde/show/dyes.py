"""Colours of solutes: each is drawn as a dye, so that a liquid is darker where there is more of it.

A dye of a concentration c lets through the share ``T^(c/c₀)`` of the light (Beer and Lambert), T the colour of the dye
at its reference concentration c₀; several dyes in one liquid multiply. c₀ follows from what a case is filled and fed
with, not from a run, so that the same solution has the same colour at every pressure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from membrane_pde.show import drawing, formatting, readings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = (
    "#4FA3D8",
    "#EBA54A",
    "#C987B4",
    "#67BE94",
)  # light that a solution of the reference concentration lets through
ARROWS = ("#0B6FB0", "#C97A00", "#A3467F", "#00794F")  # the same four colours for arrows and dots
WATER = "#EFF5F8"  # pure water, distinct from the white of air
NONE = "#8A8A8A"  # colour of a solute without a dye
RANGE = 3.0  # largest concentration of the key ÷ reference concentration
_KEYS: WeakKeyDictionary[Axes, tuple[Any, ...]] = WeakKeyDictionary()  # contents of each key
_STEPS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True)
class Dye:
    """Colour scale of a solute.

    Attributes
    ----------
    colour, arrow : str
        Of a solution of the reference concentration, and of an arrow or a molecule of a gas.
    reference : float
        Reference concentration, mol/m^3.
    unit : str
        Of the numbers of the key.
    factor : float
        Number of the unit in one mol/m^3.
    strength : float
        1 for a single dye; less where several may stand in one liquid, which would be black otherwise.
    """

    colour: str
    arrow: str
    reference: float
    unit: str
    factor: float
    strength: float


def round_up(value: float) -> float:
    """The next round number (1, 1.5, 2, 3, 4, 5, 6, 8, 10, …)."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(each for each in _STEPS if each >= value / power * (1.0 - 1e-9)) * power)


def dyes(cases: Iterable[Any]) -> dict[str, Dye]:
    """A dye for each of the most concentrated solutes, four at most, the same in all these cases.

    Parameters
    ----------
    cases : iterable of Case

    Returns
    -------
    dict
        By solute, in the order of the cases.
    """
    several = list(cases)
    tops: dict[str, float] = {}
    owner: dict[str, Any] = {}
    for case in several:
        for name in case.solutes:
            tops[name] = max(tops.get(name, 0.0), given(case, name))
            owner.setdefault(name, case)
    chosen = sorted((name for name in tops if tops[name] > 0.0), key=lambda name: -tops[name])[: len(COLOURS)]
    found, together = {}, max(sum(name in case.solutes for name in chosen) for case in several)
    strength = max(together, 1) ** -0.7
    for place, name in enumerate(name for name in tops if name in chosen):
        unit, factors = readings.concentration_unit(owner[name], [name], tops[name])
        reference = round_up(tops[name] * factors[name]) / factors[name]
        found[name] = Dye(COLOURS[place], ARROWS[place], reference, unit, factors[name], strength)
    return found


def given(case: Any, name: str) -> float:
    """The highest concentration of a solute that a case is filled or fed with, mol/m^3."""
    found = [0.0]
    for side in (getattr(case, each) for each in readings.SIDES):
        value = side.concentration[name]
        found += list(value.value) if hasattr(value, "value") else [float(value)]
        if (feed := getattr(side, "feed", None)) is not None:
            found.append(float(feed.concentration[name]))
        if isinstance(backflow := getattr(side, "backflow", None), Mapping):
            found.append(float(backflow[name]))
    return max(found)


def blend(amounts: Mapping[str, np.ndarray], dyed: Mapping[str, Dye]) -> np.ndarray:
    """Colours (points, 3) of liquids that hold these concentrations (mol/m^3); solutes without a dye do not colour."""
    from matplotlib.colors import to_rgb

    points = len(next(iter(amounts.values())))
    light = np.tile(to_rgb(WATER), (points, 1))
    for name, dye in dyed.items():
        if name in amounts:
            share = np.clip(np.asarray(amounts[name], dtype=float) / dye.reference, 0.0, None)
            light *= np.array(to_rgb(dye.colour)) ** (dye.strength * share[:, None])
    return light


def key(ax: Axes, dyed: Mapping[str, Dye], left: float, right: float, top: float, size: float) -> None:
    """Draw the colour scale of each dye from `left` to `right` below `top`, in text of this size (points)."""
    shown = (left, right, top, size, tuple(dyed.items()))
    if _KEYS.get(ax) == shown:
        return
    for artist in drawing.visible_artists(ax):
        if artist.get_gid().startswith("key"):
            artist.set_visible(False)
    _KEYS[ax] = shown
    if not dyed:
        return
    room = (right - left) / max(len(dyed), 2)
    start = 0.5 * (left + right) - 0.5 * room * len(dyed)
    for place, (name, dye) in enumerate(dyed.items()):
        x0, x1 = start + (place + 0.12) * room, start + (place + 0.88) * room
        style: dict[str, Any] = {"fontsize": size, "color": "0.25"}
        words = f"{name} ({dye.unit})"
        drawing.text(ax, f"key {name}", 0.5 * (x0 + x1), top, words, ha="center", va="top", **style)
        amounts = np.linspace(0.0, RANGE * dye.reference, 64)
        y1 = top - 0.085
        drawing.shading(ax, f"key bar {name}", blend({name: amounts}, {name: dye}), (x0, x1, y1 - 0.045, y1), zorder=2)
        frame: dict[str, Any] = {"facecolor": "none", "edgecolor": "0.5", "lw": 0.6, "zorder": 3}
        drawing.rectangle(ax, f"key frame {name}", (x0, y1 - 0.045), x1 - x0, 0.045, **frame)
        for step in range(int(RANGE) + 1):
            number = formatting.number(step * dye.reference * dye.factor, digits=3)
            end = "+" if step == int(RANGE) else ""
            x = x0 + (x1 - x0) * step / RANGE
            drawing.text(ax, f"key {name} {step}", x, y1 - 0.055, number + end, ha="center", va="top", **style)
