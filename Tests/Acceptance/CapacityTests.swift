import Foundation
import Testing

extension Timed {
    /// `weir capacity` on this machine, whatever it can do.
    @Suite struct CapacityTests {
        @Test
        func `the curve has a rate that holds and one that does not, and names who is behind`()
            async throws
        {
            let folder = try TestFolder()
            let page = folder.path("capacity.html")
            let ending = try await Program.run([
                "capacity", Program.packageRoot.appending(path: "pipelines/storefront.yaml").path,
                "--probe", "1s", "--from", "200", "--precision", "1", "--confirm", "0",
                "--raw", "sqlite:\(folder.path("raw"))", "--warehouse", "memory:", "--format",
                "json", "--report", page,
            ])
            #expect(ending.exitCode == 0, "\(ending.errors)")
            let json = try #require(
                JSONSerialization.jsonObject(with: Data(ending.output.utf8)) as? [String: Any]
            )
            let probes = try #require(json["probes"] as? [[String: Any]])
            let holding = probes.filter { $0["holds"] as? Bool == true }
            let failing = probes.filter { $0["holds"] as? Bool == false }
            let capacity = json["capacity"] as? Double
            #expect(holding.contains { $0["rate"] as? Double == capacity })
            let first = try #require(failing.first)
            #expect((first["verdict"] as? String)?.isEmpty == false)
            let beyond = try #require(json["failing"] as? Double)
            #expect(beyond > capacity ?? 0)
            #expect(failing.contains { $0["rate"] as? Double == beyond })
            #expect(
                ["ingest", "analytics"].contains(json["bottleneck"] as? String)
                    || json["generator_is_limit"] as? Bool == true
            )
            let text = try folder.text(of: "capacity.html")
            #expect(text.contains("Latency by rate") && text.contains("Backlog by rate"))
            #expect(ending.errors.contains("/s: "))
            // Service times follow from what was measured, and nothing is left of the runs.
            let times = try #require(json["service_times"] as? [[String: Any]])
            #expect(times.contains { $0["place"] as? String == "spec.stores.raw" })
            #expect(json["virtual_capacity"] as? Double ?? 0 > 0)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path("")) == [
                    "capacity.html"
                ]
            )
        }

        @Test(arguments: [["--from", "0"], ["--probe", "1ms"], ["--precision", "0"]])
        func `what cannot be searched for is refused`(options: [String]) async throws {
            let ending = try await Program.run(
                ["capacity", Program.packageRoot.appending(path: "pipelines/storefront.yaml").path]
                    + options
            )
            #expect(ending.exitCode == 64)
            #expect(ending.errors.contains("is invalid for '\(options[0]) "))
        }
    }
}
