"""What a decision depends on, as frozen values: the other input of `plan` beside the addon.

kube/ projects the API server's objects onto these; nothing in core ever sees a raw object of the
cluster. All times are aware UTC datetimes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final


class Kind(StrEnum):
    """The kinds that the operator reads or writes beside its own resources."""

    SERVICE = "Service"
    DEPLOYMENT = "Deployment"
    STATEFUL_SET = "StatefulSet"
    SECRET = "Secret"  # noqa: S105 - a kind
    CONFIG_MAP = "ConfigMap"
    POD = "Pod"
    DISRUPTION_BUDGET = "PodDisruptionBudget"


@dataclass(frozen=True, slots=True)
class Ref:
    """One object of a namespace."""

    kind: Kind
    namespace: str
    name: str

    def __str__(self) -> str:
        """Name the object as people do: `Service mqtt-tcp`."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Child:
    """What every watched object has. `resource_version` is comparable as an integer (KEP-5504)."""

    ref: Ref
    uid: str
    resource_version: int
    # Ours means: our managed-by label, this label's addon, and no other TcpAddon as its owner.
    addon: str | None  # the addon label; None on the user's own objects
    owner_uid: str | None  # uid of the TcpAddon in ownerReferences, None where there is none
    applied: str  # the `applied` annotation, "" where it is missing
    fields: str  # fingerprint of the fields that manager `tcpaddon` owns now, "" for none
    deleting: bool


@dataclass(frozen=True, slots=True)
class Ingress:
    """One entry of `status.loadBalancer.ingress`; exactly one of `ip`, `hostname` is usual."""

    ip: str = ""
    hostname: str = ""
    failed: tuple[tuple[int, str], ...] = ()  # TCP ports with the load balancer's error


@dataclass(frozen=True, slots=True)
class ServiceFact(Child):
    """A Service that is a child."""

    ingress: tuple[Ingress, ...]
    selects: str = ""  # the revision label in its selector, "" where it takes every version
    families: tuple[str, ...] = ()  # spec.ipFamilies, the first one first: IPv4, IPv6


@dataclass(frozen=True, slots=True)
class Warned:
    """A Warning Event about one of our objects."""

    reason: str
    note: str
    at: datetime  # when it was said last


@dataclass(frozen=True, slots=True)
class Warnings:
    """The Warning Events about the Service, as they were at one moment."""

    read_at: datetime
    said: tuple[Warned, ...] = ()


@dataclass(frozen=True, slots=True)
class DeploymentFact(Child):
    """A Deployment that is a child."""

    generation: int
    observed_generation: int
    revision: str  # the revision label in its pod template, "" where it is missing
    desired: int  # spec.replicas
    replicas: int
    ready: int
    updated: int
    available: int
    failure: str  # message of condition ReplicaFailure=True, "" where there is none
    secret: str = ""  # digest of the app's Secret in its pod template, "" where it is not followed
    image: str = ""  # of the process in its pod template
    held: bool = False  # minReadySeconds: its new processes count as available never
    retired: int = 0  # maxUnavailable: how many old processes may go while it is held
    applied_at: datetime | None = None  # of our manager's last apply that changed something
    exclusive_claims: tuple[str, ...] = ()  # claims for which it is applied as Recreate
    rejected: str = ""  # the revision that failed to boot, "" for none
    rejected_because: str = ""


@dataclass(frozen=True, slots=True)
class BudgetFact(Child):
    """A PodDisruptionBudget that is a child; no change of its status is news."""


@dataclass(frozen=True, slots=True)
class SecretFact(Child):
    """A Secret: the binding (a child) or the app's own.

    Only the values of keys that a manager `tcpaddon…` owns are kept; of others only the name.
    """

    keys: frozenset[str]
    values: Mapping[str, str]  # base64, of keys owned by any manager of ours
    owned: Mapping[str, frozenset[str]]  # addon uid -> the keys its manager owns
    marked_by: frozenset[str]  # addon uids whose manager owns the role label
    immutable: bool
    # Of the keys in `owned` those that a manager which is no addon's owns too (GitOps, a user).
    shared_keys: frozenset[str] = frozenset()
    mark_is_shared: bool = False  # such a manager owns the role label
    # When each addon last changed its keys, by uid, to the second.
    written: Mapping[str, datetime] = field(default_factory=dict)
    writer: str = ""  # the field manager of somebody else's that wrote its data last
    users_digest: str = ""  # of the keys that no addon owns, with their values; digest.faint_digest


@dataclass(frozen=True, slots=True)
class AppContainer:
    """The part of the app's container that the TCP process follows; values as in a pod spec."""

    name: str
    image: str
    fields: Mapping[str, Any] = field(default_factory=dict)  # env, envFrom, volumeMounts, …


@dataclass(frozen=True, slots=True)
class AppFact(Child):
    """The followed workload: a Deployment or StatefulSet of the user's."""

    containers: tuple[AppContainer, ...]
    default_container: str  # annotation kubectl.kubernetes.io/default-container, or ""
    pod_fields: Mapping[str, Any]  # volumes, imagePullSecrets, serviceAccountName, …
    marked_by: frozenset[str]  # addon uids whose manager owns the role label
    mark_is_shared: bool = False  # a manager that is no addon's owns the role label
    selector: str = ""  # of its pods, as a list takes it
    settled: bool = False  # all its pods are of the present template, and answer
    restarted_at: datetime | None = None  # by `kubectl rollout restart` or us


@dataclass(frozen=True, slots=True)
class ConfigMapFact(Child):
    """A ConfigMap of the user's with a Procfile in it.

    texts: the values that are text and short enough for a Procfile, by key. keys: all of them.
    """

    keys: frozenset[str]
    texts: Mapping[str, str]
    marked_by: frozenset[str]  # addon uids whose manager owns the role label
    mark_is_shared: bool = False  # a manager that is no addon's owns the role label


UsersFact = SecretFact | AppFact | ConfigMapFact
"""An object of the user's that can carry an addon's mark."""


@dataclass(frozen=True, slots=True)
class PodFact(Child):
    """A pod of a child Deployment, as far as it tells why a process does not serve."""

    revision: str
    phase: str
    ready: bool
    scheduled: bool
    unschedulable: str  # the scheduler's message, "" where there is none
    started_at: datetime | None  # of the running container
    restarts: int
    waiting_reason: str  # CrashLoopBackOff, ImagePullBackOff, CreateContainerConfigError, …
    waiting_message: str
    exit_code: int | None  # of the last termination
    exit_reason: str
    exit_message: str
    exited_at: datetime | None
    # containerStatuses[].started: the startup probe has succeeded in the running container.
    started: bool = False
    exit_started_at: datetime | None = None  # lastState.terminated.startedAt, with exited_at
    process: str = ""  # the process label
    prepared_at: datetime | None = None  # when its sandbox was ready: before the image was pulled
    ports: tuple[tuple[str, int], ...] = ()  # names and numbers in the process's container


@dataclass(frozen=True, slots=True)
class ReplicaSetFact:
    """A ReplicaSet of the child Deployment: a version as it was rolled out.

    template: the pod template as it can be applied again, that is without pod-template-hash.
    """

    name: str
    revision: str  # the revision label in its template
    number: int  # of the roll that made or used it last, counted by the Deployment's controller
    template: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ClaimFact:
    """A PersistentVolumeClaim that a pod of ours mounts."""

    name: str
    access_modes: tuple[str, ...]

    @property
    def is_exclusive(self) -> bool:
        """Whether one node or pod alone may use it at a time."""
        return bool(self.access_modes) and set(self.access_modes) <= _EXCLUSIVE


_EXCLUSIVE: Final = frozenset({"ReadWriteOnce", "ReadWriteOncePod"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """The API server's answer to a write of this round that did not go through.

    reason: one of NAME_CONFLICT, SECRET_CONFLICT, SECRET_NOT_FOUND, SECRET_IMMUTABLE,
    NAMESPACE_TERMINATING, REFUSED_BY_API_SERVER, APP_NOT_FOUND. message: the server's sentence.
    """

    reason: str
    message: str
    holder: str = ""  # the field manager that owns the key, where the server names it


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that `plan` depends on beside the addon itself."""

    now: datetime
    service: ServiceFact | None = None
    deployment: DeploymentFact | None = None
    binding: SecretFact | None = None
    budget: BudgetFact | None = None
    app_secret: SecretFact | None = None  # the one of binding.secretRef; None: not there
    app: AppFact | None = None  # the one of appRef; None: not there, or a TcpAddon's child
    app_is_of: str | None = None  # the TcpAddon whose child appRef names, None for none
    procfile: ConfigMapFact | None = None  # the one of procfileFrom; None: not there
    pods: tuple[PodFact, ...] = ()
    # Children of this addon under names that its spec no longer leads to (processType changed).
    strays: tuple[Child, ...] = ()
    # User's objects that still carry this addon's keys or mark though the spec names others now.
    forsaken: tuple[UsersFact, ...] = ()
    refusals: Mapping[Ref, Refusal] = field(default_factory=dict)
    # Somebody takes our keys out of the app's Secret as often as we put them there.
    secret_is_contested: bool = False
    # (uid, applied) -> fingerprint that the server made of exactly that apply, where it is not
    # the one we foresaw; such an object has not drifted.
    settled: Mapping[tuple[str, str], str] = field(default_factory=dict)
    status_written_at: datetime | None = None  # of our status manager's last write
    # Where the cluster's own pods connect from, the main address family first; known only where
    # exposure.sourceRanges shuts others out.
    cluster_networks: tuple[str, ...] = ()
    # --- read only where a plan asks for it (actions.Look); None: nobody has looked ---------------
    replica_sets: tuple[ReplicaSetFact, ...] | None = None
    claims: tuple[ClaimFact, ...] | None = None  # those of its pod that are there
    last_line: str | None = None  # of the log of the process that failed to boot, "" for none
    # Of each of the app's running pods that have the URL as a variable: when the first of the
    # containers that do was started.
    app_started: tuple[datetime, ...] | None = None
    service_warnings: Warnings | None = None  # of a while ago, where they were read before
