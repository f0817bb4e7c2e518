"""Linear solver for parallel chains: elimination along each chain, a Schur complement for the shared pressure."""

from __future__ import annotations

import numpy as np

from membrane_pde.model.mesh import Array
from membrane_pde.model.parallel_chains import Chain, ParallelChains
from membrane_pde.solvers.linear.chain import factorize, new_factors, solve
from membrane_pde.solvers.linear.interface import Singular


class ChainSolver:
    """Solves ``(I − τ J) x = b`` of one chain by the elimination of `membrane_pde.solvers.linear.chain`."""

    def __init__(self, chain: Chain) -> None:
        self.numbers = chain.system.numbers
        self._factors = new_factors(chain.system.solutes, chain.system.cells)

    def linearize(self, chain: Chain, t: float, y: Array) -> None:
        """Compute the derivatives of the chain at a state."""
        self._slopes = chain.slopes(t, y)

    def factorize(self, tau: float) -> None:
        """Prepare to solve with ``I − τ J``."""
        factorize(self.numbers, self._slopes, tau, self._factors)

    def solve(self, x: Array) -> Array:
        """``(I − τ J)⁻¹ x`` (size,)."""
        found = x.copy()
        solve(self.numbers, self._slopes, self._factors, found)
        return found


class ParallelChainsSolver:
    """Solves ``(M − τ J) x = b`` of `ParallelChains`; see `LinearSolver`.

    With A the chains' blocks, g = ∂r/∂p and p the pressure that all stations share,

        x = u + v δp,    A u = b,    A v = τ g,

    and, since X of a station gains ``τ δJ_v`` beyond its right-hand side, the row ``Σ A_k J_v,k = Q`` says

        δp = −[b_p + Σ_k A_k (u_X,k − b_X,k)] / Σ_k A_k v_X,k.
    """

    def __init__(self, stations: ParallelChains) -> None:
        self.stations = stations
        self._chains = [ChainSolver(Chain(system, stations.segment)) for system in stations.systems]
        self._places = [own.start + system.x for own, system in zip(stations.own, stations.systems, strict=True)]
        self._tau, self._pressing = 0.0, 0.0
        self._with_pressure = self._response = np.empty(0)

    def linearize(self, t: float, y: Array) -> None:
        """Compute the derivatives at a state; see `LinearSolver`."""
        stations = self.stations
        for solver, own, chain in zip(self._chains, stations.own, stations.chains(t, y), strict=True):
            chain.system.accept(t, y[own], chain.segment)
            solver.linearize(chain, t, y[own])
        if stations.held is not None:
            self._pressing = stations.pressing(t, y)
            self._with_pressure = np.concatenate(stations.with_pressure(t, y))

    def factorize(self, tau: float) -> None:
        """Prepare to solve with ``M − τ J``; see `LinearSolver`."""
        self._tau = tau
        for solver in self._chains:
            solver.factorize(tau)
        if self.stations.held is not None:
            self._response = self._in_chains(tau * self._with_pressure)
            rise = self.stations.held.areas @ self._response[self._places]
            if not (np.isfinite(rise) and rise > 0.0):
                raise Singular

    def solve(self, x: Array) -> Array:
        """``(M − τ J)⁻¹ x``; see `LinearSolver`."""
        held = self.stations.held
        if held is None:
            return self._in_chains(x)
        alone, places = self._in_chains(x[:-1]), self._places
        rise = held.areas @ self._response[places]
        pressure = -(x[-1] + held.areas @ (alone[places] - x[places])) / rise
        return np.append(alone + pressure * self._response, pressure)

    def _in_chains(self, x: Array) -> Array:
        """``A⁻¹ x``: solve for each station separately, at constant shared pressure."""
        found, stations = np.empty_like(x), self.stations
        for solver, own, system in zip(self._chains, stations.own, stations.systems, strict=True):
            found[own] = part = solver.solve(x[own])
            if stations.held is not None:  # the whole work, not integrated by parts
                right = x[own]
                found[own.start + system.work] = right[system.work] + self._pressing * (
                    part[system.x] - right[system.x]
                )
        return found
