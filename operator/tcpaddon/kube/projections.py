"""Reads raw objects into core's facts: the one place that digs in dicts of the API server.

An object that went through the API server has what its schema requires, so only what may be
missing is asked for with a default. Strings that many objects share are interned: at 10,000
addons the facts are most of the operator's memory.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from sys import intern
from typing import Final

from tcpaddon import names
from tcpaddon.core.facts import (
    AppFact,
    BudgetFact,
    ClaimFact,
    ConfigMapFact,
    DeploymentFact,
    Ingress,
    Kind,
    PodFact,
    ReplicaSetFact,
    SecretFact,
    ServiceFact,
    Warned,
)
from tcpaddon.kube.heads import applied_at, head_of, only
from tcpaddon.kube.users import app_fact, config_map_fact, secret_fact
from tcpaddon.kube.words import Raw

Fact = ServiceFact | DeploymentFact | BudgetFact | SecretFact | AppFact | ConfigMapFact | PodFact

# Both are the Deployment controller's own.
_POD_TEMPLATE_HASH: Final = "pod-template-hash"
_REVISION_NUMBER: Final = "deployment.kubernetes.io/revision"


def fact_of(raw: Raw) -> Fact:
    """Read any watched object: a Deployment of the user's becomes an AppFact, by its role label."""
    kind = Kind(raw["kind"])
    if kind in _READERS:
        return _READERS[kind](raw)
    labels = raw["metadata"].get("labels") or {}
    if kind is Kind.STATEFUL_SET or labels.get(names.LABEL_ROLE) == names.ROLE_APP:
        return app_fact(raw)
    return deployment_fact(raw)


def service_fact(raw: Raw) -> ServiceFact:
    """Read a Service: what the load balancer gave it."""
    balancer = (raw.get("status") or {}).get("loadBalancer") or {}
    ingress = tuple(
        Ingress(ip=entry.get("ip", ""), hostname=entry.get("hostname", ""), failed=_failed(entry))
        for entry in balancer.get("ingress") or ()
    )
    spec = raw.get("spec", {})
    return ServiceFact(
        *head_of(raw).as_child(),
        ingress=ingress,
        selects=intern((spec.get("selector") or {}).get(names.LABEL_REVISION, "")),
        families=tuple(map(intern, spec.get("ipFamilies") or ())),
    )


def deployment_fact(raw: Raw) -> DeploymentFact:
    """Read a child Deployment: its revision and how far its rollout is."""
    spec, status = raw["spec"], raw.get("status") or {}
    template = spec["template"].get("metadata") or {}
    labels, annotations = template.get("labels") or {}, raw["metadata"].get("annotations") or {}
    of_template = template.get("annotations") or {}
    process = _process_container(spec["template"], labels)
    unavailable = ((spec.get("strategy") or {}).get("rollingUpdate") or {}).get("maxUnavailable")
    return DeploymentFact(
        *head_of(raw).as_child(),
        generation=raw["metadata"].get("generation", 0),
        observed_generation=status.get("observedGeneration", 0),
        revision=labels.get(names.LABEL_REVISION, ""),
        desired=spec.get("replicas", 1),
        replicas=status.get("replicas", 0),
        ready=status.get("readyReplicas", 0),
        updated=status.get("updatedReplicas", 0),
        available=status.get("availableReplicas", 0),
        failure=_message(status, "ReplicaFailure", "True"),
        secret=of_template.get(names.ANNOTATION_SECRET, ""),
        image=intern(process.get("image", "")),
        held=spec.get("minReadySeconds", 0) > 0,
        retired=unavailable if isinstance(unavailable, int) else 0,
        applied_at=applied_at(raw, names.MANAGER),
        exclusive_claims=_listed(annotations.get(names.ANNOTATION_EXCLUSIVE_CLAIMS)),
        rejected=annotations.get(names.ANNOTATION_REJECTED, ""),
        rejected_because=annotations.get(names.ANNOTATION_REJECTED_BECAUSE, ""),
    )


def replica_set_fact(raw: Raw) -> ReplicaSetFact:
    """Read a ReplicaSet: the version that it stands for."""
    head, template = raw["metadata"], raw["spec"]["template"]
    metadata = template["metadata"]
    labels = {k: v for k, v in metadata["labels"].items() if k != _POD_TEMPLATE_HASH}
    # What a template of ours has in its metadata; the rest is the server's (creationTimestamp).
    kept = {"labels": labels, **only(metadata, ("annotations",))}
    return ReplicaSetFact(
        name=head["name"],
        revision=labels.get(names.LABEL_REVISION, ""),
        number=int((head.get("annotations") or {}).get(_REVISION_NUMBER, 0)),
        template={"metadata": kept, "spec": template["spec"]},
    )


def pod_fact(raw: Raw) -> PodFact:
    """Read a pod: why its process serves or not."""
    status = raw.get("status") or {}
    labels = raw["metadata"].get("labels") or {}
    container = _process_container(raw, labels)
    process = _container_status(container["name"], status)
    state, before = process.get("state") or {}, process.get("lastState") or {}
    waiting = state.get("waiting") or {}
    exited = state.get("terminated") or before.get("terminated") or {}
    return PodFact(
        *head_of(raw).as_child(),
        revision=intern(labels.get(names.LABEL_REVISION, "")),
        phase=intern(status.get("phase", "")),
        ready=_condition(status, "Ready").get("status") == "True",
        scheduled=_condition(status, "PodScheduled").get("status") == "True",
        unschedulable=_message(status, "PodScheduled", "False"),
        started_at=_time((state.get("running") or {}).get("startedAt")),
        restarts=process.get("restartCount", 0),
        waiting_reason=intern(waiting.get("reason", "")),
        waiting_message=waiting.get("message", ""),
        exit_code=exited.get("exitCode"),
        exit_reason=intern(exited.get("reason", "")),
        exit_message=exited.get("message", ""),
        exited_at=_time(exited.get("finishedAt")),
        started=bool(process.get("started")),
        exit_started_at=_time(exited.get("startedAt")),
        process=intern(labels.get(names.LABEL_PROCESS, "")),
        prepared_at=_time(
            _condition(status, "PodReadyToStartContainers").get("lastTransitionTime")
        ),
        ports=tuple(
            (intern(port.get("name", "")), port["containerPort"])
            for port in container.get("ports") or ()
        ),
    )


# --- what is not watched ------------------------------------------------------------------------


def warned(raw: Raw) -> Warned:
    """Read a Warning Event; it says when it was said last in one of four places."""
    series = (raw.get("series") or {}).get("lastObservedTime")
    said = series or raw.get("deprecatedLastTimestamp") or raw.get("eventTime")
    at = _time(said or raw["metadata"].get("creationTimestamp"))
    return Warned(
        reason=raw.get("reason", ""),
        note=raw.get("note", ""),
        at=at or datetime.fromtimestamp(0, UTC),
    )


def pod_networks(raw: Raw) -> tuple[str, ...]:
    """Read off a node where its pods connect from; () where another one than the cluster knows."""
    return tuple(raw["spec"].get("podCIDRs") or ())


# --- status -------------------------------------------------------------------------------------


def _condition(status: Raw, kind: str) -> Raw:
    for condition in status.get("conditions") or ():
        if condition["type"] == kind:
            found: Raw = condition
            return found
    return {}


def _message(status: Raw, kind: str, value: str) -> str:
    condition = _condition(status, kind)
    return str(condition.get("message") or "") if condition.get("status") == value else ""


def _process_container(raw: Raw, labels: Raw) -> Raw:
    # By name where it is there: a mesh may have put its own container first.
    containers: list[Raw] = raw["spec"]["containers"]
    process = labels.get(names.LABEL_PROCESS)
    return next((c for c in containers if c["name"] == process), containers[0])


def _container_status(name: str, status: Raw) -> Raw:
    for container in status.get("containerStatuses") or ():
        if container["name"] == name:
            found: Raw = container
            return found
    return {}


def _failed(ingress: Raw) -> tuple[tuple[int, str], ...]:
    return tuple(
        (port["port"], port["error"])
        for port in ingress.get("ports") or ()
        if port.get("error") and port.get("protocol") == "TCP"
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def claim_fact(raw: Raw) -> ClaimFact:
    """Read a PersistentVolumeClaim: who may use it at once."""
    return ClaimFact(
        name=raw["metadata"]["name"],
        access_modes=tuple(raw["spec"].get("accessModes") or ()),
    )


def _budget_fact(raw: Raw) -> BudgetFact:
    return BudgetFact(*head_of(raw).as_child())


def _listed(value: str | None) -> tuple[str, ...]:
    return tuple(value.split(",")) if value else ()


_READERS: Final[Mapping[Kind, Callable[[Raw], Fact]]] = {
    Kind.CONFIG_MAP: config_map_fact,
    Kind.DISRUPTION_BUDGET: _budget_fact,
    Kind.POD: pod_fact,
    Kind.SECRET: secret_fact,
    Kind.SERVICE: service_fact,
}
