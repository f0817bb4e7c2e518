"""The semi-discrete model: fluxes through every face, their balance in every cell, and the exact sparse Jacobian.

State, per membrane area (SI):

    amounts   m[s, i] = c[s, i] · width[i]      mol/m^2, of solute s in cell i, left far wall to right far wall
    X         displaced volume ∫J_v dt          m
    N[s]      ∫ flux through the membrane dt     mol/m^2
    E_L[s]    ∫ flux through the left far face dt,   E_R[s] the right one
    W'        −∫ X d(p_applied,L − p_applied,R)   J/m^2, the work of the pressures without their Δp X (by parts: J_v is
              a small difference of large numbers, X is not); the whole work, ∫ Δp J_v dt, where J_v is held or a
              pressure oscillates
    V_b       volume of each stirred bath       m
    n_b[s]    amounts in a bath behind a layer  mol/m^2  (a bath without a layer is the one cell of its side)

    dm[s, i]/dt = F[s, i] − F[s, i + 1]         one flux, used by both neighbours

A bath gains ``Q_f c_f − Q_out c_b`` by feed and bleed, which is then what E counts, and loses F and q to its layer (a
bath without a layer: to the membrane); see `Bath`.

A closed compartment stretches with its liquid (arbitrary Lagrangian-Eulerian map of a fixed reference mesh), so that
the liquid moves relative to a face with ``J_v`` at the membrane and not at all at the far wall; through a reservoir
layer or an outflow it moves with ``J_v`` everywhere. Every interior face carries the exponential (Scharfetter-Gummel)
flux

    F = α c_P − β c_A,   α = g B(−v/g),  β = g B(v/g),  g = D/d

and the membrane face what `membrane_pde.fv.interface` makes of the two half cells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from membrane_pde.fv.interface import Face, HalfCells, Interface, Membrane, WallPressure
from membrane_pde.fv.mesh import Array, Mesh

CLOSED, RESERVOIR, OUTFLOW, BATH = "closed", "reservoir", "outflow", "bath"
_EPS = 2.0**-52
_THINNEST = 1e-6  # a trial step may overshoot a side that runs dry; the event at 1e-3 comes first
_SMALLEST = 1e-9  # the same for a bath, whose event is at 1e-6


def bernoulli(x: Array) -> Array:
    """Bernoulli function ``x / (e^x − 1)`` of an array.

    The same function as `membrane_pde.physics.fluxes.bernoulli`, for all faces at once.
    """
    y = np.minimum(x, 700.0) + 1e-30  # expm1 loses nothing near 0; only 0 itself needs the push
    return y / np.expm1(y)


def bernoulli_slope(x: Array) -> Array:
    """Derivative of `bernoulli`: ``B' = B (1 − x − B) / x``, near 0 its series."""
    small = np.abs(x) < 0.05
    y = np.where(small, 1.0, np.minimum(x, 700.0))
    value = bernoulli(y)
    z = np.where(small, x, 0.0)
    square = z * z
    series = -0.5 + z * (1 / 6 + square * (-1 / 180 + square * (1 / 5040 - square / 151200)))
    return np.where(small, series, value * (1.0 - y - value) / y)


def face_coefficients(conductance: Array, peclet: Array, velocity: Array) -> tuple[Array, Array]:
    """Diffusive and convective coefficients of faces: ``F = α c_P − β c_A`` with the exact exponential profile.

    Parameters
    ----------
    conductance : ndarray
        g = D/d, diffusivity over the distance between the two centres, m/s; 0 where a wall is closed.
    peclet : ndarray
        Pe = v/g.
    velocity : ndarray
        v, the liquid's velocity relative to the face, m/s.

    Returns
    -------
    alpha, beta : ndarray
        ``α = g B(−Pe)`` and ``β = g B(Pe)``, m/s, so that ``α − β = v``; their derivatives with v are
        ``1 + B'(Pe)`` and ``B'(Pe)``.
    """
    small = conductance * bernoulli(np.abs(peclet))  # the one against the flow, without cancellation
    return small + np.maximum(velocity, 0.0), small + np.maximum(-velocity, 0.0)


class Wave(NamedTuple):
    """A sine on top of a pressure: ``amplitude · sin(2π t/period)``, Pa and s."""

    amplitude: float
    period: float

    def at(self, t: float) -> float:
        """Pressure above the mean at time t, Pa."""
        return self.amplitude * math.sin(2.0 * math.pi * math.fmod(t, self.period) / self.period)


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
    waves: tuple[Wave | None, Wave | None] = (None, None)

    def applied(self, t: float) -> tuple[float, float]:
        """Applied pressures at time t, Pa."""
        left, right = self._on_line(self.left, t), self._on_line(self.right, t)
        if self.waves[0] is not None:
            left += self.waves[0].at(t)
        if self.waves[1] is not None:
            right += self.waves[1].at(t)
        return left, right

    @property
    def rise(self) -> float:
        """Change of the left pressure beyond that of the right one, without waves, Pa/s."""
        (l0, l1), (r0, r1) = self.left, self.right
        return (l1 - l0 - r1 + r0) / (self.end - self.start)

    @property
    def waving(self) -> bool:
        """A pressure oscillates."""
        return self.waves != (None, None)

    def held_flux(self, t: float) -> float:
        """J_v at time t where it is held, m/s."""
        return self._on_line(self.flux, t)

    @property
    def shortest_period(self) -> float:
        """Of the waves, s; infinite without any."""
        return min((wave.period for wave in self.waves if wave is not None), default=math.inf)

    @property
    def level(self) -> bool:
        """Nothing that is applied changes."""
        lines = (self.left, self.right, self.flux)
        return all(line[0] == line[1] for line in lines) and self.shortest_period == math.inf

    def _on_line(self, line: tuple[float, float], t: float) -> float:
        return line[0] + (t - self.start) / (self.end - self.start) * (line[1] - line[0])


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
        if self.feed is None:
            return 0.0, self.bleed
        if self.flow is not None:
            return self.flow, self.bleed
        return max(q + self.bleed, 0.0), max(self.bleed, -q)

    def slopes(self, q: float) -> tuple[float, float]:
        """Derivatives of Q_f and Q_out with q."""
        if self.feed is None or self.flow is not None:
            return 0.0, 0.0
        return (1.0, 0.0) if q + self.bleed > 0.0 else (0.0, -1.0)

    @property
    def holds_volume(self) -> bool:
        """A make-up feed replaces what leaves."""
        return self.feed is not None and self.flow is None


@dataclass(eq=False)
class Problem:
    """What is solved, in numbers. A pair is (left, right).

    Attributes
    ----------
    mesh : Mesh
        Two compartments, the membrane between them.
    membrane : Membrane
        Permeabilities and flux law.
    wall_pressure : callable
        Σσπ of a list of wall concentrations (Pa) and its derivatives.
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
    """

    mesh: Mesh
    membrane: Membrane
    wall_pressure: WallPressure
    diffusivity: Array
    boundary: tuple[str, str]
    stirred: tuple[bool, bool]
    exterior: list[Array | None]
    stiffness: tuple[float, float]
    rigid: str
    pumped: str = ""
    baths: tuple[Bath | None, Bath | None] = (None, None)


@dataclass(eq=False)
class Faces:
    """All faces at one state: coefficients, fluxes and what they depend on."""

    alpha: Array  # (solutes, faces)
    beta: Array
    flux: Array
    peclet: Array
    velocity: Array  # (faces,)
    concentration: Array  # (solutes, cells)
    width: Array  # (cells,)
    stretch: tuple[float, float]
    displaced: float
    supply: tuple[Array | None, Array | None]  # what each bath gains by feed and bleed, (solutes,), mol/m^2/s
    outside: tuple[Array | None, Array | None]  # concentrations that the far faces see
    membrane: Face


class Observation(NamedTuple):
    """What a person wants to know of one state (SI; arrays have one entry a solute).

    `bulk_…` is what stands behind the layer of a reservoir or a bath, on other sides the mean.
    """

    water_flux: float
    solute_flux: Array
    wall_left: Array
    wall_right: Array
    mean_left: Array
    mean_right: Array
    bulk_left: Array
    bulk_right: Array
    amount_left: Array
    amount_right: Array
    length_left: float
    length_right: float
    pressure_left: float
    pressure_right: float


class System:
    """Right-hand side, Jacobian and read-out of a `Problem`."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.interface = Interface(problem.membrane, problem.wall_pressure)
        self.solutes = problem.diffusivity.shape[1]
        self.moving = tuple(kind == CLOSED for kind in problem.boundary)
        mesh = problem.mesh
        n, m, k = mesh.cells, mesh.membrane, self.solutes
        self.cells_total = k * n
        self.x = self.cells_total
        self.passed = slice(self.x + 1, self.x + 1 + k)
        self.far_left = slice(self.x + 1 + k, self.x + 1 + 2 * k)
        self.far_right = slice(self.x + 1 + 2 * k, self.x + 1 + 3 * k)
        self.work = self.x + 1 + 3 * k
        self.size = self.work + 1
        self.volume = [-1, -1]  # where V_b of each side's bath stands
        self.bath: list[slice | None] = [None, None]  # and its amounts, if there is a layer in front of it
        for side in (0, 1):
            if problem.baths[side] is not None:
                self.volume[side] = self.size
                self.size += 1
                if not problem.stirred[side]:
                    self.bath[side] = slice(self.size, self.size + k)
                    self.size += k
        self._far_sides = ((0, 0, 1.0, self.far_left), (1, -1, -1.0, self.far_right))
        # states besides the wall cells that every face may depend on, through J_v
        alone = [side for side in (0, 1) if problem.baths[side] is not None and self.bath[side] is None]
        self._wide = [self.x, *(self.volume[side] for side in alone)]
        # of every face at the start (those left of the membrane belong to the left side): the share of J_v at which the
        # liquid passes it, its conductance, and the Péclet number that J_v = 1 m/s makes
        left_side = np.arange(n + 1) <= m
        moved = [mesh.reach if moving else np.ones(n + 1) for moving in self.moving]
        self._share = np.where(left_side, moved[0], moved[1])
        self._conductance = np.where(left_side, *problem.diffusivity[:, :, None]) / mesh.distance
        self._peclet = self._share / self._conductance
        for side, far in ((0, 0), (1, -1)):
            if self.moving[side] or self.one_cell(side) or problem.boundary[side] == OUTFLOW:
                self._conductance[:, far] = self._share[far] = 0.0
        self._d_left, self._d_right = problem.diffusivity.tolist()  # plain floats: five times faster than NumPy's
        self.still = bool(problem.rigid) or not problem.membrane.present or problem.membrane.water_permeability == 0.0
        self.reference_flux = 0.0  # J_v at the last accepted step: which root to stay with, where there are several
        reflection = problem.membrane.reflection
        self._one_root = self.still or all(sigma in (0.0, 1.0) for sigma in reflection)
        self._guess = 0.0  # J_v of the last call: where the next search starts
        self._pattern: tuple[csc_array, dict[str, NDArray[np.intp]]] | None = None

    # -- state ----------------------------------------------------------------------------------------------------
    def initial_state(self, concentration: Array) -> Array:
        """State vector of given cell concentrations (solutes, cells), nothing displaced yet."""
        y = np.zeros(self.size)
        y[: self.cells_total] = (concentration * self.problem.mesh.width).ravel()
        for side in (0, 1):
            if (bath := self.problem.baths[side]) is None:
                continue
            y[self.volume[side]] = bath.volume
            if (amounts := self.bath[side]) is not None:
                known = self.problem.exterior[side]
                assert known is not None
                y[amounts] = known * bath.volume
        return y

    def stretch(self, y: Array) -> tuple[float, float]:
        """Length of each side's mesh over its length at the start."""
        mesh, displaced = self.problem.mesh, float(y[self.x])
        left = max(1.0 - displaced / mesh.length_left, _THINNEST) if self.moving[0] else 1.0
        right = max(1.0 + displaced / mesh.length_right, _THINNEST) if self.moving[1] else 1.0
        if self.one_cell(0) and self.problem.baths[0] is not None:  # the cell is the bath
            left = max(self.bath_share(0, y), _SMALLEST)
        if self.one_cell(1) and self.problem.baths[1] is not None:
            right = max(self.bath_share(1, y), _SMALLEST)
        return left, right

    def bath_state(self, side: int, y: Array) -> tuple[float, Array]:
        """Volume (m) and concentrations (solutes,) of a side's bath."""
        bath, amounts = self.problem.baths[side], self.bath[side]
        assert bath is not None
        volume = bath.volume * max(self.bath_share(side, y), _SMALLEST)
        held = self.amounts(y)[:, 0 if side == 0 else -1] if amounts is None else y[amounts]
        return volume, held / volume

    def bath_share(self, side: int, y: Array) -> float:
        """Volume of a side's bath over that at the start."""
        bath = self.problem.baths[side]
        assert bath is not None
        return float(y[self.volume[side]]) / bath.volume

    def bulk(self, side: int, y: Array) -> Array | None:
        """Concentrations (solutes,) behind the layer of a reservoir or a bath, mol/m^3; None where there is none."""
        kind = self.problem.boundary[side]
        if kind == BATH:
            return self.bath_state(side, y)[1]
        return self.problem.exterior[side] if kind == RESERVOIR else None

    def lengths(self, y: Array) -> tuple[float, float]:
        """Volume of each side per membrane area, a bath behind a layer included, m."""
        mesh, stretch = self.problem.mesh, self.stretch(y)
        both = [mesh.length_left * stretch[0], mesh.length_right * stretch[1]]
        for side in (0, 1):
            if self.bath[side] is not None:
                both[side] += self.bath_state(side, y)[0]
        return both[0], both[1]

    def amounts(self, y: Array) -> Array:
        """Amounts (solutes, cells), mol/m^2: a view."""
        return y[: self.cells_total].reshape(self.solutes, -1)

    def amounts_of_sides(self, y: Array) -> tuple[Array, Array]:
        """Amounts on the left and on the right (solutes,), baths included, mol/m^2."""
        amounts, m = self.amounts(y), self.problem.mesh.membrane
        left, right = amounts[:, :m].sum(axis=1), amounts[:, m:].sum(axis=1)
        if self.bath[0] is not None:
            left += y[self.bath[0]]
        if self.bath[1] is not None:
            right += y[self.bath[1]]
        return left, right

    def widths(self, stretch: tuple[float, float]) -> Array:
        """Current cell widths, m."""
        return self.problem.mesh.width * self.of_faces(stretch)[1:]

    def half_cells(self, concentration: Array, stretch: tuple[float, float]) -> HalfCells:
        """The two half cells at the membrane."""
        p, m = self.problem, self.problem.mesh.membrane
        return HalfCells(
            p.mesh.half_left * stretch[0],
            p.mesh.half_right * stretch[1],
            self._d_left,
            self._d_right,
            concentration[:, m - 1].tolist(),
            concentration[:, m].tolist(),
            p.stirred[0],
            p.stirred[1],
        )

    def pressures(self, t: float, displaced: float, segment: Segment) -> tuple[float, float]:
        """Pressure on the liquid of each side, Pa; without meaning on a side whose pressure is computed."""
        left, right = segment.applied(t)
        stiff_left, stiff_right = self.problem.stiffness
        return left - stiff_left * displaced, right + stiff_right * displaced

    # -- fluxes ---------------------------------------------------------------------------------------------------
    def faces(
        self, t: float, y: Array, segment: Segment, water_flux: float | None = None, derivatives: bool = False
    ) -> Faces:
        """Coefficients and fluxes of every face.

        Parameters
        ----------
        t : float
            Time, s.
        y : ndarray
            State.
        segment : Segment
            Applied pressures.
        water_flux : float, optional
            J_v to use; by default the one that the pressures and the wall concentrations agree on.
        derivatives : bool
            With those of the membrane face, for the Jacobian.

        Returns
        -------
        Faces
            See there.
        """
        mesh = self.problem.mesh
        m = mesh.membrane
        displaced = float(y[self.x])
        stretch = self.stretch(y)
        reach = self.of_faces(stretch)
        width = mesh.width * reach[1:]
        concentration = self.amounts(y) / width
        cells = self.half_cells(concentration, stretch)
        if water_flux is None:
            water_flux = self.water_flux(t, displaced, cells, segment)
        at_membrane = self.interface.face(water_flux, cells, derivatives)

        peclet = self._peclet * (reach * water_flux)
        velocity = self._share * water_flux
        alpha, beta = face_coefficients(self._conductance / reach, peclet, velocity)
        alpha[:, m], beta[:, m] = at_membrane.alpha, at_membrane.beta
        behind = self.bulk(0, y), self.bulk(1, y)
        outside = (
            self._far_face(0, water_flux, alpha[:, 0], beta[:, 0], behind[0]),
            self._far_face(1, water_flux, beta[:, -1], alpha[:, -1], behind[1]),
        )
        supply = self._supply(0, water_flux, behind[0]), self._supply(1, water_flux, behind[1])
        faces = Faces(
            alpha=alpha,
            beta=beta,
            flux=alpha,
            peclet=peclet,
            velocity=velocity,
            concentration=concentration,
            width=width,
            stretch=stretch,
            displaced=displaced,
            supply=supply,
            outside=outside,
            membrane=at_membrane,
        )
        faces.flux = self._fluxes(faces, concentration)
        return faces

    def _fluxes(self, faces: Faces, c: Array) -> Array:
        """``α c_P − β c_A`` of every face, mol/m^2/s."""
        alpha, beta = faces.alpha, faces.beta
        flux = np.empty_like(alpha)
        flux[:, 1:] = alpha[:, 1:] * c
        flux[:, 0] = 0.0
        flux[:, :-1] -= beta[:, :-1] * c
        if faces.outside[0] is not None:
            flux[:, 0] += alpha[:, 0] * faces.outside[0]
        if faces.outside[1] is not None:
            flux[:, -1] -= beta[:, -1] * faces.outside[1]
        for side, far in ((0, 0), (1, -1)):
            if self.endless(side):
                flux[:, far] = flux[:, self.problem.mesh.membrane]
            elif self.bath[side] is None and (gained := faces.supply[side]) is not None:  # its cell is the bath
                flux[:, far] = gained if side == 0 else -gained
        return flux

    def _supply(self, side: int, water_flux: float, concentration: Array | None) -> Array | None:
        """``Q_f c_f − Q_out c_b``, what feed and bleed bring a bath, mol/m^2/s."""
        bath = self.problem.baths[side]
        if bath is None or concentration is None:
            return None
        entering, leaving = bath.flows(water_flux if side == 0 else -water_flux)
        return -leaving * concentration if bath.feed is None else entering * bath.feed - leaving * concentration

    def of_faces(self, sides: tuple[float, float]) -> Array:
        """For each face the number of its side, those up to the membrane left; without the first: for each cell."""
        each = np.empty(self.problem.mesh.cells + 1)
        each[: self.problem.mesh.membrane + 1] = sides[0]
        each[self.problem.mesh.membrane + 1 :] = sides[1]
        return each

    def water_flux(self, t: float, displaced: float, cells: HalfCells, segment: Segment) -> float:
        """J_v of this state, m/s."""
        if self.still:
            return 0.0
        if self.problem.pumped:
            return segment.held_flux(t)
        left, right = self.pressures(t, displaced, segment)
        self._guess = self.interface.water_flux(cells, left - right, self._guess, self.reference_flux)
        return self._guess

    def endless(self, side: int) -> bool:
        """A stirred reservoir: its one cell never changes, what leaves through the membrane comes from behind."""
        return self.problem.boundary[side] == RESERVOIR and self.problem.stirred[side]

    def one_cell(self, side: int) -> bool:
        """A stirred reservoir or bath: there is no layer in front of it."""
        return self.problem.boundary[side] in (RESERVOIR, BATH) and self.problem.stirred[side]

    def _far_face(
        self, side: int, water_flux: float, inward: Array, outward: Array, behind: Array | None
    ) -> Array | None:
        """Set the coefficients of a far face in place (`inward`: of what stands outside); return what is outside."""
        kind = self.problem.boundary[side]
        if kind in (RESERVOIR, BATH) and not self.one_cell(side):
            return behind
        if kind == OUTFLOW:
            inward[:] = outward[:] = 0.0
            entering = water_flux if side == 0 else -water_flux
            if entering > 0.0 and self.problem.exterior[side] is not None:
                inward[:] = entering
                return self.problem.exterior[side]
            outward[:] = -entering
        return None

    def rhs(self, t: float, y: Array, out: Array, segment: Segment) -> None:
        """Write dy/dt into `out`."""
        self._balance(t, self.faces(t, y, segment), segment, out)

    def _balance(self, t: float, faces: Faces, segment: Segment, out: Array) -> None:
        flux, water = faces.flux, faces.membrane.water_flux
        np.subtract(flux[:, :-1], flux[:, 1:], out=self.amounts(out))
        out[self.x] = water
        out[self.passed] = flux[:, self.problem.mesh.membrane]
        out[self.far_left] = flux[:, 0]
        out[self.far_right] = flux[:, -1]
        whole = self._whole_work(segment)
        out[self.work] = self._pressing(t, faces, segment) * water if whole else -segment.rise * faces.displaced
        for side, far, sign, total in self._far_sides:
            bath, gained = self.problem.baths[side], faces.supply[side]
            if bath is None or gained is None:
                continue
            entering, leaving = bath.flows(sign * water)
            out[self.volume[side]] = 0.0 if bath.holds_volume else entering - leaving - sign * water
            if (amounts := self.bath[side]) is not None:
                out[amounts] = gained - sign * flux[:, far]
                out[total] = sign * gained

    def round_off(self, t: float, y: Array, segment: Segment) -> Array:
        """Size of the round-off in dy/dt of the cells' amounts: differences of fluxes, which are differences of α c."""
        faces = self.faces(t, y, segment)
        terms = np.zeros_like(faces.alpha)
        terms[:, 1:] += faces.alpha[:, 1:] * np.abs(faces.concentration)
        terms[:, :-1] += faces.beta[:, :-1] * np.abs(faces.concentration)
        out = np.zeros(self.size)
        self.amounts(out)[:] = 8.0 * _EPS * (terms[:, :-1] + terms[:, 1:])
        return out

    def _whole_work(self, segment: Segment) -> bool:
        return bool(self.problem.pumped) or segment.waving

    def _pressing(self, t: float, faces: Faces, segment: Segment) -> float:
        """Applied pressure on the left beyond that on the right, without head and elasticity, Pa."""
        p, face = self.problem, faces.membrane
        if not p.pumped:
            left, right = segment.applied(t)
            return left - right
        osmotic = p.wall_pressure(face.wall_left)[0] - p.wall_pressure(face.wall_right)[0]
        return face.water_flux / p.membrane.water_permeability + osmotic + sum(p.stiffness) * faces.displaced

    def enter(self, t: float, y: Array, before: Segment, segment: Segment) -> Array:
        """The state at the start of a segment: where the pressures jump, ``X dΔp`` does."""
        if self._whole_work(segment):
            return y
        (l0, r0), (l1, r1) = before.applied(t), segment.applied(t)
        y = y.copy()
        y[self.work] -= (l1 - r1 - l0 + r0) * y[self.x]
        return y

    def energy(self, t: float, y: Array, segment: Segment) -> float:
        """Work of the applied pressures so far, J/m^2."""
        if self._whole_work(segment):
            return float(y[self.work])
        left, right = segment.applied(t)
        return float(y[self.work] + (left - right) * y[self.x])

    def rates(self, t: float, faces: Faces, concentration: Array, segment: Segment) -> Array:
        """dy/dt for given face coefficients and (other) cell concentrations: an implicit step of FiPy."""
        out = np.empty(self.size)
        self._balance(t, replace(faces, flux=self._fluxes(faces, concentration)), segment, out)
        return out

    # -- Jacobian -------------------------------------------------------------------------------------------------
    def _wall_pressure_gradient(self, faces: Faces) -> tuple[Array, float]:
        """Derivative of ``Σσπ(c_wL) − Σσπ(c_wR)`` with the columns of `_gradients` at a given J_v, and with J_v."""
        p, m, face = self.problem, self.problem.mesh.membrane, faces.membrane
        pull_left = np.array(p.wall_pressure(face.wall_left)[1])
        pull_right = np.array(p.wall_pressure(face.wall_right)[1])
        change = pull_left[:, None] * np.array(face.dwall_left) - pull_right[:, None] * np.array(face.dwall_right)
        c_p, c_a = faces.concentration[:, m - 1], faces.concentration[:, m]
        with_left, with_right = (change[:, 3] - c_p * change[:, 1]).sum(), (change[:, 4] - c_a * change[:, 2]).sum()
        wide = [with_left * left + with_right * right for left, right in self._stretch_rates(faces)]
        columns = np.concatenate([change[:, 1] / faces.width[m - 1], change[:, 2] / faces.width[m], wide])
        return columns, float(change[:, 0].sum())

    def _gradients(self, t: float, faces: Faces, segment: Segment) -> tuple[Array, Array]:
        """Derivative of J_v and of dW'/dt with the full columns.

        Those are the amounts in the left and right wall cells (solutes each), X, and baths without a layer.
        """
        p, k = self.problem, self.solutes
        power = np.zeros(2 * k + len(self._wide))
        if not self._whole_work(segment):
            power[2 * k] = -segment.rise
        if self.still:
            return np.zeros_like(power), power
        pull, pull_flux = self._wall_pressure_gradient(faces)
        pull[2 * k] += sum(p.stiffness)
        if p.pumped:
            return np.zeros_like(pull), pull * faces.membrane.water_flux
        lp = p.membrane.water_permeability
        gradient = -lp * pull / (1.0 + lp * pull_flux)
        if segment.waving:
            power = self._pressing(t, faces, segment) * gradient
        return gradient, power

    def _stretch_rates(self, faces: Faces) -> list[tuple[float, float]]:
        """d ln(length) of the two sides' meshes with X and with the volume of each bath without a layer, 1/m."""
        mesh = self.problem.mesh
        left = -1.0 / (mesh.length_left * faces.stretch[0]) if self.moving[0] else 0.0
        right = 1.0 / (mesh.length_right * faces.stretch[1]) if self.moving[1] else 0.0
        rates = [(left, right)]
        if self.volume[0] in self._wide:
            rates.append((1.0 / faces.width[0], 0.0))
        if self.volume[1] in self._wide:
            rates.append((0.0, 1.0 / faces.width[-1]))
        return rates

    def pattern(self) -> csc_array:
        """Sparsity of the Jacobian: tridiagonal blocks, and full columns for the wall cells, X, some baths."""
        return self._structure()[0]

    def _structure(self) -> tuple[csc_array, dict[str, NDArray[np.intp]]]:
        if self._pattern is not None:
            return self._pattern
        n, m, k, size = self.problem.mesh.cells, self.problem.mesh.membrane, self.solutes, self.size
        cell = np.arange(self.cells_total)
        first = np.arange(k) * n
        full = np.concatenate([first + m - 1, first + m, self._wide])
        place = {
            "full": (np.tile(np.arange(size)[:, None], (1, len(full))), np.tile(full, (size, 1))),
            "own": (cell, cell),
            "from_left": (cell[cell % n != 0], cell[cell % n != 0] - 1),
            "from_right": (cell[cell % n != n - 1], cell[cell % n != n - 1] + 1),
            "far_left": (np.arange(size)[self.far_left], first),
            "far_right": (np.arange(size)[self.far_right], first + n - 1),
            "rest": (np.arange(self.x, size), np.arange(self.x, size)),
        }
        for side, edge in ((0, first), (1, first + n - 1)):
            if (amounts := self.bath[side]) is None:
                continue
            held, far = np.arange(size)[amounts], place["far_left" if side == 0 else "far_right"][0]
            volume = np.full(k, self.volume[side])
            place[f"bath_{side}"] = (
                np.array([held, held, held, edge, edge, far, far]),
                np.array([edge, held, volume, held, volume, held, volume]),
            )
        keys = {name: cols * size + rows for name, (rows, cols) in place.items()}
        every = np.unique(np.concatenate([key.ravel() for key in keys.values()]))
        index = {name: np.searchsorted(every, key) for name, key in keys.items()}
        starts = np.searchsorted(every // size, np.arange(size + 1))
        rows, starts = (every % size).astype(np.int32), starts.astype(np.int32)  # SUNDIALS indexes with 32 bits
        pattern = csc_array((np.ones(len(every)), rows, starts), shape=(size, size))
        self._pattern = pattern, index
        return self._pattern

    def jacobian(self, t: float, y: Array, segment: Segment) -> Array:
        """Values of the Jacobian ∂(dy/dt)/∂y in the column order of `pattern`.

        Built from the derivatives of each face's flux, which both its cells use, so that the columns conserve amounts
        to round-off as the right-hand side does.
        """
        mesh, k = self.problem.mesh, self.solutes
        n, m = mesh.cells, mesh.membrane
        pattern, index = self._structure()
        faces = self.faces(t, y, segment, derivatives=True)
        c, width, face = faces.concentration, faces.width, faces.membrane

        # derivative of each face's flux with J_v, and directly with X and V_b through the stretching of its side
        slope = bernoulli_slope(faces.peclet)
        with_flux = np.zeros((k, n + 1))
        with_flux[:, 1:-1] = self._share[1:-1] * ((1.0 + slope[:, 1:-1]) * c[:, :-1] - slope[:, 1:-1] * c[:, 1:])
        self._far_with_flux(faces, slope, with_flux)
        dflux = np.array(face.dflux)
        with_flux[:, m] = dflux[:, 0]
        along = faces.velocity * slope - faces.beta
        stretched = along[:, 1:-1] * (c[:, :-1] - c[:, 1:]) - faces.flux[:, 1:-1]

        # full columns: the wall cells of every solute, X and V_b act on every face through J_v
        gradient, power = self._gradients(t, faces, segment)
        full = with_flux[:, :, None] * gradient
        for j, rates in enumerate(self._stretch_rates(faces), 2 * k):
            with_x = np.zeros((k, n + 1))
            with_x[:, 1:-1] = self.of_faces(rates)[1:-1] * stretched
            with_x[:, m] = rates[0] * (dflux[:, 3] - c[:, m - 1] * dflux[:, 1])
            with_x[:, m] += rates[1] * (dflux[:, 4] - c[:, m] * dflux[:, 2])
            full[:, :, j] += with_x
        solute = np.arange(k)
        full[solute, m, solute] += dflux[:, 1] / width[m - 1]
        full[solute, m, k + solute] += dflux[:, 2] / width[m]
        for side, far in ((0, 0), (1, -1)):
            if self.endless(side):
                full[:, far] = full[:, m]
        columns = np.zeros((self.size, len(gradient)))
        self._bath_columns(faces, gradient, full, columns)
        columns[: self.cells_total] = (full[:, :-1] - full[:, 1:]).reshape(self.cells_total, -1)
        columns[self.x] = gradient
        columns[self.passed] = full[:, m]
        for side, far, _, total in self._far_sides:
            if self.bath[side] is None:
                columns[total] = full[:, far]
        columns[self.work] = power

        # the two cells of each ordinary face
        downstream = np.zeros((k, n + 1))  # dF/dm of the cell before the face
        upstream = np.zeros((k, n + 1))  # dF/dm of the cell behind it
        downstream[:, 1:] = faces.alpha[:, 1:] / width
        upstream[:, :-1] = -faces.beta[:, :-1] / width
        downstream[:, m] = upstream[:, m] = 0.0
        data = np.zeros(pattern.nnz)
        data[index["full"]] = columns
        data[index["own"]] += (upstream[:, :-1] - downstream[:, 1:]).ravel()
        data[index["from_left"]] += downstream[:, 1:-1].ravel()
        data[index["from_right"]] -= upstream[:, 1:-1].ravel()
        if self.bath[0] is None:
            data[index["far_left"]] += upstream[:, 0]
        else:
            data[index["bath_0"]] += self._bath_entries(0, y, faces, upstream[:, 0])
        if self.bath[1] is None:
            data[index["far_right"]] += downstream[:, -1]
        else:
            data[index["bath_1"]] += self._bath_entries(1, y, faces, downstream[:, -1])
        return data

    def _bath_columns(self, faces: Faces, gradient: Array, full: Array, columns: Array) -> None:
        """The baths' rows of the full columns; into `full`, what feed and bleed bring a bath without a layer."""
        k, water = self.solutes, faces.membrane.water_flux
        for side, far, sign, total in self._far_sides:
            if (bath := self.problem.baths[side]) is None:
                continue
            more_in, more_out = bath.slopes(sign * water)
            columns[self.volume[side]] = 0.0 if bath.holds_volume else sign * (more_in - more_out - 1.0) * gradient
            amounts = self.bath[side]
            c = faces.concentration[:, far] if amounts is None else faces.outside[side]
            assert c is not None
            fed = 0.0 if bath.feed is None else bath.feed
            gained = sign * (more_in * fed - more_out * c)[:, None] * gradient
            if amounts is not None:
                columns[amounts] = gained - sign * full[:, far]
                columns[total] = sign * gained
                continue
            leaving, volume = bath.flows(sign * water)[1], faces.width[far]
            own = np.arange(k) + (0 if side == 0 else k)
            gained[np.arange(k), own] -= leaving / volume
            gained[:, 2 * k + self._wide.index(self.volume[side])] += leaving * c / volume
            full[:, far] = sign * gained

    def _bath_entries(self, side: int, y: Array, faces: Faces, edge: Array) -> Array:
        """Derivatives between a bath, its layer's far cell and E, as `_structure` places them.

        `edge` is the derivative of the far face's flux with the amounts in the far cell.
        """
        bath = self.problem.baths[side]
        assert bath is not None
        sign = 1.0 if side == 0 else -1.0
        volume, c = self.bath_state(side, y)
        inward = (faces.alpha[:, 0] if side == 0 else faces.beta[:, -1]) / volume
        leaving = bath.flows(sign * faces.membrane.water_flux)[1] / volume
        return np.array(
            [
                -sign * edge,
                -inward - leaving,
                (inward + leaving) * c,
                inward,
                -inward * c,
                np.full_like(c, -sign * leaving),
                sign * leaving * c,
            ]
        )

    def _far_with_flux(self, faces: Faces, slope: Array, with_flux: Array) -> None:
        """Derivative of the two far faces' fluxes with J_v."""
        c = faces.concentration
        for side, far, inner in ((0, 0, 0), (1, -1, -1)):
            outside = faces.outside[side]
            kind = self.problem.boundary[side]
            if kind == OUTFLOW:
                with_flux[:, far] = c[:, inner] if outside is None else outside
            elif outside is not None:
                before, behind = (outside, c[:, inner]) if side == 0 else (c[:, inner], outside)
                with_flux[:, far] = (1.0 + slope[:, far]) * before - slope[:, far] * behind

    # -- read-out -------------------------------------------------------------------------------------------------
    def observe(self, t: float, y: Array, segment: Segment, walls: tuple[Array, Array] | None = None) -> Observation:
        """Everything that a table or a plot shows of one state.

        `walls` are wall concentrations known without the half cells: those of the very start, before anything has piled
        up at the membrane.
        """
        displaced, stretch = float(y[self.x]), self.stretch(y)
        cells = self.half_cells(self.amounts(y) / self.widths(stretch), stretch)
        if walls is not None:
            cells = replace(
                cells,
                concentration_left=walls[0].tolist(),
                concentration_right=walls[1].tolist(),
                stirred_left=True,
                stirred_right=True,
            )
        face = self.interface.face(self.water_flux(t, displaced, cells, segment), cells, derivatives=False)
        amount_left, amount_right = self.amounts_of_sides(y)
        length_left, length_right = self.lengths(y)
        pressure_left, pressure_right = self.pressures(t, displaced, segment)
        wall_left, wall_right = face.wall_left, face.wall_right
        if computed := self.problem.rigid or self.problem.pumped:
            held, lp = 0.0, self.problem.membrane.water_permeability
            if self.problem.membrane.present and lp > 0.0:
                held = self.problem.wall_pressure(wall_left)[0] - self.problem.wall_pressure(wall_right)[0]
                held += face.water_flux / lp
            if computed == "right":
                pressure_right = pressure_left - held
            else:
                pressure_left = pressure_right + held
        behind_left, behind_right = self.bulk(0, y), self.bulk(1, y)
        mean_left, mean_right = amount_left / length_left, amount_right / length_right
        return Observation(
            face.water_flux,
            np.array(face.flux),
            np.array(wall_left),
            np.array(wall_right),
            mean_left,
            mean_right,
            mean_left if behind_left is None else behind_left,
            mean_right if behind_right is None else behind_right,
            amount_left,
            amount_right,
            length_left,
            length_right,
            pressure_left,
            pressure_right,
        )

    def water_flux_of(self, t: float, y: Array, segment: Segment) -> float:
        """J_v of a state, m/s."""
        displaced, stretch = float(y[self.x]), self.stretch(y)
        cells = self.half_cells(self.amounts(y) / self.widths(stretch), stretch)
        return self.water_flux(t, displaced, cells, segment)

    def accept(self, t: float, y: Array, segment: Segment) -> None:
        """Remember J_v of an accepted step, where the equation for it may have several roots."""
        if not self._one_root:
            self.reference_flux = self.water_flux_of(t, y, segment)
