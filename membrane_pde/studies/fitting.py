"""fit(case, data, free) -> FitResult: the numbers of a case with which its runs agree best with measurements.

Least squares in scaled unknowns: the logarithm of a number that is positive, a number between bounds as it is. Every
trial is a run (or one a setting) with a tolerance of at most 1e-8 and with the mesh held, so that what it answers
changes smoothly; derivatives are differences over steps of 1e-3, far above both.
"""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from membrane_pde import __version__, runs
from membrane_pde.input import units
from membrane_pde.input.case import Case
from membrane_pde.input.casefile import as_case
from membrane_pde.input.errors import CaseError
from membrane_pde.input.number_at import Number, number_at
from membrane_pde.input.parts import SIDES
from membrane_pde.input.values import SAME
from membrane_pde.input.wording import show
from membrane_pde.results.folders import add_files, write_folder
from membrane_pde.results.result import to_json
from membrane_pde.studies import measurements
from membrane_pde.studies.measurements import Table

Vector = NDArray[np.float64]

CONFIDENCE = 0.95
ABSOLUTE, RELATIVE = "absolute", "relative"  # errors of a column without any: the same for all, or in proportion
_STEP = 1e-3  # of a scaled unknown, for derivatives
_RTOL = 1e-8
_OUTPUTS = 2001, 10_001  # stored times of a run in time, between which its series are straight: at least, at most
_BEFORE = 20  # of them before the first measurement, if there may be so many
_FURTHEST = math.log(1e4)  # that an unknown may go from where it starts
_TRIALS = 100  # of a round
_ROUNDS = 20  # at most; in each the errors and the mesh of the last one hold
_EXACT = 1e-6  # of a column's size: a smaller scatter is that of the solver
_NOTHING = 1e-4  # of a column's size, for a factor e of an unknown: less is no effect
_ALIKE = 1e-3  # smallest singular value of the effects, each of length 1: below it some are the same
_WIDEST = math.log(100.0)  # half an interval of a logarithm that still says something


@dataclass(frozen=True)
class Parameter:
    """A fitted number, in `unit` (SI) but for `text`.

    `low` and `high` are the ends of its 95 % confidence interval. They and the `standard_error` are None if the data
    have no scatter to tell them from (as many points as unknowns), and where the number ended at a bound, `at_bound`.
    """

    key: str
    unit: str
    start: float
    value: float
    standard_error: float | None
    low: float | None
    high: float | None
    at_bound: bool
    shown_in: str

    def in_words(self) -> str:
        """The value as it goes into a case file, in the unit that was written there."""
        return _text(self.value, self.unit, self.shown_in)

    def __str__(self) -> str:
        """``key = value ± standard error unit (95 %: low to high)``."""
        numbers = (self.value, self.standard_error, self.low, self.high)
        shown = [None if n is None else units.to(n, self.shown_in) if self.unit else n for n in numbers]
        value, error, low, high = ("" if n is None else f"{n:.4g}" for n in shown)
        about = " (at its bound)" if self.at_bound else f" (95 %: {low} to {high})" if low else ""
        return f"{self.key} = {value}{f' ± {error}' if error else ''} {self.shown_in}".rstrip() + about


@dataclass(frozen=True, eq=False)
class Fitted:
    """One measured column beside what the fitted case says, in the unit of the table.

    `error` is the standard error of each point: as given, or (`given` False) that which the scatter about the fit
    shows; `error_source` says in words which. `curve` holds times and what the case says in between, None where every
    point is a run of its own.
    """

    name: str
    unit: str
    measured: Vector
    fitted: Vector
    error: Vector
    given: bool
    error_source: str
    curve: tuple[Vector, Vector] | None

    @property
    def header(self) -> str:
        """Name and unit."""
        return f"{self.name} [{self.unit}]" if self.unit else self.name

    @property
    def residual(self) -> Vector:
        """Measured minus fitted."""
        return self.measured - self.fitted


@dataclass(frozen=True, eq=False, repr=False)
class FitResult:
    """What `fit` found.

    Attributes
    ----------
    case : Case
        The case with the fitted values.
    parameters : dict of str to Parameter
        By key.
    correlation : ndarray
        Correlation matrix of the parameters, in their order; NaN for one at a bound.
    columns : list of Fitted
        The measured columns and what the fit makes of them.
    where : dict of str to ndarray
        The columns that say where was measured, by header.
    points, degrees_of_freedom : int
        Measured numbers, and what is left of them after the unknowns.
    reduced_chi_square : float or None
        Of the columns whose errors are given: about 1 if the case describes them as well as the errors say.
    message : str
        What to know about the fit, or "".
    runs : int
        How many it took.
    solve_time_s : float
        And how long.
    """

    case: Case
    parameters: dict[str, Parameter]
    correlation: Vector
    columns: list[Fitted]
    where: dict[str, Vector]
    points: int
    degrees_of_freedom: int
    reduced_chi_square: float | None
    message: str
    runs: int
    solve_time_s: float

    def __repr__(self) -> str:
        """A line for each parameter, and the message."""
        return "\n".join([*map(str, self.parameters.values()), *([self.message] if self.message else [])])

    @property
    def summary(self) -> dict[str, Any]:
        """All numbers as one JSON object: parameters and errors in SI units, columns in those of the table."""
        keys = list(self.parameters)
        return {
            "title": self.case.title,
            "message": self.message,
            "points": self.points,
            "degrees_of_freedom": self.degrees_of_freedom,
            "reduced_chi_square": self.reduced_chi_square,
            "confidence": CONFIDENCE,
            "parameters": {
                key: {
                    name: getattr(each, name)
                    for name in ("value", "unit", "standard_error", "low", "high", "start", "at_bound")
                }
                for key, each in self.parameters.items()
            },
            "correlation": {
                one: {other: _known(self.correlation[i, j]) for j, other in enumerate(keys)}
                for i, one in enumerate(keys)
            },
            "columns": {
                column.name: {
                    "unit": column.unit,
                    "measured": column.measured.tolist(),
                    "fitted": column.fitted.tolist(),
                    "error": [_known(each) for each in column.error],
                    "error_given": column.given,
                    "error_source": column.error_source,
                }
                for column in self.columns
            },
            "where": {header: numbers.tolist() for header, numbers in self.where.items()},
            "runs": self.runs,
            "solve_time_s": self.solve_time_s,
            "version": __version__,
        }

    def save(self, folder: str | Path, extra: Callable[[Path], None] | None = None) -> Path:
        """Write ``fit.json`` (the summary), ``fit.csv`` (a row a measurement), ``case.toml`` (with what was fitted).

        As `Result.save` does.

        Parameters
        ----------
        folder : path
            Where to.
        extra : callable, optional
            Writes further files (plots) into the folder it is given, once the others are there. What it raises is
            raised, and they stay.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        CaseError
            If the folder is not ours to write or cannot be written.
        """

        def write(into: Path) -> None:
            (into / "fit.json").write_text(to_json(self.summary), encoding="utf-8")
            (into / "case.toml").write_text(self.case.to_toml(), encoding="utf-8")
            self._write_csv(into / "fit.csv")

        write_folder(folder, write)
        return Path(folder) if extra is None else add_files(folder, extra)

    def _write_csv(self, path: Path) -> None:
        columns = dict(self.where)
        for column in self.columns:
            unit = f" [{column.unit}]" if column.unit else ""
            columns[column.header] = column.measured
            columns[f"{column.name} error{unit}"] = column.error
            columns[f"{column.name} fitted{unit}"] = column.fitted
            columns[f"{column.name} residual{unit}"] = column.residual
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            for row in zip(*columns.values(), strict=True):
                writer.writerow([_known(number) for number in row])


def fit(
    case: Case | str | Path,
    data: Any,
    free: Sequence[str],
    progress: Callable[[int], None] | None = None,
    errors: str = ABSOLUTE,
) -> FitResult:
    """Fit numbers of a case to measurements, by least squares.

    Minimal is ``Σ ((measured − computed)/error)²`` over all measured numbers. A column of standard errors, ``water_flux
    error [L/m^2/hour]`` or ``water_flux error [%]`` beside ``water_flux [L/m^2/hour]``, gives the errors. Where there
    is none, `errors` says what they are: ``"absolute"``, the same for all points of a column; ``"relative"``, in
    proportion to each number (of a rejection to ``1 − rejection``); or a known relative error such as ``"1 %"``. The
    size of the first two follows from the scatter of each column about the fit: ``√(Σ residual²/ν)``, ν what
    the unknowns leave of its points; fit and errors are repeated until they agree. Where a column has too few points
    for that (ν < 1), all without errors get the same relative error: relative to the root mean square of their values,
    of a rejection to that of ``1 − rejection``.

    Standard errors come from the derivatives at the best fit (``(JᵀJ)⁻¹``, in the scaled unknowns), intervals from
    Student's t with the degrees of freedom of the errors (where these are given: infinitely many). They hold if
    the errors of the points are independent and the case describes what was measured.

    Parameters
    ----------
    case : Case, str or Path
        From `load_case`, or what it takes; where its numbers start from.
    data : path, mapping, or DataFrame
        A CSV file, or columns by their header. A header is a name and a unit: ``time [min]``, then every row is a time
        of one run; or a key of the case, ``left.pressure [bar]``, one or several, then every row is a run, and what was
        measured is what stands at its end (with ``until = "steady"`` in the case the steady state). All else is
        measured: the names of the series, ``water_flux [L/m^2/hour]``, ``rejection[NaCl] [%]``,
        ``solute_flux[NaCl] [mol/m^2/hour]``, or as in SI units, ``water_flux_m_per_s``.
    free : sequence of str
        Keys of the case to be fitted, for example ``membrane.water_permeability``.
    progress : callable, optional
        Told how many runs have been solved.
    errors : str, optional
        Of the columns that have no column of errors: ``"absolute"``, ``"relative"``, or a share such as ``"1 %"``.

    Returns
    -------
    FitResult

    Raises
    ------
    CaseError
        Data that are wrong (which column, which row), a key that holds no number, fewer points than unknowns, a run
        that fails, or data that do not determine an unknown.

    Examples
    --------
    >>> import membrane_pde as mp
    >>> case = mp.load_case("seawater_ro")
    >>> data = {
    ...     "left.pressure [bar]": [45, 55, 65],
    ...     "water_flux [L/m^2/hour]": [15.1, 23.6, 30.9],
    ...     "rejection[NaCl] [%]": [99.40, 99.56, 99.64],
    ... }
    >>> found = mp.fit(case, data, free=["membrane.water_permeability", "membrane.solutes.NaCl.permeability"])
    >>> print(found)
    membrane.water_permeability = 1.219 ± 0.03925 L/m^2/hour/bar (95 %: 1.062 to 1.399)
    membrane.solutes.NaCl.permeability = 2.214e-08 ± 1.017e-09 m/s (95 %: 1.904e-08 to 2.574e-08)
    >>> axes = mp.plot.fit(found)
    """
    begun, case = time.perf_counter(), as_case(case)
    table = measurements.read(case, data)
    unknowns = [_unknown(case, key) for key in _listed(free, table)]
    count = len(table.rows) * len(table.measured)
    if count < len(unknowns):
        raise CaseError(
            f"{count} measured number{'s' if count > 1 else ''} for {len(unknowns)} unknowns: measure more, or free "
            "fewer keys"
        )
    runs = _Runs(case, table, unknowns, progress)
    known = _Errors.read(errors, table)
    found = _minimum(runs, known)
    return _result(runs, found, known, time.perf_counter() - begun)


# -- the unknowns ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Unknown:
    """A free number as the fit sees it: 0 where it starts; a logarithm if the number is positive."""

    number: Number

    @property
    def positive(self) -> bool:
        return self.number.low == 0.0 and self.number.high == math.inf

    @property
    def size(self) -> float:
        """What 1 is in SI units, of one that is no logarithm."""
        bounded = self.number.low > -math.inf
        return 1.0 if bounded else abs(self.number.value) or 1e5  # only a pressure may be 0 or below

    @property
    def bounds(self) -> tuple[float, float]:
        """Of the scaled unknown."""
        if self.positive:
            return -_FURTHEST, _FURTHEST
        low, high = ((end - self.number.value) / self.size for end in (self.number.low, self.number.high))
        return max(low, -math.exp(_FURTHEST)), min(high, math.exp(_FURTHEST))

    def value(self, scaled: float) -> float:
        """In SI units, within the bounds."""
        if self.positive:
            return self.number.value * math.exp(min(scaled, 2.0 * _FURTHEST))  # the end of an interval may be endless
        return min(max(self.number.value + self.size * scaled, self.number.low), self.number.high)

    def told(self, scaled: float) -> str:
        """Key and value for a message."""
        text = _text(float(f"{self.value(scaled):.4g}"), self.number.unit, self.number.shown_in, digits=4)
        return f"{self.number.key} = {text}"


def _listed(free: Sequence[str], table: Table) -> list[str]:
    """The free keys, if they can be."""
    if isinstance(free, str) or not all(isinstance(key, str) for key in free):
        raise CaseError(f'free = {show(free)}: expected a list of keys, for example ["membrane.water_permeability"]')
    keys = [key.strip() for key in free]
    if not keys:
        raise CaseError("no free key: name at least one number to fit, for example membrane.water_permeability")
    for key in keys:
        if keys.count(key) > 1:
            raise CaseError(f"{key} is free twice")
        if key in (column.name for column in table.settings):
            raise CaseError(f"{key} cannot be free: the data set it, in a column")
        if key.partition(".")[0] in ("run", "mesh"):
            raise CaseError(f"{key} cannot be free: it says how to solve, not what")
    return keys


def _unknown(case: Case, key: str) -> _Unknown:
    number = number_at(case, key)
    if number.low == 0.0 == number.value and number.high == math.inf:
        example = next((each.example for each in units.DIMENSIONS.values() if each.si == number.unit != ""), "1")
        raise CaseError(f"{key} is 0 in this case, and a fit needs a start above it: --set {key}={show(example)}")
    return _Unknown(number)


def _text(value: float, unit: str, shown_in: str, digits: int = 17) -> str:
    """A number with its unit as it goes into a case file."""
    number = units.to(value, shown_in) if unit else value
    text = f"{number:.{digits}g}" if digits < 17 else repr(float(number))
    return f"{text} {shown_in}" if unit else text


# -- runs -----------------------------------------------------------------------------------------------------------
class _Runs:
    """What the case says where it was measured, for any values of the unknowns.

    `failure` says what was wrong with the last values for which it said nothing.
    """

    def __init__(
        self, case: Case, table: Table, unknowns: list[_Unknown], progress: Callable[[int], None] | None
    ) -> None:
        self.case, self.table, self.unknowns, self.progress = case, table, unknowns, progress
        self.done, self.failure = 0, ""
        self.known: dict[bytes, Vector] = {}
        if case.run.solver == "fipy":
            raise CaseError(
                'run.solver = "fipy" is too coarse for the derivatives of a fit: take "rosenbrock" or "cvode"'
            )
        self.settled: dict[str, object] = {"run.rtol": min(case.run.rtol, _RTOL)}
        if table.time is None:
            self.settled["run.outputs"] = 2
        else:
            last = float(self.times.max())
            if last > case.run.duration * (1.0 + SAME):
                row = int(np.argmax(self.times))
                raise CaseError(
                    f"{table.rows[row]} of the data: {table.time.header} = {table.time.numbers[row]:g} is after the "
                    f"end of the run, {units.to(case.run.duration, table.time.unit):g} {table.time.unit} (run.duration)"
                )
            if last == 0.0:
                raise CaseError(f"{table.time.header}: no time after the start")
            fewest, most = _OUTPUTS
            wanted = _BEFORE * last / self.times[self.times > 0.0].min()
            outputs = max(case.run.outputs, fewest, min(most, math.ceil(wanted)))
            self.settled |= {"run.duration": f"{last!r} s", "run.until": "duration", "run.outputs": outputs}
        self.cells = 1  # that are held; 1: all sides are stirred
        self.cases: list[Case] = []  # one a run, and the rows that each answers
        self.rows: list[list[int]] = []
        at: dict[tuple[object, ...], int] = {}
        for row, name in enumerate(table.rows):
            setting = table.setting(row)
            number = at.setdefault(tuple(setting.values()), len(at))
            if number == len(self.cases):
                try:
                    self.cases.append(case.with_values(setting) if setting else case)
                except CaseError as error:
                    raise CaseError(f"{name} of the data: {error}") from None
                self.rows.append([])
            self.rows[number].append(row)

    @property
    def times(self) -> Vector:
        """s."""
        assert self.table.time is not None
        return self.table.time.numbers * self.table.time.size

    @property
    def measured(self) -> Vector:
        """All measured numbers, column by column, SI."""
        return np.concatenate([column.numbers * column.size for column in self.table.measured])

    @property
    def column(self) -> NDArray[np.intp]:
        """The column of each of them."""
        return np.repeat(np.arange(len(self.table.measured)), len(self.table.rows))

    def texts(self, scaled: Vector) -> dict[str, object]:
        """The unknowns as `Case.with_values` takes them."""
        return {
            unknown.number.key: _text(value, unknown.number.unit, unknown.number.unit) if unknown.number.unit else value
            for unknown, value in zip(self.unknowns, self.values(scaled), strict=True)
        }

    def values(self, scaled: Vector) -> list[float]:
        """The unknowns in SI units."""
        return [unknown.value(float(each)) for unknown, each in zip(self.unknowns, scaled, strict=True)]

    def told(self, scaled: Vector) -> str:
        """The unknowns for a message."""
        return ", ".join(unknown.told(float(each)) for unknown, each in zip(self.unknowns, scaled, strict=True))

    def hold_mesh(self, scaled: Vector) -> bool:
        """Hold the number of cells from now on; False if what is held is still enough.

        By default it follows the physics, and so the unknowns; with a cell more, what a run answers makes a jump.
        """
        if self.case.mesh.cells is not None:
            return False
        changes = self.texts(scaled)
        meshes = (runs.mesh_of(case.with_values(changes)) for case in self.cases)
        cells = max(len(widths) for mesh in meshes for widths in mesh.values())
        if cells <= 1.1 * self.cells:
            return False
        self.cells = self.settled["mesh.cells"] = cells
        self.known.clear()
        return True

    def at(self, scaled: Vector) -> Vector:
        """What the case says for every measured number, column by column, SI; NaN if a run fails."""
        if (key := scaled.tobytes()) not in self.known:
            found = np.full((len(self.table.measured), len(self.table.rows)), math.nan)
            changes = self.texts(scaled) | self.settled
            for case, rows in zip(self.cases, self.rows, strict=True):
                if reason := self._solve(case, changes, rows, found):
                    self.failure = f"at {self.told(scaled)}, {reason}"
                    found[:] = math.nan
                    break
            self.known[key] = found.ravel()
        return self.known[key]

    def _solve(self, case: Case, changes: dict[str, object], rows: list[int], found: Vector) -> str:
        """Put what one run says into its rows (column, row); what was wrong, or ""."""
        reason, row = "", rows[0]
        try:
            trial = case.with_values(changes)
            found[:, rows] = self._in_time(trial)[1] if self.table.time else self._in_the_end(trial)[:, None]
        except (CaseError, runs.RunError) as error:
            reason = str(error)
        self.done += 1
        if self.progress is not None:
            self.progress(self.done)
        missing = np.argwhere(~np.isfinite(found[:, rows]))
        if not reason and len(missing):
            row = rows[missing[0][1]]
            reason = (
                f"{self.table.measured[missing[0][0]].name} has no value there (no water flows, or there is nothing of "
                "the solute); leave the row out"
            )
        if not reason:
            return ""
        where = ", ".join(f"{key} = {value}" for key, value in self.table.setting(row).items())
        return f"{self.table.rows[row]} of the data{f' ({where})' if where else ''}: {reason}"

    def _in_the_end(self, case: Case) -> Vector:
        summary = runs.summarize(case)
        if summary["status"] == "failed":
            raise CaseError(summary["message"])
        seen = []
        for column in self.table.measured:
            value = summary[column.series]
            seen.append((value or {}).get(column.solute) if column.solute else value)
        return np.array([math.nan if value is None else value for value in seen])

    def _in_time(self, case: Case) -> tuple[Vector, Vector, Vector]:
        """Stored times; what was measured (column, row); and the series (column, time)."""
        arrays = runs.run(case).arrays
        series = np.array(
            [
                arrays[column.series][:, list(case.solutes).index(column.solute)]
                if column.solute
                else arrays[column.series]
                for column in self.table.measured
            ]
        )
        return arrays["time"], np.array([np.interp(self.times, arrays["time"], each) for each in series]), series

    def curves(self, scaled: Vector) -> list[tuple[Vector, Vector]] | None:
        """Times and values of each measured column between the points, in the units of the table."""
        if self.table.time is None:
            return None
        at, _, series = self._in_time(self.cases[0].with_values(self.texts(scaled) | self.settled))
        return [
            (at / self.table.time.size, each / column.size)
            for column, each in zip(self.table.measured, series, strict=True)
        ]


# -- errors ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Errors:
    """The standard errors of the measured columns, in their order.

    `given` is True for a column whose errors are known: from the table, or as the same `share` of each number.
    `relative` is True for a column whose errors are in proportion to its numbers.
    """

    table: Table
    given: NDArray[np.bool_]
    relative: NDArray[np.bool_]
    share: float | None

    @classmethod
    def read(cls, errors: str, table: Table) -> _Errors:
        """What `fit` was told of the errors; CaseError if that has no meaning."""
        share = None
        if errors not in (ABSOLUTE, RELATIVE):
            share = _share(errors)
        from_table = np.array([each.name in table.errors for each in table.measured])
        relative = ~from_table & (errors != ABSOLUTE)
        for column, one in zip(table.measured, relative, strict=True):
            measurements.check_relative(bool(one) and not column.series.endswith("rejection"), column, table.rows)
        return cls(table, from_table | (share is not None), relative, share)

    def at(self, computed: Vector | None, sizes: Vector) -> Vector:
        """Error of each point, column by column, SI; where it is not given, up to a factor of its column.

        Errors in proportion go with the computed numbers, once there are any: those that scatter downwards would weigh
        more than those that scatter upwards.
        """
        found = []
        for i, column in enumerate(self.table.measured):
            known = self.table.standard_error(column)
            if known is None and self.relative[i]:
                values = column.numbers * column.size
                if computed is not None:
                    values = computed.reshape(len(self.given), -1)[i]
                shares = np.abs(_scatters_with(column.series, values))
                known = (self.share or 1.0) * np.maximum(shares, 1e-6 * sizes[i])
            found.append(np.full(len(column.numbers), sizes[i]) if known is None else known)
        return np.concatenate(found)

    def source(self, i: int, known: bool) -> str:
        """In words, where the errors of a column come from."""
        what = "1 − each number" if self.table.measured[i].series.endswith("rejection") else "each number"
        if self.table.measured[i].name in self.table.errors:
            return "given"
        if self.share is not None:
            return f"{100.0 * self.share:.3g} % of {what}"
        if not known:
            return "not known"
        return f"from the scatter, in proportion to {what}" if self.relative[i] else "from the scatter, equal"


def _share(errors: object) -> float:
    """A known relative error: "1 %" or "0.01"."""
    text = errors.strip() if isinstance(errors, str) else ""
    try:
        share = units.number(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
    except ValueError:
        share = math.nan
    if not 0.0 < share < 1.0:
        raise CaseError(
            f'errors = {show(errors)}: expected "absolute", "relative", or a share above zero such as "1 %"'
        )
    return share


# -- the best fit ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Spread:
    """What residuals over the errors in use say of the true ones, by group of points.

    `group` is that of each point: its column or, where the columns cannot tell their own, one for all without errors.
    `freedom` is what the unknowns leave of a group's points; `variance` is that of the residuals, 1 where errors are
    given, NaN where nothing tells it.
    """

    group: NDArray[np.intp]
    own: bool
    freedom: Vector
    variance: Vector


def _spread(jacobian: Vector, residual: Vector, column: NDArray[np.intp], given: NDArray[np.bool_]) -> _Spread:
    """See `_Spread`; `jacobian` and `residual` are over the errors in use."""
    leverage = (np.linalg.svd(jacobian, full_matrices=False)[0] ** 2).sum(axis=1)
    freedom = np.bincount(column, 1.0 - leverage, len(given)).astype(float)
    squares = np.bincount(column, residual**2, len(given)).astype(float)
    own, group = bool((freedom[~given] > 1.0 - 1e-9).all()), column
    if not own:
        common = np.flatnonzero(~given)
        group = np.where(given[column], column, common[0])
        for values in (freedom, squares):
            values[common[0]], values[common[1:]] = values[common].sum(), 0.0
    variance = np.ones(len(given))
    unknown = ~given & (freedom > 1e-9)
    variance[unknown] = squares[unknown] / freedom[unknown]
    variance[~given & (freedom <= 1e-9)] = math.nan
    return _Spread(group, own, freedom, variance)


@dataclass(frozen=True)
class _Minimum:
    """The best fit: unknowns, who of them is at a bound, what the case says, errors in use, derivatives over them."""

    scaled: Vector
    held: NDArray[np.bool_]
    computed: Vector
    error: Vector
    jacobian: Vector
    spread: _Spread
    note: str


def _minimum(runs: _Runs, errors: _Errors) -> _Minimum:
    """Fit, errors and mesh in turn, until they agree."""
    table, measured, column, given = runs.table, runs.measured, runs.column, errors.given
    sizes = np.array([_size_of(each.series, each.numbers * each.size) for each in table.measured])
    factor, shape = np.ones(len(given)), errors.at(None, sizes)
    error = shape
    scaled = np.zeros(len(runs.unknowns))
    _check_start(runs, measured)
    for _ in range(_ROUNDS):
        scaled = _least_squares(runs, measured, error, scaled)
        finer = runs.hold_mesh(scaled)
        computed, derivatives = runs.at(scaled), _derivatives(runs, scaled)
        jacobian, residual = derivatives / error[:, None], (computed - measured) / error
        held = _at_bound(runs, scaled, jacobian, residual)
        _check_determined(runs, scaled, derivatives / sizes[column][:, None], held)
        spread = _spread(jacobian[:, ~held], residual, column, given)
        found = _Minimum(scaled, held, computed, error, jacobian, spread, "")
        again = finer
        if spread.own and not given.all():
            ratio = np.maximum(
                np.sqrt(spread.variance), _EXACT * sizes / error[np.searchsorted(column, range(len(sizes)))]
            )
            ratio[given] = 1.0
            again |= len(ratio) > 1 and bool(np.abs(np.log(ratio)).max() > 0.01)
            factor = factor * ratio
        before, shape = shape, errors.at(computed, sizes)
        again |= bool(np.abs(np.log(shape / before)).max() > 0.01)
        error = shape * factor[column]
        if not again:
            break
    avoided = any(not np.isfinite(each).all() for each in runs.known.values())
    return replace(found, note="Some trial values made no run and were avoided." if avoided else "")


def _check_start(runs: _Runs, measured: Vector) -> None:
    """There is a run to start from, it flows the way that was measured, and every unknown changes it."""
    start = np.zeros(len(runs.unknowns))
    try:
        runs.hold_mesh(start)
    except CaseError as error:
        raise CaseError(f"at {runs.told(start)}: {error}") from None
    computed = runs.at(start)
    if not np.isfinite(computed).all():
        raise CaseError(f"the run to start from failed: {runs.failure}")
    _check_signs(runs.table, measured, computed)
    for unknown, effect in zip(runs.unknowns, _derivatives(runs, start, central=False).T, strict=True):
        if not effect.any():
            raise CaseError(_without_effect(runs, start, unknown))


def _least_squares(runs: _Runs, measured: Vector, error: Vector, begin: Vector) -> Vector:
    """The best unknowns for these errors."""
    from scipy.optimize import least_squares

    low, high = np.array([unknown.bounds for unknown in runs.unknowns]).T

    def residual(moved: Vector) -> Vector:
        return (runs.at(begin + moved) - measured) / error

    def derivatives(moved: Vector) -> Vector:
        return _derivatives(runs, begin + moved, central=False) / error[:, None]

    # counted from where it begins, the first step is one that changes a number by no more than some times
    solution = least_squares(
        residual,
        np.zeros_like(begin),
        derivatives,
        (low - begin, high - begin),
        method="trf",
        ftol=1e-7,
        xtol=1e-7,
        gtol=1e-7,
        max_nfev=_TRIALS,
    )
    scaled = np.asarray(begin + solution.x)
    if solution.status == 0:
        raise CaseError(
            f"no best fit after {_TRIALS} trials, at last at {runs.told(scaled)}: start closer to it (--set), or free "
            "fewer keys"
        )
    return scaled


def _derivatives(runs: _Runs, scaled: Vector, central: bool = True) -> Vector:
    """Of what the case says by each scaled unknown (point, unknown), by differences, within the bounds.

    Central ones take a run more for each unknown; on the way to the best fit, others are good enough.
    """
    found = np.empty((len(runs.measured), len(scaled)))
    for j, unknown in enumerate(runs.unknowns):
        low, high = unknown.bounds
        up, down = scaled.copy(), scaled.copy()
        up[j] = min(scaled[j] + _STEP, high)
        if central or up[j] - scaled[j] < 0.5 * _STEP:
            down[j] = max(scaled[j] - _STEP, low)
        found[:, j] = (runs.at(up) - runs.at(down)) / (up[j] - down[j])
        if not np.isfinite(found[:, j]).all():
            raise CaseError(f"a run failed: {runs.failure}")
    return found


def _scatters_with(series: str, values: Vector) -> Vector:
    """What a relative error is relative to: the numbers; of a rejection what is let through."""
    return 1.0 - values if series.endswith("rejection") else values


def _size_of(series: str, values: Vector) -> float:
    """Root mean square of what a relative error of a column is relative to."""
    return float(np.sqrt(np.mean(_scatters_with(series, values) ** 2))) or 1.0


def _check_signs(table: Table, measured: Vector, computed: Vector) -> None:
    """Fluxes count from left to right, whatever the direction of interest is."""
    count = len(table.rows)
    for i, column in enumerate(table.measured):
        here = slice(i * count, (i + 1) * count)
        signs = {float(sign) for sign in np.sign(measured[here] * computed[here])}
        if signs == {-1.0} and SIDES[0] not in column.series and SIDES[1] not in column.series:
            found = "negative" if computed[here][0] < 0.0 else "positive"
            raise CaseError(
                f"{column.header}: all measured numbers have the other sign than those of the case, which are {found}: "
                "flows count from left to right"
            )


def _at_bound(runs: _Runs, scaled: Vector, jacobian: Vector, residual: Vector) -> NDArray[np.bool_]:
    """Which unknowns a bound keeps from going further."""
    step = -np.linalg.lstsq(jacobian, residual, rcond=1e-12)[0]
    held = np.zeros(len(scaled), dtype=bool)
    for j, unknown in enumerate(runs.unknowns):
        low, high = unknown.bounds
        near = 1e-2 * min(1.0, high - low)
        beyond = scaled[j] + step[j]
        held[j] = (scaled[j] - low < near and beyond <= low + 1e-9) or (
            high - scaled[j] < near and beyond >= high - 1e-9
        )
        if held[j] and (unknown.positive or math.isinf(unknown.number.high)):
            end = "below" if scaled[j] < 0.0 else "above"
            raise CaseError(
                f"{unknown.told(scaled[j])}: ran away, as far {end} its start as it may; the data set it no limit "
                f"there. Start closer (--set {unknown.number.key}=…), or do not free it"
            )
    return held


# -- what the data say ----------------------------------------------------------------------------------------------
def _without_effect(runs: _Runs, scaled: Vector, unknown: _Unknown) -> str:
    key = unknown.number.key
    return (
        f"nothing that was measured depends on {key} (at {runs.told(scaled)}): do not free it, measure what it "
        f"changes, or start elsewhere (--set {key}=…)"
    )


def _check_determined(runs: _Runs, scaled: Vector, effects: Vector, held: NDArray[np.bool_]) -> None:
    """Every unknown changes something measured, and no two the same; `effects` are over the columns' sizes."""
    free = [unknown for unknown, at_bound in zip(runs.unknowns, held, strict=True) if not at_bound]
    effects = effects[:, ~held]
    lengths = np.sqrt((effects**2).mean(axis=0))
    for unknown, length in zip(free, lengths, strict=True):
        if length < _NOTHING:
            raise CaseError(_without_effect(runs, scaled, unknown))
    if len(free) < 2:
        return
    _, singular, right = np.linalg.svd(effects / np.linalg.norm(effects, axis=0), full_matrices=False)
    if singular[-1] < _ALIKE:
        shares = np.abs(right[-1])
        keys = [unknown.number.key for unknown, share in zip(free, shares, strict=True) if share > 0.1 * shares.max()]
        raise CaseError(
            f"the data cannot tell {_and(keys)} apart: a change of one does what a change of the other{_s(keys)} does. "
            "Hold one of them, or measure something else, too"
        )


def _and(keys: list[str]) -> str:
    return f"{', '.join(keys[:-1])} and {keys[-1]}"


def _s(keys: list[str]) -> str:
    return "s" if len(keys) > 2 else ""


def _result(runs: _Runs, found: _Minimum, errors: _Errors, seconds: float) -> FitResult:
    """Errors, intervals and words."""
    from scipy.special import chdtrc

    table, column, spread, given = runs.table, runs.column, found.spread, errors.given
    free = np.flatnonzero(~found.held)
    inverse = np.linalg.pinv(found.jacobian[:, free])
    by_group = [inverse[:, spread.group == g] for g in range(len(given))]
    parts = np.array([v * part @ part.T for v, part in zip(spread.variance, by_group, strict=True)])
    parts[[not part.size for part in by_group]] = 0.0
    covariance = parts.sum(axis=0)
    standard_errors = np.sqrt(np.diag(covariance))
    correlation = np.full((len(runs.unknowns),) * 2, math.nan)
    if (standard_errors > 0.0).all():
        correlation[np.ix_(free, free)] = covariance / np.outer(standard_errors, standard_errors)
    parameters = {}
    for j, unknown in enumerate(runs.unknowns):
        scaled, number = float(found.scaled[j]), unknown.number
        value, error, low, high = unknown.value(scaled), None, None, None
        place = int(np.searchsorted(free, j))
        if not found.held[j] and math.isfinite(standard_errors[place]):
            half = _times(parts[:, place, place], spread, given) * float(standard_errors[place])
            _check_known(runs, unknown, scaled, half, correlation[j])
            low, high = unknown.value(scaled - half), unknown.value(scaled + half)
            error = float(standard_errors[place]) * (value if unknown.positive else unknown.size)
        parameters[number.key] = Parameter(
            number.key, number.unit, number.value, value, error, low, high, bool(found.held[j]), number.shown_in
        )
    freedom, chi_square, chance = float(spread.freedom[given].sum()), None, 1.0
    if freedom > 0.5:
        squares = float((((found.computed - runs.measured) / found.error)[given[column]] ** 2).sum())
        chi_square, chance = squares / freedom, float(chdtrc(freedom, squares))
    curves = runs.curves(found.scaled)
    columns = []
    for i, each in enumerate(table.measured):
        here, size = column == i, each.size
        error_of_points = found.error[here] * np.sqrt(spread.variance[spread.group[here]]) / size
        columns.append(
            Fitted(
                name=each.name,
                unit=each.unit,
                measured=each.numbers,
                fitted=found.computed[here] / size,
                error=error_of_points,
                given=bool(given[i]),
                error_source=errors.source(i, bool(np.isfinite(error_of_points).all())),
                curve=curves[i] if curves else None,
            )
        )
    count = len(found.computed)
    return FitResult(
        case=runs.case.with_values({key: each.in_words() for key, each in parameters.items()}),
        parameters=parameters,
        correlation=correlation,
        columns=columns,
        where={each.header: each.numbers for each in ([table.time] if table.time else table.settings)},
        points=count,
        degrees_of_freedom=count - len(free),
        reduced_chi_square=chi_square,
        message=" ".join(
            [*_references(runs, parameters), *_messages(parameters, found, count - len(free), given, chance)]
        ),
        runs=runs.done,
        solve_time_s=seconds,
    )


def _times(parts: Vector, spread: _Spread, given: NDArray[np.bool_]) -> float:
    """Half the interval over the standard error: Student's t, whose degrees of freedom are Welch and Satterthwaite's.

    `parts` are each group's of the variance.
    """
    from scipy.special import ndtri, stdtrit

    estimated = ~given & (parts > 0.0)
    doubt = float((parts[estimated] ** 2 / spread.freedom[estimated]).sum())
    upper = 0.5 * (1.0 + CONFIDENCE)
    return float(stdtrit(parts.sum() ** 2 / doubt, upper) if doubt > 0.0 else ndtri(upper))


def _check_known(runs: _Runs, unknown: _Unknown, scaled: float, half: float, correlation: Vector) -> None:
    """An interval so wide that it says nothing is a refusal."""
    low, high = unknown.number.low, unknown.number.high
    if half <= (_WIDEST if unknown.positive else high - low if math.isfinite(high - low) else math.inf):
        return
    ends = " to ".join(
        _text(unknown.value(end), unknown.number.unit, unknown.number.shown_in, digits=2)
        for end in (scaled - half, scaled + half)
    )
    partners = [
        other.number.key
        for other, r in zip(runs.unknowns, correlation, strict=True)
        if other is not unknown and abs(r) > 0.95
    ]
    together = f"; it is known only together with {', '.join(partners)}" if partners else ""
    raise CaseError(
        f"the data do not determine {unknown.number.key}: its 95 % interval reaches from {ends}{together}. Do not free "
        "it, or measure more of what it changes"
    )


def _references(runs: _Runs, keys: Iterable[str]) -> Iterator[str]:
    """At which temperature a permeability was found, where runs were at others."""
    varied = any(column.name == "temperature" for column in runs.table.settings)
    for key in keys:
        table, _, name = key.rpartition(".")
        if name not in ("water_permeability", "permeability"):
            continue
        membrane = runs.case.membrane
        numbers = membrane if table == "membrane" else membrane.solutes[table.removeprefix("membrane.solutes.")]
        reference = numbers.reference_temperature
        if reference is not None and (varied or abs(reference - runs.case.temperature) > 1e-9):
            yield f"{key} is the value at {reference - 273.15:.6g} degC."


def _messages(
    parameters: dict[str, Parameter], found: _Minimum, freedom: int, given: NDArray[np.bool_], chance: float
) -> list[str]:
    parts = []
    for each in parameters.values():
        if each.at_bound:
            parts.append(f"{each.key} ended at its bound, {each.in_words()}; the other errors hold for it there.")
    if freedom == 0 and not given.all():
        parts.append("As many points as unknowns: nothing tells the errors. Measure more, or give standard errors.")
    elif not found.spread.own and not given.all():
        parts.append(
            "Too few points for errors of their own: the columns without errors were given the same relative error."
        )
    if chance < 1e-3:
        parts.append(
            "The case describes the data worse than their errors allow (a chance of "
            f"{chance:.1g}): the errors are larger than given, or something is missing in the case."
        )
    if found.note:
        parts.append(found.note)
    return parts


def _known(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None
