package import SLO
internal import Timekeeping

/// What Prometheus scrapes of some objectives, all series of which exist from the start.
///
/// A ratio of nothing is `NaN`, never a figure that looks like good news; counters start at 0 and
/// have both results before the first event. There are as many series as objectives, windows and
/// alerts: nothing that data can add to.
package struct ObjectiveMetrics: Sendable {
    /// An objective at an instant.
    package struct Reading: Sendable {
        package var status: ObjectiveStatus
        /// Since counting began.
        package var count: ObjectiveCount

        package init(_ status: ObjectiveStatus, _ count: ObjectiveCount) {
            self.status = status
            self.count = count
        }

        /// How `tracker` stands; nil before it was given the time.
        package init?(_ tracker: ObjectiveTracker) {
            guard let status = tracker.status() else { return nil }
            self.init(status, tracker.count)
        }
    }

    private typealias Label = MetricFamily.Label
    private typealias Sample = MetricFamily.Sample

    private let readings: [Reading]

    /// The metrics of objectives whose names differ.
    package init(_ readings: [Reading]) {
        self.readings = readings
    }

    /// Everything, in a fixed order.
    package var families: [MetricFamily] {
        [info] + figures + windows + [alerts, states]
    }

    private static func slo(_ reading: Reading) -> Label {
        Label("slo", reading.status.objective.name)
    }

    /// A family with one sample an objective.
    private func family(
        _ name: String,
        _ kind: MetricFamily.Kind = .gauge,
        unit: String? = nil,
        help: String,
        _ value: (Reading) -> MetricValue
    ) -> MetricFamily {
        MetricFamily(
            name,
            kind,
            unit: unit,
            help: help,
            samples: readings.map { Sample([Self.slo($0)], value($0)) }
        )
    }

    /// A family with a sample for each value of a further label.
    private func family<Key>(
        _ name: String,
        unit: String? = nil,
        help: String,
        by label: String,
        _ keys: (Reading) -> [(label: String, key: Key)],
        _ value: (Reading, Key) -> MetricValue
    ) -> MetricFamily {
        let samples = readings.flatMap { reading in
            keys(reading).map {
                Sample([Self.slo(reading), Label(label, $0.label)], value(reading, $0.key))
            }
        }
        return MetricFamily(name, .gauge, unit: unit, help: help, samples: samples)
    }

    private var info: MetricFamily {
        MetricFamily(
            "slo",
            .info,
            help: "What each objective is.",
            samples: readings.map { reading in
                let objective = reading.status.objective
                let indicators = objective.components.map(\.name).joined(separator: ",")
                let labels = [
                    Self.slo(reading), Label("service", objective.service),
                    Label("sli", indicators),
                    Label("budgeting_method", objective.budgeting.name),
                    Label("window", objective.timeWindow.label),
                ]
                return Sample(labels, .integer(1))
            }
        )
    }

    private var figures: [MetricFamily] {
        [
            family("slo_objective_ratio", unit: "ratio", help: "The share that has to be good.") {
                .ratio(ExactRatio($0.status.objective.target))
            },
            family(
                "slo_window_seconds",
                unit: "seconds",
                help: "The length of the period; of a month or longer its nominal one."
            ) { .number($0.status.objective.timeWindow.nominalLength.inSeconds) },
            MetricFamily.objectiveEvents(
                readings.flatMap { reading in
                    [("good", reading.count.good), ("bad", reading.count.bad)].map {
                        Sample([Self.slo(reading), Label("result", $0.0)], .ratio($0.1))
                    }
                }
            ),
            family("slo_measured_events", .counter, help: "Events, whatever the budget counts.") {
                .ratio($0.count.events)
            },
            family(
                "slo_observed_seconds",
                .counter,
                unit: "seconds",
                help: "How long something reported, since counting began."
            ) { .ratio($0.count.observedSeconds) },
            family(
                "slo_excluded_seconds",
                .counter,
                unit: "seconds",
                help: "How long maintenance was under way, since counting began."
            ) { .ratio($0.count.excludedSeconds) },
            family(
                "slo_error_budget_remaining_ratio",
                unit: "ratio",
                help: "The part of the period's error budget that is left, below 0 where more was "
                    + "spent than there was."
            ) { MetricValue($0.status.budget.remainingRatio) },
        ]
    }

    /// The period and the windows of burn rates, by their lengths; a length that is both is once.
    private func measured(_ reading: Reading) -> [(label: String, key: WindowMeasurement)] {
        let status = reading.status
        let period = (label: status.objective.timeWindow.label, key: status.measurement)
        let windows = status.burnRates.map {
            (label: DurationText.write($0.window), key: $0.measurement)
        }
        return windows.filter { $0.label != period.label } + [period]
    }

    private var windows: [MetricFamily] {
        [
            family(
                "slo_sli_ratio",
                unit: "ratio",
                help: "The good share of what was observed over a window.",
                by: "window",
                measured
            ) { MetricValue($1.sli) },
            family(
                "slo_burn_rate",
                help: "How fast the budget is spent over a window; 1 spends it in one period.",
                by: "window",
                measured
            ) { MetricValue($1.spentShare?.divided(by: $0.status.objective.budget)) },
            family(
                "slo_window_coverage_ratio",
                unit: "ratio",
                help: "The observed share of a window, so far as it has passed.",
                by: "window",
                measured
            ) { MetricValue($1.coverage ?? .zero) },
        ]
    }

    private var alerts: MetricFamily {
        var family = MetricFamily(
            "slo_alert_firing",
            .gauge,
            help: "1 while an alert of the severity and tier is firing."
        )
        for reading in readings {
            let machines = AlertMachine.machines(
                of: reading.status.objective,
                revision: reading.status.revision
            )
            // Rules that differ in nothing that is a label are one series.
            var places: [[Label]: Int] = [:]
            for machine in machines {
                let identity = machine.identity
                let labels = [
                    Self.slo(reading), Label("severity", identity.severity),
                    Label("tier", identity.tier?.rawValue ?? machine.rule.name),
                ]
                let isFiring = reading.status.firing.contains { $0.alert == identity }
                if let place = places[labels] {
                    if isFiring { family.samples[place].value = .integer(1) }
                } else {
                    places[labels] = family.samples.count
                    family.samples.append(Sample(labels, .integer(isFiring ? 1 : 0)))
                }
            }
        }
        return family
    }

    private var states: MetricFamily {
        family(
            "slo_state",
            help: "1 for the state that the objective is in, 0 for the others.",
            by: "state",
            { _ in ObjectiveState.allCases.map { ($0.rawValue, $0) } },
            { .integer($0.status.state == $1 ? 1 : 0) }
        )
    }
}

extension MetricFamily {
    /// `slo_events_total{slo,result}`.
    static func objectiveEvents(_ samples: [Sample] = []) -> MetricFamily {
        MetricFamily(
            "slo_events",
            .counter,
            help: "What the budget counts, by result: events, or time slices by their bad share.",
            samples: samples
        )
    }
}
