"""Judging a PDF in a process of its own, with a bound on time and memory: the file may be a stranger's, made to be slow.

Guarantees: whoever asks waits ``SECONDS`` at most; then the process is killed and the file refused (``time``), as is one that takes more memory or
processor than ``MEMORY`` and ``SECONDS`` allow (``memory``). The file travels through a pipe and lies nowhere; the process has nothing of our
environment but where the modules are, and writes no core file. Size is bounded before (``signatures.model.Limits``).
Refuses nothing else than ``signatures.checking.check_pdf`` does. Trusts its own process for the answer, which is unpickled: what runs there is our
code, and whoever makes it run other code has the gateway's user already.

Started as ``python -m akashi.app.duty.judging``: a pickled ``(data, trust, now_ms)`` on standard input; on standard output a pickled
``DocumentSeen``, or the word of the refusal.
"""

from __future__ import annotations

import os
import pickle
import resource
import subprocess
import sys

from akashi.signatures.checking import check_pdf
from akashi.signatures.errors import DocumentRefused
from akashi.signatures.model import DocumentSeen, Limits, Trust

SECONDS = 60.0
MEMORY = 3 * 1024**3
"""Bytes of address space: the largest file, unpacked as far as it may be, and the modules several times over."""


def judged_apart(
    data: bytes, trust: Trust, now_ms: int, seconds: float = SECONDS, memory: int = MEMORY
) -> DocumentSeen:
    """What ``check_pdf`` says of ``data``. Raises :class:`DocumentRefused`, also with ``what`` = ``time`` or ``memory``."""
    if len(data) > Limits().bytes_most:
        raise DocumentRefused(what="size")
    places = {"PYTHONPATH": os.pathsep.join(one for one in sys.path if one)}
    command = [sys.executable, "-P", "-m", __name__, str(int(seconds) + 1), str(memory)]
    question = pickle.dumps((data, trust, now_ms))
    try:
        done = subprocess.run(
            command, input=question, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=places, timeout=seconds,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise DocumentRefused(what="time") from error
    if done.returncode != 0:
        raise DocumentRefused(what="memory")
    answer = pickle.loads(done.stdout)  # noqa: S301 - our own process's, see above
    if isinstance(answer, DocumentSeen):
        return answer
    raise DocumentRefused(what=str(answer))


def main() -> int:
    """Judge what comes on standard input, within the limits that the arguments give."""
    seconds, memory = int(sys.argv[1]), int(sys.argv[2])
    for of, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(of, (most, most))
    data, trust, now_ms = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started this one
    answer: DocumentSeen | str
    try:
        answer = check_pdf(data, trust, now_ms)
    except DocumentRefused as error:
        answer = str(error.params["what"])
    sys.stdout.buffer.write(pickle.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
