"""Tencent Cloud's API 3.0: a request in, an answer out, for each of its products alike. What they do is theirs.

Source of the order of checks: the common error codes. HTTP says 200 to whatever was understood as a call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.sandbox.http import Answer, Dropped, Request, Response
from reconciler.sandbox.request_context import Turn
from reconciler.sandbox.tencent import auth, requests, responses, trtc
from reconciler.sandbox.tencent.auth import Caller
from reconciler.sandbox.tencent.requests import Action
from reconciler.sandbox.tencent.responses import Json, Refusal
from reconciler.sandbox.tencent.vod import api as vod
from reconciler.sandbox.world import World

_LARGEST_REQUEST = 10 * 1024 * 1024  # bytes; Tencent, API 3.0, signature v3: a POST
_MEDIA_TYPE = "application/json"
_HTML = b"<html><head><title>200 OK</title></head><body><h1>Gateway</h1></body></html>"


@dataclass(frozen=True, slots=True)
class _Product:
    version: str
    actions: Mapping[str, Action]
    regions: frozenset[str] = frozenset()  # the only ones; empty: none is needed, and any will do


_PRODUCTS = {
    "vod": _Product("2018-07-17", vod.ACTIONS),
    "trtc": _Product("2019-07-22", trtc.ACTIONS, regions=frozenset({"ap-singapore"})),
}


def is_meant(request: Request) -> bool:
    """A call of API 3.0: the action stands in a header, and there is one signature."""
    told = request.headers
    return "x-tc-action" in told or told.get("authorization", "").lstrip().startswith(auth.ALGORITHM)


def answer(world: World, request: Request) -> Answer:
    try:
        caller = _caller(world, request)
        name, action = _action(request, caller)
    except Refusal as refusal:
        with world.turn("", "refused") as turn:
            return responses.refused(refusal, turn.request_id(), action="-")
    with world.turn(caller.account, name) as turn:
        try:
            _keep_pace(turn, action)
            answered = _answered(turn, request, caller=caller, action=action)
        except Refusal as refusal:  # inside the transaction: a refused call counts as one
            return responses.refused(refusal, turn.request_id(), action=name)
        struck = _struck(turn, action, name)
        given = struck or responses.succeeded(answered, turn.request_id(), action=name)
        seconds = turn.faults.clone_seconds if name in trtc.SLOW else 0.0
    world.wait(seconds)
    return given


def _caller(world: World, request: Request) -> Caller:
    if request.method != "POST":
        raise Refusal("UnsupportedProtocol", f"This action takes POST requests, and not {request.method}.")
    if len(request.body) > _LARGEST_REQUEST:
        raise Refusal("RequestSizeLimitExceeded", f"The request is larger than {_LARGEST_REQUEST} bytes.")
    if request.headers.get("content-type") != _MEDIA_TYPE:
        raise Refusal("InvalidRequest", f"The Content-Type must be {_MEDIA_TYPE}.")
    return auth.caller_of(request, world.now())


def _action(request: Request, caller: Caller) -> tuple[str, Action]:
    product = _PRODUCTS.get(caller.product)
    if product is None:
        raise Refusal("NoSuchProduct", f"There is no product {caller.product}.")
    name, version, region = (_header(request, f"x-tc-{word}") for word in ("action", "version", "region"))
    if not name or not version:
        raise Refusal("MissingParameter", f"The request header X-TC-{'Version' if name else 'Action'} is missing.")
    if version != product.version:
        raise Refusal("NoSuchVersion", f"The version {version} of {caller.product} does not exist.")
    if name not in product.actions:
        raise Refusal("InvalidAction", f"The action {name} does not exist in this version of {caller.product}.")
    if product.regions and not region:
        raise Refusal("MissingParameter", "The request header X-TC-Region is missing.")
    if product.regions and region not in product.regions:
        raise Refusal("UnsupportedRegion", f"{name} is not offered in the region {region}.")
    return name, product.actions[name]


def _header(request: Request, name: str) -> str:
    return request.headers.get(name, "").strip()


def _keep_pace(turn: Turn, action: Action) -> None:
    if turn.stormy or not turn.within_rate(times=action.rate) or turn.happens("throttle", turn.faults.throttle):
        raise Refusal("RequestLimitExceeded", "The number of requests a second exceeds the limit of this action.")
    if turn.faults.tencent_refuses:
        raise Refusal(turn.faults.tencent_refuses, "The sandbox was told to refuse.")


def _answered(turn: Turn, request: Request, *, caller: Caller, action: Action) -> Json:
    body = requests.read(request.body, action)
    turn.enter(f"{caller.product}/{_application(body, action)}")
    return action.work(turn, body)


def _application(body: Json, action: Action) -> int:
    """One family of VOD's actions takes its number as text."""
    told = str(body.get(action.application, vod.DEFAULT_APPLICATION))
    if not told.isdecimal() or not 0 < int(told) < 2**63:
        code = "InvalidParameterValue.SubAppId" if action.application == "SubAppId" else "InvalidParameter"
        raise Refusal(code, f"There is no application {told}.")
    return int(told)


def _struck(turn: Turn, action: Action, name: str) -> Answer | None:
    """The work is done; does its answer arrive?"""
    faults = turn.faults
    if action.reads and not faults.faulty_reads:
        return None
    if turn.happens("reply lost", faults.reply_lost):
        return Dropped()
    if turn.happens("error", faults.error_after_work):
        broken = Refusal("InternalError", "Internal error.")
        return responses.refused(broken, turn.request_id(), action=name)
    if turn.happens("garbage", faults.garbage):
        return Response(200, _HTML, content_type="text/html", code=f"{name} garbage")
    return None
