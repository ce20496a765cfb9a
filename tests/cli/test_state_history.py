"""Earlier snapshots from the command line: listed, shown, printed, and pushed again."""

from __future__ import annotations

import json

from tests.support.cli_harness import CliHarness, voice


def grown(cli: CliHarness) -> CliHarness:
    """Three applies, of one, two and three voices."""
    for addresses in (("narrator",), ("narrator", "hero"), ("narrator", "hero", "villain")):
        cli.declare(*addresses)
        cli.apply()
    return cli


def test_the_snapshots_are_listed_with_the_newest_first(cli: CliHarness) -> None:
    kept = grown(cli).voicectl("state", "history", "--json", code=0).json
    serials = [each["serial"] for each in kept]
    assert serials == sorted(serials, reverse=True)
    assert len(kept) >= 3
    assert kept[0]["serial"] == cli.state["serial"]
    shown = cli.voicectl("state", "history", code=0)
    assert f"serial {serials[0]}" in shown.out.splitlines()[0]
    assert f"voicectl state show --serial {serials[0]}" in shown.err


def test_before_the_first_apply_there_is_none(cli: CliHarness) -> None:
    cli.declare("narrator")
    assert "No snapshot is kept yet." in cli.voicectl("state", "history", code=0).err


def test_an_earlier_snapshot_is_shown_and_printed(cli: CliHarness) -> None:
    kept = grown(cli).voicectl("state", "history", "--json", code=0).json
    first = next(
        each["serial"]
        for each in reversed(kept)
        if len(json.loads(cli.voicectl("state", "pull", "--serial", str(each["serial"]), code=0).out)["current"]) == 1
    )
    shown = cli.voicectl("state", "show", "--serial", str(first), code=0).out
    assert "narrator" in shown
    assert "villain" not in shown
    assert "villain" not in cli.voicectl("state", "show", "narrator", "--serial", str(first), code=0).out
    refused = cli.voicectl("state", "show", "hero", "--serial", str(first), code=1).err
    assert f"hero is not in snapshot {first}." in refused
    assert f"voicectl state show --serial {first}" in refused


def test_an_old_snapshot_is_pushed_with_the_warning_it_deserves(cli: CliHarness) -> None:
    kept = grown(cli).voicectl("state", "history", "--json", code=0).json
    old = cli.voicectl("state", "pull", "--serial", str(kept[-1]["serial"]), code=0).out
    refused = cli.voicectl("state", "push", "-", stdin=old, code=1)
    assert "--force" in refused.err
    pushed = cli.voicectl("state", "push", "--force", "-", stdin=old, code=0)
    assert "This copy is older than the state that it replaced" in pushed.err
    assert "newer voices, which it does not know" in pushed.err
    assert cli.state["serial"] > kept[0]["serial"]


def test_a_serial_that_is_not_kept_is_refused(made: CliHarness) -> None:
    refused = made.voicectl("state", "show", "--serial", "9999", code=1)
    assert "There is no snapshot with the serial 9999." in refused.err
    assert "voicectl state history" in refused.err


def test_without_an_address_and_a_serial_nothing_is_shown(made: CliHarness) -> None:
    assert "An address is missing." in made.voicectl("state", "show", code=1).err


def test_the_manifest_says_how_many_are_kept(cli: CliHarness) -> None:
    for count in range(1, 5):
        names = [f"v{number}" for number in range(count)]
        cli.write({name: voice(name) for name in names}, state={"url": "local", "history": 2})
        cli.apply()
    assert len(cli.voicectl("state", "history", "--json", code=0).json) == 2
