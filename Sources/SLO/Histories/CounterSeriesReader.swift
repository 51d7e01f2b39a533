package import Documents
internal import Timekeeping

/// Reads a history from an exposition in OpenMetrics with timestamps: the counters
/// `slo_events_total{slo,result}`.
///
/// A slice is what was counted between two samples, and ends at the later one. Where more time
/// lies between them than a slice, the rest of it was not observed. Samples of other names are
/// passed over.
package struct CounterSeriesReader {
    private struct Point {
        var value: Int64
        var line: Int
    }

    private static let metric = "slo_events_total"

    private let log: MistakeLog
    /// By objective and result.
    private var points: [String: [String: [Timestamp: Point]]] = [:]
    private var faults: [String: SliceFaults] = [:]

    /// A reader of the file that the user calls `file`.
    package init(file: String) {
        log = MistakeLog(file: file)
    }

    /// Whether a file that begins with `line` is an exposition.
    package static func isExposition(_ line: String) -> Bool {
        ["# HELP ", "# TYPE ", "# UNIT ", metric].contains { line.hasPrefix($0) }
    }

    /// Takes the next line, without its end.
    package mutating func take(_ line: String, number: Int) {
        guard !line.hasPrefix("#"), line.hasPrefix(Self.metric) else { return }
        guard let sample = CounterSample(line), sample.name == Self.metric else {
            return refuse(
                "this is no sample; expected a name, labels, a value and a timestamp",
                number
            )
        }
        guard let objective = sample.labels["slo"], let result = sample.labels["result"],
            ["good", "bad"].contains(result)
        else {
            return refuse("expected the labels slo and result, which is good or bad", number)
        }
        guard let text = sample.timestamp, let instant = Timestamp(secondsText: text),
            Timestamp.historical.contains(instant)
        else {
            return refuse(
                "expected a timestamp in seconds since 1970, before 2200, behind the value",
                number
            )
        }
        guard let value = ExactDecimal(sample.value), value.scale == 0 else {
            faults[objective, default: SliceFaults()].count(.unreadable)
            return refuse("the counter is \(sample.value); expected a whole number", number)
        }
        guard value.digits >= 0 else {
            faults[objective, default: SliceFaults()].count(.negative)
            return refuse("the counter is \(value), below zero; expected 0 or more", number)
        }
        if let first = points[objective]?[result]?[instant] {
            return refuse("the sample is on line \(first.line) already; expected it once", number)
        }
        points[objective, default: [:]][result, default: [:]][instant] =
            Point(value: value.digits, line: number)
    }

    private func refuse(_ message: String, _ line: Int) {
        log.add(message, at: DocumentPlace(line: line, column: 1))
    }

    /// What the exposition says.
    ///
    /// - Throws: `DocumentError` where it has no sample of the counters.
    package func finish() throws(DocumentError) -> HistoryFile {
        guard !points.isEmpty else {
            throw DocumentError([
                Mistake(
                    file: log.file,
                    line: 1,
                    column: 1,
                    message: "there is no sample of \(Self.metric) with a timestamp; expected "
                        + "those of 'weir slo export'"
                )
            ])
        }
        let series = points.keys.sorted().map { self.series(of: $0) }
        return HistoryFile(series: series, mistakes: log.mistakes, warnings: log.warnings)
    }

    private func series(of objective: String) -> HistoryFile.Series {
        let good = points[objective]?["good"] ?? [:]
        let bad = points[objective]?["bad"] ?? [:]
        let instants = Set(good.keys).union(bad.keys).sorted()
        let width = HistoryFile.width(of: instants)
        var readers = (good: CounterReader(), bad: CounterReader())
        var slices: [Slice] = []
        var faults = faults[objective] ?? SliceFaults()
        // order-free: they are sorted
        for instant in instants {
            guard let goodPoint = good[instant], let badPoint = bad[instant] else {
                let line = (good[instant] ?? bad[instant])?.line ?? 1
                let missing = good[instant] == nil ? "good" : "bad"
                refuse("there is no '\(missing)' sample at \(instant); expected both", line)
                faults.count(.unreadable)
                continue
            }
            for (point, last) in [(goodPoint, readers.good.last), (badPoint, readers.bad.last)] {
                guard let last, point.value < last else { continue }
                log.warn(
                    "the counter went back from \(last) to \(point.value); it is taken to have "
                        + "begun anew",
                    at: DocumentPlace(line: point.line, column: 1)
                )
            }
            let goodEvents = readers.good.increment(to: goodPoint.value)
            let badEvents = readers.bad.increment(to: badPoint.value)
            guard let goodEvents, let badEvents else { continue }
            let (total, overflows) = goodEvents.addingReportingOverflow(badEvents)
            guard !overflows, total <= Slice.largestTotal else {
                refuse(
                    "\(goodEvents) good and \(badEvents) bad events in a slice are not believed; "
                        + "expected at most \(Slice.largestTotal)",
                    goodPoint.line
                )
                faults.count(.implausible)
                continue
            }
            slices.append(Slice(start: instant - width, good: goodEvents, total: total))
        }
        faults.add(readers.good.faults)
        faults.add(readers.bad.faults)
        return HistoryFile.Series(
            objective: objective,
            slices: slices,
            slice: width,
            faults: faults
        )
    }
}
