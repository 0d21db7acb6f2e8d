"""Where other systems send records of learning: the statements resource of xAPI 1.0.3, and an endpoint for Caliper."""

from __future__ import annotations

from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from skillfirst.serve.callers import Caller
from skillfirst.serve.hearing import caller_of, json_answer, problems, service_of
from skillfirst.serve.learning_records import NOT_TAKEN, Apart, Sent, read_envelope, read_statements, reasons
from skillfirst.serve.problems import Refused
from skillfirst.serve.service import Service

VERSION = "1.0.3"
VERSION_HEADER = "X-Experience-API-Version"
KEPT_HEADER = "X-Kept-Apart"

router = APIRouter(prefix="/api/v1", tags=["events"])
log = structlog.get_logger("skillfirst.serve")

Version = Annotated[
    str | None, Header(alias=VERSION_HEADER, description="1.0, or 1.0. and a number; required", examples=[VERSION])
]
StatementId = Annotated[str, Query(alias="statementId", max_length=100, description="UUID of the statement")]


class Versions(BaseModel):
    """What xAPI asks of an endpoint about itself."""

    version: list[str]


class KeptApart(BaseModel):
    """A record that became no event; it is kept."""

    index: int
    verb: str
    reason: str


class Taken(BaseModel):
    """What became of the events of an envelope."""

    accepted: int
    duplicates: int
    kept_apart: list[KeptApart]


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


STATEMENT = {"type": "object", "required": ["actor", "verb", "object"]}
STATEMENTS = _body({"oneOf": [STATEMENT, {"type": "array", "items": STATEMENT}]})
ENVELOPE = _body({
    "type": "object", "required": ["dataVersion", "data"],
    "properties": {"dataVersion": {"type": "string"}, "data": {"type": "array", "items": {"type": "object"}}},
})  # fmt: skip


@router.get("/xapi/about", summary="Versions of xAPI understood", response_model=Versions, responses=problems())
async def about() -> Response:
    return json_answer({"version": [VERSION]}, headers={VERSION_HEADER: VERSION})


@router.post(
    "/xapi/statements", summary="xAPI statements: one or an array; answers their ids", response_model=list[str],
    openapi_extra=STATEMENTS, responses=problems(400, 408, 413),
)  # fmt: skip
async def statements(request: Request, version: Version = None) -> Response:
    """Stored durably before the answer; a statement counts once, by its id. One that becomes no event (a verb nobody
    knows, a group as actor) is kept, and counted by reason in the header `X-Kept-Apart`. Basic authentication is taken
    too: any name, a key or token as the password."""
    ids, headers = await _statements(request, version, None)
    return json_answer(ids, headers=headers)


@router.put(
    "/xapi/statements", summary="One xAPI statement with its id", status_code=204, openapi_extra=_body(STATEMENT),
    responses=problems(400, 408, 413),
)  # fmt: skip
async def statement(request: Request, statement_id: StatementId, version: Version = None) -> Response:
    """See POST."""
    _, headers = await _statements(request, version, statement_id)
    return Response(None, 204, headers)


@router.post(
    "/caliper", summary="A Caliper envelope, 1.1 or 1.2", response_model=Taken, openapi_extra=ENVELOPE,
    responses=problems(400, 408, 413),
)  # fmt: skip
async def caliper(request: Request) -> Response:
    """Stored durably before the answer; an event counts once, by its id. One that becomes no event of ours is kept."""
    service, caller = service_of(request), caller_of(request)
    caller.may("events", caller.member)
    limits, records = service.settings.limits, service.settings.records
    sent = await service.work(read_envelope, await request.body(), records, limits)
    stored, apart = await _take(service, caller, sent)
    return json_answer({**stored, "kept_apart": apart})


async def _statements(
    request: Request, version: str | None, statement_id: str | None
) -> tuple[list[str], dict[str, str]]:
    """Ids of the statements of a body and the headers of the answer. Raises Refused."""
    service, caller = service_of(request), caller_of(request)
    caller.may("events", caller.member)
    now = service.clock()
    headers = {VERSION_HEADER: VERSION, "X-Experience-API-Consistent-Through": now.isoformat()}
    try:
        if version is None or not (version == "1.0" or version.startswith("1.0.")):
            raise Refused(400, f"{VERSION_HEADER} is not 1.0.x", next_step=f"Send {VERSION_HEADER}: {VERSION}.")
        limits, records = service.settings.limits, service.settings.records
        sent = await service.work(read_statements, await request.body(), statement_id, now, records, limits)
        _, apart = await _take(service, caller, sent)
    except Refused as refused:
        refused.headers |= headers
        raise
    return list(sent.ids), headers | ({KEPT_HEADER: reasons(apart)} if apart else {})


async def _take(service: Service, caller: Caller, sent: Sent) -> tuple[dict[str, int], list[Apart]]:
    """Store the events, then keep what became none: whoever gets no answer sends both again. Raises Refused."""
    place = service.kept_apart
    if place is None:
        raise Refused(503, "this service keeps no records of learning", next_step="Start it with --store.")
    records = service.settings.records
    if caller.member is not None:
        sent.check_speaker(caller.member, records)
    outcome = await service.record(sent.events, caller)
    refused = [sent.places[r["index"]] for r in outcome["rejected"]]
    apart = sorted([*sent.apart, *(Apart(index, "", NOT_TAKEN) for index in refused)])
    if apart:
        await service.work(lambda: place.append(sent.standard, sent.to_keep(apart, records)))
        log.info("kept apart", standard=sent.standard, reasons=reasons(apart))
    stored = {"accepted": outcome["accepted"], "duplicates": outcome["duplicates"]}
    counted = {"accepted": stored["accepted"], "duplicate": stored["duplicates"], "kept_apart": len(apart)}
    for name, number in counted.items():
        service.metrics.records[sent.standard, name].inc(number)
    return stored, apart
