"""Text views for people at a terminal: `text.plan(plan, options)`. Here: errors and the lines of an apply.

Whatever a cloud, a user or a state file supplied is escaped; the only control characters are our own line ends and,
with `colour`, our own colours.
"""

from __future__ import annotations

from reconciler.errors import CloudError, ManifestError, StateNotSaved, StateRightsMissing, VoicectlError
from reconciler.hints import command
from reconciler.model.events import Event, Kind, Tally
from reconciler.model.manifest import AUDIO, Manifest
from reconciler.model.notes import notes
from reconciler.model.time_format import duration
from reconciler.views import hints
from reconciler.views.escape import escape
from reconciler.views.layout import Style, counted, painted
from reconciler.views.render_options import PLAIN, Detail, RenderOptions
from reconciler.views.screen import fitted
from reconciler.views.text_plan import blocked_together, drift, plan
from reconciler.views.text_state import history, output, record, state, state_list, switches, voices
from reconciler.views.text_survey import survey

__all__ = [
    "Detail",
    "applied",
    "blocked_together",
    "drift",
    "error",
    "event",
    "history",
    "manifest_ok",
    "output",
    "plan",
    "record",
    "state",
    "state_list",
    "survey",
    "switches",
    "voices",
]


def error(error: VoicectlError, options: RenderOptions = PLAIN) -> str:
    """An error: its title, what and where, and the hint. For a manifest one line for each problem, like a compiler."""
    head = f"{painted('Error:', Style.ALARM, options)} {painted(escape(error.headline), Style.BOLD, options)}"
    if isinstance(error, ManifestError):
        listed = "\n".join(escape(str(problem)) for problem in error.problems)
        known = "\n".join(f"Note: {escape(note)}" for note in error.notes)
        parts = [head, listed, known, f"{counted(len(error.problems), 'problem')}."]
    else:
        parts = [head, _facts(error), escape(_from_the_cloud(error))]
    parts.append("\n".join(painted(way, Style.HINT, options) for way in hints.lines(error.hint, options)))
    return fitted("\n\n".join(part for part in parts if part), options)


def _facts(error: VoicectlError) -> str:
    """The detail on one line. A list of records or statements keeps its lines, indented: none looks like a message."""
    if not isinstance(error, StateNotSaved | StateRightsMissing):
        return escape(error.below)
    first, *listed = error.detail.split("\n")
    return "\n".join([escape(first), *(f"  {escape(line.strip())}" for line in listed)])


def _from_the_cloud(error: VoicectlError) -> str:
    """The error code and request id, which the support of the cloud will ask for."""
    if not isinstance(error, CloudError):
        return ""
    ids = (("code", error.code), ("request", error.request_id))
    return ", ".join(f"{name} {given}" for name, given in ids if given and given not in error.detail)


def event(event: Event, options: RenderOptions = PLAIN) -> str:
    """One line: `narrator: create: done, voice_id 850087542757535834 (2.1 s)`."""
    if event.kind is Kind.SUMMARY:
        return applied(event.tally or Tally(), options)
    words, style = _happened(event.kind)
    line = painted(words, style, options) if style else words
    if event.voice_id is not None:
        line += f", voice_id {escape(event.voice_id)}"
    aside = _how_far(event)
    if event.kind is Kind.DONE and event.detail:  # how long it took
        aside.insert(0, escape(event.detail))
    elif event.detail:
        line += f": {escape(event.detail)}"
    if aside:
        line += f" ({', '.join(aside)})"
    if event.hint:  # last, because it may end with a command
        line += f" -> {hints.on_one_line(event.hint, options)}"
    subject = (event.address, event.action) if event.address else (event.provider,)
    if event.kind is Kind.BLOCKED:  # that is its action, too
        subject = (event.address,)
    return fitted(": ".join([*(escape(word) for word in subject if word), line]), options)


def _happened(kind: Kind) -> tuple[str, Style | None]:
    match kind:
        case Kind.STARTED:
            return "started", None
        case Kind.ACCEPTED:
            return "accepted, its task runs", None
        case Kind.RETRYING:
            return "trying again", Style.YELLOW
        case Kind.DONE:
            return "done", Style.GREEN
        case Kind.FAILED:
            return "failed", Style.RED
        case Kind.UNCERTAIN:
            return "uncertain", Style.RED
        case Kind.BLOCKED:
            return "blocked", Style.RED
        case Kind.SLOWED:
            return "slowed down", Style.YELLOW
        case Kind.STOPPED:
            return "stopped, nothing new is started", Style.RED
        case Kind.WRITTEN:
            return "written", None
        case Kind.REMOVED:
            return "removed", None
        case Kind.UNWRITTEN:
            return "not written", Style.RED
        case Kind.SUMMARY:
            return "finished", None


def _how_far(event: Event) -> list[str]:
    ends = event.kind in (Kind.DONE, Kind.FAILED, Kind.UNCERTAIN, Kind.BLOCKED)
    if event.tally is None or not ends:
        return []
    tally = event.tally
    return [f"{tally.done + tally.failed + tally.uncertain + tally.blocked} of {tally.total}"]


def applied(tally: Tally, options: RenderOptions = PLAIN) -> str:
    """`Applied: 48 done, 1 failed, 1 blocked; 51 calls in 12.3 s.`, and the hint for unfinished changes."""
    counts = (
        (tally.done, "done"),
        (tally.failed, "failed"),
        (tally.uncertain, "uncertain"),
        (tally.blocked, "blocked"),
        (tally.running, "still running"),
        (tally.left, "not begun"),
    )
    counted_ends = ", ".join(f"{count} {word}" for count, word in counts if count) or "nothing to do"
    well = not (tally.failed or tally.uncertain or tally.blocked or tally.left)
    head = painted(f"Applied: {counted_ends}", Style.GREEN if well else Style.YELLOW, options)
    calls = f"; {counted(tally.calls, 'call')} in {duration(tally.seconds)}" if tally.calls else ""
    reported = ", ".join(f"{escape(name)} {escape(charge)}" for name, charge in tally.charges.items())
    charged = [f"Reported charges: {reported}."] if reported else []
    return fitted(" ".join([f"{head}{calls}.", *charged, *_ways_on(tally, options)]), options)


def _ways_on(tally: Tally, options: RenderOptions) -> list[str]:
    ways: list[str] = []
    if tally.left or tally.running:
        again = hints.command_line(command("apply"), options)
        ways.append(f"To continue, run {again} again.")
    if tally.failed:
        ways.append("The reasons of failures are above.")
    if tally.uncertain:
        resolve = hints.command_line(command("resolve ADDRESS"), options)
        ways.append(f"Check the uncertain voices, then: {resolve}.")
    if tally.blocked:
        ways.append("The reasons of blocked changes are above.")
    return ways


def manifest_ok(manifest: Manifest) -> str:
    """`voices.yaml is valid: 12 voices, 1 provider.`, after the remarks on the manifest."""
    name = "This folder" if manifest.name == "." else escape(manifest.name)
    sounds = sum(address.startswith(AUDIO) for address in manifest.voices)
    declared = [counted(len(manifest.voices) - sounds, "voice")]
    declared += [counted(sounds, "sound")] if sounds else []
    declared.append(counted(len(manifest.providers), "provider"))
    known = [f"Note: {escape(note)}" for note in notes(manifest, manifest.voices.values())]
    return "\n".join([*known, f"{name} is valid: {', '.join(declared)}."])
