"""Lets the embedded AWS check permissions, as AWS does: IAM's policies, those of resources, and the signature.

MiniStack does it with `AUTH=true`, which the launcher sets. What is wrong or loose in it is made right here.
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
# Why the request was refused, for its answer.
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
    """Takes each request for one over TLS. The loopback interface has none, and the policies of our bucket and queues
    refuse what comes without it (aws:SecureTransport)."""
    pin = app.pin_request_origin
    app.pin_request_origin = lambda address, _secure: pin(address, True)


def know_one_root_key() -> None:
    """Takes the key of the launcher's environment for the account's root, and checks its signature as any other's.

    MiniStack also takes `test`, every account number and no key at all for root, and checks no signature of root.
    """
    root = os.environ["AWS_ACCESS_KEY_ID"]
    iam_evaluator.is_root_access_key = lambda access_key_id: access_key_id == root
    # It asks this one whether it can leave the signature alone.
    iam_evaluator._is_root_key = lambda _access_key_id: False


def know_sessions_by_their_role() -> None:
    """Compares aws:PrincipalArn with the role of a session, not with the session itself.

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
    """Keeps the request for the checks, to which MiniStack hands over less than the whole of it."""
    resource_of = iam_actions.extract_resource_arn

    def resource_and_keep(service, method, path, headers, body, query_params, region, account_id):
        resource = resource_of(service, method, path, headers, body, query_params, region, account_id)
        action = iam_actions.extract_iam_action(service, method, path, headers, body, query_params) or ""
        _request.set(authorization.Request(service, action, resource, path, body, region, account_id))
        _refusal.set("")
        return resource

    iam_actions.extract_resource_arn = resource_and_keep


def check_as_aws_does() -> None:
    """Asks for the actions and resources of the vendor's reference, and writes each down."""
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
    """The ARN of a role's session; nothing for other callers."""
    return sts._sessions.get(access_key, {}).get("Arn", "")


def read_policies_once() -> None:
    """Keeps what a policy's text means. MiniStack reads the texts of a role anew at each request, twice."""
    parse = iam_evaluator.parse_policy_document
    parse_text = functools.lru_cache(maxsize=1_000)(parse)
    iam_evaluator.parse_policy_document = lambda policy: (parse_text if isinstance(policy, str) else parse)(policy)


# A task asks there for its credentials and about itself, by the secret in the path, and signs nothing.
_UNSIGNED_SERVICES = ("imds", "ecs-metadata")


def note_what_nobody_checks() -> None:
    """Records a role's request for which MiniStack has no action, and which it therefore permits."""
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
    """Lets the answer name the action and the resource, as AWS's do; MiniStack's mostly leave the resource out."""
    answer = iam_actions.access_denied_response

    def named(service, action, principal_arn, request_id, *, error_code="", message="", **more):
        sentence = message or ("" if error_code else _refusal.get())
        return answer(service, action, principal_arn, request_id, error_code=error_code, message=sentence, **more)

    iam_actions.access_denied_response = named
