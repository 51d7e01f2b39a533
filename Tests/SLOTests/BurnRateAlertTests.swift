import ObjectiveSamples
import SLO
import Testing
import Timekeeping

@Suite struct BurnRateAlertTests {
    typealias Sample = SampleObjective

    @Test func `at 30 days the pairs are the Workbook's`() {
        let pairs = BurnRateAlert.workbook(period: Sample.day * 30)
        #expect(pairs.map(\.tier) == [.fast, .medium, .slow, .long])
        #expect(pairs.map(\.severity) == ["page", "page", "ticket", "ticket"])
        #expect(pairs.map(\.factor.description) == ["14.4", "6", "3", "1"])
        #expect(
            pairs.map(\.longWindow)
                == [Sample.hour, Sample.hour * 6, Sample.day, Sample.day * 3]
        )
        #expect(
            pairs.map(\.shortWindow)
                == [.seconds(300), .seconds(1800), Sample.hour * 2, Sample.hour * 6]
        )
        #expect(pairs.allSatisfy { $0.comparison == .greaterThan && $0.alertAfter == .zero })
        #expect(pairs.map(\.minimumEvents) == [0, 0, 0, 0])
        let shares = pairs.map { $0.factor.approximation * ($0.longWindow / (Sample.day * 30)) }
        for (share, expected) in zip(shares, [0.02, 0.05, 0.1, 0.1]) {
            #expect(abs(share - expected) < 1e-12)
        }
    }

    @Test func `for another period the windows are scaled and the shares stay`() {
        let month = BurnRateAlert.workbook(period: Sample.day * 28, grid: .seconds(10))
        #expect(month.map(\.factor.description) == ["14.4", "6", "3", "1"])
        #expect(month.map(\.longWindow) == [3360, 20_160, 80_640, 241_920].map { .seconds($0) })
        #expect(month.map(\.shortWindow) == [280, 1680, 6720, 20_160].map { .seconds($0) })
        #expect(abs(14.4 * (month[0].longWindow / (Sample.day * 28)) - 0.02) < 1e-12)
        // Windows are whole slices, and never empty: rounding makes them longer, not shorter.
        let hour = BurnRateAlert.workbook(period: Sample.hour, grid: .seconds(10))
        #expect(hour.map(\.longWindow) == [10, 30, 120, 360].map { .seconds($0) })
        #expect(hour.map(\.shortWindow) == [10, 10, 10, 30].map { .seconds($0) })
    }

    @Test func `a total outage is detected within a minute`() throws {
        let fast = try #require(BurnRateAlert.workbook(period: Sample.day * 30).first)
        let target = try Sample.decimal("0.999")
        #expect(
            fast.detectionTime(errorRatio: .one, target: target) == .milliseconds(51_840)
        )
        let least = try Sample.decimal("0.0144")
        #expect(fast.detectionTime(errorRatio: least, target: target) == nil)
    }

    @Test func `reaching a factor exactly counts only with at least`() throws {
        let target = try Sample.decimal("0.9")
        var alert = BurnRateAlert(longWindow: Sample.hour, factor: ExactDecimal(10), severity: "")
        #expect(!alert.isReachable(target: target))
        alert.comparison = .greaterThanOrEqual
        #expect(alert.isReachable(target: target))
        alert.factor = try Sample.decimal("10.000000000000001")
        #expect(!alert.isReachable(target: target))
        alert.comparison = .lessThan
        #expect(alert.isReachable(target: target))
    }
}
