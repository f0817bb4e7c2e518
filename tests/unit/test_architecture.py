"""The rooms of DESIGN §7: who may import whom, read from the sources; what an import costs; what every file has."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import ROOT

PACKAGE = ROOT / "membrane_pde"
MODULES = sorted(PACKAGE.rglob("*.py"))


NO_MODULE = {"", "membrane_pde", "membrane_pde.__version__"}


def name_of(path: Path) -> str:
    """Dotted name below the package: "model.mesh"; the package itself is ""."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports(source: str, module: str = "x", only_types: bool = False) -> set[str]:
    """Dotted names that a source imports anywhere, also in functions; ``membrane_pde.`` is cut off its own.

    Both ``a`` and ``a.b`` for ``from a import b``. What stands below ``if TYPE_CHECKING`` is never executed and left
    out, or the only thing counted.
    """
    tree = ast.parse(source)
    typing_only: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            typing_only |= {id(below) for statement in node.body for below in ast.walk(statement)}
    found: set[str] = set()
    for node in ast.walk(tree):
        if (id(node) in typing_only) != only_types:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = ["membrane_pde", *module.split(".")][: -node.level]
                base = ".".join([*above, base]).rstrip(".")
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("importlib.import_module", "__import__"):
            text = ast.unparse(node.args[0]) if node.args else ""
            found.add(text.strip("f'\"").split("{")[0].rstrip("."))
    return {name.removeprefix("membrane_pde.") for name in found if name not in NO_MODULE}


IMPORTS = {name_of(path): imports(path.read_text(encoding="utf-8"), name_of(path)) for path in MODULES}
TYPES = {name_of(path): imports(path.read_text(encoding="utf-8"), name_of(path), only_types=True) for path in MODULES}
OWN = {name for name in IMPORTS if name}
ROOMS = {name.partition(".")[0] for name in OWN}


def rooms(module: str, table: dict[str, set[str]] = IMPORTS) -> set[str]:
    """The package's own rooms that a module imports."""
    return {name.partition(".")[0] for name in table[module]} & ROOMS


def outside(module: str, table: dict[str, set[str]] = IMPORTS) -> set[str]:
    """Top-level packages of others."""
    tops = {name.partition(".")[0] for name in table[module]}
    return tops - ROOMS - set(sys.stdlib_module_names)


# What each room may use of the package itself, from the ground floor up; a room that is not here fails the test until
# somebody decides.
MAY_USE: dict[str, set[str]] = {
    "": {"show"},  # the lazy imports of the front door
    "drafts": set(),
    "kernels": {"drafts"},
    "physics": {"kernels"},
    "library": {"input"},  # how values and units are written
    "input": {"library", "physics"},
    "model": {"kernels", "physics"},
    "solvers": {"kernels", "model"},
    "analytic": set(),  # an independent judge
    "results": {"analytic", "input", "physics"},
    "runs": {"analytic", "input", "kernels", "model", "physics", "results", "solvers"},
    "studies": {"input", "physics", "results", "runs"},
    "show": {"input", "library", "physics", "results", "runs", "studies"},
    "reference": set(),
    # the order of the scheme is that of model and solvers, fed with the sources of a made-up solution
    "verify": {"analytic", "input", "model", "physics", "reference", "runs", "solvers"},
    "cli": {"input", "library", "results", "runs", "show", "studies", "verify"},
    "__main__": {"cli"},
}
MAY_USE_OF_OTHERS: dict[str, set[str]] = {
    "": set(),
    "drafts": {"numba"},
    "kernels": {"numba", "platformdirs"},
    "physics": {"numpy"},
    "library": set(),
    "input": {"numpy", "pint", "pydantic", "pydantic_core", "tomli_w"},
    "model": {"numpy", "scipy", "fipy"},
    "solvers": {"numpy", "scipy", "sksundae"},
    "analytic": {"numpy", "scipy"},
    "results": {"h5netcdf", "h5py", "numpy", "xarray"},
    "runs": {"numpy", "xarray"},
    "studies": {"h5netcdf", "loky", "numpy", "scipy", "xarray"},
    "show": {
        *(
            "IPython",
            "PIL",
            "contourpy",
            "ipykernel",
            "ipywidgets",
            "jinja2",
            "markupsafe",
            "matplotlib",
            "numpy",
            "openpyxl",
            "rich",
            "traitlets",
            "voila",
        )
    },
    "reference": set(),
    "verify": {"numpy", "scipy"},
    "cli": {"typer", "rich"},
    "__main__": set(),
}


TESTS = sorted((ROOT / "tests").rglob("*.py"))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_no_module_imports_a_test_module(path: Path) -> None:
    """What two of them share stands in a module of its own, directly in tests/."""
    parts = [name.split(".") for name in imports(path.read_text(encoding="utf-8"), "tests.x")]
    assert not [".".join(name) for name in parts if any(part.startswith("test_") for part in name)]


def test_unit_tests_stand_in_the_room_that_they_test() -> None:
    folders = {path.name for path in (ROOT / "tests" / "unit").iterdir() if path.is_dir() and [*path.glob("test_*.py")]}
    assert folders <= ROOMS


@pytest.mark.parametrize("module", sorted(IMPORTS), ids=lambda name: name or "membrane_pde")
def test_direction_of_dependencies(module: str) -> None:
    room = module.partition(".")[0]
    assert room in MAY_USE, f"a new room, {room}: say in MAY_USE what it may import, and in DESIGN §7 what it is"
    assert rooms(module) - {room} <= MAY_USE[room]
    assert outside(module) <= MAY_USE_OF_OTHERS[room]


def test_types_cross_no_wall_either() -> None:
    """A name for the type checker costs nothing at run time, but shows what a room knows."""
    for module in OWN:
        room = module.partition(".")[0]
        assert rooms(module, TYPES) - {room} <= MAY_USE[room] | ({"input", "results"} if room == "show" else set()), (
            module
        )
    assert rooms("cli", TYPES) <= {"cli", "input", "results"}


@pytest.mark.parametrize(
    ("foreign", "rooms_of_it"),
    [
        ("fipy", {"model"}),
        ("pint", {"input"}),
        ("sksundae", {"solvers"}),
        ("pydantic", {"input"}),
        ("matplotlib", {"show"}),
        ("ipywidgets", {"show"}),
        ("voila", {"show"}),
    ],
)
def test_each_heavy_library_has_its_room(foreign: str, rooms_of_it: set[str]) -> None:
    users = {name.partition(".")[0] for name in IMPORTS if foreign in outside(name) | outside(name, TYPES)}
    assert users == rooms_of_it


def test_nothing_flows_back() -> None:
    for module in IMPORTS:
        room, used = module.partition(".")[0], rooms(module) | rooms(module, TYPES)
        if room not in ("cli", "__main__"):
            assert "cli" not in used, module
        if room not in ("runs", "solvers", "model", "verify"):
            assert "model" not in used, module
    assert "show" not in set().union(*(rooms(name) for name in OWN if name.startswith(("studies", "results"))))
    # what sliders need runs for stands in two modules; all else is drawn and written from results
    run = {name for name in OWN if name.startswith("show.") and {"runs", "studies"} & rooms(name)}
    assert run == {"show.explorer", "show.pages.making"}


def test_no_circles() -> None:
    uses = {module: {name for name in OWN if name in IMPORTS[module]} - {module} for module in OWN}
    done: set[str] = set()
    while ready := {module for module in OWN - done if uses[module] <= done}:
        done |= ready
    assert done == OWN, f"in a circle: {sorted(OWN - done)}"


def test_the_reader_of_imports_sees_them_all() -> None:
    """The tests above are only as good as this."""
    source = """
import fipy
import a.b as c
from membrane_pde.model import mesh
from . import cli
from ..input import Case
def f():
    from pint import Unit
    importlib.import_module("membrane_pde.show.plot")
if TYPE_CHECKING:
    import never
"""
    assert imports(source, "model.x") == {
        *("fipy", "a.b", "model", "model.mesh", "model.cli", "input", "input.Case", "pint", "pint.Unit", "show.plot")
    }
    assert imports(source, "model.x", only_types=True) == {"never"}


# -- what is imported, and when -------------------------------------------------------------------------------------
HEAVY = {"numpy", "scipy", "fipy", "matplotlib", "sksundae", "pydantic", "pint", "xarray", "h5netcdf", "h5py", "pandas"}


def loaded_after(code: str) -> set[str]:
    """What stands in sys.modules of a fresh Python that has run some code."""
    tail = "\nimport sys\nprint(sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code + tail], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(ast.literal_eval(done.stderr.strip().splitlines()[-1]))


def test_import_loads_nothing_heavy() -> None:
    assert loaded_after("import membrane_pde; membrane_pde.__version__; dir(membrane_pde)") & HEAVY == set()


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = (
        f"import sys, runpy\nsys.argv = ['membrane-pde', *{arguments!r}]\n"
        "try:\n    runpy.run_module('membrane_pde', run_name='__main__')\nexcept SystemExit as end:\n"
        "    assert not end.code, end.code"
    )
    # typer itself brings pydantic when it builds the parameters of a command
    assert loaded_after(code) & HEAVY <= ({"pydantic"} if arguments[0] == "run" else set())


def test_a_case_is_read_without_the_solver() -> None:
    loaded = loaded_after("import membrane_pde as mp; mp.load_case('osmosis')")
    assert "pydantic" in loaded  # so that the list means something
    assert not {"fipy", "matplotlib", "sksundae", "xarray", "pint", "scipy"} & loaded


def test_a_run_knows_nothing_of_pictures_and_text() -> None:
    code = "import membrane_pde as mp\nmp.run(mp.load_case('osmosis').with_values({'run.duration': '1 s'}))"
    loaded = loaded_after(code)
    assert {"numpy", "membrane_pde.model.system"} <= loaded  # so that the list means something
    assert not {"membrane_pde.show.plot", "membrane_pde.show.report", "membrane_pde.cli", "typer"} & loaded


@pytest.mark.parametrize(
    "arguments", [["run", "osmosis", "--no-plots"], ["equilibrium", "osmosis"], ["steady", "osmosis"]]
)
def test_a_command_that_prints_on_a_pipe_loads_no_more_than_it_needs(arguments: list[str], tmp_path: Path) -> None:
    """Each of these takes longer to load than the case to solve: units, tables, labels, pictures, other integrators."""
    out = ["--out", str(tmp_path / "out")] if arguments[0] == "run" else []
    code = (
        f"import sys, runpy\nsys.argv = ['membrane-pde', *{arguments + out!r}]\n"
        "try:\n    runpy.run_module('membrane_pde', run_name='__main__')\nexcept SystemExit as end:\n"
        "    assert not end.code, end.code"
    )
    loaded = loaded_after(code)
    assert {"numpy", "pydantic"} <= loaded  # so that the list means something
    assert ("h5py" in loaded) == bool(out)
    spared = {"pint", "rich", "xarray", "pandas", "matplotlib", "scipy.special", "scipy.integrate"}
    assert not {*spared, "fipy", "sksundae"} & loaded


def test_public_names() -> None:
    import membrane_pde

    for name in membrane_pde.__all__:
        assert getattr(membrane_pde, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = membrane_pde.nothing
    # a lazy import would replace one by the other (DESIGN §6)
    functions = {name for name in membrane_pde.__all__ if callable(getattr(membrane_pde, name))}
    assert not functions & {path.stem for path in PACKAGE.iterdir()}


# -- documented and clean -------------------------------------------------------------------------------------------
def public(tree: ast.Module) -> list[ast.AST]:
    """Module, its public classes and functions, and the classes' public methods."""
    found: list[ast.AST] = [tree]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            found.append(node)
            if isinstance(node, ast.ClassDef):
                found += [n for n in node.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")]
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: name_of(path) or "membrane_pde")
def test_everything_public_has_a_docstring(path: Path) -> None:
    # what overrides a method of a library is documented there
    inherited = {"list_commands", "invoke"}
    for node in public(ast.parse(path.read_text(encoding="utf-8"))):
        name = getattr(node, "name", "the module")
        if name not in inherited:
            assert ast.get_docstring(node), f"{path.name}: {name}"


def text_files() -> list[Path]:
    folders = [ROOT / name for name in ("membrane_pde", "tests", "cases", "docs")]
    kinds = {".py", ".toml", ".md", ".json", ".csv", ".typed"}
    found = [path for folder in folders for path in folder.rglob("*") if path.suffix in kinds]
    found += [
        ROOT / name for name in ("README.md", "CHANGELOG.md", "pyproject.toml", "Makefile", ".gitignore", ".ci/run")
    ]
    found = [path for path in found if path.is_file()]
    return sorted(path for path in found if "__pycache__" not in path.parts)


def test_no_paths_of_a_machine() -> None:
    # put together here, so that this file passes its own test
    places = ["/" + name + "/" for name in ("home", "root", "work", "tmp", "Users")]
    files = text_files()
    assert len(files) > 40
    for path in files:
        text = path.read_text(encoding="utf-8")
        for place in places:
            assert place not in text, f"{path.relative_to(ROOT)} names a place on a machine: {place}"
