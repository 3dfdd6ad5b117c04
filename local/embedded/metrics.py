"""The metrics and alarms that Sluice's alarms need.

MiniStack alone stores the metrics of PutMetricData, and those of Lambda. It reads no metrics from logs, and has none of SQS. It
evaluates alarms only when a metric arrives, and ignores the dimensions of the metric and TreatMissingData.
"""

import json
import logging
import threading
import time

from acting import Refused, call
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import cloudwatch, cloudwatch_logs, sqs

_log = logging.getLogger("sluice")

# AWS evaluates alarms once a minute. This is more often, because a person or a test waits for the alarm.
LOOK_SECONDS = 1


def keep_metrics() -> None:
    """Call it once, before the server starts."""
    take_metrics_from_logs()
    look_at_alarms()
    ask_before_alarms_publish()


def take_metrics_from_logs() -> None:
    """Stores the metrics of log lines in the embedded metric format.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    append = cloudwatch_logs._append_log_events

    def append_and_take(stream, events):
        append(stream, events)
        for event in events:
            take(str(event.get("message", "")))

    cloudwatch_logs._append_log_events = append_and_take


def take(line: str) -> None:
    """Stores the metrics of one line. The line is a JSON document, perhaps after words of Lambda. Other lines are ignored, as on AWS."""
    if '"CloudWatchMetrics"' not in line:
        return
    try:
        document = json.loads(line[line.index("{") :])
        directives = document["_aws"]["CloudWatchMetrics"]
        for directive in directives:
            for names in directive["Dimensions"]:
                dimensions = {name: str(document[name]) for name in names}
                for metric in directive["Metrics"]:
                    put(directive["Namespace"], metric, dimensions, document[metric["Name"]])
    except (ValueError, KeyError, TypeError) as error:
        _log.warning("no metric is taken from a log line that seems to have some: %r: %.200s", error, line)


def put(namespace: str, metric: dict, dimensions: dict, value) -> None:
    points = cloudwatch._metric_bucket((namespace, metric["Name"], cloudwatch._dims_key(dimensions)))
    for one in value if isinstance(value, list) else [value]:
        points.append(
            {
                "Timestamp": time.time(),
                "Value": float(one),
                "Unit": metric.get("Unit", "None"),
                "Dimensions": dict(dimensions),
            }
        )


def look_at_alarms() -> None:
    """Checks all alarms repeatedly, each with only its own metric.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
    """
    cloudwatch._evaluate_alarm = evaluate
    account, region = get_account_id(), get_region()

    def look() -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            try:
                with request_scope(account, region):
                    alarms = list(cloudwatch._alarms.values())
                    sample_queues({queue_of(alarm) for alarm in alarms} - {None})
                    for alarm in alarms:
                        evaluate(alarm)
            except Exception:
                _log.exception("the alarms could not be looked at")

    threading.Thread(target=look, daemon=True, name="alarms").start()


def queue_of(alarm: dict) -> str | None:
    if alarm.get("Namespace") != "AWS/SQS" or alarm.get("MetricName") != "ApproximateNumberOfMessagesVisible":
        return None
    return cloudwatch._dims_from_list(alarm["Dimensions"]).get("QueueName")


def sample_queues(names: set) -> None:
    """Stores SQS's own metric: the number of messages that can be received.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    for url, queue in list(sqs._queues.items()):
        name = url.rsplit("/", 1)[-1]
        if name in names:
            sqs._refresh_counts(queue)
            visible = float(queue["attributes"]["ApproximateNumberOfMessages"])
            cloudwatch.record_metric(
                "AWS/SQS", "ApproximateNumberOfMessagesVisible", visible, "Count", {"QueueName": name}
            )


_COMPARE = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}
_OF_MISSING_DATA = {"breaching": "ALARM", "notBreaching": "OK", "missing": "INSUFFICIENT_DATA"}


def evaluate(alarm: dict) -> None:
    """Evaluates an alarm over all its periods at once. Sluice's alarms have one period."""
    key = (
        alarm.get("Namespace"),
        alarm.get("MetricName"),
        cloudwatch._dims_key(cloudwatch._dims_from_list(alarm.get("Dimensions") or [])),
    )
    since = time.time() - alarm.get("Period", 60) * alarm.get("EvaluationPeriods", 1)
    points = [point for point in list(cloudwatch._metrics.get(key) or []) if point["Timestamp"] >= since]
    was = alarm["StateValue"]
    if points:
        name = alarm.get("ExtendedStatistic") or alarm.get("Statistic", "Average")
        value = cloudwatch._stat_value(cloudwatch._calc_stats(points), name, points)
        breaches = _COMPARE[alarm["ComparisonOperator"]](value, alarm.get("Threshold", 0))
        state, reason = "ALARM" if breaches else "OK", f"{name} {value}, threshold {alarm.get('Threshold', 0)}"
    else:
        state, reason = _OF_MISSING_DATA.get(alarm.get("TreatMissingData") or "missing", was), "no data"
    if state == was:
        return
    alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
    cloudwatch._record_history(alarm["AlarmName"], was, state, reason)
    # If the first evaluation of a new alarm finds it OK, no message is sent.
    if (was, state) != ("INSUFFICIENT_DATA", "OK"):
        cloudwatch._dispatch_alarm_actions(alarm, was, state, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def ask_before_alarms_publish() -> None:
    """Lets an alarm publish only if the policy of the topic allows it, with the alarm as `aws:SourceArn`.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
    """
    dispatch = cloudwatch._dispatch_alarm_actions

    def dispatch_asking(alarm, was, state, reason):
        for field in ("AlarmActions", "OKActions", "InsufficientDataActions"):
            alarm = {**alarm, field: [one for one in alarm.get(field) or [] if may_publish(alarm, one)]}
        return dispatch(alarm, was, state, reason)

    cloudwatch._dispatch_alarm_actions = dispatch_asking


def may_publish(alarm: dict, action: str) -> bool:
    try:
        call("cloudwatch.amazonaws.com", "sns:Publish", action, alarm["AlarmArn"])
    except Refused as refused:
        _log.warning("%s tells nobody: %s", alarm["AlarmName"], refused)
        return False
    return True
