import Foundation
import Testing

@Suite(.timeLimit(.minutes(20)))
struct RefusalTests {
    @Test(arguments: ["mongodb", "postgresql", "nats", "sqlite3"])
    func `a password in a URL appears in no output`(scheme: String) async throws {
        // An option that MongoDB does not have makes another mistake.
        let option = scheme == "mongodb" ? "" : "?password=s3cr3t"
        let url = "\(scheme)://ann:s3cr3t@db.example:27017/shop\(option)"
        for option in ["--raw", "--warehouse"] {
            let ending = try await Program.run([
                "run", Program.storefront, "--events", "1", option, url,
                option == "--raw" ? "--warehouse" : "--raw", "memory:", "--log-level", "debug",
            ])
            let isTaken = scheme == (option == "--raw" ? "mongodb" : "postgresql")
            #expect(ending.exitCode == (isTaken ? 69 : 64))
            #expect(ending.errors.contains(isTaken ? "db.example:27017" : scheme))
            #expect(!(ending.errors + ending.output).contains("s3cr3t"))
            #expect(!(ending.errors + ending.output).contains("ann:"))
        }
        let ending = try await Program.run(
            ["run", Program.storefront, "--events", "1"],
            environment: ["WEIR_RAW_URL": url, "WEIR_WAREHOUSE_URL": "memory:"]
        )
        #expect(ending.exitCode == (scheme == "mongodb" ? 69 : 64))
        #expect(!(ending.errors + ending.output).contains("s3cr3t"))
    }
}
