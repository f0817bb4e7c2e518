"""Pages as a person meets them: a file opened in a real browser, on a phone, a projector and a desk."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import membrane_pde as mp
from membrane_pde.show import words
from tests.browser import CHROMIUM, DRIVER, chromium, requests, resize

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no Chromium with its driver here"),
]
SIZES = {"phone": (390, 844), "projector": (1280, 720), "desk": (1440, 900)}
FAST = {"mesh.cells": 40, "run.outputs": 60}
SLIDERS = {"right.pressure": "0:80:9 bar", "right.concentration.NaCl": "5:45:5 g/L"}

# all that a person sees change, in a few texts
SEEN = """
const one = document.querySelector(".case");
return {
    answer: one.querySelector(".answer").textContent,
    drawing: one.querySelector(".vessels svg").innerHTML.replace(/shade-\\w+-\\d+/g, ""),
    curves: [...one.querySelectorAll(".plot svg")].map(
        (svg) => [...svg.querySelectorAll("path")].map((path) => path.getAttribute("d")).join()
    ),
    table: one.querySelector(".tables").textContent,
    readings: (one.querySelector(".readings") || one).textContent,
    outputs: [...one.querySelectorAll(".control .value")].map((each) => each.textContent),
    alternatives: [...one.querySelectorAll("[role=img]")].map((each) => each.getAttribute("aria-label")),
};
"""
FRAMES = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 250)));"


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    pytest.importorskip("selenium")
    with chromium(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture(scope="module")
def case() -> mp.Case:
    return mp.load_case("reverse_osmosis").with_values(FAST)


@pytest.fixture(scope="module")
def page(case: mp.Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "page.html"
    mp.page(case, path, sliders=SLIDERS, workers=1)
    return path


def opened(driver: Any, path: Path, size: str) -> None:
    """Open a file at a size, and hold that it loads without a word on the console."""
    resize(driver, *SIZES[size], mobile=size == "phone")
    driver.get_log("browser")
    requests(driver)
    driver.get(path.as_uri())
    settle(driver)


def settle(driver: Any) -> None:
    driver.set_script_timeout(20)
    driver.execute_async_script(FRAMES)


def seen(driver: Any) -> dict[str, Any]:
    settle(driver)
    found: dict[str, Any] = driver.execute_script(SEEN)
    return found


def put(driver: Any, places: list[int], moment: int | None = None) -> None:
    """Sliders at these places, as a person would put them there."""
    driver.execute_script(
        """
        const inputs = document.querySelectorAll(".control:not(.time) input");
        const time = document.querySelector(".control.time input");
        const send = (input, value) => {
            input.value = value;
            input.dispatchEvent(new Event("input", {bubbles: true}));
        };
        arguments[0].forEach((place, i) => send(inputs[i], place));
        if (arguments[1] !== null) send(time, arguments[1]);
        """,
        places,
        moment,
    )


def quiet(driver: Any, path: Path) -> None:
    """Nothing on the console, and nothing asked for but the file itself."""
    assert driver.get_log("browser") == []
    foreign = {each for each in requests(driver) if not each.startswith(("data:", "chrome:", path.as_uri()))}
    assert foreign == set()


@pytest.mark.parametrize("size", SIZES)
def test_a_slider_dragged_by_the_mouse_changes_everything(driver: Any, page: Path, size: str) -> None:
    from selenium.webdriver import ActionChains

    opened(driver, page, size)
    before = seen(driver)
    slider = driver.find_element("id", "slider-0-0")
    assert driver.execute_script(
        "const b = arguments[0].getBoundingClientRect(); return b.top >= 0 && b.bottom <= innerHeight", slider
    ), "the slider is on the screen without scrolling"
    width = slider.size["width"]
    ActionChains(driver).move_to_element(slider).click_and_hold().move_by_offset(
        -int(0.4 * width), 0
    ).release().perform()
    after = seen(driver)
    for what in ("answer", "drawing", "table", "readings"):
        assert after[what] != before[what], what
    assert after["outputs"][0] != before["outputs"][0]
    assert after["outputs"][0].endswith(" bar")
    changed = [one != other for one, other in zip(after["curves"], before["curves"], strict=True)]
    assert all(changed), changed
    assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    quiet(driver, page)


@pytest.mark.parametrize("size", SIZES)
def test_a_slider_moved_by_keys(driver: Any, page: Path, size: str) -> None:
    from selenium.webdriver.common.keys import Keys

    opened(driver, page, size)
    slider = driver.find_element("id", "slider-0-1")
    before = seen(driver)
    slider.send_keys(Keys.ARROW_LEFT)
    after = seen(driver)
    assert float(after["outputs"][1].split()[0]) == float(before["outputs"][1].split()[0]) - 10.0
    assert after["answer"] != before["answer"]
    assert slider.get_attribute("aria-valuetext") == after["outputs"][1]
    clock = driver.find_element("id", "time-0")
    clock.send_keys(Keys.HOME)
    start = seen(driver)
    assert start["outputs"][2] == "at the start"
    assert start["drawing"] != after["drawing"]
    assert start["answer"] == after["answer"]
    clock.send_keys(Keys.ARROW_RIGHT)
    assert seen(driver)["outputs"][2].startswith("after ")
    quiet(driver, page)


def test_every_position_shows_what_a_run_says(driver: Any, page: Path, case: mp.Case) -> None:
    """20 positions at random: the sentence is that of a run, and so are the numbers beside the drawing, to 3 digits."""
    opened(driver, page, "projector")
    chance = np.random.default_rng(1)
    for _ in range(20):
        i, j = int(chance.integers(9)), int(chance.integers(5))
        put(driver, [i, j], 10_000)
        found = seen(driver)
        result = mp.run(
            case.with_values({"right.pressure": f"{10 * i} bar", "right.concentration.NaCl": f"{5 + 10 * j} g/L"})
        )
        assert found["answer"] == words.in_words(result)
        cells = driver.execute_script(
            'return [...document.querySelectorAll(".readings tbody tr")]'
            ".map((row) => [...row.children].map((cell) => cell.textContent))"
        )
        shown = {row[0].strip("● "): [float(cell) for cell in row[1:]] for row in cells}
        for side, value in zip(("left", "right"), shown["NaCl (g/L)"], strict=True):
            mean = result.summary[f"concentration_{side}_mol_per_m3"]["NaCl"] * 58.44e-3
            assert value == pytest.approx(mean, rel=5.1e-3)
        for side, value in zip(("left", "right"), shown["pressure (bar)"], strict=True):
            assert value == pytest.approx(result.summary[f"pressure_{side}_Pa"] * 1e-5, rel=5.1e-3)


def test_play_runs_through_time(driver: Any, page: Path) -> None:
    opened(driver, page, "projector")
    driver.find_element("css selector", ".play").click()
    moments = set()
    for _ in range(8):
        time.sleep(0.25)
        moments.add(seen(driver)["outputs"][2])
    assert len(moments) > 4
    driver.find_element("css selector", ".play").click()
    here = seen(driver)["outputs"][2]
    time.sleep(0.3)
    assert seen(driver)["outputs"][2] == here


def test_the_map_chooses_a_run(driver: Any, page: Path) -> None:
    from selenium.webdriver import ActionChains

    opened(driver, page, "desk")
    before = seen(driver)
    drawing = driver.find_element("css selector", ".map svg")
    ActionChains(driver).move_to_element_with_offset(drawing, -40, 20).click().perform()
    after = seen(driver)
    assert after["outputs"][:2] != before["outputs"][:2]
    assert after["answer"] != before["answer"]


def test_axes_stay_until_they_are_fitted(driver: Any, page: Path) -> None:
    opened(driver, page, "desk")
    ticks = 'return [...document.querySelectorAll(".plot svg text")].map((each) => each.textContent).join()'
    before = driver.execute_script(ticks)
    put(driver, [1, 3])
    settle(driver)
    assert driver.execute_script(ticks) == before
    driver.find_element("css selector", ".fit input").click()
    settle(driver)
    assert driver.execute_script(ticks) != before


def test_a_person_who_cannot_see_it_is_told(driver: Any, page: Path) -> None:
    """The tree that a screen reader reads: names, values in units, an alternative for each figure."""
    opened(driver, page, "phone")
    tree = driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    nodes = [
        (node["role"]["value"], node.get("name", {}).get("value", ""), node)
        for node in tree
        if not node.get("ignored") and "role" in node
    ]
    names = [name for role, name, _ in nodes if role == "slider"]
    assert names == ["pressure on salt water", "NaCl in salt water", "Time"]
    script = (
        'return [...document.querySelectorAll("input[type=range]")].map((each) => each.getAttribute("aria-valuetext"))'
    )
    told = driver.execute_script(script)
    assert told[0].endswith(" bar")
    assert told[1].endswith(" g/L")
    assert told[2].startswith("after ")
    images = [name for role, name, _ in nodes if role in ("image", "img")]
    assert len(images) == 7  # the vessels, a profile, four over time, the map
    assert all(len(name) > 30 for name in images)
    assert any("from right to left" in name or "from left to right" in name for name in images)
    assert [role for role, _, _ in nodes].count("status") == 1
    before = seen(driver)["alternatives"]
    put(driver, [0, 0])
    assert all(one != other for one, other in zip(seen(driver)["alternatives"], before, strict=True))


SMALL = """
const found = [];
for (const each of document.querySelectorAll("body *")) {
    if (each.closest("details:not([open]), .visually-hidden, script, style, noscript")) continue;
    if (![...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())) continue;
    const box = each.getBoundingClientRect();
    if (!box.width) continue;
    const svg = each.closest("svg"), own = svg && svg.viewBox.baseVal ? svg.viewBox.baseVal.width : 0;
    const scale = own ? svg.getBoundingClientRect().width / own : 1;
    const size = parseFloat(getComputedStyle(each).fontSize) * scale;
    if (size < 9.5) found.push([each.textContent.slice(0, 40), size]);
}
return found;
"""
FAINT = """
const channel = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4);
const light = (c) => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
const read = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
const found = [];
for (const each of document.querySelectorAll("body *")) {
    if (each.closest("svg") || ["SCRIPT", "STYLE", "NOSCRIPT"].includes(each.tagName)) continue;
    if (![...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())) continue;
    if (each.getAttribute("aria-hidden") === "true" || !each.getBoundingClientRect().width) continue;
    let under = each, back = [255, 255, 255];
    for (; under; under = under.parentElement) {
        const c = read(getComputedStyle(under).backgroundColor);
        if (c.length === 3 || c[3] > 0) { back = c; break; }
    }
    const [a, b] = [light(read(getComputedStyle(each).color)), light(back)].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) found.push([each.textContent.slice(0, 40), getComputedStyle(each).color]);
}
return found;
"""


@pytest.mark.parametrize("size", SIZES)
def test_text_is_large_enough_and_dark_enough(driver: Any, page: Path, size: str) -> None:
    opened(driver, page, size)
    assert driver.execute_script(SMALL) == []
    assert driver.execute_script(FAINT) == []


def test_it_prints(driver: Any, page: Path) -> None:
    opened(driver, page, "desk")
    printed = base64.b64decode(driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"])
    assert printed.startswith(b"%PDF-")
    assert 2 <= printed.count(b"/Type /Page\n") <= 12
    assert driver.execute_script("return [...document.querySelectorAll('details')].every((each) => each.open)")


@pytest.mark.parametrize(
    "name",
    [
        "u_tube",
        "plant_cell_turgor",
        "two_gases",
        "swelling_sphere",
        "ro_vessel",
        "pump_trip",
        "dialysis",
        "forward_osmosis",
    ],
)
def test_every_kind_of_case_is_drawn(driver: Any, tmp_path: Path, name: str) -> None:
    path = tmp_path / "page.html"
    mp.page(name, path)
    for size in SIZES:
        opened(driver, path, size)
        found = seen(driver)
        assert len(found["drawing"]) > 400
        assert found["curves"]
        assert all(len(each) > 20 and "NaN" not in each for each in found["curves"])
        assert "NaN" not in found["drawing"]
        assert all("NaN" not in each and "undefined" not in each for each in found["alternatives"])
        assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
        assert driver.execute_script(SMALL) == []
        quiet(driver, path)


def test_a_failed_run_is_a_marked_gap(driver: Any, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    case = mp.load_case("osmosis").with_values({**FAST, "right.concentration.NaCl": "0.9 g/L", "run.duration": "10 h"})
    mp.page(case, path, sliders={"right.pressure": ["0 bar", "1 bar", "3000 bar"]}, workers=1)
    opened(driver, path, "projector")
    assert len(driver.find_elements("css selector", ".gaps path")) == 1
    put(driver, [2])
    found = seen(driver)
    assert "dry" in found["answer"]
    assert "no run here" in found["drawing"]
    put(driver, [1])
    assert "dry" not in seen(driver)["answer"]
    quiet(driver, path)


def test_cases_side_by_side_share_the_time(driver: Any, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    mp.page([mp.load_case(name).with_values(FAST) for name in ("osmosis", "reverse_osmosis")], path)
    for size in SIZES:
        opened(driver, path, size)
        put(driver, [], 20)
        settle(driver)
        shown = driver.execute_script(
            'return [...document.querySelectorAll(".time .value")].map((each) => each.textContent)'
        )
        assert len(set(shown)) == 1
        assert shown[0].startswith("after ")
        quiet(driver, path)
