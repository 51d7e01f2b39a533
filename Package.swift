// swift-tools-version: 6.2
import PackageDescription

// The rooms of Sources/, from the bottom up. Imports point down only; Sources/README.md is the map
// and Tests/TidyTests holds the code to it.

let argumentParser: Target.Dependency = .product(
    name: "ArgumentParser",
    package: "swift-argument-parser"
)
let bigInt: Target.Dependency = .product(name: "BigInt", package: "BigInt")
let collections: Target.Dependency = .product(name: "Collections", package: "swift-collections")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let serviceLifecycle: Target.Dependency = .product(
    name: "ServiceLifecycle",
    package: "swift-service-lifecycle"
)
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let unixSignals: Target.Dependency = .product(
    name: "UnixSignals",
    package: "swift-service-lifecycle"
)
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
    name: "weir",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "weir", targets: ["weir"]),
        .library(name: "WeirTracker", targets: ["WeirTracker"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/attaswift/BigInt", from: "6.0.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        .target(name: "Timekeeping", dependencies: [collections]),
        .target(name: "Reports", dependencies: ["Timekeeping"]),
        .target(name: "Documents", dependencies: ["Reports", "Timekeeping", yams]),
        .target(name: "SLO", dependencies: ["Reports", "Timekeeping"]),
        .target(name: "Prometheus", dependencies: ["SLO", "Documents", "Reports", "Timekeeping"]),
        .target(
            name: "OpenSLO",
            dependencies: ["Prometheus", "SLO", "Documents", "Reports", "Timekeeping"]
        ),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "Digests", dependencies: ["COpenSSL"]),
        .target(name: "Broker", dependencies: ["Documents", "Timekeeping", collections]),
        .target(name: "Commerce", dependencies: ["Broker", "Digests", "Documents", "Timekeeping"]),
        .target(
            name: "Datasets",
            dependencies: ["Digests", "Documents", "Reports", "Timekeeping"]
        ),
        .target(
            name: "Storage",
            dependencies: ["Broker", "Commerce", "Datasets", "SLO", "Timekeeping"]
        ),
        .target(
            name: "Operations",
            dependencies: [
                "Stages", "Storage", "Broker", "Commerce", "Datasets", "Digests", "Documents",
                "Reports", "Timekeeping", logging,
            ]
        ),
        .target(
            name: "Stages",
            dependencies: [
                "Storage", "Broker", "Commerce", "Datasets", "Timekeeping", collections, logging,
            ]
        ),
        .target(
            name: "Pipeline",
            dependencies: [
                "Stages", "Storage", "Broker", "Commerce", "Datasets", "Prometheus", "SLO",
                "Reports", "Documents", "Timekeeping", logging,
            ]
        ),
        .target(
            name: "Experiments",
            dependencies: [
                "Pipeline", "Stages", "Storage", "Broker", "Commerce", "SLO", "Reports",
                "Documents", "Timekeeping", logging,
            ]
        ),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "Collector",
            dependencies: [
                "HTTPServing", "Stages", "Commerce", "Digests", "Documents", "Timekeeping", "CZlib",
                httpTypes, hummingbirdCore, logging, nioCore, nioPosix,
            ]
        ),
        .target(name: "WeirTracker", dependencies: ["CZlib"]),
        .target(
            name: "PubSubServer",
            dependencies: [
                "HTTPServing", "Stages", "Commerce", "Timekeeping", httpTypes, hummingbirdCore,
                logging, nioCore,
            ]
        ),
        .target(
            name: "HTTPServing",
            dependencies: [
                "Timekeeping", hummingbird, hummingbirdCore, logging, nioCore, nioHTTP1, nioPosix,
                serviceLifecycle,
            ]
        ),
        .target(
            name: "Console",
            dependencies: [
                "HTTPServing", "Prometheus", "Reports", "Timekeeping", httpTypes, hummingbirdCore,
                logging, nioCore,
            ]
        ),
        .target(
            name: "SQLStores",
            dependencies: ["Storage", "Broker", "Commerce", "Datasets", "SLO", "Timekeeping"],
            path: "Sources/Stores/SQL"
        ),
        .target(
            name: "SQLiteStores",
            dependencies: [
                "SQLStores", "Storage", "Broker", "Commerce", "Datasets", "SLO", "Timekeeping",
                "CSQLiteSettings", grdb, grdbSQLite,
            ],
            path: "Sources/Stores/SQLite"
        ),
        .target(name: "CSQLiteSettings", dependencies: [grdbSQLite]),
        .target(name: "StoreThreads", path: "Sources/Stores/Threads"),
        .systemLibrary(
            name: "CMongoc",
            pkgConfig: "libmongoc-1.0",
            providers: [.apt(["libmongoc-dev"])]
        ),
        .target(name: "CMongocSilence", dependencies: ["CMongoc"]),
        .target(
            name: "MongoDBStores",
            dependencies: [
                "StoreThreads", "Storage", "Broker", "Commerce", "Timekeeping", "CMongoc",
                "CMongocSilence",
            ],
            path: "Sources/Stores/MongoDB"
        ),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .target(
            name: "PostgreSQLStores",
            dependencies: [
                "SQLStores", "StoreThreads", "Storage", "Broker", "Commerce", "Datasets", "SLO",
                "Timekeeping", "CPostgres",
            ],
            path: "Sources/Stores/PostgreSQL"
        ),
        .target(
            name: "HTTPExchanges",
            dependencies: ["Timekeeping"],
            path: "Sources/Stores/HTTP"
        ),
        .target(
            name: "PrometheusStores",
            dependencies: ["HTTPExchanges", "Prometheus", "SLO", "Timekeeping"],
            path: "Sources/Stores/Prometheus"
        ),
        .target(
            name: "OpeningStores",
            dependencies: [
                "SQLiteStores", "MongoDBStores", "PostgreSQLStores", "PrometheusStores", "Storage",
                "Commerce",
            ],
            path: "Sources/Stores/Opening"
        ),
        .executableTarget(
            name: "weir",
            dependencies: [
                "Collector", "Console", "PubSubServer", "HTTPServing", "Experiments", "Operations",
                "Pipeline", "Stages", "OpeningStores", "WeirTracker",
                "SQLiteStores", "PrometheusStores", "HTTPExchanges", "Storage", "Broker",
                "Commerce", "Datasets",
                "OpenSLO", "Prometheus", "SLO", "Reports", "Documents", "Timekeeping",
                argumentParser, logging, subprocess, unixSignals,
            ]
        ),

        .testTarget(name: "TimekeepingTests", dependencies: ["TestSupport", "Timekeeping"]),
        .testTarget(name: "DigestsTests", dependencies: ["Digests"]),
        .testTarget(name: "DocumentsTests", dependencies: ["Documents", "Timekeeping"]),
        .testTarget(name: "ReportsTests", dependencies: ["Reports"]),
        .target(
            name: "ObjectiveSamples",
            dependencies: ["OpenSLO", "SLO", "Documents", "Timekeeping"],
            path: "Tests/ObjectiveSamples"
        ),
        .testTarget(
            name: "SLOTests",
            dependencies: ["ObjectiveSamples", "SLO", "Reports", "Timekeeping", bigInt]
        ),
        .testTarget(
            name: "OpenSLOTests",
            dependencies: [
                "ObjectiveSamples", "OpenSLO", "Prometheus", "SLO", "Documents", "Timekeeping",
            ]
        ),
        .testTarget(
            name: "PrometheusTests",
            dependencies: [
                "ObjectiveSamples", "Prometheus", "OpenSLO", "SLO", "Documents", "Timekeeping",
                bigInt,
            ]
        ),
        .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "Documents", "Timekeeping"]),
        .testTarget(
            name: "CommerceTests",
            dependencies: ["TestSupport", "Commerce", "Timekeeping"]
        ),
        .target(
            name: "TestSupport",
            dependencies: ["Broker", "Commerce", "Timekeeping", "CMongoc", "CPostgres"],
            path: "Tests/TestSupport"
        ),
        .testTarget(
            name: "BrokerTests",
            dependencies: ["TestSupport", "Broker", "Commerce", "Timekeeping"]
        ),
        .testTarget(
            name: "StorageTests",
            dependencies: ["TestSupport", "Storage", "Commerce", "Timekeeping"]
        ),
        .testTarget(
            name: "OperationsTests",
            dependencies: [
                "TestSupport", "SQLStores", "SQLiteStores", "Operations", "Storage", "Broker",
                "Commerce", "Reports", "Timekeeping",
            ]
        ),
        .testTarget(
            name: "StagesTests",
            dependencies: [
                "TestSupport", "Stages", "Storage", "Broker", "Commerce", "Datasets", "Timekeeping",
                logging,
            ]
        ),
        .testTarget(
            name: "StoresTests",
            dependencies: [
                "TestSupport", "SQLStores", "SQLiteStores", "MongoDBStores", "PostgreSQLStores",
                "PrometheusStores", "Experiments", "Operations", "Pipeline", "Stages", "Storage",
                "Broker",
                "Commerce", "Datasets", "Documents", "Prometheus", "SLO", "Timekeeping", grdb,
                logging, subprocess,
            ]
        ),
        .testTarget(
            name: "PipelineTests",
            dependencies: [
                "TestSupport", "Experiments", "Pipeline", "Stages", "Storage", "Broker",
                "Commerce", "Datasets", "OpenSLO", "Prometheus", "SLO", "Reports", "Documents",
                "Timekeeping", logging,
            ]
        ),
        .testTarget(
            name: "CollectorTests",
            dependencies: [
                "TestSupport", "Collector", "HTTPServing", "Stages", "Broker", "Commerce",
                "Digests",
                "Timekeeping", httpTypes, logging,
            ]
        ),
        .testTarget(
            name: "PubSubServerTests",
            dependencies: [
                "TestSupport", "PubSubServer", "HTTPServing", "Stages", "Broker", "Commerce",
                "Timekeeping",
            ]
        ),
        .testTarget(
            name: "WeirTrackerTests",
            dependencies: ["TestSupport", "WeirTracker", "CZlib"]
        ),
        .testTarget(
            name: "ConsoleTests",
            dependencies: [
                "TestSupport", "Console", "HTTPServing", "Prometheus", "Timekeeping", logging,
                nioCore, nioEmbedded,
            ]
        ),
        .testTarget(name: "TidyTests"),
        .testTarget(
            name: "GoldenTests",
            dependencies: [
                "weir", "Experiments", "Pipeline", "Stages", "Broker", "Commerce", "Datasets",
                "OpenSLO",
                "Documents", "Timekeeping",
            ]
        ),
        .testTarget(
            name: "Acceptance",
            dependencies: ["TestSupport", "weir", grdb, subprocess],
            path: "Tests/Acceptance"
        ),
        .testTarget(
            name: "HostileTests",
            dependencies: [
                "TestSupport", "weir", "SQLStores", "SQLiteStores", "MongoDBStores",
                "PostgreSQLStores",
                "Reports", "Timekeeping", grdb,
            ]
        ),
        .executableTarget(
            name: "weir-bench",
            dependencies: [
                "Collector", "Console", "HTTPServing", "Experiments", "Pipeline", "SQLStores",
                "SQLiteStores", "MongoDBStores", "PostgreSQLStores", "CMongoc", "CPostgres",
                "Stages", "Storage",
                "Broker", "Commerce", "Datasets", "Documents", "OpenSLO", "Prometheus", "SLO",
                "Timekeeping", "TestSupport",
                argumentParser, grdb, grdbSQLite, hummingbird, logging, nioCore, nioPosix,
            ],
            path: "Tests/Benchmarks"
        ),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where target.type != .system {
    var settings: [SwiftSetting] = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .enableUpcomingFeature("InferIsolatedConformances"),
        .enableUpcomingFeature("ImmutableWeakCaptures"),
        .treatAllWarnings(as: .error),
    ]
    if target.path?.hasPrefix("Sources/Stores") == true {
        settings.append(.strictMemorySafety())
    }
    target.swiftSettings = settings
}
