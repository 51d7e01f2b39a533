internal import Timekeeping

/// When the next event of a traffic model is due.
struct Pacing: Sendable {
    /// Nil where events are due whenever they are asked for.
    private var arrivals: ArrivalProcess?
    /// The next arrival, kept until it is due; nil where none is to come.
    private(set) var pending: Timestamp?
    /// The time of the last event that was due when asked for.
    private var latest = Timestamp.distantPast

    init(load: LoadProfile?, start: Timestamp, seed: UInt64) {
        guard let load else { return }
        arrivals = ArrivalProcess(
            profile: load,
            start: start,
            chance: Randomness(seed: seed, purpose: "arrivals")
        )
        pending = arrivals?.next()
    }

    /// Whether events have times of their own, and not the time they are asked for.
    var isPaced: Bool { arrivals != nil }

    /// The time of the next event if it is not after `horizon`; the one behind it is then next.
    @inline(__always)
    mutating func take(by horizon: Timestamp) -> Timestamp? {
        guard let due = pending, due <= horizon else { return nil }
        pending = arrivals?.next()
        return due
    }

    /// The time of events that are due at `horizon`; never earlier than one before.
    mutating func unpacedTime(_ horizon: Timestamp) -> Timestamp {
        latest = max(latest, horizon)
        return latest
    }
}
