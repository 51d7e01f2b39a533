internal import SLO
internal import Timekeeping

/// What the meters of a run said at an instant.
struct MeterReading: Sendable {
    /// How many of the durations that a meter holds to a limit kept within it.
    struct Durations: Hashable, Sendable {
        var within: Int64 = 0
        var total: Int64 = 0
    }

    /// A value of a gauge, in billionths of its unit: nanoseconds where that is the second.
    static let unit: Int64 = 1_000_000_000

    /// From the start of the run; only ever growing but for a seek.
    var counters: [PipelineMeter: Int64] = [:]
    /// Since the start of the run, by the limits that the objectives ask about.
    var durations: [PipelineMeter: [DurationLimit: Durations]] = [:]
    /// In billionths of the meter's unit; without those that said nothing.
    var gauges: [PipelineMeter: Int64] = [:]
}

/// Makes slices of one indicator from the readings of the meters.
///
/// An indicator that names no meter of a pipeline, or asks of a meter what it cannot say, gives no
/// slices: its objective has no data.
struct IndicatorProbe {
    fileprivate enum Measure {
        case counters(good: PipelineMeter, total: PipelineMeter, isBad: Bool)
        case durations(PipelineMeter, DurationLimit, isComplement: Bool)
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

    /// The meter of durations that the indicator asks about, and the bound on them, if it does.
    static func limit(of indicator: Indicator) -> (meter: PipelineMeter, limit: DurationLimit)? {
        if case .durations(let meter, let limit, _) = Measure(indicator) {
            (meter, limit)
        } else {
            nil
        }
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
            guard let good = reading.counters[good], let total = reading.counters[total] else {
                return nil
            }
            let (marked, all) = increments(good, total)
            return Slice(start: start, good: isBad ? all - marked : marked, total: all)
        case .durations(let meter, let limit, let isComplement):
            guard let counted = reading.durations[meter]?[limit] else { return nil }
            let (within, all) = increments(counted.within, counted.total)
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
        guard let value = reading.gauges[meter] else { return nil }
        guard let average else {
            // Eighteen digits, as many as are held; a longer time than 31 years is as bad.
            let most: Int64 = 999_999_999_999_999_999
            let digits = min(most, max(-most, value))
            return ExactDecimal(digits: digits, scale: 9).map {
                Slice(start: start, measurements: [$0], of: threshold)
            }
        }
        samples.append(value)
        guard end.nanoseconds % average.inNanoseconds == 0 else {
            // Something was measured, and there is nothing to judge yet.
            return Slice(start: start, good: 0, total: 0)
        }
        defer { samples = [] }
        // mean op value, multiplied by how many there are so that nothing is rounded.
        let all = samples.reduce(Int128(0)) { $0 + Int128($1) }
        let sum = ExactRatio(all, Int128(samples.count) * Int128(MeterReading.unit)).reduced
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
            case .jobsDuration, .latency, .work: self = Self.durations(meter, threshold)
            case .rawStoreConnections, .availability, .freshness, .lag, .busy:
                self = .gauge(meter, threshold, average: threshold.metric.averageOver)
            case .messagesSuccess, .messagesTotal, .success, .total: self = .nothing
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
    private static func durations(_ meter: PipelineMeter, _ threshold: ThresholdIndicator) -> Self {
        let nanoseconds = ExactRatio(threshold.value)
            .multiplied(by: ExactRatio(1_000_000_000, 1)).reduced
        guard nanoseconds.denominator == 1, let bound = Int64(exactly: nanoseconds.numerator)
        else { return .nothing }
        func durations(isInclusive: Bool, isComplement: Bool) -> Self {
            let limit = DurationLimit(nanoseconds: bound, isInclusive: isInclusive)
            return .durations(meter, limit, isComplement: isComplement)
        }
        switch threshold.comparison {
        case .lessThan: return durations(isInclusive: false, isComplement: false)
        case .lessThanOrEqual: return durations(isInclusive: true, isComplement: false)
        case .greaterThan: return durations(isInclusive: true, isComplement: true)
        case .greaterThanOrEqual: return durations(isInclusive: false, isComplement: true)
        }
    }
}
