import Commerce
import Foundation
import PostgreSQLStores
import SQLStores
import Storage
import Subprocess
import TestSupport
import Testing
import Timekeeping

/// Servers that are killed and suspended while commits go on.
@Suite(
    .enabled(if: PostgreSQLOwnServer.isPossible, PostgreSQLOwnServer.skipped),
    .serialized
)
struct PostgreSQLOutageTests {
    private func commit(_ number: Int64) -> WarehouseCommit {
        var commit = WarehouseCommit()
        commit.number = number
        for second in 0..<50 as Range<Int64> {
            commit.add(.second, Timestamp(seconds: number * 50 + second), .sample())
        }
        commit.add(.hour, Shop.epoch, .revenue(1))
        commit.add(product: "p1", ProductCell(revenue: 1))
        commit.add(.sessions, .hour, Shop.epoch, hashes: [UInt64(number) << 32])
        commit.count([IdentityDigest(high: UInt64(number), low: 0)])
        commit.consume("log", 1...number)
        return commit
    }

    /// Commits one after the other, each until it is stored, as a stage does; says how many
    /// when `isOver`.
    private func commitAll(
        to warehouse: PostgreSQLWarehouse,
        stored: Locked<Int64>,
        until isOver: Locked<Bool>
    ) async throws {
        let timeline = RealTimeline()
        var number: Int64 = 0
        while !isOver.value {
            number += 1
            let began = timeline.now
            while true {
                do throws(StoreError) {
                    try await warehouse.commit(commit(number))
                    break
                } catch {
                    try #require(error.isTransient, "\(error)")
                    try #require(timeline.now - began < .seconds(600), "\(error)")
                    try await timeline.sleep(until: timeline.now + .milliseconds(20))
                }
            }
            let last = number
            stored.change { $0 = last }
        }
    }

    /// Troubles the server while commits go on, and expects that each is stored once.
    private func expectEachOnce(
        _ location: PostgreSQLLocation,
        while trouble: (_ stored: Locked<Int64>) async throws -> Void
    ) async throws {
        let warehouse = try await PostgreSQLWarehouse(location)
        let (stored, isOver) = (Locked(Int64(0)), Locked(false))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await commitAll(to: warehouse, stored: stored, until: isOver)
            }
            try await trouble(stored)
            isOver.change { $0 = true }
            try await group.waitForAll()
        }
        let count = stored.value
        let hours = try await warehouse.windows(.hour, categories: .total)
        #expect(hours.map(\.cell.revenue) == [count])
        #expect(hours.map { $0.distinct[.sessions]?.count } == [count])
        #expect(try await warehouse.topProducts(atMost: 1).map(\.cell.revenue) == [count])
        let seconds = try await warehouse.windows(.second, categories: .total)
        #expect(seconds.count == Int(count) * 50)
        #expect(seconds.allSatisfy { $0.cell.text == WindowCell.sample().text })
        let progress = try await warehouse.progress(of: "analytics")
        #expect(progress.map(\.consumed.intervals) == [[1...count]])
        let identities = (1...count).map { IdentityDigest(high: UInt64($0), low: 0) }
        let question = CountedQuestion(events: identities)
        let answer = try await warehouse.alreadyCounted(question, by: "analytics")
        #expect(answer.events.count == Int(count))
        await warehouse.close()
    }

    /// Waits for some more commits and a random while, so that the next one is anywhere.
    private func letPass(_ stored: Locked<Int64>, _ random: inout Randomness) async throws {
        let timeline = RealTimeline()
        let goal = stored.value + 2 + Int64(random.below(20))
        while stored.value < goal {
            try await timeline.sleep(until: timeline.now + .milliseconds(1))
        }
        let wait = Duration.microseconds(Int64(random.below(20_000)))
        try await timeline.sleep(until: timeline.now + wait)
    }

    @Test func `a server that is killed and started again has each commit once`() async throws {
        try await PostgreSQLOwnServer.visit { own, server in
            var random = Randomness(seed: 3)
            try await expectEachOnce(server.location(schema: "weir")) { stored in
                for _ in 0..<6 {
                    try await letPass(stored, &random)
                    try await own.kill()
                    try await own.up()
                }
                try await letPass(stored, &random)
            }
        }
    }

    @Test func `a server that is suspended for longer than patience has each commit once`()
        async throws
    {
        try await PostgreSQLOwnServer.visit { own, server in
            var random = Randomness(seed: 4)
            // Several times what a commit takes here and now, so that patience ends for the
            // outages alone, however busy the machine is.
            let patience = max(.milliseconds(300), try await timeOfACommit(server) * 10)
            let location = try server.location(schema: "weir", patience: patience)
            let timeline = RealTimeline()
            try await expectEachOnce(location) { stored in
                for _ in 0..<10 {
                    try await letPass(stored, &random)
                    try own.suspend()
                    let outage = patience * (Double(1 + random.below(9)) / 3)
                    try await timeline.sleep(until: timeline.now + outage)
                    try own.resume()
                }
                try await letPass(stored, &random)
            }
        }
    }

    /// The longest of some commits to a schema of their own.
    private func timeOfACommit(_ server: PostgreSQLTestServer) async throws -> Duration {
        let warehouse = try await server.warehouse("measured")
        let timeline = RealTimeline()
        var longest = Duration.zero
        for number in 1...5 as ClosedRange<Int64> {
            let began = timeline.now
            try await warehouse.commit(commit(number))
            longest = max(longest, timeline.now - began)
        }
        await warehouse.close()
        return longest
    }

    @Test func `a suspended server is given up after the patience, by calls of every kind`()
        async throws
    {
        try await PostgreSQLOwnServer.visit { own, server in
            let patience = max(.seconds(1), try await timeOfACommit(server) * 10)
            let location = try server.location(schema: "weir", patience: patience)
            let warehouse = try await PostgreSQLWarehouse(location)
            try await warehouse.commit(commit(1))
            try own.suspend()
            let timeline = RealTimeline()
            let began = timeline.now
            async let first = refusal { try await warehouse.commit(self.commit(2)) }
            async let second = refusal { _ = try await warehouse.progress(of: "analytics") }
            async let third = refusal { _ = try await warehouse.exceptions() }
            async let fourth = refusal { _ = try await PostgreSQLWarehouse(location) }
            for error in await [first, second, third, fourth] {
                #expect(error?.code == .unavailable)
                #expect(error?.message.contains("PostgreSQL at 127.0.0.1:") == true)
            }
            // Far from a hang; a machine that is busy may take its time.
            #expect(timeline.now - began < patience * 20 + .seconds(300))
            try own.resume()
            try await warehouse.commit(commit(2))
            let rows = try await warehouse.windows(.hour, categories: .total)
            #expect(rows.map(\.cell.revenue) == [2])
            await warehouse.close()
        }
    }

    private func refusal(_ body: () async throws -> Void) async -> StoreError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? StoreError
        }
    }

    @Test func `certificates that do not fit are refused, and the right one is taken`()
        async throws
    {
        try await PostgreSQLOwnServer.visit { own, server in
            try await own.serveTLS()
            let certificate = own.data.appending(path: "server.crt").path
            let schema = "weir"
            for (options, isRefused) in [
                ("sslmode=verify-full&sslrootcert=/nowhere", true),
                ("sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt", true),
                ("sslmode=verify-full&sslrootcert=\(certificate)", true),
                ("sslmode=disable", true),
                ("sslmode=verify-ca&sslrootcert=\(certificate)", false),
                ("sslmode=require", false),
            ] {
                let location = try server.location(schema: schema, options: options)
                let error = await refusal { await (try PostgreSQLWarehouse(location)).close() }
                #expect((error != nil) == isRefused, "\(options): \(error?.message ?? "")")
                #expect(error?.code != .unavailable, "\(error?.message ?? "")")
                #expect(error?.message.contains("ssl") != false, "\(error?.message ?? "")")
            }
        }
    }
}

extension PostgreSQLOwnServer {
    /// Has the server speak TLS, with a certificate of its own for another host, and nothing else.
    fileprivate func serveTLS() async throws {
        try await down()
        let (key, certificate) = (data.appending(path: "server.key"), "server.crt")
        let result = try await Subprocess.run(
            .name("openssl"),
            arguments: [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                "-subj", "/CN=elsewhere.invalid", "-keyout", key.path,
                "-out", data.appending(path: certificate).path,
            ],
            output: .discarded,
            error: .string(limit: 1 << 16)
        )
        try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
        // The server's user owns its folder, and must be able to read the key alone.
        let owner = try FileManager.default.attributesOfItem(atPath: data.path)
        for name in ["server.key", certificate] {
            try FileManager.default.setAttributes(
                [
                    .ownerAccountID: owner[.ownerAccountID] ?? 0,
                    .groupOwnerAccountID: owner[.groupOwnerAccountID] ?? 0,
                    .posixPermissions: 0o600,
                ],
                ofItemAtPath: data.appending(path: name).path
            )
        }
        let settings = try FileHandle(forWritingTo: data.appending(path: "postgresql.conf"))
        try settings.seekToEnd()
        try settings.write(contentsOf: Data("\nssl = on\n".utf8))
        try settings.close()
        let rules = data.appending(path: "pg_hba.conf")
        let text = try String(contentsOf: rules, encoding: .utf8)
        try text.replacing("\nhost ", with: "\nhostssl ")
            .write(to: rules, atomically: false, encoding: .utf8)
        try await up()
    }
}
