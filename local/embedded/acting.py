"""Checks whether a service may act for us: with a role that trusts the service, or by the policy of the resource that it calls.

Without this check, MiniStack lets its services do everything to each other.
"""

import json
from dataclasses import dataclass

import request_log
from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam


class Refused(Exception):
    """A service is not permitted to do its work. The message has the words of AWS's answer."""


@dataclass(frozen=True)
class Acting:
    """A service that acts with a role of ours.

    `source_arn` is the resource for which the service acts. If it is empty, the service sends no `aws:SourceArn` and no
    `aws:SourceAccount`, and a trust policy with a condition on one of them refuses the service.
    """

    service: str
    role_arn: str
    source_arn: str = ""

    def assume(self) -> None:
        """Assumes the role. Raises Refused if the role's trust policy doesn't permit it."""
        role = iam._roles.get(self._role) or {}
        trust = role.get("AssumeRolePolicyDocument") or "{}"
        if not lets(trust, self.service, "sts:AssumeRole", self.role_arn, self.source_arn):
            refuse(self.service, "sts:AssumeRole", self.role_arn, "because the role's trust policy doesn't let it")

    def ask(self, action: str, resource: str) -> None:
        """Raises Refused if the role doesn't trust the service, or has no permission for the action."""
        self.assume()
        account = get_account_id()
        principal = f"arn:aws:sts::{account}:assumed-role/{self._role}/{self.service.split('.')[0]}"
        context = iam_evaluator.EvalContext(
            principal, "AssumedRole", account, action, resource, get_region(), secure_transport=True
        )
        result = iam_evaluator.evaluate(context, iam_evaluator._gather_role_policies(self._role, account))
        own = iam_evaluator._resource_policy(action.split(":")[0], resource)
        if own is not None:
            result = iam_evaluator.combine_resource_policy(result, context, *own)
        sentence = "" if result.decision == "Allow" else request_log.refusal(principal, action, resource, result)
        request_log.write(self._role, action, resource, sentence)
        if sentence:
            raise Refused(sentence)

    @property
    def _role(self) -> str:
        return self.role_arn.rsplit("/", 1)[-1]


def call(service: str, action: str, resource: str, source_arn: str) -> None:
    """Checks whether the policy of a resource permits the action to a service. Raises Refused if it doesn't."""
    own = iam_evaluator._resource_policy(action.split(":")[0], resource)
    if not lets(own[0] if own else "{}", service, action, resource, source_arn):
        refuse(service, action, resource, "because no resource-based policy allows it")
    request_log.write(service, action, resource)


def refuse(service: str, action: str, resource: str, why: str) -> None:
    sentence = f"User: {service} is not authorized to perform: {action} on resource: {resource} {why}"
    request_log.write(service, action, resource, sentence)
    raise Refused(sentence)


def lets(document, service: str, action: str, resource: str, source_arn: str) -> bool:
    """Returns whether a trust or resource policy allows the action to the service, with all conditions fulfilled."""
    source = {"aws:sourcearn": source_arn, "aws:sourceaccount": get_account_id()} if source_arn else {}
    context = iam_evaluator.EvalContext(
        service, "Service", get_account_id(), action, resource, get_region(), secure_transport=True, service_context=source
    )
    policy = json.loads(document) if isinstance(document, str) else document or {}
    statements = policy.get("Statement") or []
    # A trust policy has no Resource, because it always applies to its own role.
    whole = [{"Resource": "*", **one} for one in ([statements] if isinstance(statements, dict) else statements)]
    return iam_evaluator.evaluate_resource_policy({"Statement": whole}, context, service).decision == "Allow"
