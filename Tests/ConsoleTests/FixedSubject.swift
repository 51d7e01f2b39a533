import Console
import Prometheus

/// A subject that always says the same.
struct FixedSubject: ConsoleSubject {
    struct Trouble: Error {}

    var measured: [MetricFamily]?
    var impediments: [String] = []

    init(_ measured: [MetricFamily]? = [FixedSubject.family], impediments: [String] = []) {
        self.measured = measured
        self.impediments = impediments
    }

    var families: [MetricFamily] {
        get throws {
            guard let measured else { throw Trouble() }
            return measured
        }
    }

    static let family = MetricFamily(
        "sent_messages",
        .counter,
        help: "Messages.",
        samples: [.init([.init("topic", "events")], .integer(7))]
    )
}
