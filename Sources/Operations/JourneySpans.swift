internal import Digests
internal import Reports
internal import Timekeeping

/// Journeys as spans of OpenTelemetry, in the JSON of OTLP/HTTP.
///
/// The properties have the names of the protocol. An event is a trace: a span says that it was sent
/// to its topic, and one for each subscription what became of it there. The ids are made of the
/// event, so that the same journey sent again is the same spans.
package struct JourneySpans: Encodable, Sendable {
    package struct Resource: Encodable, Sendable {
        var attributes: [Attribute]
    }

    /// What has made the spans.
    package struct Scope: Encodable, Sendable {
        var name: String
        var version: String
    }

    package struct ScopeSpans: Encodable, Sendable {
        var scope: Scope
        var spans: [Span]
    }

    package struct ResourceSpans: Encodable, Sendable {
        var resource: Resource
        var scopeSpans: [ScopeSpans]
    }

    package struct Span: Encodable, Sendable {
        /// In hexadecimal digits, as each id.
        var traceId: String
        var spanId: String
        var name: String
        var kind: Int
        /// In nanoseconds since 1970, as each time.
        var startTimeUnixNano: String
        var endTimeUnixNano: String
        var attributes: [Attribute]
        var events: [Event]?
        var links: [Link]?
        var status: Status
    }

    /// Something that happened in the time of a span.
    package struct Event: Encodable, Sendable {
        var timeUnixNano: String
        var name: String
        var attributes: [Attribute]
    }

    package struct Link: Encodable, Sendable {
        var traceId: String
        var spanId: String
    }

    package struct Status: Encodable, Sendable {
        var code: Int
        var message: String?
    }

    package struct Attribute: Encodable, Sendable {
        var key: String
        var value: Value
    }

    /// The value of an attribute.
    package struct Value: Encodable, Sendable {
        var stringValue: String?
        /// A decimal number: the protocol writes 64 bits as text.
        var intValue: String?
        var boolValue: Bool?
    }

    package var resourceSpans: [ResourceSpans]

    /// The kinds and the status codes of the protocol, which it writes as numbers.
    private enum Code {
        static let producer = 4
        static let consumer = 5
        static let unset = 0
        static let error = 2
    }

    /// The spans of `journeys`, made by `version` of Weir.
    package init(_ journeys: [EventJourney], version: String) {
        let spans = journeys.flatMap(JourneySpans.spans)
        let scope = ScopeSpans(scope: Scope(name: "weir", version: version), spans: spans)
        let resource = Resource(attributes: [.text("service.name", "weir")])
        // The protocol has no empty envelopes.
        resourceSpans =
            spans.isEmpty ? [] : [ResourceSpans(resource: resource, scopeSpans: [scope])]
    }

    /// How many spans there are.
    package var count: Int { resourceSpans.flatMap(\.scopeSpans).reduce(0) { $0 + $1.spans.count } }

    /// What is sent, without secrets.
    package func json() throws -> String { JSONText.shown(try JSONText.line(self)) }
}

extension JourneySpans {
    private typealias Step = EventJourney.Step

    private static func spans(of journey: EventJourney) -> [Span] {
        // The first step is at the source, and the second at the topic.
        let topic = journey.steps.dropFirst().first
        let producer = Span(journey, sentTo: topic)
        var lanes: [(name: String, steps: [Step])] = []
        for step in journey.steps.dropFirst(2) {
            if let place = lanes.firstIndex(where: { $0.name == step.lane }) {
                lanes[place].steps.append(step)
            } else {
                lanes.append((step.lane, [step]))
            }
        }
        return [producer]
            + lanes.map { Span(journey, topic, lane: $0.name, $0.steps, after: producer) }
    }

    /// The first `count` bytes of the digest of `fields`, in hexadecimal digits.
    private static func id(_ count: Int, _ fields: [String]) -> String {
        // With their lengths, so that other fields are another text.
        let text = fields.map { "\($0.utf8.count):\($0)" }.joined()
        return SHA256Digest(of: Array(text.utf8)).bytes.prefix(count).hexadecimal
    }

    fileprivate static func traceID(of event: EventListing.Line) -> String {
        event.trace ?? id(16, [event.source, event.id])
    }

    /// The id of the span that is called with `words`.
    fileprivate static func spanID(of event: EventListing.Line, _ words: String...) -> String {
        id(8, [event.source, event.id] + words)
    }
}

extension JourneySpans.Attribute {
    fileprivate static func text(_ key: String, _ value: String) -> Self {
        .init(key: key, value: .init(stringValue: value))
    }

    fileprivate static func optional(_ key: String, _ value: String?) -> [Self] {
        value.map { [text(key, $0)] } ?? []
    }

    fileprivate static func whole(_ key: String, _ value: Int64?) -> [Self] {
        value.map { [.init(key: key, value: .init(intValue: "\($0)"))] } ?? []
    }

    fileprivate static func flag(_ key: String, _ value: Bool) -> Self {
        .init(key: key, value: .init(boolValue: value))
    }

    /// What the conventions for messaging say of each span of `event`.
    fileprivate static func messaging(
        _ operation: String,
        _ event: EventListing.Line,
        topic: EventJourney.Step?,
        subscription: String? = nil
    ) -> [Self] {
        var all: [Self] = []
        all.append(text("messaging.system", "weir"))
        all.append(text("messaging.operation.name", operation))
        all.append(text("messaging.operation.type", operation))
        all += optional("messaging.destination.name", topic?.topicName)
        all += optional("messaging.destination.subscription.name", subscription)
        all += optional("messaging.message.id", event.position > 0 ? "\(event.position)" : nil)
        all += optional("messaging.message.conversation_id", event.order)
        all.append(text("cloudevents.event_id", event.id))
        all.append(text("cloudevents.event_source", event.source))
        all.append(text("cloudevents.event_type", event.name))
        return all
    }
}

extension JourneySpans.Span {
    /// That the event of `journey` was sent.
    fileprivate init(_ journey: EventJourney, sentTo topic: EventJourney.Step?) {
        let event = journey.event
        let times = Times(of: event, from: event.time, to: topic?.time)
        var attributes = JourneySpans.Attribute.messaging("send", event, topic: topic)
        attributes += JourneySpans.Attribute.optional("weir.state", topic?.state.rawValue)
        attributes += JourneySpans.Attribute.optional("weir.detail", topic?.detail)
        self.init(
            traceId: JourneySpans.traceID(of: event),
            spanId: JourneySpans.spanID(of: event, "send"),
            name: ["send", topic?.topicName].compactMap(\.self).joined(separator: " "),
            kind: JourneySpans.Code.producer,
            startTimeUnixNano: times.start,
            endTimeUnixNano: times.end,
            attributes: attributes + times.attributes,
            status: .init(code: JourneySpans.Code.unset)
        )
    }

    /// What became of the event of `journey` in `lane`, as `steps` tell it.
    fileprivate init(
        _ journey: EventJourney,
        _ topic: EventJourney.Step?,
        lane: String,
        _ steps: [EventJourney.Step],
        after producer: Self
    ) {
        let event = journey.event
        let subscription = lane == EventJourney.unknownStoring ? nil : lane
        let last = steps.last
        let times = Times(
            of: event,
            from: steps.compactMap(\.since).first,
            to: steps.compactMap(\.time).last
        )
        // What went well later, such as a replay, has mended what went wrong before.
        let end = steps.last { $0.state.isFailure || $0.state.isSuccess }
        let failure = end.flatMap { $0.state.isFailure ? $0 : nil }
        typealias Attribute = JourneySpans.Attribute
        var attributes = Attribute.messaging(
            "process",
            event,
            topic: topic,
            subscription: subscription
        )
        attributes += Attribute.optional("error.type", failure?.state.rawValue)
        attributes += Attribute.optional("weir.state", last?.state.rawValue)
        attributes += Attribute.optional("weir.detail", last?.detail)
        attributes += Attribute.optional("weir.evidence", last?.evidence)
        attributes += Attribute.whole("weir.attempts", steps.compactMap(\.attempts).last)
        self.init(
            traceId: producer.traceId,
            spanId: JourneySpans.spanID(of: event, "process", lane),
            name: ["process", subscription].compactMap(\.self).joined(separator: " "),
            kind: JourneySpans.Code.consumer,
            startTimeUnixNano: times.start,
            endTimeUnixNano: times.end,
            attributes: attributes + times.attributes,
            events: JourneySpans.Event.all(steps),
            links: [.init(traceId: producer.traceId, spanId: producer.spanId)],
            status: .init(
                code: failure == nil ? JourneySpans.Code.unset : JourneySpans.Code.error,
                message: failure?.detail
            )
        )
    }
}

extension JourneySpans.Event {
    /// Those of `steps` of which it is known when they were; nil for none.
    fileprivate static func all(_ steps: [EventJourney.Step]) -> [Self]? {
        let events = steps.compactMap { step in
            step.time.flatMap { Timestamp(rfc3339: $0) }.map { time in
                JourneySpans.Event(
                    timeUnixNano: Times.text(time),
                    name: step.state.rawValue,
                    attributes: [
                        .text("weir.detail", step.detail), .text("weir.evidence", step.evidence),
                    ]
                )
            }
        }
        return events.isEmpty ? nil : events
    }
}

/// When a span began and ended, as far as that is known.
private struct Times {
    let start: String
    let end: String
    let attributes: [JourneySpans.Attribute]

    /// From `start` to `end`; what is not known of them is the time of `event`.
    ///
    /// A span does not end before it began: where one of both is known, the other one is that at
    /// least, or at most.
    init(of event: EventListing.Line, from start: String?, to end: String?) {
        let own = Timestamp(rfc3339: event.time) ?? Timestamp(nanoseconds: 0)
        let (from, to) = (
            start.flatMap { Timestamp(rfc3339: $0) }, end.flatMap { Timestamp(rfc3339: $0) }
        )
        let began = from ?? min(own, to ?? own)
        self.start = Times.text(began)
        self.end = Times.text(max(began, to ?? own))
        attributes = [
            .flag("weir.start_time_known", from != nil), .flag("weir.end_time_known", to != nil),
        ]
    }

    /// In nanoseconds; the protocol has no time before 1970.
    static func text(_ time: Timestamp) -> String { "\(max(0, time.nanoseconds))" }
}

extension EventJourney.Step {
    /// The topic that a step at one names; nil where that is not known.
    fileprivate var topicName: String? {
        lane == EventJourney.unknownTopic ? nil : String(lane.dropFirst("topic ".count))
    }
}

extension EventJourney.State {
    fileprivate var isFailure: Bool {
        switch self {
        case .deadLettered, .missing, .shed, .expired: true
        default: false
        }
    }

    fileprivate var isSuccess: Bool {
        switch self {
        case .stored, .counted, .late, .uncounted, .replayed, .acked: true
        default: false
        }
    }
}

/// What a receiver of spans answers.
package struct SpanAnswer: Decodable, Sendable {
    private struct PartialSuccess: Decodable {
        var rejectedSpans: Count?
        var errorMessage: String?
    }

    /// 64 bits are text in the protocol, and receivers may write a number.
    private struct Count: Decodable {
        var value: Int64

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                guard let value = Int64(text) else {
                    throw DecodingError.dataCorruptedError(
                        in: container,
                        debugDescription: "\(text) is no number"
                    )
                }
                self.value = value
            } else {
                value = try container.decode(Int64.self)
            }
        }
    }

    private var partialSuccess: PartialSuccess?

    /// How many spans were not taken.
    package var rejected: Int64 { partialSuccess?.rejectedSpans?.value ?? 0 }
    /// What the receiver says beside; nil for nothing.
    package var message: String? {
        partialSuccess?.errorMessage.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The answer that `json` writes; one without a byte takes all.
    package init(json: String) throws {
        self = try JSONText.read(json.isEmpty ? "{}" : json)
    }
}
