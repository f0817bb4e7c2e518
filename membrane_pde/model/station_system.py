"""The stations along a membrane as `Equations` for Newton's method and for integrators."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from membrane_pde.kernels import compiled
from membrane_pde.model.mesh import Array
from membrane_pde.model.station_cells import outflow_concentration
from membrane_pde.model.station_rows import set_rows
from membrane_pde.model.station_start import BACKFLOW, FLUXES, MARCH, prepare
from membrane_pde.model.stations import (
    AREA,
    VESSELS,
    VOLUME,
    Entries,
    StationLayout,
    Stations,
    Workspace,
    concentration_at,
    flow_at,
    flux_at,
    last_of,
    new_entries,
    new_workspace,
    pressure_at,
    station_layout,
)
from membrane_pde.physics.osmotic import total_pressures

if TYPE_CHECKING:
    from scipy.sparse import csc_array

_Indices = NDArray[np.int64]

_set_rows = compiled(set_rows)


class StationSystem:
    """``M dy/dt = r(y)`` of `Stations` with constant inlets; see `membrane_pde.model.equations.Equations`.

    Attributes
    ----------
    numbers : Stations
        The model.
    inlet : ndarray, shape (2, 2 + solutes)
        Flow, pressure and concentrations at the inlet of each side; see `set_rows`.
    at : StationLayout
        Indices of the unknowns.
    stations, elements, solutes : int
        Numbers of stations, elements and solutes.
    mass : ndarray, shape (size,)
        1 in the rows of concentrations with a hold-up, 0 in the others.
    """

    def __init__(self, numbers: Stations, inlet: Array) -> None:
        self.numbers, self.inlet = numbers, np.array(inlet, dtype=float)
        self.stations, self.elements = len(numbers.element), len(numbers.permeability)
        self.solutes = numbers.tables.shape[2]
        self.at: StationLayout = station_layout(self.stations, self.elements, self.solutes)
        self.mass = np.zeros(self.at.size)
        for side in range(2):
            held = numbers.rows[side, VOLUME] > 0.0
            for s in range(self.solutes):
                self.mass[self.concentration_indices(side)[:, s]] = held

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return self.at.size

    # -- indices ----------------------------------------------------------------------------------------------------
    @cached_property
    def flux_indices(self) -> _Indices:
        """Indices of J_v (stations,)."""
        return np.arange(self.stations) * self.at.block + flux_at(self.at, 0)

    def flow_indices(self, side: int) -> _Indices:
        """Indices of the flows out of the stations' cells (stations,)."""
        return np.arange(self.stations) * self.at.block + flow_at(self.at, side, 0)

    def pressure_indices(self, side: int) -> _Indices:
        """Indices of the pressures (stations,)."""
        return np.arange(self.stations) * self.at.block + pressure_at(self.at, side, 0)

    def concentration_indices(self, side: int) -> _Indices:
        """Indices of the concentrations (stations, solutes)."""
        first = np.arange(self.stations) * self.at.block + concentration_at(self.at, side, 0)
        return first[:, None] + np.arange(self.solutes)

    def entry_indices(self, side: int) -> _Indices:
        """Indices of flow, pressure and concentrations at the inlets of the elements (elements, 2 + solutes)."""
        first = self.at.entry + (2 * np.arange(self.elements) + side) * self.at.width
        return first[:, None] + np.arange(self.at.width)

    # -- sums -------------------------------------------------------------------------------------------------------
    @cached_property
    def vessels(self) -> Array:
        """Number of vessels in parallel at each station (stations,)."""
        return self.numbers.links[VESSELS, self.numbers.element]

    @property
    def vessels_first(self) -> float:
        """Number of vessels in parallel of the first element."""
        return float(self.numbers.links[VESSELS, 0])

    @cached_property
    def areas(self) -> Array:
        """Membrane area of all vessels at each station (stations,), m^2."""
        return self.vessels * self.numbers.rows[0, AREA]

    @property
    def area(self) -> float:
        """Total membrane area, m^2."""
        return float(self.areas.sum())

    def recovery(self, y: Array) -> float:
        """Recovery: fraction of the feed flow that passes the membrane."""
        side = self.numbers.feed
        fed = self.vessels_first * float(y[self.entry_indices(side)[0, 0]])
        return 1.0 - float(self.vessels[-1] * y[self.flow_indices(side)[-1]]) / fed

    def outflow(self, y: Array, side: int) -> Array:
        """Concentrations in the outflow of the last element on a side (solutes,), mol/m^3."""
        p = self.numbers
        last = int(last_of(p, side, self.elements - 1 if p.direction[side] > 0 else 0))
        return np.array([outflow_concentration(p, self.at, y, side, last, s)[0] for s in range(self.solutes)])

    def osmotic_pressure(self, concentration: Array) -> float:
        """Osmotic pressure of a solution, Pa."""
        return float(total_pressures(self.numbers.face.osmotics, concentration[None].copy())[0])

    @cached_property
    def scales(self) -> Array:
        """Typical magnitude of each unknown."""
        p, k = self.numbers, self.solutes
        scales = np.ones(self.size)
        osmotic = max(abs(self.osmotic_pressure(each[2:])) for each in self.inlet)
        pressure = max(float(np.abs(self.inlet[:, 1]).max()), osmotic, 1.0)
        flow = float(np.nanmax(np.abs(self.inlet[:, 0])))
        area = float(p.rows[0, 0].sum())
        water = float(p.permeability.max()) * pressure
        flow = flow if flow > 0.0 else water * area
        scales[self.flux_indices] = max(water, 1e-12)
        for side in range(2):
            scales[self.flow_indices(side)] = flow
            scales[self.pressure_indices(side)] = pressure
            scales[self.concentration_indices(side)] = p.scale
            entries = self.entry_indices(side)
            scales[entries[:, 0]], scales[entries[:, 1]], scales[entries[:, 2:]] = flow, pressure, p.scale
        scales[self.at.collected : self.at.collected + k] = p.scale
        return scales

    # -- equations --------------------------------------------------------------------------------------------------
    @cached_property
    def _workspace(self) -> tuple[Workspace, Entries]:
        """Work arrays, and the entries of the Jacobian."""
        return new_workspace(self.stations, self.solutes), new_entries(self.stations, self.elements, self.solutes)

    @property
    def workspace(self) -> Workspace:
        """Results of the last evaluation: fluxes, concentrations at the membrane, pressure drops."""
        return self._workspace[0]

    def rates(self, t: float, y: Array) -> Array:
        """Right-hand side r(y): dc/dt, or the residual of an algebraic row."""
        workspace, entries = self._workspace
        entries.written[1] = 0
        out = np.empty(self.size)
        with np.errstate(all="ignore"):
            _set_rows(self.numbers, self.at, y, self.inlet, workspace, out, entries)
        return out

    @cached_property
    def _pattern(self) -> tuple[Array, Array, Array]:
        """Column pointers and row indices of the Jacobian, and the index of the value to which each entry is added."""
        _, entries = self._workspace
        n = int(entries.written[0])
        keys = entries.columns[:n] * self.size + entries.rows[:n]
        kept, target = np.unique(keys, return_inverse=True)
        columns, rows = np.divmod(kept, self.size)
        pointers = np.searchsorted(columns, np.arange(self.size + 1))
        return pointers.astype(np.int32), rows.astype(np.int32), target

    def linearized(self, y: Array) -> tuple[Array, csc_array]:
        """Right-hand side and Jacobian."""
        from scipy.sparse import csc_array

        workspace, entries = self._workspace
        entries.written[1] = 1
        out = np.empty(self.size)
        with np.errstate(all="ignore"):
            _set_rows(self.numbers, self.at, y, self.inlet, workspace, out, entries)
        pointers, rows, target = self._pattern
        n = int(entries.written[0])
        values = np.bincount(target, weights=entries.values[:n], minlength=len(rows))
        return out, csc_array((values, rows, pointers), shape=(self.size, self.size))

    def jacobian(self, t: float, y: Array) -> csc_array:
        """∂r/∂y, with the same sparsity pattern in every call."""
        return self.linearized(y)[1]

    def time_slope(self, t: float, y: Array) -> Array:
        """∂r/∂t, which is zero because all inputs are constant."""
        return np.zeros(self.size)

    # -- initial guess ----------------------------------------------------------------------------------------------
    def start(self, pressure: float, flow: float) -> Array:
        """Initial guess by marching along the feed from a given inlet pressure and flow; see `set_start`."""
        workspace, _ = self._workspace
        inlet = self.inlet.copy()
        inlet[self.numbers.feed, 0], inlet[self.numbers.feed, 1] = flow, pressure
        y = np.zeros(self.size)
        with np.errstate(all="ignore"):
            prepare(MARCH, self.numbers, self.at, inlet, workspace, np.zeros(3), y, self.numbers.drawn_in)
        return y

    def update_backflow(self, y: Array) -> int:
        """Update the set of stations with backflow from the permeate; return how many stations have changed."""
        return self._prepare(BACKFLOW, y)

    def solve_fluxes(self, y: Array) -> bool:
        """Solve for the water fluxes (and permeate concentrations) at given concentrations; False if there are none."""
        return self._prepare(FLUXES, y) == 1

    def _prepare(self, task: int, y: Array) -> int:
        workspace, _ = self._workspace
        with np.errstate(all="ignore"):
            return int(
                prepare(task, self.numbers, self.at, self.inlet, workspace, np.zeros(3), y, self.numbers.drawn_in)
            )
