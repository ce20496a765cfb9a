"""Checks the rules of `policy:` against the manifest and a plan. Rules with a command are not checked here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from reconciler.model.address import parts
from reconciler.model.cost import Cost
from reconciler.model.finding import Finding, Level
from reconciler.model.manifest import AUDIO, Manifest, Voice
from reconciler.model.method import Origin
from reconciler.model.name_patterns import fits
from reconciler.model.policy import Rule
from reconciler.model.prices import money
from reconciler.model.trusted_hosts import host_of

_NAMED = 5  # addresses in one line


def of_declarations(manifest: Manifest) -> tuple[Finding, ...]:
    """What the rules find in the entries, whether or not a plan changes them."""
    return tuple(
        Finding(rule.title, rule.level, _with_advice(message, rule), voice.address)
        for rule in manifest.policy
        for voice in manifest.voices.values()
        for message in _of_voice(rule, voice)
    )


def of_plan(rules: Iterable[Rule], cost: Cost) -> tuple[Finding, ...]:
    """What the rules find in the cost of a plan."""
    return tuple(
        Finding(rule.title, rule.level, _with_advice(message, rule))
        for rule in rules
        for message in over_budget(cost, max_paid_calls=rule.max_paid_calls, max_cost=rule.max_cost)
    )


def over_budget(cost: Cost, *, max_paid_calls: int | None, max_cost: str | None) -> Iterator[str]:
    """What is above these limits. A cost that is not known is above every limit."""
    if max_paid_calls is not None and cost.paid > max_paid_calls:
        yield f"the plan makes {cost.paid} paid calls, and at most {max_paid_calls} are allowed"
    if max_cost is None:
        return
    most = money(max_cost)
    for each in map(money, cost.known):
        if each.currency != most.currency:
            yield f"{each} of the cost are not in {most.currency}, and at most {most} are allowed"
        elif each.amount > most.amount:
            yield f"the plan costs {each}, and at most {most} are allowed"
    if cost.unpriced:
        calls = "1 paid call is" if cost.unpriced == 1 else f"{cost.unpriced} paid calls is"
        yield f"the price of {calls} unknown, so the plan may cost more than {most}; prices: of the provider can say it"


def lines(findings: Iterable[Finding]) -> list[str]:
    """The findings as sentences: those that say the same of several entries are one."""
    addresses: dict[tuple[str, str], list[str]] = {}
    for each in findings:
        named = addresses.setdefault((each.rule, each.message), [])
        if each.address is not None:
            named.append(each.address)
    return [f"policy {rule}: {_names(named)}{message}" for (rule, message), named in addresses.items()]


def denied(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that stop a plan."""
    return [each for each in findings if each.level is Level.DENY]


def _names(addresses: Sequence[str]) -> str:
    if not addresses:
        return ""
    shown = ", ".join(addresses[:_NAMED])
    return f"{shown}{f' and {len(addresses) - _NAMED} more' if len(addresses) > _NAMED else ''}: "


def _with_advice(message: str, rule: Rule) -> str:
    return f"{message}. {rule.message}" if rule.message else message


def _of_voice(rule: Rule, voice: Voice) -> Iterator[str]:
    missing = [label for label in rule.require_labels if not voice.labels.get(label)]
    if missing:
        yield f"{_listed('label', missing)} missing"
    if rule.address_pattern is not None and not fits(rule.address_pattern, _entry_name(voice)):
        yield f"its address does not look like {rule.address_pattern}"
    if rule.voice_name_pattern is not None:
        for key in ("voice_name", "name"):
            if isinstance(name := voice.inputs.get(key), str) and not fits(rule.voice_name_pattern, name):
                yield f"its {key} does not look like {rule.voice_name_pattern}"
    if rule.sample_hosts:
        yield from _foreign_samples(voice, _is_among(rule.sample_hosts))
    made_of_a_person = voice.origin is not Origin.OFFICIAL and not voice.address.startswith(AUDIO)
    if rule.require_consent and made_of_a_person and voice.consent is None:
        yield "it has no consent"


def _entry_name(voice: Voice) -> str:
    return parts(voice.address)[0].removeprefix(AUDIO)


def _listed(noun: str, names: Sequence[str]) -> str:
    return f"{noun} {names[0]} is" if len(names) == 1 else f"{noun}s {', '.join(names)} are"


def _foreign_samples(voice: Voice, is_allowed: Callable[[str], bool]) -> Iterator[str]:
    for path, url in voice.links:
        host = host_of(url)
        if not is_allowed(host):
            yield f"{path} is at {host or 'a host that can not be read'}, which is not one of the allowed hosts"


def _is_among(hosts: Sequence[str]) -> Callable[[str], bool]:
    named = [host.lower() for host in hosts]
    return lambda host: any(host == each or (each.startswith(".") and host.endswith(each)) for each in named)
