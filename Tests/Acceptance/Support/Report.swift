import Foundation

/// The JSON report as a reader of it sees it: the keys the tests look at, by their written names.
struct Report: Decodable {
    struct Input: Decodable {
        var kind: String
        var speed: Double?
        var eventsBefore: Int?
    }

    struct Rate: Decodable {
        var asked: Double?
        var reached: Double
    }

    struct Producer: Decodable {
        var published: Int
        var rejected: [String: Int]
        var rejections: [String]
    }

    struct Subscription: Decodable {
        var name: String
        var published: Int
        var acked: Int
        var outstanding: Int
        var backlog: Int
        var waitingToRetry: Int
        var deadLettered: Int
        var shed: Int
        var conserved: Bool
        var deadLettersByReason: [String: Int]
    }

    struct Latency: Decodable {
        var count: Int
        var p50Ms: Double?
        var p90Ms: Double?
        var p99Ms: Double?
        var p999Ms: Double?
        var maxMs: Double?
    }

    struct Stage: Decodable {
        var name: String
        var processed: Int
        var duplicates: Int
        var late: Int
        var failures: [String: Int]
        var storeRetries: Int
        var latency: Latency
    }

    struct Sales: Decodable, Equatable {
        var currency: String
        var revenue: String
        var revenueMinor: Int
    }

    struct Distinct: Decodable, Equatable {
        var count: Int
        var exact: Bool
    }

    struct Totals: Decodable, Equatable {
        var events: [String: Int]
        var orders: Int
        var units: Int
        var sales: [Sales]
        var shoppers: Distinct?
        var sessions: Distinct?
    }

    struct Window: Decodable, Equatable {
        var label: String
        var orders: Int
        var units: Int
        var sales: [Sales]
        var shoppers: Distinct?
    }

    struct Product: Decodable, Equatable {
        var product: String
        var orders: Int
        var units: Int
        var revenue: String
        var currency: String
    }

    struct Warehouse: Decodable {
        var totals: Totals
        var months: [Window]
        var days: [Window]
        var topProducts: [Product]
        var deadLetters: Int
    }

    struct RawStore: Decodable {
        var events: Int
    }

    struct Sample: Decodable {
        var seconds: Double
        var publishedRate: Double
        var backlog: [String: Int]
    }

    var schemaVersion: Int
    var outcome: String
    var failure: String?
    var durationSeconds: Double
    var input: Input
    var rate: Rate
    var producers: [Producer]
    var subscriptions: [Subscription]
    var stages: [Stage]
    var rawStore: RawStore?
    var warehouse: Warehouse?
    var samples: [Sample]

    init(json: Data) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Report.self, from: json)
    }

    var published: Int { producers.reduce(0) { $0 + $1.published } }
    var rejected: Int { producers.reduce(0) { $0 + $1.rejected.values.reduce(0, +) } }
    var isConserved: Bool { subscriptions.allSatisfy(\.conserved) }

    func stage(_ name: String) -> Stage? { stages.first { $0.name == name } }

    /// How many events were published in the first `seconds` of the run.
    func published(before seconds: Double) -> Double {
        var (count, start) = (0.0, 0.0)
        for sample in samples {
            let end = min(sample.seconds, seconds)
            if end > start { count += sample.publishedRate * (end - start) }
            start = sample.seconds
        }
        return count
    }
}
