"""Finds out which API server to talk to, and as whom."""

import os
from pathlib import Path
from typing import Final

from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config

from tcpaddon.kube.connection import Connection, Limits


class NoCluster(Exception):  # noqa: N818 - it is what people read
    """There is no way to an API server: neither a service account nor a usable kubeconfig."""


async def open_connection(
    kubeconfig: str | None = None, context: str | None = None, *, limits: Limits | None = None
) -> Connection:
    """Load credentials: the kubeconfig that is named, else the pod's account, else the default.

    Raises:
        NoCluster: none of them is there, or what is there cannot be used.
    """
    configuration = Configuration()
    loader = None
    try:
        if kubeconfig is None and not os.environ.get("KUBECONFIG") and _in_cluster():
            load_incluster_config(client_configuration=configuration)
        else:
            loader = await load_kube_config(
                config_file=kubeconfig,
                context=context,
                client_configuration=configuration,
                persist_config=False,  # the user's file is the user's
            )
    except (ConfigException, OSError, TypeError, ValueError) as error:
        place = kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"
        said = f"No usable credentials in {place}, and no service account of a pod: {error}"
        raise NoCluster(f"{said}. Name a kubeconfig with --kubeconfig or KUBECONFIG.") from error
    return Connection(configuration, limits=limits or Limits(), loader=loader)


_SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


def _in_cluster() -> bool:
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and _SERVICE_ACCOUNT.exists()
