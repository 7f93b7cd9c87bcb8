"""Resolves what the process is: its image, how it starts, and what it follows of the app."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tcpaddon.api.v1alpha1 import MAX_PROCFILE, AppRef, TcpAddon
from tcpaddon.core.binding import followed_digest
from tcpaddon.core.facts import AppContainer, AppFact, Facts
from tcpaddon.core.launch import Start, start_of
from tcpaddon.core.procfile import InvalidProcfileError, UnknownProcessTypeError
from tcpaddon.names import Reason

_KEYS_LISTED: Final = 10  # a message need not repeat a large ConfigMap


@dataclass(frozen=True, slots=True)
class Process:
    """A process that can be run; the fields are the followed app's, as in a pod.

    secret: digest of the Secret a change of which restarts it, "" for none.
    """

    image: str
    start: Start
    container_fields: Mapping[str, Any] = field(default_factory=dict)
    pod_fields: Mapping[str, Any] = field(default_factory=dict)
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why the spec cannot be carried out, and what to do."""

    reason: Reason
    message: str


def resolve(addon: TcpAddon, facts: Facts) -> Process | Fault:
    """Resolve what the process is, or say why that cannot be done."""
    start = _start(addon, facts)
    if isinstance(start, Fault):
        return start
    if addon.spec.app_ref is None:
        return Process(
            image=addon.spec.image or "", start=start, secret=followed_digest(addon, facts)
        )
    holder = facts.app_is_of if facts.app is None else facts.app.addon
    if holder is not None:
        return _of_another(addon.spec.app_ref, holder)
    if facts.app is None:
        return _missing(addon.spec.app_ref)
    container = _container(addon.spec.app_ref, facts.app)
    if isinstance(container, Fault):
        return container
    return Process(
        image=container.image,
        start=start,
        container_fields=container.fields,
        pod_fields=facts.app.pod_fields,
        secret=followed_digest(addon, facts),
    )


def _start(addon: TcpAddon, facts: Facts) -> Start | Fault:
    text = _procfile(addon, facts)
    if isinstance(text, Fault):
        return text
    try:
        return start_of(addon.spec, text)
    except InvalidProcfileError as error:
        return Fault(Reason.INVALID_PROCFILE, str(error))
    except UnknownProcessTypeError as error:
        return Fault(Reason.UNKNOWN_PROCESS_TYPE, str(error))


def _procfile(addon: TcpAddon, facts: Facts) -> str | Fault | None:
    """Return the Procfile's text, None where there shall be none."""
    wanted, found = addon.spec.procfile_from, facts.procfile
    if wanted is None:
        return addon.spec.procfile
    if found is None:
        return Fault(
            Reason.CONFIG_MAP_NOT_FOUND,
            f"ConfigMap {wanted.name} of spec.procfileFrom is not there: create it in this "
            "namespace, or correct the name.",
        )
    if wanted.key in found.texts:
        return found.texts[wanted.key]
    if wanted.key in found.keys:
        return Fault(
            Reason.INVALID_PROCFILE,
            f"Key {wanted.key} of {found.ref} is no Procfile, but binary or longer than "
            f"{MAX_PROCFILE} characters: put the Procfile there.",
        )
    there = ", ".join(sorted(found.keys)[:_KEYS_LISTED]) or "none"
    return Fault(
        Reason.PROCFILE_KEY_NOT_FOUND,
        f"{found.ref} of spec.procfileFrom has no key {wanted.key} (there: {there}): add it with "
        "the Procfile as its text, or set spec.procfileFrom.key to one that is there.",
    )


def _missing(app: AppRef) -> Fault:
    return Fault(
        Reason.APP_NOT_FOUND,
        f"{app.kind.value} {app.name} of spec.appRef is not there: create it in this namespace, "
        "or correct the name.",
    )


def _of_another(app: AppRef, holder: str) -> Fault:
    return Fault(
        Reason.APP_NOT_FOUND,
        f"{app.kind.value} {app.name} of spec.appRef belongs to TcpAddon {holder}: name the app's "
        "own workload.",
    )


def _container(ref: AppRef, app: AppFact) -> AppContainer | Fault:
    """Choose the container to follow: the named one, the app's default, or the only one."""
    by_name = {container.name: container for container in app.containers}
    there = ", ".join(by_name)
    if ref.container is not None:
        return by_name.get(ref.container) or Fault(
            Reason.CONTAINER_NOT_FOUND,
            f"{app.ref} has no container {ref.container!r} (there: {there}): "
            "set spec.appRef.container to one of them.",
        )
    if app.default_container in by_name:
        return by_name[app.default_container]
    if len(by_name) == 1:
        return app.containers[0]
    return Fault(
        Reason.CONTAINER_NOT_CHOSEN,
        f"{app.ref} has several containers ({there}): set spec.appRef.container to the one whose "
        "image the process runs.",
    )
