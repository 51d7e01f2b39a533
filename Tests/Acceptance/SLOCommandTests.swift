import Foundation
import Testing

/// `weir slo` on histories with known answers.
@Suite struct SLOCommandTests {
    /// Thirty days of minutes with 100 events each, of which all of the last five fail.
    private static let outage: String = {
        var text = "start,good,total\n"
        for minute in 0..<43_200 {
            text += "\(1_780_272_000 + minute * 60),\(minute < 43_195 ? 100 : 0),100\n"
        }
        return text
    }()

    private static let objectives = Program.packageRoot.appending(path: "slo/storefront").path

    private static func slo(_ arguments: [String]) async throws -> Ending {
        try await Program.run(["slo"] + arguments)
    }

    private static func onFile(_ verb: [String], _ folder: TestFolder) async throws -> Ending {
        let path = try folder.write("slices.csv", outage)
        return try await slo(
            verb + [
                "--objectives", objectives, "--history", path, "--objective", "message-success",
            ]
        )
    }

    @Test func `a report on five minutes of outage has the Workbook's figures`() async throws {
        let ending = try await Self.onFile(["report", "--format", "json", "--gate"], TestFolder())
        #expect(ending.exitCode == 0, "\(ending.errors)")
        let json = try #require(
            JSONSerialization.jsonObject(with: Data(ending.output.utf8)) as? [String: Any]
        )
        let objectives = try #require(json["objectives"] as? [[String: Any]])
        let budget = try #require(objectives.first?["budget"] as? [String: Any])
        let spent = try #require(budget["spent_ratio"] as? [String: Any])
        #expect(spent["numerator"] as? String == "25")
        #expect(spent["denominator"] as? String == "216")
        #expect(objectives.first?["state"] as? String == "at-risk")
    }

    @Test func `status is a line, and explain has the sums`() async throws {
        let folder = try TestFolder()
        let status = try await Self.onFile(["status"], folder)
        #expect(status.output.hasPrefix("message-success: at-risk, SLI 99.9884% of 99.9%"))
        let explain = try await Self.slo([
            "explain", "message-success", "--objectives", Self.objectives, "--history",
            folder.path("slices.csv"),
        ])
        #expect(explain.exitCode == 0, "\(explain.errors)")
        #expect(explain.output.contains("4320000 - 4319500 good = 500"))
    }

    @Test func `a replay under another target is breached, and the gate of a report too`()
        async throws
    {
        let folder = try TestFolder()
        let replay = try await Self.onFile(["replay", "--objective", "target=99.99"], folder)
        #expect(replay.exitCode == 0, "\(replay.errors)")
        #expect(replay.output.contains("115.74%"))
        let gate = try await Self.onFile(["status", "--gate", "--window", "1h"], folder)
        #expect(gate.exitCode == 1)
    }

    @Test func `an export is read back as a history`() async throws {
        let folder = try TestFolder()
        let export = try await Self.onFile(["export"], folder)
        #expect(export.exitCode == 0, "\(export.errors)")
        #expect(export.output.hasSuffix("# EOF\n"))
        let path = try folder.write("history.om", export.output)
        let status = try await Self.slo([
            "status", "--objectives", Self.objectives, "--history", path,
        ])
        #expect(status.errors.isEmpty)
        #expect(status.output.hasPrefix("message-success: at-risk, SLI 99.9884% of 99.9%"))
    }

    @Test func `a run under the gate fails with a breached objective and says which`() async throws
    {
        let objective = """
            apiVersion: openslo/v1
            kind: Service
            metadata: {name: shop}
            spec: {description: "The shop."}
            ---
            apiVersion: openslo/v1
            kind: SLO
            metadata: {name: fast-jobs}
            spec:
              service: shop
              budgetingMethod: Occurrences
              timeWindow: [{duration: 30d, isRolling: true}]
              objectives: [{op: OPERATOR, value: 30, target: 0.99}]
              indicator:
                metadata: {name: job-duration}
                spec:
                  thresholdMetric: {metricSource: {type: weir, spec: {meter: jobs.duration}}}
            """
        for (comparison, code) in [("lte", 0), ("gt", 1)] as [(String, Int32)] {
            let folder = try TestFolder()
            try folder.write(
                "slo.yaml",
                objective.replacingOccurrences(of: "OPERATOR", with: comparison)
            )
            let pipeline = try folder.write(
                "shop.yaml",
                Pipelines.shop([("stores:\n", "objectives: [slo.yaml]\n  stores:\n")])
            )
            let ending = try await folder.run([pipeline, "--events", "200", "--gate"])
            #expect(ending.exitCode == code, "\(ending.errors)")
            #expect(ending.errors.contains("gate: fast-jobs fails: ") == (code == 1))
        }
    }

    @Test func `a gate fails a history of which rows were not counted`() async throws {
        let folder = try TestFolder()
        let header = "start,good,total\n"
        for (row, code) in [("60,9,9\n", 0), ("60,many,9\n", 65)] as [(String, Int32)] {
            let path = try folder.write("slices.csv", header + "0,9,9\n" + row)
            let ending = try await Self.slo([
                "status", "--objectives", Self.objectives, "--history", path, "--objective",
                "message-success", "--gate",
            ])
            #expect(ending.exitCode == code, "\(ending.errors)")
            #expect(ending.errors.contains("1 row not counted") == (code == 65))
        }
    }

    @Test func `an exposition that was cut off is told and ends with 65`() async throws {
        let folder = try TestFolder()
        let samples = [("good", 0, 60), ("good", 100, 120), ("bad", 0, 60), ("bad", 0, 120)]
        let text = samples.map { result, value, time in
            "slo_events_total{slo=\"message-success\",result=\"\(result)\"} \(value) \(time)\n"
        }.joined()
        for (end, code) in [("# EOF\n", 0), ("", 65)] as [(String, Int32)] {
            let path = try folder.write("history.om", text + end)
            for verb in [["report"], ["status"], ["report", "--gate"], ["export"]] {
                let ending = try await Self.slo(
                    verb + ["--objectives", Self.objectives, "--history", path]
                )
                #expect(ending.exitCode == code, "\(verb): \(ending.errors)")
                #expect(ending.errors.contains("without '# EOF'") == (code == 65))
            }
        }
    }

    @Test func `fractions of a file are in every figure, and come back from an export`()
        async throws
    {
        // 9.756 + 44.197872287004095 of 10 + 44.6 by hand: 53.953872287004095 of 54.6.
        let folder = try TestFolder()
        let path = try folder.write(
            "slices.csv",
            "start,good,total\n0,9.756,10\n60,44.197872287004095,44.6\n"
        )
        let options = ["--objectives", Self.objectives, "--objective", "message-success"]
        let export = try await Self.slo(["export", "--history", path] + options)
        #expect(export.output.contains("result=\"good\"} 53.953872287004095 120\n"))
        #expect(export.output.contains("result=\"bad\"} 0.646127712995905 120\n"))
        let exported = try folder.write("history.om", export.output)
        for history in [path, exported] {
            let report = try await Self.slo(
                ["report", "--format", "json", "--history", history] + options
            )
            #expect(report.output.contains("\"good\" : 53.953872287004095,"), "\(report.errors)")
            #expect(report.output.contains("\"total\" : 54.6"))
        }
    }

    @Test func `an unmeasured objective does not fail a gate that judges others`() async throws {
        let folder = try TestFolder()
        let run = try await folder.run([
            Program.packageRoot.appending(path: "pipelines/storefront.yaml").path,
            "--events", "500", "--rate", "max", "--gate",
        ])
        #expect(run.exitCode == 0, "\(run.errors)")
        let told = "gate: mongodb-connections is not judged: "
        #expect(run.errors.contains(told + "the pipeline has no raw store with connections"))
        let report = try await Program.run(
            [
                "slo", "report", "--gate", "--as-of", "latest", "--objectives", Self.objectives,
                "--warehouse", "sqlite:\(folder.warehouse.path)",
            ]
        )
        #expect(report.exitCode == 0, "\(report.errors)")
        #expect(report.errors.contains(told + "nothing has measured it"))
        let unmeasured = try await Self.slo([
            "status", "--gate", "--objectives", Self.objectives, "--objective",
            "mongodb-connections", "--warehouse",
            "sqlite:\(folder.warehouse.path)",
        ])
        #expect(unmeasured.exitCode == 1)
        #expect(unmeasured.errors.contains("gate: no objective can be judged"))
    }

    @Test(arguments: ["10s", "90s"])
    func `slices that do not suit the rows of a file are refused`(slice: String) async throws {
        let folder = try TestFolder()
        let ending = try await Self.onFile(["status", "--slice", slice], folder)
        #expect(ending.exitCode == 64)
        #expect(ending.errors.contains("are 1m wide; expected that, or a multiple of it"))
    }

    @Test(arguments: ["0", "1", "100"])
    func `a target that no objective can have is no change`(target: String) async throws {
        let ending = try await Self.onFile(
            ["replay", "--objective", "target=\(target)"],
            TestFolder()
        )
        #expect(ending.exitCode == 64)
        #expect(ending.errors.contains("this is not a change; expected target=99.95"))
    }

    @Test func `what is not there is told, and not made`() async throws {
        let folder = try TestFolder()
        let missing = try await Self.slo([
            "report", "--objectives", Self.objectives, "--warehouse",
            "sqlite:\(folder.path("none/warehouse.sqlite"))",
        ])
        #expect(missing.exitCode == 66)
        #expect(missing.errors.contains("there is no warehouse at"))
        #expect(!FileManager.default.fileExists(atPath: folder.path("none")))
        let file = try await Self.slo([
            "status", "--objectives", Self.objectives, "--history", folder.path("none.csv"),
        ])
        #expect(file.exitCode == 66)
        let documents = try await Self.slo(["lint", folder.path("none.yaml")])
        #expect(documents.exitCode == 66)
    }

    @Test func `all mistakes of a document are told at once`() async throws {
        let folder = try TestFolder()
        let path = try folder.write(
            "slo.yaml",
            "apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: Bad Name}\nspec: {colour: red}\n"
        )
        let lint = try await Self.slo(["lint", path])
        #expect(lint.exitCode == 65)
        #expect(lint.output.contains("\(path):3:"))
        #expect(lint.output.contains("\(path):4:"))
        let shipped = try await Self.slo(["lint", Self.objectives])
        #expect(shipped.exitCode == 0)
        #expect(shipped.output.contains("5 objectives, 0 mistakes, 0 warnings"))
    }

    @Test func `a warehouse has what a run counted`() async throws {
        let folder = try TestFolder()
        let run = try await folder.run([Program.storefront, "--events", "2000", "--rate", "max"])
        #expect(run.exitCode == 0, "\(run.errors)")
        let status = try await Self.slo([
            "status", "--objectives", Self.objectives, "--as-of", "latest", "--warehouse",
            "sqlite:\(folder.warehouse.path)",
        ])
        #expect(status.exitCode == 0, "\(status.errors)")
        #expect(status.output.contains("message-success: partial, SLI 100%"))
    }
}
