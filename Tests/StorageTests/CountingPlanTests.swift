import Storage
import Testing

/// What becomes of the parts of a warehouse when a pipeline keeps others than before.
struct CountingPlanTests {
    private func steps(
        _ known: [KeptPart],
        _ wanted: Set<CountedPart>,
        counted: Int64 = 100
    ) -> [CountingPlan.Step] {
        CountingPlan(known: known, wanted: wanted, counted: counted).steps
    }

    @Test func `in an empty warehouse everything is kept from the start`() {
        let found = steps([], [.windows(.hour), .windows(.day), .products], counted: 0)
        #expect(
            found == [
                .store(KeptPart(.windows(.hour))), .store(KeptPart(.windows(.day))),
                .store(KeptPart(.products)),
            ]
        )
    }

    @Test func `what is kept on is left alone`() {
        #expect(steps([KeptPart(.windows(.hour))], [.windows(.hour)]) == [])
    }

    @Test func `a longer window is filled from the longest shorter one that lacks nothing`() {
        let known = [
            KeptPart(.windows(.minute)), KeptPart(.windows(.hour), missing: 3),
            KeptPart(.windows(.second)),
        ]
        let wanted: Set<CountedPart> = [
            .windows(.second), .windows(.minute), .windows(.hour), .windows(.day),
        ]
        #expect(steps(known, wanted) == [.fill(.day, from: .minute)])
    }

    @Test func `a shorter window begins, and what is no longer kept notes where it stopped`() {
        let found = steps([KeptPart(.windows(.day))], [.windows(.hour)])
        #expect(
            found == [
                .begin(.hour), .store(KeptPart(.windows(.day), isKept: false, pausedAt: 100)),
            ]
        )
    }

    /// 100 were counted when products were last kept, and 40 more came until they are again.
    @Test func `sales by product lack what came while they were not kept`() {
        let paused = KeptPart(.products, isKept: false, missing: 5, pausedAt: 100)
        #expect(
            steps([paused], [.products], counted: 140) == [
                .store(KeptPart(.products, missing: 45))
            ]
        )
    }

    @Test func `distinct counts are filled from shorter windows that lack nothing`() {
        let known = [
            KeptPart(.windows(.minute)), KeptPart(.windows(.hour)), KeptPart(.windows(.day)),
            KeptPart(.distinct(.minute)), KeptPart(.distinct(.hour), missing: 3),
            KeptPart(.distinctByCategory(.day), isKept: false, missing: 1, pausedAt: 90),
        ]
        let wanted: Set<CountedPart> = [
            .windows(.minute), .windows(.hour), .windows(.day),
            .distinct(.minute), .distinct(.hour), .distinct(.day), .distinctByCategory(.day),
        ]
        #expect(
            steps(known, wanted) == [
                .fillDistinct(KeptPart(.distinct(.day), missing: 100), from: .minute),
                // Kept again: 10 came meanwhile, and nothing shorter is kept by category.
                .store(KeptPart(.distinctByCategory(.day), missing: 11)),
            ]
        )
    }

    @Test func `what was kept of all distinct counts is noted window by window`() {
        let windows = [
            KeptPart(.windows(.hour)), KeptPart(.windows(.day)),
            KeptPart(.windows(.month), isKept: false, pausedAt: 40), KeptPart(.products),
        ]
        let parts = KeptPart.distinct(
            noted: (isKept: true, missing: 3, pausedAt: 0),
            in: windows,
            lacking: [.hour],
            counted: 100
        )
        #expect(parts.count == 8)
        #expect(
            parts.filter { !$0.part.text.hasSuffix("by category") } == [
                KeptPart(.distinct(.hour), missing: 100), KeptPart(.distinct(.day), missing: 3),
                KeptPart(.distinct(.month), isKept: false, missing: 3, pausedAt: 40),
                KeptPart(.distinct(.all), missing: 3),
            ]
        )
    }

    @Test func `a part is known by its text`() {
        for grain in Grain.allCases {
            for part in [CountedPart.distinct(grain), .distinctByCategory(grain)] {
                #expect(CountedPart(text: part.text) == part)
            }
        }
        #expect(CountedPart(text: "1d") == .windows(.day))
        #expect(CountedPart(text: "products") == .products)
        #expect(CountedPart(text: "all") == nil && CountedPart(text: "distinct") == nil)
    }

    @Test func `a topic has one owner, and who counted before owners were noted goes on`() throws {
        func claim(_ topic: String, _ subscription: String) -> CountingClaim {
            CountingClaim(topic: topic, subscription: subscription, parts: [])
        }
        var owners = CountingOwners(owners: ["events": "a"], counting: ["a"])
        #expect(throws: StoreError.self) { try owners.admit([claim("events", "b")], in: "w") }
        #expect(try owners.admit([claim("orders", "b")], in: "w") == ["a"])
        #expect(owners.owners == ["events": "a", "orders": "b"])
        // Two at once.
        var new = CountingOwners(owners: [:], counting: [])
        #expect(throws: StoreError.self) {
            try new.admit([claim("events", "a"), claim("events", "b")], in: "w")
        }
        var old = CountingOwners(owners: [:], counting: ["a"])
        #expect(throws: StoreError.self) { try old.admit([claim("events", "b")], in: "w") }
        #expect(try old.admit([claim("events", "a")], in: "w") == [])
    }
}
