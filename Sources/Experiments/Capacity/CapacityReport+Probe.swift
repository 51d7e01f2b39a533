package import Pipeline
internal import Reports
internal import SLO
internal import Storage
internal import Timekeeping

extension CapacityReport {
    /// A run at one rate.
    package struct Probe: Codable, Sendable {
        /// How busy a stage was while the load lasted.
        package struct Utilisation: Codable, Sendable {
            package var stage: String
            package var busyRatio: Double
        }

        /// Events per second that were asked for.
        package var rate: Double
        package var reached: Double
        /// Of the slowest stage, from intended send to acknowledgement.
        package var p50Ms: Double?
        package var p99Ms: Double?
        /// How many messages more waited each second, in the second half of the load; of the
        /// subscription where it was most.
        package var backlogGrowth: Double?
        /// How many seconds older the oldest message became each second.
        package var ageGrowth: Double?
        package var holds: Bool
        /// Why it does not hold, or that it does.
        package var verdict: String
        /// The busiest stage of the pipeline.
        package var bottleneck: String?
        /// Whether the events could not be made any faster, while the pipeline kept up.
        package var generatorIsLimit: Bool
        /// In the order of the pipeline, the producers first.
        package var utilisation: [Utilisation]
        /// What the stages and stores had to do.
        package var work: MeasuredWork
    }
}

extension CapacityReport.Probe {
    /// How much more may wait after the second half of the load than before it, as a part of a
    /// second of the load: what may be under way by chance when it is looked at.
    ///
    /// Beside it comes the deviation of the number of events that arrive at random in that time.
    private static let allowance: Int64 = 20
    /// How many times as much the age of the oldest message may grow: the longest wait is more a
    /// matter of chance than how many wait, and shows the messages that do not come through.
    private static let allowanceOfAge: Int64 = 4
    /// A rate is not reached where publishing takes longer than asked by more than this part.
    private static let late: Int64 = 50
    /// A producer that waited for full subscriptions for less than this part of the time was not
    /// held up by them.
    private static let heldUp = 0.1

    /// What the run that `report` is of says about a load of `rate` events per second for `length`.
    package init(_ report: RunReport, rate: Double, length: Duration) {
        let growth = Growth(report, rate: Int64(rate), length: length)
        let asked = length.inNanoseconds
        let late = Int64(((report.rate.lateSeconds ?? 0) * 1e9).rounded())
        let isLate = late > asked / CapacityReport.Probe.late
        let failing = report.objectives?.first { $0.gate.outcome == .fails }
        let blocked = report.producers.compactMap(\.blockedRatio).max() ?? 0
        generatorIsLimit =
            isLate && report.failure == nil && growth.verdict == nil
            && blocked < CapacityReport.Probe.heldUp
        let reached = "\(ReportNumbers.rate(report.rate.reached)) reached"
        if let failure = report.failure {
            verdict = "fails: \(failure)"
        } else if let growing = growth.verdict {
            verdict = growing
        } else if generatorIsLimit {
            verdict = "the generator is the limit, not the pipeline: \(reached)"
        } else if isLate {
            verdict = reached
        } else if let failing {
            verdict = "\(failing.name): \(failing.gate.reason)"
        } else {
            verdict = "holds"
        }
        holds = verdict == "holds"
        self.rate = rate
        self.reached = report.rate.reached
        let slowest = report.stages.max {
            ($0.latency.p99Ms ?? 0) < ($1.latency.p99Ms ?? 0)
        }
        p50Ms = slowest?.latency.p50Ms
        p99Ms = slowest?.latency.p99Ms
        backlogGrowth = growth.backlog
        ageGrowth = growth.age
        let busiest = report.stages.max { ($0.busyRatio ?? 0) < ($1.busyRatio ?? 0) }
        bottleneck = busiest?.name
        let producers = report.producers.map { ($0.name, $0.busyRatio) }
        utilisation = (producers + report.stages.map { ($0.name, $0.busyRatio) })
            .compactMap { name, busy in
                busy.map { Utilisation(stage: name, busyRatio: $0) }
            }
        work = MeasuredWork(report)
    }

    /// Whether more and more waits in the second half of a load: judged in whole numbers.
    private struct Growth {
        /// Of the second half, each of which has its lowest backlog.
        private static let parts: Int64 = 10

        /// The greatest whole number whose square is at most `number`, by Newton's method.
        private static func root(of number: Int128) -> Int64 {
            guard number > 1 else { return Int64(number) }
            var (root, next) = (number, (number + 1) / 2)
            while next < root { (root, next) = (next, (next + number / next) / 2) }
            return Int64(root)
        }

        /// What grows; nil where nothing does.
        private(set) var verdict: String?
        /// The greatest, per second; nil where nothing was seen.
        private(set) var backlog: Double?
        private(set) var age: Double?

        init(_ report: RunReport, rate: Int64, length: Duration) {
            let end = length.inNanoseconds / 1000
            let half = end / 2
            let samples = report.samples.map { sample in
                (time: Int64((sample.seconds * 1e6).rounded()), sample: sample)
            }.filter { $0.time >= end - half && $0.time <= end }
            let arrivals = Int128(rate) * Int128(half) / 1_000_000
            let bound = max(1, rate / CapacityReport.Probe.allowance + Growth.root(of: arrivals))
            let boundOfAge = Int64(
                Int128(bound * CapacityReport.Probe.allowanceOfAge) * 1_000_000_000
                    / Int128(max(1, rate))
            )
            for subscription in report.subscriptions.map(\.name) {
                let waiting = LoadTrend(
                    lowsOf: samples.map { ($0.time, $0.sample.backlog[subscription] ?? 0) },
                    in: Growth.parts
                )
                let ages = LoadTrend(
                    lowsOf: samples.map { time, sample in
                        let age = sample.oldestAgeSeconds?[subscription] ?? 0
                        return (time, Int64((age * 1e9).rounded()))
                    },
                    in: Growth.parts
                )
                guard let waiting, let ages else {
                    verdict = verdict ?? "too few looks at \(subscription) to tell"
                    continue
                }
                backlog = max(backlog ?? -.infinity, waiting.perSecond)
                age = max(age ?? -.infinity, ages.perSecond / 1e9)
                if verdict == nil, waiting.grows(byMoreThan: bound, in: half) {
                    let perSecond = ReportNumbers.rate(waiting.perSecond)
                    verdict = "the backlog of \(subscription) grows by \(perSecond)"
                }
                if verdict == nil, ages.grows(byMoreThan: boundOfAge, in: half) {
                    let perSecond = ReportNumbers.latency(milliseconds: ages.perSecond / 1e6)
                    verdict =
                        "the oldest message of \(subscription) gets \(perSecond) older a second"
                }
            }
        }
    }
}
