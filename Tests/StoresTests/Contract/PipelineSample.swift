import Broker
import Commerce
import Datasets
import Stages
import Storage
import TestSupport
import Testing
import Timekeeping

/// What a pipeline has stored of 40 numbered events and ten of a log.
///
/// The 13th was refused by both subscriptions, the 21st came three hours late, some are purchases
/// and some refunds of these.
enum PipelineSample {
    static let source = "/shop/1"
    /// The hour, 22:00, of the first nine events.
    static let hour: Int64 = 1_699_999_200_000_000_000
    /// 23:00 of the day of the log.
    static let hourOfLog: Int64 = 1_700_002_800_000_000_000

    /// The id of the event `number`.
    static func id(_ number: Int) -> String {
        EventID(version7At: 1_700_000_000_000, order: 0, tail: UInt64(number)).uuid
    }

    private static func event(_ number: Int, _ shop: Shop) -> Event {
        var time = CatalogueSample.began + .seconds(number * 300)
        if number == 21 { time = time - .seconds(3 * 3600) }
        let isRefund = number % 10 == 8
        let name: EventName = number % 10 == 5 ? .purchase : isRefund ? .refund : .viewItem
        var event = shop.event(number, name, at: time, source: source)
        if isRefund {
            event.transaction = Symbol(number: UInt64(number - 3))
            event.value = 400
        }
        return event
    }

    /// Stores everything in `home`, in two commits.
    static func fill(_ home: PipelineHome) async throws {
        let warehouse = home.catalogue.warehouse
        let shop = Shop()
        let numbered = shop.batch(
            (1...40).map { (event($0, shop), [shop.item()]) },
            stream: source
        )
        let log = try shop.batch(
            ofJSON: (1...10).map {
                shop.json(id: "l\($0)", source: "/log", time: "2023-11-14T23:30:00Z")
            }
        )
        try await warehouse.register(
            [
                CatalogueSample.definition(CatalogueSample.events),
                CatalogueSample.definition(
                    CatalogueSample.analytics,
                    upstream: [CatalogueSample.events]
                ),
            ],
            at: CatalogueSample.began
        )
        var state = AnalyticsState(
            subscription: "analytics",
            options: AnalyticsOptions(),
            rules: .standard,
            stored: try await warehouse.progress(of: "analytics"),
            dataset: CatalogueSample.analytics
        )
        let sound = Selection.range(0..<40).partitioned { $0 != 12 }.included
        try await store(numbered, sound, at: 1, home, &state)
        try await store(log, .range(0..<10), at: 41, home, &state)
        let refused = shop.batch([(event(13, shop), [shop.item()])])
        for subscription in ["ingest", "analytics"] {
            try await warehouse.storeDeadLetters(shop.deadLetters(of: refused, of: subscription))
        }
    }

    private static func store(
        _ batch: Batch,
        _ selection: Selection,
        at position: Int64,
        _ home: PipelineHome,
        _ state: inout AnalyticsState
    ) async throws {
        let warehouse = home.catalogue.warehouse
        let now = CatalogueSample.began + .seconds(20_000)
        _ = try await home.raw.store([batch.write(at: position, selection)])
        let stored = DataEvent(
            .addData,
            positions: position...(position + Int64(batch.count) - 1),
            records: Int64(selection.count),
            content: BlockHash(of: CanonicalBytes()),
            watermark: now
        )
        try await warehouse.append(DataBlockDraft(CatalogueSample.events, stored, at: now))
        var queue = DeliveryState<Batch>(name: "analytics", policy: SubscriptionPolicy())
        for delivery in queue.deliver(batch.published(at: position), at: now) {
            _ = state.take(delivery.replacing(batch: batch, selection: selection), at: now)
        }
        try await warehouse.commit(try #require(state.takeCommit(at: now)))
    }
}
