internal import Timekeeping

/// For how long publishing was asked for in a run: what the rate that was reached is over.
///
/// From the start of the run, which is when the load begins. The time of the last event is no
/// measure: ten events a second for ten seconds are a hundred in ten seconds, wherever in its
/// tenth of a second each lies.
package struct PublishingTime: Hashable, Sendable {
    /// From the start until what was asked for was over, or had been published, if that was later.
    package var length: Duration
    /// How much later that was.
    package var late: Duration

    /// The request of a shopper model, or of a log if both limits are nil.
    ///
    /// - Parameters:
    ///   - published: How long it took until the producers had ended.
    ///   - events: How many came, and how many were asked for; nil for any number.
    ///   - rate: The rate that was asked for, where it is one.
    ///   - duration: The time that was asked for; nil for any.
    ///   - tick: How long events gather before they are published: no more than that is not late.
    ///   - wasCutShort: Whether the run was stopped or failed: then nothing was asked for any more.
    package init(
        published: Duration,
        events: (published: Int64, asked: Int)? = nil,
        rate: Double? = nil,
        duration: Duration? = nil,
        tick: Duration = .zero,
        wasCutShort: Bool = false
    ) {
        var asked = published
        if !wasCutShort {
            if let events, events.published >= Int64(events.asked) {
                // They would all have come by then, and not at the last one's chance instant.
                if let rate, rate > 0 { asked = .seconds(Double(events.asked) / rate) }
                asked = min(asked, duration ?? asked)
            } else if let duration {
                asked = duration
            }
        }
        let isInTime = published - asked <= tick
        length = isInTime ? asked : published
        late = isInTime ? .zero : published - asked
    }

    /// How many of `events` that is a second; 0 where no time passed.
    package func rate(of events: Int64) -> Double {
        length > .zero ? Double(events) / length.inSeconds : 0
    }
}
