"""core/address.py: one stable choice among what load balancers give."""

from dataclasses import replace
from typing import Any

import pytest

from tcpaddon.api.v1alpha1 import Endpoint, TcpAddon
from tcpaddon.core.address import Address, Reach, known, reach
from tcpaddon.core.facts import Ingress, Kind, Ref, ServiceFact
from tests.unit.core.world import addon

TWO = {
    "ports": [{"name": "mqtt", "containerPort": 1883}, {"name": "ws", "containerPort": 80}],
    "binding": {"port": "mqtt"},
}
SERVICE = ServiceFact(
    ref=Ref(Kind.SERVICE, "iot", "mqtt-tcp"),
    uid="uid",
    resource_version=1,
    addon="mqtt",
    owner_uid=None,
    applied="",
    fields="",
    deleting=False,
    ingress=(),
)


def of(*ingress: Ingress, families: tuple[str, ...] = ("IPv4",)) -> ServiceFact:
    return replace(SERVICE, ingress=ingress, families=families)


def told(made: TcpAddon, *addresses: Address) -> TcpAddon:
    endpoints = [Endpoint(name=a.name, host=a.host, port=a.port, url=a.url) for a in addresses]
    url = addresses[0].url if addresses else ""
    status = made.status.model_copy(update={"url": url, "endpoints": endpoints})
    return made.model_copy(update={"status": status})


def host(made: TcpAddon, service: ServiceFact) -> str:
    return reach(made, service).served[0].host


A, B = Ingress(ip="203.0.113.5"), Ingress(ip="203.0.113.40")
SIX = Ingress(ip="2001:db8::1")
NAME = Ingress(hostname="lb.example.net")


@pytest.mark.parametrize("ingress", [(A, B), (B, A)])
def test_the_choice_does_not_depend_on_the_order_in_the_status(
    ingress: tuple[Ingress, ...],
) -> None:
    assert host(addon(), of(*ingress)) == A.ip  # numbers, not texts
    assert host(told(addon(), Address("tcp", B.ip, 5000)), of(*ingress)) == B.ip


def test_a_host_name_comes_before_ip_addresses() -> None:
    both = Ingress(ip="203.0.113.5", hostname="lb.example.net")
    assert host(addon(), of(A, NAME)) == NAME.hostname
    assert host(addon(), of(both)) == NAME.hostname
    assert reach(addon(), of(both)).hosts == ("lb.example.net", "203.0.113.5")


@pytest.mark.parametrize(
    ("families", "first"), [(("IPv4", "IPv6"), A.ip), (("IPv6", "IPv4"), SIX.ip)]
)
def test_of_two_families_the_services_first_one_is_taken(
    families: tuple[str, ...], first: str
) -> None:
    for ingress in ((A, SIX), (SIX, A)):
        assert host(addon(), of(*ingress, families=families)) == first


def test_the_address_in_use_is_left_when_it_is_gone() -> None:
    made = told(addon(), Address("tcp", "203.0.113.99", 5000))
    assert host(made, of(B, A)) == A.ip


def test_a_main_port_that_an_address_does_not_serve_is_looked_for_at_another() -> None:
    broken = Ingress(ip=A.ip, failed=((1883, "Taken"),))
    made = told(addon(TWO), Address("mqtt", A.ip, 1883))
    found = reach(made, of(broken, B))
    assert [a.url for a in found.served] == ["tcp://203.0.113.40:1883", "tcp://203.0.113.40:80"]
    assert found.failed == {}


def test_a_port_that_no_address_serves_is_told_and_the_others_are_served() -> None:
    found = reach(addon(TWO), of(Ingress(ip=A.ip, failed=((80, "Taken"), (7, "not ours")))))
    assert [a.name for a in found.served] == ["mqtt"]
    assert found.failed == {80: "Taken"}


def test_an_own_name_is_used_only_once_there_is_an_address() -> None:
    made = addon({"exposure": {"hostname": "mqtt.example.com"}})
    assert reach(made, of()) == Reach()
    found = reach(made, of(SIX))
    assert found.served[0].url == "tcp://mqtt.example.com:5000"
    assert found.hosts == (SIX.ip,)


def test_an_ipv6_address_is_written_in_its_short_form_and_in_brackets() -> None:
    found = reach(addon(), of(Ingress(ip="2001:0DB8:0:0::0001")))
    assert found.served[0].url == "tcp://[2001:db8::1]:5000"


def test_what_is_no_address_by_the_book_is_handed_on_as_it_is() -> None:
    assert host(addon(), of(Ingress(ip="203.000.113.005"))) == "203.000.113.005"


def test_the_last_address_stays_known_while_there_is_none() -> None:
    last = (Address("mqtt", A.ip, 1883), Address("ws", A.ip, 80))
    assert known(told(addon(TWO), *last), Reach()) == last
    assert known(addon(TWO), Reach()) == ()


def test_a_port_that_is_not_served_any_more_keeps_its_last_address() -> None:
    last = (Address("mqtt", A.ip, 1883), Address("ws", A.ip, 80))
    now = Reach(hosts=(B.ip,), served=(Address("mqtt", B.ip, 1883),), failed={80: "Taken"})
    assert known(told(addon(TWO), *last), now) == (*now.served, last[1])


def test_without_the_main_ports_address_none_is_known() -> None:
    now = Reach(hosts=(A.ip,), served=(Address("ws", A.ip, 80),), failed={1883: "Taken"})
    assert known(addon(TWO), now) == ()


def test_the_list_of_addresses_fits_into_the_status() -> None:
    many: Any = [Ingress(ip=f"203.0.113.{n}") for n in range(60)]
    assert len(reach(addon(), of(*many)).hosts) == 32
