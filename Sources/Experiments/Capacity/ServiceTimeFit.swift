package import Documents
package import Pipeline
internal import Reports
package import Storage
internal import Timekeeping

/// The cost of a call and the cost of an event of it that suit measured calls best: by least
/// squares, in whole numbers.
///
/// All calls together take as long by it as they were measured to take, but for the rounding to
/// microseconds a call and nanoseconds an event.
package struct ServiceTimeFit: Hashable, Sendable {
    /// Why calls have no two costs.
    package enum Failure: Error, Hashable, Sendable {
        /// There were none.
        case nothing
        /// They had so many events each, or nearly so: one cost cannot be told from the other.
        case oneSize(events: Int64)
    }

    package let perCall: Duration
    package let perEvent: Duration

    /// The fit of the calls that `sums` has added up.
    package init(_ sums: WorkSums) throws(Failure) {
        let (calls, events) = (Int128(sums.calls), Int128(sums.events))
        let (time, product) = (Int128(sums.microseconds), Int128(sums.microsecondsByEvents))
        guard calls > 0, events > 0 else { throw .nothing }
        let spread = calls * Int128(sums.eventsSquared) - events * events
        // The deviation of the sizes has to be a tenth of their mean at least.
        guard spread * 100 >= events * events else {
            throw .oneSize(events: Int64((events + calls / 2) / calls))
        }
        var eachEvent = (calls * product - time * events, spread)
        var eachCall = (time * Int128(sums.eventsSquared) - events * product, spread)
        // No cost is below zero: then the other one explains all.
        if eachEvent.0 < 0 {
            (eachEvent, eachCall) = ((0, 1), (time, calls))
        } else if eachCall.0 < 0 {
            (eachEvent, eachCall) = ((time, events), (0, 1))
        }
        perEvent = .nanoseconds(ServiceTimeFit.rounded(eachEvent.0 * 1000, by: eachEvent.1))
        perCall = .microseconds(ServiceTimeFit.rounded(eachCall.0, by: eachCall.1))
    }

    private static func rounded(_ dividend: Int128, by divisor: Int128) -> Int64 {
        Int64(clamping: (dividend * 2 + divisor) / (divisor * 2))
    }

    /// The service time as a pipeline file has it.
    package var yaml: String {
        "{distribution: constant, time: \(DurationText.write(perCall)), "
            + "perEvent: \(DurationText.write(perEvent))}"
    }
}

/// The work that real runs have measured, of which service times are made.
package struct MeasuredWork: Codable, Sendable {
    /// The work of a stage or a store.
    package struct Part: Codable, Sendable {
        package var name: String
        /// How many workers the stage had; nil of a store.
        package var workers: Int?
        package var work: WorkSums
    }

    /// What the stages did themselves, without the time of their stores.
    package var stages: [Part] = []
    package var stores: [Part] = []

    package init() {}

    /// What `report` has measured.
    package init(_ report: RunReport) {
        stages = report.stages.compactMap { stage in
            stage.work.map { Part(name: stage.name, workers: stage.workers, work: $0) }
        }
        stores = (report.stores ?? []).map { Part(name: $0.name, workers: nil, work: $0.work) }
    }

    /// Adds what another run has measured.
    package mutating func add(_ other: MeasuredWork) {
        MeasuredWork.add(other.stages, to: &stages)
        MeasuredWork.add(other.stores, to: &stores)
    }

    private static func add(_ others: [Part], to parts: inout [Part]) {
        for other in others {
            // Another number of workers is another stage.
            if let place = parts.firstIndex(where: {
                $0.name == other.name && $0.workers == other.workers
            }) {
                parts[place].work.add(other.work)
            } else {
                parts.append(other)
            }
        }
    }

    /// A service time of a stage or a store of `document`.
    package struct Time: Sendable {
        package var path: [String]
        package var fit: ServiceTimeFit
        package var work: WorkSums

        package var setting: DocumentSetting {
            DocumentSetting(path: path + ["serviceTime"], value: fit.yaml)
        }
    }

    /// The service times of what was measured and is in `document`.
    ///
    /// The work of an analytics stage is shared by its workers, so that its service time is that
    /// of one.
    ///
    /// - Throws: ``RunError`` where the measured calls do not tell the two costs.
    package func times(for document: PipelineDocument) throws(RunError) -> [Time] {
        var times: [Time] = []
        for store in document.stores {
            let parts = stores.filter { $0.name == store.name }
            if let fit = try MeasuredWork.fit(parts, of: "store '\(store.name)'") {
                times.append(Time(path: ["spec", "stores", store.name], fit: fit.0, work: fit.1))
            }
        }
        for stage in document.stages where !stage.isProducer {
            let parts = stages.filter { $0.name == stage.name }
            guard var fit = try MeasuredWork.fit(parts, of: "stage '\(stage.name)'") else {
                continue
            }
            if case .analytics = stage.kind, let workers = parts.first?.workers {
                fit.0 = fit.0.shared(by: workers)
            }
            times.append(Time(path: ["spec", "stages", stage.name], fit: fit.0, work: fit.1))
        }
        guard !times.isEmpty else {
            throw RunError(
                "nothing of the pipeline \"\(document.name)\" was measured: no store took an "
                    + "event, or the report is of another pipeline or an older version"
            )
        }
        return times
    }

    private static func fit(
        _ parts: [Part],
        of what: String
    ) throws(RunError) -> (ServiceTimeFit, WorkSums)? {
        guard let part = parts.first else { return nil }
        if let other = parts.dropFirst().first {
            throw RunError(
                "the \(what) was measured with \(part.workers ?? 1) and with "
                    + "\(other.workers ?? 1) workers; take reports of one number of workers"
            )
        }
        do throws(ServiceTimeFit.Failure) {
            return (try ServiceTimeFit(part.work), part.work)
        } catch {
            switch error {
            case .nothing: return nil
            case .oneSize(let events):
                throw RunError(
                    "a cost per call and a cost per event cannot be told apart: all "
                        + "\(ReportNumbers.count(part.work.calls)) calls of the \(what) had "
                        + "about \(ReportNumbers.count(events)) events; add the report of a run "
                        + "at another rate, or take that of 'weir capacity', which runs at several"
                )
            }
        }
    }
}

extension ServiceTimeFit {
    private init(perCall: Duration, perEvent: Duration) {
        (self.perCall, self.perEvent) = (perCall, perEvent)
    }

    /// The time of one of so many workers that share the events.
    fileprivate func shared(by workers: Int) -> ServiceTimeFit {
        ServiceTimeFit(perCall: perCall, perEvent: perEvent * workers)
    }
}
