package import Commerce
package import SLO
package import Stages
package import Storage
package import Timekeeping

/// What a run is asked for beyond its pipeline file.
package struct RunOptions: Sendable {
    /// The load, where it is not the pipeline's own profile.
    package enum Rate: Hashable, Sendable {
        /// Events per second, constant, all producers together; of 0 no producer runs.
        case perSecond(Double)
        /// As many as can be taken.
        case maximum
    }

    /// A log to replay instead of the shopper model.
    package struct Log: Sendable {
        package var path: String
        /// Nil where the file's name tells it.
        package var format: InputFormat?
        /// How many times faster than its own clock; nil for at once.
        package var speed: Double?
        /// Whether the last row counts although no line end stands behind it.
        package var lastRowIsWhole: Bool

        package init(
            path: String,
            format: InputFormat?,
            speed: Double?,
            lastRowIsWhole: Bool = false
        ) {
            self.path = path
            self.format = format
            self.speed = speed
            self.lastRowIsWhole = lastRowIsWhole
        }
    }

    package var rate: Rate?
    package var duration: Duration?
    package var events: Int?
    package var seed: UInt64 = 1
    package var log: Log?
    /// What the pipeline's collector keeps what it accepts in; nil where it takes nothing.
    package var collecting: (any CollectorJournal)?
    /// Whether programs of their own can take the messages of the stages that they are.
    package var opensExternals = false
    /// Whether the same run may come again, from the same start on the same stores, and is then to
    /// be recognised: so it is in virtual time.
    package var isRepeatable = false
    /// Whether the shopper model makes its events ahead, on a thread of its own: for virtual time,
    /// in which everything else takes turns on one.
    package var makesTrafficAhead = false
    /// What is done to the run on purpose; nil for nothing.
    package var experiment: (any RunExperiment)?
    /// What the run is held to.
    package var objectives: [Objective] = []
    /// How wide the slices are in which the objectives are counted; it divides each objective's
    /// own slice window.
    package var slice = Duration.seconds(10)
    /// How many slices of the objectives are written to their history together: what an end without
    /// warning would lose.
    package var slicesPerFlush = 3
    /// How long the first slices of the run's own curve are; they are joined as they grow many.
    package var sampleInterval = Duration.milliseconds(100)

    package init() {}

    /// Whether the run lasts as long as was asked for, and not until its input ends.
    var endsByTime: Bool { duration != nil && log == nil && events == nil }
}

/// The stores a run writes to, by their names in the pipeline.
package struct RunStores: Sendable {
    /// A store, and how it is called in reports.
    package struct Named<Store: Sendable>: Sendable {
        package var name: String
        /// The URL it was opened by, without secrets.
        package var label: String
        package var store: Store
        /// The name of the store before it that lies in the same place and is the same object;
        /// nil for one that is alone there.
        package var twin: String?

        package init(name: String, label: String, store: Store, twin: String? = nil) {
            self.name = name
            self.label = label
            self.store = store
            self.twin = twin
        }
    }

    package var raw: [Named<any RawStore>]
    package var warehouses: [Named<any Warehouse>]
    private var ownHistory: (any SLIHistory)?

    /// Where the slices of the objectives are kept: in the last warehouse that keeps them, unless
    /// another place is given; nil if nothing keeps them beyond the run.
    package var history: (any SLIHistory)? {
        get { ownHistory ?? warehouses.lazy.reversed().compactMap(\.store.history).first }
        set { ownHistory = newValue }
    }

    package init(
        raw: [Named<any RawStore>],
        warehouses: [Named<any Warehouse>],
        history: (any SLIHistory)? = nil
    ) {
        self.raw = raw
        self.warehouses = warehouses
        ownHistory = history
    }
}

extension RunStores {
    /// The stores behind the layers that `raw` and `warehouse` make for each of them.
    package func behind(
        raw layersOfRaw: (Named<any RawStore>) -> [any StoreLayer],
        warehouse layersOfWarehouse: (Named<any Warehouse>) -> [any StoreLayer]
    ) -> RunStores {
        var stores = self
        for (place, named) in raw.enumerated() {
            stores.raw[place].store = LayeredRawStore(named.store, layersOfRaw(named))
        }
        for (place, named) in warehouses.enumerated() {
            stores.warehouses[place].store = LayeredWarehouse(
                named.store,
                layersOfWarehouse(named)
            )
        }
        return stores
    }

    /// The position after the highest one that any raw store has, and that any message had which
    /// was dropped, from 1.
    func nextPosition() async throws(StoreError) -> Int64 {
        var next: Int64 = 1
        for raw in raw { next = max(next, try await raw.store.nextPosition()) }
        for warehouse in warehouses {
            let dropped = try await warehouse.store.journeys?.lastDropped()
            next = max(next, (dropped ?? 0) + 1)
        }
        return next
    }

    /// Keeps other runs from writing to any of the stores.
    ///
    /// - Throws: `StoreError` where another run writes to one of them now.
    package func hold() async throws(StoreError) {
        for raw in raw where raw.twin == nil { try await raw.store.hold() }
        for warehouse in warehouses where warehouse.twin == nil {
            try await warehouse.store.hold()
        }
    }

    /// Runs `body` and says meanwhile, in the time of `timeline`, that the run is still there, to
    /// stores that cannot see that.
    ///
    /// - Throws: What `body` throws; `StoreError` where another run has taken a store over.
    package func held<Value: Sendable>(
        _ timeline: any Timeline,
        while body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while !Task.isCancelled {
                    try? await timeline.sleep(until: timeline.now + StoreHold.interval)
                    for raw in raw where raw.twin == nil {
                        do throws(StoreError) {
                            try await raw.store.renewHold()
                        } catch  where error.code == .busy {
                            throw error
                        } catch {
                            // The server is gone for now, which is the stages' to bear.
                        }
                    }
                }
                return nil
            }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let value = ended { return value }
            }
            throw CancellationError()
        }
    }
}
