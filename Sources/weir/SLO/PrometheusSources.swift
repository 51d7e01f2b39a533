internal import Documents
internal import Foundation
internal import PrometheusStores
internal import SLO
internal import Timekeeping

/// The Prometheus servers that the data sources of some objectives name.
struct PrometheusSources: Sendable {
    /// How wide the slices are into which the past of a query is cut, where the objective says
    /// nothing and nobody else does.
    private static let slice = Duration.seconds(60)

    /// By the names of their data sources.
    private var servers: [String: PrometheusServer] = [:]

    /// Servers for those of `objectives` whose history is asked for; none are reached yet.
    ///
    /// - Throws: `DocumentError` with every data source that does not say where its server is, and
    ///   every objective whose sources are of several types.
    init(of objectives: [Objective], _ dataSources: [ObjectiveSet.DataSource]) throws {
        var mistakes: [Mistake] = []
        for source in dataSources where source.kind == .prometheus {
            let site = source.site
            func mistake(_ message: String) {
                mistakes.append(
                    Mistake(
                        file: site.file,
                        line: site.line,
                        column: site.column,
                        message: "the DataSource '\(source.name)' \(message)"
                    )
                )
            }
            let details = source.connectionDetails
            var token: String?
            if let name = details["bearerTokenEnv"] {
                token = ProcessInfo.processInfo.environment[name]
                if token == nil {
                    mistake("names the variable \(name) for its token, and it is not set")
                }
            }
            guard let url = details["url"],
                let server = PrometheusServer(url: url, bearerToken: token)
            else {
                mistake(
                    "has no connectionDetails.url to reach a Prometheus by; expected one such as "
                        + "http://127.0.0.1:9090, without user and password"
                )
                continue
            }
            servers[source.name] = server
        }
        let used = Set(objectives.flatMap(\.components).flatMap(\.indicator.sources))
        guard mistakes.isEmpty || !used.contains(where: { $0.kind == .prometheus }) else {
            throw DocumentError(mistakes)
        }
        for objective in objectives where objective.isQueried {
            let sources = objective.components.flatMap(\.indicator.sources)
            for source in sources where servers[source.dataSource] == nil {
                throw DocumentError(
                    .unreadable,
                    source.kind == .prometheus
                        ? "'\(objective.name)' asks a Prometheus, and no DataSource says where it "
                            + "is; add one of type prometheus and name it with metricSourceRef"
                        : "'\(objective.name)' has sources of type \(source.kind.rawValue) beside "
                            + "those of type prometheus; expected sources of one type"
                )
            }
        }
    }

    /// Their addresses, each once.
    var labels: [String] { Set(servers.values.map(\.label)).sorted() }

    /// What the servers have of `objective` in `range`, in slices of `slice` where that is told.
    func read(
        _ objective: Objective,
        in range: Range<Timestamp>,
        slice: Duration?
    ) async throws -> RecordedHistory {
        let slice = slice ?? objective.budgeting.sliceWindow ?? PrometheusSources.slice
        var history = RecordedHistory(emptyFor: objective)
        history.slice = slice
        // Prometheus has nothing from before 1970.
        let first = max(range.lowerBound, Timestamp(seconds: 0))
        for (index, component) in objective.components.enumerated() {
            var answers: [QueriedSeries] = []
            for source in component.indicator.sources {
                guard let server = servers[source.dataSource], first <= range.upperBound else {
                    continue
                }
                answers.append(
                    try await server.series(
                        of: source.spec["query"] ?? "",
                        in: first...range.upperBound,
                        step: slice
                    )
                )
            }
            let queried = QueriedHistory(component.indicator, answers, slice: slice)
            history.components[index] = queried.slices
            history.faults.add(queried.faults)
        }
        return history
    }
}
