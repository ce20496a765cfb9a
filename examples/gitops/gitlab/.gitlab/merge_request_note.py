"""Writes the plan into one note of the merge request, and updates that note at the next push.

    python merge_request_note.py voices.plan

It needs VOICES_NOTE_TOKEN: a project access token with the role Reporter and the scope api, as a masked variable. The
token of a job may not write notes. Outside of a merge request it does nothing.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen


def main() -> None:
    request = os.environ.get("CI_MERGE_REQUEST_IID")
    if not request:
        return
    if not os.environ.get("VOICES_NOTE_TOKEN"):
        sys.exit("Set the variable VOICES_NOTE_TOKEN, so that this job can write a note.")
    mark = f"<!-- voicectl:plan:{os.environ['VOICECTL_FILE']} -->"  # the first line of the note
    notes = f"projects/{os.environ['CI_PROJECT_ID']}/merge_requests/{request}/notes"
    body = document(sys.argv[1]) or f"{mark}\nThere is no plan of {os.environ['CI_COMMIT_SHA']}. Its log says why."
    own = find(notes, mark)
    if own is None:
        call("POST", notes, body)
    else:
        call("PUT", f"{notes}/{own}", body)


def document(plan: str) -> str:
    """The plan as Markdown; empty if there is none."""
    if not Path(plan).exists():
        return ""
    command = ["voicectl", "show", plan, "--format", "markdown"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


def find(notes: str, mark: str) -> int | None:
    """The id of our own note with this mark."""
    me = call("GET", "user")["id"]
    page = 1
    while found := call("GET", f"{notes}?sort=asc&per_page=100&page={page}"):
        for note in found:
            if note["author"]["id"] == me and note["body"].startswith(mark):
                return note["id"]
        page += 1
    return None


def call(method: str, path: str, body: str | None = None):
    headers = {"PRIVATE-TOKEN": os.environ["VOICES_NOTE_TOKEN"], "Content-Type": "application/json"}
    content = None if body is None else json.dumps({"body": body}).encode()
    request = Request(f"{os.environ['CI_API_V4_URL']}/{path}", content, headers, method=method)
    with urlopen(request, timeout=30) as answer:
        return json.load(answer)


if __name__ == "__main__":
    main()
