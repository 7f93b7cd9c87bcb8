"""Image archives are what a container runtime takes: digests that fit, layers that are shared."""

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from cluster import archive
from cluster.archive import Image, Layer


@pytest.fixture
def written(tmp_path: Path) -> Path:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF")
    file = tmp_path / "images.tar"
    archive.write(
        file,
        {
            "base": Layer({}, base=True),
            "tool": Layer({"usr/local/bin/tool": program}, {"usr/local/bin/alias": "tool"}),
        },
        [
            Image("example/tool:1", ("base", "tool"), ("/usr/local/bin/tool",)),
            Image("example/alias:1", ("base", "tool"), ("/usr/local/bin/alias",)),
        ],
    )
    return file


def read(file: Path, name: str) -> bytes:
    with tarfile.open(file) as tar, tar.extractfile(name) or pytest.fail(name) as stream:
        return stream.read()


def test_a_layer_is_stored_once_for_all_images(written: Path) -> None:
    with tarfile.open(written) as tar:
        assert tar.getnames().count("tool/layer.tar") == 1


def test_a_config_names_its_layers_by_their_digests(written: Path) -> None:
    for image in json.loads(read(written, "manifest.json")):
        config = json.loads(read(written, image["Config"]))
        digests = [hashlib.sha256(read(written, layer)).hexdigest() for layer in image["Layers"]]
        assert config["rootfs"]["diff_ids"] == [f"sha256:{digest}" for digest in digests]


def test_a_config_is_named_by_its_own_digest(written: Path) -> None:
    for image in json.loads(read(written, "manifest.json")):
        content = hashlib.sha256(read(written, image["Config"])).hexdigest()
        assert image["Config"] == f"{content}.json"


def test_links_and_programs_are_in_the_layer(written: Path, tmp_path: Path) -> None:
    layer = tmp_path / "layer.tar"
    layer.write_bytes(read(written, "tool/layer.tar"))
    with tarfile.open(layer) as tar:
        assert tar.getmember("usr/local/bin/alias").linkname == "tool"
        assert tar.getmember("usr/local/bin/tool").uid == 0
