internal import SLO
internal import Stages
internal import Storage
internal import Timekeeping

/// What the meters of a run said at an instant.
struct MeterReading: Sendable {
    /// Counters, from the start of the run; only ever growing but for a seek.
    var messagesSuccess: Int64 = 0
    var messagesTotal: Int64 = 0
    /// Jobs since the start of the run, and those within each limit.
    var jobs: Int64 = 0
    var jobsWithin: [StageMeter.Limit: Int64] = [:]
    /// Open connections; nil where the server did not say.
    var connections: Int?
    /// Whether each component worked since the reading before.
    var isUp: [PipelineComponent: Bool] = [:]

    /// What a counter says; nil for a meter that is none.
    func counter(_ meter: PipelineMeter) -> Int64? {
        switch meter {
        case .messagesSuccess: messagesSuccess
        case .messagesTotal: messagesTotal
        case .jobsDuration, .rawStoreConnections, .availability: nil
        }
    }
}

/// Makes slices of one indicator from the readings of the meters.
///
/// An indicator that names no meter of a pipeline, or asks of a meter what it cannot say, gives no
/// slices: its objective has no data.
struct IndicatorProbe {
    fileprivate enum Measure {
        case counters(good: PipelineMeter, total: PipelineMeter, isBad: Bool)
        case jobs(StageMeter.Limit, isComplement: Bool)
        case gauge(PipelineMeter, ThresholdIndicator, average: Duration?)
        case nothing
    }

    private let measure: Measure
    private var last: (good: Int64, total: Int64) = (0, 0)
    /// The measurements that are not averaged yet.
    private var samples: [Int64] = []

    init(_ indicator: Indicator) {
        measure = Measure(indicator)
    }

    /// The bound on jobs that the indicator asks about, if any.
    static func jobLimit(of indicator: Indicator) -> StageMeter.Limit? {
        if case .jobs(let limit, _) = Measure(indicator) { limit } else { nil }
    }

    /// What was counted in the slice of `length` that ends at `end`; nil where nothing reported.
    mutating func slice(
        endingAt end: Timestamp,
        length: Duration,
        _ reading: MeterReading
    ) -> Slice? {
        let start = end - length
        switch measure {
        case .nothing:
            return nil
        case .counters(let good, let total, let isBad):
            guard let good = reading.counter(good), let total = reading.counter(total) else {
                return nil
            }
            let (marked, all) = increments(good, total)
            return Slice(start: start, good: isBad ? all - marked : marked, total: all)
        case .jobs(let limit, let isComplement):
            let (within, all) = increments(reading.jobsWithin[limit] ?? 0, reading.jobs)
            return Slice(start: start, good: isComplement ? all - within : within, total: all)
        case .gauge(let meter, let threshold, let average):
            return gauge(meter, threshold, average, start, end, reading)
        }
    }

    /// Counters that went back, as after a seek, count from there on.
    private mutating func increments(_ good: Int64, _ total: Int64) -> (Int64, Int64) {
        defer { last = (good, total) }
        return (max(0, good - last.good), max(0, total - last.total))
    }

    private mutating func gauge(
        _ meter: PipelineMeter,
        _ threshold: ThresholdIndicator,
        _ average: Duration?,
        _ start: Timestamp,
        _ end: Timestamp,
        _ reading: MeterReading
    ) -> Slice? {
        let value: Int64?
        switch meter {
        case .rawStoreConnections: value = reading.connections.map(Int64.init)
        case .availability(let component): value = reading.isUp[component].map { $0 ? 1 : 0 }
        case .messagesSuccess, .messagesTotal, .jobsDuration: value = nil
        }
        guard let value else { return nil }
        guard let average else {
            return Slice(start: start, measurements: [ExactDecimal(value)], of: threshold)
        }
        samples.append(value)
        guard end.nanoseconds % average.inNanoseconds == 0 else {
            // Something was measured, and there is nothing to judge yet.
            return Slice(start: start, good: 0, total: 0)
        }
        defer { samples = [] }
        // mean op value, multiplied by how many there are so that nothing is rounded.
        let sum = ExactRatio(Int128(samples.reduce(0, +)), Int128(samples.count))
        let isGood = threshold.comparison.holds(sum, ExactRatio(threshold.value))
        return Slice(start: start, good: isGood ? 1 : 0, total: 1)
    }
}

extension IndicatorProbe.Measure {
    fileprivate init(_ indicator: Indicator) {
        switch indicator {
        case .ratio(let ratio):
            switch ratio.terms {
            case .goodTotal(let good, let total):
                self = Self.counters(good, total, isBad: false)
            case .badTotal(let bad, let total):
                self = Self.counters(bad, total, isBad: true)
            case .raw: self = .nothing
            }
        case .threshold(let threshold):
            guard let meter = PipelineMeter(threshold.metric) else {
                self = .nothing
                return
            }
            switch meter {
            case .jobsDuration: self = Self.jobs(threshold)
            case .rawStoreConnections, .availability:
                self = .gauge(meter, threshold, average: threshold.metric.averageOver)
            case .messagesSuccess, .messagesTotal: self = .nothing
            }
        }
    }

    private static func counters(
        _ good: MetricSource,
        _ total: MetricSource,
        isBad: Bool
    ) -> Self {
        guard let good = PipelineMeter(good), let total = PipelineMeter(total) else {
            return .nothing
        }
        return .counters(good: good, total: total, isBad: isBad)
    }

    /// Seconds as an exact number of nanoseconds; finer bounds than that are none.
    private static func jobs(_ threshold: ThresholdIndicator) -> Self {
        let nanoseconds = ExactRatio(threshold.value)
            .multiplied(by: ExactRatio(1_000_000_000, 1)).reduced
        guard nanoseconds.denominator == 1, let bound = Int64(exactly: nanoseconds.numerator)
        else { return .nothing }
        switch threshold.comparison {
        case .lessThan: return jobs(bound, isInclusive: false, isComplement: false)
        case .lessThanOrEqual: return jobs(bound, isInclusive: true, isComplement: false)
        case .greaterThan: return jobs(bound, isInclusive: true, isComplement: true)
        case .greaterThanOrEqual: return jobs(bound, isInclusive: false, isComplement: true)
        }
    }

    private static func jobs(_ bound: Int64, isInclusive: Bool, isComplement: Bool) -> Self {
        .jobs(
            StageMeter.Limit(nanoseconds: bound, isInclusive: isInclusive),
            isComplement: isComplement
        )
    }
}
