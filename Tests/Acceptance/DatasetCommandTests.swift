import Foundation
import Testing

/// `weir datasets` and `weir invariants` on what a run has stored.
@Suite struct DatasetCommandTests {
    private static let invariants = Program.packageRoot.appending(path: "slo/invariants").path

    private static func json(_ ending: Ending) throws -> [String: Any] {
        try #require(
            JSONSerialization.jsonObject(with: Data(ending.output.utf8)) as? [String: Any],
            "\(ending.output)\(ending.errors)"
        )
    }

    /// A report without the line ends that fit it to a terminal.
    private static func unwrapped(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    private static func weir(_ arguments: [String], _ folder: TestFolder) async throws -> Ending {
        try await Program.run(arguments + ["--warehouse", "sqlite:\(folder.warehouse.path)"])
    }

    private static func invariants(
        _ verb: String,
        _ folder: TestFolder,
        _ arguments: [String] = []
    ) async throws -> Ending {
        let raw = ["--raw", "sqlite:\(folder.raw.path)"]
        return try await weir(
            ["invariants", verb, "--invariants", invariants] + raw + arguments,
            folder
        )
    }

    private static func runOnce(_ folder: TestFolder) async throws {
        let ending = try await folder.run([
            Program.storefront, "--events", "3000", "--rate", "max",
        ])
        try #require(ending.exitCode == 0, "\(ending.errors)")
    }

    @Test func `what runs have stored is listed, shown and verified`() async throws {
        let folder = try TestFolder()
        try await Self.runOnce(folder)
        try await Self.runOnce(folder)
        let held = try folder.raw.number("SELECT count(*) FROM raw_events")
        let list = try Self.json(
            try await Self.weir(["datasets", "list", "--format", "json"], folder)
        )
        #expect(list["schema_version"] as? Int == 1)
        let datasets = try #require(list["datasets"] as? [[String: Any]])
        #expect(datasets.map { $0["id"] as? String } == ["derivative/analytics", "root/events"])
        #expect(datasets.last?["records"] as? Int == Int(held))
        #expect(datasets.first?["records"] as? Int == Int(held))
        #expect(datasets.first?["upstream"] as? [String] == ["root/events"])

        let shown = try Self.json(
            try await Self.weir(
                ["datasets", "show", "events", "--verify", "--format", "json"],
                folder
            )
        )
        let verification = try #require(shown["verification"] as? [String: Any])
        #expect(verification["holds"] as? Bool == true)
        let chain = try #require(shown["chain"] as? [[String: Any]])
        let names = chain.prefix(3).map { $0["event"] as? String }
        #expect(names == ["Seed", "AddPushSource", "SetDataSchema"])
        let unknown = try await Self.weir(["datasets", "show", "event"], folder)
        #expect(unknown.exitCode == 66)
        #expect(unknown.errors.contains("did you mean \"events\"?"))

        try folder.warehouse.change(
            "UPDATE dataset_data_blocks SET num_records = 1 WHERE dataset_id = 'root/events'"
        )
        let damaged = try await Self.weir(["datasets", "show", "events", "--verify"], folder)
        #expect(damaged.exitCode == 1)
        #expect(damaged.output.contains("has a hash that does not match its content"))
    }

    @Test func `a fault is found, kept, and told when it has gone`() async throws {
        let folder = try TestFolder()
        try await Self.runOnce(folder)
        let clean = try await Self.invariants("refresh", folder, ["--gate"])
        #expect(clean.exitCode == 0, "\(clean.output)\(clean.errors)")

        try folder.warehouse.change(
            "UPDATE dataset_references SET block_ref_name = 'Head' "
                + "WHERE dataset_id = 'root/events'; UPDATE dataset_entries SET created_ns = 0"
        )
        let checked = try await Self.invariants("check", folder)
        #expect(checked.exitCode == 0)
        #expect(checked.output.contains("root/events: no reference named head"))
        let gated = try await Self.invariants("check", folder, ["--gate"])
        #expect(gated.exitCode == 1)
        let refreshed = try Self.json(
            try await Self.invariants("refresh", folder, ["--format", "json"])
        )
        let line = try #require(
            (refreshed["invariants"] as? [[String: Any]])?.first {
                $0["name"] as? String == "head-reference"
            }
        )
        #expect(line["anomalies"] as? Int == 1)
        #expect(line["appeared"] as? Int == 1)
        // A run does not go on with a chain that is damaged.
        let run = try await folder.run([Program.storefront, "--events", "10"])
        #expect(run.exitCode == 65)
        #expect(run.errors.contains("the head of dataset root/events is missing"))

        try folder.warehouse.change("UPDATE dataset_references SET block_ref_name = 'head'")
        #expect(try await Self.invariants("refresh", folder, ["--gate"]).exitCode == 0)
        let shown = try await Self.weir(["invariants", "show", "head-reference"], folder)
        #expect(shown.exitCode == 0)
        let json = try Self.json(
            try await Self.weir(
                ["invariants", "show", "head-reference", "--format", "json"],
                folder
            )
        )
        let rows = try #require((json["invariants"] as? [[String: Any]])?.first?["rows"])
        let row = try #require((rows as? [[String: Any]])?.first)
        #expect(row["subject"] as? String == "root/events")
        #expect(row["gone"] is String)
    }

    @Test func `an anomaly is attributed to the deployment before it`() async throws {
        let folder = try TestFolder()
        try await Self.runOnce(folder)
        #expect(try await Self.invariants("refresh", folder).exitCode == 0)
        try folder.warehouse.change(
            "DELETE FROM dataset_statistics; UPDATE dataset_entries SET created_ns = 0"
        )
        let marking = ["deploy", "mark", "--invariants", Self.invariants, "--version"]
        let judged = try await Self.weir(marking + ["1.0", "--settle", "0s"], folder)
        #expect(judged.exitCode == 0, "\(judged.errors)")
        #expect(judged.output.contains("2 anomalies have appeared"))
        let waiting = try await Self.weir(marking + ["1.1"], folder)
        #expect(waiting.output.contains("once the pipeline has been stable for 10m"))
        let shown = try await Self.weir(["invariants", "show", "statistics"], folder)
        #expect(Self.unwrapped(shown.output).contains(", after the deployment of 1.0)"))
        let list = try Self.json(
            try await Self.weir(["deploy", "list", "--format", "json"], folder)
        )
        let deployments = try #require(list["deployments"] as? [[String: Any]])
        #expect(deployments.map { $0["version"] as? String } == ["1.0", "1.1"])
        #expect(deployments.map { $0["anomalies"] as? Int } == [2, 0])
        #expect(deployments.map { $0["judged"] is String } == [true, false])
        let unscheduled = try await Self.weir(["invariants", "schedule"], folder)
        #expect(unscheduled.exitCode == 69)
        #expect(unscheduled.errors.contains("nothing is scheduled in the database"))
    }

    @Test func `a deployment that is judged at once is judged by the raw events of now`()
        async throws
    {
        let folder = try TestFolder()
        try await Self.runOnce(folder)
        #expect(try await Self.invariants("refresh", folder).exitCode == 0)
        try folder.raw.change("DELETE FROM raw_events WHERE position = 7")
        let marked = try await Self.weir(
            [
                "deploy", "mark", "--invariants", Self.invariants, "--version", "1.0",
                "--settle", "0s", "--raw", "sqlite:\(folder.raw.path)",
            ],
            folder
        )
        #expect(marked.exitCode == 0, "\(marked.errors)")
        #expect(!marked.output.contains("; 0 anomalies have appeared"), "\(marked.output)")
    }

    @Test func `the warehouse is held to the raw events, or they are said to be unknown`()
        async throws
    {
        let folder = try TestFolder()
        try await Self.runOnce(folder)
        let files = ["--invariants", Self.invariants]
        let unknown = try await Self.weir(["invariants", "check", "--gate"] + files, folder)
        #expect(unknown.exitCode == 1)
        #expect(unknown.output.contains("there is no census of the raw events"))
        let json = try Self.json(
            try await Self.weir(["invariants", "check", "--format", "json"] + files, folder)
        )
        let lines = try #require(json["invariants"] as? [[String: Any]])
        let lacking = lines.filter { $0["lacks_census"] as? Bool == true }
        #expect(lacking.count == 10)
        #expect(lacking.allSatisfy { $0["anomalies"] == nil })

        let kept = try await Self.weir(["invariants", "refresh", "--gate"] + files, folder)
        #expect(kept.exitCode == 1)
        #expect(kept.output.contains("18 of 28 invariants hold, 10 could not be checked"))

        let clean = try await Self.invariants("check", folder, ["--gate"])
        #expect(clean.exitCode == 0, "\(clean.output)\(clean.errors)")
        try folder.raw.change("DELETE FROM raw_events WHERE position = 7")
        let missed = try await Self.invariants("check", folder, ["--gate"])
        #expect(missed.exitCode == 1)
        #expect(missed.output.contains("the catalogue says 3000, and there are 2999"))

        let nowhere = try await Self.weir(
            ["invariants", "check", "--raw", "sqlite:/nowhere/raw.sqlite"] + files,
            folder
        )
        #expect(nowhere.exitCode == 66)
        let memory = try await Self.weir(
            ["invariants", "check", "--raw", "memory:"] + files,
            folder
        )
        #expect(memory.exitCode == 64)
    }

    @Test func `a file of one's own is an invariant, and a bad one is told beside the others`()
        async throws
    {
        let folder = try TestFolder()
        try await Self.runOnce(folder)
        let header = """
            -- name: few-views
            -- severity: ticket
            -- owner: shop
            -- grace: 0s
            -- description: Nobody views anything.

            """
        let own = try folder.write(
            "few-views.sql",
            header + "SELECT category AS subject, view_item AS detail FROM window_aggregates "
                + "WHERE grain = '1d' AND category = '' AND view_item > 0;\n"
        )
        let bad = try folder.write(
            "bad.sql",
            header.replacingOccurrences(of: "few-views", with: "bad")
                + "SELECT a AS subject,\n b AS detail FROM window_aggregates\n"
        )
        let files = ["--invariants", own, "--invariants", bad]
        let checked = try await Self.weir(["invariants", "check"] + files, folder)
        #expect(checked.exitCode == 65)
        #expect(
            Self.unwrapped(checked.output).contains("bad.sql:6:1: the database refuses the query")
        )
        #expect(checked.output.contains("few-views: Nobody views anything."))
        let linted = try await Program.run(["invariants", "lint", own, bad])
        #expect(linted.exitCode == 65)
        #expect(linted.output.contains("2 invariants, 1 mistakes"))
        let sound = try await Program.run(["invariants", "lint", Self.invariants])
        #expect(sound.exitCode == 0, "\(sound.output)")
        let listed = try await Program.run(["invariants", "list", "--invariants", own])
        #expect(listed.output.contains("few-views"))
    }

    @Test func `an empty file is no warehouse in which nothing offends`() async throws {
        let folder = try TestFolder()
        let file = try folder.write("empty.sqlite", "")
        let ending = try await Program.run([
            "invariants", "check", "--gate", "--invariants", Self.invariants, "--warehouse",
            "sqlite:\(file)",
        ])
        #expect(ending.exitCode == 66)
        #expect(ending.errors.contains("empty.sqlite is empty; expected a warehouse"))
        #expect(try folder.text(of: "empty.sqlite").isEmpty)
    }

    @Test func `a version does not steer a terminal`() async throws {
        let folder = try TestFolder()
        let ending = try await Self.weir(
            ["deploy", "mark", "--version", "1\u{1b}[31m"],
            folder
        )
        #expect(ending.exitCode == 64)
        #expect(ending.errors.contains("--version must have no control characters"))
    }

    @Test func `a warehouse that is not there is not made`() async throws {
        let folder = try TestFolder()
        for arguments in [["datasets", "list"], ["invariants", "show"]] {
            let ending = try await Self.weir(arguments, folder)
            #expect(ending.exitCode == 66)
            #expect(ending.errors.contains("there is no warehouse at"))
        }
        #expect(!FileManager.default.fileExists(atPath: folder.warehouse.path))
    }
}
