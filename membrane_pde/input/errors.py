"""The exceptions for errors in the user's input."""

from __future__ import annotations

from collections.abc import Callable, Iterable


class CaseError(Exception):
    """An error in the user's input. The message says where it is, what was expected and what is similar."""


class UnitError(ValueError):
    """An error in a quantity: not a number with a unit, or the wrong dimension. The message is part of a sentence.

    Parameters
    ----------
    reason : str
        What is wrong.
    readings : iterable of str, or of functions from a number to a text
        All that it may mean: quantities or, where a unit is wrong, units; a function makes the whole quantity.
    near : iterable of str
        What is near to it; the first that fits is shown.
    """

    def __init__(
        self, reason: str, readings: Iterable[str | Callable[[float], str]] = (), near: Iterable[str] = ()
    ) -> None:
        super().__init__(reason)
        self.readings, self.near = tuple(readings), tuple(near)
