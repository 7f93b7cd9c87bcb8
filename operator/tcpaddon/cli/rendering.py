"""Renders TcpAddons of files into the objects that would be applied, and prints these."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import yaml

from tcpaddon.api.v1alpha1 import InvalidAddon, TcpAddon
from tcpaddon.cli import workload
from tcpaddon.cli.files import Document
from tcpaddon.cli.workload import FaultyWorkloadError
from tcpaddon.core.address import PLACEHOLDER_HOST
from tcpaddon.core.facts import AppFact, ConfigMapFact, Facts, Kind
from tcpaddon.core.render import CannotRenderError, render
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


def render_all(documents: Sequence[Document], others: Sequence[Document]) -> tuple[Rendered, ...]:
    """Render every TcpAddon among the documents; others are passed over.

    Args:
        documents: objects with TcpAddons among them.
        others: more objects, where those of spec.appRef and spec.procfileFrom are looked for too.

    Raises:
        RefusedError: there is no TcpAddon, or some are refused; each of them is named.
    """
    chosen = [document for document in documents if document.kind == KIND]
    if not chosen:
        raise RefusedError(f"There is no {KIND} in the file.")
    rendered: list[Rendered] = []
    faults: list[str] = []
    for document in chosen:
        try:
            rendered.append(_render(document, (*documents, *others)))
        except (InvalidAddon, CannotRenderError, RefusedError) as error:
            faults += [f"{document}: {line}" for line in str(error).splitlines()]
        except FaultyWorkloadError as error:
            faults.append(str(error))  # it names the workload
    if faults:
        raise RefusedError("\n".join(dict.fromkeys(faults)))
    return tuple(rendered)


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


def _render(document: Document, others: Sequence[Document]) -> Rendered:
    addon = TcpAddon.parse_strictly(document.content)
    metadata = addon.metadata.model_copy(update={"uid": addon.metadata.uid or PLACEHOLDER_UID})
    addon = addon.model_copy(update={"metadata": metadata})
    # The clock is for conditions, which are not printed.
    facts = Facts(
        now=datetime.fromtimestamp(0, UTC),
        app=_app(addon, others),
        procfile=_procfile(addon, others),
    )
    return Rendered(name=metadata.name, objects=render(addon, facts), notes=_notes(addon))


def _app(addon: TcpAddon, others: Sequence[Document]) -> AppFact | None:
    ref = addon.spec.app_ref
    if ref is None:
        return None
    for document in others:
        if (document.kind, document.name) == (ref.kind.value, ref.name):
            return workload.read(document)
    raise RefusedError(
        f"spec.appRef: It follows {ref.kind.value} {ref.name}: give its file with --app, for "
        f"example of 'kubectl get {ref.kind.value.lower()} {ref.name} -o yaml'."
    )


def _procfile(addon: TcpAddon, others: Sequence[Document]) -> ConfigMapFact | None:
    wanted = addon.spec.procfile_from
    if wanted is None:
        return None
    for document in others:
        if (document.kind, document.name) == (Kind.CONFIG_MAP, wanted.name):
            return workload.read_texts(document)
    raise RefusedError(
        f"spec.procfileFrom: It reads ConfigMap {wanted.name}: put it into the file, or give its "
        f"own with --app, for example of 'kubectl get configmap {wanted.name} -o yaml'."
    )


def _notes(addon: TcpAddon) -> tuple[str, ...]:
    exposure = addon.spec.exposure
    notes = [f"What the operator applies for TcpAddon {addon.metadata.name}."]
    if not exposure.hostname:
        notes.append(f"{PLACEHOLDER_HOST} stands for the address, which the load balancer gives.")
    if exposure.source_ranges:
        notes.append("In the cluster, loadBalancerSourceRanges also has the networks of its pods.")
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
