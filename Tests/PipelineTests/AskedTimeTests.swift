import Commerce
import Documents
import Experiments
import Foundation
import Logging
import OpenSLO
import Pipeline
import SLO
import Storage
import Testing
import Timekeeping

/// What a run says of the time that was asked for: the rate it reached, and pauses it was told to
/// make.
struct AskedTimeTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A simulated run of the storefront with a small shop whose events come evenly.
    private static func simulate(
        _ settings: [String],
        _ change: (inout RunOptions) -> Void
    ) async throws -> RunReport {
        let shop = ["spec.traffic.users=500", "spec.traffic.products=100"]
        let document = try PipelineDocument.read(
            path: shippedFile("storefront.yaml").path,
            with: (shop + ["spec.load.arrivals=uniform"] + settings).compactMap {
                DocumentSetting($0)
            }
        )
        var options = RunOptions()
        change(&options)
        let simulation = Simulation(
            document: document,
            options: options,
            stores: RunStores(
                raw: [.init(name: "raw", label: "memory:", store: MemoryRawStore())],
                warehouses: [.init(name: "warehouse", label: "memory:", store: MemoryWarehouse())]
            ),
            timeline: VirtualTimeline(
                start: Timestamp(seconds: 1_769_904_000),
                tick: .milliseconds(10)
            ),
            logger: logger,
            replay: "weir simulate"
        )
        let result = try await simulation.run(stop: Signal())
        #expect(result.failure == nil)
        return result.report
    }

    /// Evenly spaced events begin half a gap after the start, so that n a second are n in each:
    /// the last of a hundred comes at 9.95 s, and a hundred by that would be 10.05.
    @Test func `ten a second for ten seconds are ten a second`() async throws {
        let report = try await Self.simulate([]) {
            $0.rate = .perSecond(10)
            $0.duration = .seconds(10)
        }
        #expect(report.producers.map(\.published) == [100])
        #expect(report.rate.seconds == 10)
        #expect(report.rate.reached == 10)
    }

    /// A hundred a second for ten seconds and none for fifty: 1000 in 60 s.
    @Test func `a time without events was asked for as well`() async throws {
        let report = try await Self.simulate([
            "spec.load={shape: step, arrivals: uniform, steps: [{at: 0s, rate: 100}, {at: 10s, "
                + "rate: 0}]}"
        ]) { $0.duration = .seconds(60) }
        #expect(report.producers.map(\.published) == [1000])
        #expect(report.rate.reached == 1000.0 / 60)
    }

    /// From none to ten a second over ten seconds: the triangle has 50.
    @Test func `a ramp from nothing has half of its height on average`() async throws {
        let report = try await Self.simulate([
            "spec.load={shape: ramp, arrivals: uniform, from: 0, to: 10, over: 10s}"
        ]) { $0.duration = .seconds(10) }
        #expect(report.producers.map(\.published) == [50])
        #expect(report.rate.reached == 5)
    }

    @Test func `a number of events takes the time that it has at the rate asked`() async throws {
        let report = try await Self.simulate([]) {
            $0.rate = .perSecond(10)
            $0.events = 10
        }
        #expect(report.producers.map(\.published) == [10])
        #expect(report.rate.seconds == 1)
        #expect(report.rate.reached == 10)
    }

    /// What was asked, what came of it, and the rate and lateness by hand.
    struct Row: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var time: PublishingTime
        var events: Int64
        var rate: Double
        var late: Duration = .zero
    }

    static let rows = [
        Row(
            testDescription: "all was there in time",
            time: PublishingTime(published: .seconds(9), rate: 10, duration: .seconds(10)),
            events: 100,
            rate: 10
        ),
        Row(
            testDescription: "the producer took twice the time",
            time: PublishingTime(published: .seconds(20), rate: 10, duration: .seconds(10)),
            events: 100,
            rate: 5,
            late: .seconds(10)
        ),
        Row(
            testDescription: "the last were published a tick after the end",
            time: PublishingTime(
                published: .milliseconds(10_400),
                rate: 10,
                duration: .seconds(10),
                tick: .seconds(1)
            ),
            events: 100,
            rate: 10
        ),
        Row(
            testDescription: "stopped after four of ten seconds",
            time: PublishingTime(
                published: .seconds(4),
                rate: 10,
                duration: .seconds(10),
                wasCutShort: true
            ),
            events: 40,
            rate: 10
        ),
        Row(
            testDescription: "the events ran out before the time",
            time: PublishingTime(
                published: .milliseconds(4950),
                events: (50, 50),
                rate: 10,
                duration: .seconds(60)
            ),
            events: 50,
            rate: 10
        ),
        Row(
            testDescription: "the time ran out before the events",
            time: PublishingTime(
                published: .milliseconds(9950),
                events: (100, 5000),
                rate: 10,
                duration: .seconds(10)
            ),
            events: 100,
            rate: 10
        ),
        Row(
            testDescription: "a log, of which nothing is asked but all",
            time: PublishingTime(published: .seconds(8)),
            events: 4000,
            rate: 500
        ),
        Row(
            testDescription: "nothing, in no time",
            time: PublishingTime(published: .zero),
            events: 0,
            rate: 0
        ),
    ]

    @Test(arguments: rows)
    func `the rate is over the time for which publishing was asked`(row: Row) {
        #expect(row.time.rate(of: row.events) == row.rate)
        #expect(row.time.late == row.late)
    }

    // MARK: - Pauses

    private static let patient = [
        "spec.stages.analytics.commitInterval=20s", "spec.stages.analytics.allowedLateness=1s",
    ]

    @Test func `the drain does not wait a commit interval out`() async throws {
        let report = try await Self.simulate(Self.patient) {
            $0.rate = .perSecond(20)
            $0.duration = .seconds(65)
        }
        // order-free: added up
        let events = report.warehouse?.totals.events.values.reduce(0, +)
        #expect(events == 1300)
        // Commits at 20, 40 and 60 s and at the end; a fourth interval would end at 80 s.
        #expect(report.ended == "2026-02-01T00:01:05Z")
    }

    /// Slices of a second: in nineteen of twenty nothing is settled, as it was asked.
    @Test func `a pause that was asked for is no outage`() async throws {
        let objectives = try OpenSLO.read(
            OpenSLO.files(at: [
                shippedFile("../slo/storefront").standardizedFileURL.path
            ])
        ).checked().objectives
        let report = try await Self.simulate(Self.patient) {
            $0.objectives = objectives
            $0.slice = .seconds(1)
            $0.rate = .perSecond(20)
            $0.duration = .seconds(300)
        }
        let availability = try #require(report.objectives?.first { $0.name == "availability" })
        #expect(availability.sli?.ratio == .one)
        let alerts = report.alerts ?? []
        #expect(alerts.filter { $0.alert.hasPrefix("availability/") }.isEmpty, "\(alerts)")
    }

    /// The pause that is excused ends where a commit is due: a stage that hangs is down.
    @Test func `a stage that hangs beyond its pause is down all the same`() async throws {
        let objectives = try OpenSLO.read(
            OpenSLO.files(at: [
                shippedFile("../slo/storefront").standardizedFileURL.path
            ])
        ).checked().objectives
        let report = try await Self.simulate(Self.patient) {
            $0.objectives = objectives
            $0.slice = .seconds(1)
            $0.rate = .perSecond(20)
            $0.duration = .seconds(300)
            let scenario = try? ScenarioDocument.parse(
                text: """
                    apiVersion: weir/v1
                    kind: Scenario
                    metadata: {name: s}
                    spec: {faults: [{kind: hang, target: analytics, at: 60s, for: 2m}]}
                    """,
                file: "f",
                for: PipelineDocument.read(path: shippedFile("storefront.yaml").path),
                lasting: .seconds(300)
            )
            $0.experiment = Experiment(scenario: scenario)
        }
        let availability = try #require(report.objectives?.first { $0.name == "availability" })
        let sli = try #require(availability.sli?.ratio)
        #expect(sli < .one)
    }
}
