"""The process that does the jobs; see `jobs`."""

import structlog
from huey.consumer import Consumer


class Worker(Consumer):
    """Says when it listens: from then on a signal stops it in order."""

    def start(self) -> None:
        super().start()
        structlog.get_logger("screening").info("worker ready")
