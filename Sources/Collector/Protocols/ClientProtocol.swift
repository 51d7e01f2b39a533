package import Commerce
package import HTTPTypes
package import Timekeeping

/// One of the protocols that clients send events in: CloudEvents, GA4, Segment, or plain tracking.
///
/// A protocol reads requests and words answers, both as pure values. It neither publishes nor
/// checks a key: the collector does that between the two.
package protocol ClientProtocol: Sendable {
    /// Its name in reports and metric labels, such as `ga4`.
    var name: String { get }

    /// Whether `request` is one of its own, by method and path.
    func takes(_ request: CollectorRequest) -> Bool

    /// Whether the sound events of a request are taken where others of it are refused; if not, one
    /// that is refused has the request refused.
    var takesParts: Bool { get }

    /// How many bytes a request may have, unpacked as well.
    var bodyLimit: Int { get }

    /// The key of the source that `request` presents; nil where it presents none.
    func key(of request: CollectorRequest) -> String?

    /// Whether `request` only asks, and nothing of it is kept: that needs no key.
    func isQuestion(_ request: CollectorRequest) -> Bool

    /// The events that `request` holds.
    ///
    /// - Parameters:
    ///   - request: A request that it ``takes(_:)``.
    ///   - source: The name of the source whose key was presented; part of the events' `source`.
    /// - Returns: Its events, and what no event was made of.
    /// - Throws: A ``RequestRefusal`` where nothing of it can be taken.
    func read(
        _ request: CollectorRequest,
        from source: String
    ) throws(RequestRefusal) -> CollectedRequest

    /// How the body of `request` writes events in the form in which they are kept; nil where they
    /// have to be read first.
    func writing(of request: CollectorRequest) -> CloudEventWriting?

    /// What the client is told once the events of `collected` are in the topic.
    func answer(to collected: CollectedRequest) -> CollectorAnswer

    /// What the client is told where nothing was taken.
    func answer(to refusal: RequestRefusal) -> CollectorAnswer
}

extension ClientProtocol {
    package var takesParts: Bool { true }

    package func isQuestion(_ request: CollectorRequest) -> Bool { false }

    package var bodyLimit: Int { CollectorServer.bodyLimit }

    package func writing(of request: CollectorRequest) -> CloudEventWriting? { nil }
}

/// How a body writes CloudEvents in JSON.
package enum CloudEventWriting: Sendable {
    /// One object.
    case one
    /// An array of objects.
    case array
}

/// A request to the collector, received whole.
package struct CollectorRequest: Sendable {
    /// In capitals, such as `POST`.
    package var method: String
    /// Without the query, such as `/mp/collect`.
    package var path: String
    /// Percent-decoded, in the order of the address.
    package var query: [(name: String, value: String)]
    package var fields: HTTPFields
    /// Decompressed.
    package var body: [UInt8]
    /// When its last byte came.
    package var received: Timestamp

    package init(
        method: String,
        path: String,
        query: [(name: String, value: String)] = [],
        fields: HTTPFields = [:],
        body: [UInt8] = [],
        received: Timestamp
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.fields = fields
        self.body = body
        self.received = received
    }
}

/// An event on its way from a client to the topic: a CloudEvent in parts, so that rules can change
/// one before anything is kept.
package struct CollectedEvent: Sendable {
    /// The CloudEvents attributes but `data`, each once: `id`, `source`, `specversion`, `type`,
    /// `time`, and what else the client gave.
    package var attributes: [(name: String, value: String)]
    /// The parameters in GA4 terms, an object.
    package var data: JSONTree

    package init(attributes: [(name: String, value: String)], data: JSONTree) {
        self.attributes = attributes
        self.data = data
    }

    /// What an event is called that came without a name.
    static let unnamed = "unnamed"
}

/// What a protocol read out of one request.
package struct CollectedRequest: Sendable {
    /// In the order of the request.
    package var events: [CollectedEvent] = []
    /// Members that are understood and are no events of a shop, such as `identify`, by kind.
    package var ignored: [String] = []
    /// Members that no event could be made of; the others are taken all the same.
    package var refused: [RefusedEvent] = []
    /// The answer of a request that only asks, such as a validation: nothing is published.
    package var answer: CollectorAnswer?

    package init() {}
}

/// A member of a request that no event could be made of.
package struct RefusedEvent: Sendable {
    /// Its place in the request, from 0.
    package var place: Int
    /// The field that is wrong, such as `events[0].params.value`; nil for the member as a whole.
    package var field: String?
    /// The class it is counted under, such as `unknown-event`: few, and without dynamic values.
    package var reason: String
    /// What is wrong, what was expected, and how to mend it.
    package var message: String
    /// The member, as far as it could be put as a CloudEvent: what a dead letter keeps.
    ///
    /// Nil where it could not be read at all.
    package var event: CollectedEvent?

    package init(
        place: Int,
        field: String?,
        reason: String,
        message: String,
        event: CollectedEvent? = nil
    ) {
        self.place = place
        self.field = field
        self.reason = reason
        self.message = message
        self.event = event
    }
}

/// Why nothing of a request is taken.
package struct RequestRefusal: Error, Hashable {
    /// The HTTP status, from 400.
    package var status: Int
    /// The class it is counted under, such as `too-large`.
    package var reason: String
    /// What is wrong, what was expected, and how to mend it.
    package var message: String
    /// When the client may try again, where it is to.
    package var retryAfter: Duration?

    package init(
        status: Int,
        reason: String,
        message: String,
        retryAfter: Duration? = nil
    ) {
        self.status = status
        self.reason = reason
        self.message = message
        self.retryAfter = retryAfter
    }
}

/// What a client is told.
package struct CollectorAnswer: Sendable {
    package var status: Int
    package var fields: HTTPFields
    package var body: [UInt8]

    package init(status: Int, fields: HTTPFields = [:], body: String = "") {
        self.status = status
        self.fields = fields
        self.body = Array(body.utf8)
    }

    /// An answer in JSON.
    package static func json(_ status: Int, _ body: String) -> CollectorAnswer {
        CollectorAnswer(
            status: status,
            fields: [.contentType: "application/json"],
            body: body
        )
    }
}
