"""The exceptions for what is wrong with the user's input."""

from __future__ import annotations

from collections.abc import Callable, Iterable


class CaseError(Exception):
    """The user's input is wrong; the message says where, what was expected and what is near, in one or two lines."""


class UnitError(ValueError):
    """A text that is not a quantity, or one of the wrong dimension. The message is a part of a sentence.

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
