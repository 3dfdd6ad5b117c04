"""Gives each Lambda its own environment with the limits of AWS: variables, heap, and a folder for temporary files.

MiniStack alone gives a function all variables of the server, and limits neither its heap nor its temporary files. MiniStack
itself enforces the time limit of a function.
"""

import os
import signal
import subprocess

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

MIB = 1024 * 1024

# The process of each environment, by its folder.
_processes = {}


class _Instead:
    """A module with some of its names replaced."""

    def __init__(self, module, **names):
        self.__dict__.update(names)
        self._module = module

    def __getattr__(self, name):
        return getattr(self._module, name)


def bound_lambdas() -> None:
    """Call it once, before the server starts."""
    # These variables are added to the function's own variables. Lambda's time zone is UTC.
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "GATEWAY_PORT": os.environ["GATEWAY_PORT"],
    }
    lambda_runtime.os = _Instead(os, environ=environment)
    lambda_runtime.subprocess = _Instead(subprocess, Popen=start)
    invoke = lambda_runtime.Worker.invoke

    def invoke_bounded(self, *args, **kwargs):
        result = invoke(self, *args, **kwargs)
        if result.get("status") == "error" and result.get("error") == "Worker process died":
            return {**result, "error": f"Runtime exited with error: {how_it_ended(self)}"}
        used, limit = temporary_bytes(self), temporary_limit(self)
        if used > limit:
            return {**result, "status": "error", "error": f"ENOSPC: no space left on device: /tmp holds {used} of {limit} bytes"}
        return result

    lambda_runtime.Worker.invoke = invoke_bounded
    name_what_happened()


# The first words of each error of the environment, and Lambda's name for the error.
_ERRORS = {"Runtime exited with error": "Runtime.ExitError", "ENOSPC": "Error"}


def name_what_happened() -> None:
    """Gives errors of the environment the names that Lambda gives them. MiniStack alone calls each one Runtime.HandlerError."""
    execute = lambda_svc._execute_function_warm

    def execute_naming(func, event, request_id):
        answer = execute(func, event, request_id)
        body = answer.get("body")
        message = str(body.get("errorMessage", "")) if answer.get("error") and isinstance(body, dict) else ""
        for beginning, error_type in _ERRORS.items():
            if message.startswith(beginning) and body.get("errorType") == "Runtime.HandlerError":
                named = {"errorType": error_type, "errorMessage": f"RequestId: {request_id} Error: {message}"}
                return {**answer, "body": named}
        return answer

    lambda_svc._execute_function_warm = execute_naming


def start(args, *, cwd, env, **more):
    """Starts the process of an environment. One of its variables contains the function's memory."""
    folder = os.path.dirname(cwd)
    temporary = os.path.join(folder, "tmp")
    os.makedirs(temporary, exist_ok=True)
    command = [args[0], *heap_flags(int(env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"])), *args[1:]]
    own = {name: value for name, value in env.items() if name != "GATEWAY_PORT"}
    process = subprocess.Popen(command, cwd=cwd, env={**own, "TMPDIR": temporary}, **more)
    _processes[folder] = process
    return process


def heap_flags(memory_mib: int) -> list[str]:
    """Returns the flags of V8 with which Lambda starts Node: /var/runtime/bootstrap of public.ecr.aws/lambda/nodejs."""
    new_space = memory_mib // 10
    return [f"--max-semi-space-size={new_space // 2}", f"--max-old-space-size={memory_mib - new_space}"]


def how_it_ended(worker) -> str:
    """Describes the end of the process in Lambda's words: `exit status 1`, `signal: aborted`."""
    process = _processes.get(worker._tmpdir)
    code = process.wait() if process else 1
    return f"exit status {code}" if code >= 0 else f"signal: {signal.strsignal(-code).lower()}"


def temporary_bytes(worker) -> int:
    folder = os.path.join(worker._tmpdir or "", "tmp")
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(where, name)).st_size
            except FileNotFoundError:
                pass
    return total


def temporary_limit(worker) -> int:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html"""
    return int((worker.config.get("EphemeralStorage") or {}).get("Size") or 512) * MIB
