/// What a producer wrote of how an event hangs together with others: attributes for which an
/// ``Event`` has no room, read from the CloudEvents JSON that it came as.
package struct ForeignAttributes: Hashable, Sendable {
    /// The W3C `traceparent`; nil where it came without.
    package private(set) var traceparent: String?
    /// CloudEvents `correlationid`.
    package private(set) var correlation: String?
    /// CloudEvents `causationid`: the id of the event that caused this one.
    package private(set) var causation: String?

    private static let names: [CloudEventAttribute] = [.traceparent, .correlationid, .causationid]

    /// The trace id of ``traceparent``, 32 lower-case hexadecimal digits.
    package var traceID: String? { traceparent.map { String($0.dropFirst(3).prefix(32)) } }

    /// Reads them from `json`, as far as that is an object.
    package init(json: ArraySlice<UInt8>) {
        // Most producers write none of them, which is seen without reading a value.
        guard json.withUnsafeBufferPointer(ForeignAttributes.mayHaveSome) else { return }
        json.withUnsafeBufferPointer { bytes in
            // What cannot be read to its end was no event in the first place.
            do throws(RejectionReason) { try read(bytes) } catch {}
        }
    }

    /// Whether one of the names may occur: those are all that begin with `"trace`, `"corr` or
    /// `"caus`, and few others do.
    private static func mayHaveSome(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard bytes.count > 5 else { return false }
        for start in 0..<(bytes.count - 5) where bytes[start] == UInt8(ascii: "\"") {
            switch (bytes[start + 1], bytes[start + 2], bytes[start + 3]) {
            case (UInt8(ascii: "t"), UInt8(ascii: "r"), UInt8(ascii: "a")),
                (UInt8(ascii: "c"), UInt8(ascii: "o"), UInt8(ascii: "r")),
                (UInt8(ascii: "c"), UInt8(ascii: "a"), UInt8(ascii: "u")),
                // A name may be written with escapes.
                (UInt8(ascii: "\\"), _, _), (_, UInt8(ascii: "\\"), _),
                (_, _, UInt8(ascii: "\\")):
                return true
            default: continue
            }
        }
        return false
    }

    private mutating func read(
        _ bytes: UnsafeBufferPointer<UInt8>
    ) throws(RejectionReason) {
        var reader = JSONReader(bytes)
        try reader.open(UInt8(ascii: "{"), FieldPath("event"))
        while let key = try reader.nextKey() {
            guard let name = CloudEventAttribute(rawValue: key.text),
                ForeignAttributes.names.contains(name), try !reader.takeNull()
            else {
                try reader.skip()
                continue
            }
            let text = try reader.string(FieldPath(key.text))
            switch name {
            case .traceparent where TraceContext.isTraceparent(text):
                traceparent = text
            case .correlationid: correlation = text
            case .causationid: causation = text
            default: break
            }
        }
    }
}

/// The trace ids of the events of a batch, as they are kept: the one that an event came with, or
/// else the one that follows from it.
package struct EventTraces {
    private let batch: Batch
    /// Of the events of one source, which most batches are.
    private var source = Symbol.none
    private var sourceHash: UInt64 = 0

    package init(_ batch: Batch) {
        self.batch = batch
    }

    /// The trace id of the event at `place`.
    package mutating func id(of place: Int) -> (high: UInt64, low: UInt64) {
        if let original = batch.originalJSON(of: place),
            let text = ForeignAttributes(json: original).traceID,
            let id = TraceContext.traceID(text)
        {
            return id
        }
        let event = batch.events[place]
        if event.source != source {
            source = event.source
            sourceHash = batch.symbols.stableHash(of: source)
        }
        return TraceContext.traceID(of: event, symbols: batch.symbols, sourceHash: sourceHash)
    }
}

extension TraceContext {
    /// The trace id that `text` writes as 32 hexadecimal digits; nil for anything else.
    package static func traceID(_ text: some StringProtocol) -> (high: UInt64, low: UInt64)? {
        let digits = Array(text.utf8)
        guard digits.count == 32, digits.allSatisfy({ $0 != UInt8(ascii: "+") }),
            let high = UInt64(text.prefix(16), radix: 16),
            let low = UInt64(text.dropFirst(16), radix: 16), high | low != 0
        else { return nil }
        return (high, low)
    }
}
