"""The commands of `tcpaddon`. Each imports what it needs when it runs, so that help is instant."""

from enum import StrEnum
from typing import Annotated

import typer

app = typer.Typer(
    help="A TCP process, a public address and TCP_URL for any app on Kubernetes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class Output(StrEnum):
    """How objects are printed."""

    YAML = "yaml"
    JSON = "json"


Namespace = Annotated[
    str | None,
    typer.Option(
        "--namespace", "-n", help="Namespace; that of the kubeconfig's context if none is given."
    ),
]
Context = Annotated[str | None, typer.Option("--context", help="Context of the kubeconfig.")]
Kubeconfig = Annotated[str | None, typer.Option("--kubeconfig", help="Path of the kubeconfig.")]


@app.command()
def url(
    name: Annotated[str, typer.Argument(help="Name of the TcpAddon.")],
    namespace: Namespace = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """Print the public address of a TcpAddon, tcp://host:port, and nothing else."""
    from tcpaddon.cli import addons  # noqa: PLC0415 - see the module's docstring
    from tcpaddon.cli.url import url as found  # noqa: PLC0415

    try:
        typer.echo(found(name, addons.Target(namespace, context, kubeconfig)))
    except addons.Failed as error:
        raise _ended(str(error)) from None


@app.command()
def status(
    name: Annotated[
        str | None, typer.Argument(help="Name of the TcpAddon; a table of all without it.")
    ] = None,
    *,
    namespace: Namespace = None,
    everywhere: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="All namespaces.")
    ] = False,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    output: Annotated[
        Output | None, typer.Option("--output", "-o", help="For programs, instead of text.")
    ] = None,
) -> None:
    """Tell how a TcpAddon is: process, address, binding, what is in the way, last Events."""
    from tcpaddon.cli import addons  # noqa: PLC0415 - see the module's docstring
    from tcpaddon.cli import status as told  # noqa: PLC0415

    if name and everywhere:
        raise _ended("A name is of one namespace: leave out -A, or the name.")
    target = addons.Target(namespace, context, kubeconfig)
    try:
        if name:
            told.one(name, target, output)
        else:
            told.several(target, output, everywhere=everywhere)
    except addons.Failed as error:
        raise _ended(str(error)) from None


@app.command()
def render(
    file: Annotated[
        str, typer.Option("--file", "-f", help="File with TcpAddons; '-' reads standard input.")
    ],
    app_file: Annotated[
        str | None,
        typer.Option(
            "--app",
            help="File with the Deployment or StatefulSet of spec.appRef, and the ConfigMap of "
            "spec.procfileFrom; they may stand in the first file too.",
        ),
    ] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="Format.")] = Output.YAML,
) -> None:
    """Print the objects that the operator would apply for a TcpAddon, without a cluster."""
    from tcpaddon.cli import files, rendering  # noqa: PLC0415 - see the module's docstring

    try:
        addons = files.documents(file)
        apps = files.documents(app_file) if app_file else ()
        rendered = rendering.render_all(addons, apps)
    except (files.UnreadableError, rendering.RefusedError) as error:
        raise _ended(str(error)) from None
    if output is Output.JSON:
        typer.echo(rendering.as_json(rendered))
    else:
        typer.echo(rendering.as_yaml(rendered), nl=False)


def _ended(faults: str) -> typer.Exit:
    """Tell the faults, one a line, and return how the command ends."""
    for line in faults.splitlines():
        typer.echo(f"error: {line}", err=True)
    return typer.Exit(1)
