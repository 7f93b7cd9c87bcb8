"""core/address_change.py: what is told when clients have to go elsewhere."""

from dataclasses import replace
from typing import Any

from tcpaddon.core.facts import Ingress
from tcpaddon.core.plan import plan
from tcpaddon.core.refs import expected_refs
from tests.unit.core.world import HOST, World, addon, secret


def served(spec: dict[str, Any], *keys: str) -> World:
    held = secret("app-env", keys)
    w = World(addon=addon(spec), users={held.ref: held})
    w.settle()
    w.give_address()
    w.settle()
    w.start_pods()
    w.settle()
    w.pass_time(60)
    return w


def told(w: World, *hosts: str) -> list[str]:
    ref = expected_refs(w.addon).service
    entries = tuple(Ingress(ip=host) for host in hosts)
    w.children[ref] = replace(w.children[ref], ingress=entries)  # type: ignore[call-arg]
    return [note.message for note in plan(w.addon, w.facts()).events]


def test_the_secrets_that_have_the_new_url_are_named() -> None:
    (message,) = told(served({"binding": {"secretRef": {"name": "app-env"}}}), "203.0.113.8")
    assert message == (
        "TCP_URL is now tcp://203.0.113.8:5000, it was tcp://203.0.113.7:5000. The new one is in "
        "Secret app-env and Secret mqtt-tcp-binding, but what has read the old one keeps it: "
        "restart it."
    )


def test_a_secret_that_has_somebody_elses_url_is_not_named() -> None:
    w = served({"binding": {"secretRef": {"name": "app-env"}}}, "TCP_URL")
    (message,) = told(w, "203.0.113.8")
    assert "in Secret mqtt-tcp-binding, but" in message


def test_a_port_that_the_user_changes_is_told_too() -> None:
    w = served({})
    w.edit({"ports": [{"port": 443}]})
    assert any("is now tcp://203.0.113.7:443" in message for message in told(w, HOST))


def test_a_name_of_the_users_own_has_to_lead_elsewhere() -> None:
    w = served({"exposure": {"hostname": "mqtt.example.com"}})
    (message,) = told(w, "203.0.113.8", "203.0.113.9")
    assert message == (
        "mqtt.example.com has to lead to 203.0.113.8, 203.0.113.9 now, it was 203.0.113.7: change "
        "its DNS record, unless external-dns does."
    )


def test_further_addresses_beside_the_one_in_use_are_no_change() -> None:
    assert told(served({}), "203.0.113.6", HOST) == []
