"""The process in which the explorer of a page runs, prepared while the server of the page is still loading.

    python -m membrane_pde.show.prepared SOCKET CASE OVERRIDES

loads all modules that the explorer needs, solves and draws the case once, and meanwhile listens on a socket in the file
system. When Jupyter requests its first kernel, this process becomes that kernel. The process that Jupyter starts is
`FORWARD`: it passes its connection file to the prepared process and ends with the kernel. If no prepared process is
available, `FORWARD` becomes a kernel itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
from collections.abc import Callable

# what Jupyter starts: ``python -S -c FORWARD SOCKET CONNECTION_FILE START``
FORWARD = """
import os, signal, socket, sys
place, file, start = sys.argv[1:]
kernel = socket.socket(socket.AF_UNIX)
try:
    kernel.connect(place)
except OSError:
    os.execv(sys.executable, [sys.executable, "-c", start, "--log-level=ERROR", "-f", file])
signal.signal(signal.SIGINT, signal.SIG_IGN)
kernel.sendall(file.encode() + b"\\n")
while kernel.recv(1):
    pass
"""

_PREPARING: list[threading.Thread] = []


def main(place: str, case: str, overrides: str) -> None:
    """Prepare, wait, and become a kernel; end with the parent process or with `FORWARD`."""
    _end_with(lambda: os.read(0, 1))
    waiting = socket.socket(socket.AF_UNIX)
    waiting.bind(place)
    waiting.listen(1)

    def warm_up() -> None:
        with contextlib.suppress(Exception):  # what is wrong is told by the page
            from membrane_pde.input.casefile import load_case
            from membrane_pde.show import explorer

            explorer.warm_up(load_case(case, json.loads(overrides)))

    thread = threading.Thread(target=warm_up, daemon=True)
    thread.start()
    # the cell of the page asks this module, not the one that runs as __main__
    sys.modules["membrane_pde.show.prepared"] = sys.modules["__main__"]
    _PREPARING.append(thread)
    from ipykernel.kernelapp import launch_new_instance

    asked, _ = waiting.accept()
    os.unlink(place)
    waiting.close()
    file = asked.makefile().readline().strip()
    _end_with(lambda: asked.recv(1))
    launch_new_instance(["--log-level=ERROR", "-f", file])


def wait() -> None:
    """Return when this process is prepared, at once in one that never was."""
    for thread in _PREPARING:
        thread.join()


def _end_with(read: Callable[[], bytes]) -> None:
    """End this process when there is nothing more to read: the other end has gone."""

    def watch() -> None:
        with contextlib.suppress(OSError):
            while read():
                pass
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
