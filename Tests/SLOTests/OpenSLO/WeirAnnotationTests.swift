import Testing

/// Mistakes of the annotations of our own.
@Suite struct WeirAnnotationTests {
    @Test(arguments: Self.rows)
    func `a mistake of an annotation is told with its place`(row: MistakeRow) {
        #expect(complaints(about: row.text) == row.complaints)
    }

    private static let rows = [
        MistakeRow(
            "a misspelt annotation",
            [
                (
                    "metadata: {name: checkout-availability}",
                    "metadata: {name: checkout-availability, annotations: {weir.dev/ownr: "
                        + "data}}"
                )
            ],
            "41:55: unknown annotation 'weir.dev/ownr'; did you mean 'weir.dev/owner'?"
        ),
        MistakeRow(
            "an annotation that is not like any",
            [
                (
                    "metadata: {name: checkout-availability}",
                    "metadata: {name: checkout-availability, annotations: {weir.dev/colour: "
                        + "red}}"
                )
            ],
            "41:55: unknown annotation 'weir.dev/colour'; expected one of weir.dev/owner, "
                + "weir.dev/revision-note, weir.dev/minimum-events, weir.dev/maintenance, "
                + "weir.dev/expected-events-per-hour"
        ),
        MistakeRow(
            "an annotation on a kind that it says nothing of",
            [
                (
                    "metadata: {name: checkout-availability}",
                    "metadata: {name: checkout-availability, annotations: {weir.dev/tier: "
                        + "fast}}"
                )
            ],
            "41:55: 'weir.dev/tier' means nothing on an SLO; expected it on an "
                + "AlertCondition"
        ),
        MistakeRow(
            "an annotation on a kind that has none",
            [
                (
                    "metadata: {name: local-prom}",
                    "metadata: {name: local-prom, annotations: {weir.dev/color: red}}"
                )
            ],
            "8:44: unknown annotation 'weir.dev/color'; there is none under weir.dev/ for a "
                + "DataSource"
        ),
        MistakeRow(
            "a tier that is unknown",
            [
                (
                    "metadata: {name: fast-burn-1h}",
                    "metadata: {name: fast-burn-1h, annotations: {weir.dev/tier: fasr}}"
                )
            ],
            "22:61: 'weir.dev/tier' is 'fasr'; did you mean 'fast'?"
        ),
        MistakeRow(
            "a short window in seconds",
            [
                (
                    "metadata: {name: fast-burn-1h}",
                    "metadata: {name: fast-burn-1h, annotations: {weir.dev/short-window: "
                        + "30s}}"
                )
            ],
            "22:69: 'weir.dev/short-window' is '30s'; expected a whole number from 1 on and "
                + "one of the units m (minutes), h, d, w, M (months), Q, Y; there is nothing "
                + "shorter than 1m"
        ),
        MistakeRow(
            "a short window that is not short",
            [
                (
                    "metadata: {name: fast-burn-1h}",
                    "metadata: {name: fast-burn-1h, annotations: {weir.dev/short-window: "
                        + "1h}}"
                )
            ],
            "22:69: the short window, 1h, is not shorter than the lookback window, 1h; "
                + "expected about a twelfth of it"
        ),
        MistakeRow(
            "a minimum of events without quotes",
            [
                (
                    "metadata: {name: checkout-availability}",
                    "metadata: {name: checkout-availability, annotations: "
                        + "{weir.dev/minimum-events: 10}}"
                )
            ],
            "41:80: 'weir.dev/minimum-events' is 10; expected a text, in quotes"
        ),
        MistakeRow(
            "a minimum of events that is no number",
            [
                (
                    "metadata: {name: checkout-availability}",
                    "metadata: {name: checkout-availability, annotations: "
                        + "{weir.dev/minimum-events: 'many'}}"
                )
            ],
            "41:80: 'weir.dev/minimum-events' is 'many'; expected a whole number above 0, "
                + "in quotes"
        ),
        MistakeRow(
            "a traffic of nothing",
            [
                (
                    "metadata: {name: checkout-availability}",
                    "metadata: {name: checkout-availability, annotations: "
                        + "{weir.dev/expected-events-per-hour: '0'}}"
                )
            ],
            "41:90: 'weir.dev/expected-events-per-hour' is '0'; expected a number above 0, "
                + "in quotes"
        ),
        MistakeRow(
            "a flag that is a word",
            [
                (
                    "metadata: {name: checkout-page}",
                    "metadata: {name: checkout-page, annotations: "
                        + "{weir.dev/alert-when-exhausted: 'yes'}}"
                )
            ],
            "32:78: 'weir.dev/alert-when-exhausted' is 'yes'; expected \"true\" or \"false\""
        ),
        MistakeRow(
            "tiers of which one is unknown",
            [
                (
                    "metadata: {name: checkout-page}",
                    "metadata: {name: checkout-page, annotations: {weir.dev/tiers: 'fast, "
                        + "mid'}}"
                )
            ],
            "32:63: 'weir.dev/tiers' is 'fast, mid'; expected some of fast, medium, slow, "
                + "long, each once, with commas between"
        ),
        MistakeRow(
            "a tier that is there twice",
            [
                (
                    "metadata: {name: checkout-page}",
                    "metadata: {name: checkout-page, annotations: {weir.dev/tiers: 'fast, "
                        + "fast'}}"
                )
            ],
            "32:63: 'weir.dev/tiers' is 'fast, fast'; expected some of fast, medium, slow, "
                + "long, each once, with commas between"
        ),
    ]
}
