"""What holds for all tests."""

import os
import signal

import pytest

from membrane_pde import cli, kernels

# ignored in a shell's background job; the processes that tests start are to hear it all the same
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# where nothing has been compiled, plain Python is meant, and no command need say that it is slower
if not kernels.wanted():
    os.environ["MEMBRANE_PDE_COMPILE"] = "0"


@pytest.fixture
def call(capsys, tmp_path, monkeypatch):
    """Call the command in this process, in an empty folder; gives exit status, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli.log, "handlers", [])

    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            cli.app([str(a) for a in arguments], prog_name="membrane-pde")
        out, err = capsys.readouterr()
        return stop.value.code or 0, out, err

    return run
