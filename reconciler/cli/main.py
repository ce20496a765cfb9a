"""The entry point: the commands by name, the global options, and errors as messages with an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from reconciler.cli import environment
from reconciler.cli.context import Globals, LazyGroup, global_options
from reconciler.cli.option_errors import corrected
from reconciler.cli.streams import write_stderr
from reconciler.errors import UsageError, VoicectlError

# name -> (module, attribute, what it does). The words stand here so that --help imports no command.
COMMANDS = {
    "init": ("init", "init", "Write a commented manifest to start from."),
    "validate": ("validate", "validate", "Check the manifest without calling a cloud."),
    "plan": ("plan", "plan", "Show what apply would change."),
    "apply": ("apply", "apply", "Create, replace and delete voices as the manifest says."),
    "accept": ("decision", "accept", "Make the candidate of ADDRESS its voice, and delete the old one."),
    "reject": ("decision", "reject", "Delete the candidate of ADDRESS, and keep its voice."),
    "destroy": ("destroy", "destroy", "Delete every voice of the state."),
    "drift": ("drift", "drift", "Show what changed outside of voicectl."),
    "watch": ("watch", "watch", "Look for what differs at each interval, and apply it with --apply."),
    "import": ("import_voice", "import_", "Take a voice made elsewhere into the state."),
    "adopt": ("adopt", "adopt", "Take all unmanaged voices of an account into the state."),
    "output": ("output", "output", "Print the voice_id of each address."),
    "show": ("show", "show", "Show the state, or a saved plan."),
    "voices": ("voices", "voices", "List the voices of a provider's account."),
    "resolve": ("resolve", "resolve", "Resolve a creation whose outcome is unknown."),
    "unlock": ("unlock", "unlock", "Break the lock of a run that is dead."),
    "state": ("state", "state", "Inspect the state, or edit it."),
    "schema": ("schema", "schema", "Print the JSON Schema of a document."),
    "sandbox": ("sandbox", "sandbox", "Run against a simulated cloud on this machine."),
    "completion": ("completion", "completion", "Print the completion script of a shell."),
}

_TELLING = 8  # characters of an environment variable; shorter ones are words like any other
_LONGEST = 2000  # characters of what an exception says
_OF_CODE = ("  File ", "Traceback ", "\n")  # how the parts of a trace begin that hold our own lines only


@click.group(cls=LazyGroup, commands_at=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(message="voicectl %(version)s", package_name="voicectl")
@global_options
def voicectl() -> None:
    """Terraform for AI voices: declare them in YAML, plan the difference, apply it exactly once."""


def run(arguments: Sequence[str]) -> int:
    """Runs one command line. Returns the exit code; raises nothing."""
    options = Globals()
    try:
        result = voicectl.main(list(arguments), prog_name="voicectl", standalone_mode=False, obj=options)
    except VoicectlError as error:
        return _fail(error, options)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.NoSuchOption as error:
        with suppress(OSError):  # its reader may have left
            corrected(error, arguments).show(file=sys.stderr)
        return 1
    except click.ClickException as error:
        with suppress(OSError):
            error.show(file=sys.stderr)
        return 1
    except SystemExit:  # click's way to say that the reader of --help has left
        return 0
    except (click.Abort, KeyboardInterrupt):
        write_stderr("\nInterrupted.")
        return 130
    except OSError as error:
        return _of_the_machine(error, options)
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets words
        return _confess(error, options)
    return result if isinstance(result, int) else 0


def _fail(error: VoicectlError, options: Globals) -> int:
    from reconciler.views.formats import text

    write_stderr(text.error(error, options.render_options(sys.stderr)))
    if options.file_from_environment and isinstance(error, UsageError):
        write_stderr(f"{environment.FILE} names the manifest of this command.")
    return error.exit_code


def _of_the_machine(error: OSError, options: Globals) -> int:
    """Reports an error of the operating system, such as a file without permission."""
    from reconciler.views.escape import escape

    if options.verbose:
        write_stderr(_trace(error))
    write_stderr(f"Error: {escape(str(error))}")
    return 1


def _confess(error: Exception, options: Globals) -> int:
    if options.verbose:
        write_stderr(_trace(error))
    write_stderr(
        f"Error: voicectl has a bug ({type(error).__name__}). What was begun is in the state; "
        "the next run goes on from it.\n\nWith -v it shows where; please report that."
    )
    return 1


def _trace(error: Exception) -> str:
    """The traceback. Values of environment variables are redacted, since an exception may quote them."""
    import traceback

    from reconciler.model.redactor import Redactor

    redact = Redactor(lambda: [value for value in os.environ.values() if len(value) >= _TELLING])
    lines = traceback.TracebackException.from_exception(error).format()
    return "\n".join(part.rstrip() if part.startswith(_OF_CODE) else redact(part, limit=_LONGEST) for part in lines)
