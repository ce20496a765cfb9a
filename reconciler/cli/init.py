"""init: writes a commented manifest to start from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from reconciler.cli.context import global_options, on_one_line, options, say
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import UsageError
from reconciler.hints import hint, way

_SCHEMA = "manifest.schema.json"
_MANIFEST = """\
# yaml-language-server: $schema=manifest.schema.json
# (for completion in an editor; after an upgrade: voicectl schema manifest > manifest.schema.json)
#
# The voices that should exist. `voicectl plan` shows the difference, `voicectl apply` creates and deletes them.
# Try it without an account: voicectl --sandbox apply
version: 1

# state: s3://acme-states/voices   # for a team or a pipeline: also gs://, az://, postgresql://, https://

providers:
  kling:                # a provider is a named account; its keys come from the environment:
    type: kling         #   KLING_API_KEY, or KLING_ACCESS_KEY and KLING_SECRET_KEY
    # region: beijing   # singapore unless said
  # vod:                # Tencent Cloud; TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY
  #   type: tencent-vod
  #   sub_app_id: 221073
  # trtc: {type: tencent-trtc, sdk_app_id: 1466000000}

# defaults:             # merged into each voice
#   provider: kling

voices:
  narrator:             # the address: unique, stable, what people and code call the voice
    provider: kling
    create:             # a public .mp3, .wav, .mp4 or .mov of 5 to 30 seconds with one clean voice
      voice_name: Narrator
      voice_url: https://cdn.example.com/narrator.mp3
    # labels: {team: film}                     # kept in the state and in the outputs
    # lifecycle: {prevent_destroy: true}       # block its deletion and replacement

  # owen:
  #   provider: kling
  #   preset: {voice_id: "829000000000000001"}  # an official voice: voicectl voices kling --presets

  # hero:
  #   provider: vod
  #   create: {voice_name: Hero, voice_url: https://cdn.example.com/hero.mp3}

  # concierge:
  #   provider: trtc
  #   clone: {voice_name: concierge_01, prompt_audio: {file: concierge.wav}, language: en}  # 10 to 180 s, one voice

# audio:
#   fireworks:            # a sound, no voice
#     provider: vod
#     task: {scene_type: sfx, prompt: Fireworks, output: {storage_mode: Temporary, duration: 6}}

# outputs: [{path: voices.env, format: dotenv}]  # apply writes it for applications; or json, yaml, tfvars, csv
"""


@click.command(cls=Subcommand)
@global_options
def init() -> int:
    """Write a commented manifest to start from.

    Also writes manifest.schema.json beside it, for completion in an editor. Never overwrites existing files.
    """
    workspace = options().workspace()
    path = workspace.manifest
    try:
        _write_new(path, _MANIFEST)
    except FileExistsError:
        other = replace(workspace, manifest=Path("NAME.yaml")).options
        raise UsageError(f"{path} already exists.", hint(way("Another name", "init", place=other))) from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.") from None
    wrote = f"{path} and {_SCHEMA}" if _write_schema(path.with_name(_SCHEMA)) else f"{path}"
    in_sandbox = replace(workspace, sandbox=True).options
    say(f"Wrote {wrote}. {on_one_line(hint(way('Next', 'plan', place=in_sandbox)))}")
    return 0


def _write_schema(path: Path) -> bool:
    """Writes the schema if there is none. Returns whether it did; a failure is ignored: only editors need the file."""
    from reconciler.model.schema import manifest_schema
    from reconciler.views.json_documents import dumps

    try:
        _write_new(path, f"{dumps(manifest_schema())}\n")
    except OSError:
        return False
    return True


def _write_new(path: Path, text: str) -> None:
    """Writes a file that is not there yet, whole or not at all: a full disk takes only a part."""
    with path.open("x", encoding="utf-8") as file:
        try:
            file.write(text)
            file.flush()
        except OSError:
            path.unlink()
            raise
