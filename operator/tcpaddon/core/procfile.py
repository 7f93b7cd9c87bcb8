r"""Reads Procfiles: `<process type>: <command line>`, one a line, as Heroku and Foreman do.

Where those two skip a line that they cannot read, this refuses it with its number: a process
that silently does not exist is the worse answer. Lines end in \n, \r\n or \r; blank lines and
lines that begin with `#` are comments.
"""

import re
from collections.abc import Mapping
from typing import Final

_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_ENTRY: Final = re.compile(r"(?P<type>[A-Za-z0-9_-]+)[ \t]*:(?P<command>.*)", re.DOTALL)
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_CONTINUED: Final = re.compile(r"(?<!\\)(\\\\)*\\$")  # ends in a backslash that is not escaped
_SHOWN: Final = 60  # characters of a bad line that a message repeats


class InvalidProcfileError(ValueError):
    """A Procfile that cannot be read; the text says which line and what to do."""


class UnknownProcessTypeError(ValueError):
    """A process type that the Procfile lacks; the text lists those that are there."""


def parse(text: str) -> Mapping[str, str]:
    """Return the command lines by process type, in the order of the file.

    Raises:
        InvalidProcfileError: at the first line that is no entry, or names a type again.
    """
    commands: dict[str, str] = {}
    defined: dict[str, int] = {}
    for number, raw in enumerate(_LINE_END.split(text.removeprefix("\ufeff")), start=1):
        line = raw.strip(" \t")
        if not line or line.startswith("#"):
            continue
        process_type, command = _entry(line, number)
        if process_type in defined:
            raise InvalidProcfileError(
                f"Line {number} of the Procfile defines process type {process_type!r} again "
                f"(first on line {defined[process_type]}): keep one of them."
            )
        defined[process_type] = number
        commands[process_type] = command
    return commands


def command_line(text: str, process_type: str) -> str:
    """Return the command line of one process type.

    Raises:
        InvalidProcfileError: as `parse`.
        UnknownProcessTypeError: when the Procfile has no such type.
    """
    commands = parse(text)
    if process_type in commands:
        return commands[process_type]
    there = ", ".join(commands) or "none"
    raise UnknownProcessTypeError(
        f"The Procfile has no process type {process_type!r} (there: {there}): "
        f"add a line '{process_type}: <command>' to it, or set spec.processType to one "
        "of those that are there."
    )


def _entry(line: str, number: int) -> tuple[str, str]:
    """Split one line, without white space at its ends, into process type and command."""
    if _UNPRINTABLE.search(line):
        raise InvalidProcfileError(
            f"Line {number} of the Procfile has an unprintable character: "
            "type the line anew as plain text."
        )
    match = _ENTRY.fullmatch(line)
    if match is None:
        shown = line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
        raise InvalidProcfileError(
            f"Line {number} of the Procfile is no '<process type>: <command>': {shown!r}. Process "
            "types have letters, digits, '-' and '_'; begin a comment with '#'."
        )
    command = match["command"].strip(" \t")
    if not command:
        raise InvalidProcfileError(
            f"Line {number} of the Procfile has no command for process type {match['type']!r}: "
            "write it behind the colon, on the same line."
        )
    if _CONTINUED.search(command):
        raise InvalidProcfileError(
            f"Line {number} of the Procfile ends in a backslash, but a Procfile has no "
            "continuation lines: write the whole command on one line."
        )
    return match["type"], command
