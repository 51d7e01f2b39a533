import Pipeline
import Testing

/// Mistakes in stages and in how they hang together.
@Suite struct PipelineDocumentGraphTests {
    @Test(arguments: Self.rows)
    func `a mistake in a stage or the graph is told with its place and remedy`(row: MistakeRow) {
        #expect(complaints(about: Self.frame + row.text) == row.complaints)
    }

    /// Eight lines that stages can refer to.
    private static let frame = """
        apiVersion: weir/v1
        kind: Pipeline
        metadata: {name: p}
        spec:
          topics: [{name: a}, {name: b}]
          subscriptions: [{name: sa, topic: a}, {name: sb, topic: b}]
          stores: [{name: raw, role: raw}, {name: house, role: warehouse}]
          services: [{name: orders, calls: [stock]}, {name: stock}]

        """

    private static let rows = [
        MistakeRow(
            "a stage without a kind",
            #"""
              stages: [{name: x}]
            """#,
            #"""
            9:12: a stage needs the key 'kind'; expected one of producer, ingest, analytics, relay
            """#
        ),
        MistakeRow(
            "a misspelt kind of a stage",
            #"""
              stages: [{name: x, knd: producer, publishes: a}]
            """#,
            #"""
            9:22: unknown key 'knd' in a stage; did you mean 'kind'?
            """#
        ),
        MistakeRow(
            "a stage of an unknown kind",
            #"""
              stages: [{name: x, kind: injest}]
            """#,
            #"""
            9:28: 'kind' is 'injest'; did you mean 'ingest'?
            """#
        ),
        MistakeRow(
            "a stage that is no mapping",
            #"""
              stages: [x]
            """#,
            #"""
            9:12: item 1 of 'stages' is 'x'; expected a mapping with name, kind and what its \#
            kind needs
            """#
        ),
        MistakeRow(
            "no stages",
            #"""
              stages: []
            """#,
            #"""
            9:11: 'stages' is an empty list; expected at least one stage
            """#
        ),
        MistakeRow(
            "a key of another kind of stage",
            #"""
              stages: [{name: x, kind: producer, publishes: a, windows: [1s]}]
            """#,
            #"""
            9:52: unknown key 'windows' in a producer; expected one of name, kind, publishes, \#
            owner, calls, workers, batch
            """#
        ),
        MistakeRow(
            "a topic that is misspelt",
            #"""
              stages: [{name: x, kind: producer, publishes: topic}]
            """#,
            #"""
            9:49: there is no topic 'topic'; expected one of a, b
            """#
        ),
        MistakeRow(
            "a subscription that is misspelt",
            #"""
              stages: [{name: x, kind: ingest, subscription: sc, store: raw}]
            """#,
            #"""
            9:50: there is no subscription 'sc'; did you mean 'sa'?
            """#
        ),
        MistakeRow(
            "a service that is misspelt",
            #"""
              stages: [{name: x, kind: producer, publishes: a, calls: [order]}]
            """#,
            #"""
            9:60: there is no service 'order'; did you mean 'orders'?
            """#
        ),
        MistakeRow(
            "a service that is called twice",
            #"""
              stages: [{name: x, kind: producer, publishes: a, calls: [orders, orders]}]
            """#,
            #"""
            9:68: 'orders' is listed twice; expected each service once
            """#
        ),
        MistakeRow(
            "an ingest stage on a warehouse",
            #"""
              stages: [{name: x, kind: ingest, subscription: sa, store: house}]
            """#,
            #"""
            9:61: the store 'house' has the role warehouse; expected one with the role raw, \#
            such as 'raw'
            """#
        ),
        MistakeRow(
            "an analytics stage on a raw store",
            #"""
              stages: [{name: x, kind: analytics, subscription: sa, store: raw, windows: [1s]}]
            """#,
            #"""
            9:64: the store 'raw' has the role raw; expected one with the role warehouse, \#
            such as 'house'
            """#
        ),
        MistakeRow(
            "windows that are none",
            #"""
              stages: [{name: x, kind: analytics, subscription: sa, store: house, windows: \#
            [1s, 2m, 1s]}]
            """#,
            #"""
            9:85: item 2 of 'windows' is '2m'; did you mean '1m'?
            9:89: '1s' is listed twice; expected each window once
            """#
        ),
        MistakeRow(
            "no windows",
            #"""
              stages: [{name: x, kind: analytics, subscription: sa, store: house, windows: []}]
            """#,
            #"""
            9:80: 'windows' is an empty list; expected some of 1s, 1m, 1h, 1d, 1mo
            """#
        ),
        MistakeRow(
            "a commit after the ack deadline",
            #"""
              stages: [{name: x, kind: analytics, subscription: sa, store: house, windows: \#
            [1s], commitInterval: 60s}]
            """#,
            #"""
            9:102: the commit interval, 1m, reaches the ack deadline of 'sa', 1m, so that \#
            every message would come again; expected it to be shorter
            """#
        ),
        MistakeRow(
            "two readers of a subscription",
            #"""
              stages:
                - {name: x, kind: ingest, subscription: sa, store: raw}
                - {name: y, kind: ingest, subscription: sa, store: raw}
            """#,
            #"""
            11:45: the stage 'x' already reads the subscription 'sa'; expected a subscription \#
            for each stage
            """#
        ),
        MistakeRow(
            "two stages of a name",
            #"""
              stages:
                - {name: x, kind: producer, publishes: a}
                - {name: x, kind: producer, publishes: a}
            """#,
            #"""
            11:14: the stage 'x' is declared a second time, after line 10; expected another name
            """#
        ),
        MistakeRow(
            "no workers and a huge batch",
            #"""
              stages: [{name: x, kind: producer, publishes: a, workers: 0, batch: 1000000}]
            """#,
            #"""
            9:61: 'workers' is 0; expected a whole number from 1 to 256
            9:71: 'batch' is 1000000; expected a whole number from 1 to 65536
            """#
        ),
        MistakeRow(
            "two who count the same events",
            #"""
              stages:
                - name: x
                  kind: analytics
                  subscription: sa
                  store: house
                  windows: [1d]
                  workers: 2
            """#,
            #"""
            15:16: 'workers' is 2; expected 1, since what counts each event once is the only \#
            writer of its aggregates; to share the work, give several subscriptions a filter \#
            and a warehouse each
            """#
        ),
        MistakeRow(
            "a circle of topics",
            #"""
              stages:
                - {name: x, kind: relay, subscription: sa, publishes: b}
                - {name: y, kind: relay, subscription: sb, publishes: a}
            """#,
            #"""
            11:59: messages go in a circle: topic a → stage x → b → stage y → a; expected a \#
            topic that does not lead back
            """#
        ),
        MistakeRow(
            "a relay to its own topic",
            #"""
              stages: [{name: x, kind: relay, subscription: sa, publishes: a}]
            """#,
            #"""
            9:64: messages go in a circle: topic a → stage x → a; expected a topic that does \#
            not lead back
            """#
        ),
    ]
}
