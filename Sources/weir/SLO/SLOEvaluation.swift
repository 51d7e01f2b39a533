internal import ArgumentParser
internal import Datasets
internal import Documents
internal import SLO
internal import Timekeeping

/// Objectives held to their history, as the options ask for it.
struct SLOEvaluation {
    static let defaultObjectives = ["slo/storefront"]

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
    /// How many rows of a file have a mistake, each of which was told.
    var rowsNotCounted = 0

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

    /// What `--gate` makes of it; rows of a file that were not counted let nothing pass.
    var gate: Gate {
        Gate(
            reviews.map { ($0.status.objective.name, $0.status.gateVerdict) },
            rowsNotCounted: rowsNotCounted
        )
    }

    /// Reads the objectives and their history, and follows it.
    ///
    /// `names` take the place of those of the options, `change` is made to each objective before
    /// it is followed and says what it changed, and the burn-down has about as many steps as
    /// `points` says.
    init(
        _ options: SLOOptions,
        only names: [String]? = nil,
        points: Int = 0,
        change: (inout Objective) throws -> [String] = { _ in [] }
    ) async throws {
        let set = try SLOEvaluation.objectives(at: options.objectives)
        let names = names ?? options.objective
        let source = try await SLOEvaluation.source(options, names, of: set)
        do {
            let chosen = try SLOEvaluation.choose(names, from: set.objectives, for: source)
            asOf = try SLOEvaluation.instant(options, source)
            self.source = source.label
            if case .file(let file, _) = source.place { rowsNotCounted = file.mistakes.count }
            if case .store(let store, _) = source.place,
                let log = store.warehouse as? any DeploymentLog
            {
                deployments = try await log.deployments()
            }
            reviews = []
            var followed: [(objective: Objective, changed: Objective)] = []
            for objective in chosen {
                revisions[objective.name] = objective.revision
                var changed = objective
                if let window = options.window?.duration {
                    changed.timeWindow = .rolling(window)
                    overrides = ["window=\(DurationText.write(window))"]
                }
                overrides += try change(&changed).filter { !overrides.contains($0) }
                followed.append((objective, changed))
            }
            (reviews, unanswered) = try await source.reviews(
                of: followed,
                asOf: asOf,
                slice: options.slice?.duration,
                points: points
            )
            tellFaults(of: source)
        } catch {
            try? await source.close()
            throw error
        }
        try await source.close()
    }

    /// Tells what of the histories is not in the figures.
    private func tellFaults(of source: HistorySource) {
        for review in reviews
        where review.status.objective.isQueried && review.status.lastReport == nil
            && unanswered.isEmpty
        {
            Terminal.message(
                "warning: \(review.status.objective.name): its query has given no value in this "
                    + "time; expected one series"
            )
        }
        // Who read a file has told of each by its line.
        if case .file = source.place { return }
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
    /// exit code for it.
    func expectAnswers() throws {
        guard !unanswered.isEmpty else { return }
        for message in unanswered { Terminal.message("weir: \(message)") }
        throw ExitStatus.storeUnavailable.code
    }

    /// The objectives of these files and directories, or of the default ones.
    static func objectives(at paths: [String]) throws -> ObjectiveSet {
        try ObjectiveFiles(paths.isEmpty ? defaultObjectives : paths).read()
    }

    /// Where the options have the history of the objectives with these names, or of all.
    static func source(
        _ options: SLOOptions,
        _ names: [String],
        of set: ObjectiveSet
    ) async throws -> HistorySource {
        let source =
            if let path = options.history {
                try HistorySource.file(at: path)
            } else {
                try await HistorySource.stores(
                    options.warehouse,
                    for: set.entries.filter { names.isEmpty || names.contains($0.objective.name) },
                    set.dataSources
                )
            }
        if let slice = options.slice?.duration { try source.check(slice: slice) }
        return source
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
        let told = file.series.compactMap(\.objective)
        if told.isEmpty {
            if names.isEmpty { chosen.removeAll(where: \.isComposite) }
            guard chosen.count == 1 else {
                throw ValidationError(
                    "\(path) has the history of one objective; say which with --objective: "
                        + known.joined(separator: ", ") + "."
                )
            }
        } else if names.isEmpty {
            chosen.removeAll { !told.contains($0.name) }
            for composite in chosen.filter(\.isComposite) {
                Terminal.message(
                    "\(composite.name) is left out: it has \(composite.components.count) "
                        + "indicators, and a file has the history of one"
                )
            }
            chosen.removeAll(where: \.isComposite)
            guard !chosen.isEmpty else {
                throw ValidationError(
                    "\(path) has the history of \(told.joined(separator: ", ")), and none of "
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
