"""How gunicorn serves the app. `./run` adds --bind.

gthread, not sync: a browser opens connections before it needs them, and an idle one would hold
a sync worker. Few threads: they wait for each other's hold on the interpreter, which lengthens
the tail of saves.
"""

import gc
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

workers = int(os.environ.get("SCREENING_WEB_WORKERS", "2"))
worker_class = "gthread"
threads = int(os.environ.get("SCREENING_WEB_THREADS", "4"))
# Loaded once, then forked: less memory. The app opens no database connection before the fork.
preload_app = True
timeout = 30
graceful_timeout = 10
keepalive = 5
limit_request_line = 2048
limit_request_fields = 64
limit_request_field_size = 8190
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 gunicorn's advice
loglevel = "warning"
accesslog = None  # the app logs requests, by route and without addresses
# Forwarded headers are judged by the app alone (SCREENING_PROXY_HOPS).
forwarded_allow_ips = ""
control_socket_disable = True

# Metrics: each process counts into a file here, and whichever is asked adds them up.
if os.environ.get("SCREENING_METRICS_TOKEN"):
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="screening-metrics-")


def on_exit(_server: Any) -> None:
    if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        shutil.rmtree(folder, ignore_errors=True)


def when_ready(_server: Any) -> None:
    """Before the fork: what the app is made of lives as long as it, so nothing need look for it."""
    gc.collect()
    gc.freeze()
