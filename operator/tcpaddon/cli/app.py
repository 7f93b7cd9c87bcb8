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


@app.callback()
def _commands() -> None:
    """Keep `render` a command of its own while it is the only one."""


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
        for line in str(error).splitlines():
            typer.echo(f"error: {line}", err=True)
        raise typer.Exit(1) from None
    if output is Output.JSON:
        typer.echo(rendering.as_json(rendered))
    else:
        typer.echo(rendering.as_yaml(rendered), nl=False)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
