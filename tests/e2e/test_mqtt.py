"""The sample app: an MQTT broker beside a web page, and a client that keeps publishing."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from demo.sample import with_image
from tests.e2e.site import Site, address_of, eventually, secret_value

MANIFESTS = Path(__file__).parents[2] / "examples" / "mqtt" / "manifests"


def sample(site: Site, namespace: str) -> list[dict[str, Any]]:
    """Take the sample app's own manifests into a test's namespace."""
    objects = [o for o in with_image(site.images.example, MANIFESTS) if o["kind"] != "Namespace"]
    for found in objects:
        found["metadata"]["namespace"] = namespace
    return objects


def test_every_message_is_acknowledged_while_a_new_version_rolls(
    site: Site, namespace: str
) -> None:
    objects = sample(site, namespace)
    site.apply(namespace, *objects)
    url = site.ready(namespace, "mqtt")["status"]["url"]
    assert secret_value(site.get(namespace, "secret", "app-env"), "TCP_URL") == url
    before = _pods(site, namespace)
    (old,) = site.all(namespace, "pods", "tcpaddon.io/addon=mqtt")
    last_words = ThreadPoolExecutor(1).submit(
        site.kubectl, "-n", namespace, "logs", "--follow", old["metadata"]["name"]
    )
    client = Client(CallbackAPIVersion.VERSION2, client_id="publisher", clean_session=False)
    client.reconnect_delay_set(min_delay=1, max_delay=1)
    acknowledged: set[int] = set()
    client.on_publish = lambda _client, _data, mid, *_: acknowledged.add(mid)
    client.connect(*address_of(url))
    client.loop_start()
    sent: set[int] = set()  # packet ids; a message between two connections is kept and sent later

    def publish() -> None:
        sent.add(client.publish("test/numbers", str(len(sent)), qos=1).mid)
        time.sleep(0.05)  # the rate of the load, not a wait for anything

    try:
        publish()
        eventually(lambda: acknowledged, "the first message is acknowledged")
        (addon,) = (o for o in objects if o["kind"] == "TcpAddon")
        addon["spec"]["env"] = [{"name": "DRAIN_SECONDS", "value": "1"}]
        site.apply(namespace, addon)

        def replaced() -> bool:
            publish()
            return bool(_pods(site, namespace)) and not _pods(site, namespace) & before

        eventually(replaced, "the old version has ended")
        for _ in range(20):
            publish()
        eventually(lambda: acknowledged >= sent, "every message is acknowledged")
    finally:
        client.disconnect()
        client.loop_stop()
    assert len(sent) > 20
    # Through npm and its shell, the broker itself was told, closed its clients and ended.
    said = last_words.result(60)
    assert "SIGTERM: closing" in said
    assert said.rstrip().endswith("stopped")
    assert site.ready(namespace, "mqtt")["status"]["url"] == url


def _pods(site: Site, namespace: str) -> set[str]:
    return {p["metadata"]["uid"] for p in site.all(namespace, "pods", "tcpaddon.io/addon=mqtt")}
