"""Tells command lines that need a shell from those that are plain words, and runs the former.

A plain line becomes an argument list: the process is then PID 1's only tenant, gets its signals
at first hand, and needs no shell in the image. Every other line runs in /bin/sh below `WRAPPER`.
"""

import re
from dataclasses import dataclass
from typing import Final

# Runs line "$1" as a shell would, while SIGTERM reaches the process that the line started.
# `sh -c LINE` as PID 1 ignores SIGTERM, and `sh -c "exec LINE"` breaks `A=1 cmd`, `cd x && cmd`
# and pipes. So the line runs in a subshell, and the wrapper hands the signal on:
# - as PID 1 to every process of the container (-1), else to the process group (0); the shells in
#   between would hold it back until their foreground process ends;
# - INT and QUIT, which an image can name as its STOPSIGNAL, are handed on as TERM;
# - the subshell's own trap keeps `a; b` from going on with b, and waits for `a & b & wait`;
# - `wait` returns early when the signal comes, so it is called until the subshell has ended: when
#   PID 1 ends, the kernel kills what still drains its connections;
# - a shell below that died of the signal (`npm` starts its scripts so) can leave the process that
#   drains behind: as PID 1, wait for every process, and reap the orphans on the way (`sleep` is
#   what makes a shell reap);
# - a signal before the subshell exists is remembered, since nobody would send it again.
# - a pipe ends from its head: in `server | cat`, cat dies of the signal at once, and the server's
#   next line would break on the pipe and kill it in mid-drain. So a process that reads on fd 0 what
#   another writes on fd 1 or 2 is held: it ends as a filter does, when its input ends. One that
#   does not (`yes | server`) is told 1 to 2 s after its last feeder has ended; a filter needs that
#   second for its last lines. Where all of the held feed each other (`nc <f | handler >f`), none
#   would ever end: they are told;
# - only a pid seen when the signal came is told, and once: a second SIGTERM means "quit now" to
#   many servers, and what a server starts for its own drain is not ours to stop;
# - what was started since feeds nobody: its parent does, and a server that starts one process after
#   the other would keep those that feed each other from being told for ever;
# - with nobody to hold, without a /proc of its own PID namespace (self is not 1) or without a
#   `sleep`, all are told at once;
# - `[ -p`, `[ -ef` and `kill -TERM -1` (without POSIX's `--`, which busybox takes for a pid) are
#   built into dash, bash and busybox ash.
WRAPPER: Final = """\
tcpaddon_to=0
tcpaddon_stop=
tcpaddon_pid=
[ $$ = 1 ] && tcpaddon_to=-1
tcpaddon_fed() {
  [ -p /proc/$1/fd/0 ] || return 1
  for tcpaddon_feeder in $tcpaddon_all; do
    case " $1 $2 " in *" $tcpaddon_feeder "*) continue ;; esac
    [ /proc/$1/fd/0 -ef /proc/$tcpaddon_feeder/fd/1 ] && return 0
    [ /proc/$1/fd/0 -ef /proc/$tcpaddon_feeder/fd/2 ] && return 0
  done
  return 1
}
tcpaddon_part() {
  tcpaddon_held=
  tcpaddon_free=
  for tcpaddon_p in $1; do
    if tcpaddon_fed $tcpaddon_p
    then tcpaddon_held="$tcpaddon_held $tcpaddon_p"
    else tcpaddon_free="$tcpaddon_free $tcpaddon_p"
    fi
  done
  for tcpaddon_p in $tcpaddon_held; do
    tcpaddon_fed $tcpaddon_p "$tcpaddon_held" && return 0
  done
  tcpaddon_free=$tcpaddon_free$tcpaddon_held
  tcpaddon_held=
}
tcpaddon_later() {
  tcpaddon_due=
  while [ "$tcpaddon_held$tcpaddon_due" ]; do
    sleep 1 || { tcpaddon_due=$tcpaddon_due$tcpaddon_held; tcpaddon_held=; }
    [ "$tcpaddon_due" ] && kill -TERM $tcpaddon_due
    tcpaddon_part "$tcpaddon_held"
    tcpaddon_due=
    for tcpaddon_p in $tcpaddon_free; do
      kill -0 $tcpaddon_p && tcpaddon_due="$tcpaddon_due $tcpaddon_p"
    done
  done
}
tcpaddon_end() {
  trap "" TERM INT QUIT
  tcpaddon_stop=1
  : ${tcpaddon_pid:=$!}
  tcpaddon_held=
  if [ $tcpaddon_to = -1 ] && [ /proc/self -ef /proc/1 ]; then
    tcpaddon_all=$tcpaddon_pid
    for tcpaddon_p in /proc/[0-9]*; do
      case " 1 $tcpaddon_pid " in *" ${tcpaddon_p#/proc/} "*) continue ;; esac
      tcpaddon_all="$tcpaddon_all ${tcpaddon_p#/proc/}"
    done
    tcpaddon_part "$tcpaddon_all"
  fi 2>/dev/null
  if [ "$tcpaddon_held" ]; then
    kill -TERM $tcpaddon_free
    tcpaddon_later &
  else
    kill -TERM $tcpaddon_to
  fi 2>/dev/null
}
trap tcpaddon_end TERM INT QUIT
[ "$tcpaddon_stop" ] && exit 143
(trap 'tcpaddon_status=$?; wait; exit $tcpaddon_status' TERM; eval "$1") &
: ${tcpaddon_pid:=$!}
wait $tcpaddon_pid
tcpaddon_status=$?
while kill -0 $tcpaddon_pid 2>/dev/null; do
  wait $tcpaddon_pid
  tcpaddon_status=$?
done
wait
while [ $tcpaddon_to$tcpaddon_stop = -11 ] && kill -0 -1 2>/dev/null; do
  sleep 1 || break
done
exit $tcpaddon_status"""

_ASSIGNMENT: Final = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)=")
# Characters that mean something to a shell outside of quotes; `#` does at the start of a word.
_SPECIAL: Final = frozenset("|&;<>()$`\\*?[]{}~\n")
_SPECIAL_IN_DOUBLE_QUOTES: Final = frozenset("$`\\")
# A first word of these is the shell's own: reserved words, special built-ins, and built-ins that
# are no programs of their own or mean something else there (POSIX 2024, XCU 2.4, 2.15, 2.9.1.4).
_OF_THE_SHELL: Final = frozenset(
    """! case do done elif else esac fi for function if in select then time until while
    . : alias bg break builtin cd command continue declare dirs disown echo enable eval exec exit
    export false fc fg getopts hash help history jobs kill let local logout mapfile newgrp popd
    printf pushd pwd read readarray readonly return set shift shopt source suspend test times trap
    true type typeset ulimit umask unalias unset wait""".split()  # noqa: SIM905 - they read as words
)


@dataclass(frozen=True, slots=True)
class PlainLine:
    """A command line without any work for a shell.

    assignments: its leading `NAME=value` words, the last of each name. words: the command and
    its arguments, at least one.
    """

    assignments: tuple[tuple[str, str], ...]
    words: tuple[str, ...]


def plain(line: str) -> PlainLine | None:
    """Split a line of plain words as a shell would; None where a shell must run it."""
    words = _words(line)
    if words is None:
        return None
    assignments: dict[str, str] = {}
    for index, word in enumerate(words):
        match = _ASSIGNMENT.match(word.text)
        if match is None or match.end() > word.unquoted_head:
            command = tuple(rest.text for rest in words[index:])
            if not command[0] or command[0] in _OF_THE_SHELL:
                return None
            return PlainLine(assignments=tuple(assignments.items()), words=command)
        assignments[match["name"]] = word.text[match.end() :]
    return None  # nothing but assignments: a shell has the right to find that pointless


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    unquoted_head: int  # characters before the first quote: only there is `A=` an assignment


def _words(line: str) -> list[_Word] | None:
    words: list[_Word] = []
    position = 0
    while position < len(line):
        if line[position] in " \t":
            position += 1
            continue
        if line[position] == "#":
            return None
        read = _word(line, position)
        if read is None:
            return None
        word, position = read
        words.append(word)
    return words


def _word(line: str, position: int) -> tuple[_Word, int] | None:
    """Read one word; return it with the position behind it."""
    text = ""
    unquoted_head: int | None = None
    while position < len(line) and line[position] not in " \t":
        character = line[position]
        if character in "'\"":
            if unquoted_head is None:
                unquoted_head = len(text)
            end = line.find(character, position + 1)
            if end < 0:
                return None  # an open quote: the shell has the words for that
            quoted = line[position + 1 : end]
            if character == '"' and not _SPECIAL_IN_DOUBLE_QUOTES.isdisjoint(quoted):
                return None
            text += quoted
            position = end + 1
        elif character in _SPECIAL:
            return None
        else:
            text += character
            position += 1
    return _Word(text, len(text) if unquoted_head is None else unquoted_head), position
