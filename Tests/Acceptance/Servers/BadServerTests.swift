import Foundation
import Testing

extension OnServers {
    @Suite(.timeLimit(.minutes(20)))
    struct BadServerTests {
        /// Gives a user's URL of the server to `body`, and drops the user afterwards.
        private func withUser(
            _ user: String,
            of store: StoreOption,
            _ body: (URLComponents) async throws -> Void
        ) async throws {
            try await #require(Servers.given).withStores { stores in
                var parts = stores.servers[store]
                (parts.user, parts.password) = (stores.name, BadServer.secret)
                if store == .raw {
                    parts.path = "/\(stores.name)"
                    let role = #"{"role": "\#(user)", "db": "\#(stores.name)"}"#
                    try stores.command(
                        """
                        {"createUser": "\(stores.name)", "pwd": "\(BadServer.secret)",
                         "roles": [\(role)]}
                        """,
                        on: "admin"
                    )
                } else {
                    parts.query = "schema=\(stores.name)"
                    try stores.rows(
                        "CREATE ROLE @ LOGIN PASSWORD '\(BadServer.secret)' \(user)"
                            .replacing("@", with: stores.name)
                    )
                }
                defer {
                    // A test that failed may have left something that is in the way.
                    if store == .raw {
                        _ = try? stores.command(#"{"dropUser": "\#(stores.name)"}"#, on: "admin")
                    } else {
                        _ = try? stores.rows(
                            """
                            DROP SCHEMA IF EXISTS \(stores.name) CASCADE;
                            DROP ROLE \(stores.name)
                            """
                        )
                    }
                }
                try await body(parts)
            }
        }

        /// Expects the run to end with 69 and to say what is wrong, and never the password.
        private func expectRefusal(_ bad: BadServer, _ parts: URLComponents) async throws {
            let folder = try TestFolder()
            let url = try #require(parts.string)
            let ending = try await Program.run([
                "run", Program.storefront, "--events", "10", "--log-level", "debug",
                "--report", folder.path("report.json"),
                bad.store.rawValue, url, bad.store.other.rawValue, "memory:",
            ])
            #expect(ending.exitCode == 69, "\(ending.errors)")
            #expect(ending.output.isEmpty)
            let place = "\(parts.host ?? ""):\(parts.port ?? 0)"
            let database = String(parts.path.dropFirst())
            for fragment in bad.fragments + [place, database] {
                #expect(ending.errors.contains(fragment), "lacks \(fragment): \(ending.errors)")
            }
            let written = (try? folder.text(of: "report.json")) ?? ""
            let password = try #require(parts.password)
            #expect(!(ending.errors + written).contains(password))
        }

        @Test(arguments: BadServer.all)
        func `a server that cannot be used is named with its remedy`(bad: BadServer) async throws {
            var parts = try #require(Servers.given)[bad.store]
            bad.change(&parts)
            guard let user = bad.user else { return try await expectRefusal(bad, parts) }
            try await withUser(user, of: bad.store) { try await expectRefusal(bad, $0) }
        }

        @Test func `a run that works shows its passwords nowhere`() async throws {
            let folder = try TestFolder()
            try await #require(Servers.given).withStores { stores in
                var processes: [String] = []
                let ending = try await stores.run(
                    [
                        Program.storefront, "--events", "2000", "--rate", "1000",
                        "--log-level", "debug", "--report", folder.path("report.html"),
                    ]
                ) { program in
                    try await stores.waitUntilUnderWay()
                    let path = "/proc/\(program.processIdentifier)/cmdline"
                    processes.append(
                        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
                    )
                }
                #expect(ending.exitCode == 0, "\(ending.errors)")
                #expect(processes.first?.contains("--warehouse") == true)
                let shown =
                    processes + [
                        ending.output, ending.errors, try folder.text(of: "report.html"),
                    ]
                for store in StoreOption.allCases {
                    let password = try #require(stores.servers[store].password)
                    #expect(!shown.contains { $0.contains(password) })
                }
            }
        }
    }
}
