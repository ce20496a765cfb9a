"""Turns a planner case, written in YAML, into the values that the planner takes. All other fields have defaults.

voices:                        # declared; {} is a Kling create named as its address
  narrator: {create: {voice_name: Narrator}, labels: {tier: gold}}
records:                       # in the state; `ADDRESS@GENERATION: STATUS`, or a mapping with `status` and more
  narrator@1: ready
  narrator@2: {status: running, beside: true}     # beside: not the current record of its address
seen:                          # observed, where it is not what the status implies
  narrator@1: absent           # ready, running, absent, "failed: WHY", "unknown: WHY", "unverifiable: WHY"
  narrator@1 in new: absent    # observed by this provider, if two are asked for one record
marked: [narrator@3]           # listed with our marker, without a record
expect: {narrator: replace}    # asserted beside the golden files; an address that is left out is a no-op
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

from reconciler.errors import Cause
from reconciler.model.cloud_types import cloud_type
from reconciler.model.consent import Consent
from reconciler.model.manifest import Lifecycle, Manifest, Safety, Voice
from reconciler.model.methods import AUDIO_METHOD, METHOD_NAMES, method_of
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
from reconciler.model.state import LIVE, Activation, Record, State, Status
from reconciler.planning import markers, planner
from reconciler.planning.finish import finish
from reconciler.planning.plan_context import PlanOptions
from reconciler.planning.scope import Scope
from reconciler.protocols.provider import ByKey, Capabilities, MethodCapabilities
from reconciler.providers.tencent.trtc import provider as tencent_trtc
from reconciler.providers.tencent.vod import capabilities as tencent_vod
from tests.planning.case_accounts import Raw, account, credentials, declared, providers, type_of

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=2)
LINEAGE = "3b1f8f0e-7f1b-4f83-9a63-52d3cf3e1c11"
_CURRENT_STATUSES = {Status.INTENDED, Status.RUNNING, Status.READY, Status.FAILED, Status.UNCERTAIN}


def plan(case: Raw) -> Plan:
    """The plan of a case, with the thresholds that it exceeds."""
    manifest, state = manifest_of(case), state_of(case)
    given = case.get("options", {})
    options = PlanOptions(
        retry=frozenset(given.get("retry", ())),
        replace=frozenset(given.get("replace", ())),
        allow_recreates=given.get("allow_recreates"),
        destroy=given.get("destroy", False),
        scope=Scope(tuple(given.get("target", ())), tuple(given.get("exclude", ()))),
        refresh_only=given.get("refresh_only", False),
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
        moved=case.get("moved", {}),
        released=frozenset(case.get("released", ())),
    )


def voice(address: str, entry: Raw, *, checked: bool = True) -> Voice:
    """A voice of a case. `checked`: its inputs are validated; those of an older record may not be valid today."""
    provider = entry.get("provider", "kling")
    kind = type_of(provider)
    keyword = next((name for name in (*METHOD_NAMES, AUDIO_METHOD) if name in entry), "create")
    inputs = dict(entry.get(keyword) or {})
    method = method_of(kind, keyword, inputs)
    inputs = {name: given for name, given in (_usual(method, address) | inputs).items() if given is not None}
    if checked and keyword not in ("preset", "existing"):
        cloud_type(kind).methods[method].model_validate(
            {k: _as_written(v) for k, v in inputs.items() if k != "on_expiry"}
        )
    return Voice(
        address=address,
        provider=provider,
        type=kind,
        method=method,
        inputs=inputs,
        labels=entry.get("labels", {}),
        lifecycle=Lifecycle(**entry.get("lifecycle", {})),
        consent=Consent.model_validate(entry["consent"]) if "consent" in entry else None,
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
        if r.status in _CURRENT_STATUSES and not _fields_of(case, name).get("beside")
    }
    return State(
        lineage=LINEAGE,
        serial=7,
        records={r.external_task_id: r for r in records.values()},
        current=current,
        adopted_lineages=tuple(case.get("adopted_lineages", ())),
        foreign_lineages=tuple(case.get("foreign_lineages", ())),
    )


def record(case: Raw, name: str) -> Record:
    """A record of the case, by its name such as `narrator@2`."""
    address, _, generation = name.partition("@")
    fields = _fields_of(case, name)
    made_from = voice(fields.get("was", address), fields, checked=False)
    status = Status(fields["status"])
    changed_at = NOW - timedelta(hours=fields["hours_ago"]) if "hours_ago" in fields else EARLIER
    has_ended = status not in {Status.INTENDED, Status.RUNNING, Status.FAILED, Status.UNCERTAIN, Status.LAPSED}
    is_deleted = status is Status.DELETED
    digest = markers.digest_of(made_from)
    return Record(
        external_task_id=markers.external_task_id(LINEAGE, made_from.address, digest, int(generation)),
        address=address,
        provider=made_from.provider,
        account=fields["account"] if "account" in fields else account(case, made_from.provider),
        method=made_from.method,
        generation=int(generation),
        status=status,
        created_at=changed_at if "hours_ago" in fields else EARLIER,
        changed_at=changed_at,
        digest=digest,
        sent={} if is_deleted else redacted(made_from),
        links=None if is_deleted else link_notes_of(made_from),
        labels=made_from.labels,
        lifecycle=made_from.lifecycle,
        attempts=0 if made_from.method in {"preset", "existing"} else 1,
        task_id=None if status in {Status.INTENDED, Status.UNCERTAIN, Status.LAPSED} else f"93{_number(name)}",
        voice_id=_voice_id(fields, made_from, name) if has_ended or "voice_id" in fields else None,
        voice_name=fields.get("voice_name", _asked_name(made_from)) if has_ended and not is_deleted else None,
        owned_by="1234567" if has_ended and not is_deleted else None,
        message=fields.get("message"),
        cause=Cause(fields["cause"]) if "cause" in fields else None,
        deposed_by=fields.get("deposed_by"),
        activation=Activation(fields["activation"]) if "activation" in fields else None,
        url=fields.get("url"),
        expires_at=NOW + timedelta(hours=fields["expires_in_hours"]) if "expires_in_hours" in fields else None,
    )


def _voice_id(fields: Raw, made_from: Voice, name: str) -> str | None:
    if made_from.method == AUDIO_METHOD:
        return None
    return str(fields.get("voice_id", made_from.inputs.get("voice_id", f"85{_number(name)}")))


def _asked_name(voice: Voice) -> str | None:
    return voice.inputs.get("voice_name", voice.inputs.get("name"))


def observations_of(case: Raw) -> dict[str, Observations]:
    known = {name: record(case, name) for name in case.get("records", {})}
    options = [
        *((name, r) for name, r in known.items()),
        *((f"{r.address}@{r.generation}", r) for r in _unrecorded(case)),
    ]
    observations: dict[str, Observations] = {}
    for provider in providers(case):
        of = {
            r.external_task_id: _observation(case, name, r)
            for name, r in options
            if r.provider == provider and (name in known or r.voice_id in case.get("exists", ()))
        }
        of |= {
            r.external_task_id: Absent() for _, r in options if r.provider == provider and r.external_task_id not in of
        }
        observations[provider] = Observations(
            account=account(case, provider),
            of=of,
            marked=tuple(_marked(case, each) for each in case.get("marked", ())),
            owners=frozenset(case.get(f"owners in {provider}", case.get("owners", ()))),
            credentials=credentials(case, provider),
            unlisted=case.get("unlisted"),
            presets=case.get("presets"),
        )
    return observations


def capabilities(case: Raw, provider: str) -> Capabilities:
    """The capabilities of a provider. A case may change Kling's."""
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


def _fields_of(case: Raw, name: str) -> Raw:
    fields = case["records"][name]
    return {"status": fields} if isinstance(fields, str) else fields


def _unrecorded(case: Raw) -> list[Record]:
    accounts = {name: account(case, name) for name in providers(case)}
    return planner.unrecorded(manifest_of(case), state_of(case), accounts, now=NOW)


def _observation(case: Raw, name: str, record: Record) -> Observation:
    seen = case.get("seen", {})
    outcome = seen if isinstance(seen, str) else seen.get(f"{name} in {record.provider}", seen.get(name))
    if isinstance(outcome, dict):
        return Found(remote=replace(_remote(record, TaskStatus.READY), **outcome))
    word, _, why = (outcome or _expected(record)).partition(": ")
    match word:
        case "absent":
            return Absent()
        case "unknown":
            return Unknown(why=why)
        case "unverifiable":
            return Unverifiable(why=why)
        case _:
            found = _remote(record, TaskStatus(word))
            return Found(remote=replace(found, message=why or None))


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
    """A marked voice, from `narrator@2` or a mapping with `voice` and more. Default inputs: the declared ones."""
    fields: Raw = {"voice": each} if isinstance(each, str) else each
    name = fields["voice"]
    address, _, generation = name.partition("@")
    made_from = voice(address, case.get("voices", {}).get(address) or {} if "create" not in fields else fields)
    lineage, digest = fields.get("lineage", LINEAGE), markers.digest_of(made_from)
    return RemoteVoice(
        status=TaskStatus(fields.get("status", "ready")),
        voice_id=f"85{_number(name)}",
        voice_name=made_from.inputs.get("voice_name"),
        task_id=f"93{_number(name)}",
        external_task_id=fields.get("key", markers.external_task_id(lineage, address, digest, int(generation))),
        owned_by="1234567",
    )


def _number(name: str) -> str:
    """16 digits that are unique for an `ADDRESS@GENERATION`, and end with its generation."""
    address, _, generation = name.partition("@")
    return f"{crc32(address.encode()):012d}{int(generation):04d}"
