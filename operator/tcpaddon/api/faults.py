"""Turns pydantic's complaints into sentences that name the field and say what to do."""

from collections.abc import Iterable, Mapping, Sized
from typing import Any, Final

from pydantic import ValidationError

from tcpaddon.api.marks import RULE_ERROR


class InvalidAddon(ValueError):  # noqa: N818 - it says what the addon is
    """An object that is no valid TcpAddon; `faults` has one sentence per fault."""

    def __init__(self, faults: Iterable[str]) -> None:
        """Keep the faults, without repetitions."""
        self.faults = tuple(dict.fromkeys(faults))
        super().__init__("\n".join(self.faults))


def sentences(error: ValidationError, under: str = "") -> list[str]:
    """Say each fault as `spec.ports[0].port: At most 65535, not 70000.`."""
    found = error.errors(include_url=False)
    return [
        _sentence(_path(under, each["loc"]) + each.get("ctx", {}).get("at", ""), each)
        for each in found
    ]


# The arms of int-or-string: no steps of a path, and both say one thing, which is told once.
_ARMS: Final = ("int", "str")
_FAULTS_OF_ARMS: Final = ("int_", "string_type")
_INT_OR_STRING: Final = 'Write a whole number here, or text in quotes, such as 1 or "0.5".'


def _path(under: str, location: tuple[int | str, ...]) -> str:
    path = under
    steps = location[:-1] if location and location[-1] in (*_ARMS, "[key]") else location
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if path else step
    return path


_WORDS: Final[Mapping[str, str]] = {
    RULE_ERROR: "{sentence}",
    "missing": "This field is needed: add it.",
    "extra_forbidden": "There is no such field: correct its spelling or remove it.",
    "greater_than_equal": "Use a number of at least {ge}, not {given}.",
    "less_than_equal": "Use a number of at most {le}, not {given}.",
    "enum": "Use {expected}, not {given!r}.",
    "literal_error": "Use {expected}, not {given!r}.",
    "string_too_long": "Use at most {max_length} characters, not {size}.",
    "string_too_short": "Write at least one character, or remove the field.",
    "too_long": "Use at most {max_length} entries, not {size}.",
    "too_short": "Add at least one entry, or remove the field.",
    "string_type": "Write text here; put a number in quotes.",
    "int_type": "Write a whole number here, without quotes.",
    "bool_type": "Write true or false here, without quotes.",
    "list_type": "Write a list here: lines that begin with '- '.",
    "invalid_key": 'Put the name of this field in quotes: "{given}".',
    "dict_type": "Write fields here, such as {{name: …}}.",
    "model_type": "Write fields here, such as {{name: …}}.",
    "model_attributes_type": "Write fields here, such as {{name: …}}.",
}


def _sentence(path: str, fault: Mapping[str, Any]) -> str:
    given, location = fault["input"], fault["loc"]
    words = _WORDS.get(fault["type"])
    if location and location[-1] in _ARMS and fault["type"].startswith(_FAULTS_OF_ARMS):
        text = _INT_OR_STRING
    elif words is None:
        text = f"{fault['msg'].removeprefix('Input should be ').capitalize()} is needed here."
    else:
        size = len(given) if isinstance(given, Sized) else 0
        text = words.format(given=given, size=size, **fault.get("ctx", {}))
    return f"{path}: {text}" if path else text
