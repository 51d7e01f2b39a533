package import Documents
internal import SLO
internal import Timekeeping

/// Reads a history from an exposition in OpenMetrics with timestamps: the counters
/// `slo_events_total{slo,result}`.
///
/// A slice is what was counted between two samples, and ends at the later one. Where more time
/// lies between them than a slice, the rest of it was not observed. Further labels, such as
/// `instance`, tell series apart: the increments of each are taken, and then added up. Samples of
/// other names are passed over. The exposition ends with `# EOF`: one that does not was cut off,
/// and what stands behind it belongs to none.
package struct CounterSeriesReader {
    private struct Point {
        var instant: Timestamp
        var value: MeasuredNumber
        var line: Int
    }

    /// What stood before the value in a line, and what it means.
    private struct Head {
        var bytes: ArraySlice<UInt8> = []
        var key = Key(objective: "", result: .good)
    }

    private struct Key: Hashable {
        enum Result: String { case good, bad }
        var objective: String
        /// The further labels, which tell series of one objective apart.
        var labels: [String: String] = [:]
        var result: Result
    }

    /// What one series has counted in the slice that ends there.
    private struct Increment {
        var end: Timestamp
        var good: MeasuredNumber
        var bad: MeasuredNumber
        var line: Int
    }

    private static let metric = "slo_events_total"
    private static let end = Array("# EOF".utf8)

    private let extent: HistoryExtent
    private var log: RowLog
    private var points: [Key: [Point]] = [:]
    private var faults: [String: SliceDefects] = [:]
    private var head = Head()
    private var lastLine = 0
    /// The line with the end mark.
    private var endLine: Int?
    /// The number of samples of a series at which those that are too old are let go.
    private var crowded: [Key: Int] = [:]

    /// A reader of the file that the user calls `file`.
    package init(file: String, keeping extent: HistoryExtent = .whole) {
        log = RowLog(file: file)
        self.extent = extent
    }

    /// Whether a file that begins with `line` is an exposition.
    package static func isExposition(_ line: String) -> Bool {
        ["# HELP ", "# TYPE ", "# UNIT ", "# EOF", metric].contains { line.hasPrefix($0) }
    }

    /// Takes the next line, in UTF-8 and without its end.
    package mutating func take(_ line: ArraySlice<UInt8>, number: Int) {
        lastLine = number
        if let endLine {
            guard !line.isEmpty else { return }
            return refuse(
                "this stands behind the '# EOF' on line \(endLine), which ends the exposition; "
                    + "it is not counted",
                number
            )
        }
        if line.elementsEqual(Self.end) {
            endLine = number
            return
        }
        guard line.starts(with: Self.metric.utf8) else { return }
        guard let (key, rest) = key(of: line, number) else { return }
        // What stands behind a # is an exemplar.
        let words = rest.prefix { $0 != UInt8(ascii: "#") }.split(separator: UInt8(ascii: " "))
        guard (1...2).contains(words.count) else { return refuseSample(number) }
        guard let instant = instant(words, number) else { return }
        guard let value = MeasuredNumber(bytes: words[0])?.counted else {
            let text = String(decoding: words[0], as: UTF8.self)
            return refuse("the counter is \(text); expected a number", number, key, .unreadable)
        }
        guard value >= .zero else {
            let message = "the counter is \(value), below zero; expected 0 or more"
            return refuse(message, number, key, .negative)
        }
        if let end = extent.end, instant > end { return }
        points[key, default: []].append(Point(instant: instant, value: value, line: number))
        letGo(key)
    }

    /// Takes note of a line that is not a text.
    package mutating func refuse(_ reason: String, number: Int) {
        lastLine = number
        refuse(reason, number)
    }

    // MARK: - Lines

    /// The series of a sample, and what stands behind its labels.
    ///
    /// Samples of one series follow one another, so that labels are mostly those of the line
    /// before.
    private mutating func key(
        of line: ArraySlice<UInt8>,
        _ number: Int
    ) -> (Key, ArraySlice<UInt8>)? {
        if !head.bytes.isEmpty, line.starts(with: head.bytes) {
            return (head.key, line.dropFirst(head.bytes.count))
        }
        let text = String(decoding: line, as: UTF8.self)
        guard let sample = CounterSample(text) else {
            refuseSample(number)
            return nil
        }
        guard sample.name == Self.metric else { return nil }
        guard let objective = sample.labels["slo"],
            let result = sample.labels["result"].flatMap({ Key.Result(rawValue: $0) })
        else {
            refuse("expected the labels slo and result, which is good or bad", number)
            return nil
        }
        let rest = line.suffix(sample.rest.utf8.count)
        let further = sample.labels.filter { $0.key != "slo" && $0.key != "result" }
        head = Head(
            bytes: line.dropLast(rest.count),
            key: Key(objective: objective, labels: further, result: result)
        )
        return (head.key, rest)
    }

    private mutating func instant(_ words: [ArraySlice<UInt8>], _ number: Int) -> Timestamp? {
        let seconds = words.count == 2 ? MeasuredNumber(bytes: words[1]) : nil
        let instant = Timestamp(secondsSince1970: seconds)
        if let instant, Timestamp.historical.contains(instant) { return instant }
        let isMilliseconds = seconds.map { $0 > 7_258_118_400 } ?? false
        refuse(
            isMilliseconds
                ? "\(seconds ?? 0) seconds since 1970 is after 2200; expected seconds, "
                    + "not milliseconds"
                : "expected a timestamp in seconds since 1970, before 2200, behind the value",
            number
        )
        return nil
    }

    private mutating func refuseSample(_ number: Int) {
        refuse("this is not a sample; expected a name, labels, a value and a timestamp", number)
    }

    private mutating func refuse(
        _ message: String,
        _ line: Int,
        _ key: Key? = nil,
        _ fault: SliceDefect = .unreadable
    ) {
        if let key { faults[key.objective, default: SliceDefects()].count(fault) }
        log.add(message, line: line)
    }

    /// Lets go of what has become too old, but for the last sample before: the next one is
    /// counted from it.
    private mutating func letGo(_ key: Key) {
        guard extent.reach != nil, let list = points[key], let last = list.last,
            list.count > crowded[key] ?? 1 << 16
        else { return }
        let oldest = extent.start(latest: last.instant)
        let first = list.firstIndex { $0.instant >= oldest } ?? list.count
        points[key]?.removeFirst(max(0, first - 1))
        crowded[key] = max(1 << 16, (list.count - first) * 2)
    }

    // MARK: - Slices

    /// What the exposition says.
    ///
    /// - Throws: `DocumentError` where it has no sample of the counters, with what is wrong with
    ///   those that could be none.
    package mutating func finish() throws(DocumentError) -> HistoryFile {
        if endLine == nil {
            log.add(
                "the exposition ends here without '# EOF', as one does that was cut off; "
                    + "expected all of it",
                line: max(1, lastLine)
            )
        }
        guard !points.isEmpty else {
            let nothing = Mistake(
                file: log.file,
                line: 1,
                column: 1,
                message: "there is no sample of \(Self.metric) with a timestamp; expected "
                    + "those of 'weir slo export'"
            )
            throw DocumentError([nothing] + log.mistakes)
        }
        var series: [HistoryFile.Series] = []
        // order-free: they are sorted
        for objective in Set(points.keys.map(\.objective)).sorted() {
            series.append(self.series(of: objective))
        }
        return HistoryFile(series: series, log, isTruncated: endLine == nil)
    }

    private mutating func series(of objective: String) -> HistoryFile.Series {
        let all = Set(points.keys.filter { $0.objective == objective }.map(\.labels))
        var increments: [Increment] = []
        var widths: [Duration] = []
        // order-free: what they have counted is sorted before it is added up
        for labels in all {
            let counted = self.increments(of: objective, labels)
            increments += counted.increments
            widths.append(counted.width)
        }
        let width = widths.min() ?? .seconds(60)
        if all.count > 1 {
            increments = added(increments, slice: width)
        }
        var gathered = SliceGatherer()
        for slice in increments {
            let total = slice.good.adding(slice.bad)
            let fault =
                total.map {
                    gathered.append(start: slice.end - width, good: slice.good, total: $0)
                } ?? .implausible
            guard let fault else { continue }
            refuse(
                "\(slice.good) good and \(slice.bad) bad events in a slice are not believed; "
                    + "expected at most \(Slice.largestTotal)",
                slice.line,
                Key(objective: objective, result: .good),
                fault
            )
        }
        return HistoryFile.Series(
            objective: objective,
            gathered: gathered,
            slice: width,
            faults: faults[objective] ?? SliceDefects()
        )
    }

    /// What all series have counted in each slice.
    ///
    /// Series that were not sampled at the same instants count where the slice ends in which
    /// they were.
    private mutating func added(_ increments: [Increment], slice: Duration) -> [Increment] {
        var increments = increments.sorted { ($0.end, $0.line) < ($1.end, $1.line) }
        if HistoryFile.width(of: increments.lazy.map(\.end)) < slice {
            for place in increments.indices {
                let end = increments[place].end.nanoseconds
                let width = slice.inNanoseconds
                let slices = (end + width - 1).flooringQuotient(width)
                increments[place].end = Timestamp(nanoseconds: slices * width)
            }
        }
        var added: [Increment] = []
        for next in increments {
            guard let last = added.last, last.end == next.end else {
                added.append(next)
                continue
            }
            guard let good = last.good.adding(next.good), let bad = last.bad.adding(next.bad) else {
                refuse("the events of a slice are more than can be counted", next.line)
                continue
            }
            added[added.count - 1].good = good
            added[added.count - 1].bad = bad
        }
        return added
    }

    /// What the series of `objective` with these further labels has counted, slice by slice, and
    /// how wide its slices are.
    private mutating func increments(
        of objective: String,
        _ labels: [String: String]
    ) -> (increments: [Increment], width: Duration) {
        let good = ordered(Key(objective: objective, labels: labels, result: .good))
        let bad = ordered(Key(objective: objective, labels: labels, result: .bad))
        var readers = (good: CounterReader(), bad: CounterReader())
        var increments: [Increment] = []
        var places = (good: 0, bad: 0)
        while places.good < good.count || places.bad < bad.count {
            let goodPoint = places.good < good.count ? good[places.good] : nil
            let badPoint = places.bad < bad.count ? bad[places.bad] : nil
            guard let goodPoint, let badPoint, goodPoint.instant == badPoint.instant else {
                // The earlier one has no partner.
                let isGood =
                    (goodPoint?.instant ?? .distantFuture) < (badPoint?.instant ?? .distantFuture)
                if isGood { places.good += 1 } else { places.bad += 1 }
                refusePartnerless(isGood ? goodPoint : badPoint, isGood: isGood, objective)
                continue
            }
            places = (places.good + 1, places.bad + 1)
            warnOfReset(goodPoint, after: readers.good.last)
            warnOfReset(badPoint, after: readers.bad.last)
            let goodEvents = readers.good.increment(to: goodPoint.value)
            let badEvents = readers.bad.increment(to: badPoint.value)
            if let goodEvents, let badEvents {
                increments.append(
                    Increment(
                        end: goodPoint.instant,
                        good: goodEvents,
                        bad: badEvents,
                        line: goodPoint.line
                    )
                )
            }
        }
        faults[objective, default: SliceDefects()].add(readers.good.faults)
        faults[objective, default: SliceDefects()].add(readers.bad.faults)
        return (increments, HistoryFile.width(of: good.lazy.map(\.instant)))
    }

    /// The samples of a series by their instants, each once.
    private mutating func ordered(_ key: Key) -> [Point] {
        let samples = (points[key] ?? []).sorted { ($0.instant, $0.line) < ($1.instant, $1.line) }
        var ordered: [Point] = []
        ordered.reserveCapacity(samples.count)
        for point in samples {
            if let last = ordered.last, last.instant == point.instant {
                refuse(
                    "the sample is on line \(last.line) already; expected it once",
                    point.line
                )
            } else {
                ordered.append(point)
            }
        }
        return ordered
    }

    private mutating func refusePartnerless(_ point: Point?, isGood: Bool, _ objective: String) {
        guard let point else { return }
        refuse(
            "there is no '\(isGood ? "bad" : "good")' sample at \(point.instant); expected both",
            point.line,
            Key(objective: objective, result: .good)
        )
    }

    private mutating func warnOfReset(_ point: Point, after last: MeasuredNumber?) {
        guard let last, point.value < last else { return }
        log.warn(
            "the counter went back from \(last) to \(point.value); it is taken to have begun anew",
            line: point.line
        )
    }
}

/// The head of a line of an exposition: a name and labels, before a value and a timestamp.
///
/// Source: the OpenMetrics 1.0 specification, "ABNF".
struct CounterSample {
    var name: String
    var labels: [String: String]
    /// What follows them.
    var rest: String

    /// The head of the sample that `line` is; nil if it is not one.
    init?(_ line: String) {
        var rest = line.unicodeScalars[...]
        let isEnd = { (scalar: Unicode.Scalar) in scalar == "{" || scalar == " " }
        guard let nameEnd = rest.firstIndex(where: isEnd) else { return nil }
        name = String(rest[..<nameEnd])
        rest = rest[nameEnd...]
        labels = [:]
        if rest.first == "{" {
            guard let read = CounterSample.labels(&rest) else { return nil }
            labels = read
        }
        self.rest = String(rest)
    }

    private static func labels(_ rest: inout Substring.UnicodeScalarView) -> [String: String]? {
        var labels: [String: String] = [:]
        rest.removeFirst()
        while let first = rest.first, first != "}" {
            guard let equals = rest.firstIndex(of: "=") else { return nil }
            let name = String(rest[..<equals])
            rest = rest[rest.index(after: equals)...]
            guard rest.first == "\"" else { return nil }
            rest.removeFirst()
            guard let value = text(&rest) else { return nil }
            labels[name] = value
            if rest.first == "," { rest.removeFirst() }
        }
        guard rest.first == "}" else { return nil }
        rest.removeFirst()
        return labels
    }

    /// The text up to the closing quote.
    private static func text(_ rest: inout Substring.UnicodeScalarView) -> String? {
        var text = String.UnicodeScalarView()
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"": return String(text)
            case "\\":
                guard let escaped = rest.popFirst() else { return nil }
                text.append(escaped == "n" ? "\n" : escaped)
            default: text.append(scalar)
            }
        }
        return nil
    }
}
