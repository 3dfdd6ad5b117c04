"""A stand-in for the Python module `docker`: runs a container's command as a plain process.

It has only the functions that MiniStack's ECS calls. It ignores images, networks, and the limits of CPU and memory. The
command runs with the `node` of this process's PATH, in its own folder, and only with the environment of a Fargate task.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import uuid

from . import errors

_ADDRESS = {"NetworkSettings": {"Networks": {"loopback": {"IPAddress": "127.0.0.1"}}}, "State": {}}


class Container:
    """One process with its output."""

    attrs = _ADDRESS

    def __init__(self, image, command, environment, name, labels, stop_timeout):
        if not command:
            raise errors.DockerException(f"the container {name} names no command, and images are not run here: {image}")
        self.id = uuid.uuid4().hex
        self.name = name
        self.labels = dict(labels)
        self._stop_timeout = stop_timeout
        self._lines = []
        self._ended = False
        self._changed = threading.Condition()
        self._folder = tempfile.mkdtemp(prefix="task-")
        region = os.environ.get("AWS_REGION", "us-east-1")
        self._process = subprocess.Popen(
            command,
            cwd=self._folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": self._folder,
                "TMPDIR": self._folder,
                "AWS_REGION": region,
                "AWS_DEFAULT_REGION": region,
                **{key: str(value) for key, value in environment.items()},
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        threading.Thread(target=self._read, daemon=True, name=f"output-{self.id[:8]}").start()

    def _read(self):
        for line in self._process.stdout:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def status(self):
        return "running" if self._process.poll() is None else "exited"

    def reload(self):
        """Does nothing, because no attribute is cached."""

    def wait(self, **_):
        code = self._process.wait()
        return {"StatusCode": code if code >= 0 else 128 - code}

    def logs(self, stream=False, tail=None, **_):
        if not stream:
            with self._changed:
                return b"".join(self._lines[-tail:] if isinstance(tail, int) else self._lines)
        return self._follow()

    def _follow(self):
        index = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: index < len(self._lines) or self._ended)
                if index >= len(self._lines):
                    return
                line = self._lines[index]
            index += 1
            yield line

    def stop(self, **_):
        """Sends SIGTERM now, and SIGKILL after the task definition's stopTimeout, as ECS does. MiniStack alone waits 5 seconds."""
        if self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        timer = threading.Timer(self._stop_timeout, self._process.kill)
        timer.daemon = True
        timer.start()

    def remove(self, force=False, **_):
        if force:
            self._process.kill()
        _containers.pop(self.id, None)


class _Self:
    """The container that MiniStack finds for itself. From it, MiniStack learns the address at which tasks reach it."""

    attrs = _ADDRESS


_containers = {}


class _Containers:
    def run(self, image, command=None, environment=None, name="", labels=None, stop_timeout=30, **_):
        container = Container(image, command, environment or {}, name, labels or {}, stop_timeout)
        _containers[container.id] = container
        return container

    def get(self, wanted):
        if wanted == os.environ.get("HOSTNAME"):
            return _Self()
        for container in list(_containers.values()):
            if wanted in (container.id, container.name):
                return container
        raise errors.NotFound(f"no container {wanted}")

    def list(self, filters=None, **_):
        labels = (filters or {}).get("label") or []
        wanted = dict(label.split("=", 1) for label in labels if "=" in label)
        return [one for one in list(_containers.values()) if wanted.items() <= one.labels.items()]


class DockerClient:
    containers = _Containers()

    def ping(self):
        return True


def from_env(**_):
    return DockerClient()
