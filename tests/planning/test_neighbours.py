"""Tests which state files nearby prevent a manifest from beginning a new state."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.neighbour import Neighbour, Relation
from reconciler.planning.neighbours import blocking_error
from tests.support.hints import in_words

ONLY_UNLISTED = {Relation.AROUND, Relation.COPY}


def found(relation: Relation = Relation.GONE, **fields: Any) -> Neighbour:
    defaults: dict[str, Any] = {
        "path": "voices.state.json",
        "manifest": "voices.yaml",
        "options": "-f voices.yaml",
        "relation": relation,
    }
    return Neighbour(**(defaults | fields))


@pytest.mark.parametrize("relation", Relation)
def test_what_no_cloud_lists_is_never_begun_again(relation: Relation) -> None:
    refusal = blocking_error([found(relation, held=3, unlisted=1)], "cast.yaml", begins=True)
    assert refusal is not None
    assert "3 voices" in refusal.detail
    assert "voicectl plan --new-state" in in_words(refusal.hint)


@pytest.mark.parametrize("relation", Relation)
def test_what_a_cloud_lists_is_begun_again_only_beside_a_manifest_that_is_still_used(relation: Relation) -> None:
    refusal = blocking_error([found(relation, held=3)], "cast.yaml", begins=True)
    assert (refusal is None) == (relation in ONLY_UNLISTED)


def test_a_copy_of_the_state_blocks_only_the_runs_that_begin_one() -> None:
    copies = [found(Relation.COPY, held=1, unlisted=1)]
    assert blocking_error(copies, "voices.yaml", begins=True) is not None
    assert blocking_error(copies, "voices.yaml", begins=False) is None


@pytest.mark.parametrize("relation", Relation)
def test_a_state_that_holds_nothing_blocks_nothing(relation: Relation) -> None:
    assert blocking_error([found(relation)], "cast.yaml", begins=True) is None


def test_a_damaged_state_is_refused_with_its_damage() -> None:
    refusal = blocking_error([found(damage="It ends in the middle.")], "cast.yaml", begins=False)
    assert refusal is not None
    assert refusal.detail.endswith("It ends in the middle.")


def test_each_neighbouring_state_gets_a_next_command_and_all_share_new_state() -> None:
    both = [found(held=1), found(held=2, manifest="the old.yaml", path="the old.state.json")]
    refusal = blocking_error(both, "cast.yaml", begins=True)
    assert refusal is not None
    assert in_words(refusal.hint) == (
        "If voices.yaml was renamed: voicectl state mv-manifest voices.yaml; "
        "If the old.yaml was renamed: voicectl state mv-manifest 'the old.yaml'; "
        "to ignore them and start with a new state: voicectl plan --new-state"
    )
