"""Returns the credentials of a task's own role at the container's endpoint, to a request with the task's own token.

MiniStack sets the endpoint and a token in the task's environment. MiniStack alone answers every caller of the endpoint, with
keys that belong to no role.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

import hmac
import json
import secrets
import threading
import time
from datetime import datetime, timezone

from ministack.services import ecs, imds, sts

PATH = "/v2/credentials/"
# ECS's credentials are valid for six hours and renewed before that; these are valid for an hour.
VALID_SECONDS = 3_600

_lock = threading.Lock()
# For each endpoint's id: its token, the role's ARN, and the session's name.
_endpoints: dict[str, tuple[str, str, str]] = {}


def serve_task_credentials() -> None:
    register = ecs._register_metadata
    handle = imds.handle_request

    def register_with_role(task_arn, cluster_arn, td, cdef, launch_type, env, *rest):
        metadata_token = register(task_arn, cluster_arn, td, cdef, launch_type, env, *rest)
        role_arn = td.get("taskRoleArn")
        if role_arn:
            endpoint = env["AWS_CONTAINER_CREDENTIALS_FULL_URI"].rsplit("/", 1)[-1]
            with _lock:
                _endpoints[endpoint] = (env["AWS_CONTAINER_AUTHORIZATION_TOKEN"], role_arn, task_arn.rsplit("/", 1)[-1])
        else:
            # A task without a role has no endpoint.
            del env["AWS_CONTAINER_CREDENTIALS_FULL_URI"], env["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        return metadata_token

    async def handle_request(method, path, headers, body, query_params):
        if not path.startswith(PATH):
            return await handle(method, path, headers, body, query_params)
        with _lock:
            token, role_arn, session = _endpoints.get(path.removeprefix(PATH), ("", "", ""))
        if not token or not hmac.compare_digest(token.encode(), headers.get("authorization", "").encode()):
            return 403, {"Content-Type": "application/json"}, b'{"code":"AccessDenied","message":"Invalid token"}'
        return 200, {"Content-Type": "application/json"}, json.dumps(credentials(role_arn, session)).encode()

    ecs._register_metadata = register_with_role
    imds.handle_request = handle_request


def credentials(role_arn: str, session: str) -> dict:
    """Creates a session of the role, and returns its credentials in the form of the endpoint's answer."""
    account, role = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    key = {"AccessKeyId": "ASIA" + secrets.token_hex(8).upper(), "SecretAccessKey": secrets.token_hex(20)}
    token = secrets.token_hex(32)
    expires = time.time() + VALID_SECONDS
    sts.register_session(
        key["AccessKeyId"],
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
            "UserId": f"{role}:{session}",
            "SecretAccessKey": key["SecretAccessKey"],
            "SessionToken": token,
            "Expiration": expires,
            "AccountId": account,
            "PrincipalType": "AssumedRole",
        },
    )
    at = datetime.fromtimestamp(expires, tz=timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {**key, "Token": token, "Expiration": at, "RoleArn": role_arn}
