"""The TcpAddon as a whole: the rules between its fields, and the way from an object to it."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Self

from pydantic import TypeAdapter, ValidationError

from tcpaddon.api.faults import InvalidAddon, sentences
from tcpaddon.api.marks import Shaped
from tcpaddon.api.part import Part
from tcpaddon.api.strings import DnsLabel, ObjectName
from tcpaddon.api.v1alpha1.rules import NAME_RULES, SPEC_RULES
from tcpaddon.api.v1alpha1.spec import TcpAddonSpec
from tcpaddon.api.v1alpha1.status import TcpAddonStatus
from tcpaddon.names import API_VERSION, KIND


class Metadata(Part):
    """What the operator needs of an object's metadata."""

    name: str
    namespace: str = "default"
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    deletion_timestamp: str | None = None


class TcpAddon(Part):
    """A TCP process for an app, with a public address and its URL in the app's Secret."""

    metadata: Metadata
    spec: Annotated[TcpAddonSpec, *SPEC_RULES]
    """What is wanted."""
    status: TcpAddonStatus = TcpAddonStatus()
    """What is: written by the operator."""

    @classmethod
    def parse(cls, obj: Mapping[str, Any]) -> Self:
        """Parse an object of the API server.

        Fields that are not known are passed over and missing ones have their defaults, so objects
        that another version stored parse as well.

        Raises:
            InvalidAddon: the object breaks what the schema asks for.
        """
        try:
            addon = cls.model_validate(obj)
        except ValidationError as error:
            raise InvalidAddon(sentences(error)) from None
        broken = [rule for rule in NAME_RULES if rule.holds and not rule.holds(addon)]
        if broken:
            places = (rule.at.removeprefix(".") or "metadata.name" for rule in broken)
            raise InvalidAddon(f"{at}: {r.message}" for at, r in zip(places, broken, strict=True))
        return addon

    @classmethod
    def parse_strictly(cls, obj: Mapping[str, Any]) -> Self:
        """Parse what a user wrote, as strictly as the API server would at `kubectl apply`.

        Raises:
            InvalidAddon: a field that does not exist, or anything else that would be refused.
        """
        if (obj.get("apiVersion"), obj.get("kind")) != (API_VERSION, KIND):
            given = f"{obj.get('kind')} of {obj.get('apiVersion', 'no apiVersion')}"
            raise InvalidAddon([f"This is a {given}, not a {KIND} of {API_VERSION}."])
        metadata, spec = (_without_nulls(obj.get(part) or {}) for part in ("metadata", "spec"))
        faults = _faults_in_name(metadata) + _faults_in_shapes(spec)
        try:
            TcpAddonSpec.model_validate(spec, extra="forbid")
        except ValidationError as error:
            faults += sentences(error, "spec")
        try:
            addon = cls.parse({"metadata": metadata, "spec": spec})
        except InvalidAddon as error:
            name_told = any(fault.startswith("metadata.name: ") for fault in faults)
            of_name = "metadata.name: " if name_told else ()
            more = (fault for fault in error.faults if not fault.startswith(of_name))
            raise InvalidAddon([*faults, *more]) from None
        if faults:
            raise InvalidAddon(faults)
        return addon


def _faults_in_name(metadata: Any) -> list[str]:
    # What the API server asks of every object's name and namespace, rules or no rules.
    faults: list[str] = []
    for field, type_ in (("name", ObjectName), ("namespace", DnsLabel)):
        if isinstance(metadata, Mapping) and isinstance(metadata.get(field), str):
            try:
                _adapter(type_).validate_python(metadata[field])
            except ValidationError as error:
                faults += sentences(error, f"metadata.{field}")
    return faults


def _faults_in_shapes(spec: Any) -> list[str]:
    if not isinstance(spec, Mapping):
        return []  # said where the whole is parsed
    faults: list[str] = []
    for field in TcpAddonSpec.model_fields.values():
        name = field.alias or ""
        shape = next((mark.shape for mark in field.metadata if isinstance(mark, Shaped)), None)
        if shape is None or name not in spec:
            continue
        try:
            _adapter(shape).validate_python(spec[name])
        except ValidationError as error:
            faults += sentences(error, f"spec.{name}")
    return faults


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def _without_nulls(value: Any) -> Any:
    # `binding:` with nothing behind it means the default, as it does to the API server.
    if isinstance(value, Mapping):
        return {key: _without_nulls(held) for key, held in value.items() if held is not None}
    return value
