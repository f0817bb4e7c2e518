"""What an error message suggests is tried out in the place that it is about."""

from __future__ import annotations

import re

from membrane_pde.input.casefile import parse_case
from membrane_pde.input.errors import CaseError

_ASKED = re.compile(r"(?:did you mean|for example|expected) (\"[^\"]+\"(?:(?: or|,) \"[^\"]+\")*)")
_VALUE = re.compile(r'(?P<key>\S+) = (?P<value>"[^"]*"): ')
_ENTRY = re.compile(r'(?P<key>\S+) = .*(?:entry \d+|mean|amplitude|period|frequency), (?P<value>"[^"]*"): ')
_MISSING = re.compile(r'(?P<key>\S+) is missing: [^"]*for example(?: \w+ =)? (?P<value>"[^"]+")')
_UNKNOWN = re.compile(r'(?P<key>\S+): unknown key; did you mean "(?:[^"]+\.)?(?P<other>\w+)"')


def suggested(message: str) -> list[str]:
    """The texts that a message puts in quotes as what may have been meant, or as an example."""
    return [each for found in _ASKED.findall(message) for each in re.findall(r'"([^"]+)"', found)]


def check_suggestions(text: str, message: str) -> int:
    """Put what is suggested into a wrong case: it must not be refused there again. The number of what was tried."""
    tried = 0
    if place := _ENTRY.match(message) or _VALUE.match(message):
        where = [found.start() for found in re.finditer(re.escape(place["value"]), text)]
        for other in suggested(message[place.end() :]) if where else ():
            tried += 1
            ends = [(text[:at], text[at + len(place["value"]) :]) for at in where]
            again = [_again(f'{before}"{other}"{after}') for before, after in ends]
            refused = [each for each in again if each.startswith(f"{place['key']} = ") and f'"{other}": ' in each]
            assert len(refused) < len(where), f'"{other}" of {message}\n{refused[0]}'
    elif place := _MISSING.match(message):
        tried += 1
        again = _again(text, {place["key"]: place["value"].strip('"')})
        assert not again.split("set: ")[-1].startswith(place["key"]), f"{message}\n{again}"
    elif place := _UNKNOWN.match(message):
        tried += 1
        wrong = place["key"].rsplit(".", 1)[-1]
        again = _again(re.sub(rf"(?<!\w){re.escape(wrong)}(?!\w)", place["other"], text, count=1))
        assert "unknown key" not in again, f"{message}\n{again}"
    return tried


def _again(text: str, values: dict[str, object] | None = None) -> str:
    try:
        parse_case(text, values=values)
    except CaseError as error:
        return str(error)
    return ""
