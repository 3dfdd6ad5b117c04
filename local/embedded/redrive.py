"""RedriveExecution, which MiniStack lacks: an execution that failed or was stopped continues at the state in which it ended.

That state gets the same input again. As on AWS, the execution keeps its name and its history, counts its redrives, and sends
EventBridge an event that it runs. Different from AWS, a Map state runs all of its items again, not only the failed items.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html
"""

import contextvars
import inspect
import json
import threading

from ministack.core.responses import error_response_json, json_response, now_iso
from ministack.services import eventbridge, stepfunctions

# The ARN of this thread's execution, and the number of its redrives when the thread began.
_turn = contextvars.ContextVar("sluice_turn", default=None)


def redrive_executions(replaced) -> None:
    """Call it once, before the server starts. `replaced` replaces a text that occurs exactly once."""
    begin_where_it_ended(replaced)
    tell_of_redrives()
    end_threads_of_earlier_turns()
    handle = stepfunctions.handle_request

    async def handle_redriving(method, path, headers, body, query_params):
        if headers.get("x-amz-target", "").endswith(".RedriveExecution"):
            return stepfunctions._finalize_response(redrive(json.loads(body or "{}")))
        return await handle(method, path, headers, body, query_params)

    stepfunctions.handle_request = handle_redriving


def redrive(data: dict):
    """Answers RedriveExecution."""
    arn = data.get("executionArn")
    execution = stepfunctions._executions.get(arn)
    if execution is None:
        return error_response_json("ExecutionDoesNotExist", f"Execution {arn} not found", 400)
    entered = [event for event in execution["events"] if event["type"].endswith("StateEntered")]
    if execution["status"] not in ("FAILED", "ABORTED", "TIMED_OUT") or not entered:
        return error_response_json("ExecutionNotRedrivable", f"Execution {arn} is {execution['status']}", 400)
    state = entered[-1]["stateEnteredEventDetails"]
    count = execution.get("redriveCount", 0) + 1
    for ended in ("error", "cause"):
        execution.pop(ended, None)
    execution.update(
        status="RUNNING",
        stopDate=None,
        output=None,
        redriveCount=count,
        redriveDate=now_iso(),
        redriveFrom=(state["name"], json.loads(state["input"])),
    )
    stepfunctions._add_event(
        execution, "ExecutionRedriven", {"executionRedrivenEventDetails": {"redriveCount": count}}
    )
    stepfunctions._emit_execution_status_event(execution)
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(stepfunctions._run_execution, arn), daemon=True).start()
    return json_response({"redriveDate": execution["redriveDate"]})


def begin_where_it_ended(replaced) -> None:
    source = inspect.getsource(stepfunctions._run_execution)
    source = replaced(
        source,
        '        "variables": {},\n    }\n',
        '        "variables": {},\n    }\n    current_name, current_input = execution.get("redriveFrom", (current_name, current_input))\n',
    )
    exec(compile(source, stepfunctions.__file__, "exec"), vars(stepfunctions))


def tell_of_redrives() -> None:
    """Adds the redrives to Step Functions' answers about executions, and to its events."""
    put_events = eventbridge._put_events
    describe = stepfunctions._describe_execution
    listed = stepfunctions._list_executions

    def count_of(arn: str) -> int:
        return stepfunctions._executions.get(arn, {}).get("redriveCount", 0)

    def put_with_counts(data, *args, **kwargs):
        for entry in data.get("Entries", []):
            detail = json.loads(entry.get("Detail") or "{}")
            if entry.get("Source") == "aws.states" and "redriveCount" in detail:
                entry["Detail"] = json.dumps({**detail, "redriveCount": count_of(detail.get("executionArn"))})
        return put_events(data, *args, **kwargs)

    def with_counts(answer, executions):
        status, headers, body = answer
        if status != 200:
            return answer
        found = json.loads(body)
        for execution in executions(found):
            execution["redriveCount"] = count_of(execution["executionArn"])
        return status, headers, json.dumps(found).encode()

    eventbridge._put_events = put_with_counts
    stepfunctions._describe_execution = lambda data: with_counts(describe(data), lambda found: [found])
    stepfunctions._list_executions = lambda data: with_counts(listed(data), lambda found: found["executions"])


def end_threads_of_earlier_turns() -> None:
    """Ignores the outcome of earlier threads. A stopped execution's thread still waits for its task when a redrive starts a new thread."""
    run, add_event, fail = stepfunctions._run_execution, stepfunctions._add_event, stepfunctions._fail_execution

    def run_in_turn(arn):
        _turn.set((arn, stepfunctions._executions.get(arn, {}).get("redriveCount", 0)))
        run(arn)

    def is_over(execution) -> bool:
        arn, count = _turn.get() or (None, None)
        return arn == execution["executionArn"] and count != execution.get("redriveCount", 0)

    def add_event_in_turn(execution, *event):
        if is_over(execution):
            # SystemExit is not an Exception, so no Catch of the state machine catches it. It ends the thread without an event.
            raise SystemExit
        return add_event(execution, *event)

    def fail_in_turn(execution, *error):
        if not is_over(execution):
            fail(execution, *error)

    stepfunctions._run_execution = run_in_turn
    stepfunctions._add_event = add_event_in_turn
    stepfunctions._fail_execution = fail_in_turn
