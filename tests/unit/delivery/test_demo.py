"""The demo's own decisions; what it does is seen in e2e."""

from pathlib import Path

import yaml

from demo import sample

MANIFESTS = Path(__file__).resolve().parents[3] / "examples" / "mqtt" / "manifests"


def test_every_container_of_the_sample_app_gets_the_image_that_was_built() -> None:
    objects = sample.with_image("example-mqtt:1", MANIFESTS)
    text = yaml.safe_dump_all(objects)
    images = [line.split("image: ")[1] for line in text.splitlines() if "image: " in line]
    assert images == ["example-mqtt:1"]
