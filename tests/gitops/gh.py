"""A stand-in for GitHub's command line, `gh`: what our workflows call, and nothing else.

It keeps comments, issues and artifacts in a folder, and refuses what GitHub refuses: a token without the permission, a
body that is too long, a number that does not exist. The folder is $FAKE_GITHUB; a job's token is a file in it.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qs, urlsplit

LONGEST_BODY = 65_536  # characters
REPOSITORY = "acme/voices"
STORE = Path(os.environ.get("FAKE_GITHUB", ""))
BOT = {"login": "github-actions[bot]"}


def main(words: list[str]) -> None:
    if not os.environ.get("GH_TOKEN"):
        fail("gh: To use GitHub CLI in a GitHub Actions workflow, set the GH_TOKEN environment variable.", code=4)
    if words[:1] == ["api"]:
        api(words[1:])
    elif words[:2] == ["run", "download"]:
        download(words[2:])
    else:
        fail(f"unknown command {words} for gh")


def download(words: list[str]) -> None:
    parser = argparse.ArgumentParser("gh run download", allow_abbrev=False)
    parser.add_argument("run")
    parser.add_argument("--repo", required=True)
    parser.add_argument("--name", required=True)
    asked = parser.parse_args(words)
    require({"actions": ("read", "write")})
    folder = STORE / "artifacts" / asked.run / asked.name
    if asked.repo != REPOSITORY or not folder.is_dir():
        fail("no valid artifacts found to download")
    for file in folder.iterdir():
        if Path(file.name).exists():
            fail(f"error extracting zip archive: {file.name}: file exists")
        shutil.copy(file, file.name)


def api(words: list[str]) -> None:
    parser = argparse.ArgumentParser("gh api", allow_abbrev=False)
    parser.add_argument("endpoint")
    parser.add_argument("--method")
    parser.add_argument("--field", action="append", default=[])
    parser.add_argument("--jq")
    parser.add_argument("--paginate", action="store_true")
    parser.add_argument("--silent", action="store_true")
    asked = parser.parse_args(words)
    method = asked.method or ("POST" if asked.field else "GET")
    url = urlsplit(asked.endpoint)
    query = {name: values[-1] for name, values in parse_qs(url.query, strict_parsing=bool(url.query)).items()}
    with locked():
        answer = answered(method, url.path, query, dict(field(given) for given in asked.field))
    if asked.silent:
        return
    size = min(int(query.get("per_page", 30)), 100)
    for page in pages(answer, size, every=asked.paginate):
        show(page, asked.jq)


def field(given: str) -> tuple[str, Any]:
    """As `gh api --field` reads it: true, false, null and numbers are values, @FILE is what the file holds."""
    name, _, value = given.partition("=")
    if value.startswith("@"):
        return name, Path(value[1:]).read_text(encoding="utf-8")
    literals = {"true": True, "false": False, "null": None}
    return name, literals[value] if value in literals else int(value) if re.fullmatch("-?[0-9]+", value) else value


def answered(method: str, path: str, query: Mapping[str, str], fields: Mapping[str, Any]) -> Any:
    route = path.removeprefix(f"repos/{REPOSITORY}/")
    comment, issue = re.fullmatch(r"issues/comments/(\d+)", route), re.fullmatch(r"issues/(\d+)", route)
    of_issue = re.fullmatch(r"issues/(\d+)/comments", route)
    if route == "actions/artifacts" and method == "GET" and set(query) == {"name"}:
        require({"actions": ("read", "write")})
        return {"artifacts": [each for each in reversed(load("artifacts")) if each["name"] == query["name"]]}
    if re.fullmatch("commits/[a-z]+", route) and method == "GET" and not query:
        require({"contents": ("read", "write")})
        return {"sha": (STORE / route.replace("/", "-")).read_text()}
    allowed = ("read", "write") if method == "GET" else ("write",)
    require({"issues": allowed} if route == "issues" or issue else {"issues": allowed, "pull-requests": allowed})
    if len(str(fields.get("body", ""))) > LONGEST_BODY or fields.get("body", "x") == "":
        fail("gh: Validation Failed (HTTP 422)")
    match method:
        case "GET" if of_issue and set(query) <= {"per_page"}:
            return [each for each in load("comments") if each["issue"] == int(of_issue[1])]
        case "POST" if of_issue and set(fields) == {"body"}:
            existing(load("issues"), "number", int(of_issue[1]))
            return added("comments", {"issue": int(of_issue[1]), "user": BOT} | dict(fields))
        case "PATCH" if comment and set(fields) == {"body"}:
            return changed("comments", "id", int(comment[1]), fields)
        case "GET" if route == "issues" and set(query) <= {"state", "per_page"}:
            return [each for each in load("issues") if each["state"] == query.get("state", "open")]
        case "POST" if route == "issues" and set(fields) == {"title", "body"}:
            return added("issues", {"user": BOT, "state": "open"} | dict(fields))
        case "PATCH" if issue and set(fields) <= {"body", "state", "state_reason"}:
            return changed("issues", "number", int(issue[1]), fields)
    return fail(f"gh: Not Found (HTTP 404): {method} {path} {dict(query)} {sorted(fields)}")


def require(permissions: Mapping[str, tuple[str, ...]]) -> None:
    """One of these permissions, at one of its levels. A token is good while its job runs."""
    token = STORE / "tokens" / os.environ["GH_TOKEN"]
    if not token.is_file():
        fail("gh: Bad credentials (HTTP 401)")
    held = json.loads(token.read_text())
    if not any(held.get(name) in levels for name, levels in permissions.items()):
        fail("gh: Resource not accessible by integration (HTTP 403)")


def pages(answer: Any, size: int, *, every: bool) -> Iterator[Any]:
    if not isinstance(answer, list):
        yield answer
        return
    last = max(len(answer), 1) if every else 1
    for begin in range(0, last, size):
        yield answer[begin : begin + size]


def show(page: Any, query: str | None) -> None:
    if query is None:
        print(json.dumps(page))
        return
    ran = subprocess.run(["jq", "-r", query], input=json.dumps(page), text=True, check=False)
    if ran.returncode:
        sys.exit(1)


def load(name: str) -> list[dict[str, Any]]:
    file = STORE / f"{name}.json"
    found: list[dict[str, Any]] = json.loads(file.read_text()) if file.exists() else []
    return found


def added(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    entries = load(name)
    number = max((each.get("number", each["id"]) for each in entries), default=100) + 1
    entry |= {"id": number, "number": number}
    (STORE / f"{name}.json").write_text(json.dumps([*entries, entry]))
    return entry


def changed(name: str, key: str, number: int, fields: Mapping[str, Any]) -> dict[str, Any]:
    entries = load(name)
    found = existing(entries, key, number)
    if found["user"] != BOT:
        fail("gh: Resource not accessible by integration (HTTP 403)")
    found |= fields
    (STORE / f"{name}.json").write_text(json.dumps(entries))
    return found


def existing(entries: list[dict[str, Any]], key: str, number: int) -> dict[str, Any]:
    found = next((each for each in entries if each[key] == number), None)
    return found if found is not None else fail("gh: Not Found (HTTP 404)")


@contextmanager
def locked() -> Iterator[None]:
    with (STORE / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fail(words: str, *, code: int = 1) -> NoReturn:
    print(words, file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
