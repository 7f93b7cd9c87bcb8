"""What the user asks for: `spec`."""

import re
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, WithJsonSchema

from tcpaddon.api.marks import ATOMIC_LIST, Rule, Shaped, form
from tcpaddon.api.part import Bool, Int, Json, Part
from tcpaddon.api.strings import Annotations, DataKey, DnsLabel, DnsSubdomain, Labels, NodeLabels
from tcpaddon.api.v1alpha1 import pod, security, spread
from tcpaddon.api.v1alpha1.network import CLASS_STAYS, Binding, Exposure, Port, Ports, Readiness
from tcpaddon.names import child_name

MAX_NAME: Final = 63  # a Service's name is a DNS label
# Leaves an addon's name at least one character.
MAX_PROCESS_TYPE: Final = MAX_NAME - len(child_name("a", ""))
MAX_PROCFILE: Final = 16_384  # characters
MAX_REPLICAS: Final = 10_000  # far beyond what one address serves; a typing error is refused
ONE_DAY: Final = 86_400  # seconds


class AppKind(StrEnum):
    """Kinds of workload that can be followed."""

    DEPLOYMENT = "Deployment"
    STATEFUL_SET = "StatefulSet"


class AppRef(Part):
    """The app that the TCP process belongs to."""

    kind: AppKind = AppKind.DEPLOYMENT
    """Kind of the app's workload."""
    name: Annotated[DnsSubdomain, Field(min_length=1)]
    """Name of the app's workload in the addon's namespace, for example web."""
    container: DnsLabel | None = None
    """Container whose image, environment and mounts are followed. Default: the container that
    annotation kubectl.kubernetes.io/default-container names, else the only one."""


class ProcfileFrom(Part):
    """A key of a ConfigMap in the addon's namespace."""

    name: Annotated[DnsSubdomain, Field(min_length=1)]
    """Name of the ConfigMap, for example of one that 'kubectl create configmap web-procfile
    --from-file=Procfile' makes."""
    key: Annotated[DataKey, Field(min_length=1)] = "Procfile"
    """Key whose text is the Procfile."""


class Launcher(StrEnum):
    """What starts the process."""

    IMAGE = "Image"
    BUILDPACK = "Buildpack"


class StartPolicy(StrEnum):
    """When the process may start for the first time."""

    AFTER_ADDRESS = "AfterAddress"
    IMMEDIATELY = "Immediately"


class PullPolicy(StrEnum):
    """When nodes pull the image."""

    ALWAYS = "Always"
    IF_NOT_PRESENT = "IfNotPresent"
    NEVER = "Never"


_surge = re.compile("([1-9][0-9]?|100)%")
MaxSurge = Annotated[
    int | str,
    WithJsonSchema({"x-kubernetes-int-or-string": True, "maxLength": 5}),
    Rule(
        cel=(
            f"type(self) == int ? self >= 1 && self <= {MAX_REPLICAS} : "
            "self.matches('^([1-9][0-9]?|100)%$')"
        ),
        message=f"Use a number from 1 to {MAX_REPLICAS} or a percentage from 1% to 100%.",
        holds=lambda surge: (
            1 <= surge <= MAX_REPLICAS
            if isinstance(surge, int)
            else _surge.fullmatch(surge) is not None
        ),
    ),
]


class RolloutStrategy(StrEnum):
    """How new connections move to a new version."""

    ROLLING = "Rolling"
    SWITCH = "Switch"


class OnFailure(StrEnum):
    """What becomes of a version that does not boot."""

    ROLLBACK = "Rollback"
    KEEP = "Keep"


class Drain(Part):
    """How fast the old processes go, so that their clients do not all come back at once."""

    interval_seconds: Annotated[Int, Field(ge=1, le=3600)]
    """Seconds between the end of one old process and of the next, for example 10."""


class Rollout(Part):
    """How a new version replaces the old one. No connection is dropped that can be served."""

    strategy: RolloutStrategy = RolloutStrategy.ROLLING
    """Rolling: each new process gets connections as soon as it answers, beside the old ones.
    Switch: when all new ones answer, all new connections go to them at once, so that clients
    never meet two versions; it needs twice the processes meanwhile, whatever maxSurge says."""
    on_failure: OnFailure = OnFailure.ROLLBACK
    """What becomes of a version that does not answer within startupTimeoutSeconds. Rollback: its
    processes end, the version before it goes on, and this one is not tried again until the spec
    or the app changes. Keep: it is restarted again and again beside the version before it."""
    drain: Drain | None = None
    """Lets the old processes go one at a time, for example {intervalSeconds: 10}. Default: they
    go as soon as new ones answer."""

    startup_timeout_seconds: Annotated[Int, Field(ge=1, le=3600)] = 60
    """Seconds that a new process has to answer its first TCP handshake; the old version serves
    until then."""
    drain_seconds: Annotated[Int, Field(ge=1, le=ONE_DAY)] = 30
    """Seconds between SIGTERM and SIGKILL, for the process to finish its connections."""
    pre_stop_seconds: Annotated[Int, Field(ge=0, le=3600)] = 5
    """Seconds before SIGTERM in which an old process gets no new connections any more; load
    balancers need them to hear of it."""
    max_surge: MaxSurge = "100%"
    """How many new processes may run beside the old ones during a roll: a number or a percentage
    of replicas."""
    restart_on_secret_change: Bool = False
    """Whether a change of the app's Secret (binding.secretRef) rolls the process, so that it has
    the new values. The keys that TcpAddons write there do not count. Setting it rolls once."""


_ONE_DAY = Rule(
    cel=f"self.preStopSeconds + self.drainSeconds <= {ONE_DAY}",
    message=(
        f"Lower preStopSeconds or drainSeconds: together they may be {ONE_DAY} seconds (one day)."
    ),
    holds=lambda rollout: rollout.pre_stop_seconds + rollout.drain_seconds <= ONE_DAY,
)

_Words = Annotated[list[Annotated[str, Field(max_length=4096)]], Field(max_length=64), ATOMIC_LIST]


class TcpAddonSpec(Part):
    """What the user asks for."""

    app_ref: AppRef | None = None
    """The app in this namespace to follow: image, environment, volumes and accounts are its own,
    and a new version of it rolls the TCP process. Instead of image."""
    image: (
        Annotated[
            str,
            Field(min_length=1, max_length=1024),
            form(
                "[^ \\t\\r\\n]+", "Leave out spaces and line breaks, as in example.com/broker:1.2."
            ),
        ]
        | None
    ) = None
    """Image to run, for example example.com/broker:1.2. Instead of appRef."""
    process_type: Annotated[
        str,
        Field(max_length=MAX_PROCESS_TYPE),
        form(
            "[a-z0-9]([-a-z0-9]*[a-z0-9])?",
            "Use lower-case letters, digits and hyphens, with a letter or digit at both ends "
            "(rename the process type in the Procfile if need be).",
        ),
    ] = "tcp"
    """Name of the process, and its line in the Procfile. Service and Deployment are named
    <name>-<processType>, so another processType later means another Service and address."""
    procfile: Annotated[str, Field(min_length=1, max_length=MAX_PROCFILE)] | None = None
    """Text of the app's Procfile; the line of processType is run in the image, for example
    "web: npm start\\ntcp: npm run start-tcp"."""
    procfile_from: ProcfileFrom | None = None
    """A ConfigMap with the Procfile, instead of procfile. A change there rolls the process if its
    own line is another one, and only then."""
    command: _Words | None = None
    """Program and first arguments, instead of a Procfile, for example [node, broker.js].
    Default: the image's entrypoint."""
    args: _Words | None = None
    """Arguments after command, or of the image's entrypoint."""
    launcher: Launcher = Launcher.IMAGE
    """What starts the process. Image: the image's own programs. Buildpack: the launcher of an
    image built by Cloud Native Buildpacks, which knows the app's process types."""
    replicas: Annotated[Int, Field(ge=0, le=MAX_REPLICAS)] = 1
    """Number of processes. kubectl scale and autoscalers set it on the TcpAddon, also while it is
    suspended."""
    ports: Ports = Field(default_factory=lambda: [Port()])
    """Ports that the process listens on. Default: one, {name: tcp, containerPort: 5000}."""
    env: Annotated[list[Json], Shaped(pod.EnvVars)] = Field(default_factory=list)
    """Environment variables of the process, as in a container. They win over the app's and over
    PORT and TCP_URL."""
    env_from: Annotated[list[Json], Shaped(pod.EnvFroms)] = Field(default_factory=list)
    """ConfigMaps and Secrets whose keys become environment variables, as in a container."""
    resources: Annotated[Json, Shaped(pod.CheckedResources)] = Field(default_factory=dict)
    """Compute resources of each process, as in a container, for example
    {requests: {cpu: 100m, memory: 64Mi}}."""
    volumes: Annotated[list[Json], Shaped(pod.Volumes)] = Field(default_factory=list)
    """Volumes of the pods, as in a pod: a name and one source."""
    volume_mounts: Annotated[list[Json], Shaped(pod.VolumeMounts)] = Field(default_factory=list)
    """Where volumes stand in the container, as in a container."""
    image_pull_policy: PullPolicy | None = None
    """When nodes pull the image. Default: Always for tag latest, else IfNotPresent."""
    image_pull_secrets: Annotated[list[Json], Shaped(pod.PullSecrets)] = Field(default_factory=list)
    """Secrets with registry credentials, for example [{name: registry}]."""
    service_account_name: DnsSubdomain | None = None
    """ServiceAccount of the pods. Default: the app's, or default."""
    security_context: Annotated[Json, Shaped(security.CheckedContainerSecurity)] = Field(
        default_factory=dict
    )
    """What the process may do, as in a container, for example {runAsNonRoot: true}."""
    pod_security_context: Annotated[Json, Shaped(security.PodSecurity)] = Field(
        default_factory=dict
    )
    """Security of the pod as a whole, as securityContext in a pod, for example {fsGroup: 1000}."""
    node_selector: NodeLabels = Field(default_factory=dict)
    """Labels that a node must have to run the process, for example {disk: ssd}."""
    tolerations: Annotated[list[Json], Shaped(pod.Tolerations)] = Field(default_factory=list)
    """Taints of nodes that the pods put up with, as in a pod."""
    affinity: Annotated[Json, Shaped(pod.Affinity)] = Field(default_factory=dict)
    """Rules of where the pods run, as in a pod."""
    topology_spread_constraints: Annotated[list[Json] | None, Shaped(spread.SpreadConstraints)] = (
        None
    )
    """How the pods are spread over nodes and zones, as in a pod. Default: evenly over nodes and
    rather over zones, where there is room. An empty list leaves it to the cluster's defaults."""
    priority_class_name: DnsSubdomain | None = None
    """PriorityClass of the pods. Default: the app's, or the cluster's."""
    pod_labels: Labels = Field(default_factory=dict)
    """Further labels for the pods, for example {team: iot}."""
    pod_annotations: Annotations = Field(default_factory=dict)
    """Further annotations for the pods."""
    exposure: Annotated[Exposure, CLASS_STAYS] = Exposure()
    """How the process is reached from outside."""
    readiness: Readiness = Readiness()
    """When a process counts as ready: it answers TCP handshakes on the main port."""
    rollout: Annotated[Rollout, _ONE_DAY] = Rollout()
    """How a new version replaces the old one."""
    binding: Binding = Binding()
    """Where the app finds the address."""
    start_policy: StartPolicy = StartPolicy.AFTER_ADDRESS
    """AfterAddress: the process starts when the address is known, so that TCP_URL is there from
    the first start. Immediately: it starts at once."""

    suspend: Bool = False
    """Whether the process is put to rest: no container runs, while the Service, its address and
    all keys stay. False again: as many processes as replicas says start."""

    @property
    def processes(self) -> int:
        """How many processes shall run now."""
        return 0 if self.suspend else self.replicas

    @property
    def main_port(self) -> Port:
        """The port that TCP_URL and PORT speak of."""
        return next((p for p in self.ports if p.name == self.binding.port), self.ports[0])
