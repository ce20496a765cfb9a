"""Names -> objects: the only file that names clouds and disks. Imports each where it is built, and not before."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.model.accounts import Account, KlingAccount, TencentTrtcAccount, TencentVodAccount
from reconciler.model.manifest import Manifest

if TYPE_CHECKING:
    from reconciler.audio.probing import Fetch
    from reconciler.engine.operations import Session
    from reconciler.engine.pacing import Gate
    from reconciler.engine.store import Store
    from reconciler.engine.work import Cloud
    from reconciler.protocols import Backend
    from reconciler.providers.tencent_trtc import TrtcProvider
    from reconciler.providers.tencent_vod import VodProvider
    from reconciler.sandbox.world import World

SANDBOX = ".voicectl"  # beside the manifest: the sandbox's world, and its own state


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a manifest is, and so its state. `manifest` is a file or a folder, as it was typed.

    `directory` is what -C said; it was entered already, and is kept for the commands in hints.
    """

    manifest: Path
    sandbox: bool = False
    directory: str | None = None

    @property
    def folder(self) -> Path:
        return self.manifest if self.manifest.is_dir() else self.manifest.parent

    @property
    def name(self) -> str:
        """What a state remembers of its manifest."""
        if self.manifest.is_dir():
            return "."
        return os.fsencode(self.manifest.name).decode(errors="replace")  # its bytes need be no text

    @property
    def state(self) -> Path:
        """`NAME.state.json` beside NAME.yaml, `voices.state.json` in a folder; the sandbox keeps its own."""
        stem = "voices" if self.manifest.is_dir() else self.manifest.stem
        kept = self.folder / SANDBOX if self.sandbox else self.folder
        return kept / f"{stem}.state.json"

    @property
    def rescue(self) -> Path:
        return self.folder / f"{self.state.name.removesuffix('.json')}.rescue.json"

    @property
    def world(self) -> Path:
        return self.folder / SANDBOX / "world.db"

    @property
    def options(self) -> str:
        """The options that lead here, for the commands in hints."""
        import shlex

        told = {
            f"-C {shlex.quote(str(self.directory))}": self.directory is not None,
            f"-f {shlex.quote(str(self.manifest))}": self.manifest != Path("voices.yaml"),
            "--sandbox": self.sandbox,
        }
        return " ".join(option for option, given in told.items() if given)


def backend(place: Place) -> Backend:
    from reconciler.backends.local import LocalBackend

    if place.sandbox:
        own_folder(place.folder)
    return LocalBackend(place.state)


def retire(place: Place) -> None:
    """Takes a state that lives elsewhere now out of the way; it stays as a backup."""
    place.state.replace(place.state.with_name(f"{place.state.name.removesuffix('.json')}.backup"))
    place.state.with_name(f"{place.state.name.removesuffix('.json')}.journal").unlink(missing_ok=True)


def store(place: Place) -> Store:
    from reconciler.engine.store import Store

    return Store(backend(place), clock=SystemClock(), rescue_path=place.rescue, options=place.options)


def own_folder(folder: Path) -> Path:
    """`.voicectl`, which no repository should hold."""
    made = folder / SANDBOX
    if folder.is_dir() and not made.exists():
        made.mkdir(mode=0o700)
        (made / ".gitignore").write_text("*\n")
    return made


def fetch() -> Fetch:
    """How a sample behind a link is looked at."""
    from reconciler.providers import download

    return download.fetch


def forget_rehearsal(place: Place) -> None:
    """Removes the sandbox's states of this folder; they know nothing of the emptied world."""
    for kept in (place.folder / SANDBOX).glob("*.state.*"):
        kept.unlink()


def world(place: Place) -> World:
    from reconciler.sandbox.world import World

    own_folder(place.folder)
    return World.open(place.world, SystemClock())


def session(
    manifest: Manifest,
    place: Place,
    *,
    environ: Mapping[str, str],
    closing: ExitStack,
    log: Callable[[str], None] = lambda _: None,
) -> Session:
    """Everything an operation needs. What it opens is closed by `closing`, and `log` is told what it was."""
    from reconciler.engine.operations import Session

    return Session(
        manifest=manifest,
        store=store(place),
        connect=_connect(manifest, place, environ, closing, log),
        clock=SystemClock(),
        lineage=lambda: str(uuid.uuid4()),
    )


def _connect(
    manifest: Manifest,
    place: Place,
    environ: Mapping[str, str],
    closing: ExitStack,
    log: Callable[[str], None],
) -> Callable[[Collection[str]], Mapping[str, Cloud]]:
    opened: dict[str, Cloud] = {}
    gates: dict[str, Gate] = {}
    worlds: list[World] = []

    def the_world() -> World:
        if not worlds:
            worlds.append(closing.enter_context(world(place)))
        return worlds[0]

    def connect(names: Collection[str]) -> Mapping[str, Cloud]:
        for name in names:
            if name not in opened:
                account = manifest.providers[name]
                sandbox = the_world if place.sandbox else None
                listed = any(v.provider == name and v.method == "clone-minimax" for v in manifest.voices.values())
                links = _links(manifest)
                opened[name] = _cloud(name, account, environ, gates, sandbox, links, listed=listed)
                closing.callback(_leave, opened[name], log)
        return {name: opened[name] for name in names}

    return connect


def _links(manifest: Manifest) -> Callable[[str], Iterable[str]]:
    """external_task_id -> the secrets in its voice's links: a cloud may quote them when it says why a task failed."""

    def links(external_task_id: str) -> Iterable[str]:
        from reconciler.model import urls
        from reconciler.planning import keys

        marker = keys.read(external_task_id)
        if marker is None:
            return ()
        whole = manifest.voices.get(marker.address)
        voices = [whole] if whole else [v for v in manifest.voices.values() if keys.could_mark(marker, v.address)]
        return tuple(secret for voice in voices for secret in urls.secrets_in(voice.inputs))

    return links


def _leave(cloud: Cloud, log: Callable[[str], None]) -> None:
    log(f"{cloud.name}: {cloud.provider.account}, calls made: {cloud.provider.calls}")
    cloud.provider.close()


def _cloud(
    name: str,
    account: Account,
    environ: Mapping[str, str],
    gates: dict[str, Gate],
    sandbox: Callable[[], World] | None,
    links: Callable[[str], Iterable[str]],
    *,
    listed: bool,
) -> Cloud:
    match account:
        case KlingAccount():
            return _kling(name, account, environ, gates, sandbox, links)
        case TencentVodAccount() | TencentTrtcAccount():
            return _tencent(name, account, environ, gates, sandbox, links, listed=listed)


def _kling(
    name: str,
    account: KlingAccount,
    environ: Mapping[str, str],
    gates: dict[str, Gate],
    sandbox: Callable[[], World] | None,
    links: Callable[[str], Iterable[str]],
) -> Cloud:
    from hashlib import sha256

    from reconciler.engine.pacing import Gate
    from reconciler.engine.work import Cloud
    from reconciler.providers import kling, kling_auth

    transport = None
    if sandbox is None:
        credentials = kling_auth.credentials(account, environ)
    else:
        from reconciler.sandbox.kling_access import key_for
        from reconciler.sandbox.transport import SandboxTransport

        named = [kling_auth.endpoint(account), *account.credentials.model_dump(exclude_none=True).values()]
        credentials = kling_auth.ApiKey(key_for("+".join(named)))
        transport = SandboxTransport(sandbox())
    who = credentials.key if isinstance(credentials, kling_auth.ApiKey) else credentials.access_key
    quota = f"{kling_auth.endpoint(account)} {sha256(who.encode()).hexdigest()[:16]}"
    rates = {str(action): rate for action, rate in account.rate_limit.items()}
    gate = gates.setdefault(quota, Gate(SystemClock(), rates))
    provider = kling.KlingProvider(
        account, credentials, clock=SystemClock(), transport=transport, pace=gate, links=links
    )
    return Cloud(
        name=name,
        provider=provider,
        quota=quota,
        rates=rates,
        max_in_flight=account.max_in_flight,
        patience=account.timeouts.operation,
    )


def _tencent(
    name: str,
    account: TencentVodAccount | TencentTrtcAccount,
    environ: Mapping[str, str],
    gates: dict[str, Gate],
    sandbox: Callable[[], World] | None,
    links: Callable[[str], Iterable[str]],
    *,
    listed: bool,
) -> Cloud:
    from hashlib import sha256

    from reconciler.engine.pacing import Gate
    from reconciler.engine.work import Cloud
    from reconciler.providers import tencent_auth

    transport = None
    if sandbox is None:
        credentials = tencent_auth.credentials(account.credentials, environ, home=Path.home())
    else:
        from reconciler.sandbox import tencent_access
        from reconciler.sandbox.transport import SandboxTransport

        named = "+".join(account.credentials.model_dump(exclude_none=True).values())
        credentials = tencent_auth.Credentials(*tencent_access.keys_for(named))
        transport = SandboxTransport(sandbox())
    provider: VodProvider | TrtcProvider
    rates = {str(action): rate for action, rate in account.rate_limit.items()}
    # Tencent counts the calls of an account's user, whichever application they are for.
    quota = f"{account.type} {account.endpoint or ''} {sha256(credentials.secret_id.encode()).hexdigest()[:16]}"
    clock = SystemClock()
    match account:
        case TencentVodAccount():
            from reconciler.providers.tencent_vod import VodProvider

            gate = gates.setdefault(quota, Gate(clock, rates))
            provider = VodProvider(
                account, credentials, clock=clock, transport=transport, pace=gate, links=links, listed=listed
            )
        case TencentTrtcAccount():
            from reconciler.providers.tencent_trtc import TrtcProvider

            provider = TrtcProvider(account, credentials, clock=clock, environ=environ, transport=transport)
    return Cloud(
        name=name,
        provider=provider,
        quota=quota,
        rates=rates,
        max_in_flight=account.max_in_flight,
        patience=account.timeouts.operation,
    )
