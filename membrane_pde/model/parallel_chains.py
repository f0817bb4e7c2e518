"""Chains of cells in parallel: stations along the membrane, each with its own membrane and water flux.

The state consists of the states of the stations, one after another (each as in `membrane_pde.model.system`). No liquid
flows from one station to the next here. They may share one unknown. Where the total water flux is prescribed,

    0 = Σ_k A_k J_v,k(t, y_k, p) − Q(t),

and the pressure p applied to the left side of every station follows from this one algebraic row. It is of index 1,
since every J_v,k rises with p.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from membrane_pde.model.applied import Segment, line_slope, on_line, wave_at
from membrane_pde.model.mesh import Array
from membrane_pde.model.slopes import Slopes
from membrane_pde.model.system import System
from membrane_pde.model.time_slopes import add_time_slopes

if TYPE_CHECKING:
    from scipy.sparse import csc_array


class Chain:
    """One station: a `System` under applied pressures, as `membrane_pde.model.equations.Equations`.

    Parameters
    ----------
    system : System
        The chain of cells. It remembers a guess of its J_v, so every station needs an object of its own.
    segment : Segment
        Applied pressures.
    """

    def __init__(self, system: System, segment: Segment) -> None:
        self.system, self.segment = system, segment
        self.size, self.mass = system.size, np.ones(system.size)

    def rates(self, t: float, y: Array) -> Array:
        """dy/dt; see `Equations`."""
        out = np.empty(self.size)
        self.system.rhs(t, y, out, self.segment)
        return out

    def jacobian(self, t: float, y: Array) -> csc_array:
        """∂(dy/dt)/∂y; see `Equations`."""
        from scipy.sparse import csc_array

        self.system.accept(t, y, self.segment)
        pattern = self.system.pattern
        values = self.system.jacobian(t, y, self.segment)
        return csc_array((values, pattern.indices, pattern.indptr), shape=pattern.shape)

    def time_slope(self, t: float, y: Array) -> Array:
        """∂(dy/dt)/∂t at a given state; see `Equations`."""
        out = np.zeros(self.size)
        add_time_slopes(self.system.numbers, self.slopes(t, y), 1.0, out)
        return out

    def slopes(self, t: float, y: Array) -> Slopes:
        """Derivatives of the flux through every face, of J_v and of the rate of the work."""
        return self.system.slopes(t, y, self.segment)


@dataclass(frozen=True, eq=False)
class HeldFlux:
    """A total water flux over all stations, from left to right.

    Attributes
    ----------
    areas : ndarray, shape (stations,)
        Membrane area A_k of each station, m^2.
    flow : pair of float
        Q at the start and at the end of the segment, m^3/s; linear in time between them.
    """

    areas: Array
    flow: tuple[float, float]


class ParallelChains:
    """n stations as one system ``M dy/dt = r(t, y)``; see `membrane_pde.model.equations.Equations`.

    Parameters
    ----------
    systems : sequence of System
        The systems of the stations, all different objects; their membranes and lengths may differ.
    segment : Segment
        Pressures applied to all stations. If the total flux is held, the pressure on the left is not used.
    held : HeldFlux, optional
        The total flux that is held by a common pressure on the left, which is then the last unknown (Pa).

    Raises
    ------
    ValueError
        A total flux is held, and the flux of a station does not depend on the pressure on its left.
    """

    def __init__(self, systems: Sequence[System], segment: Segment, held: HeldFlux | None = None) -> None:
        self.systems, self.segment, self.held = tuple(systems), segment, held
        if len({id(system) for system in systems}) < len(systems):
            raise ValueError("each station needs a System of its own, which remembers its own water flux")
        for system in systems if held is not None else ():
            if system.still or system.numbers.pumped or any(system.numbers.wall):
                raise ValueError(
                    "a total water flux can be held over stations whose own flux follows from the pressure: "
                    "no rigid side, no held flux, no elastic wall, a membrane that water permeates"
                )
        ends = np.cumsum([system.size for system in systems])
        self.own = [slice(int(end) - system.size, int(end)) for end, system in zip(ends, systems, strict=True)]
        self.size = int(ends[-1]) + (held is not None)
        self.mass = np.ones(self.size)
        if held is not None:
            self.mass[-1] = 0.0

    @cached_property
    def individual(self) -> NDArray[np.intp]:
        """Indices of all unknowns except the amounts in cells; the error of each is tested individually."""
        found = [np.arange(own.start + system.x, own.stop) for own, system in zip(self.own, self.systems, strict=True)]
        return np.concatenate(found)

    def chains(self, t: float, y: Array) -> list[Chain]:
        """The stations under the pressures at a time and a state.

        If p is an unknown, their segment starts at this time, with the pressure p on the left that rises by 1 Pa/s. The
        derivative of such a chain with respect to time is that with respect to p.
        """
        if self.held is None:
            return [Chain(system, self.segment) for system in self.systems]
        p, right = float(y[-1]), self.segment.applied(t)[1]
        now = Segment(t, t + 1.0, (p, p + 1.0), (right, right))
        return [Chain(system, now) for system in self.systems]

    def pressing(self, t: float, y: Array) -> float:
        """Unknown pressure on the left minus the applied pressure on the right, Pa."""
        return float(y[-1]) - self.segment.applied(t)[1]

    def rates(self, t: float, y: Array) -> Array:
        """r(t, y); see `Equations`."""
        out = np.empty(self.size)
        for own, chain in zip(self.own, self.chains(t, y), strict=True):
            out[own] = chain.rates(t, y[own])
        if self.held is not None:
            places = self._displaced
            out[self._work] = self.pressing(t, y) * out[places]  # not integrated by parts: dp/dt is not known
            out[-1] = self.held.areas @ out[places] - on_line(self.segment, self.held.flow, t)
        return out

    def with_pressure(self, t: float, y: Array) -> list[Array]:
        """∂r_k/∂p of each station k (size of the station,)."""
        pressing, found = self.pressing(t, y), []
        for own, chain in zip(self.own, self.chains(t, y), strict=True):
            system, by = chain.system, chain.time_slope(t, y[own])
            by[system.work] = system.flow(t, y[own], chain.segment) + pressing * by[system.x]
            found.append(by)
        return found

    def time_slope(self, t: float, y: Array) -> Array:
        """∂r/∂t; see `Equations`."""
        if self.held is None:
            chains = self.chains(t, y)
            return np.concatenate([chain.time_slope(t, y[own]) for own, chain in zip(self.own, chains, strict=True)])
        rise = line_slope(self.segment, self.segment.right) + wave_at(self.segment.waves[1], t)[1]
        found = np.append(-rise * np.concatenate(self.with_pressure(t, y)), 0.0)
        found[-1] = self.held.areas @ found[self._displaced] - line_slope(self.segment, self.held.flow)
        return found

    def jacobian(self, t: float, y: Array) -> csc_array:
        """∂r/∂y; see `Equations`."""
        from scipy.sparse import csc_array

        blocks = [chain.jacobian(t, y[own]).data for own, chain in zip(self.own, self.chains(t, y), strict=True)]
        values = np.concatenate(blocks)
        if self.held is not None:
            with_pressure = np.concatenate(self.with_pressure(t, y))
            fluxes, works, areas = self._rows
            values[works] = self.pressing(t, y) * values[fluxes]
            values = np.concatenate(
                [values, areas * values[fluxes], with_pressure, [self.held.areas @ with_pressure[self._displaced]]]
            )
        indices, indptr, order = self._pattern
        return csc_array((values[order], indices, indptr), shape=(self.size, self.size))

    @cached_property
    def _displaced(self) -> NDArray[np.intp]:
        return np.array([own.start + system.x for own, system in zip(self.own, self.systems, strict=True)])

    @cached_property
    def _work(self) -> NDArray[np.intp]:
        return np.array([own.start + system.work for own, system in zip(self.own, self.systems, strict=True)])

    @cached_property
    def _entries(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of the diagonal blocks of the stations, in the order of their values."""
        rows, columns = [], []
        for own, system in zip(self.own, self.systems, strict=True):
            pattern = system.pattern
            rows.append(own.start + pattern.indices.astype(np.intp))
            columns.append(own.start + np.repeat(np.arange(system.size), np.diff(pattern.indptr)))
        return np.concatenate(rows), np.concatenate(columns)

    @cached_property
    def _rows(self) -> tuple[NDArray[np.intp], NDArray[np.intp], Array]:
        """Indices, among the values of the blocks, of the rows of X and of the work, column by column; the areas."""
        assert self.held is not None
        rows, columns = self._entries
        fluxes = np.flatnonzero(np.isin(rows, self._displaced))
        works = np.flatnonzero(np.isin(rows, self._work) & (columns != rows))  # no rate depends on the work
        return fluxes, works, self.held.areas[np.searchsorted(self._displaced, rows[fluxes])]

    @cached_property
    def _pattern(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.intp]]:
        """Row indices and column starts of the whole Jacobian, and the order of its values in `jacobian`."""
        rows, columns = self._entries
        if self.held is not None:
            last, every = self.size - 1, np.arange(self.size)
            border = columns[self._rows[0]]
            rows = np.concatenate([rows, np.full(len(border), last), every])
            columns = np.concatenate([columns, border, np.full(self.size, last)])
        order = np.lexsort((rows, columns))
        starts = np.searchsorted(columns[order], np.arange(self.size + 1))
        return rows[order].astype(np.int32), starts.astype(np.int32), order
