"""The manifest's JSON Schema is up to date and agrees with the loader. UPDATE_GOLDEN=1 writes it again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from reconciler.model.schema import manifest_schema

COMMITTED = Path(__file__).parents[2] / "schemas" / "manifest.schema.json"
EXAMPLES = Path(__file__).parents[2] / "examples"
KLING = "providers: {kling: {type: kling}}\n"


def errors_of(text: str) -> list[str]:
    document: Any = json.loads(json.dumps(yaml.safe_load(text), default=str))  # in YAML 1.2, a date is text
    return [error.message for error in Draft202012Validator(manifest_schema()).iter_errors(document)]


def test_the_committed_schema_is_fresh() -> None:
    fresh = json.dumps(manifest_schema(), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        COMMITTED.write_text(fresh, encoding="utf-8")
    assert COMMITTED.read_text(encoding="utf-8") == fresh


def test_the_schema_is_one_of_draft_2020_12() -> None:
    Draft202012Validator.check_schema(manifest_schema())


@pytest.mark.parametrize(
    "text",
    [
        KLING,
        KLING + "voices: {}\n",
        KLING + "audio: {}\n",
        """
providers: {vod: {type: tencent-vod, sub_app_id: 221073}}
audio:
  fireworks:
    provider: vod
    task: {scene_type: sfx, prompt: Fireworks, output: {storage_mode: Temporary, duration: 6}}
    on_expiry: recreate
    labels: {film: opening}
    lifecycle: {prevent_destroy: true}
""",
        """
version: 1
providers:
  kling:
    type: kling
    region: beijing
    credentials: {api_key_env: KLING_PROD_KEY}
    timeouts: {connect: 5, operation: 15m}
    rate_limit: {create: 2.5}
    max_in_flight: 5
  proxy: {type: kling, endpoint: https://proxy.example.com/kling}
safety: {max_delete_percent: 10}
voices:
  narrator:
    provider: kling
    create: {voice_name: Narrator EN, voice_url: https://cdn.example.com/narrator.mp3}
    labels: {tier: gold, level: 3}
    lifecycle: {prevent_destroy: true, ignore_changes: [voice_url], keep_old: 24h}
  hero: {provider: kling, create: {voice_name: Hero, video_id: "12345", callback_url: https://hooks.example.com}}
  owen: {provider: kling, preset: {voice_id: "829"}}
  old: {provider: proxy, existing: {voice_id: 830}}
""",
        """
version: "${env:VERSION}"
providers: {kling: {type: kling, region: "${env:REGION}", max_in_flight: "${env:N}", rate_limit: {get: "${env:N}"}}}
safety: {max_recreate_percent: "${env:N}"}
voices:
  narrator:
    provider: "${env:PROVIDER}"
    create: {voice_name: "${env:A_NAME_LONGER_THAN_TWENTY}", voice_url: "${env:URL}"}
    lifecycle: {prevent_destroy: "${env:YES}", keep_old: "${env:AGE}"}
  owen: {provider: kling, preset: {voice_id: "${env:ID}"}}
""",
        KLING
        + """
defaults: {provider: kling, create: {callback_url: https://hooks.example.com}, labels: {tier: gold}}
voices: {narrator: {create: {voice_name: Narrator, video_id: "1"}}}
""",
        KLING
        + """
include: [../cast.yaml, more.yaml]
variables:
  host:
  take: {type: number, default: 1, one_of: [1, 2]}
  paid: {type: bool, default: true, description: Who pays.}
values: {host: cdn.example.com, take: 2, paid: false}
safety: {max_delete_percent: "${var:take}"}
voices:
  npc: {provider: kling, for_each: [en, 7], create: {voice_name: "${each:key}", video_id: "1"}}
  guard: {provider: kling, for_each: {en: {id: "1"}}, preset: {voice_id: "${each:value.id}"}}
""",
        *(
            f"state: {url}"
            for url in (
                "local",
                "s3://acme/voices",
                "GS://acme/voices",
                "az://acme/voices",
                "'postgresql:'",
                "postgres:///voices?name=prod",
                "https://example.com/state",
                "http://127.0.0.1/state",
                '"${env:PLACE}"',
                "{url: s3://acme/voices, lease: 30s}",
                '{url: "s3://${env:BUCKET}/voices"}',
                "{lease: 30s}",
                "{encryption: {key_file: key}}",
                "{encryption: {key_file: key, command: [pass, show, voices], old: [{passphrase_env: OLD}]}}",
            )
        ),
    ],
)
def test_what_people_write_is_valid(text: str) -> None:
    assert errors_of(text) == []


NO_MANIFESTS = {*(EXAMPLES / "watch").rglob("*.yaml"), *EXAMPLES.rglob(".*.yaml")}  # for Kubernetes and for pre-commit
MANIFESTS = sorted(set(EXAMPLES.rglob("*.yaml")) - NO_MANIFESTS)


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_example_is_valid(file: Path) -> None:
    assert errors_of(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "version: 2",
        "audio: {fireworks: {provider: vod}}",
        "audio: {fireworks: {provider: vod, task: }}",
        "audio: {fireworks: {task: {prompt: Fireworks}}}",
        "audio: {fireworks: {provider: vod, task: {prompt: Fireworks, duration: 6}}}",
        "defaults: {provider: vod}\naudio: {fireworks: {task: {prompt: Fireworks}}}",
        "providers: {kling: {type: klingon}}",
        "providers: {kling: {region: beijing}}",
        "providers: {kling: {type: kling, region: osaka}}",
        "providers: {kling: {type: kling, max_in_flight: many}}",
        "voices: {1st: {provider: kling, preset: {voice_id: '1'}}}",
        "voices: {a: {preset: {voice_id: '1'}}}",
        "voices: {a: {provider: kling}}",
        "voices: {a: {provider: kling, preset: {voice_id: '1'}, existing: {voice_id: '1'}}}",
        "voices: {a: {provider: kling, preset: {voice_id: owen}}}",
        "voices: {a: {provider: kling, preset: }}",
        "voices: {a: {provider: kling, create: {voice_name: A}}}",
        "voices: {a: {provider: kling, create: {voice_name: A, video_id: '1', voice_url: https://x.example.com/a}}}",
        "voices: {a: {provider: kling, create: {voice_name: A, voice_url: ftp://x.example.com/a.mp3}}}",
        "voices: {a: {provider: kling, create: {voice_name: Narrator in warm English, video_id: '1'}}}",
        "voices: {a: {provider: kling, create: {voice_name: A, video_id: '1', external_task_id: mine}}}",
        "voices: {a: {provider: kling, preset: {voice_id: '1'}, lifecycle: {keep_old: a while}}}",
        "safety: {max_delete_percent: 101}",
        "include: cast.yaml",
        "variables: {take: '1'}",
        "variables: {take: {type: text}}",
        "values: {take: [1]}",
        "defaults: {for_each: [en]}",
        "voices: {a: {provider: kling, for_each: [a b], preset: {voice_id: '1'}}}",
        "voices: {a: {provider: kling, for_each: {_a: 1}, preset: {voice_id: '1'}}}",
        "voices: {a: {provider: kling, for_each: en, preset: {voice_id: '1'}}}",
        "defaults: {create: {voice_nmae: A}}",
        "state: 7",
        "state: {url: 7}",
        "state: voices.state.json",
        "state: {url: ftp://example.com/state}",
        "state: {url: 's3:'}",
        "state: {encryption: {migrate: true}}",
        "state: {encryption: {key_file: key, old: [{}]}}",
        "state: {encryption: {key_file: key, old: [{key_file: old, passphrase_env: OLD}]}}",
    ],
)
def test_what_the_loader_refuses_is_invalid(text: str) -> None:
    assert errors_of(text) != []


def test_every_key_is_explained() -> None:
    assert list(unexplained(manifest_schema(), "manifest")) == []


def unexplained(schema: Any, where: str) -> Iterator[str]:
    """The properties without a description in a schema, and in all schemas inside it."""
    if isinstance(schema, list):
        for inner in schema:
            yield from unexplained(inner, where)
    if isinstance(schema, dict):
        for name, inner in schema.get("properties", {}).items():
            if not inner.get("description"):
                yield f"{where}: {name}"
        for keyword, inner in schema.items():
            if keyword not in ("then", "else"):  # they say more about `voices`, which is explained under `properties`
                yield from unexplained(inner, f"{where}/{keyword}")
