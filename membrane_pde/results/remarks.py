"""Sentences of the `message` of a run: why it stopped, and what a real membrane or cell would have done."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from membrane_pde.analytic import Equilibrium
from membrane_pde.input import limits
from membrane_pde.input.case import Case
from membrane_pde.input.parts import SIDES
from membrane_pde.input.properties import layer_gain

Vector = np.ndarray[Any, np.dtype[np.float64]]
NEAR = 1e-3  # distance to equilibrium below which a run is said to be at equilibrium
DRY = "runs dry before the forces balance"  # part of the reason why there is no equilibrium
GROWING_LAYER = "the unstirred layer around the growing membrane"  # part of the reason if a bath is too small for it
CHANGED_DIRECTION = "changed direction"  # part of the message, for which `show.sentences` searches
NOT_FOUND = "none was found"  # first words of a reason, for which `show.sentences` searches
_EMPTY = 1e-6  # volume of a bath ÷ initial volume at which it counts as empty, as in a run
_LITTLE = 0.05  # returned volume ÷ largest displacement below which the flow did not change direction

# A human red blood cell has 94 um^3 within 135 um^2 (Evans & Fung 1972), 0.41 of it no water (Ponder). A sphere of that
# area holds 147 um^3, so its water has doubled then (1.96). Half of the cells have burst in 0.42 to 0.46 % NaCl
# (clinical osmotic fragility), where the water would have grown 0.9/0.44 = 2.0-fold.
_BURST = 2.0
_DEEPEST = 1e-3  # largest depth of a biological cell, m; a larger side with this label is an apparatus
_RED_CELL, _CELL = "red-blood-cell", re.compile(r"\bcells?\b|\berythrocytes?\b", re.IGNORECASE)


def is_near(distance: float | None, moved: float, goal: float | None, shortest: float) -> bool:
    """True if a run ended within 0.1 % of equilibrium, also with the water that had to come back.

    Parameters
    ----------
    distance : float or None
        To equilibrium, 1 at the start; None or nan where there is none.
    moved, goal : float
        Displaced volume now and at equilibrium (None where any is), m.
    shortest : float
        Length of the shorter side, m.
    """
    if distance is None or not distance < NEAR:
        return False
    return goal is None or abs(moved - goal) <= NEAR * max(abs(goal), shortest)


def never(end: Equilibrium | None) -> str:
    """A sentence if a run can never reach equilibrium; "" if it can.

    It cannot if a side runs out of water first, or takes up water without limit.
    """
    if end is None or not (DRY in end.reason or end.reason.endswith("without end")):
        return ""
    return f"The two sides never balance: {end.reason.replace(DRY, 'would run out of water first')}."


def grown_layer(case: Case, side: str, moved: float) -> str:
    """A sentence if a bath ran dry as the layer around a growing membrane took up its liquid; else "".

    Parameters
    ----------
    case : Case
    side : str
        The side that ran dry.
    moved : float
        Displaced volume then, m.
    """
    gain = layer_gain(case, moved) if side == "right" else 0.0
    if gain <= 0.0:
        return ""
    return (
        f"{GROWING_LAYER.capitalize()} keeps its thickness of {_millimetres(case.right.length)}, so it took up "
        f"{_millimetres(gain)} of liquid from the bath ({_millimetres(case.right.volume or 0.0)} at the start), and "
        f"{_millimetres(-moved)} went through the membrane (volumes ÷ membrane area at the start)."
    )


def outgrown(case: Case, moved: float) -> str:
    """Reason if a displaced volume (m) is impossible, as the layer around the membrane would empty the bath; else "".

    Counts only what passes the membrane and what the layer gains, not what is fed into the bath or drawn from it.
    """
    right, gain = case.right, layer_gain(case, moved)
    if gain <= 0.0 or right.volume is None:
        return ""
    through = 0.0 if right.feed is not None and right.feed.flow is None else -moved  # a make-up feed replaces it
    if gain + through < right.volume * (1.0 - _EMPTY):
        return ""
    passing = f", while {_millimetres(through)} would go through the membrane" if through > 0.0 else ""
    return (
        f"the right side {DRY}: {GROWING_LAYER} keeps its thickness of "
        f"{_millimetres(right.length)} and would take up {_millimetres(gain)} of liquid{passing}, and the bath holds "
        f"{_millimetres(right.volume)} (volumes ÷ membrane area at the start)"
    )


def _millimetres(metres: float) -> str:
    return f"{1e3 * metres:.4g} mm"


def no_goal(end: Equilibrium) -> str:
    """A sentence on why a run has no equilibrium to compare with, or only that of its concentrations."""
    if end.concentration_left is not None:
        return f"{end.reason[0].upper()}{end.reason[1:]}."
    return never(end) or f"There is no equilibrium to compare with: {end.reason}."


def plasmolysis(case: Case, side: str, to_the_end: bool) -> str:
    """A sentence on a membrane that has come off the elastic wall of a side, at the end or only for a time."""
    label = getattr(case, side).label
    wall = f"the elastic wall on the {side}" + ("" if label == side else f" ({label})")
    if to_the_end:
        return f"The membrane has come off {wall}, which no longer presses on the liquid: plasmolysis."
    return f"For a time the membrane had come off {wall}: plasmolysis."


def changed_direction(case: Case, moved: Vector) -> str:
    """A sentence on a water flux that changed direction: how much water had moved, and how much of it came back.

    Parameters
    ----------
    case : Case
    moved : ndarray, shape (times,)
        Displaced volume at the stored times, m, left to right.
    """
    start = f"The water flux {CHANGED_DIRECTION} during the run"
    if case.left.pressure.oscillates or case.right.pressure.oscillates:
        return f"{start}."
    peak, end = float(moved[np.abs(moved).argmax()]), float(moved[-1])
    if abs(end) > (1.0 - _LITTLE) * abs(
        peak
    ):  # the end is the largest displacement: find the largest one in the other direction
        peak = float(moved.min() if end > 0.0 else moved.max())
        if abs(peak) <= NEAR * abs(end):
            return f"{start}."
    name = "right" if peak > 0.0 else "left"
    side = getattr(case, name)
    to = f"the {name}" + ("" if side.label == name else f" ({side.label})")
    amount = f"{1e3 * abs(peak):.3g} L/m²" if abs(peak) >= 1e-4 else f"{1e6 * abs(peak):.3g} mL/m²"
    what = f"{amount} of water moved to {to}"
    if side.far_end.drawing == "tube":
        what = f"water rose {100.0 * abs(peak) / side.tube_area:.3g} cm in the tube on {to}"
    back = 1.0 - end / peak
    if back > 1.0 + NEAR:
        return f"{start}: at first {what}."
    share = "all" if back > 1.0 - NEAR else f"{100.0 * back:.3g} %"
    return f"{start}: {what}, and then {share} of it came back."


def backflow(case: Case, side: str, at: float, clock: str, osmotic: tuple[float, float]) -> str:
    """A sentence on why water flows back in through an outflow, with both pressures, and what to try.

    Parameters
    ----------
    case : Case
    side : str
        The side with the outflow.
    at : float
        When, s.
    clock : str
        The same for a person.
    osmotic : pair of float
        ``Σσπ`` at the membrane then, left and right, Pa.
    """
    other = "right" if side == "left" else "left"
    last = f'say what flows back: {side}.backflow = "last" for the same liquid'
    through = f"in through the outflow on the {side}"
    for name in SIDES:
        if getattr(case, name).pressure.flux:
            return (
                f"At {clock} the water flux that {name}.pressure.flux prescribes draws liquid {through}. "
                f"{last[0].upper()}{last[1:]}."
            )
    pressures = [getattr(case, name).pressure.at(at) for name in SIDES]
    sign = 1.0 if side == "right" else -1.0
    applied, needed = sign * (pressures[0] - pressures[1]), sign * (osmotic[0] - osmotic[1])
    against = "osmotic pressure" if min(osmotic) <= 1e-3 * max(osmotic) else "difference of the osmotic pressures"
    if any(numbers.reflection < 1.0 for numbers in case.membrane.solutes.values()):
        against = f"effective {against} (reflection coefficient times osmotic pressure)"
    more = f" more on the {other} than on the {side}" if pressures[SIDES.index(side)] else ""
    if at > 0.0:
        had, met = _bars(applied, max(needed, applied))  # at a turn they are equal, but for what the tolerance leaves
        return (
            f"At {clock} the pressure applied, {had}{more}, was no more than the {against} at the membrane, "
            f"{met}: water began to flow back {through}. Apply more, or {last}."
        )
    flowing = f"water would flow backwards, {through}"
    if applied < 0.0:
        why = f"The pressure on the {side} is {_bar(-applied)} higher than on the {other}: {flowing}."
    elif applied == 0.0:
        why = f"No pressure is applied against the {against}, {_bar(needed)}: {flowing}."
    else:
        had, met = _bars(applied, needed)
        why = f"{had}{more} is less than the {against}, {met}: {flowing}."
    least = _bar(max(needed, 0.0), up=True)
    hint = (
        f"Press the {other} by more than {least} above the {side}"
        if more
        else f"Apply more than {least} on the {other}"
    )
    if max(len(case.left.pressure.values), len(case.right.pressure.values)) > 1:
        hint += " from the start"
    return f"{why} {hint}, or {last}."


def _bars(less: float, more: float) -> tuple[str, str]:
    """Two pressures in bar, with as many digits as tell them apart where they differ by more than 1e-6 of the size."""
    digits = 3
    while digits < 8 and more - less > 1e-6 * abs(more) and f"{less:.{digits}g}" == f"{more:.{digits}g}":
        digits += 1
    return f"{less * 1e-5:.{digits}g} bar", f"{more * 1e-5:.{digits}g} bar"


def _bar(pascal: float, up: bool = False) -> str:
    """A pressure in bar with three digits; `up`: the last of them rounded up."""
    bar = pascal * 1e-5
    if up and bar > 0.0:
        size = 10.0 ** (math.floor(math.log10(bar)) - 2)
        bar = math.ceil(bar / size * (1.0 - 1e-12)) * size
    return f"{bar:.3g} bar"


def internal_polarization(
    case: Case,
    standing: Sequence[Vector],
    walls: Sequence[Vector],
    between: tuple[float, float],
    across: tuple[float, float],
) -> list[str]:
    """Sentences on the concentration across each support layer, and on the osmotic pressure that it leaves.

    Parameters
    ----------
    case : Case
    standing, walls : pair of ndarray, shape (solutes,)
        Concentrations of both solutions and at the membrane, left and right, mol/m^3.
    between, across : pair of float
        ``Σσπ`` of the two solutions, and on the two sides of the membrane, Pa.

    Returns
    -------
    list of str
        A sentence for each support layer across which a concentration changes by more than 0.1 %.
    """
    sentences = []
    for index, name in enumerate(SIDES):
        side, (here, there) = getattr(case, name), (standing[index], walls[index])
        if side.support is None:
            continue
        changes = np.abs(there - here) * [solute.dissociation for solute in case.solutes.values()]
        s = int(changes.argmax())
        before, after = float(here[s]), float(there[s])
        if abs(after - before) <= NEAR * max(before, after):
            continue
        solute, mass = list(case.solutes)[s], list(case.solutes.values())[s].molar_mass
        where = f"the support layer on the {name}" + ("" if side.label == name else f" ({side.label})")
        sentences.append(
            f"Internal concentration polarization: across {where} {solute} {'falls' if after < before else 'rises'} "
            f"from {limits.in_words(before, mass)} to {limits.in_words(after, mass)} at the membrane."
        )
    whole, left = between[1] - between[0], across[1] - across[0]
    if sentences and abs(whole) > NEAR * max(between) and 0.0 < left / whole < 1.0:
        sentences.append(
            f"Of the osmotic pressure difference between the two solutions {100.0 * left / whole:.3g} % acts across "
            "the membrane."
        )
    return sentences


def burst(case: Case, growth: tuple[float, float]) -> str:
    """A sentence if a real cell would have burst, because its water has grown too much; else "".

    A side counts as a cell if it is closed, has no stiff wall, is less than a millimetre deep, and is labelled as a
    cell or has the membrane of a red blood cell (then the smaller one of the two sides). Its membrane folds and
    unfolds at constant area. Of a curved membrane, whose area grows, no limit is known.

    Parameters
    ----------
    case : Case
    growth : pair of float
        Largest volume of each side during the run, over that at the start.
    """
    if case.left.radius is not None:
        return ""
    sides = {name: getattr(case, name) for name in SIDES}
    soft = [name for name, side in sides.items() if side.boundary == "piston" and side.length < _DEEPEST]
    cells = [name for name in soft if _CELL.search(sides[name].label)]
    if not cells and soft and case.membrane.type == _RED_CELL:
        cells = [min(soft, key=lambda name: sides[name].length)]
    for name in cells:
        if (times := growth[SIDES.index(name)]) > _BURST:
            label = sides[name].label
            return (
                f"The water on the {name}{'' if label == name else f' ({label})'} has grown {times:.3g}-fold. A real "
                "cell would have burst: with twice its water a red blood cell is a sphere, the largest volume "
                "that its membrane can enclose."
            )
    return ""
