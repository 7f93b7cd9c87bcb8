"""The marks that a model's types carry for the API server, and that parsing honours as well.

They stand in `Annotated[...]`. A rule is written once and holds twice: as CEL in the CRD, and as
a predicate where a file is parsed without a cluster.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

VALIDATIONS: Final = "x-kubernetes-validations"
LIST_TYPE: Final = "x-kubernetes-list-type"
LIST_MAP_KEYS: Final = "x-kubernetes-list-map-keys"
MAP_TYPE: Final = "x-kubernetes-map-type"
SHAPE: Final = "x-tcpaddon-shape"  # never reaches the CRD
# pydantic's error type of a broken rule: its message is already a sentence for people.
RULE_ERROR: Final = "rule"


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence that must be true, and what to do where it is not.

    cel: the rule for the API server, `self` being the value.
    message: one plain sentence that says what to do.
    holds: the same rule for Python; None where only the API server can tell (it has the old
    object), or where the operator has a better answer than yes or no.
    at: the field below `self` that the sentence is about, as `.binding.port`.
    """

    cel: str
    message: str
    holds: Callable[[Any], bool] | None = None
    at: str = ""

    def as_schema(self) -> dict[str, str]:
        """Write the rule as an entry of `x-kubernetes-validations`."""
        entry = {"rule": self.cel, "message": self.message}
        return entry | {"fieldPath": self.at} if self.at else entry

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check the rule after the type's own checks."""
        inner = handler(source)
        holds = self.holds
        if holds is None:
            return inner

        def check(value: Any) -> Any:
            if not holds(value):
                context = {"sentence": self.message, "at": self.at}
                raise PydanticCustomError(RULE_ERROR, "{sentence}", context)
            return value

        return core_schema.no_info_after_validator_function(check, inner)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Add the rule to the type's schema."""
        made = handler(schema)
        made.setdefault(VALIDATIONS, []).append(self.as_schema())
        return made


def form(pattern: str, message: str) -> Rule:
    """Ask for a string of this form; the pattern means the same to RE2 and to Python."""
    compiled = re.compile(pattern)
    return Rule(
        cel=f"self.matches(r'^({pattern})$')",
        message=message,
        holds=lambda text: compiled.fullmatch(text) is not None,
    )


@dataclass(frozen=True, slots=True)
class Keyed:
    """A list whose items are told apart by one field: a list map for server-side apply."""

    key: str

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Add the list type and its key."""
        made = handler(schema)
        made[LIST_TYPE] = "map"
        made[LIST_MAP_KEYS] = [self.key]
        return made

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Refuse a second item of the same key, as the API server does."""

        def check(items: list[Any]) -> list[Any]:
            attribute = re.sub("([A-Z])", lambda m: f"_{m[1].lower()}", self.key)
            keys = [getattr(item, attribute) for item in items]
            if len(set(keys)) < len(keys):
                sentence = f"Give each entry a {self.key} of its own."
                raise PydanticCustomError(
                    RULE_ERROR, "{sentence}", {"sentence": sentence, "at": ""}
                )
            return items

        return core_schema.no_info_after_validator_function(check, handler(source))


@dataclass(frozen=True, slots=True)
class Extra:
    """Further schema keywords, such as `x-kubernetes-list-type: atomic`."""

    keyword: str
    value: Any

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Add the keyword."""
        made = handler(schema)
        made[self.keyword] = self.value
        return made


ATOMIC_LIST: Final = Extra(LIST_TYPE, "atomic")  # the last writer's list is the list
ATOMIC_MAP: Final = Extra(MAP_TYPE, "atomic")


@dataclass(frozen=True, slots=True)
class Shaped:
    """Plain JSON data that the API server checks against another type.

    The operator hands such values on as they are, so it does not spend time on parsing them.
    """

    shape: Any

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Leave a mark that structural.py replaces with the other type's own schema."""
        return {SHAPE: self.shape}
