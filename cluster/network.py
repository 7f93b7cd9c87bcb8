"""Which addresses the clusters use, and that nothing gets out of them.

All are in 198.18.0.0/15, the range set aside for benchmarks (RFC 2544): it collides with nobody's
network, and where the engine is our own, packets for the rest of the range and from the nodes to
the outside are refused at this machine.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from cluster.commands import Commands
from cluster.errors import ClusterError

RANGE: Final = "198.18.0.0/15"
DOCKER0: Final = "198.18.0.1/24"
OTHER_NETWORKS: Final = "base=198.18.10.0/23,size=26"
NODES: Final = "198.18.8.0/24"
PODS: Final = "198.18.16.0/20"
SERVICES: Final = "198.19.0.0/16"  # room for 10,000 Services and more

NAME: Final = "kind"  # kind's own name for its Docker network
BRIDGE: Final = "tcpaddon0"

_POOLS: Final = {"tcpaddon": (200, 219), "tcpaddon-e2e": (220, 239)}
CLUSTERS: Final = tuple(_POOLS)


@dataclass(frozen=True, slots=True)
class Pool:
    """Addresses for Services of type LoadBalancer, first and last."""

    first: IPv4Address
    last: IPv4Address

    def __str__(self) -> str:
        """As MetalLB writes it."""
        return f"{self.first}-{self.last}"


def pool(subnet: str, cluster: str) -> Pool:
    """A cluster's part of the nodes' network: from its last 256 addresses, so that two may coexist.

    Raises:
        ClusterError: the name has no part, or the network is smaller than a /24.
    """
    nodes = IPv4Network(subnet)
    if cluster not in _POOLS:
        raise ClusterError(f"There is no cluster {cluster}: choose one of {', '.join(_POOLS)}.")
    if nodes.prefixlen > 24:  # noqa: PLR2004
        raise ClusterError(
            f"The Docker network {NAME} ({subnet}) is too small: remove it with `docker network rm"
            f" {NAME}` and try again."
        )
    end = int(nodes.broadcast_address) - 255
    first, last = _POOLS[cluster]
    return Pool(IPv4Address(end + first), IPv4Address(end + last))


def ensure(commands: Commands) -> str:
    """Make the Docker network of the nodes if it is missing; returns its IPv4 subnet."""
    if not commands.succeeds(["docker", "network", "inspect", NAME]):
        bridge = f"com.docker.network.bridge.name={BRIDGE}"
        commands.run(
            ["docker", "network", "create", NAME, "--subnet", NODES, "--opt", bridge], timeout=60
        )
    template = "{{range .IPAM.Config}}{{.Subnet}} {{end}}"
    subnets = commands.text(["docker", "network", "inspect", NAME, "--format", template]).split()
    for subnet in subnets:
        if ":" not in subnet:
            return subnet
    raise ClusterError(
        f"The Docker network {NAME} has no IPv4 addresses: remove it with `docker network rm"
        f" {NAME}` and try again."
    )


def fence_in(commands: Commands) -> None:
    """Let nothing out of the nodes' network. Only for an engine of our own; safe to repeat."""
    rule = ["DOCKER-USER", "-i", BRIDGE, "!", "-o", BRIDGE, "-j", "REJECT"]
    if not commands.succeeds(["iptables", "-C", *rule]):
        commands.run(["iptables", "-I", *rule])
    commands.run(["ip", "route", "replace", "blackhole", RANGE])


def remove_bridges(commands: Commands) -> None:
    """Remove bridges of an engine whose data are gone: a new one cannot make them again."""
    for bridge in (BRIDGE, "docker0"):
        if commands.succeeds(["ip", "link", "show", bridge]):
            commands.run(["ip", "link", "delete", bridge])
