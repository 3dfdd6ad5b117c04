"""Makes the embedded AWS check permissions as AWS does: the policies of IAM, the policies of resources, and the signature.

MiniStack checks permissions with `AUTH=true`, which the launcher sets. This module corrects the checks that are wrong or
not strict enough.
"""

import contextvars
import functools
import os

import authorization
import request_log
from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.services import iam, sts

_request = contextvars.ContextVar("sluice_request", default=None)
# The reason for a refusal, which the answer to the request contains.
_refusal = contextvars.ContextVar("sluice_refusal", default="")


def enforce_permissions() -> None:
    """Call it once, before the server starts."""
    count_as_tls()
    know_one_root_key()
    know_sessions_by_their_role()
    remember_requests()
    check_as_aws_does()
    note_what_nobody_checks()
    name_what_was_refused()
    read_policies_once()


def count_as_tls() -> None:
    """Treats each request as a request over TLS. The server has no TLS on the loopback interface, and the policies of our
    bucket and queues refuse requests without TLS (aws:SecureTransport)."""
    pin = app.pin_request_origin
    app.pin_request_origin = lambda address, _secure: pin(address, True)


def know_one_root_key() -> None:
    """Accepts only the key of the launcher's environment as the key of the account's root, and checks the signature of root too.

    MiniStack alone also treats `test`, every account number and a missing key as root, and checks no signature of root.
    """
    root = os.environ["AWS_ACCESS_KEY_ID"]
    iam_evaluator.is_root_access_key = lambda access_key_id: access_key_id == root
    # MiniStack calls this function to decide whether it can skip the check of the signature.
    iam_evaluator._is_root_key = lambda _access_key_id: False


def know_sessions_by_their_role() -> None:
    """Sets aws:PrincipalArn to the ARN of a session's role, not of the session itself.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
    """
    resolve = iam_evaluator._resolve_condition_key

    def resolve_role(key, context):
        value = resolve(key, context)
        role = request_log.role_of(value or "") if key.lower() == "aws:principalarn" else ""
        if not role:
            return value
        known = iam._roles.get_scoped(context.principal_account, None, role)
        return known["Arn"] if known else f"arn:aws:iam::{context.principal_account}:role/{role}"

    iam_evaluator._resolve_condition_key = resolve_role


def remember_requests() -> None:
    """Stores the whole request for the checks. MiniStack passes only a part of the request to them."""
    resource_of = iam_actions.extract_resource_arn

    def resource_and_keep(service, method, path, headers, body, query_params, region, account_id):
        resource = resource_of(service, method, path, headers, body, query_params, region, account_id)
        action = iam_actions.extract_iam_action(service, method, path, headers, body, query_params) or ""
        _request.set(authorization.Request(service, action, resource, path, body, region, account_id))
        _refusal.set("")
        return resource

    iam_actions.extract_resource_arn = resource_and_keep


def check_as_aws_does() -> None:
    """Checks the actions and resources that the vendor's reference lists for a request, and logs the result of each check."""
    enforce = iam_evaluator.enforce

    def enforce_all(access_key, iam_action, service, region, resource_arn="*", service_context=None):
        request = _request.get()
        mine = request is not None and (request.action, request.resource) == (iam_action, resource_arn)
        needed = authorization.checks(request) if mine else [authorization.Check(iam_action, resource_arn)]
        for check in needed:
            context = {**(service_context or {}), **check.conditions}
            denied = enforce(access_key, check.action, service, region, check.resource, context)
            if isinstance(denied, iam_evaluator.AuthError):
                return denied
            principal = denied.principal_arn if denied else principal_of(access_key)
            sentence = request_log.refusal(principal, check.action, check.resource, denied) if denied else ""
            request_log.write(request_log.role_of(principal), check.action, check.resource, sentence)
            if denied:
                _refusal.set(sentence)
                return denied
        return None

    iam_evaluator.enforce = enforce_all


def principal_of(access_key: str) -> str:
    """Returns the ARN of a role's session, or an empty text for other callers."""
    return sts._sessions.get(access_key, {}).get("Arn", "")


def read_policies_once() -> None:
    """Keeps parsed policies. MiniStack alone parses all policies of a role twice for each request."""
    parse = iam_evaluator.parse_policy_document
    parse_text = functools.lru_cache(maxsize=1_000)(parse)
    iam_evaluator.parse_policy_document = lambda policy: (parse_text if isinstance(policy, str) else parse)(policy)


# A task requests its credentials and its metadata from these services without a signature, by a secret in the path.
_UNSIGNED_SERVICES = ("imds", "ecs-metadata")


def note_what_nobody_checks() -> None:
    """Logs a role's request for which MiniStack knows no action. MiniStack permits such a request."""
    check_credentials = iam_evaluator.check_credentials

    def check_and_note(access_key_id, service=None):
        if service in _UNSIGNED_SERVICES:
            return None
        failure = check_credentials(access_key_id, service)
        if failure is None:
            request_log.write(request_log.role_of(principal_of(access_key_id)), f"{service}:?", "*")
        return failure

    iam_evaluator.check_credentials = check_and_note


def name_what_was_refused() -> None:
    """Puts the action and the resource into the answer to a refused request, as AWS does. MiniStack alone usually omits the resource."""
    answer = iam_actions.access_denied_response

    def named(service, action, principal_arn, request_id, *, error_code="", message="", **more):
        sentence = message or ("" if error_code else _refusal.get())
        return answer(service, action, principal_arn, request_id, error_code=error_code, message=sentence, **more)

    iam_actions.access_denied_response = named
