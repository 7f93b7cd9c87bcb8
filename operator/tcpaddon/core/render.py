"""All objects that an addon leads to in the end, for people who want to see them first."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core.address import PLACEHOLDER_HOST
from tcpaddon.core.binding import publish
from tcpaddon.core.facts import Facts, Ingress, SecretFact, ServiceFact
from tcpaddon.core.process import Fault
from tcpaddon.core.refs import expected_refs
from tcpaddon.core.situation import assess


class CannotRenderError(ValueError):
    """The spec cannot be carried out; the text says why and what to do."""


def render(addon: TcpAddon, facts: Facts) -> tuple[Mapping[str, Any], ...]:
    """Return the objects in the order in which they are applied.

    An address that the facts do not know is replaced by a placeholder, and an app's Secret that
    they do not know counts as there and empty.

    Raises:
        CannotRenderError: the Procfile, the process type or the app is in the way.
    """
    situation = assess(addon, _completed(addon, facts))
    if isinstance(situation.process, Fault):
        raise CannotRenderError(situation.process.message)
    children = (
        *(situation.service, situation.binding, situation.deployment),
        situation.budget,
    )
    bodies = [child.body for child in children if child is not None]
    if situation.publication is not None and situation.publication.data:
        bodies.insert(2, publish(addon, situation.publication).body)
    return tuple(bodies)


def _completed(addon: TcpAddon, facts: Facts) -> Facts:
    refs = expected_refs(addon)
    common: dict[str, Any] = {
        "uid": "",
        "resource_version": 0,
        "addon": addon.metadata.name,
        "owner_uid": None,
        "applied": "",
        "fields": "",
        "deleting": False,
    }
    service = facts.service
    if service is None or not service.ingress:
        placeholder = (Ingress(hostname=PLACEHOLDER_HOST),)
        service = ServiceFact(ref=refs.service, ingress=placeholder, **common)
    secret = facts.app_secret
    if secret is None and refs.app_secret is not None:
        secret = SecretFact(
            ref=refs.app_secret,
            keys=frozenset(),
            values={},
            owned={},
            marked_by=frozenset(),
            immutable=False,
            **{**common, "addon": None},
        )
    return replace(facts, service=service, app_secret=secret)
