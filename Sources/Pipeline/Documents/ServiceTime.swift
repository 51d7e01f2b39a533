package import Timekeeping

/// How long a store or a stage takes in virtual time, in which nothing takes any by itself.
package struct ServiceTime: Hashable, Sendable {
    /// How the times are spread.
    package enum Distribution: Hashable, Sendable {
        case constant(Duration)
        /// Of this mean; with Poisson arrivals, the M of M/M/c.
        case exponential(mean: Duration)
        /// Whose logarithm is normal: `median` is its 50th percentile, `sigma` the deviation of
        /// the logarithm.
        case lognormal(median: Duration, sigma: Double)
        /// As measured: the time below which each share lies, shares ascending to 1, and straight
        /// lines between them from no time at 0.
        case empirical([Quantile])
    }

    /// A point of an empirical distribution.
    package struct Quantile: Hashable, Sendable {
        package var share: Double
        package var time: Duration

        package init(share: Double, time: Duration) {
            self.share = share
            self.time = time
        }
    }

    package var distribution: Distribution
    /// How many calls it serves at a time; others wait in line.
    package var servers: Int

    package init(_ distribution: Distribution, servers: Int = 1) {
        self.distribution = distribution
        self.servers = servers
    }

    /// One time, at least zero and at most a day.
    package func sample(_ chance: inout Randomness) -> Duration {
        let seconds: Double
        switch distribution {
        case .constant(let time): return time
        case .exponential(let mean): seconds = mean.inSeconds * chance.exponential()
        case .lognormal(let median, let sigma):
            // Box and Muller (1958): one of the two normal variates.
            let radius = (2 * chance.exponential()).squareRoot()
            let normal = radius * chance.unit().portableSineOfTurns
            seconds = median.inSeconds * (sigma * normal).portableExponential
        case .empirical(let quantiles):
            seconds = ServiceTime.time(at: chance.unit(), in: quantiles)
        }
        return .nanoseconds(Int64(min(seconds, 86_400) * 1e9))
    }

    private static func time(at share: Double, in quantiles: [Quantile]) -> Double {
        var (lower, from) = (0.0, 0.0)
        for quantile in quantiles {
            let to = quantile.time.inSeconds
            if share < quantile.share {
                return from + (to - from) * (share - lower) / (quantile.share - lower)
            }
            (lower, from) = (quantile.share, to)
        }
        return from
    }
}
