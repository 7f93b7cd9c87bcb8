"""Names that others rely on."""

import pytest

from tcpaddon import names
from tcpaddon.names import Reason


def test_the_folder_that_holds_the_package_is_no_package() -> None:
    # operator/__init__.py would shadow the standard library's module `operator`.
    import operator  # noqa: PLC0415 - what is imported is the test

    assert operator.add(1, 1) == 2


def test_a_managers_name_holds_the_uid_and_fits_the_api_servers_limit() -> None:
    uid = "6a8bd1a4-5f0c-4a6c-9f61-1d8a5a2b7c3e"
    assert names.uid_of_manager(names.manager_for(uid)) == uid
    assert len(names.manager_for(uid)) <= 128


@pytest.mark.parametrize("manager", ["tcpaddon", "tcpaddon/", "kubectl", "tcpaddon-status", "x/y"])
def test_other_managers_have_no_uid(manager: str) -> None:
    assert names.uid_of_manager(manager) is None


def test_children_are_named_after_addon_and_process() -> None:
    assert names.child_name("web", "tcp") == "web-tcp"
    assert names.binding_name("web", "tcp") == "web-tcp-binding"


def test_a_ports_suffix_can_stand_in_a_variables_name() -> None:
    assert names.port_suffix("mqtt-ws") == "MQTT_WS"


def test_reasons_are_words_that_a_condition_takes() -> None:
    assert all(reason.value.isalnum() and reason.value[0].isupper() for reason in Reason)
    assert len({reason.value for reason in Reason}) == len(Reason)
