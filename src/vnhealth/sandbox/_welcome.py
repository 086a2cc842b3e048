"""What the server prints when it listens: addresses, accounts, a first request by language."""

from __future__ import annotations

import json
from collections.abc import Mapping

from vnhealth.protocol import gateways
from vnhealth.protocol.vss import password_hash
from vnhealth.sandbox._model import Credentials

__all__ = ["welcome"]

CURL = """\
curl -s '{url}' \\
  -d 'username={username}' -d 'password={hash}'"""

CSHARP = """\
using var http = new HttpClient();
var form = new FormUrlEncodedContent(new Dictionary<string, string> {{
    ["username"] = "{username}", ["password"] = "{hash}" }});
var reply = await http.PostAsync("{url}", form);
Console.WriteLine(await reply.Content.ReadAsStringAsync());"""

PHP = """\
$body = http_build_query(['username' => '{username}', 'password' => '{hash}']);
$context = stream_context_create(['http' => ['method' => 'POST', 'ignore_errors' => true,
    'header' => 'Content-Type: application/x-www-form-urlencoded', 'content' => $body]]);
echo file_get_contents('{url}', false, $context);"""

JAVA = """\
var request = HttpRequest.newBuilder(URI.create("{url}"))
    .header("Content-Type", "application/x-www-form-urlencoded")
    .POST(BodyPublishers.ofString("username={username}&password={hash}")).build();
var reply = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
System.out.println(reply.body());"""

LANGUAGES = {"curl": CURL, "C#": CSHARP, "PHP": PHP, "Java": JAVA}


def first_request(key: str, account: Credentials) -> str:
    """The login at a gateway as a curl command; empty when its form is not known.

    >>> account = Credentials("http://x/province", "a", "b", "c")
    >>> print(first_request("province", account).replace(chr(92), "|"))
    curl -s -X POST 'http://x/province/api/xac-thuc/token' |
      -H 'Content-Type: application/json' |
      -d '{"username": "a", "password": "b"}'
    """
    gateway = gateways()[key]
    if not gateway.login:
        return ""
    form, *fields = gateway.login.split()
    endpoint = gateway.endpoint("login")
    values = {
        "username": account.username,
        "password": account.password,
        "md5": password_hash(account.password),
        "facility": account.facility,
    }
    pairs = dict(field.format(**values).split("=", 1) for field in fields)
    parts = [f"curl -s -X {endpoint.method} '{account.base_url}{endpoint.path}'"]
    match form:
        case "json":
            parts += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(pairs)}'"]
        case "multipart":
            parts += [f"-F '{name}={value}'" for name, value in pairs.items()]
        case _:
            parts += [f"-d '{name}={value}'" for name, value in pairs.items()]
    return " \\\n  ".join(parts)


def first_requests(account: Credentials) -> dict[str, str]:
    """The login at the insurance gateway, by language.

    >>> "token/take" in first_requests(Credentials("http://x/vss", "a", "b", "c"))["curl"]
    True
    """
    path = gateways()["vss"].endpoint("login").path
    values = {
        "url": account.base_url + path,
        "username": account.username,
        "hash": password_hash(account.password),
    }
    return {name: template.format(**values) for name, template in LANGUAGES.items()}


def welcome(accounts: Mapping[str, Credentials], admin_token: str, base_url: str) -> str:
    """The text; Vietnamese first, English beside it."""
    lines = [
        "Môi trường thử vnhealth đang chạy; không nối với hệ thống thật nào.",
        "vnhealth sandbox is running; it is connected to no real system.",
        "",
    ]
    for key, account in accounts.items():
        gateway = gateways()[key]
        lines += [
            f"{gateway.title_vi} / {gateway.title_en}",
            f"  {account.base_url}",
            f"  {account.username}  {account.password}  ({account.facility})",
        ]
    lines += [
        "",
        f"Nhật ký / journal: {base_url}/_sandbox/journal",
        f"  Authorization: Bearer {admin_token}",
        "",
        "Yêu cầu đầu tiên / first request:",
    ]
    for language, text in first_requests(accounts["vss"]).items():
        lines += ["", f"# {language}", text]
    return "\n".join(lines) + "\n"
