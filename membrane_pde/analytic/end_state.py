"""The end state: the equilibrium of two solutions, found without solving the transport equations."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_ROUND_OFF = 8 * float(np.finfo(float).eps)  # net driving pressure ÷ largest pressure below which it counts as zero
_FARTHEST = 1e100  # ratio of displaced to remaining volume at which the search ends


@dataclass(frozen=True)
class Equilibrium:
    """End state of two solutions, in which neither water nor permeating solutes flow.

    ``displaced_volume`` is X, the volume that has moved from left to right, per membrane area, in m; concentrations
    are in mol/m^3, shape (solute,); pressures in Pa. A value that is not unique or does not exist is None, and
    ``reason`` says why.
    """

    displaced_volume: float | None
    concentration_left: Array | None
    concentration_right: Array | None
    pressure_left: float | None
    pressure_right: float | None
    reason: str = ""


def equilibrium(
    pressures: Sequence[tuple[float, float]],
    *,
    length_left: float,
    length_right: float,
    amount_left: ArrayLike,
    amount_right: ArrayLike,
    passes: ArrayLike,
    reflection: ArrayLike,
    partition: ArrayLike,
    stiffness_left: float,
    stiffness_right: float,
    rigid: str,
    membrane: bool,
    water_passes: bool,
    osmotic_pressure: Callable[[Array], Array],
    reservoir: str = "",
    walls: tuple[bool, bool] = (False, False),
) -> list[Equilibrium]:
    """End states of two closed compartments, or of one beside a reservoir, one for each pair of applied pressures.

    Permeating solutes reach partition equilibrium (``c_R = K c_L``), the amounts of the others on each side are
    constant, and X is the volume at which the net driving pressure on the water is zero,

    ``0 = p_L - p_R - sum_s sigma_s (pi_s(c_L) - pi_s(c_R))``, ``p_L = p_L0 - k_L X``, ``p_R = p_R0 + k_R X``,

    with the lengths ``l_L - X`` and ``l_R + X``. The unknown is the ratio ``X/(l - X)`` of displaced to remaining
    volume of the side that shrinks: it keeps both accurate, however small one of them is. Newton's method with
    bracketing solves for it, from the end state of ideal solutions with the same osmotic pressures at the start. For
    ideal solutions the right-hand side decreases with X, so there is at most one root.

    A reservoir keeps its concentrations and its pressure, and can supply any volume. Permeating solutes reach partition
    equilibrium with it. Beside a piston at equal pressures ``V = n/c``: the amount (osmol) of impermeable solutes in
    the closed compartment divided by their osmolarity in the reservoir.

    An elastic wall goes slack instead of exerting a negative pressure. The net driving pressure decreases with X
    whether a wall is taut or slack. So both are tried, and the end state is the one in which every wall is as assumed.

    Parameters
    ----------
    pressures : sequence of (float, float)
        Pressures applied on the left and on the right at the end, Pa. That of a rigid side is not used.
    length_left, length_right : float
        Volumes per membrane area at X = 0, m.
    amount_left, amount_right : array_like, shape (solute,)
        mol/m^2.
    passes : array_like of bool, shape (solute,)
        True if the permeability is above zero.
    reflection, partition : array_like, shape (solute,)
        sigma; K = c_R/c_L at equilibrium (other than 1 only if water does not pass).
    stiffness_left, stiffness_right : float
        Increase of the pressure ÷ increase of the length, Pa/m; for a standpipe rho g divided by the area of the tube
        per membrane area, for a piston 0.
    rigid : {"", "left", "right"}
        The side of constant volume: X = 0, and its pressure is that of the other side plus the difference that balances
        ``sum sigma pi``.
    membrane : bool
        False: the partition is removed, all solutes mix and X = 0.
    water_passes : bool
        False: X = 0; the pressure of a rigid side is then that of the other side.
    osmotic_pressure : callable
        Takes concentrations (..., solute) in mol/m^3 and returns each solute's share of the osmotic pressure in Pa, in
        the same shape.
    reservoir : {"", "left", "right"}
        The side with constant concentrations, which are its amounts divided by its length; it has no stiffness and is
        not rigid.
    walls : tuple of bool
        True if the stiffness on the left, on the right, is that of an elastic wall.

    Returns
    -------
    list of Equilibrium
        With None and a reason in three cases. A side runs dry (no root with both volumes positive) or, beside a
        reservoir, takes up water without limit. Any X is an equilibrium (pistons at equal pressures, only permeating
        solutes); the concentrations are still given. The end depends on the path (water flows and carries a solute with
        P = 0 and sigma < 1).
    """
    n_left, n_right = np.asarray(amount_left, float).tolist(), np.asarray(amount_right, float).tolist()
    permeates = [bool(each) or not membrane for each in np.asarray(passes).tolist()]
    k = np.asarray(partition, float).tolist() if membrane else [1.0] * len(permeates)
    start = (math.inf if reservoir == "left" else length_left, math.inf if reservoir == "right" else length_right, 0.0)
    held = None
    if reservoir:
        n, length = (n_left, length_left) if reservoir == "left" else (n_right, length_right)
        held = [each / length for each in n]
    sides = _Sides(
        start,
        list(zip(n_left, n_right, permeates, k, strict=True)),
        [not passing and a + b > 0.0 for a, b, passing in zip(n_left, n_right, permeates, strict=True)],
        np.asarray(reflection, float).tolist(),
        (stiffness_left, stiffness_right),
        osmotic_pressure,
        held,
        walls,
    )
    if not (membrane and water_passes):
        return [sides.end(sides.start, left, right, rigid) for left, right in pressures]
    (first,) = sides.osmotic(sides.start)
    if rigid:
        return [sides.end(sides.start, left, right, rigid, first.difference) for left, right in pressures]
    if any(stays and s < 1.0 for stays, s in zip(sides.staying, sides.reflection, strict=True)):
        reason = "the end depends on the path: water carries a solute through the membrane that cannot diffuse back"
        return [_no_end(reason)] * len(pressures)
    return [_balanced_between_walls(sides, first, left, right) for left, right in pressures]


_State = tuple[float, float, float]  # length left, length right, X


@dataclass(slots=True)
class _Osmotic:
    """Osmotic pressures weighted by the reflection coefficients, Pa.

    `difference` is left minus right, summed over all solutes; `left` and `right` are the sums over the solutes that
    stay on their side.
    """

    difference: float
    left: float
    right: float


@dataclass(frozen=True)
class _Sides:
    """Two compartments, as given to `equilibrium`.

    `solutes` has for each solute the amounts left and right, whether it permeates, and K. `staying` is True for the
    solutes that are present and do not permeate. `held` are the concentrations of a reservoir, the side of infinite
    length.
    """

    start: _State
    solutes: list[tuple[float, float, bool, float]]
    staying: list[bool]
    reflection: list[float]
    stiffness: tuple[float, float]
    osmotic_pressure: Callable[[Array], Array]
    held: list[float] | None = None
    walls: tuple[bool, bool] = (False, False)

    def resists(self) -> tuple[bool, bool]:
        """(left, right): True for a side with an impermeable solute, which keeps the side from running dry."""
        both = list(zip(self.solutes, self.staying, strict=True))
        left, right = (any(stays and solute[i] > 0.0 for solute, stays in both) for i in (0, 1))
        return left, right

    def concentrations(self, left: float, right: float) -> tuple[list[float], list[float]]:
        """Concentrations on the left and on the right at the lengths of the two sides."""
        if self.held is not None:
            return self._beside_reservoir(left, right, self.held)
        c_left, c_right = [], []
        for a, b, permeates, k in self.solutes:
            if permeates:
                c_left.append((a + b) / (left + k * right))
                c_right.append(k * c_left[-1])
            else:  # the length is 0 only if no solute stays on that side
                c_left.append(a / left if a > 0.0 else 0.0)
                c_right.append(b / right if b > 0.0 else 0.0)
        return c_left, c_right

    def _beside_reservoir(self, left: float, right: float, held: list[float]) -> tuple[list[float], list[float]]:
        """Concentrations beside a reservoir, the side that is infinitely long at the start."""
        on_right = math.isinf(self.start[1])
        closed = []
        for (a, b, permeates, k), outside in zip(self.solutes, held, strict=True):
            if permeates:
                closed.append(outside / k if on_right else outside * k)
            else:
                amount, length = (a, left) if on_right else (b, right)
                closed.append(amount / length if amount > 0.0 else 0.0)
        return (closed, list(held)) if on_right else (list(held), closed)

    def osmotic(self, *states: _State) -> list[_Osmotic]:
        """Osmotic pressures in each state."""
        rows = [c for left, right, _ in states for c in self.concentrations(left, right)]
        pi = np.asarray(self.osmotic_pressure(np.array(rows))).tolist()
        answers = []
        for pi_left, pi_right in zip(pi[::2], pi[1::2], strict=True):
            difference = stays_left = stays_right = 0.0
            for s, left, right, stays in zip(self.reflection, pi_left, pi_right, self.staying, strict=True):
                difference += s * (left - right)  # solute by solute: equal concentrations cancel exactly
                if stays:
                    stays_left, stays_right = stays_left + s * left, stays_right + s * right
            answers.append(_Osmotic(difference, stays_left, stays_right))
        return answers

    def pressing(self, moved: float, left: float, right: float) -> tuple[float, float]:
        """Pressures on both sides, Pa, under applied pressures `left` and `right` after a volume `moved`."""
        left, right = left - self.stiffness[0] * moved, right + self.stiffness[1] * moved
        return max(left, 0.0) if self.walls[0] else left, max(right, 0.0) if self.walls[1] else right

    def force(self, osmotic: _Osmotic, moved: float, left: float, right: float) -> tuple[float, float]:
        """Net driving pressure on the water, left to right, under applied pressures, and its round-off (Pa)."""
        p_left, p_right = self.pressing(moved, left, right)
        size = abs(p_left) + abs(p_right) + abs(osmotic.left) + abs(osmotic.right)
        return p_left - p_right - osmotic.difference, _ROUND_OFF * size

    def end(self, state: _State, left: float, right: float, rigid: str = "", osmotic: float = 0.0) -> Equilibrium:
        """End state with given lengths and applied pressures; the pressure of a rigid side balances `osmotic`."""
        c_left, c_right = self.concentrations(*state[:2])
        p_left, p_right = self.pressing(state[2], left, right)
        if rigid == "left":
            p_left = p_right + osmotic
        elif rigid == "right":
            p_right = p_left - osmotic
        return Equilibrium(state[2], np.array(c_left), np.array(c_right), p_left, p_right)


def _balanced_between_walls(sides: _Sides, first: _Osmotic, pressure_left: float, pressure_right: float) -> Equilibrium:
    """`_balanced` for sides that may have elastic walls, each of which is taut or slack (at pressure 0)."""
    if not any(sides.walls):
        return _balanced(sides, first, pressure_left, pressure_right)
    pressures = pressure_left, pressure_right
    tried: list[Equilibrium] = []
    choices = [(False, True) if wall else (False,) for wall in sides.walls]
    for slack in [(left, right) for left in choices[0] for right in choices[1]]:
        left, right = (0.0 if loose else each for loose, each in zip(slack, pressures, strict=True))
        k_left, k_right = (0.0 if loose else each for loose, each in zip(slack, sides.stiffness, strict=True))
        end = _balanced(replace(sides, stiffness=(k_left, k_right), walls=(False, False)), first, left, right)
        tried.append(end)
        if end.displaced_volume is None:
            continue
        gains = -end.displaced_volume, end.displaced_volume  # volume gained by the left side, by the right side
        stretched = [p + k * gained for p, k, gained in zip(pressures, sides.stiffness, gains, strict=True)]
        walls = list(zip(slack, sides.walls, stretched, strict=True))
        if all(not wall or (pressure <= 0.0 if loose else pressure >= 0.0) for loose, wall, pressure in walls):
            return _unless_any_volume(sides, end, stretched)
    return tried[0] if "dry" in tried[0].reason or "without end" in tried[0].reason else tried[-1]


def _unless_any_volume(sides: _Sides, end: Equilibrium, stretched: Sequence[float]) -> Equilibrium:
    """Leave out the displaced volume if it is arbitrary: all walls are slack, and all solutes present permeate.

    `stretched` are the pressures on both sides, Pa, if walls could be under tension.
    """
    stays = zip(sides.resists(), sides.start[:2], strict=True)
    if not any(sides.walls) or any(there for there, length in stays if math.isfinite(length)):
        return end
    for pressure, k, length, wall in zip(stretched, sides.stiffness, sides.start[:2], sides.walls, strict=True):
        if k > 0.0 and not (wall and pressure <= 1e-9 * k * length):
            return end
    reason = "all walls are slack and every solute can pass, so any displaced volume is an equilibrium"
    return replace(end, displaced_volume=None, reason=reason)


def _balanced(sides: _Sides, first: _Osmotic, pressure_left: float, pressure_right: float) -> Equilibrium:
    """End state of zero net driving pressure on the water; `first` are the osmotic pressures at the start."""
    (length_left, length_right, _), stiffness, resists = sides.start, sum(sides.stiffness), sides.resists()
    force, round_off = sides.force(first, 0.0, pressure_left, pressure_right)
    if abs(force) <= round_off:
        end = sides.end(sides.start, pressure_left, pressure_right)
        closed = [stays for stays, length in zip(resists, sides.start[:2], strict=True) if math.isfinite(length)]
        if stiffness == 0.0 and not any(closed):
            reason = "the pressures are equal and every solute can pass, so any displaced volume is an equilibrium"
            return replace(end, displaced_volume=None, reason=reason)
        return end

    from_left = force > 0.0
    sign = 1.0 if from_left else -1.0
    shrinking, growing = (length_left, length_right) if from_left else (length_right, length_left)

    endless = math.isinf(shrinking)  # a reservoir; the unknown is then X divided by the length of the other side

    def at(ratio: float) -> _State:
        moved, rest = shrinking * ratio / (1.0 + ratio), shrinking / (1.0 + ratio)
        if endless:
            moved, rest = growing * ratio, shrinking
        return (rest, growing + moved, moved) if from_left else (growing + moved, rest, -moved)

    never = _no_end(f"the {'left' if from_left else 'right'} side runs dry before the forces balance")
    if endless:
        never = _no_end(f"the {'right' if from_left else 'left'} side takes up water from the reservoir without end")
        if stiffness == 0.0:  # does the driving pressure stay positive in the limit of infinite dilution?
            full = (shrinking, math.inf, 0.0) if from_left else (math.inf, shrinking, 0.0)
            force, round_off = sides.force(sides.osmotic(full)[0], 0.0, pressure_left, pressure_right)
            if sign * force >= -round_off:
                return never
    elif not resists[0 if from_left else 1]:
        # no solute keeps this side from running dry; the driving pressure may still change sign before
        whole = growing + shrinking
        empty = (0.0, whole, shrinking) if from_left else (whole, 0.0, -shrinking)
        (last,) = sides.osmotic(empty)
        force, round_off = sides.force(last, empty[2], pressure_left, pressure_right)
        if sign * force >= -round_off:
            return never

    push = sign * (pressure_left - pressure_right)
    pull, other = (first.left, first.right) if from_left else (first.right, first.left)
    if endless:
        ratio = _ideal_growth(push - pull, other, stiffness * growing)
    else:
        ratio = _ideal_ratio(push, stiffness, shrinking, growing, pull, other)
    low, high, before = 0.0, math.inf, math.inf
    with np.errstate(over="ignore", invalid="ignore"):  # if pi decreases with c, the ratio may overflow
        while ratio < _FARTHEST:
            state = at(ratio)
            rest, length = state[:2] if from_left else (state[1], state[0])
            step = 1e-6 * (1.0 + ratio) * (1.0 if endless else min(1.0, length / rest))  # relative to the shorter side
            further = at(ratio + step)
            here, beyond = sides.osmotic(state, further)
            force, round_off = sides.force(here, state[2], pressure_left, pressure_right)
            slope = (sides.force(beyond, further[2], pressure_left, pressure_right)[0] - force) * sign / step
            force *= sign
            low, high = (ratio, high) if force > 0.0 else (low, ratio)
            following = ratio - force / slope if slope < 0.0 else ratio
            if abs(force) <= round_off:  # the last step of Newton's method
                return sides.end(at(following), pressure_left, pressure_right)
            if not low < following < high or (high < math.inf and abs(force) > 0.5 * before):
                following = math.sqrt(max(low, 1e-3 * high)) * math.sqrt(high) if high < math.inf else 1.0 + 2.0 * ratio
            if following in (low, high):
                return sides.end(state, pressure_left, pressure_right)
            ratio, before = min(following, 1e3 * (1.0 + ratio)), abs(force)
    return never


def _ideal_ratio(push: float, stiffness: float, shrinking: float, growing: float, pull: float, other: float) -> float:
    """Ratio ``w = X/(l_s - X)`` at which ``p - k X = pi_s l_s/(l_s - X) - pi_g l_g/(l_g + X)``.

    The difference of the two sides decreases with w and is convex, so Newton's iterates from X = 0 approach the root
    from below. Returns 0 if there is no root.
    """
    ratio = 0.0
    for _ in range(100):  # an almost empty side takes dozens of steps, each of which doubles the ratio
        moved = shrinking * ratio / (1.0 + ratio)
        length = growing + moved
        far = other * growing / length if math.isfinite(growing) else other
        force = push - stiffness * moved - pull * (1.0 + ratio) + far
        slope = pull + (stiffness + far / length) * shrinking / (1.0 + ratio) / (1.0 + ratio)
        if force <= 0.0 or slope <= 0.0 or ratio + force / slope == ratio:
            break
        ratio += force / slope
    return ratio if ratio < _FARTHEST else 0.0


def _ideal_growth(push: float, pull: float, stiffness: float) -> float:
    """The root ``w > 0`` of ``p + pi/(1 + w) - k w = 0``: X divided by the length of a side that a reservoir feeds.

    It solves the quadratic ``k w^2 + (k - p) w - (p + pi) = 0`` with ``p + pi > 0``. Returns 0 if there is no root.
    """
    half = 0.5 * (stiffness - push)
    root = math.sqrt(half * half + stiffness * (push + pull))
    if half > 0.0:
        return (push + pull) / (half + root)
    return (root - half) / stiffness if stiffness > 0.0 else 0.0


def _no_end(reason: str) -> Equilibrium:
    return Equilibrium(None, None, None, None, None, reason)
