"""How clients reach the process: ports, exposure, readiness and the binding."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from tcpaddon.api.marks import ATOMIC_LIST, Keyed, Rule, form
from tcpaddon.api.part import Bool, Int, Part
from tcpaddon.api.strings import QUALIFIED_NAME, Annotations, DnsSubdomain, Labels, Network
from tcpaddon.names import DEFAULT_PORT, DEFAULT_URL_KEY

MAX_PORTS: Final = 32  # keeps the rules over pairs of ports within the API server's CEL budget
PortNumber = Annotated[Int, Field(ge=1, le=65_535)]
PortName = Annotated[
    str,
    Field(max_length=15),  # Kubernetes' limit for names of container ports
    Rule(
        cel=(
            "self.matches(r'^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self.matches('[a-z]')"
            " && !self.contains('--')"
        ),
        message=(
            "Use lower-case letters, digits and single hyphens between them, "
            "with at least one letter, such as mqtt or mqtt-ws."
        ),
        holds=lambda name: (
            all("a" <= c <= "z" or "0" <= c <= "9" or c == "-" for c in name)
            and any("a" <= c <= "z" for c in name)
            and name.strip("-") == name
            and "--" not in name
        ),
    ),
]


class Port(Part):
    """A port that the process listens on, and the public port that leads to it."""

    name: PortName = "tcp"
    """Name of the port, for example mqtt. Variables and Secret keys of further ports carry it."""
    container_port: PortNumber = DEFAULT_PORT
    """Port that the process listens on; it finds the number in PORT, or PORT_<NAME>."""
    port: PortNumber | None = None
    """Public port that clients connect to. Default: the same number as containerPort."""

    @property
    def public(self) -> int:
        """The public port."""
        return self.container_port if self.port is None else self.port


_PUBLIC = "(has({0}.port) ? {0}.port : {0}.containerPort)"
_UNIQUE_PUBLIC = Rule(
    cel=(
        "self.all(a, self.all(b, a.containerPort == b.containerPort || "
        f"{_PUBLIC.format('a')} != {_PUBLIC.format('b')}))"
    ),
    message="Give each port a public port of its own: two have the same port (or containerPort).",
    # Two of one containerPort are the next rule's business: one fault, one sentence.
    holds=lambda ports: (
        len({(p.public, p.container_port) for p in ports}) == len({p.public for p in ports})
    ),
)
_UNIQUE_CONTAINER_PORTS = Rule(
    cel="self.all(a, self.exists_one(b, a.containerPort == b.containerPort))",
    message="Give each port a containerPort of its own: the process listens once on each.",
    holds=lambda ports: len({p.container_port for p in ports}) == len(ports),
)
Ports = Annotated[
    list[Port],
    Field(min_length=1, max_length=MAX_PORTS),
    Keyed("name"),
    _UNIQUE_PUBLIC,
    _UNIQUE_CONTAINER_PORTS,
]


class ExposureMode(StrEnum):
    """Where the public address comes from."""

    DEDICATED = "Dedicated"


class TrafficPolicy(StrEnum):
    """Which nodes take connections."""

    CLUSTER = "Cluster"
    LOCAL = "Local"


class IpFamilyPolicy(StrEnum):
    """How many address families the Service has."""

    SINGLE_STACK = "SingleStack"
    PREFER_DUAL_STACK = "PreferDualStack"
    REQUIRE_DUAL_STACK = "RequireDualStack"


# With a letter at the start of the last part: an IP address is no name.
_DNS_NAME: Final = "([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?[.])*[a-z]([-a-z0-9]{0,61}[a-z0-9])?"
Hostname = Annotated[
    str,
    Field(max_length=253),
    form(_DNS_NAME, "Use a DNS name in lower-case letters, such as mqtt.example.com."),
]
LoadBalancerClass = Annotated[
    str,
    Field(max_length=317),  # a domain of 253 characters, '/', a name of 63
    form(QUALIFIED_NAME, "Use a name that a controller serves, such as metallb.io/metallb."),
]


class Exposure(Part):
    """How the process is reached from outside."""

    mode: ExposureMode = ExposureMode.DEDICATED
    """Dedicated: the addon has a load balancer, and so an address, of its own."""
    load_balancer_class: LoadBalancerClass | None = None
    """Which of several load-balancer controllers serves this addon, for example
    metallb.io/metallb. It cannot be changed later. Default: the cluster's."""
    hostname: Hostname | None = None
    """DNS name that clients connect to, for example mqtt.example.com: TCP_URL has it once there is
    an address. external-dns makes the record where it runs; else make one to status.addresses."""
    ip_family_policy: IpFamilyPolicy = IpFamilyPolicy.SINGLE_STACK
    """SingleStack: an address of the cluster's main family. PreferDualStack: an IPv4 and an IPv6
    address where the cluster has both. RequireDualStack: both, or none."""
    source_ranges: Annotated[list[Network], Field(max_length=64), ATOMIC_LIST] = Field(
        default_factory=list
    )
    """IPv4 and IPv6 networks that may connect, for example [203.0.113.0/24, 2001:db8::/32], if
    the load balancer can filter. The cluster's own pods always may. Default: everybody."""
    external_traffic_policy: TrafficPolicy = TrafficPolicy.CLUSTER
    """Cluster: every node takes connections and spreads them over all processes. Local: only
    nodes with a process do, which keeps the client's IP address but spreads less evenly."""
    allocate_load_balancer_node_ports: Bool = True
    """Whether each port also gets a port on every node. Many load balancers need it; set
    it to false for one that reaches pods directly, to save ports."""
    annotations: Annotations = Field(default_factory=dict)
    """Annotations for the Service: the settings of your cloud's load balancer, for example
    {service.beta.kubernetes.io/aws-load-balancer-type: nlb}."""
    labels: Labels = Field(default_factory=dict)
    """Further labels for the Service, for example {team: iot}."""


# A Service's class is immutable, and another class would mean another address.
CLASS_STAYS = Rule(
    cel=(
        "has(self.loadBalancerClass) == has(oldSelf.loadBalancerClass) && "
        "(!has(self.loadBalancerClass) || self.loadBalancerClass == oldSelf.loadBalancerClass)"
    ),
    message=(
        "loadBalancerClass cannot be changed, since the address would change with it: "
        "make a second TcpAddon with the other class, move the clients, then delete this one."
    ),
)


class Readiness(Part):
    """When a process counts as ready: it answers TCP handshakes on the main port."""

    period_seconds: Annotated[Int, Field(ge=1, le=300)] = 1
    """Seconds between two handshakes."""
    timeout_seconds: Annotated[Int, Field(ge=1, le=300)] = 1
    """Seconds that a handshake may take."""
    failure_threshold: Annotated[Int, Field(ge=1, le=100)] = 3
    """Failed handshakes in a row after which a process gets no new connections."""


class SecretRef(Part):
    """A Secret in the addon's namespace."""

    name: Annotated[DnsSubdomain, Field(min_length=1)]
    """Name of the Secret. It must be there: only the addon's keys in it are ever touched."""


UrlKey = Annotated[
    str,
    Field(max_length=128),
    form(
        "[A-Za-z_][A-Za-z0-9_]*",
        "Use letters, digits and '_', not beginning with a digit, such as TCP_URL or BROKER_URL.",
    ),
    Rule(
        cel="self != 'PORT' && !self.startsWith('PORT_')",
        message="Use another name, such as TCP_URL: PORT tells the process where to listen.",
        holds=lambda key: key != "PORT" and not key.startswith("PORT_"),
    ),
]


class Binding(Part):
    """Where the app finds the address."""

    secret_ref: SecretRef | None = None
    """The app's own Secret that the URL is written into, for example {name: app-env}. Without
    it only the binding Secret <name>-<processType>-binding is made."""
    port: PortName | None = None
    """Name of the main port: its URL is TCP_URL, it is PORT for the process and its handshakes
    tell readiness. Needed with several ports."""
    restart_app: Bool = False
    """Whether the app of appRef is restarted, once, when pods of it started before its Secret had
    the URL, as 'kubectl rollout restart' would. Without it they are only told of."""
    url_key: UrlKey = DEFAULT_URL_KEY
    """Key and environment variable of the main port's URL; the URLs of other ports are
    <urlKey>_<NAME>."""
