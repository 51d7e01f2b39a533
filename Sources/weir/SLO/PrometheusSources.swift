internal import Documents
internal import Foundation
internal import OpenSLO
internal import OpeningStores
internal import Prometheus
internal import PrometheusStores
internal import SLO
internal import Storage
internal import Timekeeping

/// The Prometheus servers that the data sources of some objectives name.
struct PrometheusSources: Sendable {
    /// How wide the slices are into which the past of a query is cut, where the objective says
    /// nothing and no option does.
    private static let slice = Duration.seconds(60)

    /// By the names of their data sources.
    private var servers: [String: PrometheusServer] = [:]

    /// Servers for objectives whose history is asked for; none are reached yet.
    ///
    /// - Throws: `DocumentError` with every data source that does not say where its server is, and
    ///   every objective that has other sources as well.
    init(of entries: [ObjectiveSet.Entry], _ dataSources: [ObjectiveSet.DataSource]) throws {
        var mistakes: [Mistake] = []
        for source in dataSources where source.kind == .prometheus {
            do throws(SourceMistake) {
                servers[source.name] = try PrometheusSources.server(source)
            } catch {
                mistakes.append(
                    source.site.mistake("the DataSource '\(source.name)' \(error.text)")
                )
            }
        }
        for entry in entries {
            let (name, sources) = (
                entry.objective.name, entry.objective.components.flatMap(\.indicator.sources)
            )
            if sources.contains(where: { $0.kind != .prometheus }) {
                mistakes.append(
                    entry.site.mistake(
                        "'\(name)' has sources of type prometheus and others; expected one type"
                    )
                )
            } else if sources.contains(where: { source in
                !dataSources.contains { $0.name == source.dataSource }
            }) {
                mistakes.append(
                    entry.site.mistake(
                        "'\(name)' asks a Prometheus, and no DataSource says where it is; add one "
                            + "of type prometheus and name it with metricSourceRef"
                    )
                )
            }
        }
        guard mistakes.isEmpty else { throw DocumentError(mistakes) }
    }

    /// What is wrong with a data source, behind its name.
    private struct SourceMistake: Error {
        var text: String
    }

    private static func server(
        _ source: ObjectiveSet.DataSource
    ) throws(SourceMistake) -> PrometheusServer {
        var token: String?
        if let name = source.bearerTokenEnv {
            token = ProcessInfo.processInfo.environment[name]
            guard token != nil else {
                throw SourceMistake(
                    text: "names the variable \(name) for its token, and it is not set; set it"
                )
            }
        }
        do throws(StoreError) {
            return try StorePlaces.opening.prometheus(at: source.url ?? "", bearerToken: token)
        } catch {
            throw SourceMistake(
                text: "has no connectionDetails.url to reach a Prometheus by; \(error)"
            )
        }
    }

    /// Their addresses, each once.
    var labels: [String] { Set(servers.values.map(\.label)).sorted() }

    /// What the servers have of `objective` in `range`, in slices of `slice` where that is given.
    func read(
        _ objective: Objective,
        in range: Range<Timestamp>,
        slice: Duration?
    ) async throws -> RecordedHistory {
        let slice = slice ?? objective.budgeting.sliceWindow ?? PrometheusSources.slice
        // Prometheus has nothing from before 1970.
        let first = max(range.lowerBound, Timestamp(seconds: 0))
        let asked = first <= range.upperBound ? first...range.upperBound : nil
        var gathered: [SliceGatherer] = []
        var faults = SliceDefects()
        var assumptions: [String] = []
        for component in objective.components {
            let indicator = component.indicator
            let readings = indicator.readings(slice: slice)
            let history: QueriedHistory
            if case .ratio(let ratio) = indicator, readings.count == 2 {
                var counts: [QueriedCounts] = []
                for (source, reading) in zip(indicator.sources, readings) {
                    counts.append(try await self.counts(of: source, reading, in: asked, slice))
                    let query = "'\(source.query ?? "")'"
                    assumptions += reading.assumption.map { ["\(query) is read as \($0)"] } ?? []
                    assumptions += reading.doubt.map { ["\(query): \($0)"] } ?? []
                }
                history = QueriedHistory(ratio, counts, slice: slice)
            } else {
                let series = try await self.series(of: indicator, in: asked, slice)
                history = QueriedHistory(indicator, series, slice: slice)
            }
            gathered.append(history.gathered)
            faults.add(history.faults)
        }
        return RecordedHistory(
            slice: slice,
            gathered: gathered,
            faults: faults,
            assumptions: assumptions
        )
    }

    private func counts(
        of source: MetricSource,
        _ reading: QueryReading,
        in range: ClosedRange<Timestamp>?,
        _ slice: Duration
    ) async throws -> QueriedCounts {
        var counts = QueriedCounts(reading, slice: slice)
        guard let server = servers[source.dataSource], let range else { return counts }
        try await server.series(of: source.query ?? "", in: range, step: slice) {
            counts.take($0)
        }
        return counts
    }

    /// The one series of an indicator that is not a ratio of counts.
    private func series(
        of indicator: Indicator,
        in range: ClosedRange<Timestamp>?,
        _ slice: Duration
    ) async throws -> QueriedSeries {
        var series = QueriedSeries()
        guard let source = indicator.sources.first, let server = servers[source.dataSource],
            let range
        else { return series }
        let query = source.query ?? ""
        try await server.series(of: query, in: range, step: slice) {
            answer throws(PrometheusError) in
            guard answer.count <= 1 else { throw server.severalSeries(answer.count, of: query) }
            series.samples += answer.first?.samples ?? []
        }
        return series
    }
}
