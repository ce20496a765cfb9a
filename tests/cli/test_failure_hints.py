"""A failure's hint says what can help: to pay for the same again is offered only where that can work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli_harness import CliHarness
from tests.support.kling_service import KlingService
from tests.support.tencent_cli_harness import CONCIERGE, HERO, SOUNDS, VILLAIN, TencentCliHarness
from tests.support.tencent_service import Failure, TencentService

DUPLICATE = "voice clone voice id duplicate"  # VOD, DescribeTaskDetail, an example; MiniMax, error 2039
OTHER_ID = (
    "Choose another voice_id; if the voice of this id is yours: voicectl import villain villain_01"  # and no --retry
)


@pytest.fixture
def tencent() -> Iterator[TencentService]:
    with TencentService() as service:
        yield service


@pytest.fixture
def clouds(tmp_path: Path, kling: KlingService, tencent: TencentService) -> TencentCliHarness:
    return TencentCliHarness(tmp_path, kling, tencent=tencent)


@pytest.fixture
def taken(clouds: TencentCliHarness, tencent: TencentService) -> TencentCliHarness:
    """The id that was chosen for villain belongs to another voice of the account."""
    tencent.failing = {"villain_01": Failure(DUPLICATE)}
    clouds.write({"villain": VILLAIN})
    return clouds


def test_a_taken_id_can_be_changed_or_imported_and_is_never_bought_again(taken: TencentCliHarness) -> None:
    applied = taken.apply(code=1).out
    assert OTHER_ID in applied
    assert "--retry" not in applied
    planned = taken.voicectl("plan", code=0).out
    assert OTHER_ID in planned
    assert "--retry" not in planned
    assert "--retry" not in json.dumps(taken.plan())


def test_the_voice_of_that_id_can_be_imported(taken: TencentCliHarness, tencent: TencentService) -> None:
    taken.apply(code=1)
    taken.voicectl("import", "villain", "villain_01", code=0)
    taken.voicectl("plan", "--detailed-exitcode", code=0)
    assert dict(tencent.accepted) == {"CreateAigcAudioClone": 1}


def test_another_id_is_bought(taken: TencentCliHarness, tencent: TencentService) -> None:
    taken.apply(code=1)
    taken.write({"villain": {**VILLAIN, "clone": {**VILLAIN["clone"], "voice_id": "villain_02"}}})
    taken.apply()
    assert dict(tencent.accepted) == {"CreateAigcAudioClone": 2}


def test_a_state_that_an_older_voicectl_wrote_gives_the_same_hint(taken: TencentCliHarness) -> None:
    """It holds the cloud's words, and no cause."""
    taken.apply(code=1)
    path = taken.folder / "voices.state.json"
    state = json.loads(path.read_text())
    (record,) = state["records"].values()
    assert record.pop("cause") == "id-taken"
    path.write_text(json.dumps(state))
    planned = taken.voicectl("plan", code=0).out
    assert OTHER_ID in planned
    assert "--retry" not in planned


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ("the voice could not be made", "Change its inputs; or, to pay for the same again: voicectl apply --retry"),
        (
            "input new_sensitive",
            "the cloud would refuse the same inputs again; if there is another file behind its link now:",
        ),
        (
            "voice duration too short",
            "the cloud would refuse the same inputs again; if there is another file behind its link now:",
        ),
        ("invisible character ratio limit", "Change its inputs: the cloud would refuse the same inputs again."),
        ("insufficient balance", "Once the account allows it: voicectl apply --retry villain"),
    ],
)
def test_a_failed_task_has_the_hint_that_its_message_allows(
    message: str, hint: str, clouds: TencentCliHarness, tencent: TencentService
) -> None:
    tencent.failing = {"villain_01": Failure(message)}
    clouds.write({"villain": VILLAIN})
    assert hint in clouds.apply(code=1).out
    assert hint in clouds.voicectl("plan", code=0).out


@pytest.mark.parametrize(
    ("action", "code", "entry"),
    [
        ("VoiceClone", "InvalidParameter.VoiceName", "concierge"),
        ("VoiceClone", "InvalidParameter.AudioPrompt", "concierge"),
        ("VoiceClone", "InvalidParameter.TextLength", "concierge"),
        ("VoiceClone", "UnsupportedOperation.VoiceCloneError", "concierge"),
        ("VoiceClone", "UnknownParameter", "concierge"),
        ("VoiceClone", "LimitExceeded.VoiceCloneMaxNumLimit", "concierge"),
        ("CreateAigcCustomVoice", "RequestSizeLimitExceeded", "hero"),
        ("CreateAigcAudioTask", "InvalidParameter.ViolationContent", "audio.fireworks"),
    ],
)
def test_a_refusal_of_the_inputs_offers_no_retry(
    action: str, code: str, entry: str, clouds: TencentCliHarness, tencent: TencentService
) -> None:
    tencent.refuse(action, code)
    voices = {"concierge": CONCIERGE, "hero": HERO}
    clouds.write({entry: voices[entry]} if entry in voices else {}, audio=None if entry in voices else SOUNDS)
    applied = clouds.apply(code=1).out
    assert f"{entry}: " in applied
    assert "-> " in applied  # a hint there is
    assert "--retry" not in applied
    assert "--retry" not in clouds.voicectl("plan", code=0).out


def test_the_order_of_the_request_may_be_tried_again_where_no_other_is_known(
    clouds: TencentCliHarness, tencent: TencentService
) -> None:
    tencent.refuse("CreateAigcCustomVoice", "ResourceNotFound")
    clouds.write({"hero": HERO})
    assert "voicectl apply --retry hero" in clouds.apply(code=1).out


def test_a_taken_name_at_kling_can_be_changed_or_imported(cli: CliHarness, kling: KlingService) -> None:
    kling.refused = {"hero": "Voice name hero already exists"}
    cli.declare("hero")
    for told in (cli.apply(code=1).out, cli.voicectl("plan", code=0).out):
        assert "Choose another voice_name; if the voice of this name is yours: voicectl import hero VOICE_ID" in told
        assert "--retry" not in told


def test_content_that_kling_refuses_is_bought_again_only_behind_another_file(
    cli: CliHarness, kling: KlingService
) -> None:
    kling.refuse("create", 400, 1301, "the content is against the policy")
    cli.declare("hero")
    told = cli.apply(code=1).out
    assert (
        "Change its inputs: the cloud would refuse the same inputs again; if there is another file behind its link now:"
        in told
    )
    assert cli.state["records"][next(iter(cli.state["records"]))]["cause"] == "sample"
