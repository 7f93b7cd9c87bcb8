"""Procfiles as Heroku and Foreman write them, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpaddon.core.procfile import (
    InvalidProcfileError,
    UnknownProcessTypeError,
    command_line,
    parse,
)


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("web: npm start\ntcp: npm run start-tcp\n", ["npm start", "npm run start-tcp"]),
        ("web: npm start\r\ntcp: npm run start-tcp\r\n", ["npm start", "npm run start-tcp"]),
        ("web: npm start\rtcp: x", ["npm start", "x"]),
        ("# my app\n\n  \nweb: npm start\n  # tcp: no\n", ["npm start"]),
        ("\ufeffweb: npm start", ["npm start"]),
        ("web:npm start   ", ["npm start"]),
        ("  web :\tnpm start", ["npm start"]),
        ("my_worker-2: a:b: c", ["a:b: c"]),
        ("web: echo '#' # not a comment of ours", ["echo '#' # not a comment of ours"]),
        ("web: printf '\\\\'\\\\", ["printf '\\\\'\\\\"]),
        ("", []),
    ],
)
def test_a_procfile_is_read(text: str, commands: list[str]) -> None:
    assert list(parse(text).values()) == commands


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("web: a\ntcp npm", "Line 2 of the Procfile is no '<process type>: <command>': 'tcp npm'"),
        ("web: a\r\n\r\ntcp:", "Line 3 of the Procfile has no command for process type 'tcp'"),
        (
            "web: a\nweb: b",
            "Line 2 of the Procfile defines process type 'web' again (first on line 1)",
        ),
        ("my app: a", "Line 1 of the Procfile is no"),
        (": a", "Line 1 of the Procfile is no"),
        ("web: a \\\n  b", "Line 1 of the Procfile ends in a backslash"),
        ("web: a\x00b", "Line 1 of the Procfile has an unprintable character"),
        ("x" * 100, f"'{'x' * 60}…'"),
    ],
)
def test_a_bad_line_is_refused_with_its_number(text: str, words: str) -> None:
    with pytest.raises(InvalidProcfileError) as refused:
        parse(text)
    assert words in str(refused.value)


def test_an_unknown_process_type_is_refused_with_those_there() -> None:
    with pytest.raises(UnknownProcessTypeError, match=r"'tcp' \(there: web, worker\)"):
        command_line("web: a\nworker: b", "tcp")


def test_a_procfile_without_any_line_says_that_there_is_none() -> None:
    with pytest.raises(UnknownProcessTypeError, match=r"there: none"):
        command_line("# nothing", "tcp")


@given(st.text(alphabet=st.sampled_from("web: a\\#\r\n\t'\"\x00é"), max_size=40))
def test_any_text_is_read_or_refused_by_line(text: str) -> None:
    try:
        commands = parse(text)
    except InvalidProcfileError as refused:
        assert str(refused).startswith("Line ")  # noqa: PT017 - either end is right
    else:
        assert all(command.strip() == command and command for command in commands.values())
