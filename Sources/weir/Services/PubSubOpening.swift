internal import HTTPServing
internal import Logging
internal import Pipeline
internal import PubSubServer
internal import Synchronization
internal import Timekeeping

/// The Pub/Sub API of a run on its way to be opened, and the door between its server and the run.
struct PubSubOpening: Sendable {
    /// This machine alone, where Google's emulator listens.
    static let standard = ListenAddress(host: "127.0.0.1", port: 8085)

    let server: PubSubServer
    let door = PubSubResponder.Door()
    let place = ListeningPlace()

    /// Nil where there is no address.
    ///
    /// - Throws: `ListenError` where others could reach the address.
    init?(
        _ document: PipelineDocument,
        at address: ListenAddress?,
        _ timeline: any Timeline,
        _ logger: Logger
    ) throws {
        guard let address else { return nil }
        if !document.stages.contains(where: { $0.external != nil }) {
            Terminal.message("no stage is of the kind external, so that nothing can be pulled")
        }
        let responder = PubSubResponder(
            topics: document.topics.map(\.name),
            subscriptions: document.subscriptions.map(\.name),
            door: door,
            timeline: timeline
        )
        server = try PubSubServer(address, responder, logger: logger)
    }
}

/// Where a server listens, once it does.
final class ListeningPlace: Sendable {
    private let state = Mutex<ListenAddress?>(nil)

    var address: ListenAddress? {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

extension Serving {
    /// The server of `pubsub`; nil where there is none.
    init(_ pubsub: PubSubOpening?, _ logger: Logger) {
        self.init(
            "Pub/Sub API",
            saying: "answering the Pub/Sub API at http://…/v1/",
            logger: logger,
            serve: { opened in
                { stop, onListening in
                    try await opened.server.run(until: stop) { address in
                        opened.place.address = address
                        onListening(address)
                    }
                }
            },
            of: pubsub
        )
    }
}
