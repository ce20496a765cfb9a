"""State -> bytes -> State, and journal entries."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json

from reconciler.errors import StateDamaged, StateTooNew
from reconciler.model import statefile
from reconciler.model.manifest import Lifecycle, Voice
from reconciler.model.state import Record, State, Status
from tests.support.hints import in_words

WHEN = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)


def record(key: str = "vc-1", **fields: Any) -> Record:
    given_: dict[str, Any] = {
        "external_task_id": key,
        "address": "narrator",
        "provider": "kling",
        "account": "kling https://api-singapore.klingai.com",
        "method": "create",
        "generation": 1,
        "status": Status.READY,
        "created_at": WHEN,
        "changed_at": WHEN,
    }
    return Record(**(given_ | fields))


STATE = State(
    lineage="abcdef12",
    serial=3,
    records={"vc-2": record("vc-2", address="hero"), "vc-1": record(sent={"voice_name": "旁白"}, voice_id="85")},
    current={"narrator": "vc-1", "hero": "vc-2"},
)

TEXT = """{
"version":1,
"lineage":"abcdef12",
"serial":3,
"manifest":"voices.yaml",
"current":{
"hero":"vc-2",
"narrator":"vc-1"
},
"records":{
"vc-1":{"external_task_id":"vc-1","address":"narrator","provider":"kling",\
"account":"kling https://api-singapore.klingai.com","method":"create","generation":1,"status":"ready",\
"created_at":"2026-11-20T12:30:00Z","changed_at":"2026-11-20T12:30:00Z","sent":{"voice_name":"旁白"},"voice_id":"85"},
"vc-2":{"external_task_id":"vc-2","address":"hero","provider":"kling",\
"account":"kling https://api-singapore.klingai.com","method":"create","generation":1,"status":"ready",\
"created_at":"2026-11-20T12:30:00Z","changed_at":"2026-11-20T12:30:00Z"}
}
}
"""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
KEYS = st.text("abcXYZ-_0123456789", min_size=1, max_size=8)
SHORT = st.text(max_size=12)


@st.composite
def records(draw: st.DrawFn, key: str) -> Record:
    return Record(
        external_task_id=key,
        address=draw(st.sampled_from(["narrator", "hero", "audio.sea"])),
        provider=draw(SHORT),
        account="elsewhere " + draw(SHORT),  # a type without a cloud: any method is one
        method="create",
        generation=draw(st.integers(1, 99)),
        status=draw(st.sampled_from(Status)),
        created_at=draw(TIMES),
        changed_at=draw(TIMES),
        sent=draw(st.dictionaries(SHORT, JSON, max_size=3)),
        labels=draw(st.dictionaries(SHORT, SHORT, max_size=2)),
        lifecycle=Lifecycle(
            prevent_destroy=draw(st.booleans()),
            ignore_changes=tuple(draw(st.lists(SHORT, max_size=2))),
            keep_old=draw(st.none() | st.floats(0, 1e9)),
        ),
        attempts=draw(st.integers(0, 3)),
        voice_id=draw(st.none() | SHORT),
        message=draw(st.none() | SHORT),
    )


@st.composite
def states(draw: st.DrawFn, before: State | None = None) -> State:
    """Any state. With a previous state, some of its records stay unchanged."""
    kept = {} if before is None else {k: r for k, r in before.records.items() if draw(st.booleans())}
    made = {key: draw(records(key)) for key in draw(st.lists(KEYS, max_size=4, unique=True))}
    everything = kept | made
    return State(
        lineage=draw(SHORT),
        serial=draw(st.integers(0, 10**9)),
        manifest=draw(SHORT),
        records=everything,
        current={r.address: key for key, r in everything.items() if draw(st.booleans())},
        adopted_lineages=tuple(draw(st.lists(SHORT, max_size=2))),
        foreign_lineages=tuple(draw(st.lists(SHORT, max_size=2))),
        applying=draw(st.none() | SHORT.filter(bool)),
        applied=draw(st.none() | SHORT.filter(bool)),
    )


@given(states())
def test_what_is_dumped_is_loaded(state: State) -> None:
    assert statefile.load(statefile.dump(state)) == state


@given(st.data())
def test_folding_an_entry_gives_the_state_after_it(data: st.DataObject) -> None:
    before = data.draw(states())
    after = data.draw(states(before))
    line = statefile.entry(before, after)
    assert b"\n" not in line
    assert statefile.fold(before, [line] if line else []) == after


def test_a_snapshot_is_one_record_a_line_sorted_and_without_defaults() -> None:
    assert statefile.dump(STATE).decode() == TEXT


def test_equal_states_give_equal_bytes() -> None:
    turned = State(
        lineage="abcdef12",
        serial=3,
        records=dict(reversed(list(STATE.records.items()))),
        current=dict(reversed(list(STATE.current.items()))),
    )
    assert statefile.dump(turned) == statefile.dump(STATE)


def test_optional_fields_are_written_before_the_records() -> None:
    state = State(lineage="l", adopted_lineages=("k",), foreign_lineages=("s",), applying="p2", applied="p1")
    assert list(json.loads(statefile.dump(state))) == [
        "version", "lineage", "serial", "manifest", "adopted_lineages", "foreign_lineages", "applying", "applied",
        "current", "records",
    ]  # fmt: skip


def test_a_snapshot_with_the_old_names_of_the_lineages_is_read_and_written_with_the_new_ones() -> None:
    new = STATE.with_changes(adopted_lineages=("0000aaaa",), foreign_lineages=("0000bbbb",))
    old = _with_old_names(statefile.dump(new))
    assert b'"kin":["0000aaaa"],\n"strangers":["0000bbbb"]' in old
    assert statefile.load(old) == new
    assert statefile.load(json.dumps(json.loads(old), indent=2).encode()) == new
    assert statefile.dump(statefile.load(old)) == statefile.dump(new)


def test_a_journal_with_the_old_names_of_the_lineages_is_folded() -> None:
    before = STATE.with_changes(adopted_lineages=("0000aaaa",), foreign_lineages=("0000bbbb",))
    after = before.with_changes(adopted_lineages=("0000aaaa", "0000bbbb"), foreign_lineages=(), serial=4)
    entries = [statefile.entry(before, after), statefile.entry(after, before)]
    assert statefile.fold(before, [_with_old_names(entries[0])]) == after
    assert statefile.fold(before, [_with_old_names(entries[0]), entries[1]]) == before
    assert (
        statefile.fold(statefile.load(_with_old_names(statefile.dump(before))), [_with_old_names(entries[0])]) == after
    )


def test_both_names_of_one_field_are_damage() -> None:
    both = TEXT.replace('"current"', '"kin":["0000aaaa"],\n"adopted_lineages":["0000bbbb"],\n"current"')
    with pytest.raises(StateDamaged, match="kin: Extra inputs are not permitted"):
        statefile.load(both.encode())


def _with_old_names(written: bytes) -> bytes:
    return written.replace(b'"adopted_lineages":', b'"kin":').replace(b'"foreign_lineages":', b'"strangers":')


def test_half_a_surrogate_pair_in_a_clouds_message_does_not_keep_a_state_from_being_saved() -> None:
    hostile = STATE.with_changes([record(message="bad \ud83d sample")])
    assert statefile.load(statefile.dump(hostile)).records["vc-1"].message == "bad ? sample"
    assert statefile.fold(STATE, [statefile.entry(STATE, hostile)]).records["vc-1"].message == "bad ? sample"


@pytest.mark.parametrize(
    ("damage", "detail"),
    [
        (lambda text: "", "Invalid JSON"),
        (lambda text: text[: len(text) // 2], "Invalid JSON"),
        (lambda text: "<<<<<<< HEAD\n" + text, "Invalid JSON"),
        (lambda text: text.replace("\n}\n}\n", ",\n\n}\n}\n"), "Invalid JSON"),
        (lambda text: "[]", "should be an object"),
        (lambda text: text.replace('"version":1,', ""), "version: Field required"),
        (lambda text: text.replace('"version":1', '"version":0'), "version"),
        (lambda text: text.replace('"version":1', '"version":true'), "version"),
        (lambda text: text.replace('"serial":3', '"serial":"3"'), "serial"),
        (lambda text: text.replace('"serial":3', '"serial":3,"colour":1'), "colour: Extra inputs are not permitted"),
        (lambda text: text.replace('"generation":1', '"generation":1.5'), "records.vc-1.generation"),
        (lambda text: text.replace('"generation":1', '"generation":0'), "records.vc-1.generation"),
        (lambda text: text.replace('"serial":3', '"serial":-3'), "serial"),
        (lambda text: text.replace(":00Z", ":00"), "records.vc-1.created_at: Input should have timezone"),
        (lambda text: text.replace('"method":"create"', '"method":"hum"'), "'vc-1' was made by 'hum'"),
        (lambda text: text.replace('"status":"ready"', '"status":"fine"'), "(and 1 more)"),
        (lambda text: text.replace('"narrator":"vc-1"', '"narrator":"vc-9"'), "narrator refers to the record 'vc-9'"),
        (lambda text: text.replace('"vc-1":{', '"vc-3":{'), "the record 'vc-1' is stored under the key 'vc-3'"),
    ],
)
def test_a_snapshot_that_is_not_right_is_damaged(damage: Callable[[str], str], detail: str) -> None:
    with pytest.raises(StateDamaged) as caught:
        statefile.load(damage(TEXT).encode())
    assert detail in caught.value.detail
    assert ".backup" in in_words(caught.value.hint)
    assert "voicectl state push" in in_words(caught.value.hint)


def test_a_snapshot_in_another_layout_is_the_same_state() -> None:
    assert statefile.load(json.dumps(json.loads(TEXT), indent=2).encode()) == STATE


def test_a_truncated_snapshot_is_damaged_wherever_it_ends() -> None:
    whole = TEXT.encode()
    for length in range(len(whole) - 2):
        with pytest.raises(StateDamaged):
            statefile.load(whole[:length])


def test_a_later_format_is_too_new_whatever_else_is_in_it() -> None:
    with pytest.raises(StateTooNew, match="has format 2; this voicectl reads up to 1"):
        statefile.load(b'{"version":2,"voices":[]}')


def test_an_entry_holds_what_changed_and_nothing_else() -> None:
    after = STATE.with_changes([record(sent={"voice_name": "旁白"}, voice_id="85", status=Status.DEPOSED)], serial=4)
    assert statefile.entry(STATE, after) == b'{"changed":{"vc-1":{"status":"deposed"}},"fields":{"serial":4}}'


def test_an_added_record_is_in_its_entry_whole() -> None:
    after = STATE.with_changes(
        [record("vc-3", address="owen")], current={"owen": "vc-3", "hero": None}, without=["vc-2"]
    )
    fields = json.loads(statefile.entry(STATE, after))
    assert fields["records"][0]["external_task_id"] == "vc-3"
    assert fields["removed"] == ["vc-2"]
    assert fields["current"] == {"owen": "vc-3", "hero": None}


def test_no_difference_is_an_empty_entry() -> None:
    assert statefile.entry(STATE, STATE.with_changes()) == b""


def test_touched_keys_give_the_same_entry() -> None:
    after = STATE.with_changes([record("vc-3", address="hero")], current={"hero": "vc-3"}, without=["vc-2"])
    assert statefile.entry(STATE, after, touched=["vc-3", "vc-2"]) == statefile.entry(STATE, after)


def test_a_field_that_goes_back_to_nothing_is_folded() -> None:
    after = STATE.with_changes([record(sent={})])
    assert statefile.fold(STATE, [statefile.entry(STATE, after)]) == after


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b'{"colour":1}',
        b'{"changed":{"vc-9":{"status":"ready"}}}',
        b'{"changed":{"vc-1":{"status":"fine"}}}',
        b'{"removed":["vc-9"]}',
        b'{"removed":["vc-1"]}',
        b'{"current":{"narrator":"vc-9"}}',
        b'{"current":{"narrator":"vc-2"}}',
        b'{"fields":{"serial":"4"}}',
    ],
)
def test_an_entry_that_does_not_fit_is_damage(line: bytes) -> None:
    with pytest.raises(StateDamaged):
        statefile.fold(STATE, [line])


def test_ten_thousand_records_take_a_moment() -> None:
    """Dump < 2.5 and load < 3.5 times the CPU that the JSON parser alone takes for the same bytes.

    That is 0.05 s on a slow core. A machine that is busy slows all three, and changes no verdict.
    """
    many = {f"vc-{i}": _busy(i) for i in range(10_000)}
    state = State(lineage="l", records=many, current={r.address: key for key, r in many.items()})
    snapshot = statefile.dump(state)
    assert statefile.load(snapshot) == state
    turns = [
        (_cpu(lambda: from_json(snapshot)), _cpu(lambda: statefile.dump(state)), _cpu(lambda: statefile.load(snapshot)))
        for _ in range(20)
    ]
    assert median(dumped / parsed for parsed, dumped, _ in turns) < 2.5
    assert median(loaded / parsed for parsed, _, loaded in turns) < 3.5


def _busy(number: int) -> Record:
    return record(
        f"vc-{number}",
        address=f"voice{number}",
        sent={"voice_name": f"Voice {number}", "voice_url": f"https://cdn.example.com/{number}.mp3"},
        changed_at=WHEN + timedelta(seconds=number),
        attempts=1,
        task_id=str(10**17 + number),
        voice_id=str(8 * 10**17 + number),
        voice_name=f"Voice {number}",
        owned_by="1234",
    )


def _cpu(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


@pytest.mark.parametrize("equal", [True, False])
def test_a_record_shares_what_is_equal_in_its_declared_voice(equal: bool) -> None:
    inputs = {"voice_name": "Narrator", "voice_url": "https://example.com/a.mp3"}
    declared = inputs if equal else {"voice_name": "Other"}
    voice = Voice(address="narrator", provider="kling", type="kling", method="create", inputs=declared)
    made = record(address="narrator", method="create", sent=dict(inputs))
    state = State(lineage="l", records={"vc-1": made}, current={"narrator": "vc-1"})
    loaded = statefile.load(statefile.dump(state), {"narrator": voice})
    assert loaded == state
    assert (loaded.records["vc-1"].sent is voice.inputs) is equal
