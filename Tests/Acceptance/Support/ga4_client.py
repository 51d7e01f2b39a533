"""Sends orders with ga4mp as it is, which never repeats: ga4_client.py <port> <n>.

Most go by 25, the last one alone. The orders whose request was answered as taken are printed, one a
line; the others are known to have failed.
"""

import sys
import time
import urllib.error

from ga4mp import GtagMP

port, count = sys.argv[1], int(sys.argv[2])
client = GtagMP(api_secret="s", measurement_id="G-1", client_id="123.456")
client._base_domain = f"http://127.0.0.1:{port}/mp/collect"


def purchase(number):
    event = client.create_new_event("purchase")
    event.set_event_param("currency", "USD")
    event.set_event_param("value", 24.99)
    event.set_event_param("transaction_id", f"ga4-{number}")
    item = event.create_new_item("p1", "Hat")
    item.set_parameter("price", 24.99)
    item.set_parameter("quantity", 1)
    event.add_item_to_event(item)
    return event


def send(numbers):
    try:
        client.send([purchase(number) for number in numbers])
    except (OSError, urllib.error.URLError):
        time.sleep(0.1)
        return
    print("\n".join(f"ga4-{number}" for number in numbers))


for first in range(0, count - 1, 25):
    send(range(first, min(first + 25, count - 1)))
client.send([purchase(count - 1)], postpone=True)
client.postponed_send()
print(f"ga4-{count - 1}")
