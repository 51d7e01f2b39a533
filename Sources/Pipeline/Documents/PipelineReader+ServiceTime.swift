internal import Documents

extension PipelineReader {
    private enum DistributionName: String, CaseIterable {
        case constant
        case exponential
        case lognormal
        case empirical

        /// What has to be told beside the name.
        var keys: [String] {
            switch self {
            case .constant: ["time"]
            case .exponential: ["mean"]
            case .lognormal: ["median", "sigma"]
            case .empirical: ["quantiles"]
            }
        }
    }

    private static var longest: Duration { .seconds(86_400) }

    func readServiceTime(_ reader: NodeReader) -> ServiceTime? {
        guard let fields = reader.fields(PipelineKeys.serviceTime),
            let name = fields["distribution"]?.choice(of: DistributionName.self)
        else { return nil }
        for key in DistributionName.allCases.flatMap(\.keys) {
            if name.keys.contains(key), fields[key] == nil {
                reader.mistake("the distribution '\(name.rawValue)' needs the key '\(key)'")
            } else if !name.keys.contains(key), let value = fields[key] {
                value.mistake(
                    "'\(key)' says nothing of the distribution '\(name.rawValue)'; expected "
                        + name.keys.joined(separator: " and ")
                )
            }
        }
        let distribution: ServiceTime.Distribution
        switch name {
        case .constant: distribution = .constant(time(fields["time"]))
        case .exponential: distribution = .exponential(mean: time(fields["mean"]))
        case .lognormal:
            let sigma = fields["sigma"]?.number(expected: "a number from 0 to 5") {
                (0...5).contains($0)
            }
            distribution = .lognormal(median: time(fields["median"]), sigma: sigma ?? 0)
        case .empirical: distribution = .empirical(readQuantiles(fields["quantiles"]))
        }
        let servers = fields["servers"]?.integer(in: 1...100_000) ?? 1
        return ServiceTime(distribution, servers: servers)
    }

    private func time(_ reader: NodeReader?) -> Duration {
        reader?.duration(in: .zero...PipelineReader.longest) ?? .zero
    }

    private func readQuantiles(_ reader: NodeReader?) -> [ServiceTime.Quantile] {
        guard let reader else { return [] }
        var quantiles: [ServiceTime.Quantile] = []
        for item in reader.items() {
            guard let fields = item.fields(PipelineKeys.quantile),
                let share = fields["share"]?.number(
                    expected: "a share above 0, at most 1",
                    where: { $0 > 0 && $0 <= 1 }
                ),
                let time = fields["time"]?.duration(in: .zero...PipelineReader.longest)
            else { continue }
            if let last = quantiles.last, share <= last.share || time < last.time {
                item.mistake(
                    "this quantile does not follow the one before; expected shares and times that "
                        + "ascend"
                )
            }
            quantiles.append(ServiceTime.Quantile(share: share, time: time))
        }
        if let last = quantiles.last, last.share < 1 {
            reader.mistake("the last quantile is \(last.share); expected 1, the longest time")
        }
        return quantiles
    }
}
