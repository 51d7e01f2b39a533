/// The rooms of Sources and the arrows between them, as Sources/README.md draws them.
struct House {
    struct Room {
        var name: String
        /// The rooms below it that it may name.
        var rooms: [String]
        /// The products of other packages that it may name.
        var products: [String] = []
    }

    /// Leave to import a module of the system, with the reason.
    struct Leave {
        var place: String
        var modules: [String]
        var reason: String
    }

    var rooms: [Room]
    var leaves: [Leave]
    /// The modules of products that do not have one of their own name alone.
    var modulesOfProducts: [String: [String]]
    /// Needs no leave: part of the language.
    var freeModules = ["Swift", "Synchronization"]

    static let weir = House(
        rooms: [
            Room(name: "Timekeeping", rooms: [], products: ["Collections"]),
            Room(name: "Reports", rooms: ["Timekeeping"]),
            Room(name: "Documents", rooms: ["Reports", "Timekeeping"], products: ["Yams"]),
            Room(name: "SLO", rooms: ["Reports", "Timekeeping"]),
            Room(name: "Prometheus", rooms: ["SLO", "Documents", "Reports", "Timekeeping"]),
            Room(
                name: "OpenSLO",
                rooms: ["Prometheus", "SLO", "Documents", "Reports", "Timekeeping"]
            ),
            Room(name: "Digests", rooms: ["COpenSSL"]),
            Room(name: "Datasets", rooms: ["Digests", "Documents", "Reports", "Timekeeping"]),
            Room(
                name: "Broker",
                rooms: ["Documents", "Timekeeping"],
                products: ["Collections"]
            ),
            Room(name: "Commerce", rooms: ["Broker", "Digests", "Documents", "Timekeeping"]),
            Room(
                name: "Storage",
                rooms: ["Broker", "Commerce", "Datasets", "SLO", "Timekeeping"]
            ),
            Room(
                name: "Operations",
                rooms: [
                    "Stages", "Storage", "Broker", "Commerce", "Datasets", "Digests", "Documents",
                    "Reports", "Timekeeping",
                ],
                products: ["Logging"]
            ),
            Room(
                name: "Stages",
                rooms: ["Storage", "Broker", "Commerce", "Datasets", "Timekeeping"],
                products: ["Collections", "Logging"]
            ),
            Room(
                name: "Pipeline",
                rooms: [
                    "Stages", "Storage", "Broker", "Commerce", "Datasets", "Prometheus", "SLO",
                    "Reports", "Documents", "Timekeeping",
                ],
                products: ["Logging"]
            ),
            Room(
                name: "Experiments",
                rooms: [
                    "Pipeline", "Stages", "Storage", "Broker", "Commerce", "SLO", "Reports",
                    "Documents", "Timekeeping",
                ],
                products: ["Logging"]
            ),
            Room(
                name: "HTTPServing",
                rooms: ["Timekeeping"],
                products: [
                    "Hummingbird", "HummingbirdCore", "Logging", "NIOCore", "NIOHTTP1", "NIOPosix",
                    "ServiceLifecycle",
                ]
            ),
            Room(
                name: "Collector",
                rooms: [
                    "HTTPServing", "Stages", "Commerce", "Digests", "Documents", "Timekeeping",
                    "CZlib",
                ],
                products: ["HTTPTypes", "HummingbirdCore", "Logging", "NIOCore", "NIOPosix"]
            ),
            Room(name: "WeirTracker", rooms: ["CZlib"]),
            Room(
                name: "PubSubServer",
                rooms: ["HTTPServing", "Stages", "Commerce", "Timekeeping"],
                products: ["HTTPTypes", "HummingbirdCore", "Logging", "NIOCore"]
            ),
            Room(
                name: "Console",
                rooms: ["HTTPServing", "Prometheus", "Reports", "Timekeeping"],
                products: ["HummingbirdCore", "HTTPTypes", "Logging", "NIOCore"]
            ),
            // The ports of Storage are written in terms of the broker's publications.
            Room(
                name: "SQLStores",
                rooms: ["Storage", "Broker", "Commerce", "Datasets", "SLO", "Timekeeping"]
            ),
            Room(
                name: "SQLiteStores",
                rooms: [
                    "SQLStores", "Storage", "Broker", "Commerce", "Datasets", "SLO", "Timekeeping",
                    "CSQLiteSettings",
                ],
                products: ["GRDB", "GRDBSQLite"]
            ),
            Room(
                name: "MongoDBStores",
                rooms: [
                    "StoreThreads", "Storage", "Broker", "Commerce", "Timekeeping", "CMongoc",
                    "CMongocSilence",
                ]
            ),
            Room(
                name: "PostgreSQLStores",
                rooms: [
                    "SQLStores", "StoreThreads", "Storage", "Broker", "Commerce", "Datasets", "SLO",
                    "Timekeeping", "CPostgres",
                ]
            ),
            Room(name: "HTTPExchanges", rooms: ["Timekeeping"]),
            Room(
                name: "PrometheusStores",
                rooms: ["HTTPExchanges", "Prometheus", "SLO", "Timekeeping"]
            ),
            Room(
                name: "OpeningStores",
                rooms: [
                    "SQLiteStores", "MongoDBStores", "PostgreSQLStores", "PrometheusStores",
                    "Storage", "Commerce",
                ]
            ),
            Room(name: "StoreThreads", rooms: []),
            Room(name: "CMongoc", rooms: []),
            Room(name: "COpenSSL", rooms: []),
            Room(name: "CZlib", rooms: []),
            Room(name: "CMongocSilence", rooms: ["CMongoc"]),
            Room(name: "CSQLiteSettings", rooms: [], products: ["GRDBSQLite"]),
            Room(name: "CPostgres", rooms: []),
            Room(
                name: "weir",
                rooms: [
                    "Collector", "Console", "PubSubServer", "HTTPServing", "Experiments",
                    "Operations", "Pipeline", "OpeningStores",
                    "SQLiteStores", "PrometheusStores", "HTTPExchanges", "Stages", "Storage",
                    "Broker", "Commerce", "Datasets", "OpenSLO", "Prometheus", "SLO", "Reports",
                    "Documents", "Timekeeping", "WeirTracker",
                ],
                products: ["ArgumentParser", "Logging", "Subprocess", "UnixSignals"]
            ),
        ],
        leaves: [
            Leave(
                place: "Sources/Timekeeping/RealTimeline.swift",
                modules: ["Glibc", "Darwin"],
                reason: "the one place that reads the system's clock"
            ),
            Leave(
                place: "Sources/Commerce/Logs/RecordReader.swift",
                modules: ["Glibc", "Darwin"],
                reason: "looks for line ends and quotes through the system's memory calls"
            ),
            Leave(
                place: "Sources/Commerce/Logs/InputFile.swift",
                modules: ["Glibc", "Darwin"],
                reason: "tells files from directories and pipes, and waits for these on a thread"
            ),
            Leave(
                place: "Sources/Commerce/Traffic/AheadSource.swift",
                modules: ["Glibc", "Darwin", "Dispatch"],
                reason: "makes events on a thread of its own, which waits for room"
            ),
            Leave(
                place: "Sources/Documents/DocumentFile.swift",
                modules: ["Foundation", "FoundationEssentials"],
                reason: "reads files"
            ),
            Leave(
                place: "Sources/Timekeeping/CivilZone.swift",
                modules: ["Foundation"],
                reason: "the rules of the IANA time zones"
            ),
            Leave(
                place: "Sources/Reports/WrittenReport.swift",
                modules: ["FoundationEssentials"],
                reason: "encodes reports as JSON"
            ),
            Leave(
                place: "Sources/SLO/Reports",
                modules: ["FoundationEssentials"],
                reason: "decodes reports from JSON"
            ),
            Leave(
                place: "Sources/Console/ProcessMetrics.swift",
                modules: ["Glibc", "Darwin"],
                reason: "what the system says of this process"
            ),
            Leave(
                place: "Sources/HTTPServing",
                modules: ["Glibc", "Darwin"],
                reason: "why an address cannot be listened on, and how many files may be open"
            ),
            Leave(
                place: "Sources/Collector/JournalFolder.swift",
                modules: ["Glibc", "Darwin"],
                reason: "keeps what was accepted in files, and has the system write them out"
            ),
            Leave(
                place: "Sources/WeirTracker",
                modules: ["Foundation", "FoundationNetworking"],
                reason: "sends over HTTP; reads the environment and the time of day"
            ),
            Leave(
                place: "Sources/PubSubServer",
                modules: ["FoundationEssentials"],
                reason: "the API writes bytes in base64"
            ),
            Leave(
                place: "Sources/Stores/SQLite",
                modules: ["Foundation", "FoundationEssentials"],
                reason: "GRDB speaks of dates and data in its terms; makes the files' folders"
            ),
            Leave(
                place: "Sources/Stores/MongoDB/RunLease.swift",
                modules: ["Foundation"],
                reason: "what the system says of the process that holds a lease"
            ),
            Leave(
                place: "Sources/Stores/Threads",
                modules: ["Glibc", "Darwin", "Dispatch"],
                reason: "a thread a connection, on which to wait for a server"
            ),
            Leave(
                place: "Sources/Stores/MongoDB",
                modules: ["Glibc", "Darwin"],
                reason: "what libmongoc is written in terms of"
            ),
            Leave(
                place: "Sources/Stores/PostgreSQL",
                modules: ["Glibc", "Darwin"],
                reason: "waits for the server's socket"
            ),
            Leave(
                place: "Sources/Stores/Prometheus",
                modules: ["Foundation", "FoundationEssentials"],
                reason: "reads the URL and the server's JSON"
            ),
            Leave(
                place: "Sources/Stores/HTTP",
                modules: ["Foundation", "FoundationNetworking"],
                reason: "asks servers over HTTP"
            ),
            Leave(
                place: "Sources/Stores/Opening",
                modules: ["Foundation"],
                reason: "makes folders for files, and sees whether files are there"
            ),
            Leave(
                place: "Sources/weir",
                modules: ["Foundation", "FoundationEssentials", "Glibc", "Darwin", "Dispatch"],
                reason: "the terminal, the environment, signals and exit codes"
            ),
        ],
        modulesOfProducts: [
            "Subprocess": ["Subprocess", "SystemPackage"],
            "Collections": [
                "Collections", "BitCollections", "DequeModule", "HashTreeCollections", "HeapModule",
                "OrderedCollections",
            ],
        ]
    )

    func modules(of product: String) -> [String] {
        modulesOfProducts[product] ?? [product]
    }
}
