"""The semi-discrete model: fluxes through every face, their balance in every cell, and their exact derivatives.

State, per membrane area (SI). The cells of a solute are a chain from the left far end to the right far end. A bath
behind a layer is one more cell at its end; a bath without a layer is the one cell of its side.

    amounts   m[s, i] = c[s, i] · width[i]      mol/m^2, of solute s in cell i
    X         displaced volume ∫J_v dt          m
    V_L, V_R  volumes of the baths              m (0 where there is none)
    N[s]      ∫ flux through the membrane dt     mol/m^2
    E_L[s]    ∫ flux through the left far face dt,   E_R[s] the right one
    W'        −∫ X d(p_applied,L − p_applied,R)   J/m^2, the work of the pressures minus Δp X (integrated by parts,
              because J_v is a small difference of large numbers and X is not); the whole work, ∫ Δp J_v dt, where
              J_v is prescribed or a pressure oscillates

    dm[s, i]/dt = F[s, i] − F[s, i + 1]         one flux, used by both neighbours

A closed compartment stretches with its liquid (arbitrary Lagrangian-Eulerian map of a fixed reference mesh), so that
the liquid moves relative to a face with ``J_v`` at the membrane and not at all at the far wall; through a reservoir
layer or an outflow it moves with ``J_v`` everywhere. Every interior face carries the exponential (Scharfetter-Gummel)
flux

    F = α c_P − β c_A,   α = g B(−v/g),  β = g B(v/g),  g = D/d

the membrane face the flux of `membrane_pde.model.interface`, and the outer face of a bath ``Q_f c_f − Q_out c_b`` of
feed and outflow; see `ports.Bath`.

The rate of a cell depends on its neighbours and, through every face, on the water flux. So the Jacobian is tridiagonal
for each solute, plus the product of a column (derivatives with respect to J_v) and a row (derivatives of J_v), plus a
Jacobian column for each of X, V_L and V_R. `Slopes` holds these parts; `membrane_pde.solvers.linear.chain` solves with
them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from membrane_pde.kernels import compiled
from membrane_pde.model.applied import Segment, line_slope, segment_row, wave_at
from membrane_pde.model.chain import AREA, Faces, new_faces
from membrane_pde.model.discretize import chain_arrays, curve_of
from membrane_pde.model.events import EVENTS, EXPECTED_SIGN, set_events
from membrane_pde.model.faces import set_fluxes, set_rates
from membrane_pde.model.interface import REFERENCE, NoSolution, face_numbers
from membrane_pde.model.layout import SCALARS, layout_of
from membrane_pde.model.mesh import Array
from membrane_pde.model.metric import bath_volume_now, set_widths, stretches
from membrane_pde.model.observing import NUMBERS, SOLUTE_NUMBERS, Observations, observe_states
from membrane_pde.model.ports import Outflow
from membrane_pde.model.pressures import set_walls, stretched, whole_work
from membrane_pde.model.problem import STRETCHING, Numbers, Problem
from membrane_pde.model.slopes import (
    BEFORE,
    BEHIND,
    FLOW_WITH_SCALAR,
    OF_FLOW,
    OF_WORK,
    OTHERS,
    RATES_WITH_FLOW,
    WITH_FLUX,
    WITH_SCALAR,
    WORK_WITH_FLOW,
    WORK_WITH_SCALAR,
    Slopes,
    linearize,
    new_slopes,
)

if TYPE_CHECKING:
    from scipy.sparse import csc_array

_linearize = compiled(linearize)
_set_widths = compiled(set_widths)
_observe_states = compiled(observe_states)


class System:
    """Right-hand side, Jacobian and observations of a `Problem`.

    Attributes
    ----------
    ports : list of Port
        Ports of the problem; `draw_in` may change the attribute `drawn_in` of an outflow.
    numbers : Numbers
        The problem in the form that kernels take.
    memory : ndarray, shape (3,)
        See `interface.find_water_flux`.
    solutes, cells, membrane : int
        Numbers of solutes and of cells in the chain (baths behind layers included); index of the membrane face.
    size, x, work : int
        Size of the state; indices of X and of the work.
    volume : tuple of int
        Indices of V_L and V_R.
    bath : pair of (ndarray of int or None)
        Indices of the amounts in a bath behind a layer.
    passed, far_left, far_right : slice
        Amounts in the state that have passed the membrane and the far faces.
    inside : slice
        Cells of the chain that belong to the mesh.
    still : bool
        True if no water can flow.
    width : ndarray, shape (cells,)
        Initial liquid volume of the cells of the chain per membrane area, m.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        mesh, self.solutes = problem.mesh, problem.diffusivity.shape[1]
        k = self.solutes
        self.ports = list(problem.ports)
        layered = [port.adds_cell for port in problem.ports]
        n = mesh.cells + sum(layered)
        self.cells, self.membrane = n, mesh.membrane + layered[0]
        self.inside = slice(int(layered[0]), n - int(layered[1]))
        at = layout_of(k, n)
        self.x, self.volume = at.displaced, (at.volume, at.volume + 1)
        ends = 0, n - 1
        self.bath = tuple(np.arange(k) * n + end if there else None for end, there in zip(ends, layered, strict=True))
        self.passed, self.far_left, self.far_right = (
            slice(start, start + k) for start in (at.passed, at.far_left, at.far_right)
        )
        self.work, self.size = at.work, at.size
        rigid = any(port.fixed_volume for port in problem.ports)
        self.still = rigid or not problem.membrane.present or problem.membrane.water_permeability == 0.0
        self.memory, self.numbers = np.zeros(3), self._numbers()
        self.width = self.numbers.cells[: STRETCHING + 1].sum(axis=0)
        for port, cell in zip(problem.ports, (0, -1), strict=True):
            if port.bath.present:
                self.width[cell] = port.bath.volume

    def again(self) -> System:
        """A system of the same problem, as this one was at first; the two share nothing that changes in a run."""
        other = System.__new__(System)
        other.__dict__ |= {name: value for name, value in self.__dict__.items() if name not in ("_faces", "_written")}
        other.ports, other.memory, numbers = list(self.problem.ports), np.zeros(3), self.numbers
        outside, known = _outside(self.problem, self.solutes)
        other.numbers = numbers._replace(off=np.zeros(2, dtype=bool), outside=outside, known=known)
        return other

    def _numbers(self) -> Numbers:
        p, mesh, m, n, k = self.problem, self.problem.mesh, self.membrane, self.cells, self.solutes
        left, right = p.ports
        pores = mesh.pores
        (outside, known), trace = _outside(p, k), np.zeros((2, k))
        for side, port in enumerate(p.ports):
            if p.trace is not None and port.stirred and not port.infinite and not pores[side]:
                trace[side] = p.trace
        alone = left.stirred and not pores[0], right.stirred and not pores[1]
        cells, faces, half_distance, peclet_length = chain_arrays(p, self.inside, m, n)
        return Numbers(
            face=face_numbers(p.membrane, alone, p.osmotics, k, trace),
            membrane=m,
            kind=(left.kind, right.kind),
            moving=(left.moves, right.moves),
            one_cell=(left.one_cell and not pores[0], right.one_cell and not pores[1]),
            infinite=(left.infinite, right.infinite),
            length=(mesh.length_left, mesh.length_right),
            pores=pores,
            curve=curve_of(mesh, right),
            bath=(left.bath, right.bath),
            diffusivity=p.diffusivity,
            stiffness=(float(left.stiffness), float(right.stiffness)),
            wall=(left.slackens, right.slackens),
            off=np.zeros(2, dtype=bool),
            still=self.still,
            pumped=left.holds_flux or right.holds_flux,
            cells=cells,
            mesh=faces,
            half_distance=half_distance,
            peclet_length=peclet_length,
            outside=outside,
            known=known,
        )

    # -- state ----------------------------------------------------------------------------------------------------
    def initial_state(self, concentration: Array) -> Array:
        """Initial state of given concentrations in the cells of the mesh (solutes, cells), mol/m^3."""
        y = np.zeros(self.size)
        amounts = self.amounts(y)
        amounts[:, self.inside] = concentration * self.problem.mesh.width
        for port, volume, places in zip(self.ports, self.volume, self.bath, strict=True):
            y[volume] = port.bath.volume
            if places is not None:
                y[places] = port.held
        return y

    def draw_in(self, side: int, concentration: Array | None) -> None:
        """Set the concentrations (solutes,) of liquid that enters through an outflow from now on; None: not known."""
        port = self.ports[side]
        self.ports[side] = Outflow(stirred=port.stirred, holds_flux=port.holds_flux, drawn_in=concentration)
        self.numbers.known[side] = concentration is not None
        self.numbers.outside[side] = 0.0 if concentration is None else concentration

    def stretch(self, y: Array) -> tuple[float, float]:
        """Volume of each solution ÷ volume at the start."""
        return stretches(self.numbers, float(y[self.x]))

    def bath_volume(self, y: Array, side: int) -> float:
        """Volume of a bath without the layer in front of it, m."""
        return bath_volume_now(self.numbers, y, side)

    def amounts(self, y: Array) -> Array:
        """Amounts (solutes, cells of the chain), mol/m^2: a view."""
        return y[: self.x].reshape(self.solutes, -1)

    def amounts_of_sides(self, y: Array) -> tuple[Array, Array]:
        """Amounts on the left and on the right (solutes,), baths included, mol/m^2."""
        amounts = self.amounts(y)
        return amounts[:, : self.membrane].sum(axis=1), amounts[:, self.membrane :].sum(axis=1)

    def widths(self, y: Array) -> Array:
        """Liquid volume of the cells of the chain per initial membrane area, m, for one state or several states."""
        states = np.ascontiguousarray(np.atleast_2d(y))
        width = np.empty((len(states), self.cells))
        _set_widths(self.numbers, states, self._faces, np.zeros((2, self.solutes)), width)
        return width if y.ndim > 1 else width[0]

    def edges(self, width: Array) -> Array:
        """Distance of the faces from the membrane (state, face), m; the left ones are negative.

        `width` (state, cell) is the liquid volume of the cells of the mesh, without baths, as `widths` gives it.
        """
        mesh = self.problem.mesh
        if any(mesh.pores):
            width = width.copy()
            for region in mesh.regions:
                width[:, region.cells] /= region.porosity
        edges = np.zeros((len(width), width.shape[1] + 1))
        np.cumsum(width, axis=1, out=edges[:, 1:])
        if mesh.power:
            per_area = (mesh.power + 1) * mesh.radii[mesh.membrane] ** mesh.power
            edges = (per_area * edges) ** (1.0 / (mesh.power + 1))
        return np.asarray(edges - edges[:, mesh.membrane, None].copy())

    def infinite(self, side: int) -> bool:
        """True for a stirred reservoir, whose one cell has constant concentrations."""
        return self.ports[side].infinite

    # -- fluxes ---------------------------------------------------------------------------------------------------
    def faces(self, t: float, y: Array, segment: Segment, flow: float = math.nan) -> Faces:
        """Coefficients and fluxes of every face.

        Parameters
        ----------
        t : float
            Time, s.
        y : ndarray
            State.
        segment : Segment
            Applied pressures.
        flow : float, optional
            Flow through the membrane per initial area, m/s (in a planar chain J_v); by default it is computed from the
            pressures and concentrations.

        Returns
        -------
        Faces
            Coefficients and fluxes.

        Raises
        ------
        NoSolution
            If no water flux is consistent with the state.
        """
        faces = new_faces(self.solutes, self.cells)
        _require_solution(_linearize(self.numbers, segment, t, y, flow, self.memory, faces, *self._written, False))
        return faces

    def rhs(self, t: float, y: Array, out: Array, segment: Segment) -> None:
        """Write dy/dt into `out`."""
        slopes = self._written[1]
        _require_solution(
            _linearize(self.numbers, segment, t, y, math.nan, self.memory, self._faces, out, slopes, False)
        )

    @cached_property
    def _faces(self) -> Faces:
        return new_faces(self.solutes, self.cells)

    @cached_property
    def _written(self) -> tuple[Array, Slopes]:
        """Arrays for the rates and the derivatives that `linearize` writes."""
        return np.empty(self.size), new_slopes(self.solutes, self.cells)

    def rates(self, t: float, faces: Faces, concentration: Array, segment: Segment) -> Array:
        """dy/dt for given face coefficients and concentrations of the cells, as an implicit step of FiPy needs it."""
        out = np.empty(self.size)
        other = faces._replace(state=faces.state.copy())
        other.concentration[:] = concentration
        set_fluxes(self.numbers, other)
        set_rates(self.numbers, segment, t, other, out)
        return out

    def water_flux(self, t: float, y: Array, segment: Segment) -> float:
        """J_v of a state, m/s."""
        given = self.numbers, segment, t, y, math.nan, self.memory, self._faces
        _require_solution(_linearize(*given, *self._written, False))
        return self._faces.water_flux

    def flow(self, t: float, y: Array, segment: Segment) -> float:
        """q = dX/dt of a state, the flow through the membrane per initial membrane area, m/s; J_v if it is planar."""
        return self.water_flux(t, y, segment) * float(self._faces.scalars[AREA])

    def events(self, t: float, y: Array, segment: Segment, watch: Array) -> Array:
        """Values of the events; see `set_events`."""
        out, water = np.empty(EVENTS), 0.0
        if watch[EXPECTED_SIGN] != 0.0:
            try:
                water = self.water_flux(t, y, segment)
            except NoSolution:
                water = math.nan
        set_events(self.numbers, segment, t, y, watch, water, out)
        return out

    def set_walls(self, t: float, y: Array, segment: Segment) -> None:
        """Set which elastic walls are slack at a state and directly after it; see `pressures.set_walls`."""
        p, x = self.numbers, float(y[self.x])
        if not any(p.wall):
            return
        set_walls(p, segment, t, x)
        for side, (pressure, line, sign) in enumerate(
            zip(stretched(p, segment, t, x), (segment.left, segment.right), (-1.0, 1.0), strict=True)
        ):
            if p.wall[side] and pressure == 0.0:  # slack if the pressure is falling
                rise = line_slope(segment, line) + wave_at(segment.waves[side], t)[1]
                p.off[side] = rise + sign * p.stiffness[side] * self.flow(t, y, segment) < 0.0

    def enter(self, t: float, y: Array, before: Segment, segment: Segment) -> Array:
        """The state at the start of a segment; a jump of the pressures changes its work by ``−X Δ(Δp)``."""
        if before is segment or whole_work(self.numbers, segment):
            return y
        (l0, r0), (l1, r1) = before.applied(t), segment.applied(t)
        y = y.copy()
        y[self.work] -= (l1 - r1 - l0 + r0) * y[self.x]
        return y

    # -- Jacobian -------------------------------------------------------------------------------------------------
    @cached_property
    def pattern(self) -> csc_array:
        """Sparsity of the Jacobian: tridiagonal, and full columns for the cells at the membrane and the scalars."""
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
        full = np.concatenate([first + m - 1, first + m, np.arange(self.x, self.x + SCALARS)])
        left, right = (np.arange(part.start, part.stop) for part in (self.far_left, self.far_right))
        far_rows, far_columns = [left, left, right, right], [first, first + 1, first + n - 1, first + n - 2]
        rows = [np.tile(np.arange(size), len(full)), cell, inner, inner - 1, *far_rows, np.arange(self.x, size)]
        columns = [np.repeat(full, size), cell, inner - 1, inner, *far_columns, np.arange(self.x, size)]
        every = np.unique(np.concatenate(columns) * size + np.concatenate(rows))
        return every % size, every // size

    def jacobian(self, t: float, y: Array, segment: Segment) -> Array:
        """Values of the Jacobian ∂(dy/dt)/∂y in the column order of `pattern`."""
        n, m, k = self.cells, self.membrane, self.solutes
        _, d = self._written
        before, behind = d.faces[BEFORE], d.faces[BEHIND]
        _require_solution(
            _linearize(self.numbers, segment, t, y, math.nan, self.memory, self._faces, *self._written, True)
        )
        # full columns: derivatives of all rows with respect to q, times the derivatives of q, plus those at constant q
        with_flux = np.zeros(self.size)
        self.amounts(with_flux)[:] = d.faces[WITH_FLUX, :, :-1] - d.faces[WITH_FLUX, :, 1:]
        scalars = slice(self.x, self.x + SCALARS)
        with_flux[scalars] = d.scalars[RATES_WITH_FLOW, :SCALARS]
        counted = (self.passed, m), (self.far_left, 0), (self.far_right, n)
        for total, face in counted:
            with_flux[total] = d.faces[WITH_FLUX, :, face]
        with_flux[self.work] = d.scalars[OTHERS, WORK_WITH_FLOW]
        gradient = np.concatenate([*d.walls[OF_FLOW], d.scalars[FLOW_WITH_SCALAR, :SCALARS]])
        full = with_flux[:, None] * gradient
        full[self.work] += np.concatenate([*d.walls[OF_WORK], d.scalars[WORK_WITH_SCALAR, :SCALARS]])
        for j in range(SCALARS):
            through = d.faces[WITH_SCALAR + j]
            full[: self.x, 2 * k + j] += (through[:, :-1] - through[:, 1:]).ravel()
            for total, face in counted:
                full[total, 2 * k + j] += through[:, face]
        solute = np.arange(k)
        full[self.passed.start + solute, solute] += before[:, m]
        full[self.passed.start + solute, k + solute] += behind[:, m]

        dense = _Scatter(self._entries, self.size)
        first = np.arange(k) * n
        walls = np.concatenate([first + m - 1, first + m, np.arange(self.x, self.x + SCALARS)])
        dense.add(np.tile(np.arange(self.size)[:, None], (1, len(walls))), np.tile(walls, (self.size, 1)), full)
        own, lower, upper = behind[:, :-1] - before[:, 1:], before[:, :-1].copy(), -behind[:, 1:]
        for side, end in ((0, 0), (1, n - 1)):
            if self.infinite(side):
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
            if self.infinite(0 if face == 0 else 1):  # outflow of the reservoir cell, which is constant
                inner = 1 if face == 0 else n - 1
                dense.add(place, first + inner - 1, before[:, inner])
                dense.add(place, first + inner, behind[:, inner])
            else:
                dense.add(place, first + end, inward)
        return dense.values

    def slopes(self, t: float, y: Array, segment: Segment) -> Slopes:
        """The same derivatives as `Slopes`, a new object in every call."""
        found = new_slopes(self.solutes, self.cells)
        given = self.numbers, segment, t, y, math.nan, self.memory, self._faces
        _require_solution(_linearize(*given, self._written[0], found, True))
        return found

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
        """Observations of the states (run, time, size) of one run or of several.

        `segments` are the segments of each run and time, `memory` (run, 3) the memory of each run after its end.
        `walls` (2, solutes) are the concentrations at the membrane at the first time, if they are given: those of the
        start, before a polarization layer has built up. `goals` (run, 2, solutes) are the concentrations at
        equilibrium, nan where there is none. With `ends` the states between the first and the last one give only the
        amounts; the other values are nan.
        """
        k, runs, count = self.solutes, len(states), len(times)
        written = np.full((runs, count, NUMBERS), math.nan), np.full((runs, count, SOLUTE_NUMBERS, k), math.nan)
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
        _require_solution(_observe_states(*given, self._faces, *written))
        numbers = np.ascontiguousarray(written[0].transpose(2, 0, 1))
        solutes = np.ascontiguousarray(written[1].transpose(2, 0, 1, 3))
        flux, length_left, length_right, pressure_left, pressure_right, held, *others = numbers
        left, right = self.ports
        if left.computes_pressure:
            pressure_left = pressure_right + held
        elif right.computes_pressure:
            pressure_right = pressure_left - held
        return Observations(flux, length_left, length_right, pressure_left, pressure_right, *others, *solutes)

    def spread(self, y: Array, goal: Array) -> float:
        """``Σ∫|c − c_goal| dV`` of a state, mol/m^2."""
        return float(_set_widths(self.numbers, y[None], self._faces, goal, np.empty((1, self.cells))))

    def accept(self, t: float, y: Array, segment: Segment) -> None:
        """Remember J_v of an accepted step if the equation for J_v may have several roots."""
        if not self.still and not self.numbers.face.unique:
            self.memory[REFERENCE] = self.water_flux(t, y, segment)


def _outside(problem: Problem, solutes: int) -> tuple[Array, NDArray[np.bool_]]:
    """Initial concentrations outside the far ends (2, solutes), and the sides on which they are known."""
    outside, known = np.zeros((2, solutes)), np.zeros(2, dtype=bool)
    for side, port in enumerate(problem.ports):
        if port.outside is not None:
            outside[side], known[side] = port.outside, True
    return outside, known


class _Scatter:
    """Values of a sparse matrix in column order; `add` adds entries by row and column."""

    def __init__(self, entries: tuple[NDArray[np.intp], NDArray[np.intp]], size: int) -> None:
        self.keys, self.size = entries[1] * size + entries[0], size
        self.values = np.zeros(len(self.keys))

    def add(self, rows: NDArray[np.intp], columns: NDArray[np.intp], values: Array) -> None:
        """Add values; each pair of row and column may occur once in a call."""
        self.values[np.searchsorted(self.keys, columns * self.size + rows)] += values


def _require_solution(found: bool) -> None:
    if not found:
        raise NoSolution
