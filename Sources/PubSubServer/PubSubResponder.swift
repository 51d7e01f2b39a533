internal import Commerce
internal import FoundationEssentials
package import HTTPServing
package import Stages
package import Timekeeping

/// Decides what a request of the Pub/Sub API is answered, by names and texts of the real service.
///
/// Programs that are stages of the pipeline take their messages (`pull`), settle them
/// (`acknowledge`, `modifyAckDeadline`), and publish. Topics and subscriptions are those of the
/// pipeline file, in whatever project they are asked for.
package struct PubSubResponder: Sendable {
    /// Where the stages of the run come to that are programs of their own.
    package typealias Door = RunEntrance<[ExternalStage]>

    /// How long a pull waits for a first message.
    private static let patience = Duration.seconds(1)
    /// How many messages there are in a pull, a publication or a list of ids.
    private static let limit = 1000

    private let topics: [String]
    private let subscriptions: [String]
    private let door: Door
    private let timeline: any Timeline

    /// Answers for a pipeline with these topics and subscriptions, whose stages come to `door`.
    package init(
        topics: [String],
        subscriptions: [String],
        door: Door,
        timeline: any Timeline
    ) {
        self.topics = topics
        self.subscriptions = subscriptions
        self.door = door
        self.timeline = timeline
    }

    /// What a request is answered.
    package func answer(method: String, path: String, body: [UInt8]) async -> PubSubAnswer {
        do throws(PubSubError) {
            guard let call = PubSubCall(path: path) else {
                throw PubSubError(.notFound, "\(path) is no address of the Pub/Sub API")
            }
            guard method == "POST", let verb = call.verb else {
                throw PubSubError(
                    .unimplemented,
                    "topics and subscriptions are made in the pipeline file; expected "
                        + "POST with :pull, :acknowledge, :modifyAckDeadline or :publish"
                )
            }
            guard let stages = door.occupant else {
                throw PubSubError(.unavailable, "the run has not begun, or has ended; ask again")
            }
            let fields = try PubSubFields(body, of: verb)
            if verb == .publish {
                return try await publish(fields, to: call.name, stages)
            }
            let stage = try stage(that: call.name, stages)
            switch verb {
            case .pull: return try await pull(fields, from: stage)
            case .acknowledge: stage.acknowledge(try ackIDs(fields, of: stage))
            case .modifyAckDeadline:
                let seconds = try fields.whole("ackDeadlineSeconds", in: 0...600) ?? 0
                stage.setDeadline(of: try ackIDs(fields, of: stage), after: .seconds(seconds))
            case .publish: break
            }
            return PubSubAnswer(status: 200, body: "{}")
        } catch {
            return error.answer
        }
    }

    private func stage(
        that subscription: String,
        _ stages: [ExternalStage]
    ) throws(PubSubError) -> ExternalStage {
        if let stage = stages.first(where: { $0.subscriptionName == subscription }) {
            return stage
        }
        guard subscriptions.contains(subscription) else {
            throw PubSubError(.notFound, "Subscription not found: \(subscription)")
        }
        throw PubSubError(
            .failedPrecondition,
            "the subscription \(subscription) is not that of a stage of the kind external"
        )
    }

    private func ackIDs(
        _ fields: PubSubFields,
        of stage: ExternalStage
    ) throws(PubSubError) -> [String] {
        let ackIDs = try fields.texts("ackIds")
        guard !ackIDs.isEmpty else {
            throw PubSubError(.invalidArgument, "ackIds: expected at least one")
        }
        guard let strange = stage.strange(among: ackIDs).first else { return ackIDs }
        throw PubSubError(
            .invalidArgument,
            "Some acknowledgement ids in the request were invalid: \(strange.prefix(100))"
        )
    }

    // MARK: - Pulling

    private func pull(
        _ fields: PubSubFields,
        from stage: ExternalStage
    ) async throws(PubSubError) -> PubSubAnswer {
        guard let count = try fields.whole("maxMessages", in: 1...Int(Int32.max)) else {
            throw PubSubError(.invalidArgument, "maxMessages: expected a number from 1")
        }
        let isPatient = try fields.flag("returnImmediately") != true
        let messages: [ExternalStage.Message]
        do throws(CancellationError) {
            messages = try await stage.pull(
                atMost: min(count, PubSubResponder.limit),
                until: isPatient ? timeline.now + PubSubResponder.patience : timeline.now
            )
        } catch {
            throw PubSubError(.unavailable, "the server ends")
        }
        guard !messages.isEmpty else { return PubSubAnswer(status: 200, body: "{}") }
        let received = messages.map { message in
            let attributes = message.attributes.map { name, value in
                "\(JSONTree(text: name).json):\(JSONTree(text: value).json)"
            }
            let key = message.orderingKey.map { ",\"orderingKey\":\(JSONTree(text: $0).json)" }
            return "{\"ackId\":\(JSONTree(text: message.ackID).json),\"message\":{"
                + "\"data\":\"\(Data(message.data).base64EncodedString())\","
                + "\"attributes\":{\(attributes.joined(separator: ","))},"
                + "\"messageId\":\(JSONTree(text: message.id).json),"
                + "\"publishTime\":\"\(message.published)\"\(key ?? "")},"
                + "\"deliveryAttempt\":\(message.attempt)}"
        }
        return PubSubAnswer(
            status: 200,
            body: "{\"receivedMessages\":[\(received.joined(separator: ","))]}"
        )
    }

    // MARK: - Publishing

    private func publish(
        _ fields: PubSubFields,
        to topic: String,
        _ stages: [ExternalStage]
    ) async throws(PubSubError) -> PubSubAnswer {
        guard topics.contains(topic) else {
            throw PubSubError(.notFound, "Topic not found: \(topic)")
        }
        let publishers = stages.filter { $0.topicName == topic }
        guard !publishers.isEmpty else {
            throw PubSubError(
                .failedPrecondition,
                "no stage of the kind external publishes to the topic \(topic), by the pipeline "
                    + "file"
            )
        }
        let messages = try fields.messages()
        guard (1...PubSubResponder.limit).contains(messages.count) else {
            throw PubSubError(
                .invalidArgument,
                "messages: expected 1 to \(PubSubResponder.limit), found \(messages.count)"
            )
        }
        var ids: [String]?
        for publisher in publishers where ids == nil {
            do throws(ExternalStage.Refusal) {
                ids = try await publisher.publish(messages)
            } catch {
                switch error {
                // Another one may publish there still.
                case .closed, .noTopic: continue
                case .full:
                    throw PubSubError(.unavailable, "the topic has no room now; send it again")
                case .wrong(let place, let problem):
                    throw PubSubError(
                        .invalidArgument,
                        "messages[\(place)].data: no event of the pipeline: \(problem)"
                    )
                }
            }
        }
        guard let ids else {
            throw PubSubError(
                .failedPrecondition,
                "the topic \(topic) is closed: the run takes nothing more"
            )
        }
        let texts = ids.map { JSONTree(text: $0).json }
        return PubSubAnswer(
            status: 200,
            body: "{\"messageIds\":[\(texts.joined(separator: ","))]}"
        )
    }
}

/// What a request is answered: JSON.
package struct PubSubAnswer: Hashable, Sendable {
    package var status: Int
    package var body: String
}

/// A request that is not done, in the terms of the real service.
struct PubSubError: Error {
    enum Status: String {
        case invalidArgument = "INVALID_ARGUMENT"
        case failedPrecondition = "FAILED_PRECONDITION"
        case permissionDenied = "PERMISSION_DENIED"
        case notFound = "NOT_FOUND"
        case unimplemented = "UNIMPLEMENTED"
        case unavailable = "UNAVAILABLE"

        var code: Int {
            switch self {
            case .invalidArgument, .failedPrecondition: 400
            case .permissionDenied: 403
            case .notFound: 404
            case .unimplemented: 501
            case .unavailable: 503
            }
        }
    }

    var status: Status
    var message: String

    init(_ status: Status, _ message: String) {
        self.status = status
        self.message = message
    }

    var answer: PubSubAnswer {
        PubSubAnswer(
            status: status.code,
            body: "{\"error\":{\"code\":\(status.code),\"message\":"
                + "\(JSONTree(text: message).json),\"status\":\"\(status.rawValue)\"}}"
        )
    }
}

/// A topic or a subscription, and what is asked of it: `/v1/projects/p/subscriptions/s:pull`.
struct PubSubCall {
    enum Verb: String {
        case pull
        case acknowledge
        case modifyAckDeadline
        case publish

        /// The members of its body.
        var fields: [String] {
            switch self {
            case .pull: ["maxMessages", "returnImmediately"]
            case .acknowledge: ["ackIds"]
            case .modifyAckDeadline: ["ackIds", "ackDeadlineSeconds"]
            case .publish: ["messages"]
            }
        }
    }

    let name: String
    /// Nil where it is none of those.
    let verb: Verb?

    /// Nil where `path` is none of a topic or a subscription.
    init?(path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 6, parts[0].isEmpty, parts[1] == "v1", parts[2] == "projects",
            !parts[3].isEmpty, ["topics", "subscriptions"].contains(parts[4])
        else { return nil }
        let words = parts[5].split(separator: ":", maxSplits: 1).map(String.init)
        guard let name = words.first else { return nil }
        self.name = name
        let verb = words.count == 2 ? Verb(rawValue: words[1]) : nil
        self.verb = (verb == .publish) == (parts[4] == "topics") ? verb : nil
    }
}

/// The body of a request, by the rules of JSON for Protocol Buffers.
struct PubSubFields {
    private let members: [(name: String, value: JSONTree)]

    /// - Throws: `PubSubError` where `body` is no object, or has a member that `verb` does not.
    init(_ body: [UInt8], of verb: PubSubCall.Verb) throws(PubSubError) {
        members = try PubSubFields.members(
            try PubSubFields.tree(of: body),
            known: verb.fields,
            at: ""
        )
    }

    private static func tree(of body: [UInt8]) throws(PubSubError) -> JSONTree {
        if body.isEmpty { return .object([]) }
        do throws(RejectionReason) {
            return try JSONTree(body: body)
        } catch {
            throw PubSubError(.invalidArgument, "Payload isn't valid for request: \(error.message)")
        }
    }

    /// The members of `tree` by their names in lower camel case; those of the value null are none.
    private static func members(
        _ tree: JSONTree,
        known: [String],
        at path: String
    ) throws(PubSubError) -> [(name: String, value: JSONTree)] {
        guard tree.isObject else {
            throw PubSubError(.invalidArgument, "\(path.isEmpty ? "the body" : path): no object")
        }
        var members: [(name: String, value: JSONTree)] = []
        for (key, value) in tree.members {
            let words = key.split(separator: "_", omittingEmptySubsequences: false)
            let name = words.dropFirst().reduce(String(words.first ?? "")) { text, word in
                text + word.prefix(1).uppercased() + word.dropFirst()
            }
            guard known.contains(name) else {
                throw PubSubError(
                    .invalidArgument,
                    "Invalid JSON payload received. Unknown name \"\(key.prefix(100))\" at "
                        + "'\(path)': expected " + known.joined(separator: ", ")
                )
            }
            if !value.isNull { members.append((name, value)) }
        }
        return members
    }

    private subscript(name: String) -> JSONTree? { members.first { $0.name == name }?.value }

    /// A whole number, which may stand in quotes.
    func whole(_ name: String, in range: ClosedRange<Int>) throws(PubSubError) -> Int? {
        guard let value = self[name] else { return nil }
        guard let number = (value.number ?? value.text).flatMap({ Int($0) }), range.contains(number)
        else {
            throw PubSubError(
                .invalidArgument,
                "\(name): expected a number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }

    func flag(_ name: String) throws(PubSubError) -> Bool? {
        guard let value = self[name] else { return nil }
        switch value.literal {
        case "true": return true
        case "false": return false
        default: throw PubSubError(.invalidArgument, "\(name): expected true or false")
        }
    }

    func texts(_ name: String) throws(PubSubError) -> [String] {
        guard let value = self[name] else { return [] }
        guard let elements = value.elements else {
            throw PubSubError(.invalidArgument, "\(name): expected an array of texts")
        }
        var texts: [String] = []
        for element in elements {
            guard let text = element.text else {
                throw PubSubError(.invalidArgument, "\(name): expected an array of texts")
            }
            texts.append(text)
        }
        return texts
    }

    /// The messages of a publication.
    func messages() throws(PubSubError) -> [(data: [UInt8], traceparent: String?)] {
        guard let elements = self["messages"].map({ $0.elements ?? [] }) else { return [] }
        var messages: [(data: [UInt8], traceparent: String?)] = []
        for (place, element) in elements.enumerated() {
            let path = "messages[\(place)]"
            let members = try PubSubFields.members(
                element,
                known: ["data", "attributes", "messageId", "publishTime", "orderingKey"],
                at: path
            )
            let text = members.first { $0.name == "data" }?.value.text ?? ""
            // The alphabet of addresses is as good.
            let standard = String(
                text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
            )
            guard let data = Data(base64Encoded: standard) else {
                throw PubSubError(.invalidArgument, "\(path).data: no base64")
            }
            let attributes = members.first { $0.name == "attributes" }?.value
            messages.append((Array(data), attributes?["traceparent"]?.text))
        }
        return messages
    }
}
