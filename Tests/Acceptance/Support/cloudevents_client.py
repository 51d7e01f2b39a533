"""Sends events with the CloudEvents SDK as it is, and repeats what was not taken.

    cloudevents_client.py <port> <count>

Eight threads send; the number of answers with each status but 202 is printed.
"""

import collections
import concurrent.futures
import datetime
import http.client
import sys
import time

from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

THREADS = 8
port, count = int(sys.argv[1]), int(sys.argv[2])


def send(first):
    connection = None
    others = collections.Counter()
    for number in range(first, count, THREADS):
        event = CloudEvent(
            attributes={
                "id": f"py-{number}",
                "source": "/python",
                "type": "com.example.search.v1",
                "specversion": "1.0",
                "time": datetime.datetime.now(datetime.timezone.utc),
                "datacontenttype": "application/json",
                "subject": "o 1€",
            },
            data={"search_term": "shoes", "user_id": f"u{number}"},
        )
        message = (to_binary_event if number // THREADS % 2 else to_structured_event)(event)
        while True:
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                connection.request("POST", "/events", message.body, message.headers)
                answer = connection.getresponse()
                text = answer.read()
                if answer.status == 202:
                    break
                others[answer.status] += 1
                if answer.status not in (429, 503):
                    raise RuntimeError(f"event {number}: {answer.status} {text}")
            except (OSError, http.client.HTTPException):
                connection = None
            time.sleep(0.02)
    return others


with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
    print(dict(sum(pool.map(send, range(THREADS)), collections.Counter())))
