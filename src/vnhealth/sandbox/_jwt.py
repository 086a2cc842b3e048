"""Tokens in the form of a JWT, for gateways whose clients read the end of a session from it."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from typing import Any

from vnhealth.sandbox._ids import IdMaker, Session, same

__all__ = ["jwt_of", "token_in"]

HEAD = {"typ": "JWT", "alg": "HS256"}
LONGEST = 2000


def jwt_of(ids: IdMaker, session: Session, issued: dt.datetime, **claims: Any) -> str:
    """A session as a JWT: ``claims``, then iat, exp, nbf and the session's own token as jti.

    The signature is a keyed hash of the sandbox, which nobody else can check.
    """
    start, end = int(issued.timestamp()), int(session.expires.timestamp())
    payload = {**claims, "iat": start, "exp": end, "nbf": start, "jti": ids.token(session)}
    signed = f"{_coded(HEAD)}.{_coded(payload)}"
    return f"{signed}.{_signature(ids, signed)}"


def token_in(ids: IdMaker, text: str) -> str:
    """The token of the session inside a JWT of this sandbox; empty when it is none.

    >>> from vnhealth.sandbox._ids import EPOCH
    >>> ids = IdMaker(7)
    >>> session = Session("donthuoc", "01001", EPOCH + dt.timedelta(days=7), 1)
    >>> text = jwt_of(ids, session, EPOCH)
    >>> ids.session(token_in(ids, text)) == session, token_in(ids, text[:-1] + "!")
    (True, '')
    """
    signed, _, signature = text.rpartition(".")
    if len(text) > LONGEST or not text.isascii() or not same(_signature(ids, signed), signature):
        return ""
    coded = signed.partition(".")[2]
    try:
        payload = json.loads(base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)))
    except (binascii.Error, ValueError):
        return ""
    return str(payload["jti"])


def _coded(value: Any) -> str:
    plain = json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(plain).decode().rstrip("=")


def _signature(ids: IdMaker, signed: str) -> str:
    return ids.letters(43, "jwt", signed)
