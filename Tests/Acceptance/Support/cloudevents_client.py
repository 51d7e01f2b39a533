"""Sends events with the CloudEvents SDK as it is, and repeats what was not answered.

    cloudevents_client.py <port> <count>
"""

import datetime
import http.client
import sys
import time

from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

port, count = int(sys.argv[1]), int(sys.argv[2])
connection = None
for number in range(count):
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
    message = (to_binary_event if number % 2 else to_structured_event)(event)
    while True:
        try:
            connection = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("POST", "/events", message.body, message.headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status == 202:
                break
            if answer.status not in (429, 503):
                sys.exit(f"event {number}: {answer.status} {text}")
        except (OSError, http.client.HTTPException):
            connection = None
        time.sleep(0.02)
