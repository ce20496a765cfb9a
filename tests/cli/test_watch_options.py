"""The options --listen, --no-listen and --webhook, and their variables."""

from __future__ import annotations

import socket
from contextlib import AbstractContextManager

import pytest
from click import command
from click.testing import CliRunner

from reconciler import system_clock
from reconciler.cli import watch_options
from reconciler.cli.watch_options import ListenerOptions, listener_options, listeners
from reconciler.errors import UsageError
from reconciler.model.watch import WatchListener


@pytest.mark.parametrize(
    ("argv", "meant"),
    [
        ([], ListenerOptions()),
        (["--listen", "0.0.0.0:9000"], ListenerOptions("0.0.0.0:9000")),
        (["--no-listen"], ListenerOptions(no_listen=True)),
        (["--webhook", "https://b.example.com/"], ListenerOptions(webhook="https://b.example.com/")),
    ],
)
def test_the_options_of_a_command_become_one_value(argv: list[str], meant: ListenerOptions) -> None:
    got = []

    @command()
    @listener_options
    def watch(listen: str | None, webhook: str | None, *, no_listen: bool) -> None:
        got.append(ListenerOptions(listen, no_listen, webhook))

    result = CliRunner().invoke(watch, argv, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert got == [meant]


def test_the_variable_names_a_webhook_and_the_option_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICECTL_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    monkeypatch.setenv("VOICECTL_WEBHOOK", "https://metadata.google.internal/")
    with pytest.raises(UsageError, match="metadata"), started(ListenerOptions(no_listen=True)):
        raise AssertionError("it started")
    with started(ListenerOptions(no_listen=True, webhook="https://hooks.example.com/")) as found:
        assert len(found) == 2
    monkeypatch.setenv("VOICECTL_WEBHOOK", "")
    with started(ListenerOptions(no_listen=True)) as found:
        assert len(found) == 1


def started(options: ListenerOptions) -> AbstractContextManager[tuple[WatchListener, ...]]:
    return listeners(options, interval=30, clock=system_clock.SystemClock())


def test_a_webhook_without_its_secret_is_refused_at_the_start() -> None:
    options = ListenerOptions(no_listen=True, webhook="https://hooks.example.com/")
    with (
        pytest.raises(UsageError, match="There is no secret to sign the webhooks with"),
        started(options),
    ):
        raise AssertionError("it started")


def test_nothing_is_served_with_no_listen() -> None:
    with started(ListenerOptions(no_listen=True)) as found:
        assert len(found) == 1


def test_the_usual_port_may_be_in_use_but_not_one_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        used = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(UsageError, match="another program uses this port"), started(ListenerOptions(used)):
            raise AssertionError("it started")
        monkeypatch.setattr(watch_options, "USUAL_PORT", used)
        said: list[str] = []
        clock = system_clock.SystemClock()
        with listeners(ListenerOptions(), interval=30, clock=clock, report=said.append) as found:
            assert len(found) == 1
    assert said[0].startswith("Probes and metrics are not served.")
    assert "another program uses this port" in said[0]
