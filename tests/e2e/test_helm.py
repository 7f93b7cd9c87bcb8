"""Installing, upgrading and uninstalling leaves live addons and their connections undisturbed."""

import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.site import (
    CHART,
    OPERATOR_NAMESPACE,
    Refused,
    Site,
    addon,
    app_secret,
    connected,
    eventually,
    greeting,
)


def test_upgrade_and_uninstall_disturb_no_connection_and_keep_the_addons(
    site: Site, namespace: str
) -> None:
    wanted = {
        "image": site.images.server,
        "ports": [{"name": "tcp", "containerPort": 7000}],
        "binding": {"secretRef": {"name": "app-env"}},
    }
    site.apply(namespace, app_secret({}), addon("echo", wanted))
    url = site.ready(namespace, "echo")["status"]["url"]
    pods = _pods(site, namespace)
    with connected(url) as connection, connection.makefile("rb") as lines:
        assert json.loads(lines.readline())["url"] == url

        def works() -> None:
            connection.sendall(b"ping\n")
            assert lines.readline() == b"ping\n"

        try:
            site.install("--set", "log.level=debug")
            works()
            site.helm("uninstall", "tcpaddon", "-n", OPERATOR_NAMESPACE, "--wait")
            works()
            assert site.get(namespace, "tcpaddon", "echo")["status"]["url"] == url
            assert greeting(url)["url"] == url
            # With the operator gone an addon can be deleted all the same.
            site.apply(namespace, addon("doomed", wanted | {"binding": {}}))
            site.kubectl("-n", namespace, "delete", "tcp", "doomed", "--timeout=30s")
        finally:
            site.install()
        works()
    assert site.ready(namespace, "echo")["status"]["url"] == url
    assert _pods(site, namespace) == pods


def test_an_upgrade_brings_a_changed_crd_to_live_addons_and_an_uninstall_keeps_it(
    site: Site, namespace: str, tmp_path: Path
) -> None:
    wanted = {"image": site.images.server, "ports": [{"name": "tcp", "containerPort": 7000}]}
    site.apply(namespace, addon("echo", wanted))
    ready = site.ready(namespace, "echo")
    url, pods = ready["status"]["url"], _pods(site, namespace)
    operators = site.all(OPERATOR_NAMESPACE, "pods", "app.kubernetes.io/name=tcpaddon")
    chart = _chart_with_a_new_field(tmp_path)
    with connected(url) as connection, connection.makefile("rb") as lines:
        lines.readline()
        try:
            site.install(chart=chart)
            _explains(site, "later", "A field of a later version.")
            _explains(site, "replicas", "Changed words.")
            # The operator is the same one: its watches went on through the change.
            assert _uids(operators) == _uids(
                site.all(OPERATOR_NAMESPACE, "pods", "app.kubernetes.io/name=tcpaddon")
            )
            assert site.ready(namespace, "echo")["status"] == ready["status"]
            site.apply(namespace, addon("echo", {**wanted, "replicas": 2, "later": "x"}))
            assert site.ready(namespace, "echo")["status"]["readyReplicas"] == 2
            assert pods < _pods(site, namespace)
            site.helm("uninstall", "tcpaddon", "-n", OPERATOR_NAMESPACE, "--wait")
            _explains(site, "later", "A field of a later version.")
            assert site.get(namespace, "tcpaddon", "echo")["spec"]["later"] == "x"
        finally:
            # Somebody who cleared away by hand what an uninstall leaves: the Lease.
            site.kubectl(
                "-n", OPERATOR_NAMESPACE, "delete", "lease", "tcpaddon", "--ignore-not-found"
            )
            site.install()
        connection.sendall(b"still here\n")
        assert lines.readline() == b"still here\n"
    assert "later" not in site.get(namespace, "tcpaddon", "echo")["spec"]
    site.ready(namespace, "echo")
    assert pods < _pods(site, namespace)


def test_an_addon_deleted_while_the_operator_was_down_leaves_no_key(
    site: Site, namespace: str
) -> None:
    wanted = {"image": site.images.server, "binding": {"secretRef": {"name": "app-env"}}}
    site.apply(namespace, app_secret({"OTHER": "1"}), addon("echo", wanted))
    site.ready(namespace, "echo")
    site.kubectl("-n", OPERATOR_NAMESPACE, "scale", "deployment/tcpaddon", "--replicas=0")
    eventually(
        lambda: not site.all(OPERATOR_NAMESPACE, "pods", "app.kubernetes.io/name=tcpaddon"),
        "the operator is down",
    )
    site.kubectl("-n", namespace, "delete", "tcp", "echo")
    site.install()
    eventually(
        lambda: set(site.get(namespace, "secret", "app-env")["data"]) == {"OTHER"},
        "the key is given back",
    )


def test_the_operator_runs_as_nobody_with_a_root_file_system_that_cannot_be_written(
    site: Site,
) -> None:
    (pod,) = site.all(OPERATOR_NAMESPACE, "pods", "app.kubernetes.io/name=tcpaddon")
    (container,) = pod["spec"]["containers"]
    context = {**pod["spec"].get("securityContext", {}), **container["securityContext"]}
    assert context["runAsNonRoot"] is True
    assert context["readOnlyRootFilesystem"] is True
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"]["drop"] == ["ALL"]


def _pods(site: Site, namespace: str) -> set[str]:
    return _uids(site.all(namespace, "pods", "tcpaddon.io/addon=echo"))


def _uids(objects: list[dict[str, Any]]) -> set[str]:
    return {found["metadata"]["uid"] for found in objects}


def _explains(site: Site, field: str, words: str) -> None:
    def says() -> bool:
        try:
            return words in site.kubectl("explain", f"tcpaddon.spec.{field}")
        except Refused:  # the API server publishes a changed schema a moment later
            return False

    eventually(says, f"kubectl explains {field}: {words}")


def _chart_with_a_new_field(folder: Path) -> Path:
    """Copy the chart; its CRD is a later one that has one field more and other words."""
    chart = folder / "tcpaddon"
    shutil.copytree(CHART, chart)
    (file,) = (chart / "files" / "crds").iterdir()
    crd = yaml.safe_load(file.read_text())
    for version in crd["spec"]["versions"]:
        spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        spec["replicas"]["description"] = "Changed words."
        spec["later"] = {
            "type": "string",
            "maxLength": 10,
            "description": "A field of a later version.",
        }
    file.write_text(yaml.safe_dump(crd, sort_keys=False))
    return chart
