"""Sends orders with Segment's or RudderStack's client: segment_client.py <segment|rudder> <port> <n>."""

import importlib
import sys
import time

name, port, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
if name == "segment":
    client = importlib.import_module("segment.analytics")
    client.host = f"http://127.0.0.1:{port}"
else:
    client = importlib.import_module("rudderstack.analytics")
    client.dataPlaneUrl = f"http://127.0.0.1:{port}"
client.write_key = "wk"
failures = []
client.on_error = lambda error, batch: failures.append((error, len(batch)))
for number in range(count):
    client.track(
        f"u{number}",
        "Order Completed",
        {
            "order_id": f"{name}-{number}",
            "total": 26.99,
            "tax": 2,
            "currency": "USD",
            "products": [{"product_id": "p1", "price": 24.99, "quantity": 1}],
        },
    )
    time.sleep(0.0005)
client.identify("u1", {"name": "Ann"})
client.flush()
print(failures)
sys.exit(1 if failures else 0)
