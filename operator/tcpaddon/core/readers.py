"""Finds which of an app's containers read the URL, and how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core.binding import keys
from tcpaddon.core.children.binding_secret import URI_KEY
from tcpaddon.core.facts import AppFact, SecretFact
from tcpaddon.names import binding_name

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Readers:
    """How an app gets at the URL.

    containers: names of those that have it as a variable. files: a volume has it, which Kubernetes
    itself keeps up to date.
    """

    containers: frozenset[str]
    files: bool

    @property
    def any(self) -> bool:
        """Whether the app can get at it at all."""
        return bool(self.containers) or self.files


def readers(addon: TcpAddon, app: AppFact, secret: SecretFact | None) -> Readers:
    """Find who of the app reads the URL: in the app's Secret, or in the binding Secret."""
    sources: dict[str, frozenset[str]] = {
        binding_name(addon.metadata.name, addon.spec.process_type): frozenset({URI_KEY})
    }
    if secret is not None:
        sources[secret.ref.name] = frozenset(keys(addon))
    return Readers(
        containers=frozenset(
            container.name for container in app.containers if _reads(container.fields, sources)
        ),
        files=any(_has_files(volume, sources) for volume in app.pod_fields.get("volumes") or ()),
    )


def _reads(container: Item, sources: Mapping[str, frozenset[str]]) -> bool:
    whole = ((each.get("secretRef") or {}) for each in container.get("envFrom") or ())
    keys = (
        (variable.get("valueFrom") or {}).get("secretKeyRef") or {}
        for variable in container.get("env") or ()
    )
    return any(ref.get("name") in sources for ref in whole) or any(
        ref.get("key") in sources.get(ref.get("name", ""), ()) for ref in keys
    )


def _has_files(volume: Item, sources: Mapping[str, frozenset[str]]) -> bool:
    projected: Sequence[Item] = (volume.get("projected") or {}).get("sources") or ()
    names = [(source.get("secret") or {}).get("name") for source in projected]
    names.append((volume.get("secret") or {}).get("secretName"))
    return any(name in sources for name in names)
