internal import Broker
internal import Commerce
internal import Storage
internal import Timekeeping

/// How many custom events of each name fall into each window.
struct CustomEventSums: Sendable {
    private var sums: [CustomEventKey: Int64] = [:]

    /// Counts the custom events among the selected ones, in a window of each of `grains`.
    mutating func add(_ batch: Batch, _ selection: Selection, in grains: [Grain]) {
        // The shopper model has none; what is read from outside keeps its bytes.
        guard batch.originals != nil else { return }
        batch.forEachEvent(of: selection) { event, _ in
            guard event.name == .custom else { return }
            for grain in grains {
                let key = CustomEventKey(
                    grain: grain,
                    start: grain.start(of: event.time),
                    name: event.customName
                )
                sums[key, default: 0] += 1
            }
        }
    }

    /// What was gathered since the last call, by window and name.
    mutating func takeDeltas() -> [(key: CustomEventKey, events: Int64)] {
        defer { sums = [:] }
        // order-free: sorted
        return sums.map { (key: $0.key, events: $0.value) }
            .sorted { $0.key.sortsBefore($1.key) }
    }
}

extension CustomEventKey {
    func sortsBefore(_ other: CustomEventKey) -> Bool {
        (grain, start, name.number) < (other.grain, other.start, other.name.number)
    }
}
