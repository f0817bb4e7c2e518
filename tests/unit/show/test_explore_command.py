"""`membrane-pde explore`: what it refuses, what it serves to whom, how it ends; and the page in a real browser."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from membrane_pde.show import browser, prepared, presets
from tests.browser import CHROMIUM, DRIVER, chromium, requests, resize
from tests.places import ROOT

PATIENCE = 180  # s
SIZES = {"phone": (390, 844), "projector": (1280, 720), "laptop": (1440, 900)}


# -- before anything is served --------------------------------------------------------------------------------------
def test_without_the_extra_it_says_what_to_install(call, monkeypatch):
    monkeypatch.setattr(browser, "find_spec", lambda name: None if name == "voila" else object())
    status, out, err = call("explore", "osmosis")
    assert (status, out) == (2, "")
    assert err == 'membrane-pde: explore needs voila, not installed here: pip install "membrane-pde[browser]"\n'


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("ro_vessel",), "ro_vessel: the explorer shows two compartments, and this case has [module]"),
        (("no_such_case",), "no_such_case"),
        (("osmosis", "--set", "left.pressure=1 br"), 'did you mean "1 bar"'),
        (("osmosis", "--units", "imperial"), "engineering, physiology, SI"),
    ],
)
def test_wrong_input_is_told_before_anything_is_served(call, monkeypatch, given, told):
    monkeypatch.setattr(browser, "check_installed", lambda: None)
    monkeypatch.setattr(browser, "serve", lambda *a, **k: pytest.fail("served"))
    status, out, err = call("explore", *given)
    assert (status, out) == (2, "")
    assert told in err
    assert "Traceback" not in err


def test_a_file_is_served_by_its_whole_path_with_overrides_and_units(call, monkeypatch, tmp_path):
    given = []
    monkeypatch.setattr(browser, "check_installed", lambda: None)
    monkeypatch.setattr(browser, "serve", lambda *a: given.append(a))
    (tmp_path / "my.toml").write_bytes((ROOT / "cases" / "osmosis.toml").read_bytes())
    try:
        status, out, _ = call("explore", "my.toml", "--set", "right.pressure=5 bar", "--units", "SI", "--no-browser")
    finally:
        presets.use_units(presets.DEFAULT)
    assert status == 0
    ((case, overrides, units, title, ready, opened),) = given
    assert case == str(tmp_path.resolve() / "my.toml")
    assert (overrides, units, opened) == ({"right.pressure": "5 bar"}, "SI", False)
    assert title.startswith("Osmosis: fresh and salt water, changed: right.pressure = 5 bar")
    assert "ended" in out
    ready("http://x/")


def test_the_cell_of_the_page_makes_the_explorer(tmp_path):
    pytest.importorskip("ipywidgets")
    values = {"right.pressure": "5 bar", "mesh.cells": "12", "run.outputs": "12"}
    notebook = json.loads(browser._notebook(tmp_path, "osmosis", values, "physiology", "Title").read_text())
    (cell,) = notebook["cells"]
    *lines, last = cell["source"].splitlines()
    names: dict = {}
    try:
        exec("\n".join(lines), names)
        shown = eval(last, names)
        assert presets.in_use() == "physiology"
    finally:
        presets.use_units(presets.DEFAULT)
    assert shown.case.right.pressure.values[0] == 5e5
    assert notebook["metadata"]["title"] == "Title"


def test_places_are_given_back(monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", "before")
    monkeypatch.delenv("IPYTHONDIR", raising=False)
    with browser._places() as folder:
        assert os.environ["JUPYTER_PATH"].endswith(f"{os.pathsep}before")
        assert Path(os.environ["IPYTHONDIR"]).is_relative_to(folder)
        assert (folder / "share" / "voila" / "templates" / browser.TEMPLATE / "index.html.j2").is_file()
    assert not folder.exists()
    assert os.environ["JUPYTER_PATH"] == "before"
    assert "IPYTHONDIR" not in os.environ


# -- served ---------------------------------------------------------------------------------------------------------
def needed(*modules: str) -> None:
    for module in modules:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f'{module} is not installed: pip install "membrane-pde[browser]"')


@contextlib.contextmanager
def explored(folder: Path, temporary: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen, str]]:
    """The command, whose temporary files go into a folder of their own, and the address that it prints."""
    settings = os.environ | {"TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
    with (folder / "log").open("w") as log:
        started = subprocess.Popen(
            [sys.executable, "-m", "membrane_pde", "explore", *arguments, "--no-browser"],
            cwd=folder, env=settings, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
        try:
            line = started.stdout.readline()
            assert line.startswith("Explorer of "), line + (folder / "log").read_text()
            yield started, line.split()[-1]
        finally:
            if started.poll() is None:
                started.send_signal(signal.SIGINT)
                started.wait(60)
            started.stdout.close()


def processes_of(folder: Path) -> list[str]:
    """Command lines of the processes that know a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if str(folder) in (words := path.read_text().replace("\0", " ")):
                found.append(words)
    return found


def answer(address: str) -> tuple[int, str]:
    """Status and place of what is answered in the end."""
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE) as page:
            return page.status, page.url
    except urllib.error.HTTPError as error:
        return error.code, str(error.url)


@pytest.fixture
def short():
    """A folder whose name is so short that sockets have room in it."""
    with tempfile.TemporaryDirectory(prefix="mp-") as made:
        yield Path(made)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("room", [True, False], ids=["sockets", "no sockets"])
def test_only_who_has_the_token_is_answered_and_nothing_is_left(tmp_path, short, number, status, room):
    needed("voila", "ipykernel", "ipywidgets")
    temporary = short if room else tmp_path / "a folder with a longer name"
    temporary.mkdir(exist_ok=True)
    with explored(tmp_path, temporary, "osmosis") as (started, address):
        port = int(address.split(":")[2].split("/")[0])
        assert address.startswith("http://127.0.0.1:")
        code, place = answer(f"http://127.0.0.1:{port}/")
        assert code in (401, 403) or "/login" in place  # no kernel for a stranger
        assert not any("/kernel-" in words for words in processes_of(temporary))
        assert answer(f"http://127.0.0.1:{port}/?token=wrong")[1] != f"http://127.0.0.1:{port}/?token=wrong"
        for where in {each[4][0] for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}:
            if not where.startswith("127."):
                with socket.socket() as probe:
                    probe.settimeout(2)
                    assert probe.connect_ex((where, port)) != 0
        assert answer(address)[0] == 200
        assert any("/kernel-" in words for words in processes_of(temporary))
        started.send_signal(number)
        assert started.wait(60) == status
    assert list(temporary.iterdir()) == []
    end = time.monotonic() + 10
    while processes_of(temporary) and time.monotonic() < end:
        time.sleep(0.1)
    assert not processes_of(temporary)
    log = (tmp_path / "log").read_text()
    assert log in ("", "membrane-pde: terminated; no half-written file is left\n")


def running(words: list[str]) -> subprocess.Popen:
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="no sockets in the file system")
def test_a_prepared_process_becomes_the_first_kernel_and_others_start_their_own(short):
    needed("ipykernel", "ipywidgets")
    from jupyter_client import BlockingKernelClient
    from jupyter_client.connect import write_connection_file

    place = f"{short}/prepared"
    start = "from ipykernel.kernelapp import launch_new_instance; launch_new_instance()"
    first = running([sys.executable, "-m", "membrane_pde.show.prepared", place, "osmosis", '{"mesh.cells": "12"}'])
    asked = []
    try:
        end = time.monotonic() + PATIENCE
        while not os.path.exists(place):
            assert time.monotonic() < end
            time.sleep(0.05)
        for number in range(2):
            file, _ = write_connection_file(f"{short}/kernel-{number}.json")
            asked.append(running([sys.executable, "-S", "-c", prepared.FORWARD, place, file, start]))
            client = BlockingKernelClient(connection_file=file)
            client.load_connection_file()
            client.start_channels()
            while True:
                try:
                    client.wait_for_ready(timeout=PATIENCE)
                    break
                except RuntimeError:  # its heart does not beat yet
                    assert time.monotonic() < end
            code = "import os\nfrom membrane_pde.show import prepared\nprepared.wait()\nanswer = str(os.getpid())"
            reply = client.execute_interactive(
                code, user_expressions={"it": "answer"}, timeout=PATIENCE, output_hook=lambda message: None
            )
            pid = int(reply["content"]["user_expressions"]["it"]["data"]["text/plain"].strip("'"))
            assert pid == (first if number == 0 else asked[1]).pid
            client.stop_channels()
        assert not os.path.exists(place)
        asked[0].kill()  # as Jupyter does with a kernel that does not end
        assert first.wait(30) == 0
    finally:
        for each in (first, *asked):
            each.kill()
            each.wait()
            each.stdin.close()
            each.stdout.close()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="no sockets in the file system")
def test_a_prepared_process_ends_with_the_one_that_started_it(short):
    needed("ipykernel", "ipywidgets")
    started = running([sys.executable, "-m", "membrane_pde.show.prepared", f"{short}/prepared", "osmosis", "{}"])
    try:
        started.stdin.close()
        assert started.wait(PATIENCE) == 0
    finally:
        started.kill()
        started.stdout.close()


# a number of the pixels of the first picture, if it can be seen
LOOK = """
const image = document.querySelector("img.widget-image");
if (!image || !image.complete || image.getBoundingClientRect().height < 100) return null;
const canvas = document.createElement("canvas");
canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
const context = canvas.getContext("2d"); context.drawImage(image, 0, 0);
let sum = 0; const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
for (let i = 0; i < data.length; i++) sum = (sum * 31 + data[i]) % 2147483647;
return sum;
"""
WATCH = """
window.pictures = [];
document.querySelector("img.widget-image").addEventListener("load", () => window.pictures.push(performance.now()));
"""
ROW = """
const row = [...document.querySelectorAll(".widget-slider")].find(each => each.innerText.includes(arguments[0]));
"""
HANDLE = f"{ROW} row.scrollIntoView({{block: 'nearest'}}); return row.querySelector('.noUi-handle');"
READOUT = f"{ROW} return parseFloat(row.querySelector('.widget-readout').innerText);"
SENTENCE = "return document.querySelector('.membrane-pde-message').innerText;"
BUTTON = "return [...document.querySelectorAll('button')].find(each => each.innerText.includes(arguments[0]));"
PLACES = """
const box = each => { const b = each.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; };
const row = [...document.querySelectorAll(".widget-slider")].find(each => each.innerText.includes(arguments[0]));
return {slider: box(row), time: box(document.querySelector(".membrane-pde-top .widget-slider")),
        controls: box(document.querySelector(".membrane-pde-controls")),
        tiles: [...document.querySelectorAll("img.widget-image")].map(box),
        wide: document.documentElement.scrollWidth};
"""


def wait_for(driver, script: str, *arguments, accept=bool):
    """What a script in the page answers, as soon as that is acceptable."""
    end, answered = time.monotonic() + PATIENCE, None
    while time.monotonic() < end:
        answered = driver.execute_script(script, *arguments)
        if accept(answered):
            return answered
        time.sleep(0.1)
    raise AssertionError(f"in vain; last: {answered}\n{driver.find_element('tag name', 'body').text}")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Reverse osmosis in a browser; what its console says and what it asks for is judged in the end."""
    needed("selenium", "voila", "ipykernel", "ipywidgets")
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("no Chromium with its driver here (Debian: apt-get install chromium chromium-driver)")
    folder = tmp_path_factory.mktemp("explored")
    with (
        tempfile.TemporaryDirectory(prefix="mp-") as short,
        explored(folder, Path(short), "reverse_osmosis") as (_, address),
        chromium(folder) as driver,
    ):
        driver.set_page_load_timeout(PATIENCE)
        resize(driver, *SIZES["projector"])
        driver.get(address)
        wait_for(driver, LOOK)
        yield driver
        asked = {each for each in requests(driver) if not each.startswith(("data:", "blob:", "chrome"))}
        assert asked
        assert {each for each in asked if "//127.0.0.1:" not in each} == set()
        assert [each for each in driver.get_log("browser") if each["level"] == "SEVERE"] == []


@pytest.fixture
def screen(page, tmp_path):
    """The page on a projector, with all numbers as the case has them."""
    resize(page, *SIZES["projector"])
    page.execute_script(f"{BUTTON.replace('return ', 'const button = ', 1)} button.click();", "back to the start")
    wait_for(page, READOUT, "pressure, salt water", accept=lambda value: value == 60.0)
    time.sleep(1.0)
    yield page
    page.save_screenshot(str(tmp_path / "screen.png"))


@pytest.mark.slow
@pytest.mark.parametrize("name", SIZES)
def test_picture_and_sliders_are_seen_together(screen, tmp_path, name):
    width, height = SIZES[name]
    resize(screen, width, height, mobile=width < 500)
    time.sleep(1.0)
    screen.save_screenshot(str(tmp_path / f"{width}x{height}.png"))
    seen = screen.execute_script(PLACES, "pressure, salt water")
    tiles = seen["tiles"][:1] if name == "phone" else seen["tiles"]
    for left, top, right, bottom in (seen["slider"], seen["time"], *tiles):
        assert (left >= 0, top >= 0, right <= width, bottom <= height) == (True,) * 4, seen
    schematic, controls = seen["tiles"][0], seen["controls"]
    assert seen["wide"] <= width
    assert schematic[2] - schematic[0] > (340 if name == "phone" else 420)
    if name == "phone":
        assert controls[3] <= schematic[1] + 1  # above it
    else:
        assert controls[2] <= schematic[0] + 1  # beside it


@pytest.mark.slow
def test_a_slider_is_dragged_with_the_mouse(screen):
    from selenium.webdriver import ActionChains

    before, told = screen.execute_script(LOOK), screen.execute_script(SENTENCE)
    handle = screen.execute_script(HANDLE, "pressure, salt water")
    screen.execute_script(WATCH)
    drag = ActionChains(screen, duration=60).click_and_hold(handle)
    for _ in range(40):
        drag = drag.move_by_offset(-1, 0)
    drag.release().perform()
    pressed = screen.execute_script(READOUT, "pressure, salt water")
    assert 20 < pressed < 50
    wait_for(screen, SENTENCE, accept=lambda text: f'"right.pressure": "{pressed:g} bar"' in text)
    assert wait_for(screen, LOOK, accept=lambda look: look not in (None, before))
    assert screen.execute_script(SENTENCE).splitlines()[0] != told.splitlines()[0]
    times = screen.execute_script("return window.pictures")
    assert len(times) >= 4
    print(f"\n{len(times)} pictures, {1e3 * (len(times) - 1) / (times[-1] - times[0]):.1f} a second, while dragging")


@pytest.mark.slow
def test_a_slider_and_the_buttons_are_moved_with_the_keyboard(screen):
    from selenium.webdriver.common.keys import Keys

    before = screen.execute_script(LOOK)
    handle = screen.execute_script(HANDLE, "pressure, salt water")
    screen.execute_script("arguments[0].focus()", handle)
    for _ in range(5):
        screen.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    value = wait_for(screen, READOUT, "pressure, salt water", accept=lambda value: value > 60.0)
    assert value <= 70.0
    wait_for(screen, SENTENCE, accept=lambda text: '"right.pressure"' in text)
    assert wait_for(screen, LOOK, accept=lambda look: look not in (None, before))
    screen.execute_script("arguments[0].focus()", screen.execute_script(BUTTON, "back to the start"))
    screen.switch_to.active_element.send_keys(Keys.ENTER)
    wait_for(screen, READOUT, "pressure, salt water", accept=lambda value: value == 60.0)
    fold = screen.execute_script(BUTTON, "diffusion")
    hidden = f"{ROW} return !row || row.getBoundingClientRect().height === 0;"
    assert screen.execute_script(hidden, "diffusivity, NaCl")
    screen.execute_script("arguments[0].focus()", fold)
    screen.switch_to.active_element.send_keys(Keys.SPACE)
    wait_for(screen, hidden, "diffusivity, NaCl", accept=lambda each: not each)
    fold.click()
    wait_for(screen, hidden, "diffusivity, NaCl")


@pytest.mark.slow
def test_the_axes_are_fitted_by_a_button_when_a_curve_has_left_them(screen):
    from selenium.webdriver.common.keys import Keys

    handle = screen.execute_script(HANDLE, "pressure, salt water")
    screen.execute_script("arguments[0].focus()", handle)
    handle.send_keys(Keys.END)
    wait_for(screen, SENTENCE, accept=lambda text: "fit the axes" in text)
    before = screen.execute_script("return [...document.querySelectorAll('img.widget-image')][2].src")
    screen.execute_script(BUTTON, "fit the axes").click()
    wait_for(screen, SENTENCE, accept=lambda text: "fit the axes" not in text)
    wait_for(
        screen, "return [...document.querySelectorAll('img.widget-image')][2].src", accept=lambda src: src != before
    )


@pytest.mark.slow
def test_the_time_plays(screen):
    at = screen.execute_script(READOUT, "time shown")
    screen.execute_script(WATCH)
    screen.execute_script("document.querySelector('.jupyter-widget-play button, .widget-play button').click()")
    wait_for(screen, READOUT, "time shown", accept=lambda value: value >= at + 5.0)
    screen.execute_script("document.querySelector('.jupyter-widget-play button, .widget-play button').click()")
    assert screen.execute_script("return window.pictures.length") >= 2
