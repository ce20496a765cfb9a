"""One account that can't be used blocks its own entries; the others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.kling_service import KlingService
from tests.support.tencent_cli_harness import CONCIERGE, HERO, NARRATOR, TencentCliHarness
from tests.support.tencent_service import TencentService

ALL = {"narrator": NARRATOR, "hero": HERO, "concierge": CONCIERGE}
NEEDED = "no credentials: Kling needs KLING_API_KEY or KLING_ACCESS_KEY and KLING_SECRET_KEY in the environment"
EXPORT = "export KLING_API_KEY="


@pytest.fixture
def tencent() -> Iterator[TencentService]:
    with TencentService() as service:
        yield service


@pytest.fixture
def cli(tmp_path: Path, kling: KlingService, tencent: TencentService) -> TencentCliHarness:
    made = TencentCliHarness(tmp_path, kling, tencent=tencent)
    made.write(ALL)
    return made


def without(cli: TencentCliHarness, *beginnings: str) -> dict[str, str]:
    return {name: value for name, value in cli.env.items() if not name.startswith(beginnings)}


def test_the_entries_of_one_provider_are_blocked_with_what_to_export_and_the_others_continue(
    cli: TencentCliHarness, kling: KlingService
) -> None:
    env = without(cli, "KLING_")
    shown = cli.voicectl("plan", env=env, code=0).out
    assert f"! blocked narrator (kling): {NEEDED}, but none is set\n" in shown
    assert EXPORT in shown
    assert "1 to create, 1 to clone, 1 blocked" in shown
    assert cli.voicectl("plan", "--detailed-exitcode", env=env).code == 2

    applied = cli.voicectl("apply", "--auto-approve", env=env, code=1)
    assert "Applied: 2 done, 1 blocked" in applied.out
    assert kling.calls == []
    assert cli.actions() == {"narrator": "create"}
    cli.apply()


def test_without_any_credentials_everything_is_blocked_and_shown(
    cli: TencentCliHarness, tencent: TencentService
) -> None:
    env = without(cli, "KLING_", "TENCENTCLOUD_")
    plan = cli.voicectl("plan", "--json", env=env, code=0).json
    assert plan["summary"]["blocked"] == 3
    assert "Applied: 3 blocked" in cli.voicectl("apply", "--auto-approve", env=env, code=1).out
    assert tencent.calls == []
    assert not (cli.folder / "voices.state.json").exists()


def test_drift_reports_a_failed_look_and_destroy_keeps_what_it_can_not_delete(
    cli: TencentCliHarness, kling: KlingService
) -> None:
    cli.write({"narrator": NARRATOR, "hero": HERO})
    cli.apply()
    env = without(cli, "KLING_")
    looked = cli.voicectl("drift", env=env, code=1)
    assert f"Could not check: narrator: {NEEDED}" in looked.err
    assert EXPORT in looked.err
    assert "1 voice could not be checked" in looked.out

    destroyed = cli.voicectl("destroy", "--auto-approve", env=env, code=1)
    assert "! blocked narrator (kling)" in destroyed.out
    assert kling.count("delete") == 0
    assert set(cli.state["current"]) == {"narrator"}
    cli.voicectl("destroy", "--auto-approve", code=0)
    assert kling.count("delete") == 1


def test_drift_of_a_voice_that_was_never_made_reports_a_failed_look_too(cli: TencentCliHarness) -> None:
    cli.write({"hero": HERO})
    cli.apply()
    cli.write({"narrator": NARRATOR, "hero": HERO})
    assert f"Could not check: narrator: {NEEDED}" in cli.voicectl("drift", env=without(cli, "KLING_"), code=1).err


def test_a_voice_that_leaves_an_account_without_credentials_stays(cli: TencentCliHarness, kling: KlingService) -> None:
    cli.write({"narrator": NARRATOR})
    cli.apply()
    cli.write({"narrator": HERO})  # at another provider now
    applied = cli.voicectl("apply", "--auto-approve", env=without(cli, "KLING_"), code=1)
    assert "! blocked narrator (vod)" in applied.out
    assert NEEDED in applied.out
    assert len(kling.voices) == 1
    assert "CreateAigcCustomVoice" not in {call.action for call in cli.tencent.calls}


def test_a_saved_plan_is_applied_as_far_as_there_are_credentials(cli: TencentCliHarness) -> None:
    cli.voicectl("plan", "--out", "p", code=0)
    applied = cli.voicectl("apply", "p", env=without(cli, "KLING_"), code=1)
    assert "Applied: 2 done, 1 blocked" in applied.out


@pytest.mark.parametrize("command", [("voices", "kling"), ("import", "narrator", "850"), ("state", "rebind", "kling")])
def test_what_needs_that_one_account_is_refused(cli: TencentCliHarness, command: tuple[str, ...]) -> None:
    cli.write({"hero": HERO})
    cli.apply()  # so that there is a state
    cli.write(ALL)
    refused = cli.voicectl(*command, env=without(cli, "KLING_"), code=1)
    assert "Error: No credentials" in refused.err
    assert EXPORT in refused.err


UNFIT: Mapping[str, tuple[Callable[[TencentCliHarness], Mapping[str, str]], str]] = {
    "half a pair": (
        lambda cli: {"KLING_ACCESS_KEY": cli.kling.access_key},
        "no credentials: KLING_ACCESS_KEY is set, but KLING_SECRET_KEY is not: they go together\n"
        "      export KLING_SECRET_KEY=",
    ),
    "a key with a line break": (
        lambda _: {"KLING_API_KEY": "to\nken"},
        "no credentials: KLING_API_KEY holds characters that no key has",
    ),
    "an empty key": (lambda _: {"KLING_API_KEY": ""}, NEEDED),
}


@pytest.mark.parametrize("why", UNFIT)
def test_unusable_credentials_block_like_missing_ones(cli: TencentCliHarness, why: str, kling: KlingService) -> None:
    some, words = UNFIT[why]
    env = without(cli, "KLING_") | dict(some(cli))
    shown = cli.voicectl("plan", env=env, code=0).out
    assert words in shown
    assert "1 to create, 1 to clone, 1 blocked" in shown
    assert kling.calls == []


def test_a_credentials_file_that_can_not_be_used_blocks_its_providers(cli: TencentCliHarness) -> None:
    (cli.folder / ".tccli").mkdir()
    (cli.folder / ".tccli/default.credential").write_text("{secretId")
    shown = cli.voicectl("plan", env=without(cli, "TENCENTCLOUD_"), code=0).out
    assert "blocked hero (vod): no credentials: ~/.tccli/default.credential can't be read" in shown
    assert "1 to create, 2 blocked" in shown


def test_an_invalid_endpoint_blocks_its_provider(cli: TencentCliHarness) -> None:
    providers = cli.providers() | {"kling": {"type": "kling", "endpoint": "https://klïng_.example.com"}}
    cli.write(ALL, providers=providers)
    shown = cli.voicectl("plan", code=0).out
    assert "blocked narrator (kling): " in shown
    assert "can't be an endpoint" in shown
    assert "1 to create, 1 to clone, 1 blocked" in shown


@pytest.mark.parametrize("refusal", [(401, 1002), (429, 1101), (403, 1304)])
def test_an_account_that_refuses_to_be_checked_blocks_its_own_entries(
    cli: TencentCliHarness, kling: KlingService, refusal: tuple[int, int]
) -> None:
    kling.refuse("list", *refusal, "refused", times=100)
    shown = cli.voicectl("plan", code=0).out
    assert "! blocked narrator (kling): could not check kling: " in shown
    assert "1 to create, 1 to clone, 1 blocked" in shown
    assert "Applied: 2 done, 1 blocked" in cli.apply(code=1).out
    assert kling.count("create") == 0
    assert "Could not check: narrator: could not check kling" in cli.voicectl("drift", code=1).err


def test_where_every_account_refuses_the_refusal_is_the_error(cli: TencentCliHarness, kling: KlingService) -> None:
    cli.write({"narrator": NARRATOR})
    kling.refuse("list", 401, 1002, "refused", times=100)
    assert "Error: The cloud refused the call" in cli.voicectl("plan", code=1).err


def test_a_voices_own_key_that_is_not_set_blocks_that_voice_only(
    cli: TencentCliHarness, tencent: TencentService
) -> None:
    keyed = {**CONCIERGE, "clone": {**CONCIERGE["clone"], "voice_name": "keyed_01", "api_key_env": "LLM_API_KEY"}}
    cli.write(ALL | {"keyed": keyed})
    applied = cli.apply(code=1)
    assert "! blocked keyed (trtc): no credentials: api_key_env: the variable LLM_API_KEY is not set" in applied.out
    assert "export LLM_API_KEY=" in applied.out
    assert "Applied: 3 done, 1 blocked" in applied.out
    cli.env["LLM_API_KEY"] = "sk-1"
    cli.voicectl("plan", "--out", "p", code=0)
    del cli.env["LLM_API_KEY"]
    assert "Applied: 1 blocked" in cli.voicectl("apply", "p", code=1).out
