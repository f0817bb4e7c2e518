"""End states and exact solutions, found without the PDE: the independent judge of the solver.

Nothing of the solver is imported here, and the osmotic pressure is either handed in or ideal. Index 1 is
left, 2 is right, and a flux is positive from left to right.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_EPS = float(np.finfo(float).eps)
_ROUND_OFF = 8 * _EPS  # a balance this small beside its terms is zero
_FARTHEST = 1e100  # displaced over remaining volume at which the search ends


@dataclass(frozen=True)
class Equilibrium:
    """Where two solutions end when nothing that can pass flows any more.

    ``displaced_volume`` is X in m, left to right; concentrations in mol/m^3, shape (solute,); pressures
    in Pa. What is not unique or does not exist is None, and ``reason`` says why.
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
    """End states of two closed compartments, or of one beside a reservoir, under each of some pressures.

    Solutes that pass end level (``c_R = K c_L``), the others keep their amounts on each side, and X solves
    the balance of forces on the water

    ``0 = p_L - p_R - sum_s sigma_s (pi_s(c_L) - pi_s(c_R))``, ``p_L = p_L0 - k_L X``, ``p_R = p_R0 + k_R X``,

    with the lengths ``l_L - X`` and ``l_R + X``. It is solved for the odds ``X/(l - X)`` of the side that shrinks,
    which keep X and what is left of that side accurate however small one of them is: by Newton's method, its steps
    kept between what is known to lie on either side, from where ideal solutions of these osmotic pressures would
    end. For those the right-hand side falls with X, so there is at most one root.

    A reservoir holds its concentrations and its pressure, and can give any volume: solutes that pass end level
    with it, and beside a piston at equal pressures ``V = n/c``: the osmoles that stay in the closed compartment over
    the osmolarity of what stays in the reservoir.

    An elastic wall presses and does not pull: its side's pressure is never below 0. Since the balance of forces falls
    with X whether a wall presses or not, the end is found by trying both, and holds where the walls are as was assumed.

    Parameters
    ----------
    pressures : sequence of (float, float)
        Applied on the left and on the right at the end, Pa. A rigid side's is not used.
    length_left, length_right : float
        Volumes per membrane area at X = 0, m.
    amount_left, amount_right : array_like, shape (solute,)
        mol/m^2.
    passes : array_like of bool, shape (solute,)
        Permeability above zero.
    reflection, partition : array_like, shape (solute,)
        sigma; K = c_R/c_L at equilibrium (not 1 only where water does not pass).
    stiffness_left, stiffness_right : float
        Pressure gained per length gained, Pa/m: rho g over the tube's area per membrane area; 0 for a piston.
    rigid : {"", "left", "right"}
        The side that holds its volume: X = 0, and its pressure is the other's plus what balances
        ``sum sigma pi``.
    membrane : bool
        False: the partition is removed, everything mixes and X = 0.
    water_passes : bool
        False: X = 0; a rigid side's pressure is then the other's.
    osmotic_pressure : callable
        Concentrations (..., solute) in mol/m^3 to each solute's share of the osmotic pressure, in Pa and that shape.
    reservoir : {"", "left", "right"}
        The side that holds its concentrations, which are its amounts over its length; it has no stiffness and is not
        rigid.
    walls : tuple of bool
        The stiffness on the left, on the right, is that of an elastic wall.

    Returns
    -------
    list of Equilibrium
        With None and a reason where a side runs dry (no root with both volumes positive) or, beside a reservoir, takes
        up water without end, where any X will
        do (equal pressures, pistons, only solutes that pass: the concentrations are still given), and where
        the end depends on the path (water flows and carries a solute with P = 0 and sigma < 1).
    """
    n_left, n_right = np.asarray(amount_left, float).tolist(), np.asarray(amount_right, float).tolist()
    level = [bool(each) or not membrane for each in np.asarray(passes).tolist()]
    k = np.asarray(partition, float).tolist() if membrane else [1.0] * len(level)
    start = (math.inf if reservoir == "left" else length_left, math.inf if reservoir == "right" else length_right, 0.0)
    held = None
    if reservoir:
        n, length = (n_left, length_left) if reservoir == "left" else (n_right, length_right)
        held = [each / length for each in n]
    sides = _Sides(
        start,
        list(zip(n_left, n_right, level, k, strict=True)),
        [not levels and a + b > 0.0 for a, b, levels in zip(n_left, n_right, level, strict=True)],
        np.asarray(reflection, float).tolist(),
        (stiffness_left, stiffness_right),
        osmotic_pressure,
        held,
        walls,
    )
    if not (membrane and water_passes):
        return [
            replace(
                sides.end(sides.start, left, right),
                pressure_left=right if rigid == "left" else left,
                pressure_right=left if rigid == "right" else right,
            )
            for left, right in pressures
        ]
    (first,) = sides.pulls(sides.start)
    if rigid == "left":
        return [
            replace(sides.end(sides.start, left, right), pressure_left=right + first.osmotic)
            for left, right in pressures
        ]
    if rigid == "right":
        return [
            replace(sides.end(sides.start, left, right), pressure_right=left - first.osmotic)
            for left, right in pressures
        ]
    if any(stays and s < 1.0 for stays, s in zip(sides.staying, sides.reflection, strict=True)):
        reason = "the end depends on the path: the water drags a solute along that cannot diffuse back"
        return [_none(reason)] * len(pressures)
    return [_balanced_between_walls(sides, first, left, right) for left, right in pressures]


_State = tuple[float, float, float]  # length left, length right, X


@dataclass(slots=True)
class _Pulls:
    """Osmotic pressure left over right, as far as it counts, and what holds the water back on each side (Pa)."""

    osmotic: float
    left: float
    right: float


@dataclass(frozen=True)
class _Sides:
    """Two compartments: what `equilibrium` is told of them.

    Of each solute `solutes` has the amounts left and right, whether it levels, and K; `staying` are those that are
    there and do not level; `held` are the concentrations of a reservoir, the side whose length is infinite.
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
        """Some solute stays on the left, on the right: that side is the harder to empty the less is left of it."""
        both = list(zip(self.solutes, self.staying, strict=True))
        left, right = (any(stays and solute[i] > 0.0 for solute, stays in both) for i in (0, 1))
        return left, right

    def concentrations(self, left: float, right: float) -> tuple[list[float], list[float]]:
        """Of the solutes, at some lengths."""
        if self.held is not None:
            return self._beside_reservoir(left, right, self.held)
        c_left, c_right = [], []
        for a, b, levels, ratio in self.solutes:
            if levels:
                c_left.append((a + b) / (left + ratio * right))
                c_right.append(ratio * c_left[-1])
            else:  # an empty side (length 0) is only asked for when nothing stays there
                c_left.append(a / left if a > 0.0 else 0.0)
                c_right.append(b / right if b > 0.0 else 0.0)
        return c_left, c_right

    def _beside_reservoir(self, left: float, right: float, held: list[float]) -> tuple[list[float], list[float]]:
        """Of the solutes, where the side that is infinitely long at the start holds its own."""
        on_right = math.isinf(self.start[1])
        closed = []
        for (a, b, levels, ratio), outside in zip(self.solutes, held, strict=True):
            if levels:
                closed.append(outside / ratio if on_right else outside * ratio)
            else:
                amount, length = (a, left) if on_right else (b, right)
                closed.append(amount / length if amount > 0.0 else 0.0)
        return (closed, list(held)) if on_right else (list(held), closed)

    def pulls(self, *states: _State) -> list[_Pulls]:
        """What the solutes do to the water in each state."""
        rows = [c for left, right, _ in states for c in self.concentrations(left, right)]
        pi = np.asarray(self.osmotic_pressure(np.array(rows))).tolist()
        answers = []
        for pi_left, pi_right in zip(pi[::2], pi[1::2], strict=True):
            osmotic = pull_left = pull_right = 0.0
            for s, left, right, stays in zip(self.reflection, pi_left, pi_right, self.staying, strict=True):
                osmotic += s * (left - right)  # solute by solute, so that those that are level cancel exactly
                if stays:
                    pull_left, pull_right = pull_left + s * left, pull_right + s * right
            answers.append(_Pulls(osmotic, pull_left, pull_right))
        return answers

    def pressing(self, moved: float, left: float, right: float) -> tuple[float, float]:
        """Pressures on both sides, of some applied ones, when a volume has moved (Pa)."""
        left, right = left - self.stiffness[0] * moved, right + self.stiffness[1] * moved
        return max(left, 0.0) if self.walls[0] else left, max(right, 0.0) if self.walls[1] else right

    def force(self, pull: _Pulls, moved: float, left: float, right: float) -> tuple[float, float]:
        """Force on the water from left to right under some applied pressures, and its round-off (Pa)."""
        p_left, p_right = self.pressing(moved, left, right)
        size = abs(p_left) + abs(p_right) + abs(pull.left) + abs(pull.right)
        return p_left - p_right - pull.osmotic, _ROUND_OFF * size

    def end(self, state: _State, left: float, right: float) -> Equilibrium:
        """A state as the end under some applied pressures."""
        c_left, c_right = self.concentrations(*state[:2])
        return Equilibrium(state[2], np.array(c_left), np.array(c_right), *self.pressing(state[2], left, right))


def _balanced_between_walls(sides: _Sides, first: _Pulls, pressure_left: float, pressure_right: float) -> Equilibrium:
    """`_balanced`, where elastic walls press or the membrane has come off them."""
    pressures = pressure_left, pressure_right
    tried: list[Equilibrium] = []
    each_way = [(False, True) if wall else (False,) for wall in sides.walls]
    for off in [(left, right) for left in each_way[0] for right in each_way[1]]:
        left, right = (0.0 if slack else each for slack, each in zip(off, pressures, strict=True))
        k_left, k_right = (0.0 if slack else each for slack, each in zip(off, sides.stiffness, strict=True))
        end = _balanced(replace(sides, stiffness=(k_left, k_right), walls=(False, False)), first, left, right)
        tried.append(end)
        if end.displaced_volume is None:
            continue
        moved = -end.displaced_volume, end.displaced_volume  # gained by the left side, by the right one
        would = [p + k * gained for p, k, gained in zip(pressures, sides.stiffness, moved, strict=True)]
        walls = list(zip(off, sides.walls, would, strict=True))
        if all(not wall or (pressure <= 0.0 if slack else pressure >= 0.0) for slack, wall, pressure in walls):
            return _unless_any_will_do(sides, end, would)
    return tried[0] if "dry" in tried[0].reason or "without end" in tried[0].reason else tried[-1]


def _unless_any_will_do(sides: _Sides, end: Equilibrium, would: Sequence[float]) -> Equilibrium:
    """An end without its displaced volume, where no wall presses and nothing that stays holds the water.

    `would` are the pressures on both sides, Pa, if walls could pull.
    """
    stays = zip(sides.resists(), sides.start[:2], strict=True)
    if not any(sides.walls) or any(there for there, length in stays if math.isfinite(length)):
        return end
    for pressure, k, length, wall in zip(would, sides.stiffness, sides.start[:2], sides.walls, strict=True):
        if k > 0.0 and not (wall and pressure <= 1e-9 * k * length):
            return end
    reason = "any displaced volume is an equilibrium: no wall presses, and only solutes that pass are there"
    return replace(end, displaced_volume=None, reason=reason)


def _balanced(sides: _Sides, first: _Pulls, pressure_left: float, pressure_right: float) -> Equilibrium:
    """Where the forces on the water balance; `first` is what the solutes do at the start."""
    (length_left, length_right, _), stiffness, resists = sides.start, sum(sides.stiffness), sides.resists()
    force, round_off = sides.force(first, 0.0, pressure_left, pressure_right)
    if abs(force) <= round_off:
        end = sides.end(sides.start, pressure_left, pressure_right)
        closed = [stays for stays, length in zip(resists, sides.start[:2], strict=True) if math.isfinite(length)]
        if stiffness == 0.0 and not any(closed):
            reason = "any displaced volume is an equilibrium: equal pressures and only solutes that pass"
            return replace(end, displaced_volume=None, reason=reason)
        return end

    from_left = force > 0.0
    sign = 1.0 if from_left else -1.0
    shrinking, growing = (length_left, length_right) if from_left else (length_right, length_left)

    endless = math.isinf(shrinking)  # a reservoir, of which nothing is missing: X over the length of the other side

    def at(odds: float) -> _State:
        moved, rest = shrinking * odds / (1.0 + odds), shrinking / (1.0 + odds)
        if endless:
            moved, rest = growing * odds, shrinking
        return (rest, growing + moved, moved) if from_left else (growing + moved, rest, -moved)

    never = _none(f"the {'left' if from_left else 'right'} side runs dry before the forces balance")
    if endless:
        never = _none(f"the {'right' if from_left else 'left'} side takes up water from the reservoir without end")
        if stiffness == 0.0:  # however much it has taken up, the forces still drive water into it
            full = (shrinking, math.inf, 0.0) if from_left else (math.inf, shrinking, 0.0)
            force, round_off = sides.force(sides.pulls(full)[0], 0.0, pressure_left, pressure_right)
            if sign * force >= -round_off:
                return never
    elif not resists[0 if from_left else 1]:
        # nothing there resists being emptied, unless the forces turn before
        whole = growing + shrinking
        empty = (0.0, whole, shrinking) if from_left else (whole, 0.0, -shrinking)
        (last,) = sides.pulls(empty)
        force, round_off = sides.force(last, empty[2], pressure_left, pressure_right)
        if sign * force >= -round_off:
            return never

    push = sign * (pressure_left - pressure_right)
    pull, other = (first.left, first.right) if from_left else (first.right, first.left)
    if endless:
        odds = _ideal_growth(push - pull, other, stiffness * growing)
    else:
        odds = _ideal_odds(push, stiffness, shrinking, growing, pull, other)
    low, high, before = 0.0, math.inf, math.inf
    with np.errstate(over="ignore", invalid="ignore"):  # where pi falls with c, the odds may leave what a float holds
        while odds < _FARTHEST:
            state = at(odds)
            rest, length = state[:2] if from_left else (state[1], state[0])
            step = 1e-6 * (1.0 + odds) * (1.0 if endless else min(1.0, length / rest))  # of the shorter side
            further = at(odds + step)
            here, beyond = sides.pulls(state, further)
            force, round_off = sides.force(here, state[2], pressure_left, pressure_right)
            slope = (sides.force(beyond, further[2], pressure_left, pressure_right)[0] - force) * sign / step
            force *= sign
            low, high = (odds, high) if force > 0.0 else (low, odds)
            following = odds - force / slope if slope < 0.0 else odds
            if abs(force) <= round_off:  # within what this step still mends
                return sides.end(at(following), pressure_left, pressure_right)
            if not low < following < high or (high < math.inf and abs(force) > 0.5 * before):
                following = math.sqrt(max(low, 1e-3 * high)) * math.sqrt(high) if high < math.inf else 1.0 + 2.0 * odds
            if following in (low, high):
                return sides.end(state, pressure_left, pressure_right)
            odds, before = min(following, 1e3 * (1.0 + odds)), abs(force)
    return never


def _ideal_odds(push: float, stiffness: float, shrinking: float, growing: float, pull: float, other: float) -> float:
    """Odds ``w = X/(l_s - X)`` at which ``p - k X = pi_s l_s/(l_s - X) - pi_g l_g/(l_g + X)``.

    What is left of the push falls with w and is convex: Newton's steps from X = 0 come up to the root and never go
    beyond it. 0 where there is none.
    """
    odds = 0.0
    for _ in range(100):  # an almost empty side takes dozens, each of which doubles the odds
        moved = shrinking * odds / (1.0 + odds)
        length = growing + moved
        far = other * growing / length if math.isfinite(growing) else other
        force = push - stiffness * moved - pull * (1.0 + odds) + far
        slope = pull + (stiffness + far / length) * shrinking / (1.0 + odds) / (1.0 + odds)
        if force <= 0.0 or slope <= 0.0 or odds + force / slope == odds:
            break
        odds += force / slope
    return odds if odds < _FARTHEST else 0.0


def _ideal_growth(push: float, pull: float, stiffness: float) -> float:
    """The root ``w > 0`` of ``p + pi/(1 + w) - k w = 0``: X over the length of a side that a reservoir feeds.

    A quadratic, ``k w^2 + (k - p) w - (p + pi) = 0``, with ``p + pi > 0``. 0 where there is none.
    """
    half = 0.5 * (stiffness - push)
    root = math.sqrt(half * half + stiffness * (push + pull))
    if half > 0.0:
        return (push + pull) / (half + root)
    return (root - half) / stiffness if stiffness > 0.0 else 0.0


def _none(reason: str) -> Equilibrium:
    return Equilibrium(None, None, None, None, None, reason)


# Two well-mixed compartments, ideal solution. Amounts are osmoles (nu times moles); volumes and amounts may
# be per membrane area or not, as long as the rates agree.


def two_pistons_equilibrium(amount_left: float, amount_right: float, total_volume: float, excess: float = 0.0) -> float:
    """Left volume at which osmosis between two pistons ends, impermeable solutes.

    The root in ``(0, V_T)`` of ``g V^2 - (g V_T + N) V + n1 V_T = 0``, which is
    ``n1/V - n2/(V_T - V) = g``. The right volume to full accuracy: swap the amounts and the sign of g.

    Parameters
    ----------
    amount_left, amount_right : float
        n1, n2 (osmol), N = n1 + n2 > 0.
    total_volume : float
        V_T.
    excess : float
        ``g = (p_L - p_R)/(sigma R T)``, osmol per volume.

    Returns
    -------
    float
        V; 0 or V_T when a side runs dry.

    Raises
    ------
    ValueError
        Without any solute.
    """
    n1, n2, g = amount_left, amount_right, excess
    if n1 + n2 <= 0:
        raise ValueError("no solute: without it every volume is an equilibrium, or none")
    b = g * total_volume + n1 + n2
    # the discriminant as a sum of squares
    root = float(np.hypot(b - 2 * n1, 2 * np.sqrt(n1 * n2)))
    if b > 0:
        return 2 * n1 * total_volume / (b + root)
    return (b - root) / (2 * g)


def u_tube_equilibrium(
    *,
    amount_left: float,
    amount_right: float,
    total_volume: float,
    area_left: float,
    area_right: float,
    weight: float,
    rt: float,
    pressure: float = 0.0,
) -> float:
    """Left volume at which osmosis in a U-tube with vertical arms ends, impermeable solutes.

    The root in ``(0, V_T)`` of the cubic
    ``R T (n1/V1 - n2/V2) = rho g (V1/a1 - V2/a2) + p``, ``V1 + V2 = V_T``.

    Parameters
    ----------
    amount_left, amount_right : float
        n1, n2, osmol, at least one of them above zero.
    total_volume : float
        V_T, m^3.
    area_left, area_right : float
        a1, a2, m^2: the levels stand at V/a.
    weight : float
        rho g, Pa/m.
    rt : float
        sigma R T, J/mol.
    pressure : float
        Applied on the left arm beyond that on the right, Pa.

    Returns
    -------
    float
        V1, m^3.

    Raises
    ------
    ValueError
        When no root leaves liquid in both arms.
    """
    # everything over V_T and over the pressures' scale: s0 + s1 y is the hydrostatic side
    n1, n2 = rt * amount_left / total_volume, rt * amount_right / total_volume
    s0 = pressure - weight * total_volume / area_right
    s1 = weight * total_volume * (1 / area_left + 1 / area_right)
    roots = np.roots([s1, s0 - s1, -(s0 + n1 + n2), n1])
    real = roots.real[np.abs(roots.imag) <= 1e-6 * np.abs(roots)]
    inside = real[(real > 0) & (real < 1)]
    if inside.size == 0:
        raise ValueError("an arm of the U-tube runs dry before the forces balance")
    y = float(inside[np.argmin(np.abs(n1 * (1 - inside) - n2 * inside - (s0 + s1 * inside) * inside * (1 - inside)))])
    for _ in range(3):  # the companion matrix leaves a few digits to Newton
        rest = n1 / y - n2 / (1 - y) - s0 - s1 * y
        y += rest / (n1 / y**2 + n2 / (1 - y) ** 2 + s1)
    return total_volume * y


def elastic_equilibrium(
    *,
    amount_left: float,
    amount_right: float,
    volume_left: float,
    volume_right: float,
    modulus_left: float,
    modulus_right: float,
    rt: float,
    pressure: float = 0.0,
) -> float:
    """Left volume at which osmosis between two elastic vessels ends, impermeable solutes.

    The root in ``(0, V1_0 + V2_0)`` of
    ``R T (n1/V1 - n2/V2) = p + E1 (V1/V1_0 - 1) - E2 (V2/V2_0 - 1)``, which is the cubic of
    `u_tube_equilibrium` with ``rho g/a = E/V_0``; without elasticity it is `two_pistons_equilibrium`.

    Parameters
    ----------
    amount_left, amount_right : float
        n1, n2, osmol, at least one of them above zero.
    volume_left, volume_right : float
        V1_0, V2_0: unstrained, and those at the start, m^3 (or per area).
    modulus_left, modulus_right : float
        E1, E2, Pa; 0 for a piston.
    rt : float
        sigma R T, J/mol.
    pressure : float
        Applied on the left beyond that on the right, Pa.

    Returns
    -------
    float
        V1.

    Raises
    ------
    ValueError
        When no root leaves liquid on both sides.
    """
    return u_tube_equilibrium(
        amount_left=amount_left,
        amount_right=amount_right,
        total_volume=volume_left + volume_right,
        area_left=volume_left / modulus_left if modulus_left else math.inf,
        area_right=volume_right / modulus_right if modulus_right else math.inf,
        weight=1.0,
        rt=rt,
        pressure=pressure - modulus_left + modulus_right,
    )


def turgor_volume(*, volume: float, inside: float, outside: float, modulus: float, pressure: float = 0.0) -> float:
    """Volume of an elastic cell at rest in an infinite bath, impermeable solutes.

    With ``v = V/V_0``: ``pi_in/v = pi_out + p + E (v - 1)``, the positive root of
    ``E v^2 + (pi_out + p - E) v - pi_in = 0``.

    Parameters
    ----------
    volume : float
        V_0, unstrained and at the start.
    inside, outside : float
        Osmotic pressures pi_in (at V_0) and pi_out, Pa.
    modulus : float
        E > 0, Pa.
    pressure : float
        Applied inside beyond that outside, Pa.

    Returns
    -------
    float
        V.
    """
    b = outside + pressure - modulus
    root = float(np.hypot(b, 2 * np.sqrt(modulus * inside)))
    return volume * (2 * inside / (b + root) if b > 0 else (root - b) / (2 * modulus))


# A well-mixed bath in front of a membrane.


def fed_bath(
    time: ArrayLike,
    *,
    volume: float,
    concentration: float,
    flux: float,
    feed: float = 0.0,
    flow: float = 0.0,
    bleed: float = 0.0,
) -> tuple[Array, Array]:
    """Volume and concentration of a bath that water leaves at a constant rate and whose solute stays.

    ``dV/dt = Q_f - b - J = r``, ``d(V c)/dt = Q_f c_f - b c``. With ``theta = int dt/V``, which is
    ``ln(V/V_0)/r`` (``t/V_0`` for r = 0):
    ``V c = V_0 [c_0 e^(-b theta) + Q_f c_f e^(-b theta) (e^((b + r) theta) - 1)/(b + r)]``. Batch reverse osmosis
    (``Q_f = b = 0``) is ``c = c_0 V_0/(V_0 - J t)``; a make-up feed (``Q_f = J + b``) holds the volume, and
    without bleed (closed circuit) ``c = c_0 + J c_f t/V_0``.

    Parameters
    ----------
    time : array_like
        s, before the bath is dry.
    volume, concentration : float
        V_0 and c_0.
    flux : float
        J, volume that leaves through the membrane (per membrane area if the volume is).
    feed, flow : float
        c_f and Q_f.
    bleed : float
        b.

    Returns
    -------
    tuple of ndarray
        V and c, each in the shape of ``time``.
    """
    t = np.asarray(time, float)
    growth = flow - bleed - flux
    theta = np.log1p(growth * t / volume) / growth if growth else t / volume
    rate = bleed + growth
    fed = flow * feed * (np.expm1(rate * theta) / rate if rate else theta)
    now = volume + growth * t
    return now, volume * np.exp(-bleed * theta) * (concentration + fed) / now


def two_baths(
    time: ArrayLike,
    *,
    volume_left: float,
    volume_right: float,
    concentration_left: float,
    concentration_right: float,
    permeability: float,
) -> tuple[Array, Array]:
    """Concentrations of two well-mixed volumes that a solute passes between, no flow of water.

    The difference decays as ``exp(-P (1/V1 + 1/V2) t)``, and ``V1 c1 + V2 c2`` stays.

    Parameters
    ----------
    time : array_like
        s.
    volume_left, volume_right : float
        Per membrane area, m.
    concentration_left, concentration_right : float
        At the start.
    permeability : float
        P, m/s.

    Returns
    -------
    tuple of ndarray
        c1 and c2, each in the shape of ``time``.
    """
    t, whole = np.asarray(time, float), volume_left + volume_right
    decay = np.exp(-permeability * (1 / volume_left + 1 / volume_right) * t)
    difference = (concentration_left - concentration_right) * decay
    level = (volume_left * concentration_left + volume_right * concentration_right) / whole
    return level + difference * volume_right / whole, level - difference * volume_left / whole


def well_mixed_bath(time: ArrayLike, *, volume: float, amount: float, outside: float, rate: float) -> Array:
    """Volume of a well-mixed compartment in an infinite bath.

    ``dV/dt = rate (n/V - c_out)``. With ``V_inf = n/c_out``, ``v = V/V_inf``:
    ``v = 1 + W0((v0 - 1) exp((v0 - 1) - rate n t/V_inf^2))``; for ``c_out = 0``: ``V = sqrt(V0^2 + 2 rate n t)``.

    Parameters
    ----------
    time : array_like
        s.
    volume, amount : float
        V0 > 0; n > 0, osmol.
    outside : float
        Osmolarity of the bath plus the excess pressure inside over ``sigma R T``, not below zero.
    rate : float
        ``k = A L_p sigma R T``.

    Returns
    -------
    ndarray
        V, in the shape of ``time``.

    Raises
    ------
    ValueError
        For ``outside < 0`` (it would swell without end and the closed form is another one).
    """
    import scipy

    t = np.asarray(time, float)
    if outside < 0:
        raise ValueError(f"outside = {outside}: the closed form needs an osmolarity of zero or more")
    if outside == 0:
        return np.sqrt(volume**2 + 2 * rate * amount * t)
    end = amount / outside
    y0 = volume / end - 1
    if y0 == 0:
        return np.full(t.shape, volume)
    s = rate * amount * t / end**2
    if y0 > 0:
        return end * (1 + scipy.special.wrightomega(y0 + np.log(y0) - s))
    target = _shortfall(volume / end) + s
    v = 1 + scipy.special.lambertw(-np.exp(-1 - target)).real
    # W0 loses half its digits near -1/e, where v is near 0: there Newton on -v - ln(1 - v) = target
    small = target < 1
    v = np.where(target < 1e-3, np.sqrt(2 * target), v)
    for _ in range(6):
        step = (_shortfall(np.where(small, v, 0.5)) - target) * (1 - v) / v
        v = np.where(small, v - step, v)
    return end * v


def _shortfall(v: ArrayLike) -> Array:
    """-v - ln(1 - v), as its series where the terms cancel."""
    v = np.asarray(v, float)
    series = v**2 * np.polynomial.polynomial.polyval(v, 1 / np.arange(2.0, 16.0))
    return np.where(v < 0.05, series, -v - np.log1p(-v))


def well_mixed_two_pistons(
    time: ArrayLike,
    *,
    amount_left: float,
    amount_right: float,
    volume_left: float,
    total_volume: float,
    excess: float = 0.0,
    rate: float = 1.0,
) -> Array:
    """Left volume while osmosis runs between two well-mixed pistons, impermeable solutes.

    ``dV/dt = rate (n1/V - n2/(V_T - V) - g)``. As the right-hand side vanishes at ``V_eq``, it is
    ``-rate (V - V_eq) [n1/(V V_eq) + n2/((V_T - V)(V_T - V_eq))]`` exactly, so the logarithm of the distance
    to the end is integrated, which keeps its relative accuracy to the last. For g = 0 this is the implicit
    relation ``V_eq W_eq ln(y/y0) + (W_eq - V_eq)(y - y0) - (y^2 - y0^2)/2 = -rate N t``, ``y = V - V_eq``.

    Parameters
    ----------
    time : array_like
        s, from 0.
    amount_left, amount_right, volume_left, total_volume : float
        n1, n2 (osmol, both above zero), V(0), V_T.
    excess : float
        ``g = (p_L - p_R)/(sigma R T)``.
    rate : float
        ``A L_p sigma R T``.

    Returns
    -------
    ndarray
        V, in the shape of ``time``.

    Raises
    ------
    ValueError
        Unless both sides hold solute.
    """
    n1, n2 = amount_left, amount_right
    if n1 <= 0 or n2 <= 0:
        raise ValueError("a side without solute may run dry: both amounts must be above zero")
    end = two_pistons_equilibrium(n1, n2, total_volume, excess)
    rest = two_pistons_equilibrium(n2, n1, total_volume, -excess)

    def pull(v: float) -> float:
        return rate * (n1 / (v * end) + n2 / ((total_volume - v) * rest))

    return _relax(time, volume_left, end, pull)


def well_mixed_utube(
    time: ArrayLike,
    *,
    amount_left: float,
    amount_right: float,
    volume_left: float,
    volume_right: float,
    area_left: float,
    area_right: float,
    membrane_area: float,
    water_permeability: float,
    weight: float,
    rt: float,
    pressure: float = 0.0,
) -> Array:
    """Left volume while a well-mixed U-tube rises to its head, impermeable solutes.

    ``dV1/dt = A L_p [R T (n1/V1 - n2/V2) - rho g (V1/a1 - V2/a2) - p]``, integrated as
    `well_mixed_two_pistons` is: the distance to the root of the cubic (`u_tube_equilibrium`) factors out.

    Parameters
    ----------
    time : array_like
        s, from 0.
    amount_left, amount_right, volume_left, volume_right : float
        n1, n2 (osmol), V1, V2 at the start (m^3).
    area_left, area_right, membrane_area : float
        a1, a2, A, m^2.
    water_permeability : float
        L_p, m/(s Pa).
    weight, rt, pressure : float
        rho g (Pa/m), sigma R T (J/mol), applied on the left (Pa).

    Returns
    -------
    ndarray
        V1, m^3, in the shape of ``time``.

    Raises
    ------
    ValueError
        When an arm runs dry before the forces balance.
    """
    total = volume_left + volume_right
    end = u_tube_equilibrium(
        amount_left=amount_left,
        amount_right=amount_right,
        total_volume=total,
        area_left=area_left,
        area_right=area_right,
        weight=weight,
        rt=rt,
        pressure=pressure,
    )
    stiffness = weight * (1 / area_left + 1 / area_right)

    def pull(v: float) -> float:
        osmotic = rt * (amount_left / (v * end) + amount_right / ((total - v) * (total - end)))
        return membrane_area * water_permeability * (osmotic + stiffness)

    return _relax(time, volume_left, end, pull)


def _relax(time: ArrayLike, start: float, end: float, pull: Callable[[float], float]) -> Array:
    """Solve dV/dt = -(V - end) pull(V) through s = -ln((V - end)/(start - end)): ds/dt = pull."""
    import scipy

    t = np.asarray(time, float)
    times, index = np.unique(t, return_inverse=True)
    if start == end:
        return np.full(t.shape, start)
    solution = scipy.integrate.solve_ivp(
        lambda _, s: [pull(end + (start - end) * np.exp(-s[0]))],
        (0.0, max(float(times[-1]), 0.0)),
        [0.0],
        method="DOP853",
        t_eval=times,
        rtol=1e-13,
        atol=1e-14,
    )
    return end + (start - end) * np.exp(-solution.y[0][index.reshape(t.shape)])


# Diffusion without flow.


def two_gases(
    x: ArrayLike,
    time: float,
    *,
    diffusivity: float,
    length: float,
    step: float,
    left: float = 1.0,
    right: float = 0.0,
) -> Array:
    """Concentration in a closed box after the partition at ``step`` is removed.

    ``c = mean + sum_n 2 (left - right)/(n pi) sin(n pi a/L) cos(n pi x/L) exp(-D (n pi/L)^2 t)``; at small
    times the same as a sum of images, ``(left - right)/2 sum_m [erf((x + a - 2 m L)/(2 sqrt(D t))) -
    erf((x - a - 2 m L)/(2 sqrt(D t)))] + right``.

    Parameters
    ----------
    x : array_like
        Position from the left end, m.
    time : float
        s, zero or more (at zero, the step itself, and its middle at ``step``).
    diffusivity, length, step : float
        D (m^2/s), L (m), a (m).
    left, right : float
        Concentrations at the start.

    Returns
    -------
    ndarray
        In the shape of ``x`` and the unit of ``left``.
    """
    position = np.asarray(x, float)
    spread = diffusivity * time
    if spread == 0:
        return right + (left - right) * np.heaviside(step - position, 0.5)
    if spread < 0.05 * length**2:
        c = np.zeros(position.shape)
        for image in 2 * length * np.arange(-2, 3):
            near, far = (np.array([-step, step])[:, *[None] * position.ndim] + position - image) / (2 * np.sqrt(spread))
            c += 0.5 * _erf_difference(near, far)
        return right + (left - right) * c
    k = np.arange(1, 40) * np.pi / length
    weights = 2 / (k * length) * np.sin(k * step) * np.exp(-spread * k**2)
    return right + (left - right) * (step / length + np.cos(position[..., None] * k) @ weights)


def _erf_difference(low: Array, high: Array) -> Array:
    """erf(high) - erf(low) for low <= high, without cancellation in the tails."""
    import scipy

    flip = high < 0
    low, high = np.where(flip, -high, low), np.where(flip, -low, high)
    return np.where(
        low > 0, scipy.special.erfc(low) - scipy.special.erfc(high), scipy.special.erf(high) - scipy.special.erf(low)
    )


def two_gases_mean(
    x1: ArrayLike,
    x2: ArrayLike,
    time: float,
    *,
    diffusivity: float,
    length: float,
    step: float,
    left: float = 1.0,
    right: float = 0.0,
) -> Array:
    """Average of `two_gases` over each cell from ``x1`` to ``x2``, in closed form.

    The integral of each term: ``sin(n pi x/L) L/(n pi)`` for the series, and for the images
    ``int erf = u erf(u) + exp(-u^2)/sqrt(pi)``. Parameters as there.

    Returns
    -------
    ndarray
        In the broadcast shape of ``x1`` and ``x2``.
    """
    import scipy

    a, b = np.broadcast_arrays(np.asarray(x1, float), np.asarray(x2, float))
    spread = diffusivity * time
    if spread == 0:
        return right + (left - right) * np.clip((step - a) / (b - a), 0, 1)
    if spread < 0.05 * length**2:
        width = 2 * np.sqrt(spread)

        def primitive(x: Array) -> Array:
            u = x / width
            return width * (u * scipy.special.erf(u) + np.exp(-(u**2)) / np.sqrt(np.pi))

        c = np.zeros(a.shape)
        for image in 2 * length * np.arange(-2, 3):
            c += primitive(b + step - image) - primitive(a + step - image)
            c -= primitive(b - step - image) - primitive(a - step - image)
        return right + (left - right) * c / (2 * (b - a))
    k = np.arange(1, 40) * np.pi / length
    weights = 2 / (k * length) * np.sin(k * step) * np.exp(-spread * k**2)
    middle, half = 0.5 * (a + b)[..., None] * k, 0.5 * (b - a)[..., None] * k
    return right + (left - right) * (step / length + (np.cos(middle) * np.sin(half) / half) @ weights)


def degree_of_mixing(dt_over_l2: ArrayLike) -> Array:
    """What is left of the difference between the two halves of a closed box (Loschmidt's experiment).

    ``f = (8/pi^2) sum_k exp(-(2k+1)^2 pi^2 D t/L^2)/(2k+1)^2``: 1 at the start, 0 when mixed; computed as
    the difference of the halves' means, which converges at small times too.

    Parameters
    ----------
    dt_over_l2 : array_like
        ``D t/L^2`` with L the length of the whole box.

    Returns
    -------
    ndarray
        In the shape given.
    """

    def difference(tau: float) -> float:
        halves = two_gases_mean([0.0, 0.5], [0.5, 1.0], tau, diffusivity=1.0, length=1.0, step=0.5)
        return float(halves[0] - halves[1])

    return np.vectorize(difference, otypes=[float])(np.asarray(dt_over_l2, float))


@dataclass(frozen=True)
class TwoSlabs:
    """Two slabs at one time: wall values, flux (left to right), means, and the profiles asked for."""

    wall_left: float
    wall_right: float
    flux: float
    mean_left: float
    mean_right: float
    left: Array
    right: Array


def two_slabs(
    time: float,
    *,
    length_left: float,
    length_right: float,
    diffusivity_left: float,
    diffusivity_right: float,
    permeability: float,
    concentration_left: float,
    concentration_right: float,
    partition: float = 1.0,
    distance_left: ArrayLike = (),
    distance_right: ArrayLike = (),
    bath_left: float = 0.0,
    bath_right: float = 0.0,
) -> TwoSlabs:
    """Two closed, unstirred slabs behind a membrane that passes the solute but no water.

    ``dc/dt = D d2c/dx2`` in each, at the far ends a well-stirred bath, ``V dc_b/dt = -D dc/dn`` (V = 0: a
    wall), ``J = P (c_1w - c_2w/K)`` at the membrane. In Laplace space
    ``J = P (c_10 - c_20/K)/z / (1 + P R_1 + P R_2/K)``, and with ``q = sqrt(z/D)``, ``h = q V`` the profiles are
    ``c_0 -+ J (cosh(q (L - d)) + h sinh(q (L - d)))/(D q (sinh(q L) + h cosh(q L)))`` at the distance d from the
    membrane, R being the factor of J at d = 0; inverted along a parabola (`_invert_laplace`). They end at
    ``c_1 = (c_10 l_1 + c_20 l_2)/(l_1 + K l_2)``, ``c_2 = K c_1``, ``l = L + V``.

    Parameters
    ----------
    time : float
        s, above zero.
    length_left, length_right, diffusivity_left, diffusivity_right : float
        L (m) and D (m^2/s) of each slab.
    permeability, partition : float
        P (m/s) and K.
    concentration_left, concentration_right : float
        At the start, uniform, mol/m^3.
    distance_left, distance_right : array_like
        Distances from the membrane at which the profiles are wanted, m.
    bath_left, bath_right : float
        Volumes V of the baths per membrane area, m, at the slabs' concentrations at the start; the means include them.

    Returns
    -------
    TwoSlabs
        Good to about 1e-13 of the concentrations' scale.

    Raises
    ------
    ValueError
        At time zero or before.
    """
    c1, c2, p, k = concentration_left, concentration_right, permeability, partition
    d1, d2 = np.asarray(distance_left, float), np.asarray(distance_right, float)

    def response(z: NDArray, length: float, diffusivity: float, bath: float, distance: Array) -> NDArray:
        """Concentration per flux at a distance from the membrane, in powers of exp(-q) that decay."""
        q = np.sqrt(z / diffusivity)[:, None]
        mirror = (1 - q * bath) / (1 + q * bath)
        both = np.exp(-q * distance) + mirror * np.exp(-q * (2 * length - distance))
        return both / ((1 - mirror * np.exp(-2 * q * length)) * diffusivity * q)

    def transform(z: NDArray) -> NDArray:
        left = response(z, length_left, diffusivity_left, bath_left, np.append(d1, 0.0))
        right = response(z, length_right, diffusivity_right, bath_right, np.append(d2, 0.0))
        flux = p * (c1 - c2 / k) / z / (1 + p * left[:, -1] + p * right[:, -1] / k)
        return np.column_stack([flux, flux / z, flux[:, None] * left, flux[:, None] * right])

    values = _invert_laplace(transform, time)
    flux, passed = float(values[0]), float(values[1])
    left, right = c1 - values[2 : d1.size + 3], c2 + values[d1.size + 3 :]
    return TwoSlabs(
        wall_left=float(left[-1]),
        wall_right=float(right[-1]),
        flux=flux,
        mean_left=c1 - passed / (length_left + bath_left),
        mean_right=c2 + passed / (length_right + bath_right),
        left=left[:-1],
        right=right[:-1],
    )


def layer_and_bath(
    x: ArrayLike, time: float, *, diffusivity: float, length: float, bath: float, inner: float, outer: float
) -> Array:
    """Concentration in a layer between a wall that nothing passes (x = 0) and a well-stirred bath (x = L).

    ``dc/dt = D d2c/dx2``, ``dc/dx(0) = 0``, ``V dc_b/dt = -D dc/dx(L)``, ``c_b = c(L)``. The modes ``cos(k x)`` with
    ``tan(k L) = -k V`` are orthogonal under ``int f g dx + V f(L) g(L)``; from a line, ``inner`` at the wall and
    ``outer`` at the edge and in the bath,
    ``c = outer + (inner - outer) [L/(2 (L + V)) + sum_n a_n cos(k_n x) exp(-D k_n^2 t)]``,
    ``a_n = (1 - cos k_n L)/(k_n^2 L) / (L/2 + sin(2 k_n L)/(4 k_n) + V cos^2(k_n L))``.

    Parameters
    ----------
    x : array_like
        Distance from the wall, m; the bath is at L.
    time : float
        s.
    diffusivity, length, bath : float
        D (m^2/s), L (m), V (volume per area of the layer, m) > 0.
    inner, outer : float
        Concentrations at the start.

    Returns
    -------
    ndarray
        In the shape of ``x``.
    """
    import scipy

    share = bath / length

    def mode(n: int) -> float:  # between (n - 1/2) pi and n pi
        low, high = (n - 0.5) * np.pi, n * np.pi
        return float(
            scipy.optimize.brentq(lambda b: np.sin(b) + b * share * np.cos(b), low, high, xtol=1e-15, rtol=4 * _EPS)
        )

    k = np.array([mode(n) for n in range(1, 2001)]) / length
    edge = np.cos(k * length)
    norm = 0.5 * length + np.sin(2 * k * length) / (4 * k) + bath * edge**2
    weights = (1 - edge) / (k**2 * length) / norm * np.exp(-diffusivity * k**2 * time)
    shape = 0.5 * length / (length + bath) + np.cos(np.asarray(x, float)[..., None] * k) @ weights
    return np.asarray(outer + (inner - outer) * shape)


def _invert_laplace(transform: Callable[[NDArray], NDArray], time: float) -> Array:
    """Bromwich integral by the trapezoidal rule on ``z = mu (1 + i u)^2``.

    For a real function whose transform is analytic off the negative real axis (and zero).
    ``transform`` takes z (point,) and returns (point, quantity).
    """
    if time <= 0:
        raise ValueError(f"time {time}: only what comes after the start has a Laplace integral")
    # h = 3/n and mu = pi n/(12 t) balance the discretisation's two errors with the truncation: about 8^-n.
    # A larger n gains nothing, as exp(mu t) times round-off takes over.
    n = 16
    u = (np.arange(n) + 0.5) * 3 / n
    mu = np.pi * n / (12 * time)
    z = mu * (1 + 1j * u) ** 2
    # dz = 2 i mu (1 + i u) du; the lower half is the conjugate of the upper
    weights = np.exp(z * time) * (1 + 1j * u) * (2 * mu / np.pi * 3 / n)
    return np.real(weights @ transform(z))


# Films at the membrane.


@dataclass(frozen=True)
class FilmReverseOsmosis:
    """Steady reverse osmosis through a film: flux (m/s), concentrations (mol/m^3), rejections."""

    water_flux: float
    wall: float
    permeate: float
    observed_rejection: float
    real_rejection: float


def film_reverse_osmosis(
    law: str,
    *,
    water_permeability: float,
    pressure: float,
    concentration: float,
    mass_transfer: float,
    reflection: float,
    permeability: float,
    osmotic: float,
) -> FilmReverseOsmosis:
    """Steady reverse osmosis behind a film, permeate draining freely (``c_p = J_s/J_v``).

    ``J_v = L_p [dP - sigma nu R T (c_w - c_p)]`` and ``(c_w - c_p)/(c_b - c_p) = exp(J_v/k)``. The flux law
    gives ``c_p/c_w`` from J_v alone: Spiegler-Kedem ``(1 - sigma)/(1 - sigma F)``,
    ``F = exp(-(1 - sigma) J_v/P_s)``, and Kedem-Katchalsky the root of
    ``J_v c_p = P_s (c_w - c_p) + (1 - sigma) J_v c_mean`` with the logarithmic or the arithmetic mean.
    One scalar equation for J_v is left, bracketed by ``0 < J_v < L_p dP``.

    Parameters
    ----------
    law : {"spiegler-kedem", "solution-diffusion", "kedem-katchalsky", "kedem-katchalsky-arithmetic"}
        Solution-diffusion is Spiegler-Kedem with sigma = 1; Kedem-Katchalsky means the logarithmic mean.
    water_permeability, pressure : float
        L_p (m/(s Pa)) and dP (Pa).
    concentration, mass_transfer : float
        c_b (mol/m^3) and k = D/thickness (m/s).
    reflection, permeability : float
        sigma and P_s (m/s).
    osmotic : float
        nu R T, J/mol.

    Returns
    -------
    FilmReverseOsmosis

    Raises
    ------
    ValueError
        For another law, sigma != 1 in solution-diffusion, or a pressure that presses nothing through.
    """
    import scipy

    if law == "solution-diffusion" and reflection != 1:
        raise ValueError(f"solution-diffusion means a reflection coefficient of 1, not {reflection}")
    laws = {
        "solution-diffusion": _passed_spiegler_kedem,
        "spiegler-kedem": _passed_spiegler_kedem,
        "kedem-katchalsky": _passed_kedem_katchalsky,
        "kedem-katchalsky-arithmetic": _passed_kedem_katchalsky_arithmetic,
    }
    if law not in laws:
        raise ValueError(f"unknown flux law {law!r}: expected one of {', '.join(laws)}")

    def state(flux: float) -> tuple[float, float]:
        passed = laws[law](flux, reflection, permeability)
        return concentration / (passed + (1 - passed) * np.exp(-flux / mass_transfer)), passed

    def excess(flux: float) -> float:
        wall, passed = state(flux)
        return water_permeability * (pressure - reflection * osmotic * wall * (1 - passed)) - flux

    most = water_permeability * pressure
    if not (most > 0 and excess(1e-12 * most) > 0):
        raise ValueError(f"a pressure of {pressure} Pa presses nothing through: there is no reverse osmosis")
    flux = scipy.optimize.brentq(excess, 1e-12 * most, most, xtol=1e-18 * most, rtol=4 * _EPS)
    wall, passed = state(flux)
    permeate = wall * passed
    return FilmReverseOsmosis(flux, wall, permeate, 1 - permeate / concentration, 1 - passed)


def _passed_spiegler_kedem(flux: float, sigma: float, permeability: float) -> float:
    """c_p/c_w = 1/(1 + sigma (1 - F)/(1 - sigma)), with the limit sigma -> 1 built in."""
    if permeability == 0:
        return 1 - sigma
    peclet = (1 - sigma) * flux / permeability
    mean = 1.0 if peclet == 0 else -np.expm1(-peclet) / peclet
    return 1 / (1 + sigma * flux / permeability * mean)


def _passed_kedem_katchalsky_arithmetic(flux: float, sigma: float, permeability: float) -> float:
    drag = (1 - sigma) * flux / 2
    return (permeability + drag) / (flux + permeability - drag)


def _passed_kedem_katchalsky(flux: float, sigma: float, permeability: float) -> float:
    """c_p/c_w = exp(-y): the positive root, also for P = 0 (where c_p = 0 would be another)."""
    import scipy

    p, drag = permeability / flux, 1 - sigma
    if p + drag == 0:
        return 0.0
    if sigma == 0:
        return 1.0

    def imbalance(y: float) -> float:  # over exp(-y), to stay in range
        return 1 - np.expm1(y) * (p + drag / y)

    high = 1.0
    while imbalance(high) > 0 and high < 600:
        high += 1.0
    return float(np.exp(-scipy.optimize.brentq(imbalance, 1e-300, high, xtol=1e-16, rtol=4 * _EPS)))


def film_ideal_membrane(
    *, water_permeability: float, pressure: float, osmotic_pressure: float, mass_transfer: float
) -> float:
    """Steady flux through a film and a membrane that rejects everything.

    ``J_v = L_p dP - k W0[(L_p pi_b/k) exp(L_p dP/k)]``, from ``J_v = L_p (dP - pi_b exp(J_v/k))``.

    Parameters
    ----------
    water_permeability, pressure : float
        L_p (m/(s Pa)) and dP (Pa).
    osmotic_pressure : float
        pi_b of the bulk, above zero, Pa.
    mass_transfer : float
        k, m/s.

    Returns
    -------
    float
        J_v, m/s; negative (osmosis) below the osmotic pressure.
    """
    import scipy

    k = mass_transfer
    # W0(exp(x)), which does not overflow
    omega = scipy.special.wrightomega(
        np.log(water_permeability * osmotic_pressure / k) + water_permeability * pressure / k
    )
    return float(water_permeability * pressure - k * omega)


def unstirred_semi_infinite_wall(scaled_time: ArrayLike, rejection: float = 1.0) -> Array:
    """Wall over bulk concentration while a constant flux presses on a wall, unstirred, half space.

    With ``T = J^2 t/D`` and a wall that rejects everything,
    ``c_w/c_b = 1 + T/2 + (1 + T/2) erf(sqrt(T)/2) + sqrt(T/pi) exp(-T/4)``. A constant rejection R < 1:
    ``c_w/c_b = 1 + R/(z (m - R))`` in Laplace space, ``m = (1 + sqrt(1 + 4 z))/2``, inverted numerically; it
    ends at ``1/(1 - R)``.

    Parameters
    ----------
    scaled_time : array_like
        T, zero or more.
    rejection : float
        R from 0 to 1: the share of the arriving solute that stays.

    Returns
    -------
    ndarray
        In the shape of ``scaled_time``.
    """
    import scipy

    t = np.asarray(scaled_time, float)
    if rejection == 1:
        return 1 + t / 2 + (1 + t / 2) * scipy.special.erf(np.sqrt(t) / 2) + np.sqrt(t / np.pi) * np.exp(-t / 4)

    def transform(z: NDArray) -> NDArray:
        return (rejection / (z * ((1 + np.sqrt(1 + 4 * z)) / 2 - rejection)))[:, None]

    def wall(tau: float) -> float:
        return 1.0 if tau == 0 else 1 + float(_invert_laplace(transform, tau)[0])

    return np.vectorize(wall, otypes=[float])(t)


def least_work_of_recovery(osmotic_pressure: float, recovery: float, passage: float = 0.0) -> float:
    """Least work, for each volume of permeate, to press some of an ideal solution's volume out of it.

    ``w = (pi_0/Y) [(1 - Y) x_c ln x_c + Y x_p ln x_p]`` with the concentrations over that of the feed, ``x_p`` of the
    permeate and ``x_c = (1 - Y x_p)/(1 - Y)`` of what is left. With ``x_p = 0`` it is ``(pi_0/Y) ln(1/(1 - Y))``, and
    ``pi_0 (1 - x_p + x_p ln x_p)`` for ``Y -> 0``. The free energy of mixing (ideal, solutes without volume) of the
    two products less that of the feed.

    Parameters
    ----------
    osmotic_pressure : float
        Of the feed, pi_0, Pa.
    recovery : float
        Volume of the permeate over that of the feed, 0 < Y < 1.
    passage : float
        Concentration of the permeate over that of the feed, from 0 to 1.

    Returns
    -------
    float
        J/m^3.
    """
    left = 1 - recovery * passage
    concentrate = math.log1p(-recovery * passage) - math.log1p(-recovery)
    permeate = passage * math.log(passage) if passage > 0 else 0.0
    return osmotic_pressure * (left * concentrate / recovery + permeate)
