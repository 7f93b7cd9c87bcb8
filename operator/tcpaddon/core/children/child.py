"""One child as it shall be, sealed so that whether it still is so takes no comparison of values."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core.actions import Apply
from tcpaddon.core.digest import digest
from tcpaddon.core.facts import Child, Ref
from tcpaddon.core.fieldset import fingerprint_of_object
from tcpaddon.names import (
    ANNOTATION_APPLIED,
    API_VERSION,
    KIND,
    LABEL_ADDON,
    LABEL_MANAGED_BY,
    LABEL_PROCESS,
    LABEL_ROLE,
    MANAGED_BY,
    MANAGER,
    ROLE_CHILD,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A child as it shall be.

    applied: its `applied` annotation. whole: whether the body can be applied; of a sketch only
    the seal counts.
    """

    ref: Ref
    body: Mapping[str, Any]
    applied: str
    whole: bool = True

    def stands(self, child: Child, addon: TcpAddon, settled: Mapping[tuple[str, str], str]) -> bool:
        """Whether the live child is so: applied as this, and nobody took a field of it since."""
        foreseen = self.applied.rpartition(".")[2]
        return (
            child.applied == self.applied
            and child.fields in (foreseen, settled.get((child.uid, child.applied)))
            and child.owner_uid == addon.metadata.uid
        )

    def sketch(self, fields: str) -> "Wanted":
        """Return the same with a body that is not known in full; fields: as applied last."""
        seal, _, _ = self.applied.rpartition(".")
        return replace(self, applied=f"{seal}.{fields}", whole=False)

    def apply(self, child: Child | None) -> Apply:
        """Ask for the child to be made, or to be as it shall be again."""
        return Apply(
            ref=self.ref,
            body=self.body,
            manager=MANAGER,
            force=True,
            create=child is None,
            uid="" if child is None else child.uid,
        )


@dataclass(frozen=True, slots=True)
class Parts:
    """What a kind of child adds to what all children have; `content` stands beside metadata.

    sealed: what stands for the content in the seal, None for the content itself.
    """

    api_version: str
    content: Mapping[str, Any]
    labels: Mapping[str, str] | None = None
    annotations: Mapping[str, str] | None = None
    sealed: Mapping[str, Any] | None = None


def wanted(addon: TcpAddon, ref: Ref, parts: Parts) -> Wanted:
    """Put a child together: its kind's own parts, our labels, its owner, and the seal."""
    metadata: dict[str, Any] = {
        "name": ref.name,
        "namespace": ref.namespace,
        "labels": {**(parts.labels or {}), **labels(addon)},
        "ownerReferences": [
            {
                "apiVersion": API_VERSION,
                "kind": KIND,
                "name": addon.metadata.name,
                "uid": addon.metadata.uid,
                "controller": True,
                # Deleting the addon in the foreground must not wait for draining connections.
                "blockOwnerDeletion": False,
            }
        ],
    }
    annotations = dict(parts.annotations or {})
    identity = {"apiVersion": parts.api_version, "kind": ref.kind.value}

    def body(more: Mapping[str, str]) -> dict[str, Any]:
        of_metadata = {**metadata, "annotations": {**annotations, **more}}
        return {**identity, "metadata": of_metadata, **parts.content}

    fields = fingerprint_of_object(body({ANNOTATION_APPLIED: ""}))
    sealed = body({}) if parts.sealed is None else {**body({}), **parts.sealed}
    applied = f"{digest(sealed)}.{fields}"
    return Wanted(ref=ref, body=body({ANNOTATION_APPLIED: applied}), applied=applied)


def labels(addon: TcpAddon) -> dict[str, str]:
    """Return the labels of everything that an addon makes, pods among them."""
    return {
        "app.kubernetes.io/name": addon.metadata.name,
        "app.kubernetes.io/component": addon.spec.process_type,
        LABEL_MANAGED_BY: MANAGED_BY,
        LABEL_ROLE: ROLE_CHILD,
        **selector(addon),
    }


def selector(addon: TcpAddon) -> dict[str, str]:
    """Return the labels that select the addon's pods; a Deployment's selector never changes."""
    return {LABEL_ADDON: addon.metadata.name, LABEL_PROCESS: addon.spec.process_type}
