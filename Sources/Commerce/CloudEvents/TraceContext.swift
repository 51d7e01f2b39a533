internal import Timekeeping

/// The W3C trace context of an event: which trace it belongs to and which span it is.
///
/// It follows from the event alone, so every stage and every run gives the same: all events
/// of one session of one source share a trace, and each event is a span of its own.
package struct TraceContext: Hashable, Sendable {
    /// The 128 bits of the trace id; never all zero.
    package var traceHigh: UInt64
    package var traceLow: UInt64
    /// The span id; never zero.
    package var span: UInt64

    /// The context of `event`, whose texts `symbols` has.
    ///
    /// An event without a session is a trace of its own.
    package init(of event: Event, symbols: SymbolTable) {
        (traceHigh, traceLow) = TraceContext.traceID(
            of: event,
            symbols: symbols,
            sourceHash: symbols.stableHash(of: event.source)
        )
        span = SplitMix64.mix(event.id.low &+ SplitMix64.mix(event.id.high))
        if span == 0 {
            span = 1
        }
    }

    /// The trace id of `event`, where the stable hash of its source is known.
    package static func traceID(
        of event: Event,
        symbols: SymbolTable,
        sourceHash: UInt64
    ) -> (high: UInt64, low: UInt64) {
        // The stable hash, since the symbol itself may depend on what was read before.
        let group =
            event.session.isPresent
            ? symbols.stableHash(of: event.session)
            : SplitMix64.mix(event.id.high ^ SplitMix64.mix(event.id.low))
        let high = SplitMix64.mix(sourceHash ^ group)
        let low = SplitMix64.mix(high &+ group &+ 0x9e37_79b9_7f4a_7c15)
        return (high, high | low == 0 ? 1 : low)
    }

    /// The trace id as 32 lower-case hexadecimal digits: the event's correlation id.
    package var traceID: String {
        var bytes: [UInt8] = []
        bytes.appendHexadecimal(traceHigh)
        bytes.appendHexadecimal(traceLow)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the bytes of the trace id, sixteen, and of the span id, eight.
    package func appendBytes(to bytes: inout [UInt8]) {
        bytes.appendBytes(of: traceHigh)
        bytes.appendBytes(of: traceLow)
        bytes.appendBytes(of: span)
    }

    /// Appends the value of the `traceparent` attribute, marked as sampled.
    package func appendTraceparent(to bytes: inout [UInt8]) {
        bytes.append(literal: "00-")
        bytes.appendHexadecimal(traceHigh)
        bytes.appendHexadecimal(traceLow)
        bytes.append(literal: "-")
        bytes.appendHexadecimal(span)
        bytes.append(literal: "-01")
    }

    /// Whether `text` is a `traceparent` by W3C Trace Context, level 1, section 3.2.
    package static func isTraceparent(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            guard bytes.count >= 55,
                (0..<55).allSatisfy({
                    $0 == 2 || $0 == 35 || $0 == 52
                        ? bytes[$0] == UInt8(ascii: "-") : isHexadecimal(bytes[$0])
                }),
                bytes[3..<35].contains(where: { $0 != UInt8(ascii: "0") }),
                bytes[36..<52].contains(where: { $0 != UInt8(ascii: "0") })
            else { return false }
            // Versions after 00 may append fields of their own; ff is not a version.
            let version = bytes[0..<2]
            return version.elementsEqual("00".utf8)
                ? bytes.count == 55
                : !version.elementsEqual("ff".utf8)
                    && (bytes.count == 55 || bytes[55] == UInt8(ascii: "-"))
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...102).contains(byte)
    }
}
