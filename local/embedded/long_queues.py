"""Keeps long queues quick. MiniStack alone reads each message of a queue several times in each ReceiveMessage, and copies the
queue in each DeleteMessage. With 10,000 messages a receive takes some 50 ms, and MiniStack answers no other request
meanwhile. The answers stay the same.
"""

import json
import time

from ministack.core.responses import new_uuid
from ministack.services import sqs

# Expired messages are removed at most once in this time. A queue keeps its messages for minutes to days, so this is often enough.
EXPIRE_SECONDS = 1
_EXPIRED_AT = "sluice_expired_at"
_MOST_RECEIVED = "sluice_most_received"


def keep_long_queues_quick() -> None:
    """Call it once, before the server starts."""
    expire = sqs._expire_retained
    collect = sqs._collect_msgs
    sweep = sqs._dlq_sweep

    def expire_now_and_then(q):
        now = time.time()
        if now - q.get(_EXPIRED_AT, 0) >= EXPIRE_SECONDS:
            q[_EXPIRED_AT] = now
            expire(q)

    def collect_first(q, max_n, vis_timeout):
        """Returns the first visible messages, and does not read the later ones."""
        if q["is_fifo"]:
            return collect(q, max_n, vis_timeout)
        now = time.time()
        found = []
        for message in q["messages"]:
            if len(found) == max_n:
                break
            sqs._ensure_msg_fields(message)
            if message["visible_at"] <= now:
                found.append(message)
        for message in found:
            message["receipt_handle"] = new_uuid()
            message["visible_at"] = now + vis_timeout
            message["receive_count"] += 1
            if message.get("first_receive_at") is None:
                message["first_receive_at"] = now
            q[_MOST_RECEIVED] = max(q.get(_MOST_RECEIVED, 0), message["receive_count"])
        return found

    def sweep_where_due(q):
        """Moves messages to the dead-letter queue, only if a message was received as often as the queue allows."""
        if not q["is_fifo"] and q.get(_MOST_RECEIVED, 0) < most_receives(q):
            return
        sweep(q)
        q[_MOST_RECEIVED] = max((message.get("receive_count", 0) for message in q["messages"]), default=0)

    delete = sqs._HANDLERS["DeleteMessage"]
    delete_batch = sqs._HANDLERS["DeleteMessageBatch"]

    def delete_found(data, url):
        q = sqs._get_q(data.get("QueueUrl", url), "sqs:DeleteMessage")
        # If the handle is missing or unknown, MiniStack itself answers.
        return {} if remove(q, data.get("ReceiptHandle")) else delete(data, url)

    def delete_found_ones(data, url):
        entries = data.get("Entries", [])
        q = sqs._get_q(data.get("QueueUrl", url), "sqs:DeleteMessage")
        sqs._validate_batch_entries(entries, "DeleteMessageBatchRequestEntry")
        removed, others = [], []
        for entry in entries:
            (removed if remove(q, entry.get("ReceiptHandle")) else others).append(entry)
        rest = delete_batch({**data, "Entries": others}, url) if others else {"Successful": [], "Failed": []}
        return {**rest, "Successful": [*({"Id": entry.get("Id", "")} for entry in removed), *rest["Successful"]]}

    sqs._HANDLERS["DeleteMessage"] = delete_found
    sqs._HANDLERS["DeleteMessageBatch"] = delete_found_ones
    sqs._expire_retained = expire_now_and_then
    sqs._collect_msgs = collect_first
    sqs._dlq_sweep = sweep_where_due


def remove(q, handle) -> bool:
    """Removes the message with this receipt handle. Returns whether it existed. The search begins with the oldest messages."""
    for index, message in enumerate(q["messages"]):
        if handle and message["receipt_handle"] == handle:
            del q["messages"][index]
            return True
    return False


def most_receives(q) -> float:
    try:
        return int(json.loads(q["attributes"]["RedrivePolicy"])["maxReceiveCount"])
    except (KeyError, TypeError, ValueError):
        return float("inf")
