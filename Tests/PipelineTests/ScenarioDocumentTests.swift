import Documents
import Experiments
import Foundation
import Pipeline
import Testing
import Timekeeping

/// Files of faults: what is read, and what is wrong with those that are not.
@Suite struct ScenarioDocumentTests {
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
        #expect(throws: DocumentError.self) {
            try parse(often, lasting: .seconds(30 * 86_400))
        }
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
