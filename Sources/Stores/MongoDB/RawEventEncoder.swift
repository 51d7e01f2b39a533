internal import Broker
internal import Commerce
internal import Timekeeping

/// Writes an event as the document that is kept of it.
///
/// | field | BSON | |
/// |---|---|---|
/// | `_id` | string | `<id> <source>`: unique, and in the order of time where ids are |
/// | `position` | int64 | its place in the topic; unique |
/// | `source`, `id` | string | its CloudEvents identity |
/// | `time` | date | when it happened, to the millisecond, rounded down |
/// | `time_ns` | int64 | the same in nanoseconds since the epoch, where that says more |
/// | `type`, `subject`, `traceparent` | string | as CloudEvents has them |
/// | `sequence` | int64 | its place in the order of its source |
/// | `name` | string | its GA4 name, or the one that the shop has given it |
/// | `user_id`, `session_id`, `transaction_id` | string | as GA4 has them |
/// | `order_part` | bool | true if it holds further lines of an order published before |
/// | `value_minor`, `currency` | int64, string | the amount in minor units (cents), and of what |
/// | `items` | array | `item_id`, `item_category`, `price_minor` (int64), `quantity` (int32) |
/// | `document` | string | the CloudEvents JSON it was read from, byte for byte |
///
/// What an event does not have, its document does not have either. Types are this program's own,
/// and so is the trace of an event that came without one; `document` keeps what a log had.
struct RawEventEncoder {
    /// The GA4 name and the CloudEvents type of each event, by the number of its name.
    private static let names = EventName.allCases.map {
        (name: Array($0.ga4.utf8), type: Array($0.cloudEventType.utf8))
    }

    /// Where the texts of symbols are made; kept for its memory.
    private var text: [UInt8] = []

    /// Appends all fields of the event at `place` to `document`.
    mutating func append(
        _ place: Int,
        of publication: Publication<Batch>,
        to document: inout BSONWriter
    ) {
        let batch = publication.batch
        let event = batch.events[place]
        appendIdentity(place, of: batch, to: &document)
        document.append("position", publication.position(at: place))
        let milliseconds = event.time.nanoseconds.flooringQuotient(1_000_000)
        document.append("time", date: milliseconds)
        if !event.time.nanoseconds.isMultiple(of: 1_000_000) {
            document.append("time_ns", event.time.nanoseconds)
        }
        if event.name == .custom {
            let name = batch.symbols.text(of: event.customName)
            append("type", to: &document) { $0 += EventName.cloudEventType(ofCustom: name).utf8 }
        } else {
            let type = RawEventEncoder.names[Int(event.name.rawValue)].type
            document.append("type", utf8: type.span)
        }
        append("subject", event.subject, in: event.subjectNamespace, batch, to: &document)
        let original = batch.originalJSON(of: place)
        append("traceparent", to: &document) { text in
            if let foreign = original.flatMap({ ForeignAttributes(json: $0).traceparent }) {
                // As version 00 has it, so that there is one form to look for.
                text += "00-\(foreign.dropFirst(3).prefix(52))".utf8
            } else {
                TraceContext(of: event, symbols: batch.symbols).appendTraceparent(to: &text)
            }
        }
        if event.sequence > 0 {
            document.append("sequence", event.sequence)
        }
        if event.name == .custom {
            append("name", to: &document) { $0 += batch.symbols.text(of: event.customName).utf8 }
        } else {
            let name = RawEventEncoder.names[Int(event.name.rawValue)].name
            document.append("name", utf8: name.span)
        }
        append("user_id", event.user, in: .user, batch, to: &document)
        append("session_id", event.session, in: .session, batch, to: &document)
        append("transaction_id", event.transaction, in: .order, batch, to: &document)
        if event.isOrderPart {
            document.append("order_part", true)
        }
        appendAmount(of: event, in: batch, to: &document)
        if let original {
            document.append("document", original: original.span)
        }
    }

    /// The `_id` of the event at `place`.
    mutating func key(_ place: Int, of batch: Batch) -> [UInt8] {
        makeKey(place, of: batch)
        return text
    }

    /// The `_id` of the event `id` of `source`.
    static func key(id: String, source: String) -> [UInt8] {
        var key: [UInt8] = []
        append(id: id, to: &key)
        key.append(UInt8(ascii: " "))
        return key + source.utf8
    }

    private static func append(id: String, to key: inout [UInt8]) {
        for byte in id.utf8 {
            switch byte {
            case UInt8(ascii: " "): key += "%20".utf8
            case UInt8(ascii: "%"): key += "%25".utf8
            default: key.append(byte)
            }
        }
    }

    /// Puts the `_id` in ``text``, and says how long the id in it is.
    ///
    /// The first space ends the id: a space within a foreign id is escaped, and with
    /// it the sign that escapes, so that no two pairs make one key.
    @discardableResult
    private mutating func makeKey(_ place: Int, of batch: Batch) -> Int {
        let event = batch.events[place]
        text.removeAll(keepingCapacity: true)
        if event.hasUUID {
            event.id.append(to: &text)
        } else {
            RawEventEncoder.append(id: batch.idText(of: place), to: &text)
        }
        let count = text.count
        text.append(UInt8(ascii: " "))
        batch.symbols.append(event.source, in: .text, to: &text)
        return count
    }

    private mutating func appendIdentity(
        _ place: Int,
        of batch: Batch,
        to document: inout BSONWriter
    ) {
        let count = makeKey(place, of: batch)
        document.append("_id", utf8: text.span)
        document.append("source", utf8: text.span.extracting((count + 1)...))
        if batch.events[place].hasUUID {
            document.append("id", utf8: text.span.extracting(..<count))
        } else {
            append("id", to: &document) { $0 += batch.idText(of: place).utf8 }
        }
    }

    private mutating func appendAmount(
        of event: Event,
        in batch: Batch,
        to document: inout BSONWriter
    ) {
        if event.currency != .none || event.value != 0 || event.itemCount > 0 {
            document.append("value_minor", event.value)
        }
        if event.currency != .none {
            append("currency", to: &document) { $0 += event.currency.code.utf8 }
        }
        guard event.itemCount > 0 else { return }
        let first = Int(event.firstItem)
        document.append("items", documents: Int(event.itemCount)) { line, index in
            let item = batch.items[first + index]
            append("item_id", item.product, in: .product, batch, to: &line)
            append("item_category", item.category, in: .category, batch, to: &line)
            line.append("price_minor", item.price)
            line.append("quantity", item.quantity)
        }
    }

    /// Appends the text of `symbol`, or nothing where it is absent.
    private mutating func append(
        _ key: BSONKey,
        _ symbol: Symbol,
        in namespace: Namespace,
        _ batch: Batch,
        to document: inout BSONWriter
    ) {
        guard symbol.isPresent else { return }
        append(key, to: &document) { batch.symbols.append(symbol, in: namespace, to: &$0) }
    }

    private mutating func append(
        _ key: BSONKey,
        to document: inout BSONWriter,
        _ make: (inout [UInt8]) -> Void
    ) {
        text.removeAll(keepingCapacity: true)
        make(&text)
        document.append(key, utf8: text.span)
    }
}
