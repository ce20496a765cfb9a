"""A planner's case as people write it -> the values that the planner takes. Boring fields have defaults.

voices:                        # declared; {} is a Kling create named as its address
  narrator: {create: {voice_name: Narrator}, labels: {tier: gold}}
records:                       # remembered; `ADDRESS@GENERATION: STATUS`, or a mapping with `status` and more
  narrator@1: ready
  narrator@2: {status: running, beside: true}     # beside: the address does not mean it
seen:                          # observed, where it is not what its status lets expect
  narrator@1: absent           # ready, running, absent, "failed: WHY", "unknown: WHY", "unverifiable: WHY"
  narrator@1 in new: absent    # by this provider, where two are asked for one record
marked: [narrator@3]           # listed with our marker, known to no record
expect: {narrator: replace}    # asserted whatever the golden files say; what is left out is a no-op
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

from reconciler.model.manifest import Lifecycle, Manifest, Safety, Voice
from reconciler.model.methods import AUDIO_METHOD, METHOD_NAMES, METHODS, method_of
from reconciler.model.observed import (
    Absent,
    Found,
    Observation,
    Observations,
    RemoteVoice,
    TaskStatus,
    Unknown,
    Unverifiable,
)
from reconciler.model.plan import Plan
from reconciler.model.redaction import link_notes_of, redacted
from reconciler.model.state import LIVE, Record, State, Status
from reconciler.planning import markers, planner
from reconciler.planning.finish import finish
from reconciler.planning.plan_context import PlanOptions
from reconciler.protocols import ByKey, Capabilities, MethodCapabilities
from reconciler.providers.tencent import trtc as tencent_trtc
from reconciler.providers.tencent.vod import provider as tencent_vod
from tests.planning.case_accounts import Raw, account, credentials, declared, providers, type_of

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=2)
LINEAGE = "3b1f8f0e-7f1b-4f83-9a63-52d3cf3e1c11"
_MEANT = {Status.INTENDED, Status.RUNNING, Status.READY, Status.FAILED, Status.UNCERTAIN}


def plan(case: Raw) -> Plan:
    """The case's plan, with the thresholds that it crosses."""
    manifest, state = manifest_of(case), state_of(case)
    given = case.get("options", {})
    options = PlanOptions(
        retry=frozenset(given.get("retry", ())),
        replace=frozenset(given.get("replace", ())),
        allow_recreates=given.get("allow_recreates"),
        destroy=given.get("destroy", False),
    )
    able = {name: capabilities(case, name) for name in manifest.providers}
    made = planner.plan(manifest, state, observations_of(case), able, now=NOW, options=options)
    allow_deletes = given.get("allow_deletes")
    return finish(made, manifest, state, options=options, is_set=lambda _: True, allow_deletes=allow_deletes)


def manifest_of(case: Raw) -> Manifest:
    return Manifest(
        name="voices.yaml",
        providers=declared(case),
        voices={address: voice(address, entry or {}) for address, entry in case.get("voices", {}).items()},
        safety=Safety(**case.get("safety", {})),
    )


def voice(address: str, entry: Raw, *, checked: bool = True) -> Voice:
    """`checked`: as today's manifest. A record may hold what an earlier one took."""
    provider = entry.get("provider", "kling")
    kind = type_of(provider)
    keyword = next((name for name in (*METHOD_NAMES, AUDIO_METHOD) if name in entry), "create")
    inputs = dict(entry.get(keyword) or {})
    method = method_of(kind, keyword, inputs)
    inputs = {name: given for name, given in (_usual(method, address) | inputs).items() if given is not None}
    if checked and keyword not in ("preset", "existing"):
        METHODS[kind][method].model_validate({k: _as_written(v) for k, v in inputs.items() if k != "on_expiry"})
    return Voice(
        address=address,
        provider=provider,
        type=kind,
        method=method,
        inputs=inputs,
        labels=entry.get("labels", {}),
        lifecycle=Lifecycle(**entry.get("lifecycle", {})),
    )


def _usual(method: str, address: str) -> dict[str, Any]:
    link = f"https://cdn.example.com/{address}.mp3"
    usual: dict[str, dict[str, Any]] = {
        "create": {"voice_name": address, "voice_url": link},
        "clone": {"voice_name": address, "prompt_audio": {"file": f"{address}.wav", "sha256": "5e"}},
        "clone-minimax": {"audio": {"url": link}, "name": address},
        "task": {"prompt": address, "on_expiry": "ignore"},
    }
    return usual.get(method, {})


def _as_written(value: Any) -> Any:
    return {k: v for k, v in value.items() if k != "sha256"} if isinstance(value, dict) else value


def state_of(case: Raw) -> State:
    records = {name: record(case, name) for name in case.get("records", {})}
    current = {
        r.address: r.external_task_id
        for name, r in records.items()
        if r.status in _MEANT and not _told(case, name).get("beside")
    }
    return State(
        lineage=LINEAGE,
        serial=7,
        records={r.external_task_id: r for r in records.values()},
        current=current,
        kin=tuple(case.get("kin", ())),
        strangers=tuple(case.get("strangers", ())),
    )


def record(case: Raw, name: str) -> Record:
    """`narrator@2` of the case."""
    address, _, generation = name.partition("@")
    told = _told(case, name)
    made_from = voice(told.get("was", address), told, checked=False)
    status = Status(told["status"])
    changed_at = NOW - timedelta(hours=told["hours_ago"]) if "hours_ago" in told else EARLIER
    settled = status not in {Status.INTENDED, Status.RUNNING, Status.FAILED, Status.UNCERTAIN, Status.LAPSED}
    dead = status is Status.DELETED
    digest = markers.digest_of(made_from)
    return Record(
        external_task_id=markers.external_task_id(LINEAGE, made_from.address, digest, int(generation)),
        address=address,
        provider=made_from.provider,
        account=told["account"] if "account" in told else account(case, made_from.provider),
        method=made_from.method,
        generation=int(generation),
        status=status,
        created_at=changed_at if "hours_ago" in told else EARLIER,
        changed_at=changed_at,
        digest=digest,
        sent={} if dead else redacted(made_from),
        links=None if dead else link_notes_of(made_from),
        labels=made_from.labels,
        lifecycle=made_from.lifecycle,
        attempts=0 if made_from.method in {"preset", "existing"} else 1,
        task_id=None if status in {Status.INTENDED, Status.UNCERTAIN, Status.LAPSED} else f"93{_number(name)}",
        voice_id=_voice_id(told, made_from, name) if settled or "voice_id" in told else None,
        voice_name=told.get("voice_name", _asked_name(made_from)) if settled and not dead else None,
        owned_by="1234567" if settled and not dead else None,
        message=told.get("message"),
        deposed_by=told.get("deposed_by"),
        activation=told.get("activation"),
        url=told.get("url"),
        expires_at=NOW + timedelta(hours=told["expires_in_hours"]) if "expires_in_hours" in told else None,
    )


def _voice_id(told: Raw, made_from: Voice, name: str) -> str | None:
    if made_from.method == AUDIO_METHOD:
        return None
    return str(told.get("voice_id", made_from.inputs.get("voice_id", f"85{_number(name)}")))


def _asked_name(voice: Voice) -> str | None:
    return voice.inputs.get("voice_name", voice.inputs.get("name"))


def observations_of(case: Raw) -> dict[str, Observations]:
    known = {name: record(case, name) for name in case.get("records", {})}
    options = [
        *((name, r) for name, r in known.items()),
        *((f"{r.address}@{r.generation}", r) for r in _candidates(case)),
    ]
    looked: dict[str, Observations] = {}
    for provider in providers(case):
        of = {
            r.external_task_id: _observation(case, name, r)
            for name, r in options
            if r.provider == provider and (name in known or r.voice_id in case.get("exists", ()))
        }
        of |= {
            r.external_task_id: Absent() for _, r in options if r.provider == provider and r.external_task_id not in of
        }
        looked[provider] = Observations(
            account=account(case, provider),
            of=of,
            marked=tuple(_marked(case, each) for each in case.get("marked", ())),
            owners=frozenset(case.get(f"owners in {provider}", case.get("owners", ()))),
            credentials=credentials(case, provider),
            unlisted=case.get("unlisted"),
            presets=case.get("presets"),
        )
    return looked


def capabilities(case: Raw, provider: str) -> Capabilities:
    """Kling's, with the case's changes; Tencent's as they are."""
    if type_of(provider) == "tencent-vod":
        return tencent_vod.CAPABILITIES
    if type_of(provider) == "tencent-trtc":
        return tencent_trtc.CAPABILITIES
    changed = dict(case.get("capabilities", {}))
    if "window" in changed:
        changed["found"] = ByKey(window=changed.pop("window"))
    return Capabilities(
        methods={
            "create": MethodCapabilities(**changed),
            "preset": MethodCapabilities(deletes=False),
            "existing": MethodCapabilities(**changed),
        },
    )


def _told(case: Raw, name: str) -> Raw:
    told = case["records"][name]
    return {"status": told} if isinstance(told, str) else told


def _candidates(case: Raw) -> list[Record]:
    accounts = {name: account(case, name) for name in providers(case)}
    return planner.candidates(manifest_of(case), state_of(case), accounts, now=NOW)


def _observation(case: Raw, name: str, record: Record) -> Observation:
    seen = case.get("seen", {})
    told = seen if isinstance(seen, str) else seen.get(f"{name} in {record.provider}", seen.get(name))
    if isinstance(told, dict):
        return Found(remote=_remote(record, TaskStatus.READY).model_copy(update=told))
    word, _, why = (told or _expected(record)).partition(": ")
    match word:
        case "absent":
            return Absent()
        case "unknown":
            return Unknown(why=why)
        case "unverifiable":
            return Unverifiable(why=why)
        case _:
            found = _remote(record, TaskStatus(word))
            return Found(remote=found.model_copy(update={"message": why or None}))


def _expected(record: Record) -> str:
    if record.status is Status.RUNNING:
        return "running"
    return "ready" if record.status in LIVE - {Status.INTENDED, Status.UNCERTAIN} else "absent"


def _remote(record: Record, status: TaskStatus) -> RemoteVoice:
    there = status is TaskStatus.READY
    name = f"{record.address}@{record.generation}"
    return RemoteVoice(
        status=status,
        voice_id=(record.voice_id or f"85{_number(name)}") if there else None,
        voice_name=(record.voice_name or record.sent.get("voice_name") or record.sent.get("name")) if there else None,
        task_id=record.task_id or f"93{_number(name)}",
        external_task_id=record.external_task_id if record.attempts else None,
        owned_by="1234567",
    )


def _marked(case: Raw, each: str | Raw) -> RemoteVoice:
    """`narrator@2`, or a mapping with `voice` and more; made from what is declared, if nothing else is said."""
    told: Raw = {"voice": each} if isinstance(each, str) else each
    name = told["voice"]
    address, _, generation = name.partition("@")
    made_from = voice(address, case.get("voices", {}).get(address) or {} if "create" not in told else told)
    lineage, digest = told.get("lineage", LINEAGE), markers.digest_of(made_from)
    return RemoteVoice(
        status=TaskStatus(told.get("status", "ready")),
        voice_id=f"85{_number(name)}",
        voice_name=made_from.inputs.get("voice_name"),
        task_id=f"93{_number(name)}",
        external_task_id=told.get("key", markers.external_task_id(lineage, address, digest, int(generation))),
        owned_by="1234567",
    )


def _number(name: str) -> str:
    """16 digits that tell one `ADDRESS@GENERATION` from another, and end with its generation."""
    address, _, generation = name.partition("@")
    return f"{crc32(address.encode()):012d}{int(generation):04d}"
