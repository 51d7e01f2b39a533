import Testing

/// Mistakes of targets and slices.
@Suite struct OpenSLOTargetTests {
    @Test(arguments: Self.rows)
    func `a mistake of a target is told with its place`(row: MistakeRow) {
        #expect(complaints(about: row.text) == row.complaints)
    }

    private static let rows = [
        MistakeRow(
            "an objective without a target",
            [
                (
                    "objectives: [{displayName: Good, target: 0.999}]",
                    "objectives: [{displayName: Good}]"
                )
            ],
            "47:16: an objective needs one of 'target' and 'targetPercent'"
        ),
        MistakeRow(
            "an objective with two targets",
            [
                (
                    "objectives: [{displayName: Good, target: 0.999}]",
                    "objectives: [{target: 0.9, targetPercent: 90}]"
                )
            ],
            "47:45: 'target' and 'targetPercent' exclude each other; expected one of them"
        ),
        MistakeRow(
            "the target 1",
            [
                (
                    "target: 0.999",
                    "target: 1"
                )
            ],
            "47:44: 'target' is 1; expected a number from 0 to below 1, such as 0.999; at 1 "
                + "there is no budget to spend"
        ),
        MistakeRow(
            "the target 1.0",
            [
                (
                    "target: 0.999",
                    "target: 1.0"
                )
            ],
            "47:44: 'target' is 1.0; expected a number from 0 to below 1, such as 0.999; at "
                + "1 there is no budget to spend"
        ),
        MistakeRow(
            "the target 99.9",
            [
                (
                    "target: 0.999",
                    "target: 99.9"
                )
            ],
            "47:44: 'target' is 99.9; expected a number from 0 to below 1, such as 0.999; "
                + "at 1 there is no budget to spend; did you mean 'targetPercent: 99.9'?"
        ),
        MistakeRow(
            "the target -0.1",
            [
                (
                    "target: 0.999",
                    "target: -0.1"
                )
            ],
            "47:44: 'target' is -0.1; expected a number from 0 to below 1, such as 0.999; "
                + "at 1 there is no budget to spend"
        ),
        MistakeRow(
            "the target 0.9999999999999999999",
            [
                (
                    "target: 0.999",
                    "target: 0.9999999999999999999"
                )
            ],
            "47:44: 'target' is 0.9999999999999999999; expected a number of at most 18 "
                + "digits"
        ),
        MistakeRow(
            "the target nan",
            [
                (
                    "target: 0.999",
                    "target: nan"
                )
            ],
            "47:44: 'target' is 'nan'; expected a number from 0 to below 1, such as 0.999; "
                + "at 1 there is no budget to spend"
        ),
        MistakeRow(
            "the target .inf",
            [
                (
                    "target: 0.999",
                    "target: .inf"
                )
            ],
            "47:44: 'target' is '.inf'; expected a number from 0 to below 1, such as 0.999; "
                + "at 1 there is no budget to spend"
        ),
        MistakeRow(
            "the target ~",
            [
                (
                    "target: 0.999",
                    "target: ~"
                )
            ],
            "47:16: an objective needs one of 'target' and 'targetPercent'"
        ),
        MistakeRow(
            "the target '0.9'",
            [
                (
                    "target: 0.999",
                    "target: '0.9'"
                )
            ],
            "47:44: 'target' is '0.9'; expected a number without quotes"
        ),
        MistakeRow(
            "the target (100 - 1)",
            [
                (
                    "target: 0.999",
                    "target: (100 - 1)"
                )
            ],
            "47:44: 'target' is '(100 - 1)'; expected a number from 0 to below 1, such as "
                + "0.999; at 1 there is no budget to spend"
        ),
        MistakeRow(
            "the target 9e-1x",
            [
                (
                    "target: 0.999",
                    "target: 9e-1x"
                )
            ],
            "47:44: 'target' is '9e-1x'; expected a number from 0 to below 1, such as "
                + "0.999; at 1 there is no budget to spend"
        ),
        MistakeRow(
            "the target of 100 per cent",
            [
                (
                    "target: 0.999",
                    "targetPercent: 100"
                )
            ],
            "47:51: 'targetPercent' is 100; expected a number from 0 to below 100, such as "
                + "99.9; at 100 there is no budget to spend"
        ),
        MistakeRow(
            "the target of 100.0 per cent",
            [
                (
                    "target: 0.999",
                    "targetPercent: 100.0"
                )
            ],
            "47:51: 'targetPercent' is 100.0; expected a number from 0 to below 100, such "
                + "as 99.9; at 100 there is no budget to spend"
        ),
        MistakeRow(
            "the target of -1 per cent",
            [
                (
                    "target: 0.999",
                    "targetPercent: -1"
                )
            ],
            "47:51: 'targetPercent' is -1; expected a number from 0 to below 100, such as "
                + "99.9; at 100 there is no budget to spend"
        ),
        MistakeRow(
            "the target of 99,9 per cent",
            [
                (
                    "target: 0.999",
                    "targetPercent: \"99,9\""
                )
            ],
            "47:51: 'targetPercent' is '99,9'; expected a number from 0 to below 100, such "
                + "as 99.9; at 100 there is no budget to spend"
        ),
        MistakeRow(
            "timeslices without slices",
            [
                (
                    "Occurrences",
                    "Timeslices"
                )
            ],
            "47:16: an objective of Timeslices needs the key 'timeSliceTarget'",
            "47:16: an objective of Timeslices needs the key 'timeSliceWindow'"
        ),
        MistakeRow(
            "ratio timeslices without slices",
            [
                (
                    "Occurrences",
                    "RatioTimeslices"
                )
            ],
            "47:16: an objective of RatioTimeslices needs the key 'timeSliceWindow'"
        ),
        MistakeRow(
            "a slice target of 0",
            [
                (
                    "Occurrences",
                    "Timeslices"
                ),
                (
                    "target: 0.999",
                    "target: 0.999, timeSliceTarget: 0, timeSliceWindow: 1m"
                ),
            ],
            "47:68: 'timeSliceTarget' is 0; expected a number above 0, at most 1"
        ),
        MistakeRow(
            "a slice target above 1",
            [
                (
                    "Occurrences",
                    "Timeslices"
                ),
                (
                    "target: 0.999",
                    "target: 0.999, timeSliceTarget: 1.01, timeSliceWindow: 1m"
                ),
            ],
            "47:68: 'timeSliceTarget' is 1.01; expected a number above 0, at most 1"
        ),
        MistakeRow(
            "a composite of two lengths of slices",
            [
                (
                    "  indicatorRef: checkout-ok-ratio\n",
                    ""
                ),
                (
                    "Occurrences",
                    "RatioTimeslices"
                ),
                (
                    "objectives: [{displayName: Good, target: 0.999}]",
                    "objectives: [{target: 0.9, timeSliceWindow: 1m, indicatorRef: "
                        + "checkout-ok-ratio}, {target: 0.90, timeSliceWindow: 60m, indicatorRef: "
                        + "checkout-ok-ratio}]"
                ),
            ],
            "46:117: a composite has slices of one length; expected 1m as at f:46:47"
        ),
    ]
}
