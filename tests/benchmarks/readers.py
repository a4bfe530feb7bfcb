"""People on the form, as a process of their own: they share no interpreter with what is measured.

Standard input is one line of JSON: `port`, and of each of `people` the `cookie` and the `bodies`
that save each page. Everybody opens a page, reads it, saves it, and so on until standard input
ends; nobody waits for anybody. Then every answer is told as [begun, seconds] of the clock that all
processes of a machine share.
"""

import json
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import chain, cycle
from typing import Any

READING = (0.1, 0.9)  # seconds between two requests of one person
FORM = "application/x-www-form-urlencoded"


def main() -> None:
    told = json.loads(sys.stdin.readline())
    over = threading.Event()
    with ThreadPoolExecutor(len(told["people"])) as pool:
        people = [
            pool.submit(use, told["port"], person, random.Random(number), over)
            for number, person in enumerate(told["people"])
        ]
        sys.stdin.read()
        over.set()
    json.dump([answer for person in people for answer in person.result()], sys.stdout)


def use(
    port: int, person: dict[str, Any], chance: random.Random, over: threading.Event
) -> list[tuple[float, float]]:
    took = []
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Cookie": f"session={person['cookie']}", "Content-Type": FORM}
    both = [(("GET", page, None, 200), ("POST", page, sent, 303))
            for page, sent in person["bodies"].items()]  # fmt: skip
    for method, page, sent, status in cycle(chain(*both)):
        if over.wait(chance.uniform(*READING)):
            break
        began = time.monotonic()
        connection.request(method, f"/form/{page}", sent, headers)
        answer = connection.getresponse()
        answer.read()
        took.append((began, time.monotonic() - began))
        assert answer.status == status, answer.status
    connection.close()
    return took


if __name__ == "__main__":
    main()
