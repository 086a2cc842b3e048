"""Options of a command, described once: for typer, and for a reader that needs no typer.

Typer and the models that it builds cost more time than a short check. So the ordinary command lines
are read here, and whatever is not ordinary (help, short forms, mistakes) is left to typer, which
gives the same values.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FunctionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

__all__ = ["Argument", "Option", "described", "ordinary"]


class Argument:
    """The words of a command line that are no options."""

    def __init__(self, *, help: str) -> None:
        self.help = help

    def for_typer(self) -> Any:
        """The same as typer says it."""
        import typer

        return typer.Argument(help=self.help)


class Option:
    """An option; without ``names`` it is called as its parameter. A flag needs a name."""

    def __init__(
        self,
        *names: str,
        help: str,
        envvar: str = "",
        min: int | None = None,
        max: int | None = None,
    ) -> None:
        self.names = names
        self.help = help
        self.envvar = envvar
        self.min = min
        self.max = max

    def for_typer(self) -> Any:
        """The same as typer says it."""
        import typer

        return typer.Option(
            *self.names, help=self.help, envvar=self.envvar or None, min=self.min, max=self.max
        )

    def fits(self, number: int) -> bool:
        """True for a number in its bounds."""
        above = self.min is None or number >= self.min
        return above and (self.max is None or number <= self.max)


class NotOrdinary(Exception):
    """The command line is for typer to read."""


def described(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with its options as typer knows them."""
    assert isinstance(command, FunctionType)
    found = FunctionType(
        command.__code__, command.__globals__, command.__name__, command.__defaults__
    )
    found.__doc__ = command.__doc__
    for name, (kind, about) in _parameters(command).items():
        found.__annotations__[name] = Annotated[kind, about.for_typer()]
    return found


def _parameters(command: Callable[..., Any]) -> dict[str, tuple[Any, Argument | Option]]:
    hints = get_type_hints(command, include_extras=True)
    del hints["return"]
    return {name: get_args(hint) for name, hint in hints.items()}


def ordinary(
    command: Callable[..., Any], words: Sequence[str]
) -> tuple[dict[str, Any], Sequence[str]]:
    """The values of the parameters that are given, and the words that are left.

    A command without an argument ends before the first word that is no option. Raises
    `NotOrdinary`.
    """
    parameters = _parameters(command)
    rest = [name for name, (_, about) in parameters.items() if isinstance(about, Argument)]
    named = {
        word: name
        for name, (_, about) in parameters.items()
        if isinstance(about, Option)
        for word in about.names or ("--" + name.replace("_", "-"),)
    }
    values = _from_environment(parameters)
    given: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        if word == "-" or not word.startswith("-"):
            if not rest:
                break
            given.append(word)
        elif word not in named:
            raise NotOrdinary
        elif parameters[named[word]][0] is bool:
            values[named[word]] = True
        else:
            at += 1
            name = named[word]
            values[name] = _value(*parameters[name], words[at : at + 1], values.get(name))
        at += 1
    if rest:
        if not given:
            raise NotOrdinary
        values[rest[0]] = given
    return values, words[at:]


def _from_environment(parameters: dict[str, tuple[Any, Argument | Option]]) -> dict[str, Any]:
    return {
        name: _value(kind, about, [text], None)
        for name, (kind, about) in parameters.items()
        if isinstance(about, Option) and about.envvar and (text := os.environ.get(about.envvar))
    }


def _value(kind: Any, about: Argument | Option, words: Sequence[str], held: Any) -> Any:
    """The value in the word behind the name of an option; ``held`` was there before."""
    if not words or words[0].startswith("-"):
        raise NotOrdinary
    text = words[0]
    kinds = {get_origin(one) or one for one in get_args(kind) or (kind,)}
    if list in kinds:
        return [*(held or ()), text]
    if str in kinds:
        return text
    if Path in kinds:
        return Path(text)
    assert isinstance(about, Option)
    if not (text.isascii() and text.isdigit() and about.fits(int(text))):
        raise NotOrdinary
    return int(text)
