"""The explorer as a person meets it: a real JupyterLab or Voilà, a real browser, a slider that is dragged."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.places import ROOT

pytestmark = pytest.mark.slow

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --window-size=1500,1300"
)
CELL = 'import membrane_pde as mp\n\nmp.explore(mp.load_case("reverse_osmosis"))'
PATIENCE = 180  # s: a server, a kernel, the first import of everything

# how the picture looks, as a number of its pixels
LOOK = """
const image = document.querySelector("img.widget-image");
if (!image || !image.complete || !image.naturalWidth) return null;
const canvas = document.createElement("canvas");
canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
const context = canvas.getContext("2d"); context.drawImage(image, 0, 0);
let sum = 0; const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
for (let i = 0; i < data.length; i++) sum = (sum * 31 + data[i]) % 2147483647;
return [sum, image.naturalWidth, image.naturalHeight];
"""
# from now on: the picture's height at every frame of the browser, and every new picture
WATCH = """
const image = document.querySelector("img.widget-image");
window.watched = {image: image, heights: [], pictures: 0};
image.addEventListener("load", () => { window.watched.pictures += 1; });
(function look() { window.watched.heights.push(image.getBoundingClientRect().height); requestAnimationFrame(look); })();
"""
SEEN = """
const seen = window.watched;
return {same: document.querySelector("img.widget-image") === seen.image, pictures: seen.pictures,
        lowest: Math.min(...seen.heights), highest: Math.max(...seen.heights), frames: seen.heights.length};
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


IDLE = """
return [...window.jupyterapp.shell.widgets('main')].some(
    each => each.sessionContext?.session?.kernel?.status === 'idle'
);
"""


@contextlib.contextmanager
def served(kind: str, folder: Path) -> Iterator[str]:
    """A server that has the notebook; its address. All that Jupyter writes stays in the folder."""
    notebook = {
        "cells": [
            {"cell_type": "code", "id": "one", "metadata": {}, "outputs": [], "execution_count": None, "source": CELL}
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (folder / "explorer.ipynb").write_text(json.dumps(notebook))
    port = free_port()
    if kind == "lab":
        arguments = ["jupyterlab", "--allow-root", "--expose-app-in-browser", f"--ServerApp.root_dir={folder}"]
        arguments += ["--IdentityProvider.token=", "--ServerApp.password=", f"--ServerApp.port={port}"]
        address = f"http://127.0.0.1:{port}/doc/tree/explorer.ipynb"
        ready = f"http://127.0.0.1:{port}/api/status"
    else:
        arguments = ["voila", "explorer.ipynb", f"--port={port}", "--show_tracebacks=True"]
        address = ready = f"http://127.0.0.1:{port}/"
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR")
    settings = os.environ | {place: str(folder / place.lower()) for place in places}
    settings["PYTHONPATH"] = str(ROOT)
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", *arguments, "--no-browser"], cwd=folder, env=settings, stdout=log, stderr=log
        )
        try:
            end = time.monotonic() + PATIENCE
            while True:
                assert server.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < end, (folder / "log").read_text()
                try:
                    if kind == "lab":
                        urllib.request.urlopen(ready, timeout=10).close()
                    else:  # Voilà answers when the notebook has run: that is for the browser to wait for
                        socket.create_connection(("127.0.0.1", port), timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.5)
            yield address
        finally:
            server.terminate()
            server.wait(30)


@contextlib.contextmanager
def browser(folder: Path) -> Iterator[object]:
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in [*FLAGS.split(), f"--user-data-dir={folder / 'profile'}"]:
        options.add_argument(flag)
    driver = Chrome(options=options, service=Service(DRIVER))
    driver.set_page_load_timeout(PATIENCE)
    try:
        yield driver
    finally:
        driver.quit()


def wait_for(driver, script: str, *arguments, accept=bool, patience: float = PATIENCE):
    """What a script in the page answers, as soon as that is acceptable."""
    end, answer = time.monotonic() + patience, None
    while time.monotonic() < end:
        answer = driver.execute_script(script, *arguments)
        if accept(answer):
            return answer
        if "Traceback" in (seen := driver.find_element("tag name", "body").text):
            raise AssertionError(seen)
        time.sleep(0.1)
    raise AssertionError(f"waited {patience} s in vain; last: {answer}\n{driver.find_element('tag name', 'body').text}")


@pytest.mark.parametrize("kind", ["lab", "voila"])
def test_a_dragged_slider_changes_the_picture(kind: str, tmp_path: Path) -> None:
    needed = {"lab": "jupyterlab", "voila": "voila"}[kind]
    for module in ("selenium", "ipywidgets", needed):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f'{module} is not installed: pip install "membrane-pde[browser]"')
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("no Chromium with its driver here (Debian: apt-get install chromium chromium-driver)")
    from selenium.webdriver import ActionChains

    with served(kind, tmp_path) as address, browser(tmp_path) as driver:
        driver.get(address)
        if kind == "lab":
            wait_for(driver, "return !!document.querySelector('.jp-Notebook .cm-content')")
            wait_for(
                driver, "return window.jupyterapp && window.jupyterapp.commands.hasCommand('notebook:run-all-cells')"
            )
            wait_for(driver, IDLE)
            driver.execute_script("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        before = wait_for(driver, LOOK)
        assert before[1] > 450
        handle = driver.execute_script(
            "const row = [...document.querySelectorAll('.widget-slider')]"
            ".find(each => each.innerText.includes('pressure, salt water'));"
            "row.scrollIntoView({block: 'start'}); return row.querySelector('.noUi-handle');"
        )
        readout = "return [...document.querySelectorAll('.widget-slider')]"
        readout += (
            ".find(each => each.innerText.includes('pressure, salt water')).querySelector('.widget-readout').innerText"
        )
        assert float(driver.execute_script(readout)) == 60.0
        driver.execute_script(WATCH)
        drag = ActionChains(driver, duration=60).click_and_hold(handle)
        for _ in range(25):
            drag = drag.move_by_offset(-1, 0)
        drag.release().perform()
        pressed = float(driver.execute_script(readout))
        assert 20 < pressed < 50
        # the newest value, wherever the drag ended, is what is drawn in the end
        told = f'"right.pressure": "{pressed:g} bar"'
        wait_for(driver, "return document.body.innerText.includes(arguments[0])", told)
        after = wait_for(driver, LOOK, accept=lambda look: look and look[0] != before[0])
        assert after[1:] == before[1:]
        seen = driver.execute_script(SEEN)
        assert seen["same"], "the picture was replaced by another element, not updated"
        assert seen["pictures"] >= 2, "the picture did not follow the drag"
        assert seen["lowest"] == seen["highest"] > 300, "the picture collapsed for a moment: it flickers"
        assert len(driver.find_elements("css selector", "img.widget-image")) == 3  # schematic, profiles, history
        driver.save_screenshot(str(tmp_path / "screen.png"))
        print(f"\n{kind}: {seen['pictures']} pictures while the slider was dragged")


# places on the page, in pixels of the browser: [left, top, right, bottom] of a thing
PLACES = """
const box = each => { const b = each.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; };
const row = [...document.querySelectorAll(".widget-slider")].find(each => each.innerText.includes(arguments[0]));
return {slider: box(row), track: box(row.querySelector(".slider-container")),
        controls: box(document.querySelector(".membrane-pde-controls")),
        tiles: [...document.querySelectorAll("img.widget-image")].map(box), page: innerWidth, height: innerHeight,
        wide: document.documentElement.scrollWidth};
"""


def test_sliders_and_picture_are_seen_together_on_a_projector_and_on_a_phone(tmp_path: Path) -> None:
    for module in ("selenium", "ipywidgets", "voila"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f'{module} is not installed: pip install "membrane-pde[browser]"')
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("no Chromium with its driver here (Debian: apt-get install chromium chromium-driver)")
    with served("voila", tmp_path) as address, browser(tmp_path) as driver:
        driver.get(address)
        wait_for(driver, LOOK)

        def places(width: int, height: int) -> dict:
            size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            driver.execute_script("window.scrollTo(0, 0)")
            time.sleep(1.0)
            driver.save_screenshot(str(tmp_path / f"{width}.png"))
            return driver.execute_script(PLACES, "pressure, salt water")

        seen = places(1280, 720)
        schematic, profiles, history = seen["tiles"]
        for left, top, right, bottom in (seen["slider"], schematic, history):
            assert (left >= 0, top >= 0, right <= 1280, bottom <= 720) == (True,) * 4, seen
        assert profiles[3] <= 760  # all but the lowest line of the curves
        assert seen["controls"][2] <= schematic[0] + 1
        assert schematic[2] - schematic[0] > 420
        assert seen["track"][2] - seen["track"][0] > 150

        seen = places(390, 844)
        schematic = seen["tiles"][0]
        assert seen["wide"] <= 391, "the page is wider than the phone"
        assert schematic[2] - schematic[0] > 340  # of 5.2 inches at 90 pixels: text of 8 to 9 pixels
        assert seen["track"][2] - seen["track"][0] > 200  # 120 bar: more than a pixel and a half a bar
        for left, top, right, bottom in (schematic, seen["slider"]):
            assert (left >= 0, top >= 0, right <= 390, bottom <= 844) == (True,) * 4, seen
