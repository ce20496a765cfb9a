"""What to do next, as data: words for people, and the commands to type. Views make lines of it, programs read a list.

    hint("Check the credentials", way("or, if they are truly gone", "--allow-recreates", 3))

A command is never looked for in a sentence: a voice may be named like one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """What follows `voicectl` and its global options, a word each, unquoted: `("state", "rm", "hero")`.

    Options alone, `("--retry", "hero")`, are options of the command that is running. `place` are the global options
    that lead elsewhere, quoted for a shell; None for where the command that is running looks.
    """

    words: tuple[str, ...]
    place: str | None = None

    @property
    def is_option(self) -> bool:
        return self.words[0].startswith("--")


@dataclass(frozen=True, slots=True)
class Way:
    """One way on: `words: command, then command`, and what is said `after` that. Each of the three may be empty."""

    words: str = ""
    commands: tuple[Command, ...] = ()
    after: str = ""


@dataclass(frozen=True, slots=True)
class Hint:
    """The ways on, of which a person takes one. Without any it is false."""

    ways: tuple[Way, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.ways)

    def __add__(self, other: Hint) -> Hint:
        """The ways of both, each once."""
        return Hint(tuple(dict.fromkeys((*self.ways, *other.ways))))

    @property
    def commands(self) -> tuple[Command, ...]:
        return tuple(command for way in self.ways for command in way.commands)


NO_HINT = Hint()


def command(verb: str, *arguments: object, place: str | None = None) -> Command:
    """`verb` is split at its blanks, each argument is one word: `command("state rebind", provider)`."""
    return Command((*verb.split(), *map(str, arguments)), place)


def operands(*given: object) -> tuple[str, ...]:
    """Words that are none of ours: one that begins with `-` is no option."""
    words = tuple(map(str, given))
    return ("--", *words) if any(word.startswith("-") for word in words) else words


def way(words: str, verb: str, *arguments: object, place: str | None = None, after: str = "") -> Way:
    """A way on with one command."""
    return Way(words, (command(verb, *arguments, place=place),), after)


def hint(*ways: Way | str) -> Hint:
    """A text is a way without a command; an empty one is none."""
    return Hint(tuple(each if isinstance(each, Way) else Way(each) for each in ways if each))


def as_hint(given: Hint | str) -> Hint:
    return given if isinstance(given, Hint) else hint(given)
