package import Commerce
package import Storage
package import Timekeeping

/// Whether a kept message would be accepted now: its bytes are read again, and held to the rules.
package struct LetterJudge: Sendable {
    /// What would become of it.
    package enum Verdict: Hashable, Sendable {
        /// It is an event, and breaks no rule.
        case passes
        /// It would fail again, by this class, and for this reason.
        case fails(label: String, detail: String)
        /// Its bytes are no CloudEvents JSON, as a row of a log is not: only its reader can tell.
        case unknown
    }

    private let rules: EventRules
    private let latest: Timestamp

    /// A judge by `rules`, at `now`.
    package init(_ rules: EventRules, at now: Timestamp) {
        self.rules = rules
        latest = now + rules.aheadLimit
    }

    /// What would become of `letter`, and its event where it is one.
    package func judge(_ letter: KeptLetter) -> (verdict: Verdict, event: FoundEvent?) {
        let bytes = letter.document
        guard bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") else { return (.unknown, nil) }
        let symbols = SymbolTable()
        do throws(RejectionReason) {
            let (event, items) = try CloudEventDecoder(
                symbols: symbols,
                events: rules.events
            ).decode(bytes[...])
            let found = FoundEvent(
                event,
                items,
                symbols,
                writtenAs: bytes[...],
                position: letter.name.position,
                source: letter.name.source,
                id: letter.name.id
            )
            return (verdict(of: event, items, symbols), found)
        } catch {
            return (.fails(label: error.reason.rawValue, detail: "\(error)"), nil)
        }
    }

    private func verdict(of event: Event, _ items: [Item], _ symbols: SymbolTable) -> Verdict {
        var event = event
        event.firstItem = 0
        event.itemCount = UInt16(items.count)
        let violation = items.withUnsafeBufferPointer {
            rules.violation(of: event, $0, symbols, latest: latest)
        }
        return violation.map { .fails(label: $0.label, detail: $0.explanation) } ?? .passes
    }
}
