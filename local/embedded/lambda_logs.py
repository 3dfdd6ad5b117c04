"""Gives a call of a function all log lines that the function wrote before its answer.

A thread of MiniStack reads the log of a function's process. After an answer, MiniStack takes the lines that the thread has read,
and waits some milliseconds for more. On a busy machine the thread is later than that: the lines then appear with the next call of
the same process, and the lines of its last call never appear.
"""

import array
import codecs
import fcntl
import os
import select
import termios
import threading
import time

from ministack.core import lambda_runtime

# Reading a full pipe takes less than a millisecond. The limit is for a machine that is too busy to run the thread.
_MOST_SECONDS = 30
_LOOK_SECONDS = 0.001


# The last lines can still wait in Node for room in the pipe. The callback runs when the pipe has all of them.
_LOG_BEFORE_ANSWER = """const _writeAnswer = process.stdout.write.bind(process.stdout);
const _realStdoutWrite = (answer) => _stderrWrite("", () => _writeAnswer(answer));
"""


def keep_log_lines(replaced) -> None:
    """Call it once, before the server starts.

    `replaced` replaces a part of MiniStack's text, and ends the start if the text does not contain this part exactly once.
    """
    lambda_runtime._NODEJS_WORKER_SCRIPT = replaced(
        lambda_runtime._NODEJS_WORKER_SCRIPT,
        "const _realStdoutWrite = process.stdout.write.bind(process.stdout);\n",
        _LOG_BEFORE_ANSWER,
    )
    worker = lambda_runtime.Worker
    drain, provided = worker._drain_stderr, lambda_runtime.ProvidedWorker
    # The processes of other runtimes read their log in a way of their own, and Sluice has none of them.
    provided._drain_stderr, provided._drain_stderr_bounded = drain, worker._drain_stderr_bounded

    def read(self) -> None:
        self._sluice_log = log = _Log(self._proc.stderr, self._stderr_queue)
        log.read()

    def drain_all(self, **_) -> str:
        # The thread that reads is started with the process, and may not have run yet.
        until = time.monotonic() + _MOST_SECONDS
        while self._stderr_thread is not None and time.monotonic() < until:
            log = getattr(self, "_sluice_log", None)
            if log is not None and log.lines is self._stderr_queue and log.is_read():
                break
            time.sleep(_LOOK_SECONDS)
        return drain(self)

    worker._read_stderr = read
    worker._drain_stderr = worker._drain_stderr_bounded = drain_all


class _Log:
    """The log of one process."""

    def __init__(self, stream, lines) -> None:
        self.lines = lines
        # A copy of the descriptor stays open if MiniStack closes its own meanwhile.
        self._pipe = os.dup(stream.fileno())
        self._reading = threading.Lock()
        self._ended = False

    def read(self) -> None:
        """Reads until the process ends."""
        text = ""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        while not self._ended:
            poll.poll()
            with self._reading:
                chunk = os.read(self._pipe, 65_536)
                self._ended = chunk == b""
                *whole, text = (text + decoder.decode(chunk, final=self._ended)).split("\n")
                if self._ended and text:
                    whole.append(text)
                for line in whole:
                    self.lines.put(line.rstrip("\r"))
                if self._ended:
                    os.close(self._pipe)

    def is_read(self) -> bool:
        """Returns whether each line that the process has written until now is among `lines`."""
        with self._reading:
            if self._ended:
                return True
            unread = array.array("i", [0])
            fcntl.ioctl(self._pipe, termios.FIONREAD, unread)
            return unread[0] == 0
