"""What stories of two runners found, which have a state each over the same account. Each is told on its own."""

from __future__ import annotations

import pytest

from reconciler.engine import state_edits
from reconciler.engine.session import Request
from reconciler.model.plan import Action
from reconciler.providers.kling.account import KlingAccount
from tests.engine.simulated_run import SimulatedRun, voice

OTHER_LINEAGE = "fedcba98-89ab-cdef-0123-456789abcdef"
DAY = 86_400.0  # seconds


def test_an_apply_does_not_make_a_task_new_that_has_run_for_days() -> None:
    """Else the plan after each apply says "try again later", and not what to type."""
    simulated = SimulatedRun()
    simulated.accounts["other"] = KlingAccount(type="kling", region="beijing")
    simulated.declare(voice("a"))
    simulated.apply()
    simulated.backend, simulated.lineage = simulated.another_backend(), OTHER_LINEAGE
    simulated.turn(stuck_tasks=1.0)
    simulated.declare(voice("a", provider="other"))
    simulated.apply()
    simulated.clock.sleep(DAY)
    simulated.declare(voice("a"))
    before = simulated.plan().changes
    assert [change.action for change in before] == [Action.BLOCKED]
    simulated.apply()
    assert simulated.plan().changes == before


@pytest.mark.parametrize(("fault", "expected"), [("voiceless", Action.BLOCKED), ("hide", Action.RECOVER)])
def test_a_voice_that_left_the_state_is_not_bought_again_while_the_list_does_not_show_it(
    fault: str, expected: Action
) -> None:
    simulated = SimulatedRun()
    simulated.declare(voice("a"))
    simulated.apply()
    state_edits.remove(simulated.session(), "a", Request())
    simulated.turn(**{fault: 1.0})
    assert [change.action for change in simulated.plan().changes] == [expected]
