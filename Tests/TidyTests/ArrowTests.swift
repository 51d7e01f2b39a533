import Testing

@Suite struct ArrowTests {
    private static let manifest = Manifest(
        TextFile(
            path: "Package.swift",
            text: """
                let crypto: Target.Dependency = .product(
                    name: "Crypto", package: "swift-crypto")
                let package = Package(
                    targets: [
                        .target(name: "Timekeeping"),
                        // .target(name: "Ghost"),
                        .target(name: "Commerce", dependencies: ["Timekeeping", crypto]),
                        .target(
                            name: "Ledger",
                            dependencies: [
                                "Commerce", .product(name: "Yams", package: "Yams"),
                            ],
                            path: "Sources/Books"
                        ),
                        .testTarget(name: "LedgerTests", dependencies: ["Ledger"]),
                    ])
                """
        )
    )

    private static let rules = ArrowRules(
        house: House(
            rooms: [
                .init(name: "Timekeeping", rooms: []),
                .init(name: "Commerce", rooms: ["Timekeeping"], products: ["Crypto"]),
                .init(name: "Ledger", rooms: ["Commerce", "Timekeeping"], products: ["Yams"]),
            ],
            leaves: [.init(place: "Sources/Books/Page.swift", modules: ["Glibc"], reason: "paper")],
            modulesOfProducts: ["Yams": ["Yams", "CYaml"]]
        ),
        manifest: manifest
    )

    private func lines(_ path: String, _ text: String) -> [Int] {
        ArrowTests.rules.check(SwiftFile(path: path, text)).map(\.line)
    }

    @Test func `the manifest is read from its text`() {
        let targets = ArrowTests.manifest.targets
        #expect(targets.map(\.name) == ["Timekeeping", "Commerce", "Ledger", "LedgerTests"])
        #expect(targets.map(\.line) == [5, 7, 8, 15])
        #expect(targets[1].dependencies == ["Timekeeping", "Crypto"])
        #expect(targets[2].dependencies == ["Commerce", "Yams"])
        #expect(targets[2].path == "Sources/Books")
        #expect(targets[3].path == "Tests/LedgerTests")
        #expect(ArrowTests.rules.checkManifest().isEmpty)
    }

    @Test func `an arrow that the house does not have is found in the manifest`() {
        var rules = ArrowTests.rules
        rules.house.rooms[1].rooms = []
        #expect(rules.checkManifest().map(\.line) == [7])
        rules = ArrowTests.rules
        rules.house.rooms[1].products = []
        #expect(rules.checkManifest().map(\.line) == [7])
        rules = ArrowTests.rules
        rules.house.rooms.removeLast()
        #expect(rules.checkManifest().map(\.line) == [8])
        rules = ArrowTests.rules
        rules.house.rooms.append(.init(name: "Attic", rooms: []))
        #expect(rules.checkManifest().count == 1)
    }

    @Test func `imports of every form are seen`() {
        let file = SwiftFile(
            path: "A.swift",
            """
            import A
            package import B
            @preconcurrency internal import C
              @_spi(Testing) import struct D.Point
            // import E
            let text = "import F"
            private import G.H
            """
        )
        #expect(file.imports.map(\.module) == ["A", "B", "C", "D", "G"])
        #expect(file.imports.map(\.line) == [1, 2, 3, 4, 7])
    }

    @Test func `an import that the target does not declare is found`() {
        let path = "Sources/Books/Ledger.swift"
        #expect(lines(path, "internal import Commerce\npackage import CYaml") == [])
        // Declared by what it depends on, not by itself.
        #expect(lines(path, "import Commerce\nimport Timekeeping") == [2])
        #expect(lines(path, "internal import Crypto") == [1])
        #expect(lines("Tests/LedgerTests/Tests.swift", "import Ledger\nimport Commerce") == [2])
    }

    @Test func `an import of a system module needs leave in sources`() {
        #expect(lines("Sources/Books/Page.swift", "import Glibc\nimport Synchronization") == [])
        #expect(lines("Sources/Books/Page.swift", "import Foundation") == [1])
        #expect(lines("Sources/Books/Ledger.swift", "import Glibc") == [1])
        #expect(lines("Tests/LedgerTests/Tests.swift", "import Foundation") == [])
    }

    @Test func `a dependency that nothing imports is found`() {
        let files = [
            SwiftFile(path: "Sources/Commerce/A.swift", "import Timekeeping"),
            SwiftFile(path: "Sources/Books/B.swift", "import Commerce\nimport CYaml"),
        ]
        let findings = ArrowTests.rules.checkUse(by: files)
        #expect(findings.map(\.line) == [7])
        #expect(findings.first?.message.contains("Crypto") == true)
    }

    @Test func `the arrows of the repository are those of the house`() throws {
        let manifest = Manifest(try Repository.file("Package.swift"))
        // A manifest that could not be read must not pass as one without faults.
        #expect(manifest.targets.count > 10 && !Repository.sources.isEmpty)
        let rules = ArrowRules(house: .weir, manifest: manifest)
        expectNone(rules.checkManifest())
        expectNone(Repository.swiftFiles.flatMap(rules.check))
        expectNone(rules.checkUse(by: Repository.sources))
    }
}
