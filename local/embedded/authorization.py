"""Returns the permissions that AWS checks for a request, where MiniStack checks other permissions.

The vendor's Service Authorization Reference lists the action, the resource and the condition keys of each request:
https://docs.aws.amazon.com/service-authorization/latest/reference/. A request may need several permissions: each is a `Check`.
"""

import json
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import redshift_data
from ministack.services import ecs, iam


@dataclass(frozen=True)
class Request:
    """An unchanged request, with the action and the resource that MiniStack reads from it."""

    service: str
    action: str
    resource: str
    path: str
    body: bytes
    region: str
    account: str

    def field(self, name: str, default=None):
        try:
            found = json.loads(self.body or b"{}")
        except (ValueError, UnicodeDecodeError):
            return default
        return found.get(name, default) if isinstance(found, dict) else default

    def form_field(self, name: str) -> str:
        return (parse_qs(self.body.decode("utf-8", "replace")).get(name) or [""])[0]


@dataclass(frozen=True)
class Check:
    action: str
    resource: str
    conditions: dict = field(default_factory=dict)


# SQS has no actions for its batch calls: each entry needs the permission of the single call.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
_SINGLE = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}

# The resource of these actions is the task. The cluster is a condition.
_OF_TASKS = {"ecs:DescribeTasks": "tasks", "ecs:StopTask": "task", "ecs:ExecuteCommand": "task"}


def checks(request: Request) -> list[Check]:
    """Returns all permissions that the caller needs. The permission for the action itself is the first one."""
    if request.service == "sqs":
        return [Check(_SINGLE.get(request.action, request.action), request.resource)]
    if request.service == "s3":
        return [Check(request.action, _s3_resource(request))]
    if request.service == "ecs":
        return _ecs(request)
    if request.service == "iam":
        return _iam(request)
    if request.service == redshift_data.SERVICE:
        return [Check(*needed) for needed in redshift_data.needed(request)]
    if request.action == "events:PutEvents":
        return _put_events(request)
    return [Check(request.action, request.resource)]


def _s3_resource(request: Request) -> str:
    """S3's key is the unchanged path. MiniStack drops the empty part of `a//b` and the slash at the end of `a/`."""
    bucket, slash, key = request.path.lstrip("/").partition("/")
    # DeleteObjects names its keys in the body.
    if not slash or not key or not request.resource.startswith(f"arn:aws:s3:::{bucket}/"):
        return request.resource
    return f"arn:aws:s3:::{bucket}/{key}"


# The service-linked roles of these services. Each service chooses the name of its role.
_SERVICE_ROLES = {"ecs.amazonaws.com": "AWSServiceRoleForECS"}


def _iam(request: Request) -> list[Check]:
    """A role's ARN contains the role's path, which MiniStack omits. The path of a role that does not exist is unknown.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
    """
    if request.action == "iam:CreateServiceLinkedRole":
        service = request.form_field("AWSServiceName")
        name = _SERVICE_ROLES.get(service, "*")
        role = f"arn:aws:iam::{request.account}:role/aws-service-role/{service}/{name}"
        return [Check(request.action, role, {"iam:AWSServiceName": service})]
    role = iam._roles.get(request.form_field("RoleName"))
    return [Check(request.action, role["Arn"] if role else request.resource)]


def _put_events(request: Request) -> list[Check]:
    """AWS authorises each event on its bus, with the event's source and detail type as conditions.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
    """
    entries = request.field("Entries") or []
    return [
        Check(
            request.action,
            _bus(request, str(entry.get("EventBusName") or "default")),
            {"events:source": entry.get("Source", ""), "events:detail-type": entry.get("DetailType", "")},
        )
        for entry in entries
    ] or [Check(request.action, request.resource)]


def _bus(request: Request, name: str) -> str:
    return name if name.startswith("arn:") else f"arn:aws:events:{request.region}:{request.account}:event-bus/{name}"


def _ecs(request: Request) -> list[Check]:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html"""
    arn = f"arn:aws:ecs:{request.region}:{request.account}"
    cluster = str(request.field("cluster") or "default").split(":cluster/")[-1]
    in_cluster = {"ecs:cluster": f"{arn}:cluster/{cluster}"}
    if request.action == "ecs:RunTask":
        return _run_task(request, arn, cluster, in_cluster)
    if request.action == "ecs:ListTasks":
        # Only a list for one container instance has a resource.
        instance = request.field("containerInstance")
        resource = f"{arn}:container-instance/{cluster}/{instance}" if instance else "*"
        return [Check(request.action, resource, in_cluster)]
    if request.action in _OF_TASKS:
        named = request.field(_OF_TASKS[request.action]) or []
        tasks = [str(task).split("/")[-1] for task in ([named] if isinstance(named, str) else named)]
        return [Check(request.action, f"{arn}:task/{cluster}/{task}", in_cluster) for task in tasks] or [
            Check(request.action, f"{arn}:task/{cluster}/*", in_cluster)
        ]
    return [Check(request.action, request.resource, in_cluster if request.field("cluster") else {})]


def _run_task(request: Request, arn: str, cluster: str, in_cluster: dict) -> list[Check]:
    """AWS authorises RunTask on the task definition. The caller also needs iam:PassRole for its roles, and ecs:TagResource for tags.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html
    """
    named = str(request.field("taskDefinition") or "")
    found = ecs._resolve_td_key(named)
    definition = ecs._task_defs.get(found) or {}
    needed = [Check(request.action, f"{arn}:task-definition/{found or named}", in_cluster)]
    if request.field("tags") or request.field("propagateTags") not in (None, "NONE"):
        needed.append(Check("ecs:TagResource", f"{arn}:task/{cluster}/*", {"ecs:CreateAction": "RunTask"}))
    overrides = request.field("overrides") or {}
    for name in ("taskRoleArn", "executionRoleArn"):
        role = overrides.get(name) or definition.get(name)
        if role:
            needed.append(Check("iam:PassRole", role, {"iam:PassedToService": "ecs-tasks.amazonaws.com"}))
    return needed
