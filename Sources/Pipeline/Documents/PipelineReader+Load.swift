internal import Commerce
internal import Documents

extension PipelineReader {
    private enum ShapeName: String, CaseIterable {
        case constant
        case ramp
        case step
        case spike
        case diurnal

        var keys: KeySet {
            switch self {
            case .constant: PipelineKeys.constantLoad
            case .ramp: PipelineKeys.rampLoad
            case .step: PipelineKeys.stepLoad
            case .spike: PipelineKeys.spikeLoad
            case .diurnal: PipelineKeys.diurnalLoad
            }
        }
    }

    func readLoad(_ reader: NodeReader) -> LoadProfile? {
        guard case .mapping = reader.node.content else {
            reader.mismatch(expected: "a mapping with shape and what the shape needs")
            return nil
        }
        guard let shapeReader = reader.peek("shape") else {
            reader.missing("shape", of: "a load", choices: ShapeName.allCases.map(\.rawValue))
            return nil
        }
        guard let name = shapeReader.choice(of: ShapeName.self),
            let fields = reader.fields(name.keys)
        else { return nil }
        let shape: LoadProfile.Shape
        switch name {
        case .constant:
            shape = .constant(rate: rate(fields["rate"]))
        case .ramp:
            shape = .ramp(
                from: rate(fields["from"], mayBeZero: true),
                to: rate(fields["to"], mayBeZero: true),
                over: duration(fields["over"], from: Self.shortest)
            )
        case .step:
            shape = .step(readSteps(fields["steps"]))
        case .spike:
            shape = .spike(
                base: rate(fields["base"], mayBeZero: true),
                peak: rate(fields["peak"]),
                at: duration(fields["at"]),
                lasting: duration(fields["for"], from: Self.shortest)
            )
        case .diurnal:
            shape = .diurnal(
                mean: rate(fields["mean"]),
                amplitude: fields["amplitude"]?.probability() ?? 0,
                period: duration(fields["period"], from: Self.shortest),
                peakAt: duration(fields["peakAt"])
            )
        }
        let arrivals = fields["arrivals"]?.choice(of: LoadProfile.Arrivals.self) ?? .poisson
        return LoadProfile(shape: shape, arrivals: arrivals)
    }

    private static var shortest: Duration { .milliseconds(1) }

    private func rate(_ reader: NodeReader?, mayBeZero: Bool = false) -> Double {
        let limits = LoadProfile.rates
        let expected =
            "events per second, \(mayBeZero ? "0 or " : "")from 0.000001 to 1000000000"
        return reader?.number(expected: expected) { rate in
            limits.contains(rate) || (mayBeZero && rate == 0)
        } ?? 1
    }

    private func duration(_ reader: NodeReader?, from shortest: Duration = .zero) -> Duration {
        reader?.duration(in: shortest...DurationText.longest) ?? .zero
    }

    private func readSteps(_ reader: NodeReader?) -> [LoadProfile.Step] {
        guard let reader else { return [] }
        let items = reader.items()
        if items.isEmpty, case .list = reader.node.content {
            reader.mistake("'steps' is an empty list; expected at least one step, at 0s")
        }
        var steps: [LoadProfile.Step] = []
        for item in items {
            guard let fields = item.fields(PipelineKeys.loadStep) else { continue }
            let rate = rate(fields["rate"], mayBeZero: true)
            guard let atReader = fields["at"],
                let at = atReader.duration(in: .zero...DurationText.longest)
            else { continue }
            if let last = steps.last {
                if at <= last.at {
                    atReader.mistake(
                        "the step at \(DurationText.write(at)) does not follow the one at "
                            + "\(DurationText.write(last.at)); expected steps in order"
                    )
                }
            } else if at != .zero {
                atReader.mistake(
                    "the first step is at \(DurationText.write(at)); expected it at 0s"
                )
            }
            steps.append(LoadProfile.Step(at: at, rate: rate))
        }
        return steps
    }
}
