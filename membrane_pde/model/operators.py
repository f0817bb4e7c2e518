"""The semi-discrete model: fluxes through every face, their balance in every cell, and their exact derivatives.

State, per membrane area (SI). The cells of a solute are a chain: the left far wall to the right far wall, and before it
and behind it the stirred baths, where there are layers in front of them (a bath without a layer is the one cell of its
side):

    amounts   m[s, i] = c[s, i] · width[i]      mol/m^2, of solute s in cell i
    X         displaced volume ∫J_v dt          m
    V_L, V_R  volumes of the baths              m (0 where there is none)
    N[s]      ∫ flux through the membrane dt     mol/m^2
    E_L[s]    ∫ flux through the left far face dt,   E_R[s] the right one
    W'        −∫ X d(p_applied,L − p_applied,R)   J/m^2, the work of the pressures without their Δp X (by parts: J_v is
              a small difference of large numbers, X is not); the whole work, ∫ Δp J_v dt, where J_v is held or a
              pressure oscillates

    dm[s, i]/dt = F[s, i] − F[s, i + 1]         one flux, used by both neighbours

A closed compartment stretches with its liquid (arbitrary Lagrangian-Eulerian map of a fixed reference mesh), so that
the liquid moves relative to a face with ``J_v`` at the membrane and not at all at the far wall; through a reservoir
layer or an outflow it moves with ``J_v`` everywhere. Every interior face carries the exponential (Scharfetter-Gummel)
flux

    F = α c_P − β c_A,   α = g B(−v/g),  β = g B(v/g),  g = D/d

the membrane face what `membrane_pde.model.interface` makes of the two half cells, and the outer face of a bath what
feed and bleed bring, ``Q_f c_f − Q_out c_b``; see `Bath`.

Cells meet only their neighbours, but for the water flux, which is one number that every face depends on: the Jacobian
is tridiagonal for each solute, plus one column of derivatives with J_v times one row of derivatives of J_v, plus a
column for each of X, V_L and V_R. `Slopes` holds just that; `membrane_pde.solvers.implicit` solves with it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from membrane_pde.kernels import compiled, kernel, part
from membrane_pde.model.interface import (
    GUESS,
    REFERENCE,
    FaceNumbers,
    Membrane,
    NoSolution,
    face_numbers,
    find_water_flux,
    set_face,
    set_face_slopes,
    wall_pressure,
    without_layers,
)
from membrane_pde.model.mesh import Array, Mesh
from membrane_pde.physics.fluxes import (
    SMALL,
    bernoulli,
    bernoulli_series,
    bernoulli_slope_series,
    bernoulli_value,
)
from membrane_pde.physics.osmotic import Osmotics, reflected

if TYPE_CHECKING:
    from scipy.sparse import csc_array

CLOSED, RESERVOIR, OUTFLOW, BATH = "closed", "reservoir", "outflow", "bath"
_RESERVOIR, _OUTFLOW, _BATH = 1, 2, 3
_THINNEST = 1e-6  # a trial step may overshoot a side that runs dry; the event at 1e-3 comes first
_SMALLEST = 1e-9  # the same for a bath, whose event is at 1e-6
_NO_FEED, _FED, _MADE_UP = 0, 1, 2


class Wave(NamedTuple):
    """A sine on top of a pressure: ``amplitude · sin(2π t/period)``, Pa and s; none by default."""

    amplitude: float = 0.0
    period: float = math.inf


_NO_WAVES = (Wave(), Wave())


class Segment(NamedTuple):
    """A stretch of time in which what is applied is smooth: straight lines, and sines on top of them.

    `left` and `right` are pressures at the start and the end, `waves` what oscillates about them, and `flux`, where a
    side holds the water flux instead of a pressure, is J_v at the start and the end; that side's pressure is not used.
    """

    start: float
    end: float
    left: tuple[float, float]
    right: tuple[float, float]
    flux: tuple[float, float] = (0.0, 0.0)
    waves: tuple[Wave, Wave] = _NO_WAVES

    def applied(self, t: float) -> tuple[float, float]:
        """Applied pressures at time t, Pa."""
        return applied(self, t)

    @property
    def rise(self) -> float:
        """Change of the left pressure beyond that of the right one, without waves, Pa/s."""
        return _rise(self)

    @property
    def waving(self) -> bool:
        """A pressure oscillates."""
        return _waving(self)

    @property
    def shortest_period(self) -> float:
        """Of the waves, s; infinite without any."""
        return min(wave.period for wave in self.waves)

    @property
    def level(self) -> bool:
        """Nothing that is applied changes."""
        lines = (self.left, self.right, self.flux)
        return all(line[0] == line[1] for line in lines) and not self.waving


def segment_row(segment: Segment) -> list[float]:
    """A segment as a row of numbers; see `segment_of`."""
    waves = segment.waves
    ends = [segment.start, segment.end, *segment.left, *segment.right, *segment.flux]
    return [*ends, waves[0].amplitude, waves[0].period, waves[1].amplitude, waves[1].period]


@kernel
def segment_of(row: Array) -> Segment:
    """The segment of a row of numbers, 12 of them: kernels are handed many segments as an array."""
    waves = (Wave(float(row[8]), float(row[9])), Wave(float(row[10]), float(row[11])))
    left, right, flux = (float(row[2]), float(row[3])), (float(row[4]), float(row[5])), (float(row[6]), float(row[7]))
    return Segment(float(row[0]), float(row[1]), left, right, flux, waves)


@kernel
def _on_line(segment: Segment, line: tuple[float, float], t: float) -> float:
    return line[0] + (t - segment.start) / (segment.end - segment.start) * (line[1] - line[0])


@kernel
def _waving(segment: Segment) -> bool:
    return segment.waves[0].amplitude != 0.0 or segment.waves[1].amplitude != 0.0


@kernel
def _wave_at(wave: Wave, t: float) -> tuple[float, float]:
    """Pressure above the mean at time t, and its derivative with time."""
    if wave.amplitude == 0.0:
        return 0.0, 0.0
    turn = 2.0 * math.pi / wave.period
    angle = turn * (t % wave.period)
    return wave.amplitude * math.sin(angle), wave.amplitude * turn * math.cos(angle)


@kernel
def applied(segment: Segment, t: float) -> tuple[float, float]:
    """Applied pressures of a segment at time t, Pa."""
    left, right = _on_line(segment, segment.left, t), _on_line(segment, segment.right, t)
    return left + _wave_at(segment.waves[0], t)[0], right + _wave_at(segment.waves[1], t)[0]


@kernel
def _slope(segment: Segment, line: tuple[float, float]) -> float:
    return (line[1] - line[0]) / (segment.end - segment.start)


@kernel
def _rise(segment: Segment) -> float:
    return _slope(segment, segment.left) - _slope(segment, segment.right)


@dataclass(frozen=True, eq=False)
class Bath:
    """A well-stirred volume with what flows in and out of it.

    ``d(V_b c_b)/dt = Q_f c_f − Q_out c_b − F``, ``dV_b/dt = Q_f − Q_out − q``, with F and q the solute and the volume
    that leave it into the layer (or the membrane).

    Attributes
    ----------
    volume : float
        At the start, per membrane area, m.
    feed : ndarray, shape (solutes,), or None
        Concentrations c_f of the feed, mol/m^3; None without a feed.
    flow : float or None
        Q_f, m/s; None for a make-up feed, which holds the volume: ``Q_f = max(q + bleed, 0)``,
        ``Q_out = max(bleed, −q)``.
    bleed : float
        Q_out, m/s (with a make-up feed the least of it).
    """

    volume: float
    feed: Array | None
    flow: float | None
    bleed: float

    def flows(self, q: float) -> tuple[float, float]:
        """Q_f and Q_out, m/s, where q leaves into the layer."""
        return _bath_flows(self.numbers, q)[:2]

    @property
    def numbers(self) -> BathNumbers:
        """For the kernels."""
        mode = _NO_FEED if self.feed is None else _MADE_UP if self.flow is None else _FED
        return BathNumbers(True, float(self.volume), mode, float(self.flow or 0.0), float(self.bleed))


class BathNumbers(NamedTuple):
    """A `Bath` as the kernels read it; what the feed carries stands beside what else is outside."""

    present: bool = False
    volume: float = 0.0
    mode: int = _NO_FEED
    flow: float = 0.0
    bleed: float = 0.0


@kernel
def _bath_flows(bath: BathNumbers, q: float) -> tuple[float, float, float, float]:
    """Q_f and Q_out, m/s, where q leaves into the layer, and their derivatives with q."""
    if bath.mode == _NO_FEED:
        return 0.0, bath.bleed, 0.0, 0.0
    if bath.mode == _FED:
        return bath.flow, bath.bleed, 0.0, 0.0
    if q + bath.bleed > 0.0:
        return q + bath.bleed, max(bath.bleed, -q), 1.0, 0.0
    return 0.0, -q, 0.0, -1.0


@dataclass(eq=False)
class Problem:
    """What is solved, in numbers. A pair is (left, right).

    Attributes
    ----------
    mesh : Mesh
        Two compartments, the membrane between them.
    membrane : Membrane
        Permeabilities and flux law.
    osmotics : Osmotics
        The solutions' osmotic pressure.
    diffusivity : ndarray, shape (2, solutes)
        m^2/s.
    boundary : pair of str
        ``"closed"``, ``"reservoir"``, ``"outflow"`` or ``"bath"``.
    stirred : pair of bool
        One cell without wall resistance.
    exterior : list of two (ndarray or None)
        What stands behind a reservoir's far edge, or what an outflow draws in (None: nothing is known of it).
    stiffness : pair of float
        Rise of pressure for each metre gained by the side (standpipe, elastic wall), Pa/m.
    rigid : str
        ``"left"``, ``"right"`` or ``""``: the side without give, whose pressure is computed.
    pumped : str
        The same for the side that holds the water flux of the `Segment`.
    baths : pair of (Bath or None)
        Of the sides whose boundary is ``"bath"``.
    wall : pair of bool
        The stiffness is that of an elastic wall, which presses and does not pull.
    trace : ndarray, shape (solutes,), or None
        Concentration that the tolerance leaves open, mol/m^3; see `interface._law`. None: 0.
    """

    mesh: Mesh
    membrane: Membrane
    osmotics: Osmotics
    diffusivity: Array
    boundary: tuple[str, str]
    stirred: tuple[bool, bool]
    exterior: list[Array | None]
    stiffness: tuple[float, float]
    rigid: str
    pumped: str = ""
    baths: tuple[Bath | None, Bath | None] = (None, None)
    wall: tuple[bool, bool] = (False, False)
    trace: Array | None = None


class Numbers(NamedTuple):
    """A `Problem` as the kernels read it. A pair is (left, right); faces and cells are those of the chain.

    Attributes
    ----------
    face : FaceNumbers
        The membrane and what stands at it.
    membrane : int
        Index of the membrane face.
    kind : pair of int
        0 closed, 1 reservoir, 2 outflow, 3 bath.
    moving, one_cell, endless : pair of bool
        The mesh stretches with the liquid; a stirred reservoir or bath, without a layer; a stirred reservoir, whose one
        cell never changes.
    length, half : pair of float
        Of the side and of its half cell at the membrane, at the start, m.
    bath : pair of BathNumbers
        See there.
    stiffness : pair of float
        Pa/m.
    wall : pair of bool
        An elastic wall, which comes off where it would pull; not on a side whose pressure is computed.
    off : ndarray of bool, shape (2,)
        It is off now; see `set_walls`.
    still, pumped : bool
        No water flows; the water flux is held.
    mesh : ndarray, shape (2, faces)
        Widths of the cells at the start, m; of J_v the share at which the liquid passes a face.
    faces : ndarray, shape (2, solutes, faces)
        ``D/d`` at the start, m/s, and the Péclet number that J_v = 1 m/s makes.
    steepest : ndarray, shape (2, solutes)
        The largest of these Péclet numbers on each side.
    outside : ndarray, shape (2, solutes)
        What is behind the far faces: of a reservoir, a feed, what an outflow draws in, mol/m^3.
    known : ndarray of bool, shape (2,)
        Something is.
    """

    face: FaceNumbers
    membrane: int
    kind: tuple[int, int]
    moving: tuple[bool, bool]
    one_cell: tuple[bool, bool]
    endless: tuple[bool, bool]
    length: tuple[float, float]
    half: tuple[float, float]
    bath: tuple[BathNumbers, BathNumbers]
    stiffness: tuple[float, float]
    wall: tuple[bool, bool]
    off: NDArray[np.bool_]
    still: bool
    pumped: bool
    mesh: Array
    faces: Array
    steepest: Array
    outside: Array
    known: NDArray[np.bool_]


# Rows of the arrays below.
WIDTH, SHARE = 0, 1
CONDUCTANCE, PECLET = 0, 1
CONCENTRATION, ALPHA, BETA, FLUX = range(4)
OUTSIDE, CELLS, PULL = range(3)
BEFORE, BEHIND, WITH_FLUX, WITH_SCALAR = range(4)


class Faces(NamedTuple):
    """All faces at one state: coefficients, fluxes and what they depend on; `set_faces` writes it.

    Few arrays, of several rows each: what compiling costs grows with their number.

    Attributes
    ----------
    scalars : ndarray, shape (4,)
        J_v, X, and the stretch of the left and the right mesh.
    width : ndarray, shape (cells,)
        Widths of the cells, m.
    state : ndarray, shape (4, solutes, faces)
        Concentrations of the cells, mol/m^3; α and β of the faces, m/s; fluxes, mol/m^2/s.
    sides : ndarray, shape (3, 2, solutes)
        Concentrations that the far faces see, and of the two cells at the membrane, at least 0, mol/m^3; derivatives of
        Σσπ at the two walls with the concentrations there.
    membrane, slopes : ndarray
        What `interface.set_face` and (for `set_slopes`) `interface.set_face_slopes` wrote.
    room : ndarray, shape (6, solutes)
        To work in.
    """

    scalars: Array
    width: Array
    state: Array
    sides: Array
    membrane: Array
    slopes: Array
    room: Array

    @property
    def water_flux(self) -> float:
        """J_v, m/s."""
        return float(self.scalars[0])

    @property
    def stretch(self) -> tuple[float, float]:
        """Length of each side's mesh over that at the start."""
        return float(self.scalars[2]), float(self.scalars[3])

    @property
    def concentration(self) -> Array:
        """Concentrations (solutes, cells), mol/m^3."""
        return self.state[CONCENTRATION, :, :-1]

    @property
    def alpha(self) -> Array:
        """α of ``F = α c_P − β c_A`` (solutes, faces), m/s."""
        return self.state[ALPHA]

    @property
    def beta(self) -> Array:
        """β (solutes, faces), m/s."""
        return self.state[BETA]

    @property
    def flux(self) -> Array:
        """Fluxes (solutes, faces), mol/m^2/s."""
        return self.state[FLUX]

    @property
    def outside(self) -> Array:
        """Concentrations that the far faces see (2, solutes), mol/m^3."""
        return self.sides[OUTSIDE]

    @property
    def wall_left(self) -> Array:
        """Concentrations at the left of the membrane, mol/m^3."""
        return self.membrane[:, 0]

    @property
    def wall_right(self) -> Array:
        """Concentrations at the right of the membrane, mol/m^3."""
        return self.membrane[:, 1]


def new_faces(solutes: int, cells: int) -> Faces:
    """Room for `Faces`."""
    return Faces(
        scalars=np.zeros(4),
        width=np.zeros(cells),
        state=np.zeros((4, solutes, cells + 1)),
        sides=np.zeros((3, 2, solutes)),
        membrane=np.zeros((solutes, 5)),
        slopes=np.zeros((3, solutes, 5)),
        room=np.zeros((6, solutes)),
    )


# -- kernels: the state and its fluxes --------------------------------------------------------------------------------
@kernel
def stretches(p: Numbers, y: Array, x: int) -> tuple[float, float]:
    """Length of each side's mesh over its length at the start; X stands at place x."""
    left = max(1.0 - float(y[x]) / p.length[0], _THINNEST) if p.moving[0] else 1.0
    right = max(1.0 + float(y[x]) / p.length[1], _THINNEST) if p.moving[1] else 1.0
    return left, right


@kernel
def bath_volume(bath: BathNumbers, volume: float) -> float:
    """The volume of a bath, which a trial step may have emptied, m."""
    return max(volume, bath.volume * _SMALLEST)


@kernel
def set_cells(p: Numbers, y: Array, faces: Faces) -> None:
    """Write widths and concentrations of a state, and the scalars but for J_v."""
    solutes, n = faces.state.shape[1], faces.state.shape[2] - 1
    m, x = p.membrane, solutes * n
    left, right = stretches(p, y, x)
    faces.scalars[1], faces.scalars[2], faces.scalars[3] = y[x], left, right
    behind, at_start = faces.width[m:], p.mesh[WIDTH, m:n]
    for i in range(m):
        faces.width[i] = p.mesh[WIDTH, i] * left
    for i in range(n - m):
        behind[i] = at_start[i] * right
    if p.bath[0].present:
        faces.width[0] = bath_volume(p.bath[0], float(y[x + 1]))
    if p.bath[1].present:
        faces.width[n - 1] = bath_volume(p.bath[1], float(y[x + 2]))
    for s in range(solutes):
        c, own = faces.state[CONCENTRATION, s], y[s * n : (s + 1) * n]
        for i in range(n):
            c[i] = own[i] / faces.width[i]
        # what is below zero, within the tolerance, piles up no wall: the flow would amplify it beyond all bounds
        faces.sides[CELLS, 0, s] = max(float(faces.state[CONCENTRATION, s, m - 1]), 0.0)
        faces.sides[CELLS, 1, s] = max(float(faces.state[CONCENTRATION, s, m]), 0.0)


@kernel
def stretched(p: Numbers, segment: Segment, t: float, displaced: float) -> tuple[float, float]:
    """Pressure on the liquid of each side if its wall could pull, Pa; see `pressing`."""
    left, right = applied(segment, t)
    return left - p.stiffness[0] * displaced, right + p.stiffness[1] * displaced


@kernel
def set_walls(p: Numbers, segment: Segment, t: float, displaced: float) -> None:
    """Let the elastic walls press that are pressed on, and be off where they would have to pull (plasmolysis).

    In between, at an event, an integrator goes on as if they could: its steps see no kink.
    """
    left, right = stretched(p, segment, t, displaced)
    p.off[0], p.off[1] = p.wall[0] and left < 0.0, p.wall[1] and right < 0.0


@kernel
def pressing(p: Numbers, segment: Segment, t: float, displaced: float) -> tuple[float, float]:
    """Pressure on the liquid of each side, Pa; without meaning on a side whose pressure is computed."""
    left, right = stretched(p, segment, t, displaced)
    return 0.0 if p.off[0] else left, 0.0 if p.off[1] else right


@kernel
def _applied_now(p: Numbers, segment: Segment, t: float) -> tuple[float, float]:
    """Applied pressures that reach the liquid: what presses on a wall that is off does not, Pa."""
    left, right = applied(segment, t)
    return 0.0 if p.off[0] else left, 0.0 if p.off[1] else right


@kernel
def _stiffness_now(p: Numbers) -> float:
    """Fall of the pressure on the left beyond that on the right with the displaced volume, Pa/m."""
    return (0.0 if p.off[0] else p.stiffness[0]) + (0.0 if p.off[1] else p.stiffness[1])


@kernel
def water_flux_now(p: Numbers, face: FaceNumbers, segment: Segment, t: float, faces: Faces, memory: Array) -> float:
    """J_v of what `set_cells` has written, through a face, m/s; nan if it is not found."""
    if p.still:
        return 0.0
    if p.pumped:
        return _on_line(segment, segment.flux, t)
    left, right = pressing(p, segment, t, float(faces.scalars[1]))
    half_left, half_right = p.half[0] * float(faces.scalars[2]), p.half[1] * float(faces.scalars[3])
    return find_water_flux(face, half_left, half_right, faces.sides[CELLS], left - right, memory, faces.room)


@kernel
def water_flux_of(p: Numbers, segment: Segment, t: float, y: Array, memory: Array, faces: Faces) -> float:
    """J_v of a state, m/s; nan if it is not found."""
    set_cells(p, y, faces)
    return water_flux_now(p, p.face, segment, t, faces, memory)


# Loops over a side go over slices: an index that starts at 0 is never a negative one, which would have to be asked for.
@part
def _set_bernoulli(peclet: Array, along: float, steepest: float, out: Array) -> None:
    """Write ``B(Pe)`` of faces, of Péclet numbers without sign."""
    if steepest * along < SMALL:
        for i in range(out.shape[0]):
            out[i] = bernoulli_series(float(peclet[i]) * along)
    else:
        for i in range(out.shape[0]):
            out[i] = bernoulli_value(float(peclet[i]) * along)


@part
def _set_bend(peclet: Array, along: float, steepest: float, water: float, out: Array) -> None:
    """Write ``B'(Pe)`` of faces; see `_bend`."""
    if steepest * along < SMALL:
        shift, sign = (0.0, 1.0) if water >= 0.0 else (-1.0, -1.0)
        for i in range(out.shape[0]):
            out[i] = shift + sign * bernoulli_slope_series(float(peclet[i]) * along)
    else:
        for i in range(out.shape[0]):
            out[i] = _bend(float(peclet[i]) * along, water)


@kernel
def _set_coefficients(
    p: Numbers, faces: Faces, s: int, side: int, forward: float, backward: float, first: int, last: int
) -> None:
    """Write α and β of the faces of a side; `forward` and `backward` are J_v where it is that way, else 0."""
    alpha, beta = faces.state[ALPHA, s, first:last], faces.state[BETA, s, first:last]
    conductance, share = p.faces[CONDUCTANCE, s, first:last], p.mesh[SHARE, first:last]
    stretch = float(faces.scalars[2 + side])
    along, less = (forward + backward) * stretch, 1.0 / stretch
    _set_bernoulli(p.faces[PECLET, s, first:last], along, float(p.steepest[side, s]), beta)
    for i in range(alpha.shape[0]):
        # the coefficient against the flow, without cancellation
        small = float(conductance[i]) * less * float(beta[i])
        alpha[i] = small + float(share[i]) * forward
        beta[i] = small + float(share[i]) * backward


@kernel
def set_faces(p: Numbers, segment: Segment, t: float, y: Array, given: float, memory: Array, faces: Faces) -> bool:
    """Write coefficients and fluxes of every face.

    Parameters
    ----------
    p : Numbers
        The problem.
    segment : Segment
        What is applied.
    t : float
        Time, s.
    y : ndarray
        State.
    given : float
        J_v to use, m/s; nan for the one that the pressures and the wall concentrations agree on.
    memory : ndarray, shape (3,)
        Of `interface.find_water_flux`.
    faces : Faces
        Written.

    Returns
    -------
    bool
        Whether there is such a J_v.
    """
    set_cells(p, y, faces)
    water = water_flux_now(p, p.face, segment, t, faces, memory) if math.isnan(given) else given
    if math.isnan(water):
        return False
    faces.scalars[0] = water
    half_left, half_right = p.half[0] * float(faces.scalars[2]), p.half[1] * float(faces.scalars[3])
    set_face(p.face, water, half_left, half_right, faces.sides[CELLS], faces.membrane)
    m, forward, backward = p.membrane, max(water, 0.0), max(-water, 0.0)
    solutes, n = faces.state.shape[1], faces.state.shape[2] - 1
    for s in range(solutes):
        _set_coefficients(p, faces, s, 0, forward, backward, 0, m)
        _set_coefficients(p, faces, s, 1, forward, backward, m + 1, n + 1)
        faces.state[ALPHA, s, m], faces.state[BETA, s, m] = faces.membrane[s, 3], faces.membrane[s, 4]
    _set_far_faces(p, faces)
    set_fluxes(p, faces)
    return True


@part
def _set_far_faces(p: Numbers, faces: Faces) -> None:
    """Coefficients of the two far faces: into the chain (`inward`, of what stands outside) and out of it."""
    water, solutes, n = float(faces.scalars[0]), faces.state.shape[1], faces.state.shape[2] - 1
    for side in range(2):
        entering = water if side == 0 else -water
        inward, outward, seen = 0.0, 0.0, p.kind[side] != 0
        layer = p.kind[side] == _RESERVOIR and not p.one_cell[side]
        if p.kind[side] == _OUTFLOW:
            seen = entering > 0.0 and bool(p.known[side])
            if seen:
                inward = entering
            else:
                outward = -entering
        if p.kind[side] == _BATH:
            inward, outward, _, _ = _bath_flows(p.bath[side], entering)
        for s in range(solutes):
            faces.sides[OUTSIDE, side, s] = p.outside[side, s] if seen else 0.0
            if not layer and side == 0:
                faces.state[ALPHA, s, 0], faces.state[BETA, s, 0] = inward, outward
            if not layer and side == 1:
                faces.state[ALPHA, s, n], faces.state[BETA, s, n] = outward, inward


@part
def set_fluxes(p: Numbers, faces: Faces) -> None:
    """``α c_P − β c_A`` of every face, mol/m^2/s."""
    solutes, n = faces.state.shape[1], faces.state.shape[2] - 1
    for s in range(solutes):
        flux, c = faces.state[FLUX, s], faces.state[CONCENTRATION, s]
        alpha, beta = faces.state[ALPHA, s], faces.state[BETA, s]
        flux[0] = alpha[0] * faces.sides[OUTSIDE, 0, s] - beta[0] * c[0]
        for i in range(1, n):
            flux[i] = alpha[i] * c[i - 1] - beta[i] * c[i]
        flux[n] = alpha[n] * c[n - 1] - beta[n] * faces.sides[OUTSIDE, 1, s]
        if p.endless[0]:
            flux[0] = flux[p.membrane]
        if p.endless[1]:
            flux[n] = flux[p.membrane]


@part
def set_rates(p: Numbers, segment: Segment, t: float, faces: Faces, out: Array) -> None:
    """Write dy/dt of what `set_faces` has written."""
    solutes, n = faces.state.shape[1], faces.state.shape[2] - 1
    x, water = solutes * n, float(faces.scalars[0])
    for s in range(solutes):
        flux, own = faces.state[FLUX, s], out[s * n : (s + 1) * n]
        for i in range(n):
            own[i] = flux[i] - flux[i + 1]
    out[x] = water
    for side in range(2):
        entering = water if side == 0 else -water
        gained = 0.0
        if p.bath[side].present and p.bath[side].mode != _MADE_UP:
            fed, bled, _, _ = _bath_flows(p.bath[side], entering)
            gained = fed - bled - entering
        out[x + 1 + side] = gained
    passed = x + 3
    for s in range(solutes):
        out[passed + s] = faces.state[FLUX, s, p.membrane]
        out[passed + solutes + s] = faces.state[FLUX, s, 0]
        out[passed + 2 * solutes + s] = faces.state[FLUX, s, n]
    if whole_work(p, segment):
        out[passed + 3 * solutes] = _pressed(p, segment, t, faces) * water
    else:
        out[passed + 3 * solutes] = -_rise(segment) * float(faces.scalars[1])


@kernel
def whole_work(p: Numbers, segment: Segment) -> bool:
    """The state's work is the whole one, not that without Δp X."""
    return p.pumped or p.wall[0] or p.wall[1] or _waving(segment)


@kernel
def _pressed(p: Numbers, segment: Segment, t: float, faces: Faces) -> float:
    """Applied pressure on the left beyond that on the right, without head and elasticity, Pa."""
    if not p.pumped:
        left, right = _applied_now(p, segment, t)
        return left - right
    held = float(faces.scalars[0]) / p.face.water_permeability + wall_pressure(
        p.face, faces.membrane, faces.room[0], faces.sides[PULL]
    )
    return held + _stiffness_now(p) * float(faces.scalars[1])


@kernel
def rates(p: Numbers, segment: Segment, t: float, y: Array, memory: Array, faces: Faces, out: Array) -> bool:
    """Write dy/dt of a state; False if there is no water flux that fits."""
    if not set_faces(p, segment, t, y, math.nan, memory, faces):
        return False
    set_rates(p, segment, t, faces, out)
    return True


# -- kernels: derivatives ---------------------------------------------------------------------------------------------
class Slopes(NamedTuple):
    """Derivatives of dy/dt; `set_slopes` writes them. The scalars are X, V_L and V_R.

    Attributes
    ----------
    faces : ndarray, shape (6, solutes, faces)
        Of a face's flux with the amounts in the cell before and behind it, at a given J_v, 1/s; with J_v; and with each
        scalar, at a given J_v.
    walls : ndarray, shape (2, 2, solutes)
        Of J_v with the amounts in the left and the right wall cell; the same of the work's rate, at a given J_v.
    scalars : ndarray, shape (6, 5)
        Of dX/dt, dV_L/dt, dV_R/dt with J_v; of J_v with each scalar; of the work's rate with each, at a given J_v; of
        J_v with time, of the work's rate with J_v and with time, all else given. The rest to work in.
    baths : ndarray, shape (2, solutes)
        Concentrations of the baths on the left and on the right, mol/m^3; 0 where there is none.
    """

    faces: Array
    walls: Array
    scalars: Array
    baths: Array


def new_slopes(solutes: int, cells: int) -> Slopes:
    """Room for `Slopes`."""
    return Slopes(
        np.zeros((6, solutes, cells + 1)), np.zeros((2, 2, solutes)), np.zeros((6, 5)), np.zeros((2, solutes))
    )


@kernel
def _stretch_rates(p: Numbers, faces: Faces, scalar: int) -> tuple[float, float]:
    """d ln(length) of the two sides' meshes (or of the cell that is the bath) with a scalar, 1/m."""
    if scalar == 0:
        left = -1.0 / (p.length[0] * float(faces.scalars[2])) if p.moving[0] else 0.0
        right = 1.0 / (p.length[1] * float(faces.scalars[3])) if p.moving[1] else 0.0
        return left, right
    if scalar == 1:
        return (1.0 / float(faces.width[0]) if p.bath[0].present and p.one_cell[0] else 0.0), 0.0
    last = faces.width.shape[0] - 1
    return 0.0, (1.0 / float(faces.width[last]) if p.bath[1].present and p.one_cell[1] else 0.0)


@kernel
def _bend(peclet: float, water: float) -> float:
    """B'(Pe) of a face, of the Péclet number without its sign."""
    _, slope = bernoulli(peclet)
    return slope if water >= 0.0 else -1.0 - slope  # B'(−x) = −1 − B'(x)


@kernel
def _set_side_slopes(p: Numbers, faces: Faces, d: Slopes, s: int, side: int, first: int, last: int) -> None:
    """Write the derivatives of the fluxes through the inner faces of a side with J_v, and with X."""
    water, rate = float(faces.scalars[0]), _stretch_rates(p, faces, 0)[side]
    bend, share = d.faces[WITH_FLUX, s, first:last], p.mesh[SHARE, first:last]
    with_length, flux = d.faces[WITH_SCALAR, s, first:last], faces.state[FLUX, s, first:last]
    c, beta = faces.state[CONCENTRATION, s, first - 1 : last], faces.state[BETA, s, first:last]
    along = abs(water) * float(faces.scalars[2 + side])
    _set_bend(p.faces[PECLET, s, first:last], along, float(p.steepest[side, s]), water, bend)
    for i in range(bend.shape[0]):
        passing, drop = float(share[i]) * float(bend[i]), float(c[i]) - float(c[i + 1])
        with_length[i] = rate * ((passing * water - float(beta[i])) * drop - float(flux[i]))
        bend[i] = passing * drop + float(share[i]) * float(c[i])


@kernel
def set_slopes(p: Numbers, segment: Segment, t: float, faces: Faces, d: Slopes) -> None:
    """Write the derivatives of dy/dt at what `set_faces` has written.

    Built from the derivatives of each face's flux, which both its cells use, so that amounts are conserved by what is
    solved with them as by the right-hand side.
    """
    solutes, n = faces.state.shape[1], faces.state.shape[2] - 1
    m, water = p.membrane, float(faces.scalars[0])
    half_left, half_right = p.half[0] * float(faces.scalars[2]), p.half[1] * float(faces.scalars[3])
    set_face_slopes(p.face, water, half_left, half_right, faces.sides[CELLS], faces.slopes)
    for s in range(solutes):
        alpha, beta = faces.state[ALPHA, s], faces.state[BETA, s]
        before, behind, with_flux = d.faces[BEFORE, s], d.faces[BEHIND, s], d.faces[WITH_FLUX, s]
        for i in range(n):
            behind[i] = -beta[i] / faces.width[i]
            before[i + 1] = alpha[i + 1] / faces.width[i]
        _set_side_slopes(p, faces, d, s, 0, 1, m)
        _set_side_slopes(p, faces, d, s, 1, m + 1, n)
        # the membrane face
        c_p, c_a = float(faces.sides[CELLS, 0, s]), float(faces.sides[CELLS, 1, s])
        by = faces.slopes[0, s]
        with_flux[m], before[m], behind[m] = by[0], by[1] / faces.width[m - 1], by[2] / faces.width[m]
        for j in range(3):
            left, right = _stretch_rates(p, faces, j)
            d.faces[WITH_SCALAR + j, s, m] = left * (by[3] - c_p * by[1]) + right * (by[4] - c_a * by[2])
        for side in range(2):
            _set_far_slopes(p, faces, d, s, side)
    _set_flux_slopes(p, segment, t, faces, d)


@part
def _set_far_slopes(p: Numbers, faces: Faces, d: Slopes, s: int, side: int) -> None:
    """Derivatives of the flux through a far face, and of what a bath's volume does to its faces and to itself."""
    n, water = faces.state.shape[2] - 1, float(faces.scalars[0])
    far, cell, inner = (0, 0, 1) if side == 0 else (n, n - 1, n - 1)
    inside, outside = float(faces.state[CONCENTRATION, s, cell]), float(faces.sides[OUTSIDE, side, s])
    d.faces[WITH_FLUX, s, far] = 0.0
    d.baths[side, s] = inside if p.bath[side].present else 0.0
    if p.endless[side]:  # what leaves through the membrane comes from behind
        d.faces[WITH_FLUX, s, far] = d.faces[WITH_FLUX, s, p.membrane]
        for j in range(3):
            d.faces[WITH_SCALAR + j, s, far] = d.faces[WITH_SCALAR + j, s, p.membrane]
        return
    if p.kind[side] == _RESERVOIR:
        before, behind = (outside, inside) if side == 0 else (inside, outside)
        bend = _bend(abs(water) * float(p.faces[PECLET, s, far] * faces.scalars[2 + side]), water)
        d.faces[WITH_FLUX, s, far] = (1.0 + bend) * before - bend * behind
    if p.kind[side] == _OUTFLOW:
        entering = water if side == 0 else -water
        d.faces[WITH_FLUX, s, far] = outside if entering > 0.0 and p.known[side] else inside
    if p.kind[side] == _BATH:
        entering = water if side == 0 else -water
        _, bled, more_fed, more_bled = _bath_flows(p.bath[side], entering)
        d.faces[WITH_FLUX, s, far] = more_fed * outside - more_bled * inside
        volume, sign = float(faces.width[cell]), 1.0 if side == 0 else -1.0
        d.faces[WITH_SCALAR + 1 + side, s, far] = sign * bled * inside / volume
        if not p.one_cell[side]:
            inward = faces.state[ALPHA, s, inner] if side == 0 else faces.state[BETA, s, inner]
            d.faces[WITH_SCALAR + 1 + side, s, inner] = -sign * inward * inside / volume


@part
def _set_flux_slopes(p: Numbers, segment: Segment, t: float, faces: Faces, d: Slopes) -> None:
    """Derivatives of J_v, of the scalars' rates and of the work's rate."""
    solutes, m, water = faces.state.shape[1], p.membrane, float(faces.scalars[0])
    d.scalars[0, 0] = 1.0
    for side in range(2):
        sign = 1.0 if side == 0 else -1.0
        _, _, more_fed, more_bled = _bath_flows(p.bath[side], sign * water)
        holds = not p.bath[side].present or p.bath[side].mode == _MADE_UP
        d.scalars[0, 1 + side] = 0.0 if holds else sign * (more_fed - more_bled - 1.0)
    for j in range(3):
        d.scalars[1, j] = d.scalars[2, j] = d.scalars[3, j] = 0.0
    for s in range(solutes):
        for side in range(2):
            d.walls[0, side, s] = d.walls[1, side, s] = 0.0
    whole = whole_work(p, segment)
    if not whole:
        d.scalars[2, 0] = -_rise(segment)
    if p.still:
        return
    # of the osmotic pressure at the walls, left beyond right: with the wall cells, the scalars, J_v
    wall_pressure(p.face, faces.membrane, faces.room[0], faces.sides[PULL])
    pull, change, with_scalar, with_flux = faces.sides[PULL], d.scalars[4], d.scalars[5], 0.0
    with_scalar[1] = with_scalar[2] = 0.0
    with_scalar[0] = _stiffness_now(p)
    for s in range(solutes):
        left_wall, right_wall = faces.slopes[1, s], faces.slopes[2, s]
        for j in range(5):
            change[j] = pull[0, s] * left_wall[j] - pull[1, s] * right_wall[j]
        with_flux += float(change[0])
        if faces.state[CONCENTRATION, s, m - 1] >= 0.0:
            d.walls[0, 0, s] = change[1] / faces.width[m - 1]
        if faces.state[CONCENTRATION, s, m] >= 0.0:
            d.walls[0, 1, s] = change[2] / faces.width[m]
        for j in range(3):
            left, right = _stretch_rates(p, faces, j)
            with_scalar[j] += left * (change[3] - faces.sides[CELLS, 0, s] * change[1])
            with_scalar[j] += right * (change[4] - faces.sides[CELLS, 1, s] * change[2])
    lp = p.face.water_permeability
    scale = -lp / (1.0 + lp * with_flux)
    if p.pumped:
        scale = 0.0
        d.scalars[3, 0] = (segment.flux[1] - segment.flux[0]) / (segment.end - segment.start)
        d.scalars[3, 1] = _pressed(p, segment, t, faces) + water * (1.0 / lp + with_flux)
    else:
        rise = 0.0
        if not p.off[0]:
            rise += _slope(segment, segment.left) + _wave_at(segment.waves[0], t)[1]
        if not p.off[1]:
            rise -= _slope(segment, segment.right) + _wave_at(segment.waves[1], t)[1]
        d.scalars[3, 0] = -scale * rise
        if whole:
            d.scalars[3, 1], d.scalars[3, 2] = _pressed(p, segment, t, faces), rise * water
    for s in range(solutes):
        for side in range(2):
            if p.pumped:
                d.walls[1, side, s] = water * d.walls[0, side, s]
            d.walls[0, side, s] *= scale
    for j in range(3):
        if p.pumped:
            d.scalars[2, j] = water * with_scalar[j]
        d.scalars[1, j] = scale * with_scalar[j]


# -- kernels: events and read-out -------------------------------------------------------------------------------------
DRY = 1e-3  # a closed side that has lost all but this share of its length has run dry
EMPTY = 1e-6  # the same for the volume of a bath


# What an outflow's events are told, `watch`: the direction of J_v that is its way out (1 or -1; 0: nothing is watched;
# -1 times it where the outflow draws in, so that flowing out is what counts); 1 while the water goes that way, -1 after
# it has turned; the displaced volume where it turned, at the furthest (m); and the volume that has to come back before
# it counts as flowing back (m).
WAY, AHEAD, FURTHEST, COUNTS = range(4)
WATCH = 4  # numbers in `watch`
EVENTS = 6  # left dry, right dry, flowing back, turning, left wall, right wall
FIRST_WALL = 4  # from there on an event counts whichever way it passes zero


@kernel
def set_events(
    p: Numbers, segment: Segment, t: float, y: Array, watch: Array, memory: Array, faces: Faces, out: Array
) -> None:
    """Write six numbers, of which four fall through zero when something happens, and two pass it either way.

    The first two: the left or the right side runs dry. The third: more water has come back through an outflow since the
    flow turned than the tolerance of the displaced volume leaves open; the water flux itself is no measure of it, since
    near equilibrium it is nothing but the error of the wall concentrations. The fourth: the water flux changes sign.
    The last two: the membrane comes off the elastic wall of the left or the right side, or meets it again.

    Parameters
    ----------
    p, segment, t, y, memory
        As in `set_faces`.
    watch : ndarray, shape (4,)
        See above.
    faces : Faces
        To work in.
    out : ndarray, shape (6,)
        Written.
    """
    solutes, n = faces.state.shape[1], faces.state.shape[2] - 1
    x = solutes * n
    stretch = stretches(p, y, x)
    for side in range(2):
        out[side] = 1.0
        if p.kind[side] == 0:
            out[side] = stretch[side] - DRY
        if p.bath[side].present:
            out[side] = float(y[x + 1 + side]) / p.bath[side].volume - EMPTY
    for j in range(2, EVENTS):
        out[j] = 1.0
    left, right = stretched(p, segment, t, float(y[x]))
    if p.wall[0]:
        out[4] = left
    if p.wall[1]:
        out[5] = right
    if watch[WAY] != 0.0:
        set_cells(p, y, faces)
        out[2] = 1.0 - float(watch[WAY]) * (float(watch[FURTHEST]) - float(y[x])) / float(watch[COUNTS])
        out[3] = float(watch[WAY] * watch[AHEAD]) * water_flux_now(p, p.face, segment, t, faces, memory)


@kernel
def _sum(x: Array) -> float:
    """Sum, in four parts that need not wait for one another."""
    n = x.shape[0] // 4
    first, second, third, fourth, rest = x[:n], x[n : 2 * n], x[2 * n : 3 * n], x[3 * n : 4 * n], x[4 * n :]
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        a, b, c, d = a + float(first[i]), b + float(second[i]), c + float(third[i]), d + float(fourth[i])
    for i in range(rest.shape[0]):
        a += float(rest[i])
    return (a + b) + (c + d)


@kernel
def _sums(x: Array, first: int) -> tuple[float, float]:
    """Sums of the first entries and of the others."""
    return _sum(x[:first]), _sum(x[first:])


@kernel
def _spread(p: Numbers, y: Array, faces: Faces, goal: Array) -> float:
    """``Σ∫|c − c_goal| dV`` of what `set_cells` has written, mol/m^2; `goal` (2 or more, solutes) are mol/m^3."""
    total, n = 0.0, p.mesh.shape[1] - 1
    for s in range(goal.shape[1]):
        for i in range(n):
            there = float(goal[0, s]) if i < p.membrane else float(goal[1, s])
            total += abs(float(y[s * n + i]) - float(faces.width[i]) * there)
    return total


@kernel
def spread(p: Numbers, y: Array, faces: Faces, goal: Array) -> float:
    """`_spread` of a state."""
    set_cells(p, y, faces)
    return _spread(p, y, faces, goal)


@kernel
def _whole_pressure(p: Numbers, concentration: Array, room: Array) -> float:
    """Osmotic pressure of a solution, Pa."""
    for s in range(concentration.shape[0]):
        room[0, s] = 1.0
    return reflected(p.face.osmotics, concentration, room[0], room[1])


@kernel
def observe_states(
    p: Numbers,
    segments: Array,
    which: NDArray[np.int64],
    times: Array,
    states: Array,
    known: Array,
    memory: Array,
    ends: bool,
    faces: Faces,
    numbers: Array,
    solutes: Array,
) -> bool:
    """Write what a person wants to know of the states of some runs; see `Observations`.

    Parameters
    ----------
    p : Numbers
        The problem of all of them.
    segments : ndarray, shape (n, 12)
        Of `segment_row`.
    which : ndarray of int, shape (runs, times)
        The segment of each state.
    times : ndarray, shape (times,)
        s.
    states : ndarray, shape (runs, times, size)
        States.
    known : ndarray, shape (runs, 4, solutes)
        Concentrations of the equilibrium left and right, and, unless nan, of the walls in the first state, which are
        those of stirred sides; mol/m^3.
    memory : ndarray, shape (runs, 3)
        Of `interface.find_water_flux`: each state starts with what is there.
    ends : bool
        Of the states between the first and the last one write the amounts alone.
    faces : Faces
        To work in.
    numbers : ndarray, shape (runs, times, 12)
        Written.
    solutes : ndarray, shape (runs, times, 9, solutes)
        Written.

    Returns
    -------
    bool
        Whether a water flux was found for each.
    """
    k, n, m = solutes.shape[3], p.mesh.shape[1] - 1, p.membrane
    for r in range(states.shape[0]):
        guess = float(memory[r, GUESS])
        for i in range(times.shape[0]):
            row, y, first = segments[which[r, i]], states[r, i], i == 0
            if ends and 0 < i < times.shape[0] - 1:
                for s in range(k):
                    solutes[r, i, 3, s], solutes[r, i, 4, s] = _sums(y[s * n : (s + 1) * n], m)
                continue
            memory[r, GUESS] = guess
            if not observe_state(p, row, float(times[i]), y, first, known[r], memory[r], faces, numbers[r, i]):
                return False
            observe_solutes(p, y, faces, numbers[r, i], solutes[r, i])
    return True


@kernel
def observe_state(
    p: Numbers,
    row: Array,
    t: float,
    y: Array,
    first: bool,
    known: Array,
    memory: Array,
    faces: Faces,
    numbers: Array,
) -> bool:
    """Write what there is one of in a state, but for osmotic pressures; False if the water flux was not found."""
    k, m, segment = faces.state.shape[1], p.membrane, segment_of(row)
    x = k * (p.mesh.shape[1] - 1)
    set_cells(p, y, faces)
    set_walls(p, segment, t, float(y[x]))
    face = p.face
    if first and not math.isnan(known[2, 0]):
        face = without_layers(face)
        for s in range(k):
            faces.sides[CELLS, 0, s], faces.sides[CELLS, 1, s] = known[2, s], known[3, s]
    water = water_flux_now(p, face, segment, t, faces, memory)
    if math.isnan(water):
        return False
    half_left, half_right = p.half[0] * float(faces.scalars[2]), p.half[1] * float(faces.scalars[3])
    set_face(face, water, half_left, half_right, faces.sides[CELLS], faces.membrane)
    left, right = _sums(faces.width, m)
    pressed_left, pressed_right = pressing(p, segment, t, float(y[x]))
    held = 0.0
    if p.face.present and p.face.water_permeability > 0.0:
        held = wall_pressure(p.face, faces.membrane, faces.room[0], faces.sides[PULL])
        held += water / p.face.water_permeability
    work = float(y[x + 3 + 3 * k])
    if not whole_work(p, segment):
        applied_left, applied_right = applied(segment, t)
        work += (applied_left - applied_right) * float(y[x])
    numbers[0], numbers[1], numbers[2] = water, left, right
    numbers[3], numbers[4], numbers[5], numbers[6] = pressed_left, pressed_right, held, work
    numbers[11] = _spread(p, y, faces, known)
    return True


@kernel
def observe_solutes(p: Numbers, y: Array, faces: Faces, numbers: Array, solutes: Array) -> None:
    """Write what each solute has one of in a state, after `observe_state`, and the osmotic pressures."""
    k, m, n = faces.state.shape[1], p.membrane, p.mesh.shape[1] - 1
    left, right = float(numbers[1]), float(numbers[2])
    for s in range(k):
        solutes[0, s], solutes[1, s], solutes[2, s] = faces.membrane[s, 2], faces.membrane[s, 0], faces.membrane[s, 1]
        amount_left, amount_right = _sums(y[s * n : (s + 1) * n], m)
        solutes[3, s], solutes[4, s] = amount_left, amount_right
        solutes[5, s], solutes[6, s] = amount_left / left, amount_right / right
        for side in range(2):
            bulk = float(solutes[5 + side, s])
            if p.kind[side] == _BATH:
                bulk = float(faces.state[CONCENTRATION, s, 0 if side == 0 else n - 1])
            if p.kind[side] == _RESERVOIR:
                bulk = float(p.outside[side, s])
            solutes[7 + side, s] = bulk
    for j in range(2):
        numbers[7 + j] = _whole_pressure(p, solutes[5 + j], faces.room)
        numbers[9 + j] = _whole_pressure(p, solutes[1 + j], faces.room)


_rates = compiled(rates)
_set_faces = compiled(set_faces)
_set_slopes = compiled(set_slopes)
_set_events = compiled(set_events)
_water_flux_of = compiled(water_flux_of)
_observe_states = compiled(observe_states)
_spread_of = compiled(spread)


class Observations(NamedTuple):
    """What a person wants to know of states (SI): arrays (run, time), of the solutes (run, time, solute).

    `spread` is the distance from the equilibrium, ``Σ∫|c − c_eq| dV`` (mol/m^2; nan without one); `osmotic_…` are the
    osmotic pressures of the means and at the walls; `bulk_…` is what stands behind the layer of a reservoir or a bath,
    on other sides the mean.
    """

    water_flux: Array
    length_left: Array
    length_right: Array
    pressure_left: Array
    pressure_right: Array
    energy: Array
    osmotic_left: Array
    osmotic_right: Array
    osmotic_wall_left: Array
    osmotic_wall_right: Array
    spread: Array
    solute_flux: Array
    wall_left: Array
    wall_right: Array
    amount_left: Array
    amount_right: Array
    mean_left: Array
    mean_right: Array
    bulk_left: Array
    bulk_right: Array


class System:
    """Right-hand side, Jacobian and read-out of a `Problem`; `numbers`, if a system of it has them already.

    Attributes
    ----------
    numbers : Numbers
        The problem for the kernels.
    memory : ndarray, shape (3,)
        Of `interface.find_water_flux`.
    solutes, cells, membrane : int
        Of the chain: with baths that stand behind layers; the membrane is a face.
    size, x, work : int
        Of the state; places of X and of the work in it.
    volume : tuple of int
        Places of V_L and V_R.
    bath : pair of (ndarray of int or None)
        Places of the amounts in a bath behind a layer.
    passed, far_left, far_right : slice
        Of the state: what passed the membrane and the far faces.
    inside : slice
        Of the chain: the cells of the mesh.
    still : bool
        No water flows.
    width : ndarray, shape (cells,)
        Of the chain, at the start, m.
    """

    def __init__(self, problem: Problem, numbers: Numbers | None = None) -> None:
        self.problem = problem
        mesh, self.solutes = problem.mesh, problem.diffusivity.shape[1]
        k = self.solutes
        one_cell = tuple(
            kind in (RESERVOIR, BATH) and still for kind, still in zip(problem.boundary, problem.stirred, strict=True)
        )
        layered = tuple(bath is not None and not alone for bath, alone in zip(problem.baths, one_cell, strict=True))
        n = mesh.cells + sum(layered)
        self.cells, self.membrane = n, mesh.membrane + layered[0]
        self.inside = slice(int(layered[0]), n - int(layered[1]))
        self.x = k * n
        self.volume = (self.x + 1, self.x + 2)
        ends = 0, n - 1
        self.bath = tuple(np.arange(k) * n + end if there else None for end, there in zip(ends, layered, strict=True))
        self.passed, self.far_left, self.far_right = (
            slice(start, start + k) for start in range(self.x + 3, self.x + 3 + 3 * k, k)
        )
        self.work = self.x + 3 + 3 * k
        self.size = self.work + 1
        self.still = bool(problem.rigid) or not problem.membrane.present or problem.membrane.water_permeability == 0.0
        self.memory = np.zeros(3)
        found = numbers or self._numbers(one_cell, layered)
        self.numbers = found._replace(off=np.zeros(2, dtype=bool))  # of this system, not of another with its numbers
        self.width = self.numbers.mesh[WIDTH, :-1]

    def _numbers(self, one_cell: tuple[bool, ...], layered: tuple[bool, ...]) -> Numbers:
        p, mesh, m, n, k = self.problem, self.problem.mesh, self.membrane, self.cells, self.solutes
        baths = tuple(BathNumbers() if bath is None else bath.numbers for bath in p.baths)
        moving = tuple(kind == CLOSED for kind in p.boundary)
        width, distance, share = np.zeros(n + 1), np.empty(n + 1), np.ones(n + 1)
        width[self.inside] = mesh.width
        first, last = self.inside.start, self.inside.stop
        distance[first : last + 1] = mesh.distance
        share[first : last + 1] = mesh.reach
        for side, faces in ((0, slice(0, m)), (1, slice(m + 1, None))):
            if not moving[side]:
                share[faces] = 1.0
        distance[0], distance[-1] = mesh.distance[0], mesh.distance[-1]
        share[m] = 1.0
        conductance = np.empty((k, n + 1))
        conductance[:, : m + 1], conductance[:, m + 1 :] = p.diffusivity[:, :, None]
        conductance /= distance
        peclet = share / conductance
        kinds = tuple((CLOSED, RESERVOIR, OUTFLOW, BATH).index(kind) for kind in p.boundary)
        outside, known, trace = np.zeros((2, k)), np.zeros(2, dtype=bool), np.zeros((2, k))
        for side, far, cell in ((0, 0, 0), (1, n, n - 1)):
            if moving[side] or one_cell[side] or kinds[side] in (_OUTFLOW, _BATH):
                conductance[:, far] = share[far] = 0.0
            bath, behind = p.baths[side], p.exterior[side]
            if p.trace is not None and p.stirred[side] and not self.endless(side):
                trace[side] = p.trace
            if bath is not None:
                width[cell] = bath.volume
                if bath.feed is not None:
                    outside[side] = bath.feed
            elif behind is not None:
                outside[side], known[side] = behind, True
        return Numbers(
            face=face_numbers(p.membrane, p.diffusivity, p.stirred, p.osmotics, trace),
            membrane=m,
            kind=(kinds[0], kinds[1]),
            moving=(moving[0], moving[1]),
            one_cell=(bool(one_cell[0]), bool(one_cell[1])),
            endless=(self.endless(0), self.endless(1)),
            length=(mesh.length_left, mesh.length_right),
            half=(mesh.half_left, mesh.half_right),
            bath=(baths[0], baths[1]),
            stiffness=(float(p.stiffness[0]), float(p.stiffness[1])),
            wall=(bool(p.wall[0]) and p.pumped != "left", bool(p.wall[1]) and p.pumped != "right"),
            off=np.zeros(2, dtype=bool),
            still=self.still,
            pumped=bool(p.pumped),
            mesh=np.array([width, share]),
            faces=np.array([conductance, peclet]),
            steepest=np.array([peclet[:, : m + 1].max(axis=1), peclet[:, m:].max(axis=1)]),
            outside=outside,
            known=known,
        )

    # -- state ----------------------------------------------------------------------------------------------------
    def initial_state(self, concentration: Array) -> Array:
        """State vector of given concentrations in the cells of the mesh (solutes, cells), nothing displaced yet."""
        y = np.zeros(self.size)
        amounts = self.amounts(y)
        amounts[:, self.inside] = concentration * self.problem.mesh.width
        for side, bath in enumerate(self.problem.baths):
            if bath is None:
                continue
            y[self.volume[side]] = bath.volume
            if (places := self.bath[side]) is not None:
                known = self.problem.exterior[side]
                assert known is not None
                y[places] = known * bath.volume
        return y

    def draw_in(self, side: int, concentration: Array | None) -> None:
        """What an outflow draws in from now on; None: nothing is known of it."""
        self.problem.exterior[side] = concentration
        self.numbers.known[side] = concentration is not None
        self.numbers.outside[side] = 0.0 if concentration is None else concentration

    def stretch(self, y: Array) -> tuple[float, float]:
        """Length of each side's mesh over its length at the start."""
        return stretches(self.numbers, y, self.x)

    def amounts(self, y: Array) -> Array:
        """Amounts (solutes, cells of the chain), mol/m^2: a view."""
        return y[: self.x].reshape(self.solutes, -1)

    def amounts_of_sides(self, y: Array) -> tuple[Array, Array]:
        """Amounts on the left and on the right (solutes,), baths included, mol/m^2."""
        amounts = self.amounts(y)
        return amounts[:, : self.membrane].sum(axis=1), amounts[:, self.membrane :].sum(axis=1)

    def widths(self, y: Array) -> Array:
        """Current widths of the cells of the chain, m; of several states (state, size) those of each."""
        p, m, x = self.numbers, self.membrane, y[..., self.x]
        width = np.empty((*x.shape, self.cells))
        left = np.maximum(1.0 - x / p.length[0], _THINNEST) if p.moving[0] else np.ones_like(x)
        right = np.maximum(1.0 + x / p.length[1], _THINNEST) if p.moving[1] else np.ones_like(x)
        width[..., :m] = left[..., None] * p.mesh[WIDTH, :m]
        width[..., m:] = right[..., None] * p.mesh[WIDTH, m:-1]
        for side, cell in ((0, 0), (1, -1)):
            if (bath := p.bath[side]).present:
                width[..., cell] = np.maximum(y[..., self.volume[side]], bath.volume * _SMALLEST)
        return width

    def endless(self, side: int) -> bool:
        """A stirred reservoir: its one cell never changes, what leaves through the membrane comes from behind."""
        return self.problem.boundary[side] == RESERVOIR and self.problem.stirred[side]

    # -- fluxes ---------------------------------------------------------------------------------------------------
    def faces(self, t: float, y: Array, segment: Segment, water_flux: float = math.nan) -> Faces:
        """Coefficients and fluxes of every face.

        Parameters
        ----------
        t : float
            Time, s.
        y : ndarray
            State.
        segment : Segment
            What is applied.
        water_flux : float, optional
            J_v to use; by default the one that the pressures and the wall concentrations agree on.

        Returns
        -------
        Faces
            See there.

        Raises
        ------
        NoSolution
            If there is no such water flux.
        """
        faces = new_faces(self.solutes, self.cells)
        _settle(_set_faces(self.numbers, segment, t, y, water_flux, self.memory, faces))
        return faces

    def rhs(self, t: float, y: Array, out: Array, segment: Segment) -> None:
        """Write dy/dt into `out`."""
        _settle(_rates(self.numbers, segment, t, y, self.memory, self._faces, out))

    @cached_property
    def _faces(self) -> Faces:
        return new_faces(self.solutes, self.cells)

    def rates(self, t: float, faces: Faces, concentration: Array, segment: Segment) -> Array:
        """dy/dt for given face coefficients and (other) cell concentrations: an implicit step of FiPy."""
        out = np.empty(self.size)
        other = faces._replace(state=faces.state.copy())
        other.concentration[:] = concentration
        set_fluxes(self.numbers, other)
        set_rates(self.numbers, segment, t, other, out)
        return out

    def water_flux(self, t: float, y: Array, segment: Segment) -> float:
        """J_v of a state, m/s."""
        found = _water_flux_of(self.numbers, segment, t, y, self.memory, self._faces)
        _settle(not math.isnan(found))
        return found

    def events(self, t: float, y: Array, segment: Segment, watch: Array) -> Array:
        """What falls through zero when a side runs dry or an outflow flows back; see `set_events`."""
        out = np.empty(EVENTS)
        _set_events(self.numbers, segment, t, y, watch, self.memory, self._faces, out)
        return out

    def set_walls(self, t: float, y: Array, segment: Segment) -> None:
        """Let the elastic walls press or be off as they are in a state, or will be from there on; see `set_walls`."""
        p, x = self.numbers, float(y[self.x])
        set_walls(p, segment, t, x)
        for side, (pressure, line, sign) in enumerate(
            zip(stretched(p, segment, t, x), (segment.left, segment.right), (-1.0, 1.0), strict=True)
        ):
            if p.wall[side] and pressure == 0.0:  # just slack: it goes on as the pressure does
                rise = _slope(segment, line) + _wave_at(segment.waves[side], t)[1]
                p.off[side] = rise + sign * p.stiffness[side] * self.water_flux(t, y, segment) < 0.0

    def enter(self, t: float, y: Array, before: Segment, segment: Segment) -> Array:
        """The state at the start of a segment: where the pressures jump, ``X dΔp`` does."""
        if whole_work(self.numbers, segment):
            return y
        (l0, r0), (l1, r1) = before.applied(t), segment.applied(t)
        y = y.copy()
        y[self.work] -= (l1 - r1 - l0 + r0) * y[self.x]
        return y

    # -- Jacobian -------------------------------------------------------------------------------------------------
    @cached_property
    def pattern(self) -> csc_array:
        """Sparsity of the Jacobian: tridiagonal blocks, and full columns for the wall cells and the scalars."""
        from scipy.sparse import csc_array

        rows, columns = self._entries
        starts = np.searchsorted(columns, np.arange(self.size + 1))  # SUNDIALS indexes with 32 bits
        entries = np.ones(len(rows)), rows.astype(np.int32), starts.astype(np.int32)
        return csc_array(entries, shape=(self.size, self.size))

    @cached_property
    def _entries(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of the entries that may differ from zero, column by column."""
        n, m, k, size = self.cells, self.membrane, self.solutes, self.size
        cell, first = np.arange(self.x), np.arange(k) * n
        inner = cell[cell % n != 0]
        full = np.concatenate([first + m - 1, first + m, [self.x, *self.volume]])
        ends = np.arange(self.far_left.start, self.far_left.stop), np.arange(self.far_right.start, self.far_right.stop)
        rows = [np.tile(np.arange(size), len(full)), cell, inner, inner - 1, *ends, np.arange(self.x, size)]
        columns = [np.repeat(full, size), cell, inner - 1, inner, first, first + n - 1, np.arange(self.x, size)]
        every = np.unique(np.concatenate(columns) * size + np.concatenate(rows))
        return every % size, every // size

    def jacobian(self, t: float, y: Array, segment: Segment) -> Array:
        """Values of the Jacobian ∂(dy/dt)/∂y in the column order of `pattern`."""
        n, m, k = self.cells, self.membrane, self.solutes
        faces, d = self._faces, self._slopes
        before, behind = d.faces[BEFORE], d.faces[BEHIND]
        _settle(_set_faces(self.numbers, segment, t, y, math.nan, self.memory, faces))
        _set_slopes(self.numbers, segment, t, faces, d)
        # of every row with J_v; the full columns through J_v, and directly
        with_flux = np.zeros(self.size)
        self.amounts(with_flux)[:] = d.faces[WITH_FLUX, :, :-1] - d.faces[WITH_FLUX, :, 1:]
        scalars = slice(self.x, self.x + 3)
        with_flux[scalars] = d.scalars[0, :3]
        counted = (self.passed, m), (self.far_left, 0), (self.far_right, n)
        for total, face in counted:
            with_flux[total] = d.faces[WITH_FLUX, :, face]
        with_flux[self.work] = d.scalars[3, 1]
        gradient = np.concatenate([*d.walls[0], d.scalars[1, :3]])
        full = with_flux[:, None] * gradient
        full[self.work] += np.concatenate([*d.walls[1], d.scalars[2, :3]])
        for j in range(3):
            through = d.faces[WITH_SCALAR + j]
            full[: self.x, 2 * k + j] += (through[:, :-1] - through[:, 1:]).ravel()
            for total, face in counted:
                full[total, 2 * k + j] += through[:, face]
        solute = np.arange(k)
        full[self.passed.start + solute, solute] += before[:, m]
        full[self.passed.start + solute, k + solute] += behind[:, m]

        dense = _Scatter(self._entries, self.size)
        first = np.arange(k) * n
        walls = np.concatenate([first + m - 1, first + m, np.arange(self.x, self.x + 3)])
        dense.add(np.tile(np.arange(self.size)[:, None], (1, len(walls))), np.tile(walls, (self.size, 1)), full)
        own, lower, upper = behind[:, :-1] - before[:, 1:], before[:, :-1].copy(), -behind[:, 1:]
        for side, end in ((0, 0), (1, n - 1)):
            if self.endless(side):
                own[:, end] = lower[:, end] = upper[:, end] = 0.0
        cell = np.arange(self.x).reshape(k, n)
        dense.add(cell, cell, own)
        dense.add(cell[:, 1:], cell[:, :-1], lower[:, 1:])
        dense.add(cell[:, :-1], cell[:, 1:], upper[:, :-1])
        for total, face, end, inward in (
            (self.far_left, 0, 0, behind[:, 0]),
            (self.far_right, n, n - 1, before[:, n]),
        ):
            place = np.arange(total.start, total.stop)
            if self.endless(0 if face == 0 else 1):
                dense.add(place, first + m - 1, before[:, m])
                dense.add(place, first + m, behind[:, m])
            else:
                dense.add(place, first + end, inward)
        return dense.values

    @cached_property
    def _slopes(self) -> Slopes:
        return new_slopes(self.solutes, self.cells)

    # -- read-out -------------------------------------------------------------------------------------------------
    def observe(
        self,
        times: Array,
        states: Array,
        segments: Sequence[Sequence[Segment]],
        memory: Array,
        walls: Array | None = None,
        goals: Array | None = None,
        ends: bool = False,
    ) -> Observations:
        """Everything that a table or a plot shows of the states (run, time, size) of one run or of several.

        `segments` has what is applied for each run and time, `memory` (run, 3) is what each run has left there. `walls`
        (2, solutes) are wall concentrations at the first time that are known without the half cells: those of the very
        start, before anything has piled up at the membrane. `goals` (run, 2, solutes) are the concentrations at
        equilibrium, nan where there is none. `ends`: of the states between the first and the last one only the amounts,
        the rest is nan.
        """
        k, runs, count = self.solutes, len(states), len(times)
        written = np.full((runs, count, 12), math.nan), np.full((runs, count, 9, k), math.nan)
        known = np.full((runs, 4, k), math.nan)
        if goals is not None:
            known[:, :2] = goals
        if walls is not None:
            known[:, 2:] = walls
        rows: list[list[float]] = []
        which = np.empty((runs, count), dtype=np.int64)
        for places, applied_then in zip(which, segments, strict=True):
            start = 0
            while start < count:
                segment, end = applied_then[start], start + 1
                while end < count and applied_then[end] is segment:
                    end += 1
                places[start:end] = len(rows)
                rows.append(segment_row(segment))
                start = end
        given = self.numbers, np.array(rows), which, times, states, known, memory.copy(), ends
        _settle(_observe_states(*given, self._faces, *written))
        numbers, solutes = (np.ascontiguousarray(np.moveaxis(each, 2, 0)) for each in written)
        flux, length_left, length_right, pressure_left, pressure_right, held, *others = numbers
        computed = self.problem.rigid or self.problem.pumped
        if computed == "right":
            pressure_right = pressure_left - held
        elif computed:
            pressure_left = pressure_right + held
        return Observations(flux, length_left, length_right, pressure_left, pressure_right, *others, *solutes)

    def spread(self, y: Array, goal: Array) -> float:
        """``Σ∫|c − c_goal| dV`` of a state, mol/m^2."""
        return _spread_of(self.numbers, y, self._faces, goal)

    def accept(self, t: float, y: Array, segment: Segment) -> None:
        """Remember J_v of an accepted step, where the equation for it may have several roots."""
        if not self.still and not self.numbers.face.unique:
            self.memory[REFERENCE] = self.water_flux(t, y, segment)


class _Scatter:
    """Values of a sparse matrix in column order, added to by row and column."""

    def __init__(self, entries: tuple[NDArray[np.intp], NDArray[np.intp]], size: int) -> None:
        self.keys, self.size = entries[1] * size + entries[0], size
        self.values = np.zeros(len(self.keys))

    def add(self, rows: NDArray[np.intp], columns: NDArray[np.intp], values: Array) -> None:
        """Each place at most once a call."""
        self.values[np.searchsorted(self.keys, columns * self.size + rows)] += values


def _settle(found: bool) -> None:
    if not found:
        raise NoSolution
