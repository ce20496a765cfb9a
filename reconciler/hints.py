"""Hints as data: what the user can do next, as text and commands. Views render them; programs read the commands.

    hint("Check the credentials", way("or, if they are really deleted", "--allow-recreates", 3))

Commands are data, and never parsed out of a sentence: a voice may have a command's name.
"""

from __future__ import annotations

from reconciler.values import value


@value
class Command:
    """A command to type: its words after `voicectl` and the global options, unquoted: `("state", "rm", "hero")`.

    Options without a command, `("--retry", "hero")`, belong to the command that is running. `place` are the global
    options that select another manifest, quoted for a shell; None for the manifest of the running command.
    """

    words: tuple[str, ...]
    place: str | None = None

    @property
    def is_option(self) -> bool:
        """Whether it is options for the running command, not a command of its own."""
        return self.words[0].startswith("--")


@value
class Way:
    """One alternative of a hint: `words: command, then command`, then the text `after`. Each may be empty."""

    words: str = ""
    commands: tuple[Command, ...] = ()
    after: str = ""


@value
class Hint:
    """The alternatives for the user, who takes one of them. A hint without alternatives is false."""

    ways: tuple[Way, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.ways)

    def __add__(self, other: Hint) -> Hint:
        """The alternatives of both hints, each once."""
        return Hint(tuple(dict.fromkeys((*self.ways, *other.ways))))

    @property
    def commands(self) -> tuple[Command, ...]:
        """The commands of all alternatives."""
        return tuple(command for way in self.ways for command in way.commands)


NO_HINT = Hint()


def command(verb: str, *arguments: object, place: str | None = None) -> Command:
    """A command: `verb` is split at its spaces, each argument is one word: `command("state rebind", provider)`."""
    return Command((*verb.split(), *map(str, arguments)), place)


def operands(*given: object) -> tuple[str, ...]:
    """The user's own words as arguments. Adds `--` if one begins with `-` and is not stdin: it would be an option."""
    words = tuple(map(str, given))
    return ("--", *words) if any(word.startswith("-") and word != "-" for word in words) else words


def way(words: str, verb: str, *arguments: object, place: str | None = None, after: str = "") -> Way:
    """An alternative with one command."""
    return Way(words, (command(verb, *arguments, place=place),), after)


def hint(*ways: Way | str) -> Hint:
    """A hint of these alternatives. A text is an alternative without a command; an empty text is dropped."""
    return Hint(tuple(each if isinstance(each, Way) else Way(each) for each in ways if each))


def as_hint(given: Hint | str) -> Hint:
    """The hint, or a hint of this text."""
    return given if isinstance(given, Hint) else hint(given)
