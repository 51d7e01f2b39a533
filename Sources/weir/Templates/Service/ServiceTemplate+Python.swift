extension ServiceTemplate {
    var pythonService: String {
        #"""
        """\#(name): works on purchases, and says what came of each.

        work() is yours; the rest is what every service of this kind does.
        """

        import base64
        import json
        import os
        import signal
        import sys
        import time
        import urllib.error
        import urllib.request
        from datetime import datetime, timezone

        SERVICE = os.environ.get("SERVICE", "\#(name)")


        def work(event):
            """What came of a purchase. An exception gives the message back: it comes again."""
            data = event["data"]
            return {
                "transaction_id": data["transaction_id"],
                "user_id": data.get("user_id"),
                "n_items": len(data.get("items", [])),
            }


        def caused_by(cause, name, data):
            """An event that `cause` brought about, as a CloudEvent.

            Its id follows from that of the cause, so that whoever gets it twice can tell; its trace
            is the same.
            """
            return {
                "specversion": "1.0",
                "id": f"{cause['id']}-{name}",
                "source": f"/{SERVICE}",
                "type": f"com.weir.shop.{name}.v1",
                "time": cause["time"],
                "datacontenttype": "application/json",
                "traceparent": cause["traceparent"],
                "causationid": cause["id"],
                "data": data,
            }


        def handle(received, broker, tracker):
            """Works on messages, then publishes and tracks what came of them, then settles them."""
            results, tracked, done, failed = [], [], [], []
            for one in received:
                event = {}
                try:
                    event = json.loads(base64.b64decode(one["message"]["data"]))
                    event["traceparent"] = one["message"]["attributes"]["traceparent"]
                    result = work(event)
                except Exception as error:
                    reason = f"{type(error).__name__}: {error}"
                    attempt = one.get("deliveryAttempt", 1)
                    log("error", "gave it back", event, error=reason, attempt=attempt)
                    failed.append(one["ackId"])
                    continue
                results.append(caused_by(event, "\#(event)_result", result))
                tracked.append(caused_by(event, "\#(event)_handled", result))
                done.append(one["ackId"])
                log("info", "done", event, order=result["transaction_id"])
            try:
                # Before they are acknowledged: what is not sent now is sent when they come again.
                broker.publish(results)
                tracker.track(tracked)
            except OSError as error:
                log("error", "cannot send what came of messages", error=str(error))
                failed, done = failed + done, []
            broker.acknowledge(done)
            broker.give_back(failed)


        def log(level, message, event={}, **fields):
            """A line of JSON on standard output, with the correlation id of `event`."""
            line = {
                "time": datetime.now(timezone.utc).isoformat(),
                "level": level,
                "service": SERVICE,
                "message": message,
            }
            if "traceparent" in event:
                line |= {"trace": event["traceparent"].split("-")[1], "id": event.get("id")}
            print(json.dumps(line | fields), flush=True)


        def post(url, body, fields):
            """Sends JSON, and gives the JSON of the answer.

            Raises OSError where nobody answers, or refuses it.
            """
            data = json.dumps(body).encode()
            request = urllib.request.Request(url, data, fields)
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    text = answer.read()
                    return json.loads(text) if text.startswith(b"{") else {}
            except urllib.error.HTTPError as error:
                raise OSError(f"{error.code} {error.read(500).decode(errors='replace')}") from None


        class Broker:
            """A subscription and a topic, by the REST form of Google Pub/Sub's API."""

            def __init__(self, environment):
                host = environment.get("PUBSUB_EMULATOR_HOST", "127.0.0.1:8085")
                project = environment.get("PUBSUB_PROJECT_ID", "weir")
                base = f"http://{host}/v1/projects/{project}"
                name = environment.get("PUBSUB_SUBSCRIPTION", "\#(name)")
                self.subscription = f"{base}/subscriptions/{name}"
                self.topic = f"{base}/topics/{environment.get('PUBSUB_TOPIC', '\#(name)')}"

            def call(self, address, **body):
                return post(address, body, {"Content-Type": "application/json"})

            def pull(self):
                """Waits about a second for messages."""
                answer = self.call(f"{self.subscription}:pull", maxMessages=100)
                return answer.get("receivedMessages", [])

            def publish(self, events):
                messages = [
                    {
                        "data": base64.b64encode(json.dumps(event).encode()).decode(),
                        "attributes": {"traceparent": event["traceparent"]},
                    }
                    for event in events
                ]
                if messages:
                    self.call(f"{self.topic}:publish", messages=messages)

            def acknowledge(self, ids):
                if ids:
                    self.call(f"{self.subscription}:acknowledge", ackIds=ids)

            def give_back(self, ids):
                if ids:
                    verb = f"{self.subscription}:modifyAckDeadline"
                    self.call(verb, ackIds=ids, ackDeadlineSeconds=0)


        class Tracker:
            """Sends events to a collector, in batches of CloudEvents; without one, nowhere."""

            def __init__(self, environment):
                self.collector = environment.get("WEIR_COLLECTOR_URL")
                self.fields = {"Content-Type": "application/cloudevents-batch+json"}
                if key := environment.get("WEIR_COLLECTOR_KEY"):
                    self.fields["Authorization"] = f"Bearer {key}"

            def track(self, events):
                if self.collector and events:
                    post(f"{self.collector}/events", events, self.fields)


        def main():
            broker, tracker = Broker(os.environ), Tracker(os.environ)
            ended = []
            for name in (signal.SIGTERM, signal.SIGINT):
                signal.signal(name, lambda *_: ended.append(True))
            log("info", "started")
            last_answer = time.monotonic()
            while not ended:
                try:
                    received = broker.pull()
                    last_answer = time.monotonic()
                    handle(received, broker, tracker)
                except OSError as error:
                    log("error", "the broker does not answer", error=str(error))
                    if time.monotonic() - last_answer > 60:
                        sys.exit(69)  # Whoever started this starts it again, or knows why not.
                    time.sleep(1)
            log("info", "ended")


        if __name__ == "__main__":
            main()

        """#
    }

    var pythonTest: String {
        #"""
        import base64
        import json
        import unittest

        import service


        def message(ack_id, **data):
            """A purchase as the broker delivers it."""
            event = {"id": f"event-{ack_id}", "time": "2026-01-01T12:00:00Z", "data": data}
            return {
                "ackId": ack_id,
                "message": {
                    "data": base64.b64encode(json.dumps(event).encode()).decode(),
                    "attributes": {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"},
                },
            }


        class Recorder:
            """Stands for the broker and the collector, and notes what it is asked."""

            def __init__(self, reaches_collector=True):
                self.published, self.tracked, self.acknowledged, self.given_back = [], [], [], []
                self.reaches_collector = reaches_collector

            def publish(self, events):
                self.published += events

            def track(self, events):
                if not self.reaches_collector:
                    raise OSError("nobody answers")
                self.tracked += events

            def acknowledge(self, ids):
                self.acknowledged += ids

            def give_back(self, ids):
                self.given_back += ids


        class ServiceTest(unittest.TestCase):
            def setUp(self):
                service.log = lambda *words, **fields: None

            def test_what_came_of_a_message_carries_its_trace_and_an_id_of_its_own(self):
                recorder = Recorder()
                sound = message("1", transaction_id="o1", user_id="u1", items=[{}, {}])
                service.handle([sound], recorder, recorder)
                self.assertEqual(recorder.acknowledged, ["1"])
                (result,) = recorder.published
                self.assertEqual(result["data"]["n_items"], 2)
                self.assertEqual(result["id"], "event-1-\#(event)_result")
                self.assertIn("a" * 32, result["traceparent"])
                self.assertEqual(len(recorder.tracked), 1)

            def test_a_message_that_cannot_be_worked_on_is_given_back_alone(self):
                recorder = Recorder()
                sound = message("1", transaction_id="o1", user_id="u1", items=[])
                service.handle([message("2"), sound], recorder, recorder)
                self.assertEqual(recorder.acknowledged, ["1"])
                self.assertEqual(recorder.given_back, ["2"])
                self.assertEqual(len(recorder.published), 1)

            def test_nothing_is_acknowledged_that_could_not_be_tracked(self):
                recorder = Recorder(reaches_collector=False)
                sound = message("1", transaction_id="o1", user_id="u1", items=[])
                service.handle([sound], recorder, recorder)
                self.assertEqual(recorder.acknowledged, [])
                self.assertEqual(recorder.given_back, ["1"])


        if __name__ == "__main__":
            unittest.main()

        """#
    }

    var pythonContainer: String {
        """
        # podman build -t \(name) . && podman run --network host \(name)
        FROM python:3-slim
        WORKDIR /service
        COPY service.py .
        USER 65534
        CMD ["python3", "service.py"]

        """
    }
}
