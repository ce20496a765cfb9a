"""What a page lets its reader hear, by the manifest, the state and the accounts; and which links never reach it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from reconciler.engine import recordings
from reconciler.engine.cloud import Cloud
from reconciler.engine.recordings import Sources, Wanted
from reconciler.errors import Unreached
from reconciler.model.manifest import Manifest, Voice
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.recordings import AudioChoice, Recording, Recordings
from reconciler.model.state import Record, State, Status
from reconciler.protocols.provider import Trials
from tests.providers import support

PLAIN = "https://cdn.example.com/n.mp3"
SIGNED = f"{PLAIN}?X-Amz-Signature=secret"
TRIAL = "https://cdn.klingai.com/n.mp3?signature=trial"


class Kling:
    """An account that says how its voices sound, or can't be reached."""

    account = support.HERE

    def __init__(self, links: Mapping[str, str] | None) -> None:
        self.links = links

    def trials(self, records: object) -> Trials:
        if self.links is None:
            raise Unreached("no connection")
        return Trials(self.links)


def voice(**inputs: Any) -> Voice:
    return support.voice(**({"voice_url": PLAIN} | inputs))


def record(**fields: Any) -> Record:
    sent = {"voice_name": "Narrator EN", "voice_url": PLAIN}
    return support.record(**({"voice_id": "85", "sent": sent} | fields))


def collected(
    *records: Record,
    voices: Mapping[str, Voice] | None = None,
    links: Mapping[str, str] | None = None,
    reachable: bool = True,
    hidden: str = "",
) -> Recordings:
    cloud: Any = Kling((links or {}) if reachable else None)
    sources = Sources(
        connect=lambda names: {name: Cloud(name, cloud, "q") for name in names},
        providers=["kling"],
        hidden=lambda text: text.replace(hidden, "${env:PART}") if hidden else text,
    )
    return recordings.collect(Wanted(records, voices or {}), AudioChoice.LINK, sources)


def test_a_voice_is_heard_by_its_sample_and_by_its_trial() -> None:
    found = collected(record(), voices={"narrator": voice()}, links={support.KEY: TRIAL})
    assert found.samples == {support.KEY: Recording(PLAIN)}
    assert found.declared == {"narrator": Recording(PLAIN)}
    assert found.trials == {support.KEY: Recording(TRIAL)}
    assert found.signed


@pytest.mark.parametrize("link", [SIGNED, "https://user:password1@h/n.mp3", "https://cdn.example.com/n.mp3?"])
def test_a_samples_link_with_a_secret_is_a_reason(link: str) -> None:
    found = collected(voices={"narrator": voice(voice_url=link)})
    assert found.declared["narrator"].source == ""
    assert "--audio inline" in found.declared["narrator"].why
    assert "secret" not in repr(found).replace("its link is secret", "")


def test_a_link_with_a_value_of_the_environment_is_a_reason() -> None:
    assert collected(voices={"narrator": voice()}, hidden="example").declared["narrator"].source == ""


def test_the_sample_of_an_older_record_is_heard_if_its_link_is_whole() -> None:
    older = record(sent={"voice_url": "https://cdn.example.com/old.mp3"})
    redacted = record(key="k2", sent={"voice_url": "https://cdn.example.com/old.mp3?#sha256:0a1b2c3d"})
    found = collected(older, redacted, voices={"narrator": voice()})
    assert found.samples[support.KEY] == Recording("https://cdn.example.com/old.mp3")
    assert found.samples["k2"].why == "its file, or its link, is not in the manifest any more"


def test_a_file_of_a_media_library_is_a_reason() -> None:
    found = collected(record(sent={"video_id": "77"}))
    assert "media library" in found.samples[support.KEY].why


@pytest.mark.parametrize("link", ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x"])
def test_what_is_no_web_link_is_never_a_source(link: str) -> None:
    sound = record(key="k2", address="audio.x", voice_id=None, url=link, sent={})
    found = collected(record(sent={"audio": {"url": link}}, method="clone", account="tencent-vod x"), sound)
    assert [each.source for each in (*found.samples.values(), *found.trials.values())] in ([], [""])


def test_an_account_that_cannot_be_reached_is_a_note() -> None:
    found = collected(record(), reachable=False)
    assert found.notes == ("kling: the account could not be asked how its voices sound: no connection.",)
    assert found.samples == {support.KEY: Recording(PLAIN)}


def test_a_provider_that_the_manifest_does_not_declare_is_a_note() -> None:
    assert "the manifest has no such provider" in collected(record(provider="former")).notes[0]


def test_no_account_is_connected_without_a_voice_in_it() -> None:
    def refuse(names: object) -> Mapping[str, Cloud]:
        pytest.fail("it was connected")

    sources = Sources(connect=refuse, providers=["kling"], hidden=str)
    wanted = Wanted((record(voice_id=None, status=Status.RUNNING),), {"narrator": voice()})
    assert recordings.collect(wanted, AudioChoice.LINK, sources).notes == ()


def test_without_a_look_at_the_accounts_samples_are_heard() -> None:
    sources = Sources(connect=None, providers=(), hidden=str)
    found = recordings.collect(Wanted((record(),), {}), AudioChoice.LINK, sources)
    assert (found.samples, found.trials, found.notes) == ({support.KEY: Recording(PLAIN)}, {}, ())


def test_none_collects_nothing() -> None:
    sources = Sources(connect=None, providers=(), hidden=str)
    assert recordings.collect(Wanted((record(),), {}), AudioChoice.NONE, sources) == Recordings()


def test_a_plan_is_about_voices_that_begin_or_end() -> None:
    old, new = record(), record(key="k2")
    state = State(lineage="l", records={each.external_task_id: each for each in (old, new)}, current={})
    manifest = Manifest("voices.yaml", voices={"narrator": voice()})
    change = Change(
        "narrator", "kling", Action.REPLACE, record=support.KEY, key="k2", after={"voice_url": PLAIN, "voice_name": "N"}
    )

    def wanted(each: Change) -> Wanted:
        return recordings.of_plan(Plan("p", "l", 1, "voices.yaml", changes=(each,)), state, manifest)

    assert wanted(change) == Wanted((old, new), {"narrator": voice()})
    assert wanted(replace(change, after={"voice_url": "https://h/other.mp3"})).voices == {}
    assert wanted(replace(change, action=Action.UPDATE)) == Wanted()


def test_a_fleet_is_every_voice_that_exists_or_is_declared() -> None:
    old, dead = record(key="old", status=Status.DEPOSED), record(key="dead", status=Status.DELETED)
    failed = record(key="failed", status=Status.FAILED)
    records = {each.external_task_id: each for each in (record(), old, dead, failed)}
    state = State(lineage="l", records=records, current={"narrator": support.KEY, "ghost": "failed"})
    assert [each.external_task_id for each in recordings.of_fleet(state, None).records] == [
        support.KEY,
        "old",
        "failed",
    ]
