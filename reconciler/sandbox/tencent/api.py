"""Tencent Cloud's API 3.0: takes a request, returns an answer. The actions are in the modules of the products.

Source of the order of checks: the common error codes. The HTTP status is 200 for everything that is a call.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.sandbox.http import Answer, Dropped, Request, Response
from reconciler.sandbox.request_context import RequestContext
from reconciler.sandbox.tencent import auth, requests, responses, trtc
from reconciler.sandbox.tencent.auth import Caller
from reconciler.sandbox.tencent.requests import Action
from reconciler.sandbox.tencent.responses import Json, Refusal
from reconciler.sandbox.tencent.vod import api as vod
from reconciler.sandbox.world import World
from reconciler.values import value

_LARGEST_REQUEST = 10 * 1024 * 1024  # bytes; Tencent, API 3.0, signature v3: a POST
_MEDIA_TYPE = "application/json"
_HTML = b"<html><head><title>200 OK</title></head><body><h1>Gateway</h1></body></html>"


@value
class _Product:
    version: str
    actions: Mapping[str, Action]
    regions: frozenset[str] = frozenset()  # the allowed regions; empty: no region is needed, and any is allowed


_PRODUCTS = {
    "vod": _Product("2018-07-17", vod.ACTIONS),
    "trtc": _Product("2019-07-22", trtc.ACTIONS, regions=frozenset({"ap-singapore"})),
}


def is_tencent_request(request: Request) -> bool:
    """Whether this is a call of API 3.0: a header names the action, or has the signature."""
    headers = request.headers
    return "x-tc-action" in headers or headers.get("authorization", "").lstrip().startswith(auth.ALGORITHM)


def answer(world: World, request: Request) -> Answer:
    """Tencent's answer to a request."""
    try:
        caller = _caller(world, request)
        name, action = _action(request, caller)
    except Refusal as refusal:
        with world.request("", "refused") as context:
            return responses.refused(refusal, context.request_id(), action="-")
    with world.request(caller.account, name) as context:
        try:
            _check_rate(context, action)
            result = _run_action(context, request, caller=caller, action=action)
        except Refusal as refusal:  # inside the transaction, because a refused call is counted too
            return responses.refused(refusal, context.request_id(), action=name)
        lost = _lost_answer(context, action, name)
        given = lost or responses.succeeded(result, context.request_id(), action=name)
        seconds = context.faults.clone_seconds if name in trtc.SLOW else 0.0
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


def _check_rate(context: RequestContext, action: Action) -> None:
    if (
        context.stormy
        or not context.within_rate(times=action.rate)
        or context.happens("throttle", context.faults.throttle)
    ):
        raise Refusal("RequestLimitExceeded", "The number of requests a second exceeds the limit of this action.")
    if context.faults.tencent_refuses:
        raise Refusal(context.faults.tencent_refuses, "The sandbox refuses by its setting.")


def _run_action(context: RequestContext, request: Request, *, caller: Caller, action: Action) -> Json:
    body = requests.read(request.body, action)
    context.enter(f"{caller.product}/{_application(body, action)}")
    return action.work(context, body)


def _application(body: Json, action: Action) -> int:
    """The number of the application. Some actions of VOD take it as text."""
    number = str(body.get(action.application, vod.DEFAULT_APPLICATION))
    if not number.isdecimal() or not 0 < int(number) < 2**63:
        code = "InvalidParameterValue.SubAppId" if action.application == "SubAppId" else "InvalidParameter"
        raise Refusal(code, f"There is no application {number}.")
    return int(number)


def _lost_answer(context: RequestContext, action: Action, name: str) -> Answer | None:
    """The answer that replaces the real one after the work, by the faults. None: the real answer is sent."""
    faults = context.faults
    if action.reads and not faults.faulty_reads:
        return None
    if context.happens("reply lost", faults.reply_lost):
        return Dropped()
    if context.happens("error", faults.error_after_work):
        broken = Refusal("InternalError", "Internal error.")
        return responses.refused(broken, context.request_id(), action=name)
    if context.happens("garbage", faults.garbage):
        return Response(200, _HTML, content_type="text/html", code=f"{name} garbage")
    return None
