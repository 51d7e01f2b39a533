internal import Broker
internal import Commerce
internal import Synchronization
internal import Timekeeping

/// One number for everything that was decided in a run, in the order in which it was: what was
/// published, delivered, settled, stored and committed, and which alerts fired.
///
/// Two runs with equal digests did the same. A digest does not stop somebody who looks for
/// another run with the same one.
package final class RunDigest: Sendable {
    private let sum = Mutex(DigestSum())
    private let timeline: any Timeline
    /// Sees what goes into it as well; nil where nothing does.
    let observer: (any RunObserver)?

    /// The digest of a run that has decided nothing yet, on `timeline`.
    init(timeline: any Timeline, observer: (any RunObserver)? = nil) {
        self.timeline = timeline
        self.observer = observer
    }

    /// Sixteen hexadecimal digits.
    package var text: String { sum.withLock { $0.value }.text(width: 16, radix: 16) }

    /// Folds in a decision of this instant.
    func note(_ decision: Decision, _ fold: (inout DigestSum) -> Void = { _ in }) {
        let now = timeline.now
        sum.withLock { sum in
            sum.add(UInt64(decision.rawValue))
            sum.add(now.nanoseconds)
            fold(&sum)
        }
    }

    /// What kind of decision it was; the numbers are part of every digest.
    enum Decision: UInt8 {
        case published = 1
        case received
        case settled
        case extended
        case stored
        case committed
        case deadLettersKept
        case failed
        case alerted
    }
}

/// A hash that is fed number by number; equal on every machine.
struct DigestSum {
    private(set) var value: UInt64 = 0

    mutating func add(_ number: UInt64) {
        value = SplitMix64.mix(value ^ number) &+ 0x9e37_79b9_7f4a_7c15
    }

    mutating func add(_ number: Int64) {
        add(UInt64(bitPattern: number))
    }

    mutating func add(_ number: Int) {
        add(Int64(number))
    }

    mutating func add(_ text: String) {
        add(text.utf8.count)
        for byte in text.utf8 {
            add(UInt64(byte))
        }
    }
}

extension DigestSum {
    /// Adds every event of `batch`, and where it comes from.
    mutating func add(_ batch: Batch) {
        add(batch.origin.stream.bits)
        add(batch.origin.offset(at: 0))
        add(batch.count)
        // Not one long chain of multiplications but one a number, which overlap.
        var total: UInt64 = 0
        for (place, event) in batch.events.enumerated() {
            total &+= event.fingerprint &* UInt64(2 * place + 1)
        }
        for (place, item) in batch.items.enumerated() {
            total &+= item.fingerprint &* UInt64(2 * place + 1)
        }
        add(total)
    }

    mutating func add(_ selection: Selection) {
        switch selection {
        case .range(let range):
            add(range.lowerBound)
            add(range.upperBound)
        case .places(let places):
            add(places.count)
            for place in places {
                add(Int64(place))
            }
        }
    }

    mutating func add(_ settlement: Settlement) {
        switch settlement {
        case .ack: add(1)
        case .nack(let reason):
            add(2)
            add(reason.label)
        case .ackExcept(let failures):
            add(3)
            for failure in failures {
                add(failure.place)
                add(failure.reason.label)
            }
        }
    }
}

extension Event {
    /// A hash of its fields.
    fileprivate var fingerprint: UInt64 {
        var sum = id.high &* 0xa076_1d64_78bd_642f
        sum = (sum ^ id.low) &* 0xe703_7ed1_a0b4_28db
        sum &+= UInt64(bitPattern: time.nanoseconds) &* 0x8ebc_6af0_9c88_c6e3
        sum &+= (source.bits ^ user.bits &* 31) &* 0x5899_65cc_7537_4cc3
        sum &+= (session.bits ^ subject.bits &* 31) &* 0x1d8e_4e27_c47d_124f
        sum &+= (transaction.bits ^ UInt64(bitPattern: value) &* 31) &* 0xeb44_acca_b455_d165
        sum &+= UInt64(name.rawValue) &* 0x9e37_79b9_7f4a_7c15 ^ UInt64(currency.bits)
        return sum ^ sum >> 32
    }
}

extension Item {
    /// A hash of its fields.
    fileprivate var fingerprint: UInt64 {
        var sum = product.bits &* 0xa076_1d64_78bd_642f
        sum &+= category.bits &* 0xe703_7ed1_a0b4_28db
        sum &+= UInt64(bitPattern: price) &* 0x8ebc_6af0_9c88_c6e3
        sum &+= UInt64(bitPattern: Int64(quantity)) &* 0x5899_65cc_7537_4cc3
        return sum ^ sum >> 32
    }
}
