internal import Timekeeping

/// What a run is about to count in a warehouse: which topic, for whom, and what it keeps of it.
package struct CountingClaim: Hashable, Sendable {
    /// The topic whose events are counted.
    package var topic: String
    /// Who reads it.
    package var subscription: String
    /// What is kept of the events.
    package var parts: [CountedPart]

    package init(topic: String, subscription: String, parts: [CountedPart]) {
        self.topic = topic
        self.subscription = subscription
        self.parts = parts
    }
}

/// A part of the aggregates that a pipeline may keep or not; the window over all time is always
/// kept.
package enum CountedPart: Hashable, Sendable, Comparable {
    /// The windows of one length.
    case windows(Grain)
    /// Distinct shoppers and sessions in the windows of one length.
    case distinct(Grain)
    /// Distinct shoppers of each category in the windows of one length.
    case distinctByCategory(Grain)
    /// Sales by product.
    case products

    private static let (distinct, byCategory) = ("distinct ", " by category")

    /// As a warehouse stores it: the length of the windows; `distinct` with a length, and
    /// `by category` where it is; `products`.
    package var text: String {
        switch self {
        case .windows(let grain): grain.rawValue
        case .distinct(let grain): CountedPart.distinct + grain.rawValue
        case .distinctByCategory(let grain):
            CountedPart.distinct + grain.rawValue + CountedPart.byCategory
        case .products: "products"
        }
    }

    /// The part with this text; nil where there is none.
    package init?(text: String) {
        let parts = Grain.allCases.flatMap { grain -> [CountedPart] in
            [.distinct(grain), .distinctByCategory(grain)]
                + (grain == .all ? [.products] : [.windows(grain)])
        }
        guard let part = parts.first(where: { $0.text == text }) else { return nil }
        self = part
    }

    private var order: UInt8 {
        switch self {
        case .windows(let grain): grain.order
        case .distinct(let grain): 100 + grain.order
        case .distinctByCategory(let grain): 150 + grain.order
        case .products: 200
        }
    }

    /// The same part of the windows of `grain`.
    fileprivate func part(of grain: Grain) -> CountedPart {
        switch self {
        case .windows: .windows(grain)
        case .distinct: .distinct(grain)
        case .distinctByCategory: .distinctByCategory(grain)
        case .products: .products
        }
    }

    /// The length of its windows; nil where they have always the same.
    fileprivate var grain: Grain? {
        switch self {
        case .windows(let grain), .distinct(let grain), .distinctByCategory(let grain): grain
        case .products: nil
        }
    }

    /// Windows come first, the shorter ones before the longer ones.
    package static func < (left: CountedPart, right: CountedPart) -> Bool {
        left.order < right.order
    }
}

/// What a warehouse knows of one part of its aggregates.
package struct KeptPart: Hashable, Sendable {
    package var part: CountedPart
    /// Whether the last run kept it.
    package var isKept: Bool
    /// How many of the counted events it does not hold because it was not kept when they came,
    /// and could not be filled from shorter windows.
    package var missing: Int64
    /// How many events all windows held when it was last kept; only of a part that no longer is.
    package var pausedAt: Int64

    package init(
        _ part: CountedPart,
        isKept: Bool = true,
        missing: Int64 = 0,
        pausedAt: Int64 = 0
    ) {
        self.part = part
        self.isKept = isKept
        self.missing = missing
        self.pausedAt = pausedAt
    }

    /// What is known of the distinct counts where an earlier version kept them in all windows or
    /// in none, and noted `all` of them: in the `windows`, of which they are not whole in
    /// `lacking`, and over everything.
    package static func distinct(
        noted all: (isKept: Bool, missing: Int64, pausedAt: Int64),
        in windows: [KeptPart],
        lacking: Set<Grain>,
        counted: Int64
    ) -> [KeptPart] {
        var parts: [KeptPart] = []
        func add(_ grain: Grain, _ missing: Int64, pausedAt: Int64?) {
            for part in [CountedPart.distinct(grain), .distinctByCategory(grain)] {
                parts.append(
                    KeptPart(
                        part,
                        isKept: pausedAt == nil,
                        missing: missing,
                        pausedAt: pausedAt ?? 0
                    )
                )
            }
        }
        let pausedAt = all.isKept ? nil : all.pausedAt
        for kept in windows {
            guard case .windows(let grain) = kept.part else { continue }
            // How much it was, was not noted.
            let missing = lacking.contains(grain) ? counted : all.missing
            let windowsPausedAt = kept.isKept ? nil : kept.pausedAt
            add(grain, missing, pausedAt: [pausedAt, windowsPausedAt].compactMap(\.self).min())
        }
        add(.all, all.missing, pausedAt: pausedAt)
        return parts
    }
}

/// What a warehouse answers to the claims of a run.
package struct CountingTerms: Hashable, Sendable {
    /// The parts that the run keeps and that lack something.
    package var gaps: [KeptPart]
    /// Other subscriptions that have counted here: an event of a log that one of them has counted
    /// is not counted again.
    package var others: [String]
    /// The parts that hold what was counted up to an earlier run, and that this one does not keep.
    package var dropped: [KeptPart] = []

    package init(gaps: [KeptPart] = [], others: [String] = []) {
        self.gaps = gaps
        self.others = others
    }

    /// The answer of a warehouse that now knows this of its parts to a run that keeps `wanted`.
    package init(known: [KeptPart], wanted: Set<CountedPart>, others: [String]) {
        let known = known.sorted { $0.part < $1.part }
        self.init(
            gaps: known.filter { wanted.contains($0.part) && $0.missing > 0 },
            others: others
        )
        dropped = known.filter { !$0.isKept && $0.pausedAt > 0 }
    }
}

/// Decides what becomes of the parts of a warehouse's aggregates when a run begins; a pure value.
///
/// A warehouse does what the plan says in one transaction, so that a run which is refused, or
/// killed meanwhile, leaves everything as it was.
package struct CountingPlan: Hashable, Sendable {
    /// What is to be done with one part.
    package enum Step: Hashable, Sendable {
        /// The part is stored as it is said here.
        case store(KeptPart)
        /// The windows of this length are made anew from shorter ones, which hold everything;
        /// what is then missing is counted and stored.
        case fill(Grain, from: Grain)
        /// Windows of this length begin now; what is missing is counted and stored.
        case begin(Grain)
        /// These distinct counts are made anew from those of shorter windows, which lack nothing,
        /// and what came too late for the shorter ones is missing. Where sketches of the shorter
        /// windows do not give those of the longer, the part is stored as it is said here.
        case fillDistinct(KeptPart, from: Grain)
    }

    /// In the order in which they are to be done.
    package var steps: [Step] = []

    /// The plan for a run that keeps `wanted`.
    ///
    /// - Parameters:
    ///   - known: What is stored of the parts.
    ///   - wanted: What the run keeps.
    ///   - counted: How many events the window over all time holds.
    package init(known: [KeptPart], wanted: Set<CountedPart>, counted: Int64) {
        let stored = Dictionary(known.map { ($0.part, $0) }) { first, _ in first }
        // What is complete, and so may fill longer windows: what was kept up to now, and lacks
        // nothing.
        let complete = Set(known.filter { $0.isKept && $0.missing == 0 }.map(\.part))
        func source(of part: CountedPart) -> Grain? {
            guard let grain = part.grain else { return nil }
            return Grain.allCases.last { $0 < grain && complete.contains(part.part(of: $0)) }
        }
        for part in wanted.sorted() {
            if let kept = stored[part], kept.isKept { continue }
            guard counted > 0 else {
                steps.append(.store(KeptPart(part)))
                continue
            }
            let source = source(of: part)
            if case .windows(let grain) = part {
                steps.append(source.map { .fill(grain, from: $0) } ?? .begin(grain))
                continue
            }
            let before = stored[part]
            let missing = counted.subtractingSaturated(before?.pausedAt ?? 0)
                .addingSaturated(before?.missing ?? 0)
            let resumed = KeptPart(part, missing: missing)
            if missing > 0, let source {
                steps.append(.fillDistinct(resumed, from: source))
            } else {
                steps.append(.store(resumed))
            }
        }
        for kept in known.sorted(by: { $0.part < $1.part })
        where kept.isKept && !wanted.contains(kept.part) {
            var paused = kept
            paused.isKept = false
            paused.pausedAt = counted
            steps.append(.store(paused))
        }
    }
}

extension StoreError {
    /// A claim on a topic that another subscription counts.
    package init(owned claim: CountingClaim, by owner: String, in store: String) {
        self.init(
            .refused,
            "\(store): topic \"\(claim.topic)\" is counted here for the subscription "
                + "\"\(owner)\", and \"\(claim.subscription)\" would count its events once more; "
                + "call the subscription \"\(owner)\", or give this pipeline a warehouse of its own"
        )
    }

    /// A claim on a warehouse in which `others` counted before owners were kept.
    package init(unknown claim: CountingClaim, others: [String], in store: String) {
        let names = others.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
        self.init(
            .refused,
            "\(store): an earlier version has counted here for \(names), and did not note the "
                + "topic, so that \"\(claim.subscription)\" may count the same events once more; "
                + "call the subscription as before, or give this pipeline a warehouse of its own"
        )
    }

    /// A store that another run writes to; `remark` says what else there is to know.
    package init(heldBy holder: String, _ store: String, remark: String = "") {
        self.init(
            .busy,
            "\(store): \(holder) writes to it now; let that end, or name another store"
                + (remark.isEmpty ? "" : " (\(remark))")
        )
    }
}

extension Int64 {
    /// The difference, or the nearest number there is: stored numbers may be anything.
    package func subtractingSaturated(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }
}

/// Who counts which topic in a warehouse; a pure value.
package struct CountingOwners: Hashable, Sendable {
    /// The subscription of each topic.
    package var owners: [String: String]
    /// The subscriptions that have counted; those that do not own it did so before owners were
    /// noted.
    package var counting: Set<String>

    package init(owners: [String: String], counting: Set<String>) {
        self.owners = owners
        self.counting = counting
    }

    /// Takes in `claims`; gives the other subscriptions that have counted here.
    ///
    /// - Throws: `StoreError` where what is claimed is counted for another subscription.
    package mutating func admit(
        _ claims: [CountingClaim],
        in store: String
    ) throws(StoreError) -> [String] {
        let noted = Set(owners.values)
        let unnoted = counting.subtracting(noted)
        for claim in claims {
            if let owner = owners[claim.topic] {
                guard owner.utf8.elementsEqual(claim.subscription.utf8) else {
                    throw StoreError(owned: claim, by: owner, in: store)
                }
                continue
            }
            guard unnoted.isEmpty || counting.contains(claim.subscription) else {
                throw StoreError(unknown: claim, others: Array(unnoted), in: store)
            }
            owners[claim.topic] = claim.subscription
        }
        let own = Set(claims.map(\.subscription))
        // order-free: sorted
        return counting.union(owners.values).subtracting(own).sorted()
    }
}
