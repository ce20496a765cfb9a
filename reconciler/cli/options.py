"""The options of plan, apply and destroy that go beyond the manifest."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

import click

from reconciler.cli import environment
from reconciler.cli.address_type import ADDRESS, refuse_entry
from reconciler.cli.context import Command, say
from reconciler.cli.shell_completion import declared_addresses
from reconciler.errors import StateLocked, UsageError
from reconciler.values import value

if TYPE_CHECKING:
    from reconciler.engine.session import Request
    from reconciler.model.manifest import Manifest
    from reconciler.planning.scope import Scope


COUNT = click.IntRange(min=0)


@value
class Options:
    retry: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()
    reject: tuple[str, ...] = ()
    allow_deletes: int | None = None
    allow_recreates: int | None = None
    new_state: bool = False
    target: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    destroy: bool = False
    refresh_only: bool = False
    refresh: bool = True
    lock_timeout: str | None = None
    grace: str | None = None
    max_paid_calls: int | None = None
    max_cost: str | None = None


_SCOPE_OPTIONS = (
    click.option(
        "--target",
        multiple=True,
        type=ADDRESS,
        metavar="ADDRESS",
        help="Change only these voices: an address, in which * is any text, or label:KEY=VALUE.",
        shell_complete=declared_addresses,
    ),
    click.option(
        "--exclude",
        multiple=True,
        type=ADDRESS,
        metavar="ADDRESS",
        help="Leave these voices as they are. Takes the same as --target.",
        shell_complete=declared_addresses,
    ),
)
_ASKED_OPTIONS = (
    *_SCOPE_OPTIONS,
    click.option(
        "--retry",
        multiple=True,
        type=ADDRESS,
        metavar="ADDRESS",
        help="Create again a voice whose creation failed. It is paid again.",
        shell_complete=declared_addresses,
    ),
    click.option(
        "--replace",
        multiple=True,
        type=ADDRESS,
        metavar="ADDRESS",
        help="Replace this voice: create a new one and delete the old one.",
        shell_complete=declared_addresses,
    ),
    click.option(
        "--allow-deletes", type=COUNT, metavar="N", help="Allow exactly N voices to be deleted, replaced or forgotten."
    ),
    click.option(
        "--allow-recreates",
        type=COUNT,
        metavar="N",
        help="Allow exactly N voices that no longer exist to be created again.",
    ),
    click.option("--max-paid-calls", type=COUNT, metavar="N", help="Stop if the plan makes more than N paid calls."),
    click.option(
        "--max-cost", metavar="AMOUNT", help="Stop if the plan may cost more, such as '50 USD'; unknown is more."
    ),
    click.option(
        "--new-state", is_flag=True, help="Start a new state here, although another state may hold these voices."
    ),
    click.option("--destroy", is_flag=True, help="Delete every voice of the state, as the command destroy does."),
    click.option(
        "--refresh-only",
        is_flag=True,
        help="Write what the accounts show into the state (names, expiries, voices that are gone); no call is made.",
    ),
)


def plan_options(command: Command) -> Command:
    """Adds the options; the command takes them as keywords: `Options(**asked)`."""
    for option in reversed(_ASKED_OPTIONS):
        command = option(command)
    return command


def scope_options(command: Command) -> Command:
    """Adds --target and --exclude alone."""
    for option in reversed(_SCOPE_OPTIONS):
        command = option(command)
    return command


def _remember_detail(context: click.Context, parameter: click.Parameter, given: bool) -> None:
    if not given:
        return
    options = context.find_root().obj
    if options.detail not in ("usual", parameter.name):
        raise UsageError("--summary and --full can't be used together.")
    options.detail = parameter.name


_DETAIL_OPTIONS = (
    click.option(
        "--summary",
        is_flag=True,
        expose_value=False,
        callback=_remember_detail,
        help="Group changes, and show only what they have in common.",
    ),
    click.option(
        "--full",
        is_flag=True,
        expose_value=False,
        callback=_remember_detail,
        help="Show every change with all its fields.",
    ),
)


def detail_options(command: Command) -> Command:
    """Adds --summary and --full. Their value is kept in the global options, so that no command passes it on."""
    for option in reversed(_DETAIL_OPTIONS):
        command = option(command)
    return command


_KNOWN_VERBS = ("apply", "destroy", "drift")  # they choose what their hints say themselves


def _note_verb(context: click.Context, parameter: click.Parameter, given: str | None) -> str | None:
    """A hint about --lock-timeout names the command that wants the lock."""
    _checked(context, parameter, given)
    verb = context.command_path.partition(" ")[2]
    if verb not in _KNOWN_VERBS:
        context.find_root().obj.verb = verb
    return given


def _checked(context: click.Context, parameter: click.Parameter, given: str | None) -> str | None:
    """Refuses a duration of the environment here, where its variable is known."""
    if given is not None and environment.is_from_environment(context, parameter):
        seconds(str(parameter.envvar), given)
    return given


lock_option = click.option(
    "--lock-timeout",
    envvar=environment.LOCK_TIMEOUT,
    show_envvar=True,
    callback=_note_verb,
    metavar="TIME",
    help="How long to wait for a lock that another run holds, such as 5m.  [default: 0s; 5m where CI=true]",
)


grace_option = click.option(
    "--grace",
    callback=_checked,
    envvar=environment.GRACE,
    show_envvar=True,
    metavar="TIME",
    help="How long to wait for open calls after the first Ctrl-C.  [default: 6s]",
)


def request(options: Options, manifest: Manifest | None, *, destroy: bool = False) -> Request:
    """Builds the request. Addresses are checked against the manifest, so that a misspelt one is an error."""
    from reconciler.engine.session import GRACE, Request
    from reconciler.planning.plan_context import PlanOptions

    for flag, addresses in (
        ("--retry", options.retry),
        ("--replace", options.replace),
        ("accept", options.accept),
        ("reject", options.reject),
    ):
        for address in addresses:
            refuse_entry(address, manifest.voices if manifest is not None else (), f"{flag} {address}")
            if manifest is not None and address not in manifest.voices:
                raise UsageError(f"{flag} {address}: the manifest declares no such voice.", _near(address, manifest))
    scope = _scope(options)
    repeat_in_hints(options)
    if options.refresh_only and (destroy or options.destroy or options.retry or options.replace):
        raise UsageError("--refresh-only changes no voice: it can't be used with --destroy, --retry or --replace.")
    if options.refresh_only and not options.refresh:
        raise UsageError("--refresh-only looks at the accounts, so it can't be used with --refresh=false.")
    return Request(
        options=PlanOptions(
            retry=frozenset(options.retry),
            replace=frozenset(options.replace),
            accept=frozenset(options.accept),
            reject=frozenset(options.reject),
            allow_recreates=options.allow_recreates,
            destroy=destroy or options.destroy,
            scope=scope,
            refresh_only=options.refresh_only,
        ),
        refresh=options.refresh,
        allow_deletes=options.allow_deletes,
        max_paid_calls=options.max_paid_calls,
        max_cost=None if options.max_cost is None else _amount("--max-cost", options.max_cost),
        new_state=options.new_state,
        lock_wait=seconds("--lock-timeout", options.lock_timeout or _usual_wait()),
        grace=GRACE if options.grace is None else seconds("--grace", options.grace),
        waiting=_waiting,
    )


def repeat_in_hints(options: Options) -> None:
    """Lets a hint like `apply --allow-deletes 3` repeat what the plan is restricted to: without it, it means more."""
    repeated = [
        *(("--destroy",) if options.destroy else ()),
        *(("--refresh-only",) if options.refresh_only else ()),
        *(word for pattern in options.target for word in ("--target", pattern)),
        *(word for pattern in options.exclude for word in ("--exclude", pattern)),
    ]
    if repeated:
        chosen = click.get_current_context().find_root().obj
        chosen.verb = f"{chosen.verb} {shlex.join(repeated)}"


def _scope(options: Options) -> Scope:
    from reconciler.planning.scope import Scope, is_valid

    for flag, patterns in (("--target", options.target), ("--exclude", options.exclude)):
        for pattern in patterns:
            if not is_valid(pattern):
                raise UsageError(f"{flag} {pattern}: not an address and not label:KEY=VALUE.")
    return Scope((*options.target, *options.accept, *options.reject), options.exclude)


def locking(lock_timeout: str | None) -> Request:
    """A request that only says how long to wait for the lock."""
    return request(Options(lock_timeout=lock_timeout), None)


def _usual_wait() -> str:
    from reconciler import wiring

    return "5m" if wiring.in_pipeline(os.environ) else "0s"


def _amount(option: str, words: str) -> str:
    from reconciler.model.prices import money

    try:
        return str(money(words))
    except ValueError as error:
        raise UsageError(f"{option} {words}: {error}.") from None


def seconds(option: str, words: str) -> float:
    """The seconds of a duration that an option gives."""
    from pydantic import TypeAdapter, ValidationError

    from reconciler.model.scalars import Duration

    adapter: TypeAdapter[float] = TypeAdapter(Duration)
    try:
        return adapter.validate_python(words)
    except ValidationError:
        raise UsageError(f"{option} {words}: not a duration.", "Such as 30s, 5m or 1h.") from None


def _waiting(locked: StateLocked) -> None:
    say(f"Waiting for the lock. {locked.detail}")


def _near(address: str, manifest: Manifest) -> str:
    from reconciler.model.suggestion import nearest

    near = nearest(address, manifest.voices)
    return f"Did you mean {near}?" if near else ""
