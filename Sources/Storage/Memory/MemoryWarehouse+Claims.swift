internal import Synchronization
internal import Timekeeping

// What is counted here for whom, and what is kept of it.
extension MemoryWarehouse {
    /// No other process can reach it.
    package func hold() {}

    package func readBack() -> Int64 {
        state.withLock { MemoryWarehouse.counted(.all, $0) }
    }

    package func claim(_ claims: [CountingClaim]) throws(StoreError) -> CountingTerms {
        try state.withLock { state throws(StoreError) in
            var owners = CountingOwners(
                owners: state.owners,
                counting: Set(state.progress.keys).union(state.counted.keys)
            )
            let others = try owners.admit(claims, in: "memory")
            state.owners = owners.owners
            let wanted = Set(claims.flatMap(\.parts))
            let plan = CountingPlan(
                // order-free: looked up
                known: Array(state.parts.values),
                wanted: wanted,
                counted: MemoryWarehouse.counted(.all, state)
            )
            for step in plan.steps { MemoryWarehouse.take(step, &state) }
            return CountingTerms(
                // order-free: sorted there
                known: Array(state.parts.values),
                wanted: wanted,
                others: others
            )
        }
    }

    private static func take(_ step: CountingPlan.Step, _ state: inout State) {
        switch step {
        case .store(let part):
            state.parts[part.part] = part
        case .begin(let grain):
            state.parts[.windows(grain)] = KeptPart(
                .windows(grain),
                missing: missing(grain, state)
            )
        case .fill(let grain, let source):
            fill(grain, from: source, &state)
            state.parts[.windows(grain)] = KeptPart(
                .windows(grain),
                missing: missing(grain, state)
            )
        case .fillDistinct(var kept, let source):
            let missing = fillDistinct(kept.part, from: source, &state)
            kept.missing = missing ?? kept.missing
            state.parts[kept.part] = kept
        }
    }

    /// What the windows of `grain` lack of the window over all time, but for what came too late
    /// for them.
    private static func missing(_ grain: Grain, _ state: State) -> Int64 {
        counted(.all, state) - counted(grain, state) - late(grain, state)
    }

    /// How many events came too late for the windows of `grain`.
    private static func late(_ grain: Grain, _ state: State) -> Int64 {
        // order-free: a sum
        state.late.filter { $0.key >= grain }.values.reduce(0, +)
    }

    private static func counted(_ grain: Grain, _ state: State) -> Int64 {
        let all = state.categories.known("")
        var sum: Int64 = 0
        // order-free: a sum
        for window in (state.windows[grain] ?? [:]).values {
            // order-free: a sum
            for (key, cell) in window.unfolded.cells where key.category == all {
                sum += cell.total
            }
        }
        return sum
    }

    private static func fill(_ grain: Grain, from source: Grain, _ state: inout State) {
        // order-free: each is emptied by itself.
        for start in (state.windows[grain] ?? [:]).keys {
            state.windows[grain]?[start]?.removeCells()
        }
        pour(source, into: grain, &state) { window, sum in window.pourCells(into: &sum) }
    }

    /// Makes the distinct counts of `part` of those in windows of `source`.
    ///
    /// - Returns: How many events they lack, which came too late for the shorter windows. Nil where
    ///   they cannot be made so: of some of the shorter windows there are only numbers left, or
    ///   nothing.
    private static func fillDistinct(
        _ part: CountedPart,
        from source: Grain,
        _ state: inout State
    ) -> Int64? {
        let (grain, isByCategory): (Grain, Bool)
        switch part {
        case .distinct(let length): (grain, isByCategory) = (length, false)
        case .distinctByCategory(let length): (grain, isByCategory) = (length, true)
        case .windows, .products: return nil
        }
        let shorter = (state.windows[source] ?? [:]).values
        guard missing(source, state) == 0, shorter.allSatisfy({ !$0.isSettled }) else { return nil }
        let all = state.categories.known("")
        // order-free: each is emptied by itself.
        for start in (state.windows[grain] ?? [:]).keys {
            state.windows[grain]?[start]?.removeDistinct(ofCategories: isByCategory, all: all)
        }
        pour(source, into: grain, &state) { window, sum in
            window.pourDistinct(into: &sum, of: grain, ofCategories: isByCategory, all: all)
        }
        state.open[grain] = Set((state.windows[grain] ?? [:]).keys)
        return late(source, state) - late(grain, state)
    }

    /// Adds what `body` takes of each window of `source` to the window of `grain` round it.
    private static func pour(
        _ source: Grain,
        into grain: Grain,
        _ state: inout State,
        _ body: (MemoryWindow, inout MemoryWindow) -> Void
    ) {
        // order-free: sorted
        let shorter = (state.windows[source] ?? [:]).sorted { $0.key < $1.key }
        for (start, window) in shorter {
            let longer = grain.start(of: Timestamp(nanoseconds: start)).nanoseconds
            var sum = state.windows[grain]?[longer] ?? MemoryWindow(commit: state.commits)
            sum.begin(state.commits)
            body(window.unfolded, &sum)
            state.windows[grain, default: [:]][longer] = sum
        }
    }
}
