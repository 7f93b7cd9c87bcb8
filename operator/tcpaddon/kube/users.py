"""Reads the user's objects that an addon writes to or follows: Secret, ConfigMap, app and its pods.

As in `projections`, only what may be missing is asked for with a default.
"""

from collections.abc import Container
from datetime import datetime
from sys import intern
from typing import Final

from tcpaddon import names
from tcpaddon.api.v1alpha1 import MAX_PROCFILE
from tcpaddon.core.digest import faint_digest
from tcpaddon.core.facts import AppContainer, AppFact, ConfigMapFact, SecretFact
from tcpaddon.kube.heads import (
    fields_of,
    head_of,
    keys_by_addon,
    keys_of,
    last_writer,
    mark_is_shared,
    marked_by,
    only,
    shared_keys,
    written_by_addon,
)
from tcpaddon.kube.restarting import RESTARTED_AT
from tcpaddon.kube.selectors import query_of
from tcpaddon.kube.words import Raw

# Of the app's container and pod the TCP process follows these; command and args are its own.
_FOLLOWED_OF_CONTAINER: Final = (
    "imagePullPolicy",
    "env",
    "envFrom",
    "volumeMounts",
    "securityContext",
)
_FOLLOWED_OF_POD: Final = (
    "volumes",
    "imagePullSecrets",
    "serviceAccountName",
    "automountServiceAccountToken",
    "enableServiceLinks",
    "hostAliases",
    "dnsPolicy",
    "dnsConfig",
    "securityContext",
    "nodeSelector",
    "tolerations",
    "affinity",
    "priorityClassName",
    "runtimeClassName",
)
_DEFAULT_CONTAINER: Final = "kubectl.kubernetes.io/default-container"


def secret_fact(raw: Raw) -> SecretFact:
    """Read a Secret; the values of keys that no manager of ours owns are left where they are."""
    data = raw.get("data") or {}
    owned = keys_by_addon(raw)
    of_addons = frozenset[str]().union(*owned.values())
    kept = of_addons | keys_of(fields_of(raw, names.MANAGER))
    head = head_of(raw)
    users = {key: value for key, value in data.items() if key not in kept}
    return SecretFact(
        *head.as_child(),
        keys=frozenset(map(intern, data)),
        values={key: data[key] for key in sorted(kept) if key in data},
        owned=owned,
        marked_by=marked_by(raw),
        immutable=bool(raw.get("immutable")),
        shared_keys=shared_keys(raw, of_addons),
        mark_is_shared=mark_is_shared(raw),
        written=written_by_addon(raw),
        writer=last_writer(raw),
        users_digest=faint_digest([head.ref.namespace, head.ref.name, users]) if users else "",
    )


def config_map_fact(raw: Raw) -> ConfigMapFact:
    """Read a ConfigMap: what can be a Procfile in it."""
    data = raw.get("data") or {}
    return ConfigMapFact(
        *head_of(raw).as_child(),
        keys=frozenset(map(intern, (*data, *(raw.get("binaryData") or {})))),
        texts={key: text for key, text in data.items() if len(text) <= MAX_PROCFILE},
        marked_by=marked_by(raw),
        mark_is_shared=mark_is_shared(raw),
    )


def app_fact(raw: Raw) -> AppFact:
    """Read a workload of the user's: what the TCP process follows of it."""
    template = raw["spec"]["template"]
    pod = template["spec"]
    annotations = (template.get("metadata") or {}).get("annotations") or {}
    return AppFact(
        *head_of(raw).as_child(),
        containers=tuple(
            AppContainer(
                name=container["name"],
                image=container.get("image", ""),
                fields=only(container, _FOLLOWED_OF_CONTAINER),
            )
            for container in pod["containers"]
        ),
        default_container=annotations.get(_DEFAULT_CONTAINER, ""),
        pod_fields=only(pod, _FOLLOWED_OF_POD),
        selector=query_of(raw["spec"].get("selector") or {}),
        settled=_is_settled(raw),
        restarted_at=_moment(annotations.get(RESTARTED_AT, "")),
        marked_by=marked_by(raw),
        mark_is_shared=mark_is_shared(raw),
    )


def started_at(raw: Raw, containers: Container[str]) -> datetime | None:
    """Read of a pod of the user's when the first of these containers was started.

    None where none of them runs: one that starts later reads its variables then.
    """
    if "deletionTimestamp" in raw["metadata"]:
        return None
    starts = [
        ((status.get("state") or {}).get("running") or {}).get("startedAt")
        for status in (raw.get("status") or {}).get("containerStatuses") or ()
        if status["name"] in containers
    ]
    return min((datetime.fromisoformat(start) for start in starts if start), default=None)


def _is_settled(raw: Raw) -> bool:
    """Whether all of a workload's pods are of its present template, and answer."""
    status = raw.get("status") or {}
    wanted = raw["spec"].get("replicas", 1)
    counts = ("replicas", "updatedReplicas", "readyReplicas")
    return all(status.get(name, 0) == wanted for name in counts) and (
        status.get("observedGeneration", 0) >= raw["metadata"].get("generation", 0)
    )


def _moment(text: str) -> datetime | None:
    """Read a moment that people may have written: without an offset it is no moment."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
