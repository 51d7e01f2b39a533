/// The samples that one set of labels has in a family of kind `histogram`.
package struct HistogramSamples: Sendable {
    /// In the order of the bounds: the bound, and how many values were at most that.
    package var buckets: [(bound: Double, count: Int64)]
    /// How many values there were.
    package var count: Int64
    /// Of all values.
    package var sum: Double

    package init(buckets: [(bound: Double, count: Int64)], count: Int64, sum: Double) {
        self.buckets = buckets
        self.count = count
        self.sum = sum
    }

    /// The buckets, the one without a bound last, then the count and the sum.
    package func samples(_ labels: [MetricFamily.Label]) -> [MetricFamily.Sample] {
        var samples = buckets.map { bound, count in
            // A float in both formats, so that negotiating another one makes no other series.
            MetricFamily.Sample(
                labels + [MetricFamily.Label("le", bound.description)],
                .integer(count),
                part: .bucket
            )
        }
        let all = labels + [MetricFamily.Label("le", "+Inf")]
        samples.append(MetricFamily.Sample(all, .integer(count), part: .bucket))
        samples.append(MetricFamily.Sample(labels, .integer(count), part: .count))
        samples.append(MetricFamily.Sample(labels, .number(sum), part: .sum))
        return samples
    }
}
