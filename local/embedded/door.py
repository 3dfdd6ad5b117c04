"""Decides who may send requests to the embedded AWS: programs that have one of its keys, but no page in a browser.

The server listens on the loopback interface, so any page in the person's browser can send requests to it. The server
runs the code that a request contains. So a request must have a signature, must name the server by its own address, and
must not come from a web page. A page can fake none of these three: it has no key, `Host` names the site of the page (DNS
rebinding), and the browser itself adds `Origin` or `Sec-Fetch-Site`.
"""

import json
import re

_LOOPBACK = re.compile(r"^(127\.0\.0\.1|localhost):\d{1,5}$")
_SIGNED = "AWS4-HMAC-SHA256 "
# These requests need no signature: the health page contains no data, and the other paths contain a secret.
_UNSIGNED = (
    ("GET", "/_ministack/health"),
    ("GET", "/v2/credentials/"),
    ("GET", "/v4/"),
    ("PUT", "/_ministack/cfn-response/"),
)


def guarded(app, port: int):
    """Returns the ASGI application with this check in front of it."""
    hosts = (f"127.0.0.1:{port}", f"localhost:{port}")

    async def door(scope, receive, send):
        if scope["type"] == "lifespan":
            return await app(scope, receive, send)
        reason = refusal(scope, hosts)
        if reason is None:
            return await app(scope, receive, without_cors(send))
        if scope["type"] == "websocket":
            await receive()
            return await send({"type": "websocket.close", "code": 1008})
        body = json.dumps({"__type": "AccessDeniedException", "message": reason}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return door


def refusal(scope, hosts: tuple[str, ...]) -> str | None:
    """Returns the reason if the request is refused, or None."""
    headers = scope.get("headers", [])

    def values(name: str) -> list[str]:
        return [value.decode("latin-1") for header, value in headers if header.lower() == name.encode()]

    host = values("host")
    # A proxy on this machine, such as the tests use, keeps the signed Host, and adds our address in a header of its own.
    asked = values("x-sluice-forwarded-to") or host
    if len(host) != 1 or _LOOPBACK.match(host[0]) is None or len(asked) != 1 or asked[0] not in hosts:
        return f"the embedded AWS answers under its own address alone: {' or '.join(hosts)}"
    if values("origin") or values("sec-fetch-site"):
        return "the embedded AWS answers no web page: the request has Origin or Sec-Fetch-Site"
    if scope["type"] != "http":
        return "the embedded AWS takes no WebSockets"
    if any(scope["method"] == method and scope["path"].startswith(path) for method, path in _UNSIGNED):
        return None
    if scope["path"].startswith("/_"):
        return "the embedded AWS keeps its own controls locked"
    if any(value.startswith(_SIGNED) for value in values("authorization")):
        return None
    return "the embedded AWS answers signed requests alone: Authorization has no AWS4-HMAC-SHA256"


def without_cors(send):
    """Removes the headers with which MiniStack lets every page read its answers."""

    async def send_without(message):
        if message["type"] == "http.response.start":
            kept = [(n, v) for n, v in message.get("headers", []) if not n.lower().startswith(b"access-control-")]
            message = {**message, "headers": kept}
        await send(message)

    return send_without
