package import Documents
package import Pipeline
internal import Stages
internal import Storage
internal import Timekeeping

extension RunReport {
    /// What makes each stage of a pipeline take the times that this run has measured: an
    /// empirical service time of the percentiles of its jobs.
    ///
    /// A job is the work on what one call to `receive` gave, the store's answer included; that of
    /// an analytics stage of `document` begins with the gathering, whose interval is taken off. Of
    /// a stage that had none nothing is said.
    package func serviceTimeSettings(for document: PipelineDocument) -> [DocumentSetting] {
        stages.compactMap { stage in
            var gathering = Duration.zero
            if case .analytics(let plan) = document.stages.first(where: { $0.name == stage.name })?
                .kind
            {
                gathering = plan.options.commitInterval
            }
            let shares = [
                (0.5, stage.jobs.p50Ms), (0.9, stage.jobs.p90Ms), (0.99, stage.jobs.p99Ms),
                (0.999, stage.jobs.p999Ms), (1, stage.jobs.maxMs),
            ]
            let quantiles = shares.compactMap { share, milliseconds in
                milliseconds.map { milliseconds in
                    let job = Duration.nanoseconds(Int64((milliseconds * 1e6).rounded()))
                    let time = max(.zero, job - gathering)
                    return "{share: \(share), time: \(DurationText.write(time))}"
                }
            }
            guard quantiles.count == shares.count else { return nil }
            return DocumentSetting(
                path: ["spec", "stages", stage.name, "serviceTime"],
                value: "{distribution: empirical, quantiles: "
                    + "[\(quantiles.joined(separator: ", "))]}"
            )
        }
    }
}
