internal import Timekeeping

/// Numbers the events of one synthetic source, and names them by UUIDs that ascend with them.
struct EventNumbering: Sendable {
    /// How many events there were; the number of the last one.
    private(set) var sequence: UInt64 = 0
    private let orderSalt: UInt64
    private let tailSalt: UInt64

    private static var sequenceBits: UInt64 { 40 }

    /// The numbering of a run; runs of another seed or start take other ids.
    init(seed: UInt64, start: Timestamp) {
        var mixer = SplitMix64(
            state: seed ^ SplitMix64.mix(UInt64(bitPattern: start.nanoseconds))
        )
        orderSalt = mixer.next() & 0xfff
        tailSalt = mixer.next() << EventNumbering.sequenceBits
    }

    /// Goes on to the next event.
    @inline(__always)
    mutating func advance() {
        sequence &+= 1
    }

    /// The id of the present event, which happens at `time`.
    ///
    /// Below the milliseconds and the salt lies the sequence, so that ids ascend strictly as
    /// long as times do not descend, for the first 2^40 events.
    @inline(__always)
    func id(at time: Timestamp) -> EventID {
        EventID(
            version7At: UInt64(Swift.max(0, time.nanoseconds)) / 1_000_000,
            order: orderSalt,
            tail: tailSalt | sequence
        )
    }
}
