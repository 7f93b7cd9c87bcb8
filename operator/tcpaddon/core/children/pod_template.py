"""The pod template: the process, the variables it gets, its handshakes and its drain.

A template is a function of its inputs in a numbered version, and both stand in the revision
label. An operator that brings a new version still renders a live Deployment's own version as
long as the inputs are the same: so its upgrade rolls nobody's pods. What a version renders never
changes once it was released, the wrapper in `core.shell` included; a change makes a version.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core.children.child import labels
from tcpaddon.core.children.template_version_1 import pod_spec as pod_spec_1
from tcpaddon.core.digest import digest
from tcpaddon.core.process import Process
from tcpaddon.names import ANNOTATION_SECRET, LABEL_REVISION, binding_name

Data = Mapping[str, Any]

_VERSIONS: Final[Mapping[int, Callable[[Data], dict[str, Any]]]] = {1: pod_spec_1}
CURRENT: Final = 1


@dataclass(frozen=True, slots=True)
class PodTemplate:
    """A pod template and the revision that stands for it."""

    revision: str
    body: Data


def pod_template(addon: TcpAddon, process: Process, live_revision: str = "") -> PodTemplate:
    """Return the template of a process; live_revision: of the Deployment as it is, "" for none."""
    inputs = _inputs(addon, process)
    hashed = digest(inputs)
    version = CURRENT
    known, _, of_live = live_revision.partition("-")
    if of_live == hashed and known.isdecimal() and int(known) in _VERSIONS:
        version = int(known)
    revision = f"{version}-{hashed}"
    metadata: dict[str, Any] = {
        "labels": {**addon.spec.pod_labels, **labels(addon), LABEL_REVISION: revision}
    }
    annotations = dict(addon.spec.pod_annotations)
    if process.secret:
        annotations[ANNOTATION_SECRET] = process.secret
    if annotations:
        metadata["annotations"] = annotations
    body = {"metadata": metadata, "spec": _VERSIONS[version](inputs)}
    return PodTemplate(revision=revision, body=body)


def _inputs(addon: TcpAddon, process: Process) -> Data:
    """Collect all that a template depends on, as plain data.

    What is not set is left out: then an input that a later version of the operator brings does
    not change the hash of those who do not use it. Lists whose order means nothing are sorted:
    it is not stable under apply, and must not roll the pods.
    """
    spec = addon.spec
    start = process.start
    return _set_only(
        {
            "addon": addon.metadata.name,
            "processType": spec.process_type,
            "image": process.image,
            "buildpack": start.of_buildpack,
            "command": list(start.command),
            "args": list(start.args),
            "line": start.line,
            "ports": _sorted(
                "name", [{"name": p.name, "containerPort": p.container_port} for p in spec.ports]
            ),
            "mainPort": spec.main_port.name,
            "urlKey": spec.binding.url_key,
            "bindingSecret": binding_name(addon.metadata.name, spec.process_type),
            "container": _set_only(
                {
                    "env": spec.env,
                    "envFrom": spec.env_from,
                    "resources": spec.resources,
                    "volumeMounts": _sorted("mountPath", spec.volume_mounts),
                    "imagePullPolicy": spec.image_pull_policy and spec.image_pull_policy.value,
                    "securityContext": spec.security_context,
                }
            ),
            "pod": _set_only(
                {
                    "volumes": _sorted("name", spec.volumes),
                    "imagePullSecrets": _sorted("name", spec.image_pull_secrets),
                    "serviceAccountName": spec.service_account_name,
                    "securityContext": spec.pod_security_context,
                    "nodeSelector": spec.node_selector,
                    "tolerations": spec.tolerations,
                    "affinity": spec.affinity,
                    "priorityClassName": spec.priority_class_name,
                }
            ),
            "topologySpread": _given("constraints", spec.topology_spread_constraints),
            "appContainer": _set_only(process.container_fields),
            "appPod": _set_only(process.pod_fields, false_too=True),
            "appSecret": process.secret,
            "podLabels": spec.pod_labels,
            "podAnnotations": spec.pod_annotations,
            "readiness": {
                "periodSeconds": spec.readiness.period_seconds,
                "timeoutSeconds": spec.readiness.timeout_seconds,
                "failureThreshold": spec.readiness.failure_threshold,
            },
            "startupTimeoutSeconds": spec.rollout.startup_timeout_seconds,
            "drainSeconds": spec.rollout.drain_seconds,
            "preStopSeconds": spec.rollout.pre_stop_seconds,
        }
    )


def _given(name: str, spread: Sequence[Data] | None) -> Data:
    """Wrap a list that means something by being empty."""
    return {} if spread is None else {name: _sorted("topologyKey", spread)}


def _sorted(key: str, items: Sequence[Data]) -> list[Data]:
    return sorted(items, key=lambda item: str(item.get(key)))


def _set_only(fields: Data, *, false_too: bool = False) -> Data:
    return {
        name: value
        for name, value in fields.items()
        if value not in (None, "", False, [], {}) or (false_too and value is False)
    }
