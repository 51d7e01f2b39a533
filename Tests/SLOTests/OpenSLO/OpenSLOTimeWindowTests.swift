import Testing

/// Mistakes of a time window.
@Suite struct OpenSLOTimeWindowTests {
    @Test(arguments: Self.rows)
    func `a mistake of a time window is told with its place`(row: MistakeRow) {
        #expect(complaints(about: row.text) == row.complaints)
    }

    private static let rows = [
        MistakeRow(
            "no time window",
            [
                (
                    "  timeWindow: [{duration: 30d, isRolling: true}]\n",
                    ""
                )
            ],
            "43:3: an SLO's spec needs the key 'timeWindow'"
        ),
        MistakeRow(
            "a list of no time windows",
            [
                (
                    "timeWindow: [{duration: 30d, isRolling: true}]",
                    "timeWindow: []"
                )
            ],
            "45:15: 'timeWindow' has 0 items; expected exactly one"
        ),
        MistakeRow(
            "two time windows",
            [
                (
                    "timeWindow: [{duration: 30d, isRolling: true}]",
                    "timeWindow: [{duration: 30d, isRolling: true}, {duration: 7d, "
                        + "isRolling: true}]"
                )
            ],
            "45:15: 'timeWindow' has 2 items; expected exactly one"
        ),
        MistakeRow(
            "a time window that is no list",
            [
                (
                    "timeWindow: [{duration: 30d, isRolling: true}]",
                    "timeWindow: {duration: 30d, isRolling: true}"
                )
            ],
            "45:15: 'timeWindow' is a mapping; expected a list"
        ),
        MistakeRow(
            "a time window without a duration",
            [
                (
                    "timeWindow: [{duration: 30d, isRolling: true}]",
                    "timeWindow: [{isRolling: true}]"
                )
            ],
            "45:16: a time window needs the key 'duration'"
        ),
        MistakeRow(
            "the duration '30'",
            [
                (
                    "duration: 30d",
                    "duration: '30'"
                )
            ],
            "45:27: 'duration' is '30'; expected a whole number from 1 on and one of the "
                + "units m (minutes), h, d, w, M (months), Q, Y, such as 30m"
        ),
        MistakeRow(
            "the duration '30s'",
            [
                (
                    "duration: 30d",
                    "duration: '30s'"
                )
            ],
            "45:27: 'duration' is '30s'; expected a whole number from 1 on and one of the "
                + "units m (minutes), h, d, w, M (months), Q, Y; there is nothing shorter than 1m"
        ),
        MistakeRow(
            "the duration '1mo'",
            [
                (
                    "duration: 30d",
                    "duration: '1mo'"
                )
            ],
            "45:27: 'duration' is '1mo'; expected a whole number from 1 on and one of the "
                + "units m (minutes), h, d, w, M (months), Q, Y; a month is 1M"
        ),
        MistakeRow(
            "the duration '30 d'",
            [
                (
                    "duration: 30d",
                    "duration: '30 d'"
                )
            ],
            "45:27: 'duration' is '30 d'; expected a whole number from 1 on and one of the "
                + "units m (minutes), h, d, w, M (months), Q, Y"
        ),
        MistakeRow(
            "the duration '0d'",
            [
                (
                    "duration: 30d",
                    "duration: '0d'"
                )
            ],
            "45:27: 'duration' is '0d'; expected a whole number from 1 on and one of the "
                + "units m (minutes), h, d, w, M (months), Q, Y"
        ),
        MistakeRow(
            "the duration '-1d'",
            [
                (
                    "duration: 30d",
                    "duration: '-1d'"
                )
            ],
            "45:27: 'duration' is '-1d'; expected a whole number from 1 on and one of the "
                + "units m (minutes), h, d, w, M (months), Q, Y"
        ),
        MistakeRow(
            "the duration '1.5h'",
            [
                (
                    "duration: 30d",
                    "duration: '1.5h'"
                )
            ],
            "45:27: 'duration' is '1.5h'; expected a whole number from 1 on and one of the "
                + "units m (minutes), h, d, w, M (months), Q, Y"
        ),
        MistakeRow(
            "the duration '1h30m'",
            [
                (
                    "duration: 30d",
                    "duration: '1h30m'"
                )
            ],
            "45:27: 'duration' is '1h30m'; expected a whole number from 1 on and one of the "
                + "units m (minutes), h, d, w, M (months), Q, Y"
        ),
        MistakeRow(
            "the duration '30D'",
            [
                (
                    "duration: 30d",
                    "duration: '30D'"
                )
            ],
            "45:27: 'duration' is '30D'; expected a whole number from 1 on and one of the "
                + "units m (minutes), h, d, w, M (months), Q, Y; did you mean '30d'?"
        ),
        MistakeRow(
            "the duration 'P30D'",
            [
                (
                    "duration: 30d",
                    "duration: 'P30D'"
                )
            ],
            "45:27: 'duration' is 'P30D'; expected a whole number from 1 on and one of the "
                + "units m (minutes), h, d, w, M (months), Q, Y"
        ),
        MistakeRow(
            "the duration '10000000000d'",
            [
                (
                    "duration: 30d",
                    "duration: '10000000000d'"
                )
            ],
            "45:27: 'duration' is '10000000000d'; expected a whole number from 1 on and one "
                + "of the units m (minutes), h, d, w, M (months), Q, Y"
        ),
        MistakeRow(
            "the duration '1d '",
            [
                (
                    "duration: 30d",
                    "duration: '1d '"
                )
            ],
            "45:27: 'duration' is '1d '; expected a whole number from 1 on and one of the "
                + "units m (minutes), h, d, w, M (months), Q, Y"
        ),
        MistakeRow(
            "a rolling window with a calendar",
            [
                (
                    "timeWindow: [{duration: 30d, isRolling: true}]",
                    "timeWindow: [{duration: 1M, isRolling: true, calendar: {startTime: "
                        + "2026-01-01 00:00:00, timeZone: Europe/Berlin}}]"
                )
            ],
            "45:58: 'calendar' stands beside 'isRolling: true'; expected one of them"
        ),
        MistakeRow(
            "a window that does not roll, without a calendar",
            [
                (
                    "timeWindow: [{duration: 30d, isRolling: true}]",
                    "timeWindow: [{duration: 1M}]"
                )
            ],
            "45:16: a time window that does not roll needs the key 'calendar'; expected it, "
                + "or 'isRolling: true'"
        ),
        MistakeRow(
            "a calendar without a zone",
            [
                (
                    "timeWindow: [{duration: 30d, isRolling: true}]",
                    "timeWindow: [{duration: 1M, isRolling: false, calendar: {startTime: "
                        + "2026-01-01 00:00:00}}]"
                )
            ],
            "45:59: a calendar needs the key 'timeZone'"
        ),
        MistakeRow(
            "a calendar that starts on no date",
            [
                (
                    "timeWindow: [{duration: 30d, isRolling: true}]",
                    "timeWindow: [{duration: 1M, isRolling: false, calendar: {startTime: "
                        + "2026-02-30 00:00:00, timeZone: UTC}}]"
                )
            ],
            "45:71: 'startTime' is '2026-02-30 00:00:00'; expected a time of the wall clock "
                + "without a zone, such as 2026-01-01 00:00:00"
        ),
        MistakeRow(
            "a calendar that starts at an instant of RFC 3339",
            [
                (
                    "timeWindow: [{duration: 30d, isRolling: true}]",
                    "timeWindow: [{duration: 1M, calendar: {startTime: "
                        + "'2026-02-01T00:00:00Z', timeZone: UTC}}]"
                )
            ],
            "45:53: 'startTime' is '2026-02-01T00:00:00Z'; expected a time of the wall "
                + "clock without a zone, such as 2026-01-01 00:00:00"
        ),
        MistakeRow(
            "a zone that nobody knows",
            [
                (
                    "timeWindow: [{duration: 30d, isRolling: true}]",
                    "timeWindow: [{duration: 1M, calendar: {startTime: 2026-02-01 00:00:00, "
                        + "timeZone: Europe/Entenhausen}}]"
                )
            ],
            "45:84: unknown time zone \"Europe/Entenhausen\"; expected a name of the IANA "
                + "database such as \"UTC\" or \"Europe/Berlin\", in its upper and lower case; if "
                + "it is one, the time zone data of this system lacks it"
        ),
        MistakeRow(
            "a zone that is an abbreviation",
            [
                (
                    "timeWindow: [{duration: 30d, isRolling: true}]",
                    "timeWindow: [{duration: 1M, calendar: {startTime: 2026-02-01 00:00:00, "
                        + "timeZone: PST}}]"
                )
            ],
            "45:84: unknown time zone \"PST\"; expected a name of the IANA database such as "
                + "\"UTC\" or \"Europe/Berlin\", in its upper and lower case; if it is one, the "
                + "time zone data of this system lacks it"
        ),
        MistakeRow(
            "rolling that is a word",
            [
                (
                    "timeWindow: [{duration: 30d, isRolling: true}]",
                    "timeWindow: [{duration: 30d, isRolling: 'yes'}]"
                )
            ],
            "45:43: 'isRolling' is 'yes'; expected true or false"
        ),
    ]
}
