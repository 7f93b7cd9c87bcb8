"""Checks a file's workload or ConfigMap as far as rendering reads it: no API server has."""

from collections.abc import Mapping
from typing import Any, Final

from tcpaddon.cli.files import Document
from tcpaddon.core.facts import AppFact, ConfigMapFact
from tcpaddon.kube.users import app_fact, config_map_fact

# Lists that the process follows, with the fields that their items must have.
_Lists = Mapping[str, tuple[str, ...]]
_LISTS_OF_CONTAINER: Final[_Lists] = {
    "envFrom": (),
    "volumeMounts": ("mountPath", "name"),
}
_LISTS_OF_POD: Final[_Lists] = {
    "volumes": ("name",),
    "imagePullSecrets": ("name",),
    "tolerations": (),
}


class FaultyWorkloadError(Exception):
    """An object that lacks what is followed of it; the text says where and what."""


def read(document: Document) -> AppFact:
    """Read what a TcpAddon follows of a Deployment or StatefulSet.

    Raises:
        FaultyWorkloadError: a part of it is missing, or is of another type than it must be.
    """
    try:
        return _read(document)
    except FaultyWorkloadError as error:
        raise FaultyWorkloadError(f"{document}: {error}") from None


def read_texts(document: Document) -> ConfigMapFact:
    """Read the texts of a ConfigMap.

    Raises:
        FaultyWorkloadError: one of them is no text.
    """
    found: dict[str, Mapping[str, Any]] = {}
    try:
        for part in ("data", "binaryData"):
            if document.content.get(part) is not None:
                found[part] = _fields(document.content, part, "")
                for key in found[part]:
                    _text(found[part], key, part)
    except FaultyWorkloadError as error:
        raise FaultyWorkloadError(f"{document}: {error}") from None
    head = {"kind": document.kind, "metadata": {"name": document.name}}
    return config_map_fact({**head, **found})


def _read(document: Document) -> AppFact:
    spec = _fields(document.content, "spec", "")
    template = _fields(spec, "template", "spec")
    pod = _fields(template, "spec", "spec.template")
    place = "spec.template.spec"
    for container, at in _items(pod, "containers", place, ("name",), needed=True):
        for name, keys in _LISTS_OF_CONTAINER.items():
            _items(container, name, at, keys)
        _text(container, "image", at)
        for variable, where in _items(container, "env", at, ("name",)):
            _text(variable, "value", where)
    for name, keys in _LISTS_OF_POD.items():
        _items(pod, name, place, keys)
    annotations: Mapping[str, Any] = {}
    if template.get("metadata") is not None:
        metadata = _fields(template, "metadata", "spec.template")
        if metadata.get("annotations") is not None:
            annotations = _fields(metadata, "annotations", "spec.template.metadata")
            for name in annotations:
                _text(annotations, name, "spec.template.metadata.annotations")
    # Who owns what of it matters to a cluster, not here.
    return app_fact(
        {
            "kind": document.kind,
            "metadata": {"name": document.name},
            "spec": {"template": {"metadata": {"annotations": annotations}, "spec": pod}},
        }
    )


def _fields(parent: Mapping[str, Any], name: str, at: str) -> Mapping[str, Any]:
    path = f"{at}.{name}".removeprefix(".")
    value = parent.get(name)
    if value is None:
        raise FaultyWorkloadError(f"{path}: This field is needed: add it.")
    if not isinstance(value, Mapping):
        raise FaultyWorkloadError(f"{path}: Write fields here, such as {{name: …}}.")
    return value


def _text(parent: Mapping[str, Any], name: str, at: str) -> None:
    if not isinstance(parent.get(name) or "", str):
        raise FaultyWorkloadError(f"{at}.{name}: Write text here; put a number in quotes.")


def _items(
    parent: Mapping[str, Any], name: str, at: str, keys: tuple[str, ...], *, needed: bool = False
) -> list[tuple[Mapping[str, Any], str]]:
    path = f"{at}.{name}"
    value = parent.get(name)
    if not value and needed:
        raise FaultyWorkloadError(f"{path}: This field is needed: add it.")
    if not isinstance(value or [], list):
        raise FaultyWorkloadError(f"{path}: Write a list here: lines that begin with '- '.")
    found = [(item, f"{path}[{index}]") for index, item in enumerate(value or [])]
    for item, place in found:
        if not isinstance(item, Mapping):
            raise FaultyWorkloadError(f"{place}: Write fields here, such as {{name: …}}.")
        for key in keys:
            if not isinstance(item.get(key), str):
                raise FaultyWorkloadError(f"{place}.{key}: Write the {key} here, as text.")
    return found
