import Pipeline
import Testing

/// Who may count what in one warehouse, and what may lie where.
@Suite struct PipelineDocumentCountingTests {
    @Test(arguments: Self.rows)
    func `what would be counted twice is told with its place and remedy`(row: MistakeRow) {
        #expect(complaints(about: Self.frame + row.text) == row.complaints)
    }

    /// Eleven lines: two topics, of which a relay fills the second from the first, two
    /// subscriptions of the first and one of each topic besides.
    private static let frame = """
        apiVersion: weir/v1
        kind: Pipeline
        metadata: {name: p}
        spec:
          topics: [{name: a}, {name: b}, {name: c}]
          subscriptions:
            - {name: a1, topic: a}
            - {name: a2, topic: a}
            - {name: a3, topic: a}
            - {name: b1, topic: b}
            - {name: c1, topic: c}

        """

    private static let producers = """
          stages:
            - {name: p1, kind: producer, publishes: a}
            - {name: p2, kind: producer, publishes: c}
            - {name: r, kind: relay, subscription: a3, publishes: b}
        """

    private static let rows = [
        MistakeRow(
            "two subscriptions of one topic",
            """
              stores: [{name: house, role: warehouse}]
            \(producers)
                - {name: x, kind: analytics, subscription: a1, store: house, windows: [1d]}
                - {name: y, kind: analytics, subscription: a2, store: house, windows: [1d]}
            """,
            """
            18:48: the stage 'y' would count the events of the topic 'a' once more, which 'x' \
            counts in the store 'house' already; expected a warehouse for each of them, or one stage
            """
        ),
        MistakeRow(
            "two names of one warehouse",
            """
              stores: [{name: h1, role: warehouse, url: "sqlite:w"}, \
            {name: h2, role: warehouse, url: "sqlite:w"}]
            \(producers)
                - {name: x, kind: analytics, subscription: a1, store: h1, windows: [1d]}
                - {name: y, kind: analytics, subscription: a2, store: h2, windows: [1d]}
            """,
            """
            18:48: the stage 'y' would count the events of the topic 'a' once more, which 'x' \
            counts in the store 'h1' already; expected a warehouse for each of them, or one stage
            """
        ),
        MistakeRow(
            "a topic and what a relay makes of it",
            """
              stores: [{name: house, role: warehouse}]
            \(producers)
                - {name: x, kind: analytics, subscription: a1, store: house, windows: [1d]}
                - {name: y, kind: analytics, subscription: b1, store: house, windows: [1d]}
            """,
            """
            18:48: the stage 'y' would count events that come from the topic 'a' once more, \
            which 'x' counts in the store 'house' already; expected a warehouse for each of them, \
            or one stage
            """
        ),
        MistakeRow(
            "two topics with other windows",
            """
              stores: [{name: house, role: warehouse}]
            \(producers)
                - {name: x, kind: analytics, subscription: a1, store: house, windows: [1d]}
                - {name: y, kind: analytics, subscription: c1, store: house, windows: [1h]}
            """,
            """
            18:59: the stage 'y' keeps other windows than 'x' in the same warehouse, whose sums \
            would not agree; expected the same, or a warehouse for each of them
            """
        ),
        MistakeRow(
            "raw events and aggregates in one place",
            """
              stores: [{name: raw, role: raw, url: "sqlite:x"}, \
            {name: house, role: warehouse, url: "sqlite:x"}]
            \(producers)
                - {name: i, kind: ingest, subscription: a1, store: raw}
                - {name: y, kind: analytics, subscription: c1, store: house, windows: [1h]}
            """,
            """
            12:60: the store 'house' is to lie where 'raw' lies, and one holds raw events, the \
            other aggregates; expected a place for each of them
            """
        ),
        MistakeRow(
            "a file: URL of SQLite's own",
            """
              stores: [{name: raw, role: raw, url: "sqlite:file::memory:"}]
            \(producers)
                - {name: i, kind: ingest, subscription: a1, store: raw}
            """,
            """
            12:40: 'file:' in the store's url is no part of a path, and may stand for no file at \
            all; expected sqlite:<path>, such as sqlite:.weir/raw.sqlite
            """
        ),
    ]

    @Test func `topics that have nothing in common are counted in one warehouse`() {
        let text = """
              stores: [{name: house, role: warehouse}]
            \(Self.producers)
                - {name: x, kind: analytics, subscription: a1, store: house, windows: [1d]}
                - {name: y, kind: analytics, subscription: c1, store: house, windows: [1d]}
            """
        #expect(complaints(about: Self.frame + text) == [])
    }
}
