import Foundation
import ObjectiveSamples
import OpenSLO
import Prometheus
import SLO
import Testing

/// What the reference takes and other tools write, of which this program makes less than is meant.
@Suite struct OpenSLOLeniencyTests {
    @Test func `an objective that is measured elsewhere is there, and has no data`() throws {
        let text = minimalSet.replacing("type: Prometheus, conn", with: "type: Datadog, conn")
            .replacing("type: Prometheus, ", with: "").replacing("type: Prometheus, ", with: "")
        let objective = try #require(try reading(text).checked().objectives.first)
        #expect(objective.isUnread)
        #expect(!objective.isQueried)
        #expect(ObjectiveLint.warnings(for: try reading(text).checked()).isEmpty)
    }

    @Test func `without any DataSource a reference to one is doubted`() throws {
        let source = minimalSet.components(separatedBy: "---\n")[1]
        let text = minimalSet.replacing(source + "---\n", with: "")
        #expect(complaints(about: text) == [])
        #expect(doubts(about: text).count == 2)
        #expect(doubts(about: text)[0].contains("there is no DataSource 'local-prom' in these"))
    }

    @Test func `a bare number of a slice is one of minutes`() throws {
        let text = minimalSet.replacing("Occurrences", with: "RatioTimeslices")
            .replacing("target: 0.999", with: "target: 0.999, timeSliceWindow: 5")
        let objective = try #require(try reading(text).checked().objectives.first)
        #expect(objective.budgeting == .ratioTimeslices(window: .seconds(300)))
    }
}
