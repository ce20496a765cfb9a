"""A key where the name of its variable is due, or anywhere else in a manifest: no command and no file shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.kling_service import KlingService
from tests.support.tencent_cli_harness import CONCIERGE, HERO, NARRATOR, TencentCliHarness
from tests.support.tencent_service import TencentService

KEYS = {
    "of letters and digits": "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
    "in hex": "f3a91c0be7d24856a1f0c9d8e7b6a594",
    "in capitals": "PRODKLINGXYZZYPLUGH",
    "with underscores": "kling_live_9fQ2x7Lw_Zt4",
    "with a dash": "sk-proj-Ab12Cd34Ef56Gh78",
    "of base64": "dGhpcyBpcyBub3QgYSBrZXk/+=",
}
COMMANDS = (
    ("validate",),
    ("plan",),
    ("plan", "--json"),
    ("plan", "--out", "p"),
    ("show", "p"),
    ("apply", "--auto-approve"),
    ("apply", "p"),
    ("apply", "--auto-approve", "--json"),
    ("-v", "drift"),
    ("-v", "voices", "PROVIDER"),
    ("destroy", "--auto-approve"),
    ("state", "pull"),
    ("--sandbox", "apply", "--auto-approve"),
    ("--sandbox", "-v", "plan"),
    ("--sandbox", "state", "pull"),
)


@pytest.fixture
def tencent() -> Iterator[TencentService]:
    with TencentService() as service:
        yield service


@pytest.fixture
def cli(tmp_path: Path, kling: KlingService, tencent: TencentService) -> TencentCliHarness:
    return TencentCliHarness(tmp_path, kling, tencent=tencent)


def places(cli: TencentCliHarness, key: str) -> dict[str, tuple[dict[str, Any], Mapping[str, Any]]]:
    """Where a key may have been written: the providers, and the voice."""
    ours = cli.providers()

    def kling(credentials: object) -> tuple[dict[str, Any], Mapping[str, Any]]:
        return {"kling": {**ours["kling"], "credentials": credentials}}, NARRATOR

    clone = {**CONCIERGE, "clone": {**CONCIERGE["clone"], "api_key_env": key}}
    kling_pair = {"access_key_env": key, "secret_key_env": key}
    tencent_pair = {"secret_id_env": key, "secret_key_env": f"{key}a", "token_env": key}
    return {
        "kling api_key_env": kling({"api_key_env": key}),
        "kling pair": kling(kling_pair),
        "tencent pair": ({"vod": {**ours["vod"], "credentials": tencent_pair}}, HERO),
        "trtc api_key_env": ({"trtc": ours["trtc"]}, clone),
        "api_key of the provider": ({"kling": {**ours["kling"], "api_key": key}}, NARRATOR),
        "api_key of the credentials": kling({"api_key": key}),
        "the credentials themselves": kling(key),
        "a list": kling({"api_key_env": [key]}),
        "a key of the mapping": kling({key: None}),
        "a reference": kling({"api_key_env": f"${{env:{key}}}"}),
        "a reference of a shell": (
            {"kling": {**ours["kling"], "credentials": {"api_key_env": f"${{{key}}}"}}},
            NARRATOR,
        ),
        "a number": ({"vod": {**ours["vod"], "sub_app_id": key}}, HERO),
    }


PLACES = (
    "kling api_key_env",
    "kling pair",
    "tencent pair",
    "trtc api_key_env",
    "api_key of the provider",
    "api_key of the credentials",
    "the credentials themselves",
    "a list",
    "a key of the mapping",
    "a reference",
    "a reference of a shell",
    "a number",
)
BY_FORM = {"a key of the mapping", "a reference", "a reference of a shell", "a number"}  # where any text may stand


@pytest.mark.parametrize("place", PLACES)
def test_a_misplaced_key_is_shown_nowhere_and_the_right_place_is_named(cli: TencentCliHarness, place: str) -> None:
    for form, key in KEYS.items():
        if place in BY_FORM and form in ("in capitals", "with underscores", "of base64"):
            continue  # could be a name
        providers, entry = places(cli, key)[place]
        cli.write({"hero": entry}, providers=providers)
        shown = ""
        everywhere = place.endswith(("_env", "pair"))  # else the manifest is not valid
        for command in COMMANDS if everywhere and form == "of letters and digits" else COMMANDS[1:2]:
            ran = cli.voicectl(*(next(iter(providers)) if word == "PROVIDER" else word for word in command))
            shown += ran.out + ran.err
            assert "voicectl has a bug" not in shown
        assert key not in shown, (place, form)
        assert key[:12] not in shown, (place, form)
        files = b"".join(content for name, content in cli.files().items() if not name.endswith(".wav"))
        assert key.encode() not in files, (place, form)
        if place not in ("a list", "a number", "a key of the mapping"):
            assert "eys do not belong in the manifest" in shown, (place, form, shown)
            assert "export " in shown or "reference" in place


def test_a_name_that_is_set_or_ends_as_names_of_keys_do_is_shown(cli: TencentCliHarness) -> None:
    account = cli.providers()["kling"]
    cli.write({"n": NARRATOR}, providers={"kling": {**account, "credentials": {"api_key_env": "KLING_PROD_KEY"}}})
    assert "Kling needs KLING_PROD_KEY in the environment" in cli.voicectl("plan", code=0).out
    cli.write({"n": NARRATOR}, providers={"kling": {**account, "credentials": {"api_key_env": "KLING_PROD"}}})
    assert "KLING_PROD in" in cli.voicectl("plan", env=cli.env | {"KLING_PROD": ""}, code=0).out
    hidden = cli.voicectl("plan", code=0).out
    assert "KLING_PROD" not in hidden
    assert "credentials.api_key_env names no variable of the environment" in hidden
    assert "export KLING_API_KEY=... and write api_key_env: KLING_API_KEY" in hidden
    cli.voicectl("apply", "--auto-approve", env=cli.env | {"KLING_PROD": cli.kling.api_key}, code=0)


def test_a_plan_is_the_same_whether_a_name_is_set_or_not(cli: TencentCliHarness) -> None:
    keyed = {**CONCIERGE, "clone": {**CONCIERGE["clone"], "api_key_env": "LLM_PROD"}}
    cli.write({"concierge": keyed})
    cli.env["LLM_PROD"] = "sk-1"
    cli.apply()
    del cli.env["LLM_PROD"]
    cli.voicectl("plan", "--detailed-exitcode", code=0)
    cli.write({"concierge": {**keyed, "labels": {"tier": "gold"}}})
    cli.voicectl("plan", "--out", "p", code=0)
    cli.voicectl("apply", "p", env=cli.env | {"LLM_PROD": "sk-1"}, code=0)


def test_the_sandbox_takes_other_names_for_other_accounts(cli: TencentCliHarness) -> None:
    for name in ("KLING_STUDIO", "KLING_OTHER"):
        providers = {"kling": {"type": "kling", "credentials": {"api_key_env": name}}}
        cli.write({"hero": NARRATOR}, providers=providers, file=f"{name}.yaml")
        cli.voicectl("--sandbox", "-f", f"{name}.yaml", "apply", "--auto-approve", code=0)
        listed = cli.voicectl("--sandbox", "-f", f"{name}.yaml", "voices", "kling", "--json", code=0).json
        assert len([voice for voice in listed if voice["address"] == "hero"]) == len(listed) == 1
