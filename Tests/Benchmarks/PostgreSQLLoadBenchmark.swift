internal import Foundation
internal import Pipeline
internal import PostgreSQLStores
internal import Timekeeping

/// What the server works for the pipeline at a million events a minute.
struct PostgreSQLLoadBenchmark {
    var seconds = 20

    func measure() async throws -> [Figure] {
        let (location, url) = try PostgreSQLBenchmark.location("load")
        let line = try BareLine(url)
        let warehouse = try await PostgreSQLWarehouse(location)
        let name = location.schema
        let mine = try line.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = '\(name)'"
        ).compactMap { Int($0[0]) }
        guard let postmaster = mine.first.flatMap(ServerProcess.init)?.parent else {
            throw RemoteServer()
        }
        var options = RunOptions()
        options.rate = .perSecond(1_000_000.0 / 60)
        options.duration = .seconds(seconds)
        let run = try PostgreSQLBenchmark.run(options, warehouse)
        let before = ServerProcess.children(of: postmaster)
        let report = try await run.run(stop: Signal()).report
        let backends = try line.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = '\(name)'"
        ).compactMap { Int($0[0]) }
        let after = ServerProcess.children(of: postmaster)
        await warehouse.close()
        try line.execute("DROP SCHEMA \(name) CASCADE")
        let used = { (isCounted: (Int) -> Bool) in
            after.filter { isCounted($0.id) }.reduce(0.0) { sum, process in
                sum + process.seconds
                    - (before.first { $0.id == process.id }.map(\.seconds) ?? 0)
            } / report.durationSeconds
        }
        guard let stage = report.stages.first(where: { $0.name == "analytics" }) else {
            preconditionFailure("the pipeline has an analytics stage")
        }
        return [
            Figure(
                name: "postgresql-load.events",
                value: Double(stage.processed) / report.durationSeconds,
                unit: "events/s"
            ),
            Figure(
                name: "postgresql-load.backends",
                value: used(backends.contains),
                unit: "cores",
                target: "< 0.20"
            ),
            Figure(
                name: "postgresql-load.server",
                value: used { _ in true },
                unit: "cores, with what it does in the background"
            ),
        ]
    }
}

/// The server's processes are not on this machine.
struct RemoteServer: Error, CustomStringConvertible {
    let description =
        "postgresql-load reads the server's processor time from /proc: WEIR_WAREHOUSE_URL must "
        + "name a server on this machine"
}

/// A process of the server, as /proc has it.
private struct ServerProcess {
    var id: Int
    var parent: Int
    /// Processor time.
    var seconds: Double

    init?(_ id: Int) {
        guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
            let name = text.lastIndex(of: ")")
        else { return nil }
        // After the name, which may hold anything: state, parent, …; proc(5) counts from 1.
        let fields = text[text.index(after: name)...].split(separator: " ")
        guard fields.count > 12, let parent = Int(fields[1]), let user = Double(fields[11]),
            let system = Double(fields[12])
        else { return nil }
        self.id = id
        self.parent = parent
        seconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    static func children(of parent: Int) -> [ServerProcess] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int($0) }.compactMap(ServerProcess.init)
            .filter { $0.parent == parent }
    }
}
