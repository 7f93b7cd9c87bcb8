"""Turns a pydantic model into the structural schema that a CRD holds."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter

from tcpaddon.api.marks import SHAPE, VALIDATIONS

Schema = dict[str, Any]

_INT32_MAX: Final = 2**31 - 1
_INT_OR_STRING: Final = "x-kubernetes-int-or-string"
_PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"
# The order in which a person reads a field.
_ORDER: Final = (
    "description", "type", "format", "default", "enum", "minimum", "maximum", "minLength",
    "maxLength", "minItems", "maxItems", "maxProperties", "required", "properties", "items",
    "additionalProperties",
)  # fmt: skip


def structural(model: type[BaseModel], *, defaults: bool = True) -> Schema:
    """Return the model's schema without references, titles, nulls and what CRDs refuse.

    defaults: False for what is written whole, such as a status, where a default would only add
    fields that nobody wrote.
    """
    made = model.model_json_schema(mode="validation")
    return _converted(made, {}, defaults=defaults)


def _converted(given: Mapping[str, Any], defs: Mapping[str, Any], *, defaults: bool) -> Schema:
    if SHAPE in given:
        nearer = {key: value for key, value in given.items() if key != SHAPE}
        given = TypeAdapter(given[SHAPE]).json_schema(mode="validation") | nearer
    defs = {**defs, **given.get("$defs", {})}
    schema = _resolved(given, defs)
    for dropped in ("title", "$defs"):
        schema.pop(dropped, None)
    if "items" in schema:
        schema["items"] = _converted(schema["items"], defs, defaults=defaults)
    if "properties" in schema:
        schema["properties"] = {
            name: _converted(each, defs, defaults=defaults)
            for name, each in schema["properties"].items()
        }
    _convert_additional(schema, defs, defaults=defaults)
    _convert_default(schema, keep=defaults)
    _convert_description(schema)
    if "const" in schema:  # pydantic's word for an enum of one
        schema["enum"] = [schema.pop("const")]
    if schema.get("type") == "integer":
        schema["format"] = "int32" if schema.get("maximum", 0) <= _INT32_MAX else "int64"
    rest = sorted(schema.keys() - set(_ORDER))
    return {key: schema[key] for key in (*_ORDER, *rest) if key in schema}


def _resolved(given: Mapping[str, Any], defs: Mapping[str, Any]) -> Schema:
    """Follow references and drop the null of optional fields; what stands nearer wins."""
    schema = dict(given)
    target: Mapping[str, Any] = {}
    if "$ref" in schema:
        target = defs[schema.pop("$ref").removeprefix("#/$defs/")]
    elif "anyOf" in schema:
        (target,) = (arm for arm in schema.pop("anyOf") if arm != {"type": "null"})
    else:
        return schema
    below = _resolved(target, defs)
    validations = [*below.get(VALIDATIONS, []), *schema.get(VALIDATIONS, [])]
    merged = below | schema
    if validations:
        merged[VALIDATIONS] = validations
    return merged


def _convert_additional(schema: Schema, defs: Mapping[str, Any], *, defaults: bool) -> None:
    additional = schema.pop("additionalProperties", None)
    if additional is True:
        schema[_PRESERVE] = True
    elif isinstance(additional, Mapping):  # False says what pruning does anyway
        schema["additionalProperties"] = _converted(additional, defs, defaults=defaults)


def _convert_default(schema: Schema, *, keep: bool) -> None:
    default = schema.get("default")
    if not keep or default is None:
        schema.pop("default", None)
    elif "properties" in schema:
        # Written out, since the API server tries the rules on a default as it stands.
        fields = schema["properties"].items()
        schema["default"] = {name: each["default"] for name, each in fields if "default" in each}


def _convert_description(schema: Schema) -> None:
    if "description" not in schema:
        return
    text = " ".join(schema["description"].split())
    # kubectl explain shows no defaults.
    schema["description"] = f"{text} {default_sentence(schema)}".rstrip()


def default_sentence(schema: Mapping[str, Any]) -> str:
    """Say what a field is where it is not given, "" for objects and where there is no default."""
    default = schema.get("default")
    if isinstance(default, bool):
        return f"Default: {str(default).lower()}."
    return f"Default: {default}." if isinstance(default, str | int) else ""
