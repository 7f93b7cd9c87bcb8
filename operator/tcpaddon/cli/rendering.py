"""Renders TcpAddons of files into the objects that would be applied, and prints these."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import yaml

from tcpaddon.api.v1alpha1 import InvalidAddon, TcpAddon
from tcpaddon.core.address import PLACEHOLDER_HOST
from tcpaddon.core.facts import AppFact, Facts
from tcpaddon.core.refs import expected_refs
from tcpaddon.core.render import CannotRenderError, render
from tcpaddon.kube.projections import app_fact
from tcpaddon.names import KIND

Object = Mapping[str, Any]
# A TcpAddon gets its uid from the API server, and its children name it.
PLACEHOLDER_UID: Final = "00000000-0000-0000-0000-000000000000"


class RefusedError(Exception):
    """A TcpAddon that would be refused, or could not be carried out; one fault a line."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The objects of one TcpAddon. notes: what a reader must know about them."""

    name: str
    objects: tuple[Object, ...]
    notes: tuple[str, ...]


def render_all(addons: Sequence[Object], apps: Sequence[Object]) -> tuple[Rendered, ...]:
    """Render every TcpAddon among the objects; others are passed over.

    Args:
        addons: objects with TcpAddons among them.
        apps: objects with the workloads of their spec.appRef among them.

    Raises:
        RefusedError: there is no TcpAddon, or one is refused.
    """
    chosen = [obj for obj in addons if obj.get("kind") == KIND]
    if not chosen:
        raise RefusedError(f"There is no {KIND} in the file.")
    return tuple(_render(obj, apps) for obj in chosen)


def as_yaml(rendered: Sequence[Rendered]) -> str:
    """Write the objects as YAML documents, with the notes as comments."""
    documents: list[str] = []
    for each in rendered:
        notes = "".join(f"# {note}\n" for note in each.notes)
        for index, obj in enumerate(each.objects):
            text = yaml.dump(obj, Dumper=_Dumper, sort_keys=False, width=100, allow_unicode=True)
            documents.append(f"{notes if index == 0 else ''}{text}")
    return "---\n".join(documents)


def as_json(rendered: Sequence[Rendered]) -> str:
    """Write the objects as one List."""
    items = [obj for each in rendered for obj in each.objects]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=2)


def _render(obj: Object, apps: Sequence[Object]) -> Rendered:
    try:
        addon = TcpAddon.parse_strictly(obj)
    except InvalidAddon as error:
        raise RefusedError(str(error)) from None
    metadata = addon.metadata.model_copy(update={"uid": addon.metadata.uid or PLACEHOLDER_UID})
    addon = addon.model_copy(update={"metadata": metadata})
    # The clock is for conditions, which are not printed.
    facts = Facts(now=datetime.fromtimestamp(0, UTC), app=_app(addon, apps))
    if facts.app is None and addon.spec.app_ref is not None:
        ref = expected_refs(addon).app
        raise RefusedError(
            f"{KIND} {metadata.name} follows {ref}: give its file with --app, for example of "
            f"'kubectl get {addon.spec.app_ref.kind.value.lower()} {addon.spec.app_ref.name} "
            "-o yaml'."
        )
    try:
        objects = render(addon, facts)
    except CannotRenderError as error:
        raise RefusedError(str(error)) from None
    return Rendered(name=metadata.name, objects=objects, notes=_notes(addon))


def _app(addon: TcpAddon, apps: Sequence[Object]) -> AppFact | None:
    ref = addon.spec.app_ref
    if ref is None:
        return None
    for app in apps:
        if (app.get("kind"), app.get("metadata", {}).get("name")) == (ref.kind.value, ref.name):
            return app_fact(app)
    return None


def _notes(addon: TcpAddon) -> tuple[str, ...]:
    notes = [
        f"What the operator applies for TcpAddon {addon.metadata.name}.",
        f"{PLACEHOLDER_HOST} stands for the address, which the load balancer gives.",
    ]
    if addon.metadata.uid == PLACEHOLDER_UID:
        notes.append(f"{PLACEHOLDER_UID} stands for the TcpAddon's uid.")
    if addon.spec.binding.secret_ref is not None:
        notes.append(
            f"Of Secret {addon.spec.binding.secret_ref.name}, which is yours, only what is added."
        )
    return tuple(notes)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they are, and repeats what occurs twice."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - as the base class has it
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
