internal import Commerce
package import HTTPServing
package import HTTPTypes
package import Logging
package import Stages
internal import Timekeeping

/// Decides what a request is answered: finds its protocol and its source, has its events read, and
/// answers once they are in the topic.
package struct CollectorResponder: Sendable {
    /// Where the collector of the run comes to.
    package typealias Door = RunEntrance<CollectorStage>

    private let protocols: [any ClientProtocol]
    private let keys: SourceKeys
    private let origins: CrossOrigin
    private let conformer: Conformer
    private let door: Door
    private let logger: Logger

    /// Answers requests in one of `protocols`, of those who have one of `keys` and of the pages of
    /// `origins`; their events go through the `conformer` to `door`.
    package init(
        protocols: [any ClientProtocol],
        keys: SourceKeys,
        origins: CrossOrigin,
        conformer: Conformer = Conformer(ConformRules(), secret: []),
        door: Door,
        logger: Logger
    ) {
        self.protocols = protocols
        self.keys = keys
        self.origins = origins
        self.conformer = conformer
        self.door = door
        self.logger = logger
    }

    /// What `request` is answered as far as its head alone says so; nil where its body matters.
    package func answer(toHeadOf request: CollectorRequest) -> CollectorAnswer? {
        if request.path == "/healthz", request.method == "GET" || request.method == "HEAD" {
            return CollectorAnswer(status: 200, body: "ok\n")
        }
        var post = request
        post.method = "POST"
        guard let speech = protocols.first(where: { $0.takes(post) }) else {
            return CollectorAnswer(status: 404, body: "this is no address of the collector\n")
        }
        if request.method == "OPTIONS" {
            var answer = origins.options(request.fields)
            if answer.status < 300 { origins.mark(&answer, to: request.fields) }
            return answer
        }
        guard speech.takes(request) else {
            var answer = CollectorAnswer(status: 405, body: "events are sent by POST\n")
            answer.fields[.allow] = "POST, OPTIONS"
            return answer
        }
        return nil
    }

    /// How many bytes the body of `request` may have, unpacked as well.
    func bodyLimit(of request: CollectorRequest) -> Int {
        protocols.first { $0.takes(request) }?.bodyLimit ?? CollectorServer.bodyLimit
    }

    /// What `request` is answered.
    package func answer(to request: CollectorRequest) async -> CollectorAnswer {
        if let answer = answer(toHeadOf: request) { return answer }
        guard let speech = protocols.first(where: { $0.takes(request) }) else {
            return CollectorAnswer(status: 404)
        }
        let stage = door.occupant
        stage?.meter.update { $0.requests += 1 }
        var answer: CollectorAnswer
        do throws(RequestRefusal) {
            answer = try await self.answer(to: request, in: speech, stage)
        } catch {
            answer = self.answer(to: error, of: request, in: speech)
        }
        origins.mark(&answer, to: request.fields)
        return answer
    }

    /// What a request is answered that is refused before it could be read, such as one that is too
    /// large.
    package func answer(
        to refusal: RequestRefusal,
        of request: CollectorRequest
    ) -> CollectorAnswer {
        door.occupant?.meter.update { $0.requests += 1 }
        guard let speech = protocols.first(where: { $0.takes(request) }) else {
            return CollectorAnswer(status: refusal.status, body: refusal.message + "\n")
        }
        var answer = self.answer(to: refusal, of: request, in: speech)
        origins.mark(&answer, to: request.fields)
        return answer
    }

    private func answer(
        to refusal: RequestRefusal,
        of request: CollectorRequest,
        in speech: any ClientProtocol
    ) -> CollectorAnswer {
        door.occupant?.meter.update { $0.refusedRequests[refusal.reason, default: 0] += 1 }
        logger.debug(
            "a request was refused",
            metadata: [
                "protocol": "\(speech.name)", "reason": "\(refusal.reason)",
                // It may quote what the client has sent.
                "detail": "\(conformer.hidesPersonalData ? "" : refusal.message)",
                "trace": "\(RequestTrace(of: request)?.traceID ?? "")",
            ]
        )
        var answer = speech.answer(to: refusal)
        if let wait = refusal.retryAfter {
            answer.fields[.retryAfter] = String(max(1, wait.components.seconds))
        }
        if refusal.status == 401 { answer.fields[.wwwAuthenticate] = "Bearer realm=\"weir\"" }
        return answer
    }

    private func answer(
        to request: CollectorRequest,
        in speech: any ClientProtocol,
        _ stage: CollectorStage?
    ) async throws(RequestRefusal) -> CollectorAnswer {
        guard origins.permits(request.fields) else {
            throw RequestRefusal(
                status: 403,
                reason: "foreign-origin",
                message: "this page is not in the allowedOrigins of the collector"
            )
        }
        let key = speech.key(of: request)
        guard let source = keys.source(offering: key) ?? (speech.isQuestion(request) ? "" : nil)
        else {
            throw RequestRefusal(
                status: 401,
                reason: "unknown-key",
                message: "this is the key of no source; send one that the pipeline file names"
            )
        }
        guard let stage else { throw CollectorResponder.refusal(of: .closed) }
        let origin = EventOrigin(
            source: source,
            userAgent: request.fields[.userAgent] ?? "",
            received: request.received
        )
        if let answer = try await answer(asWritten: request, from: origin, in: speech, stage) {
            return answer
        }
        var collected = try speech.read(request, from: source)
        if let answer = collected.answer { return answer }
        var conformed = conformer.idle
        func note(_ applied: [(rule: String, values: Int)]) {
            for (rule, values) in applied { conformed[rule, default: 0] += Int64(values) }
        }
        for place in collected.events.indices {
            note(conformer.conform(&collected.events[place], from: origin))
        }
        for place in collected.refused.indices {
            note(conformer.conform(&collected.refused[place], from: origin))
        }
        var events = stage.begin(received: request.received)
        var trace = try take(&collected, of: request, in: speech, into: &events)
        // The client is told that its request was taken, so only a dead letter tells of these.
        var (unconformed, lost): ([String: Int64], [String: Int64]) = ([:], [:])
        for refused in collected.refused {
            if events.append(refused, &trace) {
                unconformed[refused.reason, default: 0] += 1
            } else {
                lost[refused.reason, default: 0] += 1
            }
        }
        let outcome = await stage.take(events)
        guard case .accepted = outcome else { throw CollectorResponder.refusal(of: outcome) }
        stage.meter.update { [unconformed, lost] counts in
            counts.unconformed.merge(unconformed, uniquingKeysWith: +)
            counts.refusedEvents.merge(lost, uniquingKeysWith: +)
            for kind in collected.ignored { counts.ignored[kind, default: 0] += 1 }
            counts.conformed.merge(conformed, uniquingKeysWith: +)
        }
        var answer = speech.answer(to: collected)
        if let trace { answer.fields[.traceparent] = trace.text }
        return answer
    }

    /// The answer to a `request` whose events are kept by the bytes that wrote them; nil where they
    /// have to be read in parts first.
    private func answer(
        asWritten request: CollectorRequest,
        from origin: EventOrigin,
        in speech: any ClientProtocol,
        _ stage: CollectorStage
    ) async throws(RequestRefusal) -> CollectorAnswer? {
        guard conformer.leavesAlone(origin), let writing = speech.writing(of: request) else {
            return nil
        }
        var events = stage.begin(received: request.received)
        guard let trace = events.append(asWrittenIn: request, writing, origin),
            !events.sources.contains(where: CloudEventsProtocol.isMinted)
        else { return nil }
        let outcome = await stage.take(events)
        guard case .accepted = outcome else { throw CollectorResponder.refusal(of: outcome) }
        var answer = speech.answer(to: CollectedRequest())
        answer.fields[.traceparent] = trace.text
        return answer
    }

    /// Appends what `collected` has to `events`, each event with the request's trace unless it has
    /// one of its own; notes those that are none.
    private func take(
        _ collected: inout CollectedRequest,
        of request: CollectorRequest,
        in speech: any ClientProtocol,
        into events: inout CollectedEvents
    ) throws(RequestRefusal) -> RequestTrace? {
        var trace = RequestTrace(of: request)
        for (place, event) in collected.events.enumerated() {
            var line = event.json
            do throws(RejectionReason) {
                let (decoded, items) = try events.decode(line[...])
                let own = event.attributes.first { $0.name == "traceparent" }?.value
                let first =
                    trace ?? own.flatMap(RequestTrace.init)
                    ?? RequestTrace(TraceContext(of: decoded, symbols: events.symbols))
                trace = first
                if own == nil, !event.attributes.contains(where: { $0.name == "correlationid" }) {
                    line.removeLast()
                    line += Array(",\"traceparent\":\"\(first.text)\"}".utf8)
                }
                events.append(decoded, items, line: line)
            } catch {
                guard speech.takesParts else {
                    let name = collected.events.count == 1 ? nil : "events[\(place)]"
                    let field = [name, error.field].compactMap(\.self).joined(separator: ".")
                    throw RequestRefusal(
                        status: 400,
                        reason: error.reason.rawValue,
                        message: field.isEmpty ? error.message : "\(field): \(error.message)"
                    )
                }
                collected.refused.append(
                    RefusedEvent(
                        place: place,
                        field: error.field,
                        reason: error.reason.rawValue,
                        message: error.message,
                        event: event
                    )
                )
            }
        }
        return trace
    }

    private static func refusal(of outcome: CollectorStage.Outcome) -> RequestRefusal {
        switch outcome {
        case .full:
            RequestRefusal(
                status: 429,
                reason: "full",
                message: "the pipeline has no room for more now; send it again",
                retryAfter: .seconds(1)
            )
        case .unkept:
            RequestRefusal(
                status: 503,
                reason: "journal",
                message: "what is taken cannot be kept now; send it again",
                retryAfter: .seconds(10)
            )
        case .closed, .accepted:
            RequestRefusal(
                status: 503,
                reason: "closed",
                message: "the collector takes no events now; send it again",
                retryAfter: .seconds(1)
            )
        }
    }
}

/// The trace of a request: its correlation id, and what the client is answered.
struct RequestTrace: Sendable {
    /// A `traceparent` of W3C Trace Context.
    let text: String

    /// The one that `text` writes; nil where that is none.
    init?(_ text: String) {
        guard TraceContext.isTraceparent(text) else { return nil }
        self.text = text
    }

    /// That of the first event of a request which has none: a request that is repeated has the same
    /// one.
    init(_ context: TraceContext) {
        var bytes: [UInt8] = []
        context.appendTraceparent(to: &bytes)
        text = String(decoding: bytes, as: UTF8.self)
    }

    /// The one that `request` names; nil where it names none.
    init?(of request: CollectorRequest) {
        guard let text = request.fields[.traceparent] else { return nil }
        self.init(text)
    }

    var traceID: String { String(text.dropFirst(3).prefix(32)) }
}

extension CollectedEvents {
    /// Appends the events of `request` by the bytes that wrote them, with what every event gets at
    /// its end: when it came, and the trace of its request.
    ///
    /// - Returns: The trace of the request; nil where the events have to be read in parts, because
    ///   one of them is wrong, or has more than one line: then none is appended.
    fileprivate mutating func append(
        asWrittenIn request: CollectorRequest,
        _ writing: CloudEventWriting,
        _ origin: EventOrigin
    ) -> RequestTrace? {
        let body = request.body
        var isArray = false
        if case .array = writing { isArray = true }
        guard let placed = try? decode(body, isArray: isArray), let first = placed.first,
            placed.allSatisfy({ $0.isComplete && body.hasOneLine(in: $0.range) })
        else { return nil }
        let trace =
            RequestTrace(of: request) ?? first.traceparent.flatMap(RequestTrace.init)
            ?? RequestTrace(TraceContext(of: first.event, symbols: symbols))
        let recordedTime = Array(",\"recordedtime\":\"\(origin.recordedTime)\"".utf8)
        let traceparent = Array(",\"traceparent\":\"\(trace.text)\"".utf8)
        reserve(
            events: placed.count,
            bytes: body.count + placed.count * (recordedTime.count + traceparent.count + 1)
        )
        for event in placed {
            append(
                event.event,
                event.items,
                lineParts: body[event.range.dropLast()],
                event.hasRecordedTime ? [] : recordedTime[...],
                event.traceparent == nil && !event.hasCorrelation ? traceparent[...] : []
            )
        }
        return trace
    }

    /// Appends what is kept of `refused`, with the `trace` of its request; says whether there is
    /// anything to keep.
    fileprivate mutating func append(_ refused: RefusedEvent, _ trace: inout RequestTrace?) -> Bool
    {
        guard var event = refused.event, let outline = outline(of: event.json[...]) else {
            return false
        }
        let names = event.attributes.map(\.name)
        if !names.contains("traceparent"), !names.contains("correlationid") {
            let first = trace ?? RequestTrace(TraceContext(of: outline, symbols: symbols))
            trace = first
            event.attributes.append((name: "traceparent", value: first.text))
        }
        // The messages of some protocols begin with the field.
        let isNamed = refused.field.map { refused.message.hasPrefix($0) } ?? true
        let detail = isNamed ? refused.message : "\(refused.field ?? ""): \(refused.message)"
        append(flawed: outline, reason: refused.reason, detail: detail, line: event.json)
        return true
    }
}

extension HTTPField.Name {
    /// That of W3C Trace Context; made once.
    fileprivate static let traceparent = HTTPField.Name("traceparent").unsafelyUnwrapped
}

extension HTTPFields {
    /// The field that is called `name`, which the library has no name for.
    package subscript(named name: String) -> String? {
        get { HTTPField.Name(name).flatMap { self[$0] } }
        set {
            guard let name = HTTPField.Name(name) else { return }
            self[name] = newValue
        }
    }
}

extension [UInt8] {
    /// Whether no line ends in `range`.
    fileprivate func hasOneLine(in range: Range<Int>) -> Bool {
        withUnsafeBufferPointer { bytes in
            range.allSatisfy { bytes[$0] != 0x0a && bytes[$0] != 0x0d }
        }
    }
}

extension CollectedEvent {
    /// It as a CloudEvent in JSON, on one line.
    var json: [UInt8] {
        var text = "{"
        for (name, value) in attributes {
            // The one attribute that is a number.
            let isNumber = name == "sampledrate" && Int64(value) != nil
            text += JSONTree(text: name).json + ":"
            text += (isNumber ? value : JSONTree(text: value).json) + ","
        }
        text += "\"data\":" + data.json + "}"
        return Array(text.utf8)
    }
}
