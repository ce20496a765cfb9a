"""Examples of mappings, for messages about a list or text in place of a mapping."""

from __future__ import annotations

from reconciler.loader.environment import is_secret
from reconciler.loader.source_map import Path
from reconciler.loader.yaml_values import Value
from reconciler.model.address import is_name
from reconciler.model.variables import may_be_key

_SECTIONS = {
    "providers": "kling: {type: kling}",
    "voices": "narrator: {provider: kling, create: {...}}",
    "audio": "fireworks: {provider: vod, task: {...}}",
}
_MAPPINGS = {
    "activate": "{text: Hello.}",
    "additional_parameters": "{tempo: 120}",
    "audio": "{url: https://cdn.example.com/voice.mp3}",
    "create": "{voice_name: Narrator, voice_url: https://cdn.example.com/narrator.mp3}",
    "credentials": "{api_key_env: KLING_PROD_KEY}",
    "defaults": "{provider: kling}",
    "encryption": "{passphrase_env: VOICES_KEY}, or with key_file: PATH, or command: [PROGRAM, ARGUMENT]",
    "existing": '{voice_id: "829000000000000001"}',
    "labels": "{team: film}",
    "lifecycle": "{prevent_destroy: true}",
    "old": "{passphrase_env: OLD_KEY}",
    "output": "{storage_mode: Temporary, duration: 6}",
    "preset": '{voice_id: "829000000000000001"}',
    "prompt_audio": "{file: concierge.wav}, or with url or file_id where the cloud takes them",
    "rate_limit": "{create: 5}",
    "safety": "{max_delete_percent: 30}",
    "task": "{prompt: Fireworks, output: {duration: 6}}",
    "timeouts": "{read: 60s}",
}
_LISTS = {"command": "[pass, show, voices]", "old": "[{passphrase_env: OLD_KEY}]"}
_NAMES = ("name", "address", "id")


def form(path: Path, value: Value) -> str:
    """The text after `should be a mapping`: an example, or empty."""
    section = path[0] if len(path) == 1 and path[0] in _SECTIONS else None
    first = value[0] if isinstance(value, list) and value else None
    if isinstance(first, dict):
        return _without_dashes(first, section)
    if section is not None:
        return f", such as {_SECTIONS[str(section)]}"
    if len(path) == 2 and path[0] == "providers":
        return ", such as {type: kling}"
    known = _MAPPINGS.get(_last_key(path))
    return f", such as {known}" if known else ""


def list_form(path: Path) -> str:
    """The text after `should be a list`: an example, or empty."""
    known = _LISTS.get(_last_key(path))
    return f", such as {known}" if known else ""


def _last_key(path: Path) -> str:
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def _without_dashes(first: dict[str, Value], section: object) -> str:
    if section is None:
        keys = [key for key in first if key.isidentifier() and not may_be_key(key)][:1]
        return f": write its keys without -, such as {keys[0]}: ..." if keys else ": write its keys without -"
    for key in _NAMES:
        name = first.get(key)
        if isinstance(name, str) and not is_secret(name) and is_name(name):
            return f": write {name}: in place of - {key}: {name}, and its other keys below that"
    return f": each entry has a name in place of the -, such as {_SECTIONS[str(section)]}"
