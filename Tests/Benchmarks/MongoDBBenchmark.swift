internal import Foundation
internal import MongoDBStores
internal import Pipeline
internal import Storage
internal import TestSupport
internal import Timekeeping

/// Raw ingest into MongoDB through the pipeline against a bare libmongoc loop that inserts the
/// same documents, unordered, in batches of the same size, into a collection of the same indexes.
///
/// A server takes far longer over a document than it takes to make one, so there the loop has
/// them ready; against a server that forgets them, it makes them, as the pipeline must.
struct MongoDBBenchmark {
    var name: String
    var url: String
    var events: Int
    var making: BareMongoDB.Making
    var batch = 4096
    var rounds = 5

    /// Against the server that WEIR_RAW_URL names.
    static func server() throws -> MongoDBBenchmark {
        guard let url = ProcessInfo.processInfo.environment["WEIR_RAW_URL"],
            url.hasPrefix("mongodb")
        else {
            throw MongoDBBenchmarkError(
                description: "mongodb-ingest needs a server: start one with infra/stack up "
                    + "mongodb, then eval \"$(infra/stack urls mongodb)\", which sets WEIR_RAW_URL"
            )
        }
        return MongoDBBenchmark(name: "mongodb-ingest", url: url, events: 20_000, making: .ready)
    }

    /// Against a server that forgets what it is given: what the client alone can do.
    static func sink() async throws -> [Figure] {
        let server = try MongoWireServer()
        server.start()
        defer { server.close() }
        let url = "mongodb://127.0.0.1:\(server.port)/weir"
        return try await MongoDBBenchmark(
            name: "mongodb-ingest-sink",
            url: url,
            events: 400_000,
            making: .building
        ).measure()
    }

    func measure() async throws -> [Figure] {
        let documents = try await sample()
        let driver = try BareMongoDB(url)
        var bare: [Double] = []
        var pipeline: [Double] = []
        for round in 0..<rounds {
            let database = "weir_bench_\(ProcessInfo.processInfo.processIdentifier)_\(round)"
            defer { driver.drop(database) }
            pipeline.append(try await run(into: try location(url, database)))
            driver.drop(database)
            // The store makes the collection, with its indexes and its validator.
            try await MongoDBRawStore(try location(url, database)).close()
            bare.append(try driver.insert(documents, making, into: database, batch: batch))
        }
        let ratios = zip(pipeline, bare).map { $0 / $1 }
        return [
            Figure(name: "\(name).bare", value: bare.median, unit: "events/s"),
            Figure(
                name: "\(name).pipeline",
                value: pipeline.median,
                unit: "events/s",
                ratio: ratios.median,
                target: ">= 0.9 of bare"
            ),
        ]
    }

    /// The documents that the pipeline sends.
    private func sample() async throws -> [[UInt8]] {
        let server = try MongoWireServer(keeps: true)
        server.start()
        defer { server.close() }
        _ = try await run(into: try location("mongodb://127.0.0.1:\(server.port)", "weir"))
        return server.documents
    }

    private func location(_ url: String, _ database: String) throws -> MongoDBLocation {
        var parts = URLComponents(string: url)
        parts?.path = "/\(database)"
        guard let url = parts?.string, let location = try MongoDBLocation(url: url) else {
            throw MongoDBBenchmarkError(description: "WEIR_RAW_URL is no URL of MongoDB")
        }
        return location
    }

    /// Runs the pipeline into a new store; gives events per second.
    private func run(into location: MongoDBLocation) async throws -> Double {
        let store = try await MongoDBRawStore(location)
        let report = try await IngestPipeline(name: name, events: events, batch: batch)
            .run(into: store, label: "\(location)")
        await store.close()
        return Double(events) / report.durationSeconds
    }
}

/// Why a benchmark cannot be run.
struct MongoDBBenchmarkError: Error, CustomStringConvertible {
    var description: String
}
