"""A metrics API (metrics.k8s.io/v1beta1) for the tests, with a load that they set.

ConfigMap `load` of a namespace has the millicores that all pods of a label selector use together;
each of those that are ready is told to use its share. What else an autoscaler looks at, such as
who is ready and since when, it takes from the cluster itself.
"""

import json
import os
import ssl
import subprocess
import urllib.request
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
ROOT = "/apis/metrics.k8s.io/v1beta1"
RESOURCES = {
    "kind": "APIResourceList",
    "apiVersion": "v1",
    "groupVersion": "metrics.k8s.io/v1beta1",
    "resources": [
        {
            "name": "pods",
            "singularName": "",
            "namespaced": True,
            "kind": "PodMetrics",
            "verbs": ["get", "list"],
        }
    ],
}


def read(path: str) -> dict[str, Any]:
    """Read an object from the API server."""
    host = os.environ["KUBERNETES_SERVICE_HOST"]
    host = f"[{host}]" if ":" in host else host
    url = f"https://{host}:{os.environ['KUBERNETES_SERVICE_PORT']}{path}"
    token = (ACCOUNT / "token").read_text()
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    trust = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
    with urllib.request.urlopen(request, context=trust, timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def is_ready(pod: dict[str, Any]) -> bool:
    """Tell whether a pod takes its share of the load."""
    conditions = pod.get("status", {}).get("conditions", [])
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    return ready and "deletionTimestamp" not in pod["metadata"]


def pod_metrics(namespace: str, selector: str) -> dict[str, Any]:
    """Share the namespace's load out among the pods that are ready."""
    base = f"/api/v1/namespaces/{namespace}"
    pods = [
        pod
        for pod in read(f"{base}/pods?labelSelector={quote(selector)}")["items"]
        if is_ready(pod)
    ]
    load = int(read(f"{base}/configmaps/load")["data"]["millicores"])
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    items = [
        {
            "metadata": {"name": pod["metadata"]["name"], "namespace": namespace},
            "timestamp": now,
            "window": "1s",
            "containers": [
                {
                    "name": pod["spec"]["containers"][0]["name"],
                    "usage": {"cpu": f"{load // len(pods)}m", "memory": "1Mi"},
                }
            ],
        }
        for pod in pods
    ]
    return {
        "kind": "PodMetricsList",
        "apiVersion": "metrics.k8s.io/v1beta1",
        "metadata": {},
        "items": items,
    }


class Handler(BaseHTTPRequestHandler):
    """Answers discovery and lists of pods; nothing else is there."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer one request."""
        asked = urlsplit(self.path)
        parts = asked.path.removeprefix(ROOT).strip("/").split("/")
        if asked.path == ROOT:
            self.answer(200, RESOURCES)
        elif asked.path.startswith(ROOT) and parts[0] == "namespaces" and parts[2:] == ["pods"]:
            selector = parse_qs(asked.query).get("labelSelector", [""])[0]
            self.answer(200, pod_metrics(parts[1], selector))
        else:
            self.answer(404, {"kind": "Status", "status": "Failure", "code": 404})

    def answer(self, code: int, body: dict[str, Any]) -> None:
        """Send a JSON answer."""
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def main() -> None:
    """Serve with a certificate made on the spot: nobody checks it."""
    made = ("/tmp/key.pem", "/tmp/cert.pem")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=metrics", "-keyout", made[0], "-out", made[1]),
        ],
        check=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made[1], made[0])
    server = ThreadingHTTPServer(("", 8443), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


main()
