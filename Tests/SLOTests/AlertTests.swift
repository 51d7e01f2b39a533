import ObjectiveSamples
import SLO
import Testing
import Timekeeping

@Suite struct AlertTests {
    typealias Sample = SampleObjective

    /// One pair of an hour and five minutes at a factor of 2, against a target of 90%.
    private func pair(
        short: Duration? = .seconds(300),
        after: Duration = .zero,
        minimumEvents: Int64 = 0
    ) -> BurnRateAlert {
        BurnRateAlert(
            longWindow: Sample.hour,
            shortWindow: short,
            factor: ExactDecimal(2),
            alertAfter: after,
            severity: "page",
            minimumEvents: minimumEvents
        )
    }

    private func tracker(
        _ rules: [AlertRule],
        window: TimeWindow = .rolling(Sample.day),
        maintenance: [MaintenanceWindow] = []
    ) throws -> ObjectiveTracker {
        try ObjectiveTracker.exact(
            Sample.make(target: "0.9", window: window, maintenance: maintenance, rules: rules),
            slice: Sample.minute,
            span: Sample.day * 2
        )
    }

    /// Goes on, and gathers what became of the alerts.
    private func run(
        _ tracker: inout ObjectiveTracker,
        minutes: Int,
        good: Int64?,
        total: Int64 = 10
    ) -> [AlertTransition] {
        var transitions: [AlertTransition] = []
        for _ in 0..<minutes {
            guard let now = tracker.now else { break }
            if let good {
                for component in tracker.objective.components.indices {
                    tracker.record(Slice(start: now, good: good, total: total), of: component)
                }
            }
            tracker.advance(to: now + Sample.minute)
            transitions += tracker.evaluate()
        }
        return transitions
    }

    private func minutes(_ transition: AlertTransition?) -> Int64? {
        guard let episode = transition?.episode else { return nil }
        return ((episode.end ?? episode.start) - Sample.monday).components.seconds / 60
    }

    @Test func `an alert fires on both windows and is resolved by the short one`() throws {
        var both = try tracker([.burnRate(pair())])
        #expect(run(&both, minutes: 60, good: 10).isEmpty)
        let fired = run(&both, minutes: 20, good: 0)
        // 20% of an hour are twelve minutes; strictly more is the thirteenth.
        #expect(fired.count == 1 && minutes(fired.first) == 73)
        let resolved = run(&both, minutes: 60, good: 10)
        // Of five minutes, one bad one is 20%, and no more than that.
        #expect(resolved.count == 1 && minutes(resolved.first) == 84)
        let episode = try #require(resolved.first?.episode)
        #expect(episode.start == Sample.monday + Sample.minute * 73)
        #expect(episode.id == "sample/burn/burn-rate-2-1h-5m@2026-06-01T01:13:00Z")
        #expect(both.alerts[0].episode == nil)
        // One window alone goes on until the hour has passed.
        var long = try tracker([.burnRate(pair(short: nil))])
        _ = run(&long, minutes: 60, good: 10)
        #expect(minutes(run(&long, minutes: 20, good: 0).first) == 73)
        #expect(minutes(run(&long, minutes: 90, good: 10).first) == 128)
    }

    @Test func `an episode carries the sums that fired and ended it`() throws {
        var tracker = try tracker([.burnRate(pair())])
        _ = run(&tracker, minutes: 60, good: 10)
        let transitions = run(&tracker, minutes: 20, good: 0) + run(&tracker, minutes: 9, good: 10)
        let episode = try #require(transitions.last?.episode)
        guard case .burnRate(let long, let short?, let rule) = episode.evidence,
            case .burnRate(let endLong, let endShort?, _)? = episode.endEvidence
        else {
            Issue.record("expected the sums of two windows")
            return
        }
        #expect(rule.factor == ExactDecimal(2))
        #expect(long.measurement.events == EventSum(good: 470, total: 600, observed: 60))
        #expect(short.measurement.events == EventSum(good: 0, total: 50, observed: 5))
        #expect(long.value == ExactRatio(13, 6) && short.value == ExactRatio(10, 1))
        #expect(endLong.measurement.events.bad == 200)
        #expect(endShort.value == ExactRatio(2, 1))
        #expect(episode.revision == tracker.revision && episode.isAboutSpending)
    }

    @Test func `an alert that has to hold for a while is pending until it has`() throws {
        var tracker = try tracker([.burnRate(pair(short: nil, after: .seconds(300)))])
        _ = run(&tracker, minutes: 60, good: 10)
        #expect(run(&tracker, minutes: 15, good: 0).isEmpty)
        #expect(tracker.alerts[0].isPending)
        #expect(minutes(run(&tracker, minutes: 5, good: 0).first) == 78)
        // A condition that stops holding, or of which nothing is known, starts from nothing again.
        var machine = AlertMachine(
            identity: tracker.alerts[0].identity,
            rule: tracker.alerts[0].rule,
            revision: tracker.revision
        )
        let evidence = { AlertEvidence.silence(since: Sample.monday) }
        let steps: [(holds: Bool?, at: Int64)] = [
            (true, 0), (true, 299), (false, 300), (true, 310), (nil, 400), (true, 410),
            (true, 709),
        ]
        for step in steps {
            let transition = machine.handle(
                step.holds,
                at: Sample.monday + .seconds(step.at),
                evidence: evidence
            )
            #expect(transition == nil)
        }
        let fired = machine.handle(true, at: Sample.monday + .seconds(710), evidence: evidence)
        #expect(fired != nil)
    }

    @Test func `while nothing is observed an alert neither fires nor is resolved`() throws {
        var tracker = try tracker([.burnRate(pair())])
        _ = run(&tracker, minutes: 60, good: 10)
        #expect(run(&tracker, minutes: 14, good: 0).count == 1)
        // Prometheus resolves it here: an absent series exceeds nothing.
        #expect(run(&tracker, minutes: 30, good: nil).isEmpty)
        #expect(tracker.alerts[0].episode != nil)
        // The first good minute is all that is known of the last five.
        #expect(minutes(run(&tracker, minutes: 6, good: 10).first) == 105)
        #expect(tracker.alerts[0].episode == nil)
        // Nor does it fire: one bad minute of an hour is no fifth of it.
        var new = try self.tracker([.burnRate(pair())])
        #expect(run(&new, minutes: 12, good: 0).isEmpty)
        #expect(run(&new, minutes: 1, good: 0).count == 1)
    }

    @Test func `quiet minutes that are observed do resolve it`() throws {
        var tracker = try tracker([.burnRate(pair())])
        _ = run(&tracker, minutes: 60, good: 10)
        #expect(run(&tracker, minutes: 14, good: 0).count == 1)
        #expect(run(&tracker, minutes: 5, good: 0, total: 0).count == 1)
    }

    @Test func `every operator of a document is obeyed`() throws {
        for (comparison, fires) in [
            (ThresholdComparison.greaterThan, false), (.greaterThanOrEqual, true),
            (.lessThan, false), (.lessThanOrEqual, true),
        ] {
            var alert = pair(short: nil)
            alert.comparison = comparison
            var tracker = try tracker([.burnRate(alert)])
            _ = run(&tracker, minutes: 60, good: 8)
            #expect((tracker.alerts[0].episode != nil) == fires, "\(comparison)")
        }
    }

    @Test func `the budget is exhausted when nothing of it is left`() throws {
        var tracker = try tracker(
            [.budgetExhausted(BudgetExhaustedAlert(severity: "ticket"))],
            window: .rolling(Sample.hour)
        )
        #expect(run(&tracker, minutes: 60, good: 10).isEmpty)
        #expect(run(&tracker, minutes: 5, good: 0).isEmpty)
        let fired = run(&tracker, minutes: 1, good: 0)
        #expect(minutes(fired.first) == 66)
        guard case .budget(_, let budget)? = fired.first?.episode.evidence else {
            Issue.record("expected the budget")
            return
        }
        #expect(budget.remaining == .zero && budget.spent == ExactRatio(60, 1))
        // The first bad minute leaves the window at its end.
        #expect(minutes(run(&tracker, minutes: 120, good: 10).first) == 121)
    }

    @Test func `silence fires an alert of its own and a report ends it`() throws {
        let rule = NoDataAlert(after: .seconds(600), severity: "ticket")
        var tracker = try tracker([.noData(rule), .burnRate(pair())])
        #expect(run(&tracker, minutes: 20, good: 10).isEmpty)
        let fired = run(&tracker, minutes: 30, good: nil)
        #expect(fired.count == 1 && minutes(fired.first) == 30)
        guard case .silence(let since)? = fired.first?.episode.evidence else {
            Issue.record("expected the silence")
            return
        }
        #expect(since == Sample.monday + Sample.minute * 20)
        #expect(fired.first?.episode.isAboutSpending == false)
        // That nothing happened is no data either; an event ends it.
        #expect(run(&tracker, minutes: 5, good: 0, total: 0).isEmpty)
        #expect(minutes(run(&tracker, minutes: 5, good: 10).first) == 56)
        // One that never reported is silent from the beginning.
        var mute = try self.tracker([.noData(rule)])
        #expect(minutes(run(&mute, minutes: 30, good: nil).first) == 10)
    }

    @Test func `maintenance neither burns nor is silent`() throws {
        let window = MaintenanceWindow(
            reason: "upgrade",
            start: CivilDateTime(secondsSinceEpoch: Sample.monday.nanoseconds / 1_000_000_000),
            zone: .utc,
            duration: Sample.minute * 30
        )
        let rules: [AlertRule] = [
            .noData(NoDataAlert(after: .seconds(600), severity: "ticket")), .burnRate(pair()),
        ]
        var down = try tracker(rules, maintenance: [window])
        #expect(run(&down, minutes: 30, good: 0).isEmpty)
        var silent = try tracker(rules, maintenance: [window])
        #expect(run(&silent, minutes: 30, good: nil).isEmpty)
    }

    @Test func `an alert that fires puts the objective at risk`() throws {
        var tracker = try tracker([.burnRate(pair())])
        _ = run(&tracker, minutes: 1440, good: 10)
        #expect(tracker.status()?.state == .ok)
        _ = run(&tracker, minutes: 15, good: 0)
        let status = try #require(tracker.status())
        #expect(status.state == .atRisk && status.firing.count == 1)
        #expect(status.reason.contains("burn-rate-2-1h-5m"))
    }

    @Test func `rules of one name are told apart`() throws {
        let tracker = try tracker([.burnRate(pair()), .burnRate(pair()), .burnRate(pair())])
        #expect(
            tracker.alerts.map(\.identity.rule) == [
                "burn-rate-2-1h-5m", "burn-rate-2-1h-5m-2", "burn-rate-2-1h-5m-3",
            ]
        )
    }

    @Test func `a replay fires what the live machines fired`() throws {
        var live = try tracker(Sample.workbook.map { $0 } + [.burnRate(pair())])
        var chance = Randomness(seed: 7)
        var transitions: [AlertTransition] = []
        var slices: [Slice] = []
        for minute in 0..<1000 {
            let isBad = (300..<340).contains(minute) || (700..<720).contains(minute)
            let total = Int64(chance.below(20))
            let slice = Slice(
                start: Sample.monday + Sample.minute * minute,
                bad: isBad ? total : 0,
                total: total
            )
            slices.append(slice)
            live.record(slice)
            live.advance(to: slice.start + Sample.minute)
            transitions += live.evaluate()
        }
        let resolved = transitions.compactMap { transition in
            if case .resolved(let episode) = transition { episode } else { nil }
        }
        let episodes = (resolved + live.alerts.compactMap(\.episode)).map {
            "\($0.id) \($0.end?.description ?? "-")"
        }
        let replay = ObjectiveReplay(
            live.objective,
            history: [slices.reversed()],
            slice: Sample.minute,
            points: 10
        )
        #expect(replay.episodes.count == 2)
        #expect(
            replay.episodes.map { "\($0.id) \($0.end?.description ?? "-")" }.sorted()
                == episodes.sorted()
        )
        #expect(replay.burnDown.count == 10)
        #expect(replay.burnDown.last?.remaining == live.status()?.budget.remainingRatio)
        // It can go on where the history ends, with bounded memory.
        let onward = ObjectiveReplay(
            live.objective,
            history: [slices],
            slice: Sample.minute,
            retention: .live
        )
        #expect(onward.tracker.alerts.map(\.episode?.id) == live.alerts.map(\.episode?.id))
        #expect(
            onward.tracker.status()?.budget.spentRatio == live.status()?.budget.spentRatio
        )
        // What if the target had been looser, or the window shorter?
        var looser = live.objective
        looser.target = ExactDecimal(digits: 5, scale: 1) ?? .zero
        let other = ObjectiveReplay(looser, history: [slices], slice: Sample.minute)
        #expect(other.episodes.count < replay.episodes.count)
    }

    @Test func `a replay of nothing is no data`() throws {
        let objective = try Sample.make()
        let empty = ObjectiveReplay(objective, history: [[]], slice: Sample.minute)
        #expect(empty.episodes.isEmpty && empty.tracker.status() == nil)
        let hour = Sample.monday..<(Sample.monday + Sample.hour)
        let silent = ObjectiveReplay(
            objective,
            history: [[]],
            slice: Sample.minute,
            range: hour
        )
        #expect(silent.tracker.status()?.state == .noData)
    }
}
