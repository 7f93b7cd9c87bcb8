"""What goes into the operator's image."""

from pathlib import Path

import pytest

from image import trim

FILES = {
    "kubernetes/client/api/core_v1_api.py": "class CoreV1Api:\n    returns = 'V1Pod'\n",
    "kubernetes/client/models/v1_pod.py": "class V1Pod:\n    spec: 'V1PodSpec'\n",
    "kubernetes/client/models/v1_pod_spec.py": "class V1PodSpec:\n    pass\n",
    "kubernetes/client/models/v1_job.py": "class V1Job:\n    pass\n",
    "kubernetes/client/models/__init__.py": "",
    "kubernetes/aio/client/models/v1_pod.py": "class V1Pod:\n    pass\n",
    "kopf/tests/test_kopf.py": "",
    "aiohttp/_parser.pyx": "",
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        file = tmp_path / "site" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "site"


def left_over(site: Path, code: str) -> set[str]:
    user = site.parent / "user"
    user.mkdir()
    (user / "code.py").write_text(code)
    trim.trim(site, [user])
    return {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}


def test_a_class_that_is_named_stays_with_all_that_it_names(site: Path) -> None:
    left = left_over(site, "client.CoreV1Api().read()")
    assert {name for name in left if name.startswith("kubernetes/client/")} == {
        "kubernetes/client/api/core_v1_api.py",
        "kubernetes/client/models/v1_pod.py",
        "kubernetes/client/models/v1_pod_spec.py",
        "kubernetes/client/models/__init__.py",
    }


def test_a_class_that_nothing_names_is_left_out(site: Path) -> None:
    assert left_over(site, "client.ApiClient()") == {"kubernetes/client/models/__init__.py"}
