import Testing

/// Mistakes of planned work.
@Suite struct MaintenanceTextTests {
    @Test(arguments: Self.rows)
    func `a mistake of planned work is told with its place`(row: MistakeRow) {
        #expect(complaints(about: row.text) == row.complaints)
    }

    private static let rows = [
        MistakeRow(
            "maintenance 'patches'",
            [
                (
                    "metadata: {name: checkout-availability}",
                    "metadata: {name: checkout-availability, annotations: "
                        + "{weir.dev/maintenance: \"patches\"}}"
                )
            ],
            "41:77: 'weir.dev/maintenance': no reason is given; expected '<start> <zone> "
                + "for <duration> [every <duration>] [until <end>]: <reason>', as in '2026-01-10 "
                + "02:00:00 UTC for 2h every 1w: patches'"
        ),
        MistakeRow(
            "maintenance '2026-01-10 02:00:00 UTC for 2h'",
            [
                (
                    "metadata: {name: checkout-availability}",
                    "metadata: {name: checkout-availability, annotations: "
                        + "{weir.dev/maintenance: \"2026-01-10 02:00:00 UTC for 2h\"}}"
                )
            ],
            "41:77: 'weir.dev/maintenance': no reason is given; expected '<start> <zone> "
                + "for <duration> [every <duration>] [until <end>]: <reason>', as in '2026-01-10 "
                + "02:00:00 UTC for 2h every 1w: patches'"
        ),
        MistakeRow(
            "maintenance '2026-01-10 UTC for 2h: patches'",
            [
                (
                    "metadata: {name: checkout-availability}",
                    "metadata: {name: checkout-availability, annotations: "
                        + "{weir.dev/maintenance: \"2026-01-10 UTC for 2h: patches\"}}"
                )
            ],
            "41:77: 'weir.dev/maintenance': '2026-01-10 UTC' is no time such as 2026-01-10 "
                + "02:00:00; expected '<start> <zone> for <duration> [every <duration>] [until "
                + "<end>]: <reason>', as in '2026-01-10 02:00:00 UTC for 2h every 1w: patches'"
        ),
        MistakeRow(
            "maintenance '2026-01-10 02:00:00 UTX for 2h: patches'",
            [
                (
                    "metadata: {name: checkout-availability}",
                    "metadata: {name: checkout-availability, annotations: "
                        + "{weir.dev/maintenance: \"2026-01-10 02:00:00 UTX for 2h: patches\"}}"
                )
            ],
            "41:77: 'weir.dev/maintenance': unknown time zone \"UTX\"; expected a name of "
                + "the IANA database such as \"UTC\" or \"Europe/Berlin\", in its upper and lower "
                + "case; if it is one, the time zone data of this system lacks it"
        ),
        MistakeRow(
            "maintenance '2026-01-10 02:00:00 UTC 2h: patches'",
            [
                (
                    "metadata: {name: checkout-availability}",
                    "metadata: {name: checkout-availability, annotations: "
                        + "{weir.dev/maintenance: \"2026-01-10 02:00:00 UTC 2h: patches\"}}"
                )
            ],
            "41:77: 'weir.dev/maintenance': 'for' is missing; expected '<start> <zone> for "
                + "<duration> [every <duration>] [until <end>]: <reason>', as in '2026-01-10 "
                + "02:00:00 UTC for 2h every 1w: patches'"
        ),
        MistakeRow(
            "maintenance '2026-01-10 02:00:00 UTC for 2x: patches'",
            [
                (
                    "metadata: {name: checkout-availability}",
                    "metadata: {name: checkout-availability, annotations: "
                        + "{weir.dev/maintenance: \"2026-01-10 02:00:00 UTC for 2x: patches\"}}"
                )
            ],
            "41:77: 'weir.dev/maintenance': '2x' is no duration such as 2h; expected "
                + "'<start> <zone> for <duration> [every <duration>] [until <end>]: <reason>', as "
                + "in '2026-01-10 02:00:00 UTC for 2h every 1w: patches'"
        ),
        MistakeRow(
            "maintenance '2026-01-10 02:00:00 UTC for 2h every 1h: patches'",
            [
                (
                    "metadata: {name: checkout-availability}",
                    "metadata: {name: checkout-availability, annotations: "
                        + "{weir.dev/maintenance: \"2026-01-10 02:00:00 UTC for 2h every 1h: "
                        + "patches\"}}"
                )
            ],
            "41:77: 'weir.dev/maintenance': 2h every 1h leaves no time between; expected it "
                + "to end before it comes again"
        ),
        MistakeRow(
            "maintenance '2026-01-10 02:00:00 UTC for 2h until 2026-01-09 00:00:00: patches'",
            [
                (
                    "metadata: {name: checkout-availability}",
                    "metadata: {name: checkout-availability, annotations: "
                        + "{weir.dev/maintenance: \"2026-01-10 02:00:00 UTC for 2h until "
                        + "2026-01-09 00:00:00: patches\"}}"
                )
            ],
            "41:77: 'weir.dev/maintenance': it ends before it starts; expected a later time "
                + "after until"
        ),
        MistakeRow(
            "maintenance '2026-01-10 02:00:00 UTC for 2h each 1w: patches'",
            [
                (
                    "metadata: {name: checkout-availability}",
                    "metadata: {name: checkout-availability, annotations: "
                        + "{weir.dev/maintenance: \"2026-01-10 02:00:00 UTC for 2h each 1w: "
                        + "patches\"}}"
                )
            ],
            "41:77: 'weir.dev/maintenance': 'each' is not understood; expected '<start> "
                + "<zone> for <duration> [every <duration>] [until <end>]: <reason>', as in "
                + "'2026-01-10 02:00:00 UTC for 2h every 1w: patches'"
        ),
    ]
}
