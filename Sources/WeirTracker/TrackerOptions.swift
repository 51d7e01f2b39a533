internal import Foundation

/// Where a ``Tracker`` sends events, as whom, and how many may wait.
public struct TrackerOptions: Sendable {
    /// The address of the collector, such as `http://127.0.0.1:8081`.
    public var collector: String?
    /// What the collector knows the sender by; nil where it asks for no key.
    public var key: String?
    /// The service whose events they are.
    public var service: String
    /// Where it runs, such as `production`.
    public var stage: String

    /// A batch has at most so many events, and is sent once it has them.
    public var batchCount = 100
    /// A batch has at most so many bytes before it is packed, and so has an event.
    public var batchBytes = 256 << 10
    /// An event waits no longer than that for others.
    public var batchAge = Duration.seconds(1)
    /// At most so many events wait; further ones are dropped and counted.
    public var queueCount = 10_000
    /// The waiting events have at most so many bytes.
    public var queueBytes = 16 << 20
    /// The first request that fails is repeated within that time, each further one within twice the
    /// time before.
    public var firstPause = Duration.milliseconds(500)
    /// A failed request is repeated within that time, unless the collector asks for more.
    public var longestPause = Duration.seconds(30)
    /// How long a request may take.
    public var requestTimeout = Duration.seconds(10)

    /// The options that the environment of the process names in `WEIR_COLLECTOR_URL`,
    /// `WEIR_COLLECTOR_KEY`, `SERVICE` and `STAGE`.
    public init() { self.init(environment: ProcessInfo.processInfo.environment) }

    /// The options that `environment` names by the same words.
    public init(environment: [String: String]) {
        func value(_ name: String) -> String? {
            environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        collector = value("WEIR_COLLECTOR_URL")
        key = value("WEIR_COLLECTOR_KEY")
        service = value("SERVICE") ?? "unnamed"
        stage = value("STAGE") ?? "local"
    }

    /// The `source` of the events.
    var source: String { "/\(Self.escaped(service))/\(Self.escaped(stage))" }

    /// Where batches are sent; nil where the options name no collector.
    package var address: String? {
        guard var text = collector, let url = URL(string: text), let scheme = url.scheme,
            ["http", "https"].contains(scheme), url.host()?.isEmpty == false, url.query() == nil,
            url.fragment() == nil
        else { return nil }
        while text.hasSuffix("/") { text.removeLast() }
        return text.hasSuffix("/events") ? text : text + "/events"
    }

    private static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed.subtracting(["/"])) ?? ""
    }
}

extension CharacterSet {
    fileprivate func subtracting(_ characters: [Unicode.Scalar]) -> CharacterSet {
        var rest = self
        for character in characters { rest.remove(character) }
        return rest
    }
}
