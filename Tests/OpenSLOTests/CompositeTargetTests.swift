import ObjectiveSamples
import OpenSLO
import SLO
import Testing
import Timekeeping

/// Composites whose components have targets of their own, reckoned by hand.
///
/// A component burns its own budget at the rate bad share / own budget, and the composite's at the
/// same rate, times its weight. The composite has the strictest target.
@Suite struct CompositeTargetTests {
    typealias Sample = SampleObjective

    private func objective(
        _ budgeting: BudgetingMethod = .occurrences,
        weights: [String] = ["1", "1"]
    ) throws -> Objective {
        var objective = try Sample.make(
            target: "0.99",
            budgeting,
            window: .rolling(Sample.hour),
            weights: weights
        )
        objective.components[0].target = try Sample.decimal("0.98")
        return objective
    }

    /// What is measured over an hour in which each minute has so many bad ones of 1000.
    private func measured(
        _ objective: Objective,
        bad: (Int) -> [Int64]
    ) throws -> WindowMeasurement {
        var tracker = ObjectiveTracker.exact(objective, slice: Sample.minute, span: Sample.hour * 2)
        for minute in 0..<60 {
            let start = Sample.monday + Sample.minute * minute
            for (component, bad) in bad(minute).enumerated() {
                tracker.record(Slice(start: start, good: 1000 - bad, total: 1000), of: component)
            }
            tracker.advance(to: start + Sample.minute)
        }
        return tracker.measure(last: Sample.hour, asOf: Sample.monday + Sample.hour)
    }

    @Test func `half of each budget is the whole of the composite's`() throws {
        // 1% of a budget of 2%, and 0.5% of one of 1%: rates of 0.5 each.
        let measured = try measured(objective()) { _ in [10, 5] }
        #expect(measured.errorRatio == ExactRatio(1, 100))
        #expect(measured.sli == ExactRatio(99, 100))
        #expect(measured.spentShare?.divided(by: try Sample.decimal("0.01")) == .one)
    }

    @Test func `weights multiply the rates`() throws {
        // 0.5 · 1% / 2% + 0.25 · 2% / 1% = 0.75 of the budget of 1%.
        let measured = try measured(objective(weights: ["0.5", "0.25"])) { _ in [10, 20] }
        #expect(measured.errorRatio == ExactRatio(75, 10_000))
    }

    @Test func `a bad slice costs what the dearest of its failures costs`() throws {
        // Two minutes bad in the lax component: half a slice each. One in the strict one: a whole.
        // One in both: a whole. 3 of 60.
        let target = try Sample.decimal("0.9")
        let objective = try objective(.timeslices(window: Sample.minute, target: target))
        let measured = try measured(objective) { minute in
            switch minute {
            case 3, 4: [200, 0]
            case 10: [0, 200]
            case 20: [200, 200]
            default: [100, 100]
            }
        }
        #expect(measured.errorRatio == ExactRatio(3, 60))
        #expect(measured.judged?.bad == 4)
    }

    @Test func `the mean of slices weighs each share by its budget`() throws {
        // Ten minutes of 6% in the lax component, 3% in the strict one: 10 · (3% + 3%) / 60.
        let objective = try objective(.ratioTimeslices(window: Sample.minute))
        let measured = try measured(objective) { $0 < 10 ? [60, 30] : [0, 0] }
        #expect(measured.errorRatio == ExactRatio(1, 100))
    }

    @Test func `documents make the strictest target the composite's`() throws {
        let parts =
            "[{indicatorRef: checkout-ok-ratio, target: 0.98}, "
            + "{indicatorRef: checkout-ok-ratio, target: 0.99}]"
        let text = minimalSet.replacing("  indicatorRef: checkout-ok-ratio\n", with: "")
            .replacing("[{displayName: Good, target: 0.999}]", with: parts)
        let objective = try #require(try reading(text).checked().objectives.first)
        #expect(objective.target == (try Sample.decimal("0.99")))
        #expect(objective.components.map(\.target) == [try Sample.decimal("0.98"), nil])
        // Default weights are OpenSLO's own, and nothing to warn of.
        #expect(ObjectiveLint.warnings(for: try reading(text).checked()).isEmpty)
    }

    @Test func `another target is another revision`() throws {
        var other = try objective()
        other.components[0].target = nil
        #expect(try objective().revision != other.revision)
    }
}
