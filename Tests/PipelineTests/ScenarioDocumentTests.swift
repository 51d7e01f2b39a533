import Documents
import Foundation
import Pipeline
import Testing
import Timekeeping

/// Files of faults: what is read, and what is wrong with those that are not.
@Suite struct ScenarioDocumentTests {
    struct Bad: CustomTestStringConvertible {
        var title: String
        var fault: String
        var complaints: [String]

        init(_ title: String, _ fault: String, _ complaints: String...) {
            self.title = title
            self.fault = fault
            self.complaints = complaints
        }

        var testDescription: String { title }
    }

    private let pipeline: PipelineDocument

    init() throws {
        pipeline = try PipelineDocument.read(path: shippedFile("storefront.yaml").path)
    }

    private func parse(
        _ faults: String,
        lasting length: Duration? = .seconds(3600)
    ) throws(DocumentError) -> ScenarioDocument {
        try ScenarioDocument.parse(
            text: """
                apiVersion: weir/v1
                kind: Scenario
                metadata: {name: test}
                spec:
                  faults:
                \(faults)
                """,
            file: "f",
            for: pipeline,
            lasting: length
        )
    }

    static let bad = [
        Bad(
            "an unknown kind",
            "- {kind: unavailible, target: raw, at: 1m, for: 1m}",
            "6:14: 'kind' is 'unavailible'; did you mean 'unavailable'?"
        ),
        Bad(
            "an unknown target",
            "- {kind: unavailable, target: row, at: 1m, for: 1m}",
            "6:35: 'row' is not a store of the pipeline, to which 'unavailable' happens; did you "
                + "mean 'raw'?"
        ),
        Bad(
            "a target of another sort",
            "- {kind: crash, target: raw, at: 1m, for: 1m}",
            "6:29: 'raw' is not a stage that reads a subscription of the pipeline, to which "
                + "'crash' happens; expected one of ingest, analytics"
        ),
        Bad(
            "a fault that overlaps itself",
            "- {kind: hang, target: ingest, at: 1m, for: 1m}\n"
                + "    - {kind: hang, target: ingest, at: 90s, for: 1m}",
            "7:40: the fault overlaps that of the same kind and target on line 6; expected one "
                + "after the other"
        ),
        Bad(
            "calls that take longer than anybody waits",
            "- {kind: slow, target: raw, by: 2d, at: 1m, for: 1m}",
            "6:37: 'by' is '2d'; expected a duration from 1ms to 1d, such as 600s, 0.1s, 250ms, "
                + "10m, 2h or 7d"
        ),
        Bad(
            "a fault after the end",
            "- {kind: hang, target: ingest, at: 2h, for: 1m}",
            "6:40: the fault begins at 2h, beyond the end of the run at 1h; expected it earlier, "
                + "or a longer run"
        ),
        Bad(
            "a fault across the end",
            "- {kind: hang, target: ingest, at: 59m, for: 2m}",
            "6:40: the fault lasts until 61m, beyond the end of the run at 1h; expected it "
                + "shorter, or a longer run"
        ),
        Bad(
            "a length below zero",
            "- {kind: hang, target: ingest, at: 1m, for: -2m}",
            "6:49: 'for' is '-2m'; expected a duration from 1ms to 36500d, such as 600s, 0.1s, "
                + "250ms, 10m, 2h or 7d"
        ),
        Bad(
            "no time at all",
            "- {kind: hang, target: ingest, for: 2m}",
            "6:7: a fault needs the key 'at', or 'random' with how often it comes"
        ),
        Bad(
            "two times",
            "- {kind: hang, target: ingest, at: 1m, random: {every: 1h}, for: 2m}",
            "6:52: 'at' and 'random' exclude each other; expected one of them"
        ),
        Bad(
            "a parameter that says nothing",
            "- {kind: hang, target: ingest, at: 1m, for: 2m, share: 0.5}",
            "6:60: 'share' says nothing of the fault 'hang'; expected none"
        ),
        Bad(
            "a parameter that is missing",
            "- {kind: slow, target: raw, at: 1m, for: 2m}",
            "6:7: the fault 'slow' needs the key 'by'"
        ),
        Bad(
            "a share above one",
            "- {kind: failing, target: raw, at: 1m, for: 2m, share: 1.5}",
            "6:60: 'share' is 1.5; expected a number from 0 to 1"
        ),
        Bad(
            "a name that is there twice",
            "- {name: a, kind: hang, target: ingest, at: 1m, for: 1m}\n"
                + "    - {name: a, kind: hang, target: analytics, at: 1m, for: 1m}",
            "7:7: the fault 'a' is on line 6 already; expected each name once"
        ),
    ]

    @Test(arguments: bad)
    func `what is wrong with a fault is told with its place and the remedy`(bad: Bad) {
        let error = #expect(throws: DocumentError.self) { try parse("    " + bad.fault) }
        let told = error?.mistakes.map { String($0.description.dropFirst(2)) }
        #expect(told == bad.complaints)
    }

    @Test func `a run whose length nobody knows may have a fault at any time`() throws {
        let scenario = try parse(
            "    - {kind: hang, target: ingest, at: 900d, for: 1m}",
            lasting: nil
        )
        #expect(
            scenario.faults[0].timing == .once(at: .seconds(900 * 86_400), lasting: .seconds(60))
        )
        #expect(scenario.faults[0].name == "hang-1")
    }

    @Test func `every shipped scenario is sound for an hour and says what it teaches`() throws {
        let folder = shippedFile("scenarios")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(names.count >= 8)
        for name in names {
            let scenario = try ScenarioDocument.read(
                path: folder.appending(path: name).path,
                for: pipeline,
                lasting: .seconds(3600)
            )
            #expect("\(scenario.name).yaml" == name)
            #expect(scenario.description?.isEmpty == false)
        }
    }

    /// A gap of 1 ms and a fault of 1 ms make a thousand of them in two seconds.
    @Test func `a fault that comes more often than can be planned is refused`() throws {
        let often = "    - {kind: failing, target: raw, random: {every: 1ms}, for: 1ms}"
        let error = #expect(throws: DocumentError.self) {
            try parse(often, lasting: .seconds(30 * 86_400))
        }
        #expect(
            error?.mistakes.map(\.description) == [
                "f:6:44: the fault comes about 1296000000 times in 30d; expected it at most 10000 "
                    + "times: longer gaps, or a shorter run"
            ]
        )
        #expect(throws: DocumentError.self) { try parse(often, lasting: nil) }
        #expect(try parse(often, lasting: .seconds(20)).faults.count == 1)
    }

    @Test func `a random plan is the same for a seed, keeps its gaps, and another's is another`()
        throws
    {
        let scenario = try parse(
            "    - {kind: failing, target: raw, random: {every: 1h}, for: 10m}",
            lasting: nil
        )
        let month = Duration.seconds(30 * 86_400)
        func plan(_ seed: UInt64) -> FaultPlan {
            FaultPlan(scenario, start: Timestamp(seconds: 0), lasting: month, seed: seed)
        }
        let one = plan(1).occurrences
        #expect(one == plan(1).occurrences)
        #expect(one != plan(2).occurrences)
        for (earlier, later) in zip(one, one.dropFirst()) {
            #expect(earlier.range.upperBound <= later.range.lowerBound)
        }
        // One in 70 minutes: 617 in a month, with a deviation of some 21.
        #expect((500...730).contains(one.count))
        #expect(one.allSatisfy { $0.range.upperBound <= Timestamp(seconds: 30 * 86_400) })
    }
}
