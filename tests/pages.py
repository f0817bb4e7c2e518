"""What a page of `membrane_pde.page` holds, read back: independently of the scripts that its browser runs."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import numpy as np


def data_of(text: str) -> list[dict[str, Any]]:
    """The data of every case on a page."""
    found = re.findall(r'<script type="application/json" class="data">(.*?)</script>', text, re.DOTALL)
    return [json.loads(each) for each in found]


def numbers3(text: str) -> np.ndarray:
    """Numbers of three bytes: the upper three of a single."""
    raw = np.frombuffer(base64.b64decode(text), np.uint8).reshape(-1, 3).astype(np.uint32)
    return ((raw[:, 0] << 24) | (raw[:, 1] << 16) | (raw[:, 2] << 8)).view(np.float32).astype(float)


def series_of(data: dict[str, Any], run: int) -> dict[str, np.ndarray]:
    """The curves of a run."""
    packed, every, start, found = data["series"], numbers3(data["series"]["data"]), 0, {}
    runs = int(np.prod(data["shape"]))
    for name, kind, length in zip(packed["names"], packed["kinds"], packed["lengths"], strict=True):
        size = (1, runs, runs * length)[kind]
        here = every[start : start + size]
        start += size
        found[name] = np.full(length, here[0 if kind == 0 else run]) if kind < 2 else here.reshape(runs, length)[run]
    assert start == every.size
    return found


def profiles_of(data: dict[str, Any], run: int) -> np.ndarray:
    """Concentrations (solute, side, time, place) of a run."""
    runs, solutes, times = int(np.prod(data["shape"])), len(data["solutes"]), data["times"]
    places = len(data["places"]["left"])
    tops = numbers3(data["profiles"]["tops"]).reshape(runs, solutes, 2, times)
    shares = np.frombuffer(base64.b64decode(data["profiles"]["data"]), np.uint8)
    return tops[run][..., None] * shares.reshape(runs, solutes, 2, times, places)[run] / 255.0


def text_of(data: dict[str, Any], run: int) -> tuple[str, list[dict[str, Any]]]:
    """Sentence and tables of a run."""
    place, *numbers = data["texts"]["runs"][run].split("\t")
    left = iter(numbers)
    words, tables = json.loads(re.sub("\x01", lambda _: next(left), data["texts"]["templates"][int(place)]))
    return words, tables
