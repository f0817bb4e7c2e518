"""The benchmark: this package and its peers on the same problem in one go (`make bench`).

Writes into this folder `results.md` (tables), `accuracy.png` (error against time) and `scaling.png`; with ``--quick``
less of everything, into results/benchmarks. README.md here says what is measured and how. The exit status is 0 whatever
comes out: the bars are for reading.
"""
# ruff: noqa: E402 -- threads are set before NumPy is loaded

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import importlib
import importlib.metadata
import json
import math
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import along
import numpy as np
import scaling
import where_time_goes
from problem import CELLS, Method, Problem, Solve, error, exact_rows, jacobian, layout, problems, rhs
from scipy.integrate import solve_ivp

HERE = Path(__file__).resolve().parent
# module, and what must be installed for it
PEERS = {
    "ours": "membrane-pde",
    "peer_fipy": "fipy",
    "peer_scipy": "scipy",
    "peer_cvode": "scikit-sundae",
    "peer_pypde": "py-pde",
    "peer_pybamm": "pybamm",
}
SLOPES = (1.2, 1.1)  # most that time and memory may grow with: 1, but for the caches that long vectors leave
ROUNDS = 7  # of two sweeps that are compared, in turns; what counts is the median
LEVELS = (1e-3, 1e-4, 3e-5, 1e-5)  # errors at which methods are compared
GOAL = 5e-6  # error of the goals of `mp.run` and `mp.sweep`
PEER_GOAL = 1.5e-5  # what a peer is allowed in a sweep, and we beside it
WORKERS = 2
_LONGEST = 300.0  # s that a sweep may be expected to take, or it gets fewer cases
OURS = "membrane_pde"
COLORS = {"ours": "#c1121f", "peer_fipy": "#222222", "peer_scipy": "#4f83b8", "peer_cvode": "#2f8f6b"}
COLORS |= {"peer_pypde": "#8a63b5", "peer_pybamm": "#e08a1e"}
MARKERS = "osD^v"


@dataclass
class Point:
    """One setting of a method: its error over both cases, and the times of both, s."""

    setting: float
    solvers: list[Solve]
    times: list[list[float]]
    error: float = math.nan

    @property
    def seconds(self) -> float:
        """Median time of a case, mean over both."""
        return statistics.fmean(statistics.median(each) for each in self.times)


@dataclass
class Curve:
    """A method's points, and what it is compared by."""

    method: Method
    module: str
    points: list[Point] = field(default_factory=list)

    def front(self) -> list[Point]:
        """Points that no other beats in both error and time, by falling error."""
        chosen = [
            p
            for p in self.points
            if not any(o is not p and o.error <= p.error and o.seconds <= p.seconds for o in self.points)
        ]
        return sorted(chosen, key=lambda p: -p.error)

    def seconds_at(self, level: float) -> float:
        """Time for an error, between points of the front by the straight line in logarithms; NaN if never reached."""
        front = self.front()
        if level >= front[0].error:
            return front[0].seconds
        if level < front[-1].error:
            return math.nan
        x = [-math.log(p.error) for p in front]
        return math.exp(float(np.interp(-math.log(level), x, [math.log(p.seconds) for p in front])))

    def fastest(self, level: float) -> Point | None:
        """Fastest point with no larger error, which no tighter setting has either: not one that was lucky."""
        good = [p for i, p in enumerate(self.points) if all(later.error <= level for later in self.points[i:])]
        return min(good, key=lambda p: p.seconds) if good else None


# -- one case -------------------------------------------------------------------------------------------------------
def load() -> tuple[list[Curve], list[str]]:
    """The methods of all that is installed; and the names of those that are not."""
    curves, missing = [], []
    for module, needed in PEERS.items():
        try:
            methods = importlib.import_module(module).methods()
        except ImportError as reason:
            print(f"skipped: {needed} ({reason})")
            missing.append(needed)
            continue
        curves += [Curve(method, module) for method in methods]
    return curves, missing


def time_all(curves: list[Curve], cases: list[Problem], quick: bool) -> None:
    """Errors and times; the rounds go round all methods and settings, so that all meet the same weather.

    A setting that has had its seconds is not timed again.
    """
    for curve in curves:
        print(f"  {curve.method.name}", end="", flush=True)
        settings = curve.method.settings
        if quick:
            settings = settings[:1] if curve.method.slow else settings[::4]
        for setting in settings:
            point = Point(setting, [], [[] for _ in cases])
            errors = []
            for case, times in zip(cases, point.times, strict=True):
                solve, read = curve.method.prepare(case, setting)
                start = time.perf_counter()
                answer = solve()
                if curve.method.slow:
                    times.append(time.perf_counter() - start)
                errors.append(error(case, read(answer)))
                point.solvers.append(solve)
            point.error = max(errors)
            curve.points.append(point)
            print(f"  {setting:g}: {point.error:.1e}", end="", flush=True)
        print()
    rounds, enough = (2, 0.2) if quick else (11, 2.0)
    for _ in range(rounds):
        for curve in curves:
            for point in curve.points:
                if curve.method.slow or sum(map(sum, point.times)) > enough:
                    continue
                for solve, times in zip(point.solvers, point.times, strict=True):
                    start = time.perf_counter()
                    solve()
                    times.append(time.perf_counter() - start)


def error_of_the_mesh(cases: Iterable[Problem]) -> float:
    """What is left when time is solved as good as exactly."""
    where, worst = layout(), 0.0
    for case in cases:
        pieces = np.empty((7, len(case.start)))

        def slope(t: float, y: Any, case: Problem = case) -> Any:
            dydt = np.empty_like(y)
            rhs(y, dydt, case.arrays)
            return dydt

        def matrix(t: float, y: Any, case: Problem = case, pieces: Any = pieces) -> Any:
            jacobian(y, pieces, case.arrays)
            return where.matrix(pieces)

        answer = solve_ivp(
            slope, (0.0, 1.0), case.start, "Radau", t_eval=case.exact.time, jac=matrix, rtol=1e-8, atol=1e-9
        )
        assert len(exact_rows(case)) == answer.y.shape[1]
        worst = max(worst, error(case, case.read(answer.y.T)))
    return worst


def compiled_first() -> float | None:
    """Seconds of `membrane-pde compile`, called once after installing; None where it fails, and plain Python is timed.

    Short where it has been done before.
    """
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "membrane_pde", "compile"], capture_output=True, text=True)
    if done.returncode:
        print(f"not compiled: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
        return None
    return time.perf_counter() - start


# -- processes ------------------------------------------------------------------------------------------------------
def swept(who: str, cases: int, rtol: float, workers: int) -> dict[str, float] | None:
    """What sweep.py says, or None where it fails."""
    command = [sys.executable, str(HERE / "sweep.py"), who, str(cases), repr(rtol), str(workers)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(f"  sweep of {who} failed: {done.stderr.strip().splitlines()[-1]}")
        return None
    found: dict[str, float] = json.loads(done.stdout)
    print(f"  {who}: {cases} cases in {found['seconds']:.2f} s")
    return found


def cold(quick: bool) -> dict[str, float]:
    """Median seconds of whole processes, after one that fills the disk's cache; quick: of one."""
    with tempfile.TemporaryDirectory() as folder:
        out = ["--out", str(Path(folder) / "run")]
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        plain = {"MEMBRANE_PDE_COMPILE": "0"}
        run: list[str] = ["-m", "membrane_pde", "run", "osmosis", *out]
        commands: dict[str, tuple[list[str], dict[str, str]]] = {
            "membrane-pde --help": (["-m", "membrane_pde", "--help"], {}),
            "membrane-pde run osmosis --no-plots": ([*run, "--no-plots"], {}),
            "membrane-pde run osmosis": (run, {}),
            "MEMBRANE_PDE_COMPILE=0 membrane-pde run osmosis --no-plots": ([*run, "--no-plots"], plain),
            "python -c 'import fipy'": (["-c", "import fipy"], {}),
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for repeat in range(1 if quick else 6):
            for name, (command, more) in commands.items():
                start = time.perf_counter()
                subprocess.run([sys.executable, *command], check=True, capture_output=True, env={**kept, **more})
                if repeat or quick:
                    times[name].append(time.perf_counter() - start)
    return {name: statistics.median(each) for name, each in times.items()}


# -- what is written ------------------------------------------------------------------------------------------------
def table(head: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> list[str]:
    """A table in Markdown; columns of numbers, behind those of words, to the right."""
    align = ["---"] * words + ["---:"] * (len(head) - words)
    return [f"| {' | '.join(row)} |" for row in (head, align, *rows)] + [""]


def number(value: float, digits: int = 2) -> str:
    """A few digits, without an exponent for the sizes that occur; – for what is not known."""
    if math.isnan(value):
        return "–"
    if value == 0.0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{round(value, digits - 1 - math.floor(math.log10(abs(value)))):,.{places}f}"


def by_error(curves: list[Curve]) -> list[str]:
    """The table of the README: times at equal error, and how many times slower than ours."""
    mine = next(c for c in curves if c.method.name == OURS)
    head = ["one case, warm: ms (times ours)", *(f"error {level:.0e}" for level in LEVELS), "smallest error", "at ms"]
    rows = []
    for curve in curves:
        cells = []
        for level in LEVELS:
            seconds = curve.seconds_at(level)
            ratio = number(seconds / mine.seconds_at(level))
            known = curve is not mine and not math.isnan(seconds)
            cells.append(number(1e3 * seconds) + (f" ({ratio})" if known else ""))
        best = curve.front()[-1]
        name = f"**{curve.method.name}**" if curve.method.name == OURS else curve.method.name
        rows.append([name, *cells, f"{best.error:.1e}", number(1e3 * best.seconds)])
    return table(head, rows)


def draw(curves: list[Curve], floor: float, file: Path) -> None:
    """Error against time, logarithmic."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 5.4), layout="constrained")
    ax: Any = figure.subplots()
    seen: dict[str, int] = {}
    for curve in reversed(curves):
        order = seen.setdefault(curve.module, -1) + 1
        seen[curve.module] = order
        mine = curve.method.name == OURS
        ax.plot(
            [1e3 * p.seconds for p in curve.points],
            [p.error for p in curve.points],
            marker=MARKERS[order % len(MARKERS)],
            linestyle="-" if mine or order == 0 else ("--", ":", "-.")[(order - 1) % 3],
            color=COLORS[curve.module],
            linewidth=2.6 if mine else 1.3,
            markersize=7 if mine else 5,
            zorder=4 if mine else 3,
            label=curve.method.name,
        )
    ax.axhline(floor, color="0.5", linewidth=1.0, linestyle=(0, (1, 2)), zorder=1)
    ax.set(xscale="log", yscale="log", xlabel="time of one case, warm, ms")
    ax.set_ylabel("largest error, wall concentrations and volume")
    ax.annotate(
        f"error of the mesh, 2×{CELLS} cells", (1.0, floor), (-4, -4), xycoords=("axes fraction", "data"),
        textcoords="offset points", va="top", ha="right", fontsize=8.5, color="0.35",
    )  # fmt: skip
    ax.set_ylim(bottom=0.55 * floor)
    ax.set_title("Moving volumes (C1 and C3), error at t = 0.05 to 1 against exact values", fontsize=11.5)
    ax.grid(which="major", alpha=0.28)
    ax.spines[["top", "right"]].set_visible(False)
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles[::-1], labels[::-1], loc="outside right upper", frameon=False, fontsize=9)
    figure.savefig(file, dpi=130)


@dataclass(frozen=True)
class Bar:
    """Something that was promised, what was found, and whether it holds; None: it could not be measured."""

    promise: str
    found: str
    holds: bool | None

    @property
    def verdict(self) -> str:
        """pass, fail, or not measured."""
        return {True: "pass", False: "FAIL", None: "not measured"}[self.holds]


def ratios(curves: list[Curve], modules: Sequence[str]) -> list[tuple[float, str, float]]:
    """Times of peers over ours at equal error: (ratio, method, level), all levels that both reach."""
    mine = next(c for c in curves if c.method.name == OURS)
    found = []
    for curve in curves:
        if curve.module in modules:
            for level in LEVELS:
                ratio = curve.seconds_at(level) / mine.seconds_at(level)
                if not math.isnan(ratio):
                    found.append((ratio, curve.method.name, level))
    return found


def bars_of_one(curves: list[Curve]) -> list[Bar]:
    """What was promised for one case."""
    bars = []
    mine = next(c for c in curves if c.method.name == OURS)
    fipy = next((c for c in curves if c.module == "peer_fipy"), None)
    promise = "≥ 1,000 times FiPy's own loop, at better accuracy"
    if fipy is None:
        bars.append(Bar(promise, "", None))
    else:
        theirs = min(fipy.points, key=lambda p: p.error)
        our = mine.fastest(theirs.error)
        if our is None:
            bars.append(Bar(promise, "its error is never reached", False))
        else:
            ratio = theirs.seconds / our.seconds
            text = f"{number(ratio)} times ({our.error:.1e} against {theirs.error:.1e} with {theirs.setting:g} steps)"
            bars.append(Bar(promise, text, ratio >= 1000.0 if theirs.setting >= 100.0 else None))
    for promise, modules, least in (
        ("faster than SciPy at equal error", ["peer_scipy"], 1.0),
        ("faster than py-pde at equal error", ["peer_pypde"], 1.0),
        ("level with or ahead of PyBaMM, one case, at equal error", ["peer_pybamm"], 1.0),
    ):
        found = ratios(curves, modules)
        if not found:
            bars.append(Bar(promise, "", None))
            continue
        low, high = min(found), max(found)
        text = f"{number(low[0])} times at least ({low[1]}, error {low[2]:.0e}), {number(high[0])} at most"
        bars.append(Bar(promise, text, low[0] >= least))
    point = mine.fastest(GOAL)
    promise = f"warm `mp.run` ≤ 5 ms, error ≤ {GOAL:.0e}"
    if point is None:
        bars.append(Bar(promise, "that error is never reached", False))
    else:
        text = f"{number(1e3 * point.seconds)} ms (error {point.error:.1e}, rtol {point.setting:g})"
        bars.append(Bar(promise, text, point.seconds <= 5e-3))
    return bars


def sweeps(curves: list[Curve], quick: bool) -> tuple[list[list[str]], list[Bar]]:
    """Many cases at once: rows of the table, and the bars."""
    few, many = (200, 1000) if quick else (1000, 100_000)
    rows, results = [], {}
    mine = next(c for c in curves if c.method.name == OURS)
    point = mine.fastest(GOAL) or min(mine.points, key=lambda p: p.error)
    theirs = [c for c in curves if c.module == "peer_pybamm"]

    def add(who: str, name: str, cases: int, chosen: Point, workers: int, *all_found: dict[str, float] | None) -> None:
        known = [each for each in all_found or [swept(who, cases, chosen.setting, workers)] if each is not None]
        if not known:
            return
        found = sorted(known, key=lambda each: each["seconds"])[len(known) // 2]
        each = found["seconds"] / cases
        results[who, cases, workers] = found
        total = found["peak"] + workers * found["child"]
        rows.append(
            [f"{name}, {workers} worker{'s' * (workers > 1)}", f"{cases:,}", f"{chosen.setting:g}",
             f"{chosen.error:.1e}", number(found["seconds"], 3), number(1e3 * each), number(1.0 / each), number(total)]
        )  # fmt: skip

    add("ours", OURS, few, point, WORKERS)
    small = results.get(("ours", few, WORKERS))
    if small is not None and small["seconds"] * many / few > _LONGEST:
        many = 10 * few
    add("ours", OURS, many, point, WORKERS)
    large = results.get(("ours", many, WORKERS))
    if theirs:
        their = theirs[0].fastest(PEER_GOAL) or min(theirs[0].points, key=lambda p: p.error)
        if not quick:
            add("pybamm", theirs[0].method.name, few, their, 1)
        level = mine.fastest(their.error) or point
        turns = [
            (swept("pybamm", few, their.setting, WORKERS), swept("ours", few, level.setting, WORKERS))
            for _ in range(1 if quick else ROUNDS)
        ]
        add("pybamm", theirs[0].method.name, few, their, WORKERS, *(turn[0] for turn in turns))
        add("ours", OURS, few, level, WORKERS, *(turn[1] for turn in turns))
    bars = []
    beside = results.get(("ours", few, WORKERS))
    batch = [results[key]["seconds"] for key in results if key[0] == "pybamm"]
    promise = "four times ahead of PyBaMM per case in a sweep, at no larger error"
    if beside is None or not batch:
        bars.append(Bar(promise, "", None))
    else:
        ratio = min(batch) / beside["seconds"]
        bars.append(Bar(promise, f"{number(ratio)} times ({few:,} cases, its faster way)", ratio >= 4.0))
    if small is not None:
        rate = few / small["seconds"]
        bars.append(Bar("`mp.sweep` ≥ 1,000 cases a second", f"{number(rate)} ({few:,} cases)", rate >= 1000.0))
    if small is not None and large is not None:
        seconds = large["seconds"] * 100_000 / many
        said = f"{number(seconds, 3)} s" + ("" if many == 100_000 else f", from {many:,} cases")
        bars.append(Bar("10⁵ cases under three minutes", said, seconds < 180.0))
        grown = large["peak"] + WORKERS * large["child"] - small["peak"] - WORKERS * small["child"]
        per_case = 1e6 * grown / (many - few)
        # the answer itself, a row of numbers and words a case, has to be somewhere
        text = f"{number(max(grown, 0.0))} MB more for {many - few:,} more ({number(max(per_case, 0.0))} bytes a case)"
        promise = "in constant memory, but for the table that is the answer: < 2,000 bytes a case"
        bars.append(Bar(promise, text, None if quick else per_case < 2000.0))  # it takes many to see
    return rows, bars


def machine() -> str:
    """What it ran on, without names."""
    names = ["membrane-pde", "numpy", "scipy", "fipy", "scikit-sundae", "numba", "py-pde", "pybamm"]
    versions = []
    for name in names:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"{name} –")
    return f"Python {platform.python_version()}, {os.cpu_count()} CPUs; {', '.join(versions)}."


def into_readme(rows: Sequence[str]) -> None:
    """Put the table of one case into the README of the project, between its two marks."""
    page = HERE.parent / "README.md"
    before, mark, rest = page.read_text(encoding="utf-8").partition("<!-- from benchmarks/results.md -->\n")
    _, end, behind = rest.partition("<!-- to here -->")
    page.write_text("".join([before, mark, *(f"{row}\n" for row in rows if row), end, behind]), encoding="utf-8")


def main() -> None:
    """Measure everything, print and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="less of everything, in about a minute")
    parser.add_argument("--out", type=Path, help="folder for what is written")
    asked = parser.parse_args()
    quick = asked.quick
    out = asked.out or (HERE.parent / "results" / "benchmarks" if quick else HERE)
    out.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()

    cases, compile_time = problems(), compiled_first()
    print(f"{time.perf_counter() - began:.0f} s; one case: errors")
    curves, missing = load()
    time_all(curves, cases, quick)
    draw(curves, floor := error_of_the_mesh(cases), out / "accuracy.png")
    print(f"{time.perf_counter() - began:.0f} s; sweeps")
    sweep_rows, sweep_bars = sweeps(curves, quick)
    print(f"{time.perf_counter() - began:.0f} s; whole processes")
    seconds = cold(quick)
    if compile_time is not None:
        seconds["membrane-pde compile"] = compile_time
    print(f"{time.perf_counter() - began:.0f} s; along the membrane")
    vessels = along.measure(quick)
    print(f"{time.perf_counter() - began:.0f} s; scaling")
    grown = scaling.measure(quick)
    scaling.draw(grown, out / "scaling.png")
    if not quick:
        best = next(c for c in curves if c.method.name == OURS).fastest(GOAL)
        (out / "profile.md").write_text(where_time_goes.report(best.setting if best else 1e-6), encoding="utf-8")

    bars = bars_of_one(curves) + sweep_bars
    for name, most in zip(seconds, (0.3, 1.5, 2.5), strict=False):
        bars.append(Bar(f"`{name}` ≤ {most} s", f"{number(seconds[name])} s", seconds[name] <= most))
    for each in vessels:
        bars.append(Bar(f"{each.what} ≤ {each.most:g} s", f"{number(each.seconds)} s", each.seconds <= each.most))
    for row in grown:
        orders = row.order("seconds"), row.order("memory")
        text = f"slopes {number(orders[0], 3)} and {number(orders[1], 3)}"
        holds = None if math.isnan(orders[0]) else not any(o > most for o, most in zip(orders, SLOPES, strict=True))
        bars.append(Bar(f"time and memory linear in {row.quantity}: slopes ≤ {SLOPES[0]} and {SLOPES[1]}", text, holds))

    lines = [
        "# Results",
        "",
        f"Written by benchmarks/run.py{' --quick' if quick else ''}; README.md there says what is measured and how.",
        machine(),
        "",
        *([f"Skipped, not installed: {', '.join(missing)}.", ""] if missing else []),
        "## One case",
        "",
        *by_error(curves),
        f"Error: the largest of volume and wall concentrations, C1 and C3, t = 0.05 to 1; of the mesh {floor:.1e}.",
        "",
        "## Many cases",
        "",
        *table(["", "cases", "rtol", "error", "s", "ms a case", "cases a second", "peak MB"], sweep_rows),
        "## Along the membrane",
        "",
        *table(["", "s"], ([each.what, number(each.seconds)] for each in vessels)),
        "## Whole processes",
        "",
        *table(["command", "s"], ([f"`{name}`", number(value)] for name, value in seconds.items())),
        "## Promised and found",
        "",
        *table(["promised", "found", ""], ([bar.promise, bar.found, bar.verdict] for bar in bars), 3),
        "## Every point",
        "",
        *table(
            ["method", "setting", "error", *(f"{case.name}, ms" for case in cases)],
            (
                [c.method.name, f"{c.method.setting} {p.setting:g}", f"{p.error:.2e}"]
                + [number(1e3 * statistics.median(each), 3) for each in p.times]
                for c in curves
                for p in c.points
            ),
            2,
        ),
    ]
    if out == HERE:
        into_readme(by_error(curves))
    (out / "results.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    print("\n".join(lines))
    print(f"{time.perf_counter() - began:.0f} s; written to {out}")


if __name__ == "__main__":
    main()
