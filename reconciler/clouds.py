"""Connects the accounts of a manifest to their clouds, each by the adapter that its type names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.adapter import Adapter, Surroundings
from reconciler.errors import HostNotTrusted, UsageError
from reconciler.model import trusted_hosts
from reconciler.model.account import Account
from reconciler.model.cloud_types import cloud_type, load, packages_of
from reconciler.model.manifest import Manifest
from reconciler.protocols.clock import Clock

if TYPE_CHECKING:
    import httpx

    from reconciler.engine.account_limits import AccountLimits
    from reconciler.engine.cloud import Cloud
    from reconciler.engine.rate_limits import ReadLimiter
    from reconciler.planning.cut_addresses import AddressIndex
    from reconciler.sandbox.cloud import SandboxCloud
    from reconciler.sandbox.world import World


class Clouds:
    """The providers of a manifest. Each is connected when it is first used.

    `closing` closes the connected ones, and `log` gets a line about each. `world` opens the sandbox; it replaces the
    network and the users' keys. `limits` may be shared with other manifests of this process.
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
        limits: AccountLimits | None = None,
    ) -> None:
        self._manifest = manifest
        self._environ = environ
        self._clock = clock
        self._closing = closing
        self._log = log
        self._world = world
        self._clouds: dict[str, Cloud] = {}
        self._limits = limits
        self._credential_labels: dict[object, str] = {}  # credentials -> a label without secrets

    def connect(self, names: Collection[str]) -> Mapping[str, Cloud]:
        """Connects these providers. Raises CredentialsMissing, HostNotTrusted, and UsageError for an endpoint."""
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

        adapter = _adapter_of(account)
        if self._world is None:
            _refuse_foreign_host(name, account, self._environ)
        signed_in, environ = account, self._environ
        if self._world is not None:
            # The sandbox's keys stand in the variables that are usual: the ones that the account names are real.
            keys = _sandbox_of(account).keys(account, adapter.endpoint(account))
            signed_in, environ = _without_names(account), {**environ, **keys}
        around = Surroundings(
            environ=environ,
            home=_home(),
            clock=self._clock,
            methods=frozenset(v.method for v in self._manifest.voices.values() if v.provider == name),
            limiter=lambda quota: self._read_limiter(quota, account),
            secrets_of=self._secrets_of,
            transport=self._transport(account),
        )
        provider, quota, credentials = adapter.connect(signed_in, around)
        if not provider.account.startswith(f"{account.type} "):  # a record's type is the first word of its account
            [package] = packages_of(account.type)
            raise UsageError(
                f'{account.type} can\'t be used: the package {package} names its account "{provider.account}", '
                f'but the name must begin with "{account.type} ".',
                f"This is a bug of {package}: report it to its authors.",
            )
        return Cloud(
            name=name,
            provider=provider,
            quota=quota,
            rates=_rates(account),
            max_in_flight=account.max_in_flight,
            task_timeout=account.timeouts.operation,
            call_timeout=account.timeouts.connect + account.timeouts.read,
            credentials=self._credential_labels.setdefault(
                credentials, f"credentials {len(self._credential_labels) + 1}"
            ),
        )

    def _transport(self, account: Account) -> httpx.BaseTransport | None:
        if self._world is None:
            return None
        from reconciler.sandbox.transport import SandboxTransport

        return SandboxTransport(self._world(), answer=_sandbox_of(account).answer)

    def _read_limiter(self, quota: str, account: Account) -> ReadLimiter:
        """The read limiter of this quota. Accounts with the same quota share it."""
        from reconciler.engine.account_limits import AccountLimits

        if self._limits is None:
            self._limits = AccountLimits()
        return self._limits.reader(quota, self._clock, _rates(account))

    def _secrets_of(self, external_task_id: str) -> Iterable[str]:
        """The secrets of the voice behind this key. A cloud may quote them when it says why a task failed."""
        from reconciler.planning import markers

        marker = markers.read(external_task_id)
        if marker is None:
            return ()
        declared = self._manifest.voices
        addresses = [marker.address] if marker.address in declared else self._addresses.fitting(marker)
        return tuple(secret for address in addresses for secret in declared[address].secrets)

    @cached_property
    def _addresses(self) -> AddressIndex:
        from reconciler.planning.cut_addresses import AddressIndex

        return AddressIndex(self._manifest.voices)


def foreign_host_notes(manifest: Manifest, environ: Mapping[str, str]) -> tuple[str, ...]:
    """A note for each provider whose endpoint is not the vendor's, unless the environment allows its host."""
    return tuple(
        f"{name}: the endpoint {account.endpoint} is not {account.cloud}'s, and it receives the credentials."
        for name, account in manifest.providers.items()
        if _is_foreign(account, environ)
    )


def _refuse_foreign_host(name: str, account: Account, environ: Mapping[str, str]) -> None:
    """Raises HostNotTrusted in a pipeline for an endpoint that is not the vendor's, before a credential is read."""
    if trusted_hosts.in_pipeline(environ) and _is_foreign(account, environ):
        host = trusted_hosts.host_of(account.endpoint or "") or "HOST"
        raise HostNotTrusted(
            f"{name}: the endpoint {account.endpoint} is not {account.cloud}'s. In a pipeline (CI=true), credentials "
            "go only to hosts that the vendor runs, over https.",
            f"If you trust this host, name it in the pipeline's settings: {trusted_hosts.ALLOWED_HOSTS}={host}",
        )


def _is_foreign(account: Account, environ: Mapping[str, str]) -> bool:
    endpoint = account.endpoint
    return endpoint is not None and not trusted_hosts.may_receive(endpoint, environ, vendor=account.vendor_hosts)


def sandbox_account(account: Account) -> str | None:
    """The name of an account in the sandbox. None for clouds that list no foreign voices, or are not simulated."""
    if not cloud_type(account.type).sandbox:
        return None
    foreign = _sandbox_of(account).foreign
    return foreign.account(account, _adapter_of(account).endpoint(account)) if foreign is not None else None


def _adapter_of(account: Account) -> Adapter[Account]:
    return load(cloud_type(account.type).adapter, Adapter)


def _sandbox_of(account: Account) -> SandboxCloud:
    from reconciler.sandbox.cloud import SandboxCloud

    reference = cloud_type(account.type).sandbox
    if not reference:
        raise UsageError(f"The sandbox does not simulate {account.type}.", "Run it without --sandbox.")
    return load(reference, SandboxCloud)


def _without_names(account: Account) -> Account:
    """The account with credentials in the variables that are usual."""
    return account.model_copy(update={"credentials": type(account.credentials)()})


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # a container's user may have none
        return Path("/")


def _rates(account: Account) -> Mapping[str, float]:
    return {str(action): rate for action, rate in account.rate_limit.items()}
