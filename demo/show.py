"""Tells people what the demo did and how to go on."""

from rich.console import Console

from demo import sample
from demo.run import Result


def result(found: Result) -> None:
    """Print TCP_URL, how to look around, and how to clean up."""
    console = Console(highlight=False, soft_wrap=True)
    message = found.message
    console.print()
    if message.in_container:
        console.print(
            "This machine does not reach the Docker network, so the outside client ran in a"
            f" container on it (docker run --network {found.cluster.network})."
        )
    console.print(
        f"[green]✓[/] An MQTT message went out to the public address and came back in"
        f" {message.milliseconds:.0f} ms: “{message.text}”"
    )
    console.print(f"[bold]TCP_URL={found.url}[/]")
    console.print("\nLook around:")
    namespace = sample.NAMESPACE
    for line in (
        f"export KUBECONFIG={found.cluster.kubeconfig} PATH={found.cluster.programs}:$PATH",
        "kubectl get tcp -A",
        f"kubectl -n {namespace} get all,secrets",
        f"kubectl -n {namespace} describe tcp {sample.ADDON}",
        f"kubectl -n {namespace} logs deployment/{sample.ADDON}-tcp --follow",
        f"kubectl -n {namespace} port-forward service/web 8080:80  # http://localhost:8080",
    ):
        console.print(f"  {line}")
    console.print("\nClean up:\n  make clean-demo")
