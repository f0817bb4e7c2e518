"""The explorer in a browser: Voilà serves one page, on this machine only, until it is stopped."""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from membrane_pde.input.errors import CaseError
from membrane_pde.show import prepared

NEEDED = ("voila", "ipykernel", "ipywidgets")
HOST = "127.0.0.1"
LONGEST = 38  # largest length of a folder's path for which the paths of its sockets fit into 104 characters
KERNEL, SOCKET = "membrane-pde", "prepared"
TEMPLATE = "membrane_pde"
EXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8")
# the page: that of Voilà without what it loads from elsewhere, and without margins
PAGE = """\
{%- extends 'voila/templates/lab/index.html.j2' -%}
{%- block notebook_css -%}
{{ resources.include_js("static/voila-style.js") }}
{{ spinner.css() }}
{{ super.super() }}
<style>
.jp-mod-noOutputs.jp-mod-noInput {display: none}
.jp-Notebook, .jp-Cell, .jp-OutputArea-child, .jp-OutputArea-output {padding: 0 !important; margin: 0 !important}
.jp-OutputPrompt, .jp-OutputArea-promptOverlay, .jp-InputPrompt, .jp-Collapser {display: none !important}
#rendered_cells {padding: 2px 8px}
</style>
{%- endblock notebook_css -%}
"""


def check_installed() -> None:
    """Make sure that the packages for the page are installed.

    Raises
    ------
    CaseError
        With the command that installs it.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise CaseError(f'explore needs {", ".join(missing)}, not installed here: pip install "membrane-pde[browser]"')


def serve(
    case: str, overrides: Mapping[str, Any], units: str, title: str, ready: Callable[[str], None], browser: bool = True
) -> None:
    """Serve the explorer of a case until the process gets SIGINT (Ctrl-C) or SIGTERM.

    Parameters
    ----------
    case : str
        A file, or the name of a shipped case. It is read anew whenever the page is loaded.
    overrides : mapping
        Values by the path of their key.
    units : str
        See `use_units`.
    title : str
        Of the page.
    ready : callable
        Gets the address, with the token, when the page can be opened.
    browser : bool
        Also open it in the user's browser.

    Raises
    ------
    CaseError
        If Voilà is not installed.
    KeyboardInterrupt
        After SIGTERM, when all has been cleaned up; after SIGINT it returns.
    """
    check_installed()
    # jsonschema would take 2 s to build this grammar (for international addresses), and works without it
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    logging.getLogger("tornado").setLevel(logging.ERROR)
    with _places() as folder, _prepared(folder, case, overrides):
        notebook = _notebook(folder, case, overrides, units, title)
        _run(folder, notebook, ready, browser)


@contextmanager
def _prepared(folder: Path, case: str, overrides: Mapping[str, Any]) -> Iterator[None]:
    """A process that becomes the first kernel, and loads its modules while the server starts."""
    if not _has_sockets(folder):
        yield
        return
    words = [sys.executable, "-m", prepared.__name__, str(folder / SOCKET), case, json.dumps(dict(overrides))]
    errors = None if _talkative() else subprocess.DEVNULL
    with subprocess.Popen(
        words, cwd=folder, stdin=subprocess.PIPE, stdout=errors, stderr=errors, start_new_session=True
    ) as started:
        try:
            yield
        finally:
            started.kill()


def _has_sockets(folder: Path) -> bool:
    """True if sockets in the file system are available, with paths as long as those in a folder."""
    return os.name == "posix" and len(str(folder)) <= LONGEST


def _talkative() -> bool:
    """True if the option -v was given."""
    return logging.getLogger("membrane_pde").isEnabledFor(logging.INFO)


@contextmanager
def _places() -> Iterator[Path]:
    """An empty folder, which also receives the files of Jupyter and IPython, and which is removed at the end."""
    changed = ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "JUPYTER_PATH", "JUPYTER_NO_CONFIG")
    before = {name: os.environ.get(name) for name in changed}
    with tempfile.TemporaryDirectory(prefix="membrane-pde-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        for name in changed[:3]:
            (folder / name.lower()).mkdir()
            os.environ[name] = str(folder / name.lower())
        kernel = folder / "share" / "kernels" / KERNEL
        kernel.mkdir(parents=True)
        (kernel / "kernel.json").write_text(json.dumps(_kernel(folder)), encoding="utf-8")
        page = folder / "share" / "voila" / "templates" / TEMPLATE
        page.mkdir(parents=True)
        (page / "conf.json").write_text('{"base_template": "lab"}', encoding="utf-8")
        (page / "index.html.j2").write_text(PAGE, encoding="utf-8")
        more = before["JUPYTER_PATH"]
        os.environ["JUPYTER_PATH"] = os.pathsep.join([str(folder / "share"), *([more] if more else [])])
        try:
            yield folder
        finally:
            for name, value in before.items():
                os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)


def _kernel(folder: Path) -> dict[str, Any]:
    """A kernel of this Python interpreter; the user's kernel "python3" may be another one.

    Nothing that it prints goes to the terminal (with -v all of it): it is interrupted when the server ends.
    """
    start = "from ipykernel.kernelapp import launch_new_instance; launch_new_instance()"
    if not _talkative():
        start = f"import os; os.dup2(os.open(os.devnull, os.O_WRONLY), 2); {start}"
    argv = [sys.executable, "-c", start, "--log-level=ERROR", "-f", "{connection_file}"]
    if _has_sockets(folder):
        argv = [sys.executable, "-S", "-c", prepared.FORWARD, str(folder / SOCKET), "{connection_file}", start]
    return {"argv": argv, "display_name": KERNEL, "language": "python"}


def _notebook(folder: Path, case: str, overrides: Mapping[str, Any], units: str, title: str) -> Path:
    """Write the notebook with the one cell that the page shows."""
    source = (
        "from membrane_pde.show import prepared\n"
        "prepared.wait()\n"
        "from membrane_pde.input.casefile import load_case\n"
        "from membrane_pde.show import presets\n"
        "from membrane_pde.show.explorer import explore\n"
        f"presets.use_units({units!r})\n"
        f"explore(load_case({case!r}, {dict(overrides)!r}))"
    )
    cell: dict[str, Any] = {"cell_type": "code", "id": "explorer", "source": source}
    kernel = {"name": KERNEL, "display_name": KERNEL, "language": "python"}
    notebook = {
        "cells": [cell | {"metadata": {}, "outputs": [], "execution_count": None}],
        "metadata": {"kernelspec": kernel, "title": title},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path = folder / "explorer.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def _run(folder: Path, notebook: Path, ready: Callable[[str], None], browser: bool) -> None:
    """Run Voilà in this process until a signal stops it."""
    from traitlets.config import Config
    from voila.app import Voila

    token, stopped_by = secrets.token_urlsafe(24), []

    class Server(Voila):
        """The server; it prints its address when it is ready, and stops at a signal."""

        def launch_browser(self) -> None:
            address = f"http://{HOST}:{self.port}/?token={token}"
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self.end)
            ready(address)
            if browser:
                webbrowser.open(address)

        def end(self, number: int, frame: object) -> None:
            """Stop at a signal; a second one ends the process at once."""
            stopped_by.append(number)
            signal.signal(number, signal.SIG_DFL)
            self.ioloop.add_callback_from_signal(self.ioloop.stop)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    settings = {
        "VoilaConfiguration": {"template": TEMPLATE, "extension_allowlist": list(EXTENSIONS)},
        "KernelManager": {"transport": "ipc" if _has_sockets(folder) else "tcp"},
    }
    server = Server(
        config=Config(settings),
        notebook_path=str(notebook),
        connection_dir_root=str(folder),
        ip=HOST,
        port=_free_port(),
        token=token,
        open_browser=True,
        log_level="ERROR",
    )
    try:
        server.initialize([])
        server.start()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if signal.SIGTERM in stopped_by:
        signal.raise_signal(signal.SIGTERM)  # as any command


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
