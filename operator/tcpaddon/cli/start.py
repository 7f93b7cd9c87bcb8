"""Starts the command line: the plainest form of `url` at once, everything else through typer.

Scripts ask for the URL, and typer's own import takes as long as the answer. So `url NAME` with
kubectl's flags is read here; whatever else there is, help and mistakes included, is app.py's.
"""

import sys
from typing import Final

_FLAGS: Final = {
    "-n": "namespace",
    "--namespace": "namespace",
    "--context": "context",
    "--kubeconfig": "kubeconfig",
}


def main() -> None:
    """Run the command line."""
    arguments = sys.argv[1:]
    plain = plain_url(arguments)
    if plain is None:
        from tcpaddon.cli.app import app  # noqa: PLC0415 - see the module's docstring

        app(prog_name=_name())
        return
    from tcpaddon.cli.addons import Failed, Target  # noqa: PLC0415
    from tcpaddon.cli.url import url  # noqa: PLC0415

    name, flags = plain
    try:
        print(url(name, Target(**flags)))
    except Failed as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


def plain_url(arguments: list[str]) -> tuple[str, dict[str, str]] | None:
    """Read `url NAME` with flags; None where it is anything else, or anything is unusual."""
    if not arguments or arguments[0] != "url":
        return None
    names: list[str] = []
    flags: dict[str, str] = {}
    rest = iter(arguments[1:])
    for word in rest:
        flag, equals, value = word.partition("=")
        if flag in _FLAGS:
            given = value if equals and flag.startswith("--") else next(rest, "")
            if not given or given.startswith("-") or (equals and not flag.startswith("--")):
                return None
            flags[_FLAGS[flag]] = given
        elif word.startswith("-") or not word:
            return None
        else:
            names.append(word)
    return (names[0], flags) if len(names) == 1 else None


def _name() -> str:
    """Say what people typed: kubectl calls a plugin by the name of its file."""
    return "kubectl tcpaddon" if "kubectl-tcpaddon" in sys.argv[0] else "tcpaddon"


if __name__ == "__main__":
    main()
