"""Makes the errors for a missing state, with the commands to type next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from reconciler.errors import NoState
from reconciler.hints import Hint, hint, operands, way

if TYPE_CHECKING:
    from reconciler.model.survey import Held, Survey

_NAMED = 10  # addresses or reasons in a sentence
_COMMANDS = 3  # lineages that get a command each
_ELSEWHERE = "If the state is in another folder or of another manifest, go there: -C DIR, -f PATH"
_COPY = way("to continue with a copy of it", "state push FILE")
_BEGIN = way("if nothing was made yet", "apply")


def nothing_known(where: str) -> NoState:
    """The error of commands that only read the state."""
    return NoState(
        f"There is no state at {where}, so no voice is known.",
        hint(_ELSEWHERE, _COPY, way("if it is lost, adopt its voices", "state rebuild"), _BEGIN),
    )


def refusal(survey: Survey, where: str) -> NoState | None:
    """The error if "no drift" or "nothing to destroy" might be false without a state; else None."""
    if survey.ours:
        return NoState(f"{where}: {_voices_found(survey)}{_changed(survey.ours)}", _adoption_hint(survey))
    if survey.unseen:
        why = _listed(survey.unseen, "; ")
        return NoState(
            f"{where}: {_what_is_missing(survey)}, and not all could be checked: {why}",
            survey.ways_to_see or "Try again later.",
        )
    if survey.unverifiable:
        addresses = [address for listed in survey.unverifiable.values() for address in listed]
        return NoState(
            f"{where}: nothing could be verified: there is no state, and no cloud lists what was made for "
            f"{_listed(addresses)}.",
            hint(_ELSEWHERE, _COPY, _BEGIN),
        )
    return None


def note(survey: Survey) -> str:
    """A note about other voices in the accounts; empty if there are none. It blocks nothing."""
    own = {lineage: count for lineage, count in survey.others.items() if lineage in survey.lineages}
    strange = {lineage: count for lineage, count in survey.others.items() if lineage not in own}
    groups = [
        f"{_voices(sum(counts.values()))} that no entry here declares, made under {_lineages(counts)}{whose}"
        for counts, whose in ((own, ""), (strange, ", another manifest's state"))
        if counts
    ]
    return f"The account also holds {' and '.join(groups)}." if groups else ""


def _what_is_missing(survey: Survey) -> str:
    return "no state here" if survey.stateless else "this state holds no voice"


def _voices_found(survey: Survey) -> str:
    one = len({held.provider for held in survey.ours}) == 1
    holder = "the account holds" if one else "the accounts hold"
    voices = _voices(len(survey.ours))
    return f"{_what_is_missing(survey)}; {holder} {voices} of this manifest, made under {_lineages(survey.lineages)}."


def _changed(ours: Iterable[Held]) -> str:
    addresses = list(dict.fromkeys(held.address for held in ours if not held.unchanged))
    if not addresses:
        return ""
    return f" Changed, renamed or moved to another provider since: {_listed(addresses)}."


def _adoption_hint(survey: Survey) -> Hint:
    """The hint with the commands that adopt the voices: `state rebuild`, and `import` for entries that have changed."""
    rebuilt = [lineage for lineage in survey.lineages if _is_rebuilt(survey, lineage)][:_COMMANDS]
    lost = ("if it is lost, adopt the voices", *["or"] * len(rebuilt))
    ways = [way(words, "state rebuild --lineage", lineage) for words, lineage in zip(lost, rebuilt, strict=False)]
    left = next((held for held in survey.ours if not held.unchanged and held.voice_id is not None), None)
    if left is not None:
        which = "one whose entry has changed" if rebuilt else "if it is lost, adopt them one by one"
        ways.append(way(which, "import", *operands(left.address, left.voice_id)))
    return hint(_ELSEWHERE, _COPY, *ways, way("if they belong to another project", "state rebuild --new-lineage"))


def _is_rebuilt(survey: Survey, lineage: str) -> bool:
    return any(held.unchanged and held.lineage == lineage for held in survey.ours)


def _lineages(counts: Mapping[str, int]) -> str:
    """The lineages in words: `lineage 88544be2`, or each with its count."""
    if len(counts) == 1:
        return f"lineage {next(iter(counts))}"
    return "lineages " + ", ".join(f"{lineage} ({count})" for lineage, count in counts.items())


def _listed(names: Iterable[str], between: str = ", ") -> str:
    all_of_them = list(names)
    more = f"{between}and {len(all_of_them) - _NAMED} more" if len(all_of_them) > _NAMED else ""
    return between.join(all_of_them[:_NAMED]) + more


def _voices(count: int) -> str:
    return "1 voice" if count == 1 else f"{count} voices"
