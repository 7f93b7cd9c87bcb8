"""Tells people how things are."""

from rich.console import Console
from rich.markup import escape

from cluster import dockerd, engine, kind, model, network
from cluster.errors import ClusterError
from cluster.model import Cluster


def tell_error(error: ClusterError) -> None:
    """Say on stderr what went wrong, below the last words of the program that failed."""
    console = Console(stderr=True, highlight=False)
    if error.detail:
        console.print(escape(error.detail), style="dim")
    console.print(f"[bold red]{escape(str(error))}[/]", soft_wrap=True)


def tell_cluster(cluster: Cluster) -> None:
    """Say where a cluster that stands is and how to use it."""
    print(f"The cluster {cluster.name} stands. LoadBalancer addresses: {cluster.pool}")
    if cluster.docker_host:
        print(f"  export DOCKER_HOST={cluster.docker_host}")
    print(f"  export KUBECONFIG={cluster.kubeconfig}")
    print(f"  export PATH={cluster.programs}:$PATH")
    if not cluster.host_can_route:
        print(
            "This machine does not reach the Docker network: run clients in a container on it"
            f" (docker run --network {cluster.network} …)."
        )


def tell_all() -> None:
    """Say which engine answers and which clusters there are."""
    found = engine.find()
    if not found:
        print("No container engine answers.")
        return
    which = f"of our own, {dockerd.HOST}" if found.own else found.docker_host or "the default"
    print(f"Container engine: {which}")
    commands = found.commands("status")
    for name in network.CLUSTERS:
        nodes = kind.containers(commands, name)
        print(f"{name}: {', '.join(f'{n.name} {n.state}' for n in nodes) or 'not there'}")
        if nodes:
            print(f"  kubeconfig {model.kubeconfig(name)}")
