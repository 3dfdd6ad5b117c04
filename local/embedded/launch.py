"""Starts the embedded AWS (MiniStack) on a free port of the loopback interface.

The parent has a pipe to this process's stdin. When the pipe closes, all processes that were started here end: the server,
the Lambda processes and the task processes. They also end if the parent or this process is killed with SIGKILL.

When the socket listens, the process prints one line of JSON on stdout, `{"port": 40123}`. It answers requests from then on.
"""

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))


def start_guard(folder: str) -> None:
    """Forks a process, the guard. When this process ends, the guard ends this process's group, removes its folder, and ends too.

    The guard waits for the end of a pipe that only this process keeps open, so it also notices a SIGKILL. Fork the guard
    before any thread starts, and before MiniStack's modules use memory.
    """
    os.setsid()
    group = os.getpid()
    read_end, write_end = os.pipe()
    if os.fork() != 0:
        os.close(read_end)
        # Nothing closes this end of the pipe: the kernel closes it when this process ends. Children don't inherit it (PEP 446).
        start_guard.write_end = write_end
        return
    os.close(write_end)
    os.setsid()
    os.read(read_end, 1)
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        # No process of the group exists. Or, on macOS, one has ended and is not yet reaped (EPERM); the others have received the signal.
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def end_with_parent() -> None:
    """Ends this process when its stdin ends. The state is in memory only, so there is nothing to store before."""

    def wait() -> None:
        while sys.stdin.buffer.read(4096):
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True, name="end-with-parent").start()


def listen(port: int) -> socket.socket:
    """Binds before MiniStack is imported, since its modules read the port from the environment when they load."""
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server.bind(("127.0.0.1", port))
    server.listen(512)
    return server


def raise_file_limit() -> None:
    """Raises the limit for open files. A burst of connections could exceed the usual soft limit of 1,024 or, on macOS, 256."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # macOS reports no hard limit, but refuses more than kern.maxfilesperproc, which is different on each machine.
    for wanted in (65_536, 24_576, 10_240, 4_096):
        limit = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        if limit <= soft:
            return
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            return
        except (ValueError, OSError):
            continue


def main() -> None:
    folder = tempfile.mkdtemp(prefix="sluice-aws-")
    start_guard(folder)
    end_with_parent()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server = listen(int(os.environ.get("GATEWAY_PORT", "0")))
    port = server.getsockname()[1]
    raise_file_limit()
    os.environ.update(
        {
            "GATEWAY_PORT": str(port),
            # The code of Lambdas, the scripts of their processes and similar files. The guard removes them.
            "TMPDIR": folder,
            # By this name MiniStack asks Docker for its own container. The stand-in module answers with the loopback address.
            "HOSTNAME": "sluice-embedded-aws",
            # Without it MiniStack checks no permissions.
            "AUTH": "true",
            # Sluice uses neither of these two services, and each would open a fixed port.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
        }
    )
    tempfile.tempdir = folder
    # Python finds the stand-in for the module `docker` first, even if the real module is installed.
    sys.path.insert(0, HERE)

    import bridges
    import door

    bridges.install()

    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    config = Config()
    config.bind = [f"fd://{server.detach()}"]
    config.keep_alive_timeout = 75
    config.loglevel = os.environ.get("LOG_LEVEL", "INFO").upper()
    print(json.dumps({"port": port}), flush=True)
    asyncio.run(serve(door.guarded(app, port), config))


if __name__ == "__main__":
    main()
