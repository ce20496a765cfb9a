"""Kling's Custom Voice API: takes a request, returns an answer. It checks Kling's limits and keeps no state.

Source of the limits: Kling's page Voice Management. Source of the messages: answers of the real API.
"""

from __future__ import annotations

import json
import re
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from reconciler.sandbox.http import Answer, Dropped, Request, Response
from reconciler.sandbox.kling import auth, responses
from reconciler.sandbox.kling.responses import PRESETS, Json, Refusal, Result
from reconciler.sandbox.request_context import RequestContext
from reconciler.sandbox.task import Task
from reconciler.sandbox.world import World

_ROOT = "/v1/general/"
_LONGEST_NAME = 20  # characters
_LAST_PAGE = _LARGEST_PAGE = 1000
_PAGE_SIZE = 30  # the default
_OVER_THE_PACK = "parallel task over resource pack limit"
_UNDOCUMENTED = "reviewing"  # a task_status that is not documented
_HTML = b"<html><head><title>200 OK</title></head><body><h1>Gateway</h1></body></html>"


class _Action(StrEnum):
    CREATE = "create"
    GET = "get"
    LIST = "list"
    PRESETS = "presets"
    DELETE = "delete"


_ROUTES = {
    "custom-voices": {"POST": _Action.CREATE, "GET": _Action.LIST},
    "custom-voices/": {"GET": _Action.GET},
    "presets-voices": {"GET": _Action.PRESETS},
    "delete-voices": {"POST": _Action.DELETE},
}
_WRITES = frozenset({_Action.CREATE, _Action.DELETE})


def answer(world: World, request: Request) -> Answer:
    """Kling's answer to a request."""
    try:
        account = auth.account_of(request.headers.get("authorization"), world.now())
        action, wanted = _route(request)
    except Refusal as refusal:
        with world.request("", "refused") as context:
            return responses.refused(refusal, context.request_id())
    with world.request(account, action) as context:
        try:
            _check_rate(context, action)
            result = _run_action(context, request, action=action, wanted=wanted)
        except Refusal as refusal:  # inside the transaction, because a refused call is counted too
            return responses.refused(refusal, context.request_id())
        return _lost_answer(context, action) or responses.succeeded(result, context.request_id())


def _route(request: Request) -> tuple[_Action, str]:
    """The action, and for GET the id in the path. A gateway may put a prefix before /v1/general/."""
    _, root, place = request.path.partition(_ROOT)
    name, slash, wanted = place.partition("/")
    methods = _ROUTES.get(name + slash) if root and bool(slash) == bool(wanted) and "/" not in wanted else None
    if methods is None:
        raise Refusal(404, 1203, f"The requested resource does not exist: {unquote(request.path)}")
    if request.method not in methods:
        raise Refusal(404, 1202, f"The requested method is not valid: {request.method}")
    return methods[request.method], unquote(wanted)


def _check_rate(context: RequestContext, action: _Action) -> None:
    if context.stormy and action is _Action.CREATE and context.now // 1000 % 2:
        raise Refusal(429, 1303, _OVER_THE_PACK)
    too_fast = context.stormy or (action in _WRITES and not context.within_rate())
    if too_fast or context.happens("throttle", context.faults.throttle):
        raise Refusal(429, 1302, "The API request rate limit has been exceeded")


def _run_action(context: RequestContext, request: Request, *, action: _Action, wanted: str) -> Result:
    match action:
        case _Action.CREATE:
            return _create(context, _parse_body(request))
        case _Action.GET:
            return _get(context, wanted)
        case _Action.LIST:
            number, size = _page_parameters(context, request)
            return [_task_with_faults(context, creation) for creation in context.page(number, size)]
        case _Action.PRESETS:
            number, size = _page_parameters(context, request)
            official = list(PRESETS.items())[(number - 1) * size : number * size]
            return [responses.preset(voice_id, name, context.now) for voice_id, name in official]
        case _Action.DELETE:
            return _delete(context, _parse_body(request))


def _create(context: RequestContext, body: Json) -> Json:
    voice_name = _string(body, "voice_name")
    voice_url, video_id, key = _string(body, "voice_url"), _string(body, "video_id"), _string(body, "external_task_id")
    if not 1 <= len(voice_name) <= _LONGEST_NAME:
        raise Refusal(400, 1201, f"voice_name must have 1 to {_LONGEST_NAME} characters")
    if bool(voice_url) == bool(video_id):  # Kling's own example sends the other one empty
        raise Refusal(400, 1201, "Exactly one of voice_url and video_id is required")
    file_name = _file_name(voice_url) if voice_url else ""
    if key and context.with_key(key):
        raise Refusal(400, 1201, f"External_task_id {key} already exists")
    if context.faults.unique_names and context.name_in_use(voice_name):
        raise Refusal(400, 1201, f"Voice name {voice_name} already exists")
    if "refused" in file_name:
        raise Refusal(400, 1301, "The request triggers the content security policy of the platform")
    if context.faults.pack_exhausted:
        raise Refusal(429, 1102, "Account balance not enough")
    cap = context.faults.in_flight_cap
    if cap is not None and context.in_flight() >= cap:
        raise Refusal(429, 1303, _OVER_THE_PACK)
    failure = None
    if "bad" in file_name:
        failure = "The audio does not hold exactly one clean human voice of 5 to 30 seconds"
    elif context.happens("fail", context.faults.fail):
        failure = "The voice could not be customized"
    seconds = None if context.happens("stuck", context.faults.stuck_tasks) else context.faults.task_seconds
    return responses.accepted(context.begin(voice_name, key=key or None, seconds=seconds, failure=failure))


def _get(context: RequestContext, wanted: str) -> Json:
    found = context.with_task(wanted) or context.with_key(wanted)
    if found is None or not context.shows(found):
        raise Refusal(400, 1201, f"Task not found by id/external id: {wanted}")
    return _task_with_faults(context, found)


def _task_with_faults(context: RequestContext, creation: Task) -> Json:
    """The fields of a task in lists and look-ups. The faults are drawn for each call."""
    task = responses.task(creation, context.now, context.faults.deleted_voice)
    if context.happens(f"unknown status of {creation.number}", context.faults.unknown_status):
        task["task_status"] = _UNDOCUMENTED
    if context.happens(f"voiceless {creation.number}", context.faults.voiceless):
        for voice in task.get("task_result", {}).get("voices", ()):
            del voice["voice_id"]
    return task


def _delete(context: RequestContext, body: Json) -> Json:
    """Deletes a voice. Answers the whole task, as the real API does; the docs show task_id and task_status only."""
    voice_id = _string(body, "voice_id")
    if not voice_id:
        raise Refusal(400, 1201, "voice_id is required")
    if voice_id in PRESETS:
        raise Refusal(400, 1201, f"Only custom voices can be deleted, not an official one: {voice_id}")
    found = context.living(voice_id)
    if found is None:
        raise Refusal(400, 1201, f"Voice not found or already deleted for id: {voice_id}")
    context.delete(found)
    return responses.task(found, context.now, context.faults.deleted_voice)


def _lost_answer(context: RequestContext, action: _Action) -> Answer | None:
    """The answer that replaces the real one after the work, by the faults. None: the real answer is sent."""
    faults = context.faults
    if action not in _WRITES and not faults.faulty_reads:
        return None
    if context.happens("reply lost", faults.reply_lost):
        return Dropped()
    if context.happens("error", faults.error_after_work):
        return responses.refused(Refusal(500, 5000, "Server internal error"), context.request_id())
    if context.happens("garbage", faults.garbage):
        return Response(200, _HTML, content_type="text/html")
    return None


def _parse_body(request: Request) -> Json:
    """The request's parameters. Unknown ones are ignored, as at Kling."""
    try:
        body: Any = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Refusal(400, 1200, "The request body is not valid JSON") from None
    if not isinstance(body, dict):
        raise Refusal(400, 1200, "The request body is not a JSON object")
    return body


def _string(body: Json, name: str) -> str:
    """A string parameter; empty if it is missing or null."""
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refusal(400, 1201, f"{name} must be a string")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Refusal(400, 1201, f"{name} is not valid text") from None
    return value


def _file_name(url: str) -> str:
    if not re.match(r"(?i)https?://[^\s/?#]", url):
        raise Refusal(400, 1201, "voice_url must be an http or https URL")
    try:
        return urlsplit(url).path.rpartition("/")[2].lower()
    except ValueError:
        raise Refusal(400, 1201, "voice_url is not a valid URL") from None


def _page_parameters(context: RequestContext, request: Request) -> tuple[int, int]:
    parameters = parse_qs(request.query, keep_blank_values=True)
    number = _number(parameters, "pageNum", default=1, last=_LAST_PAGE)
    size = _number(parameters, "pageSize", default=_PAGE_SIZE, last=_LARGEST_PAGE)
    return number, min(size, context.faults.page_cap or size)


def _number(parameters: dict[str, list[str]], name: str, *, default: int, last: int) -> int:
    text = parameters.get(name, [str(default)])[-1]
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= last:
        raise Refusal(400, 1201, f"{name} must be an integer from 1 to {last}")
    return int(text)
