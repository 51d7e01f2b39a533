internal import ArgumentParser
internal import Datasets
internal import Documents
internal import OpenSLO
internal import OpeningStores
internal import Prometheus
internal import SLO
internal import Storage
internal import Timekeeping

/// Objectives checked against their history, as the options ask for it.
struct SLOEvaluation {
    var reviews: [ObjectiveReview]
    var asOf: Timestamp
    var source: String
    var overrides: [String] = []
    /// Why objectives have no history: what is the matter with the servers that would have it.
    var unanswered: [String] = []
    /// By the names of the objectives, as their documents have them.
    var revisions: [String: Revision] = [:]
    /// Those that the warehouse knows of.
    var deployments: [Deployment] = []
    /// How many rows of a file have a mistake, each of which was reported.
    var rowsNotCounted = 0
    /// Where the histories came from; it is closed.
    private var place: HistorySource

    /// The evaluation as a report.
    var report: SLOReport {
        var report = SLOReport(
            reviews,
            asOf: asOf,
            source: source,
            overrides: overrides,
            revisionOf: revisions
        )
        if !deployments.isEmpty {
            report.deployments = deployments.map {
                SLOReport.Deployment(version: $0.version, marked: $0.marked.description)
            }
        }
        return report
    }

    /// The verdict of `--gate`; with rows of a file that were not counted nothing passes.
    var gate: Gate {
        Gate(
            reviews.map { ($0.status.objective.name, $0.status.gateVerdict) },
            rowsNotCounted: rowsNotCounted
        )
    }

    /// A way in which objectives are followed.
    struct Variant {
        /// About how many steps the burn-down has.
        var points = 0
        /// In place of the window of each objective.
        var window: Duration?
        /// Changes an objective, and says what it changed.
        var change: (inout Objective) throws -> [String] = { _ in [] }

        /// `objective` changed so, and what was changed.
        func apply(to objective: Objective) throws -> (objective: Objective, overrides: [String]) {
            var changed = objective
            var overrides: [String] = []
            if let window {
                changed.timeWindow = .rolling(window)
                overrides.append("window=\(DurationText.write(window))")
            }
            overrides += try change(&changed)
            return (changed, overrides)
        }
    }

    /// Reads the objectives and their history, and follows it.
    ///
    /// `names` take the place of those of the options.
    init(_ options: SLOOptions, only names: [String]? = nil, points: Int = 0) async throws {
        let variant = Variant(points: points, window: options.window)
        let all = try await SLOEvaluation.each(options, only: names, [variant])
        self = all[0]
    }

    /// Reads the objectives and their history once, and follows it in each of these ways.
    static func each(
        _ options: SLOOptions,
        only names: [String]? = nil,
        _ variants: [Variant]
    ) async throws -> [SLOEvaluation] {
        let set = try options.objectives.read()
        let names = names ?? options.objective
        let followed = try set.objectives.map { objective in
            FollowedObjective(
                objective: objective,
                variants: try variants.map { try $0.apply(to: objective).objective }
            )
        }
        let reach = followed.map(\.reach).max()
        let source = try await SLOEvaluation.source(options, names, of: set, reach: reach)
        do {
            let all = try await evaluate(options, names, set, followed, source, variants)
            try await source.close()
            return all
        } catch {
            try? await source.close()
            throw error
        }
    }

    private static func evaluate(
        _ options: SLOOptions,
        _ names: [String],
        _ set: ObjectiveSet,
        _ followed: [FollowedObjective],
        _ source: HistorySource,
        _ variants: [Variant]
    ) async throws -> [SLOEvaluation] {
        let chosen = try SLOEvaluation.choose(names, from: set.objectives, for: source)
        let asOf = try SLOEvaluation.instant(options, source)
        let (reviews, unanswered) = try await source.reviews(
            of: chosen.compactMap { one in followed.first { $0.objective.name == one.name } },
            asOf: asOf,
            slice: options.slice,
            points: variants.map(\.points)
        )
        var common = SLOEvaluation(asOf: asOf, source: source, unanswered: unanswered)
        if case .file(let file, _) = source.place { common.rowsNotCounted = file.refusedRows }
        if case .store(let opened, _, _) = source.place, let log = opened.store.deploymentLog {
            common.deployments = try await log.deployments()
        }
        var all: [SLOEvaluation] = []
        for (index, variant) in variants.enumerated() {
            var evaluation = common
            evaluation.reviews = reviews.map { $0[index] }
            for objective in chosen {
                evaluation.revisions[objective.name] = objective.revision
                evaluation.overrides += try variant.apply(to: objective).overrides
                    .filter { !evaluation.overrides.contains($0) }
            }
            all.append(evaluation)
        }
        all.last?.tellFaults()
        return all
    }

    private init(asOf: Timestamp, source: HistorySource, unanswered: [String]) {
        reviews = []
        self.asOf = asOf
        self.source = source.label
        self.unanswered = unanswered
        place = source
    }

    /// Tells what of the histories is not in the figures, and how their queries are read.
    private func tellFaults() {
        for review in reviews {
            for assumption in review.assumptions {
                Terminal.message("warning: \(review.status.objective.name): \(assumption)")
            }
        }
        // Who read a file has reported each by its line.
        if case .file(_, let path) = place.place {
            for review in reviews where review.status.lastReport == nil {
                Terminal.message(
                    "warning: \(review.status.objective.name): \(path) has no row of this time"
                )
            }
            return
        }
        for review in reviews
        where review.status.objective.isQueried && review.status.lastReport == nil
            && unanswered.isEmpty
        {
            Terminal.message(
                "warning: \(review.status.objective.name): its query has given no value in this "
                    + "time; see that it has a series"
            )
        }
        for review in reviews {
            for (fault, count) in review.status.faults.met where fault.losesSlice {
                Terminal.message(
                    "warning: \(review.status.objective.name): not counted, as "
                        + "\(fault.rawValue): \(count) slices"
                )
            }
        }
    }

    /// Tells of the servers that gave no answer, to whom no figure is owed, and ends with the
    /// exit code for it; and with that for a file that was cut off.
    func expectAnswers() throws {
        try place.expectWhole()
        guard !unanswered.isEmpty else { return }
        for message in unanswered { Terminal.message("weir: \(message)") }
        throw ExitStatus.storeUnavailable.code
    }

    /// Where the options have the history of the objectives with these names, or of all.
    static func source(
        _ options: SLOOptions,
        _ names: [String],
        of set: ObjectiveSet,
        reach: Duration? = nil
    ) async throws -> HistorySource {
        let source =
            if let path = options.history {
                try HistorySource.file(at: path, keeping: extent(options, reach))
            } else {
                try await HistorySource.stores(
                    options.warehouse,
                    for: set.entries.filter { names.isEmpty || names.contains($0.objective.name) },
                    set.dataSources
                )
            }
        if let slice = options.slice { try source.check(slice: slice) }
        return source
    }

    /// How much of a file is kept: as far back from the instant as anything is asked for.
    private static func extent(_ options: SLOOptions, _ reach: Duration?) -> HistoryExtent {
        var extent = HistoryExtent(reach: reach)
        switch options.asOf {
        case .instant(let instant): extent.end = instant
        case .now: extent.end = RealTimeline().now
        case .latest, nil: break
        }
        return extent
    }

    static func instant(
        _ options: SLOOptions,
        _ source: HistorySource
    ) throws -> Timestamp {
        let now = RealTimeline().now
        switch options.asOf {
        case .instant(let instant): return instant
        case .now: return now
        case .latest: return source.end ?? now
        case nil: return options.history == nil ? now : source.end ?? now
        }
    }

    /// The objectives with these names, or all that the source may have a history of.
    static func choose(
        _ names: [String],
        from objectives: [Objective],
        for source: HistorySource
    ) throws -> [Objective] {
        let known = objectives.map(\.name)
        for name in names where !known.contains(name) {
            throw ValidationError(
                "there is no objective \(name)" + suggestion(for: name, in: known)
                    + "; there are " + known.joined(separator: ", ") + "."
            )
        }
        var chosen = names.isEmpty ? objectives : objectives.filter { names.contains($0.name) }
        guard case .file(let file, let path) = source.place else { return chosen }
        let named = file.series.compactMap(\.objective)
        if named.isEmpty {
            if names.isEmpty { chosen.removeAll(where: \.isComposite) }
            guard chosen.count == 1 else {
                throw ValidationError(
                    "\(path) has the history of one objective; say which with --objective: "
                        + known.joined(separator: ", ") + "."
                )
            }
        } else if names.isEmpty {
            chosen.removeAll { !named.contains($0.name) }
            for composite in chosen.filter(\.isComposite) {
                Terminal.message(
                    "\(composite.name) is left out: it has \(composite.components.count) "
                        + "indicators, and a file has the history of one"
                )
            }
            chosen.removeAll(where: \.isComposite)
            guard !chosen.isEmpty else {
                throw ValidationError(
                    "\(path) has the history of \(named.joined(separator: ", ")), and none of "
                        + "them is an objective; there are \(known.joined(separator: ", "))."
                )
            }
        }
        if let composite = chosen.first(where: \.isComposite) {
            throw ValidationError(
                "'\(composite.name)' has \(composite.components.count) indicators, and a file "
                    + "has the history of one; read it from a warehouse."
            )
        }
        return chosen
    }
}
