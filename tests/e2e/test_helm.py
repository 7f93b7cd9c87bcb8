"""Installing, upgrading and uninstalling leaves live addons and their connections undisturbed."""

import json

from tests.e2e.site import (
    OPERATOR_NAMESPACE,
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
    return {p["metadata"]["uid"] for p in site.all(namespace, "pods", "tcpaddon.io/addon=echo")}
