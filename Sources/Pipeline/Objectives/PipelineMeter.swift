internal import SLO

/// The meters of a running pipeline that an indicator may name.
package enum PipelineMeter: Hashable, Sendable {
    /// Messages that a subscription settled as processed.
    case messagesSuccess
    /// Messages that came to an end in a subscription: processed, given up, expired or shed.
    case messagesTotal
    /// How long each job took, in seconds.
    case jobsDuration
    /// The open connections of the raw store's server.
    case rawStoreConnections
    /// 1 where a component worked throughout a slice, else 0.
    case availability(PipelineComponent)

    /// All there are, in the order of this list.
    package static let all: [PipelineMeter] =
        [.messagesSuccess, .messagesTotal, .jobsDuration, .rawStoreConnections]
        + PipelineComponent.allCases.map { .availability($0) }

    /// Its name in indicators.
    package var name: String {
        switch self {
        case .messagesSuccess: "messages.success"
        case .messagesTotal: "messages.total"
        case .jobsDuration: "jobs.duration"
        case .rawStoreConnections: "raw-store.connections"
        case .availability(let component): "availability.\(component.rawValue)"
        }
    }

    /// The meter that `source` names, or nil if it is not one of a pipeline's.
    init?(_ source: MetricSource) {
        guard case .meter(let name, _) = source.measure,
            let meter = PipelineMeter.all.first(where: { $0.name == name })
        else { return nil }
        self = meter
    }
}

/// The parts of a pipeline that are up or down.
package enum PipelineComponent: String, Hashable, Sendable, CaseIterable {
    case broker
    case ingest
    case analytics
    case rawStore = "raw-store"
    case warehouse
}
