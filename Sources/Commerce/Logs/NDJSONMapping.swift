package import Timekeeping

/// Which value of a line of JSON gives which part of an event, by pointers (RFC 6901).
package struct NDJSONMapping: Hashable, Sendable {
    /// Where a value is: keys and places, such as `/items/0/price`.
    ///
    /// A part `key=value` is the element of an array whose member `key` is the text `value`, as in
    /// `/event_params/key=currency/value`.
    package struct Pointer: Hashable, Sendable {
        /// As it was written.
        package let text: String
        private let parts: [String]

        /// The pointer that `text` writes; nil unless it is empty or begins with `/`.
        package init?(_ text: String) {
            guard text.isEmpty || text.hasPrefix("/"),
                text.split(separator: "~", omittingEmptySubsequences: false).dropFirst()
                    .allSatisfy({ $0.first == "0" || $0.first == "1" })
            else { return nil }
            self.text = text
            parts = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
                String($0).replacing("~1", with: "/").replacing("~0", with: "~")
            }
        }

        /// What is there in `tree`; nil where there is nothing, or `null`.
        func value(in tree: JSONTree) -> JSONTree? {
            var tree = tree
            for part in parts {
                guard let next = Pointer.step(part, in: tree), !next.isNull else { return nil }
                tree = next
            }
            return tree
        }

        private static func step(_ part: String, in tree: JSONTree) -> JSONTree? {
            guard let elements = tree.elements else { return tree[part] }
            if let sign = part.firstIndex(of: "=") {
                let value = part[part.index(after: sign)...]
                let key = String(part[..<sign])
                return elements.first { $0[key]?.text.map { $0 == value } ?? false }
            }
            guard let place = Int(part), elements.indices.contains(place) else { return nil }
            return elements[place]
        }
    }

    /// The first of these that is there.
    package typealias Places = [Pointer]

    /// Where the id is; without it, lines are known by what they say (``RowIdentity``).
    package var id: Places = []
    package var time: Places
    package var timeFormat: CSVMapping.TimeFormat
    /// The zone of times that name none, as with ``CSVMapping/zone``.
    package var zone: CivilZone?
    package var name: Places
    /// What the log calls the events that have another name with GA4.
    package var names: [String: EventName] = [:]
    /// The event that every line is, where no place says it.
    package var eventName: EventName?
    package var user: Places
    /// Joined by a point where there are several; all must be there.
    package var session: Places = []
    package var transaction: Places = []
    package var currency: Places = []
    /// The currency of all lines, where no place says it.
    package var currencyCode: Currency?
    package var value: Places = []
    /// The array of items, in each of which the next four are; without it, the line itself is the
    /// one item, where it has a product or a price.
    package var items: Places = []
    package var product: Places = []
    package var category: Places = []
    package var price: Places = []
    package var quantity: Places = []
    /// Texts that stand for a value that is not there.
    package var absent: Set<String> = []

    /// The mapping of what every event needs; the rest is set afterwards.
    package init(
        time: Places,
        timeFormat: CSVMapping.TimeFormat,
        name: Places,
        user: Places
    ) {
        self.time = time
        self.timeFormat = timeFormat
        self.name = name
        self.user = user
    }

    /// The event tables that GA4 exports to BigQuery, extracted as JSON.
    package static let ga4Export: NDJSONMapping = {
        func at(_ pointers: String...) -> Places { pointers.compactMap { Pointer($0) } }
        var mapping = NDJSONMapping(
            time: at("/event_timestamp"),
            timeFormat: .epochMicroseconds,
            name: at("/event_name"),
            user: at("/user_id", "/user_pseudo_id")
        )
        // A session's number is that of its user's: only both together name one.
        mapping.session = at("/user_pseudo_id", "/event_params/key=ga_session_id/value")
        mapping.transaction = at(
            "/ecommerce/transaction_id",
            "/event_params/key=transaction_id/value"
        )
        mapping.currency = at("/event_params/key=currency/value")
        mapping.value = at(
            "/ecommerce/purchase_revenue",
            "/ecommerce/refund_value",
            "/event_params/key=value/value"
        )
        mapping.items = at("/items")
        mapping.product = at("/item_id", "/item_name")
        mapping.category = at("/item_category")
        mapping.price = at("/price")
        mapping.quantity = at("/quantity")
        mapping.absent = ["(not set)", ""]
        return mapping
    }()
}

/// Makes events of the lines of a log in JSON that has a shape of its own.
///
/// Each line is written anew as a CloudEvent, which is what is kept of it.
struct MappedNDJSONFormat: LogFormat {
    private let mapping: NDJSONMapping
    private var decoder: CloudEventDecoder
    private var identity = RowIdentity()
    private var entry: LogEntry?

    init(_ mapping: NDJSONMapping, decoder: CloudEventDecoder) {
        self.mapping = mapping
        self.decoder = decoder
    }

    var needsHeader: Bool { false }
    var holdsBack: Bool { false }

    mutating func takeHeader(_ record: Record?, file: String) {}

    mutating func take(_ record: Record, file: String) throws(RejectionReason) -> Bool {
        let line = Array(record.bytes)
        let tree = try JSONTree(line)
        guard let text = text(mapping.time, in: tree) else {
            throw RejectionReason(.missingField, field: "time", "is missing, so it is no event")
        }
        guard let time = mapping.timeFormat.instant(text, in: mapping.zone) else {
            throw RejectionReason(
                .badDate,
                field: "time",
                "\"\(text)\" is not a time; expected \(mapping.timeFormat.expectation)"
            )
        }
        let id = self.text(mapping.id, in: tree) ?? identity.id(of: line, at: time).uuid
        let json = Array(try cloudEvent(of: tree, id, time).json.utf8)
        do throws(RejectionReason) {
            var (event, items) = try decoder.decode(json[...])
            event.sequence = Int64(record.line)
            entry = LogEntry(event: event, items: items, bytes: json, line: record.line)
            return true
        } catch {
            var reason = error
            // The column is that of what was made of the line.
            reason.column = nil
            throw reason
        }
    }

    private func cloudEvent(
        of tree: JSONTree,
        _ id: String,
        _ time: Timestamp
    ) throws(RejectionReason) -> JSONTree {
        let given = text(mapping.name, in: tree) ?? mapping.eventName?.ga4 ?? ""
        let name = mapping.names[given]?.ga4 ?? given
        let isOrder = EventName(ga4: name)?.subjectNamespace == .order
        let order = isOrder ? text(mapping.transaction, in: tree) : nil
        let parts = mapping.session.map { text([$0], in: tree) }
        let known = parts.compactMap(\.self)
        let session =
            known.isEmpty || known.count < parts.count
            ? nil : known.joined(separator: ".")
        var members: [(key: String, value: JSONTree)] = [
            ("specversion", JSONTree(text: "1.0")), ("id", JSONTree(text: id)),
            ("source", JSONTree(text: "/log:ndjson")), ("type", JSONTree(text: name)),
            ("time", JSONTree(text: "\(time)")),
        ]
        if let subject = order ?? session { members.append(("subject", JSONTree(text: subject))) }
        var data: [(key: String, value: JSONTree)] = []
        func add(_ key: String, _ text: String?) {
            if let text { data.append((key, JSONTree(text: text))) }
        }
        add("transaction_id", order)
        add("user_id", text(mapping.user, in: tree))
        add("session_id", session)
        let value = number(mapping.value, in: tree)
        var items: [JSONTree] = []
        for tree in self.items(of: tree) {
            // An order that is worth nothing because a pointer leads nowhere would be no error.
            let priceIsNeeded = isOrder && value == nil
            items.append(try item(tree, at: items.count, priceIsNeeded: priceIsNeeded))
        }
        if value != nil || !items.isEmpty {
            add("currency", text(mapping.currency, in: tree) ?? mapping.currencyCode?.code)
        }
        if let value { data.append(("value", value)) }
        if !items.isEmpty { data.append(("items", .array(items))) }
        members.append(("data", .object(data)))
        return .object(members)
    }

    /// What is an item each.
    private func items(of tree: JSONTree) -> [JSONTree] {
        guard mapping.items.isEmpty else {
            let value = mapping.items.lazy.compactMap { $0.value(in: tree) }.first
            return value.map { $0.elements ?? [$0] } ?? []
        }
        let isItem =
            first(mapping.product, in: tree) != nil || first(mapping.price, in: tree) != nil
        return isItem ? [tree] : []
    }

    /// The item that `tree` is, at `place` among those of its event; without a price where none
    /// `isNeeded`.
    private func item(
        _ tree: JSONTree,
        at place: Int,
        priceIsNeeded: Bool
    ) throws(RejectionReason) -> JSONTree {
        let hasPrice = first(mapping.price, in: tree) != nil
        let hasProduct = first(mapping.product, in: tree) != nil
        if priceIsNeeded && !hasPrice || !hasPrice && !hasProduct {
            let places = (mapping.price + mapping.product).map(\.text).joined(separator: ", ")
            throw RejectionReason(
                .missingField,
                field: "items[\(place)]",
                "has no \(hasProduct ? "price" : "product or price"); expected them at \(places)"
            )
        }
        var members: [(key: String, value: JSONTree)] = []
        for (key, places) in [
            ("item_id", mapping.product), ("item_category", mapping.category),
        ] {
            if let text = text(places, in: tree) { members.append((key, JSONTree(text: text))) }
        }
        for (key, places) in [("price", mapping.price), ("quantity", mapping.quantity)] {
            if let number = number(places, in: tree) { members.append((key, number)) }
        }
        return .object(members)
    }

    private func first(_ places: NDJSONMapping.Places, in tree: JSONTree) -> JSONTree? {
        places.lazy.compactMap { place -> JSONTree? in
            guard let value = place.value(in: tree).flatMap(MappedNDJSONFormat.single) else {
                return nil
            }
            let isAbsent = (value.text ?? value.literal).map(mapping.absent.contains) ?? false
            return isAbsent ? nil : value
        }.first
    }

    /// The value itself; of an object such as `{"string_value": null, "int_value": "1"}`, as
    /// BigQuery has them, the member that is there.
    private static func single(_ value: JSONTree) -> JSONTree? {
        guard value.isObject else { return value }
        return value.members.first { $0.key.hasSuffix("_value") && !$0.value.isNull }?.value
    }

    private func text(_ places: NDJSONMapping.Places, in tree: JSONTree) -> String? {
        first(places, in: tree).flatMap { $0.text ?? $0.literal }
    }

    /// A number, which may be written as a text; what is none is left for the decoder to refuse.
    private func number(_ places: NDJSONMapping.Places, in tree: JSONTree) -> JSONTree? {
        guard let value = first(places, in: tree) else { return nil }
        guard let text = value.text, let tree = try? JSONTree(Array(text.utf8)),
            tree.number != nil
        else { return value }
        return tree
    }

    mutating func next(file: String, rejecting: inout [Rejection]) -> LogEntry? {
        defer { entry = nil }
        return entry
    }

    mutating func translate(from last: SymbolTable, to symbols: SymbolTable) {
        decoder = CloudEventDecoder(symbols: symbols, events: decoder.events)
        entry?.translate(from: last, to: symbols)
    }

    mutating func close() {}
}
