"""The explorer in a real Chromium: how soon the first picture stands, and how many a second follow a drag.

``python benchmarks/explorer_in_a_browser.py [CASE]`` prints both, with the seconds of the processor that the server,
the kernel and the browser took meanwhile: where the machine has other work, they say what a quiet one would take. It
needs the extra `browser`, and Chromium with its driver.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.browser import chromium, resize

SEEN = """
const image = document.querySelector("img.widget-image");
return !!(image && image.complete && image.getBoundingClientRect().height > 100);
"""
HANDLE = """
const row = [...document.querySelectorAll(".membrane-pde-groups .widget-slider")][1];
return row.querySelector(".noUi-handle");
"""
WATCH = """
window.pictures = [];
document.querySelector("img.widget-image").addEventListener("load", () => window.pictures.push(performance.now()));
"""


def processor(of: int) -> float:
    """Seconds of the processor that a process took."""
    fields = Path(f"/proc/{of}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def below(of: int) -> list[int]:
    """The processes that a process has started, and those that these have."""
    threads = Path(f"/proc/{of}/task").glob("*/children")
    found = [int(each) for thread in threads for each in thread.read_text().split()]
    return found + [other for each in found for other in below(each)]


def measure(case: str, folder: Path) -> None:
    """Open the page, drag, print."""
    with chromium(folder) as driver:
        driver.set_page_load_timeout(300)
        resize(driver, 1280, 720)
        windows = below(driver.service.process.pid)
        before = sum(map(processor, windows))
        begun = time.perf_counter()
        command = [sys.executable, "-m", "membrane_pde", "explore", case, "--no-browser"]
        started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert started.stdout is not None
            address = started.stdout.readline().split()[-1]
            served = time.perf_counter() - begun
            driver.get(address)
            while not driver.execute_script(SEEN):
                time.sleep(0.02)
            seen = time.perf_counter() - begun
            kernel = sum(map(processor, below(started.pid)))
            browser = sum(map(processor, below(driver.service.process.pid))) - before
            print(f"{case}: address after {served:.2f} s, first picture after {seen:.2f} s", end="; ")
            print(f"CPU: server {processor(started.pid):.2f} s, kernel {kernel:.2f} s, browser {browser:.2f} s")
            time.sleep(2.0)
            drag(driver, started.pid)
        finally:
            started.send_signal(signal.SIGINT)
            started.wait(60)


def drag(driver: Any, server: int) -> None:
    """Drag the second slider of the first group by 80 pixels and back, one after another."""
    from selenium.webdriver import ActionChains

    driver.execute_script(WATCH)
    busy = sum(map(processor, below(server)))
    moved = ActionChains(driver, duration=25).click_and_hold(driver.execute_script(HANDLE))
    for step in (-1,) * 80 + (1,) * 80:
        moved = moved.move_by_offset(step, 0)
    moved.release().perform()
    time.sleep(0.5)
    times = driver.execute_script("return window.pictures")
    busy = sum(map(processor, below(server))) - busy
    rate = 1e3 * (len(times) - 1) / (times[-1] - times[0])
    each = 1e3 * busy / len(times)
    print(f"{len(times)} pictures while dragging, {rate:.1f} a second; CPU of the kernel: {each:.0f} ms a picture")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        measure(sys.argv[1] if len(sys.argv) > 1 else "reverse_osmosis", Path(made))
    print("load", *(f"{each:.1f}" for each in os.getloadavg()))
