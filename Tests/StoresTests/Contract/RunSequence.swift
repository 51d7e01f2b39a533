import Commerce
import Documents
import Experiments
import Foundation
import Logging
import Pipeline
import SQLiteStores
import Storage
import TestSupport
import Testing
import Timekeeping

/// Runs over shared stores, one after the other, each with parts, settings and an input that a
/// seed draws.
struct RunSequence {
    /// What one run is.
    struct Step: CustomStringConvertible {
        var topic: String
        var subscription: String
        var windows: [String]
        var keepsProducts: Bool
        var refunds: String
        var seed: UInt64
        var rate: Double
        var minute: Int
        var seconds: Int
        /// The first and the last line of the log that is replayed; nil for shoppers.
        var log: ClosedRange<Int>?
        /// Whether a second analytics stage counts into the same warehouse.
        var isShared: Bool

        var description: String {
            "\(topic)/\(subscription) windows \(windows) products \(keepsProducts) refunds "
                + "\(refunds) seed \(seed) rate \(rate) minute \(minute) for \(seconds) s "
                + "log \(log.map { "\($0)" } ?? "none") shared \(isShared)"
        }

        init(_ dice: inout Randomness) {
            // Mostly as before, so that a sequence often comes to its end.
            topic = dice.roll(8) == 0 ? "orders" : "events"
            subscription = dice.roll(6) == 0 ? "counting" : "analytics"
            let choices = [
                ["1h", "1d"], ["1m", "1h", "1d"], ["1h"], ["1d"], ["1m"], ["1h", "1d", "1mo"],
                ["1m", "1mo"], ["1s", "1h"],
            ]
            windows = choices[dice.roll(choices.count)]
            keepsProducts = dice.roll(5) > 0
            refunds = ["0.05", "0.8"][dice.roll(2)]
            seed = UInt64(dice.roll(2)) + 1
            rate = [5, 8][dice.roll(2)]
            minute = [0, 0, 61, 1500][dice.roll(4)]
            seconds = [4, 7][dice.roll(2)]
            let first = dice.roll(20) + 1
            log = dice.roll(3) == 0 ? first...(first + dice.roll(30)) : nil
            isShared = dice.roll(12) == 0
        }

        func document() throws(DocumentError) -> PipelineDocument {
            let list = windows.joined(separator: ", ")
            let analytics = """
                kind: analytics, store: warehouse, windows: [\(list)], \
                productSales: \(keepsProducts), commitInterval: 1s
                """
            return try PipelineDocument.parse(
                text: """
                    apiVersion: weir/v1
                    kind: Pipeline
                    metadata: {name: shop}
                    spec:
                      topics: [{name: \(topic)}]
                      subscriptions:
                        - {name: ingest, topic: \(topic)}
                        - {name: \(subscription), topic: \(topic)}
                    \(isShared ? "    - {name: second, topic: \(topic)}" : "")
                      stages:
                        - {name: shop, kind: producer, publishes: \(topic)}
                        - {name: ingest, kind: ingest, subscription: ingest, store: raw}
                        - {name: count, subscription: \(subscription), \(analytics)}
                    \(isShared ? "    - {name: more, subscription: second, \(analytics)}" : "")
                      stores:
                        - {name: raw, role: raw, url: "memory:"}
                        - {name: warehouse, role: warehouse, url: "memory:"}
                      load: {shape: constant, rate: 10, arrivals: poisson}
                      traffic:
                        model: sessions
                        users: 50
                        products: 20
                        refundProbability: \(refunds)
                        concurrentSessions: 10
                        transitions:
                          view_item: {add_to_cart: 0.7, view_item: 0.2}
                          add_to_cart: {begin_checkout: 0.9}
                          begin_checkout: {purchase: 0.9}
                    """,
                file: "shop.yaml"
            )
        }
    }

    /// What became of a run.
    enum Outcome {
        case done(RunReport)
        /// The sentence with which it was refused.
        case refused(String)
    }

    /// The place of the log of this step, of which line `n` is the same event in every log.
    private static func log(
        _ lines: ClosedRange<Int>,
        in folder: TemporaryFolder
    ) throws -> String {
        let path = folder.path("\(lines.lowerBound)-\(lines.upperBound).ndjson")
        let texts = lines.map { number in
            let isSale = number % 3 == 0
            let time = Shop.epoch + .seconds(Int64(number) * 1000)
            let data =
                isSale
                ? #"{"transaction_id":"t\#(number)","value":\#(number).00,"currency":"USD"}"#
                : "{}"
            return #"{"specversion":"1.0","id":"l\#(number)","source":"/till","type":"#
                + #""\#(isSale ? "purchase" : "view_item")","#
                + #""time":"\#(time)","data":\#(data)}"#
        }
        try Data((texts.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: path))
        return path
    }

    static func run(
        _ step: Step,
        on raw: any RawStore,
        _ warehouse: any Warehouse,
        in folder: TemporaryFolder
    ) async throws -> Outcome {
        let document: PipelineDocument
        do {
            document = try step.document()
        } catch {
            return .refused("\(error)")
        }
        let timeline = VirtualTimeline(
            start: Timestamp(seconds: 1_769_904_000 + Int64(step.minute) * 60),
            tick: .seconds(1)
        )
        var options = RunOptions()
        options.seed = step.seed
        if let lines = step.log {
            options.log = .init(path: try log(lines, in: folder), format: .ndjson, speed: nil)
        } else {
            options.rate = .perSecond(step.rate)
            options.duration = .seconds(step.seconds)
        }
        let simulation = Simulation(
            document: document,
            options: options,
            stores: RunStores(
                raw: [
                    .init(name: "raw", label: "r", store: raw)
                ],
                warehouses: [
                    .init(name: "warehouse", label: "w", store: warehouse)
                ]
            ),
            timeline: timeline,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            replay: ""
        )
        do {
            let result = try await simulation.run(stop: Signal())
            if let failure = result.failure { throw failure }
            return .done(result.report)
        } catch let error as StoreError where error.code == .refused {
            return .refused(error.message)
        }
    }

    /// What a window holds.
    struct Sums: Equatable, CustomStringConvertible {
        var events: [EventName: Int64] = [:]
        var units: Int64 = 0
        var revenue: Int64 = 0
        var refunded: Int64 = 0

        init() {}

        mutating func add(_ content: RawEvent.Content) {
            events[content.name, default: 0] += 1
            switch content.name {
            case .purchase:
                revenue += content.value
                units += content.units
            case .refund: refunded += content.value
            default: break
            }
        }

        mutating func add(_ cell: WindowCell) {
            for name in EventName.allCases where cell[name] != 0 {
                events[name, default: 0] += cell[name]
            }
            units += cell.units
            revenue += cell.revenue
            refunded += cell.refunded
        }

        var count: Int64 { events.values.reduce(0, +) }

        var description: String {
            "\(count) events, \(units) units, \(revenue) less \(refunded)"
        }
    }

    /// The windows of `grain` as the raw events give them, made from nothing.
    static func fold(_ events: [RawEvent], _ grain: Grain) throws -> [Timestamp: Sums] {
        var sums: [Timestamp: Sums] = [:]
        for event in events {
            let content = try #require(event.content)
            sums[grain.start(of: content.time), default: Sums()].add(content)
        }
        return sums
    }

    /// The windows of `grain` as they are stored.
    static func stored(
        _ warehouse: any Warehouse,
        _ grain: Grain
    ) async throws -> [Timestamp: Sums] {
        var sums: [Timestamp: Sums] = [:]
        for row in try await warehouse.windows(grain, categories: .total) {
            sums[row.start, default: Sums()].add(row.cell)
        }
        return sums
    }
}

extension Randomness {
    /// A number from 0 to below `sides`.
    mutating func roll(_ sides: Int) -> Int { Int(below(UInt64(sides))) }
}
