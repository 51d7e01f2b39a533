internal import Foundation

/// A time zone by its IANA name, with the rules of daylight saving of this system.
///
/// The one place of the room that asks Foundation, whose rules come with it.
package struct CivilZone: Hashable, Sendable {
    /// The name it was asked for, such as `Europe/Berlin`.
    package let identifier: String
    private let rules: TimeZone

    package static let utc = CivilZone(identifier: "UTC", rules: .gmt)

    private init(identifier: String, rules: TimeZone) {
        self.identifier = identifier
        self.rules = rules
    }

    /// The names of the IANA's database that stand for UTC itself.
    private static let namesOfUTC: Set<String> = [
        "UTC", "GMT", "GMT+0", "GMT-0", "GMT0", "Greenwich", "UCT", "Universal", "Zulu",
    ]

    /// Its other names without a region; every other one has a `/`.
    private static let namesWithoutRegion: Set<String> = [
        "CET", "CST6CDT", "Cuba", "EET", "EST", "EST5EDT", "Egypt", "Eire", "GB", "GB-Eire", "HST",
        "Hongkong", "Iceland", "Iran", "Israel", "Jamaica", "Japan", "Kwajalein", "Libya", "MET",
        "MST", "MST7MDT", "NZ", "NZ-CHAT", "Navajo", "PRC", "PST8PDT", "Poland", "Portugal", "ROC",
        "ROK", "Singapore", "Turkey", "W-SU", "WET",
    ]

    /// The zone of this name.
    ///
    /// Abbreviations such as `PST` are refused, though this system knows them: several zones share
    /// them, and the IANA has no zone of that name.
    ///
    /// - Throws: ``UnknownZoneError`` if the name is none of the IANA's, or this system has no
    ///   rules for it.
    package init(named identifier: String) throws(UnknownZoneError) {
        if CivilZone.namesOfUTC.contains(identifier) {
            self.init(identifier: identifier, rules: .gmt)
            return
        }
        guard identifier.contains("/") || CivilZone.namesWithoutRegion.contains(identifier),
            let rules = TimeZone(identifier: identifier), rules.identifier == identifier
        else { throw UnknownZoneError(identifier: identifier) }
        self.init(identifier: identifier, rules: rules)
    }

    package static func == (left: CivilZone, right: CivilZone) -> Bool {
        left.identifier == right.identifier
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(identifier)
    }

    /// Seconds that the walls of the zone are ahead of UTC at `instant`.
    package func offset(at instant: Timestamp) -> Int64 {
        let seconds = instant.nanoseconds.flooringQuotient(1_000_000_000)
        // Whole seconds are exact in a Double for every year a timestamp covers.
        return Int64(rules.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))))
    }

    /// What the walls of the zone show at `instant`, to the second below.
    package func civil(at instant: Timestamp) -> CivilDateTime {
        CivilDateTime(
            secondsSinceEpoch: instant.nanoseconds.flooringQuotient(1_000_000_000)
                + offset(at: instant)
        )
    }

    /// The instant at which the walls of the zone show `time`.
    ///
    /// A time that they show twice, when clocks go back, is the first of the two. One that they
    /// skip, when clocks go forward, is as much later as the clocks went forward.
    package func instant(at time: CivilDateTime) -> Timestamp {
        let wall = time.secondsSinceEpoch
        // No zone changes twice within two days, nor by more than a day.
        let before = offset(at: Timestamp(seconds: wall - 86_400))
        let after = offset(at: Timestamp(seconds: wall + 86_400))
        for offset in [before, after] {
            let instant = Timestamp(seconds: wall - offset)
            if self.offset(at: instant) == offset {
                return instant
            }
        }
        return Timestamp(seconds: wall - before)
    }
}

/// A name that no known time zone has.
package struct UnknownZoneError: Error, Hashable, CustomStringConvertible {
    package var identifier: String

    package init(identifier: String) {
        self.identifier = identifier
    }

    /// What is wrong, and the remedy.
    package var description: String {
        "unknown time zone \"\(identifier)\"; expected a name of the IANA database such as "
            + "\"UTC\" or \"Europe/Berlin\", in its upper and lower case; if it is one, the "
            + "time zone data of this system lacks it"
    }
}
