/// How a quantity moves over time: the slope of the line with the least squares, as a fraction of
/// whole numbers, so that what is judged by it is exact.
struct LoadTrend: Sendable {
    /// The slope, per microsecond, is ``rise`` by ``run``.
    private let rise: Int128
    private let run: Int128

    /// The trend of `points`; nil where they are fewer than three, or all at one time.
    init?(_ points: [(microseconds: Int64, value: Int64)]) {
        guard points.count >= 3, let first = points.first else { return nil }
        // From the first point on, which keeps the sums small.
        let times = points.map { Int128($0.microseconds - first.microseconds) }
        let values = points.map { Int128($0.value - first.value) }
        let count = Int128(points.count)
        let (time, value) = (times.reduce(0, +), values.reduce(0, +))
        let products = zip(times, values).reduce(Int128(0)) { $0 + $1.0 * $1.1 }
        let squares = times.reduce(Int128(0)) { $0 + $1 * $1 }
        rise = count * products - time * value
        run = count * squares - time * time
        guard run > 0 else { return nil }
    }

    /// The trend of the lowest value in each of so many equal parts of the time of `points`: what
    /// is left when everything is done that can be, whatever came in bursts or was held up for a
    /// moment.
    init?(lowsOf points: [(microseconds: Int64, value: Int64)], in parts: Int64) {
        guard let first = points.first?.microseconds, let last = points.last?.microseconds,
            last > first
        else { return nil }
        var lows: [(microseconds: Int64, value: Int64)] = []
        var part: Int64 = -1
        for point in points {
            let own = min(parts - 1, (point.microseconds - first) * parts / (last - first))
            if own > part {
                lows.append(point)
                part = own
            } else if point.value < lows[lows.count - 1].value {
                lows[lows.count - 1] = point
            }
        }
        self.init(lows)
    }

    /// Whether it grows by more than `bound` in so many microseconds.
    func grows(byMoreThan bound: Int64, in microseconds: Int64) -> Bool {
        rise * Int128(microseconds) > Int128(bound) * run
    }

    /// The growth in a second, to be shown.
    var perSecond: Double { Double(rise) / Double(run) * 1e6 }
}
