"""Connects accounts to adapters. This is the only file that names adapters; it imports each one when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

from reconciler.model.accounts import Account, KlingAccount, TencentTrtcAccount, TencentVodAccount
from reconciler.model.manifest import Manifest
from reconciler.model.variables import compared
from reconciler.protocols import Clock, Provider

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from reconciler.engine.cloud import Cloud
    from reconciler.engine.rate_limits import ReadLimiter
    from reconciler.providers.tencent.auth import Credentials
    from reconciler.sandbox.world import World

Connected = tuple[Provider, str, object]  # the provider, the quota that its calls count for, the credentials


class Clouds:
    """The providers of a manifest. Each is connected when it is first used.

    `closing` closes the connected ones, and `log` gets a line about each. `world` opens the sandbox; it replaces the
    network and the users' keys.
    """

    def __init__(
        self,
        manifest: Manifest,
        environ: Mapping[str, str],
        *,
        clock: Clock,
        closing: ExitStack,
        log: Callable[[str], None],
        world: Callable[[], World] | None,
    ) -> None:
        self._manifest = manifest
        self._environ = environ
        self._clock = clock
        self._closing = closing
        self._log = log
        self._world = world
        self._clouds: dict[str, Cloud] = {}
        self._read_limiters: dict[str, ReadLimiter] = {}
        self._credential_labels: dict[object, str] = {}  # credentials -> a label without secrets

    def connect(self, names: Collection[str]) -> Mapping[str, Cloud]:
        """Connects these providers. Raises CredentialsMissing, and UsageError for an invalid endpoint."""
        for name in names:
            if name not in self._clouds:
                self._clouds[name] = self._connect(name, self._manifest.providers[name])
                self._closing.callback(self._close, self._clouds[name])
        return {name: self._clouds[name] for name in names}

    def _close(self, cloud: Cloud) -> None:
        self._log(f"{cloud.name}: {cloud.provider.account}, calls made: {cloud.provider.calls}")
        cloud.provider.close()

    def _connect(self, name: str, account: Account) -> Cloud:
        from reconciler.engine.cloud import Cloud

        match account:
            case KlingAccount():
                provider, quota, credentials = self._kling(account)
            case TencentVodAccount():
                listed = any(v.provider == name and v.method == "clone-minimax" for v in self._manifest.voices.values())
                provider, quota, credentials = self._vod(account, listed=listed)
            case TencentTrtcAccount():
                provider, quota, credentials = self._trtc(account)
        return Cloud(
            name=name,
            provider=provider,
            quota=quota,
            rates=_rates(account),
            max_in_flight=account.max_in_flight,
            task_timeout=account.timeouts.operation,
            credentials=self._credential_labels.setdefault(
                credentials, f"credentials {len(self._credential_labels) + 1}"
            ),
        )

    # -- one method a cloud --------------------------------------------------------------------------------------------

    def _kling(self, account: KlingAccount) -> Connected:
        from reconciler.providers.kling import auth as kling_auth
        from reconciler.providers.kling import provider as kling

        endpoint = kling_auth.endpoint(account)
        credentials: kling_auth.Credentials
        if self._world is None:
            credentials = kling_auth.credentials(account, self._environ)
        else:
            credentials = kling_auth.ApiKey(_sandbox_key(account, endpoint))
        who = credentials.key if isinstance(credentials, kling_auth.ApiKey) else credentials.access_key
        quota = _quota(endpoint, who)
        provider = kling.KlingProvider(
            account,
            credentials,
            clock=self._clock,
            transport=self._transport(),
            before_read=self._read_limiter(quota, account),
            secrets_of=self._secrets_of,
        )
        return provider, quota, credentials

    def _vod(self, account: TencentVodAccount, *, listed: bool) -> Connected:
        from reconciler.providers.tencent.vod.provider import VodProvider

        credentials = self._tencent_credentials(account)
        quota = _tencent_quota(account, credentials)
        provider = VodProvider(
            account,
            credentials,
            clock=self._clock,
            transport=self._transport(),
            before_read=self._read_limiter(quota, account),
            secrets_of=self._secrets_of,
            listed=listed,
        )
        return provider, quota, credentials

    def _trtc(self, account: TencentTrtcAccount) -> Connected:
        from reconciler.providers.tencent.trtc import TrtcProvider

        credentials = self._tencent_credentials(account)
        provider = TrtcProvider(
            account, credentials, clock=self._clock, environ=self._environ, transport=self._transport()
        )
        return provider, _tencent_quota(account, credentials), credentials

    def _tencent_credentials(self, account: TencentVodAccount | TencentTrtcAccount) -> Credentials:
        from reconciler.providers.tencent import auth as tencent_auth

        if self._world is None:
            return tencent_auth.credentials(account.credentials, self._environ, home=_home())
        from reconciler.sandbox.tencent.auth import keys_for

        return tencent_auth.Credentials(*keys_for("+".join(_variables(account))))

    # -- arguments of the adapters -------------------------------------------------------------------------------------

    def _transport(self) -> httpx.BaseTransport | None:
        if self._world is None:
            return None
        from reconciler.sandbox.transport import SandboxTransport

        return SandboxTransport(self._world())

    def _read_limiter(self, quota: str, account: Account) -> ReadLimiter:
        """The read limiter of this quota. Accounts with the same quota share it."""
        from reconciler.engine.rate_limits import ReadLimiter

        return self._read_limiters.setdefault(quota, ReadLimiter(self._clock, _rates(account)))

    def _secrets_of(self, external_task_id: str) -> Iterable[str]:
        """The secrets of the voice behind this key. A cloud may quote them when it says why a task failed."""
        from reconciler.planning import markers

        marker = markers.read(external_task_id)
        if marker is None:
            return ()
        declared = self._manifest.voices
        voice = declared.get(marker.address)
        voices = [voice] if voice else [v for v in declared.values() if markers.fits_address(marker, v.address)]
        return tuple(secret for voice in voices for secret in voice.secrets)


def sandbox_account(account: Account) -> str | None:
    """The name of a Kling account in the sandbox. None for the other clouds, which list no foreign voices."""
    if not isinstance(account, KlingAccount):
        return None
    from reconciler.providers.kling import auth as kling_auth

    return f"kling:{_sandbox_key(account, kling_auth.endpoint(account))}"


def _sandbox_key(account: KlingAccount, endpoint: str) -> str:
    from reconciler.sandbox.kling.auth import key_for

    return key_for("+".join([endpoint, *_variables(account)]))


def _home() -> Path:
    from pathlib import Path

    try:
        return Path.home()
    except RuntimeError:  # a container's user may have none
        return Path("/")


def _tencent_quota(account: TencentVodAccount | TencentTrtcAccount, credentials: Credentials) -> str:
    """The quota of a Tencent account. Tencent counts calls per user of the account, over all applications."""
    return _quota(f"{account.type} {account.endpoint or ''}", credentials.secret_id)


def _quota(place: str, who: str) -> str:
    from hashlib import sha256

    return f"{place} {sha256(who.encode()).hexdigest()[:16]}"


def _rates(account: Account) -> Mapping[str, float]:
    return {str(action): rate for action, rate in account.rate_limit.items()}


def _variables(account: Account) -> Collection[str]:
    """The environment variables that an account names. In the sandbox, each set of names is an account of its own.

    A name that looks like a key is replaced by its digest, because the sandbox stores these names.
    """
    return [compared(name) for name in account.credentials.model_dump(exclude_none=True).values()]
