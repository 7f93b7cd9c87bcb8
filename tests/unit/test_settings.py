"""settings.py: what flags and variables mean."""

import pytest

from tcpaddon import settings


def test_networks_are_given_as_one_list_and_written_in_their_usual_form() -> None:
    found = settings.parse([], {"TCPADDON_CLUSTER_NETWORKS": "10.244.3.0/16, FD00:10::/56"})
    assert found.cluster_networks == ("10.244.0.0/16", "fd00:10::/56")
    assert settings.parse([], {}).cluster_networks == ()


def test_a_network_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        settings.parse(["--cluster-networks", "10.244.0.0"], {})
    assert "10.244.0.0 is no network such as 10.244.0.0/16" in capsys.readouterr().err
