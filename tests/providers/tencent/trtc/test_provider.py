"""TRTC: its one creating call, and the probe, which lets a voice speak."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.audio.inspecting import inspect
from reconciler.errors import OutcomeUnknown, Rejected, Throttled
from reconciler.model.manifest import Voice
from reconciler.model.observed import Absent, Found, Observation, Unknown, Unverifiable
from reconciler.model.state import Record, Status
from reconciler.protocols.provider import Done, Probing, Unknowable
from reconciler.providers.tencent.trtc.account import TencentTrtcAccount
from reconciler.providers.tencent.trtc.provider import TrtcProvider
from tests.providers import support
from tests.providers.tencent.support import CREDENTIALS, body, refusal
from tests.providers.tencent.vod.support import Answer, Vod
from tests.support.clock import FakeClock
from tests.support.sounds import encoded, wav

HERE = "tencent-trtc https://trtc.intl.tencentcloudapi.com 1466000000"
KEY = support.KEY
CLONED = body(VoiceId="xiaoming_02_aidniwqndq")
SAMPLE = wav(12.0)
API_KEY = "sk-0123456789abcdef"


def provider(environ: dict[str, str] | None = None, **answers: Any) -> tuple[TrtcProvider, Vod]:
    cloud = Vod(answers)
    account = TencentTrtcAccount(type="tencent-trtc", sdk_app_id=1466000000)
    trtc = TrtcProvider(account, CREDENTIALS, clock=FakeClock(), environ=environ or {}, transport=cloud)
    return trtc, cloud


def voice(folder: Path, content: bytes = SAMPLE, **inputs: object) -> Voice:
    sample = folder / "concierge.wav"
    sample.write_bytes(content)
    prompt = {"file": "concierge.wav", "sha256": hashlib.sha256(content).hexdigest()}
    declared = {"voice_name": "xiaoming_02", "prompt_audio": prompt} | inputs
    files = {"prompt_audio": str(sample)}
    return Voice(
        address="concierge", provider="trtc", type="tencent-trtc", method="clone", inputs=declared, files=files
    )


def record(status: Status = Status.READY, **fields: Any) -> Record:
    defaults: dict[str, Any] = {"account": HERE, "method": "clone", "voice_id": "xiaoming_02_aidniwqndq"}
    return support.record(status, **(defaults | fields))


# -- the one call ------------------------------------------------------------------------------------------------------


def test_a_clone_says_all_that_is_declared_and_no_key_of_ours(tmp_path: Path) -> None:
    trtc, cloud = provider({"TRTC_KEY": API_KEY}, VoiceClone=CLONED)
    declared = voice(tmp_path, prompt_text="Hello.", model="flow_01_turbo", language="en", api_key_env="TRTC_KEY")
    done = trtc.submit(declared, KEY)
    assert isinstance(done, Done)
    assert (done.remote.voice_id, done.remote.voice_name) == ("xiaoming_02_aidniwqndq", "xiaoming_02")
    assert cloud.request_body("VoiceClone") == {
        "SdkAppId": 1466000000,
        "VoiceName": "xiaoming_02",
        "PromptAudio": base64.b64encode(SAMPLE).decode(),
        "PromptText": "Hello.",
        "Model": "flow_01_turbo",
        "Language": "en",
        "APIKey": API_KEY,
    }


def test_the_region_is_reported(tmp_path: Path) -> None:
    script = support.Script([support.answer(200, CLONED)])
    account = TencentTrtcAccount(type="tencent-trtc", sdk_app_id=1466000000)
    trtc = TrtcProvider(account, CREDENTIALS, clock=FakeClock(), environ={}, transport=script)
    trtc.submit(voice(tmp_path), KEY)
    headers = script.requests[0].headers
    assert (headers["X-TC-Region"], headers["X-TC-Version"]) == ("ap-singapore", "2019-07-22")


@pytest.mark.audio
def test_another_kind_of_sample_is_sent_as_16_khz_mono_wav(tmp_path: Path) -> None:
    trtc, cloud = provider(VoiceClone=CLONED)
    trtc.submit(voice(tmp_path, encoded("mp3", "mp3")), KEY)
    sent = inspect(base64.b64decode(cloud.request_body("VoiceClone")["PromptAudio"]))
    assert str(sent) == "16 kHz mono 16-bit wav"


@pytest.mark.parametrize("false", [wav(12.0, size=2_000_000_000), SAMPLE + b"garbage", b"ID3\x04" + bytes(6) + SAMPLE])
def test_a_header_that_is_not_true_is_never_sent(tmp_path: Path, false: bytes) -> None:
    trtc, cloud = provider(VoiceClone=CLONED)
    trtc.submit(voice(tmp_path, false), KEY)
    assert base64.b64decode(cloud.request_body("VoiceClone")["PromptAudio"]) == SAMPLE


def test_a_sample_that_changed_since_is_refused_and_nothing_is_sent(tmp_path: Path) -> None:
    trtc, cloud = provider()
    declared = voice(tmp_path)
    (tmp_path / "concierge.wav").write_bytes(SAMPLE + b"!")
    with pytest.raises(Rejected, match="changed while this run was under way"):
        trtc.submit(declared, KEY)
    assert cloud.asked == []


def test_a_variable_that_is_not_set_is_refused_and_nothing_is_sent(tmp_path: Path) -> None:
    trtc, cloud = provider()
    with pytest.raises(Rejected, match="TRTC_KEY is not set"):
        trtc.submit(voice(tmp_path, api_key_env="TRTC_KEY"), KEY)
    assert cloud.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadError("reset"),
        httpx.ReadTimeout("slow"),
        body(),
        body(VoiceId=""),
        b"",
        httpx.Response(502, content=b""),
    ],
    ids=["reset", "timeout", "no id", "empty id", "nothing", "gateway"],
)
def test_a_lost_reply_is_not_known_and_the_call_is_sent_once(tmp_path: Path, answer: Answer) -> None:
    trtc, cloud = provider(VoiceClone=answer)
    with pytest.raises(OutcomeUnknown):
        trtc.submit(voice(tmp_path), KEY)
    assert cloud.actions == ["VoiceClone"]
    for seen in (trtc.find(record(Status.INTENDED)), trtc.observe([record(Status.INTENDED)]).of[KEY]):
        assert isinstance(seen, Unverifiable)


REFUSED = {
    "InvalidParameter.AudioPrompt": "WAV of 10 to 180 s, mono, 16 kHz",
    "InvalidParameter.Pitch": "please report",
    "InvalidParameter.SampleRate": "16,000 samples a second",
    "InvalidParameter.Speed": "please report",
    "InvalidParameter.TextLength": "prompt_text",
    "InvalidParameter.VoiceId": "knows no voice of this id",
    "InvalidParameter.VoiceName": "at most 36 letters, digits and underscores",
    "InvalidParameter.Volume": "please report",
    "MissingParameter.APIKey": "api_key_env",
    "UnsupportedOperation.NotAllowed": "RTC Engine package",
    "UnsupportedOperation.VoiceCloneError": "a longer or clearer one",
}


@pytest.mark.parametrize(("code", "words"), REFUSED.items(), ids=list(REFUSED))
def test_each_of_trtc_s_refusals_has_words_of_its_own(tmp_path: Path, code: str, words: str) -> None:
    trtc, _ = provider(VoiceClone=refusal(code))
    with pytest.raises(Rejected) as caught:
        trtc.submit(voice(tmp_path), KEY)
    assert code in caught.value.detail
    assert words in caught.value.detail


def test_trtc_s_internal_error_proves_nothing(tmp_path: Path) -> None:
    trtc, _ = provider(VoiceClone=refusal("UnsupportedOperation.InternalError"))
    with pytest.raises(OutcomeUnknown, match=r"UnsupportedOperation\.InternalError"):
        trtc.submit(voice(tmp_path), KEY)


def test_too_many_calls_a_second_made_nothing(tmp_path: Path) -> None:
    trtc, _ = provider(VoiceClone=refusal("RequestLimitExceeded"))
    with pytest.raises(Throttled):
        trtc.submit(voice(tmp_path), KEY)


def test_an_api_key_that_the_cloud_repeats_is_not_shown(tmp_path: Path) -> None:
    trtc, _ = provider({"TRTC_KEY": API_KEY}, VoiceClone=refusal("MissingParameter.APIKey", f"bad key {API_KEY}"))
    with pytest.raises(Rejected) as caught:
        trtc.submit(voice(tmp_path, api_key_env="TRTC_KEY"), KEY)
    assert API_KEY not in caught.value.detail


# -- the state is the memory -------------------------------------------------------------------------------------------


def test_a_voice_is_unverifiable_and_no_call_is_made() -> None:
    trtc, cloud = provider()
    seen = trtc.observe([record()]).of[KEY]
    assert isinstance(seen, Unverifiable)
    assert (list(trtc.voices()), list(trtc.presets()), cloud.asked) == ([], [], [])


@pytest.mark.parametrize("status", [Status.DELETED, Status.FAILED])
def test_what_is_known_not_to_be_there_is_absent(status: Status) -> None:
    assert provider()[0].observe([record(status)]).of[KEY] == Absent()


def test_nothing_can_be_deleted() -> None:
    trtc, cloud = provider()
    with pytest.raises(Rejected, match="no call that deletes"):
        trtc.delete(record())
    assert cloud.asked == []


def test_what_trtc_can_not_do_is_data() -> None:
    able = provider()[0].capabilities
    clone = able.methods["clone"]
    assert (clone.deletes, clone.updates, clone.found) == (False, False, Unknowable())
    assert clone.batch == 1


# -- the dear look -----------------------------------------------------------------------------------------------------


def probed(answer: Answer, environ: dict[str, str] | None = None, **fields: Any) -> tuple[Observation, dict[str, Any]]:
    trtc, cloud = provider(environ, TextToSpeech=answer)
    assert isinstance(trtc, Probing)
    return trtc.probe([record(**fields)])[KEY], cloud.request_body("TextToSpeech")


def test_a_voice_that_speaks_exists() -> None:
    seen, request_body = probed(body(Audio="UklGRg==", TotalDurationMs=100))
    assert isinstance(seen, Found)
    assert seen.remote.voice_id == "xiaoming_02_aidniwqndq"
    assert request_body == {"Text": "a", "Voice": {"VoiceId": "xiaoming_02_aidniwqndq"}, "SdkAppId": 1466000000}


def test_a_voice_is_asked_to_speak_by_its_own_model_and_key() -> None:
    sent = {"model": "flow_01_ex", "api_key_env": "TRTC_KEY"}
    _, request_body = probed(body(Audio=""), {"TRTC_KEY": API_KEY}, sent=sent)
    assert (request_body["Model"], request_body["APIKey"]) == ("flow_01_ex", API_KEY)


def test_a_voice_id_that_the_cloud_does_not_know_is_gone() -> None:
    assert probed(refusal("InvalidParameter.VoiceId", "Voice ID 'x' not found."))[0] == Absent()


@pytest.mark.parametrize("code", ["InvalidParameter.TextLength", "InternalError", "UnsupportedOperation.NotAllowed"])
def test_any_other_refusal_leaves_the_voice_unknown(code: str) -> None:
    seen, _ = probed(refusal(code))
    assert isinstance(seen, Unknown)
    assert code in seen.why


def test_a_refusal_of_every_call_stops_the_probe() -> None:
    with pytest.raises(Rejected) as caught:
        probed(refusal("AuthFailure.SecretIdNotFound"))
    assert caught.value.systemic


def test_a_probe_whose_reply_was_lost_is_not_repeated() -> None:
    trtc, cloud = provider(TextToSpeech=httpx.ReadError("reset"))
    assert isinstance(trtc.probe([record()])[KEY], Unknown)
    assert cloud.actions == ["TextToSpeech"]
