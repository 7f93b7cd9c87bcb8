"""Makes the public addresses: out of what the load balancer gave, and the addon's ports."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tcpaddon.api.v1alpha1 import Port, TcpAddon
from tcpaddon.core.facts import Ingress

# For `tcpaddon render`, which has no load balancer to ask. `.invalid` never resolves (RFC 2606).
PLACEHOLDER_HOST: Final = "address-not-known-yet.invalid"


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


def addresses(addon: TcpAddon, ingress: Sequence[Ingress]) -> tuple[Address, ...]:
    """Return the address of every port, the main port's first; none while there is no host.

    The first entry is the one: a load balancer lists the address families in the order of the
    Service's own.
    """
    host = next((entry.hostname or entry.ip for entry in ingress if entry.hostname or entry.ip), "")
    if not host:
        return ()
    main = addon.spec.main_port
    # The order of a list map is not stable under apply.
    by_name = sorted(addon.spec.ports, key=lambda port: port.name)
    others = (port for port in by_name if port.name != main.name)
    return tuple(_address(port, host) for port in (main, *others))


def _address(port: Port, host: str) -> Address:
    return Address(name=port.name, host=host, port=port.public)
