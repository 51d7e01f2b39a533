internal import Commerce
internal import Synchronization
internal import Timekeeping

extension MemoryWarehouse {
    /// Nobody else can reach it.
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
            let missing = missing(grain, state)
            state.parts[.windows(grain)] = KeptPart(
                .windows(grain),
                missing: missing,
                lacksDistinct: missing > 0
            )
        case .fill(let grain, let source):
            fill(grain, from: source, &state)
            state.parts[.windows(grain)] = KeptPart(
                .windows(grain),
                missing: missing(grain, state)
            )
        }
    }

    /// What the windows of `grain` lack of the window over all time, but for what came too late
    /// for them.
    private static func missing(_ grain: Grain, _ state: State) -> Int64 {
        // order-free: a sum
        let late = state.late.filter { $0.key >= grain }.values.reduce(0, +)
        return counted(.all, state) - counted(grain, state) - late
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
        state.windows[grain] = [:]
        state.open[grain] = []
        // order-free: sorted
        let shorter = (state.windows[source] ?? [:]).sorted { $0.key < $1.key }
        for (start, window) in shorter {
            let longer = grain.start(of: Timestamp(nanoseconds: start)).nanoseconds
            var sum = state.windows[grain]?[longer] ?? MemoryWindow(commit: state.commits)
            sum.begin(state.commits)
            window.unfolded.pour(into: &sum, of: grain, all: state.categories.known(""))
            state.windows[grain, default: [:]][longer] = sum
            state.open[grain, default: []].insert(longer)
        }
    }
}
