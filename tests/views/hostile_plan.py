"""A plan in which every name and every value is hostile, and large plans."""

from __future__ import annotations

from reconciler.hints import hint, way
from reconciler.model.plan import Action, Change, Drift, DriftKind, FieldChange, Plan, Stop
from tests.views.hostile import HOSTILE

ACTIONS = [action for action in Action if action is not Action.NO_OP]


def hostile_plan() -> Plan:
    """Each hostile text in each place that a view shows, with each action."""
    changes = [
        Change(
            address=text,
            provider=text,
            action=ACTIONS[number % len(ACTIONS)],
            source=text if ACTIONS[number % len(ACTIONS)] is Action.MOVE else None,
            reason=f"its creation failed: {text}",
            hint=hint(way(f"About {text}", "--retry", text, after=f" {text}")),
            before={"voice_name": text, "voice_id": text},
            after={"voice_name": text, "labels": {text: [text]}},
            fields=(FieldChange(name=text, before=text, after={text: text}),),
        )
        for number, text in enumerate(HOSTILE * 2)
    ]
    return Plan(
        plan_id="5f2c9a7e",
        lineage="3b1f8f0e",
        serial=12,
        manifest="voices.yaml",
        changes=tuple(changes),
        drift=tuple(
            Drift(text, text, DriftKind.RENAMED, (FieldChange(name="voice_name", before=text, after=text),))
            for text in HOSTILE
        ),
        notes=tuple(HOSTILE),
        stops=tuple(Stop(text, hint(way(text, "--allow-deletes", 4))) for text in HOSTILE),
        unseen=tuple(f"hero: {text}" for text in HOSTILE),
    )


def large_plan(count: int, *actions: Action, reason: str = "declared, not created yet") -> Plan:
    changes = (
        Change(
            address=f"voice_{number}",
            provider="kling",
            action=actions[number % len(actions)],
            reason=reason.replace("NUMBER", str(number)),
            before={"voice_id": f"85{number}"},
            after={"voice_name": f"Näme {number}", "voice_url": f"https://cdn.example.com/{number}.mp3"},
        )
        for number in range(count)
    )
    return Plan(plan_id="5f", lineage="3b1f8f0e", serial=12, manifest="voices.yaml", changes=tuple(changes))
