internal import Timekeeping

/// Writes events as structured CloudEvents 1.0 JSON, one object without line breaks an event.
///
/// Only appends bytes: no intermediate tree, no floating point, and no string but those that
/// the symbol table already holds.
package struct CloudEventEncoder: Sendable {
    /// An encoder; it keeps nothing between events.
    package init() {}

    /// Appends the JSON of the event at `index` of `batch`, without a line end.
    ///
    /// Always written from the event itself. An event that was read from CloudEvents JSON may
    /// have attributes that only its original bytes keep (``Batch/originalJSON(of:)``).
    package func append(_ index: Int, of batch: Batch, to bytes: inout [UInt8]) {
        let event = batch.events[index]
        let symbols = batch.symbols
        bytes.append(literal: #"{"specversion":"1.0","id":""#)
        if event.hasUUID {
            event.id.append(to: &bytes)
        } else {
            bytes.appendJSONEscaped(batch.idText(of: index))
        }
        bytes.append(literal: #"","source":""#)
        append(event.source, in: .text, symbols, to: &bytes)
        bytes.append(literal: #"","type":""#)
        if event.name == .custom {
            let name = symbols.text(of: event.customName)
            bytes.appendJSONEscaped(EventName.cloudEventType(ofCustom: name))
        } else {
            bytes.append(contentsOf: event.name.cloudEventType.utf8)
        }
        bytes.append(literal: #"","time":""#)
        event.time.appendRFC3339(to: &bytes)
        if event.subject.isPresent {
            bytes.append(literal: #"","subject":""#)
            append(event.subject, in: event.subjectNamespace, symbols, to: &bytes)
        }
        bytes.append(literal: #"","datacontenttype":"application/json","traceparent":""#)
        TraceContext(of: event, symbols: symbols).appendTraceparent(to: &bytes)
        if event.sequence > 0 {
            bytes.append(literal: #"","sequence":""#)
            // Nineteen digits hold every sequence, so that texts sort as the numbers do.
            bytes.appendDecimal(Int(event.sequence), width: 19)
        }
        if event.subject.isPresent {
            bytes.append(literal: #"","partitionkey":""#)
            append(event.subject, in: event.subjectNamespace, symbols, to: &bytes)
        }
        bytes.append(literal: #"","data":"#)
        appendData(index, of: batch, to: &bytes)
        bytes.append(UInt8(ascii: "}"))
    }

    /// Appends the JSON object that the event at `index` of `batch` carries as its `data`.
    package func appendData(_ index: Int, of batch: Batch, to bytes: inout [UInt8]) {
        let event = batch.events[index]
        let symbols = batch.symbols
        bytes.append(UInt8(ascii: "{"))
        let first = bytes.count
        if event.currency != .none {
            bytes.append(literal: #""currency":""#)
            event.currency.append(to: &bytes)
            bytes.append(literal: #"","#)
        }
        // Without a value the decoder would take the sum of the items for it.
        if event.currency != .none || event.value != 0 || event.itemCount > 0 {
            bytes.append(literal: #""value":"#)
            append(event.value, event.currency, to: &bytes)
            bytes.append(UInt8(ascii: ","))
        }
        append(#""transaction_id":""#, event.transaction, in: .order, symbols, to: &bytes)
        if event.isOrderPart {
            bytes.append(literal: #""order_part":true,"#)
        }
        append(#""user_id":""#, event.user, in: .user, symbols, to: &bytes)
        append(#""session_id":""#, event.session, in: .session, symbols, to: &bytes)
        if event.itemCount > 0 {
            bytes.append(literal: #""items":["#)
            for item in batch.items[event.itemRange] {
                append(item, event.currency, symbols, to: &bytes)
            }
            bytes[bytes.count - 1] = UInt8(ascii: "]")
        } else if bytes.count > first {
            bytes.removeLast()
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// Appends `item` and a comma.
    private func append(
        _ item: Item,
        _ currency: Currency,
        _ symbols: SymbolTable,
        to bytes: inout [UInt8]
    ) {
        bytes.append(UInt8(ascii: "{"))
        append(#""item_id":""#, item.product, in: .product, symbols, to: &bytes)
        append(#""item_category":""#, item.category, in: .category, symbols, to: &bytes)
        bytes.append(literal: #""price":"#)
        append(item.price, currency, to: &bytes)
        bytes.append(literal: #","quantity":"#)
        bytes.appendDecimal(Int(item.quantity))
        bytes.append(literal: "},")
    }

    /// Appends `key`, the text of `symbol`, a quote and a comma, or nothing where it is absent.
    private func append(
        _ key: StaticString,
        _ symbol: Symbol,
        in namespace: Namespace,
        _ symbols: SymbolTable,
        to bytes: inout [UInt8]
    ) {
        guard symbol.isPresent else { return }
        bytes.append(literal: key)
        append(symbol, in: namespace, symbols, to: &bytes)
        bytes.append(literal: #"","#)
    }

    private func append(
        _ symbol: Symbol,
        in namespace: Namespace,
        _ symbols: SymbolTable,
        to bytes: inout [UInt8]
    ) {
        if symbol.tableIndex == nil {
            symbols.append(symbol, in: namespace, to: &bytes)
        } else {
            bytes.appendJSONEscaped(symbols.text(of: symbol, in: namespace))
        }
    }

    private func append(_ amount: Int64, _ currency: Currency, to bytes: inout [UInt8]) {
        Money(minorUnits: amount, currency: currency).appendDecimal(to: &bytes)
    }
}

extension Currency {
    /// Appends the three letters of ``code``.
    fileprivate func append(to bytes: inout [UInt8]) {
        bytes.append(UInt8(truncatingIfNeeded: bits >> 16))
        bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
        bytes.append(UInt8(truncatingIfNeeded: bits))
    }
}

extension [UInt8] {
    /// Appends the bytes of a literal, without making a string.
    mutating func append(literal text: StaticString) {
        text.withUTF8Buffer { append(contentsOf: $0) }
    }

    /// Appends `text` as the inside of a JSON string (RFC 8259): quotes, backslashes and every
    /// control character escaped, everything else as it is.
    mutating func appendJSONEscaped(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            var first = 0
            for index in utf8.indices {
                let byte = utf8[index]
                guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
                else { continue }
                append(contentsOf: UnsafeBufferPointer(rebasing: utf8[first..<index]))
                appendJSONEscape(of: byte)
                first = index + 1
            }
            append(contentsOf: UnsafeBufferPointer(rebasing: utf8[first...]))
        }
    }

    private mutating func appendJSONEscape(of byte: UInt8) {
        append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: append(UInt8(ascii: "b"))
        case 0x09: append(UInt8(ascii: "t"))
        case 0x0a: append(UInt8(ascii: "n"))
        case 0x0c: append(UInt8(ascii: "f"))
        case 0x0d: append(UInt8(ascii: "r"))
        case 0x00..<0x20:
            append(literal: "u00")
            append(EventID.hexDigit(UInt64(byte >> 4)))
            append(EventID.hexDigit(UInt64(byte & 0xf)))
        default: append(byte)
        }
    }

    /// Appends `word` as sixteen lower-case hexadecimal digits.
    mutating func appendHexadecimal(_ word: UInt64) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { digits in
            for index in 0..<16 {
                digits[index] = EventID.hexDigit(word >> UInt64(60 - 4 * index) & 0xf)
            }
            append(contentsOf: UnsafeBufferPointer(digits))
        }
    }
}
