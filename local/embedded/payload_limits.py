"""Refuses payloads that are too large for Lambda and Step Functions. MiniStack alone accepts them.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

import json

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc, stepfunctions

ANSWER_BYTES = 6_291_556
STATE_BYTES = 262_144
TOO_LARGE = "States.DataLimitExceeded"


def refuse_large_payloads() -> None:
    """Call it once, before the server starts, and after the bridge that turns a marked result into an error body."""
    bound_answers()
    bound_states()
    bound_inputs()
    leave_terminal_errors_alone()


def size_of(value) -> int:
    """The bytes of a value as JSON in UTF-8."""
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass"))


def bound_answers() -> None:
    """A function's answer has 6 MB at most."""
    execute = lambda_svc._execute_function_warm

    def execute_bounded(func, event, request_id):
        answer = execute(func, event, request_id)
        if answer.get("error") or size_of(answer.get("body")) <= ANSWER_BYTES:
            return answer
        message = f"Response payload size exceeded maximum allowed payload size ({ANSWER_BYTES} bytes)."
        return {**answer, "error": True, "body": {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}}

    lambda_svc._execute_function_warm = execute_bounded


def bound_states() -> None:
    """The answer of a task, and the output of a state, have at most 256 KiB."""

    def check(what: str, value) -> None:
        if size_of(value) > STATE_BYTES:
            raise stepfunctions._ExecutionError(
                TOO_LARGE,
                f"The state/task '{what}' returned a result with a size exceeding the maximum number of bytes service limit.",
            )

    def bounded(execute):
        def execute_bounded(state_def, raw_input, *rest):
            # Branches share the context, and each branch writes the name of its last state into it. So the name is read first.
            name = ((rest[-1] if rest else None) or {}).get("State", {}).get("Name", "")
            output, following = execute(state_def, raw_input, *rest)
            check(name, output)
            return output, following

        return execute_bounded

    invoke = stepfunctions._invoke_resource

    def invoke_bounded(resource, input_data):
        result = invoke(resource, input_data)
        check(resource, result)
        return result

    stepfunctions._invoke_resource = invoke_bounded
    for name in ("_execute_pass", "_execute_task", "_execute_map", "_execute_parallel"):
        setattr(stepfunctions, name, bounded(getattr(stepfunctions, name)))


def bound_inputs() -> None:
    """The input of an execution has at most 256 KiB."""
    start = stepfunctions._start_execution

    def start_bounded(data):
        if len(str(data.get("input", "")).encode("utf-8", "surrogatepass")) > STATE_BYTES:
            return error_response_json(
                "ValidationException",
                "1 validation error detected: Value at 'input' failed to satisfy constraint: "
                f"Member must have length less than or equal to {STATE_BYTES}",
                400,
            )
        return start(data)

    stepfunctions._start_execution = start_bounded


def leave_terminal_errors_alone() -> None:
    """States.ALL and States.TaskFailed match neither this error nor States.Runtime.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    """
    matches = stepfunctions._error_matches
    terminal = (TOO_LARGE, "States.Runtime")
    stepfunctions._error_matches = lambda named, error: error in named if error in terminal else matches(named, error)
