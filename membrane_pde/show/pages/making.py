"""page(cases, sliders): compute the runs, and write their records into one HTML file."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde import __version__
from membrane_pde.input import titles
from membrane_pde.input.case import Case
from membrane_pde.input.casefile import as_case, parse_case
from membrane_pde.input.errors import CaseError
from membrane_pde.results.loading import load_result
from membrane_pde.results.result import Result
from membrane_pde.runs import RunError, check_accuracy
from membrane_pde.show import htmlfile, presets, report_comparison
from membrane_pde.show.drawing import SIDE_COLOURS
from membrane_pde.show.pages import along, packing, panels, plan, record, sliders
from membrane_pde.show.pages import words as page_words
from membrane_pde.show.readings import labels_of
from membrane_pde.studies import reduced, sweepfile

if TYPE_CHECKING:
    from membrane_pde.studies.sweeping.grid import Grid

MOST_RUNS = 10_000
MOST_BYTES = 20_000_000
WORST = 0.008  # largest error of the kept points of a profile ÷ its largest value; rounding to bytes adds 0.002
_MOST_PLACES = 120

Shown = Case | Result | str | Path


def page(
    cases: Shown | Sequence[Shown],
    out: str | Path | None = None,
    *,
    sliders: Mapping[str, str | Iterable[object]] | None = None,
    workers: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> str:
    """Make a page of one case or of several: one HTML file that opens anywhere, without network or server.

    Parameters
    ----------
    cases : Case, Result, str or Path, or a sequence of them
        A case is run, a result is not run again. A text is the path of a case file, the name of a shipped case, or a
        folder that `run` or `sweep` left. Several stand side by side.
    out : path, optional
        File to write. Only such a page is replaced.
    sliders : mapping, optional
        One or two keys of a case, each with its values: a list of texts as for `Case.with_values`, or one text such as
        "0:80:41 bar" (start, stop, count). Every combination is run beforehand; the page shows each without computing.
    workers : int, optional
        Number of parallel processes, including this one; default one per CPU that this process may use.
    progress : callable, optional
        Called with the fraction of the runs solved so far.

    Returns
    -------
    str
        The text of the page.

    Raises
    ------
    CaseError
        Before any run: if a key or value is wrong, there are more than two sliders, more than 10,000 runs, or the page
        would be larger than 20 MB; if `out` cannot be written or is some other file.
    RunError
        If the run of a case fails; with sliders only if every run fails. A run that fails among others is a marked gap.

    Examples
    --------
    >>> import membrane_pde as mp
    >>> text = mp.page("reverse_osmosis", sliders={"right.pressure": "0:80:5 bar"})
    >>> text.startswith("<!DOCTYPE html>")
    True
    """
    if out is not None:
        htmlfile.check(out, "page")
    given = [cases] if isinstance(cases, Case | Result | str | Path) else list(cases)
    if not given:
        raise CaseError("no case: give one or more")
    if sliders is not None and len(sliders) > 2:
        raise CaseError(f"{len(sliders)} sliders ({', '.join(sliders)}): a page takes one or two")
    if sliders and len(given) > 1:
        raise CaseError("sliders and several cases: give one case with sliders, or several cases without")
    shown: list[Any] = []
    for each in given:
        case, swept = _resolved(each)
        if swept:
            if sliders or len(given) > 1:
                raise CaseError(f"{each}: a sweep has sliders of its own; give it alone, without --slider")
            sliders = swept
        shown.append(case)
    axes = _axes(sliders or {})
    blocks = [_block(each, axes, workers, progress if len(shown) == 1 else None) for each in shown]
    text = _rendered(blocks)
    size = len(text.encode())
    if size > MOST_BYTES:
        raise CaseError(
            f"the page would have {size / 1e6:.1f} MB; at most {MOST_BYTES / 1e6:.0f} MB: fewer values help"
        )
    if out is not None:
        htmlfile.write(out, text, "page")
    return text


def _resolved(given: Shown) -> tuple[Case | Result, dict[str, Any]]:
    """A case or a result, and the values of a sweep if it is the folder of one."""
    if isinstance(given, Case | Result):
        return given, {}
    folder = Path(given)
    if (folder / "sweep.nc").is_file():
        swept = sweepfile.load(folder)
        assert swept is not None
        if swept.attrs["combined"] != "all":
            raise CaseError(f"{folder}: a sweep of paired values; a page needs every combination of one or two keys")
        values = json.loads(swept.attrs["values"])
        case = parse_case(swept.attrs["case"], name=swept.attrs["case_name"])
        several = {key: listed for key, listed in values.items() if len(listed) > 1}
        if len(several) > 2:
            raise CaseError(f"{folder}: a sweep of {len(several)} keys; a page takes one or two")
        if several and len(several) < len(values):
            case = case.with_values({key: listed[0] for key, listed in values.items() if key not in several})
        return case, several or values
    if (folder / "result.nc").is_file():
        return load_result(folder), {}
    return as_case(given), {}


def _axes(given: Mapping[str, str | Iterable[object]]) -> dict[str, list[object]]:
    """The values of each slider as a list."""
    found: dict[str, list[object]] = {}
    for key, values in given.items():
        found[key] = list(sweepfile.parse_values(f"{key}={values}")[1]) if isinstance(values, str) else list(values)
    count = int(np.prod([len(values) for values in found.values()]))
    if count > MOST_RUNS:
        product = " × ".join(str(len(values)) for values in found.values())
        raise CaseError(
            f"sliders over {', '.join(found)}: {product} = {count} runs; at most {MOST_RUNS}: give fewer values"
        )
    return found


def _block(
    shown: Case | Result, axes: dict[str, list[object]], workers: int | None, progress: Callable[[float], None] | None
) -> dict[str, Any]:
    """All data of one case on the page."""
    case = shown.case if isinstance(shown, Result) else shown
    if isinstance(shown, Result) and not shown.arrays:
        raise CaseError(f"{case.name}: nothing to show, the run has no result ({shown.summary['message']})")
    kind: Any = along if case.module is not None else plan
    grid = reduced.grid_of(case, axes) if axes else None
    runs = grid.points if grid else 1
    if grid:
        _check_size(grid, kind)
    start = sliders.start_of(case, axes)
    samples = [shown] if isinstance(shown, Result) else _samples(case, grid, start)
    result = samples[0]
    kept = kind.plan_of(samples, runs)
    records = _records(grid, samples, kept, workers, progress)
    worst, places = max(each.error for each in records), kind.PLACES
    while worst > WORST and places < _MOST_PLACES:  # sharper somewhere than in the samples
        places = min(2 * places, _MOST_PLACES)
        kept = kind.plan_of(samples, runs, places)
        records = _records(grid, samples, kept, workers, progress)
        worst = max(each.error for each in records)
    return {
        "case": case,
        "result": result,
        "data": _data(kind, case, kept, samples, records, axes, start),
        "record": records[start] if not records[start].failed else next(each for each in records if not each.failed),
        "accuracy": _accuracy(result),
        "start": start,
    }


def _check_size(grid: Grid, kind: Any) -> None:
    """Refuse a grid whose page would be too large, before anything is run."""
    size = kind.size_before(grid.case, grid.points) + len(_asset("vega.min.js"))
    if size > MOST_BYTES:
        product = " × ".join(map(str, grid.shape))
        raise CaseError(
            f"sliders over {', '.join(grid.axes)}: {product} = {grid.points} runs would make a page of about "
            f"{size / 1e6:.0f} MB; at most {MOST_BYTES / 1e6:.0f} MB: give fewer values"
        )


def _samples(case: Case, grid: Grid | None, start: int) -> list[Result]:
    """Results of the start and of the corners of a grid, those that failed left out; at least one.

    Raises
    ------
    RunError, CaseError
        If every run fails.
    """
    if grid is None:
        found, failure = reduced.solve(case, {})
        if failure:
            if found is None:
                raise CaseError(failure)
            raise RunError(failure, found)
        return [found]
    ends = np.array(np.unravel_index(np.arange(grid.points), grid.shape)).T
    last = np.array(grid.shape) - 1
    corners = [int(i) for i, at in enumerate(ends) if all(p in (0, end) for p, end in zip(at, last, strict=True))]
    middle = int(np.ravel_multi_index(tuple(last // 2), grid.shape))
    solved: list[Result] = []
    failed: list[tuple[Result | None, str]] = []
    first = dict.fromkeys([start, *corners, middle])
    for point in [*first, *(each for each in range(grid.points) if each not in first)]:
        if point not in first and solved:
            break
        found, failure = reduced.solve(case, grid.values(point))
        if failure:
            failed.append((found, failure))
        else:
            solved.append(found)
    if not solved:
        message = f"every run failed; the first one: {failed[0][1]}"
        result = next((each for each, _ in failed if each is not None), None)
        raise CaseError(message) if result is None else RunError(message, result)
    return solved


def _records(
    grid: Grid | None,
    samples: Sequence[Result],
    kept: Any,
    workers: int | None,
    progress: Callable[[float], None] | None,
) -> list[record.Record]:
    """Records of all runs."""
    reduce = functools.partial(along.record if isinstance(kept, along.Plan) else record.record, plan=kept)
    if grid is None:
        return [reduce(samples[0], "")]
    return reduced.reduce_all(grid, reduce, workers, progress)


def _data(
    kind: Any,
    case: Case,
    kept: Any,
    samples: Sequence[Result],
    records: Sequence[record.Record],
    axes: dict[str, list[object]],
    start: int,
) -> dict[str, Any]:
    """Data that the scripts of the page read."""
    keys = [sliders.described(case, key, values) for key, values in axes.items()]
    shape = [len(values) for values in axes.values()] or [1]
    water = np.array([each.water for each in records]).reshape(shape)
    failed = np.array([bool(each.failed) for each in records]).reshape(shape)
    own = along.page_data(kept, samples, records) if kind is along else _two_sides(kept, samples, records)
    known = next(each for each in records if not each.failed)
    return {
        "name": case.name,
        "title": titles.parts(case.title or case.name)[0],
        "labels": labels_of(case),
        "sliders": keys,
        "shape": shape,
        "start": start,
        "times": int(known.series["time"].size),
        "series": packing.pack_series(records),
        "texts": packing.pack_texts(records),
        "failed": [i for i, each in enumerate(records) if each.failed],
        "map": panels.phase_map(keys, water, failed) if len(shape) == 2 else None,
        "colours": SIDE_COLOURS,
        "units": {name: presets.unit(name)[0] for name in ("pressure", "water flux", "side")},
        **own,
    }


def _two_sides(kept: plan.Plan, samples: Sequence[Result], records: Sequence[record.Record]) -> dict[str, Any]:
    known = [each for each in records if not each.failed]
    return {
        "kind": "sides",
        "profiles": packing.pack_profiles(records),
        "time_axis": panels.time_axis(samples, records),
        "panels": panels.panels_of(kept, samples, known),
        "places": kept.places,
        "solutes": [{"name": name, "unit": kept.concentration[name][0]} for name in kept.solutes],
        "position": panels.profile_axes(kept, samples, known),
        "vessels": panels.vessel_data(kept, samples, known),
    }


def _accuracy(result: Result) -> tuple[dict[str, Any] | None, str]:
    """Table of the estimated errors of a run, or the reason why there is none."""
    if not result.arrays or result.summary["status"] == "failed":
        return None, "The run failed, so its errors are not estimated."
    if "error_estimate" in result.summary:
        return page_words.accuracy(result.summary), ""
    try:
        estimate = check_accuracy(result)
    except RunError as error:
        return None, str(error)
    return page_words.accuracy(result.summary | {"error_estimate": estimate}), ""


# -- the text -------------------------------------------------------------------------------------------------------
def _asset(name: str) -> str:
    return files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


def _rendered(blocks: Sequence[dict[str, Any]]) -> str:
    """The template, filled. Every text of a case is escaped by Jinja2, or goes through JSON as text."""
    from jinja2 import Environment
    from markupsafe import Markup

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    results = [block["result"] for block in blocks]
    cases = [block["case"] for block in blocks]
    made = []
    for block, case in zip(blocks, cases, strict=True):
        sentence, tables = json.loads(block["record"].text)
        source = case.to_toml()
        made.append(
            {
                "name": case.name,
                "title": block["data"]["title"],
                "question": page_words.question(case),
                "about": page_words.about(case),
                "sentence": sentence,
                "tables": tables,
                "data": Markup(_safe_json(block["data"])),
                "sliders": block["data"]["sliders"],
                "inputs": page_words.inputs(case),
                "sources": page_words.sources(case),
                "all_values": page_words.all_values(case),
                "accuracy": block["accuracy"][0],
                "no_accuracy": block["accuracy"][1],
                "balance": page_words.balance(block["result"].summary),
                "warnings": list(case.warnings),
                "hash": hashlib.sha256(source.encode()).hexdigest(),
                "source": source,
            }
        )
    comparison = None
    if len(blocks) > 1:
        named = {f"{case.name}" if cases.count(case) == 1 else f"{case.name} {i + 1}": each
                 for i, (case, each) in enumerate(zip(cases, results, strict=True))}  # fmt: skip
        header, rows = report_comparison.comparison_table(named)
        comparison = record.table("Side by side", header, rows)
    shared = titles.of_all([case.title for case in cases]) if len(cases) > 1 else made[0]["title"]
    return environment.from_string(_asset("page.html")).render(
        mark=Markup(htmlfile.mark("page")),
        title=shared or _first_upper(", ".join(titles.short(case.title, case.name) for case in cases)),
        blocks=made,
        comparison=comparison,
        version=__version__,
        style=Markup(_sides_in_css() + _asset("page.css")),
        scripts=[Markup(_asset(name)) for name in ("vega.min.js", "data.js", "charts.js", "vessels.js", "page.js")],
    )


def _sides_in_css() -> str:
    """The colours of the sides, as the style sheet calls them."""
    return ":root { " + " ".join(f"--{side}: {colour};" for side, colour in SIDE_COLOURS.items()) + " }\n"


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _safe_json(value: Any) -> str:
    """JSON without "<", which can be put into a script element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else list(value)
