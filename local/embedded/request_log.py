"""Logs the requests of roles: one line of JSON when a role requests an action on a resource for the first time.

`{"role": "Sluice-Plan", "action": "s3:GetObject", "resource": "arn:aws:s3:::bucket/key", "allowed": true}`. With
`"allowed": false`, the field `message` contains the sentence that the caller received. Requests of the account's root are not
logged, because root needs no grants. If a resource's own policy permits a service to call it, `role` is the service.
"""

import json
import os
import re
import threading

_lock = threading.Lock()
_seen = set()
_path = os.environ.get("SLUICE_REQUESTS_FILE")
_file = open(_path, "a", buffering=1, encoding="utf-8") if _path else None

_ASSUMED = re.compile(r"^arn:aws[a-z-]*:sts::\d{12}:assumed-role/([^/]+)/")


def role_of(principal_arn: str) -> str:
    """Returns the name of the session's role, or an empty text for another principal."""
    session = _ASSUMED.match(principal_arn)
    return session.group(1) if session else ""


def write(who: str, action: str, resource: str, refusal: str = "") -> None:
    """Logs a request of a role or of a service itself. With a sentence, the request was refused; without one, it was allowed."""
    line = {"role": who, "action": action, "resource": resource, "allowed": not refusal}
    key = tuple(line.values())
    with _lock:
        if not who or _file is None or key in _seen:
            return
        _seen.add(key)
        _file.write(json.dumps({**line, **({"message": refusal} if refusal else {})}) + "\n")


def refusal(principal_arn: str, action: str, resource: str, denied) -> str:
    """Returns the sentence of a refusal, with AWS's words. `denied` is MiniStack's result of the evaluation."""
    if denied.resource_policy_arn:
        why = "with an explicit deny in a resource-based policy"
    elif denied.decision == "Deny":
        why = "with an explicit deny in an identity-based policy"
    else:
        why = f"because no identity-based policy allows the {action} action"
    return f"User: {principal_arn} is not authorized to perform: {action} on resource: {resource} {why}"
