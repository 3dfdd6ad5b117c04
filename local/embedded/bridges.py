"""Changes MiniStack where it differs from AWS and Sluice depends on the difference. docs/local-and-aws.md lists the differences.

Each bridge wraps a function of MiniStack, or replaces a part of its text. If MiniStack does not contain this text exactly
once, the start fails: MiniStack has changed. A bridge without effect would cause a strange failure much later.
"""

import base64
import re
import threading
import uuid
import zlib
from datetime import datetime, timezone

from enforcement import enforce_permissions
from lambda_environment import bound_lambdas
from lambda_logs import keep_log_lines
from long_lists import keep_long_lists_quick
from long_queues import keep_long_queues_quick
from metrics import keep_metrics
from ministack.core import lambda_runtime, router
from ministack.core.responses import get_account_id, get_region
from ministack.services import ecs, eventbridge, iam, lambda_svc, s3, scheduler, stepfunctions
from ministack.services.cloudformation import provisioners
from payload_limits import refuse_large_payloads
from redrive import redrive_executions
from redshift_data import serve_redshift_data
from services import let_services_ask
from stack_ends import answer_when_stacks_end
from task_credentials import serve_task_credentials


def install() -> None:
    """Installs all bridges. Call it once, before the server starts."""
    keep_error_names()
    end_workers_with_server()
    check_whole_object_crc()
    pass_stop_timeout()
    keep_client_tokens()
    fill_schedule_inputs()
    end_stopped_executions()
    redrive_executions(replaced)
    name_service_roles()
    keep_long_queues_quick()
    keep_long_lists_quick()
    answer_when_stacks_end()
    enforce_permissions()
    serve_task_credentials()
    serve_redshift_data()
    let_services_ask()
    bound_lambdas()
    keep_log_lines(replaced)
    keep_metrics()
    take_query_definitions()
    know_other_services_at_once()
    # This bridge is the last one: it measures a function's answer, after keep_error_names has turned a marked result into an error.
    refuse_large_payloads()


def replaced(text: str, old: str, new: str) -> str:
    found = text.count(old)
    if found != 1:
        raise SystemExit(
            f"local/embedded/bridges.py: this MiniStack is not the one it was written for: the text\n  {old!r}\n"
            f"was found {found} times instead of once. Install the versions of local/embedded/requirements.txt."
        )
    return text.replace(old, new)


ERROR_MARK = "__sluice_lambda_error"


def keep_error_names() -> None:
    """Gives Step Functions the name of the error that a Node Lambda throws, as on AWS.

    MiniStack alone reports each error as Runtime.HandlerError, so a Retry for a custom error would never match. It also ends
    the Lambda's process. This bridge returns the error from the process as a marked result, and then turns the result back
    into Lambda's error body.
    """
    script = lambda_runtime._NODEJS_WORKER_SCRIPT
    for variable, old in (
        ("err", 'status: "error", error: String(err.message || err), trace: err.stack || ""\n'),
        ("e", 'status: "error", error: e.message, trace: e.stack\n'),
    ):
        script = replaced(
            script,
            old,
            f'status: "ok", result: {{ {ERROR_MARK}: {{\n'
            f'  errorType: String(({variable} && {variable}.name) || "Error"),\n'
            f"  errorMessage: String(({variable} && {variable}.message) || {variable}),\n"
            f'  trace: String(({variable} && {variable}.stack) || "").split("\\n") }} }}\n',
        )
    lambda_runtime._NODEJS_WORKER_SCRIPT = script

    execute = lambda_svc._execute_function_warm

    def execute_keeping_name(func: dict, event: dict, request_id: str) -> dict:
        answer = execute(func, event, request_id)
        body = answer.get("body")
        if not isinstance(body, dict) or set(body) != {ERROR_MARK}:
            return answer
        error = body[ERROR_MARK]
        log = "\n".join(text for text in (answer.get("log"), "\n".join(error["trace"])) if text)
        return {**answer, "body": error, "error": True, "log": log}

    lambda_svc._execute_function_warm = execute_keeping_name


# The process ends by a signal, because `process.exit` can deadlock in Node 24 (nodejs/node 54918).
END_AT_ONCE = 'rl.on("close", () => process.kill(process.pid, "SIGKILL"));\n'


def end_workers_with_server() -> None:
    """Ends a Lambda's process when the server closes its end of the pipe. Otherwise the process would wait for its open sockets."""
    script = lambda_runtime._NODEJS_WORKER_SCRIPT
    lines = "const rl = readline.createInterface({ input: process.stdin, terminal: false });\n"
    lambda_runtime._NODEJS_WORKER_SCRIPT = replaced(script, lines, lines + END_AT_ONCE)


def check_whole_object_crc() -> None:
    """Accepts uploads of ChecksumType FULL_OBJECT with CRC32, which MiniStack alone treats as COMPOSITE and therefore refuses.

    A wrong CRC is refused with BadDigest. HeadObject returns the CRC of the whole object, and FULL_OBJECT.
    """
    create = s3._create_multipart_upload
    complete = s3._complete_multipart_upload

    def create_upload(bucket_name, key, headers):
        status, answer_headers, body = create(bucket_name, key, headers)
        whole = (headers.get("x-amz-checksum-type") or "").upper() == "FULL_OBJECT"
        if status == 200 and whole and answer_headers.get("x-amz-checksum-algorithm") == "CRC32":
            upload_id = re.search(rb"<UploadId>([^<]+)</UploadId>", body).group(1).decode()
            s3._multipart_uploads[upload_id]["sluice_whole_crc"] = True
            answer_headers["x-amz-checksum-type"] = "FULL_OBJECT"
        return status, answer_headers, body

    def complete_upload(bucket_name, key, body, query_params, headers=None):
        upload_id = s3._qp(query_params, "uploadId")
        upload = s3._multipart_uploads.get(upload_id)
        if upload is None or not upload.get("sluice_whole_crc"):
            return complete(bucket_name, key, body, query_params, headers)
        numbers = sorted({int(number) for number in re.findall(rb"<PartNumber>\s*(\d+)\s*</PartNumber>", body)})
        crc = 0
        for number in numbers:
            # If a part is missing, MiniStack itself answers InvalidPart.
            crc = zlib.crc32(upload["parts"].get(number, {}).get("body", b""), crc)
        actual = base64.b64encode(crc.to_bytes(4, "big")).decode()
        rest = {name: value for name, value in (headers or {}).items() if name != "x-amz-checksum-crc32"}
        stated = (headers or {}).get("x-amz-checksum-crc32")
        if stated and stated != actual and all(number in upload["parts"] for number in numbers):
            return s3._error(
                "BadDigest", "The CRC32 you specified did not match the calculated checksum.", 400, f"/{bucket_name}/{key}"
            )
        status, answer_headers, answer = complete(bucket_name, key, body, query_params, rest)
        if status == 200:
            stored = s3._ensure_bucket(bucket_name)["objects"][key]
            stored["checksums"] = {"CRC32": actual}
            stored["checksum_type"] = "FULL_OBJECT"
            answer = re.sub(rb"(<ChecksumCRC32>)[^<]*", rb"\g<1>" + actual.encode(), answer)
            answer = answer.replace(b"COMPOSITE", b"FULL_OBJECT")
            # MiniStack answers a repeated Complete with this stored response.
            s3._completed_multipart_uploads[upload_id]["response"] = (status, answer_headers, answer)
        return status, answer_headers, answer

    s3._create_multipart_upload = create_upload
    s3._complete_multipart_upload = complete_upload


def pass_stop_timeout() -> None:
    """Passes a container's stopTimeout to the stand-in for `docker`. MiniStack alone kills each container after 5 seconds."""
    build = ecs._build_run_kwargs

    def build_run_kwargs(cdef, *args, **kwargs):
        return {**build(cdef, *args, **kwargs), "stop_timeout": int(cdef.get("stopTimeout") or 30)}

    ecs._build_run_kwargs = build_run_kwargs


def keep_client_tokens() -> None:
    """Answers a RunTask with a known clientToken with the tasks that the first such request started, as ECS does for a day."""
    run_task = ecs._ACTION_MAP["RunTask"]
    answers: dict[tuple, tuple] = {}
    lock = threading.Lock()

    def run_once(data):
        token = data.get("clientToken")
        if not token:
            return run_task(data)
        key = (get_account_id(), get_region(), data.get("cluster"), token)
        with lock:
            answer = answers.get(key) or run_task(data)
            if answer[0] == 200:
                answers[key] = answer
            return answer

    ecs._ACTION_MAP["RunTask"] = run_once


def fill_schedule_inputs() -> None:
    """Replaces the context attributes of EventBridge Scheduler in a target's input. Sluice uses `<aws.scheduler.scheduled-time>`."""
    invoke_target = eventbridge._invoke_target

    def invoke_filled(target, event, rule=None, *args, **kwargs):
        if event.get("Source") == "aws.scheduler" and rule is not None and target.get("Input"):
            text = target["Input"]
            for name, value in (
                ("schedule-arn", rule.get("Arn", "")),
                ("scheduled-time", scheduled_time(rule.get("ScheduleExpression", ""), event["Time"])),
                ("execution-id", str(uuid.uuid4())),
                ("attempt-number", "1"),
            ):
                text = text.replace(f"<aws.scheduler.{name}>", value)
            target = {**target, "Input": text}
        return invoke_target(target, event, rule, *args, **kwargs)

    eventbridge._invoke_target = invoke_filled


def scheduled_time(expression: str, fired_at: float) -> str:
    """Returns the time of the schedule itself, not the later time at which MiniStack noticed it. A cron's time is a whole minute."""
    at = scheduler._at_time_epoch(expression)
    meant = at if at is not None else fired_at - fired_at % (60 if expression.startswith("cron(") else 1)
    return datetime.fromtimestamp(meant, tz=timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def take_query_definitions() -> None:
    """Accepts AWS::Logs::QueryDefinition, which MiniStack doesn't know. The embedded AWS can't run the queries."""

    def create(logical_id, props, stack_name):
        if not props.get("Name") or not props.get("QueryString"):
            raise ValueError("Name and QueryString are required for AWS::Logs::QueryDefinition")
        return str(uuid.uuid4()), {}

    provisioners._RESOURCE_HANDLERS.setdefault(
        "AWS::Logs::QueryDefinition",
        {
            "create": create,
            "update": lambda physical_id, old, new, stack_name: (physical_id, {}),
            "delete": lambda physical_id, props: None,
        },
    )


def end_stopped_executions() -> None:
    """Ends a stopped execution at its next call, so that it stays ABORTED.

    MiniStack alone only changes the status: the current task goes on with its retries, and its failure then makes the execution
    FAILED.
    """
    add_event, fail = stepfunctions._add_event, stepfunctions._fail_execution

    def add_event_unless_stopped(execution: dict, event_type: str, *details: object) -> dict:
        if event_type == "TaskScheduled" and execution["status"] == "ABORTED":
            # SystemExit is not an Exception, so no Catch of the state machine catches it. It ends the execution's thread without an event.
            raise SystemExit
        return add_event(execution, event_type, *details)

    def fail_unless_stopped(execution: dict, *error: object) -> None:
        if execution["status"] != "ABORTED":
            fail(execution, *error)

    stepfunctions._add_event = add_event_unless_stopped
    stepfunctions._fail_execution = fail_unless_stopped


# The service-linked roles of services whose role name is not just the service's name with a capital letter.
_SERVICE_ROLES = {"ecs.amazonaws.com": ("AWSServiceRoleForEcs", "AWSServiceRoleForECS")}


def name_service_roles() -> None:
    """Gives ECS's service-linked role the name that AWS gives it. If the account has the role already, the answer has IAM's words.

    MiniStack alone creates a role AWSServiceRoleForEcs, for which no program looks.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles.html
    """
    create = iam._IAM_HANDLERS["CreateServiceLinkedRole"]

    def create_named(params):
        given, name = _SERVICE_ROLES.get(iam._p(params, "AWSServiceName"), (None, None))
        if name is None:
            return create(params)
        if name in iam._roles:
            message = f"Service role name {name} has been taken in this account, please try a different suffix."
            return iam._error(400, "InvalidInput", message, ns="iam")
        status, headers, body = create(params)
        if status == 200:
            role = iam._roles.pop(given)
            iam._roles[name] = {**role, "RoleName": name, "Arn": role["Arn"].replace(given, name)}
            body = body.replace(given.encode(), name.encode())
        return status, headers, body

    iam._IAM_HANDLERS["CreateServiceLinkedRole"] = create_named


def know_other_services_at_once() -> None:
    """Treats every service that MiniStack doesn't know as a service of AWS that MiniStack lacks, and refuses its requests.

    MiniStack alone looks the service's name up in the models of all services of AWS. It needs four seconds of CPU to read
    them, and answers no other request meanwhile. It treats a request for an unknown name as a request to S3; with this
    bridge, such a request is refused.
    """
    # If MiniStack doesn't have this function any more, the start fails here.
    getattr(router, "_is_aws_service_name")
    router._is_aws_service_name = lambda _name: True
