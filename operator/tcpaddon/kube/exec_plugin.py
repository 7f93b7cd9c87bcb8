"""Asks a credential plugin of a kubeconfig who we are, as `aws eks get-token` and the like tell it.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tcpaddon.kube.kubeconfig import Unusable

# Some open a browser and wait for a person to log in.
_LIMIT: Final = 300.0  # seconds


def run(exec_: Mapping[str, Any], folder: Path, cluster: Mapping[str, Any]) -> Mapping[str, Any]:
    """Run a plugin and return the status of its ExecCredential.

    Args:
        exec_: `users[].user.exec` of the kubeconfig.
        folder: that of the kubeconfig, which a command with a slash in it is relative to.
        cluster: `clusters[].cluster`, for plugins that want to know it.

    Raises:
        Unusable: it is not there, fails, or says something else than an ExecCredential.
    """
    command = str(exec_.get("command") or "")
    program = str(folder / command) if os.sep in command else command
    variables = {str(v.get("name")): str(v.get("value") or "") for v in exec_.get("env") or ()}
    info = {"KUBERNETES_EXEC_INFO": json.dumps(_info(exec_, cluster))}
    try:
        done = subprocess.run(  # noqa: S603 - the user's own kubeconfig says what to run
            [program, *(str(word) for word in exec_.get("args") or ())],
            env={**os.environ, **variables, **info},
            stdout=subprocess.PIPE,  # what it asks people goes to stderr, and past us
            timeout=_LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        hint = str(exec_.get("installHint") or "").strip()
        raise Unusable(
            f"The kubeconfig's plugin '{command}' cannot be run: {error} {hint}"
        ) from None
    if done.returncode:
        raise Unusable(f"The kubeconfig's plugin '{command}' failed: exit code {done.returncode}.")
    try:
        status: Mapping[str, Any] = json.loads(done.stdout)["status"]
    except (ValueError, KeyError, TypeError):
        raise Unusable(
            f"The kubeconfig's plugin '{command}' says something else than an ExecCredential."
        ) from None
    return status


def _info(exec_: Mapping[str, Any], cluster: Mapping[str, Any]) -> Mapping[str, Any]:
    spec: dict[str, Any] = {"interactive": sys.stdin.isatty()}
    if exec_.get("provideClusterInfo"):
        known = ("server", "tls-server-name", "insecure-skip-tls-verify", "proxy-url")
        spec["cluster"] = {key: cluster[key] for key in known if cluster.get(key)}
        if data := cluster.get("certificate-authority-data"):
            spec["cluster"]["certificate-authority-data"] = data
    return {"apiVersion": exec_.get("apiVersion"), "kind": "ExecCredential", "spec": spec}
