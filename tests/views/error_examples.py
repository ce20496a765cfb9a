"""An example of each error, as a user sees it. The code that raises the error makes it, wherever that needs no run."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from reconciler import errors
from reconciler.backends import filelock
from reconciler.backends.encrypted import EncryptedBackend
from reconciler.backends.encryption.key_sources import Sources
from reconciler.backends.encryption.keyring import Keyring
from reconciler.backends.postgres.tables import grants_to_apply
from reconciler.cli.results import Results
from reconciler.engine import rescue
from reconciler.engine.store import Store
from reconciler.errors import OutputLost, VoicectlError
from reconciler.hints import hint, way
from reconciler.loader.build import load
from reconciler.model import envelope, moved, planfile, statefile
from reconciler.model.account import Timeouts
from reconciler.model.envelope import Derivation, WrappedKey
from reconciler.model.manifest import Safety
from reconciler.model.moved import Moved
from reconciler.model.neighbour import Neighbour, Relation
from reconciler.model.outputs import Output, OutputStatus
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.state import Record, State, Status
from reconciler.model.trusted_hosts import refuse_state_host
from reconciler.planning import foreign, neighbours, no_state, policy
from reconciler.protocols.backend import Blob, Held, LockInfo, fenced_by, locked_by
from reconciler.providers.http import errors as http_errors
from reconciler.providers.http.client import HttpResponse
from reconciler.providers.http.endpoint import base_url
from reconciler.providers.http.lean_httpx import httpx
from reconciler.providers.kling.account import KlingAccount
from reconciler.providers.kling.auth import credentials
from reconciler.providers.kling.errors import parse_response
from reconciler.providers.kling.schema import Envelope
from reconciler.views.output_formats.whole import whole
from reconciler.views.render_options import PLAIN
from tests.support.clock import FakeClock
from tests.support.memory_backend import MemoryBackend

BASES = frozenset({VoicectlError, errors.PlanError, errors.CloudError})  # only their subclasses are raised

WHEN = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
HOST = "api-singapore.klingai.com"
CREATE = "POST /v1/general/custom-voices"
LINEAGE = "3b1f8f0e-7f1b-4f83-9a63-52d3cf3e1c11"
STATE = State(lineage=LINEAGE, serial=12, manifest="voices.yaml")
PLAN = Plan(plan_id="5f2c9a7e", lineage=LINEAGE, serial=11, manifest="voices.yaml")
ANN = LockInfo(lock_id="7f3a91c2", who="ann@mac", pid=4711, host="mac", operation="apply", since=WHEN)

MANIFEST = """\
providers:
  kling: {type: kling}
voices:
  narrator:
    provider: klng
    create: {voice_name: Narrator of the first book, voice_url: https://cdn.example.com/narrator.mp3}
  hero:
    provider: kling
    crate: {voice_name: Hero, voice_url: https://cdn.example.com/hero.mp3}
"""


def example(kind: type[VoicectlError]) -> VoicectlError:
    """An error of this kind. Works in a temporary folder, so that no path of this machine is in it."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        try:
            made = EXAMPLES[kind]()
        except VoicectlError as raised:
            made = raised
    assert type(made) is kind, f"the example of {kind.__name__} is {made!r}"
    return made


def invalid_manifest() -> object:
    path = Path("voices.yaml")
    path.write_text(MANIFEST, encoding="utf-8")
    return load(path, environ={})


def output_on_a_full_disk() -> None:
    def write(_: str) -> bool:
        raise OutputLost(f"stdout: {os.strerror(errno.ENOSPC)}.")

    results = Results(write_stdout=write, write_stderr=print, render_options=lambda _: PLAIN)
    results.write("hero: create: done")
    results.account_for_lost_lines(well=True, hint=hint(way("", "state list")))


def wrong_lock() -> object:
    path = Path("voices.state.lock")
    path.write_text(ANN.model_dump_json(), encoding="utf-8")
    return filelock.break_dead(path, "7f3a91d2")


def state_of_a_renamed_manifest() -> object:
    beside = Neighbour(
        path="studio.state.json", manifest="studio.yaml", options="-f studio.yaml", relation=Relation.GONE, held=12
    )
    return neighbours.blocking_error([beside], "voices.yaml", begins=True)


def state_of_an_earlier_run() -> None:
    store = store_holding(STATE)
    store.load()
    store.begin(STATE.numbered(11))


def state_on_a_full_disk() -> object:
    full = errors.StateError(f"voices.state.json could not be written: {os.strerror(errno.ENOSPC)}.")
    hero = record("hero", Status.READY, voice_id="850087542757535834", task_id="930801301486305328")
    slow = record("slow", Status.RUNNING, task_id="930801301486305329")
    return rescue.not_saved(full, [hero, slow], None, older=None, place="")


def four_of_twelve_deleted() -> object:
    held = [record(f"extra_{number}", Status.READY) for number in range(12)]
    state = STATE.with_changes(held, current={each.address: each.external_task_id for each in held})
    deleted = [
        Change(address=each.address, provider="kling", action=Action.DELETE, reason="", record=each.external_task_id)
        for each in held[:4]
    ]
    stops = policy.check(deleted, state, Safety(), declared=8)
    return policy.refusal(stops)


def closed_port() -> object:
    refused = httpx.ConnectError("")
    refused.__cause__ = ConnectionRefusedError(errno.ECONNREFUSED, "")
    return http_errors.unsent(refused, CREATE, to=HOST, via="", timeouts=Timeouts(), redact=str)


def lost_reply() -> object:
    return http_errors.lost(httpx.ReadTimeout(""), CREATE, begun=False, timeouts=Timeouts(), redact=str)


def answered(status: int, code: int, message: str) -> object:
    """What an answer of Kling raises."""
    body = f'{{"code": {code}, "message": "{message}", "request_id": "9b1d4c7e"}}'
    return parse_response(HttpResponse(CREATE, status, httpx.Headers(), body.encode()), Envelope, redact=str)


def encrypted_state() -> bytes:
    key = WrappedKey(id="3f9c21aa", kdf=Derivation(name="hkdf-sha256"), wrapped="AAAA")
    return envelope.dump(
        envelope.Envelope(
            voicectl="encrypted", format=1, kind="state", lineage=LINEAGE, serial=12, keys=(key,), data="AAAA"
        )
    )


def backend_holding(state: State) -> MemoryBackend:
    backend = MemoryBackend()
    backend.where = "voices.state.json"
    backend.put_back(Blob(statefile.dump(state), "1"))
    return backend


def store_holding(state: State) -> Store:
    backend = backend_holding(state)
    return Store(backend, clock=FakeClock(), rescue_path=Path("voices.state.rescue.json"))


def record(address: str, status: Status, *, voice_id: str | None = None, task_id: str | None = None) -> Record:
    return Record(
        external_task_id=f"vc-3b1f8f0e-{address}-9c0d1e2f-1",
        address=address,
        provider="kling",
        account=f"kling https://{HOST}",
        method="create",
        generation=1,
        status=status,
        created_at=WHEN,
        changed_at=WHEN,
        voice_id=voice_id,
        task_id=task_id,
    )


# In the order of the tree in errors.py. Each makes the error or raises it.
EXAMPLES: dict[type[VoicectlError], Callable[[], object]] = {
    errors.ManifestError: invalid_manifest,
    errors.UsageError: lambda: errors.not_in_state("hero"),
    errors.EndpointInvalid: lambda: base_url("https://kling.example.com:https/v1"),
    errors.HostNotTrusted: lambda: refuse_state_host(
        "state.example.net", {"CI": "true"}, where="the host state.example.net of the state"
    ),
    errors.CommandNotAllowed: lambda: errors.CommandNotAllowed(
        "state.encryption.command", ["sh", "-c", "pass show voices"]
    ),
    errors.Declined: lambda: errors.Declined(
        "You did not answer yes.", hint(way("Answer yes, or run without confirmation", "--auto-approve"))
    ),
    errors.ProbeDeclined: lambda: errors.ProbeDeclined(
        "voicectl needs a confirmation, but it does not run in a terminal.",
        hint(way("To continue without confirmation", "drift --probe --auto-approve")),
    ),
    errors.Interrupted: lambda: errors.Interrupted("No change was started.", hint(way("To continue", "apply"))),
    errors.OutputLost: output_on_a_full_disk,
    errors.OutputIncomplete: lambda: whole("dotenv", {"hero": Output(None, None, "kling", OutputStatus.FAILED)}),
    errors.StateError: wrong_lock,
    errors.NoState: lambda: no_state.nothing_known("voices.state.json"),
    errors.StateElsewhere: state_of_a_renamed_manifest,
    errors.StateDamaged: lambda: store_holding(STATE.with_changes(current={"hero": "vc-hero"})).load(),
    errors.StateTooNew: lambda: statefile.load(b'{"version": 99}'),
    errors.KeyMissing: lambda: statefile.load(encrypted_state()),
    errors.StateNotEncrypted: lambda: EncryptedBackend(backend_holding(STATE), Keyring(Sources((), ()))).read(),
    errors.StateForeign: lambda: foreign.check_manifest(
        STATE, "studio.yaml", where="studio.state.json", place="-f studio.yaml"
    ),
    errors.StateRightsMissing: lambda: errors.StateRightsMissing(
        "postgresql://db.example.com/voices?name=prod: the role ann may not change the state. An administrator of the "
        f"database voices can allow it:\n{grants_to_apply('ann')}",
        "Or use a role that may: PGUSER, or the user in the connection string.",
    ),
    errors.StateMoved: lambda: moved.refusal(
        Moved(moved_to="s3://acme-states/voices", lineage=LINEAGE, serial=13), "voices.state.json"
    ),
    errors.StateLocked: lambda: locked_by(Held(ANN)),
    errors.StateConflict: state_of_an_earlier_run,
    errors.Fenced: lambda: fenced_by("s3://acme-states/voices", ANN),
    errors.StateNotSaved: state_on_a_full_disk,
    errors.PlanUnreadable: lambda: planfile.load(b'{"changes": []}'),
    errors.PlanStale: lambda: policy.check_fresh(PLAN, STATE, manifest="voices.yaml"),
    errors.PlanSpent: lambda: policy.check_fresh(
        PLAN, STATE.with_changes(applied=PLAN.plan_id), manifest="voices.yaml"
    ),
    errors.PolicyDenied: lambda: errors.PolicyDenied(
        "policy owner: hero, mini: label owner is missing", "The plan above can't be applied."
    ),
    errors.SafetyStop: four_of_twelve_deleted,
    errors.CredentialsMissing: lambda: credentials(KlingAccount(type="kling"), {}),
    errors.Rejected: lambda: answered(200, 1201, "The voice sample is too short"),
    errors.Unreached: closed_port,
    errors.Throttled: lambda: answered(429, 1303, "parallel task over resource pack limit"),
    errors.OutcomeUnknown: lost_reply,
}
WRITTEN_OUT = (errors.Declined, errors.ProbeDeclined, errors.Interrupted)  # raised in the middle of a command
