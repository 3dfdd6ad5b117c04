"""Redshift's Data API: checks permissions as AWS does, and forwards permitted requests to the stand-in (local/redshift/).

https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-access.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshiftdataapi.html
"""

import asyncio
import base64
import json
import os
import re
import urllib.error
import urllib.request

import task_credentials
from acting import Acting, Refused
from ministack import app
from ministack.core import iam_actions, iam_evaluator, router
from ministack.core.responses import get_region
from ministack.services import secretsmanager

SERVICE = "redshift-data"
_SUBMIT = ("ExecuteStatement", "BatchExecuteStatement")
# The stand-in itself waits at most 30 s.
_TIMEOUT_SECONDS = 60

_ROLE = re.compile(r"\bIAM_ROLE\s+'((?:[^']|'')*)'", re.IGNORECASE)

# For each statement's id, the ARN of the session that submitted the statement.
_owners: dict[str, str] = {}


def serve_redshift_data() -> None:
    """Call it once, before the server starts. Without a stand-in, the service stays unknown."""
    url, token = os.environ.get("SLUICE_REDSHIFT_URL"), os.environ.get("SLUICE_REDSHIFT_TOKEN")
    if not url or not token:
        return
    router.SERVICE_PATTERNS[SERVICE] = {"target_prefixes": ["RedshiftData"]}
    iam_actions.SERVICE_TO_IAM_NAMESPACE[SERVICE] = SERVICE

    async def handle(_method, _path, headers, body, _query_params):
        return await asyncio.to_thread(hand_on, url, token, headers, body)

    app.SERVICE_HANDLERS[SERVICE] = handle


def needed(request) -> list[tuple[str, str, dict]]:
    """The actions, resources and condition keys that a request needs."""
    action = request.action.split(":")[-1]
    if action not in _SUBMIT:
        # MiniStack replaces no variables in a policy. So the text `${aws:userid}` in a condition has to match for the caller's own statements.
        owner = _owners.get(str(request.field("Id") or "").split(":")[0])
        mine = "${aws:userid}" if owner in (None, iam_evaluator.caller_arn()) else owner
        return [(request.action, "*", {"redshift-data:statement-owner-iam-userid": mine})]
    workgroup, cluster = request.field("WorkgroupName"), request.field("ClusterIdentifier")
    in_region = f"{request.region}:{request.account}"
    if workgroup:
        resource = workgroup if workgroup.startswith("arn:") else f"arn:aws:redshift-serverless:{in_region}:workgroup/{workgroup}"
    else:
        resource = f"arn:aws:redshift:{in_region}:cluster:{cluster}"
    asked = [(request.action, resource, {})]
    secret, user = request.field("SecretArn"), request.field("DbUser")
    database = f"arn:aws:redshift:{in_region}:dbname:{cluster}/{request.field('Database')}"
    if secret:
        asked.append(("secretsmanager:GetSecretValue", secret, {}))
    elif workgroup:
        asked.append(("redshift-serverless:GetCredentials", resource, {}))
    elif user:
        asked.append(("redshift:GetClusterCredentials", f"arn:aws:redshift:{in_region}:dbuser:{cluster}/{user}", {}))
        asked.append(("redshift:GetClusterCredentials", database, {}))
    else:
        asked.append(("redshift:GetClusterCredentialsWithIAM", database, {}))
    return asked


def hand_on(url: str, token: str, headers: dict, body: bytes):
    fields = json.loads(body or b"{}")
    caller = iam_evaluator.caller_arn()
    call = {
        "caller": caller,
        "user": database_user(fields, caller),
        "endpoint": f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
        "region": get_region(),
        "roles": {arn: role_of(arn) for arn in roles_in(fields)},
    }
    request = urllib.request.Request(
        url,
        data=body,
        headers={
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": headers.get("x-amz-target", ""),
            "x-sluice-token": token,
            "x-sluice-call": base64.b64encode(json.dumps(call).encode()).decode(),
        },
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_TIMEOUT_SECONDS) as response:
            status, answer = response.status, response.read()
    except urllib.error.HTTPError as error:
        status, answer = error.code, error.read()
    if status == 200 and headers.get("x-amz-target", "").split(".")[-1] in _SUBMIT:
        _owners[json.loads(answer)["Id"]] = caller
    return status, {"Content-Type": "application/x-amz-json-1.1"}, answer


def database_user(fields: dict, caller: str) -> str | None:
    """Returns the database user for the credentials. For the account's root it returns None, which means the database's owner here."""
    if fields.get("DbUser"):
        return str(fields["DbUser"])
    if fields.get("SecretArn"):
        status, _headers, body = secretsmanager._get_secret_value({"SecretId": fields["SecretArn"]})
        if status != 200:
            raise ValueError(f"the secret {fields['SecretArn']} can't be read: {body!r}")
        return str(json.loads(json.loads(body)["SecretString"])["username"])
    return f"IAMR:{caller.split('/')[1]}" if ":assumed-role/" in caller else None


def roles_in(fields: dict) -> list[str]:
    texts = [str(sql) for sql in [fields.get("Sql"), *(fields.get("Sqls") or [])] if sql]
    return sorted({found.replace("''", "'") for text in texts for found in _ROLE.findall(text)})


def role_of(arn: str) -> dict:
    """Returns a role's credentials for Redshift, or the reason why Redshift may not assume the role."""
    try:
        Acting("redshift.amazonaws.com", arn).assume()
    except Refused as refused:
        return {"refused": str(refused)}
    given = task_credentials.credentials(arn, "redshift")
    return {name: given[name] for name in ("AccessKeyId", "SecretAccessKey", "Token")}
