"""The site: who may see it, which page a path means, and the headers that keep it closed."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from vnhealth.console._actions import ACTIONS
from vnhealth.console._desk import DOOR
from vnhealth.console._pages import PAGES
from vnhealth.console._render import Renderer
from vnhealth.console._texts import LANGUAGES
from vnhealth.console._visit import View, Visit
from vnhealth.errors import VnHealthError
from vnhealth.sandbox import Request, Response

if TYPE_CHECKING:
    from vnhealth.console._desk import Desk
    from vnhealth.console._kits import KitRuns
    from vnhealth.sandbox import Exchange

__all__ = ["Console"]

PREFIX = "/_console"
SESSION, LANGUAGE = "vnhealth_session", "vnhealth_lang"
HTML = "text/html; charset=utf-8"
MAX_FIELDS = 1024
STATIC = {"console.css": "text/css; charset=utf-8", "console.js": "text/javascript; charset=utf-8"}
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
CLOSED = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)


class Console:
    """Pages over an exchange.

    ``token`` is the admin token that opens them, ``secret`` random bytes that sign sessions: with
    another secret everybody has to sign in again. ``base_url`` is the address shown to people.
    ``kits`` runs conformance kits; without it that page only explains the command. ``desk`` holds
    a guided run, whose gateways answer under ``/kit``.

    >>> from vnhealth.sandbox import Exchange
    >>> console = Console(Exchange.default(), token="t", secret=b"s" * 32, base_url="http://x")
    >>> answer = console.handle(Request("GET", "/"))
    >>> answer.status, dict(answer.headers)["Location"]
    (303, '/_console/sign-in')
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        token: str,
        secret: bytes,
        base_url: str,
        kits: KitRuns | None = None,
        desk: Desk | None = None,
    ) -> None:
        self._exchange = exchange
        self._token = token
        self._secret = secret
        self._base_url = base_url
        self._kits = kits
        self._desk = desk
        self._renderer = Renderer()
        self._view = View()

    def owns(self, path: str) -> bool:
        """True for the paths of the console; all others are those of the gateways."""
        if path.startswith(DOOR + "/"):
            return self._desk is not None
        return path in ("/", PREFIX) or path.startswith(PREFIX + "/")

    def handle(self, request: Request) -> Response:
        """The page for a request."""
        if self._desk is not None and request.path.startswith(DOOR + "/"):
            return self._desk.handle(request)
        path = request.path.removeprefix(PREFIX).strip("/")
        if request.method == "GET" and path in (f"static/{name}" for name in STATIC):
            return _static(path.removeprefix("static/"))
        cookies = _cookies(request)
        language = _language(request, cookies)
        session = cookies.get(SESSION, "")
        if path == "language":
            return self._switch(request)
        if path == "sign-in":
            return self._sign_in(request, language)
        if not self._signed_in(session):
            return _to(f"{PREFIX}/sign-in")
        visit = Visit(
            exchange=self._exchange,
            kits=self._kits,
            desk=self._desk,
            base_url=self._base_url,
            language=language,
            path=path,
            params=request.params(),
            csrf=self._mac("csrf", session),
            view=self._view,
        )
        if request.method == "POST":
            return self._act(request, visit)
        if request.method != "GET":
            return self._error(405, "error_page", language)
        return self._page(visit)

    # who may see it

    def _mac(self, *parts: str) -> str:
        text = "\x1f".join(parts).encode()
        return base64.urlsafe_b64encode(hmac.digest(self._secret, text, "sha256")[:24]).decode()

    def _session(self) -> str:
        """One session for all who know the token; it ends with the process."""
        return self._mac("session", hashlib.sha256(self._token.encode()).hexdigest())

    def _signed_in(self, session: str) -> bool:
        return hmac.compare_digest(session.encode(), self._session().encode())

    def _sign_in(self, request: Request, language: str) -> Response:
        if request.method != "POST":
            return self._html(200, "sign_in", language, wrong=False)
        given = _form(request).get("token", "")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return self._html(403, "sign_in", language, wrong=True)
        return _to("/", (self._cookie(SESSION, self._session()),))

    def _cookie(self, name: str, value: str) -> tuple[str, str]:
        secure = "; Secure" if self._base_url.startswith("https") else ""
        return ("Set-Cookie", f"{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}")

    def _switch(self, request: Request) -> Response:
        """The other language, and back to where the visitor was."""
        params = request.params()
        wanted = params.get("to", "")
        back = params.get("back", "/")
        if wanted not in LANGUAGES or not self.owns(back.partition("?")[0]) or "//" in back:
            return _to("/")
        return _to(back, (self._cookie(LANGUAGE, wanted),))

    # pages and actions

    def _page(self, visit: Visit) -> Response:
        name, _, rest = visit.path.partition("/")
        if name == "sign-out":
            return _to(f"{PREFIX}/sign-in", (("Set-Cookie", f"{SESSION}=; Path=/; Max-Age=0"),))
        page = PAGES.get(name)
        found = page(visit, rest) if page else None
        if found is None:
            return self._error(404, "error_page", visit.language, visit)
        if isinstance(found, Response):
            return found.with_headers(CLOSED)
        template, context = found
        if visit.params.get("part") == "1":
            template = f"part_{template}"
        return self._html(200, template, visit.language, visit=visit, **context)

    def _act(self, request: Request, visit: Visit) -> Response:
        form = _form(request)
        action: Callable[[Visit, Mapping[str, str]], str] | None = ACTIONS.get(visit.path)
        given = form.get("csrf", "")
        if action is None or not hmac.compare_digest(given.encode(), visit.csrf.encode()):
            return self._error(400, "error_form", visit.language, visit)
        try:
            return _to(f"{PREFIX}/{action(visit, form)}")
        except VnHealthError as error:
            return self._html(
                400, "error", visit.language, visit=visit, message=error.message(visit.language)
            )
        except (ValueError, LookupError):
            return self._error(400, "error_form", visit.language, visit)

    def _error(self, status: int, key: str, language: str, visit: Visit | None = None) -> Response:
        return self._html(status, "error", language, visit=visit, key=key)

    def _html(self, status: int, template: str, language: str, **context: object) -> Response:
        body = self._renderer.page(template, language, **context)
        return Response(status, body.encode(), (("Content-Type", HTML), *CLOSED))


def _static(name: str) -> Response:
    body = (files("vnhealth.console") / "static" / name).read_bytes()
    headers = (("Content-Type", STATIC[name]), ("Cache-Control", "max-age=600"), *CLOSED[:2])
    return Response(200, body, headers)


def _to(path: str, more: tuple[tuple[str, str], ...] = ()) -> Response:
    return Response(303, b"", (("Location", path), *more, *CLOSED))


def _cookies(request: Request) -> dict[str, str]:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(request.header("cookie"))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def _language(request: Request, cookies: Mapping[str, str]) -> str:
    chosen = cookies.get(LANGUAGE, "")
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def _form(request: Request) -> dict[str, str]:
    text = request.body.decode("utf-8", "replace")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError:
        return {}
