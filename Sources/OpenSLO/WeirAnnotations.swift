internal import Documents
internal import SLO
internal import Timekeeping

/// The annotations in which documents say what OpenSLO v1 has no field for.
///
/// They are read as strictly as fields are: one under the prefix that is not in this table, or
/// that stands on a kind it does not belong to, is a mistake. Other tools pass them over.
struct WeirAnnotations {
    /// The team that answers for it.
    ///
    /// A Service's holds for its SLOs too.
    var owner: Located<String>?
    /// What was last changed in an SLO, and why.
    var revisionNote: Located<String>?
    /// With fewer events in the period the objective is not judged; with fewer in the lookback
    /// window the alert does not fire.
    var minimumEvents: Located<Int64>?
    /// Planned work, which is left out of the budget, in the form of ``MaintenanceText``.
    var maintenance: [MaintenanceWindow] = []
    /// The traffic that ``ObjectiveLint`` reckons with.
    var expectedEventsPerHour: Located<ExactDecimal>?
    /// Over which the burn rate has to be as high as over the lookback window.
    var shortWindow: Located<CalendarPeriod>?
    /// A firing tier hides the slower ones.
    var tier: Located<AlertTier>?
    /// The tiers whose pairs of the SRE Workbook, fitted to the SLO's period, are watched in place
    /// of the one condition, which other tools read.
    var tiers: Located<[AlertTier]>?
    /// `"true"` to alert also while nothing is left of the budget.
    var alertWhenExhausted: Located<Bool>?
    /// How long nothing must have been measured for `alertWhenNoData`; the lookback window of its
    /// condition unless given.
    var noDataAfter: Located<CalendarPeriod>?

    static let prefix = "weir.dev/"

    /// An annotation: its name behind the prefix, the kinds of document on which it means
    /// something, and how its text is read.
    private struct Annotation: Sendable {
        var name: String
        var kinds: [DocumentKind]
        var read: @Sendable (String, NodeReader, inout WeirAnnotations) -> Void
    }

    private static let known: [Annotation] = [
        Annotation(name: "owner", kinds: [.service, .objective]) {
            $2.owner = Located($0, at: $1.site)
        },
        Annotation(name: "revision-note", kinds: [.objective]) {
            $2.revisionNote = Located($0, at: $1.site)
        },
        Annotation(name: "minimum-events", kinds: [.objective, .alertCondition]) {
            guard let count = Quantity($0)?.whole(), count > 0 else {
                return $1.mismatch(expected: "a whole number above 0, in quotes")
            }
            $2.minimumEvents = Located(count, at: $1.site)
        },
        Annotation(name: "maintenance", kinds: [.objective]) {
            $2.maintenance = WeirAnnotations.windows($0, $1)
        },
        Annotation(name: "expected-events-per-hour", kinds: [.objective]) {
            guard let rate = ExactDecimal($0), rate > .zero else {
                return $1.mismatch(expected: "a number above 0, in quotes")
            }
            $2.expectedEventsPerHour = Located(rate, at: $1.site)
        },
        Annotation(name: "short-window", kinds: [.alertCondition]) {
            $2.shortWindow = $1.shorthand()
        },
        Annotation(name: "tier", kinds: [.alertCondition]) { _, reader, annotations in
            annotations.tier = reader.choice(of: AlertTier.self).map {
                Located($0, at: reader.site)
            }
        },
        Annotation(name: "tiers", kinds: [.alertPolicy]) { text, reader, annotations in
            annotations.tiers = WeirAnnotations.listed(text, reader).map {
                Located($0, at: reader.site)
            }
        },
        Annotation(name: "alert-when-exhausted", kinds: [.alertPolicy]) {
            guard $0 == "true" || $0 == "false" else {
                return $1.mismatch(expected: "\"true\" or \"false\"")
            }
            $2.alertWhenExhausted = Located($0 == "true", at: $1.site)
        },
        Annotation(name: "no-data-after", kinds: [.alertPolicy]) {
            $2.noDataAfter = $1.shorthand()
        },
    ]

    /// Reads an annotation under the prefix.
    ///
    /// That its value is not a text is reported where all annotations are read.
    mutating func read(
        _ name: String,
        _ key: NodeReader,
        _ value: NodeReader,
        of kind: DocumentKind
    ) {
        func names(_ annotations: [Annotation]) -> [String] {
            annotations.map { Self.prefix + $0.name }
        }
        guard let annotation = Self.known.first(where: { Self.prefix + $0.name == name }) else {
            let ofKind = names(Self.known.filter { $0.kinds.contains(kind) })
            let expected =
                ofKind.isEmpty
                ? "there is none under \(Self.prefix) for \(kind.noun)"
                : suggestion(for: name, from: ofKind)
            key.mistake("unknown annotation '\(shortened(name))'; \(expected)")
            return
        }
        guard annotation.kinds.contains(kind) else {
            let nouns = annotation.kinds.map(\.noun).joined(separator: " or ")
            key.mistake("'\(name)' does not apply to \(kind.noun); expected it on \(nouns)")
            return
        }
        if let text = value.textIfAny { annotation.read(text, value, &self) }
    }

    private static func listed(_ text: String, _ reader: NodeReader) -> [AlertTier]? {
        let words = text.split(separator: ",").map { String($0.filter { $0 != " " }) }
        let tiers = words.compactMap { AlertTier(rawValue: $0) }
        guard !words.isEmpty, tiers.count == words.count, Set(tiers).count == tiers.count else {
            let names = AlertTier.allCases.map(\.rawValue).joined(separator: ", ")
            reader.mismatch(expected: "some of \(names), each once, with commas between")
            return nil
        }
        return tiers.sorted()
    }

    private static func windows(_ text: String, _ reader: NodeReader) -> [MaintenanceWindow] {
        let parts: [Substring] = text.split { $0 == ";" || $0.isNewline }
        return parts.compactMap { part in
            do throws(MaintenanceText.Mistake) {
                return try MaintenanceText.parse(part)
            } catch {
                reader.mistake("\(reader.label): \(error.message)")
                return nil
            }
        }
    }
}

/// Planned work as the annotation `weir.dev/maintenance` writes it.
///
/// `<start> <zone> for <duration> [every <duration>] [until <end>]: <reason>`, as in
/// `2026-01-10 02:00:00 Europe/Berlin for 2h every 1w until 2026-07-01 00:00:00: patches`.
///
/// Start and end are times on the wall of the zone. Several stand on lines of their own, or with
/// `;` between.
enum MaintenanceText {
    /// What is wrong with such a text, and what was expected.
    struct Mistake: Error {
        var message: String
    }

    private static let form =
        "expected '<start> <zone> for <duration> [every <duration>] [until <end>]: <reason>', as "
        + "in '2026-01-10 02:00:00 UTC for 2h every 1w: patches'"

    static func parse(_ text: Substring) throws(Mistake) -> MaintenanceWindow {
        // The reason stands behind the first colon that is followed by a space.
        let halves = text.split(separator: ": ", maxSplits: 1)
        guard halves.count == 2 else { throw Mistake(message: "no reason is given; \(form)") }
        var words = halves[0].split(separator: " ")[...]
        let reason = halves[1].drop { $0 == " " }
        guard !reason.isEmpty else { throw Mistake(message: "no reason is given; \(form)") }
        let start = try time(&words)
        let zone = try zone(&words)
        guard words.popFirst() == "for" else { throw Mistake(message: "'for' is missing; \(form)") }
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
                throw Mistake(
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
                throw Mistake(
                    message: "it ends before it starts; expected a later time after until"
                )
            }
            window.until = end
        }
        if let extra = words.first {
            throw Mistake(message: "'\(extra)' is not understood; \(form)")
        }
        return window
    }

    private static func time(_ words: inout ArraySlice<Substring>) throws(Mistake) -> CivilDateTime
    {
        let text = words.prefix(2).joined(separator: " ")
        words = words.dropFirst(2)
        guard let time = CivilDateTime(text) else {
            throw Mistake(message: "'\(text)' is not a time such as 2026-01-10 02:00:00; \(form)")
        }
        return time
    }

    private static func zone(_ words: inout ArraySlice<Substring>) throws(Mistake) -> CivilZone {
        let name = words.popFirst().map(String.init) ?? ""
        do throws(UnknownZoneError) {
            return try CivilZone(named: name)
        } catch {
            throw Mistake(message: "\(error)")
        }
    }

    private static func period(
        _ words: inout ArraySlice<Substring>
    ) throws(Mistake) -> CalendarPeriod {
        let text = words.popFirst().map(String.init) ?? ""
        guard let period = CalendarPeriod(shorthand: text) else {
            throw Mistake(message: "'\(text)' is not a duration such as 2h; \(form)")
        }
        return period
    }
}
