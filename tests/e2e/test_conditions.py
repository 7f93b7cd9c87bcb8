"""What goes wrong is told in one sentence, in the kubelet's and the container's own words."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.site import Refused, Site, addon, app, app_secret, connected, eventually, greeting


def spec(site: Site, **more: Any) -> dict[str, Any]:
    return {
        "image": site.images.server,
        "ports": [{"name": "tcp", "containerPort": 7000}],
        **more,
    }


def test_an_image_that_does_not_exist(site: Site, namespace: str) -> None:
    site.apply(namespace, addon("echo", spec(site, image="tcpaddon-e2e/missing:1")))
    sentence = site.told(namespace, "echo", "Ready", "ImagePullFailed")
    assert "tcpaddon-e2e/missing:1" in sentence


def test_a_process_type_that_the_procfile_lacks(site: Site, namespace: str) -> None:
    with pytest.raises(Refused, match=r"The procfile has no line for processType"):
        site.apply(namespace, addon("echo", spec(site, procfile="web: npm start\n")))


def test_a_bad_line_of_the_procfile(site: Site, namespace: str) -> None:
    site.apply(namespace, addon("echo", spec(site, procfile="tcp: ./serve\nnonsense\n")))
    assert "line 2" in site.told(namespace, "echo", "Ready", "InvalidProcfile").lower()


def test_a_missing_secret(site: Site, namespace: str) -> None:
    site.apply(namespace, addon("echo", spec(site, binding={"secretRef": {"name": "app-env"}})))
    assert "app-env" in site.told(namespace, "echo", "Ready", "SecretNotFound")
    site.apply(namespace, app_secret({}))
    site.ready(namespace, "echo")


def test_a_missing_app(site: Site, namespace: str) -> None:
    wanted = spec(site, appRef={"kind": "Deployment", "name": "web"})
    del wanted["image"]
    site.apply(namespace, addon("echo", wanted))
    assert "web" in site.told(namespace, "echo", "Ready", "AppNotFound")
    site.apply(namespace, app("web", site.images.server))
    site.ready(namespace, "echo")


def test_a_process_that_ends_at_once(site: Site, namespace: str) -> None:
    command = ["python3", "-c", "import sys; sys.exit('no database')"]
    site.apply(namespace, addon("echo", spec(site, command=command)))
    sentence = site.told(namespace, "echo", "Ready", "CrashLoop")
    assert "1" in sentence


def test_a_process_that_never_listens(site: Site, namespace: str) -> None:
    site.apply(
        namespace,
        addon(
            "echo",
            spec(site, command=["sleep", "600"], rollout={"startupTimeoutSeconds": 5}),
        ),
    )
    sentence = site.told(namespace, "echo", "Ready", "BootTimeout")
    assert "5" in sentence
    assert "7000" in sentence


def test_an_image_without_a_shell_takes_simple_lines_only(site: Site, namespace: str) -> None:
    pause = "registry.k8s.io/pause:3.10.2"  # a program and nothing else, on every node
    site.apply(namespace, addon("echo", spec(site, image=pause, procfile="tcp: echo $PORT\n")))
    sentence = site.told(namespace, "echo", "Ready", "NoShell")
    assert "/bin/sh" in sentence


# Each form of a line, the version that it hands to the server, and what must be in its greeting.
LINES = {
    "plain words": ("python3 -u server.py", {}),
    "leading assignment": ("VERSION=9 python3 -u server.py", {"version": "9"}),
    "assignment of a variable": ("VERSION=v$PORT python3 -u server.py", {"version": "v7000"}),
    "cd and": ("cd / && python3 -u app/server.py", {"folder": "/"}),
    "semicolon": ("VERSION=8; export VERSION; python3 -u server.py", {"version": "8"}),
    "pipe into a filter": ("python3 -u server.py | cat", {}),
    "pipe into the server": ("true | python3 -u server.py", {}),
    "quotes": ("VERSION='two words' python3 -u server.py", {"version": "two words"}),
}


@pytest.fixture(scope="module")
def lines(site: Site) -> Iterator[str]:
    """The namespace of an addon for each form; all start at once, so that none is waited for."""
    rollout = {"drainSeconds": 20, "preStopSeconds": 0}
    with site.namespace("lines") as namespace:
        site.apply(
            namespace,
            *(
                addon(_addon_of(form), spec(site, procfile=f"tcp: {line}\n", rollout=rollout))
                for form, (line, _) in LINES.items()
            ),
        )
        yield namespace


@pytest.mark.parametrize("form", LINES)
def test_a_procfile_line_means_what_it_means_in_a_shell_and_gets_sigterm(
    site: Site, lines: str, form: str
) -> None:
    _, wanted = LINES[form]
    url = site.ready(lines, _addon_of(form))["status"]["url"]
    said = greeting(url)
    assert {k: said[k] for k in wanted} == wanted
    _ends_by_sigterm(site, lines, _addon_of(form), url)


def _addon_of(form: str) -> str:
    return form.replace(" ", "-")


def _ends_by_sigterm(site: Site, namespace: str, name: str, url: str) -> None:
    """Delete the pod: the server itself must say goodbye, which SIGKILL would not let it."""
    with connected(url) as connection, connection.makefile("rb") as lines:
        lines.readline()
        (pod,) = site.all(namespace, "pods", f"tcpaddon.io/addon={name}")
        site.kubectl("-n", namespace, "delete", "pod", pod["metadata"]["name"], "--wait=false")
        connection.settimeout(19)
        assert lines.readline() == b"goodbye\n"
    eventually(
        lambda: (
            pod["metadata"]["name"]
            not in [p["metadata"]["name"] for p in site.all(namespace, "pods")]
        ),
        "the pod ends",
    )
