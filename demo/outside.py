"""The client outside of the cluster: publishes one MQTT message and waits until it comes back.

A program of its own that needs nothing of this project (`python outside.py URL`), because it also
runs in a container where the host does not reach the cluster's addresses. It prints one line of
JSON: `{"text": …, "milliseconds": …}`.
"""

import json
import secrets
import sys
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

_LIMIT = 30.0  # seconds; a new address takes a moment to be known on the network
_PAUSE = 0.2  # seconds between two tries to connect


def round_trip(url: str) -> dict[str, str | float]:
    """Publish to the broker at `tcp://host:port` and receive it again.

    Returns the text that came back, and milliseconds from publishing to receiving.
    Raises TimeoutError or OSError where that does not happen within 30 seconds.
    """
    topic = f"demo/outside/{secrets.token_hex(4)}"
    text = f"hello from outside at {time.strftime('%H:%M:%S')}"
    received: list[str] = []
    subscribed, arrived = threading.Event(), threading.Event()
    client = Client(CallbackAPIVersion.VERSION2)

    def on_connect(*_: Any) -> None:
        client.subscribe(topic, qos=1)

    def on_subscribe(*_: Any) -> None:
        subscribed.set()

    def on_message(_client: Client, _data: Any, message: Any) -> None:
        received.append(message.payload.decode())
        arrived.set()

    client.on_connect = on_connect
    client.on_subscribe = on_subscribe
    client.on_message = on_message
    deadline = time.monotonic() + _LIMIT
    _connect(client, url, deadline)
    client.loop_start()
    try:
        _wait(subscribed, deadline, f"{url} took a connection but no subscription")
        began = time.monotonic()
        client.publish(topic, text, qos=1)
        _wait(arrived, deadline, f"{url} took a message but did not hand it on")
        return {"text": received[0], "milliseconds": round((time.monotonic() - began) * 1000, 1)}
    finally:
        client.disconnect()
        client.loop_stop()


def _connect(client: Client, url: str, deadline: float) -> None:
    where = urlsplit(url)
    while True:
        try:
            client.connect(where.hostname or "", where.port or 1883)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
        else:
            return


def _wait(event: threading.Event, deadline: float, what: str) -> None:
    if not event.wait(max(0.0, deadline - time.monotonic())):
        raise TimeoutError(what)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(round_trip(sys.argv[1])) + "\n")
