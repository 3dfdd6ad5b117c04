"""Delays the answer of DescribeStacks until the change of the stack has ended.

The CDK requests the status of a stack every five seconds. A change takes less than a second here, so a deploy or a bootstrap
would wait for most of its time.
"""

import asyncio
import time

from ministack.services import cloudformation

# An answer after the time limit of the client would be useless.
_MOST_SECONDS = 20
_LOOK_SECONDS = 0.05


def answer_when_stacks_end() -> None:
    """Call it once, before the server starts."""
    handle = cloudformation.handle_request

    async def handle_waiting(method, path, headers, body, query_params):
        answer = await handle(method, path, headers, body, query_params)
        until = time.monotonic() + _MOST_SECONDS
        while _is_under_way(body, answer) and time.monotonic() < until:
            await asyncio.sleep(_LOOK_SECONDS)
            answer = await handle(method, path, headers, body, query_params)
        return answer

    cloudformation.handle_request = handle_waiting


def _is_under_way(body: bytes, answer: tuple) -> bool:
    """Returns whether an answer contains a stack that is being created, changed or removed. A stack under review does not change."""
    if b"Action=DescribeStacks&" not in body or b"StackName=" not in body:
        return False
    text = answer[2] if isinstance(answer[2], bytes) else str(answer[2]).encode()
    return b"_IN_PROGRESS</StackStatus>" in text and b"REVIEW_IN_PROGRESS</StackStatus>" not in text
