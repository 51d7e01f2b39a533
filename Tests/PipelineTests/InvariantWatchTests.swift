import Datasets
import Logging
import Pipeline
import Prometheus
import SLO
import Storage
import TestSupport
import Testing
import Timekeeping

/// When the invariants of a warehouse are looked at, and what a scraper is told of them.
@Suite struct InvariantWatchTests {
    private static let set = InvariantReader.read([
        (
            "own.sql",
            """
            -- name: own
            -- severity: page
            -- owner: data
            -- grace: 0s
            -- description: A test.
            SELECT 1 AS subject, 2 AS detail
            """
        )
    ])

    /// A warehouse of which only the snapshot is there.
    private final class Store: InvariantStore {
        struct Stored {
            var snapshot = InvariantSnapshot()
            /// How the next refreshes end; the last one goes on.
            var answers: [Answer]
            /// When each was asked for, in seconds.
            var refreshes: [Int64] = []
        }

        enum Answer {
            case found(Int64)
            case failed(String)
            case underWay
            case unavailable
        }

        let dialect = SQLDialect.sqlite
        let stored: Locked<Stored>

        init(_ answers: [Answer]) {
            stored = Locked(Stored(answers: answers))
        }

        func censusTime() -> Timestamp? { nil }

        func warning() -> String? { nil }

        func evaluate(
            _ invariants: [Invariant],
            timeout: Duration,
            timeline: any Timeline
        ) async throws -> [InvariantFinding] { [] }

        func refresh(
            _ set: InvariantSet,
            timeout: Duration,
            timeline: any Timeline
        ) async throws -> (before: InvariantSnapshot, after: InvariantSnapshot) {
            let answer = stored.change { stored in
                stored.refreshes.append(timeline.now.nanoseconds / 1_000_000_000)
                return stored.answers.count > 1 ? stored.answers.removeFirst() : stored.answers[0]
            }
            let outcome: InvariantFinding.Outcome
            switch answer {
            case .found(let count): outcome = .found(count: count, [])
            case .failed(let reason): outcome = .failed(reason)
            case .underWay: throw RefreshUnderWay()
            case .unavailable: throw StoreError(.unavailable, "gone")
            }
            return stored.change { stored in
                let before = stored.snapshot
                stored.snapshot = before.replaced(
                    by: [InvariantFinding("own", outcome, took: .seconds(2))],
                    of: set,
                    at: timeline.now
                )
                return (before, stored.snapshot)
            }
        }

        func standings() async throws -> [InvariantSnapshot.Standing] {
            stored.value.snapshot.standings
        }

        func snapshot() async throws -> InvariantSnapshot { stored.value.snapshot }
    }

    /// Deployments in memory.
    private final class Deployments: DeploymentLog {
        let kept: Locked<[Deployment]>

        init(_ deployments: [Deployment]) {
            kept = Locked(deployments)
        }

        func deployments() async throws -> [Deployment] { kept.value }

        func mark(_ deployment: Deployment) async throws {
            kept.change { $0.append(deployment) }
        }

        func judge(
            deploymentMarkedAt marked: Timestamp,
            at instant: Timestamp
        ) async throws {
            kept.change { kept in
                for place in kept.indices where kept[place].marked == marked {
                    kept[place].judged = instant
                }
            }
        }
    }

    /// The lines that are told after `seconds`, and when the store was asked to refresh.
    private static func watch(
        _ store: Store,
        for seconds: Int64,
        every interval: Duration = .seconds(60),
        deployments: Deployments? = nil,
        condition: @escaping @Sendable (Int64) -> PipelineCondition? = { _ in nil }
    ) async throws -> (before: [String], after: [String], refreshes: [Int64]) {
        let timeline = VirtualTimeline(start: Timestamp(seconds: 0), tick: .zero)
        let watch = InvariantWatch(
            store,
            set,
            deployments: deployments,
            every: interval,
            timeline: timeline,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let before = lines(of: watch)
        try await timeline.run {
            await withTaskGroup { group in
                group.addTask {
                    await watch.run { condition(timeline.now.nanoseconds / 1_000_000_000) }
                }
                try? await timeline.sleep(until: Timestamp(seconds: seconds))
                group.cancelAll()
            }
        }
        return (before, lines(of: watch), store.stored.value.refreshes)
    }

    private static func lines(of watch: InvariantWatch) -> [String] {
        ExpositionText.write(watch.families, as: .prometheus).split(separator: "\n").map(
            String.init
        )
        .filter { !$0.hasPrefix("#") }
    }

    private static let labels = "{invariant=\"own\",severity=\"page\",owner=\"data\"}"

    @Test func `every series is there at 0 before anything was looked at`() async throws {
        let told = try await Self.watch(Store([.found(3)]), for: 1)
        #expect(
            told.before == [
                "dataset_anomalies\(Self.labels) 0",
                "dataset_invariant_consecutive_failures\(Self.labels) 0",
                "dataset_invariants_last_refresh_timestamp_seconds 0",
                "dataset_invariants_refresh_interval_seconds 60",
                "dataset_invariants_refresh_seconds 0",
                "dataset_invariants_refreshes_total{result=\"succeeded\"} 0",
                "dataset_invariants_refreshes_total{result=\"failed\"} 0",
            ]
        )
        #expect(told.after.contains("dataset_anomalies\(Self.labels) 3"))
        #expect(told.after.contains("dataset_invariants_refresh_seconds 2"))
    }

    @Test func `it refreshes at once, and then as often as it is asked to`() async throws {
        let told = try await Self.watch(Store([.found(3), .found(5)]), for: 125)
        #expect(told.refreshes == [0, 60, 120])
        #expect(told.after.contains("dataset_anomalies\(Self.labels) 5"))
        #expect(told.after.contains("dataset_invariants_last_refresh_timestamp_seconds 120"))
    }

    @Test func `what another has refreshed is not looked at again`() async throws {
        let store = Store([.found(0)])
        store.stored.change { stored in
            stored.snapshot = InvariantSnapshot().replaced(
                by: [InvariantFinding("own", .found(count: 7, []), took: .seconds(1))],
                of: Self.set,
                at: Timestamp(seconds: -20)
            )
        }
        let told = try await Self.watch(store, for: 35)
        #expect(told.refreshes == [])
        #expect(told.after.contains("dataset_anomalies\(Self.labels) 7"))
        #expect(try await Self.watch(store, for: 45).refreshes == [40])
    }

    @Test func `while another refreshes, it looks again soon`() async throws {
        let told = try await Self.watch(Store([.underWay, .underWay, .found(1)]), for: 25)
        #expect(told.refreshes == [0, 10, 20])
        #expect(told.after.contains("dataset_invariants_refreshes_total{result=\"failed\"} 0"))
    }

    @Test func `a refresh that fails keeps the last figures and is counted`() async throws {
        let told = try await Self.watch(Store([.found(4), .unavailable]), for: 125)
        #expect(told.refreshes == [0, 60, 120])
        #expect(told.after.contains("dataset_anomalies\(Self.labels) 4"))
        #expect(told.after.contains("dataset_invariants_last_refresh_timestamp_seconds 0"))
        #expect(told.after.contains("dataset_invariants_refreshes_total{result=\"failed\"} 2"))
    }

    @Test func `an invariant that cannot be looked at keeps its figure, and is told`() async throws
    {
        let told = try await Self.watch(Store([.found(4), .failed("too slow")]), for: 65)
        #expect(told.after.contains("dataset_anomalies\(Self.labels) 4"))
        #expect(told.after.contains("dataset_invariant_consecutive_failures\(Self.labels) 1"))
    }

    /// How a pipeline is doing over time, and when a deployment of it is judged, in seconds.
    struct Course: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let judged: Int64
        let condition: @Sendable (Int64) -> PipelineCondition?

        init(
            _ name: String,
            judged: Int64,
            _ condition: @escaping @Sendable (Int64) -> PipelineCondition?
        ) {
            testDescription = name
            self.judged = judged
            self.condition = condition
        }

        private static func condition(
            impeded: Bool = false,
            burning: Bool = false,
            backlog: Int64 = 5
        ) -> PipelineCondition {
            PipelineCondition(isImpeded: impeded, isBurning: burning, backlog: backlog)
        }

        static let all = [
            Course("stable from the start", judged: 100) { _ in condition() },
            Course("not begun before 40", judged: 100) { $0 < 40 ? nil : condition() },
            Course("not begun before 50", judged: 110) { $0 < 50 ? nil : condition() },
            Course("a store fails at 60", judged: 130) { condition(impeded: $0 == 60) },
            Course("somebody is paged at 60", judged: 130) { condition(burning: $0 == 60) },
            Course("the backlog grows until 100", judged: 170) {
                condition(backlog: min($0, 100))
            },
            Course("the backlog goes up and down", judged: 100) {
                condition(backlog: $0 / 10 % 4)
            },
        ]
    }

    @Test(arguments: Course.all)
    func `a deployment is judged once the pipeline has been stable`(
        course: Course
    ) async throws {
        let deployments = Deployments([
            Deployment(version: "1", marked: Timestamp(seconds: 40), settle: .seconds(60))
        ])
        let told = try await Self.watch(
            Store([.found(0)]),
            for: 300,
            every: .seconds(3600),
            deployments: deployments,
            condition: course.condition
        )
        #expect(told.refreshes == [0, course.judged])
        #expect(deployments.kept.value.map(\.judged) == [Timestamp(seconds: course.judged)])
    }
}
