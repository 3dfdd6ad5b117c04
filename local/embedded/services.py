"""Lets each service of MiniStack that acts on our behalf check its permission first, as on AWS.

These pages document the condition keys that show for which resource a service assumes a role:
https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
Lambda's documentation names no such key. So Lambda sends none here, and a condition on one would refuse Lambda.
"""

import contextvars
import logging

from acting import Acting, Refused, call
from ministack.core import lambda_runtime
from ministack.core.responses import get_account_id, get_region
from ministack.services import ecs, eventbridge, lambda_svc, stepfunctions

_log = logging.getLogger("sluice")


def let_services_ask() -> None:
    """Call it once, before the server starts."""
    step_functions()
    events_and_schedules()
    lambda_roles()
    task_roles()


# The state machine's role, while one of its states runs.
_machine = contextvars.ContextVar("sluice_machine", default=None)


def step_functions() -> None:
    """Checks a state machine's permissions: to call functions, and for all that a Distributed Map reads, starts and writes.

    https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
    """
    call_lambda = stepfunctions._call_lambda
    object_text = stepfunctions._s3_object_text
    distributed_map = stepfunctions._run_distributed_map

    def acting(ctx) -> Acting:
        arn = ctx["StateMachine"]["Id"]
        return Acting("states.amazonaws.com", stepfunctions._state_machines[arn]["roleArn"], arn)

    def ask(error: str, action: str, resource: str) -> None:
        try:
            _machine.get().ask(action, resource)
        except Refused as refused:
            raise stepfunctions._ExecutionError(error, str(refused)) from None

    def within(run):
        def run_within(state_def, raw_input, *rest):
            token = _machine.set(acting(rest[-1]))
            try:
                return run(state_def, raw_input, *rest)
            finally:
                _machine.reset(token)

        return run_within

    def call_asking(func_ref, event):
        _, config, _ = lambda_svc._get_func_record_for_ref(func_ref)
        if config:
            arn = func_ref if func_ref.startswith("arn:") else config["FunctionArn"]
            ask("Lambda.AWSLambdaException", "lambda:InvokeFunction", arn)
        return call_lambda(func_ref, event)

    def text_asking(bucket, key):
        ask("States.ItemReaderFailed", "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
        return object_text(bucket, key)

    def map_asking(state_def, raw_input, effective, iterator, execution, ctx):
        ask("States.Permissions", "states:StartExecution", ctx["StateMachine"]["Id"])
        writer = state_def.get("ResultWriter") or {}
        given = writer.get("Parameters") or writer.get("Arguments")
        if given:
            to = stepfunctions._resolve_params_obj(given, effective, ctx)
            result = f"arn:aws:s3:::{to.get('Bucket')}/{str(to.get('Prefix', '')).strip('/')}/manifest.json"
            ask("States.ResultWriterFailed", "s3:PutObject", result)
        return distributed_map(state_def, raw_input, effective, iterator, execution, ctx)

    stepfunctions._execute_task = within(stepfunctions._execute_task)
    stepfunctions._execute_map = within(stepfunctions._execute_map)
    stepfunctions._call_lambda = call_asking
    stepfunctions._s3_object_text = text_asking
    stepfunctions._run_distributed_map = map_asking


def events_and_schedules() -> None:
    """Checks the permissions of EventBridge and Scheduler.

    To call a function, EventBridge needs the function's policy. To start an execution, EventBridge and Scheduler need the
    target's role. To publish to a topic, EventBridge needs the target's role if the target has one, and otherwise the topic's
    policy.
    """
    invoke_target = eventbridge._invoke_target

    def invoke_asking(target, event, rule=None, *args, **kwargs):
        arn, role, rule = target.get("Arn", ""), target.get("RoleArn"), rule or {}
        try:
            if ":function:" in arn:
                call("events.amazonaws.com", "lambda:InvokeFunction", arn, rule.get("Arn", ""))
            elif event.get("Source") == "aws.scheduler" and role:
                group = f"arn:aws:scheduler:{get_region()}:{get_account_id()}:schedule-group/{rule.get('GroupName', 'default')}"
                Acting("scheduler.amazonaws.com", role, group).ask("states:StartExecution", arn)
            elif ":stateMachine:" in arn:
                Acting("events.amazonaws.com", role or "", rule.get("Arn", "")).ask("states:StartExecution", arn)
            elif ":sns:" in arn and role:
                Acting("events.amazonaws.com", role, rule.get("Arn", "")).ask("sns:Publish", arn)
            elif ":sns:" in arn:
                call("events.amazonaws.com", "sns:Publish", arn, rule.get("Arn", ""))
        except Refused as refused:
            _log.warning("not delivered to %s: %s", arn, refused)
            return None
        return invoke_target(target, event, rule, *args, **kwargs)

    eventbridge._invoke_target = invoke_asking


def lambda_roles() -> None:
    """Checks that Lambda may assume a function's role for its session, and that this role may write the function's log."""
    credentials = lambda_runtime.execution_credentials
    emit = lambda_svc._emit_lambda_logs

    def credentials_asking(config):
        Acting("lambda.amazonaws.com", config.get("Role", "")).assume()
        return credentials(config)

    def emit_asking(func, *args, **kwargs):
        config = func.get("config") or func
        group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config.get('FunctionName')}"
        try:
            write_log(Acting("lambda.amazonaws.com", config.get("Role", "")), group)
        except Refused as refused:
            # As on AWS, the function runs and its log stays empty.
            return _log.warning("no log is written to %s: %s", group, refused)
        return emit(func, *args, **kwargs)

    lambda_runtime.execution_credentials = credentials_asking
    lambda_svc._emit_lambda_logs = emit_asking


def task_roles() -> None:
    """Checks that ECS may assume both roles of a task, and that the execution role may write its log. Otherwise the task doesn't start."""
    start = ecs._start_task_worker

    def start_asking(task, td, *rest):
        for role in filter(None, (td.get("taskRoleArn"), td.get("executionRoleArn"))):
            Acting("ecs-tasks.amazonaws.com", role, task["taskArn"]).assume()
        for container in td.get("containerDefinitions", []):
            logs = container.get("logConfiguration") or {}
            if logs.get("logDriver") == "awslogs" and td.get("executionRoleArn"):
                acting = Acting("ecs-tasks.amazonaws.com", td["executionRoleArn"], task["taskArn"])
                write_log(acting, (logs.get("options") or {}).get("awslogs-group", ""))
        return start(task, td, *rest)

    ecs._start_task_worker = start_asking


def write_log(acting: Acting, group: str) -> None:
    """Checks the permissions for writing a log. Raises Refused."""
    stream = f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{group}:log-stream:any"
    acting.ask("logs:CreateLogStream", stream)
    acting.ask("logs:PutLogEvents", stream)
