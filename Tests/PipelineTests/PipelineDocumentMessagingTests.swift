import Pipeline
import Testing

/// Mistakes in topics and subscriptions.
@Suite struct PipelineDocumentMessagingTests {
    @Test(arguments: Self.rows)
    func `a mistake in a subscription is told with its place and remedy`(row: MistakeRow) {
        #expect(complaints(adding: row.text) == row.complaints)
    }

    private static let rows = [
        MistakeRow(
            "a topic that is not there",
            #"""
              subscriptions: [{name: a, topic: tt}]
            """#,
            #"""
            7:36: there is no topic 'tt'; did you mean 't'?
            """#
        ),
        MistakeRow(
            "an owner that is not there",
            #"""
              owners: [{name: data}]
              subscriptions: [{name: a, topic: t, owner: dta}]
            """#,
            #"""
            8:46: there is no owner 'dta'; did you mean 'data'?
            """#
        ),
        MistakeRow(
            "an owner where none is declared",
            #"""
              subscriptions: [{name: a, topic: t, owner: dta}]
            """#,
            #"""
            7:46: there is no owner 'dta'; none is declared
            """#
        ),
        MistakeRow(
            "an ack deadline out of range",
            #"""
              subscriptions: [{name: a, topic: t, ackDeadlineSeconds: 5}]
            """#,
            #"""
            7:59: 'ackDeadlineSeconds' is 5; expected a whole number from 10 to 600
            """#
        ),
        MistakeRow(
            "an ack deadline with a unit",
            #"""
              subscriptions: [{name: a, topic: t, ackDeadlineSeconds: 60s}]
            """#,
            #"""
            7:59: 'ackDeadlineSeconds' is '60s'; expected a whole number from 10 to 600
            """#
        ),
        MistakeRow(
            "a flag of YAML 1.1",
            #"""
              subscriptions: [{name: a, topic: t, enableMessageOrdering: yes}]
            """#,
            #"""
            7:62: 'enableMessageOrdering' is 'yes'; expected true or false
            """#
        ),
        MistakeRow(
            "a duration without a unit",
            #"""
              subscriptions: [{name: a, topic: t, messageRetentionDuration: 600}]
            """#,
            #"""
            7:65: 'messageRetentionDuration' is 600; expected a duration from 1s to 366d, \#
            such as 600s, 0.1s, 250ms, 10m, 2h or 7d
            """#
        ),
        MistakeRow(
            "a duration that is too long",
            #"""
              subscriptions: [{name: a, topic: t, messageRetentionDuration: 999999d}]
            """#,
            #"""
            7:65: 'messageRetentionDuration' is '999999d'; expected a duration from 1s to \#
            366d, such as 600s, 0.1s, 250ms, 10m, 2h or 7d
            """#
        ),
        MistakeRow(
            "a retry policy upside down",
            #"""
              subscriptions:
                - name: a
                  topic: t
                  retryPolicy: {minimumBackoff: 20s}
            """#,
            #"""
            10:37: the minimum backoff, 20s, is longer than the maximum, 10s; expected it to \#
            be at most that
            """#
        ),
        MistakeRow(
            "a dead-letter policy of no attempts",
            #"""
              subscriptions: [{name: a, topic: t, deadLetterPolicy: {maxDeliveryAttempts: 0}}]
            """#,
            #"""
            7:79: 'maxDeliveryAttempts' is 0; expected a whole number from 1 to 100
            """#
        ),
        MistakeRow(
            "flow control that is none",
            #"""
              subscriptions:
                - name: a
                  topic: t
                  flowControl: {maxOutstandingMessages: 0, maxOutstandingBytes: 64MIB, \#
            whenFull: blok}
            """#,
            #"""
            10:45: 'maxOutstandingMessages' is 0; expected a whole number from 1 to 1000000000
            10:69: 'maxOutstandingBytes' is '64MIB'; expected a number of bytes from 1024 to \#
            1099511627776, such as 64MiB, 1GiB or 1000000
            10:86: 'whenFull' is 'blok'; did you mean 'block'?
            """#
        ),
        MistakeRow(
            "a filter on an unknown attribute",
            #"""
              subscriptions:
                - name: a
                  topic: t
                  filter: attributes.typ = "purchase"
            """#,
            #"""
            10:26: in 'filter': there is no attribute 'typ'; did you mean 'type'?
            """#
        ),
        MistakeRow(
            "a mistake inside a quoted filter",
            #"""
              subscriptions:
                - name: a
                  topic: t
                  filter: 'attributes.type == "purchase"'
            """#,
            #"""
            10:33: in 'filter': '==' is no operator; expected a single =
            """#
        ),
        MistakeRow(
            "a mistake in a filter with escapes",
            #"""
              subscriptions:
                - name: a
                  topic: t
                  filter: "attributes.type = \"purchase"
            """#,
            #"""
            10:15: in 'filter', at its character 19: the text has no end; expected a closing \#
            double quote
            """#
        ),
    ]
}
