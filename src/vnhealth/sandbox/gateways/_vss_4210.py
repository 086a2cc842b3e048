"""Files of decision 4210 at the insurance gateway: every form of a body that real clients send."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING

from vnhealth.protocol import vss_4210
from vnhealth.sandbox._core import Answer, Call, Core, Handler
from vnhealth.sandbox._forms import Refused, from_base64, guarded, multipart
from vnhealth.sandbox._http import BadBody, Request, Response
from vnhealth.sandbox.gateways._vss_files import check_numbers, keep
from vnhealth.sandbox.gateways._vss_month import check_month
from vnhealth.sandbox.gateways._vss_session import facility_of, http_status

if TYPE_CHECKING:
    pass

__all__ = ["KIND", "handlers", "refusal"]

KIND = "claim_4210"
LARGER = 5
"""Outside peak hours a file may be so many times as large (20 MB and 100 MB)."""
BLANKS = b" \t\r\n"
BOM = b"\xef\xbb\xbf"
DAMAGED = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError)


def handlers(core: Core) -> Mapping[str, Handler]:
    """The file as it is, and the file in a zip."""
    calls = {"send_4210": _plain, "zip_4210": _zipped}
    return {name: guarded(partial(call, core), refusal, "205") for name, call in calls.items()}


def refusal(code: str, detail: str) -> Answer:
    """No transaction; the gateway gives no text here."""
    return Answer(Response(http_status(code), vss_4210.send_reply(code)), code)


def _plain(core: Core, call: Call) -> Answer:
    return _kept(core, call, lambda: _file(_field(call.request, "fileHS")))


def _zipped(core: Core, call: Call) -> Answer:
    def unpacked() -> bytes:
        packed = _field(call.request, "FileHoSoJson").strip(b'" \r\n')
        return _unzipped(from_base64(packed), _largest(core))

    return _kept(core, call, unpacked)


def _kept(core: Core, call: Call, unpack: Callable[[], bytes]) -> Answer:
    """Who sends comes first; only then is the body unpacked."""
    params = call.request.params()
    account, facility = facility_of(core, params)
    check_numbers(call, params, facility)
    body = unpack()
    if len(body) > _largest(core):
        raise Refused("1001")
    if not body.removeprefix(BOM).lstrip(BLANKS).startswith(b"<"):
        raise Refused("123")
    check_month(core, body)
    kept = keep(core, call, account, facility, body)
    reply = vss_4210.send_reply("200", kept.transaction)
    return Answer(Response(200, reply), "200", facility, kept.transaction)


def _largest(core: Core) -> int:
    peak = vss_4210.is_peak(core.clock.now())
    return core.settings.max_file * (1 if peak else LARGER)


def _field(request: Request, name: str) -> bytes:
    """The field of a form or of multipart/form-data; without one, the whole body."""
    if request.content_type == "multipart/form-data":
        part = multipart(request).get(name)
        return part.data if part else b""
    if request.body.startswith(name.encode() + b"="):
        return request.form()[name]
    return request.body


def _file(sent: bytes) -> bytes:
    """The file in a body: raw, as an array of numbers, as Base64, or in an object with fileHS.

    The first character tells; the content type does not (raw XML comes labelled as JSON).
    """
    plain = sent.removeprefix(BOM).lstrip(BLANKS)
    try:
        match plain[:1]:
            case b"<":
                return sent
            case b"[":
                return vss_4210.from_numbers(plain)
            case b"{":
                return _in_object(plain)
            case b'"':
                return from_base64(str(json.loads(plain)))
            case _:
                return from_base64(plain.rstrip(BLANKS))
    except (ValueError, RecursionError):
        raise BadBody from None


def _in_object(plain: bytes) -> bytes:
    found = json.loads(plain).get("fileHS")
    if isinstance(found, list):
        return vss_4210.from_numbers(json.dumps(found))
    if not isinstance(found, str):
        raise BadBody
    return from_base64(found)


def _unzipped(packed: bytes, largest: int) -> bytes:
    """The one file of a zip. Raises `Refused`."""
    try:
        with zipfile.ZipFile(BytesIO(packed)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) != 1:
                raise Refused("123")
            with archive.open(members[0]) as file:
                content = file.read(largest + 1)
    except DAMAGED:
        raise Refused("123") from None
    if len(content) > largest:
        raise Refused("1001")
    return content
