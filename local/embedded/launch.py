"""Starts the embedded AWS (MiniStack) on a free port of the loopback interface.

The parent holds a pipe to this process's stdin; when it closes, all that was started here ends: the server, the Lambda
workers and the task processes. That also holds where the parent or this process is killed with SIGKILL.

Prints one line of JSON on stdout, `{"port": 40123}`, once the socket listens; requests sent from then on are answered.
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
    """Forks a process that outlives this one just long enough to end its process group and remove its folder.

    The guard waits for the end of a pipe that only this process holds open, so it also notices a SIGKILL. It must be
    forked before there are threads, and before MiniStack's modules take memory.
    """
    os.setsid()
    group = os.getpid()
    read_end, write_end = os.pipe()
    if os.fork() != 0:
        os.close(read_end)
        # Never closed: the kernel does it when this process ends. Children don't inherit it (PEP 446).
        start_guard.write_end = write_end
        return
    os.close(write_end)
    os.setsid()
    os.read(read_end, 1)
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        # No process is left; or, on macOS, one of them has ended and is not yet reaped (EPERM). The others have got the signal.
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def end_with_parent() -> None:
    """Ends this process when stdin does. The state is in memory only, so there is nothing to finish."""

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
    """A burst of connections would otherwise meet the usual soft limit of 1,024 or, on macOS, 256."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # macOS says that there is no hard limit, and refuses more than kern.maxfilesperproc, which differs by machine.
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
            # Lambda code, the worker scripts and the like: the guard removes them.
            "TMPDIR": folder,
            # The name by which MiniStack asks Docker for its own container; the stand-in module answers with the loopback address.
            "HOSTNAME": "sluice-embedded-aws",
            # Without it MiniStack checks no permissions.
            "AUTH": "true",
            # Both are unused here, and each would open a fixed port.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
        }
    )
    tempfile.tempdir = folder
    # The stand-in for the module `docker` comes first, also where the real one is installed.
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
