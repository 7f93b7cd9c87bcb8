"""The shapes of the pod fields that an addon takes as Kubernetes writes them.

They are here so that a mistake in them is refused at `kubectl apply` and not in a Deployment
later; the operator hands the values on unparsed. Bounds are what keeps the rules affordable.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from tcpaddon.api.marks import ATOMIC_LIST, Keyed, Rule
from tcpaddon.api.part import Bool, Int, Json, Shape
from tcpaddon.api.strings import (
    DataKey,
    DnsLabel,
    DnsSubdomain,
    EnvName,
    LabelKey,
    LabelValue,
    Quantity,
)


class FieldRef(Shape):
    """A field of the pod itself."""

    api_version: Annotated[str, Field(max_length=32)] | None = None
    """Version of the schema that the path is written in. Default: v1."""
    field_path: Annotated[str, Field(min_length=1, max_length=512)]
    """Path of the field, for example status.podIP or metadata.labels['tier']."""


class ResourceFieldRef(Shape):
    """A resource request or limit of a container."""

    container_name: DnsLabel | None = None
    """The container; only needed in volumes."""
    resource: Annotated[str, Field(min_length=1, max_length=253)]
    """The resource, for example limits.memory."""
    divisor: Quantity | None = None
    """Unit of the value, for example 1Mi. Default: 1."""


class ConfigMapKeyRef(Shape):
    """A key of a ConfigMap in the addon's namespace."""

    name: DnsSubdomain
    """Name of the ConfigMap."""
    key: DataKey
    """Key in its data."""
    optional: Bool | None = None
    """Whether the process may start without it. Default: false."""


class SecretKeyRef(Shape):
    """A key of a Secret in the addon's namespace."""

    name: DnsSubdomain
    """Name of the Secret."""
    key: DataKey
    """Key in its data."""
    optional: Bool | None = None
    """Whether the process may start without it. Default: false."""


class EnvSource(Shape):
    """Where a variable's value comes from; exactly one."""

    field_ref: FieldRef | None = None
    """A field of the pod, such as status.podIP."""
    resource_field_ref: ResourceFieldRef | None = None
    """A resource request or limit of the container, such as limits.memory."""
    config_map_key_ref: ConfigMapKeyRef | None = None
    """A key of a ConfigMap in the addon's namespace."""
    secret_key_ref: SecretKeyRef | None = None
    """A key of a Secret in the addon's namespace."""


_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef")
_ONE_SOURCE = Rule(
    cel=f"[{', '.join(f'has(self.{source})' for source in _SOURCES)}].exists_one(given, given)",
    message=f"Set exactly one of {', '.join(_SOURCES[:-1])} and {_SOURCES[-1]}.",
    holds=lambda source: (
        [
            source.field_ref,
            source.resource_field_ref,
            source.config_map_key_ref,
            source.secret_key_ref,
        ].count(None)
        == len(_SOURCES) - 1
    ),
)


class EnvVar(Shape):
    """One environment variable."""

    name: EnvName
    """Name of the variable, for example LOG_LEVEL."""
    value: Annotated[str, Field(max_length=32_768)] | None = None
    """Its value as text; quote numbers and true/false. $(OTHER) is replaced by variable OTHER."""
    value_from: Annotated[EnvSource, _ONE_SOURCE] | None = None
    """Takes the value from a field of the pod, a ConfigMap or a Secret instead."""


_VALUE_OR_SOURCE = Rule(
    cel="!has(self.valueFrom) || !has(self.value) || self.value == ''",
    message="Set either value or valueFrom of a variable and leave out the other.",
    holds=lambda var: var.value_from is None or not var.value,
)
EnvVars = Annotated[list[Annotated[EnvVar, _VALUE_OR_SOURCE]], Field(max_length=256), Keyed("name")]


class EnvFromRef(Shape):
    """A ConfigMap or Secret as a whole."""

    name: DnsSubdomain
    """Name of the object in the addon's namespace."""
    optional: Bool | None = None
    """Whether the process may start without it. Default: false."""


class EnvFrom(Shape):
    """All keys of a ConfigMap or Secret as environment variables."""

    prefix: Annotated[str, Field(max_length=253)] | None = None
    """Text put before each key to make the variable's name, for example DB_."""
    config_map_ref: EnvFromRef | None = None
    """The ConfigMap."""
    secret_ref: EnvFromRef | None = None
    """The Secret."""


_ONE_REF = Rule(
    cel="has(self.configMapRef) != has(self.secretRef)",
    message="Set exactly one of configMapRef and secretRef.",
    holds=lambda source: (source.config_map_ref is None) != (source.secret_ref is None),
)
EnvFroms = Annotated[list[Annotated[EnvFrom, _ONE_REF]], Field(max_length=64), ATOMIC_LIST]

_Amounts = Annotated[dict[str, Quantity], Field(max_length=16)]


class Resources(Shape):
    """Compute resources of a container."""

    requests: _Amounts | None = None
    """What a node must have free for the process, for example {cpu: 100m, memory: 64Mi}.
    Fractions stand in quotes: "0.5"."""
    limits: _Amounts | None = None
    """The most that the process may use, for example {memory: 256Mi}. Fractions stand in
    quotes: "0.5"."""


CheckedResources = Annotated[
    Resources,
    Rule(
        cel=(
            "!has(self.requests) || !has(self.limits) || self.requests.all(name, "
            "!(name in self.limits) || quantity(string(self.requests[name])).compareTo("
            "quantity(string(self.limits[name]))) <= 0)"
        ),
        message="Lower the request or raise the limit: a request must not exceed its limit.",
    ),
]


class VolumeMount(Shape):
    """A volume at a path of the container."""

    name: DnsLabel
    """Name of the volume."""
    mount_path: Annotated[
        str,
        Field(min_length=1, max_length=1024),
        Rule(
            cel="!self.contains(':')",
            message="Use a path without ':', such as /data.",
            holds=lambda path: ":" not in path,
        ),
    ]
    """Path in the container, for example /data."""
    sub_path: Annotated[str, Field(max_length=1024)] | None = None
    """Path within the volume to mount instead of its root."""
    sub_path_expr: Annotated[str, Field(max_length=1024)] | None = None
    """As subPath, with $(VAR) replaced by environment variables."""
    read_only: Bool | None = None
    """Whether writing is refused. Default: false."""
    recursive_read_only: Literal["Disabled", "IfPossible", "Enabled"] | None = None
    """Whether mounts below a readOnly mount are read-only as well. Default: Disabled."""
    mount_propagation: Literal["None", "HostToContainer", "Bidirectional"] | None = None
    """Whether mounts made later are seen by host and container. Default: None."""


_ONE_SUB_PATH = Rule(
    cel="!has(self.subPath) || !has(self.subPathExpr)",
    message="Set either subPath or subPathExpr and leave out the other.",
    holds=lambda mount: mount.sub_path is None or mount.sub_path_expr is None,
)
VolumeMounts = Annotated[
    list[Annotated[VolumeMount, _ONE_SUB_PATH]], Field(max_length=64), Keyed("mountPath")
]


class Volume(Shape):
    """A volume of the pod: a name, and a source as in a pod."""

    model_config = ConfigDict(extra="allow")  # the sources are many, and Kubernetes checks them

    name: DnsLabel
    """Name that volumeMounts use."""


Volumes = Annotated[list[Volume], Field(max_length=64), Keyed("name")]


class PullSecret(Shape):
    """A Secret with registry credentials."""

    name: DnsSubdomain
    """Name of the Secret in the addon's namespace."""


PullSecrets = Annotated[list[PullSecret], Field(max_length=16), Keyed("name")]


class Toleration(Shape):
    """A taint that the pods put up with."""

    key: LabelKey | None = None
    """Key of the taint; without it, and with operator Exists, every taint."""
    operator: Literal["Exists", "Equal"] | None = None
    """Exists, or Equal to compare value as well. Default: Equal."""
    value: LabelValue | None = None
    """Value of the taint, with operator Equal."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    """Effect of the taint; without it every effect."""
    toleration_seconds: Annotated[Int, Field(ge=0, le=2**31 - 1)] | None = None
    """Seconds that a pod may stay on a node with a NoExecute taint. Default: for ever."""


_KEY_OR_EXISTS = Rule(
    cel="has(self.key) || (has(self.operator) && self.operator == 'Exists')",
    message="Set key, or operator Exists to tolerate every taint.",
    holds=lambda t: t.key is not None or t.operator == "Exists",
)
_EXISTS_WITHOUT_VALUE = Rule(
    cel="!has(self.operator) || self.operator != 'Exists' || !has(self.value) || self.value == ''",
    message="Leave out value with operator Exists, or use operator Equal.",
    holds=lambda t: t.operator != "Exists" or not t.value,
)
_SECONDS_OF_NO_EXECUTE = Rule(
    cel="!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
    message="Set effect to NoExecute with tolerationSeconds, or leave out tolerationSeconds.",
    holds=lambda t: t.toleration_seconds is None or t.effect == "NoExecute",
)
Tolerations = Annotated[
    list[Annotated[Toleration, _KEY_OR_EXISTS, _EXISTS_WITHOUT_VALUE, _SECONDS_OF_NO_EXECUTE]],
    Field(max_length=32),
    ATOMIC_LIST,
]


class Affinity(Shape):
    """Rules of where the pods run."""

    node_affinity: Json | None = None
    """Rules about nodes, as in a pod."""
    pod_affinity: Json | None = None
    """Rules that bring the pods near to other pods, as in a pod."""
    pod_anti_affinity: Json | None = None
    """Rules that keep the pods away from other pods, as in a pod."""
