"""Sends orders with ga4mp, one alone and others by 25: ga4_client.py <port> <n>."""

import sys

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


client.send([purchase(number) for number in range(count - 1)])
client.send([purchase(count - 1)], postpone=True)
client.postponed_send()
