"""The command line as a plugin of kubectl, with the kubeconfig that kind writes."""

from pathlib import Path

from tests import plugins
from tests.e2e.site import Site, addon, app_secret


def test_kubectl_tcpaddon_tells_url_and_status(site: Site, namespace: str, tmp_path: Path) -> None:
    plugin = plugins.install(tmp_path)
    spec = {
        "image": site.images.server,
        "ports": [{"name": "tcp", "containerPort": 7000}],
        "binding": {"secretRef": {"name": "app-env"}},
    }
    site.apply(namespace, app_secret({}), addon("echo", spec))
    url = site.ready(namespace, "echo")["status"]["url"]

    def said(*words: str) -> str:
        done = plugins.kubectl(
            *("tcpaddon", *words, "-n", namespace),
            plugins=plugin,
            environment=site.cluster.env,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert said("url", "echo") == f"{url}\n"
    assert "TCP_URL is in Secret app-env" in said("status", "echo")
    assert url in said("status")
