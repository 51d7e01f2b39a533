internal import Collector
internal import Commerce
internal import Foundation
internal import HTTPServing
internal import Logging
internal import Pipeline
internal import Stages
internal import Timekeeping

/// The collector of a pipeline on its way to be opened: its server, its journal, and the door
/// between the server and the run.
struct CollectorOpening: Sendable {
    /// This machine alone, beside the console.
    static let standard = ListenAddress(host: "127.0.0.1", port: 8081)

    let server: CollectorServer
    let journal: any CollectorJournal
    let door: CollectorResponder.Door
    let place = ListeningPlace()

    /// Nil where there is no address, or no collector.
    ///
    /// - Throws: ``TokenError`` where a key cannot be read, `ListenError` where others could reach
    ///   the address and there is none.
    init?(
        _ document: PipelineDocument,
        at address: ListenAddress?,
        _ timeline: any Timeline,
        _ logger: Logger
    ) throws {
        guard let stage = document.stages.first(where: { $0.collector != nil }),
            let plan = stage.collector
        else { return nil }
        guard let address else {
            Terminal.message("the collector '\(stage.name)' is closed; --collect opens it")
            return nil
        }
        let keys = SourceKeys(
            try plan.sources.map { source in
                let key = try CollectorOpening.token(
                    at: source.key,
                    what: "the key of the source '\(source.name)'"
                )
                return (source.name, key)
            }
        )
        let secret = try plan.conform.secret.map {
            try CollectorOpening.token(at: $0, what: "the secret of the digests").digestKey
        }
        let mint = IdentityMint(at: timeline.now)
        door = CollectorResponder.Door()
        let ga4 = GA4Protocol(
            mint: mint,
            deduplication: plan.knowsGA4Orders ? .transaction : .none,
            ownNames: document.validation.events.declared.map(\.name)
        )
        let responder = CollectorResponder(
            protocols: [
                CloudEventsProtocol(), PlainTracking(mint), ga4, SegmentProtocol(mint: mint),
            ],
            keys: keys,
            origins: CrossOrigin(allowed: plan.allowedOrigins),
            conformer: Conformer(plan.conform, secret: secret ?? []),
            door: door,
            logger: logger
        )
        server = try CollectorServer(
            address,
            responder,
            keys: keys,
            timeline: timeline,
            logger: logger
        )
        let folder = plan.journal ?? ".weir/collector/\(document.name)/\(stage.name)"
        journal = JournalFolder(path: folder)
    }

    private static func token(
        at secret: SecretPlace,
        what: String
    ) throws(TokenError) -> BearerToken {
        let (place, text): (String, String?)
        switch secret {
        case .environment(let name):
            place = name
            text = ProcessInfo.processInfo.environment[name]
        case .file(let path):
            place = path
            text = FileManager.default.contents(atPath: path).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        guard let text else {
            throw TokenError(
                exit: .inputNotFound,
                description: "\(place) is not there; expected \(what)"
            )
        }
        guard let key = BearerToken(text) else {
            throw TokenError(
                exit: .usage,
                description: "\(place) does not hold \(what); expected "
                    + "\(BearerToken.leastLength) to \(BearerToken.greatestLength) printable "
                    + "ASCII characters without spaces, as `openssl rand -hex 32` makes them"
            )
        }
        return key
    }
}

extension Serving {
    /// The server of `collector`; nil where there is none.
    init(_ collector: CollectorOpening?, _ logger: Logger) {
        self.init(
            "collector",
            saying: "collecting at http://…/events and /track",
            logger: logger,
            serve: { opened in
                { stop, onListening in
                    try await opened.server.run(until: stop) { address in
                        opened.place.address = address
                        onListening(address)
                    }
                }
            },
            of: collector
        )
    }
}
