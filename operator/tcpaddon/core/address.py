"""Makes the public addresses: out of what the load balancer gave, and the addon's ports."""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tcpaddon.api.v1alpha1 import Port, TcpAddon, TcpAddonStatus
from tcpaddon.core.facts import Ingress, ServiceFact

# For `tcpaddon render`, which has no load balancer to ask. `.invalid` never resolves (RFC 2606).
PLACEHOLDER_HOST: Final = "address-not-known-yet.invalid"
_LISTED: Final = 32  # status.addresses takes no more


@dataclass(frozen=True, slots=True)
class Address:
    """The public address of one port."""

    name: str  # of the port in spec.ports
    host: str
    port: int

    @property
    def url(self) -> str:
        """Write the address as tcp://host:port; IPv6 addresses stand in brackets (RFC 3986)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Reach:
    """What the load balancer gives now.

    hosts: every host name and IP address, in an order of our own. served: the addresses of the
    ports that it serves, the main port's first. failed: its errors by the number of the port.
    """

    hosts: tuple[str, ...] = ()
    served: tuple[Address, ...] = ()
    failed: Mapping[int, str] = field(default_factory=dict)


def reach(addon: TcpAddon, service: ServiceFact | None) -> Reach:
    """Read off the Service how clients reach the addon; None: it is not there, or not ours."""
    found = _hosts(service) if service else {}
    if service is None or not found:
        return Reach()
    by_kind = sorted(found, key=lambda host: _rank(host, service.families))
    ports = _main_first(addon)
    current = _host_told(addon.status)

    def cost(host: str) -> tuple[bool, int, bool]:
        failing = [port.public in found[host] for port in ports]
        # Several are as good as each other: then the one that clients have already stays.
        return failing[0], sum(failing), host != current

    best = min(by_kind, key=cost)  # of equals the first
    host = addon.spec.exposure.hostname or best
    failed = {p.public: found[best][p.public] for p in ports if p.public in found[best]}
    return Reach(
        hosts=tuple(by_kind[:_LISTED]),
        served=tuple(Address(p.name, host, p.public) for p in ports if p.public not in failed),
        failed=failed,
    )


def known(addon: TcpAddon, now: Reach) -> tuple[Address, ...]:
    """Return the addresses that clients shall have: those that are served, else the last ones.

    The main port's comes first; there is none without it. A client is no worse off with an
    address that comes back than with none.
    """
    last = {e.name: Address(e.name, e.host, e.port) for e in addon.status.endpoints}
    by_name = last | {address.name: address for address in now.served}
    ports = [port.name for port in _main_first(addon)]
    return tuple(by_name[name] for name in ports if name in by_name) if ports[0] in by_name else ()


def _main_first(addon: TcpAddon) -> list[Port]:
    main = addon.spec.main_port
    # The order of a list map is not stable under apply.
    by_name = sorted(addon.spec.ports, key=lambda port: port.name)
    return [main, *(port for port in by_name if port.name != main.name)]


def _hosts(service: ServiceFact) -> dict[str, Mapping[int, str]]:
    """Return every host that the load balancer gives, with the ports that it fails to serve."""
    found: dict[str, Mapping[int, str]] = {}
    for host, entry in _given(service.ingress):
        found[host] = {**found.get(host, {}), **dict(entry.failed)}
    return found


def _given(ingress: Iterable[Ingress]) -> Iterable[tuple[str, Ingress]]:
    for entry in ingress:
        if entry.hostname:
            yield entry.hostname, entry
        if entry.ip:
            yield _normal(entry.ip), entry


def _rank(host: str, families: tuple[str, ...]) -> tuple[bool, int, int, str]:
    """Order hosts so that it does not depend on the order in which they are listed.

    A host name comes before IP addresses, which may change behind it; then the Service's own
    families, the first one first.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False, 0, 0, host
    family = f"IPv{address.version}"
    place = families.index(family) if family in families else len(families)
    return True, place, int(address), host


def _normal(ip: str) -> str:
    try:
        return str(ipaddress.ip_address(ip))
    except ValueError:
        return ip  # as the API server took it, with leading zeros for one


def _host_told(status: TcpAddonStatus) -> str:
    return next((e.host for e in status.endpoints if e.url == status.url), "")
