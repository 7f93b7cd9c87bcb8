"""Kubeconfigs as people have them, and what is said of those that cannot be used."""

import base64
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tcpaddon.kube import kubeconfig
from tcpaddon.kube.kubeconfig import Credentials, Unusable, login


def written(folder: Path, name: str = "config", **parts: Any) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(parts))
    return str(path)


def whole(user: dict[str, Any], **cluster: Any) -> dict[str, Any]:
    """A kubeconfig with one of everything."""
    return {
        "current-context": "here",
        "contexts": [
            {"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}
        ],
        "clusters": [{"name": "c", "cluster": {"server": "https://api.example:6443", **cluster}}],
        "users": [{"name": "u", "user": user}],
    }


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_certificates_are_read_from_data_and_from_files_beside_the_kubeconfig(
    tmp_path: Path,
) -> None:
    (tmp_path / "key.pem").write_text("KEY")
    user = {"client-certificate-data": encoded("CERTIFICATE"), "client-key": "key.pem"}
    found = login(
        written(tmp_path, **whole(user, **{"certificate-authority-data": encoded("AUTHORITY")}))
    )
    assert (found.server, found.namespace) == ("https://api.example:6443", "shop")
    assert found.authority == "AUTHORITY"
    assert found.credentials() == Credentials(certificate=b"CERTIFICATE", key=b"KEY")


def test_a_token_file_comes_before_the_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("fresh\n")
    found = login(written(tmp_path, **whole({"token": "old", "tokenFile": "token"})))
    assert found.credentials().token == "fresh"


def test_a_plugin_is_asked_with_its_arguments_and_environment(tmp_path: Path) -> None:
    code = (
        "import json, os, sys; info = json.loads(os.environ['KUBERNETES_EXEC_INFO']); "
        "token = '-'.join([sys.argv[1], os.environ['MORE'], info['spec']['cluster']['server']]); "
        "print(json.dumps({'kind': 'ExecCredential', 'status': {'token': token}}))"
    )
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": ["-c", code, "word"],
        "env": [{"name": "MORE", "value": "more"}],
        "provideClusterInfo": True,
    }
    found = login(written(tmp_path, **whole({"exec": plugin})))
    assert found.credentials().token == "word-more-https://api.example:6443"


@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        ("no-such-plugin", [], r"plugin 'no-such-plugin' cannot be run: .* install it so"),
        (sys.executable, ["-c", "raise SystemExit(3)"], "failed: exit code 3"),
        (sys.executable, ["-c", "print('hello')"], "something else than an ExecCredential"),
    ],
)
def test_a_plugin_that_fails_is_named(
    tmp_path: Path, command: str, arguments: list[str], said: str
) -> None:
    plugin = {"command": command, "args": arguments, "installHint": "install it so"}
    with pytest.raises(Unusable, match=said):
        login(written(tmp_path, **whole({"exec": plugin}))).credentials()


def test_the_token_that_kubectl_has_renewed_is_used(tmp_path: Path) -> None:
    provider = {"name": "oidc", "config": {"id-token": "renewed"}}
    found = login(written(tmp_path, **whole({"auth-provider": provider})))
    assert found.credentials().token == "renewed"


def test_several_files_are_one_and_the_first_that_names_a_thing_defines_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "token").write_text("of the second")
    first = written(tmp_path, "first", **{"current-context": "here", "kind": "Config"})
    second = written(tmp_path, "second/config", **whole({"tokenFile": "token"}))
    third = written(tmp_path, "third", **whole({"token": "of the third"}))
    missing = str(tmp_path / "missing")
    monkeypatch.setenv("KUBECONFIG", f"{first}:{missing}:{second}:{third}")
    assert login().credentials().token == "of the second"


def test_json_is_yaml(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(json.dumps(whole({"token": "t"})))
    assert login(str(path)).credentials().token == "t"


@pytest.mark.parametrize(
    ("parts", "context", "said"),
    [
        ({}, None, r"says no current context: name one with --context. There are: none"),
        (whole({}), "nix", "has no context 'nix'. There are: here."),
        (whole({}) | {"clusters": []}, None, "has no cluster 'c'. There are: none."),
        (whole({}) | {"users": []}, None, "has no user 'u'. There are: none."),
        (whole({}, server=""), None, "the cluster of context 'here' has no server's address"),
    ],
)
def test_what_lacks_is_named_with_what_there_is(
    tmp_path: Path, parts: dict[str, Any], context: str | None, said: str
) -> None:
    with pytest.raises(Unusable, match=said):
        login(written(tmp_path, **parts), context)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"/nowhere cannot be read"):
        login("/nowhere")
    path = tmp_path / "config"
    path.write_text("{")
    with pytest.raises(Unusable, match="is no YAML"):
        login(str(path))
    user = {"client-key": "missing.pem"}
    with pytest.raises(Unusable, match=r"missing.pem, which the kubeconfig names"):
        login(written(tmp_path, **whole(user))).credentials()


def test_in_a_pod_its_account_is_used_unless_a_kubeconfig_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("token", "of the pod"), ("namespace", "shop"), ("ca.crt", "AUTHORITY")):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(kubeconfig, "_ACCOUNT", tmp_path)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")
    found = login()
    assert (found.server, found.namespace) == ("https://[fd00::1]:6443", "shop")
    assert (found.authority, found.credentials().token) == ("AUTHORITY", "of the pod")
    named = login(written(tmp_path, **whole({"token": "named"})))
    assert named.credentials().token == "named"


def test_without_any_kubeconfig_it_says_how_to_name_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(Unusable, match=r"no kubeconfig at .*: name one with --kubeconfig"):
        login()
