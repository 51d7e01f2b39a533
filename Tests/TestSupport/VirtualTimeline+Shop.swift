package import Timekeeping

extension VirtualTimeline {
    /// Time that stands at the shop's epoch, with the tick of real time.
    package convenience init() {
        self.init(start: Shop.epoch, tick: .microseconds(500))
    }

    /// Moves time on by `duration`.
    package func advance(by duration: Duration) {
        advance(to: now + duration)
    }
}
