"""Tests properties that hold for every plan, for generated manifests, states and clouds."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.observed import Found, Observation, TaskStatus, Unknown
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.state import SETTLING, Record, Status
from reconciler.planning.diff import difference
from reconciler.views import json_documents, text
from tests.planning import cases

ADDRESSES = ("a", "b", "c")
VOICE_IDS = ("777", "778")
_BUYING = {Action.CREATE, Action.CLONE, Action.REPLACE}
_DELETING = {Action.DELETE, Action.REPLACE}

providers = st.sampled_from(["kling", "kling", "studio"])
methods = st.one_of(
    st.sampled_from(
        [{}, {"create": {"voice_name": "other"}}, {"create": {"callback_url": "https://ci.example.com/x"}}]
    ),
    st.sampled_from([*({"existing": {"voice_id": voice_id}} for voice_id in VOICE_IDS), {}, {}]),
    st.sampled_from([{"preset": {"voice_id": "829"}}, {}, {}]),
)
lifecycles = st.sampled_from(
    [{}, {}, {"prevent_destroy": True}, {"ignore_changes": ["voice_name"]}, {"keep_old": "24h"}]
)
entries = st.builds(
    lambda method, provider, lifecycle, labels: {
        **method,
        "provider": provider,
        "lifecycle": lifecycle,
        "labels": labels,
    },
    methods,
    providers,
    lifecycles,
    st.sampled_from([{}, {"tier": "gold"}]),
)
more = st.fixed_dictionaries(
    {"status": st.sampled_from([str(status) for status in Status] + 9 * ["ready"])},
    optional={
        "voice_id": st.sampled_from(VOICE_IDS),
        "beside": st.booleans(),
        "hours_ago": st.sampled_from([0.01, 30]),
        "was": st.sampled_from(ADDRESSES),
        "message": st.just("two voices"),
    },
)
sights = st.sampled_from(
    ["ready", "ready", "running", "failed", "absent", "absent", "unknown: HTTP 503", "unverifiable: no list"]
)
names = st.builds(lambda address, number: f"{address}@{number}", st.sampled_from(ADDRESSES), st.integers(1, 3))


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    here = "kling https://here"
    one_account = draw(st.booleans())
    voices = draw(st.dictionaries(st.sampled_from(ADDRESSES), entries, min_size=1))
    recorded = {}
    for name in draw(st.lists(names, unique=True, min_size=2, max_size=6)):
        as_declared = st.just(voices.get(name[0], {}))  # most records are of what is declared
        recorded[name] = {**draw(st.one_of(as_declared, as_declared, entries)), **draw(more)}
        if draw(st.integers(0, 29)) == 7:
            recorded[name]["account"] = "kling https://api-beijing.klingai.com"
    if draw(st.integers(0, 2)) == 1:  # one voice under two keys: no run of ours makes it so, a hand can
        for name in list(recorded)[:2]:
            recorded[name] |= {"status": "ready", "voice_id": "777", "beside": False}
    return {
        "providers": {"kling": here, "studio": here if one_account else "kling https://there"},
        "voices": voices,
        "records": recorded,
        "seen": draw(st.one_of(st.dictionaries(names, sights), st.dictionaries(names, sights), sights)),
        "marked": draw(
            st.lists(
                st.builds(
                    lambda voice, lineage, status: {"voice": voice, "lineage": lineage, "status": status},
                    names,
                    st.sampled_from([cases.LINEAGE, "deadbeef"]),
                    st.sampled_from(["ready", "running", "failed"]),
                ),
                max_size=2,
            )
        ),
        "adopted_lineages": draw(st.sampled_from([(), ("deadbeef",)])),
        "owners": draw(st.sampled_from([(), ("1234567",), ("999",)])),
        "presets": draw(st.sampled_from([{"829": "Owen"}, {"829": "Owen"}, {}, None])),
        "exists": draw(st.lists(st.sampled_from(VOICE_IDS))),
        "capabilities": draw(st.sampled_from([{}, {}, {"deletes": False}, {"window": 60}])),
        "options": draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "retry": st.just(ADDRESSES),
                    "replace": st.lists(st.sampled_from(ADDRESSES)),
                    "allow_recreates": st.integers(1, 3),
                    "destroy": st.booleans(),
                },
            )
        ),
    }


def _once(world: dict[str, Any]) -> dict[str, Any]:
    """Keys are unique in a state, so of two records with one key the later is left out."""
    kept: dict[str, str] = {}
    for name in world["records"]:
        kept.setdefault(cases.record(world, name).external_task_id, name)
    return {**world, "records": {name: world["records"][name] for name in kept.values()}}


class World:
    """A world and its plan, with the queries that the tests below use."""

    def __init__(self, world: dict[str, Any]) -> None:
        self.case = _once(world)
        self.manifest = cases.manifest_of(self.case)
        self.state = cases.state_of(self.case)
        self.observations = cases.observations_of(self.case)
        self.plan: Plan = cases.plan(self.case)

    def observed(self, record: Record) -> Observation:
        return self.observations[record.provider].of[record.external_task_id]

    def could_not_tell(self, record: Record) -> bool:
        observed = self.observed(record)
        return isinstance(observed, Unknown)

    def current(self) -> list[Record]:
        return [self.state.records[key] for key in self.state.current.values()]

    def deleted(self, change: Change) -> set[tuple[str, str]]:
        """The voices that a change deletes or releases."""
        record = self.state.records.get(change.record or "")
        if change.action not in _DELETING or record is None or record.method == "preset":
            return set()
        ids = {record.voice_id, change.found.voice_id if change.found else None}
        return {(record.account, voice_id) for voice_id in ids if voice_id}


everything = settings(max_examples=120, deadline=None)


@everything
@given(worlds())
def test_a_plan_is_always_made_shown_and_the_same_again(world: dict[str, Any]) -> None:
    seen = World(world)
    assert seen.plan == World(world).plan
    assert text.plan(seen.plan)
    assert json_documents.dumps(json_documents.plan_document(seen.plan))


@everything
@given(worlds())
def test_no_voice_is_deleted_that_another_address_keeps(world: dict[str, Any]) -> None:
    seen = World(world)
    changed = {change.address for change in seen.plan.changes}
    declared = {} if seen.plan.destroy else seen.manifest.voices
    kept = {
        (record.account, record.voice_id)
        for record in seen.current()
        if record.address in declared and record.address not in changed and record.method != "preset"
    }
    bound = {
        (seen.observations[change.provider].account, change.made.voice_id)
        for change in seen.plan.changes
        if change.made is not None and change.method != "preset"
    }
    for change in seen.plan.changes:
        assert not seen.deleted(change) & kept
        assert not seen.deleted(change) & bound


@everything
@given(worlds())
def test_what_could_not_be_checked_is_not_made_deleted_or_forgotten(world: dict[str, Any]) -> None:
    seen = World(world)
    unseen = {r.address for r in seen.current() if seen.could_not_tell(r) and r.method != "preset"}
    for change in seen.plan.changes:
        if change.address in unseen:
            assert change.action not in _BUYING | {Action.DELETE, Action.FORGET}


@everything
@given(worlds())
def test_nothing_is_bought_while_the_same_may_be_on_its_way(world: dict[str, Any]) -> None:
    seen = World(world)
    bought = [c for c in seen.plan.changes if c.action in _BUYING and c.made is None]
    moved = {key for c in seen.plan.changes if c.action is Action.MOVE for key in (c.record, *c.along)}
    for change in bought:
        for record in seen.state.records.values():
            if record.address != change.address or record.status not in SETTLING or record.external_task_id in moved:
                continue
            if record.external_task_id in {change.key, change.record}:
                continue
            observed = seen.observed(record)
            there = isinstance(observed, Found) and observed.remote.status is not TaskStatus.FAILED
            same = not difference(seen.manifest.voices[change.address], record).identity
            assert not (seen.could_not_tell(record) or (there and same))


@everything
@given(worlds())
def test_an_address_has_one_change_and_a_key_one_creation(world: dict[str, Any]) -> None:
    seen = World(world)
    moves = [c for c in seen.plan.changes if c.action is Action.MOVE]
    taken = {c.address for c in moves}  # what had these addresses is a leftover, unless it moves on
    bound = {key for address, key in seen.state.current.items() if address not in taken}
    beside = {key for key, record in seen.state.records.items() if key not in bound}
    leftovers = [c for c in seen.plan.changes if c.key is None and c.record in beside and c.after is None]
    address_changes = [c for c in seen.plan.changes if c not in leftovers and c not in moves]
    assert len({c.address for c in moves}) == len({c.record for c in moves}) == len(moves)
    assert all(count == 1 for count in Counter(change.address for change in address_changes).values())
    assert all(count == 1 for count in Counter(change.record for change in leftovers).values())
    bought = [c.key for c in seen.plan.changes if c.action in _BUYING and c.made is None]
    assert len(bought) == len(set(bought))
    for key in bought:
        known = seen.state.records.get(str(key))
        assert known is None or known.status in {Status.INTENDED, Status.LAPSED}  # neither was ever answered


@everything
@given(worlds())
def test_an_account_with_a_problem_is_not_changed(world: dict[str, Any]) -> None:
    seen = World(world)
    for name, looked in seen.observations.items():
        elsewhere = [
            r
            for r in seen.state.records.values()
            if r.provider == name and r.account != looked.account and r.status in SETTLING | {Status.READY}
        ]
        if elsewhere:
            assert {c.action for c in seen.plan.changes if c.provider == name} <= {Action.BLOCKED}
