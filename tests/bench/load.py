"""The load: a process of its own that sends prepared requests over kept connections and notes how long each took.

It reads a plan from standard input and writes the answer to standard output, both pickled. Requests are ready
bytes, and of an answer only status and length are looked at, so that the client's own work stays small beside
either side's.
"""

import os
import pickle
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Round:
    """Requests for one side, spread over `connections`; `status` is what every answer must have."""

    name: str
    port: int
    pids: tuple[int, ...]
    requests: tuple[bytes, ...]
    connections: int = 1
    status: int = 200


@dataclass
class Taken:
    """What a round took: seconds of each request in order of arrival, of the whole, and of the server's processors."""

    name: str
    seconds: list[float] = field(default_factory=list)
    whole: float = 0.0
    cpu: float = 0.0
    length: int = 0


class Refused(RuntimeError):
    """An answer had another status than the plan expects."""


def request(method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: keep-alive"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def run(rounds: list[Round]) -> list[Taken]:
    """Play the rounds one after the other in a process of their own. Raises Refused."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load"],
        input=pickle.dumps(rounds),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise Refused(done.stderr.decode(errors="replace"))
    found: list[Taken] = pickle.loads(done.stdout)
    return found


def play(round_: Round) -> Taken:
    """Send the requests of a round; each connection takes the next one as soon as it is free."""
    taken = Taken(round_.name)
    waiting = iter(round_.requests)
    lock = threading.Lock()
    failed: list[BaseException] = []

    def work() -> None:
        try:
            with socket.create_connection(("127.0.0.1", round_.port), 60) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while not failed:
                    with lock:
                        each = next(waiting, None)
                    if each is None:
                        return
                    begun = time.perf_counter()
                    length = _exchange(connection, each, round_.status)
                    taken.seconds.append(time.perf_counter() - begun)
                    taken.length = length
        except BaseException as error:
            failed.append(error)

    before, begun = _cpu(round_.pids), time.perf_counter()
    threads = [threading.Thread(target=work) for _ in range(round_.connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    taken.whole, taken.cpu = time.perf_counter() - begun, _cpu(round_.pids) - before
    return taken


def _exchange(connection: socket.socket, data: bytes, status: int) -> int:
    """Send a request and read its whole answer; the number of bytes of the body."""
    connection.sendall(data)
    answer = connection.recv(65536)
    while (end := answer.find(b"\r\n\r\n")) < 0:
        more = connection.recv(65536)
        if not more:
            raise Refused(f"the connection ended after {answer[:200]!r}")
        answer += more
    head = answer[:end].lower()
    at = head.find(b"content-length:")
    length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
    parts, have = [answer[end + 4 :]], len(answer) - end - 4
    while have < length:
        parts.append(connection.recv(262144))
        have += len(parts[-1])
    if int(head[9:12]) != status:
        said = b"".join(parts).decode(errors="replace")
        raise Refused(f"{head[:300].decode()}\n{data[:300]!r}\n{said[:6000]}")
    return length


def _cpu(pids: tuple[int, ...]) -> float:
    """Seconds of processor time that the processes have used; 0 where the system does not tell."""
    ticks = 0
    for pid in pids:
        path = Path(f"/proc/{pid}/stat")
        if path.exists():
            fields = path.read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / TICK


if __name__ == "__main__":
    plan: list[Round] = pickle.loads(sys.stdin.buffer.read())
    from tests.bench import load  # by its own name, so that what is pickled is known to the other side

    answers = [load.play(each) for each in plan]
    sys.stdout.buffer.write(pickle.dumps(answers))
