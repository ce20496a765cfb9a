"""Saved plans of older versions."""

from __future__ import annotations

import json

from reconciler.model import planfile
from reconciler.model.plan import Action, Change, Plan

CHANGE = Change(address="a", provider="kling", action=Action.CREATE)


def test_a_plan_of_an_older_version_keeps_its_approval_digest() -> None:
    saved = json.loads(planfile.dump(Plan(plan_id="1", lineage="l", serial=1, manifest="m", changes=(CHANGE,))))
    saved["plan"]["changes"][0] |= {"terms": "cafe"}
    assert planfile.load(json.dumps(saved).encode()).changes[0].approval_digest == "cafe"
