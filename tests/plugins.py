"""Puts the command line on PATH as pip would, so that the real kubectl finds it as its plugin."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]


def install(folder: Path) -> Path:
    """Write the script of the entry point `kubectl-tcpaddon` into a folder."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    module, _, function = scripts["kubectl-tcpaddon"].partition(":")
    script = folder / "kubectl-tcpaddon"
    script.write_text(
        f"#!{sys.executable}\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n"
    )
    script.chmod(0o755)
    return folder


def kubectl(
    *words: str, plugins: Path, environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run kubectl as a user with the plugin does, whatever its exit status.

    environment: with KUBECONFIG, and kubectl on PATH.
    """
    return subprocess.run(
        ["kubectl", *words],
        env={**environment, "PATH": os.pathsep.join([str(plugins), environment["PATH"]])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
