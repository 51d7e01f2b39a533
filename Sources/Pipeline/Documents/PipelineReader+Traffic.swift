internal import Commerce
internal import Documents
internal import Timekeeping

extension PipelineReader {
    private enum ModelName: String, CaseIterable {
        case sessions
        case mix
    }

    func readTraffic(_ reader: NodeReader) -> PipelineDocument.Traffic? {
        var traffic = PipelineDocument.Traffic()
        let model = reader.peek("model").map { $0.choice(of: ModelName.self) } ?? .sessions
        switch model {
        case nil: return nil
        case .sessions:
            guard let fields = reader.fields(PipelineKeys.sessionTraffic) else { return nil }
            traffic.shop = readShop(fields)
            traffic.model = .sessions(readSessions(fields))
        case .mix:
            guard let fields = reader.fields(PipelineKeys.mixTraffic) else { return nil }
            traffic.shop = readShop(fields)
            var options = MixOptions()
            let shares = fields["shares"].flatMap { readDistribution($0, excluded: []) }
            options.shares = shares ?? options.shares
            traffic.model = .mix(options)
        }
        return traffic
    }

    private func readShop(_ fields: FieldReader) -> ShopOptions {
        var shop = ShopOptions()
        shop.users = fields["users"]?.integer(in: 0...1_000_000_000) ?? shop.users
        shop.products = fields["products"]?.integer(in: 1...10_000_000) ?? shop.products
        shop.categories = fields["categories"]?.integer(in: 1...1_000_000) ?? shop.categories
        shop.userExponent = fields["userExponent"]?.number(upTo: 10) ?? shop.userExponent
        shop.productExponent = fields["productExponent"]?.number(upTo: 10) ?? shop.productExponent
        shop.currency = fields["currency"].flatMap { readCurrency($0) } ?? shop.currency
        let prices = fields["prices"].flatMap { readPrices($0, in: shop.currency) }
        shop.priceRange = prices ?? shop.priceRange
        return shop
    }

    func readCurrency(_ reader: NodeReader) -> Currency? {
        reader.value(expected: "a currency of ISO 4217 such as USD") { Currency(code: $0) }
    }

    private func readPrices(
        _ reader: NodeReader,
        in currency: Currency
    ) -> ClosedRange<Int64>? {
        guard let fields = reader.fields(PipelineKeys.prices),
            let lowest = readPrice(fields["from"], in: currency),
            let highest = readPrice(fields["to"], in: currency)
        else { return nil }
        guard lowest <= highest else {
            reader.mistake("'from' is above 'to'; expected it to be at most that")
            return nil
        }
        return lowest...highest
    }

    private func readPrice(_ reader: NodeReader?, in currency: Currency) -> Int64? {
        guard let reader else { return nil }
        let scale = (0..<currency.minorDigits).reduce(Int64(1)) { scale, _ in scale * 10 }
        guard let minorUnits = reader.quantity?.whole(times: scale), minorUnits > 0,
            minorUnits < Catalogue.priceLimit
        else {
            reader.mismatch(
                expected: "an amount above 0 with at most \(currency.minorDigits) decimal digits, "
                    + "below \(Catalogue.priceLimit / scale)"
            )
            return nil
        }
        return minorUnits
    }

    private func readSessions(_ fields: FieldReader) -> SessionOptions {
        var options = SessionOptions()
        // Refunds come of purchases by their own probability, not by walking the shop.
        let landing = fields["landing"].flatMap { readDistribution($0, excluded: [.refund]) }
        options.landing = landing ?? options.landing
        let rows = fields["transitions"]?.entries(expected: "events") ?? []
        for (key, value) in rows {
            guard let event = readEvent(key, excluded: [.refund]),
                let row = readShares(value, excluded: [.refund])
            else { continue }
            if row.sum > 1 + 1e-9 {
                value.mistake(
                    "the probabilities after '\(event.ga4)' sum to \(rounded(row.sum)); expected "
                        + "at most 1, the rest being to leave"
                )
            }
            options.transitions[event] = row.shares
        }
        options.refundProbability =
            fields["refundProbability"]?.probability() ?? options.refundProbability
        options.cartLimit = fields["cartLimit"]?.integer(in: 1...1000) ?? options.cartLimit
        options.concurrentSessions =
            fields["concurrentSessions"]?.integer(in: 1...10_000_000) ?? options.concurrentSessions
        checkMemory(of: options, fields)
        return options
    }

    private func checkMemory(of options: SessionOptions, _ fields: FieldReader) {
        let each = SessionModel.bytesPerSession(cartLimit: options.cartLimit)
        let most = SessionModel.memoryLimit / each
        guard options.concurrentSessions > most else { return }
        (fields["concurrentSessions"] ?? fields["cartLimit"])?.mistake(
            "\(options.concurrentSessions) sessions at once with carts of \(options.cartLimit) "
                + "need \((options.concurrentSessions * each) >> 20) MiB of memory; expected at "
                + "most \(most) sessions, which need \(SessionModel.memoryLimit >> 20) MiB"
        )
    }

    private func readDistribution(
        _ reader: NodeReader,
        excluded: [EventName]
    ) -> [EventName: Double]? {
        guard let row = readShares(reader, excluded: excluded) else { return nil }
        if abs(row.sum - 1) > 1e-9 {
            reader.mistake("\(reader.label) sums to \(rounded(row.sum)); expected 1")
        }
        return row.shares
    }

    /// The sum is that in the document's order, since floating point has no other.
    private func readShares(
        _ reader: NodeReader,
        excluded: [EventName]
    ) -> (shares: [EventName: Double], sum: Double)? {
        guard let entries = reader.entries(expected: "events and their probabilities") else {
            return nil
        }
        var shares: [EventName: Double] = [:]
        var sum = 0.0
        var isSound = true
        for (key, value) in entries {
            guard let event = readEvent(key, excluded: excluded), let share = value.probability()
            else {
                isSound = false
                continue
            }
            shares[event] = share
            sum += share
        }
        // A sum without the entries that are wrong would only be a second complaint.
        return isSound ? (shares, sum) : nil
    }

    private func readEvent(_ key: NodeReader, excluded: [EventName]) -> EventName? {
        let names = EventName.ga4Cases.filter { !excluded.contains($0) }.map(\.ga4)
        guard case .scalar(let text, _) = key.node.content else { return nil }
        guard let event = EventName(ga4: text), !excluded.contains(event) else {
            key.mistake(
                "'\(shortened(text))' is not an event that can be used here; "
                    + suggestion(for: text, from: names)
            )
            return nil
        }
        return event
    }

    /// Without the noise of binary fractions.
    private func rounded(_ value: Double) -> String {
        "\((value * 1e9).rounded() / 1e9)"
    }

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
        guard let (name, fields) = reader.variant("shape", of: "a load", \ShapeName.keys) else {
            return nil
        }
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
        var steps: [LoadProfile.Step] = []
        for item in reader.items(some: "at least one step, at 0s") {
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
