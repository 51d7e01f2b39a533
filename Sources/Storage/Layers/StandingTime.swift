package import Timekeeping

/// Lets virtual time stand still while a store works that takes real time: a file, a server.
package struct StandingTime: StoreLayer {
    private let timeline: any Timeline

    /// The layer before a store that is called from `timeline`.
    package init(_ timeline: any Timeline) {
        self.timeline = timeline
    }

    package func pass<Answer>(
        _ call: inout StoreCall,
        _ next: NextStoreLayer<Answer>
    ) async throws(StoreError) -> Answer {
        try await timeline.outside { () async throws(StoreError) in try await next(&call) }
    }
}
