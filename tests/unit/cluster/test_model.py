"""Nobody's cluster is touched but the ones made here."""

from pathlib import Path

import pytest

from cluster.errors import ClusterError
from cluster.model import require_own_context


def kubeconfig(folder: Path, text: str) -> Path:
    file = folder / "kubeconfig"
    file.write_text(text)
    return file


@pytest.mark.parametrize("context", ["kind-tcpaddon", "kind-tcpaddon-e2e"])
def test_a_context_of_ours_is_accepted(tmp_path: Path, context: str) -> None:
    file = kubeconfig(tmp_path, f"current-context: {context}\n")
    assert require_own_context(file) == context


@pytest.mark.parametrize(
    "context", ["kind-kind", "prod", "kind-tcpaddons", "my-kind-tcpaddon", "gke_kind-tcpaddon"]
)
def test_any_other_context_is_refused_by_name(tmp_path: Path, context: str) -> None:
    file = kubeconfig(tmp_path, f"current-context: {context}\n")
    with pytest.raises(ClusterError, match=f"is {context}, not kind-tcpaddon…: refusing"):
        require_own_context(file)


@pytest.mark.parametrize("text", ["", "kind: Config\n", "current-context: ''\n"])
def test_a_kubeconfig_without_a_context_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ClusterError, match="is not set"):
        require_own_context(kubeconfig(tmp_path, text))


def test_a_missing_kubeconfig_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"run `python -m cluster up` first"):
        require_own_context(tmp_path / "none")


def test_a_kubeconfig_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="no readable kubeconfig"):
        require_own_context(kubeconfig(tmp_path, "a: b: c"))
