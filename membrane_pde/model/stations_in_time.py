"""Transient equations of the stations along a membrane, for one interval of time.

All inlets are linear in time within an interval; a sine wave may be added to a pressure.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from membrane_pde.kernels import compiled
from membrane_pde.model.applied import NO_WAVES, Wave, wave_at
from membrane_pde.model.mesh import Array
from membrane_pde.model.ports import BathNumbers
from membrane_pde.model.pressures import bath_volume
from membrane_pde.model.station_outside import (
    BYPASSED,
    PLUG_FLOW,
    Outside,
    amount_in_at,
    set_outside,
    tank_at,
    volume_in_at,
    whole_size,
    work_at,
)
from membrane_pde.model.station_rows import set_rows
from membrane_pde.model.station_system import StationSystem
from membrane_pde.model.stations import DRAWN, MIXING, VESSELS, VOLUME, Entries, Workspace, new_entries, new_workspace

if TYPE_CHECKING:
    from scipy.sparse import csc_array

_set_rows = compiled(set_rows)
_set_outside = compiled(set_outside)

_EMPTY = 1e-6  # volume of a tank ÷ initial volume at which it has run empty
_DROP = 1e-9  # `Outside.first_drop` ÷ hold-up of the permeate
_NO_TANK = BathNumbers()


class Inlets(NamedTuple):
    """Inlet conditions in an interval of time: linear in time, plus sine waves of the pressures.

    Attributes
    ----------
    start, end : float
        Start and end of the interval, s.
    first, last : ndarray, shape (2, 2 + solutes)
        Flow, pressure and concentrations on each side at its start and at its end, as in `station_rows.set_rows`.
    waves : pair of Wave
        Sine waves added to the pressures of (left, right).
    """

    start: float
    end: float
    first: Array
    last: Array
    waves: tuple[Wave, Wave] = NO_WAVES

    def at(self, t: float) -> Array:
        """Inlet conditions at a time, a new array."""
        found = self.first + (t - self.start) * (self.last - self.first) / (self.end - self.start)
        if self.waves != NO_WAVES:
            found[:, 1] += [wave_at(wave, t)[0] for wave in self.waves]
        return found

    def slope(self, t: float) -> Array:
        """Time derivative of the inlet conditions."""
        found = (self.last - self.first) / (self.end - self.start)
        if self.waves != NO_WAVES:
            found[:, 1] += [wave_at(wave, t)[1] for wave in self.waves]
        return found


def outside_of(
    system: StationSystem,
    tanks: tuple[BathNumbers, BathNumbers] = (_NO_TANK, _NO_TANK),
    feed: Array | None = None,
) -> Outside:
    """Tanks and collected permeate of a module.

    Parameters
    ----------
    system : StationSystem
        The module.
    tanks : pair of BathNumbers
        Tanks connected to the channels of (left, right), m^3 and m^3/s of all vessels.
    feed : ndarray, shape (2, solutes), optional
        Concentrations of the tanks' feeds, mol/m^3.

    Raises
    ------
    ValueError
        A tank is connected to a side through which no liquid flows, or concentrate leaks into its feed.
    """
    p, k = system.numbers, system.solutes
    for side, tank in enumerate(tanks):
        if tank.present and (p.role[side] != 0 or (side == p.feed and p.held[MIXING] > 0.0)):
            raise ValueError("a tank stands beside a channel that flows, without a pressure exchanger that mixes")
    held = [float((p.rows[side, VOLUME] * system.vessels).sum()) for side in range(2) if p.role[side] == DRAWN]
    return Outside(
        tanks, (0, 0), np.zeros((2, k)) if feed is None else feed, np.zeros((2, k)),
        bool(np.isnan(p.backflow).any()), _DROP * max(held, default=0.0),
    )  # fmt: skip


class StationsInTime:
    """``M dy/dt = r(t, y)`` of a module in an interval; see `membrane_pde.model.equations.WatchedEquations`.

    The unknowns of `StationSystem` are followed by those of `membrane_pde.model.station_outside`.

    Parameters
    ----------
    system : StationSystem
        The module; its inlets are not used. The outflow concentrations are limited here, so that fronts do not
        oscillate.
    inlets : Inlets
        Inlet conditions.
    outside : Outside
        Tanks and collected permeate; see `outside_of`.
    permeate, fed : float
        Volumes at which an event happens (m^3, of all vessels): net volume that has left the permeate side, and volume
        that has entered on the feed side.

    Raises
    ------
    ValueError
        A side with withdrawn permeate has no hold-up.
    """

    event_names = ("left tank empty", "right tank empty", "permeate", "fed")

    def __init__(
        self,
        system: StationSystem,
        inlets: Inlets,
        outside: Outside,
        permeate: float = math.inf,
        fed: float = math.inf,
    ) -> None:
        p = system.numbers
        for side in range(2):
            if p.role[side] == DRAWN and not (p.rows[side, VOLUME] > 0.0).all():
                raise ValueError("in time, a side that is drawn off needs a hold-up")
        backflow = (
            np.zeros(system.solutes) if outside.collects else p.backflow
        )  # the concentration of backflow is then computed by `set_outside`
        self.numbers = p._replace(limited=True, backflow=backflow)
        self.system, self.inlets, self.outside, self.permeate, self.fed = system, inlets, outside, permeate, fed
        self.at = system.at
        self.size = int(whole_size(self.at))
        self.mass = np.ones(self.size)
        self.mass[: self.at.size] = system.mass

    # -- indices ----------------------------------------------------------------------------------------------------
    def volume_indices(self, side: int) -> tuple[int, int]:
        """Indices of the volume that has entered from outside and of the volume that has left."""
        first = int(volume_in_at(self.at, side))
        return first, first + 1

    def amount_indices(self, side: int) -> tuple[slice, slice]:
        """Indices of the amounts that have entered from outside and of those that have left."""
        first, k = int(amount_in_at(self.at, side)), self.at.solutes
        return slice(first, first + k), slice(first + k, first + 2 * k)

    def tank_indices(self, side: int) -> tuple[int, slice]:
        """Index of the volume of a tank, and indices of the amounts in it."""
        first = int(tank_at(self.at, side))
        return first, slice(first + 1, first + 1 + self.at.solutes)

    @property
    def work_index(self) -> int:
        """Index of the work of the pressures on the permeate, J."""
        return int(work_at(self.at))

    @property
    def totals(self) -> NDArray[np.intp]:
        """Indices of all volumes and amounts that have entered or left."""
        return np.arange(self.at.size, int(tank_at(self.at, 0)))

    @cached_property
    def scales(self) -> Array:
        """Typical magnitude of each unknown."""
        scales = np.empty(self.size)
        scales[: self.at.size] = self.system.scales
        p, held = self.numbers, max(self.hold_up(side) for side in range(2))
        for side in range(2):
            tank = self.outside.tank[side]
            volume, amounts = self.tank_indices(side)
            scales[volume] = tank.volume if tank.present else held
            scales[amounts] = scales[volume] * p.scale
            scales[list(self.volume_indices(side))] = scales[volume]
            for each in self.amount_indices(side):
                scales[each] = scales[volume] * p.scale
        scales[self.work_index] = held * self.system.scales[self.system.pressure_indices(p.feed)[0]]
        return scales

    # -- equations --------------------------------------------------------------------------------------------------
    @cached_property
    def _entries(self) -> Entries:
        own = new_entries(self.system.stations, self.system.elements, self.at.solutes)
        count = len(own.values) + (10 * self.system.stations + 100 + 20 * self.system.elements) * (1 + self.at.solutes)
        places = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
        return Entries(*places, np.zeros(count), np.zeros(2, dtype=np.int64))

    @cached_property
    def _workspace(self) -> Workspace:
        return new_workspace(self.system.stations, self.at.solutes)

    def _rows(self, y: Array, inlet: Array, slopes: bool) -> Array:
        out, entries = np.empty(self.size), self._entries
        entries.written[1] = int(slopes)
        with np.errstate(all="ignore"):
            self._let_tanks_feed(y, inlet)
            _set_rows(self.numbers, self.at, y, inlet, self._workspace, out, entries)
            _set_outside(self.numbers, self.at, y, inlet, self.outside, out, entries)
        return out

    def _let_tanks_feed(self, y: Array, inlet: Array) -> None:
        """Write the concentrations that flow from the tanks into their channels."""
        outside = self.outside
        for side, (tank, mode) in enumerate(zip(outside.tank, outside.mode, strict=True)):
            if not tank.present:
                continue
            if mode == PLUG_FLOW:
                inlet[side, 2:] = outside.displaced[side]
            elif mode == BYPASSED:
                inlet[side, 2:] = outside.feed[side]
            else:
                volume, amounts = self.tank_indices(side)
                inlet[side, 2:] = y[amounts] / bath_volume(tank, float(y[volume]))

    def rates(self, t: float, y: Array) -> Array:
        """Right-hand side; see `Equations`."""
        return self._rows(y, self.inlets.at(t), False)

    @cached_property
    def _pattern(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.intp]]:
        """Column pointers and row indices of the Jacobian, and the index of the value to which each entry is added."""
        n = int(self._entries.written[0])
        kept, target = np.unique(self._entries.columns[:n] * self.size + self._entries.rows[:n], return_inverse=True)
        columns, rows = np.divmod(kept, self.size)
        return np.searchsorted(columns, np.arange(self.size + 1)).astype(np.int32), rows.astype(np.int32), target

    def jacobian(self, t: float, y: Array) -> csc_array:
        """∂r/∂y; see `Equations`."""
        from scipy.sparse import csc_array

        self._rows(y, self.inlets.at(t), True)
        pointers, rows, target = self._pattern
        values = np.bincount(target, weights=self._entries.values[: int(self._entries.written[0])], minlength=len(rows))
        return csc_array((values, rows, pointers), shape=(self.size, self.size))

    def time_slope(self, t: float, y: Array) -> Array:
        """∂r/∂t; see `Equations`: r is linear in the inlets."""
        slope = self.inlets.slope(t)
        if not slope.any():
            return np.zeros(self.size)
        inlet = self.inlets.at(t)
        return self._rows(y, inlet + slope, False) - self._rows(y, inlet.copy(), False)

    # -- events -----------------------------------------------------------------------------------------------------
    def events(self, t: float, y: Array) -> Array:
        """Events: a tank runs empty; the given volume of permeate, or of feed, has been reached."""
        found, feed = np.ones(4), self.numbers.feed
        for side, tank in enumerate(self.outside.tank):
            if tank.present:
                found[side] = float(y[self.tank_indices(side)[0]]) / tank.volume - _EMPTY
        if np.isfinite(self.permeate):
            back, left = self.volume_indices(1 - feed)
            found[2] = self.permeate - float(y[left] - y[back])
        if np.isfinite(self.fed):
            found[3] = self.fed - float(y[self.volume_indices(feed)[0]])
        return found

    def hold_up(self, side: int) -> float:
        """Hold-up of the channels of a side, m^3, of all vessels."""
        return float((self.numbers.rows[side, VOLUME] * self.system.vessels).sum())

    # -- balances ---------------------------------------------------------------------------------------------------
    def held(self, y: Array) -> Array:
        """Amounts (2, solutes) in the channels and tanks of each side, mol, of all vessels."""
        system, found = self.system, np.zeros((2, self.at.solutes))
        for side in range(2):
            volumes = self.numbers.rows[side, VOLUME] * self.numbers.links[VESSELS, self.numbers.element]
            found[side] = volumes @ y[system.concentration_indices(side)] + y[self.tank_indices(side)[1]]
        return found
