import Documents
import ObjectiveSamples
import OpenSLO
import SLO
import Testing

/// What lint doubts in objectives that are allowed.
@Suite struct ObjectiveLintTests {
    private func lint(
        _ changes: [(String, String)],
        _ world: ObjectiveLint.World = .init()
    ) -> [String] {
        let result = reading(changes.reduce(minimalSet) { $0.replacing($1.0, with: $1.1) })
        #expect(result.mistakes.map(\.description) == [])
        let doubts = ObjectiveLint.warnings(for: result.set, in: world)
        return doubts.map { String($0.description.dropFirst(2)) }
    }

    private static let slo = "metadata: {name: checkout-availability"
    private static let traffic = "annotations: {weir.dev/expected-events-per-hour: "

    @Test func `traffic that is known counts for more than what was expected`() throws {
        let changes = [(Self.slo, Self.slo + ", " + Self.traffic + "\"10\"}")]
        let many = ObjectiveLint.World(
            eventsPerHour: ["checkout-availability": ExactDecimal(100_000)]
        )
        #expect(lint(changes, many) == [])
    }

    @Test func `an objective that no meter feeds is doubted`() {
        let text = minimalSet.replacing(
            "spec: {type: Prometheus, connectionDetails: {url: \"http://127.0.0.1:9090\"}}",
            with: "spec: {type: weir, connectionDetails: {}}"
        )
        .replacing("type: Prometheus, ", with: "")
        .replacing("type: Prometheus, ", with: "")
        .replacing("query: 'orders_total{result=\"ok\"}'", with: "meter: orders.succes")
        .replacing("query: 'orders_total'", with: "meter: orders.total")
        let result = reading(text)
        #expect(result.mistakes.map(\.description) == [])
        let world = ObjectiveLint.World(meters: ["orders.success", "orders.total"])
        #expect(
            ObjectiveLint.warnings(for: result.set, in: world).map(\.description) == [
                "f:17:27: no meter 'orders.succes' feeds 'checkout-availability'; did you mean "
                    + "'orders.success'? there are orders.success, orders.total"
            ]
        )
        #expect(ObjectiveLint.warnings(for: result.set).map(\.description) == [])
    }
}
