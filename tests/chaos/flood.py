"""A flood from a process of its own, so that its work is not taken for the service's: prints [[key, status, code], ...] as JSON."""

import http.client
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

HANDS = 16


def post(port: int, source: str, writer: dict[str, str]) -> list[object]:
    """One post; status 0 for a broken connection."""
    said = {name: writer[name] for name in ("name", "phone", "email")} | {"message": writer["key"]}
    headers = {"Content-Type": "application/json", "Idempotency-Key": writer["key"]}
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            connection.request("POST", f"/webhooks/{source}", json.dumps(said), headers)
            answer = connection.getresponse()
            return [writer["key"], answer.status, json.loads(answer.read() or b"{}").get("lead")]
    except (OSError, http.client.HTTPException):
        return [writer["key"], 0, None]


def main() -> None:
    """`port source per_second`, and the writers as JSON on stdin."""
    port, source, per_second = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    with ThreadPoolExecutor(HANDS) as hands:
        answers = []
        for writer in json.load(sys.stdin):
            time.sleep(1 / per_second)
            answers.append(hands.submit(post, port, source, writer))
    print(json.dumps([answer.result() for answer in answers]))


if __name__ == "__main__":
    main()
