import Foundation
import Testing

extension OnServers {
    @Suite(.timeLimit(.minutes(20)))
    struct CapacityOnServersTests {
        @Test func `a search for the capacity of two servers leaves nothing on them`() async throws
        {
            try await #require(Servers.given).withStores { stores in
                let ending = try await Program.run(
                    [
                        "capacity", Program.storefront, "--probe", "1s", "--from", "50",
                        "--precision", "1", "--confirm", "0", "--format", "json",
                    ],
                    environment: [
                        "WEIR_RAW_URL": stores.url(of: .raw),
                        "WEIR_WAREHOUSE_URL": stores.url(of: .warehouse),
                    ]
                )
                #expect(ending.exitCode == 0, "\(ending.errors)")
                #expect(ending.output.contains("MongoDB at"))
                #expect(ending.output.contains("postgresql://"))
                // Neither where a run would have written, nor beside it.
                let answer = try stores.command(
                    #"{"listDatabases": 1, "nameOnly": true}"#,
                    on: "admin"
                )
                let databases = try #require(answer["databases"] as? [[String: Any]])
                let names = databases.compactMap { $0["name"] as? String }
                #expect(!names.contains { $0.hasPrefix(stores.name) }, "\(names)")
                let schemas = try stores.rows("SELECT nspname FROM pg_namespace")
                #expect(!schemas.contains { $0.hasPrefix(stores.name) }, "\(schemas)")
            }
        }
    }
}
