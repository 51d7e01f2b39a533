internal import SLO
internal import Timekeeping

/// Planned work as the annotation `weir.dev/maintenance` writes it.
///
/// `<start> <zone> for <duration> [every <duration>] [until <end>]: <reason>`, as in
/// `2026-01-10 02:00:00 Europe/Berlin for 2h every 1w until 2026-07-01 00:00:00: patches`.
///
/// Start and end are times on the wall of the zone. Several stand on lines of their own, or with
/// `;` between.
enum MaintenanceText {
    /// What is wrong with such a text, and what was expected.
    struct Flaw: Error {
        var message: String
    }

    private static let form =
        "expected '<start> <zone> for <duration> [every <duration>] [until <end>]: <reason>', as "
        + "in '2026-01-10 02:00:00 UTC for 2h every 1w: patches'"

    static func parse(_ text: Substring) throws(Flaw) -> MaintenanceWindow {
        // The reason stands behind the first colon that is followed by a space.
        let halves = text.split(separator: ": ", maxSplits: 1)
        guard halves.count == 2 else { throw Flaw(message: "no reason is given; \(form)") }
        var words = halves[0].split(separator: " ")[...]
        let reason = halves[1].drop { $0 == " " }
        guard !reason.isEmpty else { throw Flaw(message: "no reason is given; \(form)") }
        let start = try time(&words)
        let zone = try zone(&words)
        guard words.popFirst() == "for" else { throw Flaw(message: "'for' is missing; \(form)") }
        let duration = try period(&words)
        var window = MaintenanceWindow(
            reason: String(reason),
            start: start,
            zone: zone,
            duration: duration.nominalLength
        )
        if words.first == "every" {
            words.removeFirst()
            let every = try period(&words)
            guard every.nominalLength >= duration.nominalLength else {
                throw Flaw(
                    message: "\(duration) every \(every) leaves no time between; expected it to "
                        + "end before it comes again"
                )
            }
            window.every = every
        }
        if words.first == "until" {
            words.removeFirst()
            let end = try time(&words)
            guard end > start else {
                throw Flaw(message: "it ends before it starts; expected a later time after until")
            }
            window.until = end
        }
        if let extra = words.first {
            throw Flaw(message: "'\(extra)' is not understood; \(form)")
        }
        return window
    }

    private static func time(_ words: inout ArraySlice<Substring>) throws(Flaw) -> CivilDateTime {
        let text = words.prefix(2).joined(separator: " ")
        words = words.dropFirst(2)
        guard let time = CivilDateTime(text) else {
            throw Flaw(message: "'\(text)' is not a time such as 2026-01-10 02:00:00; \(form)")
        }
        return time
    }

    private static func zone(_ words: inout ArraySlice<Substring>) throws(Flaw) -> CivilZone {
        let name = words.popFirst().map(String.init) ?? ""
        do throws(UnknownZoneError) {
            return try CivilZone(named: name)
        } catch {
            throw Flaw(message: "\(error)")
        }
    }

    private static func period(
        _ words: inout ArraySlice<Substring>
    ) throws(Flaw) -> CalendarPeriod {
        let text = words.popFirst().map(String.init) ?? ""
        guard let period = CalendarPeriod(shorthand: text) else {
            throw Flaw(message: "'\(text)' is not a duration such as 2h; \(form)")
        }
        return period
    }
}
