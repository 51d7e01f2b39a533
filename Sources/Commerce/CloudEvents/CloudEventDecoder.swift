internal import Documents
package import Timekeeping

/// Reads events from structured CloudEvents 1.0 JSON, strictly: what it does not know or cannot
/// hold exactly is an error that names the field.
///
/// Attributes and parameters that an ``Event`` has no room for (`tracestate`, `coupon`, ...) are
/// checked for their type and stay in the original bytes.
package struct CloudEventDecoder: Sendable {
    /// What the symbols of the events mean.
    package let symbols: SymbolTable
    /// The events beside those of GA4's shop.
    package let events: EventDeclarations

    /// A decoder that keeps the texts it meets in `symbols`, and knows `events` beside GA4's.
    package init(symbols: SymbolTable, events: EventDeclarations = EventDeclarations()) {
        self.symbols = symbols
        self.events = events
    }

    /// The event that the JSON object in `line` describes, and its items.
    package func decode(
        _ line: ArraySlice<UInt8>
    ) throws(RejectionReason) -> (event: Event, items: [Item]) {
        try line.withUnsafeBufferPointer { bytes throws(RejectionReason) in
            if let rejection = RejectionReason.inText(bytes) {
                throw rejection
            }
            return try decode(text: bytes)
        }
    }

    /// What can be said of a CloudEvent that ``decode(_:)`` has refused: who it is, what it is
    /// called and when it happened, or else was received.
    ///
    /// - Returns: An event without items, value, user or session; nil where the line is no JSON
    ///   object with an id and a source.
    package func outline(of line: ArraySlice<UInt8>, received: Timestamp) -> Event? {
        guard let tree = try? JSONTree(Array(line)),
            let id = tree[["id"]]?.text.flatMap({ $0.isEmpty ? nil : EventID.parse($0) }),
            let source = tree[["source"]]?.text, !source.isEmpty
        else { return nil }
        let type = tree[["type"]]?.text ?? ""
        // A name of its own is not taken into the list of names, which is limited.
        let name = EventName(ga4: EventName.name(inCloudEventType: type)) ?? .custom
        return Event(
            id: id.id,
            time: tree[["time"]]?.text.flatMap(Timestamp.init(rfc3339:)) ?? received,
            source: symbols.symbol(for: source, in: .text),
            sequence: 0,
            user: .none,
            session: .none,
            subject: .none,
            subjectNamespace: name.subjectNamespace,
            name: name,
            hasUUID: id.isUUID
        )
    }

    /// The events that `text` writes: one JSON object, or an array of such, and nothing else.
    ///
    /// - Throws: The rejection of the first that is none.
    package func placedEvents(
        in text: [UInt8],
        isArray: Bool
    ) throws(RejectionReason) -> [PlacedEvent] {
        try text.withUnsafeBufferPointer { bytes throws(RejectionReason) in
            if let rejection = RejectionReason.inText(bytes) { throw rejection }
            var reader = JSONReader(bytes)
            var events: [PlacedEvent] = []
            if isArray {
                try reader.open(UInt8(ascii: "["), FieldPath(""))
                while try reader.nextElement() {
                    events.append(try placedEvent(from: &reader, bytes, isLast: false))
                }
                try reader.end()
            } else {
                events.append(try placedEvent(from: &reader, bytes, isLast: true))
            }
            return events
        }
    }

    private func decode(
        text bytes: UnsafeBufferPointer<UInt8>
    ) throws(RejectionReason) -> (event: Event, items: [Item]) {
        var reader = JSONReader(bytes)
        let placed = try placedEvent(from: &reader, bytes, isLast: true)
        return (placed.event, placed.items)
    }

    /// The event that begins where `reader` is; where it `isLast`, nothing may follow it.
    private func placedEvent(
        from reader: inout JSONReader,
        _ bytes: UnsafeBufferPointer<UInt8>,
        isLast: Bool
    ) throws(RejectionReason) -> PlacedEvent {
        var seen = SeenNames<CloudEventAttribute>()
        var attributes = Attributes()
        try reader.open(UInt8(ascii: "{"), FieldPath("event"))
        let start = reader.position - 1
        while let key = try reader.nextKey() {
            let name = try seen.take(key, of: "attribute", FieldPath(key.text))
            if try reader.takeNull() {
                attributes.hasNull = true
                continue
            }
            try read(name, from: &reader, bytes, into: &attributes)
        }
        let range = start..<reader.position
        // What is no JSON is said before what is no event.
        if isLast { try reader.end() }
        if let position = attributes.dataPosition {
            var reader = JSONReader(bytes, at: position)
            attributes.data = try data(from: &reader, bytes, attributes)
        }
        let (event, items) = try event(of: attributes)
        return PlacedEvent(
            event: event,
            items: items,
            range: range,
            traceparent: attributes.traceparent,
            hasCorrelation: seen.contains(.correlationid),
            hasRecordedTime: seen.contains(.recordedtime),
            isComplete: seen.contains(.data) && !attributes.hasNull
        )
    }

    private func read(
        _ name: CloudEventAttribute,
        from reader: inout JSONReader,
        _ bytes: UnsafeBufferPointer<UInt8>,
        into attributes: inout Attributes
    ) throws(RejectionReason) {
        let column = reader.column
        let path = FieldPath(name.rawValue)
        switch name {
        case .data where attributes.name == nil:
            // What it may hold is known with the type, which may follow it.
            attributes.dataPosition = reader.position
            try reader.skip()
        case .data: attributes.data = try data(from: &reader, bytes, attributes)
        case .sampledrate:
            _ = try reader.number(path)
        default:
            try read(name, try reader.string(path), at: column, into: &attributes)
        }
    }

    private func data(
        from reader: inout JSONReader,
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ attributes: Attributes
    ) throws(RejectionReason) -> EventData {
        guard attributes.name == .custom else {
            let others: EventData.Others =
                events.unknownParameters == .keep ? .any : .none
            return try EventData(from: &reader, bytes, symbols, others)
        }
        let name = symbols.text(of: attributes.customName)
        let parameters = events.declaration(of: name)?.parameters ?? []
        return try EventData(from: &reader, bytes, symbols, .declared(parameters))
    }

    private func read(
        _ name: CloudEventAttribute,
        _ text: String,
        at column: Int,
        into attributes: inout Attributes
    ) throws(RejectionReason) {
        func rejection(_ reason: RejectionReason.Reason, _ message: String) -> RejectionReason {
            RejectionReason(reason, column: column, field: name.rawValue, message)
        }
        switch name {
        case .id where text.isEmpty, .source where text.isEmpty:
            throw rejection(.emptyField, "is empty; id and source together name the event")
        case .id: attributes.id = EventID.parse(text)
        case .source: attributes.source = symbols.symbol(for: text, in: .text)
        case .specversion:
            guard text == "1.0" else {
                throw rejection(.badVersion, "\"\(text)\" is not supported; expected \"1.0\"")
            }
            attributes.hasVersion = true
        case .type:
            switch events.event(ofType: text, symbols) {
            case .success(let event):
                (attributes.name, attributes.customName) = event
            case .failure(let problem):
                throw rejection(.unknownEvent, problem.message)
            }
        case .time, .recordedtime, .expirytime:
            guard let time = Timestamp(rfc3339: text) else {
                throw rejection(
                    .badDate,
                    "\"\(text)\" is not a time; expected RFC 3339, such as 1997-01-01T00:00:00Z"
                )
            }
            if name == .time {
                attributes.time = time
            }
        case .subject: attributes.subject = text
        case .datacontenttype:
            guard CloudEventDecoder.isJSON(mediaType: text) else {
                throw rejection(
                    .badContentType,
                    "\"\(text)\" cannot be read; expected \"application/json\""
                )
            }
        case .traceparent:
            guard TraceContext.isTraceparent(text) else {
                throw rejection(
                    .badTraceparent,
                    "\"\(text)\" is not one of W3C Trace Context; expected "
                        + "00-<32 hexadecimal digits>-<16>-<2>, neither id all zero"
                )
            }
            attributes.traceparent = text
        case .sequence:
            guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }),
                let number = Int64(text), number > 0
            else {
                throw rejection(
                    .badSequence,
                    "\"\(text)\" is not a sequence; expected decimal digits, counting from 1"
                )
            }
            attributes.sequence = number
        case .data, .sampledrate, .dataschema, .tracestate, .partitionkey, .correlationid,
            .causationid:
            break
        }
    }

    private func event(
        of attributes: Attributes
    ) throws(RejectionReason) -> (event: Event, items: [Item]) {
        func missing(_ name: CloudEventAttribute) -> RejectionReason {
            RejectionReason(
                .missingField,
                field: name.rawValue,
                "the attribute is missing; an event needs id, source, specversion, time, type"
            )
        }
        guard attributes.hasVersion else { throw missing(.specversion) }
        guard let id = attributes.id else { throw missing(.id) }
        guard let source = attributes.source else { throw missing(.source) }
        guard let name = attributes.name else { throw missing(.type) }
        guard let time = attributes.time else { throw missing(.time) }
        let namespace = name.subjectNamespace
        let data = attributes.data
        let event = Event(
            id: id.id,
            time: time,
            source: source,
            sequence: attributes.sequence,
            user: data.user,
            session: data.session,
            subject: attributes.subject.map { symbols.symbol(for: $0, in: namespace) } ?? .none,
            subjectNamespace: namespace,
            transaction: data.transaction,
            value: data.value,
            currency: data.currency,
            name: name,
            hasUUID: id.isUUID,
            isOrderPart: data.isOrderPart,
            customName: attributes.customName
        )
        return (event, data.items)
    }

    /// Whether `mediaType` is JSON (RFC 6838), whatever its parameters say.
    private static func isJSON(mediaType: String) -> Bool {
        if mediaType == "application/json" {
            return true  // the usual case, without making another string
        }
        let type = mediaType.prefix { $0 != ";" && $0 != " " }.lowercased()
        return type == "application/json" || type.hasSuffix("+json")
    }
}

/// The attributes of one event, as far as they have been read.
private struct Attributes {
    var hasVersion = false
    var id: (id: EventID, isUUID: Bool)?
    var source: Symbol?
    var name: EventName?
    var customName = CustomName.none
    var time: Timestamp?
    var subject: String?
    var sequence: Int64 = 0
    var data = EventData()
    /// Where the data begins, where the type was not known there.
    var dataPosition: Int?
    var traceparent: String?
    /// Whether an attribute was given as `null`.
    var hasNull = false
}

/// An event, and where in a text it is written.
package struct PlacedEvent: Sendable {
    package var event: Event
    package var items: [Item]
    /// From its first brace to its last.
    package var range: Range<Int>
    package var traceparent: String?
    package var hasCorrelation: Bool
    package var hasRecordedTime: Bool
    /// Whether it has `data`, and no attribute that is `null`.
    package var isComplete: Bool
}

extension EventDeclarations {
    /// The event that a CloudEvents `type` names, and how a custom one is called.
    fileprivate func event(
        ofType type: String,
        _ symbols: SymbolTable
    ) -> Result<(name: EventName, custom: CustomName), NameProblem> {
        let text = EventName.name(inCloudEventType: type)
        if let name = EventName(ga4: text) { return .success((name, .none)) }
        let custom = String(text)
        guard unknownEvents == .keep || declaration(of: custom) != nil else {
            return .failure(NameProblem(message: unknownType(type)))
        }
        let isPlain = custom.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
        guard isPlain, !custom.isEmpty, custom.utf8.count <= EventDeclarations.longestName else {
            return .failure(
                NameProblem(
                    message: "is no name of an event; expected 1 to "
                        + "\(EventDeclarations.longestName) bytes without control characters"
                )
            )
        }
        guard let name = symbols.customName(for: custom) else {
            return .failure(
                NameProblem(
                    message: "\"\(type)\" is one name too many: a run counts at most "
                        + "\(SymbolTable.customNameLimit) names of its own; put what differs from "
                        + "event to event in a parameter"
                )
            )
        }
        return .success((.custom, name))
    }

    /// The error text for a `type` that names no event.
    private func unknownType(_ type: String) -> String {
        let segments = type.split(separator: ".")
        let word = segments.count > 1 ? segments[segments.count - 2] : segments.first ?? ""
        let hint = suggestion(for: String(word), in: names)
        return "\"\(type)\" is not the name of an event; expected com.<shop>.<name>.v1 with one of "
            + names.joined(separator: ", ") + hint
    }
}

/// Why a type names no event.
private struct NameProblem: Error {
    var message: String
}
